package protocol

// The frames on the way to what there is (questions, emergencies, coverage, freshness)
// and of those who follow up the access log: how they are written and read.

func appendConsent(b []byte, f Consent) []byte {
	b = appendUint(appendKind(b, KindConsent, 5), uint64(f.Request))
	b = appendUint(appendBool(b, f.Personal), uint64(f.Days))
	return appendText(appendSmall(b, f.Given), f.Representative.Reveal())
}

func (r *reader) consent() Consent {
	return Consent{
		Request: narrow[uint32](r), Personal: r.bool(), Days: narrow[uint16](r),
		Given: enumeration(r, GiverMature), Representative: r.patient(PatientID{}),
	}
}

func appendOpened(b []byte, f Opened) []byte {
	b = appendUint(appendKind(b, KindOpened, 8), uint64(f.Request))
	b = appendInt(appendBool(appendSmall(b, f.Basis), f.MayConsent), int64(f.Ends))
	return appendBool(appendBool(appendBool(appendSmall(b, f.Step), f.MayAttest), f.Child), f.Deceased)
}

func (r *reader) opened() Opened {
	return Opened{
		Request: narrow[uint32](r), Basis: enumeration(r, BasisEmergency), MayConsent: r.bool(), Ends: Instant(r.int()),
		Step: enumeration(r, EmergencyContent), MayAttest: r.bool(), Child: r.bool(), Deceased: r.bool(),
	}
}

func appendAsk(b []byte, f Ask) []byte {
	return appendSmall(appendUint(appendKind(b, KindAsk, 2), uint64(f.Request)), f.What)
}

func appendEmergency(b []byte, f Emergency) []byte {
	b = appendUint(appendKind(b, KindEmergency, 3), uint64(f.Request))
	return appendText(appendSmall(b, f.Step), f.Reason)
}

func appendFollow(b []byte, f Follow) []byte {
	b = appendSmall(appendUint(appendKind(b, KindFollow, 7), uint64(f.Request)), f.Report)
	b = appendInt(appendInt(b, int64(f.From)), int64(f.To))
	return appendUint(appendText(appendText(b, f.Patient.Reveal()), f.Employee.Reveal()), f.After)
}

func (r *reader) follow() Follow {
	return Follow{
		Request: narrow[uint32](r), Report: enumeration(r, ReportStatistics), From: Instant(r.int()), To: Instant(r.int()),
		Patient: r.patient(PatientID{}), Employee: hsaID(r, EmployeeID{}), After: r.uint(),
	}
}

func appendReview(b []byte, f Review) []byte {
	b = appendUint(appendKind(b, KindReview, 4), uint64(f.Request))
	return appendText(appendSmall(appendText(b, f.Entry), f.Outcome), f.Comment)
}

func (r *reader) review() Review {
	return Review{
		Request: narrow[uint32](r), Entry: r.text(MaxNameBytes),
		Outcome: enumeration(r, ReviewMisuse), Comment: r.text(MaxReasonBytes),
	}
}

func appendTold(b []byte, f Told) []byte {
	b = appendSmall(appendUint(appendKind(b, KindTold, 4), uint64(f.Request)), f.What)
	return appendList(appendBool(b, f.Yes), f.Providers, appendMark)
}

func (r *reader) told() Told {
	return Told{
		Request: narrow[uint32](r), What: enumeration(r, AskProviders), Yes: r.bool(),
		Providers: list(r, MaxProviders, leastMark, (*reader).mark),
	}
}

// What the smallest of each takes.
const (
	leastMark     = 5
	leastCoverage = 6
	leastFeed     = 4
	leastLogRow   = 19
	leastCount    = 5

	leastAnnouncement = 6
)

func appendMark(b []byte, m ProviderMark) []byte {
	b = appendText(appendText(appendArray(b, 4), m.ID.Reveal()), m.Name)
	return appendBool(appendBool(b, m.Has), m.Blocked)
}

func (r *reader) mark() ProviderMark {
	extra := r.record(4)
	m := ProviderMark{ID: hsaID(r, CareProviderID{}), Name: r.name(), Has: r.bool(), Blocked: r.bool()}
	r.skip(extra)
	return m
}

func (r *reader) name() string { return r.text(MaxNameBytes) }

