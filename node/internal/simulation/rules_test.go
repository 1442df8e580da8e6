package simulation

import (
	"time"

	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// disclosed is that a browser received something of a patient.
type disclosed struct {
	patient  protocol.PatientID
	document protocol.DocumentKey // of a body; zero: of a view
	asked    time.Time            // when the browser asked for it
	at       time.Time            // when it was received
}

// recordedBefore is P1: among the accesses of the same member of staff there is the one
// that this rests on, and a quorum holds it.
func recordedBefore(d disclosed, all []access, accepted func(id [16]byte) bool, holders func(place) int, quorum int) (id [16]byte, f *fault) {
	for _, a := range all {
		if a.activity == record.Read && a.patient == d.patient && a.document == d.document &&
			int64(a.when) >= d.asked.UnixMilli() && int64(a.when) <= d.at.UnixMilli() && accepted(a.id) && holders(a.at) >= quorum {
			return a.id, nil
		}
	}
	return id, broken("P1", "something was received that no access entry on a quorum of disks precedes")
}

// acknowledged is what somebody was told is done.
type acknowledged struct {
	intent command.Intent
	index  uint64
}

// kept is P4: what was acknowledged is on a quorum of disks, at the place that was told.
func kept(a acknowledged, places []place, holders func(place) int, quorum int) *fault {
	most := 0
	for _, p := range places {
		if p.index == a.index {
			most = max(most, holders(p))
		}
	}
	if most < quorum {
		return broken("P4", "what was acknowledged at index %d is on %d disks, and %d are a quorum", a.index, most, quorum)
	}
	return nil
}

// turn is a block that begins or ends to hold.
type turn struct {
	index uint64
	on    bool
	seen  time.Time // when it was known to be applied somewhere
}

// security follows, by rules of its own, what decisions rest on.
type security struct {
	rows    map[rowAt][16]byte
	changed map[command.Subject]uint64
	intents map[command.Intent]bool
	blocks  map[command.Subject][]turn
}

type rowAt struct {
	kind command.Kind
	row  command.RowKey
}

func newSecurity() *security {
	return &security{map[rowAt][16]byte{}, map[command.Subject]uint64{}, map[command.Intent]bool{}, map[command.Subject][]turn{}}
}

// add takes the next entry, with what the state machine answered, and checks P2: an
// accepted decision is not older than the latest change of what it rests on.
func (s *security) add(index uint64, commands []command.Command, results []command.Result) *fault {
	for i, c := range commands {
		if results[i].Repeated || s.intents[c.Intent] || results[i].Status != command.StatusDone {
			continue
		}
		s.intents[c.Intent] = c.Intent != command.Intent{}
		if f := s.one(index, c); f != nil {
			return f
		}
	}
	return nil
}

func (s *security) one(index uint64, c command.Command) *fault {
	switch body := c.Body.(type) {
	case command.FeedPage:
		for _, row := range body.Upserts {
			s.put(index, c.Kind, row)
		}
		for _, key := range body.Removes {
			s.remove(index, c.Kind, key)
		}
	case command.RegisterConsent:
		if f := s.holds(index, body.DecidedAt, append([]command.Subject{body.Row.Subject, body.Actor}, body.Linked...)); f != nil {
			return f
		}
		s.put(index, command.KindConsentPage, body.Row)
		s.changed[body.Row.Subject] = index
	case command.EndConsent:
		for _, key := range body.Rows {
			s.remove(index, command.KindConsentPage, key)
		}
		s.changed[body.Entry.Subject] = index
	case command.RecordAccess:
		if body.Permit {
			return s.holds(index, body.DecidedAt, append([]command.Subject{body.Patient, body.Actor}, body.Linked...))
		}
	}
	return nil
}

func (s *security) holds(index, decided uint64, of []command.Subject) *fault {
	for _, one := range of {
		if at := s.changed[one]; at > decided || decided >= index {
			return broken("P2", "index %d accepts a decision made at %d, and what it rests on changed at %d", index, decided, at)
		}
	}
	return nil
}

func (s *security) put(index uint64, kind command.Kind, row command.Row) {
	at := rowAt{kind: kind, row: row.RowKey}
	if old, ok := s.rows[at]; ok && old == row.Digest {
		return
	}
	s.rows[at] = row.Digest
	s.changed[row.Subject] = index
	if kind == command.KindBlockPage {
		s.blocks[row.Subject] = append(s.blocks[row.Subject], turn{index, true, time.Now()})
	}
}

func (s *security) remove(index uint64, kind command.Kind, key command.RowKey) {
	at := rowAt{kind: kind, row: key}
	if _, ok := s.rows[at]; !ok {
		return
	}
	delete(s.rows, at)
	s.changed[key.Subject] = index
	if kind == command.KindBlockPage {
		s.blocks[key.Subject] = append(s.blocks[key.Subject], turn{index, false, time.Now()})
	}
}

// blocked tells whether the other care provider's documents are blocked at an index.
func (s *security) blocked(patient command.Subject, index uint64) (on bool) {
	for _, t := range s.blocks[patient] {
		if t.index > index {
			break
		}
		on = t.on
	}
	return on
}

// since tells since when the other care provider's documents have been blocked; zero:
// they are not.
func (s *security) since(patient command.Subject) time.Time {
	if all := s.blocks[patient]; len(all) > 0 && all[len(all)-1].on {
		return all[len(all)-1].seen
	}
	return time.Time{}
}

// shown is what was on a screen when it became that of an index.
type shown struct {
	patient command.Subject
	index   uint64
	others  bool // documents of the other care provider
	batch   bool // which names the newest document in it: the state it was made on may be newer
}

// unblocked is the other half of P2: a view shows nothing that is blocked at its index.
func (s *security) unblocked(v shown) *fault {
	if v.batch && s.since(v.patient).IsZero() {
		return nil
	}
	if v.others && s.blocked(v.patient, v.index) {
		return broken("P2", "a view of index %d shows what is blocked there", v.index)
	}
	return nil
}

// grace is the longest that what was blocked may stay on a screen that was cut off: the
// lease, a heartbeat that was on its way, and what the way takes.
const grace = 8*time.Second + 2*time.Second + 2*time.Second

// gone is P3: blocked documents are not on a screen when the lease is out. since is when
// the block was known to be applied; zero: there is none.
func gone(since, at time.Time, others bool) *fault {
	if others && !since.IsZero() && at.Sub(since) > grace {
		return broken("P3", "blocked %v ago, and still on a screen", at.Sub(since))
	}
	return nil
}
