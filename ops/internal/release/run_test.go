package release

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol/admin"
)

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		if err := Run(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slices.Repeat([]string{newer}, 5), f.runs()); diff != "" {
			t.Error(diff)
		}
		if f.leader != "b1" || f.drained["w"] != 0 || f.drained["a1"] != 1 {
			t.Errorf("%s leads, drained %v", f.leader, f.drained)
		}
		r := Tell(k.Entries())
		if r.State != Released || len(r.Halts) > 0 || r.PauseMS == 0 || r.Steps[1].AwayMS < 3000 || r.Steps[1].Moved != 3 || r.Steps[0].State != "done" {
			t.Errorf("the report is %+v", r)
		}
		if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrEnded) {
			t.Errorf("once more: %v", err)
		}
	})
}

// Wherever the releaser dies, the next one goes on rightly: everything is released, no
// node is touched beside another, and a command is repeated at most once, where nobody
// knows whether it was given.
func TestDies(t *testing.T) {
	lines := 0
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		if err := Run(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
		lines = len(k.entries)
	})
	for at := 2; at <= lines; at++ {
		for _, before := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				k := begin(t, f)
				k.dies, k.before = at, before
				if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrJournal) {
					t.Fatalf("line %d: %v", at, err)
				}
				err := Run(t.Context(), config(f, k))
				last := at == lines && !before // what it died at was the end
				if err != nil && !(last && errors.Is(err, ErrEnded)) {
					t.Fatalf("line %d (%v), again: %v", at, before, err)
				}
				if diff := cmp.Diff(slices.Repeat([]string{newer}, 5), f.runs()); diff != "" {
					t.Errorf("line %d: %s", at, diff)
				}
				twice := 0
				for _, n := range f.commands {
					twice += n - 1
				}
				if twice > 0 {
					t.Errorf("line %d (%v): commands %v", at, before, f.commands)
				}
				if f.leader != "b1" || f.drained["a1"] > 1 {
					t.Errorf("line %d: %s leads, drained %v", at, f.leader, f.drained)
				}
			})
		}
	}
}

// isBack reports whether a node has been replaced and answers.
func (f *fake) isBack(id string) bool {
	return f.members[id].Version == newer && !time.Now().Before(f.up[id])
}

func TestHalts(t *testing.T) {
	for name, c := range map[string]struct {
		sign  string
		spoil func(*fake)
		set   func(*fake)
	}{
		"another node is lost": {sign: "a node is not ready", spoil: func(f *fake) {
			if f.isBack("b1") {
				f.up["b2"] = time.Now().Add(time.Hour)
			}
		}},
		"the new node ends after it was back": {sign: "a node is not ready", spoil: func(f *fake) {
			if f.isBack("b1") && time.Since(f.up["b1"]) > 5*time.Second {
				f.up["b1"] = time.Now().Add(time.Hour)
			}
		}},
		"another restarts": {sign: "a node restarted by itself", spoil: func(f *fake) {
			if f.isBack("b1") {
				f.members["a2"].Started = "later"
			}
		}},
		"states differ": {sign: "state differs", spoil: func(f *fake) {
			if f.isBack("b1") {
				f.members["b1"].StateHash = "other"
			}
		}},
		"leadership wanders": {sign: "leadership moved by itself", spoil: func(f *fake) {
			if f.isBack("b1") {
				f.leader = map[string]string{"a1": "a2", "a2": "a1"}[f.leader]
			}
		}},
		"nothing is committed": {sign: "nothing can be written", spoil: func(f *fake) { f.stuck = f.isBack("w") }},
		"a feed stalls":        {sign: "feeds are not fresh", spoil: func(f *fake) { f.stale = f.isBack("w") }},
		"the new build fails": {sign: "more errors on the new build", spoil: func(f *fake) {
			for _, id := range []string{"a1", "a2", "b1", "b2"} {
				n := f.numbers[id]
				n.Requests += 300
				if f.isBack(id) {
					n.Failed++
				}
				f.numbers[id] = n
			}
		}},
		"it does not come back": {sign: "a node does not come back", set: func(f *fake) { f.starts = time.Hour }},
		"the command does nothing": {sign: "a node does not come back", set: func(f *fake) {
			f.replace = func(Replacement) error { return nil }
			f.starts = 0
			f.spoil = func(f *fake) { f.members["w"].Version = older }
		}},
		"the command fails": {sign: "the command failed", set: func(f *fake) { f.replace = func(Replacement) error { return errors.New("exit 1") } }},
		"it is started over and over": {sign: "a node restarted by itself", spoil: func(f *fake) {
			if f.isBack("w") {
				f.members["w"].Started = time.Now().String()
			}
		}},
		"leadership does not move": {sign: "leadership does not move", set: func(f *fake) { f.moves = func(string) (bool, error) { return false, nil } }},
		"nobody leads": {sign: "the cluster does not settle", spoil: func(f *fake) {
			if f.isBack("w") && f.index > 130 {
				f.leader = ""
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				k := begin(t, f)
				f.spoil = c.spoil
				if c.set != nil {
					c.set(f)
				}
				err := Run(t.Context(), config(f, k))
				var halted *HaltError
				if !errors.As(err, &halted) || halted.Sign != c.sign {
					t.Fatalf("%v, want %s", err, c.sign)
				}
				for id, m := range f.members {
					if m.Phase != admin.PhaseNone {
						t.Errorf("%s is left drained", id)
					}
				}
				r := Tell(k.Entries())
				if r.State != Halted || len(r.Halts) != 1 || len(r.Next) != 2 {
					t.Errorf("the report is %+v", r)
				}
			})
		})
	}
}

