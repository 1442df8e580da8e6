package client

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tvilling/protocol"
)

// Weeks and weekdays are those of the standard library, over all the years that a
// calendar can be turned to.
func TestWeeks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Int64Range(-600_000, 2_900_000).Draw(t, "day")
		at := time.Unix(day*86_400, 0).UTC()
		_, week := at.ISOWeek()
		if got := isoWeek(day); got != week {
			t.Fatalf("%v: week %d, want %d", at, got, week)
		}
		if got := weekday(day); got != (int(at.Weekday())+6)%7 {
			t.Fatalf("%v: weekday %d", at, got)
		}
		if got := daysIn(at.Year(), int(at.Month())); got != time.Date(at.Year(), at.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() {
			t.Fatalf("%v: %d days", at, got)
		}
	})
}

func TestMonths(t *testing.T) {
	for _, c := range []struct {
		month       string
		first, last string // of the weeks
		rows        int
	}{
		{"202402", "5", "9", 5},   // leap year
		{"202302", "5", "9", 5},   // none
		{"202101", "53", "4", 5},  // begins in week 53 of the year before
		{"202012", "49", "53", 5}, // ends in it
		{"202408", "31", "35", 5}, //
		{"202409", "35", "40", 6}, // six weeks
		{"202102", "5", "8", 4},   // four
		{"190002", "5", "9", 5},   // 1900 was no leap year
	} {
		p := toOverview(t)
		p.act(ActTab, "1")
		p.s.Timeline.Month = monthOf(floorDiv(minuteAt(t, c.month), minutesOfDay))
		html := regionOf(Render(&p.s), "strip-content")
		var weeks []string
		for _, part := range strings.Split(html, `<th scope="row">`)[1:] {
			weeks = append(weeks, part[:strings.IndexByte(part, '<')])
		}
		if len(weeks) != c.rows || weeks[0] != c.first || weeks[len(weeks)-1] != c.last {
			t.Errorf("%s: weeks %v", c.month, weeks)
		}
		y, mo := p.s.Timeline.Month/12, p.s.Timeline.Month%12+1
		if n := strings.Count(html, `data-test="day"`); n != daysIn(y, mo) {
			t.Errorf("%s has %d days", c.month, n)
		}
		if n := strings.Count(html, `data-test="day"`) - strings.Count(html, `tabindex="-1"`); n != 1 {
			t.Errorf("%s: the tab key reaches %d days", c.month, n)
		}
	}
}

func toCalendar(t *testing.T) *play {
	p := toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	p.snapshot(1, 100, []protocol.Item{
		doc(1, protocol.Diagnosis, "20240229"), doc(2, protocol.CareDocumentation, "202402291015"), doc(3, protocol.Diagnosis, "20240201"),
		doc(4, protocol.Diagnosis, "202402"), doc(5, protocol.Diagnosis, "2024"), doc(6, protocol.CarePlans, "20300101"), doc(7, protocol.Diagnosis, "19971231"),
	})
	p.act(ActTab, "1")
	return p
}

func TestTally(t *testing.T) {
	p := toCalendar(t)
	got := p.s.tally()
	if got.month != 2024*12+1 {
		t.Fatalf("the calendar is at %d: want that of the newest document that is not to come", got.month)
	}
	if got.days[29] != 2 || got.days[1] != 1 || got.days[2] != 0 || got.months[2] != 4 || got.inexact != 2 {
		t.Errorf("%v %v, %d inexact", got.days, got.months, got.inexact)
	}
	want := []yearCount{{1997, 1}, {2024, 5}, {2030, 1}}
	if diff := cmp.Diff(want, got.years, cmp.AllowUnexported(yearCount{})); diff != "" {
		t.Error(diff)
	}
	html := regionOf(Render(&p.s), "strip-content")
	for _, want := range []string{`<span class="unseen">torsdag </span>29<span class="unseen"> februari, </span> <b>2</b><span class="unseen"> dokument</span>`, `<option value="2024" selected>2024 (5)</option>`, `data-test="inexact"`} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is not in %s", want, html)
		}
	}
	p.do(Typed{FieldYear, "2011"})
	if html := regionOf(Render(&p.s), "strip-content"); !strings.Contains(html, `februari 2011`) || !strings.Contains(html, `<option value="2011" selected>2011 (0)</option><option value="1997">`) {
		t.Error("a year without documents is not offered where it stands")
	}
}

