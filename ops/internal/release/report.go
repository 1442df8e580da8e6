package release

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tvilling/protocol/admin"
)

// Report is what a release did, read from its journal.
type Report struct {
	ID        string       `json:"id"`
	Cluster   string       `json:"cluster"`
	State     State        `json:"state"`
	Version   string       `json:"version"`
	From      []string     `json:"from"`
	Level     uint16       `json:"level"`      // that was active
	NextLevel uint16       `json:"next_level"` // that the build knows; 0: not known
	Began     time.Time    `json:"began"`
	Ended     time.Time    `json:"ended"`    // of the latest entry
	PauseMS   int64        `json:"pause_ms"` // the longest that a write took, attempts that failed included
	Steps     []StepReport `json:"steps"`
	Halts     []HaltReport `json:"halts"`
	Checks    []Check      `json:"checks"`
	Now       []NodeReport `json:"now,omitempty"` // what runs, where it was asked
	Ahead
}

// Ahead is what is left to be done.
type Ahead struct {
	Drained []string `json:"drained,omitempty"` // nodes that may be left so
	Next    []string `json:"next"`              // what can be done
}

// StepReport is one step as it went.
type StepReport struct {
	Step
	State     string    `json:"state"` // waits, under way, halted, done
	Began     time.Time `json:"began,omitzero"`
	TookMS    int64     `json:"took_ms"`
	DrainedMS int64     `json:"drained_ms"`
	AwayMS    int64     `json:"away_ms"` // from the command until it was back and level
	Moved     int       `json:"moved"`   // browsers that went by themselves
	Closed    int       `json:"closed"`  // that were closed
	PauseMS   int64     `json:"pause_ms"`
	Led       string    `json:"led"` // who led when it was done
	Says      string    `json:"says,omitempty"`
}

// HaltReport is one halt.
type HaltReport struct {
	At   time.Time `json:"at"`
	Step int       `json:"step"`
	Node string    `json:"node"`
	Sign string    `json:"sign"`
	Text string    `json:"text"`
}

// NodeReport is what a node runs now.
type NodeReport struct {
	Node    string `json:"node"`
	Version string `json:"version"` // empty: it does not answer
	Is      string `json:"is"`
}

// Tell makes a report of a journal.
func Tell(entries []Entry) Report {
	forth, back := plans(entries)
	r := Report{
		ID: forth.ID, Cluster: forth.Cluster, State: StateOf(entries), Version: forth.Build.Version, Level: forth.Level,
		NextLevel: forth.Build.Level, From: versionsOf(forth), Halts: []HaltReport{}, Steps: []StepReport{},
	}
	at := map[int]*StepReport{}
	for _, s := range allSteps(forth, back) {
		r.Steps = append(r.Steps, StepReport{Step: s, State: "waits"})
	}
	for i := range r.Steps {
		at[r.Steps[i].Number] = &r.Steps[i]
	}
	replaced := map[int]time.Time{}
	for i, e := range entries {
		if i == 0 {
			r.Began, r.Checks = e.At, e.Checks
		}
		r.Ended = e.At
		if e.Act == ActHalt {
			r.Halts = append(r.Halts, HaltReport{e.At, e.Step, e.Node, e.Sign, e.Text})
		}
		if last := len(r.Halts) - 1; e.Act == ActUndrain && e.Mark == Failed && last >= 0 {
			r.Halts[last].Text += leftDrained(e)
		}
		if s := at[e.Step]; s != nil {
			s.take(e, replaced)
		}
		r.PauseMS = max(r.PauseMS, e.PauseMS)
	}
	r.Drained = drained(entries)
	r.Next = next(r.State, forth, back != nil)
	return r
}

func versionsOf(p Plan) []string {
	were := map[string]bool{}
	for _, f := range p.Former {
		if f.Version != p.Build.Version {
			were[f.Version] = true
		}
	}
	return sortedKeys(were)
}

// take adds what an entry tells of its step.
func (s *StepReport) take(e Entry, replaced map[int]time.Time) {
	if s.Began.IsZero() {
		s.Began = e.At
	}
	if s.State != "done" && e.Act != ActUndrain { // which follows a halt
		s.State = "under way"
	}
	s.TookMS = e.At.Sub(s.Began).Milliseconds()
	switch {
	case e.Act == ActDrain && e.Draining != nil:
		s.DrainedMS, s.Moved, s.Closed = e.Draining.Millis, e.Draining.Moved, e.Draining.Closed
	case e.Act == ActReplace && e.Mark == Begins:
		replaced[e.Step] = e.At
	case e.Act == ActBack && e.Mark == Done:
		if began, ok := replaced[e.Step]; ok {
			s.AwayMS = e.At.Sub(began).Milliseconds()
			delete(replaced, e.Step) // a run that goes on finds it back once more
		}
		s.Says = e.Text
	case e.Act == ActHalt:
		s.State, s.Says = "halted", e.Sign+": "+e.Text
	case e.Act == ActStep && e.Mark == Done:
		s.State, s.PauseMS, s.Led = "done", e.PauseMS, e.Leader
	}
}

