package cluster

import (
	"sync"
	"time"
)

// watchPulse notes when this node last applied something new, and with it all that it
// knew to be committed when it looked before. Raft's heartbeats pass by the log and by
// the state machine: a follower to which replication has stopped, or whose state
// machine has, goes on hearing from its leader and would learn of no revocation. With a
// canary each second, a node at which all is well applies something each second.
func (c *Cluster) watchPulse() {
	ticker := time.NewTicker(pulseEvery)
	defer ticker.Stop()
	last := c.machine.AppliedIndex()
	looked := time.Now() // before commit is read: what is proven is proven of then
	commit := c.raft.CommitIndex()
	for {
		select {
		case now := <-ticker.C:
			c.entry.awake.tick(now)
		case <-c.ctx.Done():
			return
		}
		applied := c.machine.AppliedIndex()
		if applied < commit {
			continue
		}
		if applied > last {
			last = applied
			at := looked
			c.lead.pulse.Store(&at)
		}
		looked = time.Now()
		commit = c.raft.CommitIndex()
	}
}

// lastPulse is zero before the first.
func (l *leadership) lastPulse() time.Time {
	if at := l.pulse.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// awake is since when a process has run without a pause. One that was paused has heard
// nobody meanwhile, and must not take that for the others' silence.
type awake struct {
	mu    sync.Mutex
	last  time.Time // when it was last seen to run
	since time.Time
}

// tick notes that it runs.
func (a *awake) tick(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.last) > pausedFor {
		a.since = now
	}
	a.last = now
}

// from is since when, as it is known at a time: it may be that the pause has just ended,
// and that nothing has ticked yet.
func (a *awake) from(now time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.last) > pausedFor {
		return now
	}
	return a.since
}