// Who goes on watches what was replaced before as well, and compares it with the others.
func TestGoesOnWatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		f.spoil = func(f *fake) { f.stuck = f.isBack("b2") } // witness, b1, b2: all but the site that leads
		if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrHalted) {
			t.Fatal(err)
		}
		f.stuck = false
		f.spoil = func(f *fake) {
			for _, id := range []string{"a1", "a2", "b1", "b2"} {
				n := f.numbers[id]
				n.Requests += 300
				if id == "b1" {
					n.Failed++
				}
				f.numbers[id] = n
			}
		}
		err := Run(t.Context(), config(f, k))
		var halted *HaltError
		if !errors.As(err, &halted) || halted.Sign != "more errors on the new build" {
			t.Errorf("going on: %v", err)
		}
	})
}

// Taking back goes on beside nodes that are not as they should be, but not without a majority.
func TestAbortKeepsAMajority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		if err := Run(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
		first := len(k.entries[0].Plan.Steps) + 1
		f.spoil = func(f *fake) {
			if stepDone(k.entries, first) { // and then two are lost
				f.up["a1"], f.up["b2"] = time.Now().Add(time.Hour), time.Now().Add(time.Hour)
			}
		}
		f.replace = func(r Replacement) error {
			if r.Node != "a1" {
				t.Errorf("%s is replaced, and three of five are needed", r.Node)
			}
			return nil
		}
		var halted *HaltError
		if err := Abort(t.Context(), config(f, k)); !errors.As(err, &halted) || halted.Sign != "the cluster does not settle" {
			t.Errorf("taken back: %v", err)
		}
	})
}

// A file to go back to that is named when it is needed is the one that is put in.
func TestAbortWithAFileNamedThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		if err := Run(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
		f.replace = func(r Replacement) error {
			if r.Binary != "/kept" {
				t.Errorf("%s gets %s", r.Node, r.Binary)
			}
			return nil
		}
		c := config(f, k)
		c.Former = "/kept"
		if err := Abort(t.Context(), c); err != nil {
			t.Error(err)
		}
	})
}

// A node that is left drained, since it could not be reached, is named where the halt is.
func TestALeftDrainIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		f.replace = func(Replacement) error {
			f.deaf = true
			return errors.New("exit 1")
		}
		k.entries[0].Plan.Steps = k.entries[0].Plan.Steps[1:] // the first that is drained
		if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrHalted) {
			t.Fatal(err)
		}
		if r := Tell(k.Entries()); len(r.Halts) != 1 || !strings.Contains(r.Halts[0].Text, "tvilling undrain b1") {
			t.Errorf("halts %+v", r.Halts)
		}
	})
}

