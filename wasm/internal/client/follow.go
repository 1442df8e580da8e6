package client

import (
	"strings"

	"tvilling/protocol"
)

// Follow is what one who follows up the access log asks for and has been told. A
// report stands under the lease as an overview does, and nothing of it is kept.
type Follow struct {
	Kind     protocol.ReportKind // whose form is open; 0: the menu
	Start    Period              // as the form was opened with
	Period   Period              // as typed
	Patient  string              // as typed
	Employee string              // as typed
	Wrong    txt
	Request  uint32          // waited for; 0: none
	Asked    protocol.Follow // the last asked
	Report   *protocol.Report
	Review   Review
}

// Period is from and to which day, YYYY-MM-DD, in Swedish time.
type Period struct{ From, To string }

// Review is the form of the outcome of one entry's review. Entry: its id, empty: none.
type Review struct {
	Entry   string
	Outcome protocol.ReviewOutcome
	Comment string
	Wrong   txt
	Request uint32 // waited for; 0: none
}

// report is a kind of report, as it is offered.
type report struct {
	kind        protocol.ReportKind
	title, lead txt
}

var reports = [...]report{
	{protocol.ReportEmergencies, txtReportEmergencies, txtReportEmergenciesLead},
	{protocol.ReportSample, txtReportSample, txtReportSampleLead},
	{protocol.ReportProvider, txtReportProvider, txtReportProviderLead},
	{protocol.ReportEmployee, txtReportEmployee, txtReportEmployeeLead},
	{protocol.ReportPatient, txtReportPatient, txtReportPatientLead},
	{protocol.ReportOwner, txtReportOwner, txtReportOwnerLead},
	{protocol.ReportOwnAccess, txtReportOwnAccess, txtReportOwnAccessLead},
	{protocol.ReportStatistics, txtReportStatistics, txtReportStatisticsLead},
}

func reportOf(kind protocol.ReportKind) report {
	for _, r := range reports {
		if r.kind == kind {
			return r
		}
	}
	return report{}
}

func aboutPatient(k protocol.ReportKind) bool {
	return k == protocol.ReportPatient || k == protocol.ReportOwnAccess
}

// reviewable reports whether a report is one whose rows wait for an outcome.
func reviewable(k protocol.ReportKind) bool {
	return k == protocol.ReportEmergencies || k == protocol.ReportSample
}

// defaultDays is how many days back a report reaches unless another day is given.
const defaultDays = 30

func (m *machine) actFollow(a Act) {
	follow := &m.s.Follow
	if !m.s.Me.Commission.FollowUp || m.s.Wish.Commission.IsZero() || m.s.End.Blank {
		return
	}
	switch a.Name {
	case ActReport:
		kind := protocol.ReportKind(number(a.Value))
		if reportOf(kind).kind == 0 {
			return
		}
		now := protocol.Instant(m.s.Clock.Wall)
		p := Period{civilOf(now - defaultDays*86_400_000)[:10], civilOf(now)[:10]}
		*follow = Follow{Kind: kind, Start: p, Period: p}
		m.s.Notice, m.s.Said.Status = Notice{}, ""
		m.do(FocusOn{idMain})
	case ActReports:
		*follow = Follow{}
		m.s.Notice, m.s.Said.Status = Notice{}, ""
		m.do(FocusOn{idMain})
	case ActReportAsk:
		m.askReport()
	case ActReportNext:
		if r := follow.Report; r != nil && r.More {
			m.sendFollow(r.After)
		}
	case ActReportFirst:
		if follow.Report != nil {
			m.sendFollow(0)
		}
	case ActReviewAsk, ActReviewCancel, ActReview:
		m.actReview(a)
	}
}

// askReport sends the form, if it is filled in.
func (m *machine) askReport() {
	f := &m.s.Follow
	if f.Kind == 0 || f.Request != 0 {
		return
	}
	ask := protocol.Follow{Report: f.Kind}
	from, okFrom := dayOf(f.Period.From)
	to, okTo := dayOf(f.Period.To)
	f.Wrong = txtNone
	var errPatient, errEmployee error
	if aboutPatient(f.Kind) {
		ask.Patient, errPatient = protocol.ParsePatientID(f.Patient)
	}
	if f.Kind == protocol.ReportEmployee {
		ask.Employee, errEmployee = protocol.ParseEmployeeID(strings.TrimSpace(f.Employee))
	}
	switch {
	case !okFrom || !okTo || from > to:
		f.Wrong = txtPeriodWrong
	case errPatient != nil:
		f.Wrong = txtSubjectWrong
	case errEmployee != nil:
		f.Wrong = txtEmployeeWrong
	default:
		ask.From, ask.To = instantOf(from*86_400), instantOf((to+1)*86_400)-1
		f.Asked, f.Report, f.Review = ask, nil, Review{}
		m.s.Said.Status = "" // of the report before
		m.sendFollow(0)
		return
	}
	m.do(FocusOn{f.wrongField()})
}

