package raftfsm

import (
	"bytes"

	"tvilling/raftfsm/internal/store"
)

// LogFind returns the access log's entries whose ids begin with a prefix, at most two:
// one is what is looked for, two say that the prefix is too short.
func (v *View) LogFind(prefix []byte) []Logged {
	var all []Logged
	if len(prefix) == 0 || len(prefix) > 16 {
		return nil
	}
	v.reader.ScanFrom(store.LogIDs, prefix, func(k, value []byte) bool {
		if !bytes.HasPrefix(k, prefix) {
			return false
		}
		sequence := value[:8]
		all = append(all, decodeLogged(toNumber(sequence), v.reader.Get(store.Log, sequence)))
		return len(all) < 2
	})
	return all
}
