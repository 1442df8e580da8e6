package client

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tvilling/protocol"
)

func civil(s string) protocol.Civil { return parsed(protocol.ParseCivil(s)) }

// The play's clock stands at 2027-01-15.
func testCoverage() protocol.Coverage {
	return protocol.Coverage{Rows: []protocol.CoverageRow{
		{CareProvider: "SE1-SYD", Name: "Region Syd", Contract: protocol.Diagnosis, Since: civil("20250301")},
		{CareProvider: "SE1-SYD", Name: "Region Syd", Contract: protocol.CarePlans, Since: civil("20270201")},
		{CareProvider: "SE1-NORR", Name: "Region Norr", Contract: protocol.CarePlans, Since: civil("20200101"), Until: civil("20261231")},
		{CareProvider: "SE1-NORR", Name: "Region Norr", Contract: protocol.VaccinationHistory, Since: civil("2020"), Until: civil("202701")},
		{CareProvider: "SE1-X", Contract: protocol.CarePlans},
		{CareProvider: "SE1-X", Contract: protocol.Contract(200)},
	}}
}

// covered returns what a page says of the coverage of a type.
func coveredText(t *testing.T, markup string, number string) string {
	t.Helper()
	_, rest, found := strings.Cut(markup, `data-test="covered" data-contract="`+number+`">`)
	text, _, _ := strings.Cut(rest, "</span>")
	if !found {
		return ""
	}
	return html.UnescapeString(text)
}

func TestCoverageIsSaidFromTheTable(t *testing.T) {
	p := toOverview(t)
	p.get(1, testCoverage())
	p.act(ActChoice, "")
	choice := regionOf(Render(&p.s), "main")
	p.act(ActBack, "")
	empties := regionOf(Render(&p.s), "list-empties")
	for number, want := range map[string][2]string{
		"12": {"Visas inte av Region Norr, Region Syd.", ""}, // over, and yet to come
		"10": {"Visas inte av Region Syd, SE1-X.", " Visas av Region Norr sedan 2020."},
	} {
		if got := coveredText(t, choice, number); got != want[0] {
			t.Errorf("choice, type %s: %q, want %q", number, got, want[0])
		}
		if got := coveredText(t, empties, number); got != want[0]+want[1] {
			t.Errorf("empty section, type %s: %q, want %q", number, got, want[0]+want[1])
		}
	}
	if got := coveredText(t, choice, "2"); got != "Visas inte av Region Norr, SE1-X." {
		t.Errorf("%q", got)
	}
	if strings.Contains(empties, `data-contract="2"`) {
		t.Error("a type that has documents is among the empty ones")
	}
}

// The words are the same whatever the patient has: only which types are empty differs.
func TestCoverageSaysNothingOfThePatient(t *testing.T) {
	say := func(items []protocol.Item) (choice, page string, types map[string]string) {
		p := toChoice(t)
		p.get(1, testCoverage())
		choice = regionOf(Render(&p.s), "main")
		p.act(ActCheckAll, "")
		p.act(ActShow, "")
		p.snapshot(1, 100, items)
		types = map[string]string{}
		for _, c := range protocol.Contracts() {
			number := string(new(markup).number(int(c)).String())
			types[number] = coveredText(t, regionOf(Render(&p.s), "list-empties"), number)
		}
		p.act(ActCoverage, "")
		p.phase(PhaseCoverage)
		return choice, regionOf(Render(&p.s), "main"), types
	}
	var every []protocol.Item
	for i, c := range protocol.Contracts() {
		if c != protocol.CarePlans {
			every = append(every, doc(byte(i+1), c, "2024"))
		}
	}
	choice, page, types := say(nil)
	for name, items := range map[string][]protocol.Item{"some": testDocs(), "all but one": every} {
		otherChoice, otherPage, otherTypes := say(items)
		if choice != otherChoice || page != otherPage {
			t.Errorf("%s: the choice or the page depends on the documents", name)
		}
		for number, words := range otherTypes {
			if words != "" && words != types[number] {
				t.Errorf("%s: type %s says %q, and %q without documents", name, number, words, types[number])
			}
		}
		if otherTypes["12"] == "" {
			t.Errorf("%s: an empty section says nothing", name)
		}
	}
}

