package drill

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/ops/internal/fault"
)

// seen is a report with one of everything.
func seen() Report {
	value := 1420.0
	return Report{Name: "leader-kill", Shows: "What it shows <&>.", Outcome: Fail, Reasons: []string{"too slow"},
		Began: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Millis: 20_500,
		Where:    Where{Kind: "a cluster of its own", Cluster: "demo", Environment: "demo", Network: fault.KindRelays, Load: "work"},
		Steady:   Steady{Leader: "b2", Level: 2, Versions: map[string]string{"a1": "v1", "b2": "v1", "w": "v2"}},
		Events:   []Event{{0, KindPhase, "steady state"}, {0, KindLeader, "b2 leads"}, {5000, KindPhase, "fault"}, {5000, KindFault, "kill b2"}, {13000, KindPhase, "heal"}, {13001, KindHeal, "start b2"}},
		Figures:  map[Figure]float64{Pause: value, Lost: 0},
		Promises: []Kept{{Promise: Promise{"Opens", Pause, 1000}, Measured: &value}, {Promise: Promise{"Lost", Lost, 0}}},
		Floors:   []Reached{{Floor: Floor{"Work", Requests, 1}, Measured: 3, Reached: true}},
		Work:     []Done{{Phase: "fault", Kind: "open", Count: 901, Attempts: 977, Slow: 13}},
		Course:   Course{Seconds: []int{10, 12, 0, 7}, Leaders: []Reign{{0, 5000, "b2"}, {5000, 6000, ""}, {6000, 20500, "a1"}}},
		Remarks:  []string{"A remark."}}
}

func TestPageIsWellFormedAndStandsByItself(t *testing.T) {
	for name, r := range map[string]Report{"full": seen(), "not run": {Name: "disk-full", Outcome: NotRun, Reasons: []string{"needs root"}}} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := WritePage(&b, r); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			for _, bad := range []string{"<script", "http://", "https://", "ZgotmplZ", "<no value>", "NaN"} {
				if strings.Contains(text, bad) {
					t.Errorf("%q is in the page", bad)
				}
			}
			d := xml.NewDecoder(strings.NewReader(text))
			d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestDrawingLaysOutInTime(t *testing.T) {
	d := draw(seen())
	if len(d.Bars) != 4 || d.Bars[1].H != drawBars || d.Bars[2].H != 0 {
		t.Errorf("bars: %+v", d.Bars)
	}
	if len(d.Bands) != 3 || d.Bands[1].X != d.Marks[0].X || d.Bands[1].X+d.Bands[1].W != d.Bands[2].X {
		t.Errorf("bands: %+v, marks: %+v", d.Bands, d.Marks)
	}
	if last := d.Reigns[2]; last.X+last.W > drawWidth || d.Reigns[1].Class != "nobody" {
		t.Errorf("reigns: %+v", d.Reigns)
	}
	if n := len(d.Ticks); n == 0 || n > maxTicks+1 {
		t.Errorf("%d ticks", n)
	}
}

func TestSaveWritesWhatCanBeReadAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reports")
	want := seen()
	if err := Save(dir, want); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "leader-kill.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "leader-kill.html")); err != nil {
		t.Error(err)
	}
}

func TestTableHasALineForEach(t *testing.T) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	Phases(w, seen())
	Table(w, []Report{seen(), {Name: "disk-full", Outcome: NotRun, Reasons: []string{"needs root"}}})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"leader-kill", "1.42 s", "disk-full", "not run", "disk-full: needs root", "OPERATIONS", "ATTEMPTS", "SLOW", "901", "977", "13"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if !AnyFailed([]Report{seen()}) || AnyFailed([]Report{{Outcome: NotRun}, {Outcome: Pass}}) {
		t.Error("who failed is not told")
	}
}
