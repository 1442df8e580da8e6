package release

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// diesAtWork has a releaser die when it has written that it gives the first command, which
// is a process of its own and goes on: it begins to change the node after a while.
func diesAtWork(t *testing.T, f *fake, after time.Duration) *kept {
	t.Helper()
	k := begin(t, f)
	k.dies = 2 // the plan, and that the command of the witness begins
	if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrJournal) {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(after)
		if _, err := f.Replace(context.Background(), Replacement{Node: "w", Version: newer}); err != nil {
			t.Error(err)
		}
	}()
	return k
}

// A command outlives the releaser that gave it. Who goes on, or takes back, waits for it,
// and gives none beside it, on whichever node.
func TestACommandOfADeadRunIsWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		do           func(context.Context, Config) error
		after, takes time.Duration
		state        State
		runs         string
		commands     int
	}{
		"going on, a short one":      {Run, 0, time.Second, Released, newer, 1},
		"going on, a minute":         {Run, 0, time.Minute, Released, newer, 1},
		"going on, it works late":    {Run, 4 * time.Minute, 30 * time.Second, Released, newer, 1},
		"taking back, a short one":   {Abort, 0, time.Second, Aborted, older, 2},
		"taking back, a minute":      {Abort, 8 * time.Second, time.Minute, Aborted, older, 2},
		"taking back, it works late": {Abort, 4 * time.Minute, 30 * time.Second, Aborted, older, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.takes = c.takes
				k := diesAtWork(t, f, c.after)
				if err := c.do(t.Context(), config(f, k)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if diff := cmp.Diff(slices.Repeat([]string{c.runs}, 5), f.runs()); diff != "" || StateOf(k.Entries()) != c.state {
					t.Errorf("it is %s: %s", StateOf(k.Entries()), diff)
				}
				if f.commands["w"] != c.commands {
					t.Errorf("%d commands", f.commands["w"])
				}
			})
		})
	}
}

// One that does not end is told, and nothing is done beside it; when it has ended, the next goes on.
func TestACommandThatDoesNotEnd(t *testing.T) {
	for name, do := range map[string]func(context.Context, Config) error{"going on": Run, "taking back": Abort} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.takes = time.Hour
			k := diesAtWork(t, f, 0)
			var halted *HaltError
			err := do(t.Context(), config(f, k))
			if !errors.As(err, &halted) || halted.Sign != "a command does not end" {
				t.Fatalf("%s: %v", name, err)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if f.takes = time.Second; f.commands["w"] != 1 {
				t.Errorf("%s: commands %v", name, f.commands)
			}
			if err := do(t.Context(), config(f, k)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// halfway is a command that takes its node away, and later puts it back.
type halfway struct {
	*fake
	ails  func()
	ended error
}

func (w *halfway) Replace(ctx context.Context, r Replacement) (string, error) {
	w.mu.Lock()
	w.ails()
	w.mu.Unlock()
	if w.ended = pass(ctx, 10*time.Second); w.ended != nil {
		return "", w.ended
	}
	return w.fake.Replace(ctx, r)
}

// A sign that has nothing to do with the node does not leave it between stop and start:
// the command is let end, the halt is told of before, and the next run gives no second one.
func TestAHaltLetsTheCommandEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		c := config(f, k)
		w := &halfway{fake: f, ails: func() { f.stale = true }}
		c.World = w
		var halted *HaltError
		if err := Run(t.Context(), c); !errors.As(err, &halted) || halted.Sign != "feeds are not fresh" {
			t.Fatal(err)
		}
		if w.ended != nil || f.members["w"].Version != newer {
			t.Errorf("the command was ended between its stop and its start: %v", w.ended)
		}
		told := slices.IndexFunc(k.entries, func(e Entry) bool { return e.Act == ActReplace && e.Mark == Noted })
		done := slices.IndexFunc(k.entries, func(e Entry) bool { return e.Act == ActReplace && e.Mark == Done })
		if told < 0 || done < told || !strings.Contains(k.entries[told].Text, "feeds are not fresh") {
			t.Errorf("told in entry %d, done in %d: %+v", told, done, k.entries)
		}
		f.stale = false
		if err := Run(t.Context(), config(f, k)); err != nil || f.commands["w"] != 1 {
			t.Errorf("%v, %d commands", err, f.commands["w"])
		}
	})
}

// What an operator ended may go on elsewhere: another is given when it cannot any more.
func TestACommandThatWasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		c := config(f, k)
		c.World = &halfway{fake: f, ails: func() { time.AfterFunc(time.Second, cancel) }}
		if err := Run(ctx, c); !errors.Is(err, ErrHalted) {
			t.Fatal(err)
		}
		began := time.Now()
		f.replace = func(Replacement) error {
			if f.commands["w"] == 1 && time.Since(began) < commandWithin-time.Minute {
				t.Errorf("another is given after %v", time.Since(began))
			}
			return nil
		}
		if err := Run(t.Context(), config(f, k)); err != nil {
			t.Error(err)
		}
	})
}

