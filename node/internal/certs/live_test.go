package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/node/internal/certs/certstest"
	"tvilling/protocol/admin"
)

var a1 = admin.Identity{Cluster: "demo", Node: "a1"}

// live opens a directory, looks whenever it is told to, and keeps what it said.
type live struct {
	*Live
	t    *testing.T
	w    world
	said bytes.Buffer
}

func newLive(t *testing.T) *live {
	t.Helper()
	l := &live{t: t, w: newWorld(t)}
	var err error
	if l.Live, err = Open(l.w.dir, admin.RoleData, a1, slog.New(slog.NewTextHandler(&l.said, nil))); err != nil {
		t.Fatal(err)
	}
	return l
}

// put renames files into place, in order, and looks after each as a look may fall there.
func (l *live) put(files ...any) {
	l.t.Helper()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(l.w.dir, files[i].(string))
		if err := os.WriteFile(path+".new", files[i+1].([]byte), 0o600); err != nil {
			l.t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			l.t.Fatal(err)
		}
		l.look(time.Now())
	}
}

func TestANewCertificateIsTakenUp(t *testing.T) {
	l := newLive(t)
	client := &tls.Config{RootCAs: l.w.cluster.Pool(), ServerName: "127.0.0.1", Certificates: []tls.Certificate{l.w.cluster.Issue(admin.Identity{Cluster: "demo"})}}
	var shown []byte
	client.VerifyConnection = func(s tls.ConnectionState) error { shown = s.PeerCertificates[0].Raw; return nil }
	server := l.AdminServer()
	if err := greet(t, server, client); err != nil {
		t.Fatal(err)
	}
	before := l.Now()
	next := l.w.cluster.Issue(a1)
	cert, key := encode(t, next)
	l.put(admin.FileNodeKey, key, admin.FileNodeCert, cert) // between the two they do not match
	if l.Now() == before || l.Fault() != nil || strings.Contains(l.said.String(), "ERROR") {
		t.Fatalf("not taken up: %v\n%s", l.Fault(), l.said.String())
	}
	if err := greet(t, server, client); err != nil || !bytes.Equal(shown, next.Certificate[0]) {
		t.Errorf("the listener shows another certificate: %v", err)
	}
	if len(l.Now().Expiries) != len(before.Expiries) {
		t.Errorf("%v instead of %v", l.Now().Expiries, before.Expiries)
	}
	// Who signs sources changes: the old ones are out, the new ones in.
	sources := certstest.New(t)
	from := func(c tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: l.w.cluster.Pool(), ServerName: "127.0.0.1", Certificates: []tls.Certificate{c}}
	}
	server = l.SourceServer()
	l.put(admin.FileSources, sources.PEM())
	if err := greet(t, server, from(l.w.sources.IssueHSA("SE1-S"))); err == nil {
		t.Error("a source of the old authority is let in")
	}
	if err := greet(t, server, from(sources.IssueHSA("SE1-S"))); err != nil {
		t.Errorf("a source of the new authority: %v", err)
	}
}

