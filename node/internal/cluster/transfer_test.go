package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
)

func TestTransferToANamedNode(t *testing.T) {
	within(t, five, func(w *world) {
		w.leader()
		ctx := context.Background()
		for _, to := range []string{"b2", "a1", "b1", "b1"} {
			for _, asked := range []string{"w1", "a2"} { // asked of any node
				if err := w.nodes[asked].Transfer(ctx, to); err != nil {
					t.Errorf("to %s, asked of %s: %v", to, asked, err)
				}
				if l := w.leader(); l.cfg.Self != to {
					t.Errorf("%s leads, want %s", l.cfg.Self, to)
				}
				w.propose(w.nodes["a2"], event())
			}
		}
	})
}

func TestTransferRefuses(t *testing.T) {
	within(t, five, func(w *world) {
		l := w.lead("a1")
		ctx := context.Background()
		for _, asked := range []*node{l, w.nodes["b2"]} {
			for _, to := range []string{"w1", "nobody", ""} {
				if err := asked.Transfer(ctx, to); !errors.Is(err, ErrTransfer) {
					t.Errorf("to %q, asked of %s: %v", to, asked.cfg.Self, err)
				}
			}
		}
		w.net.Hold("a1", "a2")
		for range 2 * maxTransferLag {
			w.propose(l, event())
		}
		if err := w.nodes["b1"].Transfer(ctx, "a2"); !errors.Is(err, ErrNotCaughtUp) || !errors.Is(err, ErrTransfer) {
			t.Errorf("to one that lags: %v", err)
		}
		w.net.Isolate("b2")
		if err := l.Transfer(ctx, "b2"); !errors.Is(err, ErrTransfer) || !errors.Is(err, ErrUnreachable) {
			t.Errorf("to one that is away: %v", err)
		}
		if !l.IsLeader() || l.Counters().Transfers != 0 {
			t.Errorf("leads %t, %d transfers begun", l.IsLeader(), l.Counters().Transfers)
		}
		w.propose(l, event())
	})
}

// Two transfers to a follower whose replication is stuck would poison the leader for
// the life of its process. The second is not made, and the leader stays good.
func TestTransferTimesOutOnce(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		ctx := context.Background()
		w.net.Hold("a1", "b1")
		w.propose(l, event()) // b1 lacks less than may be lacking
		started := time.Now()
		if err := l.Transfer(ctx, "b1"); !errors.Is(err, ErrTransfer) {
			t.Errorf("to one that is stuck: %v", err)
		}
		if took := time.Since(started); took < l.cfg.Tuning.Heartbeat {
			t.Errorf("refused after %v without a try", took)
		}
		w.propose(l, event())
		started = time.Now()
		if err := l.Transfer(ctx, "b1"); !errors.Is(err, ErrTransfer) {
			t.Errorf("a second time: %v", err)
		}
		if took := time.Since(started); took > l.cfg.Tuning.Heartbeat/2 {
			t.Errorf("tried again for %v", took)
		}
		w.propose(l, event())
		if n := l.Counters(); n.Transfers != 1 || n.TransfersFailed != 1 {
			t.Errorf("counters %+v", n)
		}
	})
}

// The next candidate is tried although the one before has only just timed out.
func TestGivingWayTriesTheNext(t *testing.T) {
	within(t, five, func(w *world) {
		l := w.lead("a1")
		w.net.Hold("a1", "a2")
		w.net.Hold("a1", "b1")
		w.propose(l, event())
		w.net.Isolate("w1")
		if err := l.giveWay(context.Background(), "", true); err != nil {
			t.Fatal(err)
		}
		if next := w.leader("a1"); next.cfg.Self != "b2" {
			t.Errorf("%s leads", next.cfg.Self)
		}
	})
	within(t, five, func(w *world) { // in the worst order
		l := w.lead("a1")
		w.net.Hold("a1", "a2")
		w.propose(l, event())
		if err := l.transfer(context.Background(), "a2"); !errors.Is(err, ErrTransfer) {
			t.Fatal(err)
		}
		if err := l.transfer(context.Background(), "b1"); err != nil {
			t.Error(err)
		}
	})
}

