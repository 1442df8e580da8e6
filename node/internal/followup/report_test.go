package followup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

func TestReportsHoldTheOwnCareProvidersStaff(t *testing.T) {
	w := newWorld(t)
	w.add(act(t, record.Read, "ANNA", own, tolvan))
	w.add(act(t, record.ViewClosed, "ANNA", own, tolvan)) // the system's
	w.add(act(t, record.Read, "BERIT", other, tolvan))
	w.add(act(t, record.OpenPatient, "CARIN", own, agda))

	got := whoIn(w.report(w.follow(protocol.ReportProvider)))
	want := []string{"ANNA Läsa", "CARIN Öppna patient", "AUDITOR Läsa åtkomstlogg"} // the reading itself too
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the care provider's report (-want +got):\n%s", diff)
	}
	f := w.follow(protocol.ReportEmployee)
	f.Employee = id(t, protocol.ParseEmployeeID, "CARIN")
	if got := whoIn(w.report(f)); !slices.Equal(got, []string{"CARIN Öppna patient"}) {
		t.Errorf("the employee's report: %q", got)
	}
	f = w.follow(protocol.ReportPatient)
	f.Patient = id(t, protocol.ParsePatientID, tolvan)
	r := w.report(f)
	if got := whoIn(r); !slices.Equal(got, []string{"ANNA Läsa", "AUDITOR Läsa åtkomstlogg"}) {
		t.Errorf("the patient's report: %q", got)
	}
	if row := r.Rows[0]; row.Patient != f.Patient || row.Who.Name != "Name of ANNA" || row.Who.CareUnit != "Unit X" || row.At == 0 || !row.Permit {
		t.Errorf("row %+v", row)
	}
}

// Nothing is read that is not recorded first.
func TestReadingIsRecordedFirst(t *testing.T) {
	w := newWorld(t)
	w.add(act(t, record.Read, "ANNA", own, tolvan))
	w.log.Before(func(command.Command) error { return errors.New("no majority") })
	r, err := w.s.Report(t.Context(), w.who, w.follow(protocol.ReportProvider))
	w.wants(err, ErrNotRecorded)
	if len(r.Rows) > 0 || faultOf(err) != protocol.FaultNoQuorum {
		t.Errorf("rows %v, fault %d", r.Rows, faultOf(err))
	}
	_, err = w.s.Explain(t.Context(), "operator", record.ShortID(w.newest().ID))
	w.wants(err, ErrNotRecorded)
	w.log.Before(nil)

	f := w.follow(protocol.ReportPatient)
	f.Patient = id(t, protocol.ParsePatientID, tolvan)
	w.report(f)
	e := w.newest()
	if e.Activity != record.ReadLog || e.Patient != f.Patient || !strings.Contains(e.Note, "åtkomster till en patient") || !e.Decision.Permit ||
		e.Actor.Employee != w.who.Employee || e.Purpose != followPurpose || e.Salt == [16]byte{} {
		t.Errorf("recorded %+v", e)
	}
	if strings.Contains(e.Note, tolvan) {
		t.Error("the note names the patient")
	}
}

func TestWhoMay(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world)
		want  error
	}{
		"another's commission": {func(w *world) { w.who.Commission.ID = "FOLLOW-2" }, ErrNotAllowed},
		"withdrawn":            {func(w *world) { w.who.Employee = id(w.t, protocol.ParseEmployeeID, "NOBODY") }, ErrNotAllowed},
		"for care": {func(w *world) {
			w.who.Commission.Purpose = record.PurposeCare
			w.commission(w.who.Employee, w.who.Commission, now())
		}, ErrNotAllowed},
		"stale":    {func(w *world) { w.asOf(now() - 31*minute) }, ErrUnknown},
		"ahead":    {func(w *world) { w.asOf(now() + 31*minute) }, ErrUnknown},
		"operator": {func(w *world) { w.who = Reader{Operator: "op"} }, ErrNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.add(act(t, record.Read, "ANNA", own, tolvan))
			c.spoil(w)
			r, err := w.s.Report(t.Context(), w.who, w.follow(protocol.ReportProvider))
			w.wants(err, c.want)
			if e := w.newest(); e.Activity != record.ReadLog || e.Decision.Permit || len(r.Rows) > 0 {
				t.Errorf("recorded %+v, answered %d rows", e, len(r.Rows))
			}
		})
	}
	w := newWorld(t)
	w.who = Reader{Operator: "op 1a", Commission: projection.Commission{CareProvider: own}}
	w.report(w.follow(protocol.ReportProvider))
	if e := w.newest(); e.Actor.Operator != "op 1a" || !e.Decision.Permit {
		t.Errorf("recorded %+v", e)
	}
}

