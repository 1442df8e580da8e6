package client

import (
	"slices"
	"strings"

	"tvilling/protocol"
)

// act takes something that the user did. An act that the page at hand does not
// offer, or whose value names nothing, does nothing.
func (m *machine) act(a Act) {
	switch a.Name {
	case ActPerson, ActCommission, ActSwitchPerson, ActSwitchTask:
		m.actWho(a)
	case ActPatient, ActLeave, ActRestart:
		m.actPatient(a)
	case ActConsentAsk, ActConsent, ActConsentSkip, ActEndAsk, ActEndConfirm, ActEndCancel:
		m.actConsent(a.Name)
	case ActCheckAll, ActCheckNone, ActShow, ActChoice, ActBack:
		m.actChoice(a.Name)
	case ActByTime, ActByType, ActByProvider, ActBySeverity, ActAlerts, ActToList, ActLane, ActRead, ActCloseReader, ActShowHeld, ActClearFilter,
		ActReadNext, ActReadPrevious, ActTrend, ActTrendClose, ActAttachment:
		m.actOverview(a)
	case ActTab, ActFold, ActLanes, ActAsTable, ActEarlier, ActLater, ActZoomIn, ActZoomOut, ActAllTime, ActListWindow, ActMonth, ActDay:
		if m.s.Phase() == PhaseOverview {
			m.actTimeline(a)
		}
	case ActFilters, ActUnfilter, ActChooseAlerts:
		m.actTools(a)
	case ActEscape:
		m.escapedWriting(a.Value)
	case ActPaged, ActPageBack, ActPageNext:
		m.actPages(a.Name)
	case ActAsk:
		m.ask(protocol.Question(max(0, number(a.Value))))
	case ActEmergencyAsk, ActEmergency, ActEmergencySkip:
		m.actEmergency(a.Name)
	case ActHelp, ActCoverage, ActStatement, ActAsideClose:
		m.actAside(a)
	case ActReport, ActReports, ActReportAsk, ActReportNext, ActReportFirst, ActReviewAsk, ActReviewCancel, ActReview:
		m.actFollow(a)
	case ActSignIn, ActSignOut, ActStay:
		m.actSession(a.Name)
	case ActLeaveConfirm, ActLeaveCancel:
		m.actAsked(a.Name)
	case ActGuide, ActGuideClose:
		m.actGuide(a)
	case ActFeedback, ActFeedbackSend:
		m.actFeedback(a.Name)
	case ActPrint, ActTakeSave:
		m.actTake(a)
	case ActNewsDismiss:
		m.putAway(number(a.Value))
	case ActDismiss:
		if !m.s.ownWords() {
			m.s.Notice = Notice{}
			m.do(FocusOn{idMain})
		}
	case ActCopy:
		m.s.Notice.Copied = true
		m.do(CopyText{noticeText(&m.s)})
	case ActReload:
		m.do(Reload{})
	case ActLanguage:
		m.s.Lang = protocol.Swedish
		if a.Value == protocol.English.Tag() {
			m.s.Lang = protocol.English
		}
		m.s.Said = Said{}
	}
}

// redial starts over with new links: who one is and the commission are bound to a
// connection.
func (m *machine) redial() {
	links := &m.s.Links
	links.Cursor = max(0, slices.Index(links.Addresses, links.Live.URL)) // nothing is wrong with the node
	for _, l := range []*Link{&links.Live, &links.Next} {
		if l.ID != 0 {
			m.do(Close{l.ID, 1000})
			*l = Link{}
		}
	}
	links.Planned, links.Moving = false, false
	m.plan(0)
}

func (m *machine) actWho(a Act) {
	switch a.Name {
	case ActPerson:
		if m.s.Wish.Person != "" || !m.isPerson(a.Value) {
			return
		}
		m.s.Wish = Wish{Person: a.Value}
		m.startOver()
	case ActSwitchPerson:
		if !m.asksFirst(AskedPerson) {
			m.switchPerson()
		}
	case ActSwitchTask:
		if !m.asksFirst(AskedTask) {
			m.switchTask()
		}
	case ActCommission:
		i := number(a.Value)
		if i < 0 || i >= len(m.s.Me.Commissions) || !opens(&m.s.Me.Commissions[i]) || !m.s.Wish.Commission.IsZero() {
			return
		}
		m.s.Wish.Commission, m.s.Me.Commission = m.s.Me.Commissions[i].ID, m.s.Me.Commissions[i]
		m.s.Notice = Notice{}
		m.toPatient()
		m.climbAll()
	}
}

func (m *machine) switchPerson() {
	m.s.Wish, m.s.Me.Person = Wish{}, protocol.Person{}
	m.startOver()
}