// A command that ended well is not given again while its node may be starting, and is when
// it has had its time.
func TestACommandIsNotGivenTwice(t *testing.T) {
	for name, halted := range map[string]bool{"died": false, "halted": true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.starts = 30 * time.Second
			k := begin(t, f)
			k.dies = 4 // plan, replace begins, replace done, back begins: of the witness
			if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrJournal) || k.entries[2].Act != ActReplace || k.entries[2].Mark != Done {
				t.Fatalf("%v: %+v", err, k.entries[2])
			}
			if halted {
				k.entries = append(k.entries, Entry{At: time.Now(), Act: ActHalt, Mark: Noted})
			}
			if err := Run(t.Context(), config(f, k)); err != nil || f.commands["w"] != 1 {
				t.Errorf("%s: %d commands, %v", name, f.commands["w"], err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.starts = time.Hour
		k := begin(t, f)
		for want := range 2 {
			began := time.Now()
			if err := Run(t.Context(), config(f, k)); !errors.Is(err, ErrHalted) || f.commands["w"] != want+1 || time.Since(began) > 90*time.Second {
				t.Errorf("%v after %v, %d commands", err, time.Since(began), f.commands["w"])
			}
		}
	})
}

func TestOutcome(t *testing.T) {
	plan := &Plan{Steps: []Step{{Number: 1, Kind: Replaces, Node: "w", Version: newer}, {Number: 2, Kind: Replaces, Node: "b1", Version: newer}}}
	back := &Plan{Steps: []Step{{Number: 3, Kind: Replaces, Node: "w", Version: older}}}
	for name, c := range map[string]struct {
		last []Entry
		want given
		open bool
	}{
		"nothing":              {nil, given{}, false},
		"another node's":       {[]Entry{{Step: 2, Node: "b1", Act: ActReplace, Mark: Begins}}, given{}, false},
		"begun":                {[]Entry{{Step: 1, Node: "w", Act: ActReplace, Mark: Begins}}, given{newer, noon, false}, true},
		"begun, and halted":    {[]Entry{{Step: 1, Node: "w", Act: ActReplace, Mark: Begins}, {Act: ActHalt, Node: "w", Step: 1}}, given{newer, noon, false}, true},
		"ended by an operator": {[]Entry{{Step: 1, Node: "w", Act: ActReplace, Mark: Begins}, {Step: 1, Node: "w", Act: ActReplace, Mark: Noted}}, given{newer, noon, false}, true},
		"ended well":           {[]Entry{{Step: 1, Node: "w", Act: ActReplace, Mark: Begins}, {Step: 1, Node: "w", Act: ActReplace, Mark: Done}}, given{newer, noon.Add(time.Second), true}, true},
		"failed":               {[]Entry{{Step: 1, Node: "w", Act: ActReplace, Mark: Begins}, {Step: 1, Node: "w", Act: ActReplace, Mark: Failed}}, given{}, false},
		"back": {[]Entry{{Step: 1, Node: "w", Act: ActReplace, Mark: Begins}, {Step: 1, Node: "w", Act: ActReplace, Mark: Done},
			{Step: 1, Node: "w", Act: ActBack, Mark: Begins}, {Step: 1, Node: "w", Act: ActBack, Mark: Done}}, given{}, false},
		"taken back": {[]Entry{{Step: 1, Node: "w", Act: ActReplace, Mark: Begins}, {Act: ActAbort, Plan: back}, {Step: 3, Node: "w", Act: ActReplace, Mark: Begins}},
			given{older, noon.Add(2 * time.Second), false}, true},
	} {
		entries := []Entry{{Act: ActPlan, Plan: plan}}
		for i, e := range c.last {
			e.At = noon.Add(time.Duration(i) * time.Second)
			entries = append(entries, e)
		}
		got, open := outcome(entries, "w")
		if open != c.open || open && got != c.want {
			t.Errorf("%s: %+v, %v", name, got, open)
		}
	}
	l := Limits{Back: time.Minute}
	if at := (given{at: noon, ended: true}).until(l); !at.Equal(noon.Add(time.Minute)) {
		t.Errorf("its node comes up until %v", at)
	}
	if at := (given{at: noon}).until(l); !at.Equal(noon.Add(commandWithin)) {
		t.Errorf("it is at work until %v", at)
	}
}

