package raftfsm

import (
	"encoding/binary"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

func toNumber(b []byte) uint64 {
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// recordAccess is where a decision becomes true: it was made on a view, and holds if
// nothing that it rests on has changed between that view and this entry. A denial
// discloses nothing and is recorded as it is.
func (m *machine) recordAccess(body command.RecordAccess) (command.Result, error) {
	if r, seen := m.loggedBefore(&body.Entry); seen {
		return r, nil
	}
	if body.DecidedAt >= m.index {
		return answer(command.StatusInvalid), nil // on a view that nobody can have had
	}
	if body.Permit && m.stale(body.DecidedAt, body.Linked, body.Patient, body.Actor) {
		return answer(command.StatusStale), nil
	}
	return m.logged(&body.Entry, command.Result{})
}

// loggedBefore returns the result of the entry with the same id, if there is one.
func (m *machine) loggedBefore(e *command.LogEntry) (command.Result, bool) {
	b := m.tx.Get(store.LogIDs, e.ID[:])
	if b == nil {
		return command.Result{}, false
	}
	return command.Result{
		Status: command.StatusDone, Sequence: toNumber(b[:8]), Index: toNumber(b[8:]), Repeated: true,
	}, true
}

// recordEvent adds an entry that is no decision.
func (m *machine) recordEvent(body command.RecordEvent) (command.Result, error) {
	if r, seen := m.loggedBefore(&body.Entry); seen {
		return r, nil
	}
	return m.logged(&body.Entry, command.Result{})
}

// logged adds an entry, which loggedBefore has not found, to the access log and its
// tree, and completes the result with its number.
func (m *machine) logged(e *command.LogEntry, result command.Result) (command.Result, error) {
	m.sequence++
	sequence := number(m.sequence)
	result.Status, result.Sequence = command.StatusDone, m.sequence
	if err := m.tx.Replace(store.Log, sequence, nil, logValue(e, m.index)); err != nil {
		return result, err
	}
	if err := m.tx.Replace(store.LogIDs, e.ID[:], nil, joined(sequence, number(m.index))); err != nil {
		return result, err
	}
	if err := m.tx.Replace(store.LogSubjects, joined(e.Subject[:], sequence), nil, nil); err != nil || m.plain {
		return result, err
	}
	return result, m.grow(e)
}
