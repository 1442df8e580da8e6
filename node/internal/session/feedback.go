package session

import (
	"context"
	"time"

	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// Feedback keeps what users think of the client: nothing of who, nor of whom. An error
// that has a method Fault says what the browser is told. It says nothing of the text.
type Feedback interface {
	Add(f protocol.Feedback) (id string, err error)
}

// think takes what a user thinks. Neither the log nor the record hears of it.
func (s *session) think(f protocol.Feedback) {
	book := s.service.cfg.Policy.Feedback
	asked := &s.service.requests.Feedback
	asked.Ask()
	switch {
	case !f.Proper():
		s.refuse(f.Request, protocol.FaultFeedback, nil)
		return
	case book == nil || s.crowded() || !s.acts.thought.take(time.Now()):
		s.refuse(f.Request, protocol.FaultBusy, nil)
		return
	}
	s.later(func(context.Context) func() {
		id, err := book.Add(f)
		return func() {
			if err != nil {
				asked.Fail()
				s.refuseWith(f.Request, refused(record.NewID(), faultOf(err), err))
				return
			}
			s.put(protocol.Thanked{Request: f.Request, ID: id})
		}
	})
}

// thoughts are when a session's last feedback came.
type thoughts [feedbackPerHour]time.Time

// take reports whether one more may come, and notes it.
func (t *thoughts) take(at time.Time) bool {
	if !t[0].IsZero() && at.Sub(t[0]) < time.Hour {
		return false
	}
	copy(t[:], t[1:])
	t[len(t)-1] = at
	return true
}
