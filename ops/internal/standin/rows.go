package standin

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tvilling/protocol"
)

// person is somebody whom the directory knows.
type person struct {
	name, title string
	protected   bool
}

// commission is what somebody may do, where and what for. Rights are triples, one a line.
type commission struct {
	employee, id, name, purpose, rights string
	unit, unitName                      string
	provider, providerName              string
	start, end                          moment
}

func (c commission) label() string           { return c.id }
func (c commission) over(moment) bool        { return false } // the directory has dates, and the reader looks at them
func (c commission) of(provider string) bool { return c.provider == provider }

// relation is one person's: the contract knows no others. One that the file gives a
// whole unit is as many as the unit has staff, under the same name.
type relation struct {
	id, patient, provider, unit, employee string
	start, end                            moment
}

func (r relation) label() string           { return r.id }
func (r relation) over(at moment) bool     { return r.end < at }
func (r relation) of(provider string) bool { return r.provider == provider }

type consent struct {
	id, patient, provider, unit, employee string
	emergency                             bool
	start, end                            moment
}

func (c consent) label() string           { return c.id }
func (c consent) over(at moment) bool     { return c.end != 0 && c.end < at }
func (c consent) of(provider string) bool { return c.provider == provider }

// block has its period as the wire has it: local times, compared with nothing here.
type block struct {
	id, patient, provider, unit string
	inner                       bool
	exempt                      string // lak, upp, with a comma between
	start, end                  string
}

func (b block) label() string           { return b.id }
func (b block) over(moment) bool        { return false }
func (b block) of(provider string) bool { return b.provider == provider }

// lift is a temporary revoke of a block.
type lift struct {
	id, block, unit, employee string
	end                       moment
}

func (l lift) label() string       { return l.id }
func (l lift) over(at moment) bool { return l.end < at }
func (l lift) of(string) bool      { return true }

type engagement struct{ employee, unit, patient string }

// rows checks the rows of a file and gathers what is wrong with them.
type rows struct{ faults []error }

// place is a row: a table's name and the row's number in it, from 1.
type place struct {
	*rows
	table string
	row   int
}

func (p place) fault(field, what string) {
	switch n := len(p.faults); {
	case n < maxFaults:
		p.faults = append(p.faults, fmt.Errorf("[[%s]] row %d, %s: %s", p.table, p.row, field, what))
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
		out[i] = f(place{r, table, i + 1}, row)
	}
	return out
}

// once finds rows that are there twice.
type once map[string]int

func (o once) check(p place, field, key string) {
	if first, is := o[key]; is && key != "" {
		p.fault(field, fmt.Sprintf("the same as in row %d", first))
		return
	}
	o[key] = p.row
}

// id reads a needed id into its canonical text.
func id[T interface{ Reveal() string }](p place, field, text string, parse func(string) (T, error)) string {
	v, err := parse(text)
	switch {
	case text == "":
		p.fault(field, "is needed")
		return ""
	case err != nil:
		p.fault(field, err.Error()) // the parsers name the rule, not the value
		return ""
	}
	return v.Reveal()
}

func optional[T interface{ Reveal() string }](p place, field, text string, parse func(string) (T, error)) string {
	if text == "" {
		return ""
	}
	return id(p, field, text, parse)
}

// text reads a text of bounded length.
func (p place) text(field, text string, needed bool, most int) string {
	switch {
	case needed && text == "":
		p.fault(field, "is needed")
	case len(text) > most:
		p.fault(field, fmt.Sprintf("longer than %d bytes", most))
	}
	return text
}

// instant reads a time; one that is left out is zero.
func (p place) instant(field string, v any, which bound, needed bool) moment {
	text := written(v)
	if text == "" {
		if needed {
			p.fault(field, "is needed")
		}
		return 0
	}
	at, err := instant(text, which)
	if err != nil {
		p.fault(field, err.Error())
	}
	return at
}

// period reads the two ends of what permits something.
func (p place) period(start, end any, needed bool) (from, to moment) {
	from, to = p.instant("start", start, starts, needed), p.instant("end", end, ends, false)
	if to != 0 && to < from {
		p.fault("end", "before start")
	}
	return from, to
}

func (r *rows) people(in []personRow) map[string]person {
	out, employees := map[string]person{}, once{}
	each(r, "person", in, func(p place, row personRow) struct{} {
		employee := id(p, "employee", row.Employee, protocol.ParseEmployeeID)
		employees.check(p, "employee", employee)
		p.text("key", row.Key, false, maxTextBytes)
		out[employee] = person{p.text("name", row.Name, true, maxTextBytes), p.text("title", row.Title, false, maxTextBytes), row.Protected}
		return struct{}{}
	})
	return out
}

func (r *rows) commissions(in []commissionRow) []commission {
	keys := once{}
	return each(r, "commission", in, func(p place, row commissionRow) commission {
		c := commission{
			employee:     id(p, "employee", row.Employee, protocol.ParseEmployeeID),
			id:           id(p, "id", row.ID, protocol.ParseCommissionID),
			name:         p.text("name", row.Name, true, maxTextBytes),
			purpose:      p.text("purpose", row.Purpose, true, maxTextBytes),
			rights:       p.rights(row.Rights),
			unit:         optional(p, "care_unit", row.CareUnit, protocol.ParseCareUnitID),
			unitName:     p.text("care_unit_name", row.CareUnitName, false, maxTextBytes),
			provider:     id(p, "care_provider", row.CareProvider, protocol.ParseCareProviderID),
			providerName: p.text("care_provider_name", row.CareProviderName, false, maxTextBytes),
		}
		c.start, c.end = p.period(row.Start, row.End, false)
		keys.check(p, "id", c.employee+" "+c.id)
		return c
	})
}

