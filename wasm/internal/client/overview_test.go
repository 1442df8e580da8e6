package client

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"tvilling/protocol"
)

// head is the patient head with the parts of it that change.
func head(p *play) string {
	page, html := Render(&p.s), ""
	for _, id := range []string{"patient-head", "patient-basis", "patient-alerts", "patient-acts"} {
		html += regionOf(page, id)
	}
	return html
}

// The heading has the focus on arrival: it is read out once, and not for each minute of an
// emergency, each alert that comes, or what one presses.
func TestHeadingIsNotDrawnAnew(t *testing.T) {
	p := toNoBasis(t, mayAttest())
	toProviders(t, p)
	p.do(Typed{FieldReason, "Läkemedel behövs"})
	p.do(Typed{FieldSure, "1"})
	p.act(ActEmergency, "")
	p.get(1, p.emergency(protocol.EmergencyContent))
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	items := testDocs()
	p.snapshot(1, 100, items)
	painter := NewPainter()
	painter.Paint(&p.s, nil)
	for part, change := range map[string]func(){
		"patient-basis": func() {
			for range 12 {
				p.now = p.now.after(6_000)
				p.beat(1, p.s.View.Vouched, items)
			}
		},
		"patient-alerts": func() {
			items = append(items, alert(50, "", false))
			count, digest := sum(items)
			v := &p.s.View
			p.get(1, protocol.Batch{Generation: v.Generation, From: v.Index, To: v.Index + 1, Upserts: items[len(items)-1:], Count: count, Digest: digest})
			p.pass(1_000)
		},
		"patient-acts": func() { p.act(ActEndAsk, "") },
	} {
		change()
		commands := painter.Paint(&p.s, nil)
		if !strings.Contains(commands, "h"+fieldEnd+part+fieldEnd) {
			t.Errorf("%s is not drawn", part)
		}
		if strings.Contains(commands, "main-heading") {
			t.Errorf("the heading is drawn anew with %s", part)
		}
	}
}

func TestAge(t *testing.T) {
	day := func(y, m, d int) int64 { return dayNumber(y, m, d) }
	for _, c := range []struct {
		born  string
		today int64
		want  string
	}{
		{"19970106", day(2026, 1, 5), "28 år"},
		{"19970106", day(2026, 1, 6), "29 år"},
		{"20240229", day(2026, 2, 28), "23 månader"},
		{"20240229", day(2026, 3, 1), "2 år"},
		{"20260131", day(2026, 2, 28), "0 månader"},
		{"20250115", day(2025, 2, 15), "1 månad"},
		{"18990802", day(2026, 11, 22), "127 år"},
		{"20270101", day(2026, 11, 22), ""},
	} {
		if got := ageText(protocol.Swedish, c.born, c.today); got != c.want {
			t.Errorf("born %s: %q, want %q", c.born, got, c.want)
		}
	}
}

// Age and sex are said where the number says them, and nowhere else.
func TestWhatTheNumberSays(t *testing.T) {
	p := toOverview(t)
	if got := head(p); !strings.Contains(got, "kvinna") || !strings.Contains(got, "30 år") {
		t.Errorf("the head is %s", got)
	}
	p.s.Access.Deceased = true
	if got := head(p); strings.Contains(got, "kvinna") || strings.Contains(got, "30 år") || !strings.Contains(got, "Avliden") {
		t.Errorf("the deceased: %s", got)
	}
	p.s.Access.Deceased = false
	p.s.Wish.Patient = parsed(protocol.ParsePatientID("197010632391"))
	if kind := p.s.Wish.Patient.Kind(); kind != protocol.Samordningsnummer {
		t.Fatalf("the number is a %v", kind)
	}
	if got := head(p); strings.Contains(got, "person-line") {
		t.Errorf("a coordination number: %s", got)
	}
}

func alert(n byte, detail string, nullified bool) protocol.Item {
	item := doc(n, protocol.AlertInformation, "20230101")
	item.Header.Detail, item.Header.Nullified = detail, nullified
	return item
}

// A type's name on the timeline lists that type, and pressed again everything.
func TestALaneListsItsType(t *testing.T) {
	p := toOverview(t)
	for _, want := range []protocol.Contract{protocol.Diagnosis, protocol.AlertInformation, protocol.NoContract} {
		value := strconv.Itoa(int(want))
		if want == protocol.NoContract {
			value = strconv.Itoa(int(protocol.AlertInformation))
		}
		p.act(ActLane, value)
		if got := p.s.List.Query.Contract; got != want {
			t.Errorf("%v is listed, want %v", got, want)
		}
	}
	p.act(ActToList, "")
	if !slices.Contains(p.last, Effect(FocusOn{idListHeading})) {
		t.Errorf("the way past the strip leads to %v", p.last)
	}
	p.act(ActLane, "x")
	p.act(ActLane, "999")
	if p.s.List.Query.Contract != protocol.NoContract {
		t.Error("a type that is none was taken")
	}
}

