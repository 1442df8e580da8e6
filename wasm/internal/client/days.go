package client

import (
	"strings"

	"tvilling/protocol"
)

// The days between which documents are listed can be typed. What is not, or not yet, a
// year, a month or a day narrows nothing: what stands in a field and what is in force never
// differ without a word of it.

// Days tells what is wrong with what stands in the fields.
type Days struct {
	Since, UpTo bool // it is something, and no day
}

// The years that a record can be from.
const (
	firstYear = 1800
	lastYear  = 2199
)

// typedDay takes what stands in one of the fields.
func (m *machine) typedDay(q *Query, t Typed) {
	at, ok := readDay(t.Value)
	days := &m.s.Tools.Days
	if t.Field == FieldSince {
		q.From, days.Since = at, !ok
	} else {
		q.To, days.UpTo = at, !ok
	}
}

// readDay reads a day as people write one: 2023, 2023-06, 2023-6-1, 202306, 20230601. Nothing
// is no day, and nothing is wrong with it.
func readDay(typed string) (at protocol.Civil, ok bool) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return 0, true
	}
	parts := strings.Split(typed, "-")
	if len(parts) == 1 && (len(typed) == 6 || len(typed) == 8) {
		parts = []string{typed[:4], typed[4:6], typed[6:]}[:len(typed)/2-1]
	}
	if len(parts) > 3 || len(parts[0]) != 4 {
		return 0, false
	}
	given, digits := [...]int{0, 1, 1}, make([]byte, 0, 8)
	for i, part := range parts {
		n := number(part)
		if n < 1 || i > 0 && len(part) > 2 {
			return 0, false
		}
		given[i], digits = n, pad(digits, n, 2)
	}
	y, m, d := date(dayNumber(given[0], given[1], given[2]))
	if given[0] < firstYear || given[0] > lastYear || given != [...]int{y, m, d} {
		return 0, false
	}
	at, err := protocol.ParseCivil(string(digits))
	return at, err == nil
}

// filterDays are the fields. They are drawn as the search field is: not while they are
// typed in.
func (r *renderer) filterDays() string {
	m, t := new(markup), &r.s.Tools
	if !t.Filters {
		return ""
	}
	field := func(name literal, label txt, at protocol.Civil) {
		m.raw(`<label class="filter"><span>`).text(r.t(label)).raw(`</span> <input type="text" inputmode="numeric" id="`).raw(name).raw(`" data-field="`).raw(name).raw(`" data-test="`).raw(name)
		m.raw(`" maxlength="10" pattern="\d{4}(-\d{1,2}){0,2}|\d{6}|\d{8}" autocomplete="off" spellcheck="false" aria-describedby="days-hint" data-drawn="`).number(t.Drawn).raw(`" value="`).text(at.String()).raw(`"></label>`)
	}
	field(FieldSince, txtFilterSince, t.Written.From)
	field(FieldUpTo, txtFilterUpTo, t.Written.To)
	return m.String()
}

// daysHint says what is wrong with them.
func (r *renderer) daysHint() string {
	t, q := &r.s.Tools, &r.s.List.Query
	switch {
	case !t.Filters:
	case t.Days.Since || t.Days.UpTo:
		return r.escaped(txtDaysWrong)
	case q.From != 0 && q.To != 0 && upTo(q.To.Digits(), q.From.Digits()) < 0:
		return r.escaped(txtDaysTurned)
	}
	return ""
}
