package cluster

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// stuck makes b1's replication stand still while everything else is well, and commits.
func stuck(w *world, leader *node) {
	w.net.Hold(leader.cfg.Self, "b1")
	w.propose(leader, event())
}

func TestAStuckFollowerMakesTheLeaderGiveWay(t *testing.T) {
	within(t, five, func(w *world) {
		l := w.lead("a1")
		stuck(w, l)
		w.until("somebody else leads", 2*l.cfg.Tuning.ProgressLimit, func() bool {
			return !l.IsLeader() && l.Leader() != "" && l.Leader() != "a1"
		})
		w.level(w.nodes["b1"], w.leader())
		if n := l.Counters().StuckFollowers; n != 1 {
			t.Errorf("%d stuck followers counted", n)
		}
		select {
		case err := <-l.run:
			t.Errorf("the leader ended: %v", err)
		default:
		}
	})
}

func TestAStuckFollowerEndsTheLeaderThatCannotGiveWay(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		stuck(w, l)
		started := time.Now()
		if err := <-l.run; !errors.Is(err, ErrStalled) {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(started); took < l.cfg.Tuning.ProgressLimit || took > 2*l.cfg.Tuning.ProgressLimit {
			t.Errorf("ended after %v", took)
		}
	})
}

// A follower that takes the log and applies nothing of it is said to; another leader
// could not help it.
func TestAFollowerThatAppliesNothingIsReported(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		follower, gate := w.nodes["b1"], make(chan struct{})
		follower.machine.gate.Store(&gate)
		defer func() {
			follower.machine.gate.Store(nil)
			close(gate)
		}()
		w.until("it is reported", l.cfg.Tuning.ProgressLimit, func() bool { return l.Counters().StuckFollowers == 1 })
		time.Sleep(2 * l.cfg.Tuning.ProgressLimit)
		if n := l.Counters().StuckFollowers; !l.IsLeader() || n != 1 {
			t.Errorf("leads %t, %d reported", l.IsLeader(), n)
		}
	})
}

// A follower that is away is not stuck: the leader stays.
func TestAnAbsentFollowerHarmsNobody(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		w.net.Isolate("b1")
		for range 10 {
			w.propose(l, event())
			time.Sleep(l.cfg.Tuning.ProgressLimit / 5)
		}
		if !l.IsLeader() || l.Counters().StuckFollowers != 0 {
			t.Errorf("leads %t, %d stuck", l.IsLeader(), l.Counters().StuckFollowers)
		}
	})
}

