package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"tvilling/node/internal/certs/certstest"
	"tvilling/protocol/admin"
)

func TestLifetime(t *testing.T) {
	now := time.Now()
	until := func(d time.Duration) *x509.Certificate { return &x509.Certificate{NotAfter: now.Add(d)} }
	for name, c := range map[string]struct {
		own    *x509.Certificate
		theirs []*x509.Certificate
		least  time.Duration
		most   time.Duration
	}{
		"long":           {until(1000 * time.Hour), []*x509.Certificate{until(900 * time.Hour)}, connLife * 3 / 4, connLife},
		"own first":      {until(time.Hour), []*x509.Certificate{until(900 * time.Hour)}, time.Hour, time.Hour},
		"theirs first":   {until(time.Hour), []*x509.Certificate{until(time.Minute)}, time.Minute, time.Minute},
		"their signer's": {until(time.Hour), []*x509.Certificate{until(time.Minute), until(time.Second)}, time.Second, time.Second},
		"over":           {until(time.Hour), []*x509.Certificate{until(-time.Second)}, 0, 0},
		"unread":         {nil, []*x509.Certificate{until(time.Minute)}, time.Minute, time.Minute},
	} {
		got := lifetime(tls.Certificate{Leaf: c.own}, tls.ConnectionState{PeerCertificates: c.theirs}, now)
		if got < c.least || got > c.most {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// renewing is a port whose certificate can be renewed.
func (w *realWorld) renewing(id string, first tls.Certificate) (*port, *atomic.Pointer[TLS]) {
	w.t.Helper()
	var now atomic.Pointer[TLS]
	now.Store(&TLS{Authority: w.authority.Pool(), Certificate: first})
	cfg := w.config(id)
	cfg.Tuning = cfg.Tuning.withDefaults()
	cfg.TLS = func() TLS { return *now.Load() }
	p, err := openPort(&cfg, cfg.Logger, greeterOf(First()))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = p.Close() })
	return p, &now
}

// A connection goes when a certificate that made it has run out, on both sides; there is no
// other until a newer one is shown, and then there is.
func TestAConnectionEndsWithItsCertificate(t *testing.T) {
	w := newRealWorld(t, three...)
	a1 := w.port("a1")
	who := admin.Identity{Cluster: "test", Node: "b1"}
	end := time.Now().Add(2 * time.Second).Truncate(time.Second) // as certificates have it
	b1, shows := w.renewing("b1", w.authority.IssueFor(who, time.Now().Add(-time.Hour), end))
	ctx := context.Background()
	out, err := b1.Dial(ctx, "a1")
	if err != nil {
		t.Fatal(err)
	}
	in, from, err := a1.Accept()
	if err != nil || from != "b1" {
		t.Fatal(from, err)
	}
	for side, conn := range map[string]net.Conn{"who dialled": out, "who was dialled": in} {
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second)) // a bound for a test that would hang
		_, err := conn.Read(make([]byte, 1))
		var timeout net.Error
		if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%s goes on: %v", side, err)
		}
	}
	if time.Now().Before(end) {
		t.Error("it went before its time")
	}
	if conn, err := b1.Dial(ctx, "a1"); err == nil { // its side of the handshake ends first
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("let in with a certificate that has run out")
		}
	}
	shows.Store(&TLS{Authority: w.authority.Pool(), Certificate: w.authority.Issue(who)})
	again, err := b1.Dial(ctx, "a1")
	if err != nil {
		t.Fatalf("with a new one: %v", err)
	}
	in, _, err = a1.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = again.Write([]byte("hello")) }()
	got := make([]byte, 5)
	if _, err := io.ReadFull(in, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
}

// A connection that was made before a certificate was renewed goes soon, and no other does.
func TestAConnectionGoesWhenACertificateIsRenewed(t *testing.T) {
	w := newRealWorld(t, three...)
	a1 := w.port("a1")
	who := admin.Identity{Cluster: "test", Node: "b1"}
	b1, shows := w.renewing("b1", w.authority.Issue(who))
	old, err := b1.Dial(context.Background(), "a1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a1.Accept(); err != nil {
		t.Fatal(err)
	}
	shows.Store(&TLS{Authority: w.authority.Pool(), Certificate: w.authority.Issue(who)})
	next, err := b1.Dial(context.Background(), "a1")
	if err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	_ = old.SetReadDeadline(time.Now().Add(20 * time.Second)) // a bound for a test that would hang
	if _, err := old.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the old one goes on: %v", err)
	}
	_ = next.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := next.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("the new one does not: %v", err)
	}
}

// Who was signed by an authority that is trusted no more is not let in again.
func TestAnAuthorityThatIsTrustedNoMore(t *testing.T) {
	w := newRealWorld(t, three...)
	a1, shows := w.renewing("a1", w.authority.Issue(admin.Identity{Cluster: "test", Node: "a1"}))
	next := certstest.New(t)
	shows.Store(&TLS{Authority: next.Pool(), Certificate: next.Issue(admin.Identity{Cluster: "test", Node: "a1"})})
	config := func(a *certstest.Authority) *tls.Config {
		return &tls.Config{RootCAs: next.Pool(), ServerName: "127.0.0.1", NextProtos: []string{alpnPeer},
			Certificates: []tls.Certificate{a.Issue(admin.Identity{Cluster: "test", Node: "b1"})}}
	}
	address := a1.listener.Addr().String()
	var timeout net.Error
	if err := refused(address, config(w.authority)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("of the old one: %v", err)
	}
	if err := refused(address, config(next)); err != nil && !errors.As(err, &timeout) && !errors.Is(err, io.EOF) {
		t.Errorf("of the new one: %v", err)
	}
}
