package client

import (
	"strconv"

	"tvilling/protocol"
)

// Page is what stands on the screen: regions of markup, and the root's data.
type Page struct {
	Lang    string
	Data    []Datum
	Regions []Region
	Rows    *Rows // nil: the page has no list
}

// Datum is an attribute of the root element, data-Name. Never patient data.
type Datum struct{ Name, Value string }

// Region is the content of an element. Within names the region whose markup has the
// element in it; empty: it is in the page's shell.
type Region struct{ ID, Within, HTML string }

// Rows is the painted part of the list. Before and After are the pixels that the
// rows not painted would take.
type Rows struct {
	Before, After, Size int
	Items               []PaintedRow
}

// PaintedRow is one row: its key, its place from one, and its content.
type PaintedRow struct {
	Key     string
	Place   int
	Heading bool
	HTML    string
}

// Render says what a state looks like.
func Render(s *State) Page {
	return render(s, (*renderer).reader)
}

// render takes how to write the reading pane, so that a painter can keep what it
// wrote last: a document can be large, and a page is rendered for every frame.
func render(s *State, reader func(*renderer) string) Page {
	r := renderer{s: s, lang: s.Lang}
	p := Page{
		Lang: s.Lang.Tag(),
		Data: []Datum{
			{"state", s.Phase().String()},
			{"node", s.Me.Node},
			{"index", strconv.FormatUint(max(s.View.Index, s.View.Vouched), 10)},
			{"count", strconv.Itoa(s.View.Store.len())},
			{"reading", strconv.FormatBool(s.Reader.Open)},
			{"connection", r.connection().String()},
			{"printing", s.onPaper()},
			{"guide", strconv.FormatBool(s.Desk.Guide != viewNone)},
		},
		Regions: []Region{
			{"skip", "", r.escaped(txtSkip)},
			{"banner", "", r.banner()},
			{"notice", "", r.notice()},
			{"terms", "", r.terms()},
			{"main", "", r.main()},
			{"guide", "", r.guide()},
			{"news", "", r.news()},
			{"fresh", "", r.fresh()},
			{"footer", "", r.footer()},
			{"said-status", "", r.line(s.Said.Status)},
			{"said-alert", "", r.line(s.Said.Alert)},
			{"paper", "", r.paper()},
			{"dialog", "", r.dialog()},
		},
	}
	if s.Desk.Use.Warned {
		p.Regions = append(p.Regions, Region{"dialog-left", "dialog", r.idleLeft()})
	}
	switch s.Phase() {
	case PhaseFeedback:
		p.Regions = append(p.Regions, r.feedbackRegions()...)
	case PhasePatient:
		p.Regions = append(p.Regions, Region{"patient-hint", "main", r.patientHint()})
	case PhaseChoice:
		p.Regions = append(p.Regions, r.choiceRegions()...)
	case PhaseFollow:
		if s.Follow.Kind != 0 {
			p.Regions = append(p.Regions, Region{"follow-hint", "main", r.wrong(s.Follow.Wrong, s.Follow.wrongField())}, Region{"report", "main", r.followReport()})
		}
	case PhaseHelp, PhaseCoverage:
		if s.badged() {
			p.Regions = append(p.Regions, Region{"patient-line", "main", r.patient()})
		}
	case PhaseOverview:
		p.Regions = append(p.Regions, r.overviewRegions(reader(&r))...)
		p.Rows = r.rows()
	}
	return p
}

// renderer writes the regions of one state.
type renderer struct {
	s       *State
	lang    protocol.Language
	taken   map[*protocol.Node]bool // parts of the document that stand on the page already
	numbers map[*byte]int           // of the attachments, by where their data is
}

func (r *renderer) t(t txt) string { return textOf(r.lang, t) }

func (r *renderer) line(s string) string { return new(markup).text(s).String() }

func (r *renderer) escaped(t txt) string { return r.line(r.t(t)) }

// button writes a button that does an action.
func (r *renderer) button(m *markup, class literal, id literal, act Action, value, label string, off bool) {
	m.raw(`<button type="button" class="`).raw(class).raw(`" data-act="`).text(string(act)).raw(`"`)
	if id != "" {
		m.raw(` id="`).raw(id).raw(`"`)
	}
	m.raw(` data-test="`).text(string(act)).raw(`"`)
	if value != "" {
		m.raw(` data-value="`).text(value).raw(`"`)
	}
	m.off(off).raw(`>`).text(label).raw(`</button>`)
}

