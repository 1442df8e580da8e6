package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"tvilling/node/internal/health"
)

var errDraining = errors.New("the node goes away")

// parting is how a gateway lets go of its clients. A connection that is closed while a
// request is on its way loses that request: so each response asks its client to close
// first, and what was begun before the drain is waited for.
type parting struct {
	mu       sync.Mutex
	draining bool
	since    time.Time
	now      *flights // requests that begin
	before   *flights // those that had begun when the drain did; nil: none was asked for

	states  map[net.Conn]http.ConnState // of connections, but for those that were upgraded
	changed chan struct{}               // closed at the next change of them; nil: nobody waits
}

// connection notes what a server tells of a connection.
func (p *parting) connection(c net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(p.states, c)
	default:
		p.states[c] = state
	}
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// rest waits until no connection is in one of the states, or until the time is over.
func (p *parting) rest(within time.Duration, states ...http.ConnState) {
	limit := time.NewTimer(within)
	defer limit.Stop()
	for {
		p.mu.Lock()
		busy := false
		for _, state := range p.states {
			busy = busy || slices.Contains(states, state)
		}
		if p.changed == nil {
			p.changed = make(chan struct{})
		}
		changed := p.changed
		p.mu.Unlock()
		if !busy {
			return
		}
		select {
		case <-changed:
		case <-limit.C:
			return
		}
	}
}

// flights are requests under way.
type flights struct {
	number int
	last   bool          // no more come
	landed chan struct{} // closed when the last one has ended
}

func newFlights() *flights { return &flights{landed: make(chan struct{})} }

func (f *flights) end() {
	if f.number == 0 && f.last {
		close(f.landed)
	}
}

// Drain makes the node unready and takes no more upgrades. What runs goes on, and what
// comes is answered; both are asked to come back on another connection.
func (g *Gateway) Drain() {
	p := &g.parting
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return
	}
	p.draining, p.since = true, time.Now()
	p.before, p.now = p.now, newFlights()
	p.before.last = true
	p.before.end()
}

// Undrain makes the node take upgrades again.
func (g *Gateway) Undrain() {
	g.parting.mu.Lock()
	defer g.parting.mu.Unlock()
	g.parting.draining = false
}

// Settle waits, after Drain, until whoever uses a connection has been asked to close it,
// and what had begun before is answered; or until ctx ends.
func (g *Gateway) Settle(ctx context.Context) error {
	p := &g.parting
	p.mu.Lock()
	before, left := p.before, partingFor-time.Since(p.since)
	if len(p.states) == 0 {
		left = 0 // who comes now is asked with the first response
	}
	p.mu.Unlock()
	if before == nil {
		return nil
	}
	select {
	case <-before.landed:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-time.After(left):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *Gateway) notDraining() error {
	g.parting.mu.Lock()
	defer g.parting.mu.Unlock()
	if g.parting.draining {
		return errDraining
	}
	return nil
}

// checks are the node's, and whether it drains.
func (g *Gateway) checks() []health.Check {
	return append([]health.Check{{Name: "draining", Ask: g.notDraining}}, g.cfg.Checks...)
}

// departing counts requests, and has their responses ask clients to close while the
// node drains. An upgrade is not counted: the sockets are.
func (g *Gateway) departing(h http.Handler) http.Handler {
	p := &g.parting
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == pathStream {
			if g.notDraining() != nil {
				w.Header().Set("Connection", "close")
			}
			h.ServeHTTP(w, r)
			return
		}
		p.mu.Lock()
		mine := p.now
		mine.number++
		p.mu.Unlock()
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			mine.number--
			mine.end()
		}()
		f := &farewell{ResponseWriter: w, gateway: g}
		h.ServeHTTP(f, r)
		f.begin() // of a response without a body
	})
}

// farewell asks the client to close when the response begins: the drain may have begun
// since the request did.
type farewell struct {
	http.ResponseWriter
	gateway *Gateway
	begun   bool
}

func (f *farewell) begin() {
	if f.begun {
		return
	}
	f.begun = true
	if f.gateway.notDraining() != nil {
		f.Header().Set("Connection", "close")
	}
}

// WriteHeader implements http.ResponseWriter.
func (f *farewell) WriteHeader(status int) {
	f.begin()
	f.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (f *farewell) Write(b []byte) (int, error) {
	f.begin()
	return f.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (f *farewell) Unwrap() http.ResponseWriter { return f.ResponseWriter }

// serving is how many servers accept connections.
type serving struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// begin counts servers that start; false: it is too late.
func (s *serving) begin(servers int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.group.Add(servers)
	}
	return !s.closed
}

func (s *serving) end() { s.group.Done() }

func (s *serving) wait() { s.group.Wait() }

func (s *serving) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

func (s *serving) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
