package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// lose ends a node, and with it goes its disk.
func (w *world) lose(id string) {
	w.stop(id)
	delete(w.nodes, id)
	if err := os.RemoveAll(w.dirs[id]); err != nil {
		w.t.Fatal(err)
	}
}

// recoverOn makes a new generation on a node that is not running.
func (w *world) recoverOn(id string) Generation {
	w.t.Helper()
	n := w.nodes[id]
	n.machine, n.store = n.machine.clone(), n.store.restarted()
	cfg := w.config(id, n)
	cfg.Network = nil
	g, made, err := Recover(cfg, n.machine, nil)
	if err != nil || !made {
		w.t.Fatalf("recovering on %s: made %v, %v", id, made, err)
	}
	return g
}

// revive starts a node as a supervisor does: one that ends because it was superseded
// sets its log aside and is started again. It tells whether that was so.
func (w *world) revive(id string, within time.Duration) (superseded bool) {
	w.t.Helper()
	n := w.start(id)
	select {
	case err := <-n.run:
		if !errors.Is(err, ErrSuperseded) {
			w.t.Fatalf("%s ended: %v", id, err)
		}
	case <-time.After(within):
		return false
	}
	w.again(id)
	return true
}

// again sets the log of a superseded node aside and starts it.
func (w *world) again(id string) {
	w.t.Helper()
	w.close1(id)
	if _, err := Open(w.config(id, w.nodes[id]), newMachine()); !errors.Is(err, ErrSuperseded) {
		w.t.Errorf("%s is opened with a log that was superseded: %v", id, err)
	}
	next, ok, err := Superseded(w.dirs[id])
	if err != nil || !ok {
		w.t.Fatalf("%s: superseded %v, %v", id, ok, err)
	}
	if _, err := SetAside(w.dirs[id], next, "note"); err != nil {
		w.t.Fatal(err)
	}
	delete(w.nodes, id)
	w.start(id)
}

func (w *world) voters() (ids []string) {
	for _, s := range w.leader().raft.GetConfiguration().Configuration().Servers {
		if s.Suffrage == raft.Voter {
			ids = append(ids, string(s.ID))
		}
	}
	slices.Sort(ids)
	return ids
}

func (w *world) untilAllVote() {
	w.t.Helper()
	want := []string{}
	for _, m := range w.topology.Members {
		want = append(want, m.ID)
	}
	slices.Sort(want)
	w.until("every member votes", 2*time.Minute, func() bool { return slices.Equal(w.voters(), want) })
	w.until("every member knows that it does", 10*time.Second, func() bool {
		return !slices.ContainsFunc(w.leader().Members(context.Background()), func(m admin.Member) bool { return m.Error != "" || m.State == admin.StateJoining })
	})
}

func (w *world) everything() (all []*node) {
	for _, n := range w.nodes {
		all = append(all, n)
	}
	return all
}

// lacks tells what of the acknowledged a node does not have.
func lacks(n *node, acknowledged []command.Intent) (missing int) {
	order := n.machine.order()
	for _, intent := range acknowledged {
		if !slices.Contains(order, intent) {
			missing++
		}
	}
	return missing
}

func TestRecoveredAfterALostQuorum(t *testing.T) {
	within(t, five, func(w *world) {
		l := w.lead("b1")
		var acknowledged []command.Intent
		for range 20 {
			e := event()
			w.propose(l, e)
			acknowledged = append(acknowledged, e.Intent)
		}
		w.level(w.everything()...)
		before := l.Position()
		for _, id := range []string{"a1", "a2", "w1"} {
			w.lose(id)
		}
		w.stop("b1")
		w.stop("b2")
		g := w.recoverOn("b1")
		if g.Number != 2 {
			t.Errorf("generation %v", g)
		}
		b1 := w.start("b1")
		w.propose(b1, event())
		if after := b1.Position(); after.Epoch == before.Epoch || after.Index <= before.Index {
			t.Errorf("position %+v after %+v", after, before)
		}
		for _, id := range []string{"b2", "a1", "a2", "w1"} {
			if !w.revive(id, 20*time.Second) {
				t.Fatalf("%s, of the old generation, does not notice", id)
			}
		}
		w.untilAllVote()
		e := event()
		w.propose(w.nodes["w1"], e)
		w.level(w.everything()...)
		for id, n := range w.nodes {
			if missing := lacks(n, append(acknowledged, e.Intent)); missing != 0 {
				t.Errorf("%s lacks %d of what was acknowledged", id, missing)
			}
			if !n.Generation().Same(g) {
				t.Errorf("%s is of generation %v", id, n.Generation())
			}
		}
		w.lead("a2")
	})
}

