package simulation

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/raft"

	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// fault is a promise that was broken. Promise is P1 and so on.
type fault struct{ Promise, Text string }

func (f fault) String() string { return f.Promise + ": " + f.Text }

func broken(promise, format string, args ...any) *fault {
	return &fault{promise, fmt.Sprintf(format, args...)}
}

// place is where an entry stands in a log; another term, another entry.
type place struct{ index, term uint64 }

// access is a permitted access as a log has it.
type access struct {
	at       place
	when     protocol.Instant
	activity record.Activity
	patient  protocol.PatientID
	document protocol.DocumentKey
	id       [16]byte
}

// applied is an entry that some state machine has applied.
type applied struct {
	term    uint64
	data    []byte
	results []command.Result
	node    string // the first
}

// ledger is everything that was written to any log and applied anywhere. It only takes
// notes, and compares what must be equal.
type ledger struct {
	ring *sealing.Ring

	mu       sync.Mutex
	seen     map[place]bool
	intents  map[command.Intent][]place
	accesses map[protocol.EmployeeID][]access
	entries  map[uint64]applied
	fresh    []uint64 // of entries, not yet taken
	hashes   map[uint64][32]byte
	roots    map[uint64][32]byte // of the access log's tree, by size
	accepted map[[16]byte]bool   // accesses that a state machine has taken
	faults   []*fault
}

func newLedger(ring *sealing.Ring) *ledger {
	return &ledger{
		ring: ring, seen: map[place]bool{}, intents: map[command.Intent][]place{}, accesses: map[protocol.EmployeeID][]access{},
		entries: map[uint64]applied{}, hashes: map[uint64][32]byte{}, roots: map[uint64][32]byte{}, accepted: map[[16]byte]bool{},
	}
}

func (l *ledger) fault(f *fault) {
	if f == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, f)
}

func (l *ledger) first() *fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) == 0 {
		return nil
	}
	return l.faults[0]
}

// stored notes what a disk is about to write.
func (l *ledger) stored(logs []*raft.Log) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, log := range logs {
		at := place{log.Index, log.Term}
		if log.Type != raft.LogCommand || l.seen[at] {
			continue
		}
		l.seen[at] = true
		entry, err := command.Decode(log.Data)
		if err != nil {
			l.faults = append(l.faults, broken("log", "entry %d cannot be read: %v", log.Index, err))
			continue
		}
		for _, c := range entry.Commands {
			l.intents[c.Intent] = append(l.intents[c.Intent], at)
			if body, ok := c.Body.(command.RecordAccess); ok && body.Permit {
				l.access(at, body.Entry)
			}
		}
	}
}

func (l *ledger) access(at place, e command.LogEntry) {
	plain, err := l.ring.OpenLog(sealing.Place(e.Subject, e.ID), e.Sealed)
	if err != nil {
		l.faults = append(l.faults, broken("log", "an access entry cannot be opened: %v", err))
		return
	}
	r, err := record.Decode(plain)
	if err != nil {
		l.faults = append(l.faults, broken("log", "an access entry cannot be read: %v", err))
		return
	}
	who := r.Actor.Employee
	l.accesses[who] = append(l.accesses[who], access{at, r.At, r.Activity, r.Patient, r.Scope.Document, r.ID})
}

// applied notes what a state machine has applied, and where it is then.
func (l *ledger) applied(node string, logs []*raft.Log, answers []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, log := range logs {
		results, ok := answers[i].([]command.Result)
		if log.Type != raft.LogCommand || !ok {
			continue
		}
		old, there := l.entries[log.Index]
		if !there {
			l.entries[log.Index] = applied{log.Term, bytes.Clone(log.Data), results, node}
			l.fresh = append(l.fresh, log.Index)
			l.accept(log.Data, results)
			continue
		}
		if old.term != log.Term || !bytes.Equal(old.data, log.Data) {
			l.faults = append(l.faults, broken("P7", "index %d: %s has applied another entry (term %d) than %s (term %d)", log.Index, node, log.Term, old.node, old.term))
		}
	}
}

// stands compares a state hash with what others had at the same index.
func (l *ledger) stands(node string, index uint64, hash [32]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, ok := l.hashes[index]
	if !ok {
		l.hashes[index] = hash
		return
	}
	if old != hash {
		l.faults = append(l.faults, broken("P7", "index %d: %s has another state than was seen before", index, node))
	}
}

// root compares a root of the access log's tree.
func (l *ledger) root(node string, size uint64, root [32]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.roots[size]; ok && old != root {
		l.faults = append(l.faults, broken("tree", "size %d: %s has another root than was seen before", size, node))
	}
	l.roots[size] = root
}

// take returns what was applied since the last time, in order.
func (l *ledger) take() (indexes []uint64, entries []applied) {
	l.mu.Lock()
	defer l.mu.Unlock()
	indexes = slices.Sorted(slices.Values(l.fresh))
	l.fresh = nil
	for _, index := range indexes {
		entries = append(entries, l.entries[index])
	}
	return indexes, entries
}

// placesOf returns where an intent was written.
func (l *ledger) placesOf(i command.Intent) []place {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.intents[i])
}

// accessesOf returns the permitted accesses of a member of staff.
func (l *ledger) accessesOf(who protocol.EmployeeID) []access {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.accesses[who])
}

// rootUpTo returns some size that is not greater, with its root, as a number chooses.
func (l *ledger) rootUpTo(size, choose uint64) (uint64, [32]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sizes []uint64
	for one := range l.roots {
		if one > 0 && one <= size {
			sizes = append(sizes, one)
		}
	}
	if len(sizes) == 0 {
		return 0, [32]byte{}
	}
	slices.Sort(sizes)
	one := sizes[choose%uint64(len(sizes))]
	return one, l.roots[one]
}

// accept notes which accesses of an entry were taken.
func (l *ledger) accept(data []byte, results []command.Result) {
	entry, err := command.Decode(data)
	if err != nil {
		return
	}
	for i, c := range entry.Commands {
		if body, ok := c.Body.(command.RecordAccess); ok && results[i].Status == command.StatusDone {
			l.accepted[body.Entry.ID] = true
		}
	}
}

func (l *ledger) isAccepted(id [16]byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted[id]
}