// What was taken back, and comes to run the new build again, is taken back again.
func TestTakingBackLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		if err := Run(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
		late := true
		f.spoil = func(f *fake) { // something that was begun elsewhere puts it in at the end
			if late && stepDone(k.entries, len(k.entries[0].Plan.Steps)+4) {
				late, f.members["b1"].Version = false, newer
			}
		}
		var halted *HaltError
		if err := Abort(t.Context(), config(f, k)); !errors.As(err, &halted) || halted.Sign != "a node runs another build" {
			t.Fatalf("%v, runs %v", err, f.runs())
		}
		if err := Abort(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slices.Repeat([]string{older}, 5), f.runs()); diff != "" || StateOf(k.Entries()) != Aborted {
			t.Errorf("it is %s: %s", StateOf(k.Entries()), diff)
		}
		steps := map[int]bool{}
		for _, s := range Tell(k.Entries()).Steps {
			if steps[s.Number] || s.State != "done" {
				t.Errorf("step %d, %s: %s", s.Number, s.Node, s.State)
			}
			steps[s.Number] = true
		}
	})
}

// The way back ends where any member knows a level that the release did not begin with,
// also when it is activated while nodes are taken back, or whoever leads does not say.
func TestMayGoBack(t *testing.T) {
	for name, c := range map[string]struct {
		levels map[string]uint16
		want   error
	}{
		"all alike":               {map[string]uint16{"a1": 1, "b1": 1, "w": 1}, nil},
		"one has heard of it":     {map[string]uint16{"a1": 1, "b1": 2, "w": 1}, ErrActivated},
		"the witness has":         {map[string]uint16{"a1": 1, "w": 2}, ErrActivated},
		"who leads does not say":  {map[string]uint16{"b1": 1, "w": 1}, ErrLevel},
		"nor it, but another has": {map[string]uint16{"b1": 2}, ErrActivated},
		"nobody says":             {nil, ErrLevel},
		"one that waits":          {map[string]uint16{"a1": 1, "b1": 0}, nil},
	} {
		if err := mayGoBack(c.levels, "a1", Plan{Level: 1}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		k := begin(t, f)
		if err := Run(t.Context(), config(f, k)); err != nil {
			t.Fatal(err)
		}
		f.replace = func(Replacement) error {
			f.levels["b2"] = 2
			return nil
		}
		if err := Abort(t.Context(), config(f, k)); !errors.Is(err, ErrHalted) || !strings.Contains(err.Error(), ErrActivated.Error()) {
			t.Errorf("activated meanwhile: %v", err)
		}
		if n := len(slices.DeleteFunc(f.runs(), func(v string) bool { return v == newer })); n != 1 {
			t.Errorf("%d were taken back", n)
		}
	})
}

// The lock is held as long as the command is at work, also when who gave it has gone, and
// no longer: not by what the command leaves running. Nothing is given beside it.
func TestACommandHoldsItsLock(t *testing.T) {
	for name, line := range map[string]string{
		"one program":               "cat pipe",
		"several":                   "true; cat pipe; true",
		"one that becomes another":  "exec cat pipe",
		"one that ends in a remark": "cat pipe # the end",
		"one that leaves a process": "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >left; cat pipe",
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			world := &Cluster{Lock: "lock"}
			if working, err := world.AtWork(); err != nil || working {
				t.Fatalf("before any: %v, %v", working, err)
			}
			if err := syscall.Mkfifo("pipe", 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile("lock", os.O_CREATE|os.O_RDONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			cmd := shell(t.Context(), line, f)
			if err := errors.Join(exclude(f), cmd.Start(), f.Close()); err != nil { // as when this process ends
				t.Fatal(err)
			}
			pipe, err := os.OpenFile("pipe", os.O_WRONLY, 0) // when it is read
			if err != nil {
				t.Fatal(err)
			}
			if working, err := world.AtWork(); err != nil || !working {
				t.Errorf("at work: %v, %v", working, err)
			}
			world.Command, err = ParseCommand("true")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := world.Replace(t.Context(), Replacement{}); !errors.Is(err, ErrAtWork) {
				t.Errorf("one beside it: %v", err)
			}
			if err := errors.Join(pipe.Close(), cmd.Wait()); err != nil {
				t.Fatal(err)
			}
			if working, err := world.AtWork(); err != nil || working {
				t.Errorf("it has ended: %v, %v", working, err)
			}
			if _, err := world.Replace(t.Context(), Replacement{}); err != nil {
				t.Errorf("the next: %v", err)
			}
			end(t, "left")
		})
	}
}

// end ends the process whose number stands in a file, if there is one.
func end(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	pid, parsed := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err := errors.Join(err, parsed); err != nil || pid <= 1 {
		t.Fatalf("%q: %v", raw, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("it was not left: %v", err)
	}
}
