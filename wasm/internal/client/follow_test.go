package client

import (
	"slices"
	"strings"
	"testing"

	"tvilling/protocol"
)

var auditCommission = protocol.CommissionInfo{
	ID: parsed(protocol.ParseCommissionID("SE2321000016-1C99")), Name: "Logguppföljning", CareUnit: "Ledningen", CareProvider: "Norr", FollowUp: true,
}

// toFollow climbs to the menu of reports, on link 1.
func toFollow(t *testing.T) *play {
	p := newPlay(t)
	p.do(Connected{1})
	w := welcome("a1", 100)
	w.Commissions = []protocol.CommissionInfo{testCommission, auditCommission}
	p.get(1, w)
	p.act(ActCommission, "1")
	p.get(1, protocol.Chosen{Commission: auditCommission})
	p.phase(PhaseFollow)
	return p
}

func testRows() []protocol.LogRow {
	who := protocol.LogWho{Employee: "SE2321000016-2E01", Name: "Karin Ek", Title: "Läkare", CareUnit: "Vinden", CareProvider: "Norr", Purpose: "Vård och behandling"}
	return []protocol.LogRow{
		{ID: "e1", At: 1_799_990_000_000, Activity: "Nödöppning", Permit: true, Basis: protocol.BasisEmergency, Who: who, Patient: testPatient, Note: "Medvetslös",
			Contracts: []protocol.Contract{protocol.Diagnosis, protocol.CarePlans}, Owners: []string{"Region Syd", "SE1-X"}},
		{ID: "e2", At: 1_799_991_000_000, Activity: "Läsa", Basis: protocol.BasisConsent, Who: who, Patient: testPatient, Outcome: protocol.ReviewQuestioned, ReviewedAt: 1_799_995_000_000},
	}
}

// reported opens a report's form, sends it, and answers it.
func reported(t *testing.T, kind protocol.ReportKind, r protocol.Report) *play {
	p := toFollow(t)
	p.beat(1, 100, nil)
	p.act(ActReport, string(new(markup).number(int(kind)).String()))
	p.do(Typed{FieldSubject, "19970106-2383"})
	p.do(Typed{FieldEmployee, "se2321000016-2e01"})
	p.act(ActReportAsk, "")
	r.Request, r.Report = sentLast[protocol.Follow](p).Request, kind
	p.get(1, r)
	if p.s.Follow.Report == nil {
		t.Fatal("the report was not taken")
	}
	return p
}

func TestFollowUpHasPagesOfItsOwn(t *testing.T) {
	p := toFollow(t)
	html := page(p)
	if strings.Count(html, `data-test="report"`) != len(reports) || strings.Contains(html, "patient-form") {
		t.Error("not the menu of reports")
	}
	golden(t, "follow-menu.html", lines1(regionOf(Render(&p.s), "main")))
	p.act(ActPatient, "199701062383")
	p.act(ActShow, "")
	p.act(ActAsk, "1")
	p.act(ActEmergencyAsk, "")
	p.act(ActConsent, "")
	for _, s := range p.sent {
		switch s.frame.Kind() {
		case protocol.KindHello, protocol.KindChoose:
		default:
			t.Errorf("sent %T", s.frame)
		}
	}
	p.act(ActSwitchTask, "")
	p.phase(PhaseCommission)
	if html := page(p); strings.Count(html, `data-test="commission"`) != 2 {
		t.Error("one of the commissions cannot be chosen")
	}
}

func TestPatientsPagesAreNotForFollowUpAlone(t *testing.T) {
	p := toPatient(t)
	p.act(ActReport, "1")
	p.act(ActReportAsk, "")
	if sentCount[protocol.Follow](p) != 0 || p.s.Follow.Kind != 0 {
		t.Error("a report without a commission for it")
	}
}

