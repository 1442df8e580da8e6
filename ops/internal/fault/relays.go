package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"tvilling/protocol/admin"
)

// Limits of a relay.
const (
	relayChunk   = 16 << 10        // bytes read at a time
	relayQueue   = 256             // chunks on their way through a slow link: the reader waits then
	relayConns   = 256             // connections through one relay: more are closed
	relayDial    = 2 * time.Second // for the node behind it to answer
	acceptRepair = 20 * time.Millisecond
)

// Relays are a network in the process: between every two nodes, in each order, stands a
// relay that the one who dials takes for the other.
type Relays struct {
	stop context.CancelFunc
	done context.Context
	busy sync.WaitGroup

	mu        sync.Mutex
	links     map[pair]*link
	listeners map[pair]net.Listener
	known     map[string]bool
}

func openRelays() *Relays {
	ctx, stop := context.WithCancel(context.Background())
	return &Relays{stop: stop, done: ctx, links: map[pair]*link{}, listeners: map[pair]net.Listener{}, known: map[string]bool{}}
}

// Kind implements Network.
func (r *Relays) Kind() string { return KindRelays }

// Edit implements Network.
func (r *Relays) Edit(*admin.Topology) error { return nil }

// Wrap implements Network.
func (r *Relays) Wrap(_ string, argv []string) []string { return argv }

// EditNode puts a relay on the way to everybody else. A node that is given its file
// again is given the same relays.
func (r *Relays) EditNode(id string, t *admin.Topology) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	members := append([]admin.Node(nil), t.Members...) // the file of the others stays as it was
	for i := range members {
		m := &members[i]
		r.known[m.ID] = true
		if m.ID == id {
			continue
		}
		p := pair{id, m.ID}
		if r.listeners[p] == nil {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return fmt.Errorf("a relay from %s to %s: %w", id, m.ID, err)
			}
			r.listeners[p] = l
			to, there, back := m.Peer, r.link(p), r.link(pair{m.ID, id})
			r.busy.Go(func() { r.accept(l, to, there, back) })
		}
		m.Peer = r.listeners[p].Addr().String()
	}
	t.Members = members
	return nil
}

// link is what governs one direction, whoever dialled. The lock is held.
func (r *Relays) link(p pair) *link {
	if r.links[p] == nil {
		r.links[p] = newLink()
	}
	return r.links[p]
}

func (r *Relays) accept(l net.Listener, to string, there, back *link) {
	places := make(chan struct{}, relayConns)
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, most likely
			select {
			case <-time.After(acceptRepair):
			case <-r.done.Done():
				return
			}
			continue
		}
		select {
		case places <- struct{}{}:
			r.busy.Go(func() {
				defer func() { <-places }()
				join(r.done, conn, to, there, back)
			})
		default:
			_ = conn.Close()
		}
	}
}

// join dials the node behind the relay once the way there is open, and copies both ways
// until both sides have ended.
func join(ctx context.Context, conn net.Conn, to string, there, back *link) {
	defer conn.Close()
	if there.pass(ctx) != nil {
		return
	}
	dialer := net.Dialer{Timeout: relayDial}
	far, err := dialer.DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	end := context.AfterFunc(ctx, func() { _, _ = conn.Close(), far.Close() })
	defer end()
	var both sync.WaitGroup
	both.Go(func() { pump(ctx, far, conn, there) })
	both.Go(func() { pump(ctx, conn, far, back) })
	both.Wait()
}

// chunk is bytes on their way, and when they arrive.
type chunk struct {
	bytes []byte
	due   time.Time
}

// pump copies one direction of a connection as its link lets it, and closes the side
// that it wrote to at the end: that somebody has gone travels the same way as bytes do.
func pump(ctx context.Context, to io.WriteCloser, from io.Reader, l *link) {
	queue := make(chan chunk, relayQueue)
	ended := make(chan struct{})
	go func() {
		defer close(queue)
		for {
			b := make([]byte, relayChunk)
			n, err := from.Read(b)
			if n > 0 {
				select {
				case queue <- chunk{b[:n], l.due(n, time.Now())}:
				case <-ended:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	defer close(ended)
	defer to.Close()
	for c := range queue {
		if sleep(ctx, time.Until(c.due)) != nil || l.pass(ctx) != nil {
			return
		}
		if _, err := to.Write(c.bytes); err != nil {
			return
		}
	}
	_ = l.pass(ctx)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Cut implements Network: bytes are held, and nothing is closed.
func (r *Relays) Cut(from, to string) error {
	return r.change(from, to, (*link).cut)
}

// Slow implements Network.
func (r *Relays) Slow(from, to string, s Slowness) (Slowness, error) {
	return s, r.change(from, to, func(l *link) { l.slow(s) })
}

func (r *Relays) change(from, to string, change func(*link)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range []string{from, to} {
		if !r.known[id] {
			return fmt.Errorf("%w: %q", ErrUnknown, id)
		}
	}
	change(r.link(pair{from, to}))
	return nil
}

// Heal implements Network.
func (r *Relays) Heal() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.links {
		l.heal()
	}
	return nil
}

// Close implements Network.
func (r *Relays) Close() error {
	r.stop()
	r.mu.Lock()
	var faults []error
	for _, l := range r.listeners {
		faults = append(faults, l.Close())
	}
	r.mu.Unlock()
	r.busy.Wait()
	return errors.Join(faults...)
}

// link is one direction between two nodes, for all connections of it.
type link struct {
	mu   sync.Mutex
	open chan struct{} // closed while bytes pass
	slo  Slowness
	free time.Time // when the line has sent what it was given
}

func newLink() *link {
	l := &link{open: make(chan struct{})}
	close(l.open)
	return l
}

func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.open:
		l.open = make(chan struct{})
	default: // it is cut
	}
}

func (l *link) slow(s Slowness) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slo = s
}

func (l *link) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slo, l.free = Slowness{}, time.Time{}
	select {
	case <-l.open:
	default:
		close(l.open)
	}
}

// pass waits until bytes pass.
func (l *link) pass(ctx context.Context) error {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// due is when n bytes that are sent now arrive: after what is before them on the line.
func (l *link) due(n int, now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.slo.BitsPerSecond > 0 {
		if l.free.Before(now) {
			l.free = now
		}
		l.free = l.free.Add(time.Duration(n) * 8 * time.Second / time.Duration(l.slo.BitsPerSecond))
		return l.free.Add(l.slo.Latency)
	}
	return now.Add(l.slo.Latency)
}
