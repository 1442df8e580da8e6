package bench

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node"
	"tvilling/ops/internal/notes"
	"tvilling/protocol"
)

func TestPeopleAreValidAndDifferent(t *testing.T) {
	p := people(MaxBlocks)
	seen := map[protocol.PatientID]bool{}
	for _, group := range [][]string{p.open, p.write, p.consent, p.block} {
		for _, number := range group {
			id, err := protocol.ParsePatientID(number)
			if err != nil {
				t.Fatalf("number %d: %v", len(seen), err)
			}
			seen[id] = true
		}
	}
	if want := toOpen + toWrite + toConsent + MaxBlocks; len(seen) != want {
		t.Errorf("%d different people, want %d", len(seen), want)
	}
}

// Records are read whole by a node, and are about 1 KiB each; another edition is
// another text of the same length.
func TestAnswersAreWhatTheyAreCalled(t *testing.T) {
	patient := people(0).open[0]
	one := notes.Answer(note(patient, 0, 1, ownProvider, ownUnit))
	two := notes.Answer(note(patient, 0, 2, ownProvider, ownUnit))
	if bytes.Equal(one, two) || len(one) != len(two) {
		t.Errorf("two editions of %d and %d bytes, want different ones of one length", len(one), len(two))
	}
	got, err := node.Inspect(notes.Answer(note(patient, 0, 1, ownProvider, ownUnit), note(patient, 1, 1, ownProvider, ownUnit)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Documents) != 2 || len(got.Deviations) != 0 {
		t.Errorf("a node reads %d documents and %d deviations, want 2 and none", len(got.Documents), len(got.Deviations))
	}
	if size := len(note(patient, 0, 1, ownProvider, ownUnit).Text()); size != notes.TextBytes {
		t.Errorf("a text of %d bytes, want %d", size, notes.TextBytes)
	}
}

func TestQuantiles(t *testing.T) {
	var took []time.Duration
	for n := 100; n > 0; n-- {
		took = append(took, time.Duration(n)*time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.99: 99, 1: 100} {
		if got := quantile(took, q); got != want*time.Millisecond {
			t.Errorf("quantile %v is %v, want %d ms", q, got, want)
		}
	}
	if quantile(nil, 0.5) != 0 || at(nil, 0.5) != 0 {
		t.Error("nothing measured has a quantile")
	}
}

func TestProcFiles(t *testing.T) {
	stat := "123 (a ) name (x) S 1 2 3 4 5 6 7 8 9 10 250 150 0 0 20 0 9"
	if got := cpuIn(stat); got != 4 {
		t.Errorf("%v CPU seconds, want 4", got)
	}
	if got := cpuIn("nonsense"); got != 0 {
		t.Errorf("%v CPU seconds of nonsense", got)
	}
	busy, idle := machineIn("cpu  100 100 100 1000 500 50 50 100 7000 0")
	if busy != 5 || idle != 15 {
		t.Errorf("busy %v and idle %v, want 5 and 15", busy, idle)
	}
}

// A figure that was not measured meets nothing.
func TestJudge(t *testing.T) {
	var r Report
	r.Judge()
	for _, a := range r.Aims {
		if a.Met || a.Known {
			t.Errorf("%s: nothing was measured, and it is known (%v) and met (%v)", a.What, a.Known, a.Met)
		}
	}
	r = Report{
		Rows: []Row{
			{Section: sectionSend(1), Measures: []Measure{{AtOnce: 64, Rate: 2999}}},
			{Section: sectionSend(10), Measures: []Measure{{AtOnce: 64, Rate: 3000}}},
			{Section: sectionOpen, Measures: []Measure{{AtOnce: 64, P50: 20}}},
			{Section: sectionShow, Measures: []Measure{{AtOnce: 1, Rate: 9000}}},
			{Section: sectionShow, Measures: []Measure{{AtOnce: 64, Rate: 2600, P50: 25, P99: 61, Failed: 1}}},
		},
		Failover: Failover{First: []float64{900, 1301}},
		Account:  Account{Shown: 10, Recorded: 11},
		Browser:  &Browser{Revoked: []float64{-3, 40}, ColdOverview: []float64{1000}},
		Program:  690_000,
	}
	r.Judge()
	var met []bool
	for _, a := range r.Aims {
		met = append(met, a.Met)
	}
	want := []bool{false, true, true, false, false, true, true, true, true, false}
	if diff := cmp.Diff(want, met); diff != "" {
		t.Errorf("aims met (-want +got):\n%s\n%+v", diff, r.Aims)
	}
	if diff := cmp.Diff([]Share{{AtOnce: 64, Record: 20, View: 25, Percent: 80}}, r.Shares); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
	var b strings.Builder
	if err := r.Print(&b); err != nil || strings.Count(b.String(), "missed") != 4 {
		t.Errorf("printed %v:\n%s", err, b.String())
	}
}

func TestBrowserFileMayBeMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "browser.json")
	if b, err := LoadBrowser(path); b != nil || err != nil {
		t.Errorf("a file that is not there: %v, %v", b, err)
	}
	want := Browser{Name: "x", Revoked: []float64{1, 2}}
	if err := Save(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := LoadBrowser(path)
	if err != nil || cmp.Diff(&want, got) != "" {
		t.Errorf("%v, %+v", err, got)
	}
}

// A block is told when the answer with it leaves, and was committed the feed's interval
// before the next question. What follows a round that was not ordinary says nothing.
func TestWhatTheRelaySees(t *testing.T) {
	at := time.Unix(1_790_000_000, 0)
	after := func(ms int) time.Time { return at.Add(time.Duration(ms) * time.Millisecond) }
	for _, c := range []struct {
		name            string
		next            int
		told, committed time.Time
	}{
		{name: "an ordinary round", next: 1012, told: after(5), committed: after(12)},
		{name: "asked again at once", next: 600, told: after(5)},
		{name: "not asked again", told: after(5)},
	} {
		r := relay{every: time.Second, waited: map[string]time.Time{}}
		r.wait("191212121212")
		r.asked(at)
		r.told([]byte("nothing yet"), after(1))
		r.told([]byte("<id>191212121212</id>"), after(5))
		r.told([]byte("<id>191212121212</id>"), after(6))
		if c.next > 0 {
			r.asked(after(c.next))
			r.asked(after(c.next + 1000))
		}
		told, committed := r.known("191212121212")
		if !told.Equal(c.told) || !committed.Equal(c.committed) {
			t.Errorf("%s: told %v and committed %v, want %v and %v", c.name, told, committed, c.told, c.committed)
		}
	}
}

func TestGone(t *testing.T) {
	at := time.Unix(1_790_000_000, 0)
	var g Gone
	g.add(time.Time{}, seen{views: []time.Time{at}}) // not known: not counted
	g.add(at, seen{views: []time.Time{at.Add(3 * time.Millisecond), at.Add(-time.Millisecond)}, page: at.Add(2 * time.Millisecond)})
	g.sort()
	if !slices.Equal(g.Page, []float64{2}) || !slices.Equal(g.Views, []float64{-1, 3}) || !slices.Equal(g.Last, []float64{3}) {
		t.Errorf("%+v", g)
	}
}
