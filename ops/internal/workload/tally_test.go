package workload

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/ops/internal/history"
)

const ms = time.Millisecond

func TestPhases(t *testing.T) {
	samples := []sample{ // in the order of their ends
		{open, succeeded, 1, 0, 10 * ms},           // before the first phase: counted nowhere
		{open, succeeded, 1, 100 * ms, 120 * ms},   //
		{put, unknown, 7, 100 * ms, 900 * ms},      //
		{open, failed, 3, 500 * ms, 2500 * ms},     // slow, and in the phase in which it ended
		{open, succeeded, 2, 900 * ms, 2600 * ms},  // asked for before the phase: not its first
		{open, succeeded, 1, 2100 * ms, 2900 * ms}, //
		{open, expected, 1, 2100 * ms, 2950 * ms},  //
		{put, refused, 1, 2000 * ms, 3000 * ms},    //
	}
	got := phases(samples, []mark{{"before", 20 * ms}, {"after", 1000 * ms}}, 4000*ms)
	want := []Phase{
		{Name: "before", After: 0.02, Seconds: 0.98, FirstOpen: 100, Kinds: []Count{
			{Kind: "open", Operations: 1, Attempts: 1, OK: 1, Pause: 880, Rate: 1 / 0.98, P50: 20, P99: 20, Max: 20},
			{Kind: "put", Operations: 1, Attempts: 7, Unknown: 1, Pause: 980},
		}},
		{Name: "after", After: 1, Seconds: 3, FirstOpen: 1900, Kinds: []Count{
			{Kind: "open", Operations: 4, Attempts: 7, OK: 2, Expected: 1, Failed: 1, Slow: 2, Pause: 2480, Rate: 2.0 / 3, P50: 800, P99: 1700, Max: 1700},
			{Kind: "put", Operations: 1, Attempts: 1, Refused: 1, Pause: 3980},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := phases(samples, []mark{{"", 3500 * ms}}, 4000*ms); got[0].FirstOpen >= 0 || len(got[0].Kinds) != 0 {
		t.Errorf("a phase in which nothing ended: %+v", got)
	}
	failed, unknown := (&Report{Phases: want}).Failed()
	if failed != 2 || unknown != 1 {
		t.Errorf("%d failed and %d unknown, want 2 and 1", failed, unknown)
	}
}

func TestTallyIsBounded(t *testing.T) {
	tally := tally{started: time.Now(), samples: make([]sample, maxOperations-1)}
	if !tally.room() {
		t.Error("there is no room for the last one")
	}
	for range maxFaults + 1 {
		tally.add(sample{outcome: failed}, errors.New("broken"))
	}
	if tally.room() || len(tally.samples) != maxOperations || len(tally.faults) != maxFaults {
		t.Errorf("%d samples, %d faults, room %v", len(tally.samples), len(tally.faults), tally.room())
	}
	if late := (&tally).room(); late {
		t.Error("there is room again")
	}
}

// Where nothing is done nothing is broken: what somebody was there to do must be seen.
func TestIdleWorkIsBroken(t *testing.T) {
	all := Config{Openers: 1, Producers: 1, Streams: 1, Changers: 1}
	for name, c := range map[string]struct {
		config Config
		report Report
		broken int
	}{
		"idle":                {all, Report{}, 4},
		"nobody was there":    {Config{}, Report{}, 0},
		"all at work":         {all, Report{Ledger: Ledger{Acknowledged: 1}, Log: AccessLog{Shows: 1, Streamed: 1}, History: history.Result{Operations: 1}}, 0},
		"a change nobody saw": {Config{}, Report{Views: Views{Changes: 2, Unseen: 1}}, 1},
	} {
		c.report.History.Verdict = history.OK
		c.report.Idle = idle(c.config, &c.report)
		if got := c.report.Broken(); len(got) != c.broken {
			t.Errorf("%s: %q", name, got)
		}
	}
}