// A row says the status of what is not simply done and final.
func TestARowSaysItsStatus(t *testing.T) {
	p := toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	said := []string{"Aktuell", "Ej aktuell", "Inställd", "Preliminärt svar", "Svar", "Svar, inte märkt som slutsvar", "another"}
	var items []protocol.Item
	for i, status := range append(said, "Avslutad", "Slutgiltigt svar", "Definitivt svar", "Slutsvar", "") {
		item := doc(byte(i+1), protocol.MedicationHistory, "20230101")
		item.Header.Status = status
		items = append(items, item)
	}
	p.snapshot(1, 100, items)
	rows := ""
	for _, row := range Render(&p.s).Rows.Items {
		rows += row.HTML
	}
	for _, status := range said {
		if !strings.Contains(rows, `data-test="row-status">`+status+`<`) {
			t.Errorf("no %s", status)
		}
	}
	if n := strings.Count(rows, "row-status"); n != len(said) {
		t.Errorf("%d statuses in the rows, want %d", n, len(said))
	}
}

// The head always says how it is with alerts: how many, that none is there to see, or
// that they were not asked for.
func TestAlertsAreAlwaysInTheHead(t *testing.T) {
	with := func(items ...protocol.Item) *play {
		p := toChoice(t)
		p.act(ActCheckAll, "")
		p.act(ActShow, "")
		p.snapshot(1, 100, items)
		return p
	}
	p := with(alert(1, "Livshotande, Bekräftad", false), alert(2, "Besvärande", false), alert(3, "Livshotande", true))
	if got := head(p); !strings.Contains(got, `<b>2</b>, 1 livshotande`) || !strings.Contains(got, `severe`) {
		t.Errorf("two alerts: %s", got)
	}
	p.act(ActAlerts, "")
	if p.s.List.Query.Contract != protocol.AlertInformation || p.s.List.Documents != 3 {
		t.Errorf("%d listed", p.s.List.Documents)
	}
	if got := head(with(doc(1, protocol.Diagnosis, "20240101"))); !strings.Contains(got, "alerts-none") {
		t.Errorf("none: %s", got)
	}
	p = toChoice(t)
	p.do(Typed{FieldContract, "2"})
	p.act(ActShow, "")
	p.snapshot(1, 100, []protocol.Item{doc(1, protocol.Diagnosis, "20240101")})
	if got := head(p); !strings.Contains(got, "alerts-not-chosen") || strings.Contains(got, "alerts-none") {
		t.Errorf("not chosen: %s", got)
	}
	shows := sentCount[protocol.Show](p)
	p.act(ActChooseAlerts, "")
	p.phase(PhaseChoice)
	if !p.s.Form.Checked[protocol.AlertInformation] || !p.s.Form.Checked[protocol.Diagnosis] || sentCount[protocol.Show](p) != shows {
		t.Error("alerts are not ticked beside what was chosen, or were asked for by themselves")
	}
}

// Nothing is said of blocks before it is asked, and what the head and the strip say does
// not depend on there being any.
func TestNothingOfBlocksBeforeItIsAsked(t *testing.T) {
	p := toOverview(t)
	if strings.Contains(whole(Render(&p.s)), "spärrad") {
		t.Error("blocks are spoken of")
	}
	p.act(ActTab, "3")
	if got := regionOf(Render(&p.s), "ladder"); !strings.Contains(got, `id="ask-blocked"`) || strings.Contains(got, "told-blocked") {
		t.Errorf("the questions are %s", got)
	}
	p.act(ActAsk, "2")
	p.get(1, protocol.Told{Request: sentLast[protocol.Ask](p).Request, What: protocol.AskBlocked, Yes: true})
	if got := regionOf(Render(&p.s), "ladder"); !strings.Contains(got, `data-test="told-blocked" data-yes="true"`) {
		t.Errorf("the answer is %s", got)
	}
}

