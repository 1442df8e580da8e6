package client

import (
	"strconv"

	"tvilling/protocol"
)

// Tools are what the user has opened beside the list.
type Tools struct {
	Filters bool  // the filters
	Written Query // what stands in the fields that one types in, where they are drawn anew
	Drawn   int   // times that they were
	Days    Days
	Order   Group // of the list, when it is not of alerts alone any more
}

func (r *renderer) overviewPage() string {
	m := new(markup)
	m.raw(`<div class="overview"><section class="patient" id="patient-head"></section><button type="button" class="skip" id="to-list" data-act="to-list" data-test="to-list">`).text(r.t(txtSkipList)).raw(`</button>`)
	r.strip(m)
	m.raw(`<div class="panes"><section class="list" data-holds aria-labelledby="list-heading"><div class="list-head"><h2 id="list-heading" class="unseen" tabindex="-1">`).text(r.t(txtListTitle))
	m.raw(`</h2><span id="list-count" class="count"></span><div id="list-tools" class="tools"></div><div class="find"><div id="search-box" class="search"></div><div id="filters" class="filters"></div><div id="filter-days" class="filters"></div><p id="days-hint" class="days-hint" aria-live="polite"></p></div><div id="chips" class="chips"></div></div>`)
	m.raw(`<div class="above"><div id="list-more" class="more"></div><div id="list-empties" class="empties"></div></div><div class="scroller" id="scroller" tabindex="-1"><ul class="rows" id="rows" tabindex="-1" data-test="rows" aria-labelledby="list-heading"></ul></div><div id="list-pages" class="pages"></div></section>`)
	m.raw(`<aside class="reader" aria-label="`).text(r.t(txtReaderTitle)).raw(`"><div class="reading" id="reader" data-test="reader"></div></aside></div>`)
	symbols(m)
	return m.raw(`</div>`).String()
}

// overviewRegions are the parts of the overview that change.
func (r *renderer) overviewRegions(reader string) []Region {
	regions := []Region{
		{"patient-head", "main", r.patientHead()},
		{"list-count", "main", r.listCount()},
		{"list-tools", "main", r.listTools()},
		{"search-box", "main", r.searchBox()},
		{"filters", "main", r.filters()},
		{"filter-days", "main", r.filterDays()},
		{"days-hint", "main", r.daysHint()},
		{"chips", "main", r.chips()},
		{"list-more", "main", r.listMore()},
		{"list-empties", "main", r.empties()},
		{"list-pages", "main", r.listPages()},
		{"reader", "main", reader},
		{"reader-steps", "reader", r.readerSteps()},
	}
	return append(append(regions, r.headRegions()...), r.stripRegions()...)
}

// patientHead says who the patient is, what the view rests on, and whether there is
// something to look out for.
func (r *renderer) patientHead() string {
	m, s := new(markup), r.s
	m.raw(`<h1 id="main-heading" tabindex="-1" data-test="patient"><span class="unseen">`).text(r.t(txtPatient)).raw(` </span><span class="pid">`).text(formatPatient(s.Wish.Patient)).raw(`</span>`)
	r.person(m)
	m.raw(`</h1> <span id="patient-basis"></span> <span id="patient-alerts"></span><div class="acts" id="patient-acts"></div>`)
	return m.String()
}

// headRegions are the parts of the head that change while one reads: the heading, which
// has the focus on arrival, is not read out anew for a minute that has passed.
func (r *renderer) headRegions() []Region {
	const within = "patient-head"
	basis, alerts := new(markup), new(markup)
	r.basis(basis)
	r.alertMark(alerts)
	return []Region{{"patient-basis", within, basis.String()}, {"patient-alerts", within, alerts.String()}, {"patient-acts", within, r.headActs()}}
}

func (r *renderer) headActs() string {
	m, s := new(markup), r.s
	r.endActs(m)
	if !s.Form.Ending {
		if s.Access.Basis == protocol.BasisNone && s.Access.MayConsent {
			r.button(m, "", "consent-ask", ActConsentAsk, "", r.t(txtConsentGive), false)
		}
		r.emergencyButton(m)
		r.button(m, "", "choice", ActChoice, "", r.t(txtChangeChoice), false)
		r.button(m, "", "leave", ActLeave, "", r.t(txtLeave), false)
	}
	return m.String()
}

