package fault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/protocol/admin"
)

// piped is a connection through one link.
func piped(t *testing.T, l *link) (in io.WriteCloser, out io.ReadCloser) {
	near, source := net.Pipe()
	sink, far := net.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		pump(ctx, sink, source, l)
	}()
	t.Cleanup(func() {
		cancel()
		_, _ = near.Close(), far.Close()
		<-done
	})
	return near, far
}

func TestCutHoldsBytesAndHealLetsThemGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		in, out := piped(t, l)
		var got bytes.Buffer
		go func() { _, _ = io.Copy(&got, out) }()
		send := func(s string) {
			if _, err := io.WriteString(in, s); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		send("before ")
		l.cut()
		l.cut()
		send("held ")
		time.Sleep(time.Hour)
		synctest.Wait()
		if got.String() != "before " {
			t.Errorf("through a cut link came %q", got.String())
		}
		l.heal()
		synctest.Wait()
		send("after")
		if want := "before held after"; got.String() != want {
			t.Errorf("after heal: %q, want %q", got.String(), want)
		}
	})
}

func TestSlowLinkDelaysAndPaces(t *testing.T) {
	for _, c := range []struct {
		name string
		slow Slowness
		size int
		want time.Duration
	}{
		{"not slow", Slowness{}, 1000, 0},
		{"latency", Slowness{Latency: 50 * time.Millisecond}, 1000, 50 * time.Millisecond},
		{"rate", Slowness{BitsPerSecond: 8000}, 1000, time.Second},
		{"both", Slowness{BitsPerSecond: 8000, Latency: 50 * time.Millisecond}, 2000, 2050 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink()
				l.slow(c.slow)
				in, out := piped(t, l)
				began := time.Now()
				go func() { _, _ = in.Write(make([]byte, c.size)) }()
				if _, err := io.ReadFull(out, make([]byte, c.size)); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != c.want {
					t.Errorf("it took %v, want %v", took, c.want)
				}
			})
		})
	}
}

// server answers every byte with the same.
func server(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return l.Addr().String()
}

// members is a cluster file of two whose peers echo.
func members(t *testing.T) *admin.Topology {
	return &admin.Topology{Members: []admin.Node{{ID: "a", Peer: server(t)}, {ID: "b", Peer: server(t)}}}
}

// ask sends a byte and waits a while for it to come back.
func ask(conn net.Conn, within time.Duration) error {
	if _, err := conn.Write([]byte{7}); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err
}

const (
	soon    = 5 * time.Second
	shortly = 100 * time.Millisecond
)

func TestRelaysCutOneDirectionOfOnePair(t *testing.T) {
	r := openRelays()
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	all := members(t)
	mine := *all
	if err := r.EditNode("a", &mine); err != nil {
		t.Fatal(err)
	}
	if mine.Members[0].Peer != all.Members[0].Peer || mine.Members[1].Peer == all.Members[1].Peer {
		t.Fatalf("a is given %v", mine.Members)
	}
	conn, err := net.Dial("tcp", mine.Members[1].Peer)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, direction := range []pair{{"a", "b"}, {"b", "a"}} {
		if err := ask(conn, soon); err != nil {
			t.Fatalf("before %v is cut: %v", direction, err)
		}
		if err := r.Cut(direction.from, direction.to); err != nil {
			t.Fatal(err)
		}
		if err := ask(conn, shortly); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%v is cut, and: %v", direction, err)
		}
		if err := r.Heal(); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(soon)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatalf("what was held did not come after heal: %v", err)
		}
	}
	if err := r.Cut("a", "z"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a node that is not there: %v", err)
	}
}

func TestRelayIsTheSameWhenANodeIsGivenItsFileAgain(t *testing.T) {
	r := openRelays()
	all := members(t)
	first, second := *all, *all
	for _, file := range []*admin.Topology{&first, &second} {
		if err := r.EditNode("a", file); err != nil {
			t.Fatal(err)
		}
	}
	if first.Members[1].Peer != second.Members[1].Peer {
		t.Errorf("%s, then %s", first.Members[1].Peer, second.Members[1].Peer)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", first.Members[1].Peer); err == nil {
		_ = conn.Close()
		t.Error("a relay listens after Close")
	}
}