func TestFiltersAreSeenAndUndone(t *testing.T) {
	p := toOverview(t)
	region := func(id string) string { return regionOf(Render(&p.s), id) }
	if region("chips") != "" || region("filters") != "" || !strings.Contains(region("list-count"), ">4 dokument<") {
		t.Fatalf("before: %q %q %q", region("chips"), region("filters"), region("list-count"))
	}
	p.act(ActFilters, "")
	if got := region("filters"); !strings.Contains(got, ">Diagnoser (2)<") || !strings.Contains(got, `data-test="unit"`) {
		t.Errorf("the filters are %s", got)
	}
	p.do(Typed{FieldFilter, "2"})
	p.do(Typed{FieldSearch, "d3"})
	if got := region("list-count"); !strings.Contains(got, "Visar <b>1</b> av 4 dokument") {
		t.Errorf("the count is %s", got)
	}
	if got := region("chips"); strings.Count(got, `data-test="chip"`) != 2 || !strings.Contains(got, `id="clear-filter"`) {
		t.Errorf("the chips are %s", got)
	}
	if lanes := p.s.plot().lanes; len(lanes) != 3 || lanes[0].n != 0 || lanes[1].n != 1 {
		t.Errorf("the lanes have moved: %+v", lanes)
	}
	p.act(ActUnfilter, "type")
	if p.titles() != "d3 " {
		t.Errorf("the list is %q", p.titles())
	}
	p.do(Typed{FieldSearch, "no such word"})
	if got := region("list-more"); !strings.Contains(got, "Inget av 4 dokument") || !strings.Contains(got, `data-act="clear-filter"`) {
		t.Errorf("the empty list says %s", got)
	}
	p.act(ActClearFilter, "")
	if p.s.List.Query.narrows() || p.s.List.Documents != 4 {
		t.Error("the filters are still in force")
	}
	p.act(ActUnfilter, "everything")
	p.act(ActUnfilter, "")
}

// The field keeps what is typed while it is typed, and shows the words in force when
// something else has changed them.
// The names of a care provider and a unit come with documents, and go with the last of
// them: a filter that names them would tell where somebody has been whose blocked
// documents are gone.
func TestAFilterGoesWithTheLastThatItNames(t *testing.T) {
	secret := doc(1, protocol.Diagnosis, "20240101")
	secret = of(northID, secret)
	secret.Header.Unit = "Beroendemottagningen"
	rest := of(southID, doc(2, protocol.Diagnosis, "20240102"))
	for name, gone := range map[string]func(*play){
		"revoked": func(p *play) {
			p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{secret.Key}})
		},
		"removed": func(p *play) {
			count, digest := sum([]protocol.Item{rest})
			p.get(1, protocol.Batch{Generation: 1, From: 100, To: 101, Removes: []protocol.DocumentKey{secret.Key}, Count: count, Digest: digest})
		},
		"fetched anew": func(p *play) {
			p.act(ActChoice, "")
			p.act(ActShow, "")
			p.snapshot(1, 101, []protocol.Item{rest})
		},
	} {
		for _, named := range []Typed{{FieldUnit, "Beroendemottagningen"}, {FieldProvider, northID}} {
			p := toChoice(t)
			p.act(ActCheckAll, "")
			p.act(ActShow, "")
			p.snapshot(1, 100, []protocol.Item{secret, rest})
			p.do(named)
			p.act(ActFilters, "")
			if page := whole(Render(&p.s)); !strings.Contains(page, named.Value) || p.titles() != "d1 " {
				t.Fatal("the filter does not stand")
			}
			gone(p)
			if page := whole(Render(&p.s)); strings.Contains(page, named.Value) {
				t.Errorf("%s: the filter still names it", name)
			}
			if !slices.Contains(p.last, Effect(Paint{})) {
				t.Errorf("%s: not painted at once", name)
			}
			if p.titles() != "d2 " || p.s.List.Held != 0 {
				t.Errorf("%s: the list is %q, with %d held", name, p.titles(), p.s.List.Held)
			}
		}
	}
}

func TestTheSearchFieldIsLetAlone(t *testing.T) {
	p := toOverview(t)
	box := func() string { return regionOf(Render(&p.s), "search-box") }
	before := box()
	p.do(Typed{FieldSearch, "d"})
	p.do(Typed{FieldSearch, "d3"})
	if box() != before {
		t.Error("it was drawn anew while it was typed in")
	}
	p.act(ActHelp, "")
	p.act(ActAsideClose, "")
	if got := box(); !strings.Contains(got, `value="d3"`) {
		t.Errorf("after another page it is %s", got)
	}
	p.do(Typed{FieldSearch, "d31"})
	last := box()
	p.act(ActUnfilter, "words")
	if got := box(); got == last || !strings.Contains(got, `value=""`) {
		t.Errorf("cleared it is %s", got)
	}
	p.do(Typed{FieldSearch, "d2"})
	p.pass(10_000) // the lease
	p.phase(PhaseBlank)
	p.beat(1, 100, testDocs())
	p.snapshot(1, 100, testDocs())
	if got := box(); !strings.Contains(got, `value="d2"`) || p.titles() != "d2 " {
		t.Errorf("when the view is back it is %s, with %s", got, p.titles())
	}
	p.act(ActLeave, "")
	p.act(ActLeaveConfirm, "")
	if p.s.Tools.Written != (Query{}) || p.s.List.Query.Text != "" {
		t.Error("what was searched for stays when the patient is closed")
	}
}

