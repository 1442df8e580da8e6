package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tvilling/node/internal/certs/certstest"
	"tvilling/protocol/admin"
)

// realWorld is a cluster over TCP and TLS on loopback, with files.
type realWorld struct {
	t         *testing.T
	authority *certstest.Authority
	topology  admin.Topology
	listeners map[string]net.Listener
	nodes     map[string]*node
	logs      syncBuffer
}

type syncBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	written signal
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.written.fire()
	return s.b.Write(p)
}

// await waits until a text was written.
func (s *syncBuffer) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(20 * time.Second) // a bound for a test that would hang
	for {
		written := s.written.wait()
		if strings.Contains(s.String(), text) {
			return
		}
		select {
		case <-written:
		case <-limit:
			t.Fatalf("not said: %q in\n%s", text, s)
		}
	}
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// listen listens on a port below those that a system gives to whoever asks for any: one
// of these could be given away while its node is closed.
func listen(t *testing.T) net.Listener {
	t.Helper()
	for range 100 {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 9700+rand.IntN(300))); err == nil {
			return l
		}
	}
	t.Fatal("no free port")
	return nil
}

func newRealWorld(t *testing.T, ids ...string) *realWorld {
	t.Helper()
	w := &realWorld{t: t, authority: certstest.New(t), topology: topologyOf(ids...), listeners: map[string]net.Listener{}, nodes: map[string]*node{}}
	for i, m := range w.topology.Members {
		l := listen(t)
		w.listeners[m.ID] = l
		w.topology.Members[i].Peer = l.Addr().String()
	}
	t.Cleanup(func() {
		var wait sync.WaitGroup
		for _, n := range w.nodes {
			wait.Go(func() { _ = n.Close() })
		}
		wait.Wait()
	})
	return w
}

func (w *realWorld) config(id string) Config {
	return Config{
		Topology: w.topology, Self: id, Dir: w.t.TempDir(), Listener: w.listeners[id],
		TLS:    always(TLS{Authority: w.authority.Pool(), Certificate: w.authority.Issue(admin.Identity{Cluster: "test", Node: id})}),
		Tuning: Tuning{ProposeLimit: 30 * time.Second, StoreLimit: 30 * time.Second}, // for a machine that is busy with other things
		Logger: slog.New(slog.NewTextHandler(&w.logs, nil)),
	}
}

// always shows the same.
func always(t TLS) func() TLS { return func() TLS { return t } }

// showing is a change of who a node shows that it is.
func (w *realWorld) showing(c tls.Certificate) func(*Config) {
	return func(cfg *Config) { cfg.TLS = always(TLS{Authority: w.authority.Pool(), Certificate: c}) }
}

func (w *realWorld) open(cfg Config) *node {
	w.t.Helper()
	n := &node{machine: newMachine()}
	c, err := Open(cfg, n.machine)
	if err != nil {
		w.t.Fatal(err)
	}
	n.Cluster = c
	w.nodes[cfg.Self] = n
	return n
}

// again is the configuration of a node that is started again, on the same address.
func (w *realWorld) again(cfg Config) Config {
	w.t.Helper()
	member, _ := w.topology.Member(cfg.Self)
	l, err := net.Listen("tcp", member.Peer)
	if err != nil {
		w.t.Fatal(err)
	}
	cfg.Listener = l
	return cfg
}

func TestRealCluster(t *testing.T) {
	w := newRealWorld(t, three...)
	configs := map[string]Config{}
	for _, id := range three {
		configs[id] = w.config(id)
		w.open(configs[id])
	}
	ctx := context.Background()
	for _, id := range three { // two of them forward
		e := event()
		for _, repeated := range []bool{false, true} {
			results, err := w.nodes[id].Propose(ctx, e)
			if err != nil || results[0].Repeated != repeated {
				t.Fatalf("%s: %+v, %v", id, results, err)
			}
		}
	}
	silent := func(m admin.Member) bool { return m.Error != "" }
	deadline := time.Now().Add(30 * time.Second) // a busy machine may make one too late for one look
	for members := w.nodes["w1"].Members(ctx); slices.ContainsFunc(members, silent); members = w.nodes["w1"].Members(ctx) {
		if time.Now().After(deadline) {
			t.Fatalf("members %+v", members)
		}
	}
	to := "a1"
	if w.nodes["w1"].Leader() == to {
		to = "b1"
	}
	if err := w.nodes["w1"].Transfer(ctx, to); err != nil {
		t.Error(err)
	}
	// The leader goes without a farewell; it comes back with its files.
	w.nodes[to].fail(errors.New("killed by the test"))
	if err := w.nodes[to].Close(); err != nil {
		t.Error(err)
	}
	if _, err := w.nodes["w1"].Propose(ctx, event()); err != nil {
		t.Fatal(err)
	}
	cfg := w.again(configs[to])
	back := w.open(cfg)
	e := event()
	if _, err := back.Propose(ctx, e); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(cfg, newMachine()); !errors.Is(err, ErrStorage) {
		t.Errorf("a second process on the same directory: %v", err)
	}
}

