package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a run measured.
type Report struct {
	Started  time.Time `json:"started"`
	Version  string    `json:"version"`
	Machine  Machine   `json:"machine"`
	Rows     []Row     `json:"rows"`
	Shares   []Share   `json:"commit_shares"`
	Failover Failover  `json:"failover"`
	Account  Account   `json:"account"`
	Blocks   *Blocks   `json:"blocks"`        // nil: not measured
	Browser  *Browser  `json:"browser"`       // nil: no browser was there to measure
	Program  int       `json:"program_bytes"` // of the browser's program, brotli
	Aims     []Aim     `json:"aims"`
}

// Failover is from the end of a leader to the next open, in milliseconds, sorted: at
// the first of the other data nodes, and at the last.
type Failover struct {
	First []float64 `json:"first_ms"`
	All   []float64 `json:"all_ms"`
}

// Account compares the views that viewers were shown with the access log.
type Account struct {
	Shown    int `json:"shown"`
	Recorded int `json:"recorded"`
}

// Browser is what a real one saw, in milliseconds, sorted.
type Browser struct {
	Name           string    `json:"name"`
	ColdReady      []float64 `json:"cold_ready_ms"`    // from asking for the page, nothing kept, to the question who one is
	ColdOverview   []float64 `json:"cold_overview_ms"` // to the rows on the screen, through every page between
	WarmReady      []float64 `json:"warm_ready_ms"`    // the same, with the program in the browser's cache
	WarmOverview   []float64 `json:"warm_overview_ms"`
	Revoked        []float64 `json:"revoked_ms"`         // from the acknowledged end of a consent, elsewhere, to no row in the document
	RevokedAsked   []float64 `json:"revoked_asked_ms"`   // the same from when the end was asked for
	ClockUncertain float64   `json:"clock_uncertain_ms"` // between the browser's clock and the driver's, at most
}

// Share says how much of an opened view is its decision and its commit.
type Share struct {
	AtOnce  int     `json:"at_once"`
	Record  float64 `json:"record_p50_ms"` // a patient opened, nothing shown: decided and committed
	View    float64 `json:"view_p50_ms"`   // a view opened: decided, committed, read and sent
	Percent float64 `json:"percent"`
}

// Aim is what a figure is held against.
type Aim struct {
	What  string  `json:"what"`
	Aim   string  `json:"aim"`
	Got   float64 `json:"got"`
	Unit  string  `json:"unit"`
	Known bool    `json:"known"` // false: it was not measured
	Met   bool    `json:"met"`
}

// Aims of this project, on two cores that five nodes and the driver share.
const (
	aimRecords  = 3000.0
	aimOpens    = 2500.0
	aimOpenP99  = 60.0
	aimFailover = 1300.0
	aimRevoked  = 40.0
	aimOverview = 1000.0
	aimProgram  = 690_000.0
	aimAtOnce   = 64
)

// Judge holds the figures against the aims, and works out the commit's shares.
func (r *Report) Judge() {
	r.Shares = r.shares()
	r.Aims = nil
	add := func(what string, got float64, known, least bool, aim float64, unit string) {
		sign, met := "≤", got <= aim
		if least {
			sign, met = "≥", got >= aim
		}
		r.Aims = append(r.Aims, Aim{what, fmt.Sprintf("%s %.0f", sign, aim), got, unit, known, known && met})
	}
	for _, n := range []int{1, 10} {
		records, known := r.find(sectionSend(n), aimAtOnce)
		add(fmt.Sprintf("64 senders, records of 1 KiB, %d a message", n), records.Rate, known, true, aimRecords, "/s")
	}
	opens, known := r.find(sectionShow, aimAtOnce)
	add("64 openers, views of 20 documents", opens.Rate, known, true, aimOpens, "/s")
	add("64 openers, 99 of 100 within", opens.P99, known, false, aimOpenP99, "ms")
	add("leader killed, worst of "+fmt.Sprint(len(r.Failover.First)), at(r.Failover.First, 1), len(r.Failover.First) > 0, false, aimFailover, "ms")
	b := r.Browser
	if b == nil {
		b = &Browser{}
	}
	add("revocation acknowledged to emptied page, p95", at(b.Revoked, 0.95), len(b.Revoked) > 0, false, aimRevoked, "ms")
	add("page asked for to first overview, p95", at(b.ColdOverview, 0.95), len(b.ColdOverview) > 0, false, aimOverview, "ms")
	add("the browser's program, brotli", float64(r.Program), r.Program > 0, false, aimProgram, "bytes")
	missing := r.Account.Shown - r.Account.Recorded
	add("views shown that the access log lacks", float64(max(0, missing)), r.Account.Shown > 0, false, 0, "")
	failed := 0
	for _, row := range r.Rows {
		for _, m := range row.Measures {
			failed += m.Failed
		}
	}
	if r.Blocks != nil {
		failed += r.Blocks.Failed
	}
	add("requests and blocks that failed", float64(failed), len(r.Rows) > 0 || r.Blocks != nil, false, 0, "")
}

// find is the first measure of a section with so many at once.
func (r *Report) find(section string, atOnce int) (Measure, bool) {
	for _, row := range r.Rows {
		if row.Section == section && len(row.Measures) > 0 && row.Measures[0].AtOnce == atOnce {
			return row.Measures[0], true
		}
	}
	return Measure{}, false
}

