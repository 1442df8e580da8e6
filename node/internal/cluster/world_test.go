package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/node/internal/cluster/clustertest"
	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// world is a cluster in one process, in a bubble, over a network in memory.
type world struct {
	t        *testing.T
	net      *clustertest.Network
	topology admin.Topology
	tuning   Tuning
	change   func(*Config) // of each node's; nil: none
	nodes    map[string]*node
	dirs     map[string]string
}

// node is one process; it can be stopped and started again.
type node struct {
	*Cluster
	machine *machine
	store   *faultyStore
	snaps   *raft.InmemSnapshotStore
	run     chan error // what Run returned
	leaves  atomic.Bool
}

func member(id, role string) admin.Node {
	n := admin.Node{ID: id, Site: id[:1], Role: role, Peer: "127.0.0.1:0", Admin: "127.0.0.1:0"}
	if role == admin.RoleData {
		n.Client, n.Source, n.Origin = "127.0.0.1:0", "127.0.0.1:0", "http://127.0.0.1"
	}
	return n
}

// topologyOf makes members of ids; those that begin with w are witnesses.
func topologyOf(ids ...string) admin.Topology {
	t := admin.Topology{Cluster: "test", Environment: admin.Demo}
	for _, id := range ids {
		role := admin.RoleData
		if id[0] == 'w' {
			role = admin.RoleWitness
		}
		t.Members = append(t.Members, member(id, role))
	}
	return t
}

// within runs a test with a started cluster in a bubble.
func within(t *testing.T, ids []string, test func(w *world)) {
	withinTuned(t, Tuning{}, ids, test)
}

func withinTuned(t *testing.T, tuning Tuning, ids []string, test func(w *world)) {
	t.Helper()
	bubble(t, &world{net: clustertest.New(), topology: topologyOf(ids...), tuning: tuning, nodes: map[string]*node{}, dirs: map[string]string{}}, ids, test)
}

// bubble runs a test with a cluster that is started in it.
func bubble(t *testing.T, w *world, ids []string, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w.t = t
		defer w.close()
		for _, id := range ids {
			w.start(id)
		}
		test(w)
	})
}

func (w *world) start(id string) *node {
	w.t.Helper()
	n := &node{machine: newMachine(), store: newFaultyStore(), snaps: raft.NewInmemSnapshotStore(), run: make(chan error, 1)}
	if old := w.nodes[id]; old != nil {
		n.machine, n.store, n.snaps = old.machine.clone(), old.store.restarted(), old.snaps
	}
	cfg := w.config(id, n)
	if w.change != nil {
		w.change(&cfg)
	}
	c, err := Open(cfg, n.machine)
	if err != nil {
		w.t.Fatalf("%s: %v", id, err)
	}
	n.Cluster = c
	w.nodes[id] = n
	go func() { n.run <- c.Run(context.Background()) }()
	return n
}

