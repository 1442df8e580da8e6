package access_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

var update = flag.Bool("update", false, "rewrite the golden matrix")

const cases = "../../../testdata/access"

// situation is one case: all that is known, and what is asked. A case file's case
// says what differs from the standard situation.
type situation struct {
	At         time.Time         `yaml:"at"`
	Employee   string            `yaml:"employee"`
	Commission string            `yaml:"commission"`
	Patient    string            `yaml:"patient"`
	Chosen     []string          `yaml:"chosen"`
	Age        map[string]string `yaml:"age"`        // of each projection; "missing"
	Damaged    []string          `yaml:"damaged"`    // projections with a row that does not open
	Unreadable bool              `yaml:"unreadable"` // some row cannot be read, and an operator is told

	Commissions []commission `yaml:"commissions"`
	Relations   []relation   `yaml:"relations"`
	Consents    []consent    `yaml:"consents"`
	Blocks      []block      `yaml:"blocks"`
	Records     []document   `yaml:"records"`
}

type commission struct {
	Employee     string    `yaml:"employee"`
	ID           string    `yaml:"id"`
	Purpose      string    `yaml:"purpose"`
	Rights       []string  `yaml:"rights"`
	CareProvider string    `yaml:"care provider"`
	CareUnit     string    `yaml:"care unit"`
	Start        time.Time `yaml:"start"`
	End          time.Time `yaml:"end"`
}

type relation struct {
	CareProvider string    `yaml:"care provider"`
	CareUnit     string    `yaml:"care unit"`
	Employee     string    `yaml:"employee"`
	Start        time.Time `yaml:"start"`
	End          time.Time `yaml:"end"`
}

type consent struct {
	ID           string    `yaml:"id"`
	CareProvider string    `yaml:"care provider"`
	CareUnit     string    `yaml:"care unit"`
	Employee     string    `yaml:"employee"`
	Start        time.Time `yaml:"start"`
	End          time.Time `yaml:"end"`
}

type block struct {
	ID           string   `yaml:"id"`
	Kind         string   `yaml:"kind"`
	CareProvider string   `yaml:"care provider"`
	CareUnit     string   `yaml:"care unit"`
	From         string   `yaml:"from"`
	To           string   `yaml:"to"`
	Exempt       []string `yaml:"exempt"`
	Lifted       []lift   `yaml:"lifted"`
}

type lift struct {
	CareUnit string    `yaml:"care unit"`
	Employee string    `yaml:"employee"`
	End      time.Time `yaml:"end"`
}

type document struct {
	Name         string `yaml:"name"`
	Contract     string `yaml:"contract"`
	CareProvider string `yaml:"care provider"`
	CareUnit     string `yaml:"care unit"`
	Time         string `yaml:"time"`
	End          string `yaml:"end"`
}

// caseFile is a file of cases about one thing.
type caseFile struct {
	About string      `yaml:"about"`
	Cases []yaml.Node `yaml:"cases"`
}

type caseOf struct {
	Case      string `yaml:"case"`
	situation `yaml:",inline"`
}

// TestMatrix runs every case of testdata/access and compares what is decided with one
// file that a lawyer can read. A reason that no case produces fails.
func TestMatrix(t *testing.T) {
	var out bytes.Buffer
	seen := map[access.Reason]bool{access.ReasonNone: true}
	fmt.Fprint(&out, preamble)
	files, err := filepath.Glob(filepath.Join(cases, "*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("no cases: %v, %v", files, err)
	}
	for _, file := range files {
		if filepath.Base(file) != "standard.yaml" {
			runFile(t, file, &out, seen)
		}
	}
	for r := access.ReasonNone; r.String() != "unknown reason"; r++ {
		if !seen[r] {
			t.Errorf("no case produces the reason %q", r)
		}
	}
	golden := filepath.Join(cases, "matrix.golden")
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("matrix.golden (-want +got); run with -update and review the difference as code:\n%s", diff)
	}
}

const preamble = `Who may see what: every case of this directory, as it is decided.

Made by a test; do not edit. Each case is the standard situation (standard.yaml) with
the changes that its file names. "Told" is the number that the browser may be told:
the same for a record that is blocked and for one that does not exist (TV-1009).
`

