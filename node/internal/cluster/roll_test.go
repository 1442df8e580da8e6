package cluster

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/node/internal/cluster/clustertest"
	"tvilling/protocol/admin"
)

// A member that loses its disk twice meets, in the log that it is sent, how it was taken
// in the first time. That gives it no vote.
func TestAMemberThatLosesItsDiskTwice(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("b1")
		w.lose("a1")
		w.start("a1")
		w.until("it is taken in", time.Minute, func() bool { return !slices.Contains(w.voters(), "a1") })
		for range 3 * maxAppendEntries { // so that it does not meet both in one message
			w.propose(l, event())
		}
		w.untilAllVote()
		w.lose("a1")
		w.net.SetWeather(clustertest.Weather{Seed: 1, Delay: lookEvery * 6 / 10})
		a1 := w.start("a1")
		w.until("it waits", time.Minute, func() bool { return a1.Own().State == admin.StateJoining })
		met, demoted := false, false
		w.until("it votes", 2*time.Minute, func() bool {
			for _, s := range a1.raft.GetConfiguration().Configuration().Servers {
				met = met || s.ID == "a1" && s.Suffrage == raft.Nonvoter && slices.Contains(w.voters(), "a1")
			}
			demoted = demoted || !slices.Contains(w.voters(), "a1")
			return a1.Own().State != admin.StateJoining
		})
		if !met {
			t.Error("it met nothing of its former life: this shows nothing")
		}
		if !demoted {
			t.Error("it votes by what was so before it lost its disk")
		}
	})
}

// What a leader that is lost had written of a member, and nobody else committed, is
// no word on whether it votes.
func TestWhatIsNotCommittedGivesNoVote(t *testing.T) {
	within(t, five, func(w *world) {
		w.lead("b1")
		w.lose("a1")
		a1 := w.start("a1")
		w.until("it waits", 20*time.Second, func() bool { return a1.Own().State == admin.StateJoining })
		for _, id := range []string{"a2", "b2", "w1"} {
			w.net.Hold("b1", id)
		}
		w.until("it follows without a vote, as its leader alone has it", 20*time.Second, func() bool {
			for _, s := range a1.raft.GetConfiguration().Configuration().Servers {
				if s.ID == "a1" && s.Suffrage == raft.Nonvoter {
					return true
				}
			}
			return false
		})
		time.Sleep(3 * lookEvery)
		if how := a1.entry.joining.Load(); how == nil || *how != joiningEmpty {
			t.Error("it goes by what is not committed")
		}
		w.stop("b1")
		w.net.Heal()
		w.leader("b1")
		time.Sleep(3 * lookEvery)
		if a1.entry.joining.Load() == nil {
			t.Error("what was taken back has given it a vote")
		}
		w.start("b1")
		w.untilAllVote()
	})
}

func TestTheRoll(t *testing.T) {
	configuration := func(index uint64, suffrage raft.ServerSuffrage) *raft.Log {
		return &raft.Log{Index: index, Type: raft.LogConfiguration,
			Data: raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{{ID: "a1", Address: "a1", Suffrage: suffrage}}})}
	}
	snapshot := func(index, at uint64, suffrage raft.ServerSuffrage) *raft.SnapshotMeta {
		return &raft.SnapshotMeta{Index: index, ConfigurationIndex: at, Configuration: raft.DecodeConfiguration(configuration(at, suffrage).Data)}
	}
	var r roll
	expect := func(what string, since uint64, suffrage raft.ServerSuffrage, in, known bool) {
		t.Helper()
		if s, i, k := r.suffrage("a1", since); s != suffrage || i != in || k != known {
			t.Errorf("%s: %v, in %v, known %v", what, s, i, k)
		}
	}
	expect("nothing", 1, raft.Voter, false, false)
	r.note([]*raft.Log{configuration(5, raft.Nonvoter), {Index: 6}})
	expect("up to 6", 6, raft.Nonvoter, true, true)
	expect("up to 6, not 7", 7, raft.Nonvoter, true, false)
	r.restored(snapshot(9, 8, raft.Voter))
	expect("a snapshot", 9, raft.Voter, true, true)
	r.restored(snapshot(7, 5, raft.Nonvoter))
	r.note([]*raft.Log{configuration(8, raft.Nonvoter)})
	expect("what the snapshot holds comes late", 9, raft.Voter, true, true)
	r.note([]*raft.Log{configuration(10, raft.Nonvoter)})
	expect("after it", 10, raft.Nonvoter, true, true)
	if _, in, _ := r.suffrage("b1", 0); in {
		t.Error("one that is not there")
	}
}

