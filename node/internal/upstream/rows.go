package upstream

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// rows checks the rows of a file or an answer and gathers what is wrong with them.
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
func (p place) instant(field, text string, which bound) protocol.Instant {
	if text == "" {
		return 0
	}
	at, err := instant(text, p.loc, which)
	if err != nil {
		p.fault(field, err.Error())
	}
	return at
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

func (r *rows) employees(in []employeeRow) []protocol.EmployeeID {
	if len(in) > MaxEmployees {
		r.faults = append(r.faults, fmt.Errorf("[[employee]]: more than %d rows", MaxEmployees))
		return nil
	}
	ids := once[protocol.EmployeeID]{}
	return each(r, "employee", in, func(p place, row employeeRow) protocol.EmployeeID {
		employee := id(p, "id", row.ID, protocol.ParseEmployeeID)
		ids.check(p, "id", employee)
		return employee
	})
}

// patients reads what is known of patients, and spreads it among the ids of one person.
func (r *rows) patients(in []patientRow) []Patient {
	ids := once[protocol.PatientID]{}
	all := persons{of: map[protocol.PatientID]*person{}}
	each(r, "patient", in, func(p place, row patientRow) struct{} {
		patient := id(p, "patient", row.Patient, protocol.ParsePatientID)
		ids.check(p, "patient", patient)
		who := all.find(patient)
		who.protected, who.deceased = who.protected || row.Protected, who.deceased || row.Deceased
		for _, text := range row.Linked[:min(len(row.Linked), projection.MaxLinked+1)] {
			who = all.join(who, all.find(id(p, "linked", text, protocol.ParsePatientID)))
		}
		if len(who.ids) > projection.MaxLinked+1 {
			p.fault("linked", fmt.Sprintf("one person has more than %d ids", projection.MaxLinked+1))
		}
		return struct{}{}
	})
	return all.rows()
}

// persons are those of whom something is known, by each of their ids.
type persons struct {
	of    map[protocol.PatientID]*person
	order []protocol.PatientID
}

type person struct {
	ids                 []protocol.PatientID
	protected, deceased bool
}

func (a *persons) find(id protocol.PatientID) *person {
	who, known := a.of[id]
	if !known {
		who = &person{ids: []protocol.PatientID{id}}
		a.of[id] = who
		a.order = append(a.order, id)
	}
	return who
}

// join makes one person of two.
func (a *persons) join(one, other *person) *person {
	if one == other {
		return one
	}
	one.ids = append(one.ids, other.ids...)
	one.protected, one.deceased = one.protected || other.protected, one.deceased || other.deceased
	for _, id := range other.ids {
		a.of[id] = one
	}
	return one
}

func (a *persons) rows() []Patient {
	out := make([]Patient, 0, len(a.order))
	for _, id := range a.order {
		who := a.of[id]
		row := projection.Person{Protected: who.protected, Deceased: who.deceased}
		for _, other := range who.ids {
			if other != id {
				row.Linked = append(row.Linked, other.Reveal())
			}
		}
		slices.Sort(row.Linked)
		out = append(out, Patient{ID: id, Row: row})
	}
	return out
}

func (p place) civil(field, text string) protocol.Civil {
	at, err := civil(text)
	if err != nil {
		p.fault(field, "not a Swedish local date or time without a zone")
	}
	return at
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
