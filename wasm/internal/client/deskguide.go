package client

import (
	"strconv"
	"strings"
)

// view is something that the user looks at and can have explained beside it.
type view uint8

// The views. The reports stand in the order of their kinds.
const (
	viewNone view = iota
	viewSignIn
	viewWho
	viewCommission
	viewPatient
	viewConsent
	viewEmergency
	viewChoice
	viewList
	viewTimeline
	viewCalendar
	viewSources
	viewReading
	viewBlank
	viewCoverage
	viewFaults
	viewFeedback
	viewStatement
	viewReports
	viewReportEmergencies
	viewReportSample
	viewReportProvider
	viewReportEmployee
	viewReportPatient
	viewReportOwner
	viewReportOwnAccess
	viewReportStatistics
	viewEnd
)

// guide is the help of a view. The text's first line says what one sees, each of the
// others what one can do.
type guide struct{ title, text txt }

var guides = [viewEnd]guide{
	viewSignIn:            {txtSignIn, txtGuideSignIn},
	viewWho:               {txtWhoTitle, txtGuideWho},
	viewCommission:        {txtTaskTitle, txtGuideCommission},
	viewPatient:           {txtPatientTitle, txtGuidePatient},
	viewConsent:           {txtConsentTitle, txtGuideConsent},
	viewEmergency:         {txtBasisEmergency, txtGuideEmergency},
	viewChoice:            {txtChoiceTitle, txtGuideChoice},
	viewList:              {txtListTitle, txtGuideList},
	viewTimeline:          {txtGuideTimelineTitle, txtGuideTimeline},
	viewCalendar:          {txtGuideCalendarTitle, txtGuideCalendar},
	viewSources:           {txtSources, txtGuideSources},
	viewReading:           {txtGuideReadingTitle, txtGuideReading},
	viewBlank:             {txtBlankTitle, txtGuideBlank},
	viewCoverage:          {txtCoverageTitle, txtGuideCoverage},
	viewFaults:            {txtHelpTitle, txtGuideFaults},
	viewFeedback:          {txtFeedbackTitle, txtGuideFeedback},
	viewStatement:         {txtStatementTitle, txtGuideStatement},
	viewReports:           {txtFollowTitle, txtGuideReports},
	viewReportEmergencies: {txtReportEmergencies, txtGuideEmergencies},
	viewReportSample:      {txtReportSample, txtGuideSample},
	viewReportProvider:    {txtReportProvider, txtGuideProvider},
	viewReportEmployee:    {txtReportEmployee, txtGuideEmployee},
	viewReportPatient:     {txtReportPatient, txtGuideReportPatient},
	viewReportOwner:       {txtReportOwner, txtGuideOwner},
	viewReportOwnAccess:   {txtReportOwnAccess, txtGuideOwnAccess},
	viewReportStatistics:  {txtReportStatistics, txtGuideStatistics},
}

// keys are the keyboard's shortcuts: the keys, and what they do.
var keys = [...]struct{ key, does txt }{
	{txtKeyTab, txtKeyTabDoes},
	{txtKeyEnter, txtKeyEnterDoes},
	{txtKeyArrows, txtKeyArrowsDoes},
	{txtKeyPages, txtKeyPagesDoes},
	{txtKeyRead, txtKeyReadDoes},
	{txtKeyEscape, txtKeyEscapeDoes},
}

// view is the main view of the page at hand.
func (s *State) view() view {
	switch s.Phase() {
	case PhaseSignIn:
		return viewSignIn
	case PhaseWho:
		return viewWho
	case PhaseCommission:
		return viewCommission
	case PhasePatient:
		return viewPatient
	case PhaseChoice:
		return s.choiceView()
	case PhaseOverview:
		return viewList
	case PhaseFollow:
		for i := range reports {
			if reports[i].kind == s.Follow.Kind {
				return viewReportEmergencies + view(i)
			}
		}
		return viewReports
	case PhaseHelp:
		return viewFaults
	case PhaseCoverage:
		return viewCoverage
	case PhaseFeedback:
		return viewFeedback
	case PhaseStatement:
		return viewStatement
	default:
		return viewBlank
	}
}

func (s *State) choiceView() view {
	r := renderer{s: s}
	switch r.choosing() {
	case choosingConsent:
		return viewConsent
	case choosingEmergency:
		return viewEmergency
	default:
		return viewChoice
	}
}

// guided is the view whose help is open: that of the page at hand, when the user has
// gone on to another.
func (s *State) guided() view {
	v := s.Desk.Guide
	if v == viewNone || s.Phase() == PhaseOverview && v >= viewList && v <= viewReading {
		return v
	}
	return s.view()
}

func guideID(v view) string { return "guide-" + strconv.Itoa(int(v)) }

func (m *machine) actGuide(a Act) {
	if a.Name == ActGuideClose {
		m.closeGuide()
		return
	}
	if n := number(a.Value); n > 0 && n < int(viewEnd) {
		m.s.Desk.Guide = view(n)
		m.do(FocusOn{idGuide})
	}
}

// closeGuide gives the focus back to where the help was asked for.
func (m *machine) closeGuide() {
	v := m.s.guided()
	m.s.Desk.Guide = viewNone
	m.do(FocusOn{idMain})
	m.do(FocusOn{guideID(v)})
}

// guideMark is the way to the help of a view, beside its heading.
func (r *renderer) guideMark(m *markup, v view) {
	m.raw(`<button type="button" class="guide-mark" data-act="guide" data-test="guide-open" id="`).text(guideID(v)).raw(`" data-value="`).number(int(v))
	m.raw(`" aria-label="`).text(r.t(txtGuideOpen)).raw(` `).text(r.t(guides[v].title)).raw(`"><span aria-hidden="true">?</span></button>`)
}

// guide is the help beside the view.
func (r *renderer) guide() string {
	v := r.s.guided()
	if v == viewNone {
		return ""
	}
	m, g := new(markup), &guides[v]
	m.raw(`<aside class="guide" aria-labelledby="guide-title" data-test="guide" data-view="`).number(int(v)).raw(`"><h2 id="guide-title" tabindex="-1">`)
	m.text(r.t(txtGuideTitle)).raw(` `).text(r.t(g.title)).raw(`</h2>`)
	see, can, _ := strings.Cut(r.t(g.text), "\n")
	m.raw(`<p>`).text(see).raw(`</p><ul class="names">`)
	for line := range strings.SplitSeq(can, "\n") {
		m.raw(`<li>`).text(line).raw(`</li>`)
	}
	m.raw(`</ul><h3 id="keys">`).text(r.t(txtKeys)).raw(`</h3><dl class="keys" data-test="keys">`)
	for _, k := range keys {
		m.raw(`<div><dt>`).text(r.t(k.key)).raw(`</dt><dd>`).text(r.t(k.does)).raw(`</dd></div>`)
	}
	m.raw(`</dl><div class="acts">`)
	r.button(m, "primary", "guide-close", ActGuideClose, "", r.t(txtGuideClose), false)
	if r.s.Phase() != PhaseHelp {
		r.button(m, "quiet", "guide-faults", ActHelp, "", r.t(txtHelpTitle), false)
	}
	return m.raw(`</div></aside>`).String()
}

// titled begins a page: its heading, and the way to its help.
func (r *renderer) titled(m *markup, title string) {
	m.raw(`<div class="headline"><h1 id="main-heading" tabindex="-1">`).text(title).raw(`</h1>`)
	r.guideMark(m, r.s.view())
	m.raw(`</div>`)
}