func appendCoverageRow(b []byte, c CoverageRow) []byte {
	b = appendText(appendText(appendArray(b, 5), c.CareProvider), c.Name)
	return appendInt(appendInt(appendSmall(b, c.Contract), int64(c.Since)), int64(c.Until))
}

func (r *reader) coverageRow() CoverageRow {
	extra := r.record(5)
	c := CoverageRow{
		CareProvider: r.text(hsaIDMaxLength), Name: r.name(), Contract: narrow[Contract](r),
		Since: r.civil(), Until: r.civil(),
	}
	r.skip(extra)
	return c
}

func appendLate(b []byte, f LateFeed) []byte {
	return appendBool(appendInt(appendText(appendArray(b, 3), f.Name), int64(f.AsOf)), f.Unknown)
}

func (r *reader) late() LateFeed {
	extra := r.record(3)
	f := LateFeed{Name: r.name(), AsOf: Instant(r.int()), Unknown: r.bool()}
	r.skip(extra)
	return f
}

func appendReport(b []byte, f Report) []byte {
	b = appendSmall(appendUint(appendKind(b, KindReport, 6), uint64(f.Request)), f.Report)
	b = appendList(appendList(b, f.Rows, appendLogRow), f.Counts, appendCount)
	return appendUint(appendBool(b, f.More), f.After)
}

func (r *reader) report() Report {
	return Report{
		Request: narrow[uint32](r), Report: enumeration(r, ReportStatistics),
		Rows: list(r, MaxReportRows, leastLogRow, (*reader).logRow), Counts: list(r, MaxCounts, leastCount, (*reader).number),
		More: r.bool(), After: r.uint(),
	}
}

func appendLogRow(b []byte, l LogRow) []byte {
	b = appendInt(appendText(appendArray(b, 12), l.ID), int64(l.At))
	b = appendSmall(appendBool(appendText(b, l.Activity), l.Permit), l.Basis)
	b = appendText(appendWho(b, l.Who), l.Patient.Reveal())
	b = appendList(appendList(b, l.Contracts, appendSmall), l.Owners, appendText)
	return appendInt(appendSmall(appendText(b, l.Note), l.Outcome), int64(l.ReviewedAt))
}

func (r *reader) logRow() LogRow {
	extra := r.record(12)
	l := LogRow{
		ID: r.name(), At: Instant(r.int()), Activity: r.name(), Permit: r.bool(), Basis: enumeration(r, BasisEmergency),
		Who: r.who(), Patient: r.patient(r.last.patient), Contracts: list(r, maxContracts, 1, narrow[Contract]),
		Owners: list(r, MaxOwners, 1, (*reader).name), Note: r.text(MaxReasonBytes),
		Outcome: enumeration(r, ReviewMisuse), ReviewedAt: Instant(r.int()),
	}
	r.last.patient = l.Patient
	r.skip(extra)
	return l
}

func appendWho(b []byte, w LogWho) []byte {
	b = appendText(appendText(appendText(appendArray(b, 6), w.Employee), w.Name), w.Title)
	return appendText(appendText(appendText(b, w.CareUnit), w.CareProvider), w.Purpose)
}

func (r *reader) who() LogWho {
	extra := r.record(6)
	w := LogWho{Employee: r.text(hsaIDMaxLength), Name: r.name(), Title: r.name(), CareUnit: r.name(), CareProvider: r.name(), Purpose: r.name()}
	r.skip(extra)
	return w
}

func appendCount(b []byte, c Count) []byte {
	b = appendText(appendText(appendArray(b, 4), c.Series), c.Label)
	return appendBool(appendUint(b, uint64(c.Number)), c.Few)
}

func (r *reader) number() Count {
	extra := r.record(4)
	c := Count{Series: r.name(), Label: r.name(), Number: narrow[uint32](r), Few: r.bool()}
	r.skip(extra)
	return c
}

func appendAnnouncement(b []byte, a Announcement) []byte {
	b = appendInt(appendInt(appendBool(appendArray(b, 5), a.Ongoing), int64(a.From)), int64(a.Until))
	return appendText(appendText(b, a.Swedish), a.English)
}

func (r *reader) announcement() Announcement {
	extra := r.record(5)
	a := Announcement{
		Ongoing: r.bool(), From: Instant(r.int()), Until: Instant(r.int()),
		Swedish: r.text(MaxAnnouncementBytes), English: r.text(MaxAnnouncementBytes),
	}
	r.skip(extra)
	return a
}
