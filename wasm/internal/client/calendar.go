package client

import (
	"strconv"

	"tvilling/protocol"
)

// tally is how many documents there are on each day of a month, in each month of its
// year, and in each year.
type tally struct {
	from    *points
	month   int // months from year 0
	days    [32]int
	months  [13]int
	years   []yearCount // oldest first
	inexact int         // in this month or its year, with no exact day
}

type yearCount struct{ year, n int }

// tally counts for the month that the calendar is at.
func (s *State) tally() *tally {
	from, month := s.points(), s.month()
	memo := s.drawn()
	if t := memo.tally; t != nil && t.from == from && t.month == month {
		return t
	}
	t := &tally{from: from, month: month}
	year, counts := month/12, map[int]int{}
	for i := range from.all {
		at := from.all[i].at
		y, m, d := date(floorDiv(at.From, minutesOfDay))
		counts[y]++
		if y != year {
			continue
		}
		length := at.length()
		if length <= 31*minutesOfDay {
			t.months[m]++
		}
		switch {
		case length <= minutesOfDay && m == month%12+1:
			t.days[d]++
		case length > 31*minutesOfDay || length > minutesOfDay && m == month%12+1:
			t.inexact++
		}
	}
	for y, n := range counts {
		t.years = append(t.years, yearCount{y, n})
	}
	for i := range t.years {
		for j := i; j > 0 && t.years[j].year < t.years[j-1].year; j-- {
			t.years[j], t.years[j-1] = t.years[j-1], t.years[j]
		}
	}
	memo.tally = t
	return t
}

// month is the month that the calendar is at: where the user has gone, else that of the
// newest document that is not of the future, else this one.
func (s *State) month() int {
	if s.Timeline.Month != 0 {
		return s.Timeline.Month
	}
	now := (s.todayNumber() + 1) * minutesOfDay
	newest, any := int64(0), false
	p := s.points()
	for i := range p.all {
		if at := p.all[i].at.From; at < now && (!any || at > newest) {
			newest, any = at, true
		}
	}
	if !any {
		newest = now - 1
	}
	return monthOf(floorDiv(newest, minutesOfDay))
}

func monthOf(day int64) int {
	y, m, _ := date(day)
	return y*12 + m - 1
}

// firstOf is the first day of a month.
func firstOf(month int) int64 { return dayNumber(month/12, month%12+1, 1) }

// weekday counts from Monday, 0.
func weekday(day int64) int { return int(((day+3)%7 + 7) % 7) }

// isoWeek is the week's number by ISO 8601: a week belongs to the year of its Thursday.
func isoWeek(day int64) int {
	thursday := day - int64(weekday(day)) + 3
	y, _, _ := date(thursday)
	return int(thursday-dayNumber(y, 1, 1))/7 + 1
}

const (
	firstMonth = 1 * 12
	lastMonth  = 9999*12 + 11
)

// cursor is the day that the tab key reaches: where the keyboard is, else the day that
// the list is about, today, or the first.
func (s *State) cursor(month int) int64 {
	first := firstOf(month)
	last := first + int64(daysIn(month/12, month%12+1)) - 1
	today := s.todayNumber()
	from := s.List.Query.From
	for _, day := range [...]int64{s.Timeline.Day, floorDiv(spanOf(from).From, minutesOfDay), today} {
		if day != 0 && day >= first && day <= last {
			return day
		}
	}
	return first
}

// pressDay moves in the calendar.
func (m *machine) pressDay(key string) {
	month := m.s.month()
	day := m.s.cursor(month)
	switch key {
	case "ArrowLeft":
		day--
	case "ArrowRight":
		day++
	case "ArrowUp":
		day -= 7
	case "ArrowDown":
		day += 7
	case "Home":
		day -= int64(weekday(day))
	case "End":
		day += int64(6 - weekday(day))
	case "PageUp":
		day = sameDay(day, -1)
	case "PageDown":
		day = sameDay(day, 1)
	default:
		return
	}
	day = max(firstOf(firstMonth), min(day, firstOf(lastMonth)+30))
	m.turnTo(monthOf(day))
	m.s.Timeline.Day = day
	m.do(FocusOn{dayID(day)})
}

