package cluster

import (
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"tvilling/node/internal/cluster/clustertest"
)

func TestClocksAreJudged(t *testing.T) {
	const s, b = time.Second, MaxClockOff
	at := func(by ...time.Duration) (all []apart) {
		for _, d := range by {
			all = append(all, apart{by: d})
		}
		return all
	}
	for name, c := range map[string]struct {
		members int
		others  []apart
		mute    int
		want    Clock
	}{
		"alone":                            {1, nil, 0, Clock{ClockRight, 0}},
		"nobody was heard":                 {3, nil, 0, Clock{ClockUnknown, 0}},
		"half of four":                     {4, at(s), 0, Clock{ClockUnknown, 0}},
		"two of three agree":               {3, at(2 * s), 0, Clock{ClockRight, 0}},
		"three agree":                      {3, at(-2*s, s), 0, Clock{ClockRight, 0}},
		"at the bound":                     {3, at(b, b), 0, Clock{ClockRight, -b}},
		"beyond it, behind":                {3, at(b+1, b+1), 0, Clock{ClockWrong, -b - 1}},
		"beyond it, ahead":                 {3, at(-b-1, -b-1), 0, Clock{ClockWrong, b + 1}},
		"another is wrong":                 {3, at(0, 300*s), 0, Clock{ClockRight, 0}},
		"ours is wrong":                    {3, at(-300*s, -300*s), 0, Clock{ClockWrong, 300 * s}},
		"the two that are left":            {3, at(300 * s), 0, Clock{ClockDisputed, -300 * s}},
		"all three differ":                 {3, at(100*s, -100*s), 0, Clock{ClockDisputed, -100 * s}},
		"two of five, against one":         {5, at(-300*s, -300*s), 0, Clock{ClockDisputed, 300 * s}},
		"equal halves, and one is silent":  {4, at(300*s, 300*s), 0, Clock{ClockDisputed, -300 * s}},
		"equal halves":                     {4, at(0, 300*s, 300*s), 0, Clock{ClockDisputed, -300 * s}},
		"three of four":                    {4, at(300*s, 300*s, 300*s), 0, Clock{ClockWrong, -300 * s}},
		"of an even number, the nearer":    {4, at(s, 3*s, 4*s), 0, Clock{ClockRight, -s}},
		"of an even number, the agreed":    {4, at(-b, -b-s, -2*b-s), 0, Clock{ClockRight, b}},
		"earlier builds":                   {3, nil, 2, Clock{ClockUntold, 0}},
		"one that tells, of a majority":    {3, at(20 * s), 1, Clock{ClockDisputed, -20 * s}},
		"an earlier build is a member too": {5, at(0), 1, Clock{ClockUntold, 0}},
		"the way explains it":              {3, []apart{{12 * s, 3 * s}, {11 * s, 2 * s}}, 0, Clock{ClockRight, -9 * s}},
		"the way explains too little":      {3, []apart{{-14 * s, 3 * s}, {-14 * s, 3 * s}}, 0, Clock{ClockWrong, 11 * s}},
	} {
		if got := judge(c.members, c.others, c.mute); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	for state, refuses := range map[ClockState]bool{ClockUnknown: true, ClockRight: false, ClockWrong: true, ClockDisputed: false, ClockUntold: false} {
		if got := errors.Is(Clock{State: state}.Err(), ErrClock); got != refuses {
			t.Errorf("state %d refuses: %t", state, got)
		}
	}
	if !errors.Is(Clock{State: ClockDisputed}.Err(), ErrClocks) {
		t.Error("clocks that differ are not told")
	}
}

// A clock that was found wrong is not right because somebody who said so has gone.
func TestAWrongClockStaysWrong(t *testing.T) {
	k := newClocks(nil)
	right := Clock{State: ClockRight}
	for i, step := range []struct{ found, want Clock }{
		{Clock{State: ClockDisputed}, Clock{State: ClockDisputed}}, {right, right}, {Clock{State: ClockDisputed}, Clock{State: ClockDisputed}},
		{Clock{ClockWrong, 1}, Clock{ClockWrong, 1}}, {Clock{ClockDisputed, 2}, Clock{ClockWrong, 2}}, {Clock{}, Clock{}},
		{Clock{ClockDisputed, 2}, Clock{ClockWrong, 2}}, {right, right}, {Clock{State: ClockDisputed}, Clock{State: ClockDisputed}},
	} {
		if got := k.keep(step.found); got != step.want {
			t.Errorf("step %d: %+v, want %+v", i, got, step.want)
		}
	}
}

// What a member says is the member's: no answer makes a difference that overflows.
func TestAClockMaySayAnything(t *testing.T) {
	k := newClocks(nil)
	for _, wall := range []int64{math.MinInt64, -1, 1, math.MaxInt64} {
		k.note("b1", 0, wall)
		k.note("c1", 0, wall)
		if got := k.judge(3); got.State != ClockWrong || got.Offset > 0 != (wall < 2) {
			t.Errorf("others at %d: %+v", wall, got)
		}
	}
}

// skewed are clocks that a test may set.
type skewed map[string]*atomic.Int64

// withinSkewed is within, with clocks that may be set.
func withinSkewed(t *testing.T, first map[string]time.Duration, ids []string, test func(w *world, set func(id string, by time.Duration))) {
	clocks := skewed{}
	for _, id := range ids {
		clocks[id] = &atomic.Int64{}
		clocks[id].Store(int64(first[id]))
	}
	withinConfigured(t, func(c *Config) {
		by := clocks[c.Self]
		c.Now = func() time.Time { return time.Now().Add(time.Duration(by.Load())) }
	}, ids, func(w *world) {
		test(w, func(id string, by time.Duration) { clocks[id].Store(int64(by)) })
	})
}

func (w *world) judged(id string, want ClockState, within time.Duration) {
	w.t.Helper()
	w.until(id+"'s clock is judged", within, func() bool { return w.nodes[id].Clock().State == want })
}

func TestAWrongClock(t *testing.T) {
	withinSkewed(t, nil, []string{"a1", "b1", "w1"}, func(w *world, set func(string, time.Duration)) {
		w.lead("a1")
		for id := range w.nodes {
			w.judged(id, ClockRight, 5*time.Second)
		}
		set("b1", 9*time.Second)
		time.Sleep(2 * clockEvery)
		if k := w.nodes["b1"].Clock(); k.State != ClockRight || k.Offset != 9*time.Second {
			t.Errorf("within the bound: %+v", k)
		}
		set("b1", -time.Hour) // it knows at once
		if k := w.nodes["b1"].Clock(); k.State != ClockWrong || k.Offset != -time.Hour {
			t.Errorf("an hour behind: %+v", k)
		}
		time.Sleep(2 * clockEvery)
		for _, id := range []string{"a1", "w1"} {
			if k := w.nodes[id].Clock(); k.State != ClockRight {
				t.Errorf("%s, which is right: %+v", id, k)
			}
		}
		if err := w.nodes["a1"].HandOver(w.t.Context(), ""); !errors.Is(err, ErrTransfer) || !w.nodes["a1"].IsLeader() {
			t.Errorf("handing over to whose clock is wrong: %v", err)
		}
		set("b1", 0)
		if k := w.nodes["b1"].Clock(); k.State != ClockRight {
			t.Errorf("right again: %+v", k)
		}
	})
}

func TestALeaderWhoseClockIsWrongHandsOver(t *testing.T) {
	withinSkewed(t, nil, []string{"a1", "b1", "w1"}, func(w *world, set func(string, time.Duration)) {
		w.lead("a1")
		w.judged("a1", ClockRight, 5*time.Second)
		set("a1", 5*time.Minute)
		w.until("b1 leads", 5*time.Second, w.nodes["b1"].IsLeader)
		w.propose(w.nodes["b1"], event())

		w.net.Isolate("b1") // nobody else can lead: it leads on, and refuses
		w.until("a1 leads again", 10*time.Second, w.nodes["a1"].IsLeader)
		time.Sleep(2 * clockLasts)
		if !w.nodes["a1"].IsLeader() || w.nodes["a1"].Clock().State != ClockWrong {
			t.Errorf("leads: %t, %+v", w.nodes["a1"].IsLeader(), w.nodes["a1"].Clock())
		}
		if k := w.nodes["b1"].Clock(); k.State != ClockUnknown {
			t.Errorf("who hears nobody: %+v", k)
		}
		w.net.Heal()
		w.until("b1 leads again", time.Minute, w.nodes["b1"].IsLeader)
		set("a1", 0)
		w.judged("a1", ClockRight, time.Second)
		w.lead("a1")
		time.Sleep(3 * clockEvery)
		if !w.nodes["a1"].IsLeader() {
			t.Error("a clock that is right again may not lead")
		}
	})
}

// Of two sites whose clocks differ nobody knows which is wrong. Who moves away from a
// majority later knows who moved.
func TestEqualHalves(t *testing.T) {
	withinSkewed(t, map[string]time.Duration{"b1": time.Minute, "b2": time.Minute}, []string{"a1", "a2", "b1", "b2"}, func(w *world, set func(string, time.Duration)) {
		l := w.leader()
		for id := range w.nodes {
			w.judged(id, ClockDisputed, 5*time.Second)
		}
		time.Sleep(3 * clockEvery)
		if !l.IsLeader() {
			t.Error("leadership moved for a clock that nobody can judge")
		}
		set("b1", 0) // three of four
		w.judged("b1", ClockRight, 3*clockEvery)
		w.judged("b2", ClockWrong, 3*clockEvery)
	})
}

// Members of an earlier build answer without a time.
func TestAnEarlierBuildTellsNoTime(t *testing.T) {
	k := newClocks(nil)
	k.note("b1", k.even(), 0)
	if got := k.judge(3); got.State != ClockUntold || got.Err() != nil || got.Told() {
		t.Errorf("%+v, %v", got, got.Err())
	}
}

// withinConfigured is within, with nodes that are configured otherwise.
func withinConfigured(t *testing.T, change func(*Config), ids []string, test func(w *world)) {
	t.Helper()
	bubble(t, &world{net: clustertest.New(), topology: topologyOf(ids...), change: change, nodes: map[string]*node{}, dirs: map[string]string{}}, ids, test)
}
