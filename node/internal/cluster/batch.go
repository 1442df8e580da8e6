package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
)

// applier is the part of raft that the batcher writes to.
type applier interface {
	Apply(entry []byte, timeout time.Duration) raft.ApplyFuture
}

// batcher makes entries of proposals. It waits for room: while an entry is under way,
// proposals gather, and the next one takes all that fit. When many propose at once it
// also lingers a little, since those who were just answered are about to come again,
// and would otherwise be half of them in each of two entries.
type batcher struct {
	raft   applier
	level  func() uint16
	counts *counters
	proven func(time.Time) // told when a commit was asked for that was made

	queue chan *proposal
	bytes atomic.Int64  // queued
	slots chan struct{} // entries under way
	quit  chan struct{}
	once  sync.Once
	done  sync.WaitGroup
}

// proposal is what one Propose brought. done has room for its one outcome.
type proposal struct {
	ctx      context.Context
	commands [][]byte
	size     int
	done     chan outcome
}

type outcome struct {
	results []command.Result
	err     error
}

func newBatcher(to applier, level func() uint16, counts *counters, proven func(time.Time)) *batcher {
	return &batcher{
		raft: to, level: level, counts: counts, proven: proven,
		queue: make(chan *proposal, maxQueued), slots: make(chan struct{}, maxEntriesInFlight), quit: make(chan struct{}),
	}
}

// submit brings commands to the log and waits for what the state machine answers.
// errNotLeader, errNotSent: certainly not written. errLost: perhaps.
func (b *batcher) submit(ctx context.Context, commands [][]byte) ([]command.Result, error) {
	p := &proposal{ctx: ctx, commands: commands, done: make(chan outcome, 1)}
	for _, c := range commands {
		p.size += len(c)
	}
	if b.bytes.Add(int64(p.size)) > maxQueuedBytes {
		b.bytes.Add(-int64(p.size))
		return nil, fmt.Errorf("%w: the leader's queue is full", errNotSent)
	}
	select {
	case b.queue <- p:
	case <-b.quit:
		b.bytes.Add(-int64(p.size))
		return nil, fmt.Errorf("%w: %w", errNotSent, ErrClosed)
	default:
		b.bytes.Add(-int64(p.size))
		return nil, fmt.Errorf("%w: the leader's queue is full", errNotSent)
	}
	select {
	case o := <-p.done:
		return o.results, o.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errLost, context.Cause(ctx))
	}
}

// run takes proposals in the order they came until stop.
func (b *batcher) run() {
	var carried *proposal
	latest := 0 // proposals in the entry before
	for {
		first := carried
		carried = nil
		if first == nil {
			select {
			case first = <-b.queue:
				b.bytes.Add(-int64(first.size))
			case <-b.quit:
				b.refuseAll(nil)
				return
			}
		}
		select {
		case b.slots <- struct{}{}:
		case <-b.quit:
			b.refuseAll(first)
			return
		}
		if latest >= lingerFrom {
			b.linger()
		}
		var batch []*proposal
		batch, carried = b.gather(first)
		latest = len(batch)
		if len(batch) == 0 {
			<-b.slots
			continue
		}
		b.write(batch)
	}
}

// linger waits for as long as proposals keep coming, within bounds.
func (b *batcher) linger() {
	timer := time.NewTimer(lingerStep)
	defer timer.Stop()
	for range lingerSteps {
		had := len(b.queue)
		if had >= maxEntryCommands || b.bytes.Load() >= maxEntryBytes {
			return
		}
		select {
		case <-timer.C:
			timer.Reset(lingerStep)
		case <-b.quit:
			return
		}
		if len(b.queue) == had {
			return
		}
	}
}

// gather takes what is queued and fits with the first into one entry. Who has given
// up is left out: nobody would hear the answer. The one that did not fit is carried.
func (b *batcher) gather(first *proposal) (batch []*proposal, carried *proposal) {
	size, commands := 0, 0
	take := func(p *proposal) bool {
		if p.ctx.Err() != nil {
			p.done <- outcome{err: fmt.Errorf("%w: %w", errNotSent, context.Cause(p.ctx))}
			return true
		}
		if len(batch) > 0 && (size+p.size > maxEntryBytes || commands+len(p.commands) > maxEntryCommands) {
			return false
		}
		batch = append(batch, p)
		size += p.size
		commands += len(p.commands)
		return true
	}
	take(first)
	for {
		select {
		case p := <-b.queue:
			b.bytes.Add(-int64(p.size))
			if !take(p) {
				return batch, p
			}
		default:
			return batch, nil
		}
	}
}

// write hands one entry to raft, in order, and leaves waiting to a goroutine.
func (b *batcher) write(batch []*proposal) {
	var commands [][]byte
	for _, p := range batch {
		commands = append(commands, p.commands...)
	}
	started := time.Now()
	entry, err := command.Join(b.level(), started.UnixMilli(), commands...)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
		for _, p := range batch {
			p.done <- outcome{err: err}
		}
		<-b.slots
		return
	}
	future := b.raft.Apply(entry, enqueueLimit)
	b.done.Go(func() {
		results, err := settle(future, len(commands))
		if err == nil {
			b.proven(started)
			b.counts.entries.Add(1)
			b.counts.commands.Add(uint64(len(commands)))
		}
		<-b.slots
		for _, p := range batch {
			o := outcome{err: err}
			if err == nil {
				o.results, results = results[:len(p.commands):len(p.commands)], results[len(p.commands):]
			}
			p.done <- o
		}
	})
}

// settle waits for an entry and says how it went. It is the one place that looks at
// what a future holds: its error says whether the entry was committed, its response
// what the state machine made of it.
func settle(future raft.ApplyFuture, n int) ([]command.Result, error) {
	switch err := future.Error(); {
	case err == nil:
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress),
		errors.Is(err, raft.ErrEnqueueTimeout), errors.Is(err, raft.ErrAbortedByRestore):
		return nil, fmt.Errorf("%w: %w", errNotLeader, err)
	default: // leadership lost, shut down, whatever comes
		return nil, fmt.Errorf("%w: %w", errLost, err)
	}
	switch response := future.Response().(type) {
	case []command.Result:
		if len(response) == n {
			return response, nil
		}
		return nil, fmt.Errorf("%w: %d results for %d commands", ErrRefused, len(response), n)
	case error:
		return nil, fmt.Errorf("%w: %w", ErrRefused, response)
	default:
		return nil, fmt.Errorf("%w: a response of type %T", ErrRefused, response)
	}
}

// refuseAll tells who still waits that nothing was written.
func (b *batcher) refuseAll(first *proposal) {
	refuse := func(p *proposal) { p.done <- outcome{err: fmt.Errorf("%w: %w", errNotSent, ErrClosed)} }
	if first != nil {
		refuse(first)
	}
	for {
		select {
		case p := <-b.queue:
			b.bytes.Add(-int64(p.size))
			refuse(p)
		default:
			return
		}
	}
}

// stop makes run end; what it has not written is refused.
func (b *batcher) stop() { b.once.Do(func() { close(b.quit) }) }

// wait waits for the entries under way, once run has ended.
func (b *batcher) wait() { b.done.Wait() }
