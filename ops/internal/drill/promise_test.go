package drill

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/ops/internal/history"
	"tvilling/ops/internal/workload"
)

func TestJudge(t *testing.T) {
	p := Promise{"It goes on", Pause, 3000}
	for _, c := range []struct {
		name    string
		figures map[Figure]float64
		blind   []Figure
		kept    bool
		says    []string
	}{
		{"below", map[Figure]float64{Pause: 900}, nil, true, nil},
		{"just", map[Figure]float64{Pause: 3000}, nil, true, nil},
		{"above", map[Figure]float64{Pause: 3001}, nil, false, []string{"It goes on: promised at most 3.00 s, measured 3.00 s"}},
		{"not measured", map[Figure]float64{Lost: 0}, nil, false, []string{"It goes on: promised at most 3.00 s, not measured"}},
		{"not to be seen", nil, []Figure{Pause}, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept, says := judge([]Promise{p}, c.figures, c.blind)
			if kept[0].Kept != c.kept || kept[0].Unseen != (c.blind != nil) {
				t.Errorf("%+v", kept[0])
			}
			if diff := cmp.Diff(c.says, says); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Who does nothing keeps every promise: a report of nothing done is no pass.
func TestIdleWorkIsNoPass(t *testing.T) {
	full := workload.Report{Ledger: workload.Ledger{Acknowledged: 1}, Log: workload.AccessLog{Streamed: 1}, History: history.Result{Operations: 1, Verdict: history.OK},
		Phases: []workload.Phase{{Name: PhaseFault, Kinds: []workload.Count{{Kind: "open", Operations: 1, Attempts: 2, Slow: 1}}}}}
	for name, c := range map[string]struct {
		spoil func(*workload.Report)
		work  Work
		idle  int
	}{
		"all is done":               {func(*workload.Report) {}, DefaultWork(), 0},
		"nothing is":                {func(r *workload.Report) { *r = workload.Report{History: history.Result{Verdict: history.OK}} }, DefaultWork(), 4},
		"no operation":              {func(r *workload.Report) { r.Phases = nil }, DefaultWork(), 1},
		"nothing is acknowledged":   {func(r *workload.Report) { r.Ledger.Acknowledged = 0 }, DefaultWork(), 1},
		"no stream is shown":        {func(r *workload.Report) { r.Log.Streamed = 0 }, DefaultWork(), 1},
		"no history":                {func(r *workload.Report) { r.History.Operations = 0 }, DefaultWork(), 1},
		"nobody was there to do it": {func(r *workload.Report) { r.Ledger.Acknowledged, r.Log.Streamed, r.History.Operations = 0, 0, 0 }, Work{Openers: 1}, 0},
	} {
		r := full
		c.spoil(&r)
		if _, idle := worked(floors(), measured(&r).Figures, c.work.blind()); len(idle) != c.idle {
			t.Errorf("%s: %q", name, idle)
		}
	}
	if _, idle := worked(floors(), map[Figure]float64{Requests: 0}, blind()); len(idle) != 1 {
		t.Errorf("of probes that were not made: %q", idle)
	}
}

// A change of access that was never seen to count was not checked, and what is slow is
// promised of a release.
func TestWhatWasNotSeenIsNotChecked(t *testing.T) {
	found, err := Named([]string{"release", "leader-kill"})
	if err != nil {
		t.Fatal(err)
	}
	r := workload.Report{Views: workload.Views{Unseen: 2}, History: history.Result{Verdict: history.OK},
		Phases: []workload.Phase{{Name: PhaseFault, Kinds: []workload.Count{{Kind: "open", Operations: 9, Attempts: 12, Slow: 1}}}}}
	m := measured(&r)
	if m.Figures[Unchecked] != 2 || m.Figures[Attempts] != 12 || len(m.Remarks) != 1 {
		t.Errorf("%v %q", m.Figures, m.Remarks)
	}
	for i, slow := range []bool{true, false} {
		_, broken := judge(found[i].Promises, m.Figures, nil)
		if got := slices.ContainsFunc(broken, func(s string) bool { return strings.Contains(s, "more than a second") }); got != slow {
			t.Errorf("%s: slow counts: %v in %q", found[i].Name, got, broken)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		figure Figure
		value  float64
		want   string
	}{{Pause, 0, "0 ms"}, {Pause, 999, "999 ms"}, {Pause, 1234, "1.23 s"}, {Pause, 12345, "12.3 s"}, {Lost, 0, "0"}, {Requests, 123456, "123456"}} {
		if got := number(c.figure, c.value); got != c.want {
			t.Errorf("%s %v is %q, want %q", c.figure, c.value, got, c.want)
		}
	}
}

func TestFiguresOfSamples(t *testing.T) {
	began := time.Unix(1000, 0)
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	all := []sample{
		{began: at(0), ended: at(10), accepted: true},
		{began: at(950), ended: at(1020), accepted: true}, // asked before the fault, answered after it
		{began: at(1100), ended: at(1200), unknown: true},
		{began: at(1150), ended: at(1300)},
		{began: at(1400), ended: at(2900), accepted: true},
		{began: at(2500), ended: at(2600), accepted: true},
		{began: at(5000), ended: at(5010), accepted: true}, // after the end
	}
	want := map[Figure]float64{Requests: 4, Failed: 1, Unknown: 1, Slow: 1, FirstOpen: 1600, Pause: 1580, OpenP99: 100}
	if diff := cmp.Diff(want, figuresOf(all, at(1000), at(4000))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 1, 2, 0, 0, 1}, bySecond(all, began)); diff != "" {
		t.Errorf("by second (-want +got):\n%s", diff)
	}
	nothing := figuresOf(nil, at(0), at(700))
	if diff := cmp.Diff(map[Figure]float64{Requests: 0, Failed: 0, Unknown: 0, Slow: 0, Pause: 700}, nothing); diff != "" {
		t.Errorf("of nothing (-want +got):\n%s", diff)
	}
}

func TestChangesBetween(t *testing.T) {
	reigns := []Reign{{0, 10, "a"}, {10, 20, ""}, {20, 30, "a"}, {30, 40, "b"}, {40, 50, ""}, {50, 60, "w"}, {60, 70, "b"}}
	for _, c := range []struct {
		from, to int64
		want     int
	}{{0, 70, 3}, {0, 25, 0}, {25, 45, 1}, {35, 100, 2}, {65, 100, 0}} {
		if got := changesBetween(reigns, c.from, c.to); got != c.want {
			t.Errorf("from %d to %d: %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestEveryDrillIsWhole(t *testing.T) {
	names := Names()
	if len(names) != 21 {
		t.Errorf("%d drills", len(names))
	}
	text, err := os.ReadFile("../../docs/drills.md")
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for _, m := range regexp.MustCompile(`(?m)^## ([a-z0-9-]+)$`).FindAllStringSubmatch(string(text), -1) {
		sections = append(sections, m[1])
	}
	sorted := slices.Sorted(slices.Values(names))
	slices.Sort(sections)
	if diff := cmp.Diff(sorted, sections); diff != "" {
		t.Errorf("drills, and sections of ops/docs/drills.md (-drills +sections):\n%s", diff)
	}
	for _, s := range Scenarios() {
		switch {
		case !strings.HasSuffix(s.Shows, ".") || len(s.Needs) == 0:
			t.Errorf("%s does not say what it shows or needs", s.Name)
		case s.fault == nil || s.heal == nil || s.Hold <= 0 || len(s.Promises) == 0 || len(s.Floors) == 0:
			t.Errorf("%s is not whole", s.Name)
		}
	}
	if _, err := Named([]string{"leader-kil"}); err == nil || !strings.Contains(err.Error(), "leader-kill") {
		t.Errorf("a wrong name: %v", err)
	}
}
