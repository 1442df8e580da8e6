package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"

	"tvilling/raftfsm/command"
)

// serve answers peer calls until the network is closed.
func (c *Cluster) serve() {
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		conn, from, err := c.network.Accept()
		if err != nil {
			return
		}
		conns.Go(func() { c.serveLink(conn, from) })
	}
}

// serveLink answers the calls of one connection, several at a time.
func (c *Cluster) serveLink(conn net.Conn, from string) {
	l := newLink(conn)
	stop := context.AfterFunc(c.ctx, func() { l.fail(ErrClosed) })
	defer stop()
	var calls sync.WaitGroup
	defer calls.Wait()
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	calls.Go(l.write)
	room := make(chan struct{}, maxCallsPerLink)
	r := bufio.NewReaderSize(conn, 64<<10)
	for {
		f, err := readFrame(r)
		if err != nil {
			l.fail(err)
			return
		}
		select {
		case room <- struct{}{}:
		case <-l.down:
			return
		}
		calls.Go(func() {
			defer func() { <-room }()
			answer, err := c.answer(ctx, f, from)
			if err != nil {
				answer = frame{kind: callError, payload: appendError(nil, err)}
			}
			answer.id = f.id
			select {
			case l.out <- answer:
			case <-l.down:
			}
		})
	}
}

// answer does what a peer asks.
func (c *Cluster) answer(ctx context.Context, f frame, from string) (frame, error) {
	switch f.kind {
	case callPropose:
		return c.answerPropose(ctx, f.payload)
	case callStatus:
		b, err := json.Marshal(c.ownStatus())
		return frame{kind: callAnswer, payload: b}, err
	case callTransfer:
		ctx, cancel := context.WithTimeout(ctx, 2*transferLimit)
		defer cancel()
		c.log.Info("asked to transfer leadership", "by", from, "to", string(f.payload))
		return frame{kind: callAnswer}, c.transfer(ctx, string(f.payload))
	case callCosign:
		return c.answerCosign(ctx, f.payload)
	default:
		return frame{}, fmt.Errorf("%w: call %d is not known here", errNotSent, f.kind)
	}
}

// answerPropose takes a peer's proposal. Its commands are checked as our own are:
// what no state machine could read must not get into the log.
func (c *Cluster) answerPropose(ctx context.Context, payload []byte) (frame, error) {
	wait, commands, err := readProposal(payload)
	if err != nil {
		return frame{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	size := 0
	for _, b := range commands {
		if _, err := command.DecodeCommand(b); err != nil {
			return frame{}, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		size += len(b)
	}
	if size > MaxProposalBytes {
		return frame{}, ErrTooLarge
	}
	ctx, cancel := context.WithTimeout(ctx, min(wait, c.cfg.Tuning.ProposeLimit))
	defer cancel()
	results, err := c.accept(ctx, commands)
	if err != nil {
		return frame{}, err
	}
	return frame{kind: callResults, payload: appendResults(nil, results)}, nil
}
