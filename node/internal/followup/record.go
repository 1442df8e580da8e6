package followup

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// record has an entry committed, and waits a while for it to be applied here, so that
// the reading itself is in what is read.
func (s *Service) record(ctx context.Context, e record.Entry) (id [16]byte, err error) {
	e.ID, e.At, e.Node = record.NewID(), now(), s.cfg.Node
	_, _ = rand.Read(e.Salt[:]) // ends the process rather than fail
	subject := s.cfg.Ring.Patient(e.Patient)
	if e.Activity == record.Review {
		subject = s.reviewsOf(e.About)
	}
	plain := record.Append(nil, e)
	body := command.RecordEvent{Entry: command.LogEntry{
		ID: e.ID, Subject: subject, Sealed: s.cfg.Ring.SealLog(sealing.Place(subject, e.ID), plain), Commitment: record.Commitment(plain),
	}}
	within, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	results, err := s.cfg.Proposer.Propose(within, command.Command{Kind: command.KindRecordEvent, Version: 1, Intent: record.NewID(), Body: body})
	switch {
	case err != nil:
		return e.ID, fmt.Errorf("%w: %w", ErrNotRecorded, err)
	case len(results) != 1 || results[0].Status != command.StatusDone:
		return e.ID, fmt.Errorf("%w: the state machine refused it", ErrNotRecorded)
	}
	applied, cancel := context.WithTimeout(ctx, appliedWithin)
	defer cancel()
	if err := s.cfg.State.WaitApplied(applied, results[0].Index); err != nil {
		return e.ID, fmt.Errorf("recorded, but not applied here in time: %w", err)
	}
	return e.ID, nil
}

// reviewsOf is the subject that the reviews of an entry are kept under: they are found
// from the entry, however long after it they came.
func (s *Service) reviewsOf(entry [16]byte) command.Subject {
	return s.cfg.Ring.Key(reviewDomain, string(entry[:]))
}

func actorOf(who Reader) record.Actor {
	c := who.Commission
	commission, _ := protocol.ParseCommissionID(c.ID) // an operator has none: then the ids are empty
	unit, _ := protocol.ParseCareUnitID(c.CareUnit)
	provider, _ := protocol.ParseCareProviderID(c.CareProvider)
	a := record.Actor{
		Employee: who.Employee, EmployeeName: c.EmployeeName, EmployeeTitle: c.EmployeeTitle,
		Commission: commission, CommissionName: c.Name, CareUnit: unit, CareUnitName: c.CareUnitName,
		CareProvider: provider, CareProviderName: c.CareProviderName,
		Operator: who.Operator[:min(len(who.Operator), maxOperator)],
	}
	if c.Protected {
		a.EmployeeName = ""
	}
	return a
}

// reportNames are the words of the log for the reports.
var reportNames = [...]string{
	protocol.ReportProvider: "vårdgivarens åtkomster", protocol.ReportEmployee: "en medarbetares åtkomster",
	protocol.ReportPatient: "åtkomster till en patient", protocol.ReportOwner: "andra vårdgivares åtkomster",
	protocol.ReportOwnAccess: "patientens egen rapport", protocol.ReportSample: "stickprov",
	protocol.ReportEmergencies: "nödöppningar utan granskning", protocol.ReportStatistics: "statistik",
}

// noteOf says in the log what is read of it. A patient is not in it, but in a field.
func noteOf(f protocol.Follow, zone *time.Location) string {
	date := func(at protocol.Instant) string { return timeIn(at, zone).Format("2006-01-02 15:04") }
	var b strings.Builder
	b.WriteString(reportNames[f.Report])
	if f.From > 0 {
		b.WriteString(", " + date(f.From) + " till " + date(f.To))
	}
	if !f.Employee.IsZero() {
		b.WriteString(", medarbetare " + f.Employee.Reveal())
	}
	if f.After > 0 {
		b.WriteString(", efter nummer " + strconv.FormatUint(f.After, 10))
	}
	return b.String()
}
