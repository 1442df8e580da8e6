package operations

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Limits of the reports that are listed.
const (
	maxReports     = 12
	maxReportFiles = 2000
	maxReportBytes = 8 << 20
)

// Report is a drill or a release that was.
type Report struct {
	Kind    string // drill, release
	Name    string // of the drill, or the version
	Began   time.Time
	Verdict string
	Summary string
}

// kept is what is read of a report's file: a drill's has a name and an outcome, a
// release's an id and a state.
type kept struct {
	Began time.Time `json:"began"`

	Name    string             `json:"name"`
	Outcome string             `json:"outcome"`
	Reasons []string           `json:"reasons"`
	Figures map[string]float64 `json:"figures"`

	ID      string `json:"id"`
	Version string `json:"version"`
	State   string `json:"state"`
	PauseMS int64  `json:"pause_ms"`
	Halts   []struct {
		Sign string `json:"sign"`
		Text string `json:"text"`
	} `json:"halts"`
}

// firstOpen is the figure of a drill that says how long nobody could open anything.
const firstOpen = "first_open_ms"

func (k kept) report() (Report, bool) {
	switch {
	case k.Name != "" && k.Outcome != "":
		r := Report{Kind: "drill", Name: k.Name, Began: k.Began, Verdict: k.Outcome, Summary: strings.Join(k.Reasons, "; ")}
		if ms, ok := k.Figures[firstOpen]; ok && r.Summary == "" {
			r.Summary = fmt.Sprintf("the next open after %.1f s", ms/1000)
		}
		return r, true
	case k.ID != "" && k.State != "":
		r := Report{Kind: "release", Name: k.Version, Began: k.Began, Verdict: k.State}
		if last := len(k.Halts) - 1; k.State == "halted" && last >= 0 {
			r.Summary = k.Halts[last].Sign + ": " + k.Halts[last].Text
		} else if k.PauseMS > 0 {
			r.Summary = fmt.Sprintf("a write took %d ms at most", k.PauseMS)
		}
		return r, true
	}
	return Report{}, false
}

// Class colours the verdict.
func (r Report) Class() string {
	switch r.Verdict {
	case "pass", "released":
		return "good"
	case "fail", "halted":
		return "broken"
	}
	return "notice"
}

// When is when it began, to the minute.
func (r Report) When() string { return r.Began.UTC().Format("2006-01-02 15:04") }

// reportsIn reads the newest reports below directories. A file that is none is passed by.
func reportsIn(dirs []string) []Report {
	var all []Report
	files := 0
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error { // what cannot be read is not listed
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
				return nil
			}
			if files++; files > maxReportFiles {
				return filepath.SkipAll
			}
			if info, err := d.Info(); err != nil || info.Size() > maxReportBytes {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return nil
			}
			var k kept
			if json.Unmarshal(text, &k) == nil {
				if r, is := k.report(); is {
					all = append(all, r)
				}
			}
			return nil
		})
	}
	slices.SortStableFunc(all, func(a, b Report) int { return cmp.Or(b.Began.Compare(a.Began), cmp.Compare(a.Name, b.Name)) })
	return all[:min(len(all), maxReports)]
}