// shares compares a patient opened without anything shown with a view opened.
func (r *Report) shares() (all []Share) {
	for _, row := range r.Rows {
		if row.Section != sectionShow {
			continue
		}
		n := row.Measures[0].AtOnce
		if alone, known := r.find(sectionOpen, n); known && row.Measures[0].P50 > 0 {
			s := Share{AtOnce: n, Record: alone.P50, View: row.Measures[0].P50}
			s.Percent = 100 * min(1, s.Record/s.View)
			all = append(all, s)
		}
	}
	return all
}

// at is a quantile of what is sorted.
func at(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// print tells of one window in a line for each group, and what it cost.
func (r Row) print(w io.Writer) {
	acts := 0
	for _, m := range r.Measures {
		acts += m.Acts
		fmt.Fprintf(w, "%-26s %3d at once  %8.0f %s/s  p50 %7.2f  p99 %7.2f  max %7.1f ms", r.Section, m.AtOnce, m.Rate, m.What, m.P50, m.P99, m.Max)
		if m.Failed > 0 {
			fmt.Fprintf(w, "  %d FAILED: %s", m.Failed, m.Fault)
		}
		fmt.Fprintln(w)
	}
	each := 1e6 / float64(max(1, acts))
	u := r.Usage
	fmt.Fprintf(w, "  CPU µs a request: leader %s %.0f, all nodes %.0f, driver %.0f; beside us %.0f %% and idle %.0f %% of the machine; %.0f log entries/s, %.1f requests in each\n",
		u.Leader, u.Nodes[u.Leader]*each, u.nodes()*each, u.Driver*each, 100*u.Others/u.total(), 100*u.Idle/u.total(),
		float64(u.Entries)/r.Seconds, float64(acts)/float64(max(1, u.Entries)))
}

func (u Usage) total() float64 { return max(u.nodes()+u.Driver+u.Others+u.Idle, 0.001) }

// Print writes everything that was not told while it was measured.
func (r *Report) Print(w io.Writer) error {
	fmt.Fprintf(w, "\n%d cores, %s, %s; a synced write of 4 KiB: p50 %.2f ms, p99 %.2f ms; load average at the end %s\n",
		r.Machine.Cores, r.Machine.System, r.Machine.Go, r.Machine.SyncP50, r.Machine.SyncP99, r.Machine.LoadAfter)
	for _, s := range r.Shares {
		fmt.Fprintf(w, "decision and commit in an opened view, %d at once: %.2f of %.2f ms, %.0f %%\n", s.AtOnce, s.Record, s.View, s.Percent)
	}
	if f := r.Failover; len(f.First) > 0 {
		fmt.Fprintf(w, "leader killed to next open, %d times: min %.0f, median %.0f, max %.0f ms; at every node: median %.0f, max %.0f ms\n",
			len(f.First), at(f.First, 0), at(f.First, 0.5), at(f.First, 1), at(f.All, 0.5), at(f.All, 1))
	}
	r.Blocks.Print(w)
	fmt.Fprintf(w, "views shown %d, found in the access log %d\n", r.Account.Shown, r.Account.Recorded)
	r.Browser.print(w)
	if most := r.disturbed(); most > disturbing {
		fmt.Fprintf(w, "\nNOTE: something else used up to %.0f %% of the machine meanwhile: the figures are lower bounds.\n", 100*most)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "AIM\t\tGOT\t\t")
	for _, a := range r.Aims {
		verdict, got := "missed", strings.TrimSpace(fmt.Sprintf("%.0f %s", a.Got, a.Unit))
		switch {
		case !a.Known:
			verdict, got = "not measured", "-"
		case a.Met:
			verdict = "met"
		}
		fmt.Fprintf(t, "%s\t%s %s\t%s\t%s\t\n", a.What, a.Aim, a.Unit, got, verdict)
	}
	return t.Flush()
}

// disturbing is the share of the machine that others may use without it being noted.
const disturbing = 0.1

// disturbed is the largest share of the machine that others used in any window.
func (r *Report) disturbed() (most float64) {
	for _, row := range r.Rows {
		most = max(most, row.Usage.Others/row.Usage.total())
	}
	return most
}

func (b *Browser) print(w io.Writer) {
	if b == nil {
		fmt.Fprintln(w, "browser: skipped, there is none on this machine or it was not asked for")
		return
	}
	line := func(what string, all []float64) {
		fmt.Fprintf(w, "browser: %-44s p50 %6.0f  p95 %6.0f  max %6.0f ms  (%d times)\n", what, at(all, 0.5), at(all, 0.95), at(all, 1), len(all))
	}
	fmt.Fprintf(w, "browser: %s\n", b.Name)
	line("page asked to first question, nothing kept", b.ColdReady)
	line("page asked to first overview, nothing kept", b.ColdOverview)
	line("page asked to first question, program kept", b.WarmReady)
	line("page asked to first overview, program kept", b.WarmOverview)
	line("revocation acknowledged to emptied page", b.Revoked)
	line("revocation asked for to emptied page", b.RevokedAsked)
	fmt.Fprintf(w, "browser: its clock and ours agree within %.1f ms\n", b.ClockUncertain)
}

// Save writes a report, or a part of one, whole or not at all.
func Save(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".next", append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".next", path)
}

// LoadBrowser reads what a browser saw. A file that is not there is no browser.
func LoadBrowser(path string) (*Browser, error) {
	text, err := os.ReadFile(path)
	if path == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := new(Browser)
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}