func (r *renderer) banner() string {
	m, me := new(markup), &r.s.Me
	m.raw(`<div class="brand"><span class="mark" aria-hidden="true"></span><span class="name">`).text(r.t(txtProduct))
	m.raw(`</span> <span class="tagline">`).text(r.t(txtTagline)).raw(`</span>`)
	switch me.Environment {
	case protocol.Demo:
		m.raw(` <span class="env" data-test="environment">`).text(r.t(txtDemo)).raw(`</span>`)
	case protocol.Development:
		m.raw(` <span class="env" data-test="environment">`).text(r.t(txtDevelopment)).raw(`</span>`)
	}
	m.raw(`</div><nav class="session" aria-label="`).text(r.t(txtNavSession)).raw(`">`)
	if me.Person.Name != "" {
		m.raw(`<span class="who" data-test="who"><b>`).text(me.Person.Name).raw(`</b>`)
		if me.Person.Title != "" {
			m.raw(`, `).text(me.Person.Title)
		}
		if c := me.Commission; c.Name != "" {
			m.raw(`<br>`).text(c.Name).raw(` · `).text(c.CareUnit)
		}
		m.raw(`</span>`)
		if len(me.People) > 0 {
			r.button(m, "quiet", "switch-person", ActSwitchPerson, "", r.t(txtSwitchPerson), false)
		}
		if !r.s.Wish.Commission.IsZero() {
			r.button(m, "quiet", "switch-commission", ActSwitchTask, "", r.t(txtSwitchTask), false)
		}
	}
	if r.s.Desk.Session.SignIn == protocol.SignInProvider && r.s.Desk.Gate == GateNone {
		r.button(m, "quiet", "sign-out", ActSignOut, "", r.t(txtSignOut), false)
	}
	r.menu(m)
	other := protocol.English
	if r.lang == protocol.English {
		other = protocol.Swedish
	}
	m.raw(`<button type="button" class="quiet" id="language" data-act="language" data-test="language" lang="`)
	m.text(other.Tag()).raw(`" data-value="`).text(other.Tag()).raw(`">`).text(r.t(txtLanguage)).raw(`</button></nav>`)
	return m.String()
}

// connection is how the client is connected, for the status line.
type connection uint8

const (
	connecting connection = iota
	connected
	reconnecting
	silent
	moving
	stopped
)

var connectionNames = [...]string{"connecting", "connected", "reconnecting", "silent", "moving", "stopped"}

func (c connection) String() string { return connectionNames[c] }

var connectionTexts = [...]txt{txtConnecting, txtConnected, txtReconnecting, txtSilent, txtMoving, txtStopped}

func (r *renderer) connection() connection {
	links := &r.s.Links
	switch {
	case r.s.End.Stopped:
		return stopped
	case links.Live.ID == 0 && !r.s.Me.Known:
		return connecting
	case links.Live.ID == 0:
		return reconnecting
	case links.Moving:
		return moving
	case r.s.Clock.reached(links.Live.silentAt()):
		return silent
	default:
		return connected
	}
}

func (r *renderer) footer() string {
	m, c := new(markup), r.connection()
	m.raw(`<span class="link link-`).text(c.String()).raw(`" data-test="connection">`)
	m.raw(`<span class="dot" aria-hidden="true"></span>`).text(r.t(connectionTexts[c])).raw(`</span>`)
	if r.s.Me.Node != "" {
		m.raw(` <span data-test="node">`).text(r.t(txtNode)).raw(` `).text(r.s.Me.Node).raw(`</span>`)
	}
	if r.s.Me.Site != "" {
		m.raw(` <span data-test="site">`).text(r.t(txtSite)).raw(` `).text(r.s.Me.Site).raw(`</span>`)
	}
	if index := max(r.s.View.Index, r.s.View.Vouched, r.s.Me.Position.Index); index > 0 {
		m.raw(` <span data-test="index">`).text(r.t(txtPosition)).raw(` `).text(strconv.FormatUint(index, 10)).raw(`</span>`)
	}
	m.raw(`<span class="beside">`)
	r.button(m, "quiet", "feedback", ActFeedback, "", r.t(txtFeedbackTitle), false)
	r.button(m, "quiet", "statement", ActStatement, "", r.t(txtStatementTitle), false)
	m.raw(`</span>`)
	return m.String()
}