func TestFormOfAReport(t *testing.T) {
	p := toFollow(t)
	p.act(ActReport, "99")
	if p.s.Follow.Kind != 0 {
		t.Fatal("a report that there is not")
	}
	p.act(ActReport, "3")
	golden(t, "follow-form.html", lines1(regionOf(Render(&p.s), "main")+regionOf(Render(&p.s), "report")))
	for _, c := range []struct {
		field, value string
		wrong        txt
	}{
		{FieldFrom, "", txtPeriodWrong}, {FieldFrom, "2027-13-01", txtPeriodWrong}, {FieldFrom, "2027", txtPeriodWrong}, {FieldFrom, "2027-02-01", txtPeriodWrong},
		{FieldFrom, "2026-03-29", txtSubjectWrong}, {FieldTo, "2026-03-28", txtPeriodWrong}, {FieldTo, "2026-03-29", txtSubjectWrong},
		{FieldSubject, "199701062384", txtSubjectWrong},
	} {
		p.do(Typed{c.field, c.value})
		p.act(ActReportAsk, "")
		if p.s.Follow.Wrong != c.wrong || sentCount[protocol.Follow](p) != 0 || !strings.Contains(regionOf(Render(&p.s), "follow-hint"), `data-test="wrong"`) {
			t.Errorf("%s %q: wrong %d, sent %d", c.field, c.value, p.s.Follow.Wrong, sentCount[protocol.Follow](p))
		}
	}
	p.do(Typed{FieldSubject, " 19970106-2383 "})
	p.act(ActReportAsk, "")
	p.act(ActReportAsk, "") // pressed twice
	got := sentLast[protocol.Follow](p)
	want := protocol.Follow{
		Request: 1, Report: protocol.ReportPatient, Patient: testPatient,
		From: 1774738800000, To: 1774738800000 + 23*hour - 1, // 29 March 2026, a day of 23 hours
	}
	if got != want || sentCount[protocol.Follow](p) != 1 {
		t.Errorf("%+v, want %+v", got, want)
	}
	p.get(1, protocol.Refused{Request: got.Request, Fault: protocol.FaultReportTerms, ID: "abc", At: 5})
	p.phase(PhaseFollow)
	if p.s.Follow.Request != 0 || !strings.Contains(page(p), "TV-1016") {
		t.Error("the refusal is not told")
	}
	p.act(ActReports, "")
	p.act(ActReport, "2")
	p.act(ActReportAsk, "")
	if p.s.Follow.Wrong != txtEmployeeWrong {
		t.Error("an employee's report without an employee")
	}
	p.do(Typed{FieldEmployee, " SE2321000016-2E01 "})
	p.act(ActReportAsk, "")
	if got := sentLast[protocol.Follow](p); got.Employee.Reveal() != "SE2321000016-2E01" || !got.Patient.IsZero() {
		t.Errorf("%+v", got)
	}
}

func TestReportIsPaged(t *testing.T) {
	p := reported(t, protocol.ReportProvider, protocol.Report{Rows: testRows(), More: true, After: 77})
	golden(t, "follow-log.html", lines1(regionOf(Render(&p.s), "report")))
	if html := page(p); strings.Contains(html, "report-first") || strings.Contains(html, "review-ask") {
		t.Error("the first page leads to itself, or a review is asked for where none is due")
	}
	if !slices.Contains(p.last, Effect(FocusOn{idReport})) || p.s.Said.Status == "" {
		t.Error("it is not told that the report is there")
	}
	first := sentLast[protocol.Follow](p)
	p.act(ActReportNext, "")
	next := sentLast[protocol.Follow](p)
	first.Request, first.After = next.Request, 77
	if next != first {
		t.Errorf("%+v", next)
	}
	p.get(1, protocol.Report{Request: next.Request, Report: protocol.ReportProvider, Rows: testRows()[:1]})
	if html := page(p); strings.Contains(html, `id="report-next"`) || strings.Count(html, `data-test="log-row"`) != 1 {
		t.Error("the last page has a next one")
	}
	p.act(ActReportNext, "")
	p.act(ActReportFirst, "")
	if got := sentLast[protocol.Follow](p); got.After != 0 || sentCount[protocol.Follow](p) != 3 {
		t.Errorf("%+v", got)
	}
}

func TestStrangeReportsAreNotTaken(t *testing.T) {
	p := toFollow(t)
	p.act(ActReport, "1")
	p.act(ActReportAsk, "")
	request := sentLast[protocol.Follow](p).Request
	for _, f := range []protocol.Report{
		{Request: request + 1, Report: protocol.ReportProvider}, {Report: protocol.ReportProvider}, {Request: request, Report: protocol.ReportPatient},
	} {
		p.get(1, f)
		if p.s.Follow.Report != nil {
			t.Errorf("%+v", f)
		}
	}
	p.act(ActReports, "")
	p.get(1, protocol.Report{Request: request, Report: protocol.ReportProvider, Rows: testRows()})
	if p.s.Follow.Report != nil {
		t.Error("an answer that is not waited for any more")
	}
}

