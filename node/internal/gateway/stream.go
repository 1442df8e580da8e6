package gateway

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/coder/websocket"

	"tvilling/node/internal/session"
	"tvilling/protocol"
)

// stream upgrades a request and serves its session. What is refused is refused before
// the upgrade, with a status that says why.
func (g *Gateway) stream(w http.ResponseWriter, r *http.Request) {
	caller := session.Caller{TLS: g.proved(r.TLS)}
	if g.cfg.SignIn != nil {
		caller.Session, caller.HandOver = g.cfg.SignIn.Held(r)
	}
	switch {
	case !g.origins.allow(r.Header.Get("Origin"), caller.Session != nil || caller.HandOver != nil):
		http.Error(w, "this page may not open a stream here", http.StatusForbidden)
		return
	case !slices.Contains(tokens(r.Header.Values("Sec-WebSocket-Protocol")), subprotocol):
		http.Error(w, "the subprotocol "+subprotocol+" is needed", http.StatusBadRequest)
		return
	}
	if err := cmp.Or(g.notDraining(), g.cfg.Sessions.Admits(caller)); err != nil {
		g.counts.Refused.Add(1)
		g.lines.refused.say(g.cfg.Logger, slog.LevelInfo, "a stream was refused", "reason", err)
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		http.Error(w, "this node takes no more streams now: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol}, OriginPatterns: g.origins.patterns(), CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		g.cfg.Logger.Debug("an upgrade failed", "error", err)
		return
	}
	conn.SetReadLimit(maxMessageBytes)
	// The request's own context ends with the hijacked request; the socket's does not.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	one := &socket{conn: conn, cancel: cancel}
	if !g.sockets.add(one) {
		one.Close(protocol.CloseMoving, errDraining.Error())
		return
	}
	defer g.sockets.remove(one)
	g.cfg.Sessions.Serve(ctx, one, caller)
}

// patterns is the origins as the upgrade's own check reads them: '[' opens a class
// there, and is an address here.
func (o origins) patterns() []string {
	all := make([]string, len(o.pages))
	for i, page := range o.pages {
		all[i] = strings.ReplaceAll(page, "[", `\[`)
	}
	return all
}

func tokens(values []string) []string {
	var all []string
	for _, t := range strings.Split(strings.Join(values, ","), ",") {
		all = append(all, strings.TrimSpace(t))
	}
	return all
}

// socket is an upgraded connection as a session sees it.
type socket struct {
	conn   *websocket.Conn
	cancel context.CancelFunc
}

func (s *socket) Read(ctx context.Context) ([]byte, error) {
	kind, b, err := s.conn.Read(ctx)
	if err == nil && kind != websocket.MessageBinary {
		return nil, fmt.Errorf("%w: a text message", session.ErrMalformed)
	}
	return b, err
}

func (s *socket) Write(ctx context.Context, frame []byte) error {
	return s.conn.Write(ctx, websocket.MessageBinary, frame)
}

// Close says goodbye, with a bound of its own.
func (s *socket) Close(code protocol.CloseCode, reason string) {
	_ = s.conn.Close(websocket.StatusCode(code), reason) // the browser may be gone already
}

// sockets is every upgraded connection: http.Server forgets them.
type sockets struct {
	mu     sync.Mutex
	open   map[*socket]struct{}
	closed bool
	served sync.WaitGroup
}

func (s *sockets) add(one *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[one] = struct{}{}
	s.served.Add(1)
	return true
}

func (s *sockets) remove(one *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, one)
	s.served.Done()
}

// end ends every session and waits for them; each says goodbye within its own bounds.
func (s *sockets) end() {
	s.mu.Lock()
	s.closed = true
	for one := range s.open {
		one.cancel()
	}
	s.mu.Unlock()
	s.served.Wait()
}