// next says what can be done. Where the way back ends is said each time.
func next(state State, p Plan, back bool) []string {
	const resume = "tvilling release run --resume goes on from where it is."
	const abort = "tvilling release abort gives every replaced node the build that it had, while the level has not been activated."
	switch {
	case state == Released && p.Build.Level != 0 && p.Build.Level <= p.Level:
		return []string{fmt.Sprintf("Nothing is left to activate: level %d was active when it began, and the build knows no higher one. Going back is allowed: tvilling release abort.", p.Level)}
	case state == Released:
		return []string{
			fmt.Sprintf("Until the level is activated, going back is allowed: tvilling release abort. Level %d was active when it began, and %s.", p.Level, knows(p.Build.Level)),
			"When you are sure that you will not go back: tvilling members activate. After it going back is not allowed."}
	case state == Aborted:
		return []string{"Every node runs what it ran before. Nothing is left to be done."}
	case back:
		return []string{"tvilling release abort goes on with taking it back."}
	}
	return []string{resume, abort}
}

// Interrupted reports whether nobody works on what has neither ended nor halted: the
// process that did was killed.
func (r *Report) Interrupted(worked bool) bool {
	return !worked && (r.State == Running || r.State == Aborting)
}

// Worked changes what can be done by whether a process works on it now.
func (r *Report) Worked(worked bool) {
	switch {
	case worked:
		r.Next = []string{"A tvilling works on it now: wait for it, or end it with Ctrl-C, which leaves no node drained."}
	case r.Interrupted(worked):
		r.Next = append([]string{"No tvilling works on it: the one that did was ended in the middle. A node may be drained or away."}, r.Next...)
	}
	for _, id := range r.Drained {
		if !worked {
			r.Next = append(r.Next, id+" may be left drained: tvilling undrain "+id+", unless the release goes on.")
		}
	}
}

func knows(level uint16) string {
	if level == 0 {
		return "what the build knows was not told"
	}
	return fmt.Sprintf("the build knows level %d", level)
}

// Where adds what runs now.
func (r *Report) Where(now Sight) {
	r.Now = nil
	for _, id := range sortedKeys(now.Members) {
		m := now.Members[id]
		n := NodeReport{Node: id, Is: "serves"}
		switch {
		case !answers(m):
			n.Is = "does not answer"
		case !ready(m):
			n.Is = whyNot(m)
		case m.Role == admin.RoleWitness:
			n.Is = "votes"
		}
		if id == now.Leader {
			n.Is += ", leads"
		}
		if answers(m) {
			n.Version = m.Version
		}
		r.Now = append(r.Now, n)
	}
}

//go:embed page.html
var page string

// WriteHTML writes the page: whole by itself, without scripts.
func (r Report) WriteHTML(w io.Writer) error {
	t, err := template.New("release").Funcs(template.FuncMap{
		"ms": func(ms int64) string {
			return (time.Duration(ms) * time.Millisecond).Round(10 * time.Millisecond).String()
		},
		"clock": func(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") },
		"join":  strings.Join,
		"took":  func(r Report) string { return r.Ended.Sub(r.Began).Round(time.Second).String() },
		"share": r.share,
		"class": func(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "-") },
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("the report's page: %w", err)
	}
	return t.Execute(w, r)
}

// share places a step on the line of the whole: from and width, in percent.
func (r Report) share(s StepReport) [2]string {
	whole := float64(max(r.Ended.Sub(r.Began).Milliseconds(), 1))
	if s.Began.IsZero() {
		return [2]string{"0", "0"}
	}
	from := 100 * float64(s.Began.Sub(r.Began).Milliseconds()) / whole
	return [2]string{fmt.Sprintf("%.2f", from), fmt.Sprintf("%.2f", max(100*float64(s.TookMS)/whole, 0.4))}
}

// filed is a report with what lists of reports show of each.
type filed struct {
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	Started time.Time `json:"started"`
	Verdict string    `json:"verdict"` // done, halted, aborted; else it has not ended
	Summary string    `json:"summary"`
	Report
}

func (r Report) filed() filed {
	f := filed{Kind: "release", Name: r.ID, Started: r.Began, Verdict: string(r.State), Report: r}
	if r.State == Released {
		f.Verdict = "done"
	}
	done := 0
	for _, s := range r.Steps {
		if s.State == "done" {
			done++
		}
	}
	f.Summary = fmt.Sprintf("%s in %s: %d of %d steps in %v, no write waited longer than %d ms",
		r.Version, r.Cluster, done, len(r.Steps), r.Ended.Sub(r.Began).Round(time.Second), r.PauseMS)
	if n := len(r.Halts); n > 0 {
		f.Summary += fmt.Sprintf("; halted %d times, lastly: %s", n, r.Halts[n-1].Sign)
	}
	return f
}

// Keep writes the report beside the journal, as JSON and as a page.
func (r Report) Keep(dir string) error {
	raw, err := json.MarshalIndent(r.filed(), "", "  ")
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := r.WriteHTML(&text); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(Path(dir, r.ID), "report.json"), append(raw, '\n'), 0o600),
		os.WriteFile(filepath.Join(Path(dir, r.ID), "report.html"), []byte(text.String()), 0o600),
	)
}
