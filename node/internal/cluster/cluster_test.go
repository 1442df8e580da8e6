package cluster

import (
	"testing"
	"time"

	"tvilling/raftfsm/command"
)

var three = []string{"a1", "b1", "w1"}
var five = []string{"a1", "a2", "b1", "b2", "w1"}

func TestProposeFromEveryNode(t *testing.T) {
	within(t, five, func(w *world) {
		w.leader()
		var all []*node
		for _, id := range five {
			n := w.nodes[id]
			all = append(all, n)
			e := event()
			first := w.propose(n, e)
			again := w.propose(n, e)
			if !again.Repeated || again.Index != first.Index || again.Sequence != first.Sequence {
				t.Errorf("%s: repeated %+v, first %+v", id, again, first)
			}
		}
		w.level(all...)
		if got := len(all[0].machine.order()); got != len(five) {
			t.Errorf("%d commands applied, want %d", got, len(five))
		}
	})
}

func TestFailoverLosesNothing(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.leader()
		acknowledged := map[command.Intent]bool{}
		for range 20 {
			e := event()
			w.propose(l, e)
			acknowledged[e.Intent] = true
		}
		w.stop(l.cfg.Self)
		lost := time.Now()
		next := w.leader(l.cfg.Self)
		e := event()
		w.propose(next, e)
		acknowledged[e.Intent] = true
		t.Logf("written again after %v", time.Since(lost))
		if took := time.Since(lost); took > 5*time.Second {
			t.Errorf("writable again only after %v", took)
		}
		back := w.start(l.cfg.Self)
		w.level(next, back)
		for _, n := range []*node{next, back} {
			for _, intent := range n.machine.order() {
				delete(acknowledged, intent)
			}
			if len(acknowledged) != 0 {
				t.Errorf("%s lacks %d acknowledged commands", n.cfg.Self, len(acknowledged))
			}
		}
	})
}