func TestAlone(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{Topology: topologyOf("a1"), Self: "a1", Dir: dir, Alone: true}
	m := newMachine()
	c, err := Open(cfg, m)
	if err != nil {
		t.Fatal(err)
	}
	e := event()
	if _, err := c.Propose(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err = Open(cfg, m); err != nil { // the same machine: it has applied everything
		t.Fatal(err)
	}
	results, err := c.Propose(context.Background(), e)
	if err != nil || !results[0].Repeated {
		t.Errorf("after a restart: %+v, %v", results, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	wider := cfg
	wider.Alone, wider.Topology, wider.Network = false, topologyOf(three...), newAlone("a1")
	wider.Dir = t.TempDir()
	if c, err = Open(wider, newMachine()); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	wider.Topology, wider.Network = cfg.Topology, newAlone("a1")
	if _, err := Open(wider, newMachine()); !errors.Is(err, ErrConfig) {
		t.Errorf("a cluster file without members of the log: %v", err)
	}
	other := cfg
	other.Dir = t.TempDir()
	if _, err := Open(other, m); !errors.Is(err, ErrForeignState) {
		t.Errorf("a state machine with another log: %v", err)
	}
}

func TestConfigThatCannotBe(t *testing.T) {
	w := newRealWorld(t, three...)
	for name, change := range map[string]func(*Config){
		"not a member":           func(c *Config) { c.Self = "x1" },
		"alone with others":      func(c *Config) { c.Alone = true },
		"no directory":           func(c *Config) { c.Dir = "" },
		"no certificate":         w.showing(tls.Certificate{}),
		"no authority":           func(c *Config) { c.TLS = always(TLS{Certificate: c.TLS().Certificate}) },
		"another's certificate":  w.showing(w.authority.Issue(admin.Identity{Cluster: "test", Node: "b1"})),
		"another cluster's":      w.showing(w.authority.Issue(admin.Identity{Cluster: "prod", Node: "a1"})),
		"an operator's":          w.showing(w.authority.Issue(admin.Identity{Cluster: "test"})),
		"lease over heartbeat":   func(c *Config) { c.Tuning.Lease = time.Hour },
		"canary limit too short": func(c *Config) { c.Tuning.CanaryLimit = time.Second },
	} {
		cfg := w.config("a1")
		change(&cfg)
		if c, err := Open(cfg, newMachine()); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				_ = c.Close()
			}
		}
	}
}

// port opens the peer port alone.
func (w *realWorld) port(id string) *port {
	w.t.Helper()
	cfg := w.config(id)
	cfg.Tuning = cfg.Tuning.withDefaults()
	p, err := openPort(&cfg, cfg.Logger, greeterOf(First()))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = p.Close() })
	return p
}

// refused dials and tells whether the other side hung up.
func refused(address string, config *tls.Config) error {
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // a bound for a test that would hang
	_, err = conn.Read(make([]byte, 1))
	return err
}

func TestThePortLetsInPeersOnly(t *testing.T) {
	w := newRealWorld(t, three...)
	p := w.port("a1")
	p.refusals.mu.Lock()
	p.refusals.every = 0 // let each be said
	p.refusals.mu.Unlock()
	address := p.listener.Addr().String()
	strangers := certstest.New(t)
	client := func(cert ...tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: w.authority.Pool(), ServerName: "127.0.0.1", Certificates: cert, NextProtos: []string{alpnPeer}}
	}
	issue := func(a *certstest.Authority, cluster, id string) tls.Certificate {
		return a.Issue(admin.Identity{Cluster: cluster, Node: id})
	}
	old := client(issue(w.authority, "test", "b1"))
	old.MaxVersion = tls.VersionTLS12
	other := client(issue(w.authority, "test", "b1"))
	other.NextProtos = []string{"h2"}
	for name, config := range map[string]*tls.Config{
		"no certificate":    client(),
		"another authority": client(issue(strangers, "test", "b1")),
		"another cluster":   client(issue(w.authority, "prod", "b1")),
		"not a member":      client(issue(w.authority, "test", "b9")),
		"an operator":       client(w.authority.Issue(admin.Identity{Cluster: "test"})),
		"a source":          client(w.authority.IssueHSA("SE1")),
		"TLS 1.2":           old,
		"another protocol":  other,
	} {
		err := refused(address, config)
		var timeout net.Error
		if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, said := range []string{`of cluster \"prod\", this is cluster \"test\"`, "not a member", "peer refused"} {
		w.logs.await(t, said)
	}
}

func TestTheHandshakeTellsRaftFromPeerCalls(t *testing.T) {
	w := newRealWorld(t, three...)
	a1, b1 := w.port("a1"), w.port("b1")
	ctx := context.Background()
	call, err := b1.Dial(ctx, "a1")
	if err != nil {
		t.Fatal(err)
	}
	conn, from, err := a1.Accept()
	if err != nil || from != "b1" {
		t.Fatalf("from %q, %v", from, err)
	}
	go func() { _, _ = call.Write([]byte("hello")) }()
	got := make([]byte, 5)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := (stream{b1}).Dial("a1", time.Second); err != nil { // taken by raft's transport
		t.Error(err)
	}
	if _, err := b1.Dial(ctx, "x1"); !errors.Is(err, ErrPeer) {
		t.Errorf("to no member: %v", err)
	}
	// b1 answers at the address of w1.
	for i := range b1.topology.Members {
		if b1.topology.Members[i].ID == "w1" {
			b1.topology.Members[i].Peer = a1.listener.Addr().String()
		}
	}
	if _, err := b1.Dial(ctx, "w1"); !errors.Is(err, ErrPeer) {
		t.Errorf("to one who is another: %v", err)
	}
	// Close ends what is open, so that a failing node falls silent.
	if err := a1.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := call.Read(got); err == nil {
		t.Error("a connection outlived the port")
	}
	if _, _, err := a1.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
	if _, err := a1.Dial(ctx, "b1"); err == nil {
		t.Error("Dial after Close")
	}
}
