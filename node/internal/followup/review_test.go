package followup

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
)

func TestReview(t *testing.T) {
	w := newWorld(t)
	w.add(act(t, record.EmergencyContent, "ANNA", own, tolvan))
	w.add(act(t, record.Read, "BERIT", other, tolvan))
	w.add(act(t, record.Read, "AUDITOR", own, tolvan))
	w.add(act(t, record.ViewClosed, "ANNA", own, tolvan))
	queue := protocol.Follow{Report: protocol.ReportEmergencies}
	r := w.report(queue)
	if got := whoIn(r); !slices.Equal(got, []string{"ANNA Nödöppning"}) {
		t.Fatalf("the queue holds %q", got)
	}
	good := protocol.Review{Entry: r.Rows[0].ID, Outcome: protocol.ReviewQuestioned, Comment: "asked the ward"}
	v := w.log.View()
	at := func(n uint64) string { return record.ShortID(v.Log(n-1, 1)[0].ID) }
	for name, c := range map[string]struct {
		entry   string
		outcome protocol.ReviewOutcome
		want    error
	}{
		"another's":   {at(2), protocol.ReviewInOrder, ErrNoEntry},
		"one's own":   {at(3), protocol.ReviewInOrder, ErrOwnAccess},
		"the system":  {at(4), protocol.ReviewInOrder, ErrNoEntry},
		"no such":     {"AAAAAAAAAAAAAAAA", protocol.ReviewInOrder, ErrNoEntry},
		"no id":       {"hello", protocol.ReviewInOrder, ErrNoEntry},
		"no outcome":  {good.Entry, protocol.ReviewNone, ErrTerms},
		"any outcome": {good.Entry, 4, ErrTerms},
	} {
		if _, err := w.s.Review(t.Context(), w.who, protocol.Review{Entry: c.entry, Outcome: c.outcome}); err == nil || !strings.Contains(err.Error(), c.want.Error()) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	own, err := w.s.Review(t.Context(), w.who, good)
	if err != nil {
		t.Fatal(err)
	}
	if e := w.newest(); e.Activity != record.Review || e.Outcome != protocol.ReviewQuestioned || e.Note != "asked the ward" || own != record.ShortID(e.ID) {
		t.Errorf("recorded %+v, answered %s", e, own)
	}
	if got := w.report(queue); len(got.Rows) != 0 || got.More {
		t.Errorf("still in the queue: %v", whoIn(got))
	}
	row := w.report(w.follow(protocol.ReportProvider)).Rows[0]
	if row.Outcome != protocol.ReviewQuestioned || row.ReviewedAt == 0 {
		t.Errorf("later reports say %+v", row)
	}
	good.Outcome = protocol.ReviewMisuse // looked into
	if _, err := w.s.Review(t.Context(), w.who, good); err != nil {
		t.Fatal(err)
	}
	if row := w.report(w.follow(protocol.ReportProvider)).Rows[0]; row.Outcome != protocol.ReviewMisuse {
		t.Errorf("the latest review is %d", row.Outcome)
	}
	if _, err := w.s.Review(t.Context(), w.who, protocol.Review{Entry: own, Outcome: 1}); err == nil {
		t.Error("a review is reviewed")
	}
	operator := w.who
	operator.Operator = "op"
	if _, err := w.s.Review(t.Context(), operator, good); err == nil {
		t.Error("an operator reviews")
	}
}

func TestQueueGoesOn(t *testing.T) {
	w := newWorld(t)
	for range protocol.MaxReportRows + 1 {
		w.add(act(t, record.EmergencyProviders, "ANNA", own, tolvan))
	}
	w.add(act(t, record.EmergencyProviders, "BERIT", other, tolvan))
	f := protocol.Follow{Report: protocol.ReportEmergencies}
	first := w.report(f)
	f.After = first.After
	second := w.report(f)
	if len(first.Rows) != protocol.MaxReportRows || !first.More || len(second.Rows) != 1 || second.More {
		t.Errorf("%d rows (more %v), then %d (more %v)", len(first.Rows), first.More, len(second.Rows), second.More)
	}
}

func TestSample(t *testing.T) {
	w := newWorld(t)
	for i := range sampleSize + 5 {
		w.add(act(t, record.Read, fmt.Sprint("E", i), own, tolvan))
	}
	w.add(act(t, record.Read, "BERIT", other, tolvan))
	seen := map[string]bool{}
	for range 4 {
		r := w.report(w.follow(protocol.ReportSample))
		if len(r.Rows) != sampleSize-len(seen) && len(r.Rows) != sampleSize && len(r.Rows) != sampleSize+5-len(seen) {
			t.Fatalf("%d rows", len(r.Rows))
		}
		for _, row := range r.Rows[:min(8, len(r.Rows))] {
			if seen[row.ID] || row.Who.Employee == "BERIT" {
				t.Fatalf("sampled again, or another's: %+v", row)
			}
			seen[row.ID] = true
			if _, err := w.s.Review(t.Context(), w.who, protocol.Review{Entry: row.ID, Outcome: protocol.ReviewInOrder}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(seen) != sampleSize+5 {
		t.Errorf("%d of %d came up", len(seen), sampleSize+5)
	}
}

func TestExplain(t *testing.T) {
	w := newWorld(t)
	e := act(t, record.Read, "ANNA", own, tolvan)
	e.Decision = record.Decision{Permit: false, Reason: access.ReasonNoEngagement.String(), DecidedAt: 7}
	w.at += 1000
	e.At = w.at
	e.Decision.AsOf[record.AsOfBlocks] = e.At - 5*minute
	e.Decision.AsOf[record.AsOfCommissions] = e.At - 40*minute
	e = w.add(e)
	w.add(act(t, record.Read, "BERIT", other, tolvan))
	for _, given := range []string{record.ShortID(e.ID), strings.ToLower(record.ShortID(e.ID)), record.UUID(e.ID), strings.ReplaceAll(record.UUID(e.ID), "-", "")} {
		x, err := w.s.Explain(t.Context(), "op 1a", given)
		if err != nil {
			t.Fatalf("%s: %v", given, err)
		}
		if x.Sequence != 1 || x.Decision.Permit || x.Fault != protocol.FaultNoEngagement || x.Actor.EmployeeName != "" || x.UUID != record.UUID(e.ID) {
			t.Errorf("%s: %+v", given, x)
		}
		blocks, consents, commissions := x.Facts[record.AsOfBlocks], x.Facts[record.AsOfConsents], x.Facts[record.AsOfCommissions]
		if !blocks.Fresh() || blocks.Age != 5*minute || consents.Fresh() || commissions.Fresh() || commissions.Age != 40*minute {
			t.Errorf("facts %+v", x.Facts)
		}
		if got := w.newest(); got.Activity != record.ReadLog || got.Actor.Operator != "op 1a" || got.About != e.ID || got.Patient != e.Patient {
			t.Errorf("recorded %+v", got)
		}
		if strings.Contains(fmt.Sprintf("%+v", x), tolvan) {
			t.Error("an explanation names the patient")
		}
	}
	for _, given := range []string{"", "-", "1", strings.Repeat("A", 16), strings.Repeat("z", 32), strings.Repeat("0", 32), strings.Repeat("A", 99)} {
		if _, err := w.s.Explain(t.Context(), "op", given); err == nil {
			t.Errorf("%q is explained", given)
		}
	}
	w.report(w.follow(protocol.ReportProvider))
	x, err := w.s.Explain(t.Context(), "op", record.ShortID(w.newest().ID))
	if err != nil || len(x.Facts) != 1 || x.Facts[0].Name != "commissions" || !x.Facts[0].Fresh() {
		t.Errorf("a reading of the log rested on %+v, %v", x.Facts, err)
	}
	if _, err := w.s.Explain(t.Context(), "", record.ShortID(e.ID)); err == nil {
		t.Error("explained to nobody")
	}
}
