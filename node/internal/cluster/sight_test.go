package cluster

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a leader has committed is counted where it was asked for, written on every
// member and applied on every member; and who is behind is known to the leader alone.
func TestSight(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		before := l.Counters()
		for range 5 {
			w.propose(w.nodes["b1"], event())
		}
		w.level(l, w.nodes["b1"], w.nodes["w1"])
		for id, n := range w.nodes {
			c := n.Counters()
			if (c.Commit.Count >= 5) != (id == "b1") {
				t.Errorf("%s counts %d commits", id, c.Commit.Count)
			}
			if c.Sync.Count == 0 || c.Apply.Count == 0 {
				t.Errorf("%s counts %d writes and applied %d times", id, c.Sync.Count, c.Apply.Count)
			}
		}
		if after := l.Counters(); after.Apply.Count <= before.Apply.Count || after.Sync.Count <= before.Sync.Count {
			t.Errorf("the leader counts nothing: %+v, then %+v", before, after)
		}

		w.net.Isolate("w1")
		gate := make(chan struct{})
		w.nodes["b1"].machine.gate.Store(&gate)
		defer func() {
			w.nodes["b1"].machine.gate.Store(nil)
			close(gate)
		}()
		for range 5 {
			w.propose(l, event())
		}
		time.Sleep(3 * statusEvery)
		lags := l.Lags()
		if behind, told := lags["b1"]; !told || behind < 5 {
			t.Errorf("b1 applies nothing, and is told to be %d behind", behind)
		}
		if _, told := lags["w1"]; told {
			t.Error("how far it is that does not answer, is told")
		}
		if diff := cmp.Diff(map[string]uint64(nil), w.nodes["b1"].Lags()); diff != "" {
			t.Errorf("a follower tells of the others:\n%s", diff)
		}
	})
}
