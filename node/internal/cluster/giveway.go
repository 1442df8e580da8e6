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

// Limits of leading no more.
const (
	handOverLimit = 5 * time.Second // for a node that leads to hand over
	unledLimit    = 3 * time.Second // for somebody to lead, where just now nobody does
	shunEvery     = 5 * time.Second // between two attempts to lead no more, where nobody else can lead
)

// HandOver makes this node lead no more: leadership goes to the member that is named,
// or to whichever data node is furthest and stays itself. It returns nil once somebody else leads. One
// that is not caught up yet is waited for, within bounds.
func (c *Cluster) HandOver(ctx context.Context, to string) error {
	if to == c.cfg.Self {
		return fmt.Errorf("%w: %q is the node that is to lead no more", ErrTransfer, to)
	}
	if !slices.ContainsFunc(c.cfg.Topology.Members, func(m admin.Node) bool { return m.Role == admin.RoleData && m.ID != c.cfg.Self }) {
		return fmt.Errorf("%w: nobody else can lead", ErrTransfer)
	}
	ctx, cancel := context.WithTimeout(ctx, handOverLimit)
	defer cancel()
	unled := time.Now().Add(unledLimit)
	for {
		var err error
		switch leader := c.Leader(); {
		case c.hasFailed() || c.ctx.Err() != nil:
			return fmt.Errorf("%w: %w", ErrTransfer, ErrClosed)
		case c.raft.State() == raft.Leader:
			err = c.giveTo(ctx, to)
			if err == nil || !errors.Is(err, ErrNotCaughtUp) && !errors.Is(err, errNotLeader) {
				return err
			}
		case leader != "" && leader != c.cfg.Self:
			return nil
		default:
			if err = fmt.Errorf("%w: %w: nobody leads now", ErrTransfer, ErrNoQuorum); time.Now().After(unled) {
				return err
			}
		}
		select {
		case <-time.After(handoverPause):
		case <-ctx.Done():
			return err
		}
	}
}

func (c *Cluster) giveTo(ctx context.Context, to string) error {
	if to == "" {
		return c.giveWay(ctx, "", false)
	}
	return c.transfer(ctx, to)
}

// Shun hands leadership over whenever this node has won it, until ctx ends. Where nobody
// else can lead it leads on, and tries again.
func (c *Cluster) Shun(ctx context.Context) {
	_ = c.WhileLeader(ctx, func(ctx context.Context) error {
		for {
			err := c.HandOver(ctx, "")
			if err == nil || ctx.Err() != nil {
				return nil
			}
			c.log.Warn("this node is to lead no more, and leads on: nobody else can", "reason", err)
			select {
			case <-time.After(shunEvery):
			case <-ctx.Done():
				return nil
			}
		}
	})
}
