package cluster

import (
	"context"
	"fmt"
	"time"
)

// restedFor is how long nothing may have been written to the log before a look at
// whether it can be writes something itself.
const restedFor = 3 * time.Second

// keyVital is what that writes.
var keyVital = []byte("tvilling-vital")

// Vital tells whether this node itself could go on: raft's own loop answers, and its log
// was written to a moment ago, or can be. It asks for no quorum: a node that is cut off
// from the others is as well as they are, and ending it would help nobody. One that is
// being closed has bounds of its own.
func (c *Cluster) Vital(ctx context.Context) error {
	answered := make(chan struct{})
	go func() {
		defer close(answered) // raft does not always answer while it is being shut down
		_ = c.raft.VerifyLeader().Error()
	}()
	select {
	case <-answered:
	case <-c.ctx.Done():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: raft does not answer: %w", ErrStalled, context.Cause(ctx))
	}
	if c.hasFailed() {
		return c.counts.err
	}
	if c.ctx.Err() != nil || time.Since(c.store.lastWrite()) < restedFor {
		return nil
	}
	written := make(chan error, 1)
	go func() { written <- c.store.Set(keyVital, []byte(time.Now().UTC().Format(time.RFC3339))) }()
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: the log cannot be written: %w", ErrStalled, context.Cause(ctx))
	}
}
