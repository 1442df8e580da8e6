package release

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/protocol/admin"
)

// slowWhere has the nodes count some opens at every look, which take a second where it
// says so, and 50 ms elsewhere.
func slowWhere(f *fake, some float64, is func(id string) bool) {
	all := map[string]float64{}
	f.spoil = func(f *fake) {
		for id, m := range f.members {
			if m.Role == admin.RoleWitness {
				continue
			}
			all[id] += some
			fast := all[id]
			if is(id) {
				fast = 0
			}
			f.numbers[id] = Numbers{Opens: []Bucket{{0.05, fast}, {1, all[id]}}}
		}
	}
}

func wantSlow(t *testing.T, when string, err error) {
	t.Helper()
	var halted *HaltError
	if !errors.As(err, &halted) || halted.Sign != "opening is slower" {
		t.Errorf("%s: %v", when, err)
	}
}

// With the limits that people work with, also the last to come back is watched for as long
// as the sign needs; one where it passes holds nobody up.
func TestTheLastOnesAreWatchedForSlowness(t *testing.T) {
	for name, small := range map[string]bool{"five": false, "three": true} {
		for _, passes := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				if small {
					f.topology.Members = slices.DeleteFunc(f.topology.Members, func(n admin.Node) bool { return n.ID == "a2" || n.ID == "b2" })
					delete(f.members, "a2")
					delete(f.members, "b2")
				}
				slowWhere(f, 200, func(id string) bool {
					return f.members[id].Version == newer && !(passes && time.Since(f.up[id]) > 90*time.Second)
				})
				c := config(f, begin(t, f))
				c.Limits = DefaultLimits()
				err := Run(t.Context(), c)
				if !passes {
					wantSlow(t, name, err)
				} else if err != nil {
					t.Errorf("%s, and it passes: %v", name, err)
				}
			})
		}
	}
}

// Who goes on after a halt on slowness, with everything replaced, goes past it; after a run
// that was ended while it watched, that is made good.
func TestGoingPastSlowness(t *testing.T) {
	for name, c := range map[string]struct{ halted, slow bool }{"halted": {true, false}, "ended": {false, true}} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			slowWhere(f, 10, f.isBack) // it takes some looks until they are enough to be judged by
			k := begin(t, f)
			at := config(f, k)
			at.Limits.Slow = 3 * time.Minute // longer than the whole takes
			wantSlow(t, name, Run(t.Context(), at))
			if r := Tell(k.entries); slices.ContainsFunc(r.Steps, func(s StepReport) bool { return s.State != "done" }) {
				t.Fatalf("%s: %+v", name, r.Steps)
			}
			if !c.halted {
				k.entries = slices.DeleteFunc(k.entries, func(e Entry) bool { return e.Act == ActHalt })
			}
			if err := Run(t.Context(), at); c.slow {
				wantSlow(t, name+", going on", err)
			} else if err != nil {
				t.Errorf("%s, going on: %v", name, err)
			}
		})
	}
}

// What slowness is measured by is of before the release, for whoever goes on with it as
// well: the node that it halted on is not the measure.
func TestTheMeasureIsOfBefore(t *testing.T) {
	for name, forgets := range map[string]bool{"a journal of this build": false, "of one that did not take it down": true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			slowWhere(f, 200, f.isBack)
			k := begin(t, f)
			c := config(f, k)
			c.Limits.Slow = 5 * time.Second
			wantSlow(t, name+", at first", Run(t.Context(), c))
			if measured(k.entries) == 0 {
				t.Error("it is not taken down")
			}
			for i := range k.entries {
				if forgets {
					k.entries[i].Opens = 0
				}
			}
			wantSlow(t, name+", going on", Run(t.Context(), c))
		})
	}
}

// blind is a cluster that nobody reaches at first.
type blind struct {
	*fake
	looks int
}

func (b *blind) See(ctx context.Context, away string) (Sight, error) {
	if b.looks--; b.looks >= 0 {
		return Sight{}, errors.New("no answer in time")
	}
	return b.fake.See(ctx, away)
}

// The signs are read as ever where the first looks came to nothing.
func TestTheFirstLooksFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := config(f, begin(t, f))
		c.World = &blind{fake: f, looks: 3}
		f.spoil = func(f *fake) {
			if f.isBack("b1") {
				f.members["a2"].Started = "later"
			}
		}
		var halted *HaltError
		if err := Run(t.Context(), c); !errors.As(err, &halted) || halted.Sign != "a node restarted by itself" || f.commands["b2"] > 0 {
			t.Errorf("another node restarted, and: %v, runs %v", err, f.runs())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := config(f, begin(t, f))
		c.Limits.Slow = 5 * time.Second
		c.World = &blind{fake: f, looks: 3}
		slowWhere(f, 200, f.isBack)
		wantSlow(t, "nothing was measured in the first look", Run(t.Context(), c))
	})
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := config(f, begin(t, f))
		c.World = &blind{fake: f, looks: math.MaxInt}
		if err := Run(t.Context(), c); !errors.Is(err, ErrHalted) || len(f.commands) > 0 {
			t.Errorf("nobody is ever reached: %v, %v", err, f.commands)
		}
	})
}

func TestPercentile(t *testing.T) {
	for name, c := range map[string]struct {
		buckets []Bucket
		want    float64
	}{
		"none":                 {nil, 0},
		"too few":              {[]Bucket{{1, 99}}, 0},
		"nothing was counted":  {[]Bucket{{1, 0}}, 0},
		"evenly in the first":  {[]Bucket{{0.1, 100}, {1, 100}}, 0.099},
		"evenly in the second": {[]Bucket{{1, 98}, {2, 100}}, 1.5},
		"just at a bound":      {[]Bucket{{1, 99}, {2, 100}}, 1},
		"over an empty one":    {[]Bucket{{1, 0}, {2, 0}, {4, 100}}, 3.98},
		"longer than the last": {[]Bucket{{1, 50}, {2, 60}, {math.Inf(1), 100}}, 2},
	} {
		if got := percentile(c.buckets, 0.99, 100); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