// person tells age and sex where the number itself says them: that of a personnummer
// does. Nothing is known of when somebody died, so the deceased have no age.
func (r *renderer) person(m *markup) {
	id := r.s.Wish.Patient
	if r.s.Access.Deceased {
		m.raw(` <span class="person" data-test="person-line">`).text(r.t(txtDeceasedShort)).raw(`</span>`)
		return
	}
	if id.Kind() != protocol.Personnummer {
		return
	}
	digits := id.Reveal()
	sex := txtWoman
	if (digits[10]-'0')%2 == 1 {
		sex = txtMan
	}
	m.raw(` <span class="person" data-test="person-line">`)
	if age := ageText(r.lang, digits, r.s.todayNumber()); age != "" {
		m.text(age).raw(`, `)
	}
	m.text(r.t(sex)).raw(`</span>`)
}

// ageText is the age on a day of one who was born on the day that digits begin with: in
// years, and in months before the second birthday. Empty before birth.
func ageText(lang protocol.Language, digits string, today int64) string {
	y, mo, d := date(today)
	by, bmo, bd := number(digits[:4]), number(digits[4:6]), number(digits[6:8])
	months := (y-by)*12 + mo - bmo
	if d < bd {
		months--
	}
	switch {
	case months < 0:
		return ""
	case months < 24:
		return numbered(lang, months, txtAgeMonth, txtAgeMonths)
	default:
		return numbered(lang, months/12, txtAgeYear, txtAgeYears)
	}
}

// alertMark is always in the head. What it says comes from the view alone: that none is
// there to see is no promise that there is none.
func (r *renderer) alertMark(m *markup) {
	s, chosen := r.s, false
	for _, c := range s.View.Contracts {
		chosen = chosen || c == protocol.AlertInformation
	}
	c := s.census()
	switch {
	case !chosen:
		m.raw(` <span class="alert-none" data-test="alerts-not-chosen">`).text(r.t(txtAlertsNotChosen)).raw(` `)
		r.button(m, "quiet", "choose-alerts", ActChooseAlerts, "", r.t(txtAlertsChoose), false)
		m.raw(`</span>`)
	case c.alerts+c.past == 0:
		m.raw(` <span class="alert-none" data-test="alerts-none">`).text(r.t(txtAlertsNone)).raw(`</span>`)
	default:
		m.raw(` <button type="button" class="alert-mark`).when(c.severe > 0, ` severe`).raw(`" id="alerts" data-act="alerts" data-test="alerts">`)
		m.raw(alertSymbol).raw(`<span>`).text(r.t(txtAlerts)).raw(` <b>`).number(c.alerts).raw(`</b>`)
		if c.severe > 0 {
			m.raw(`, `).text(numbered(r.lang, c.severe, txtSevereOne, txtSevereMany))
		}
		if c.past > 0 {
			m.raw(`, `).text(numbered(r.lang, c.past, txtHistoricOne, txtHistoricMany))
		}
		m.raw(`</span></button>`)
	}
}

// alertSymbol is our own drawing: a shield that rings.
const alertSymbol literal = `<svg class="alert-symbol" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path class="ground" d="M12 1.5 21 5v7c0 5-3.8 8.800-9 10.500C6.800 20.800 3 17 3 12V5z"/><path class="sign" d="M12 6.500v7.500M12 17v.500"/></svg>`

func (r *renderer) listCount() string {
	m, l := new(markup), &r.s.List
	n, all := l.Documents, r.s.View.Store.len()
	m.raw(`<span data-test="count" data-n="`).number(n).raw(`">`)
	if l.Query.narrows() {
		m.text(r.t(txtShowing)).raw(` <b>`).text(thousands(r.lang, n)).raw(`</b> `).text(r.t(txtOf)).raw(` `).text(countText(r.lang, all))
	} else {
		m.text(countText(r.lang, n))
	}
	m.raw(`</span>`)
	if n := r.s.staleSources(); n > 0 {
		m.raw(` <button type="button" class="stale-badge" id="stale" data-act="tab" data-value="2" data-test="stale">`).text(numbered(r.lang, n, txtStaleOne, txtStaleMany)).raw(`</button>`)
	}
	return m.String()
}

