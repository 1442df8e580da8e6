package session

import (
	"context"
	"errors"
	"time"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// Terms are how one signs in, and for how long. Zero: one chooses who to be, and a
// session does not end by itself.
type Terms struct {
	SignIn protocol.SignIn
	Idle   time.Duration // unused for so long, a session ends
	Lasts  time.Duration // it ends in any case
}

// Why a session ends, in the record and in the operator's log. Of several windows with the
// same session each has its own use: one that ends for that says nothing of the others.
const (
	endedIdle      = "not used in one of its windows"
	endedTime      = "its time was out"
	endedSignedOut = "signed out"
	endedUntrusted = "what said who one is does so no more"
)

// wireSession is the wire's first version that knows of terms, sources, trends, and what is
// taken or thought: a page of the version before is sent none of their frames.
const wireSession = 3

// holds sees to it that the session that the browser holds goes on, and is the actor's.
// Pages from before there were terms do not say when they are used, and it does not count
// for them; where one signs in at a provider there are none.
func (s *Service) holds(held *identity.Session, actor identity.Actor, wire uint16) error {
	if held == nil {
		return nil
	}
	seen := *held
	if wire < wireSession {
		seen.Idle = seen.Ends
	}
	if seen.Over(now()) || seen.Employee != actor.Employee {
		return identity.ErrOver
	}
	switch out, err := s.IsSignedOut(held.ID); {
	case err != nil:
		return err
	case out:
		return identity.ErrOver
	}
	return nil
}

// turnAway answers who is nobody.
func (s *session) turnAway(wire uint16, err error) {
	fault, code, reason := protocol.FaultWhoAreYou, protocol.CloseForbidden, "nobody is signed in"
	switch {
	case wire < wireSession:
	case errors.Is(err, identity.ErrOver):
		fault, code, reason = protocol.FaultSessionEnded, protocol.CloseSession, "the session has ended"
	case errors.Is(err, identity.ErrSignIn):
		fault = protocol.FaultSignIn
	}
	s.refuse(0, fault, err)
	s.close(code, reason, err)
}

// limits are when a session ends. Zero times are of what does not end it.
type limits struct {
	idle time.Time
	ends time.Time
	look time.Time // when what said who one is is looked at again
}

// limit arms the clock. What the browser holds follows it from one connection to the
// next: only where it holds nothing do the limits count from here.
func (s *session) limit(at time.Time) {
	s.clock.limits = limits{}
	l, terms := &s.clock.limits, &s.service.cfg.Terms
	if s.who.employee.IsZero() {
		return
	}
	l.look = at.Add(lookEvery)
	if held := s.peer.caller.Session; held != nil {
		l.idle, l.ends = time.UnixMilli(int64(held.Idle)), time.UnixMilli(int64(held.Ends))
	} else {
		l.idle, l.ends = after(at, terms.Idle), after(at, terms.Lasts)
	}
	if s.who.wire < wireSession {
		l.idle = time.Time{}
	}
}

func after(at time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return at.Add(d)
}

// active notes that the user has done something. A session that was over by then stays so,
// if the clock has not come to it yet.
func (s *session) active() {
	at, l := time.Now(), &s.clock.limits
	if !l.idle.IsZero() && !passed(l.idle, at) {
		l.idle = after(at, s.service.cfg.Terms.Idle)
	}
}

// terms are what the browser is told of them.
func (s *session) terms() protocol.Session {
	cfg := &s.service.cfg
	f := protocol.Session{SignIn: cfg.Terms.SignIn, Print: cfg.Policy.Print, Copy: cfg.Policy.Copy}
	if l := &s.clock.limits; !l.idle.IsZero() {
		f.IdleMillis = uint32(cfg.Terms.Idle.Milliseconds())
	}
	if l := &s.clock.limits; !l.ends.IsZero() {
		f.Ends = protocol.Instant(l.ends.UnixMilli())
	}
	return f
}

// ended ends a session whose time is out, and reports that it did.
func (s *session) ended(at time.Time) bool {
	l := &s.clock.limits
	switch {
	case passed(l.ends, at):
		s.over(endedTime)
	case passed(l.idle, at):
		s.over(endedIdle)
	case passed(l.look, at):
		l.look = at.Add(lookEvery)
		if why := s.lost(); why != "" {
			s.over(why)
			return true
		}
		return false
	default:
		return false
	}
	return true
}

// lost says why the user is not who they were any more; empty: they are.
func (s *session) lost() (why string) {
	caller := &s.peer.caller
	if caller.Session != nil {
		if out, err := s.service.IsSignedOut(caller.Session.ID); err == nil && out {
			return endedSignedOut
		}
	}
	if s.service.cfg.Terms.SignIn != protocol.SignInCertificate {
		return ""
	}
	if actor, err := s.service.cfg.Identity.Identify(caller.proof("")); err != nil || actor.Employee != s.who.employee {
		return endedUntrusted
	}
	return ""
}

// over ends the session: what is shown goes first.
func (s *session) over(why string) {
	id, employee := s.id, s.who.employee
	if held := s.peer.caller.Session; held != nil {
		id = text(held.ID)
	}
	s.leave()
	if why != endedSignedOut { // that is in the record already
		s.helpers.Go(func() {
			if err := s.service.happened(context.Background(), event(record.SessionEnded, employee, id, why)); err != nil {
				s.log.Error("the end of a session could not be recorded", "error", err)
			}
		})
	}
	if s.who.wire < wireSession {
		s.close(protocol.CloseForbidden, "the session has ended", nil)
		return
	}
	s.refuse(0, protocol.FaultSessionEnded, nil)
	s.close(protocol.CloseSession, "the session has ended", nil)
}