func TestReview(t *testing.T) {
	p := reported(t, protocol.ReportEmergencies, protocol.Report{Rows: testRows()})
	if strings.Count(page(p), `data-test="review-ask"`) != 1 {
		t.Fatal("a review is not asked for where it is due, or where it is done")
	}
	p.act(ActReviewAsk, "e2")
	p.act(ActReviewAsk, "e9")
	if p.s.Follow.Review.Entry != "" {
		t.Fatal("a form for what is reviewed or is not there")
	}
	p.act(ActReviewAsk, "e1")
	p.act(ActReview, "")
	if sentCount[protocol.Review](p) != 0 || p.s.Follow.Review.Wrong != txtOutcomeMissing {
		t.Fatal("sent without an outcome")
	}
	golden(t, "follow-review.html", lines1(regionOf(Render(&p.s), "report")))
	p.do(Typed{FieldOutcome, "9"})
	p.do(Typed{FieldOutcome, "3"})
	if p.s.Follow.Review.Wrong != txtNone {
		t.Error("what was wrong is said of what is right")
	}
	p.do(Typed{FieldComment, strings.Repeat("x", 5_000)})
	p.act(ActReview, "")
	if sentCount[protocol.Review](p) != 0 || p.s.Follow.Review.Wrong != txtReasonLong {
		t.Fatal("a comment that is too long was sent")
	}
	p.do(Typed{FieldComment, " Ingen vårdrelation "})
	p.act(ActReview, "")
	want := protocol.Review{Request: sentLast[protocol.Review](p).Request, Entry: "e1", Outcome: protocol.ReviewMisuse, Comment: "Ingen vårdrelation"}
	if got := sentLast[protocol.Review](p); got != want {
		t.Fatalf("%+v", got)
	}
	away := p.s
	p.get(1, protocol.Refused{Request: want.Request, Fault: protocol.FaultBusy, ID: "abc", At: 5})
	if p.s.Follow.Review.Request != 0 || p.s.Follow.Review.Entry != "e1" || p.s.Notice.Fault != protocol.FaultBusy {
		t.Error("a refusal is not taken, or the form is lost")
	}
	p.s = away
	p.get(1, protocol.Reviewed{Request: want.Request + 1, ID: "r1"})
	if p.s.Follow.Review.Entry == "" {
		t.Error("another answer was taken")
	}
	p.get(1, protocol.Reviewed{Request: want.Request, ID: "r1"})
	if html := page(p); p.s.Follow.Review != (Review{}) || strings.Contains(html, "review-ask") || !strings.Contains(html, "Missbruk") || p.s.Said.Status == "" {
		t.Error("the outcome does not stand in the list")
	}
}

func TestOwnAccessReport(t *testing.T) {
	other := protocol.LogRow{Who: protocol.LogWho{CareProvider: "Region Syd"}} // that it has read, and nothing more
	p := reported(t, protocol.ReportOwnAccess, protocol.Report{Rows: append(testRows(), other)})
	golden(t, "follow-own.html", lines1(regionOf(Render(&p.s), "report")))
	if html := page(p); strings.Contains(html, "SE2321000016-2E01") || strings.Contains(html, "Medvetslös") || strings.Contains(html, "Ifrågasatt") || strings.Contains(html, "1970") {
		t.Error("the patient's report has staff's ids, reasons, reviews or no time at all in it")
	}
}

func TestStatistics(t *testing.T) {
	p := reported(t, protocol.ReportStatistics, protocol.Report{Counts: []protocol.Count{
		{Series: "lookups", Label: "2026-12", Number: 1234}, {Series: "lookups", Label: "2027-01", Few: true},
		{Series: "lookups", Label: "00", Number: 40}, {Series: "lookups", Label: "13", Number: 20},
		{Series: "lookups", Label: "1", Number: 12}, {Series: "lookups", Label: "7", Few: true},
		{Series: "users", Label: "2026-12", Number: 15},
		{Series: "other", Label: "Region <Syd>", Number: 10},
	}})
	golden(t, "follow-statistics.html", lines1(regionOf(Render(&p.s), "report")))
	if html := page(p); strings.Count(html, `data-test="counts"`) != 5 || strings.Count(html, "färre än 10") != 2 {
		t.Error("tables are joined, or a small number is told")
	}
}