func TestCoveragePage(t *testing.T) {
	p := toPatient(t)
	if strings.Contains(regionOf(Render(&p.s), "banner"), `data-act="coverage"`) {
		t.Error("offered without a table")
	}
	p.get(1, testCoverage())
	if !strings.Contains(regionOf(Render(&p.s), "banner"), `data-act="coverage"`) {
		t.Error("not offered")
	}
	p.act(ActCoverage, "")
	golden(t, "coverage.html", lines1(regionOf(Render(&p.s), "main")))
	p.act(ActAsideClose, "")
	p.phase(PhasePatient)
}

func TestManyProvidersAreNotAllNamed(t *testing.T) {
	p := toChoice(t)
	var rows []protocol.CoverageRow
	for i := range 9 {
		rows = append(rows, protocol.CoverageRow{CareProvider: "SE" + string('a'+rune(i)), Contract: protocol.Diagnosis})
	}
	p.get(1, protocol.Coverage{Rows: rows})
	if got, want := coveredText(t, regionOf(Render(&p.s), "main"), "12"), "Visas inte av SEa, SEb, SEc, SEd, SEe och 4 till."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLateSecurityDataIsNamed(t *testing.T) {
	p := toPatient(t)
	if regionOf(Render(&p.s), "fresh") != "" {
		t.Error("something is late from the start")
	}
	p.get(1, protocol.Freshness{Late: []protocol.LateFeed{
		{Name: "blocks", AsOf: 1_800_000_000_000, Unknown: true}, {Name: "consents", AsOf: 1_800_000_000_000}, {Name: "relations"}, {Name: "<later>"},
	}})
	got := regionOf(Render(&p.s), "fresh")
	want := `<p data-test="feeds-unknown"><span aria-hidden="true">⚠ </span>Okända säkerhetsuppgifter, och det som vilar på dem nekas: <span data-feed="blocks">spärrar (senast 2027-01-15 09:00)</span>.</p>` +
		`<p data-test="feeds-late"><span aria-hidden="true">⚠ </span>Försenade säkerhetsuppgifter: <span data-feed="consents">samtycken (senast 2027-01-15 09:00)</span>, <span data-feed="relations">vårdrelationer</span>, <span data-feed="&lt;later&gt;">&lt;later&gt;</span>.</p>`
	if got != want {
		t.Errorf("%s", got)
	}
	for _, name := range []string{"blocks", "consents", "relations", "commissions", "persons", "engagement"} {
		r := renderer{s: &p.s, lang: protocol.English}
		if r.feed(name) == "" || (&renderer{s: &p.s}).feed(name) == name {
			t.Errorf("%s has no words", name)
		}
	}
	late := p.s
	p.get(1, protocol.Freshness{})
	if regionOf(Render(&p.s), "fresh") != "" {
		t.Error("still late")
	}
	p.s = late
	p.do(Disconnected{1, 1006})
	p.pass(500)
	p.do(Connected{2})
	p.get(2, welcome("b1", 100))
	if regionOf(Render(&p.s), "fresh") != "" {
		t.Error("late by what another node said")
	}
}

func TestHelp(t *testing.T) {
	p := toOverview(t)
	p.act(ActRead, keyText(testDocs()[0].Key))
	p.act(ActHelp, "")
	p.phase(PhaseHelp)
	html := page(p)
	for _, f := range protocol.Faults() {
		words := f.Info().In(protocol.Swedish)
		if !strings.Contains(html, `id="help-`+f.Code()+`"`) || !strings.Contains(html, new(markup).text(words.Title).String()) || !strings.Contains(html, new(markup).text(words.Action).String()) {
			t.Errorf("%s is not in the catalogue", f.Code())
		}
	}
	if strings.Count(html, `data-test="mender"`) < len(protocol.Faults())-2 || strings.Contains(html, "1997") {
		t.Error("it is not said who can mend, or the patient is on the page")
	}
	p.act(ActAsideClose, "")
	p.phase(PhaseOverview)
	if !p.s.Reader.Open {
		t.Error("the place is lost")
	}
	p.act(ActHelp, "")
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged})
	p.phase(PhaseBlank)
	p.act(ActHelp, "1007")
	p.phase(PhaseHelp)
	if f, ok := p.last[len(p.last)-1].(FocusOn); !ok || f.ID != "help-TV-1007" {
		t.Errorf("%v", p.last)
	}
	p.act(ActAsideClose, "")
	p.phase(PhaseBlank)
}

