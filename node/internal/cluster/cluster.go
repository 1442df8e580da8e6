package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/node/internal/timing"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Cluster is this node's part in the cluster.
type Cluster struct {
	cfg     Config
	self    admin.Node
	machine Machine
	log     *slog.Logger

	network Network
	store   *watchedStore
	closer  func() error
	raft    *raft.Raft
	peers   *peers
	batcher *batcher
	snaps   *countedSnapshots
	lead    leadership
	entry   entry
	counts  counters
	life
}

// life is how long the goroutines of a Cluster run.
type life struct {
	ctx   context.Context // ends with Close
	stop  context.CancelFunc
	works context.Context // ends with it, and before that when this node cannot go on
	quit  context.CancelFunc
	tasks sync.WaitGroup // end before raft does: raft answers what they wait for
	calls sync.WaitGroup // end when the network is closed
}

// counters are what Counters reports, and how a node ends.
type counters struct {
	proposals, forwarded, retries, entries, commands atomic.Uint64
	stuck, transfers, transfersFailed                atomic.Uint64
	commits, applies                                 timing.Histogram

	once   sync.Once
	failed chan struct{}
	err    error // set before failed is closed
}

// Counters is what a node may show of its cluster part since it was started.
type Counters struct {
	Proposals, Forwarded, Retries uint64         // of Propose: calls, attempts sent to the leader, attempts after the first
	Entries, Commands             uint64         // batched here while leading
	StuckFollowers                uint64         // times that a follower stood still for too long
	Transfers, TransfersFailed    uint64         // asked of this node while leading
	Commit                        timing.Reading // of Propose, from the call to its results
	Sync                          timing.Reading // of a write to the log
	Apply                         timing.Reading // of what the state machine is given at once
}

// Open starts raft on this node. The state machine stays the caller's: it is closed
// after the Cluster.
func Open(cfg Config, machine Machine) (*Cluster, error) {
	cfg.Tuning = cfg.Tuning.withDefaults()
	self, err := cfg.check()
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	works, quit := context.WithCancel(ctx)
	c := &Cluster{cfg: cfg, self: self, machine: machine, log: cfg.Logger, life: life{ctx: ctx, stop: stop, works: works, quit: quit}, closer: func() error { return nil }}
	c.lead.clocks = newClocks(cfg.Now)
	c.counts.failed = make(chan struct{})
	if err := c.open(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.start()
	return c, nil
}

// start sets going what runs beside raft. See the package comment.
func (c *Cluster) start() {
	c.tasks.Go(c.watchLeadership)
	c.tasks.Go(c.watchPulse)
	c.calls.Go(c.serve)
	c.tasks.Go(c.enter)
	if len(c.cfg.Topology.Members) > 1 {
		c.tasks.Go(c.watchClocks)
	}
	c.tasks.Go(c.batcher.run)
}

// Run waits until ctx ends, and returns nil, or until this node cannot go on: then
// the process has to end, and be started again.
func (c *Cluster) Run(ctx context.Context) error {
	select {
	case <-c.counts.failed:
		return c.counts.err
	case <-c.machine.Done():
		err := fmt.Errorf("state machine: %w", c.machine.Err())
		c.fail(err)
		return err
	case <-c.ctx.Done():
		return nil
	case <-ctx.Done():
		return nil
	}
}

// fail silences the node and ends Run. It is called from where something stands still
// and must not wait.
func (c *Cluster) fail(err error) {
	c.counts.once.Do(func() {
		c.log.Error("this node cannot go on", "reason", err)
		_ = c.network.Close()
		c.counts.err = err
		close(c.counts.failed)
		c.quit()
	})
}

// Close hands leadership over if it is held and can be, and stops. What is under way
// is answered first, within bounds. If raft hangs in a write its files are left open:
// the process has to end.
func (c *Cluster) Close() error {
	if c.raft != nil && c.ctx.Err() == nil && !c.hasFailed() {
		ctx, cancel := context.WithTimeout(context.Background(), closeLimit/2)
		if c.raft.State() == raft.Leader {
			if err := c.giveWay(ctx, "", true); err != nil {
				c.log.Info("closing as leader", "reason", err)
			}
		}
		cancel()
	}
	c.stop()
	if c.store != nil {
		c.store.Release()
	}
	err := c.stopRaft()
	if c.network != nil {
		err = errors.Join(err, c.network.Close())
	}
	if c.peers != nil {
		c.peers.close()
	}
	if c.entry.guard != nil {
		c.entry.guard.stop()
	}
	c.calls.Wait()
	if errors.Is(err, ErrStalled) {
		return err
	}
	return errors.Join(err, c.closer())
}

// stopRaft waits, within bounds, for what is in flight and for raft.
func (c *Cluster) stopRaft() error {
	if c.raft == nil {
		return nil
	}
	stopped := make(chan error, 1)
	go func() {
		c.batcher.stop()
		c.tasks.Wait()
		c.batcher.wait()
		stopped <- c.raft.Shutdown().Error()
	}()
	select {
	case err := <-stopped:
		return err
	case <-time.After(closeLimit):
		return fmt.Errorf("%w: raft has not stopped in %v", ErrStalled, closeLimit)
	}
}

func (c *Cluster) hasFailed() bool {
	select {
	case <-c.counts.failed:
		return true
	default:
		return false
	}
}

// Leader is the id of the leader that this node knows, or empty.
func (c *Cluster) Leader() string {
	_, id := c.raft.LeaderWithID()
	return string(id)
}

// IsLeader tells whether this node leads and takes proposals. A witness never does.
func (c *Cluster) IsLeader() bool {
	return c.self.Role == admin.RoleData && c.raft.State() == raft.Leader
}

// Position is how far this node has come in the cluster's history.
func (c *Cluster) Position() protocol.Position {
	return protocol.Position{Epoch: c.entry.generation.epoch(c.cfg.Topology.Cluster), Index: c.machine.AppliedIndex()}
}

// Generation is the history that this node is part of. It is the same from Open to Close.
func (c *Cluster) Generation() Generation { return c.entry.generation }

// HeardFromLeader tells when this node last had proof that a leader with a quorum was
// there, and that this node keeps up with it: on a follower the leader's last message,
// or when it last got on with the log, if that is longer ago; on a leader the last time
// that it asked for a commit and got it, the canary's at the latest. A process that was
// paused does not take its old belief for proof.
func (c *Cluster) HeardFromLeader() (at time.Time, ok bool) {
	if c.raft.State() == raft.Leader {
		at = c.lead.proof()
		return at, !at.IsZero()
	}
	at = c.raft.LastContact()
	if pulse := c.lead.lastPulse(); pulse.Before(at) {
		at = pulse
	}
	return at, !at.IsZero() && c.Leader() != ""
}

// Counters reports what was counted since the start.
func (c *Cluster) Counters() Counters {
	n := &c.counts
	return Counters{
		Proposals: n.proposals.Load(), Forwarded: n.forwarded.Load(), Retries: n.retries.Load(),
		Entries: n.entries.Load(), Commands: n.commands.Load(),
		StuckFollowers: n.stuck.Load(), Transfers: n.transfers.Load(), TransfersFailed: n.transfersFailed.Load(),
		Commit: n.commits.Read(), Sync: c.store.writes.Read(), Apply: n.applies.Read(),
	}
}
