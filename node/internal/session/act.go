package session

import (
	"context"
	"strings"

	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// consent attests the patient's consent, and opens the patient anew on it.
func (s *session) consent(f protocol.Consent) {
	o := s.open
	switch {
	case o == nil || o.told == nil:
		s.refuse(f.Request, protocol.FaultNotOpen, nil)
		return
	case f.Days == 0 || f.Days > protocol.MaxConsentDays:
		s.refuse(f.Request, protocol.FaultConsentTerms, nil)
		return
	}
	a := s.ask(o, record.RegisterConsent)
	s.register(o, f.Request, func(ctx context.Context) refusal { return s.service.recorder.consent(ctx, a, f) })
}

// emergency attests a step of an emergency, and opens the patient anew on it.
func (s *session) emergency(f protocol.Emergency) {
	o := s.open
	reason := strings.TrimSpace(f.Reason)
	switch {
	case o == nil || o.told == nil:
		s.refuse(f.Request, protocol.FaultNotOpen, nil)
		return
	case f.Step != protocol.EmergencyProviders && f.Step != protocol.EmergencyContent,
		reason == "" || len(reason) > protocol.MaxReasonBytes:
		s.refuse(f.Request, protocol.FaultEmergencyTerms, nil)
		return
	}
	a := s.ask(o, activityOf(f.Step))
	a.note = reason
	s.register(o, f.Request, func(ctx context.Context) refusal { return s.service.recorder.emergency(ctx, a, f.Step) })
}

// register has something registered, then opens the patient anew on it.
func (s *session) register(o *open, request uint32, what func(ctx context.Context) refusal) {
	again := s.ask(o, record.OpenPatient)
	s.answerLater(o, func(ctx context.Context) func() {
		if r := what(ctx); r.fault != protocol.FaultNone {
			return func() { s.actRefused(o, request, r) }
		}
		got := s.service.recorder.access(ctx, again)
		return func() { s.opened(o, request, got) }
	})
}

// answerLater is actLater for an act that changes what the open patient rests on: the
// feed tells of the change too, sooner or later, and the answer is told once.
func (s *session) answerLater(o *open, work func(ctx context.Context) func()) {
	o.answering = true
	s.actLater(func(ctx context.Context) func() {
		then := work(ctx)
		return func() {
			then()
			s.answered(o)
		}
	})
}

// endConsent ends the consents and the emergencies that the commission rests on. What
// rested on them is taken away before the answer.
func (s *session) endConsent(f protocol.EndConsent) {
	o := s.open
	if o == nil || o.told == nil {
		s.refuse(f.Request, protocol.FaultNotOpen, nil)
		return
	}
	a := s.ask(o, record.EndConsent)
	s.answerLater(o, func(ctx context.Context) func() {
		r := s.service.recorder.endConsent(ctx, a)
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
