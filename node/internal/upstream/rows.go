package upstream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// rows checks the rows of a file and gathers what is wrong with them.
type rows struct {
	loc    *time.Location
	faults []error
}

// place is a row: a table's name and the row's number in it, from 1.
type place struct {
	*rows
	table string
	row   int
}

func (p place) fault(field, what string) {
	switch n := len(p.faults); {
	case n < maxFaults:
		p.faults = append(p.faults, fmt.Errorf("%s row %d, %s: %s", p.table, p.row, field, what))
	case n == maxFaults:
		p.faults = append(p.faults, errors.New("and more"))
	}
}

// each calls f for every row of a table that is not too large, and gathers what it makes.
func each[In, Out any](r *rows, table string, in []In, f func(p place, row In) Out) []Out {
	if len(in) > MaxRows {
		r.faults = append(r.faults, fmt.Errorf("[[%s]]: more than %d rows", table, MaxRows))
		return nil
	}
	out := make([]Out, len(in))
	for i, row := range in {
		out[i] = f(place{r, "[[" + table + "]]", i + 1}, row)
	}
	return out
}

// once finds rows that are there twice.
type once[K comparable] map[K]int

func (o once[K]) check(p place, field string, key K) {
	if first, is := o[key]; is {
		p.fault(field, fmt.Sprintf("the same as in row %d", first))
		return
	}
	o[key] = p.row
}

// id reads a needed id.
func id[T any](p place, field, text string, parse func(string) (T, error)) T {
	v, err := parse(text)
	switch {
	case text == "":
		p.fault(field, "is needed")
	case err != nil:
		p.fault(field, err.Error()) // the parsers name the rule, not the value
	}
	return v
}

// hsa reads a needed HSA-id into its canonical text.
func hsa[T interface{ Reveal() string }](p place, field, text string, parse func(string) (T, error)) string {
	return id(p, field, text, parse).Reveal()
}

// optional reads an HSA-id that may be left out.
func optional[T interface{ Reveal() string }](p place, field, text string, parse func(string) (T, error)) string {
	if text == "" {
		return ""
	}
	return hsa(p, field, text, parse)
}

// text reads a text of bounded length.
func (p place) text(field, text string, needed bool) string {
	switch {
	case needed && text == "":
		p.fault(field, "is needed")
	case len(text) > protocol.MaxShortTextBytes:
		p.fault(field, fmt.Sprintf("longer than %d bytes", protocol.MaxShortTextBytes))
	}
	return text
}

// instant reads a time; one that is left out is zero.
func (p place) instant(field string, v any, which bound) protocol.Instant {
	text := written(v)
	if text == "" {
		return 0
	}
	at, err := instant(text, p.loc, which)
	if err != nil {
		p.fault(field, err.Error())
	}
	return at
}

// period reads the two ends of what permits something.
func (p place) period(start, end any) (from, to protocol.Instant) {
	from, to = p.instant("start", start, starts), p.instant("end", end, ends)
	if to != 0 && to < from {
		p.fault("end", "before start")
	}
	return from, to
}

func (r *rows) people(in []personRow) []Person {
	if len(in) > protocol.MaxPeople {
		r.faults = append(r.faults, fmt.Errorf("[[person]]: more than %d rows", protocol.MaxPeople))
		return nil
	}
	keys := once[string]{}
	return each(r, "person", in, func(p place, row personRow) Person {
		keys.check(p, "key", row.Key)
		return Person{
			Key:      p.text("key", row.Key, true),
			Name:     p.text("name", row.Name, true),
			Title:    p.text("title", row.Title, false),
			Employee: id(p, "employee", row.Employee, protocol.ParseEmployeeID),
		}
	})
}

func (r *rows) commissions(in []commissionRow, people []Person) []Commission {
	type key struct{ employee, id string }
	keys, count := once[key]{}, map[protocol.EmployeeID]int{}
	return each(r, "commission", in, func(p place, row commissionRow) Commission {
		c := Commission{
			Employee: id(p, "employee", row.Employee, protocol.ParseEmployeeID),
			Row: projection.Commission{
				ID:               hsa(p, "id", row.ID, protocol.ParseCommissionID),
				Name:             p.text("name", row.Name, true),
				Purpose:          p.text("purpose", row.Purpose, true),
				Rights:           p.rights(row.Rights),
				CareUnit:         optional(p, "care_unit", row.CareUnit, protocol.ParseCareUnitID),
				CareUnitName:     p.text("care_unit_name", row.CareUnitName, false),
				CareProvider:     hsa(p, "care_provider", row.CareProvider, protocol.ParseCareProviderID),
				CareProviderName: p.text("care_provider_name", row.CareProviderName, false),
			},
		}
		c.Row.Start, c.Row.End = p.period(row.Start, row.End)
		for _, person := range people {
			if person.Employee == c.Employee {
				c.Row.EmployeeName, c.Row.EmployeeTitle = person.Name, person.Title
			}
		}
		keys.check(p, "id", key{c.Employee.Reveal(), c.Row.ID})
		if count[c.Employee]++; count[c.Employee] == protocol.MaxCommissions+1 {
			p.fault("employee", fmt.Sprintf("has more than %d commissions", protocol.MaxCommissions))
		}
		return c
	})
}