// wrongField is the field that Wrong is about.
func (f *Follow) wrongField() string {
	switch f.Wrong {
	case txtSubjectWrong:
		return idSubject
	case txtEmployeeWrong:
		return idEmployee
	default:
		return idFrom
	}
}

func (m *machine) sendFollow(after uint64) {
	l, f := &m.s.Links.Live, &m.s.Follow
	if l.Stage < StageChosen || f.Request != 0 {
		return
	}
	l.Request++
	f.Request = l.Request
	f.Asked.Request, f.Asked.After = l.Request, after
	m.s.Notice = Notice{}
	m.send(l, f.Asked)
}

func (m *machine) report(l *Link, r protocol.Report) {
	f := &m.s.Follow
	if l != &m.s.Links.Live || r.Request == 0 || r.Request != f.Request || r.Report != f.Kind {
		return
	}
	f.Request, f.Report, f.Review = 0, &r, Review{}
	m.renew(l)
	m.status(numbered(m.s.Lang, len(r.Rows)+len(r.Counts), txtRowOne, txtRowMany))
	m.do(FocusOn{idReport})
}

// entry returns the row of the report with the id, nil if there is none.
func (f *Follow) entry(id string) *protocol.LogRow {
	if f.Report != nil && reviewable(f.Kind) && id != "" {
		for i := range f.Report.Rows {
			if f.Report.Rows[i].ID == id {
				return &f.Report.Rows[i]
			}
		}
	}
	return nil
}

func (m *machine) actReview(a Act) {
	f, l := &m.s.Follow, &m.s.Links.Live
	if f.Review.Request != 0 {
		return
	}
	switch a.Name {
	case ActReviewAsk:
		if row := f.entry(a.Value); row != nil && row.Outcome == protocol.ReviewNone {
			f.Review = Review{Entry: a.Value}
			m.do(FocusOn{idReview})
		}
	case ActReviewCancel:
		f.Review = Review{}
		m.do(FocusOn{idReport})
	case ActReview:
		r := &f.Review
		comment := oneLine(r.Comment)
		r.Wrong = txtNone
		switch {
		case f.entry(r.Entry) == nil || l.Stage < StageChosen:
			return
		case r.Outcome == protocol.ReviewNone:
			r.Wrong = txtOutcomeMissing
		case len(comment) > protocol.MaxReasonBytes:
			r.Wrong = txtReasonLong
		}
		if r.Wrong != txtNone {
			m.do(FocusOn{idReview})
			return
		}
		l.Request++
		r.Request = l.Request
		m.send(l, protocol.Review{Request: r.Request, Entry: r.Entry, Outcome: r.Outcome, Comment: comment})
	}
}

func (m *machine) reviewed(l *Link, f protocol.Reviewed) {
	follow := &m.s.Follow
	r := follow.Review
	row := follow.entry(r.Entry)
	if l != &m.s.Links.Live || f.Request == 0 || f.Request != r.Request || row == nil {
		return
	}
	rows := append([]protocol.LogRow(nil), follow.Report.Rows...) // the frame is not ours to change
	report := *follow.Report
	report.Rows, follow.Report, follow.Review = rows, &report, Review{}
	row = follow.entry(r.Entry)
	row.Outcome, row.ReviewedAt = r.Outcome, protocol.Instant(m.s.Clock.Wall)
	m.status(textOf(m.s.Lang, txtReviewDone))
	m.do(FocusOn{idReport})
}

// typedFollow takes the fields of those who follow up.
func (m *machine) typedFollow(t Typed) {
	f := &m.s.Follow
	switch t.Field {
	case FieldFrom:
		f.Period.From = bounded(t.Value)
	case FieldTo:
		f.Period.To = bounded(t.Value)
	case FieldSubject:
		f.Patient = bounded(t.Value)
	case FieldEmployee:
		f.Employee = written(t.Value)
	case FieldOutcome:
		if n := number(t.Value); n > 0 && n <= int(protocol.ReviewMisuse) {
			f.Review.Outcome, f.Review.Wrong = protocol.ReviewOutcome(n), txtNone
		}
	case FieldComment:
		f.Review.Comment = written(t.Value)
	}
}

// dayOf reads YYYY-MM-DD as a count of days.
func dayOf(s string) (int64, bool) {
	c, err := protocol.ParseCivil(s)
	d := c.Digits()
	if err != nil || len(d) != 8 {
		return 0, false
	}
	return dayNumber(number(d[:4]), number(d[4:6]), number(d[6:])), true
}

// instantOf is the inverse of civilOf: the instant of a Swedish local time in seconds.
// An hour that comes twice is taken as the later one.
func instantOf(local int64) protocol.Instant {
	year, _, _ := date(floorDiv(local, 86400))
	utc := local - 3600
	if summer := local - 7200; summer >= lastSunday(year, 3) && utc < lastSunday(year, 10) {
		utc = summer
	}
	return protocol.Instant(utc * 1000)
}
