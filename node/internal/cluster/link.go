package cluster

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// link is one connection for peer calls: many at a time, answers in any order.
type link struct {
	conn net.Conn
	out  chan frame
	down chan struct{}

	mu      sync.Mutex
	err     error     // set when down
	heard   time.Time // when the peer last said anything
	next    uint64
	waiting map[uint64]chan frame
}

func newLink(conn net.Conn) *link {
	return &link{conn: conn, out: make(chan frame, maxLinkQueue), down: make(chan struct{}), heard: time.Now(), waiting: map[uint64]chan frame{}}
}

// fail closes the link, once; who waits gets to know by down.
func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err = err
	close(l.down)
	_ = l.conn.Close()
}

func (l *link) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// silent tells that the peer has said nothing for as long as it may take to reach it.
func (l *link) silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.heard) >= dialLimit
}

// write sends what is queued, several frames in one write where they have gathered.
func (l *link) write() {
	w := bufio.NewWriterSize(l.conn, 64<<10)
	var buffer []byte
	for {
		select {
		case <-l.down:
			return
		case f := <-l.out:
			_ = l.conn.SetWriteDeadline(time.Now().Add(closeLimit))
			buffer = appendFrame(buffer[:0], f)
			_, err := w.Write(buffer)
			if err == nil && len(l.out) == 0 {
				err = w.Flush()
			}
			if err != nil {
				l.fail(err)
				return
			}
			if cap(buffer) > 256<<10 {
				buffer = nil
			}
		}
	}
}

// read hands answers to who waits for them.
func (l *link) read() {
	r := bufio.NewReaderSize(l.conn, 64<<10)
	for {
		f, err := readFrame(r)
		if err != nil {
			l.fail(err)
			return
		}
		l.mu.Lock()
		l.heard = time.Now()
		waiting := l.waiting[f.id]
		delete(l.waiting, f.id)
		l.mu.Unlock()
		if waiting != nil {
			waiting <- f // has room for the one answer
		}
	}
}

// call asks and waits. errNotSent: the peer certainly does not know. errLost: it may.
func (l *link) call(ctx context.Context, kind call, payload []byte) (frame, error) {
	answer := make(chan frame, 1)
	l.mu.Lock()
	l.next++
	id := l.next
	l.waiting[id] = answer
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.waiting, id)
		l.mu.Unlock()
	}()
	select {
	case l.out <- frame{kind: kind, id: id, payload: payload}:
	case <-l.down:
		return frame{}, fmt.Errorf("%w: %w", errNotSent, l.failure())
	case <-ctx.Done():
		return frame{}, fmt.Errorf("%w: %w", errNotSent, context.Cause(ctx))
	}
	select {
	case f := <-answer:
		if f.kind == callError {
			return frame{}, readError(f.payload)
		}
		return f, nil
	case <-l.down:
		return frame{}, fmt.Errorf("%w: %w", errLost, l.failure())
	case <-ctx.Done():
		return frame{}, fmt.Errorf("%w: %w", errLost, context.Cause(ctx))
	}
}

// peers keeps one link to each member.
type peers struct {
	dial func(ctx context.Context, id string) (net.Conn, error)
	wg   sync.WaitGroup

	mu     sync.Mutex
	closed bool
	by     map[string]*peer
}

// peer is the link to one member; turn is held by who dials.
type peer struct {
	turn chan struct{}
	link *link
}

func newPeers(dial func(ctx context.Context, id string) (net.Conn, error)) *peers {
	return &peers{dial: dial, by: map[string]*peer{}}
}

// call asks a member. A silent link on which a call got no answer is dropped: the next
// call dials afresh, because a peer that was cut off leaves dead connections.
func (p *peers) call(ctx context.Context, id string, kind call, payload []byte) (frame, error) {
	l, err := p.link(ctx, id)
	if err != nil {
		return frame{}, fmt.Errorf("%w: %w", errNotSent, err)
	}
	f, err := l.call(ctx, kind, payload)
	if err != nil && ctx.Err() != nil && l.silent() {
		l.fail(fmt.Errorf("%w: no answer in time", ErrUnreachable))
	}
	return f, err
}

func (p *peers) link(ctx context.Context, id string) (*link, error) {
	p.mu.Lock()
	to := p.by[id]
	if to == nil {
		to = &peer{turn: make(chan struct{}, 1)}
		p.by[id] = to
	}
	p.mu.Unlock()
	select {
	case to.turn <- struct{}{}:
		defer func() { <-to.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if to.link != nil && to.link.failure() == nil {
		return to.link, nil
	}
	conn, err := p.dial(ctx, id)
	if err != nil {
		return nil, err
	}
	l := newLink(conn)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return nil, ErrClosed
	}
	to.link = l
	p.wg.Go(l.read)
	p.wg.Go(l.write)
	return l, nil
}

// close drops every link and waits for their goroutines.
func (p *peers) close() {
	p.mu.Lock()
	p.closed = true
	for _, to := range p.by {
		if to.link != nil {
			to.link.fail(ErrClosed)
		}
	}
	p.mu.Unlock()
	p.wg.Wait()
}
