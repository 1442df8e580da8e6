package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// Propose brings commands into the log, from any node, and returns what the state
// machine answered to each. They stand together in one entry, in their order.
//
// It tries again for as long as ctx and the limit allow. A command without an intent
// is given one, so that a second attempt at what was made already is answered with
// the first result. ErrNoQuorum and ErrTooLarge: nothing was written. ErrUnknown: it
// may have been.
func (c *Cluster) Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error) {
	if len(commands) == 0 {
		return nil, nil
	}
	encoded, err := encode(commands)
	if err != nil {
		return nil, err
	}
	if c.works.Err() != nil {
		return nil, ErrClosed
	}
	c.counts.proposals.Add(1)
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.Tuning.ProposeLimit, errTimeOut)
	defer cancel()
	defer context.AfterFunc(c.works, cancel)() // another node may take it at once

	var doubt bool // an attempt may have been made
	pause := retryFloor
	for {
		changed := c.lead.changed.wait()
		results, err := c.attempt(ctx, encoded)
		switch {
		case err == nil:
			c.counts.commits.Observe(time.Since(began))
			return results, nil
		case errors.Is(err, errLost):
			doubt = true
		case !errors.Is(err, errNotLeader) && !errors.Is(err, errNotSent):
			return nil, err
		}
		if ctx.Err() == nil {
			c.counts.retries.Add(1)
			select {
			case <-changed:
				pause = retryFloor
			case <-time.After(pause):
				pause = min(2*pause, retryCeiling)
			case <-ctx.Done():
			}
		}
		switch {
		case ctx.Err() == nil:
		case doubt:
			return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
		case c.works.Err() != nil:
			return nil, ErrClosed
		case context.Cause(ctx) == errTimeOut:
			return nil, fmt.Errorf("%w: %w", ErrNoQuorum, err)
		default:
			return nil, fmt.Errorf("%w: %w: %w", ErrNoQuorum, context.Cause(ctx), err)
		}
	}
}

// errTimeOut tells our limit from the caller's.
var errTimeOut = errors.New("time is out")

func encode(commands []command.Command) ([][]byte, error) {
	if len(commands) > MaxProposalCommands {
		return nil, fmt.Errorf("%w: %d commands, at most %d", ErrTooLarge, len(commands), MaxProposalCommands)
	}
	encoded := make([][]byte, len(commands))
	size := 0
	for i, one := range commands {
		if one.Intent == (command.Intent{}) {
			_, _ = rand.Read(one.Intent[:]) // never fails
		}
		b, err := command.EncodeCommand(one)
		if errors.Is(err, command.ErrTooLarge) {
			return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
		}
		if err != nil {
			return nil, fmt.Errorf("proposing: %w", err)
		}
		encoded[i] = b
		size += len(b)
	}
	if size > MaxProposalBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, MaxProposalBytes)
	}
	return encoded, nil
}

// attempt proposes once: here, or to the leader.
func (c *Cluster) attempt(ctx context.Context, encoded [][]byte) ([]command.Result, error) {
	leader := c.Leader()
	switch leader {
	case "":
		return nil, fmt.Errorf("%w: none is known", errNotLeader)
	case c.cfg.Self:
		return c.accept(ctx, encoded)
	default:
		return c.forward(ctx, leader, encoded)
	}
}

// accept takes commands on the leader.
func (c *Cluster) accept(ctx context.Context, encoded [][]byte) ([]command.Result, error) {
	if c.raft.State() != raft.Leader {
		return nil, errNotLeader
	}
	if c.self.Role == admin.RoleWitness {
		return nil, fmt.Errorf("%w: a witness that hands over", errNotLeader)
	}
	return c.batcher.submit(ctx, encoded)
}

// forward asks the leader. When another one takes its place, or it stays silent, the
// attempt is given up, its outcome unknown.
func (c *Cluster) forward(ctx context.Context, leader string, encoded [][]byte) ([]command.Result, error) {
	c.counts.forwarded.Add(1)
	limit := attemptLimit
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline))
	}
	attempt, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	left := make(chan struct{})
	defer close(left)
	go c.giveUpOn(leader, cancel, left)
	answer, err := c.peers.call(attempt, leader, callPropose, appendProposal(nil, limit, encoded))
	if err != nil {
		return nil, err
	}
	results, err := readResults(answer.payload)
	if err != nil || len(results) != len(encoded) {
		return nil, fmt.Errorf("%w: the leader's answer cannot be read", errLost)
	}
	return results, nil
}

// giveUpOn cancels an attempt when its leader leads no more. It ends with the attempt.
func (c *Cluster) giveUpOn(leader string, cancel context.CancelFunc, left <-chan struct{}) {
	for {
		changed := c.lead.changed.wait()
		if c.Leader() != leader {
			cancel()
			return
		}
		select {
		case <-changed:
		case <-left:
			return
		}
	}
}
