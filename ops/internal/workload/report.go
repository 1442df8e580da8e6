package workload

import (
	"fmt"
	"io"
	"slices"
	"time"

	"tvilling/ops/internal/history"
)

// Report is the account of a workload. Times are in milliseconds where they are numbers.
type Report struct {
	Started time.Time      `json:"started"`
	Seconds float64        `json:"seconds"`
	Bounded bool           `json:"bounded,omitempty"` // it ended its operations at a limit of its own
	Phases  []Phase        `json:"phases"`
	Ledger  Ledger         `json:"ledger"`
	Log     AccessLog      `json:"access_log"`
	Views   Views          `json:"views"`
	Streams Streams        `json:"streams"`
	History history.Result `json:"history"`
	Faults  []Fault        `json:"faults,omitempty"` // the first few
	Idle    []string       `json:"idle,omitempty"`   // what there was to be, and was not done at all
}

// Phase is what was done from when it was named until the next was.
type Phase struct {
	Name      string  `json:"name"`
	After     float64 `json:"after_s"` // since the workload began
	Seconds   float64 `json:"seconds"`
	FirstOpen float64 `json:"first_open_ms"` // from its beginning to the first success of an open that was asked for in it; negative: there was none
	Kinds     []Count `json:"kinds"`
}

// Count is what was done of a kind in a phase. An operation belongs to the phase in
// which it ended.
type Count struct {
	Kind       string  `json:"kind"`
	Operations int     `json:"operations"`
	Attempts   int     `json:"attempts"`
	OK         int     `json:"ok"`
	Expected   int     `json:"refused_as_expected"`
	Refused    int     `json:"refused"`
	Failed     int     `json:"failed"`
	Unknown    int     `json:"unknown"`
	Slow       int     `json:"slow"`             // answered after more than a second
	Pause      float64 `json:"longest_pause_ms"` // between two successes
	Rate       float64 `json:"per_second"`       // of successes
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
}

// Fault is something that went wrong.
type Fault struct {
	After float64 `json:"after_s"`
	Kind  string  `json:"kind"`
	What  string  `json:"what"`
}

// Ledger is whether what was acknowledged is there.
type Ledger struct {
	Acknowledged int            `json:"acknowledged"`
	Found        map[string]int `json:"found"`               // by node
	Lost         int            `json:"lost"`                // acknowledged, and some node that was asked does not have it
	Unchecked    int            `json:"unchecked,omitempty"` // of patients that could not be brought to where everything is shown
	Unasked      []string       `json:"unasked,omitempty"`   // what could not be asked, and why
}

// AccessLog is whether what was shown is recorded.
type AccessLog struct {
	Opens      int      `json:"opens"`             // acknowledged
	Shows      int      `json:"shows"`             // acknowledged
	Streamed   int      `json:"streamed"`          // views of streams
	Entries    int      `json:"entries"`           // of opens and shows that were permitted
	Unrecorded int      `json:"unrecorded"`        // shown or opened, and no entry of that node and time is theirs
	Different  int      `json:"different"`         // entries that are not the same on every node that was asked
	Asked      []string `json:"asked"`             // nodes
	Unasked    []string `json:"unasked,omitempty"` // and why
}

// Views is how changes of access reached the open views that they touched.
type Views struct {
	Changes   int     `json:"changes"`
	Unseen    int     `json:"unseen"`      // changes that had not become effective at the end
	Touched   int     `json:"touched"`     // views, by changes
	InTime    int     `json:"in_time"`     // lost what they had to within the lease and two seconds
	Late      int     `json:"late"`        // later
	Not       int     `json:"not_blanked"` // not at all
	Undecided int     `json:"undecided"`   // the change was taken back before its time was out
	FromTold  Spread  `json:"from_told_ms"`
	FromSeen  Spread  `json:"from_seen_ms"` // from when an open saw it, which is later than its commit; sooner: less than nothing
	Leases    int     `json:"leases_ended"` // views that were blanked since their lease ended
	Overrun   float64 `json:"lease_overrun_ms"`
}

// Spread is how times are spread.
type Spread struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Streams is what those views went through that stayed.
type Streams struct {
	Streams int     `json:"streams"`
	Lost    int     `json:"lost"` // that show nothing at the end
	Moved   int     `json:"moved"`
	Broken  int     `json:"broken"`
	Resumed int     `json:"resumed"`
	Gaps    int     `json:"gaps"`
	Doubts  int     `json:"doubts"` // views that were not what the node said they were
	Refused int     `json:"refused"`
	Dark    float64 `json:"longest_dark_ms"` // with nothing shown, of a view that was not to be taken away
	Fault   string  `json:"fault,omitempty"`
}