func TestWhatCannotBeUsedIsNotTakenUp(t *testing.T) {
	other := certstest.New(t)
	for name, c := range map[string]struct {
		put  func(l *live)
		says string
	}{
		"another's key": {func(l *live) {
			cert, _ := encode(t, l.w.cluster.Issue(a1))
			l.put(admin.FileNodeCert, cert)
		}, "private key does not match"},
		"half written": {func(l *live) {
			cert, key := encode(t, l.w.cluster.Issue(a1))
			l.put(admin.FileNodeKey, key, admin.FileNodeCert, cert[:len(cert)/2])
		}, "not whole"},
		"empty": {func(l *live) { l.put(admin.FileStaff, []byte{}) }, "holds no certificate"},
		"another cluster's": {func(l *live) {
			cert, key := encode(t, l.w.cluster.Issue(admin.Identity{Cluster: "prod", Node: "a1"}))
			l.put(admin.FileNodeKey, key, admin.FileNodeCert, cert)
		}, "this node is tvilling://demo/node/a1"},
		"an operator's": {func(l *live) {
			cert, key := encode(t, l.w.cluster.Issue(admin.Identity{Cluster: "demo"}))
			l.put(admin.FileNodeKey, key, admin.FileNodeCert, cert)
		}, "this node is"},
		"of another authority": {func(l *live) {
			cert, key := encode(t, other.Issue(a1))
			l.put(admin.FileNodeKey, key, admin.FileNodeCert, cert)
		}, "unknown authority"},
		"an authority that did not sign": {func(l *live) { l.put(admin.FileAuthority, other.PEM()) }, "unknown authority"},
		"run out": {func(l *live) {
			cert, key := encode(t, l.w.cluster.IssueFor(a1, time.Now().Add(-time.Hour), time.Now().Add(-time.Minute)))
			l.put(admin.FileNodeKey, key, admin.FileNodeCert, cert)
		}, "ran out at"},
		"not valid yet": {func(l *live) {
			cert, key := encode(t, l.w.cluster.IssueFor(a1, time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)))
			l.put(admin.FileNodeKey, key, admin.FileNodeCert, cert)
		}, "not yet valid"},
		"browsers', not valid yet": {func(l *live) {
			cert, key := encode(t, l.w.cluster.IssueFor(a1, time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)))
			l.put(admin.FileClientKey, key, admin.FileClientCert, cert)
		}, "valid from"},
		"gone": {func(l *live) {
			if err := os.Remove(filepath.Join(l.w.dir, admin.FileClientKey)); err != nil {
				t.Fatal(err)
			}
			l.look(time.Now())
		}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t)
			before := l.Now()
			c.put(l)
			if l.Fault() != nil {
				t.Errorf("told of at the first look: %v", l.Fault())
			}
			for range 3 {
				l.look(time.Now())
			}
			if l.Now() != before {
				t.Error("it was taken up")
			}
			if l.Fault() == nil || !strings.Contains(l.Fault().Error(), c.says) {
				t.Errorf("%v does not say %q", l.Fault(), c.says)
			}
			if n := strings.Count(l.said.String(), "cannot be used"); n != 1 {
				t.Errorf("said %d times:\n%s", n, l.said.String())
			}
			// Something right heals it, and another part is taken up all the same.
			staff := certstest.New(t)
			if name != "empty" {
				l.put(admin.FileStaff, staff.PEM())
				if l.Now() == before {
					t.Error("what is wrong with one part keeps another away")
				}
			}
			cert, key := encode(t, l.w.cluster.Issue(a1))
			l.put(admin.FileNodeKey, key, admin.FileClientKey, key, admin.FileNodeCert, cert, admin.FileClientCert, cert,
				admin.FileAuthority, l.w.cluster.PEM(), admin.FileStaff, staff.PEM())
			if l.look(time.Now()); l.Fault() != nil {
				t.Errorf("healed, and told of still: %v", l.Fault())
			}
		})
	}
}

// What is not valid yet is taken up when it is, untouched.
func TestItIsTakenUpWhenItsTimeComes(t *testing.T) {
	l := newLive(t)
	before := l.Now()
	cert, key := encode(t, l.w.cluster.IssueFor(a1, time.Now().Add(10*time.Minute), time.Now().Add(2*time.Hour)))
	l.put(admin.FileNodeKey, key, admin.FileNodeCert, cert)
	l.look(time.Now())
	if l.Fault() == nil || l.Now() != before {
		t.Fatal("taken up before its time")
	}
	if l.look(time.Now().Add(11 * time.Minute)); l.Fault() != nil || l.Now() == before {
		t.Errorf("not taken up: %v", l.Fault())
	}
}

func TestAStartTakesWhatHasRunOut(t *testing.T) {
	w := newWorld(t)
	cert, key := encode(t, w.cluster.IssueFor(a1, time.Now().Add(-time.Hour), time.Now().Add(-time.Minute)))
	write(t, w.dir, map[string][]byte{admin.FileNodeCert: cert, admin.FileNodeKey: key})
	l, err := Open(w.dir, admin.RoleData, a1, slog.New(slog.DiscardHandler))
	if err != nil || l.Fault() != nil {
		t.Fatal(err, l.Fault())
	}
	if l.look(time.Now()); l.Fault() != nil {
		t.Errorf("what is in use is no new file: %v", l.Fault())
	}
}

func TestRunLooksByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t)
		before := l.Now()
		cert, key := encode(t, l.w.cluster.Issue(a1))
		write(t, l.w.dir, map[string][]byte{admin.FileNodeCert: cert, admin.FileNodeKey: key})
		ctx, stop := context.WithTimeout(t.Context(), lookEvery+time.Millisecond)
		defer stop()
		if err := l.Run(ctx); !errors.Is(err, context.DeadlineExceeded) || l.Now() == before {
			t.Errorf("%v, taken up: %v", err, l.Now() != before)
		}
	})
}
