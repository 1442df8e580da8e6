package access_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

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
	facts      `yaml:",inline"`
}

// facts is what is known.
type facts struct {
	Commissions []commission `yaml:"commissions"`
	Persons     []person     `yaml:"persons"`
	Relations   []relation   `yaml:"relations"`
	Answer      *answer      `yaml:"answer"` // of the unit's own system
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

type person struct {
	Patient   string   `yaml:"patient"` // empty: who is asked for
	Protected bool     `yaml:"protected"`
	Deceased  bool     `yaml:"deceased"`
	Linked    []string `yaml:"linked"`
}

type answer struct {
	Engaged bool   `yaml:"engaged"`
	Age     string `yaml:"age"`
}

type relation struct {
	Patient      string    `yaml:"patient"` // the identity that it is kept under; empty: who is asked for
	CareProvider string    `yaml:"care provider"`
	CareUnit     string    `yaml:"care unit"`
	Employee     string    `yaml:"employee"`
	Start        time.Time `yaml:"start"`
	End          time.Time `yaml:"end"`
}

type consent struct {
	Patient      string    `yaml:"patient"`
	Emergency    string    `yaml:"emergency"` // first step, second step; empty: a consent
	Given        string    `yaml:"given"`     // guardian, mature; empty: the patient
	Here         bool      `yaml:"registered here"`
	ID           string    `yaml:"id"`
	CareProvider string    `yaml:"care provider"`
	CareUnit     string    `yaml:"care unit"`
	Employee     string    `yaml:"employee"`
	Start        time.Time `yaml:"start"`
	End          time.Time `yaml:"end"`
}

type block struct {
	Patient      string   `yaml:"patient"`
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
	About  string      `yaml:"about"`
	Ladder bool        `yaml:"ladder"` // say what the lower rungs answer
	Cases  []yaml.Node `yaml:"cases"`
}

type caseOf struct {
	Case      string `yaml:"case"`
	ladder    bool
	situation `yaml:",inline"`
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
	for _, r := range c.Commissions {
		w.commission(id(t, protocol.ParseEmployeeID, r.Employee), projection.Commission{
			ID: r.ID, Purpose: r.Purpose, Rights: rights(r.Rights), CareUnit: r.CareUnit, CareProvider: r.CareProvider,
			Start: instant(r.Start), End: instant(r.End),
		})
	}
	c.fillPatient(t, w)
	c.damage(t, w)
}

// fillPatient puts what is known of the patient, under each identity, into the world.
func (c *caseOf) fillPatient(t *testing.T, w *world) {
	t.Helper()
	under := func(text string) protocol.PatientID {
		return id(t, protocol.ParsePatientID, cmp.Or(text, c.Patient))
	}
	for _, r := range c.Persons {
		w.person(under(r.Patient), projection.Person{Protected: r.Protected, Deceased: r.Deceased, Linked: r.Linked})
	}
	for _, r := range c.Relations {
		w.relation(under(r.Patient), projection.Relation{CareProvider: r.CareProvider, CareUnit: r.CareUnit, Employee: r.Employee, Start: instant(r.Start), End: instant(r.End)})
	}
	for _, r := range c.Consents {
		w.consent(under(r.Patient), projection.Consent{
			ID: r.ID, CareProvider: r.CareProvider, CareUnit: r.CareUnit, Employee: r.Employee, Start: instant(r.Start), End: instant(r.End),
			Emergency: named(t, steps, r.Emergency), Given: named(t, givers, r.Given), Local: r.Here,
		})
	}
	for _, r := range c.Blocks {
		b := projection.Block{ID: r.ID, Inner: r.Kind == "inner", CareProvider: r.CareProvider, CareUnit: r.CareUnit, Start: civil(t, r.From), End: civil(t, r.To), Exempt: r.Exempt}
		for _, l := range r.Lifted {
			b.Lifts = append(b.Lifts, projection.Lift{CareUnit: l.CareUnit, Employee: l.Employee, End: instant(l.End)})
		}
		w.block(under(r.Patient), b)
	}
}

var (
	steps = map[string]protocol.EmergencyStep{
		"": protocol.EmergencyNone, "first step": protocol.EmergencyProviders, "second step": protocol.EmergencyContent, "third step": protocol.EmergencyContent + 1,
	}
	givers = map[string]protocol.ConsentGiver{"": protocol.GiverPatient, "guardian": protocol.GiverGuardian, "mature": protocol.GiverMature, "not said": protocol.GiverUnknown}
)

func named[T any](t *testing.T, all map[string]T, name string) T {
	t.Helper()
	v, ok := all[name]
	if !ok {
		t.Fatalf("%q is not one of the words for it", name)
	}
	return v
}

// engagement is the answer of the unit's own system.
func (c *caseOf) engagement(t *testing.T) access.Engagement {
	t.Helper()
	if c.Answer == nil {
		return access.Engagement{}
	}
	age, err := time.ParseDuration(c.Answer.Age)
	if err != nil {
		t.Fatal(err)
	}
	return access.Engagement{At: instant(c.At.Add(-age)), Engaged: c.Answer.Engaged}
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

// attributes yields those of all the records.
func (c *caseOf) attributes(t *testing.T) func(func(raftfsm.Attributes) bool) {
	return func(yield func(raftfsm.Attributes) bool) {
		for _, r := range c.Records {
			if !yield(r.attributes(t)) {
				return
			}
		}
	}
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
		return "when it is ended"
	}
	return time.UnixMilli(int64(at)).UTC().Format("2006-01-02 15:04:05.999 UTC")
}
