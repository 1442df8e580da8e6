package access_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"tvilling/node/internal/access"
	"tvilling/protocol"
)

var update = flag.Bool("update", false, "rewrite the golden matrix")

const cases = "../../../testdata/access"

// matrix is what the cases gave.
type matrix struct {
	out   bytes.Buffer
	seen  map[access.Reason]bool
	named map[string]int // cases that name a row of the decision table
	cases int
}

// ofActs are the reasons that the gate alone cannot produce: they are recorded of acts.
// Who acts has a test that produces each of them (session: TestRefusalsAreExplained).
var ofActs = []access.Reason{
	access.ReasonEngagementUnasked, access.ReasonNoDocument, access.ReasonAskBlocksUnknown, access.ReasonAskNoBasis,
	access.ReasonActConsentsUnknown, access.ReasonActDeceased, access.ReasonActGiver, access.ReasonActStep, access.ReasonNoFollowUp,
	access.ReasonConsentAttested, access.ReasonEmergencyAttested, access.ReasonConsentEnded, access.ReasonPolicy,
}

// TestMatrix runs every case of testdata/access and compares what is decided with one
// file that a lawyer can read. A reason that no case produces fails unless it is one of
// acts, which no case may produce; and so does a row of the decision table that no case
// names.
func TestMatrix(t *testing.T) {
	m := matrix{seen: map[access.Reason]bool{access.ReasonNone: true}, named: map[string]int{}}
	files, err := filepath.Glob(filepath.Join(cases, "[0-9]*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("no cases: %v, %v", files, err)
	}
	for _, file := range files {
		m.file(t, file)
	}
	for r := access.ReasonNone; r.String() != "unknown reason"; r++ {
		if act := slices.Contains(ofActs, r); m.seen[r] == act {
			t.Errorf("cases produce the reason %q: %v; it is one of acts: %v", r, m.seen[r], act)
		}
	}
	got := preamble + m.rows(t) + m.out.String()
	t.Logf("%d rows of the table and %d points, %d cases", lastRow, lastPoint, m.cases)
	golden := filepath.Join(cases, "matrix.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("matrix.golden (-want +got); run with -update and review the difference as code:\n%s", diff)
	}
}

const preamble = `Who may see what: every case of this directory, as it is decided.

Made by a test; do not edit. Each case is the standard situation (standard.yaml) with
the changes that its file names. "Told" is the number that the browser may be told:
the same for a record that is blocked and for one that does not exist (TV-1009). "If
asked" is what is told of records that are not shown, on an active question alone.

The decision table that the cases hold, and how many name each row:

`

var rowName = regexp.MustCompile(`^(8\.2|6)/\d+\b`)

// name counts a case, and the row that it begins with, if it does.
func (m *matrix) name(text string) {
	m.cases++
	if row := rowName.FindString(text); row != "" {
		m.named[row]++
	}
}

// lastRow is the last row of the decision table, and lastPoint the last of the points
// that are easy to get wrong.
const (
	lastRow   = 19
	lastPoint = 7
)

// rows lists the rows of the decision table with how many cases name each.
func (m *matrix) rows(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(cases, "rows.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]string
	decode(t, "rows.yaml", text, &all)
	var out strings.Builder
	for _, table := range []struct {
		name string
		last int
	}{{"8.2", lastRow}, {"6", lastPoint}} {
		for i := range table.last {
			row := fmt.Sprintf("%s/%d", table.name, i+1)
			if m.named[row] == 0 || all[row] == "" {
				t.Errorf("row %s (%q) is named by %d cases", row, all[row], m.named[row])
			}
			fmt.Fprintf(&out, "    %-7s%3d  %s\n", row, m.named[row], all[row])
			delete(m.named, row)
		}
	}
	for row := range m.named {
		t.Errorf("a case names row %s, which is not in the table", row)
	}
	fmt.Fprintf(&out, "\n%d cases in all.\n", m.cases)
	return out.String()
}

func decode(t *testing.T, file string, text []byte, into any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func (m *matrix) file(t *testing.T, file string) {
	t.Helper()
	standard, err := os.ReadFile(filepath.Join(cases, "standard.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f caseFile
	decode(t, file, text, &f)
	fmt.Fprintf(&m.out, "\n\n%s\n%s\n", f.About, strings.Repeat("=", len([]rune(f.About))))
	for i := range f.Cases {
		var c caseOf
		decode(t, "standard.yaml", standard, &c.situation)
		resolve(&f.Cases[i])
		change, err := yaml.Marshal(&f.Cases[i])
		if err != nil {
			t.Fatal(err)
		}
		decode(t, file, change, &c)
		if c.Case == "" {
			t.Errorf("%s: case %d has no name", file, i+1)
		}
		m.name(c.Case)
		c.ladder = f.Ladder
		c.run(t, &m.out, m.seen)
	}
}

// resolve puts what an alias stands for in its place, so that a case stands by itself.
func resolve(n *yaml.Node) {
	for i, child := range n.Content {
		if child.Kind == yaml.AliasNode {
			n.Content[i] = child.Alias
		}
		n.Content[i].Anchor = ""
		resolve(n.Content[i])
	}
}

func (c *caseOf) run(t *testing.T, out *bytes.Buffer, seen map[access.Reason]bool) {
	t.Helper()
	w, at := newWorld(t), instant(c.At)
	c.fill(t, w)
	facts, err := access.Collect(w, w.ring, access.Question{
		Employee:   id(t, protocol.ParseEmployeeID, c.Employee),
		Commission: id(t, protocol.ParseCommissionID, c.Commission),
		Patient:    id(t, protocol.ParsePatientID, c.Patient),
	}, c.engagement(t))
	if errors.Is(err, access.ErrRow) != c.Unreadable {
		t.Errorf("%s: Collect: %v", c.Case, err)
	}
	d := access.Decide(facts, at)
	seen[d.Reason()] = true
	if (d.Fault() == protocol.FaultNone) != d.Permitted() {
		t.Errorf("%s: permitted: %v, and told TV-%d", c.Case, d.Permitted(), d.Fault())
	}
	p := printer{out}
	fmt.Fprintf(out, "\n%s\n", c.Case)
	p.decision(&d)
	chosen := c.contracts(t)
	for _, r := range c.Records {
		v := d.Document(r.attributes(t), chosen)
		seen[v.Reason] = true
		switch {
		case v.Shown:
			p.line("shows", "%-44s %s", r.Name, v.Reason)
		case d.Permitted():
			p.line("hides", "%-44s %s (told TV-%d)", r.Name, v.Reason, v.Reason.Fault())
		}
		if v.Shown && !d.Permitted() {
			t.Errorf("%s: a record is shown of a patient that does not open", c.Case)
		}
		if want := told(v.Shown); v.Reason.Fault() != want {
			t.Errorf("%s: %s is told as TV-%d, want TV-%d", c.Case, r.Name, v.Reason.Fault(), want)
		}
	}
	if s := d.Survey(c.attributes(t)); c.ladder {
		p.survey(&d, s)
	} else if !d.BlocksKnown() && (s.Others || s.Blocked || len(s.Providers) > 0) {
		t.Errorf("%s: something is told of what is not known: %+v", c.Case, s)
	}
}

// told is what may be told of a record: one that is not shown is not found.
func told(shown bool) protocol.Fault {
	if shown {
		return protocol.FaultNone
	}
	return protocol.FaultNotFound
}

// printer writes what was decided, for people.
type printer struct{ out *bytes.Buffer }

func (p printer) line(what, format string, args ...any) {
	fmt.Fprintf(p.out, "    %-13s%s\n", what, fmt.Sprintf(format, args...))
}

func (p printer) decision(d *access.Decision) {
	if !d.Permitted() {
		p.line("refused", "%s (told TV-%d)", d.Reason(), d.Fault())
	} else {
		p.line("opens", "%s", d.Reason())
		p.line("holds until", "%s", clock(d.ValidUntil()))
	}
	if d.Basis() != protocol.BasisNone {
		p.line("basis ends", "%s", clock(d.BasisEnds()))
	}
	for _, may := range []struct {
		is   bool
		what string
	}{
		{d.MayConsent(), "consent can be registered"},
		{d.MayAttest(), "an emergency can be attested"},
		{d.Step() == protocol.EmergencyProviders, "the emergency can be taken further, to the information"},
		{d.Child(), "it is a child: a guardian consents, or the child if it is found mature"},
		{d.Deceased(), "nobody can consent any more"},
		{d.NeedsEngagement(), "the unit's own system must say that it has the patient in care"},
		{len(d.Linked()) > 0, fmt.Sprintf("with %d more of the patient's identities", len(d.Linked()))},
	} {
		if may.is {
			p.line("-", "%s", may.what)
		}
	}
}

func (p printer) survey(d *access.Decision, s access.Survey) {
	switch {
	case !d.Permitted():
		p.line("if asked", "nothing is told")
		return
	case !d.BlocksKnown():
		p.line("if asked", "it is not known")
		return
	}
	p.line("if asked", "do others have information: %s", yes(s.Others))
	p.line("if asked", "is any blocked: %s", yes(s.Blocked))
	var marks []string
	for _, m := range s.Providers {
		var has []string
		if m.Has {
			has = append(has, "has information")
		}
		if m.Blocked {
			has = append(has, "has blocked some")
		}
		marks = append(marks, m.CareProvider+" "+strings.Join(has, " and "))
	}
	if len(marks) == 0 {
		marks = []string{"none"}
	}
	p.line("if asked", "which: %s", strings.Join(marks, ", "))
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
