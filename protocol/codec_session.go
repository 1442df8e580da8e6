package protocol

// The frames of version 3: how they are written and read.

// What the smallest of each takes.
const (
	leastSource = 6
	leastPoint  = 1 + 18 + 1 + 1 + 6
)

func appendTrend(b []byte, f Trend) []byte {
	b = appendUint(appendUint(appendKind(b, KindTrend, 4), uint64(f.Request)), uint64(f.Generation))
	return appendText(appendText(b, f.System), f.Code)
}

func appendTake(b []byte, f Take) []byte {
	b = appendUint(appendUint(appendKind(b, KindTake, 4), uint64(f.Request)), uint64(f.Generation))
	return appendList(appendSmall(b, f.How), f.Documents, appendKey)
}

func appendFeedback(b []byte, f Feedback) []byte {
	b = appendText(appendUint(appendKind(b, KindFeedback, 4), uint64(f.Request)), f.Page)
	return appendText(appendSmall(b, f.Grade), f.Text)
}

func appendSession(b []byte, f Session) []byte {
	b = appendUint(appendSmall(appendKind(b, KindSession, 5), f.SignIn), uint64(f.IdleMillis))
	return appendBool(appendBool(appendInt(b, int64(f.Ends)), f.Print), f.Copy)
}

func appendHandedOver(b []byte, f HandedOver) []byte {
	b = appendText(appendKind(b, KindHandedOver, 3), f.System)
	return appendText(appendText(b, f.Commission.Reveal()), f.Patient.Reveal())
}

func appendSource(b []byte, s SourceRow) []byte {
	b = appendSmall(appendSmall(appendText(appendArray(b, 5), s.CareProvider), s.Contract), s.State)
	return appendInt(appendInt(b, int64(s.Synced)), int64(s.Failed))
}

func (r *reader) source() SourceRow {
	extra := r.record(5)
	s := SourceRow{
		CareProvider: r.text(hsaIDMaxLength), Contract: narrow[Contract](r), State: enumeration(r, SourceMirrorFailed),
		Synced: Instant(r.int()), Failed: Instant(r.int()),
	}
	r.skip(extra)
	return s
}

func appendSeries(b []byte, f Series) []byte {
	b = appendUint(appendUint(appendKind(b, KindSeries, 4), uint64(f.Request)), uint64(f.Generation))
	return appendBool(appendList(b, f.Points, appendPoint), f.More)
}

func appendPoint(b []byte, p Point) []byte {
	b = appendInt(appendKey(appendArray(b, 8), p.Document), int64(p.Time))
	q := &p.Quantity
	b = appendText(appendText(appendText(b, q.Value), q.Unit), q.Low)
	return appendText(appendText(appendText(b, q.High), q.Reference), q.Flag)
}

func (r *reader) point() Point {
	extra := r.record(8)
	p := Point{Document: r.key(), Time: r.civil()}
	text := func() string { return r.text(MaxUnitBytes) }
	p.Quantity = Quantity{Value: text(), Unit: text(), Low: text(), High: text(), Reference: text(), Flag: text()}
	r.skip(extra)
	return p
}
