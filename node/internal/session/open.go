package session

import (
	"context"
	"errors"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// open is the patient that a session has open: the standing decision about the
// patient, and what is shown under it.
type open struct {
	patient  protocol.PatientID
	subject  command.Subject
	actor    command.Subject
	decision access.Decision    // the newest one
	told     *protocol.Opened   // what the browser was told last; nil: nothing yet
	exposed  bool               // documents may be on the screen, of this view or an older one
	screen   access.ContractSet // the types that an older one may show
	view     *view              // nil: nothing is shown, or the next view is not recorded yet
	changes  chan change
	stop     context.CancelFunc
}

// change is what a follower brings.
type change struct {
	raftfsm.Change
	err error
}

// changes is where the open patient's changes come from; nil, and so never, without one.
func (s *session) changes() <-chan change {
	if s.open == nil {
		return nil
	}
	return s.open.changes
}

// question is what the gate is asked about the open patient.
func (s *session) question(o *open) access.Question {
	return access.Question{Employee: s.who.employee, Commission: s.who.commission, Patient: o.patient}
}

func (s *session) ask(o *open, activity record.Activity) ask {
	return ask{question: s.question(o), activity: activity, session: s.id}
}

// openPatient asks the gate for a patient. The feed is followed from before the first
// View is taken: a change is seen twice rather than never.
func (s *session) openPatient(ctx context.Context, f protocol.Open) {
	s.leave()
	switch {
	case s.who.commission.IsZero() && (s.who.employee.IsZero() || f.Patient.IsZero()):
		s.refuse(f.Request, protocol.FaultNoCommission, nil) // there is nobody to record it of
		return
	case s.who.commission.IsZero():
		s.uncommissioned(ctx, f)
		return
	case f.Patient.IsZero():
		s.refuse(f.Request, protocol.FaultPatientID, nil)
		return
	}
	o := s.follow(ctx, f.Patient)
	s.open = o
	s.actLater(ctx, func(ctx context.Context) func() {
		got := s.service.recorder.access(ctx, s.ask(o, record.OpenPatient))
		return func() { s.opened(o, f.Request, got) }
	})
}

// uncommissioned refuses who has chosen no commission, and has that recorded.
func (s *session) uncommissioned(ctx context.Context, f protocol.Open) {
	a := ask{
		question: access.Question{Employee: s.who.employee, Patient: f.Patient},
		activity: record.OpenPatient, session: s.id,
	}
	s.actLater(ctx, func(ctx context.Context) func() {
		got := s.service.recorder.access(ctx, a).refusal
		if got.fault == access.ReasonNobody.Fault() { // who it is, is known
			got.fault = protocol.FaultNoCommission
		}
		return func() { s.refuseWith(f.Request, got) }
	})
}

func (s *session) follow(ctx context.Context, patient protocol.PatientID) *open {
	ring := s.service.cfg.Ring
	o := &open{patient: patient, subject: ring.Patient(patient), actor: ring.Employee(s.who.employee), changes: make(chan change)}
	ctx, o.stop = context.WithCancel(ctx)
	reader := s.service.cfg.State.Feed().Follow(o.subject, o.actor)
	s.helpers.Go(func() {
		defer reader.Close()
		for {
			c, err := reader.Next(ctx)
			select {
			case o.changes <- change{Change: c, err: err}:
			case <-ctx.Done():
				return
			}
			if err != nil && !errors.Is(err, raftfsm.ErrLagged) {
				return
			}
		}
	})
	return o
}

// opened takes the outcome of an act that (re)opens the patient.
func (s *session) opened(o *open, request uint32, got outcome) {
	if s.open != o {
		return // left meanwhile
	}
	if got.fault != protocol.FaultNone {
		s.denied(o, request, got.refusal)
		return
	}
	o.decision = got.decision
	s.tell(o, request)
}

// denied answers an act that was refused. What an older decision still shows is
// looked at in the same step; a patient that was never opened is left.
func (s *session) denied(o *open, request uint32, r refusal) {
	s.refuseWith(request, r)
	if o.told == nil {
		s.leave()
		return
	}
	s.redecide()
}

// tell answers with what the standing decision says, on the newest state.
func (s *session) tell(o *open, request uint32) {
	v, err := s.service.cfg.State.View()
	if err != nil {
		s.refuse(request, protocol.FaultInternal, err)
		return
	}
	defer v.Close()
	if !s.current(v) {
		s.refuse(request, o.decision.Fault(), nil)
		return
	}
	s.clock.validUntil(o.decision.ValidUntil(), time.Now())
	says := openedOf(o.decision)
	o.told = &says
	answer := says
	answer.Request = request
	s.put(answer)
}

// retell tells the browser, unasked, when what it was told has changed.
func (s *session) retell(o *open, widened bool) {
	says := openedOf(o.decision)
	if o.told == nil || (says == *o.told && !widened) {
		return
	}
	o.told = &says
	s.put(says)
}

func openedOf(d access.Decision) protocol.Opened {
	return protocol.Opened{Basis: d.Basis(), MayConsent: d.MayConsent(), Ends: d.BasisEnds()}
}

// consent attests the patient's consent, and opens the patient anew on it.
func (s *session) consent(ctx context.Context, f protocol.Consent) {
	o := s.open
	switch {
	case o == nil || o.told == nil:
		s.refuse(f.Request, protocol.FaultNotOpen, nil)
		return
	case f.Days == 0 || f.Days > protocol.MaxConsentDays:
		s.refuse(f.Request, protocol.FaultConsentTerms, nil)
		return
	}
	s.actLater(ctx, func(ctx context.Context) func() {
		if r := s.service.recorder.consent(ctx, s.ask(o, record.RegisterConsent), f); r.fault != protocol.FaultNone {
			return func() { s.actRefused(o, f.Request, r) }
		}
		got := s.service.recorder.access(ctx, s.ask(o, record.OpenPatient))
		return func() { s.opened(o, f.Request, got) }
	})
}

// endConsent ends the consents that the commission rests on. What rested on them is
// taken away before the answer.
func (s *session) endConsent(ctx context.Context, f protocol.EndConsent) {
	o := s.open
	if o == nil || o.told == nil {
		s.refuse(f.Request, protocol.FaultNotOpen, nil)
		return
	}
	s.actLater(ctx, func(ctx context.Context) func() {
		r := s.service.recorder.endConsent(ctx, s.ask(o, record.EndConsent))
		return func() {
			if r.fault != protocol.FaultNone {
				s.actRefused(o, f.Request, r)
				return
			}
			if s.open == o && s.redecide() {
				s.tell(o, f.Request)
			}
		}
	})
}

func (s *session) actRefused(o *open, request uint32, r refusal) {
	if s.open == o {
		s.denied(o, request, r)
	}
}

// leave closes the patient: nothing of the patient is sent after it.
func (s *session) leave() {
	if s.open == nil {
		return
	}
	s.open.stop()
	s.open = nil
	s.clock.validDue = time.Time{}
	s.out.forget()
}
