package node

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"tvilling/protocol/admin"
)

// bound is a listener as a supervisor hands it over.
func bound(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// What somebody else bound is served, whatever the cluster file says, and let go of.
func TestListenersThatAreHandedOver(t *testing.T) {
	cfg := single(t, admin.Production)
	cfg.Listeners = map[string]net.Listener{}
	for _, name := range []string{ListenerClient, ListenerSource, ListenerAdmin, ListenerPeer} {
		cfg.Listeners[name] = bound(t, "127.0.0.1:0")
	}
	n, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	served := []net.Addr{n.data.gateway.Addresses()[0], n.data.gateway.Addresses()[1], n.operator.Addr()}
	for i, name := range []string{ListenerClient, ListenerSource, ListenerAdmin} {
		if want := cfg.Listeners[name].Addr(); served[i] != want {
			t.Errorf("%s is served at %v, handed over at %v", name, served[i], want)
		}
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	for name, l := range cfg.Listeners {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s is held after the end: %v", name, err)
		}
	}
}

func TestListenersThatAreRefused(t *testing.T) {
	open := bound(t, "0.0.0.0:0")
	for name, c := range map[string]struct {
		config func() Config
		name   string
		says   string
	}{
		"a name that means nothing":              {func() Config { return single(t, admin.Production) }, "web", `"web"`},
		"probes where there is no address":       {func() Config { return single(t, admin.Production) }, ListenerHealth, `"health"`},
		"operators of a node alone":              {func() Config { return aloneIn(t, t.TempDir()) }, ListenerAdmin, `"admin"`},
		"browsers from anywhere, in a demo":      {func() Config { return single(t, admin.Demo) }, ListenerClient, "loopback"},
		"browsers from anywhere, of a developer": {func() Config { return aloneIn(t, t.TempDir()) }, ListenerClient, "loopback"},
	} {
		cfg := c.config()
		cfg.Listeners = map[string]net.Listener{c.name: open}
		if n, err := Open(cfg); err == nil {
			t.Errorf("%s: opened, closed with %v", name, n.Close())
		} else if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The address for probes tells how a node is, and nothing else; a drain is told there
// first, and on a witness too.
func TestProbes(t *testing.T) {
	c := single(t, admin.Production)
	c.Topology.Members[0].Health = "127.0.0.1:0"
	r := run(t, c)
	for leaderHeard(r.Node) != nil {
		r.wait(r.cluster.Position().Index + 1)
	}
	ask := func(path string) (int, string) {
		response, err := http.Get("http://" + r.probes.listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	if status, text := ask(admin.PathLive); status != http.StatusOK || text != "alive\n" {
		t.Errorf("%d %q", status, text)
	}
	status, text := ask(admin.PathReady + "?verbose")
	if status != http.StatusOK {
		t.Errorf("%d %q", status, text)
	}
	// The certificates of a test live for an hour, and there is no feed.
	for _, line := range []string{"[+]draining ok", "[+]leader ok", "[+]state ok", "[+]keys ok", "[-]feeds warns: ", "[-]certificates warns: "} {
		if !strings.Contains(text, line) {
			t.Errorf("%q does not say %q", text, line)
		}
	}
	if status, text := ask(pathNumbers); status != http.StatusOK || !strings.Contains(text, "tvilling_raft_term") {
		t.Errorf("%d %.60q", status, text)
	}
	for _, path := range []string{"/", "/stream", admin.PathStatus, admin.PathDrain, admin.PathRecord} {
		if status, _ := ask(path); status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, status)
		}
	}
	one, err := r.drain.ask(admin.Drain{Stay: true}, true) // alone it can hand over to nobody: forced
	if err != nil {
		t.Fatal(err)
	}
	<-one.done
	if status, text := ask(admin.PathReady); status != http.StatusServiceUnavailable || text != "not ready: draining\n" {
		t.Errorf("drained: %d %q", status, text)
	}
}

// A node that leads hands over, says how it is, and takes browsers again; the witness
// drains as well.
func TestDrainingThreeNodes(t *testing.T) {
	c := startThree(t)
	leader, other := c.leader()
	i := itself{leader.drain, leader.sees.Load()}
	for _, to := range []string{"w", "x", leader.cfg.Self} {
		if _, err := i.Drain(t.Context(), admin.Drain{To: to, Stay: true}); err == nil {
			t.Errorf("drained to %q", to)
		}
	}
	now, err := i.Drain(t.Context(), admin.Drain{To: other.cfg.Self, WithinSeconds: 1, Stay: true})
	if err != nil || now.Phase != admin.PhaseDrained || now.Leader != other.cfg.Self {
		t.Fatalf("%+v, %v", now, err)
	}
	receipt := c.put(leader) // what sources send is taken all the same
	c.agree(receipt.Index, leader, other)
	h := i.Health()
	if h.Draining.Phase != admin.PhaseDrained || !strings.Contains(h.Member.NotReady, "draining") || h.Disk.Used == 0 || len(h.Certificates) < 4 {
		text, _ := json.Marshal(h)
		t.Errorf("how it says it is: %s", text)
	}
	told := false
	for _, m := range c.allAnswer() {
		told = told || m.ID == leader.cfg.Self && m.Phase == admin.PhaseDrained && m.Started != "" && m.CertificateUntil != ""
	}
	if !told {
		t.Error("the others do not hear of it")
	}
	if now, err = i.Undrain(t.Context()); err != nil || now.Phase != admin.PhaseNone || leader.Serves() != nil {
		t.Errorf("%+v, %v, %v", now, err, leader.Serves())
	}
	w := itself{c.nodes["w"].drain, c.nodes["w"].sees.Load()}
	if now, err := w.Drain(t.Context(), admin.Drain{}); err != nil || now.Phase != admin.PhaseDrained {
		t.Errorf("the witness: %+v, %v", now, err)
	}
	if err := <-c.nodes["w"].ran; err != nil { // a drain that is not to stay ends the node in order
		t.Errorf("the witness ended: %v", err)
	}
	c.nodes["w"].ran <- nil // for its end
}