// rights reads the directory's triples.
func (p place) rights(in []string) []projection.Right {
	if len(in) > maxRights {
		p.fault("rights", fmt.Sprintf("more than %d", maxRights))
		return nil
	}
	out := make([]projection.Right, 0, len(in))
	for _, text := range in {
		parts := strings.Split(p.text("rights", text, true), ";")
		if len(parts) != 3 {
			p.fault("rights", `not of the form "activity;informationClass;scope"`)
			continue
		}
		out = append(out, projection.Right{Activity: parts[0], InformationClass: parts[1], Scope: parts[2]})
	}
	return out
}

func (r *rows) relations(in []relationRow) []Relation {
	type key struct {
		patient                  protocol.PatientID
		provider, unit, employee string
	}
	keys := once[key]{}
	return each(r, "relation", in, func(p place, row relationRow) Relation {
		out := Relation{
			Patient: id(p, "patient", row.Patient, protocol.ParsePatientID),
			Row: projection.Relation{
				CareProvider: hsa(p, "care_provider", row.CareProvider, protocol.ParseCareProviderID),
				CareUnit:     hsa(p, "care_unit", row.CareUnit, protocol.ParseCareUnitID),
				Employee:     optional(p, "employee", row.Employee, protocol.ParseEmployeeID),
			},
		}
		if written(row.Start) == "" {
			p.fault("start", "is needed")
		}
		out.Row.Start, out.Row.End = p.period(row.Start, row.End)
		keys.check(p, "patient, care_provider, care_unit and employee",
			key{out.Patient, out.Row.CareProvider, out.Row.CareUnit, out.Row.Employee})
		return out
	})
}

func (r *rows) consents(in []consentRow) []Consent {
	ids := once[string]{}
	return each(r, "consent", in, func(p place, row consentRow) Consent {
		out := Consent{
			Patient: id(p, "patient", row.Patient, protocol.ParsePatientID),
			Row: projection.Consent{
				ID:           p.text("id", row.ID, true),
				CareProvider: hsa(p, "care_provider", row.CareProvider, protocol.ParseCareProviderID),
				CareUnit:     hsa(p, "care_unit", row.CareUnit, protocol.ParseCareUnitID),
				Employee:     optional(p, "employee", row.Employee, protocol.ParseEmployeeID),
			},
		}
		if written(row.Start) == "" {
			p.fault("start", "is needed")
		}
		out.Row.Start, out.Row.End = p.period(row.Start, row.End)
		ids.check(p, "id", row.ID)
		return out
	})
}

func (r *rows) blocks(in []blockRow) []Block {
	ids := once[string]{}
	return each(r, "block", in, func(p place, row blockRow) Block {
		out := Block{
			Patient: id(p, "patient", row.Patient, protocol.ParsePatientID),
			Row: projection.Block{
				ID:           p.text("id", row.ID, true),
				Inner:        row.Kind == "inner",
				CareProvider: hsa(p, "care_provider", row.CareProvider, protocol.ParseCareProviderID),
				CareUnit:     optional(p, "care_unit", row.CareUnit, protocol.ParseCareUnitID),
				Start:        p.civil("start", row.Start),
				End:          p.civil("end", row.End),
				Exempt:       p.exempt(row.Exempt),
				Lifts:        p.lifts(row.Lift),
			},
		}
		switch {
		case row.Kind != "inner" && row.Kind != "outer":
			p.fault("kind", "is inner or outer")
		case out.Row.Inner != (row.CareUnit != ""):
			p.fault("care_unit", "is needed for an inner block, and only then")
		}
		ids.check(p, "id", row.ID)
		return out
	})
}

func (p place) civil(field string, v any) protocol.Civil {
	at, err := civil(written(v))
	if err != nil {
		p.fault(field, "not a Swedish local date or time without a zone")
	}
	return at
}

// exempt reads the information types that a block does not hit. One that is unknown
// is a fault and not left out: it may be a misspelled one that somebody relies on.
func (p place) exempt(in []string) []string {
	for _, kind := range in {
		switch protocol.BlockType(kind) {
		case protocol.BlockTypeMedication, protocol.BlockTypeAlert:
		default:
			p.fault("exempt", "is lak or upp")
		}
	}
	return slices.Clone(in)
}

func (p place) lifts(in []liftRow) []projection.Lift {
	if len(in) > maxLifts {
		p.fault("lift", fmt.Sprintf("more than %d", maxLifts))
		return nil
	}
	var out []projection.Lift
	for _, row := range in {
		if written(row.End) == "" {
			p.fault("lift.end", "is needed")
		}
		out = append(out, projection.Lift{
			CareUnit: hsa(p, "lift.care_unit", row.CareUnit, protocol.ParseCareUnitID),
			Employee: optional(p, "lift.employee", row.Employee, protocol.ParseEmployeeID),
			End:      p.instant("lift.end", row.End, ends),
		})
	}
	return out
}

func (r *rows) sources(in []sourceRow) []Source {
	ids := once[protocol.SourceID]{}
	return each(r, "source", in, func(p place, row sourceRow) Source {
		out := Source{ID: id(p, "id", row.ID, protocol.ParseSourceID)}
		if row.Agent != "" {
			out.Agent = id(p, "agent", row.Agent, protocol.ParseSourceID)
		}
		for _, name := range row.Contracts {
			contract, ok := protocol.ContractNamed(name)
			if !ok {
				p.fault("contracts", "names a contract that is not known")
			} else if !slices.Contains(out.Contracts, contract) {
				out.Contracts = append(out.Contracts, contract)
			}
		}
		ids.check(p, "id", out.ID)
		return out
	})
}