func (p place) rights(in []string) string {
	if len(in) > maxRights {
		p.fault("rights", fmt.Sprintf("more than %d", maxRights))
		return ""
	}
	for _, text := range in {
		if strings.Count(text, ";") != 2 || strings.Contains(text, "\n") || len(text) > maxTextBytes {
			p.fault("rights", `not of the form "activity;informationClass;scope"`)
		}
	}
	return strings.Join(in, "\n")
}

// relations reads relations, and gives one without an employee to everybody who has a
// commission in its unit.
func (r *rows) relations(in []relationRow, all []commission) []relation {
	keys, staff := once{}, map[string][]string{}
	for _, c := range all {
		if c.unit != "" && !slices.Contains(staff[c.unit], c.employee) {
			staff[c.unit] = append(staff[c.unit], c.employee)
		}
	}
	var out []relation
	each(r, "relation", in, func(p place, row relationRow) struct{} {
		one := relation{
			id:       p.text("id", row.ID, false, maxIDBytes),
			patient:  id(p, "patient", row.Patient, protocol.ParsePatientID),
			provider: id(p, "care_provider", row.CareProvider, protocol.ParseCareProviderID),
			unit:     id(p, "care_unit", row.CareUnit, protocol.ParseCareUnitID),
			employee: optional(p, "employee", row.Employee, protocol.ParseEmployeeID),
		}
		one.start, one.end = p.period(row.Start, row.End, true)
		if one.end == 0 {
			one.end = never // the contract has no relation without an end
		}
		keys.check(p, "patient, care_provider, care_unit and employee", one.patient+" "+one.provider+" "+one.unit+" "+one.employee)
		whose := []string{one.employee}
		if one.employee == "" {
			whose = staff[one.unit]
		}
		for _, employee := range whose {
			one.employee = employee
			out = append(out, one)
		}
		return struct{}{}
	})
	if len(out) > MaxRows {
		r.faults = append(r.faults, fmt.Errorf("[[relation]]: more than %d rows, one for each of a unit's staff", MaxRows))
	}
	return out
}

func (r *rows) consents(in []consentRow) []consent {
	ids := once{}
	return each(r, "consent", in, func(p place, row consentRow) consent {
		out := consent{
			id:        p.text("id", row.ID, true, maxIDBytes),
			patient:   id(p, "patient", row.Patient, protocol.ParsePatientID),
			provider:  id(p, "care_provider", row.CareProvider, protocol.ParseCareProviderID),
			unit:      id(p, "care_unit", row.CareUnit, protocol.ParseCareUnitID),
			employee:  optional(p, "employee", row.Employee, protocol.ParseEmployeeID),
			emergency: row.Kind == "emergency",
		}
		if row.Kind != "" && row.Kind != "consent" && row.Kind != "emergency" {
			p.fault("kind", "is consent or emergency")
		}
		out.start, out.end = p.period(row.Start, row.End, true)
		ids.check(p, "id", row.ID)
		return out
	})
}

func (r *rows) blocks(in []blockRow) (blocks []block, lifts []lift) {
	ids := once{}
	blocks = each(r, "block", in, func(p place, row blockRow) block {
		out := block{
			id:       p.text("id", row.ID, true, maxIDBytes),
			patient:  id(p, "patient", row.Patient, protocol.ParsePatientID),
			provider: id(p, "care_provider", row.CareProvider, protocol.ParseCareProviderID),
			unit:     optional(p, "care_unit", row.CareUnit, protocol.ParseCareUnitID),
			inner:    row.Kind == "inner",
			exempt:   p.exempt(row.Exempt),
			start:    p.local("start", row.Start, starts),
			end:      p.local("end", row.End, ends),
		}
		switch {
		case row.Kind != "inner" && row.Kind != "outer":
			p.fault("kind", "is inner or outer")
		case out.inner != (row.CareUnit != ""):
			p.fault("care_unit", "is needed for an inner block, and only then")
		}
		ids.check(p, "id", row.ID)
		lifts = append(lifts, p.lifts(out.id, row.Lift)...)
		return out
	})
	return blocks, lifts
}

func (p place) exempt(in []string) string {
	for _, kind := range in {
		switch protocol.BlockType(kind) {
		case protocol.BlockTypeMedication, protocol.BlockTypeAlert:
		default:
			p.fault("exempt", "is lak or upp")
		}
	}
	return strings.Join(in, ",")
}

func (p place) local(field string, v any, which bound) string {
	text, err := wallTime(written(v), which)
	if err != nil {
		p.fault(field, "not a Swedish local date or time without a zone")
	}
	return text
}

func (p place) lifts(of string, in []liftRow) []lift {
	if len(in) > maxLifts {
		p.fault("lift", fmt.Sprintf("more than %d", maxLifts))
		return nil
	}
	var out []lift
	for _, row := range in {
		out = append(out, lift{
			id:       p.text("lift.id", row.ID, false, maxIDBytes),
			block:    of,
			unit:     id(p, "lift.care_unit", row.CareUnit, protocol.ParseCareUnitID),
			employee: optional(p, "lift.employee", row.Employee, protocol.ParseEmployeeID),
			end:      p.instant("lift.end", row.End, ends, true),
		})
	}
	return out
}

func (r *rows) engagements(in []engagementRow) []engagement {
	return each(r, "engagement", in, func(p place, row engagementRow) engagement {
		return engagement{
			employee: optional(p, "employee", row.Employee, protocol.ParseEmployeeID),
			unit:     id(p, "unit", row.Unit, protocol.ParseCareUnitID),
			patient:  id(p, "patient", row.Patient, protocol.ParsePatientID),
		}
	})
}

// uuid makes an id of the wire's form out of what it shall stand for, the same at
// every start.
func uuid(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
