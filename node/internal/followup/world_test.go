package followup

import (
	"errors"
	"testing"
	"time"

	"tvilling/node/internal/logtest"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

const (
	own    = "SE1111111111-OWN"
	other  = "SE2222222222-OTHER"
	third  = "SE3333333333-THIRD"
	minute = protocol.Instant(60 * 1000)
)

type world struct {
	t    *testing.T
	log  *logtest.Log
	ring *sealing.Ring
	s    *Service
	who  Reader
	at   protocol.Instant // of the next entry
}

func id[T any](t testing.TB, parse func(string) (T, error), s string) T {
	t.Helper()
	v, err := parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ring, err := sealing.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, log: logtest.Open(t), ring: ring, at: now() - 60*minute}
	w.s, err = New(Config{
		Node: "a1", State: w.log.FSM, Proposer: w.log, Ring: ring,
	})
	if err != nil {
		t.Fatal(err)
	}
	c := projection.Commission{ID: "FOLLOW-1", Name: "Logg", Purpose: followPurpose, CareUnit: "UNIT-A", CareProvider: own, EmployeeName: "Lo Gransson",
		Rights: []projection.Right{{Activity: "Läsa", InformationClass: "logg", Scope: "VG"}}}
	w.who = Reader{Employee: id(t, protocol.ParseEmployeeID, "AUDITOR"), Commission: c, Session: "s"}
	w.commission(w.who.Employee, c, now())
	return w
}

// commission feeds one commission, as known as of a time.
func (w *world) commission(e protocol.EmployeeID, c projection.Commission, asOf protocol.Instant) {
	w.t.Helper()
	subject, key := w.ring.Employee(e), w.ring.Key(projection.CommissionDomain, c.ID)
	plain := projection.AppendCommission(nil, c)
	w.log.Do(command.KindCommissionPage, command.FeedPage{AsOf: int64(asOf), Watermark: "w", Upserts: []command.Row{{
		RowKey: command.RowKey{Subject: subject, Key: key}, Digest: w.ring.Digest(plain),
		Sealed: w.ring.Seal(sealing.Commissions, sealing.Place(subject, key), plain),
	}}})
}

// act is an entry of an employee of a care provider.
func act(t testing.TB, activity record.Activity, employee, provider, patient string) record.Entry {
	e := record.Entry{Activity: activity, Purpose: record.PurposeCare, Session: "session-" + employee, Node: "a1"}
	e.Actor.Employee = id(t, protocol.ParseEmployeeID, employee)
	e.Actor.CareProvider = id(t, protocol.ParseCareProviderID, provider)
	e.Actor.EmployeeName, e.Actor.EmployeeTitle = "Name of "+employee, "Doctor"
	e.Actor.CareUnit, e.Actor.CareUnitName = id(t, protocol.ParseCareUnitID, "UNIT-X"), "Unit X"
	if patient != "" {
		e.Patient = id(t, protocol.ParsePatientID, patient)
	}
	e.Decision.Permit, e.Decision.Reason = true, "with consent"
	return e
}

const (
	tolvan = "199701062383"
	agda   = "199805312387"
)

// add puts an entry in the log, a second after the last unless it has a time of its own.
func (w *world) add(e record.Entry) record.Entry { return w.addSealed(e, w.ring) }

func (w *world) addSealed(e record.Entry, ring *sealing.Ring) record.Entry {
	w.t.Helper()
	w.at += 1000
	if e.At == 0 {
		e.At = w.at
	}
	e.ID = record.NewID()
	subject, plain := w.ring.Patient(e.Patient), record.Append(nil, e)
	w.log.Do(command.KindRecordEvent, command.RecordEvent{Entry: command.LogEntry{
		ID: e.ID, Subject: subject, Sealed: ring.SealLog(sealing.Place(subject, e.ID), plain), Commitment: record.Commitment(plain),
	}})
	return e
}

func (w *world) follow(kind protocol.ReportKind) protocol.Follow {
	return protocol.Follow{Report: kind, From: now() - 24*60*minute, To: now() + minute}
}

func (w *world) report(f protocol.Follow) protocol.Report {
	w.t.Helper()
	r, err := w.s.Report(w.t.Context(), w.who, f)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// whoIn lists who did what in the rows.
func whoIn(r protocol.Report) (all []string) {
	for _, row := range r.Rows {
		all = append(all, row.Who.Employee+" "+row.Activity)
	}
	return all
}

// newest opens the newest entry of the log.
func (w *world) newest() record.Entry {
	w.t.Helper()
	v := w.log.View()
	all := v.Log(v.LogLength()-1, 1)
	e, ok, err := w.s.open(all[0])
	if err != nil || !ok {
		w.t.Fatal(err)
	}
	return e.Entry
}

func (w *world) wants(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("error %v, want %v", err, want)
	}
}

func stockholm(t testing.TB, text string) protocol.Instant {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return protocol.Instant(at.UnixMilli())
}

// asOf has the commissions known as of another time.
func (w *world) asOf(at protocol.Instant) {
	for _, t := range []protocol.Instant{1, at} { // 1: taken back first
		w.log.Do(command.KindCommissionPage, command.FeedPage{AsOf: int64(t), Watermark: "w"})
	}
}

func faultOf(err error) protocol.Fault {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Fault()
	}
	return protocol.FaultNone
}