// A report goes with its lease, with the page, and with everything else that ends.
func TestReportIsTakenAway(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(*play)
		phase Phase
	}{
		"lease":   {func(p *play) { p.pass(10_000) }, PhaseBlank},
		"revoked": {func(p *play) { p.get(1, protocol.Revoke{Generation: 0, Next: 1, Fault: protocol.FaultNoCommission}) }, PhaseBlank},
		"page":    {func(p *play) { p.do(Leaving{}) }, PhaseBlank},
		"stopped": {func(p *play) { p.do(Disconnected{1, 4503}) }, PhaseSignIn},
		"another": {func(p *play) { p.act(ActSwitchPerson, "") }, PhaseWho},
		"menu":    {func(p *play) { p.act(ActReports, "") }, PhaseFollow},
		"new epoch": {func(p *play) {
			p.get(1, protocol.Heartbeat{Position: protocol.Position{Epoch: 9, Index: 1}, LeaseMillis: 10_000})
		}, PhaseBlank},
	} {
		p := reported(t, protocol.ReportPatient, protocol.Report{Rows: testRows()})
		painter := NewPainter()
		painter.Paint(&p.s, nil)
		c.end(p)
		p.phase(c.phase)
		painter.Paint(&p.s, nil)
		kept := page(p)
		for _, html := range painter.html {
			kept += html
		}
		if p.s.Follow.Report != nil || p.s.Follow.Patient != "" || strings.Contains(kept, "1997") || strings.Contains(kept, "Medvetslös") {
			t.Errorf("%s: something of the report stays", name)
		}
		if c.phase == PhaseBlank && name != "page" && !slices.Contains(p.last, Effect(Paint{})) {
			t.Errorf("%s: not painted at once", name)
		}
	}
	p := reported(t, protocol.ReportPatient, protocol.Report{Rows: testRows()})
	p.now = p.now.after(9_000)
	p.beat(1, 100, nil)
	p.pass(9_999)
	if p.s.Follow.Report == nil {
		t.Error("a heartbeat does not renew the lease")
	}
	p.pass(1)
	p.phase(PhaseBlank)
	p.beat(1, 100, nil)
	p.act(ActRestart, "")
	p.phase(PhaseFollow)
	if p.s.Follow.Kind != 0 {
		t.Error("not at the menu")
	}
}

// What a lost link owed is asked for anew by the user, over the next one.
func TestLostLinkOwesNothing(t *testing.T) {
	p := toFollow(t)
	p.act(ActReport, "1")
	p.act(ActReportAsk, "")
	p.do(Disconnected{1, 1006})
	p.pass(500)
	p.do(Connected{2})
	w := welcome("b1", 100)
	w.Commissions = []protocol.CommissionInfo{auditCommission}
	p.get(2, w)
	p.get(2, protocol.Chosen{Commission: auditCommission})
	p.phase(PhaseFollow)
	p.act(ActReportAsk, "")
	if last := p.sent[len(p.sent)-1]; last.link != 2 || last.frame.Kind() != protocol.KindFollow {
		t.Errorf("%+v", last)
	}
}

func TestSwedishDaysAreInstants(t *testing.T) {
	for day := dayNumber(2020, 1, 1); day < dayNumber(2031, 1, 1); day++ {
		for _, second := range []int64{0, 3600, 5 * 3600, 12*3600 + 7, 86_399} {
			y, m, d := date(day)
			want := pad(nil, y, 4)
			want = pad(append(want, '-'), m, 2)
			want = pad(append(want, '-'), d, 2)
			if got := civilOf(instantOf(day*86_400 + second))[:10]; got != string(want) {
				t.Fatalf("%s at %d: %s", want, second, got)
			}
		}
		if midnight := civilOf(instantOf(day * 86_400)); midnight[11:] != "00:00:00" {
			t.Fatalf("%s is no midnight", midnight)
		}
	}
}