func (r *renderer) listTools() string {
	m, l := new(markup), &r.s.List
	m.raw(`<div class="switch" role="group" aria-label="`).text(r.t(txtOrder)).raw(`">`)
	for _, o := range [...]struct {
		act   Action
		label txt
		group Group
	}{{ActByTime, txtByTime, GroupTime}, {ActByType, txtByType, GroupType}, {ActByProvider, txtByProviderOrder, GroupProvider}, {ActBySeverity, txtBySeverity, GroupSeverity}} {
		alerts := l.Query.Contract == protocol.AlertInformation
		if o.group == GroupSeverity && !alerts || o.group == GroupType && alerts {
			continue // alerts alone are of one type; four orders are too wide for a narrow page
		}
		m.raw(`<button type="button" class="small-button" id="`).text(string(o.act)).raw(`" data-act="`).text(string(o.act)).raw(`" data-test="`).text(string(o.act))
		m.raw(`" aria-pressed="`).text(strconv.FormatBool(o.group == l.Query.Group)).raw(`">`).text(r.t(o.label)).raw(`</button>`)
	}
	m.raw(`</div>`)
	r.printButton(m, "print-list", "list")
	r.guideMark(m, viewList)
	return m.String()
}

// searchBox is drawn when the page is, and when the words change by other means than
// typing: a field that is being typed in is let alone.
func (r *renderer) searchBox() string {
	m, t := new(markup), &r.s.Tools
	m.raw(`<input type="text" inputmode="search" id="search" data-field="search" data-test="search" maxlength="100" autocomplete="off" spellcheck="false" data-drawn="`).number(t.Drawn)
	m.raw(`" aria-label="`).text(r.t(txtSearch)).raw(`" placeholder="`).text(r.t(txtSearch)).raw(`" value="`).text(t.Written.Text).raw(`">`)
	m.raw(`<button type="button" class="small-button" id="filters-open" data-act="filters" data-test="filters" aria-expanded="`).text(strconv.FormatBool(t.Filters)).raw(`">`).text(r.t(txtFilters)).raw(`</button>`)
	return m.String()
}

// filters offer what the documents that pass the rest of the query have.
func (r *renderer) filters() string {
	if !r.s.Tools.Filters {
		return ""
	}
	m, q, f := new(markup), &r.s.List.Query, r.s.facets()
	r.selection(m, "filter", txtHeadType, txtFilterAll)
	for _, c := range r.s.View.Contracts {
		r.option(m, strconv.Itoa(int(c)), c.Label(r.lang), f.Types[c], c == q.Contract)
	}
	m.raw(`</select></label>`)
	r.selection(m, "provider", txtProvider, txtAllProviders)
	for i := range f.Providers {
		p := &f.Providers[i]
		r.option(m, p.Value, p.Label, p.N, p.Value == q.Provider)
	}
	m.raw(`</select></label>`)
	r.selection(m, "unit", txtHeadUnit, txtAllUnits)
	for i := range f.Units {
		u := &f.Units[i]
		r.option(m, u.Value, u.Label, u.N, u.Value == q.Unit)
	}
	return m.raw(`</select></label>`).String()
}

func (r *renderer) selection(m *markup, field literal, label, all txt) {
	m.raw(`<label class="filter"><span>`).text(r.t(label)).raw(`</span> <select id="`).raw(field).raw(`" data-field="`).raw(field).raw(`" data-test="`).raw(field).raw(`"><option value="`)
	m.when(field == `filter`, `0`).raw(`">`).text(r.t(all)).raw(`</option>`)
}

func (r *renderer) option(m *markup, value, label string, n int, chosen bool) {
	m.raw(`<option value="`).text(value).raw(`"`).when(chosen, ` selected`).raw(`>`).text(label).raw(` (`).text(thousands(r.lang, n)).raw(`)</option>`)
}

// The filters, as chips name them.
const (
	filterType     = "type"
	filterProvider = "provider"
	filterUnit     = "unit"
	filterTime     = "time"
	filterWords    = "words"
)

