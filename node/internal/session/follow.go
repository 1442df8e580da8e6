package session

import (
	"context"
	"errors"

	"tvilling/node/internal/access"
	"tvilling/node/internal/followup"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// FollowUp makes reports of the access log and registers reviews of its entries. It
// records that it was read before it returns anything. An error that has a method
// Fault says what the browser is told; of others it is told that something failed.
type FollowUp interface {
	Report(ctx context.Context, who followup.Reader, f protocol.Follow) (protocol.Report, error)
	Review(ctx context.Context, who followup.Reader, f protocol.Review) (id string, err error)
}

// faultOf is what the browser is told of an error.
func faultOf(err error) protocol.Fault {
	var known interface{ Fault() protocol.Fault }
	switch {
	case errors.As(err, &known):
		return known.Fault()
	case errors.Is(err, context.DeadlineExceeded):
		return protocol.FaultBusy
	default:
		return protocol.FaultInternal
	}
}

// report asks for a report of the access log.
func (s *session) report(f protocol.Follow) {
	s.followUp(f.Request, func(ctx context.Context, service FollowUp, who followup.Reader) (protocol.Frame, error) {
		r, err := service.Report(ctx, who, f)
		r.Request, r.Report = f.Request, f.Report
		return r, err
	})
}

// review registers what the review of an entry found.
func (s *session) review(f protocol.Review) {
	s.followUp(f.Request, func(ctx context.Context, service FollowUp, who followup.Reader) (protocol.Frame, error) {
		id, err := service.Review(ctx, who, f)
		return protocol.Reviewed{Request: f.Request, ID: id}, err
	})
}

// followUp does one thing at a time for who may follow up. The service is asked in any
// case, since it records a refusal as well; what it answers to who may not is dropped,
// and so is what comes when another commission was chosen meanwhile.
func (s *session) followUp(request uint32, work func(context.Context, FollowUp, followup.Reader) (protocol.Frame, error)) {
	service := s.service.cfg.FollowUp
	switch {
	case s.who.commission.IsZero():
		s.refuse(request, protocol.FaultNoCommission, nil)
		return
	case service == nil:
		s.refuse(request, protocol.FaultFollowUp, nil)
		return
	case s.acts.following || s.out.full(s.service.cfg.Limits.QueueBytes):
		s.refuse(request, protocol.FaultBusy, nil)
		return
	}
	who, fault, err := s.follower()
	if err != nil {
		s.log.Error("the commission to follow up by cannot be read", "error", err)
	}
	s.acts.following = true
	asker := s.who
	s.later(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, followWithin)
		defer cancel()
		f, err := work(ctx, service, who)
		return func() {
			if s.acts.following = false; s.who == asker {
				s.followed(request, f, fault, err)
			}
		}
	})
}

// followed answers who follows up.
func (s *session) followed(request uint32, f protocol.Frame, fault protocol.Fault, err error) {
	if fault == protocol.FaultNone && err != nil {
		fault = faultOf(err)
	}
	if fault != protocol.FaultNone {
		s.refuse(request, fault, err)
		return
	}
	frame := protocol.AppendFrame(nil, f)
	if len(frame) > protocol.MaxFrameBytes {
		s.refuse(request, protocol.FaultReportTerms, nil)
		return
	}
	s.queue(out{frame: frame, answer: true})
}

// follower is who follows up, and why the commission does not let one do so now.
func (s *session) follower() (who followup.Reader, fault protocol.Fault, err error) {
	v, err := s.service.cfg.State.View()
	if err != nil {
		return who, protocol.FaultInternal, err
	}
	defer v.Close()
	at := s.service.cfg.at()
	who = followup.Reader{Employee: s.who.employee, Session: s.id}
	who.Commission.ID = s.who.commission.Reveal()
	if asOf, _, _ := v.Freshness(raftfsm.Commissions); !access.Fresh(protocol.Instant(asOf), at, access.Bound(raftfsm.Commissions)) {
		return who, protocol.FaultUnknownFacts, nil
	}
	rows, err := access.Commissions(v, s.service.cfg.Ring, s.who.employee)
	if err != nil {
		return who, protocol.FaultUnknownFacts, err
	}
	for _, c := range rows {
		if c.ID != who.Commission.ID {
			continue
		}
		if who.Commission = c; access.FollowsUp(c, at) {
			return who, protocol.FaultNone, nil
		}
	}
	return who, protocol.FaultFollowUp, nil
}
