package admin

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// drainTimeout bounds a call that waits for a drain: longer than the longest drain.
const drainTimeout = (maxWithin + 60) * time.Second

// maxWithin bounds how long an operator may give browsers, seconds. A browser is told
// of at most half of it, and believes twice that.
const maxWithin = 120

// What a node's own parts say no with.
var (
	ErrRequest = errRequest // the call makes no sense
	ErrState   = errState   // not as things are now
)

// Operated is the node itself, as those see it who release, watch and mend it.
type Operated interface {
	Drain(ctx context.Context, want admin.Drain) (admin.Draining, error)
	Draining() admin.Draining
	Undrain(ctx context.Context) (admin.Draining, error)
	Health() admin.NodeHealth
}

// operate adds the paths of operating a node.
func (e *endpoint) operate(mux *http.ServeMux) {
	if e.Operated == nil {
		return
	}
	mux.Handle("GET "+admin.PathNode, e.answer(func(*http.Request) (any, error) { return e.Operated.Health(), nil }))
	mux.Handle("GET "+admin.PathDrain, e.answer(func(*http.Request) (any, error) { return e.Operated.Draining(), nil }))
	mux.Handle("POST "+admin.PathDrain, patient(e.answerWithin(maxBodyBytes, drainTimeout, e.drain)))
	mux.Handle("DELETE "+admin.PathDrain, e.answer(func(r *http.Request) (any, error) { return e.Operated.Undrain(r.Context()) }))
	mux.Handle("POST "+admin.PathCanary, e.answer(e.canary))
}

// patient gives a call more time than the server gives its calls.
func patient(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		until, c := time.Now().Add(drainTimeout), http.NewResponseController(w)
		_, _ = c.SetReadDeadline(until), c.SetWriteDeadline(until) // where they cannot be set, the server's own bounds stand
		h.ServeHTTP(w, r)
	})
}

func (e *endpoint) drain(r *http.Request) (any, error) {
	var want admin.Drain
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	if want.WithinSeconds < 0 || want.WithinSeconds > maxWithin {
		return nil, fmt.Errorf("%w: within_seconds is 0 to %d", errRequest, maxWithin)
	}
	return e.Operated.Drain(r.Context(), want)
}

// canary shows that this node can get something committed, and that it comes back.
func (e *endpoint) canary(r *http.Request) (any, error) {
	results, err := e.Cluster.Propose(r.Context(), command.Command{Kind: command.KindCanary, Body: command.Canary{Node: e.Self.Node}})
	if err != nil {
		return nil, err
	}
	return admin.Done{Index: results[0].Index}, nil
}