func (m *machine) switchTask() {
	m.s.Wish.Commission, m.s.Me.Commission = protocol.CommissionID{}, protocol.CommissionInfo{}
	m.startOver()
}

// startOver forgets the patient and everything that stands on the page, and dials anew.
func (m *machine) startOver() {
	m.forgetPatient()
	m.s.Screen = Screen{End: End{Stopped: m.s.End.Stopped}}
	m.do(FocusOn{idMain})
	m.redial()
}

// opens reports whether there is anything to do under a commission.
func opens(c *protocol.CommissionInfo) bool { return c.Usable || c.FollowUp }

func (m *machine) isPerson(key string) bool {
	for _, p := range m.s.Me.People {
		if p.Key == key && key != "" {
			return true
		}
	}
	return false
}

func (m *machine) actPatient(a Act) {
	switch a.Name {
	case ActPatient:
		if m.s.Wish.Commission.IsZero() || m.s.Me.Commission.FollowUp || !m.s.Wish.Patient.IsZero() {
			return
		}
		id, err := protocol.ParsePatientID(bounded(a.Value))
		if err != nil {
			m.s.Form.Typed, m.s.Form.Wrong = bounded(a.Value), true
			m.do(FocusOn{idPatient})
			return
		}
		m.s.Form = Form{Days: defaultConsentDays}
		m.s.Notice, m.s.Said = Notice{}, Said{} // of the patient before
		m.s.Wish.Patient = id
		m.climbAll()
	case ActLeave, ActRestart:
		if m.s.End.Stopped {
			m.do(Reload{})
			return
		}
		if a.Name == ActLeave && m.asksFirst(AskedLeave) {
			return
		}
		m.closePatient()
	}
}

// toPatient moves the focus to what one comes to the page for: the patient's id.
func (m *machine) toPatient() {
	if m.s.Phase() == PhasePatient {
		m.do(FocusOn{idPatient})
		return
	}
	m.do(FocusOn{idMain})
}

func (m *machine) closePatient() {
	m.forgetPatient()
	m.s.End.Blank, m.s.Notice, m.s.Said = false, Notice{}, Said{}
	m.leaveAll()
	m.toPatient()
	m.do(Paint{}) // the focus with it: what is typed next must not lose it a frame later
}

func bounded(typed string) string {
	if len(typed) > maxTyped {
		return typed[:maxTyped]
	}
	return typed
}

func (m *machine) actChoice(name Action) {
	form := &m.s.Form
	switch name {
	case ActCheckAll, ActCheckNone:
		for _, c := range protocol.Contracts() {
			form.Checked[c] = name == ActCheckAll
		}
		form.Nothing = false
	case ActChoice:
		form.Checked = [256]bool{}
		for _, c := range m.s.View.Contracts {
			form.Checked[c] = true
		}
		form.Choosing, form.Consenting, form.Attest = true, false, Attest{}
		m.do(FocusOn{idMain})
	case ActBack:
		form.Choosing, form.Consenting, form.Attest = false, false, Attest{}
		m.do(FocusOn{idMain})
		m.do(ScrollList{m.s.List.Top})
		m.widen()
	case ActShow:
		m.choose()
	}
}

// choose is the active choice: what is ticked is asked for.
func (m *machine) choose() {
	var chosen []protocol.Contract
	for _, c := range protocol.Contracts() {
		if m.s.Form.Checked[c] {
			chosen = append(chosen, c)
		}
	}
	m.s.Form.Nothing = len(chosen) == 0
	if m.s.Form.Nothing || m.s.asking(StageShowing) {
		return
	}
	m.s.Notice = Notice{}
	m.s.Wish.Contracts = chosen
	if live := &m.s.Links.Live; live.Stage == StageLive {
		m.show(live)
		return
	}
	m.climbAll()
}

func (m *machine) typed(t Typed) {
	form := &m.s.Form
	switch t.Field {
	case FieldPatient:
		form.Typed, form.Wrong = bounded(t.Value), false
	case FieldPersonal:
		form.Personal = t.Value == "true"
	case FieldDays:
		if days := number(t.Value); days >= 1 && days <= protocol.MaxConsentDays {
			form.Days = uint16(days)
		}
	case FieldContract:
		value, on := t.Value, true
		if len(value) > 0 && value[0] == '-' {
			value, on = value[1:], false
		}
		if c := number(value); c > 0 && c < 256 && protocol.Contract(c).Known() {
			form.Checked[c], form.Nothing = on, false
		}
	case FieldFilter, FieldSearch, FieldProvider, FieldUnit, FieldSince, FieldUpTo:
		m.typedQuery(t)
	case FieldGiver:
		if n := number(t.Value); n > 0 && n <= int(protocol.GiverMature) {
			form.Giver.Given, form.Giver.Wrong = protocol.ConsentGiver(n), txtNone
		}
	case FieldGuardian:
		form.Giver.Typed, form.Giver.Wrong = bounded(t.Value), txtNone
	case FieldReason:
		form.Attest.Reason, form.Attest.Wrong = written(t.Value), txtNone
	case FieldSure:
		form.Attest.Sure, form.Attest.Wrong = t.Value == "1", txtNone
	case FieldGrade, FieldFeedback:
		m.typedFeedback(t)
	case FieldYear:
		if y := number(t.Value); y > 0 && y <= 9999 {
			m.turnTo(y*12 + m.s.month()%12)
		}
	default:
		m.typedFollow(t)
	}
}

