package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// handOverLimit is how long a node that leads tries to lead no more.
const handOverLimit = 5 * time.Second

// HandOver makes this node lead no more: leadership goes to the member that is named,
// or to whichever data node is furthest. It returns nil once somebody else leads. One
// that is not caught up yet is waited for, within bounds.
func (c *Cluster) HandOver(ctx context.Context, to string) error {
	if to == c.cfg.Self {
		return fmt.Errorf("%w: %q is the node that is to lead no more", ErrTransfer, to)
	}
	ctx, cancel := context.WithTimeout(ctx, handOverLimit)
	defer cancel()
	for {
		switch {
		case c.hasFailed() || c.ctx.Err() != nil:
			return fmt.Errorf("%w: %w", ErrTransfer, ErrClosed)
		case c.raft.State() == raft.Leader:
		case c.Leader() == "" || c.Leader() == c.cfg.Self:
			return fmt.Errorf("%w: %w: nobody leads now", ErrTransfer, ErrNoQuorum)
		default:
			return nil
		}
		err := c.giveTo(ctx, to)
		if err == nil || !errors.Is(err, ErrNotCaughtUp) && !errors.Is(err, errNotLeader) {
			return err
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
		return c.giveWay(ctx, "")
	}
	return c.transfer(ctx, to)
}
