package gateway

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/node/internal/certs"
	"tvilling/node/internal/session"
	"tvilling/protocol/admin"
)

// named is a connection that is only told from others.
type named struct {
	net.Conn
	name   string
	closed *[]string
}

func (n *named) Close() error {
	*n.closed = append(*n.closed, n.name)
	return nil
}

// Who has waited longest goes; what is under way, and what was upgraded, does not.
func TestWhoGoesWhenThereAreTooMany(t *testing.T) {
	var closed []string
	all := map[string]*named{}
	c := newCrowd(3)
	tell := func(name string, state http.ConnState) {
		one := all[name]
		if one == nil {
			one = &named{name: name, closed: &closed}
			all[name] = one
		}
		if goes := c.connection(one, state); goes != nil {
			cut(goes)
		}
	}
	steps := []struct {
		name  string
		state http.ConnState
		goes  string // all that have gone by then
	}{
		{"a", http.StateNew, ""}, {"b", http.StateNew, ""}, {"c", http.StateNew, ""},
		{"a", http.StateActive, ""}, {"a", http.StateIdle, ""}, // used: it waits from now
		{"d", http.StateNew, "b"}, {"b", http.StateClosed, "b"},
		{"c", http.StateActive, "b"},
		{"e", http.StateNew, "b a"}, {"a", http.StateActive, "b a"}, // it speaks up too late
		{"d", http.StateActive, "b a"}, {"e", http.StateActive, "b a"},
		{"f", http.StateNew, "b a f"}, {"f", http.StateClosed, "b a f"}, // all are at work
		{"c", http.StateHijacked, "b a f"}, {"g", http.StateNew, "b a f"}, {"g", http.StateActive, "b a f"}, // a stream is not counted
		{"d", http.StateClosed, "b a f"}, {"h", http.StateNew, "b a f"},
		{"i", http.StateNew, "b a f h"},
	}
	for i, s := range steps {
		if tell(s.name, s.state); strings.Join(closed, " ") != s.goes {
			t.Fatalf("step %d, %s is %v: %v have gone, not %q", i, s.name, s.state, closed, s.goes)
		}
	}
	if len(c.open) != 3 || c.waiting.Len() != 1 {
		t.Errorf("%d open, %d wait", len(c.open), c.waiting.Len())
	}
}

// However many are closed, the log has a line in a while, which tells of the others.
func TestACrowdDoesNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &safeBuffer{}
		g := &Gateway{cfg: Config{Logger: slog.New(slog.NewTextHandler(log, nil))}, lines: newLines()}
		g.parting.states = map[net.Conn]http.ConnState{}
		arrives := g.arrives(newCrowd(1))
		var closed []string
		for range 100 {
			arrives(&named{closed: &closed}, http.StateNew)
		}
		if n := strings.Count(log.String(), "too many connections"); n != 1 || len(closed) != 99 || g.Counts().Crowded.Load() != 99 {
			t.Errorf("%d lines, %d closed, %d counted", n, len(closed), g.Counts().Crowded.Load())
		}
		time.Sleep(crowdedEvery)
		arrives(&named{closed: &closed}, http.StateNew)
		if said := log.String(); strings.Count(said, "too many connections") != 2 || !strings.Contains(said, "unsaid=98") {
			t.Errorf("what was left out is not told")
		}
	})
}

// bound makes the listeners of a gateway that runs as narrow as a test wants them. It
// rests on nobody being connected.
func (w *world) bound(limit int) {
	for _, c := range w.crowds {
		c.mu.Lock()
		c.limit = limit
		c.mu.Unlock()
	}
}

// asks sends a request for a path over a connection, and returns the status.
func asks(t *testing.T, conn net.Conn, path string) string {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		t.Fatal(err)
	}
	return r.Status
}

// Whoever fills the listeners with connections that stand there keeps nobody out: neither
// probes, nor streams, nor what is under way. And the node goes without waiting for them.
func TestConnectionsThatStandThere(t *testing.T) {
	const limit, many = 8, 40
	web := newAuthority(t)
	w := start(t, func(c *Config) {
		c.Browsers = (&certs.Node{Client: web.issue("")}).BrowserServer()
	})
	w.bound(limit)
	config := &tls.Config{RootCAs: web.pool(), ServerName: "127.0.0.1"}
	under := newPut(t, w) // a source's answer that is being made durable
	<-w.intake.enter
	var all []net.Conn
	for i := range many {
		conn, err := net.Dial("tcp", w.client)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if i%2 == 0 { // used once; the others say nothing at all
			conn = tls.Client(conn, config)
			if status := asks(t, conn, admin.PathLive); status != "200 OK" {
				t.Fatal(status)
			}
		}
		all = append(all, conn)
		silent, err := net.Dial("tcp", w.source)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = silent.Close() })
	}
	gone := make(chan error, many)
	for _, conn := range all {
		go func() {
			_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
			_, err := conn.Read(make([]byte, 1))
			gone <- err
		}()
	}
	for i := range many - limit {
		if err := <-gone; errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%d of %d have gone, no more: %v", i, many, err)
		}
	}
	probe, err := tls.Dial("tcp", w.client, config)
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	if status := asks(t, probe, admin.PathReady); status != "200 OK" {
		t.Error(status)
	}
	if n := w.Counts().Crowded.Load(); n < many-limit {
		t.Errorf("%d are counted", n)
	}
	close(w.intake.leave)
	if err := <-under; err != nil {
		t.Errorf("an answer under way: %v", err)
	}
	began := time.Now()
	w.Drain()
	if err := w.Settle(t.Context()); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil || time.Since(began) > partingFor+speaksWithin+closeWithin {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// newPut sends a source's answer, which waits in the intake until the test lets it go.
func newPut(t *testing.T, w *world) <-chan error {
	t.Helper()
	w.intake.enter, w.intake.leave = make(chan struct{}), make(chan struct{})
	answered := make(chan error, 1)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: w.web.pool(), Certificates: []tls.Certificate{*w.sources.issue(system)}},
	}}
	go func() {
		defer client.CloseIdleConnections()
		answered <- once(client, http.MethodPut, "https://"+w.source+"/source/v1/answers/GetDiagnosis")
	}()
	return answered
}

// However many streams are refused, the log does not fill.
func TestRefusedStreamsDoNotFillTheLog(t *testing.T) {
	w := start(t, nil)
	w.rooms.full = true
	w.lines.refused.every = time.Hour // the seconds of the test are its own
	for range 3 * linesPerSecond {
		if r := w.get(t, "/stream", upgrade("Sec-WebSocket-Protocol", subprotocol)...); r.StatusCode != http.StatusServiceUnavailable {
			t.Fatal(r.StatusCode)
		}
	}
	if n := strings.Count(w.log.String(), session.ErrStrangers.Error()); n != linesPerSecond {
		t.Errorf("%d lines", n)
	}
}