// sameDay is the day some months away, or the last one of that month.
func sameDay(day int64, months int) int64 {
	month := max(firstMonth, min(monthOf(day)+months, lastMonth))
	_, _, d := date(day)
	return firstOf(month) + int64(min(d, daysIn(month/12, month%12+1))-1)
}

// turnTo goes to a month, and has a screen reader say which: its heading is drawn anew with
// the days, and what is drawn anew is not heard.
func (m *machine) turnTo(month int) {
	if month < firstMonth || month > lastMonth {
		return
	}
	if month != m.s.month() {
		m.status(monthText(m.s.Lang, month))
	}
	m.s.Timeline.Month = month
}

// monthText names a month and its year.
func monthText(lang protocol.Language, month int) string {
	return monthName(lang, txtMonths, month%12+1) + " " + strconv.Itoa(month/12)
}

func dayDigits(day int64) string { return civilDay(day * minutesOfDay).Digits() }

func dayID(day int64) string { return "day-" + dayDigits(day) }

// calendar is a month of days, and the year around it.
func (r *renderer) calendar() string {
	m, s := new(markup), r.s
	t := s.tally()
	year := t.month / 12
	m.raw(`<div class="calendar"><div class="month"><div class="acts turn">`)
	r.sign(m, "month-before", ActMonth, strconv.Itoa(t.month-1), txtMonthBefore, `‹`)
	m.raw(`<h3 id="calendar-title">`).text(monthText(r.lang, t.month)).raw(`</h3>`)
	r.sign(m, "month-after", ActMonth, strconv.Itoa(t.month+1), txtMonthAfter, `›`)
	m.raw(`</div>`)
	r.monthGrid(m, t)
	m.raw(`</div><div class="year"><div class="acts"><label for="year">`).text(r.t(txtYear)).raw(`</label> <select id="year" data-field="year" data-test="year">`)
	r.yearOptions(m, t, year)
	m.raw(`</select></div><ul class="months" aria-label="`).text(r.t(txtMonthsOfYear)).raw(`">`)
	for i := 1; i <= 12; i++ {
		n := t.months[i]
		m.raw(`<li><button type="button" id="month-`).number(i).raw(`" class="heat`).raw(heat(n)).raw(`" data-act="month" data-test="month" data-value="`).number(year*12 + i - 1)
		m.raw(`" aria-pressed="`).text(strconv.FormatBool(t.month == year*12+i-1)).raw(`">`).text(monthName(r.lang, txtMonthsShort, i))
		if n > 0 {
			m.raw(` <b>`).text(thousands(r.lang, n)).raw(`</b><span class="unseen"> `).text(r.t(documentsText(n))).raw(`</span>`)
		}
		m.raw(`</button></li>`)
	}
	m.raw(`</ul>`)
	if t.inexact > 0 {
		m.raw(`<p class="small" data-test="inexact">`).text(numbered(r.lang, t.inexact, txtInexactOne, txtInexactMany)).raw(`</p>`)
	}
	r.undatedNote(m)
	return m.raw(`</div></div>`).String()
}

func documentsText(n int) txt {
	if n == 1 {
		return txtDocumentOne
	}
	return txtDocumentMany
}

// yearOptions lists the years that have documents, and the one the calendar is at.
func (r *renderer) yearOptions(m *markup, t *tally, year int) {
	option := func(y, n int) {
		m.raw(`<option value="`).number(y).raw(`"`).when(y == year, ` selected`).raw(`>`).number(y).raw(` (`).text(thousands(r.lang, n)).raw(`)</option>`)
	}
	there := false
	for i := len(t.years) - 1; i >= 0; i-- {
		y := t.years[i]
		if !there && y.year < year {
			option(year, 0)
			there = true
		}
		there = there || y.year == year
		option(y.year, y.n)
	}
	if !there {
		option(year, 0)
	}
}

