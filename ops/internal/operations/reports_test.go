package operations

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/ops/internal/drill"
	"tvilling/ops/internal/release"
)

// What drills and releases write is what is listed.
func TestReportsAsTheyAreWritten(t *testing.T) {
	dir := t.TempDir()
	for _, r := range []drill.Report{
		{Name: "leader-kill", Outcome: drill.Pass, Began: at.Add(-3 * time.Hour),
			Figures: map[drill.Figure]float64{drill.FirstOpen: 1420, drill.Requests: 900, drill.Failed: 0, drill.Lost: 0}},
		{Name: "disk-full", Outcome: drill.NotRun, Reasons: []string{"needs root"}, Began: at.Add(-2 * time.Hour)},
	} {
		if err := drill.Save(filepath.Join(dir, "drills"), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(release.Path(dir, "r1"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, r := range []release.Report{
		{ID: "r1", Cluster: "norr", Version: "2.0", State: release.Released, Began: at.Add(-time.Hour), Ended: at, PauseMS: 40,
			Steps: []release.StepReport{{State: "done"}, {State: "done"}}},
	} {
		if err := r.Keep(dir); err != nil {
			t.Fatal(err)
		}
	}
	want := []Report{
		{"release", "r1", "2026-03-01T13:00:00Z", "done", "2.0 in norr: 2 of 2 steps in 1h0m0s, no write waited longer than 40 ms"},
		{"drill", "disk-full", "2026-03-01T12:00:00Z", "not run", "needs root"},
		{"drill", "leader-kill", "2026-03-01T11:00:00Z", "pass", "first accepted open after 1.42 s, operations 900, failed 0, lost 0"},
	}
	got := new(shelf).reports(dir)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if got[0].Class() != "good" || got[1].Class() != "notice" || got[2].Class() != "good" || got[0].When() != "2026-03-01 13:00" {
		t.Errorf("shown as %q %q %q at %s", got[0].Class(), got[1].Class(), got[2].Class(), got[0].When())
	}
}

// A file is read once, until its size or its time says that it is another; one that went
// away is forgotten.
func TestReportsAreReadOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "one.json")
	write := func(name string, when time.Time) {
		t.Helper()
		if err := os.WriteFile(file, []byte(`{"name":"`+name+`","verdict":"pass"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
	}
	var s shelf
	for _, c := range []struct {
		name string
		when time.Time
		want string
	}{
		{"aa", at, "aa"},
		{"bb", at, "aa"}, // nothing tells that it is another
		{"bb", at.Add(time.Second), "bb"},
		{"ccc", at.Add(time.Second), "ccc"},
	} {
		write(c.name, c.when)
		if got := s.reports(filepath.Dir(file)); len(got) != 1 || got[0].Name != c.want {
			t.Errorf("of %q at %v: %+v, want %q", c.name, c.when, got, c.want)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := s.reports(filepath.Dir(file)); len(got) != 0 || len(s.kept) != 0 {
		t.Errorf("of what went away: %+v, kept %d", got, len(s.kept))
	}
}
