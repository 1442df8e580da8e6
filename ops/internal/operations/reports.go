package operations

import (
	"encoding/json"
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
	maxReportText  = 500 // bytes of each of its words that are shown
)

// Report is a drill or a release that was, as its file says.
type Report struct {
	Kind    string `json:"kind"` // drill, release
	Name    string `json:"name"`
	Started string `json:"started"` // RFC 3339
	Verdict string `json:"verdict"` // pass, fail, not run; done, halted, aborted
	Summary string `json:"summary"`
}

// short bounds what is shown of a report.
func (r Report) short() Report {
	for _, text := range []*string{&r.Kind, &r.Name, &r.Started, &r.Verdict, &r.Summary} {
		if len(*text) > maxReportText {
			*text = strings.ToValidUTF8((*text)[:maxReportText], "") + " …"
		}
	}
	return r
}

// Class colours the verdict.
func (r Report) Class() string {
	switch r.Verdict {
	case "pass", "done":
		return "good"
	case "fail", "halted":
		return "broken"
	}
	return "notice"
}

// When is when it started, to the minute.
func (r Report) When() string {
	if at, err := time.Parse(time.RFC3339, r.Started); err == nil {
		return at.UTC().Format("2006-01-02 15:04")
	}
	return r.Started
}

// shelf keeps what was read of files, for as long as they are as they were: they are
// listed each second, and change once in a while. It is not safe for use at once.
type shelf struct {
	kept map[string]kept // by path; of those that were there when it was last looked
}

// kept is what a file held.
type kept struct {
	size     int64
	modified time.Time
	report   Report // empty: it is none
}

// reports are the newest below directories. A file that is none is passed by.
func (s *shelf) reports(dirs ...string) []Report {
	var all []Report
	files, now := 0, map[string]kept{}
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error { // what cannot be read is not listed
			if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".json") {
				return nil
			}
			if files++; files > maxReportFiles {
				return filepath.SkipAll
			}
			info, err := d.Info()
			if err != nil || info.Size() > maxReportBytes {
				return nil
			}
			k, is := s.kept[path]
			if !is || k.size != info.Size() || !k.modified.Equal(info.ModTime()) {
				k = kept{info.Size(), info.ModTime(), reportOf(path)}
			}
			now[path] = k
			if k.report.Name != "" {
				all = append(all, k.report)
			}
			return nil
		})
	}
	s.kept = now
	slices.SortStableFunc(all, func(a, b Report) int { return strings.Compare(b.Started, a.Started) })
	return all[:min(len(all), maxReports)]
}

// reportOf reads a file; empty: it is none.
func reportOf(path string) Report {
	var r Report
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &r) != nil || r.Name == "" || r.Verdict == "" {
		return Report{}
	}
	return r.short()
}
