package session

import (
	"slices"
	"testing"

	"tvilling/node/internal/access"
	"tvilling/node/internal/followup"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// acting is a case of something that somebody wishes to do, and why it is refused or
// what is recorded of it when it is done. act returns what the browser was told.
type acting struct {
	reason access.Reason
	act    func(w *world, unit *ward) protocol.Refused
}

// refusedActs are acts that are refused: by the gate, of a document, and of themselves.
var refusedActs = map[string]acting{
	"no engagement": {access.ReasonNoEngagement, func(w *world, _ *ward) protocol.Refused {
		b := dial(w).greet(commission)
		b.open(stranger)
		return b.refusedWith(protocol.FaultNoEngagement)
	}},
	"a unit that does not answer": {access.ReasonEngagementUnasked, func(w *world, unit *ward) protocol.Refused {
		unit.set(func() { unit.fails = true })
		b := dial(w).greet(commission)
		b.open(patient)
		return b.refusedWith(protocol.FaultUnknownFacts)
	}},
	"a blocked document": {access.ReasonOuterBlock, func(w *world, _ *ward) protocol.Refused {
		w.block("b")
		w.consent("c", 0)
		b := watching(w)
		b.read(w.key(otherDoc))
		return b.refusedWith(protocol.FaultNotFound)
	}},
	"no such document": {access.ReasonNoDocument, func(w *world, _ *ward) protocol.Refused {
		b := watching(w)
		b.read(protocol.DocumentKey{1, 2, 3})
		return b.refusedWith(protocol.FaultNotFound)
	}},
	"a question without blocks": {access.ReasonAskBlocksUnknown, func(w *world, _ *ward) protocol.Refused {
		w.row(command.KindBlockPage, 0, w.ring.Patient(patient), [16]byte{1}, []byte("no block"))
		b := opened(w)
		b.ask(protocol.AskOthers)
		return b.refusedWith(protocol.FaultUnknownFacts)
	}},
	"a question without a basis": {access.ReasonAskNoBasis, func(w *world, _ *ward) protocol.Refused {
		b := opened(w)
		b.ask(protocol.AskProviders)
		return b.refusedWith(protocol.FaultNoBasis)
	}},
	"a consent among unknown ones": {access.ReasonActConsentsUnknown, func(w *world, _ *ward) protocol.Refused {
		w.row(command.KindConsentPage, 0, w.ring.Patient(patient), [16]byte{1}, []byte("no consent"))
		b := opened(w)
		b.send(protocol.Consent{Request: 9, Days: 1})
		return b.refusedWith(protocol.FaultUnknownFacts)
	}},
	"an emergency among unknown consents": {access.ReasonActConsentsUnknown, func(w *world, _ *ward) protocol.Refused {
		w.row(command.KindConsentPage, 0, w.ring.Patient(patient), [16]byte{1}, []byte("no consent"))
		b := opened(w)
		b.attest(protocol.EmergencyProviders, reason)
		return b.refusedWith(protocol.FaultUnknownFacts)
	}},
	"a consent of the deceased": {access.ReasonActDeceased, func(w *world, _ *ward) protocol.Refused {
		w.person(patient, projection.Person{Deceased: true})
		b := opened(w)
		b.send(protocol.Consent{Request: 9, Days: 1})
		return b.refusedWith(protocol.FaultDeceased)
	}},
	"an emergency of the deceased": {access.ReasonActDeceased, func(w *world, _ *ward) protocol.Refused {
		w.person(patient, projection.Person{Deceased: true})
		b := opened(w)
		b.attest(protocol.EmergencyProviders, reason)
		return b.refusedWith(protocol.FaultDeceased)
	}},
	"a consent of somebody who cannot": {access.ReasonActGiver, func(w *world, _ *ward) protocol.Refused {
		b := opened(w)
		b.send(protocol.Consent{Request: 9, Days: 1, Given: protocol.GiverMature})
		return b.refusedWith(protocol.FaultGiver)
	}},
	"a second step before the first": {access.ReasonActStep, func(w *world, _ *ward) protocol.Refused {
		b := opened(w)
		b.attest(protocol.EmergencyContent, reason)
		return b.refusedWith(protocol.FaultEmergencyTerms)
	}},
	"printing": {access.ReasonPolicy, func(w *world, _ *ward) protocol.Refused {
		w.putUsual()
		b := opened(w)
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		b.send(protocol.Take{Request: 9, Generation: b.generation, How: protocol.TakePrint})
		return b.refusedWith(protocol.FaultPolicy)
	}},
	"following up": {access.ReasonNoFollowUp, func(w *world, _ *ward) protocol.Refused {
		b := dial(w).greet(commission)
		b.follow()
		return b.refusedWith(protocol.FaultFollowUp)
	}},
}

// doneActs are acts that are done.
var doneActs = map[string]acting{
	"a consent": {access.ReasonConsentAttested, func(w *world, _ *ward) (none protocol.Refused) {
		b := opened(w)
		b.send(protocol.Consent{Request: 9, Days: 1})
		expect[protocol.Opened](b)
		return none
	}},
	"an emergency": {access.ReasonEmergencyAttested, func(w *world, _ *ward) (none protocol.Refused) {
		b := opened(w)
		b.attest(protocol.EmergencyProviders, reason)
		expect[protocol.Opened](b)
		return none
	}},
	"an end": {access.ReasonConsentEnded, func(w *world, _ *ward) (none protocol.Refused) {
		w.consent("one", 0)
		b := opened(w)
		b.send(protocol.EndConsent{Request: 9})
		expect[protocol.Opened](b)
		return none
	}},
}

// Whatever is refused, an operator who asks why is told what the browser was told, and
// of what was done that nothing was. Every reason that the gate alone does not give is
// among the cases.
func TestRefusalsAreExplained(t *testing.T) {
	seen := map[access.Reason]bool{}
	for _, acts := range []map[string]acting{refusedActs, doneActs} {
		for name, c := range acts {
			seen[c.reason] = true
			t.Run(name, func(t *testing.T) { engaging(t, c.explained) })
		}
	}
	for r := access.ReasonOtherProvider + 1; r.String() != access.Reason(200).String(); r++ {
		if !seen[r] {
			t.Errorf("no act is recorded with the reason %q", r)
		}
	}
}

func (c acting) explained(t *testing.T, w *world, unit *ward) {
	service := must(followup.New(followup.Config{Node: "a1", State: w.fsm, Proposer: w, Ring: w.ring}))
	w.service.cfg.FollowUp = service
	told := c.act(w, unit)
	log := w.log()
	at := slices.IndexFunc(log, func(e record.Entry) bool { return e.Decision.Reason == c.reason.String() })
	if at < 0 {
		t.Fatalf("the reason %q is not recorded: %v", c.reason, w.activities())
	}
	e := log[at]
	if e.Activity != record.ReadLog && told.ID != "" && text(e.ID) != told.ID {
		t.Errorf("recorded as %s, told %s", text(e.ID), told.ID)
	}
	x, err := service.Explain(t.Context(), "op", text(e.ID))
	if err != nil {
		t.Fatal(err)
	}
	if done := told.ID == ""; x.Fault != told.Fault || x.Decision.Permit != done || e.Decision.Permit != done {
		t.Errorf("told TV-%d; explained as TV-%d, permitted: %v", told.Fault, x.Fault, x.Decision.Permit)
	}
}
