package drill

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tvilling/protocol/admin"
)

// A log with other entries, fewer, or in another order is not the one that was.
func TestAnotherLogIsNotTheOneThatWas(t *testing.T) {
	was := []admin.RecordEntry{{Sequence: 1, ID: "one"}, {Sequence: 2, ID: "two"}}
	b, err := digestOf(was)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		now  []admin.RecordEntry
		kept bool
	}{
		"the same": {slices.Clone(was), true}, "fewer": {was[:1], false}, "none": {nil, false}, "turned": {[]admin.RecordEntry{was[1], was[0]}, false},
		"another": {[]admin.RecordEntry{was[0], {Sequence: 2, ID: "new"}}, false},
	} {
		now, err := digestOf(c.now)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.is(now); (err == nil) != c.kept || err != nil && !errors.Is(err, errNotKept) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What was not seen is said wherever the outcome is, with how much it is.
func TestTheOutcomeSaysWhatWasNotSeen(t *testing.T) {
	var b strings.Builder
	for _, c := range []struct {
		outcome Outcome
		unseen  int
		want    string
	}{
		{Pass, 0, "pass"}, {Pass, 2, "pass (2 of 3 promises not seen by this work)"}, {Pass, 1, "pass (1 of 3 promises not seen by this work)"},
		{Fail, 1, "fail (1 of 3 promises not seen by this work)"}, {NotRun, 0, "not run"},
	} {
		r := Report{Name: "backup-restore", Outcome: c.outcome, Promises: make([]Kept, 3), Figures: map[Figure]float64{Pause: 7}}
		for i := range c.unseen {
			r.Promises[i].Unseen = true
		}
		if got := r.Says(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if got := r.summary(); strings.Contains(got, "not seen by this work") != (c.unseen > 0) || !strings.Contains(got, "longest pause 7 ms") {
			t.Errorf("the summary says %q", got)
		}
		b.Reset()
		if err := WritePage(&b, r); err != nil || !strings.Contains(b.String(), ">"+c.want+"</span>") {
			t.Errorf("the page does not say %q: %v", c.want, err)
		}
		b.Reset()
		if Table(&b, []Report{r}); !strings.Contains(b.String(), "\t"+c.want+"\t") {
			t.Errorf("the table does not say %q", c.want)
		}
	}
}

// A promise of a drill that takes data away can be seen by what it does itself.
func TestDrillsThatTakeDataAwayLookWhetherItIsBack(t *testing.T) {
	found, err := Named([]string{"backup-restore", "quorum-loss-recover"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range found {
		_, gone := judge(s.Promises, map[Figure]float64{Vanished: 1}, blind())
		_, unasked := judge(s.Promises, nil, blind())
		for name, failed := range map[string][]string{"gone": gone, "not asked": unasked} {
			if !strings.Contains(strings.Join(failed, "\n"), "What was there before") {
				t.Errorf("%s: what is %s keeps every promise", s.Name, name)
			}
		}
		if s.ready == nil {
			t.Errorf("%s puts nothing there", s.Name)
		}
	}
}
