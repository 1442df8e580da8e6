package cluster

import "time"

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
		case <-ticker.C:
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
