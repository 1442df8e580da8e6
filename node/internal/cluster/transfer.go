package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
)

// Transfer moves leadership to a member, from any node. The member has to be a data
// node that is there and caught up; one that a transfer timed out to is not tried
// again by the same leader, because a second attempt can make it refuse every
// proposal for good.
func (c *Cluster) Transfer(ctx context.Context, to string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*transferLimit)
	defer cancel()
	pause := retryFloor
	for {
		changed := c.lead.changed.wait()
		err := c.transferFrom(ctx, c.Leader(), to)
		// Who leads may be changing just now; one who does not lead has done nothing.
		if err == nil || !errors.Is(err, errNotLeader) && !errors.Is(err, errNotSent) {
			return err
		}
		select {
		case <-changed:
			pause = retryFloor
		case <-time.After(pause):
			pause = min(2*pause, retryCeiling)
		case <-ctx.Done():
			return err
		case <-c.ctx.Done():
			return fmt.Errorf("%w: %w", ErrTransfer, ErrClosed)
		}
	}
}

// transferFrom asks whoever leads.
func (c *Cluster) transferFrom(ctx context.Context, leader, to string) error {
	switch leader {
	case "":
		return fmt.Errorf("%w: %w: %w", ErrTransfer, ErrNoQuorum, errNotLeader)
	case c.cfg.Self:
		return c.transfer(ctx, to)
	}
	_, err := c.peers.call(ctx, leader, callTransfer, []byte(to))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTransfer, err)
	}
	return nil
}

// transfer moves leadership from this node.
func (c *Cluster) transfer(ctx context.Context, to string) error {
	member, ok := c.cfg.Topology.Member(to)
	if !ok {
		return fmt.Errorf("%w: %q is not a member", ErrTransfer, to)
	}
	if member.Role != admin.RoleData {
		return fmt.Errorf("%w: %q is a %s and must not lead", ErrTransfer, to, member.Role)
	}
	r := c.lead.current.Load()
	if r == nil || !c.leads(r) {
		return fmt.Errorf("%w: %w", ErrTransfer, errNotLeader)
	}
	if to == c.cfg.Self {
		return nil
	}
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return fmt.Errorf("%w: another is under way: %w", ErrTransfer, context.Cause(ctx))
	case <-r.ctx.Done():
		return fmt.Errorf("%w: %w", ErrTransfer, errNotLeader)
	}
	if r.tried[to] {
		return fmt.Errorf("%w: an earlier one to %q timed out", ErrTransfer, to)
	}
	if err := c.caughtUp(ctx, to); err != nil {
		return fmt.Errorf("%w: %w", ErrTransfer, err)
	}
	c.counts.transfers.Add(1)
	changed := c.lead.changed.wait()
	if err := c.transferTo(ctx, to); err != nil {
		r.tried[to] = !errors.Is(err, raft.ErrLeadershipTransferInProgress)
		c.counts.transfersFailed.Add(1)
		return fmt.Errorf("%w: to %q: %w", ErrTransfer, to, err)
	}
	return c.arrived(ctx, to, changed)
}

// transferTo lets raft do it. An earlier transfer is over a little after raft has said
// that it timed out: until then raft refuses another, which was not tried then.
func (c *Cluster) transferTo(ctx context.Context, to string) error {
	ctx, cancel := context.WithTimeout(ctx, transferLimit)
	defer cancel()
	for {
		done := make(chan error, 1) // raft does not always answer while it is being shut down
		go func() {
			done <- c.raft.LeadershipTransferToServer(raft.ServerID(to), raft.ServerAddress(to)).Error()
		}()
		select {
		case err := <-done:
			if !errors.Is(err, raft.ErrLeadershipTransferInProgress) {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.ctx.Done():
			return ErrClosed
		}
		select {
		case <-time.After(handoverPause):
		case <-ctx.Done():
			return raft.ErrLeadershipTransferInProgress
		case <-c.ctx.Done():
			return ErrClosed
		}
	}
}

// caughtUp asks a follower how far it is.
func (c *Cluster) caughtUp(ctx context.Context, id string) error {
	s, err := c.status(ctx, id)
	if err != nil {
		return fmt.Errorf("%q: %w", id, err)
	}
	if s.Joining != "" {
		return fmt.Errorf("%w: %q waits to be taken in and does not vote", ErrNotCaughtUp, id)
	}
	last, applied := c.raft.LastIndex(), c.machine.AppliedIndex()
	if s.LastIndex+maxTransferLag < last || s.AppliedIndex+maxTransferLag < applied {
		return fmt.Errorf("%w: %q has %d of %d entries, %d of %d applied", ErrNotCaughtUp, id, s.LastIndex, last, s.AppliedIndex, applied)
	}
	return nil
}

// arrived waits until leadership is where it was sent.
func (c *Cluster) arrived(ctx context.Context, to string, changed <-chan struct{}) error {
	limit := time.NewTimer(transferLimit)
	defer limit.Stop()
	for {
		switch leader := c.Leader(); leader {
		case to:
			return nil
		case "", c.cfg.Self:
		default:
			return fmt.Errorf("%w: %q leads instead of %q", ErrTransfer, leader, to)
		}
		select {
		case <-changed:
			changed = c.lead.changed.wait()
		case <-limit.C:
			return fmt.Errorf("%w: to %q: nobody leads yet", ErrTransfer, to)
		case <-ctx.Done():
			return fmt.Errorf("%w: to %q: %w", ErrTransfer, to, context.Cause(ctx))
		}
	}
}

// giveWay moves leadership to whichever data node is furthest, trying one after the
// other, but not the one that is to be passed by. One that goes away itself, or whose
// clock is wrong, comes last, if at all.
func (c *Cluster) giveWay(ctx context.Context, passBy string, leaving bool) error {
	stays := func(s status) bool { return s.Phase == admin.PhaseNone && !s.ClockWrong }
	candidates := slices.DeleteFunc(c.statuses(ctx), func(s status) bool {
		return s.Role != admin.RoleData || s.ID == c.cfg.Self || s.ID == passBy || s.Error != "" || !leaving && !stays(s)
	})
	slices.SortStableFunc(candidates, func(a, b status) int {
		switch {
		case stays(a) != stays(b) && stays(a), stays(a) == stays(b) && a.LastIndex > b.LastIndex:
			return -1
		case stays(a) == stays(b) && a.LastIndex == b.LastIndex:
			return 0
		}
		return 1
	})
	err := fmt.Errorf("%w: no data node answers that stays and whose clock is right", ErrTransfer)
	for _, candidate := range candidates {
		if err = c.transfer(ctx, candidate.ID); err == nil || ctx.Err() != nil || c.raft.State() != raft.Leader {
			return err
		}
	}
	return err
}