// A node that was drained and answers no more is named where the halt is, also by who
// reads the journal; and it is not left drained by who takes the release back.
func TestALeftDrainOfWhoDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		f.replace = func(Replacement) error {
			f.up["b1"] = time.Now().Add(time.Hour)
			return errors.New("exit 1")
		}
		k.entries[0].Plan.Steps = k.entries[0].Plan.Steps[1:] // the first that is drained
		const named = "tvilling undrain b1"
		if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrHalted) || !strings.Contains(err.Error(), named) {
			t.Errorf("it ended with %v", err)
		}
		r := Tell(k.Entries())
		if len(r.Halts) != 1 || !strings.Contains(r.Halts[0].Text, named) || r.Steps[0].State != "halted" {
			t.Errorf("halts %+v, the step %s", r.Halts, r.Steps[0].State)
		}
		if r.Worked(false); !strings.Contains(strings.Join(r.Next, " "), named) {
			t.Errorf("next: %q", r.Next)
		}
		f.up["b1"], f.replace = time.Now(), nil
		if err := Abort(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
		if f.members["b1"].Phase != admin.PhaseNone || len(Tell(k.Entries()).Drained) > 0 {
			t.Error("taken back, and b1 is left drained")
		}
	})
}

// One election is nothing to halt for.
func TestOneElection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		once := false
		f.spoil = func(f *fake) {
			if f.isBack("b1") && !once {
				once, f.leader = true, "a2"
			}
		}
		k := begin(t, f)
		if err := Run(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
	})
}

// A halted release is taken back, in whichever state it is, also by a releaser that dies.
func TestAbort(t *testing.T) {
	const steps = 6
	for stuck := range steps {
		for dies := range 14 {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				k := begin(t, f)
				node := k.entries[0].Plan.Steps[stuck].Node
				if k.entries[0].Plan.Steps[stuck].Kind == Transfers {
					f.moves = func(string) (bool, error) { return false, nil }
				}
				f.spoil = func(f *fake) { // a build that ends at once
					if f.members[node].Version == newer && f.moves == nil {
						f.up[node] = time.Now().Add(time.Hour)
					}
				}
				if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrHalted) {
					t.Fatal(err)
				}
				if dies > 0 {
					k.dies = len(k.entries) + dies
				}
				for range 2 {
					if err := Abort(t.Context(), config(f, k)); err != nil && !errors.Is(err, ErrJournal) && !errors.Is(err, ErrEnded) {
						t.Fatalf("stuck at %s, died at %d: %v", node, dies, err)
					}
				}
				if diff := cmp.Diff(slices.Repeat([]string{older}, 5), f.runs()); diff != "" {
					t.Error(diff)
				}
				if state := StateOf(k.Entries()); state != Aborted {
					t.Errorf("it is %s", state)
				}
				if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrEnded) {
					t.Errorf("going on with it: %v", err)
				}
			})
		}
	}
}

func TestNoWayBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		if err := Run(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
		f.levels["a2"] = 2 // the others have not heard of it yet
		if err := Abort(t.Context(), config(f, k)); !errors.Is(err, ErrActivated) {
			t.Errorf("after the activation: %v", err)
		}
		f.levels["a2"] = 1
		if err := Abort(t.Context(), config(f, k)); err != nil {
			t.Errorf("a release that was done: %v", err)
		}
		if diff := cmp.Diff(slices.Repeat([]string{older}, 5), f.runs()); diff != "" {
			t.Error(diff)
		}
	})
}

// Whoever ends it with Ctrl-C, at any time, leaves no node drained, and can go on.
func TestAsked(t *testing.T) {
	for after := 300 * time.Millisecond; after < time.Minute; after += 1700 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			k := begin(t, f)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			err := Run(ctx, config(f, k))
			var halted *HaltError
			if !errors.As(err, &halted) || halted.Sign != "asked" {
				t.Fatalf("after %v: %v", after, err)
			}
			for id, m := range f.members {
				if m.Phase != admin.PhaseNone {
					t.Errorf("after %v %s is left drained", after, id)
				}
			}
			if err := Run(t.Context(), config(f, k)); err != nil {
				t.Fatalf("going on after %v: %v", after, err)
			}
			if diff := cmp.Diff(slices.Repeat([]string{newer}, 5), f.runs()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