// chips show every filter in force, each with its way back: nobody is to take what is
// filtered for everything.
func (r *renderer) chips() string {
	m, n := new(markup), 0
	m.raw(`<ul data-test="chips">`)
	r.eachFilter(func(name literal, label txt, value string) {
		n++
		m.raw(`<li><button type="button" class="chip" id="chip-`).raw(name).raw(`" data-act="unfilter" data-test="chip" data-value="`).raw(name).raw(`"><span class="unseen">`).text(r.t(txtRemoveFilter)).raw(` </span><span class="chip-name">`)
		m.text(r.t(label)).raw(`:</span> `).text(value).raw(` <span aria-hidden="true">✕</span></button></li>`)
	})
	if n == 0 {
		return ""
	}
	m.raw(`</ul>`)
	if n > 1 {
		r.button(m, "quiet small-button", "clear-filter", ActClearFilter, "", r.t(txtClearAll), false)
	}
	return m.String()
}

// eachFilter tells every filter in force: its name, what it is about, and what it lets
// through.
func (r *renderer) eachFilter(tell func(name literal, label txt, value string)) {
	q := &r.s.List.Query
	if q.Contract != protocol.NoContract {
		tell(filterType, txtHeadType, q.Contract.Label(r.lang))
	}
	if q.Provider != "" {
		tell(filterProvider, txtProvider, (&names{coverage: r.s.Me.Coverage}).provider(q.Provider))
	}
	if q.Unit != "" {
		tell(filterUnit, txtHeadUnit, q.Unit)
	}
	if q.From != 0 || q.To != 0 {
		tell(filterTime, txtHeadTime, periodText(r.lang, q))
	}
	if q.Text != "" {
		tell(filterWords, txtSearchWords, q.Text)
	}
}

func periodText(lang protocol.Language, q *Query) string {
	from, to := q.From.String(), q.To.String()
	switch {
	case from == to:
		return from
	case q.To == 0:
		return textOf(lang, txtSince) + " " + from
	}
	if from != "" {
		from += " "
	}
	return from + textOf(lang, txtTill) + " " + to
}

func (r *renderer) listMore() string {
	m, l := new(markup), &r.s.List
	all := r.s.View.Store.len()
	switch {
	case len(l.Rows) == 0 && all > 0 && l.Query.narrows():
		m.raw(`<p class="empty" data-test="empty">`).text(r.t(txtNoneOf)).raw(` `).text(countText(r.lang, all)).raw(` `).text(r.t(txtNoneFits)).raw(` `)
		if r.s.List.Query.Text != "" {
			m.text(r.t(txtSearchedIn)).raw(` `)
		}
		r.button(m, "small-button", "clear-empty", ActClearFilter, "", r.t(txtClearAll), false)
		m.raw(`</p>`)
	case len(l.Rows) == 0:
		m.raw(`<p class="empty" data-test="empty">`).text(r.t(txtEmpty)).raw(`</p>`)
	}
	if l.Held > 0 {
		r.button(m, "pill", "show-held", ActShowHeld, "", r.t(txtFilter)+" "+numbered(r.lang, l.Held, txtHeldOne, txtHeldMany), false)
	}
	return m.String()
}

// actTools takes what is done with the tools of the list and of the head.
func (m *machine) actTools(a Act) {
	t := &m.s.Tools
	if m.s.Phase() != PhaseOverview {
		return
	}
	switch a.Name {
	case ActFilters:
		t.Filters = !t.Filters
	case ActChooseAlerts:
		m.actChoice(ActChoice)
		m.s.Form.Checked[protocol.AlertInformation] = true
	case ActUnfilter:
		q := m.s.List.Query
		switch a.Value {
		case filterType:
			q.Contract = protocol.NoContract
		case filterProvider:
			q.Provider = ""
		case filterUnit:
			q.Unit = ""
		case filterTime:
			q.From, q.To = 0, 0
		case filterWords:
			q.Text = ""
		default:
			return
		}
		m.arrange(q)
		m.do(FocusOn{idListHeading}) // the chip is gone
	}
}

// redrawFields has the fields that one types in show the query in force, after something
// else than typing in them. was is the query before.
func (m *machine) redrawFields(was Query) {
	t, now := &m.s.Tools, m.s.List.Query.typed()
	if t.Written != now || was.typed() != now {
		t.Written, t.Days = now, Days{}
		t.Drawn++
	}
}

// typed is the part of a query that one types.
func (q *Query) typed() Query { return Query{Text: q.Text, From: q.From, To: q.To} }