// What the guard is there for: without it the leader refuses everything for ever and
// believes that it leads. The canary ends it, and the others go on.
func TestAPoisonedLeaderEnds(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		w.net.Hold("a1", "b1")
		w.propose(l, event())
		past := func() error { return l.raft.LeadershipTransferToServer("b1", "b1").Error() } // our guard
		if err := past(); err == nil {
			t.Fatal("transferred")
		}
		w.propose(l, event()) // still good
		if err := past(); err == nil {
			t.Fatal("transferred")
		}
		poisoned := time.Now()
		err := <-l.run
		if !errors.Is(err, ErrStalled) || !strings.Contains(err.Error(), "committed nothing") {
			t.Fatalf("Run: %v", err)
		}
		if took := time.Since(poisoned); took > l.cfg.Tuning.CanaryLimit+2*l.cfg.Tuning.CanaryEvery {
			t.Errorf("ended after %v", took)
		}
		w.net.Heal()
		next := w.leader("a1")
		w.propose(next, event())
	})
}

// An entry may be acknowledged by {A, A, W}. When A goes, only W can win; it has to
// commit what it has and hand over.
func TestAWitnessHandsOver(t *testing.T) {
	within(t, five, func(w *world) {
		l := w.lead("a1")
		w.level(w.nodes["a1"], w.nodes["a2"], w.nodes["b1"], w.nodes["b2"], w.nodes["w1"])
		w.net.Hold("a1", "b1")
		w.net.Hold("a1", "b2")
		e := event()
		w.propose(l, e)
		if last := w.nodes["w1"].raft.LastIndex(); w.nodes["b1"].raft.LastIndex() >= last {
			t.Fatal("b1 has the entry already")
		}
		led := make(chan bool, 1) // that the witness did lead for a while
		observer := raft.NewObserver(make(chan raft.Observation, 100), false, func(o *raft.Observation) bool {
			if s, ok := o.Data.(raft.RaftState); ok && s == raft.Leader {
				select {
				case led <- true:
				default:
				}
			}
			return false
		})
		w.nodes["w1"].raft.RegisterObserver(observer)
		w.net.Isolate("a1")
		w.net.Isolate("a2")
		next := w.leader("a1", "a2")
		select {
		case <-led:
		default:
			t.Error("the witness never led: the test shows nothing")
		}
		if !slices.Contains(next.machine.order(), e.Intent) {
			t.Error("an acknowledged command is lost")
		}
		if r := w.propose(w.nodes["w1"], e); !r.Repeated {
			t.Error("an acknowledged command is taken for new")
		}
		if w.nodes["w1"].IsLeader() {
			t.Error("the witness leads")
		}
	})
}

// A witness that cannot hand over: it takes no proposals, does no leader's work, and
// ends when it lasts.
func TestAWitnessTakesNoProposals(t *testing.T) {
	within(t, five, func(w *world) {
		l := w.lead("a1")
		n := w.nodes["w1"]
		w.level(l, n)
		for _, id := range []string{"a1", "a2", "b1", "b2"} {
			w.net.Hold("w1", id) // nobody will be caught up
		}
		if err := l.raft.LeadershipTransferToServer("w1", "w1").Error(); err != nil { // past our guard
			t.Fatal(err)
		}
		w.until("the witness leads", time.Second, func() bool { return n.raft.State() == raft.Leader })
		worked := false
		done := make(chan error, 1)
		ctx, cancel := context.WithCancel(context.Background())
		go func() { done <- n.WhileLeader(ctx, func(context.Context) error { worked = true; return nil }) }()
		synctest.Wait() // raft calls itself leader before it has stored its no-op
		last := n.raft.LastIndex()
		for _, asked := range []*node{n, w.nodes["b1"]} {
			if _, err := asked.Propose(context.Background(), event()); !errors.Is(err, ErrNoQuorum) {
				t.Errorf("asked of %s: %v", asked.cfg.Self, err)
			}
		}
		if n.IsLeader() || n.raft.State() != raft.Leader || n.raft.LastIndex() != last {
			t.Errorf("leads %t, %v, log from %d to %d", n.IsLeader(), n.raft.State(), last, n.raft.LastIndex())
		}
		if err := <-n.run; !errors.Is(err, ErrStalled) {
			t.Errorf("Run: %v", err)
		}
		cancel()
		if err := <-done; err != nil || worked {
			t.Errorf("worked as leader: %t, %v", worked, err)
		}
		w.net.Heal()
		w.propose(w.leader(), event())
	})
}

func TestCloseGivesLeadershipAway(t *testing.T) {
	within(t, five, func(w *world) {
		l := w.leader()
		started := time.Now()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		delete(w.nodes, l.cfg.Self)
		w.propose(w.leader(), event())
		if took := time.Since(started); took > 500*time.Millisecond { // less than any election
			t.Errorf("writable again after %v", took)
		}
		if _, err := l.Propose(context.Background(), event()); !errors.Is(err, ErrClosed) {
			t.Errorf("a closed node: %v", err)
		}
	})
}