func (w *world) config(id string, n *node) Config {
	if w.dirs[id] == "" {
		w.dirs[id] = filepath.Join(w.t.TempDir(), "raft")
	}
	return Config{
		Dir:      w.dirs[id],
		Topology: w.topology, Self: id, Tuning: w.tuning, Version: "test", Keys: true,
		Describe: func(m *admin.Member) {
			if m.Sessions = 7; n.leaves.Load() {
				m.Phase = admin.PhaseDrained
			}
		},
		Cosign:  cosigner(id),
		Network: w.net.Node(id),
		Storage: &Storage{Logs: n.store, Stable: n.store, Snapshots: n.snaps},
		Logger:  slog.New(slog.NewTextHandler(testWriter{w.t}, nil)),
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	if testing.Verbose() {
		w.t.Logf("%s", p[:len(p)-1])
	}
	return len(p), nil
}

// stop ends a node as a killed process ends: without a farewell.
func (w *world) stop(id string) {
	w.nodes[id].Cluster.fail(errors.New("killed by the test"))
	w.close1(id)
}

func (w *world) close1(id string) {
	w.nodes[id].store.heal()
	if err := w.nodes[id].Close(); err != nil && !errors.Is(err, ErrStalled) {
		w.t.Errorf("closing %s: %v", id, err)
	}
}

// farewells is how long raft may go on offering leadership, on its own goroutine, to a
// node that has closed meanwhile: ten times the timeout of the network in memory.
const farewells = 11 * time.Second

func (w *world) close() {
	w.net.Heal()
	var wait sync.WaitGroup
	for id := range w.nodes {
		wait.Go(func() { w.close1(id) })
	}
	wait.Wait()
	time.Sleep(farewells)
}

// until waits, in the bubble's time, for a level.
func (w *world) until(what string, limit time.Duration, reached func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(limit); !reached(); {
		if time.Now().After(deadline) {
			w.t.Fatalf("not in %v: %s", limit, what)
		}
		time.Sleep(time.Millisecond)
	}
}

// leader waits for a data node that leads and has shown that it can commit.
func (w *world) leader(not ...string) *node {
	w.t.Helper()
	var found *node
	w.until("a leader", 10*time.Second, func() bool {
		for id, n := range w.nodes {
			excluded := false
			for _, x := range not {
				excluded = excluded || x == id
			}
			if _, ok := n.HeardFromLeader(); ok && !excluded && n.IsLeader() {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

// lead makes a node the leader.
func (w *world) lead(id string) *node {
	w.t.Helper()
	w.until(id+" leads", 20*time.Second, func() bool {
		l := w.leader()
		if l.cfg.Self == id {
			return true
		}
		_ = l.Transfer(context.Background(), id)
		return false
	})
	w.leader()
	return w.nodes[id]
}

// followers are the data nodes that do not lead.
func (w *world) followers() (followers []*node) {
	l := w.leader()
	for _, m := range w.topology.Members {
		if n := w.nodes[m.ID]; n != l && m.Role == admin.RoleData {
			followers = append(followers, n)
		}
	}
	return followers
}

// all waits until every given node has applied what the first has.
func (w *world) level(nodes ...*node) {
	w.t.Helper()
	w.until("the same state on every node", 20*time.Second, func() bool {
		index, hash := nodes[0].machine.StateHash()
		for _, n := range nodes[1:] {
			if i, h := n.machine.StateHash(); i != index || h != hash {
				return false
			}
		}
		return true
	})
}

var intents atomic.Uint64

// event is a small command with an intent of its own.
func event() command.Command {
	var intent command.Intent
	binary.BigEndian.PutUint64(intent[:], intents.Add(1))
	return command.Command{Kind: command.KindRecordEvent, Intent: intent, Body: command.RecordEvent{
		Entry: command.LogEntry{ID: intent, Subject: command.Subject{1}, Sealed: []byte("sealed"), Commitment: [32]byte{1}},
	}}
}

func (w *world) propose(n *node, c command.Command) command.Result {
	w.t.Helper()
	results, err := n.Propose(context.Background(), c)
	if err != nil || len(results) != 1 || results[0].Status != command.StatusDone {
		w.t.Fatalf("%s: %v, %v", n.cfg.Self, results, err)
	}
	return results[0]
}

// faultyStore is a log in memory whose writes hang or fail on demand.
type faultyStore struct {
	*raft.InmemStore
	mu   sync.Mutex
	hang chan struct{}
	err  error
}

func newFaultyStore() *faultyStore { return &faultyStore{InmemStore: raft.NewInmemStore()} }

func (s *faultyStore) restarted() *faultyStore { return &faultyStore{InmemStore: s.InmemStore} }

func (s *faultyStore) stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hang = make(chan struct{})
}

func (s *faultyStore) break_(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *faultyStore) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang != nil {
		close(s.hang)
		s.hang = nil
	}
	s.err = nil
}

func (s *faultyStore) fault() error {
	s.mu.Lock()
	hang, err := s.hang, s.err
	s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	return err
}

func (s *faultyStore) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

func (s *faultyStore) StoreLogs(l []*raft.Log) error {
	if err := s.fault(); err != nil {
		return err
	}
	return s.InmemStore.StoreLogs(l)
}

func (s *faultyStore) SetUint64(k []byte, v uint64) error {
	if err := s.fault(); err != nil {
		return err
	}
	return s.InmemStore.SetUint64(k, v)
}
