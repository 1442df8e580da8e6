package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/pki"
	"tvilling/protocol/admin"
)

// production is an operator's directory of a cluster in production, and the file of
// commands that would harm it. touched says what came of a drill.
func production(t *testing.T) (operator, faults string, touched func() []string) {
	t.Helper()
	dir := t.TempDir()
	done := filepath.Join(dir, "harmed")
	topology := admin.Topology{Cluster: "norr", Environment: admin.Production}
	var listeners []*net.TCPListener
	for i, id := range []string{"a1", "b1", "w"} {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		listeners = append(listeners, l)
		n := admin.Node{ID: id, Site: id[:1], Role: admin.RoleWitness, Peer: fmt.Sprintf("10.0.0.%d:1", i+1), Admin: l.Addr().String()}
		if id != "w" {
			n.Role, n.Client, n.Source, n.Origin = admin.RoleData, fmt.Sprintf("10.0.0.%d:2", i+1), fmt.Sprintf("10.0.0.%d:3", i+1), "https://"+id+".test"
		}
		topology.Members = append(topology.Members, n)
	}
	if err := pki.Init(filepath.Join(dir, "made"), topology); err != nil {
		t.Fatal(err)
	}
	faults = filepath.Join(dir, "faults.toml")
	if err := os.WriteFile(faults, fmt.Appendf(nil, "kill = [\"touch\", %q]\nstart = [\"touch\", %q]\n", done, done), 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "made", "operator"), faults, func() (what []string) {
		if _, err := os.Lstat(done); !errors.Is(err, os.ErrNotExist) {
			what = append(what, "a command was given")
		}
		for _, l := range listeners {
			if err := l.SetDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if c, err := l.Accept(); err == nil {
				what = append(what, "somebody came to "+l.Addr().String())
				_ = c.Close()
			}
		}
		return what
	}
}

// Before anything is done to a cluster in production its name is asked for; with another
// one no node is as much as asked how it is.
func TestADrillOfProductionAsksForItsName(t *testing.T) {
	operator, faults, touched := production(t)
	for name, c := range map[string]struct {
		typed string
		flags []string
		asks  bool
	}{
		"nothing is typed":  {"", nil, true},
		"an empty line":     {"\n", nil, true},
		"another name":      {"norra\n", nil, true},
		"in other letters":  {"Norr\n", nil, true},
		"another in a flag": {"norr\n", []string{"--yes-production", "syd"}, false},
	} {
		var out, errs bytes.Buffer
		cmd := (&cli{in: strings.NewReader(c.typed), out: &out, errs: &errs}).root()
		cmd.SetArgs(append([]string{"drill", "run", "leader-kill", "--operator", operator, "--faults", faults}, c.flags...))
		err := cmd.ExecuteContext(t.Context())
		var wrong *usageError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "nothing was done") {
			t.Errorf("%s: %v", name, err)
		}
		if asks := strings.Contains(errs.String(), "norr is in production. Type its name"); asks != c.asks {
			t.Errorf("%s: it said %q", name, errs.String())
		}
		if what := touched(); len(what) > 0 {
			t.Errorf("%s: %v", name, what)
		}
	}
	for name, c := range map[string]struct{ typed, flag string }{"typed": {"norr\n", ""}, "in a flag": {"", "norr"}} {
		var errs bytes.Buffer
		open, err := (&cli{in: strings.NewReader(c.typed), errs: &errs}).drillTarget(t.Context(), drillOptions{operator: operator, faults: faults, production: c.flag})
		if err != nil || open == nil {
			t.Errorf("its own name, %s: %v", name, err)
		}
	}
}