// ownWords reports whether the page, or the one beneath an aside, is itself the notice:
// it stands there until one leaves the page, and cannot be put away.
func (s *State) ownWords() bool { return s.End.Blank || s.Desk.Gate != GateNone }

// notice is the error panel. On a blank page the page itself says it.
func (r *renderer) notice() string {
	if r.s.Notice.Calm != txtNone {
		return r.calm()
	}
	if r.s.Notice.Fault == protocol.FaultNone || r.s.ownWords() {
		return ""
	}
	m := new(markup)
	m.raw(`<section class="fault" aria-labelledby="fault-title" data-test="fault" data-fault="`).text(r.s.Notice.Fault.Code()).raw(`">`)
	m.raw(`<h2 id="fault-title">`)
	r.faultBody(m, r.s.Notice, `</h2>`)
	m.raw(`<div class="acts">`)
	r.copyButton(m)
	r.helpButton(m, r.s.Notice.Fault, "fault-help")
	r.button(m, "quiet", "fault-dismiss", ActDismiss, "", r.t(txtDismiss), false)
	m.raw(`</div></section>`)
	return m.String()
}

// calm is what is to be seen but is no fault.
func (r *renderer) calm() string {
	m, n := new(markup), r.s.Notice
	if r.s.ownWords() {
		return ""
	}
	m.raw(`<section class="calm" aria-labelledby="fault-title" data-test="calm"`)
	if n.Fault != protocol.FaultNone {
		m.raw(` data-fault="`).text(n.Fault.Code()).raw(`"`)
	}
	m.raw(`><h2 id="fault-title">`).text(r.t(n.Calm)).raw(`</h2>`)
	if n.Fault != protocol.FaultNone {
		m.raw(`<p>`).text(r.t(txtContentChangedWhy)).raw(`</p>`)
		r.trace(m, n)
	}
	m.raw(`<div class="acts">`)
	if n.Fault != protocol.FaultNone {
		r.copyButton(m)
		r.helpButton(m, n.Fault, "fault-help")
	}
	r.button(m, "quiet", "fault-dismiss", ActDismiss, "", r.t(txtDismiss), false)
	return m.raw(`</div></section>`).String()
}

func (r *renderer) copyButton(m *markup) {
	label := r.t(txtCopy)
	if r.s.Notice.Copied {
		label = r.t(txtCopied)
	}
	r.button(m, "quiet", "fault-copy", ActCopy, "", label, false)
}

// faultBody writes a fault's title, then the end of the heading that it stands in,
// then what to do and what to tell support.
func (r *renderer) faultBody(m *markup, n Notice, endHeading literal) {
	words := n.Fault.Info().In(r.lang)
	m.text(words.Title).raw(endHeading).raw(`<p>`).text(words.Action).raw(`</p>`)
	r.mender(m, words.Who)
	r.trace(m, n)
}

// trace is what to tell support.
func (r *renderer) trace(m *markup, n Notice) {
	m.raw(`<p class="trace" data-test="trace"><b>`).text(n.Fault.Code()).raw(`</b>`)
	if n.ID != "" {
		m.raw(` · `).text(r.t(txtNoticeID)).raw(` <code>`).text(n.ID).raw(`</code>`)
	}
	if n.At != 0 {
		m.raw(` · `).text(r.t(txtNoticeTime)).raw(` `).text(civilOf(n.At))
	}
	m.raw(`</p>`)
}

// noticeText is what the user copies for a report: nothing of the patient.
func noticeText(s *State) string {
	n := s.Notice
	if n.Fault == protocol.FaultNone {
		n = s.Reader.Fault
	}
	text := n.Fault.Code()
	if n.ID != "" {
		text += " " + n.ID
	}
	if n.At != 0 {
		text += " " + civilOf(n.At)
	}
	if s.Me.Node != "" {
		text += " " + s.Me.Node
	}
	return text
}
