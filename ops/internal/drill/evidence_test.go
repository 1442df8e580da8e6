package drill

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/fault"
	"tvilling/protocol/admin"
)

// calm are the figures of a cluster at work to which nothing happens.
func calm() map[Figure]float64 {
	return map[Figure]float64{FirstOpen: 4, Pause: 40, Requests: 5000, Attempts: 5000, Failed: 0, Unknown: 0, Slow: 0, OpenP99: 12, Acknowledged: 900, Lost: 0,
		Blanked: 60, BlankedLate: 0, NotBlanked: 0, Resumed: 0, Leased: 0, StreamsLost: 0, Operations: 400, Unlawful: 0, Canary: 5, CaughtUp: 200, Moved: 300,
		Changes: 0, Unrecorded: 0, Different: 0, Doubts: 0, Unchecked: 0, Dark: 0, Streamed: 900, Away: 700, Anew: 0, Replaced: 0, Generations: 0,
		Held: 8, Vanished: 0, Unfound: 0, Heeded: 100, Renewed: 100, Ended: 100, FeedAge: 3000, Crossing: 40}
}

// A command that says that it made a fault and makes none is no drill, whatever is
// promised of it and whatever the work can show.
func TestADrillWhoseFaultNobodySawIsNoPass(t *testing.T) {
	for _, s := range Scenarios() {
		loads := map[string][]Figure{"probes": blind(), "no views": Work{Openers: 1}.blind(), "all": DefaultWork().blind()}
		for load, blind := range loads {
			r := Report{Figures: calm()}
			r.judged(s, blind)
			if !strings.Contains(strings.Join(r.Reasons, "\n"), unproven) {
				t.Errorf("%s with %s passes though nothing happened: %q", s.Name, load, r.Reasons)
			}
			r = Report{Figures: calm()}
			for _, f := range s.Floors {
				r.Figures[f.Figure] = f.Least
			}
			if r.judged(s, blind); len(r.Reasons) > 0 {
				t.Errorf("%s with %s: what is seen is not: %q", s.Name, load, r.Reasons)
			}
		}
	}
	r := Report{Figures: calm()}
	if r.judged(Scenario{}, nil); len(r.Reasons) != 1 {
		t.Errorf("a drill that asks for no evidence passes: %q", r.Reasons)
	}
}

// Every figure that a verdict rests on has its words on the page.
func TestEveryFloorHasWordsOnThePage(t *testing.T) {
	for _, s := range Scenarios() {
		for _, f := range s.Floors {
			if !slices.ContainsFunc(words, func(w struct {
				figure Figure
				text   string
			}) bool {
				return w.figure == f.Figure
			}) {
				t.Errorf("%s: %s has no words", s.Name, f.Figure)
			}
			r := Report{Floors: []Reached{{Floor: f, Fault: true}, {Floor: floors()[0]}}}
			if v := view(r); len(v.Noticed) != 1 || len(v.Reached) != 1 {
				t.Errorf("the page tells of %d and %d", len(v.Noticed), len(v.Reached))
			}
		}
	}
}

// Who is away is who does not answer, or says that it hears no leader; of a side the node
// that was away least counts, of several sides the one that was away most.
func TestAwayIsWhatWasHeardOfThoseWhoWereHit(t *testing.T) {
	deaf, well := []admin.Check{{Name: "leader"}}, []admin.Check{{Name: "leader", OK: true}, {Name: "disk"}}
	w := newWatch(time.Unix(1000, 0), nil)
	hear := func(ms int, id string, answered bool, checks []admin.Check) {
		w.heard(id, admin.NodeHealth{Checks: checks}, answered, time.Unix(1000, 0).Add(time.Duration(ms)*time.Millisecond))
	}
	for ms := 0; ms < 5000; ms += 100 { // before it was hit: not of the fault
		hear(ms, "b1", false, nil)
	}
	if ms, struck := w.away(); struck || ms != 0 {
		t.Errorf("nobody was hit: %v %v", ms, struck)
	}
	w.strike([]string{"a1", "a2"}, []string{"b1", "b2"}, nil)
	for ms := 5000; ms <= 10_000; ms += 100 {
		hear(ms, "a1", true, well)
		hear(ms, "a2", false, nil)
		hear(ms, "b1", ms%200 == 0, deaf)
		if ms < 6000 || ms >= 9000 {
			hear(ms, "b2", true, well)
		} else {
			hear(ms, "b2", true, deaf)
		}
	}
	if ms, struck := w.away(); !struck || ms != 2900 {
		t.Errorf("a1 was there, and b2 but for a while: %v %v", ms, struck)
	}
	for ms := 10_000; ms <= 14_000; ms += 100 {
		hear(ms, "b2", true, deaf)
	}
	hear(14_100, "b2", true, well)
	if ms, _ := w.away(); ms != 4000 {
		t.Errorf("away for %v", ms)
	}
	w.strike([]string{"w"})
	hear(15_000, "w", true, nil) // an earlier build tells of no check
	hear(19_500, "w", true, nil)
	if ms, _ := w.away(); ms != 4000 {
		t.Errorf("away for %v, as the witness has it", ms)
	}
}