func TestEveryNoticeLeadsToHelp(t *testing.T) {
	p := toPatient(t)
	p.act(ActPatient, "199701062383")
	p.get(1, protocol.Refused{Request: sentLast[protocol.Open](p).Request, Fault: protocol.FaultNoEngagement, ID: "abc", At: 5})
	notice := regionOf(Render(&p.s), "notice")
	for _, want := range []string{`data-act="help"`, `data-value="1002"`, `data-test="mender"`, `<code>abc</code>`, "TV-1002", `data-act="copy"`} {
		if !strings.Contains(notice, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// What is typed on a page goes when an aside takes its place: its fields are drawn anew.
func TestAsidesForgetWhatWasTyped(t *testing.T) {
	p := toNoBasis(t, mayAttest())
	p.act(ActEmergencyAsk, "")
	p.do(Typed{FieldReason, "x"})
	p.act(ActHelp, "")
	p.act(ActAsideClose, "")
	p.act(ActEmergency, "")
	if sentCount[protocol.Emergency](p) != 0 {
		t.Error("a reason was sent that does not stand on the page")
	}
}

// The badge is seen on every page while an emergency lasts.
func TestBadgeIsOnEveryPage(t *testing.T) {
	p := toNoBasis(t, protocol.Opened{Basis: protocol.BasisEmergency, Step: protocol.EmergencyContent, Ends: 1_800_000_000_000 + hour})
	p.get(1, testCoverage())
	badge := func(name string) {
		t.Helper()
		if !strings.Contains(page(p), `data-basis="emergency"`) {
			t.Errorf("not on %s", name)
		}
	}
	badge("the choice")
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	p.snapshot(1, 100, testDocs())
	badge("the overview")
	for _, a := range []Action{ActHelp, ActCoverage} {
		p.act(a, "")
		badge(string(a))
		if !strings.Contains(regionOf(Render(&p.s), "main"), `id="patient-line"`) {
			t.Errorf("%s has no place for it", a)
		}
		p.act(ActAsideClose, "")
	}
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged})
	p.act(ActHelp, "")
	if strings.Contains(page(p), "1997") {
		t.Error("the patient is on a page after the end")
	}
}

// No page that is in one language has words of the other.
func TestPagesAreWholeInBothLanguages(t *testing.T) {
	for name, reach := range map[string]func() *play{
		"emergency 1": func() *play {
			p := toNoBasis(t, mayAttest())
			p.act(ActEmergencyAsk, "")
			p.act(ActEmergency, "")
			return p
		},
		"emergency 2": func() *play { p := toNoBasis(t, mayAttest()); toProviders(t, p); return p },
		"child": func() *play {
			p := toNoBasis(t, protocol.Opened{MayConsent: true, Child: true})
			p.act(ActConsent, "")
			return p
		},
		"deceased": func() *play { return toNoBasis(t, protocol.Opened{Deceased: true}) },
		"overview": func() *play { p := toOverview(t); p.act(ActEndAsk, ""); return p },
		"help":     func() *play { p := toOverview(t); p.act(ActHelp, ""); return p },
		"menu":     func() *play { return toFollow(t) },
		"report":   func() *play { return reported(t, protocol.ReportEmployee, protocol.Report{}) },
		"statistics": func() *play {
			return reported(t, protocol.ReportStatistics, protocol.Report{Counts: []protocol.Count{{Series: "users", Label: "2", Few: true}}})
		},
	} {
		p := reach()
		for _, c := range []struct{ lang, foreign string }{{"en", "åäöÅÄÖ"}, {"sv", ""}} {
			p.act(ActLanguage, c.lang)
			page := Render(&p.s)
			html := strings.ReplaceAll(regionOf(page, "main")+regionOf(page, "guide")+regionOf(page, "dialog")+regionOf(page, "terms")+regionOf(page, "ladder")+regionOf(page, "notice")+regionOf(page, "report")+head(p)+regionOf(page, "list-empties"), "ÅÅÅÅ", "")
			html = strings.ReplaceAll(html, "Medvetslös på akuten", "") // written by the user
			if at := strings.IndexAny(html, c.foreign); c.foreign != "" && at >= 0 {
				t.Errorf("%s in %s: Swedish at %q", name, c.lang, html[max(0, at-30):min(len(html), at+30)])
			}
			for _, word := range []string{"care provider", "Emergency", "consented", "report", "Weekday", "Choose"} {
				if c.lang == "sv" && strings.Contains(html, ">"+word) {
					t.Errorf("%s in %s: %q", name, c.lang, word)
				}
			}
			inert(t, html)
		}
	}
}