// Broken lists the promises that were not held, and what could not be checked. Empty:
// all is well. How much failed, and for how long, is for whoever asked to judge.
func (r *Report) Broken() (all []string) {
	say := func(is bool, form string, args ...any) {
		if is {
			all = append(all, fmt.Sprintf(form, args...))
		}
	}
	say(r.Ledger.Lost > 0, "%d acknowledged records are lost", r.Ledger.Lost)
	say(len(r.Ledger.Unasked) > 0, "the ledger could not be checked on %v", r.Ledger.Unasked)
	say(r.Log.Unrecorded > 0, "%d opens and views have no entry in the access log", r.Log.Unrecorded)
	say(r.Log.Different > 0, "%d entries of the access log are not the same on every node", r.Log.Different)
	say(len(r.Log.Unasked) > 0, "the access log could not be checked on %v", r.Log.Unasked)
	say(r.Views.Late > 0, "%d views were blanked late", r.Views.Late)
	say(r.Views.Not > 0, "%d views were not blanked", r.Views.Not)
	say(r.Streams.Lost > 0, "%d streams show nothing", r.Streams.Lost)
	say(r.Streams.Doubts > 0, "%d views were not what the node said they were", r.Streams.Doubts)
	say(r.Views.Unseen > 0, "%d changes of access were not seen to count by the end, and no view could be held to them", r.Views.Unseen)
	say(r.History.Verdict != history.OK, "the history is %s: %v", r.History.Verdict, r.History.Where)
	return append(all, r.Idle...)
}

// idle says what somebody was there to do and nothing was seen of: where nothing is
// done, nothing is broken.
func idle(c Config, r *Report) (all []string) {
	for _, one := range []struct {
		who, seen int
		what      string
	}{
		{c.Openers, r.Log.Shows, "no view was shown to anybody who opens patients"},
		{c.Producers + c.Changers, r.Ledger.Acknowledged, "no record was acknowledged"},
		{c.Streams, r.Log.Streamed, "no view that stays was shown"},
		{c.Changers, r.History.Operations, "the history has no operations"},
	} {
		if one.who > 0 && one.seen == 0 {
			all = append(all, one.what)
		}
	}
	return all
}

// Failed counts the operations that did not succeed and were not meant to fail, in all
// phases.
func (r *Report) Failed() (failed, unknown int) {
	for _, p := range r.Phases {
		for _, c := range p.Kinds {
			failed += c.Failed + c.Refused
			unknown += c.Unknown
		}
	}
	return failed, unknown
}

// Print tells of it.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "%-16s %-8s %8s %8s %8s %6s %7s %6s %9s %8s %8s %8s\n", "phase", "kind", "done", "attempts", "refused", "failed", "unknown", "slow", "pause ms", "p50", "p99", "max")
	for _, p := range r.Phases {
		for _, c := range p.Kinds {
			fmt.Fprintf(w, "%-16s %-8s %8d %8d %8d %6d %7d %6d %9.0f %8.1f %8.1f %8.1f\n",
				p.Name, c.Kind, c.OK, c.Attempts, c.Refused, c.Failed, c.Unknown, c.Slow, c.Pause, c.P50, c.P99, c.Max)
		}
		fmt.Fprintf(w, "%-16s %.1f s; first open accepted after %.0f ms\n", p.Name, p.Seconds, p.FirstOpen)
	}
	l, a, v, s := r.Ledger, r.Log, r.Views, r.Streams
	fmt.Fprintf(w, "ledger: %d acknowledged, %d lost; found on nodes %v\n", l.Acknowledged, l.Lost, l.Found)
	fmt.Fprintf(w, "access log: %d opens and %d views acknowledged, and %d views of streams; %d entries, %d not recorded, %d not the same everywhere\n",
		a.Opens, a.Shows, a.Streamed, a.Entries, a.Unrecorded, a.Different)
	fmt.Fprintf(w, "views: %d changes touched %d: %d in time, %d late, %d not, %d undecided; told to blank p50 %.0f p99 %.0f max %.0f ms; %d leases ended\n",
		v.Changes, v.Touched, v.InTime, v.Late, v.Not, v.Undecided, v.FromTold.P50, v.FromTold.P99, v.FromTold.Max, v.Leases)
	fmt.Fprintf(w, "streams: %d, %d lost, %d moved, %d broken, %d resumed, longest dark %.0f ms %s\n", s.Streams, s.Lost, s.Moved, s.Broken, s.Resumed, s.Dark, s.Fault)
	fmt.Fprintf(w, "history: %d operations on %d objects, %d unknown: %s in %.1f s\n",
		r.History.Operations, r.History.Objects, r.History.Unknown, r.History.Verdict, r.History.Took.Seconds())
	for _, b := range r.Broken() {
		fmt.Fprintln(w, "BROKEN:", b)
	}
	for _, f := range r.Faults {
		fmt.Fprintf(w, "at %.1f s, %s: %s\n", f.After, f.Kind, f.What)
	}
}

// quantile is the smallest value that at least the share q of the sorted ones do not
// exceed.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := int(q*float64(len(sorted))+0.999999) - 1
	return millis(sorted[min(max(at, 0), len(sorted)-1)])
}

func spread(all []time.Duration) Spread {
	slices.Sort(all)
	return Spread{Count: len(all), P50: quantile(all, 0.50), P99: quantile(all, 0.99), Max: quantile(all, 1)}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