// TestWhatIsNoDayNarrowsNothing types what people type.
func TestWhatIsNoDayNarrowsNothing(t *testing.T) {
	for typed, want := range map[string]string{
		"": "", " 2023 ": "2023", "2023-6": "2023-06", "2023-06": "2023-06", "202306": "2023-06", "2023-6-1": "2023-06-01", "20230601": "2023-06-01",
		"2024-02-29": "2024-02-29",
	} {
		if at, ok := readDay(typed); !ok || at.String() != want {
			t.Errorf("%q is %q, %v; want %q", typed, at.String(), ok, want)
		}
	}
	for _, typed := range []string{"2", "202", "20235", "2023-", "2023-0", "2023-13", "2023-02-29", "2023-06-1-1", "230601", "abc", "1/6 2023", "-2023", "2023-006", "1799", "2200", "٢٠٢٣", "åååå", "2023-06-311"} {
		if at, ok := readDay(typed); ok || at != 0 {
			t.Errorf("%q is taken for %q", typed, at.String())
		}
	}
	p := toOverview(t)
	p.act(ActFilters, "")
	hint := func() string { return regionOf(Render(&p.s), "days-hint") }
	p.do(Typed{FieldSince, "2024"})
	if p.s.List.Documents != 3 || hint() != "" {
		t.Errorf("%d documents since 2024, and %q", p.s.List.Documents, hint())
	}
	p.do(Typed{FieldSince, "202"})
	if p.s.List.Documents != 4 || hint() == "" || regionOf(Render(&p.s), "chips") != "" {
		t.Errorf("%d documents since no year, and %q", p.s.List.Documents, hint())
	}
	p.do(Typed{FieldSince, "2024-02"})
	p.do(Typed{FieldUpTo, "2023"})
	if got := hint(); p.s.List.Documents != 0 || !strings.Contains(got, "före") {
		t.Errorf("%d documents in a time that is none, and %q", p.s.List.Documents, got)
	}
	p.do(Typed{FieldUpTo, "2024"})
	if hint() != "" {
		t.Errorf("of a stretch within a year it says %q", hint())
	}
	p.do(Typed{FieldUpTo, "x"})
	p.act(ActClearFilter, "")
	if hint() != "" {
		t.Errorf("cleared, it says %q", hint())
	}
}

// TestDaysAreTyped narrows to a year and to days by the fields, and sees what narrows by
// other means in them.
func TestDaysAreTyped(t *testing.T) {
	p := toOverview(t) // 2024-03-01, 02-01, 01-01, 2023-01-01
	days := func() string { return regionOf(Render(&p.s), "filter-days") }
	if days() != "" {
		t.Error("the fields are there before they are asked for")
	}
	p.act(ActFilters, "")
	before := days()
	if !strings.Contains(before, `data-test="since"`) || !strings.Contains(before, `data-test="up-to"`) {
		t.Fatalf("the fields are %s", before)
	}
	p.do(Typed{FieldSince, "2"})
	p.do(Typed{FieldSince, "2024"})
	p.do(Typed{FieldUpTo, "2024-02"})
	if p.s.List.Documents != 2 || days() != before {
		t.Errorf("%d documents; the fields are %s", p.s.List.Documents, days())
	}
	if got := regionOf(Render(&p.s), "chips"); !strings.Contains(got, "2024 till 2024-02") {
		t.Errorf("the chips are %s", got)
	}
	p.do(Typed{FieldUpTo, "2024-0"}) // on the way to another month
	p.do(Charted{What: "size", X: 900, Y: 700})
	p.do(Charted{What: "move", X: 100, Y: 20})
	if days() != before {
		t.Error("the fields are drawn anew under the hand when the chart is measured")
	}
	p.do(Typed{FieldUpTo, "2024-02"})
	p.act(ActHelp, "")
	p.act(ActAsideClose, "")
	if got := days(); !strings.Contains(got, `value="2024"`) || !strings.Contains(got, `value="2024-02"`) {
		t.Errorf("after another page they are %s", got)
	}
	p.act(ActUnfilter, "time")
	if got := days(); strings.Count(got, `value=""`) != 2 || p.s.List.Documents != 4 {
		t.Errorf("cleared they are %s", got)
	}
	p.act(ActTab, "1")
	p.act(ActDay, "20240201")
	if got := days(); strings.Count(got, `value="2024-02-01"`) != 2 {
		t.Errorf("at a day of the calendar they are %s", got)
	}
}