// The old majority comes back, with its data, while the new generation works: it must
// not go on by itself.
func TestAnOldMajorityThatComesBackJoins(t *testing.T) {
	within(t, five, func(w *world) {
		w.propose(w.lead("b1"), event())
		w.level(w.everything()...)
		for _, id := range five {
			w.stop(id)
		}
		g := w.recoverOn("b1")
		e := event()
		w.propose(w.start("b1"), e)
		old := []string{"a1", "a2", "b2", "w1"}
		for _, id := range old {
			w.start(id)
		}
		for _, id := range old {
			select {
			case err := <-w.nodes[id].run:
				if !errors.Is(err, ErrSuperseded) || !strings.Contains(err.Error(), "b1") {
					t.Errorf("%s ended: %v", id, err)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s does not notice; it hears of %q", id, w.nodes[id].Leader())
			}
			w.again(id)
		}
		w.untilAllVote()
		w.level(w.everything()...)
		for id, n := range w.nodes {
			if !n.Generation().Same(g) || lacks(n, []command.Intent{e.Intent}) != 0 {
				t.Errorf("%s: generation %v", id, n.Generation())
			}
		}
	})
}

// An old member that runs, without a quorum, is reached again.
func TestAnOldMinorityThatRunsNotices(t *testing.T) {
	within(t, three, func(w *world) {
		w.lead("b1")
		w.net.Isolate("a1")
		w.stop("b1")
		w.stop("w1")
		w.recoverOn("b1")
		w.propose(w.start("b1"), event())
		w.net.Heal()
		select {
		case err := <-w.nodes["a1"].run:
			if !errors.Is(err, ErrSuperseded) {
				t.Errorf("it ended: %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("it does not notice")
		}
		w.again("a1")
		w.revive("w1", 20*time.Second)
		w.untilAllVote()
	})
}

// Somebody recovers a member that was only cut off. Those that have a quorum keep what
// they acknowledged, also one of them that is started again meanwhile.
func TestAQuorumIsNotSuperseded(t *testing.T) {
	within(t, five, func(w *world) {
		w.lead("b1")
		w.stop("a1")
		w.recoverOn("a1")
		forged := w.start("a1")
		w.propose(forged, event())
		l := w.leader("a1")
		e := event()
		w.propose(l, e)
		time.Sleep(time.Minute)
		w.stop("b2")
		w.start("b2")
		time.Sleep(time.Minute)
		for _, id := range []string{"a2", "b1", "b2", "w1"} {
			if n := w.nodes[id]; n.hasFailed() || n.Generation().Number != 1 {
				t.Errorf("%s ended", id)
			}
		}
		w.propose(w.leader("a1"), event())
		if forged.hasFailed() {
			t.Error("the recovered one ended: nobody told it to")
		}
		if missing := lacks(w.nodes["b2"], []command.Intent{e.Intent}); missing != 0 {
			t.Error("what was acknowledged is gone")
		}
		if n := len(forged.machine.order()); n != 1 {
			t.Errorf("raft's messages passed between two generations: %d commands", n)
		}
	})
}

// A file says that a member is of a later generation, and nothing else is behind it.
func TestAForgedGenerationSupersedesNobody(t *testing.T) {
	within(t, three, func(w *world) {
		w.lead("b1")
		w.stop("a1")
		w.stop("b1")
		w.stop("w1")
		if err := WriteGeneration(w.dirs["w1"], First().Next(time.Now())); err != nil {
			t.Fatal(err)
		}
		w.start("w1") // it has the configuration of three, and finds no majority
		w.start("a1")
		time.Sleep(time.Minute)
		for _, id := range []string{"a1", "w1"} {
			if w.nodes[id].hasFailed() {
				t.Errorf("%s ended", id)
			}
		}
		if w.nodes["a1"].Leader() != "" || w.nodes["w1"].Leader() != "" {
			t.Error("a leader across generations")
		}
		w.start("b1")
		w.propose(w.leader("w1"), event())
	})
}

func TestTwoRecoveriesRefuseEachOther(t *testing.T) {
	within(t, five, func(w *world) {
		w.propose(w.lead("b1"), event())
		w.level(w.everything()...)
		for _, id := range five {
			w.stop(id)
		}
		one, other := w.recoverOn("a1"), w.recoverOn("b1")
		if one.Number != other.Number || one.Same(other) {
			t.Fatalf("%v and %v", one, other)
		}
		a1, b1 := w.start("a1"), w.start("b1")
		w.propose(a1, event())
		w.propose(b1, event())
		w.start("w1") // hears of both
		time.Sleep(2 * time.Minute)
		for id, n := range w.nodes {
			if (id == "a1" || id == "b1" || id == "w1") && n.hasFailed() {
				t.Errorf("%s ended: nobody has decided: %v", id, n.counts.err)
			}
		}
		if w.nodes["w1"].Leader() != "" {
			t.Error("the third one has chosen")
		}
		w.propose(a1, event())
		w.propose(b1, event())
		// An operator decides, and lets b1 rejoin.
		w.stop("b1")
		if _, err := SetAside(w.dirs["b1"], one, "chosen"); err != nil {
			t.Fatal(err)
		}
		delete(w.nodes, "b1")
		w.start("b1")
		select {
		case err := <-w.nodes["w1"].run:
			if !errors.Is(err, ErrSuperseded) {
				t.Errorf("w1 ended: %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("w1 does not notice that it is decided: it has heard %+v", w.nodes["w1"].entry.known.claims)
		}
		w.again("w1")
		for _, id := range []string{"a2", "b2"} {
			w.revive(id, 20*time.Second)
		}
		w.untilAllVote()
	})
}

// A member whose disk was lost comes back empty. It must not found a second cluster,
// nor vote as if it had forgotten nothing.
func TestAMemberThatLostItsDiskIsTakenIn(t *testing.T) {
	within(t, five, func(w *world) {
		e := event()
		w.propose(w.lead("b1"), e)
		w.lose("a1")
		w.propose(w.leader(), event())
		a1 := w.start("a1")
		w.until("a1 waits to be taken in", 10*time.Second, func() bool { return a1.Own().State == admin.StateJoining })
		if _, err := os.Stat(filepath.Join(w.dirs["a1"], fileJoining)); err != nil {
			t.Errorf("after a start it would have forgotten that it waits: %v", err)
		}
		if err := w.leader().Transfer(context.Background(), "a1"); !errors.Is(err, ErrTransfer) {
			t.Errorf("leadership for one that does not vote: %v", err)
		}
		demoted := false
		w.until("a1 follows without a vote", 20*time.Second, func() bool {
			demoted = !slices.Contains(w.voters(), "a1")
			return demoted
		})
		w.untilAllVote()
		w.level(w.everything()...)
		if lacks(w.nodes["a1"], []command.Intent{e.Intent}) != 0 {
			t.Error("it lacks what was acknowledged")
		}
		w.lead("a1")
	})
}

// Without its voters the leader must not demote one: those that are left wait.
func TestAnEmptyMemberElectsNobody(t *testing.T) {
	within(t, three, func(w *world) {
		e := event()
		w.lead("a1")
		w.net.Isolate("w1") // it lacks what comes now
		w.propose(w.nodes["a1"], e)
		w.lose("b1")
		w.stop("a1")
		w.net.Heal()
		b1 := w.start("b1")
		time.Sleep(time.Minute)
		if leader := w.nodes["w1"].Leader(); leader != "" {
			t.Fatalf("%q was elected with the vote of one that has forgotten", leader)
		}
		if b1.Own().State != admin.StateJoining {
			t.Errorf("b1 is %s", b1.Own().State)
		}
		w.start("a1")
		w.leader("w1")
		w.untilAllVote()
		if lacks(w.nodes["b1"], []command.Intent{e.Intent}) != 0 {
			t.Error("what was acknowledged is gone")
		}
	})
}

func TestANewMemberOfTheFileIsTakenIn(t *testing.T) {
	within(t, three, func(w *world) {
		w.propose(w.leader(), event())
		for _, id := range three {
			w.stop(id)
		}
		w.topology = topologyOf("a1", "a2", "b1", "w1")
		for _, id := range three {
			w.start(id)
		}
		w.leader()
		w.start("a2")
		w.untilAllVote()
		w.level(w.everything()...)
	})
}

func TestACrashInTheMiddleOfARecovery(t *testing.T) {
	within(t, three, func(w *world) {
		e := event()
		w.propose(w.lead("b1"), e)
		for _, id := range three {
			w.stop(id)
		}
		begun := First().Next(time.Now())
		if err := writeGeneration(w.dirs["b1"], fileRecovering, begun); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(w.config("b1", w.nodes["b1"]), newMachine()); !errors.Is(err, ErrGeneration) {
			t.Errorf("a half recovered log is opened: %v", err)
		}
		if g := w.recoverOn("b1"); !g.Same(begun) {
			t.Errorf("it went on as %v, and had begun %v", g, begun)
		}
		// Everything but the last step was done.
		if err := writeGeneration(w.dirs["b1"], fileRecovering, begun); err != nil {
			t.Fatal(err)
		}
		if g := w.recoverOn("b1"); !g.Same(begun) {
			t.Errorf("it went on as %v, and had begun %v", g, begun)
		}
		cfg := w.config("b1", w.nodes["b1"])
		if g, made, err := Recover(cfg, w.nodes["b1"].machine, nil); err != nil || made || !g.Same(begun) {
			t.Errorf("once more: %v, made %v, %v", g, made, err)
		}
		b1 := w.start("b1")
		w.propose(b1, event())
		if lacks(b1, []command.Intent{e.Intent}) != 0 {
			t.Error("what was acknowledged is gone")
		}
		for name, id := range map[string]string{"a witness": "w1", "nobody": "x1"} {
			cfg.Self = id
			if _, _, err := Recover(cfg, newMachine(), nil); !errors.Is(err, ErrConfig) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestALogIsSetAside(t *testing.T) {
	data := t.TempDir()
	dir, beside := filepath.Join(data, "raft"), filepath.Join(data, "fsm")
	next := First().Next(time.Now())
	fill := func() {
		for _, name := range []string{filepath.Join(dir, "snapshots"), beside} {
			if err := os.MkdirAll(name, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fileLog), []byte("log"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fill()
	// A crash has left it half done.
	if err := os.MkdirAll(filepath.Join(data, "superseded-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(beside, filepath.Join(data, "superseded-1", "fsm")); err != nil {
		t.Fatal(err)
	}
	into, err := SetAside(dir, next, map[string]int{"entries": 3}, beside)
	if err != nil || filepath.Base(into) != "superseded-1" {
		t.Fatalf("into %s, %v", into, err)
	}
	for _, name := range []string{"fsm", "raft/log.db", "raft/snapshots", "raft/" + fileGeneration, fileAside} {
		if _, err := os.Stat(filepath.Join(into, name)); err != nil {
			t.Errorf("what was set aside lacks %s", name)
		}
	}
	// The crash comes when everything was moved: what is there must not be moved over.
	if err := os.Remove(filepath.Join(into, fileAside)); err != nil {
		t.Fatal(err)
	}
	if err := WriteGeneration(dir, First()); err != nil {
		t.Fatal(err)
	}
	if again, err := SetAside(dir, next, nil, beside); err != nil || again != into {
		t.Errorf("to its end: into %q, %v", again, err)
	}
	if _, err := os.Stat(filepath.Join(into, fileAside)); err != nil {
		t.Error("what was set aside would be written over")
	}
	if again, err := SetAside(dir, next, nil, beside); err != nil || again != "" {
		t.Errorf("once more: into %q, %v", again, err)
	}
	if g, err := ReadGeneration(dir); err != nil || !g.Same(next) {
		t.Errorf("generation %v, %v", g, err)
	}
	for n := 1; n <= maxAside; n++ {
		fill()
		if _, err := SetAside(dir, next, nil, beside); err != nil {
			t.Fatalf("log %d of the same generation: %v", n, err)
		}
	}
	fill()
	if _, err := SetAside(dir, next, nil, beside); !errors.Is(err, ErrAside) {
		t.Errorf("one more: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, fileLog)); err != nil {
		t.Errorf("a log that could not be set aside: %v", err)
	}
}
