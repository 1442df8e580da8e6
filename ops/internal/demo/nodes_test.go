package demo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tvilling/protocol/admin"
)

// copied is the same program as another file.
func copied(t *testing.T, binary string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "other")
	if err := os.Link(binary, to); err != nil {
		t.Fatal(err)
	}
	return to
}

// A demo that runs does as it is told: the hooks are used, a paused node hears that it
// is to end, a replaced one runs the other binary and refuses nobody meanwhile.
func TestOrders(t *testing.T) {
	binary := build(t)
	other := copied(t, binary)
	started := map[string][]string{}
	c, err := Start(t.Context(), Options{
		Binary: binary, Feeds: Staff(time.Now()), Binaries: map[string]string{"w": other},
		Args: func(id string) []string {
			return []string{"--quiet=" + map[bool]string{true: "true", false: "false"}[id == "b2"]}
		},
		Start: func(id string, argv []string) []string {
			started[id] = argv
			return append([]string{"/usr/bin/env", "TVILLING_TRIAL=" + id}, argv...)
		},
		Edit: func(t *admin.Topology) { t.Cluster = "trial" },
		EditNode: func(id string, t *admin.Topology) {
			if id == "w" {
				t.Register = "elsewhere"
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := c.StartStandIn(); !errors.Is(err, ErrClosed) {
			t.Errorf("a demo that has ended starts something: %v", err)
		}
	}()
	control, err := c.Control()
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	if c.Binary("w") != other || c.Binary("a1") != binary || !slices.Contains(started["b2"], "--quiet=true") || !slices.Contains(started["a1"], "--quiet=false") {
		t.Errorf("started with %q", started)
	}
	own, err := admin.LoadTopology(c.ClusterFile("w"))
	if err != nil || own.Register != "elsewhere" || own.Cluster != "trial" {
		t.Errorf("w reads %+v, %v", own, err)
	}
	before := c.PID("a2")
	order := func(act Act, id, binary string) NodeState {
		t.Helper()
		state, err := Order(t.Context(), c.Dir(), act, id, binary)
		if err != nil {
			t.Fatalf("%s %s: %v", act, id, err)
		}
		return state
	}
	together(t, c)
	order(ActPause, "a2", "")
	if now := order(ActReplace, "a2", other); now.Binary != other || now.PID == before || now.PID == 0 {
		t.Errorf("replaced, it is %+v", now)
	}
	response, err := (&http.Client{Timeout: 20 * time.Second}).Get(c.URL("a2") + "/livez") // at once: nobody waited
	if err != nil {
		t.Errorf("while it was replaced: %v", err)
	} else {
		_ = response.Body.Close() // whatever it answers, it was not refused
	}
	if err := c.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	before = c.PID("a2")
	hasty, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if err := c.Replace(hasty, "a2", ""); err == nil || c.PID("a2") == before || c.PID("a2") == 0 {
		t.Errorf("a node that did not end in time is process %d, %v", c.PID("a2"), err)
	}
	if now := order(ActKill, "a2", ""); now.PID != 0 {
		t.Errorf("killed, it is %+v", now)
	}
	m, _ := c.Topology().Member("a2")
	if conn, err := net.Dial("tcp", m.Client); err == nil {
		_ = conn.Close()
		t.Error("a node that was killed takes connections")
	}
	for what, ask := range map[string]func() error{
		"no such node": func() error { _, err := Order(t.Context(), c.Dir(), ActStart, "c1", ""); return err },
		"no such act":  func() error { _, err := Order(t.Context(), c.Dir(), "burn", "a1", ""); return err },
		"does not run": func() error { _, err := Order(t.Context(), c.Dir(), ActPause, "a2", ""); return err },
		"runs already": func() error { _, err := Order(t.Context(), c.Dir(), ActStart, "a1", ""); return err },
		"can be run":   func() error { _, err := Order(t.Context(), c.Dir(), ActReplace, "a1", c.LogFile("a1")); return err },
		"no demo runs": func() error { _, err := Order(t.Context(), t.TempDir(), ActStart, "a1", ""); return err },
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	order(ActStart, "a2", "")
	if err := c.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A socket that is held takes connections while nobody runs, and none when it is let go.
func TestHold(t *testing.T) {
	one, _, err := topology(0, "", Feeds{})
	if err != nil {
		t.Fatal(err)
	}
	m := one.Members[0]
	held, err := hold(m)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(held.environment(), "\n"); !strings.Contains(got, "LISTEN_FDS=3\nLISTEN_FDNAMES=client:source:admin") {
		t.Errorf("the environment is %s", got)
	}
	if _, err := hold(m); !errors.Is(err, ErrPort) {
		t.Errorf("held twice: %v", err)
	}
	conn, err := net.Dial("tcp", m.Client)
	if err != nil {
		t.Fatalf("a socket that is held refuses: %v", err)
	}
	_ = conn.Close()
	if err := held.close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", m.Client); err == nil {
		_ = conn.Close()
		t.Error("a socket that was let go takes connections")
	}
	elsewhere := admin.Node{ID: "x", Client: "192.0.2.1:8471", Admin: m.Admin}
	held, err = hold(elsewhere)
	if err != nil || strings.Join(held.names, " ") != "admin" {
		t.Errorf("an address of another network: %v, %v", held, err)
	}
	_ = held.close() // it was a trial
}

// together gives orders for one node at once: one of them is carried out at a time, and a
// node that is being replaced is not started beside itself.
func together(t *testing.T, c *Cluster) {
	t.Helper()
	replaced := make(chan error, 1)
	go func() {
		for { // one that finds a start on its way is refused, as that is then
			_, err := Order(t.Context(), c.Dir(), ActReplace, "b1", "")
			if err == nil || !strings.Contains(err.Error(), ErrBusy.Error()) {
				replaced <- err
				return
			}
		}
	}()
	for started := 0; ; {
		select {
		case err := <-replaced:
			if err != nil || started > 0 {
				t.Errorf("replaced: %v; started beside itself %d times", err, started)
			}
			return
		default:
		}
		if _, err := Order(t.Context(), c.Dir(), ActStart, "b1", ""); err == nil {
			started++
		}
	}
}
