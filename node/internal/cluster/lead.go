package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
)

// leadership is what this node knows of who leads, and of the clocks to lead by.
type leadership struct {
	notify  chan bool             // raft waits until it is read
	observe chan raft.Observation // raft drops what is not read
	changed signal                // fired when somebody else leads, or nobody
	current atomic.Pointer[reign]
	at      atomic.Pointer[time.Time] // proof of a quorum
	pulse   atomic.Pointer[time.Time] // proof that what is committed is applied here
	clocks  *clocks
}

// reign is one time of leading.
type reign struct {
	ctx   context.Context
	end   context.CancelFunc
	since time.Time
	turn  chan struct{} // held by who transfers
	tried map[string]bool
	lags  atomic.Pointer[map[string]uint64] // of the others, as they were last seen
}

// proven notes that a commit was asked for at a time, and made.
func (l *leadership) proven(at time.Time) {
	for {
		old := l.at.Load()
		if old != nil && !at.After(*old) || l.at.CompareAndSwap(old, &at) {
			return
		}
	}
}

// proof is the last such time of this reign.
func (l *leadership) proof() time.Time {
	at, r := l.at.Load(), l.current.Load()
	if at == nil || r == nil || at.Before(r.since) {
		return time.Time{}
	}
	return *at
}

// watchObserved asks raft to tell when it learns of another leader.
func (c *Cluster) watchObserved() {
	c.lead.observe = make(chan raft.Observation, 1)
	c.raft.RegisterObserver(raft.NewObserver(c.lead.observe, false, func(o *raft.Observation) bool {
		_, ok := o.Data.(raft.LeaderObservation)
		return ok
	}))
}

// watchLeadership takes up and lays down what a leader does.
func (c *Cluster) watchLeadership() {
	end := func() {
		if r := c.lead.current.Swap(nil); r != nil {
			r.end()
		}
	}
	defer end()
	for {
		select {
		case led := <-c.lead.notify:
			end()
			if led {
				c.lead.current.Store(c.reign())
			}
			c.log.Info("leadership", "leads", led)
		case <-c.lead.observe:
		case <-c.ctx.Done():
			return
		}
		c.lead.changed.fire()
	}
}

// reign begins one.
func (c *Cluster) reign() *reign {
	ctx, end := context.WithCancel(c.ctx)
	r := &reign{ctx: ctx, end: end, since: time.Now(), turn: make(chan struct{}, 1), tried: map[string]bool{}}
	if c.self.Role == admin.RoleWitness {
		c.tasks.Go(func() { c.handOver(r) })
		return r
	}
	c.tasks.Go(func() { c.canary(r) })
	c.tasks.Go(func() { c.watchFollowers(r) })
	return r
}

// leads tells whether r still goes on.
func (c *Cluster) leads(r *reign) bool {
	return r.ctx.Err() == nil && c.raft.State() == raft.Leader
}

// WhileLeader runs work each time this node leads, once everything that earlier
// leaders committed is applied here, and cancels it when it leads no more. It waits
// for work to return before it runs it again. It returns nil when ctx ends or the
// cluster closes, and the error of a work that failed while it led.
func (c *Cluster) WhileLeader(ctx context.Context, work func(ctx context.Context) error) error {
	for ctx.Err() == nil && c.ctx.Err() == nil {
		changed := c.lead.changed.wait()
		r := c.lead.current.Load()
		if r != nil && c.IsLeader() {
			err := c.whileReign(ctx, r, work)
			if err != nil && ctx.Err() == nil && c.leads(r) {
				return err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
		case <-c.ctx.Done():
		}
	}
	return nil
}

func (c *Cluster) whileReign(ctx context.Context, r *reign, work func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	pause := retryFloor
	for {
		err := c.barrier(ctx)
		if err == nil {
			return work(ctx)
		}
		select {
		case <-time.After(pause): // a transfer that did not come about, most likely
			pause = min(2*pause, retryCeiling)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// barrier waits until everything before it is applied here: until this leader has
// committed and applied something of its own.
func (c *Cluster) barrier(ctx context.Context) error {
	canary, err := c.encodeCanary(0)
	if err != nil {
		return err
	}
	_, err = c.batcher.submit(ctx, [][]byte{canary})
	return err
}

// handOver is what a witness does with leadership: it gives it to a data node as soon
// as one has what the witness alone may have had. It takes no proposals meanwhile.
func (c *Cluster) handOver(r *reign) {
	for {
		err := c.giveWay(r.ctx, "", true)
		if r.ctx.Err() != nil {
			return
		}
		if time.Since(r.since) > c.cfg.Tuning.HandoverLimit && c.leads(r) {
			c.fail(fmt.Errorf("%w: a witness that leads finds nobody to hand over to: %w", ErrStalled, err))
			return
		}
		if err != nil && !errors.Is(err, ErrNotCaughtUp) {
			c.log.Warn("a witness leads and could not hand over yet", "reason", err)
		}
		select {
		case <-time.After(handoverPause):
		case <-r.ctx.Done():
			return
		}
	}
}
