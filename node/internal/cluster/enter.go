package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// Introduced is a Network over which members greet each other before anything else
// passes between them: raft's messages and calls pass only where both sides admit.
type Introduced interface {
	Introduce(ours func() []byte, admit func(from string, theirs []byte) error)
}

// How a member that waits to be taken in stands.
const (
	joiningEmpty   = "empty"   // it has forgotten what it had, if it had anything
	joiningLearner = "learner" // it follows, and it is committed that it does not vote
)

// entry is how this node comes into the cluster.
type entry struct {
	generation Generation
	guard      *guard
	known      *acquaintance
	exists     bool                     // there was a log when it was opened
	joining    atomic.Pointer[string]   // nil: it does not wait to be taken in
	awaits     atomic.Pointer[[]string] // whom it waits for, to found the cluster; nil: it does not
	opened     atomic.Int64             // when it began to take part, nanoseconds; 0: not yet
	greets     bool                     // the network does
	roll       roll
	awake      awake
	ending     sync.Mutex // held by who writes down what superseded this node
}

// hello is what this node says of itself.
func (c *Cluster) hello() []byte {
	h := hello{generation: c.entry.generation, index: c.machine.AppliedIndex()}
	h.history = h.index > 0 || c.entry.joining.Load() != nil
	if last, err := c.store.LastIndex(); err != nil || last > 1 || c.snaps.last() > 0 {
		h.history = true
	}
	if term, err := c.store.GetUint64(stableTerm); err == nil && term > 1 {
		h.history = true // it stood or voted: a vote that somebody has forgotten may be among those that it has
	}
	if c.entry.opened.Load() != 0 {
		at, ok := c.HeardFromLeader()
		h.settled = ok && time.Since(at) < settledWithin
	}
	return appendHello(nil, h)
}

