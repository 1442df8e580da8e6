package cluster

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
)

// What it takes to believe that another generation has taken our own one's place.
func TestWhatProvesAGeneration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := First().Next(time.Now())
		say := func(settled bool, index uint64) []byte {
			return appendHello(nil, hello{generation: second, history: true, settled: settled, index: index})
		}
		for name, c := range map[string]struct {
			then   func(a *acquaintance)
			proven bool
		}{
			"one greeting": {func(*acquaintance) {}, false},
			"it gets on":   {func(a *acquaintance) { time.Sleep(claimSpan); _ = a.admit("b1", say(true, 6)) }, true},
			"it got a leader later": {func(a *acquaintance) {
				_ = a.admit("b1", say(false, 6))
				_ = a.admit("b1", say(true, 7))
				time.Sleep(claimSpan)
				_ = a.admit("b1", say(true, 8))
			}, true},
			"a rival without a leader": {func(a *acquaintance) {
				_ = a.admit("b2", appendHello(nil, hello{generation: First().Next(time.Now()), history: true}))
				time.Sleep(claimSpan)
				_ = a.admit("b1", say(true, 6))
			}, false},
			"at once":              {func(a *acquaintance) { _ = a.admit("b1", say(true, 6)) }, false},
			"it stands still":      {func(a *acquaintance) { time.Sleep(claimSpan); _ = a.admit("b1", say(true, 5)) }, false},
			"it has lost its lead": {func(a *acquaintance) { time.Sleep(claimSpan); _ = a.admit("b1", say(false, 6)) }, false},
			"too long after it":    {func(a *acquaintance) { time.Sleep(claimLasts + 1); _ = a.admit("b1", say(true, 6)) }, false},
			"another member did":   {func(a *acquaintance) { time.Sleep(claimSpan); _ = a.admit("b2", say(true, 6)) }, false},
			"proven, and long gone": {func(a *acquaintance) {
				time.Sleep(claimSpan)
				_ = a.admit("b1", say(true, 6))
				time.Sleep(claimLasts + 1)
			}, false},
		} {
			a := newAcquaintance(First(), slog.New(slog.DiscardHandler))
			if err := a.admit("b1", say(true, 5)); !errors.Is(err, ErrPeer) {
				t.Errorf("%s: %v", name, err)
			}
			c.then(a)
			if !a.claimed() && name != "proven, and long gone" && name != "it has lost its lead" {
				t.Errorf("%s: it is not even claimed", name)
			}
			if name == "proven, and long gone" && a.claimed() {
				t.Error("a start would wait for one that is gone")
			}
			if next, by, ok := a.later(time.Time{}, supersededAfter); ok != c.proven || ok && (!next.Same(second) || by != "b1") {
				t.Errorf("%s: %v by %q, %v", name, next, by, ok)
			}
		}
	})
}

func TestNextChange(t *testing.T) {
	voters := func(ids ...string) (c raft.Configuration) {
		for _, id := range ids {
			c.Servers = append(c.Servers, raft.Server{Suffrage: raft.Voter, ID: raft.ServerID(id)})
		}
		return c
	}
	is := func(id, joining string, last uint64) status {
		s := status{Joining: joining, LastIndex: last}
		s.ID, s.AppliedIndex = id, last
		return s
	}
	away := is("w1", "", 0)
	away.Error = "unreachable"
	learner := voters("a1", "b1")
	learner.Servers = append(learner.Servers, raft.Server{Suffrage: raft.Nonvoter, ID: "w1"})
	for name, c := range map[string]struct {
		configuration raft.Configuration
		all           []status
		learned       bool
		want          string
	}{
		"nothing to do":            {voters("a1", "b1", "w1"), []status{is("a1", "", 9), is("b1", "", 9), is("w1", "", 9)}, true, ""},
		"one is away":              {voters("a1", "b1", "w1"), []status{is("a1", "", 9), is("b1", "", 9), away}, true, ""},
		"a member of the file":     {voters("a1", "b1"), []status{is("a1", "", 9), is("b1", "", 9), is("w1", joiningEmpty, 0)}, true, "w1"},
		"one that has forgotten":   {voters("a1", "b1", "w1"), []status{is("a1", "", 9), is("b1", joiningEmpty, 9), is("w1", "", 9)}, true, "b1"},
		"the others are no quorum": {voters("a1", "b1", "w1"), []status{is("a1", "", 9), is("b1", joiningEmpty, 9), away}, true, ""},
		"two have forgotten":       {voters("a1", "b1", "w1"), []status{is("a1", "", 9), is("b1", joiningEmpty, 9), is("w1", joiningEmpty, 9)}, true, ""},
		"it has caught up":         {learner, []status{is("a1", "", 900), is("b1", "", 900), is("w1", joiningLearner, 890)}, true, "w1"},
		"it has not yet":           {learner, []status{is("a1", "", 900), is("b1", "", 900), is("w1", joiningLearner, 800)}, true, ""},
		"not for long enough":      {learner, []status{is("a1", "", 900), is("b1", "", 900), is("w1", joiningLearner, 890)}, false, ""},
		"it does not know yet":     {learner, []status{is("a1", "", 900), is("b1", "", 900), is("w1", joiningEmpty, 890)}, true, ""},
		"it says that it votes":    {learner, []status{is("a1", "", 900), is("b1", "", 900), is("w1", "", 890)}, true, ""},
	} {
		next, due := nextChange(c.configuration, c.all, 900, func(string) bool { return c.learned })
		if due != (c.want != "") || next.id != c.want {
			t.Errorf("%s: %q %s", name, next.id, next.what)
		}
	}
}

// An empty member that reaches nobody, or not everybody, founds nothing.
func TestAnEmptyMemberAloneFoundsNothing(t *testing.T) {
	within(t, three, func(w *world) {
		w.propose(w.lead("a1"), event())
		for _, id := range three {
			w.stop(id)
		}
		delete(w.nodes, "b1")
		delete(w.nodes, "w1")
		b1, w1 := w.start("b1"), w.start("w1")
		time.Sleep(time.Minute)
		if b1.raft.LastIndex() != 0 || w1.raft.LastIndex() != 0 || b1.Leader() != "" {
			t.Error("a second cluster was founded")
		}
		w.start("a1") // the two that have forgotten are the majority: it elects nobody
		w.until("they wait to be taken in", 20*time.Second, func() bool {
			return b1.Own().State == admin.StateJoining && w1.Own().State == admin.StateJoining
		})
		time.Sleep(time.Minute)
		if w.nodes["a1"].Leader() != "" {
			t.Error("elected by those that have forgotten")
		}
	})
}

func TestAMemberThatJoinsIsNotRecovered(t *testing.T) {
	within(t, three, func(w *world) {
		w.propose(w.lead("b1"), event())
		w.stop("b1")
		if err := writeGeneration(w.dirs["b1"], fileJoining, First()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Recover(w.config("b1", w.nodes["b1"]), newMachine(), nil); !errors.Is(err, ErrGeneration) {
			t.Errorf("one that may lack what was acknowledged: %v", err)
		}
	})
}