// Several connections find out at the same time that a generation is over.
func TestSupersededAtOnce(t *testing.T) {
	base := newRealWorld(t, three...).config("a1")
	for range 50 { // it is a race
		c := &Cluster{cfg: base, log: base.Logger, network: newAlone("a1"), life: life{quit: func() {}}}
		c.cfg.Dir = t.TempDir()
		c.counts.failed = make(chan struct{})
		c.entry.known = newAcquaintance(First(), c.log)
		now := time.Now()
		next := First().Next(now)
		c.entry.known.claims["b1"] = claim{hello: hello{generation: next, settled: true}, at: now, last: now, proven: true}
		var wait sync.WaitGroup
		for range 32 {
			wait.Go(func() { c.superseded(time.Time{}) })
		}
		wait.Wait()
		if g, ok, err := Superseded(c.cfg.Dir); err != nil || !ok || !g.Same(next) {
			t.Fatalf("%v, %v, %v", g, ok, err)
		}
		if err := c.counts.err; !errors.Is(err, ErrSuperseded) {
			t.Fatalf("it ended: %v", err)
		}
	}
}

// A cluster that is not founded yet says so, and for whom it waits; and once it is, no more.
func TestAFoundingSaysForWhomItWaits(t *testing.T) {
	within(t, []string{"a1"}, func(w *world) {
		w.stop("a1")
		delete(w.nodes, "a1")
		w.dirs["a1"], w.topology = "", topologyOf(three...)
		a1, b1 := w.start("a1"), w.start("b1")
		w.until("both wait for w1", time.Minute, func() bool {
			return slices.Equal(a1.Awaits(), []string{"w1"}) && slices.Equal(b1.Awaits(), []string{"w1"})
		})
		if got := a1.Own().State; got != admin.StateFounding {
			t.Errorf("it says that it is %s", got)
		}
		w.start("w1")
		w.propose(w.leader(), event())
		if a1.Awaits() != nil || b1.Awaits() != nil || a1.Own().State == admin.StateFounding {
			t.Errorf("founded, and a1 waits for %v, b1 for %v", a1.Awaits(), b1.Awaits())
		}
	})
}

// Who stands or has voted has a history, though nothing has come of it yet: somebody who
// has forgotten a vote for it must not found what has begun.
func TestAVoteIsHistory(t *testing.T) {
	for term, want := range map[uint64]bool{1: false, 2: true} {
		logs := raft.NewInmemStore()
		if err := logs.SetUint64(stableTerm, term); err != nil {
			t.Fatal(err)
		}
		c := &Cluster{machine: newMachine(), snaps: &countedSnapshots{SnapshotStore: raft.NewInmemSnapshotStore()}}
		c.store = newWatchedStore(logs, logs, time.Minute, func(error) {}, c.snaps.last)
		c.entry.generation = First()
		if h, err := parseHello(c.hello()); err != nil || h.history != want {
			t.Errorf("term %d: %+v, %v", term, h, err)
		}
	}
}

// A process that was paused has not heard of its own generation for as long as it slept:
// what a later one says in that moment ends it only if its own stays silent from then on.
func TestAPausedMemberIsNotSuperseded(t *testing.T) {
	within(t, three, func(w *world) {
		w.lead("b1")
		c := w.nodes["a1"].Cluster
		next := First().Next(time.Now())
		heard := func() {
			now := time.Now()
			c.entry.known.mu.Lock()
			c.entry.known.claims["w1"] = claim{hello: hello{generation: next, settled: true, index: 7}, at: now, last: now, proven: true}
			c.entry.known.alive = time.Time{}
			c.entry.known.mu.Unlock()
			_ = c.admit("b1", appendHello(nil, hello{generation: next, history: true}))
		}
		w.net.Isolate("a1")
		time.Sleep(time.Minute)
		long := time.Now().Add(-30 * time.Second)
		c.entry.awake.mu.Lock()
		c.entry.awake.last = long // no tick since: it was asleep
		c.entry.awake.mu.Unlock()
		if heard(); c.hasFailed() {
			t.Fatal("it gave its log up in the moment in which it woke")
		}
		time.Sleep(supersededAfter / 2)
		if heard(); c.hasFailed() {
			t.Fatal("it gave its log up before it had listened")
		}
		time.Sleep(supersededAfter)
		if heard(); !c.hasFailed() {
			t.Error("it has listened, and nobody is there: it goes on")
		}
	})
}
