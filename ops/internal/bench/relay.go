package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"tvilling/protocol/admin"
)

// Limits of the relay.
const (
	maxAsked     = 4 << 20 // bytes of a request or an answer
	relayTimeout = 30 * time.Second
)

// relay stands between the cluster and the block service and passes on what they say,
// with the time at which they say it. It is what can be seen from outside of when the
// cluster knows of a block, whatever the interval at which it asks.
type relay struct {
	listener net.Listener
	server   *http.Server
	every    time.Duration // the cluster waits so long after a round before it asks again
	to       string

	mu      sync.Mutex
	arrived []time.Time          // of every question
	waited  map[string]time.Time // for whose blocks: when they were first told of; zero: not yet
}

func newRelay() (*relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the block service: %w", err)
	}
	r := &relay{listener: l, waited: map[string]time.Time{}}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: relayTimeout}
	return r, nil
}

// between puts the relay on the way to a service.
func (r *relay) between(s *admin.Service) {
	r.to, s.URL = s.URL, "http://"+r.listener.Addr().String()+"/blocks"
	r.every = time.Duration(s.EverySeconds) * time.Second
	go func() { _ = r.server.Serve(r.listener) }() // until close; a cluster that gets no answers says so
}

func (r *relay) close() error {
	return errors.Join(r.server.Close(), ignoreClosed(r.listener.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// ServeHTTP passes a question on.
func (r *relay) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.asked(time.Now())
	status, kind, answer, err := r.pass(q)
	if err != nil {
		http.Error(w, "the service cannot be asked", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	r.told(answer, time.Now())
	_, _ = w.Write(answer) // who asked is gone: it asks again
}

func (r *relay) pass(q *http.Request) (status int, kind string, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(q.Context(), relayTimeout)
	defer cancel()
	body, err := io.ReadAll(io.LimitReader(q.Body, maxAsked))
	if err != nil {
		return 0, "", nil, err
	}
	on, err := http.NewRequestWithContext(ctx, q.Method, r.to, bytes.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	for _, name := range []string{"Content-Type", "SOAPAction"} {
		on.Header.Set(name, q.Header.Get(name))
	}
	got, err := http.DefaultClient.Do(on)
	if err != nil {
		return 0, "", nil, err
	}
	defer got.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(got.Body, maxAsked))
	return got.StatusCode, got.Header.Get("Content-Type"), answer, err
}

func (r *relay) asked(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrived = append(r.arrived, at)
}

// told notes whose blocks are told of for the first time.
func (r *relay) told(answer []byte, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for patient, before := range r.waited {
		if before.IsZero() && bytes.Contains(answer, []byte(patient)) {
			r.waited[patient] = at
		}
	}
}

// wait begins to look for blocks of a patient.
func (r *relay) wait(patient string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waited[patient] = time.Time{}
}

// known returns when a patient's blocks were told of, and when the cluster had committed
// them: the first question after that came, and the wait before it had to begin, after
// the round with them was done. Zero: it has not, or the round was not an ordinary one.
func (r *relay) known(patient string) (told, committed time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	told = r.waited[patient]
	for _, at := range r.arrived {
		if told.IsZero() || !at.After(told) {
			continue
		}
		if began := at.Add(-r.every); !began.Before(told) {
			committed = began
		}
		break
	}
	return told, committed
}