func TestHeardFromLeader(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		time.Sleep(30 * time.Second)
		for id, n := range w.nodes {
			at, ok := n.HeardFromLeader()
			if age := time.Since(at); !ok || age > 2*time.Second {
				t.Errorf("%s heard: %t, %v ago", id, ok, age)
			}
		}
		// A leader that can reach nobody does not take its belief for proof.
		w.net.Isolate("a1")
		cut := time.Now()
		for range 100 {
			if at, ok := l.HeardFromLeader(); ok && at.After(cut.Add(l.cfg.Tuning.Heartbeat)) {
				t.Fatalf("heard %v after the cut", at.Sub(cut))
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// A follower that the leader's heartbeats reach, and nothing else, knows of no
// revocation: what it heard is no proof.
func TestAFollowerThatStandsStillHasHeardNothing(t *testing.T) {
	const soon = 2 * time.Second
	stands := func(w *world, follower *node) {
		w.t.Helper()
		since := time.Now()
		time.Sleep(soon)
		for range 50 {
			if at, ok := follower.HeardFromLeader(); ok && at.After(since.Add(pulseEvery)) {
				w.t.Fatalf("heard %v after it stood still", at.Sub(since))
			}
			time.Sleep(100 * time.Millisecond)
		}
		if age := time.Since(follower.raft.LastContact()); age > time.Second {
			w.t.Fatalf("raft has had no contact for %v either", age)
		}
	}
	goesOn := func(w *world, follower *node) {
		w.t.Helper()
		w.until("the follower has heard again", 2*soon, func() bool {
			at, ok := follower.HeardFromLeader()
			return ok && time.Since(at) < soon
		})
	}
	t.Run("replication", func(t *testing.T) {
		within(t, three, func(w *world) {
			l := w.lead("a1")
			w.net.Hold(l.cfg.Self, "b1")
			stands(w, w.nodes["b1"])
			w.net.Heal()
			goesOn(w, w.nodes["b1"])
		})
	})
	t.Run("state machine", func(t *testing.T) {
		within(t, three, func(w *world) {
			w.lead("a1")
			follower, gate := w.nodes["b1"], make(chan struct{})
			release := sync.OnceFunc(func() {
				follower.machine.gate.Store(nil)
				close(gate)
			})
			defer release()
			follower.machine.gate.Store(&gate)
			stands(w, follower)
			release()
			goesOn(w, follower)
		})
	})
}

// What was proven while leading before says nothing about now.
func TestProofIsOfThisReign(t *testing.T) {
	var l leadership
	now := time.Now()
	l.proven(now)
	l.proven(now.Add(-time.Second)) // an older one that was slower
	if !l.proof().IsZero() {
		t.Error("proof without leading")
	}
	l.current.Store(&reign{since: now})
	if !l.proof().Equal(now) {
		t.Errorf("proof %v, want %v", l.proof(), now)
	}
	l.current.Store(&reign{since: now.Add(time.Second)})
	if !l.proof().IsZero() {
		t.Error("proof of an earlier reign")
	}
}

func TestWhileLeader(t *testing.T) {
	within(t, three, func(w *world) {
		w.leader()
		ctx, cancel := context.WithCancel(context.Background())
		type change struct {
			id      string
			started bool
			applied int
		}
		changes := make(chan change, 100)
		ended := make(chan error, 3)
		for id, n := range w.nodes {
			go func() {
				ended <- n.WhileLeader(ctx, func(ctx context.Context) error {
					changes <- change{id, true, len(n.machine.order())}
					<-ctx.Done()
					changes <- change{id: id}
					return ctx.Err()
				})
			}()
		}
		written := 0
		working := ""
		next := func(want change) {
			t.Helper()
			if got := <-changes; got != want {
				t.Fatalf("got %+v, want %+v", got, want)
			}
		}
		first := w.leader().cfg.Self
		next(change{first, true, written})
		working = first
		for _, to := range []string{"a1", "b1", "a1", "b1"} {
			if to == working {
				continue
			}
			w.propose(w.nodes["w1"], event())
			written++
			if err := w.nodes["w1"].Transfer(ctx, to); err != nil {
				t.Fatal(err)
			}
			got := []change{<-changes, <-changes} // either may be seen first
			if got[0].started {
				got[0], got[1] = got[1], got[0]
			}
			if got[0] != (change{id: working}) || got[1] != (change{to, true, written}) {
				t.Fatalf("from %s to %s: %+v", working, to, got)
			}
			working = to
		}
		cancel()
		next(change{id: working})
		for range w.nodes {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestWhileLeaderReturnsAFailure(t *testing.T) {
	within(t, []string{"a1"}, func(w *world) {
		broken := errors.New("broken")
		err := w.leader().WhileLeader(context.Background(), func(context.Context) error { return broken })
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}

func TestMembers(t *testing.T) {
	within(t, five, func(w *world) {
		l := w.lead("a1")
		w.net.Isolate("a2")
		w.net.Hold("a1", "b2")
		for range 5 {
			w.propose(l, event())
		}
		w.level(l, w.nodes["b1"], w.nodes["w1"])
		started := time.Now()
		members := w.nodes["b1"].Members(context.Background())
		if took := time.Since(started); took > memberLimit+100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		if len(members) != 5 {
			t.Fatalf("%d members", len(members))
		}
		for i, want := range []struct{ id, site, role, state string }{
			{"a1", "a", "data", "leader"}, {"a2", "a", "data", "unreachable"}, {"b1", "b", "data", "follower"},
			{"b2", "b", "data", "follower"}, {"w1", "w", "witness", "follower"},
		} {
			m := members[i]
			if m.ID != want.id || m.Site != want.site || m.Role != want.role || m.State != want.state {
				t.Errorf("member %d: %+v, want %+v", i, m, want)
			}
			if (m.Error != "") != (want.state == "unreachable") {
				t.Errorf("%s: error %q", m.ID, m.Error)
			}
			if m.Error != "" {
				continue
			}
			if m.Version != "test" || m.Level == 0 || m.Sessions != 7 || m.Term == 0 || !m.Keys {
				t.Errorf("%s: %+v", m.ID, m)
			}
			if (m.Lag >= 5) != (m.ID == "b2") {
				t.Errorf("%s: lag %d", m.ID, m.Lag)
			}
			if same := m.StateHash == members[0].StateHash && m.HashIndex == members[0].HashIndex; same != (m.ID != "b2") {
				t.Errorf("%s: the leader's state: %t", m.ID, same)
			}
		}
	})
}

func TestPosition(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.leader()
		r := w.propose(l, event())
		if p := l.Position(); p.Index < r.Index || p.Epoch == 0 || p.Epoch != w.nodes["w1"].Position().Epoch {
			t.Errorf("position %+v after index %d", p, r.Index)
		}
		if First().epoch("test") == First().epoch("tset") {
			t.Error("two clusters with one epoch")
		}
	})
}
