package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"syscall"
	"testing"

	"tvilling/node"
)

// bound is a socket as a supervisor hands it over.
func bound(t *testing.T) sockets {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	_ = l.Close() // ours is the descriptor
	return sockets{"client": f}
}

// What comes for a node that has closed its listener is taken by the one that starts
// after it: the socket stays.
func TestANodeThatWasSupersededStartsAgain(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	superseded := fmt.Errorf("%w: of generation 2", node.ErrSuperseded)
	runs := 0
	var waits net.Conn
	err := again(t.Context(), log, bound(t), func(listeners map[string]net.Listener) (err, closed error) {
		runs++
		l := listeners["client"]
		if runs == 1 {
			if waits, err = net.Dial("tcp", l.Addr().String()); err != nil {
				t.Fatal(err)
			}
			return superseded, l.Close()
		}
		conn, err := l.Accept()
		if err != nil {
			return err, nil
		}
		_, err = conn.Write([]byte("here"))
		return errors.Join(err, conn.Close(), l.Close()), nil
	})
	if err != nil || runs != 2 {
		t.Fatalf("%d runs, %v", runs, err)
	}
	defer waits.Close()
	if b, err := io.ReadAll(waits); err != nil || string(b) != "here" {
		t.Errorf("%q, %v", b, err)
	}

	asked, cancel := context.WithCancel(t.Context())
	cancel()
	other := errors.New("the disk is full")
	for name, c := range map[string]struct {
		ctx         context.Context
		err, closed error
		runs        int
	}{
		"again and again":         {t.Context(), superseded, nil, 1 + maxAgain},
		"another end":             {t.Context(), other, nil, 1},
		"in order":                {t.Context(), nil, nil, 1},
		"it could not be closed":  {t.Context(), superseded, other, 1},
		"it is asked to end, too": {asked, superseded, nil, 1},
	} {
		runs := 0
		err := again(c.ctx, log, nil, func(map[string]net.Listener) (err, closed error) {
			runs++
			return c.err, c.closed
		})
		if runs != c.runs || (err == nil) != (c.err == nil) || c.err != nil && !errors.Is(err, c.err) || c.closed != nil && !errors.Is(err, c.closed) {
			t.Errorf("%s: %d runs, %v", name, runs, err)
		}
	}
}

func TestSocketsHaveNamesOfTheirOwn(t *testing.T) {
	var two []*os.File
	for range 2 {
		fd, err := syscall.Dup(int(bound(t)["client"].Fd()))
		if err != nil {
			t.Fatal(err)
		}
		two = append(two, os.NewFile(uintptr(fd), "client"))
	}
	if s, err := inherited(two[:1]); err != nil || s["client"] != two[0] {
		t.Errorf("one: %v, %v", s, err)
	}
	if _, err := inherited(two); err == nil {
		t.Error("two of one name")
	}
	if s, err := inherited(nil); err != nil || len(s) != 0 {
		t.Errorf("none: %v, %v", s, err)
	}
}
