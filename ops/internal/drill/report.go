package drill

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Outcome is how a drill ended.
type Outcome string

// The outcomes. A drill that could not be run has not passed.
const (
	Pass   Outcome = "pass"
	Fail   Outcome = "fail"
	NotRun Outcome = "not run"
)

// Report is what a drill saw, did and measured.
type Report struct {
	Name     string             `json:"name"`
	Shows    string             `json:"shows"`
	Outcome  Outcome            `json:"outcome"`
	Reasons  []string           `json:"reasons,omitempty"` // why it is not a pass
	Began    time.Time          `json:"began"`
	Millis   int64              `json:"millis"`
	Where    Where              `json:"where"`
	Steady   Steady             `json:"steady"`
	Events   []Event            `json:"events"`
	Promises []Kept             `json:"promises"`
	Floors   []Reached          `json:"floors,omitempty"`
	Figures  map[Figure]float64 `json:"figures"`
	Work     []Done             `json:"work,omitempty"`
	Remarks  []string           `json:"remarks,omitempty"`
	Course
}

// Course is how it went, for drawing.
type Course struct {
	Seconds []int   `json:"accepted_by_second"`
	Leaders []Reign `json:"leaders"`
}

// Where is what a drill was run against.
type Where struct {
	Kind        string `json:"kind"`
	Cluster     string `json:"cluster"`
	Environment string `json:"environment"`
	Network     string `json:"network"` // namespaces, relays, commands; empty: none was made
	Load        string `json:"load"`
}

// Steady is what was seen before the fault.
type Steady struct {
	Leader   string            `json:"leader"`
	Level    uint16            `json:"level"`
	Versions map[string]string `json:"versions"` // by node
	Findings []string          `json:"findings,omitempty"`
}

// Kinds of events.
const (
	KindPhase  = "phase"
	KindFault  = "fault"
	KindHeal   = "heal"
	KindLeader = "leader"
	KindCheck  = "check"
)

// Event is something that happened, so long after the beginning.
type Event struct {
	At   int64  `json:"at_ms"`
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Reign is a time during which a node led; an empty Leader: nobody that we could ask.
type Reign struct {
	From   int64  `json:"from_ms"`
	To     int64  `json:"to_ms"`
	Leader string `json:"leader"`
}

// filed is a report with what lists of reports show of each.
type filed struct {
	Kind    string    `json:"kind"`
	Started time.Time `json:"started"`
	Verdict Outcome   `json:"verdict"`
	Summary string    `json:"summary"`
	Report
}

// Says is the outcome in words, with how much of what was promised nobody looked at: a
// pass of that says less than one of everything.
func (r Report) Says() string {
	if unseen := r.unseen(); unseen != "" {
		return fmt.Sprintf("%s (%s)", r.Outcome, unseen)
	}
	return string(r.Outcome)
}

func (r Report) unseen() string {
	n := 0
	for _, k := range r.Promises {
		if k.Unseen {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d promises not seen by this work", n, len(r.Promises))
}

// Filed is a report as it is written: with its verdict, and in a line.
func (r Report) Filed() any { return filed{"drill", r.Began, r.Outcome, r.summary(), r} }

// summary is a report in a line: why it has not passed, or what mattered to people.
func (r Report) summary() string {
	said := []string{}
	if unseen := r.unseen(); unseen != "" {
		said = append(said, unseen)
	}
	if len(r.Reasons) > 0 {
		return strings.Join(append(slices.Clone(r.Reasons), said...), "; ")
	}
	for _, one := range []struct {
		what   string
		figure Figure
	}{{"first accepted open after", FirstOpen}, {"longest pause", Pause}, {"operations", Requests}, {"attempts", Attempts}, {"failed", Failed}, {"slow", Slow}, {"lost", Lost}} {
		if v, ok := r.Figures[one.figure]; ok {
			said = append(said, one.what+" "+number(one.figure, v))
		}
	}
	return strings.Join(said, ", ")
}

// Save writes a report as JSON and as a page into a directory, named after the drill.
func Save(dir string, r Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r.Filed(), "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, r.Name+".json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	page, err := os.Create(filepath.Join(dir, r.Name+".html"))
	if err != nil {
		return err
	}
	defer page.Close()
	if err := WritePage(page, r); err != nil {
		return err
	}
	return page.Close()
}

// Phases writes what was done in a drill, by phase and kind, for a tabwriter.
func Phases(w io.Writer, r Report) {
	if len(r.Work) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\tKIND\tOPERATIONS\tATTEMPTS\tFAILED\tUNKNOWN\tSLOW\tLONGEST PAUSE\tP50\tP99\tSLOWEST\n", strings.ToUpper(r.Name))
	for _, d := range r.Work {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%.0f ms\t%.0f ms\t%.0f ms\t%.0f ms\n", d.Phase, d.Kind, d.Count, d.Attempts, d.Failed, d.Unknown, d.Slow, d.Pause, d.P50, d.P99, d.Max)
	}
}

// Table writes the figures of several drills, a line each, for a tabwriter.
func Table(w io.Writer, all []Report) {
	fmt.Fprintln(w, "DRILL\tOUTCOME\tFIRST OPEN\tLONGEST PAUSE\tOPERATIONS\tATTEMPTS\tFAILED\tUNKNOWN\tSLOW\tACKNOWLEDGED\tLOST\tBLANKED\tLATE\tNEVER\tRESUMED\tHISTORY\tCANARY\tCAUGHT UP\tA-B-A\tNETWORK")
	for _, r := range all {
		f := func(name Figure) string {
			if v, ok := r.Figures[name]; ok {
				return number(name, v)
			}
			return "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Says(),
			f(FirstOpen), f(Pause), f(Requests), f(Attempts), f(Failed), f(Unknown), f(Slow), f(Acknowledged), f(Lost),
			f(Blanked), f(BlankedLate), f(NotBlanked), f(Resumed), f(Operations), f(Canary), f(CaughtUp), f(Moved), r.Where.Network)
	}
	for _, r := range all {
		for _, reason := range r.Reasons {
			fmt.Fprintf(w, "\n%s: %s", r.Name, reason)
		}
	}
	fmt.Fprintln(w)
}

// AnyFailed reports whether a promise was not kept, a fault not seen, or a cluster not left
// as it was found.
func AnyFailed(all []Report) bool {
	return slices.ContainsFunc(all, func(r Report) bool { return r.Outcome == Fail })
}
