package session

import (
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// clock is what the owner waits for.
type clock struct {
	helloDue   time.Time
	beatDue    time.Time // zero before the greeting
	leased     time.Time // when the lease was last given
	unanswered int       // heartbeats since the browser was last heard
	validDue   time.Time // when the decision runs out; zero: it does not by itself
	engageDue  time.Time // when the unit's own system is asked again; zero: it need not be
	acks       []awaited
	limits     limits
}

// awaited is a Revoke that the browser has not acknowledged yet.
type awaited struct {
	generation protocol.Generation
	due        time.Time
	ask        ask
	decision   access.Decision
}

func (c *clock) start(at time.Time) { c.helloDue = at.Add(helloWithin) }

// greeted starts the heartbeats; the greeting itself gives the first lease.
func (c *clock) greeted(at time.Time) {
	c.helloDue = time.Time{}
	c.leased = at
	if c.beatDue.IsZero() {
		c.beatDue = at.Add(beatEvery)
	}
}

// wait is how long there is nothing to do for the clock.
func (c *clock) wait(at time.Time) time.Duration {
	first := c.helloDue
	due := []time.Time{c.beatDue, c.validDue, c.engageDue, c.limits.idle, c.limits.ends, c.limits.look}
	if len(c.acks) > 0 {
		due = append(due, c.acks[0].due)
	}
	for _, t := range due {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if first.IsZero() {
		return beatEvery
	}
	return max(0, first.Sub(at))
}

// validUntil arms the clock for the moment after the last one at which a decision
// holds. One that has passed, though the decision still stands, is looked at again
// soon; one far away is looked at in between, since the wall clock may be set.
func (c *clock) validUntil(end protocol.Instant, at time.Time) {
	c.validDue = time.Time{}
	if end == 0 {
		return
	}
	left := min(time.UnixMilli(int64(end)).Sub(at), longestWait) + time.Millisecond
	if left <= 0 {
		left = retryDecision
	}
	c.validDue = at.Add(left)
}

func passed(due, at time.Time) bool { return !due.IsZero() && !at.Before(due) }

// tick does what is due.
func (s *session) tick(at time.Time) {
	if passed(s.clock.helloDue, at) {
		s.close(protocol.CloseSlow, "no Hello", nil) // on a slow line or a busy machine it may come the next time
		return
	}
	if len(s.clock.acks) > 0 && passed(s.clock.acks[0].due, at) {
		s.close(protocol.CloseNoAck, "a revocation was not acknowledged", nil)
		return
	}
	if s.ended(at) {
		return
	}
	if passed(s.clock.validDue, at) {
		s.clock.validDue = time.Time{}
		s.redecide()
	}
	if passed(s.clock.engageDue, at) {
		s.clock.engageDue = time.Time{}
		s.engageAnew()
	}
	if passed(s.clock.beatDue, at) {
		s.clock.beatDue = at.Add(beatEvery)
		s.beat(at)
		s.notice(false)
		s.lookAtSources()
	}
}

// beat renews the lease, while the node hears from a leader: without one it could not
// know of a revocation. A node that hears none lets the lease run out, and then ends. One
// whose clock is not to be trusted takes away what is shown, renews none, and ends when
// that is known to be gone.
func (s *session) beat(at time.Time) {
	distrusted := s.service.cfg.distrusted()
	if distrusted {
		if s.redecide(); s.open == nil && len(s.clock.acks) == 0 {
			s.close(protocol.CloseMoving, "the node's clock is not to be trusted", nil)
			return
		}
	} else if s.service.cfg.Terms.SignIn != protocol.SignInProvider && s.peer.caller.expired(at) {
		s.close(protocol.CloseForbidden, "the certificate has run out", nil)
		return
	}
	cluster := s.service.cfg.Cluster
	heard, ok := cluster.HeardFromLeader()
	switch {
	case ok && at.Sub(heard) <= leaderWithin && !distrusted:
	case at.Sub(s.clock.leased) >= lease:
		s.close(protocol.CloseNoLeader, "the node hears from no leader, or its clock is not to be trusted", nil)
		return
	default:
		return
	}
	if s.clock.unanswered >= int(silenceLimit/beatEvery) {
		s.close(protocol.CloseSlow, "the browser is silent", nil)
		return
	}
	s.clock.unanswered++
	s.clock.leased = at
	s.out.putBeat(beat{heard: heard, Heartbeat: protocol.Heartbeat{
		Position: protocol.Position{Epoch: cluster.Position().Epoch, Index: s.service.cfg.State.AppliedIndex()},
	}})
}

// acknowledged notes that everything up to the generation is gone from the screen.
func (s *session) acknowledged(g protocol.Generation) {
	for len(s.clock.acks) > 0 && s.clock.acks[0].generation <= g {
		a := s.clock.acks[0]
		s.clock.acks = s.clock.acks[1:]
		s.service.timings.Revoke.Observe(ackWithin - time.Until(a.due))
		s.note(record.RevokeAcknowledged, a.ask, a.decision)
	}
}

// abandonAcks records what nobody will acknowledge any more.
func (s *session) abandonAcks() {
	for _, a := range s.clock.acks {
		s.note(record.RevokeUnacknowledged, a.ask, a.decision)
	}
	s.clock.acks = nil
}
