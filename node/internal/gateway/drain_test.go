package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/node/internal/certs"
	"tvilling/protocol/admin"
)

// hold binds a port as a supervisor does, and returns what makes a listener of it for
// each process.
func hold(t *testing.T) (inherit func() net.Listener, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	held, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() })
	return func() net.Listener {
		one, err := net.FileListener(held)
		if err != nil {
			t.Fatal(err)
		}
		return one
	}, l.Addr().String()
}

// hammer sends requests without a pause until it is stopped, and counts them.
type hammer struct {
	sent, failed atomic.Int64
	first        atomic.Pointer[error]
	stop         chan struct{}
	senders      sync.WaitGroup
}

// send sends one request after the other, over kept connections or over one each.
func (h *hammer) send(client *http.Client, method, url string) {
	defer client.CloseIdleConnections()
	for {
		select {
		case <-h.stop:
			return
		default:
		}
		if err := once(client, method, url); err != nil {
			h.failed.Add(1)
			h.first.CompareAndSwap(nil, &err)
		}
		h.sent.Add(1)
	}
}

func once(client *http.Client, method, url string) error {
	var body io.Reader = http.NoBody
	if method == http.MethodPut { // cannot be read twice: the client's own second attempts hide nothing
		body = io.NopCloser(strings.NewReader("<answer/>"))
	}
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		return err
	}
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", response.Status)
	}
	return nil
}

// reach waits until so many requests more were sent.
func (h *hammer) reach(t *testing.T, more int64) {
	t.Helper()
	goal := h.sent.Load() + more
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); h.sent.Load() < goal; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d requests, not %d", h.sent.Load(), goal)
		}
	}
}

// One process after the other on a port that is held: those who send all the while, over
// kept connections and over new ones, never meet a refusal nor a broken connection.
func TestSwapsWithoutAFailedRequest(t *testing.T) {
	const swaps = 4
	client, clientAt := hold(t)
	source, sourceAt := hold(t)
	web, sources := newAuthority(t), newAuthority(t)
	config := (&certs.Node{Certificate: *web.issue(""), Sources: sources.pool()}).SourceServer()
	begin := func() *world {
		return start(t, func(c *Config) {
			c.Sources, c.Listeners = config, map[string]net.Listener{ListenerClient: client(), ListenerSource: source()}
		})
	}
	now := begin()
	h := &hammer{stop: make(chan struct{})}
	mine := &tls.Config{RootCAs: web.pool(), Certificates: []tls.Certificate{*sources.issue(system)}}
	for range 4 {
		for _, fresh := range []bool{true, false} {
			one := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: mine, DisableKeepAlives: fresh}}
			h.senders.Go(func() { h.send(one, http.MethodPut, "https://"+sourceAt+"/source/v1/answers/GetDiagnosis") })
			page := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: fresh}}
			h.senders.Go(func() { h.send(page, http.MethodGet, "http://"+clientAt+admin.PathLive) })
		}
	}
	for range swaps {
		h.reach(t, 400)
		now.Drain()
		if err := now.Settle(t.Context()); err != nil {
			t.Error(err)
		}
		if err := now.Close(); err != nil {
			t.Error(err)
		}
		now = begin()
	}
	h.reach(t, 400)
	close(h.stop)
	h.senders.Wait()
	if sent, failed := h.sent.Load(), h.failed.Load(); failed > 0 || sent < 1000 {
		t.Errorf("%d of %d requests failed; the first: %v", failed, sent, *h.first.Load())
	} else {
		t.Logf("%d requests over %d swaps, none failed", sent, swaps)
	}
}

// What had begun before the drain is waited for, and its client asked to close.
func TestADrainWaitsForWhatHadBegun(t *testing.T) {
	w := start(t, nil)
	w.intake.enter, w.intake.leave = make(chan struct{}), make(chan struct{})
	type answer struct {
		response *http.Response
		err      error
	}
	answered := make(chan answer, 1)
	cert := w.sources.issue(system)
	go func() {
		config := &tls.Config{RootCAs: w.web.pool(), Certificates: []tls.Certificate{*cert}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "https://"+w.source+"/source/v1/answers/GetDiagnosis", strings.NewReader("<answer/>"))
		if err != nil {
			answered <- answer{nil, err}
			return
		}
		response, err := (&http.Transport{TLSClientConfig: config}).RoundTrip(r)
		answered <- answer{response, err}
	}()
	<-w.intake.enter
	w.Drain()
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := w.Settle(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("settled with a request under way: %v", err)
	}
	close(w.intake.leave)
	one := <-answered
	if one.err != nil {
		t.Fatal(one.err)
	}
	defer one.response.Body.Close()
	if one.response.StatusCode != http.StatusOK || !one.response.Close {
		t.Errorf("%s, close %v", one.response.Status, one.response.Close)
	}
	if err := w.Settle(t.Context()); err != nil {
		t.Errorf("settling: %v", err)
	}
	if r := w.get(t, admin.PathReady); r.StatusCode != http.StatusServiceUnavailable || text(t, r) != "not ready: draining\n" {
		t.Errorf("draining: %d", r.StatusCode)
	}
	w.Undrain()
	if r := w.get(t, admin.PathReady); r.StatusCode != http.StatusOK {
		t.Errorf("taken back: %d", r.StatusCode)
	}
}

// A gateway that nobody is connected to has nobody to wait for.
func TestNobodyToWaitFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gateway{}
		g.parting.now, g.parting.states = newFlights(), map[net.Conn]http.ConnState{}
		began := time.Now()
		if err := g.Settle(t.Context()); err != nil { // before any drain
			t.Error(err)
		}
		g.Drain()
		g.Drain()
		if err := g.Settle(t.Context()); err != nil || time.Since(began) != 0 {
			t.Errorf("%v, after %v", err, time.Since(began))
		}
		g.parting.connection(nil, http.StateNew)
		if err := g.Settle(t.Context()); err != nil || time.Since(began) != partingFor {
			t.Errorf("%v, after %v", err, time.Since(began))
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		g.Undrain()
		g.Drain()
		if err := g.Settle(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("with no time: %v", err)
		}
	})
}

// A port that somebody else bound is served and, when the gateway closes it, still bound.
func TestAListenerThatIsHandedOver(t *testing.T) {
	client, at := hold(t)
	w := start(t, func(c *Config) { c.Listeners = map[string]net.Listener{ListenerClient: client()} })
	if w.client != at {
		t.Errorf("served at %s, handed over %s", w.client, at)
	}
	if r := w.get(t, admin.PathLive); r.StatusCode != http.StatusOK {
		t.Errorf("%d", r.StatusCode)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	c, err := net.Dial("tcp", at) // waits in the kernel for the next process
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a connection that waits: %v", err)
	}
}