func decode(t *testing.T, file string, text []byte, into any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func runFile(t *testing.T, file string, out *bytes.Buffer, seen map[access.Reason]bool) {
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
	fmt.Fprintf(out, "\n\n%s\n%s\n", f.About, strings.Repeat("=", len([]rune(f.About))))
	for i := range f.Cases {
		var c caseOf
		decode(t, "standard.yaml", standard, &c.situation)
		change, err := yaml.Marshal(&f.Cases[i])
		if err != nil {
			t.Fatal(err)
		}
		decode(t, file, change, &c)
		if c.Case == "" {
			t.Errorf("%s: case %d has no name", file, i+1)
		}
		c.run(t, out, seen)
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
	}, access.Engagement{})
	if errors.Is(err, access.ErrRow) != c.Unreadable {
		t.Errorf("%s: Collect: %v", c.Case, err)
	}
	d := access.Decide(facts, at)
	seen[d.Reason()] = true
	fmt.Fprintf(out, "\n%s\n", c.Case)
	line := func(what, format string, args ...any) {
		fmt.Fprintf(out, "    %-13s%s\n", what, fmt.Sprintf(format, args...))
	}
	if !d.Permitted() {
		line("refused", "%s (told TV-%d)", d.Reason(), d.Fault())
	} else {
		line("opens", "%s", d.Reason())
		line("holds until", "%s", clock(d.ValidUntil()))
		if d.MayConsent() {
			line("may consent", "yes")
		}
		if d.Basis() != protocol.BasisNone {
			line("basis ends", "%s", clock(d.BasisEnds()))
		}
	}
	chosen := c.contracts(t)
	for _, r := range c.Records {
		v := d.Document(r.attributes(t), chosen)
		seen[v.Reason] = true
		switch {
		case v.Shown:
			line("shows", "%-44s %s", r.Name, v.Reason)
		case d.Permitted():
			line("hides", "%-44s %s (told TV-%d)", r.Name, v.Reason, v.Reason.Fault())
		}
		if v.Shown && !d.Permitted() {
			t.Errorf("%s: a record is shown of a patient that does not open", c.Case)
		}
	}
}

// fill puts what the situation knows into the world.
func (c *caseOf) fill(t *testing.T, w *world) {
	t.Helper()
	for name, age := range c.Age {
		p, err := projectionNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		if age == "missing" {
			continue
		}
		old, err := time.ParseDuration(age)
		if err != nil {
			t.Fatal(err)
		}
		w.asOf[p] = instant(c.At.Add(-old))
	}
	patient := id(t, protocol.ParsePatientID, c.Patient)
	for _, r := range c.Commissions {
		w.commission(id(t, protocol.ParseEmployeeID, r.Employee), projection.Commission{
			ID: r.ID, Purpose: r.Purpose, Rights: rights(r.Rights), CareUnit: r.CareUnit, CareProvider: r.CareProvider,
			Start: instant(r.Start), End: instant(r.End),
		})
	}
	for _, r := range c.Relations {
		w.relation(patient, projection.Relation{CareProvider: r.CareProvider, CareUnit: r.CareUnit, Employee: r.Employee, Start: instant(r.Start), End: instant(r.End)})
	}
	for _, r := range c.Consents {
		w.consent(patient, projection.Consent{ID: r.ID, CareProvider: r.CareProvider, CareUnit: r.CareUnit, Employee: r.Employee, Start: instant(r.Start), End: instant(r.End)})
	}
	for _, r := range c.Blocks {
		b := projection.Block{ID: r.ID, Inner: r.Kind == "inner", CareProvider: r.CareProvider, CareUnit: r.CareUnit, Start: civil(t, r.From), End: civil(t, r.To), Exempt: r.Exempt}
		for _, l := range r.Lifted {
			b.Lifts = append(b.Lifts, projection.Lift{CareUnit: l.CareUnit, Employee: l.Employee, End: instant(l.End)})
		}
		w.block(patient, b)
	}
	c.damage(t, w)
}

func (c *caseOf) damage(t *testing.T, w *world) {
	t.Helper()
	for _, name := range c.Damaged {
		p, err := projectionNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		if p != raftfsm.Commissions {
			w.damage(p, w.ring.Patient(id(t, protocol.ParsePatientID, c.Patient)))
			continue
		}
		for place, rows := range w.rows {
			for i := range rows {
				if place.projection == p {
					rows[i].sealed = []byte("not sealed")
				}
			}
		}
	}
}

func (c *caseOf) contracts(t *testing.T) access.ContractSet {
	t.Helper()
	if slices.Equal(c.Chosen, []string{"all"}) {
		return access.Contracts(protocol.Contracts()...)
	}
	var all []protocol.Contract
	for _, name := range c.Chosen {
		all = append(all, contractNamed(t, name))
	}
	return access.Contracts(all...)
}

func (r document) attributes(t *testing.T) raftfsm.Attributes {
	t.Helper()
	return raftfsm.Attributes{
		Contract: uint8(contractNamed(t, r.Contract)), CareProvider: r.CareProvider, CareUnit: r.CareUnit,
		Time: int64(civil(t, r.Time)), TimeEnd: int64(civil(t, r.End)),
	}
}

func contractNamed(t *testing.T, name string) protocol.Contract {
	t.Helper()
	c, ok := protocol.ContractNamed(name)
	if !ok {
		t.Fatalf("no contract %q", name)
	}
	return c
}

func rights(texts []string) []projection.Right {
	var out []projection.Right
	for _, text := range texts {
		parts := strings.Split(text, ";")
		out = append(out, projection.Right{Activity: parts[0], InformationClass: parts[1], Scope: parts[2]})
	}
	return out
}

func civil(t *testing.T, s string) protocol.Civil {
	t.Helper()
	if s == "" {
		return 0
	}
	c, err := protocol.ParseCivil(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func instant(at time.Time) protocol.Instant {
	if at.IsZero() {
		return 0
	}
	return protocol.Instant(at.UnixMilli())
}

func clock(at protocol.Instant) string {
	if at == 0 {
		return "it is ended"
	}
	return time.UnixMilli(int64(at)).UTC().Format("2006-01-02 15:04:05.999 UTC")
}