// others are the other members.
func (c *Cluster) others() (ids []string) {
	for _, m := range c.cfg.Topology.Members {
		if m.ID != c.cfg.Self {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// enter finds out how this node takes part, and lets it. The others are asked first:
// an old log may have been superseded while nobody was here, and a member without a log
// must neither found a second cluster nor vote as if it had forgotten nothing.
func (c *Cluster) enter() {
	others := c.others()
	if !c.entry.greets && c.entry.exists {
		c.takePart()
		return
	}
	began := time.Now()
	for round := 0; ; round++ {
		c.ask(others)
		if c.ctx.Err() != nil || c.superseded(time.Time{}) {
			return
		}
		switch {
		case c.entry.joining.Load() != nil:
			c.join()
			return
		case c.entry.exists:
			if !c.entry.known.claimed() || time.Since(began) > claimLimit {
				c.takePart()
				return
			}
		default:
			history, missing := c.entry.known.founders(others)
			if history && !c.entry.known.claimed() {
				c.beginJoining()
				continue
			}
			if len(missing) == 0 {
				c.found()
				return
			}
			c.entry.awaits.Store(&missing)
			if round%foundLogEvery == 0 {
				c.log.Warn("this node has no log, and no member that was heard has one to join: a new cluster is founded when each of its members was started and heard", "not_heard", missing)
			}
		}
		if !c.pause(askEvery) {
			return
		}
	}
}

// pause waits, and tells whether to go on.
func (c *Cluster) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-c.ctx.Done():
	case <-c.counts.failed:
	}
	return false
}

// ask greets every other member, and waits for what they say.
func (c *Cluster) ask(others []string) {
	ctx, cancel := context.WithTimeout(c.ctx, askLimit)
	defer cancel()
	var wait sync.WaitGroup
	for _, id := range others {
		wait.Go(func() {
			if conn, err := c.network.Dial(ctx, id); err == nil {
				_ = conn.Close()
			}
		})
	}
	wait.Wait()
}

// takePart lets this node take its whole part.
func (c *Cluster) takePart() {
	c.entry.awaits.Store(nil)
	c.entry.opened.Store(time.Now().UnixNano())
	c.entry.guard.set(partWhole)
}

// Awaits are the members that have to be started, or reached, before the cluster can be
// founded; none where it has been, or where that is not known yet.
func (c *Cluster) Awaits() []string {
	if missing := c.entry.awaits.Load(); missing != nil {
		return slices.Clone(*missing)
	}
	return nil
}

// found writes the first configuration: every member has been heard to have no log
// since this one has none. All of them write the same.
func (c *Cluster) found() {
	if err := c.raft.BootstrapCluster(c.voters()).Error(); err != nil && !errors.Is(err, raft.ErrRaftShutdown) {
		c.fail(fmt.Errorf("%w: first configuration: %w", ErrStorage, err))
		return
	}
	c.takePart()
}

// beginJoining makes this node one that waits to be taken in, also after a start.
func (c *Cluster) beginJoining() {
	if c.cfg.Dir != "" {
		if err := writeGeneration(c.cfg.Dir, fileJoining, c.entry.generation); err != nil {
			c.fail(err)
			return
		}
	}
	c.log.Warn("this node has no log and the cluster has a history: it waits to be taken in, and does not vote until then", "generation", c.entry.generation.Number)
	c.entry.awaits.Store(nil)
	c.setJoining(joiningEmpty)
}

func (c *Cluster) setJoining(how string) { c.entry.joining.Store(&how) }

// join follows until the leader has made this node one that does not vote, let it
// catch up, and made it one that votes: both committed since it was started. Its own
// log alone does not tell: it may be on its way to what was so before it lost its disk.
func (c *Cluster) join() {
	c.entry.opened.Store(time.Now().UnixNano())
	c.entry.guard.set(partListen)
	since := uint64(0)
	for {
		if since == 0 {
			var err error
			if since, err = c.mark(); err != nil {
				c.log.Info("this node waits to be taken in, and its leader does not answer yet", "reason", err)
			}
		}
		c.entry.roll.restored(c.snaps.newest())
		switch suffrage, in, known := c.entry.roll.suffrage(c.cfg.Self, since); {
		case since == 0 || !known || !in:
		case suffrage != raft.Voter:
			c.setJoining(joiningLearner)
		case *c.entry.joining.Load() == joiningLearner:
			c.joined()
			return
		}
		if !c.pause(lookEvery) {
			return
		}
	}
}

func (c *Cluster) joined() {
	if c.cfg.Dir != "" {
		if err := removeSynced(c.cfg.Dir, fileJoining); err != nil {
			c.fail(fmt.Errorf("%w: %w", ErrStorage, err))
			return
		}
	}
	c.entry.joining.Store(nil)
	c.entry.guard.set(partWhole)
	c.log.Info("this node was taken in: it votes", "generation", c.entry.generation.Number)
}

// admit is asked for each connection.
func (c *Cluster) admit(from string, greeting []byte) error {
	err := c.entry.known.admit(from, greeting)
	if opened := c.entry.opened.Load(); err != nil && opened != 0 {
		lived := time.Unix(0, opened)
		if at, ok := c.HeardFromLeader(); ok && at.After(lived) {
			lived = at
		}
		if at := c.entry.awake.from(time.Now()); at.After(lived) {
			lived = at
		}
		c.superseded(lived)
	}
	return err
}

// superseded ends this node if a later generation has taken its own one's place, and
// notes that for the next start. lived is when its own last showed life here.
func (c *Cluster) superseded(lived time.Time) bool {
	c.entry.ending.Lock() // several connections may find it out at once, and there is one file
	defer c.entry.ending.Unlock()
	if c.hasFailed() {
		return true
	}
	next, by, ok := c.entry.known.later(lived, max(supersededAfter, 5*c.cfg.Tuning.Heartbeat))
	if !ok {
		return false
	}
	next.Since = time.Now()
	if c.cfg.Dir != "" {
		if err := writeGeneration(c.cfg.Dir, fileNext, next); err != nil {
			c.fail(err)
			return true
		}
	}
	c.fail(fmt.Errorf("%w: %q is of generation %v, which has a leader; this log is of %v. At the next start it is set aside and this node joins", ErrSuperseded, by, next, c.entry.generation))
	return true
}
