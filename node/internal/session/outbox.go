package session

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"tvilling/protocol"
)

// errSlow: more is queued for the browser than may be.
var errSlow = errors.New("session: the reader does not keep up")

// mark is what the browser holds once a frame has arrived.
type mark struct {
	generation protocol.Generation
	whole      bool // a view is shown; else the rest says nothing
	index      uint64
	count      uint32
	digest     uint64
}

// out is a frame that waits to be written. Frames with a generation disclose
// something, and are dropped when a Revoke makes that generation an old one.
type out struct {
	frame      []byte
	generation protocol.Generation
	answer     bool // discloses something beside the view: goes with a Revoke and with the patient
	mark       *mark
	within     time.Duration // for the socket to take it; zero: writeWithin
	lost       func()        // what the owner does when the frame was dropped instead
}

// outbox holds what waits for the writer. Urgent frames go before everything else,
// then a heartbeat, then the queue in its order.
type outbox struct {
	mu         sync.Mutex
	urgent     []out
	queue      []out
	bytes      int // of the queue
	budget     *budget
	beat       *beat
	sent       mark
	generation protocol.Generation // older frames are not written any more
	writing    bool
	underway   int // bytes of the queue's frame that is being written
	closed     bool

	wake    chan struct{} // something to write, or closed
	drained chan struct{} // the queue became empty
}

func newOutbox(b *budget) *outbox {
	return &outbox{budget: b, wake: make(chan struct{}, 1), drained: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put queues a frame. It fails with errSlow at the ceiling, and with errCrowded where
// the node's is reached.
func (o *outbox) put(f out) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f.generation != 0 && f.generation < o.generation {
		return nil
	}
	if o.bytes+len(f.frame) > queueCeiling {
		return errSlow
	}
	if !o.budget.take(len(f.frame)) {
		return errCrowded
	}
	o.queue = append(o.queue, f)
	o.bytes += len(f.frame)
	signal(o.wake)
	return nil
}

// putBeat replaces the heartbeat that waits, if any: only the newest counts.
func (o *outbox) putBeat(b beat) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.beat = &b
	signal(o.wake)
}

// raise makes every older generation an old one: what is queued of it is dropped and
// returned, and nothing of it is written again. A frame whose writing has begun is
// finished before anything else is written.
func (o *outbox) raise(g protocol.Generation) (dropped []out) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.generation = max(o.generation, g)
	return o.drop(func(f *out) bool { return f.generation != 0 && f.generation < o.generation })
}

// withdraw is raise for a Revoke: answers beside the view go as well.
func (o *outbox) withdraw(g protocol.Generation) (dropped []out) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.generation = max(o.generation, g)
	return o.drop(func(f *out) bool { return f.answer || f.generation != 0 && f.generation < o.generation })
}

// forget drops everything that discloses something of the patient who is being left.
func (o *outbox) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop(func(f *out) bool { return f.answer || f.generation != 0 })
	o.sent = mark{}
}

func (o *outbox) drop(which func(f *out) bool) (dropped []out) {
	kept := o.queue[:0]
	for _, f := range o.queue {
		if which(&f) {
			dropped = append(dropped, f)
			o.bytes -= len(f.frame)
			o.budget.give(len(f.frame))
			continue
		}
		kept = append(kept, f)
	}
	clear(o.queue[len(kept):])
	o.queue = kept
	return dropped
}

// jump puts a frame before everything that waits.
func (o *outbox) jump(frame []byte, after *mark) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.urgent = append(o.urgent, out{frame: frame, mark: after})
	signal(o.wake)
}

// idle reports whether nothing waits and nothing is being written.
func (o *outbox) idle() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.writing && len(o.queue) == 0 && len(o.urgent) == 0
}

// arrived reports whether the browser has been sent the whole view of a generation.
func (o *outbox) arrived(g protocol.Generation) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sent.whole && o.sent.generation == g
}

// full reports whether so many bytes wait, here or in all, that no more should be
// asked for.
func (o *outbox) full(limit int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes > limit || o.budget.tight()
}

// empty gives back what nobody will write any more. The writer has ended.
func (o *outbox) empty() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.budget.give(o.bytes + o.underway)
	o.queue, o.bytes, o.underway = nil, 0, 0
}

// close lets the writer write what waits, and end.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	signal(o.wake)
}

// next takes what is to be written next. ok is false when there is nothing; ended
// when there never will be.
func (o *outbox) next() (f out, ok, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(o.urgent) > 0:
		f, o.urgent = o.urgent[0], o.urgent[1:]
	case o.beat != nil && o.left() > 0:
		f.frame, f.within = protocol.AppendFrame(nil, o.filled()), beatWithin
		o.beat = nil
	case len(o.queue) > 0:
		f = o.queue[0]
		o.queue[0] = out{}
		o.queue = o.queue[1:]
		o.bytes -= len(f.frame)
		o.underway = len(f.frame)
	default:
		return out{}, false, o.closed
	}
	o.writing = true
	return f, true, false
}

// beat is a heartbeat, and when the leader was heard on whose word it rests.
type beat struct {
	protocol.Heartbeat
	heard time.Time
}

// left is what the lease of the heartbeat that waits is still good for. One that
// waited until nothing is left is never written.
func (o *outbox) left() time.Duration { return lease - time.Since(o.beat.heard) }

// filled is the heartbeat that waits, with what is left of its lease, and with what the
// frames written so far have left the browser with: a heartbeat that overtook a batch
// must not speak of it.
func (o *outbox) filled() protocol.Heartbeat {
	b := o.beat.Heartbeat
	b.LeaseMillis = uint32(o.left().Milliseconds())
	b.Generation = o.generation
	if o.sent.whole && o.sent.generation == o.generation {
		b.Position.Index, b.Count, b.Digest = o.sent.index, o.sent.count, o.sent.digest
	}
	return b
}

// wrote notes that a frame has been written.
func (o *outbox) wrote(f out) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writing = false
	o.budget.give(o.underway)
	o.underway = 0
	if f.mark != nil {
		o.sent = *f.mark
	}
	if len(o.queue) == 0 && len(o.urgent) == 0 {
		signal(o.drained)
	}
}

// write is the writer: it ends with the outbox, with an error of the socket, or when
// the socket has not taken a frame in time.
func (o *outbox) write(ctx context.Context, conn Conn) error {
	for {
		f, ok, ended := o.next()
		if ended {
			return nil
		}
		if !ok {
			select {
			case <-o.wake:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := writeOne(ctx, conn, f); err != nil {
			return err
		}
		o.wrote(f)
	}
}

func writeOne(ctx context.Context, conn Conn, f out) error {
	ctx, cancel := context.WithTimeoutCause(ctx, cmp.Or(f.within, writeWithin), errSlow)
	defer cancel()
	if err := conn.Write(ctx, f.frame); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	return nil
}

// pace is the reader's: a bucket of tokens, one for each frame.
type pace struct {
	perSecond, atOnce float64
	tokens            float64
	filled            time.Time
}

func newPace(l Limits) pace {
	return pace{perSecond: float64(l.FramesPerSec), atOnce: float64(l.FramesAtOnce), tokens: float64(l.FramesAtOnce), filled: time.Now()}
}

// take takes a token and returns how long to wait for it.
func (p *pace) take(now time.Time) time.Duration {
	p.tokens = min(p.atOnce, p.tokens+now.Sub(p.filled).Seconds()*p.perSecond)
	p.filled = now
	p.tokens--
	if p.tokens >= 0 {
		return 0
	}
	return time.Duration(-p.tokens / p.perSecond * float64(time.Second))
}
