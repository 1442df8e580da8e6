package session

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// What an entry's id is derived for, where an entry can be made once.
const signedOutDomain = "signed out"

// event is an entry about somebody's session, and about no patient.
func event(activity record.Activity, employee protocol.EmployeeID, session, reason string) record.Entry {
	return record.Entry{
		Activity: activity, Actor: record.Actor{Employee: employee},
		Decision: record.Decision{Permit: true, Reason: reason}, Session: session,
	}
}

// happened records what is no decision about a patient.
func (s *Service) happened(ctx context.Context, e record.Entry) error {
	e.ID = record.NewID()
	_, err := s.recorder.once(ctx, e, s.cfg.Ring.Patient(e.Patient))
	return err
}

// SignedIn records that somebody has. Who is not in the record is not let in.
func (s *Service) SignedIn(ctx context.Context, one identity.Session) error {
	e := event(record.SignedIn, one.Employee, text(one.ID), "signed in at the provider")
	e.Actor.EmployeeName, e.Note = named(one.Name), named(one.ACR)
	return s.happened(ctx, e)
}

// handOver uses a hand-over, and returns what the browser is told: the hand-over, a
// refusal, or nothing. Of those who use it at once, on whatever nodes, the log lets one.
// The log is asked once for a connection, however often it is greeted.
func (s *session) handOver(employee protocol.EmployeeID) (tell func()) {
	h := s.peer.caller.HandOver
	nothing := func() {}
	if h == nil || employee.IsZero() || s.who.wire < wireSession {
		return nothing
	}
	refused := func(err error) func() { return func() { s.refuse(0, protocol.FaultHandOver, err) } }
	if h.Employee != employee {
		return refused(errOtherUser)
	}
	ctx, cancel := context.WithTimeout(s.work, handOverWithin)
	defer cancel()
	first, again, err := s.service.recorder.handOver(ctx, h, s.id)
	if err != nil {
		return refused(err)
	}
	s.peer.caller.HandOver = nil
	switch {
	case again: // this browser has had it: it only connects anew
		return nothing
	case !first:
		return refused(errUsed)
	}
	return func() { s.put(protocol.HandedOver{System: h.Name, Commission: h.Commission, Patient: h.Patient}) }
}

// handOver records the use of a hand-over, under an id that is the same whoever uses it:
// the state machine keeps the first entry of an id, for as long as it keeps the access
// log. It is ours if it is what we wrote; again, if it was this arrival's.
func (r *recorder) handOver(ctx context.Context, h *identity.HandOver, session string) (first, again bool, err error) {
	e := event(record.HandedOver, h.Employee, session, "sent by "+h.System.Reveal())
	e.ID, e.Actor.Commission, e.Patient, e.Scope.View = h.ID, h.Commission, h.Patient, hex.EncodeToString(h.Arrival[:])
	kept, err := r.once(ctx, e, r.ring.Patient(h.Patient))
	if err != nil {
		return false, false, err
	}
	first = kept.Salt == kept.ours
	return first, !first && kept.Scope.View == e.Scope.View, nil
}

// kept is the entry that stands in the log under an id.
type kept struct {
	record.Entry
	ours [record.SaltBytes]byte // the salt of the one that was to be written
}

// once has an entry recorded unless there is one of its id, and returns the one that is
// there.
func (r *recorder) once(ctx context.Context, e record.Entry, subject command.Subject) (kept, error) {
	e.At, e.Node = now(), r.node
	_, _ = rand.Read(e.Salt[:]) // ends the process rather than fail
	plain := record.Append(nil, e)
	results, err := r.propose(ctx, wish(command.KindRecordEvent, command.RecordEvent{Entry: command.LogEntry{
		ID: e.ID, Subject: subject, Sealed: r.ring.SealLog(sealing.Place(subject, e.ID), plain), Commitment: record.Commitment(plain),
	}}))
	if err != nil {
		return kept{}, err
	}
	if results[0].Status != command.StatusDone {
		return kept{}, fmt.Errorf("%w: status %d", errNotRecorded, results[0].Status)
	}
	if err := r.applied(ctx, results[0].Index); err != nil {
		return kept{}, err
	}
	v, err := r.state.View()
	if err != nil {
		return kept{}, fmt.Errorf("reading the state: %w", err)
	}
	defer v.Close()
	return r.standing(v, results[0].Sequence, e)
}

// standing reads the entry of a number. One that is ours need not be opened.
func (r *recorder) standing(v *raftfsm.View, sequence uint64, mine record.Entry) (kept, error) {
	page := v.Log(sequence-1, 1)
	if len(page) != 1 || page[0].ID != mine.ID {
		return kept{}, fmt.Errorf("%w: the entry is not where it was said to be", errNotRecorded)
	}
	if page[0].Commitment == record.Commitment(record.Append(nil, mine)) {
		return kept{Entry: mine, ours: mine.Salt}, nil
	}
	plain, err := r.ring.OpenLog(sealing.Place(page[0].Subject, page[0].ID), page[0].Sealed)
	if err != nil {
		return kept{}, fmt.Errorf("opening an entry of the log: %w", err)
	}
	other, err := record.Decode(plain)
	if err != nil {
		return kept{}, err
	}
	return kept{Entry: other, ours: mine.Salt}, nil
}
