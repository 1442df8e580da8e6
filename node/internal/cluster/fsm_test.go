package cluster

import (
	"context"
	"errors"
	"testing"

	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

var _ Machine = (*raftfsm.FSM)(nil)

// The real state machine behind the real port: proposals from every node, a member
// that is started again, and the same state on all.
func TestWithTheRealStateMachine(t *testing.T) {
	w := newRealWorld(t, "a1", "b1", "w1")
	ctx := context.Background()
	machines := map[string]*raftfsm.FSM{}
	configs := map[string]Config{}
	start := func(id string, dir string) *Cluster {
		t.Helper()
		m, err := raftfsm.Open(dir, raftfsm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		machines[id] = m
		c, err := Open(configs[id], m)
		if err != nil {
			t.Fatal(err)
		}
		w.nodes[id] = &node{Cluster: c}
		return c
	}
	dirs := map[string]string{}
	t.Cleanup(func() {
		for id, m := range machines {
			_ = w.nodes[id].Close()
			_ = m.Close()
		}
	})
	for _, id := range three {
		configs[id], dirs[id] = w.config(id), t.TempDir()
		start(id, dirs[id])
	}
	var last uint64
	events := map[string]command.Command{}
	for _, id := range three {
		events[id] = event()
		results, err := w.nodes[id].Propose(ctx, events[id])
		if err != nil || results[0].Status != command.StatusDone || results[0].Sequence == 0 {
			t.Fatalf("%s: %+v, %v", id, results, err)
		}
		last = results[0].Index
	}
	for id, m := range machines {
		if err := m.WaitApplied(ctx, last); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if err := w.nodes["w1"].Close(); err != nil {
		t.Fatal(err)
	}
	if err := machines["w1"].Close(); err != nil {
		t.Fatal(err)
	}
	configs["w1"] = w.again(configs["w1"])
	back := start("w1", dirs["w1"])
	results, err := back.Propose(ctx, events["a1"])
	if err != nil || !results[0].Repeated {
		t.Errorf("after a restart: %+v, %v", results, err)
	}
	fresh, err := back.Propose(ctx, event())
	if err != nil {
		t.Fatal(err)
	}
	for id, m := range machines {
		if err := m.WaitApplied(ctx, fresh[0].Index); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	sameState(t, back)
	other := configs["w1"]
	other.Dir, other.Listener = t.TempDir(), nil
	if _, err := Open(other, machines["w1"]); err == nil || errors.Is(err, ErrNoQuorum) {
		t.Errorf("the same port twice: %v", err)
	}
}

// sameState compares the members that are at the same index.
func sameState(t *testing.T, c *Cluster) {
	t.Helper()
	hashes := map[uint64]string{}
	for _, m := range c.Members(context.Background()) {
		if m.Error != "" {
			t.Errorf("%s: %s", m.ID, m.Error)
		}
		if other, ok := hashes[m.HashIndex]; ok && other != m.StateHash {
			t.Errorf("%s differs at index %d", m.ID, m.HashIndex)
		}
		hashes[m.HashIndex] = m.StateHash
	}
}