func (r *renderer) monthGrid(m *markup, t *tally) {
	m.raw(`<table role="grid" id="calendar" class="days" aria-labelledby="calendar-title" data-test="days"><thead><tr><th scope="col" aria-label="`).text(r.t(txtWeekLong)).raw(`">`).text(r.t(txtWeek)).raw(`</th>`)
	for i, day := range weekdays {
		m.raw(`<th scope="col" aria-label="`).text(r.t(day)).raw(`">`).text(monthName(r.lang, txtWeekdaysShort, i+1)).raw(`</th>`)
	}
	m.raw(`</tr></thead><tbody>`)
	first := firstOf(t.month)
	last := first + int64(daysIn(t.month/12, t.month%12+1)) - 1
	cursor, picked := r.s.cursor(t.month), r.picked()
	for monday := first - int64(weekday(first)); monday <= last; monday += 7 {
		m.raw(`<tr><th scope="row">`).number(isoWeek(monday)).raw(`</th>`)
		for day := monday; day < monday+7; day++ {
			if day < first || day > last {
				m.raw(`<td></td>`)
				continue
			}
			m.raw(`<td aria-selected="`).text(strconv.FormatBool(day >= picked.From && day < picked.To)).raw(`">`)
			r.day(m, day, t.days[day-first+1], day == cursor)
			m.raw(`</td>`)
		}
		m.raw(`</tr>`)
	}
	m.raw(`</tbody></table>`)
}

// picked is the days that the list is about, [From, To).
func (r *renderer) picked() Span {
	q := &r.s.List.Query
	if q.From == 0 || q.To == 0 {
		return Span{}
	}
	return Span{floorDiv(spanOf(q.From).From, minutesOfDay), floorDiv(spanOf(q.To).To-1, minutesOfDay) + 1}
}

func (r *renderer) day(m *markup, day int64, n int, stop bool) {
	_, month, d := date(day)
	m.raw(`<button type="button" class="heat`).raw(heat(n)).raw(`" id="`).text(dayID(day)).raw(`" data-act="day" data-test="day" data-n="`).number(n).raw(`" data-value="`).text(dayDigits(day)).raw(`" tabindex="`)
	m.when(stop, `0"`).when(!stop, `-1"`).when(day == r.s.todayNumber(), ` aria-current="date"`)
	m.raw(`><span class="unseen">`).text(r.t(weekdays[weekday(day)])).raw(` </span>`).number(d).raw(`<span class="unseen"> `).text(monthName(r.lang, txtMonths, month)).raw(`, `)
	if n > 0 {
		m.raw(`</span> <b>`).text(thousands(r.lang, n)).raw(`</b><span class="unseen"> `).text(r.t(documentsText(n))).raw(`</span>`)
	} else {
		m.text(countText(r.lang, n)).raw(`</span>`)
	}
	m.raw(`</button>`)
}

// heat is the class of a count: the more, the stronger, in few steps that can be told
// apart. The number stands beside it.
func heat(n int) literal {
	switch {
	case n == 0:
		return ``
	case n < 5:
		return ` h1`
	case n < 20:
		return ` h2`
	default:
		return ` h3`
	}
}

// pickDay makes the list be about a day.
func (m *machine) pickDay(value string) {
	c, err := protocol.ParseCivil(value)
	if err != nil || len(value) != 8 {
		return
	}
	m.s.Timeline.Day = floorDiv(spanOf(c).From, minutesOfDay)
	m.pickDays(c, c)
}

func (m *machine) pickDays(from, to protocol.Civil) {
	q := m.s.List.Query
	q.From, q.To = from, to
	m.arrange(q)
}
