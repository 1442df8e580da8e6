package cluster

import (
	"fmt"
	"time"

	"tvilling/raftfsm/command"
)

// canary shows each second that this leader can commit. Nothing else tells: a leader
// that refuses everything, or waits for ever, looks healthy to raft.
func (c *Cluster) canary(r *reign) {
	ticker := time.NewTicker(c.cfg.Tuning.CanaryEvery)
	defer ticker.Stop()
	answers := make(chan error, 1)
	last := r.since
	var reason error
	asked := false
	for number := uint64(1); ; number++ {
		if !asked {
			asked = true
			c.tasks.Go(func() { answers <- c.sing(number) })
		}
		select {
		case reason = <-answers:
			asked = false
			if reason == nil {
				last = time.Now()
			}
			select {
			case <-ticker.C:
			case <-r.ctx.Done():
				return
			}
		case <-ticker.C:
		case <-r.ctx.Done():
			return
		}
		if silent := c.silent(last, time.Now()); silent > c.cfg.Tuning.CanaryLimit && c.leads(r) {
			c.fail(fmt.Errorf("%w: this leader has committed nothing for %v (last: %v)", ErrStalled, silent.Round(time.Millisecond), reason))
			return
		}
	}
}

// silent is how long this leader has committed nothing while it ran: a process that was
// paused wakes up as a leader that has been away, and steps down when it hears so.
func (c *Cluster) silent(last, now time.Time) time.Duration {
	if woke := c.entry.awake.from(now); woke.After(last) {
		last = woke
	}
	return now.Sub(last)
}

// sing commits one canary, beside the batcher: a full queue is not a standstill. It
// has no intent, which the state machine would have to remember.
func (c *Cluster) sing(number uint64) error {
	b, err := c.encodeCanary(number)
	if err != nil {
		return err
	}
	started := time.Now()
	entry, err := command.Join(c.machine.Level(), started.UnixMilli(), b)
	if err != nil {
		return err
	}
	if _, err := settle(c.raft.Apply(entry, enqueueLimit), 1); err != nil {
		return err
	}
	c.lead.proven(started)
	return nil
}

func (c *Cluster) encodeCanary(number uint64) ([]byte, error) {
	return command.EncodeCommand(command.Command{Kind: command.KindCanary, Body: command.Canary{Node: c.cfg.Self, Number: number}})
}

// progress is how far a follower was when it was last seen to move: with its log, and
// with what it has applied of it.
type progress struct{ log, applied stand }

// stand is a place in the log, and since when.
type stand struct {
	index    uint64
	goal     uint64 // what the leader had committed, then
	moves    uint64 // everything else that would show that the follower gets on
	at       time.Time
	reported bool
}

// still is how long an index has been behind the goal without moving.
func (s *stand) still(index, moves, commit uint64, now time.Time) time.Duration {
	if s.at.IsZero() || index != s.index || moves != s.moves || index >= s.goal {
		*s = stand{index: index, goal: commit, moves: moves, at: now}
	}
	return now.Sub(s.at)
}

// watchFollowers takes in who waits for it, and finds a follower that answers and stands still while this leader
// commits. Raft goes on sending it heartbeats; where its log stands still, only an end
// of this leadership helps. Where the log moves and is not applied, no leader can help:
// it is said, and the follower's own screens go blank for want of a pulse.
func (c *Cluster) watchFollowers(r *reign) {
	ticker := time.NewTicker(statusEvery)
	defer ticker.Stop()
	seen := map[string]*progress{}
	joining := &takingIn{busy: make(chan struct{}, 1), learner: map[string]time.Time{}}
	for {
		select {
		case <-ticker.C:
		case <-r.ctx.Done():
			return
		}
		now := time.Now()
		commit := c.raft.CommitIndex()
		all := c.statuses(r.ctx)
		c.takeIn(joining, all)
		r.lags.Store(c.lags(all, commit))
		for _, s := range all {
			if s.ID == c.cfg.Self {
				continue
			}
			if s.Joining != "" { // it does not vote: nothing rests on it
				delete(seen, s.ID)
				continue
			}
			if s.Error != "" || seen[s.ID] == nil {
				seen[s.ID] = &progress{}
			}
			p := seen[s.ID]
			still := p.log.still(s.LastIndex, s.SnapshotBytes+s.AppliedIndex, commit, now)
			c.report(&p.log, "log", s, still)
			if unapplied := p.applied.still(s.AppliedIndex, s.SnapshotBytes, commit, now); !p.log.reported {
				c.report(&p.applied, "applied", s, unapplied)
			}
			if still > c.cfg.Tuning.ProgressLimit && c.leads(r) {
				c.leaveFor(r, s.ID, still)
				return
			}
		}
	}
}

// report says once that something of a follower stands still.
func (c *Cluster) report(p *stand, what string, s status, still time.Duration) {
	if still <= c.cfg.Tuning.ProgressLimit/3 || p.reported {
		return
	}
	p.reported = true
	c.counts.stuck.Add(1)
	c.log.Error("a follower answers and stands still", "member", s.ID, "what", what, "index", p.index, "commit", p.goal, "for", still)
}

// leaveFor gives leadership up for a follower's sake: to another node or, where that
// cannot be, by ending this one.
func (c *Cluster) leaveFor(r *reign, follower string, still time.Duration) {
	err := c.giveWay(r.ctx, follower, true)
	if err == nil || !c.leads(r) {
		c.log.Error("gave leadership up: a follower stood still", "member", follower, "for", still)
		return
	}
	c.fail(fmt.Errorf("%w: follower %q has stood still for %v and nobody else can lead: %w", ErrStalled, follower, still.Round(time.Millisecond), err))
}
