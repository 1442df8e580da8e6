package followup

import (
	"context"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// Explanation is why an access was given or refused, without whom it was about and
// what was read.
type Explanation struct {
	ID       string // as reports have it
	UUID     string // as the national log has it
	Sequence uint64
	Index    uint64 // of the log entry that added it
	At       protocol.Instant
	Activity string
	Purpose  string
	Actor    record.Actor
	Decision record.Decision
	Facts    []Fact // what it rested on
	Scope    record.Scope
	Node     string
	Outcome  protocol.ReviewOutcome // of its latest review
	Fault    protocol.Fault         // what who asked was told; none: it was permitted, or nothing was decided
}

// Fact is how old a projection was when it was decided on.
type Fact struct {
	Name  string
	AsOf  protocol.Instant // 0: unknown, or not asked for
	Age   protocol.Instant // milliseconds when it was decided
	Bound protocol.Instant // the most that it may be
}

// Fresh tells whether the fact could be decided on.
func (f Fact) Fresh() bool { return access.Fresh(f.AsOf, f.AsOf+f.Age, f.Bound) }

// bounds are how old what decisions rest on may be, as the record numbers it.
var bounds = [record.AsOfCount]protocol.Instant{
	record.AsOfBlocks:      access.Bound(raftfsm.Blocks),
	record.AsOfConsents:    access.Bound(raftfsm.Consents),
	record.AsOfRelations:   access.Bound(raftfsm.Relations),
	record.AsOfCommissions: access.Bound(raftfsm.Commissions),
	record.AsOfPersons:     access.Bound(raftfsm.Persons),
	record.AsOfEngagement:  access.EngagementFor,
}

// Explain tells an operator why an entry says what it says, by its id as a browser, a
// report or the national log shows it. The reading is recorded before it is told.
func (s *Service) Explain(ctx context.Context, operator, id string) (Explanation, error) {
	if err := named(operator); err != nil {
		return Explanation{}, err
	}
	e, err := s.find(id)
	if err != nil {
		return Explanation{}, err
	}
	draft := record.Entry{
		Activity: record.ReadLog, Purpose: followPurpose, Actor: record.Actor{Operator: operator}, Patient: e.Patient,
		Decision: record.Decision{Permit: true, Reason: reasonOperator}, About: e.ID, Note: "förklaring av en åtkomst",
	}
	if _, err := s.record(ctx, draft); err != nil {
		return Explanation{}, err
	}
	return s.explanation(e)
}

func (s *Service) explanation(e entry) (Explanation, error) {
	v, err := s.cfg.State.View()
	if err != nil {
		return Explanation{}, err
	}
	defer v.Close()
	review, _, err := s.review(v, e.ID)
	if err != nil {
		return Explanation{}, err
	}
	x := Explanation{
		ID: record.ShortID(e.ID), UUID: record.UUID(e.ID), Sequence: e.sequence, Index: e.index, At: e.At, Activity: e.Activity.String(),
		Purpose: e.Purpose, Actor: e.Actor, Decision: e.Decision, Scope: e.Scope, Node: e.Node, Outcome: review.Outcome,
	}
	x.Actor.EmployeeName, x.Scope.Document = "", protocol.DocumentKey{} // neither is needed to tell why
	if !e.Decision.Permit {
		x.Fault = faultFor(e.Decision.Reason)
	}
	for i, bound := range bounds {
		fact := Fact{Name: record.AsOfNames[i], AsOf: e.Decision.AsOf[i], Bound: bound}
		switch {
		case fact.AsOf > 0:
			fact.Age = e.At - fact.AsOf
		case e.Activity == record.ReadLog || e.Activity == record.Review:
			continue // it rested on who followed up, and not on the patient's facts
		}
		x.Facts = append(x.Facts, fact)
	}
	return x, nil
}

// faultFor finds what a recorded reason is told as.
func faultFor(reason string) protocol.Fault {
	if r, ok := access.ReasonOf(reason); ok {
		return r.Fault()
	}
	return protocol.FaultNone
}
