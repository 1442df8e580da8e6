package export

import (
	"encoding/binary"
	"time"

	"tvilling/raftfsm"
)

// Status is how far the access log is handed on.
type Status struct {
	Through uint64        // the number of the latest entry that the national log has
	Waiting uint64        // entries after it
	Oldest  time.Duration // how long the oldest of them has waited
	Refused uint64        // entries that the national log did not take
}

// Look reads it from a view. It needs no keys: an entry's id begins with its time.
func Look(v *raftfsm.View, now time.Time) Status {
	e := v.Export()
	s := Status{Through: e.Through, Refused: e.Refused}
	if n := v.LogLength(); n > e.Through {
		s.Waiting = n - e.Through
	}
	for _, l := range v.Log(e.Through, 1) {
		var at [8]byte
		copy(at[2:], l.ID[:6])
		s.Oldest = max(0, now.Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(at[:])))))
	}
	return s
}