// What has become of the members is told by what they say of themselves, and what a
// member does not say counts for nothing.
func TestWhatBecameOfTheMembers(t *testing.T) {
	member := func(started, version string, generation uint32) admin.Member {
		return admin.Member{Version: version, Operating: admin.Operating{Started: started, Generation: generation}}
	}
	before := map[string]admin.Member{"a1": member("1", "v1", 1), "b1": member("1", "v1", 1), "w": member("", "", 1)}
	for name, c := range map[string]struct {
		now  map[string]admin.Member
		want map[Figure]float64
	}{
		"nothing":    {before, map[Figure]float64{Anew: 0, Replaced: 0, Generations: 0}},
		"restarted":  {map[string]admin.Member{"a1": member("2", "v1", 1), "b1": before["b1"], "w": member("2", "v1", 1)}, map[Figure]float64{Anew: 1, Replaced: 0, Generations: 0}},
		"released":   {map[string]admin.Member{"a1": member("2", "v2", 1), "b1": member("2", "v2", 1), "w": member("2", "v2", 1)}, map[Figure]float64{Anew: 2, Replaced: 2, Generations: 0}},
		"one raised": {map[string]admin.Member{"a1": member("2", "v1", 2), "b1": before["b1"], "w": before["w"]}, map[Figure]float64{Anew: 1, Replaced: 0, Generations: 0}},
		"all raised": {map[string]admin.Member{"a1": member("2", "v1", 2), "b1": member("2", "v1", 2), "w": member("", "", 3)}, map[Figure]float64{Anew: 2, Replaced: 0, Generations: 1}},
		"lowered":    {map[string]admin.Member{"a1": member("1", "v1", 0), "b1": before["b1"], "w": before["w"]}, map[Figure]float64{Anew: 0, Replaced: 0, Generations: 0}},
	} {
		r := &run{figures: map[Figure]float64{}, watch: newWatch(time.Now(), nil),
			top: admin.Topology{Members: []admin.Node{{ID: "a1"}, {ID: "b1"}, {ID: "w"}}}}
		r.watch.last = c.now
		if r.sinceThen(before); !maps.Equal(r.figures, c.want) {
			t.Errorf("%s: %v, want %v", name, r.figures, c.want)
		}
	}
}

// stuck are processes that can be ended, and of which starting says or does nothing.
type stuck struct {
	hurtful
	says error
}

func (s stuck) StartNode(string) error { return s.says }

// Nodes that were ended to prepare and do not come back are a failure, though the fault
// itself was never made: whoever runs the drill has a cluster that is not as it was.
func TestACommandThatLeavesNodesDeadFails(t *testing.T) {
	found, err := Named([]string{"site-return"})
	if err != nil {
		t.Fatal(err)
	}
	noLoad := errors.New("no load")
	for name, c := range map[string]struct {
		says error
		back bool
		want Outcome
	}{
		"starting fails":        {errors.New("ssh: no route to host"), false, Fail},
		"starting does nothing": {nil, false, Fail},
		"they are back":         {nil, true, NotRun},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &run{target: &Target{Operator: &adminclient.Client{}, Processes: stuck{says: c.says}, Load: func(context.Context) (Load, error) { return nil, noLoad }},
					figures: map[Figure]float64{}, data: []string{"A", "B"}, watch: newWatch(time.Now(), nil),
					top: admin.Topology{Members: []admin.Node{{ID: "a1", Site: "A", Role: admin.RoleData}, {ID: "b1", Site: "B", Role: admin.RoleData}}}}
				r.watch.heard("a1", admin.NodeHealth{Member: admin.Member{State: "leader"}}, true, time.Now())
				r.watch.heard("b1", admin.NodeHealth{}, c.back, time.Now())
				report := Report{Outcome: NotRun, Figures: r.figures}
				r.watched(t.Context(), found[0], &report)
				if report.Outcome != c.want || AnyFailed([]Report{report}) != (c.want == Fail) {
					t.Errorf("%s, want %s: %q", report.Outcome, c.want, report.Reasons)
				}
				if len(report.Reasons) != 1 || !strings.Contains(report.Reasons[0], noLoad.Error()) || strings.Contains(report.Reasons[0], ErrHealing.Error()) != (c.want == Fail) {
					t.Errorf("the report does not say why: %q", report.Reasons)
				}
			})
		})
	}
}

// spared is a cluster whose nodes are not ended: the command says that they are.
type spared struct{ Processes }

func (spared) KillNode(string) error  { return nil }
func (spared) StartNode(string) error { return nil }

// The same with everything that is real: nothing happens, and that is no pass.
func TestAKillThatEndsNobodyFails(t *testing.T) {
	binary, s := program(t), leaderKill(t)
	s.Hold = time.Second
	target, end, err := OpenOwn(t.Context(), Own{Binary: binary, Network: fault.KindRelays, Work: Work{Openers: 2, Producers: 1, Streams: 4, Changers: 1, Seed: 1}}, s)
	if err != nil {
		t.Fatal(err)
	}
	target.Steady, target.After, target.Processes = time.Second, time.Second, spared{target.Processes}
	r := Run(t.Context(), s, target, func(line string) { t.Log(line) })
	if err := end(); err != nil {
		t.Error(err)
	}
	if r.Outcome != Fail || len(r.Reasons) == 0 {
		t.Fatalf("%s: %q", r.Outcome, r.Reasons)
	}
	if !slices.ContainsFunc(r.Reasons, func(s string) bool { return strings.HasPrefix(s, unproven) }) {
		t.Errorf("it is not said that nobody saw the fault: %q", r.Reasons)
	}
}