func TestTheCalendarByKeys(t *testing.T) {
	for _, c := range []struct{ from, keys, want string }{
		{"20240229", "ArrowRight", "2024-03-01"},
		{"20240301", "ArrowLeft", "2024-02-29"},
		{"20240101", "ArrowUp", "2023-12-25"},
		{"20231231", "ArrowDown", "2024-01-07"},
		{"20240229", "Home", "2024-02-26"},
		{"20240229", "End", "2024-03-03"},
		{"20240331", "PageUp", "2024-02-29"},
		{"20240131", "PageDown PageDown", "2024-03-29"},
		{"20231215", "PageDown", "2024-01-15"},
		{"00010102", "PageUp ArrowUp", "0001-01-01"},
		{"99991230", "PageDown ArrowDown", "9999-12-31"},
		{"20240229", "Enter x", "2024-02-29"},
	} {
		p := toCalendar(t)
		day := floorDiv(minuteAt(t, c.from), minutesOfDay)
		p.s.Timeline.Day, p.s.Timeline.Month = day, monthOf(day)
		for _, key := range strings.Fields(c.keys) {
			p.do(Charted{What: "day", Key: key})
		}
		if got := civilDay(p.s.Timeline.Day * minutesOfDay).String(); got != c.want {
			t.Errorf("%s from %s: %s, want %s", c.keys, c.from, got, c.want)
		}
		if !strings.Contains(regionOf(Render(&p.s), "strip-content"), `id="`+dayID(p.s.Timeline.Day)+`"`) {
			t.Errorf("%s from %s: the day is not in the month shown", c.keys, c.from)
		}
	}
}

func TestADayIsListed(t *testing.T) {
	p := toCalendar(t)
	p.act(ActDay, "20240201")
	if got := p.s.List.Documents; got != 3 { // what may be of that day is not left out
		t.Errorf("%d documents", got)
	}
	if html := regionOf(Render(&p.s), "strip-content"); strings.Count(html, `aria-selected="true"`) != 1 || !strings.Contains(html, `aria-selected="true"><button type="button" class="heat h1" id="day-20240201"`) {
		t.Error("the day is not marked, or not alone")
	}
	if html := regionOf(Render(&p.s), "chips"); !strings.Contains(html, "2024-02-01") {
		t.Errorf("chips: %q", html)
	}
	for _, bad := range []string{"", "2024", "20240230", "x", "2024020110"} {
		p.act(ActDay, bad)
		if p.s.List.Query.From.String() != "2024-02-01" {
			t.Errorf("%q was taken for a day", bad)
		}
	}
	p.act(ActMonth, "-5")
	p.act(ActMonth, "999999999")
	if p.s.month() != 2024*12+1 {
		t.Error("the calendar is out of time")
	}
}

// Which month one has come to is told by what a screen reader hears of: the heading itself
// is drawn anew with its days.
func TestMonthIsTold(t *testing.T) {
	p := toOverview(t)
	p.act(ActTab, "1")
	p.s.Said.Status = ""
	steps := []struct {
		do   Input
		want string
	}{
		{Act{ActMonth, strconv.Itoa(2024*12 + 1)}, "februari 2024"}, {Charted{What: "day", Key: "ArrowRight"}, ""}, {Charted{What: "day", Key: "PageDown"}, "mars 2024"},
		{Typed{FieldYear, "2020"}, "mars 2020"}, {Act{ActMonth, "-1"}, ""},
	}
	for _, s := range steps {
		p.s.Said.Status = ""
		p.do(s.do)
		if p.s.Said.Status != s.want {
			t.Errorf("%v: told %q, want %q", s.do, p.s.Said.Status, s.want)
		}
	}
	if html := regionOf(Render(&p.s), "strip-content"); strings.Contains(html, "aria-live") || !strings.Contains(html, ">mars 2020</h3>") {
		t.Error("the heading is a live region, or another month's")
	}
}