// A row is tagged where the report's header says that a result of it stands out, by the
// node's own judgement of the marks; words that look like marks are none.
func TestRowOfAReportThatStandsOut(t *testing.T) {
	r := renderer{s: &State{}}
	row := func(detail string, abnormal bool) string {
		item := doc(1, protocol.LaboratoryOrderOutcome, "20230101")
		item.Header.Detail = detail
		if abnormal {
			item.Header.SetAbnormal()
		}
		return r.row(item, false)
	}
	for _, detail := range []string{"", "5,6 mmol/L H", "P-Natrium, P-Kalium", "Positiv"} {
		got := row(detail, true)
		if !strings.Contains(got, `data-test="row-abnormal"`) || strings.Contains(got, "\u00a0") || !strings.Contains(got, detail) || strings.Contains(got, detail+",") {
			t.Errorf("%q: %s", detail, got)
		}
	}
	for _, detail := range []string{"2,1 L", "24 h", "Blodgrupp A", "AB A", "5,9 mmol/L S", "Positiv, avvikande"} {
		if got := row(detail, false); strings.Contains(got, "row-abnormal") || !strings.Contains(got, detail) {
			t.Errorf("%q: %s", detail, got)
		}
	}
	item := doc(1, protocol.Diagnosis, "20230101")
	item.Header.SetAbnormal()
	if strings.Contains(r.row(item, false), "row-abnormal") {
		t.Error("a diagnosis is tagged as a result")
	}
}

// A status that begins like a final one is shown where it says more.
func TestStatusWithMoreWordsIsShown(t *testing.T) {
	for status, want := range map[string]bool{"Svar": false, "Svar, inte märkt som slutsvar": false, "Svar, preliminärt": false, "Svar saknas": false, "Slutsvar": true} {
		if isOrdinary(status) != want {
			t.Errorf("%q: %v", status, !want)
		}
	}
}

// An alert that no longer holds is not counted with those that do, and its row says so.
// The day may come while the view stands.
func TestAlertsThatNoLongerHold(t *testing.T) {
	p := toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	past, obsolete, until, void := alert(1, "Livshotande", false), alert(2, "Livshotande", false), alert(3, "Livshotande", false), alert(4, "Livshotande", true)
	today := p.s.today()
	past.Header.TimeEnd, obsolete.Header.Status, until.Header.TimeEnd, void.Header.TimeEnd = civil("20230601"), "Inaktuell", civil(today), civil("20230601")
	p.snapshot(1, 100, []protocol.Item{past, obsolete, until, void})
	page := Render(&p.s)
	if got := textOfPage(regionOf(page, "patient-alerts")); !strings.Contains(got, "Uppmärksamhet 1 , 1 livshotande, 2 historiska") {
		t.Errorf("the head says %s", got)
	}
	for i, want := range []bool{true, true, false, false} {
		row := ""
		for _, item := range page.Rows.Items {
			if item.Key == keyText(protocol.DocumentKey{15: byte(i + 1)}) {
				row = item.HTML
			}
		}
		if strings.Contains(row, `data-test="row-historic"`) != want || strings.Contains(row, "livshotande") != (i == 2) {
			t.Errorf("row %d: %s", i+1, row)
		}
	}
	p.s.Clock.Wall += 24 * 3_600_000
	if c := p.s.census(); c.alerts != 0 || c.severe != 0 || c.past != 3 {
		t.Errorf("the day after: %+v", c)
	}
	if got := head(p); strings.Contains(got, "alerts-none") || strings.Contains(got, "severe") {
		t.Errorf("the day after the head says %s", got)
	}
}

// Every type has a drawing of its own.
func TestSymbols(t *testing.T) {
	seen := map[literal]bool{}
	for i, s := range symbolPaths {
		if s.contract != protocol.Contracts()[i] || seen[s.path] {
			t.Errorf("%s has another's symbol", s.contract)
		}
		seen[s.path] = true
	}
	if len(symbolPaths) != len(protocol.Contracts()) {
		t.Errorf("%d symbols", len(symbolPaths))
	}
}
