package cluster

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Set implements raft.StableStore.
func (s *faultyStore) Set(k, v []byte) error {
	if err := s.fault(); err != nil {
		return err
	}
	return s.InmemStore.Set(k, v)
}

// vital asks a node, within a second.
func vital(w *world, n *node) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
	defer cancel()
	return n.Vital(ctx)
}

// A node that is well says so whoever leads, also one that is cut off for good and
// writes nothing any more; one whose log hangs does not.
func TestVital(t *testing.T) {
	within(t, three, func(w *world) {
		w.lead("a1")
		for id, n := range w.nodes {
			if err := vital(w, n); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		alone := w.nodes["b1"]
		w.net.Isolate("b1")
		time.Sleep(time.Minute)
		before := alone.Cluster.store.lastWrite()
		if err := vital(w, alone); err != nil {
			t.Errorf("cut off: %v", err)
		}
		if time.Since(before) > restedFor && !alone.Cluster.store.lastWrite().After(before) {
			t.Error("nothing was written to see whether it can be")
		}
		alone.store.stall()
		time.Sleep(restedFor)
		if err := vital(w, alone); err == nil {
			t.Error("its log hangs, and it says that it is well")
		}
	})
}

// Leadership goes to whom it is said to go, or to the furthest; where it cannot, the
// node says why and leads on.
func TestHandOver(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		if err := l.HandOver(w.t.Context(), "a1"); !errors.Is(err, ErrTransfer) {
			t.Errorf("to itself: %v", err)
		}
		if err := l.HandOver(w.t.Context(), "w"); !errors.Is(err, ErrTransfer) || !l.IsLeader() {
			t.Errorf("to a witness: %v", err)
		}
		if err := l.HandOver(w.t.Context(), "b1"); err != nil || l.IsLeader() || l.Leader() != "b1" {
			t.Errorf("%v, %q leads", err, l.Leader())
		}
		if err := l.HandOver(w.t.Context(), ""); err != nil { // it leads no more as it is
			t.Error(err)
		}
		b := w.lead("b1")
		if err := b.HandOver(w.t.Context(), ""); err != nil || b.Leader() != "a1" {
			t.Errorf("to the furthest: %v, %q leads", err, b.Leader())
		}
		w.lead("a1")
		w.net.Isolate("b1")
		if err := l.HandOver(w.t.Context(), ""); !errors.Is(err, ErrTransfer) || !l.IsLeader() {
			t.Errorf("to nobody: %v", err)
		}
		w.net.Isolate("a1")
		w.until("nobody leads", time.Minute, func() bool { return l.Leader() == "" })
		began := time.Now()
		if err := l.HandOver(w.t.Context(), ""); !errors.Is(err, ErrNoQuorum) || time.Since(began) < unledLimit {
			t.Errorf("without a quorum: %v, after %v", err, time.Since(began))
		}
	})
}

// A node that is to lead no more hands over also what an election brings it later, but
// not to one that goes away itself; where nobody else can lead, it leads on.
func TestShun(t *testing.T) {
	within(t, three, func(w *world) {
		ctx, cancel := context.WithCancel(w.t.Context())
		l := w.lead("a1")
		over := make(chan struct{})
		go func() {
			defer close(over)
			l.Shun(ctx)
		}()
		w.until("b1 leads", time.Minute, func() bool { return l.Leader() == "b1" })
		w.leader("a1")
		_ = w.nodes["b1"].Transfer(w.t.Context(), "a1")
		w.until("b1 leads again", time.Minute, func() bool { return l.Leader() == "b1" && w.nodes["b1"].IsLeader() })

		w.nodes["a1"].leaves.Store(true)
		b := w.leader("a1")
		if err := b.HandOver(w.t.Context(), ""); !errors.Is(err, ErrTransfer) || !b.IsLeader() {
			t.Errorf("to one that goes away itself: %v", err)
		}
		w.stop("b1") // w1 and a1 are left: a1 alone can lead
		w.leader("b1")
		time.Sleep(time.Minute)
		if !l.IsLeader() {
			t.Error("nobody leads: the last one gave way")
		}
		w.propose(l, event())
		w.start("b1")
		w.until("b1 leads when it is back", time.Minute, func() bool { return l.Leader() == "b1" })
		cancel()
		<-over
		w.lead("a1")
		time.Sleep(time.Minute)
		if !l.IsLeader() {
			t.Error("it gives way still")
		}
	})
}
