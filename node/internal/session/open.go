package session

import (
	"context"
	"errors"
	"slices"
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
	patient    protocol.PatientID
	subjects   subjects // of the patient's identities, which are followed
	actor      command.Subject
	decision   access.Decision   // the newest one
	engagement access.Engagement // the newest answer of the unit's own system
	asking     bool              // it is being asked
	told       *protocol.Opened  // what the browser was told last; nil: nothing yet
	answering  bool              // an act is under way whose answer will tell
	untold     bool              // there is more to see, which the answer does not say
	screen     screen
	hushed     hushed
	view       *view // nil: nothing is shown, or the next view is not recorded yet
	changes    chan change
	stop       context.CancelFunc
}

// screen is what may be on the browser's screen of older views than the present one.
type screen struct {
	exposed   bool // something may be
	documents map[protocol.DocumentKey]struct{}
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
	return ask{id: record.NewID(), question: s.question(o), engagement: o.engagement, activity: activity, session: s.id}
}

// openPatient asks the gate for a patient. The feed is followed from before the first
// View is taken: a change is seen twice rather than never.
func (s *session) openPatient(f protocol.Open) {
	s.leave()
	switch {
	case s.who.commission.IsZero() && (s.who.employee.IsZero() || f.Patient.IsZero()):
		s.refuse(f.Request, protocol.FaultNoCommission, nil) // there is nobody to record it of
		return
	case s.who.commission.IsZero():
		s.uncommissioned(f)
		return
	case f.Patient.IsZero():
		s.refuse(f.Request, protocol.FaultPatientID, nil)
		return
	}
	ring := s.service.cfg.Ring
	o := &open{
		patient: f.Patient, subjects: subjectsOf(ring, f.Patient, nil), actor: ring.Employee(s.who.employee),
		changes: make(chan change), stop: func() {},
	}
	s.open = o
	s.follow(o, false)
	a := s.ask(o, record.OpenPatient)
	began, asked := time.Now(), &s.service.requests.Open
	asked.Ask()
	s.actLater(func(ctx context.Context) func() {
		got := s.service.recorder.access(ctx, a)
		s.service.timings.Open.Observe(time.Since(began))
		settle(ctx, asked, got)
		return func() { s.opened(o, f.Request, got) }
	})
}

// uncommissioned refuses who has chosen no commission, and has that recorded.
func (s *session) uncommissioned(f protocol.Open) {
	a := ask{
		id: record.NewID(), question: access.Question{Employee: s.who.employee, Patient: f.Patient},
		activity: record.OpenPatient, session: s.id,
	}
	s.actLater(func(ctx context.Context) func() {
		got := s.service.recorder.access(ctx, a).refusal
		if got.fault == access.ReasonNobody.Fault() { // who it is, is known
			got.fault = protocol.FaultNoCommission
		}
		return func() { s.refuseWith(f.Request, got) }
	})
}

// follow pulls the changes of the patient's identities and of the actor. One that
// follows anew, since there are other identities, begins with a comparison of everything:
// what happened before it began is in the next View.
func (s *session) follow(o *open, anew bool) {
	o.stop()
	var ctx context.Context
	ctx, o.stop = context.WithCancel(s.work)
	reader := s.service.cfg.State.Feed().Follow(append([]command.Subject{o.actor}, o.subjects...)...)
	s.helpers.Go(func() {
		defer reader.Close()
		if anew && !o.bring(ctx, change{err: raftfsm.ErrLagged}) {
			return
		}
		for {
			c, err := reader.Next(ctx)
			over := err != nil && !errors.Is(err, raftfsm.ErrLagged)
			if ctx.Err() != nil || !o.bring(ctx, change{c, err}) || over {
				return // left, or followed anew; or the node stops
			}
		}
	})
}

// bring hands a change to the owner, unless nobody follows any more.
func (o *open) bring(ctx context.Context, c change) bool {
	select {
	case o.changes <- c:
		return true
	case <-ctx.Done():
		return false
	}
}

// adopt makes a decision the standing one, and follows the identities that it names.
func (s *session) adopt(o *open, d access.Decision) {
	o.decision = d
	s.clock.validUntil(d.ValidUntil(), time.Now())
	s.engage(o)
	if !d.Permitted() {
		return // a refusal knows of no identities
	}
	if all := subjectsOf(s.service.cfg.Ring, o.patient, d.Linked()); !slices.Equal(all, o.subjects) {
		o.subjects = all
		s.follow(o, true)
	}
}

// opened takes the outcome of an act that (re)opens the patient.
func (s *session) opened(o *open, request uint32, got outcome) {
	if s.open != o {
		return // left meanwhile
	}
	s.notices.engagement = got.silent
	if got.engagement.At > o.engagement.At {
		o.engagement = got.engagement
	}
	if got.fault != protocol.FaultNone {
		s.denied(o, request, got.refusal)
		return
	}
	s.adopt(o, got.decision)
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

// unanswered tells why what was asked of the open patient is not answered. Where the
// patient opens no more, what is shown is decided anew.
func (s *session) unanswered(request uint32, got outcome) {
	s.refuseWith(request, got.refusal)
	if !got.decision.Permitted() {
		s.redecide()
	}
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
	says := openedOf(o.decision)
	o.told = &says
	answer := says
	answer.Request = request
	s.put(answer)
}

// retell tells the browser, unasked, when what it was told has changed, and once for
// each view when there is more to see than was recorded for it: it may show anew.
func (s *session) retell(o *open, wider bool) {
	switch {
	case o.told == nil:
		return
	case o.answering:
		o.untold = o.untold || wider
		return
	}
	says := openedOf(o.decision)
	if says == *o.told {
		if !wider || o.view == nil || o.view.wider {
			return
		}
		o.view.wider = true
	}
	o.told = &says
	s.put(says)
}

// answered ends an act about which the browser was told nothing meanwhile.
func (s *session) answered(o *open) {
	if s.open != o {
		return
	}
	more := o.untold
	o.answering, o.untold = false, false
	s.retell(o, more)
}

func openedOf(d access.Decision) protocol.Opened {
	return protocol.Opened{
		Basis: d.Basis(), MayConsent: d.MayConsent(), Ends: d.BasisEnds(),
		Step: d.Step(), MayAttest: d.MayAttest(), Child: d.Child(), Deceased: d.Deceased(),
	}
}

// leave closes the patient: nothing of the patient is sent after it.
func (s *session) leave() {
	if s.open == nil {
		return
	}
	s.open.stop()
	s.open = nil
	s.clock.validDue, s.clock.engageDue = time.Time{}, time.Time{}
	s.out.forget()
}