// The session's own commission is read anew, so its care provider is the one reported.
func TestTheCareProviderIsTheCommissionsOfToday(t *testing.T) {
	w := newWorld(t)
	w.add(act(t, record.Read, "BERIT", other, tolvan))
	w.who.Commission.CareProvider = other
	if got := whoIn(w.report(w.follow(protocol.ReportProvider))); slices.Contains(got, "BERIT Läsa") {
		t.Errorf("another care provider's staff is reported: %q", got)
	}
}

func TestTerms(t *testing.T) {
	w := newWorld(t)
	patient, employee := id(t, protocol.ParsePatientID, tolvan), w.who.Employee
	for name, f := range map[string]protocol.Follow{
		"no kind":       {From: 1, To: 2},
		"unknown kind":  {Report: 9, From: 1, To: 2},
		"no period":     {Report: protocol.ReportProvider},
		"backwards":     {Report: protocol.ReportProvider, From: 2, To: 1},
		"too long":      {Report: protocol.ReportProvider, From: 1, To: 2 + protocol.Instant(MaxPeriod.Milliseconds())},
		"whom":          {Report: protocol.ReportPatient, From: 1, To: 2},
		"a patient too": {Report: protocol.ReportProvider, From: 1, To: 2, Patient: patient},
		"which":         {Report: protocol.ReportEmployee, From: 1, To: 2},
		"somebody too":  {Report: protocol.ReportSample, From: 1, To: 2, Employee: employee},
	} {
		_, err := w.s.Report(t.Context(), w.who, f)
		if !errors.Is(err, ErrTerms) || faultOf(err) != protocol.FaultReportTerms {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	for range protocol.MaxReportRows + 3 {
		w.add(act(t, record.Read, "ANNA", own, tolvan))
	}
	f := w.follow(protocol.ReportEmployee)
	f.Employee = id(t, protocol.ParseEmployeeID, "ANNA")
	first := w.report(f)
	if len(first.Rows) != protocol.MaxReportRows || !first.More {
		t.Fatalf("%d rows, more %v", len(first.Rows), first.More)
	}
	f.After = first.After
	second := w.report(f)
	if len(second.Rows) != 3 || second.More || second.Rows[0].ID == first.Rows[len(first.Rows)-1].ID {
		t.Errorf("then %d rows, more %v", len(second.Rows), second.More)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.s.Report(ctx, w.who, f); err == nil {
		t.Error("a report goes on when nobody waits for it")
	}
}

// A period is found by halving, in a log that is only nearly in order of time.
func TestPeriodsAreFound(t *testing.T) {
	w := newWorld(t)
	var all []protocol.Instant
	rapid.Check(t, func(r *rapid.T) {
		for range rapid.IntRange(0, 40).Draw(r, "entries") {
			w.at += protocol.Instant(rapid.Int64Range(0, 3*int64(minute)).Draw(r, "later"))
			e := act(t, record.Read, "ANNA", own, tolvan)
			e.At = w.at + 1000 - protocol.Instant(rapid.Int64Range(0, int64(disorder)).Draw(r, "late"))
			all = append(all, w.add(e).At)
		}
		if len(all) == 0 {
			return
		}
		from := rapid.SampledFrom(all).Draw(r, "from") + protocol.Instant(rapid.Int64Range(-1, 1).Draw(r, "by"))
		to := from + protocol.Instant(rapid.Int64Range(0, 60*int64(minute)).Draw(r, "long"))
		want := 0
		for _, at := range all {
			if at >= from && at <= to {
				want++
			}
		}
		got := 0
		_, _, err := w.s.walk(t.Context(), scan{from: from, to: to, limit: maxScanned}, func(_ *raftfsm.View, e entry) (bool, error) {
			got++
			return true, nil
		})
		if err != nil || got != want {
			r.Fatalf("%d entries are found of %d, %v", got, want, err)
		}
	})
}

func TestEntriesWhoseKeyIsGoneAreLeftOut(t *testing.T) {
	w := newWorld(t)
	gone, err := sealing.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	w.addSealed(act(t, record.Read, "OLD", own, tolvan), gone)
	w.add(act(t, record.Read, "ANNA", own, tolvan))
	if got := whoIn(w.report(w.follow(protocol.ReportProvider))); len(got) != 2 || got[0] != "ANNA Läsa" {
		t.Errorf("reported %q", got)
	}
	_, err = w.s.Explain(t.Context(), "op", record.ShortID(w.log.View().Log(0, 1)[0].ID))
	w.wants(err, ErrNoEntry)
}

func TestPatientsOwnReport(t *testing.T) {
	w := newWorld(t)
	e := act(t, record.EmergencyContent, "ANNA", own, tolvan)
	e.Note = "why"
	w.add(e)
	w.add(act(t, record.Read, "BERIT", other, tolvan))
	w.add(act(t, record.Read, "BERIT", other, tolvan))
	w.add(act(t, record.OpenPatient, "DORA", third, tolvan)) // discloses nothing
	denied := act(t, record.Read, "EVA", third, tolvan)
	denied.Decision.Permit = false
	w.add(denied)
	w.add(act(t, record.Read, "FREJA", own, agda))
	f := w.follow(protocol.ReportOwnAccess)
	f.Patient = id(t, protocol.ParsePatientID, tolvan)
	r := w.report(f)
	if len(r.Rows) != 2 {
		t.Fatalf("rows %+v", r.Rows)
	}
	mine, theirs := r.Rows[0], r.Rows[1]
	if mine.Who.Name != "Name of ANNA" || mine.Who.Employee != "" || mine.Note != "" || mine.At == 0 || mine.Who.CareUnit != "Unit X" {
		t.Errorf("the own care provider's: %+v", mine)
	}
	want := protocol.LogRow{Who: protocol.LogWho{CareProvider: other}}
	if fmt.Sprintf("%+v", theirs) != fmt.Sprintf("%+v", want) {
		t.Errorf("of another care provider is told %+v", theirs)
	}
	w.add(act(t, record.Read, "BERIT", other, tolvan))
	f.After = r.After
	if again := w.report(f); len(again.Rows) != 0 {
		t.Errorf("told again: %+v", again.Rows)
	}
}

func TestProtectedStaffHaveNoName(t *testing.T) {
	w := newWorld(t)
	w.add(act(t, record.Read, "ANNA", own, tolvan))
	w.commission(id(t, protocol.ParseEmployeeID, "ANNA"), projection.Commission{ID: "C", Protected: true}, now()) // since
	if row := w.report(w.follow(protocol.ReportProvider)).Rows[0]; row.Who.Name != "" || row.Who.Employee != "ANNA" {
		t.Errorf("row %+v", row.Who)
	}
}

// One node's clock is wrong, or somebody wants it to look so: what the others did is
// reported all the same, whether the period ends before that time or begins after it.
func TestAWrongClockHidesNothing(t *testing.T) {
	for name, wrong := range map[string]protocol.Instant{"ahead": now() + 24*60*minute, "behind": now() - 24*60*minute} {
		for at := range 9 { // the halving looks at some of these places
			w := newWorld(t)
			for i := range 9 {
				if i == at {
					e := act(t, record.OpenPatient, "CLOCK", own, tolvan)
					e.At = wrong
					w.add(e)
				}
				w.add(act(t, record.Read, "ANNA", own, tolvan))
			}
			f := w.follow(protocol.ReportEmployee)
			f.From, f.Employee = now()-2*60*minute, id(t, protocol.ParseEmployeeID, "ANNA")
			if got := whoIn(w.report(f)); len(got) != 9 {
				t.Errorf("a clock %s at place %d: %d of 9 reported", name, at, len(got))
			}
		}
	}
}

// An access by another of the patient's identities is one to the same person.
func TestReportsAreOfAllIdentitiesOfThePatient(t *testing.T) {
	w := newWorld(t)
	patient, other := id(t, protocol.ParsePatientID, tolvan), id(t, protocol.ParsePatientID, agda)
	subject, key := w.ring.Patient(patient), w.ring.Key(projection.PersonDomain)
	plain := projection.AppendPerson(nil, projection.Person{Linked: []string{other.Reveal()}})
	w.log.Do(command.KindPersonPage, command.FeedPage{AsOf: int64(now()), Watermark: "w", Upserts: []command.Row{{
		RowKey: command.RowKey{Subject: subject, Key: key}, Digest: w.ring.Digest(plain),
		Sealed: w.ring.Seal(sealing.Persons, sealing.Place(subject, key), plain),
	}}})
	w.add(act(t, record.Read, "ANNA", own, agda))
	w.add(act(t, record.Read, "BERIT", own, tolvan))
	w.add(act(t, record.Read, "CARIN", own, agda))
	for _, kind := range []protocol.ReportKind{protocol.ReportPatient, protocol.ReportOwnAccess} {
		f := w.follow(kind)
		f.Patient = patient
		var got []string
		for _, row := range w.report(f).Rows[:3] {
			got = append(got, row.Who.Name)
		}
		if diff := cmp.Diff([]string{"Name of ANNA", "Name of BERIT", "Name of CARIN"}, got); diff != "" {
			t.Errorf("report %d: %s", kind, diff)
		}
	}
}

// withdrawing has something happen after each proposal.
type withdrawing struct {
	Proposer
	then func()
}

func (p withdrawing) Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error) {
	results, err := p.Proposer.Propose(ctx, commands...)
	p.then()
	return results, err
}

func TestACommissionThatIsWithdrawnMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.add(act(t, record.Read, "ANNA", own, tolvan))
	w.s.cfg.Proposer = withdrawing{w.log, func() {
		w.log.Do(command.KindCommissionPage, command.FeedPage{AsOf: int64(now()), Watermark: "w2", Removes: []command.RowKey{{
			Subject: w.ring.Employee(w.who.Employee), Key: w.ring.Key(projection.CommissionDomain, w.who.Commission.ID),
		}}})
	}}
	r, err := w.s.Report(t.Context(), w.who, w.follow(protocol.ReportProvider))
	w.wants(err, ErrNotAllowed)
	if len(r.Rows) > 0 {
		t.Errorf("rows %v", whoIn(r))
	}
}

func TestARefusedReviewIsRecorded(t *testing.T) {
	w := newWorld(t)
	e := w.add(act(t, record.EmergencyContent, "ANNA", own, tolvan))
	w.who.Commission.ID = "FOLLOW-2"
	_, err := w.s.Review(t.Context(), w.who, protocol.Review{Entry: record.ShortID(e.ID), Outcome: protocol.ReviewInOrder})
	w.wants(err, ErrNotAllowed)
	if got := w.newest(); got.Activity != record.Review || got.Decision.Permit || got.Actor.Employee != w.who.Employee || got.Outcome != protocol.ReviewNone {
		t.Errorf("recorded %+v", got)
	}
}

// Who may not follow up is told so, and an operator who asks why is told the same.
func TestARefusalToFollowUpIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		reason access.Reason
	}{
		"another commission":        {func(w *world) { w.who.Commission.ID = "FOLLOW-2" }, access.ReasonNoFollowUp},
		"commissions too old":       {func(w *world) { w.asOf(now() - 31*minute) }, access.ReasonCommissionsUnknown},
		"an operator without place": {func(w *world) { w.who = Reader{Operator: "op"} }, access.ReasonNoFollowUp},
	} {
		w := newWorld(t)
		c.change(w)
		_, refused := w.s.Report(t.Context(), w.who, w.follow(protocol.ReportProvider))
		e := w.newest()
		if e.Decision.Permit || e.Decision.Reason != c.reason.String() {
			t.Errorf("%s: recorded %+v", name, e.Decision)
		}
		x, err := w.s.Explain(t.Context(), "op", record.ShortID(e.ID))
		if err != nil || refused == nil || x.Fault != faultOf(refused) || x.Fault != c.reason.Fault() {
			t.Errorf("%s: explained as %d (%v), refused with %v", name, x.Fault, err, refused)
		}
	}
}

// Whoever waits for the queue of emergencies, while somebody else has it filled, waits
// no longer than the context lasts; and gets it when it is free.
func TestTheQueueIsNotWaitedForInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.add(act(t, record.EmergencyContent, "ANNA", own, tolvan))
		if err := w.s.queue.hold(t.Context()); err != nil {
			t.Fatal(err)
		}
		f := protocol.Follow{Report: protocol.ReportEmergencies}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := w.s.Report(ctx, w.who, f)
		w.wants(err, context.DeadlineExceeded)
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("waited for %v", waited)
		}
		answers := make(chan protocol.Report)
		for range 3 {
			go func() {
				r, err := w.s.Report(t.Context(), w.who, f)
				if err != nil {
					t.Error(err)
				}
				answers <- r
			}()
		}
		synctest.Wait()
		select {
		case <-answers:
			t.Error("answered from a queue that somebody else has")
		default:
		}
		w.s.queue.release()
		for range 3 {
			if got := whoIn(<-answers); !slices.Equal(got, []string{"ANNA Nödöppning"}) {
				t.Errorf("the queue holds %q", got)
			}
		}
	})
}