// oneLine is a text as it is sent: its words, with one space between.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// written bounds what is written in words. A longer text than may be sent is still
// long enough to be refused, not cut.
func written(s string) string { return s[:min(len(s), protocol.MaxReasonBytes+1)] }

// typedQuery changes what is asked of the documents that are shown.
func (m *machine) typedQuery(t Typed) {
	q := m.s.List.Query
	switch t.Field {
	case FieldFilter:
		c := number(t.Value)
		if c < 0 || c > 255 {
			return
		}
		q.Contract = protocol.Contract(c)
	case FieldSearch:
		q.Text = t.Value[:min(len(t.Value), maxSearch)]
	case FieldProvider:
		q.Provider = t.Value[:min(len(t.Value), protocol.MaxNameBytes)]
	case FieldUnit:
		q.Unit = t.Value[:min(len(t.Value), protocol.MaxShortTextBytes)]
	default:
		m.typedDay(&q, t)
	}
	if m.s.View.Shown && q != m.s.List.Query {
		m.arrange(q)
	}
}

// arrange puts a query in force, and starts at the top.
func (m *machine) arrange(q Query) {
	l := &m.s.List
	scrolled := l.Top > 0
	l.Query, l.Top, l.Page = m.bySeverity(q), 0, 0
	m.remake()
	if scrolled {
		m.do(ScrollList{0})
	}
	m.status(countText(m.s.Lang, l.Documents))
}

func (m *machine) actOverview(a Act) {
	l := &m.s.List
	if m.s.Phase() != PhaseOverview {
		return
	}
	switch a.Name {
	case ActByTime, ActByType, ActByProvider, ActBySeverity:
		q := l.Query
		q.Group = groupOf(a.Name)
		m.arrange(q)
	case ActAlerts:
		m.arrange(Query{Contract: protocol.AlertInformation, Group: GroupSeverity})
		m.do(FocusOn{idListHeading})
	case ActToList:
		m.do(FocusOn{idListHeading})
	case ActLane:
		if number(a.Value) == int(l.Query.Contract) {
			a.Value = "0"
		}
		m.typedQuery(Typed{Field: FieldFilter, Value: a.Value})
	case ActClearFilter:
		m.arrange(Query{Group: l.Query.Group})
	case ActShowHeld:
		m.showHeld()
	case ActRead:
		if key, ok := parseKey(a.Value); ok {
			m.open(key)
		}
	case ActReadNext:
		m.step(1)
	case ActReadPrevious:
		m.step(-1)
	case ActTrend, ActTrendClose:
		m.actTrend(a)
	case ActAttachment:
		m.actAttachment(a)
	case ActCloseReader:
		key := m.s.Reader.Key
		m.s.Reader = Reader{}
		m.do(ScrollList{l.Top})
		if at := l.indexOf(key); at >= 0 {
			l.Active = key
			top := l.Top
			l.reveal(at)
			if l.Top != top {
				m.do(ScrollList{l.Top})
			}
			m.do(FocusOn{rowID(key)})
		} else {
			m.do(FocusOn{idListHeading})
		}
	}
}

func groupOf(name Action) Group {
	switch name {
	case ActByType:
		return GroupType
	case ActByProvider:
		return GroupProvider
	case ActBySeverity:
		return GroupSeverity
	default:
		return GroupTime
	}
}

func (m *machine) pressed(key string) {
	if key == "Escape" && m.escaped() {
		return
	}
	if m.s.Reader.Open && m.s.Phase() == PhaseOverview && m.pressedReading(key) {
		return
	}
	l := &m.s.List
	if m.s.Phase() != PhaseOverview || !l.Focused || !l.move(key) {
		return
	}
	m.do(ScrollList{l.Top})
	m.do(FocusOn{rowID(l.Active)})
}

func (m *machine) focused(row string) {
	key, ok := parseKey(row)
	m.s.List.Focused, m.s.List.Within, m.s.List.Menu = ok || row == idRows, row != "", row == idMenu
	if ok {
		m.s.List.Active = key
	}
}

func (m *machine) scrolled(top int) {
	l := &m.s.List
	l.Top = max(0, top)
}
