package session

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// Engagement asks the care unit's own system whether it has a patient in care.
type Engagement interface {
	Assert(ctx context.Context, employee protocol.EmployeeID, patient protocol.PatientID, unit, provider string) (engaged bool, err error)
}

// engaged asks the unit's own system. The answer counts from before it was asked for.
func (r *recorder) engaged(ctx context.Context, q access.Question, c projection.Commission) (access.Engagement, error) {
	ctx, cancel := context.WithTimeout(ctx, engagedWithin)
	defer cancel()
	at := now()
	engaged, err := r.engagement.Assert(ctx, q.Employee, q.Patient, c.CareUnit, c.CareProvider)
	if err != nil {
		return access.Engagement{}, fmt.Errorf("asking about a care engagement: %w", err)
	}
	return access.Engagement{At: at, Engaged: engaged}, nil
}

// engage arms the clock for the next time that the unit's own system is asked about
// the open patient, where the patient is open on its answer.
func (s *session) engage(o *open) {
	s.clock.engageDue = time.Time{}
	if s.service.cfg.Engagement == nil || !o.decision.Permitted() || !o.decision.NeedsEngagement() || o.asking {
		return
	}
	jitter := time.Duration(rand.Int64N(int64(engageJitter)))
	s.clock.engageDue = time.UnixMilli(int64(o.engagement.At)).Add(engageAfter - jitter)
}

// engageAnew asks the unit's own system again, beside everything else: the answer
// before it still counts meanwhile, and no longer than it would have.
func (s *session) engageAnew() {
	o := s.open
	if o == nil || o.asking {
		return
	}
	o.asking = true
	question, c := s.question(o), o.decision.Commission()
	s.later(func(ctx context.Context) func() {
		answer, err := s.service.recorder.engaged(ctx, question, c)
		return func() { s.engagedAnew(o, answer, err) }
	})
}

func (s *session) engagedAnew(o *open, answer access.Engagement, err error) {
	s.notices.engagement = err != nil
	if s.open != o {
		return
	}
	o.asking = false
	if err != nil {
		s.log.Warn("whether there is a care engagement could not be asked", "error", err)
		s.clock.engageDue = time.Now().Add(engageAgain)
		return
	}
	o.engagement = answer
	s.redecide()
}
