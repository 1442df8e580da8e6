package session

import (
	"context"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// attestation is what an act would register on a decision, or the reason why nothing may
// be. The zero value is nothing: what the act wants stands already, or the patient does
// not open; opening the patient anew then says, and records, how it is.
type attestation struct {
	row    projection.Consent
	reason access.Reason
}

// attest registers what the plan says of the decision. It decides anew when the log
// says that something changed after the View (P2).
func (r *recorder) attest(ctx context.Context, a ask, kind command.Kind, plan func(d access.Decision) attestation) refusal {
	for range decideTries {
		d, err := r.decide(ctx, &a)
		switch {
		case err != nil:
			return a.refused(protocol.FaultInternal, err)
		case !d.permits():
			return refusal{}
		}
		what := plan(d.decision)
		switch {
		case what == attestation{}:
			return refusal{}
		case what.reason.Fault() != protocol.FaultNone:
			return r.deny(ctx, a, d, what.reason)
		}
		d.reason = what.reason
		status, _, failed := r.commit(ctx, a, wish(kind, command.RegisterConsent{
			DecidedAt: d.decision.Index(), Actor: r.ring.Employee(a.question.Employee), Linked: d.subjects.linked(),
			Row: r.consentRow(a.question.Patient, what.row), Entry: r.seal(r.entry(a, d)),
		}))
		if status != command.StatusStale {
			return failed
		}
	}
	return a.refused(protocol.FaultBusy, errStale)
}

// deny records that nothing may be registered, and says so.
func (r *recorder) deny(ctx context.Context, a ask, d decided, why access.Reason) refusal {
	d.deny(why)
	if _, _, failed := r.commit(ctx, a, r.accesses(a, d)...); failed.fault != protocol.FaultNone {
		return failed
	}
	return a.refused(why.Fault(), nil)
}

// consent registers a consent for the commission's unit, or for its holder alone.
func (r *recorder) consent(ctx context.Context, a ask, f protocol.Consent) refusal {
	return r.attest(ctx, a, command.KindRegisterConsent, func(d access.Decision) attestation {
		switch {
		case d.Basis() == protocol.BasisConsent:
			return attestation{}
		case d.Deceased():
			return attestation{reason: access.ReasonActDeceased}
		case !d.MayConsent():
			return attestation{reason: access.ReasonActConsentsUnknown}
		case !mayGive(d, f):
			return attestation{reason: access.ReasonActGiver}
		}
		row := attested(a, d, time.Duration(f.Days)*24*time.Hour)
		row.Given, row.GivenBy = f.Given, f.Representative.Reveal()
		if f.Given == protocol.GiverUnknown {
			row.Given = protocol.GiverPatient
		}
		if !f.Personal {
			row.Employee = ""
		}
		return attestation{row: row, reason: access.ReasonConsentAttested}
	})
}

// mayGive reports whether the one who is said to have consented can: the patient; for a
// child a guardian, who is named, or the child itself if it is mature; and for one who
// cannot consent a representative, who is named too.
func mayGive(d access.Decision, f protocol.Consent) bool {
	named := !f.Representative.IsZero()
	switch f.Given {
	case protocol.GiverUnknown, protocol.GiverPatient:
		return !d.Child() && !named
	case protocol.GiverGuardian:
		return named && f.Representative != d.Question().Patient
	case protocol.GiverMature:
		return d.Child() && !named
	default:
		return false
	}
}

// emergency registers an emergency's step for who asks alone. The second step takes
// the place of the first.
func (r *recorder) emergency(ctx context.Context, a ask, step protocol.EmergencyStep) refusal {
	return r.attest(ctx, a, command.KindRegisterEmergency, func(d access.Decision) attestation {
		switch {
		case d.Reason() == access.ReasonConsentsUnknown:
			return attestation{reason: access.ReasonActConsentsUnknown}
		case d.Deceased():
			return attestation{reason: access.ReasonActDeceased}
		case step != d.Step()+1 || step == protocol.EmergencyProviders && !d.MayAttest():
			return attestation{reason: access.ReasonActStep}
		}
		row := attested(a, d, time.Duration(access.EmergencyFor)*time.Millisecond)
		row.Emergency = step
		if first, before := firstStep(a, d); before { // the time runs from the first step
			row.ID, row.Start, row.End = first.ID, first.Start, first.End
		}
		return attestation{row: row, reason: access.ReasonEmergencyAttested}
	})
}

// firstStep finds the row of the emergency that goes on. One that was registered
// elsewhere, or for somebody else as well, is left as it is.
func firstStep(a ask, d access.Decision) (first access.Consent, found bool) {
	for _, c := range d.Consents() {
		if c.Emergency == protocol.EmergencyProviders && c.Local && c.Start <= now() && c.Patient == a.question.Patient && c.Employee == a.question.Employee.Reveal() {
			return c, true
		}
	}
	return first, false
}

// attested is what an employee registers for themselves, from now on.
func attested(a ask, d access.Decision, lasts time.Duration) projection.Consent {
	at, c := now(), d.Commission()
	return projection.Consent{
		ID: text(record.NewID()), CareProvider: c.CareProvider, CareUnit: c.CareUnit, Employee: a.question.Employee.Reveal(),
		Start: at, End: at + protocol.Instant(lasts.Milliseconds()),
		RegisteredBy: a.question.Employee.Reveal(), RegisteredAt: at, Local: true,
	}
}

// consentRow seals a consent as the state keeps it.
func (r *recorder) consentRow(patient protocol.PatientID, c projection.Consent) command.Row {
	subject, key := r.ring.Patient(patient), r.ring.Key(projection.ConsentDomain, c.ID)
	plain := projection.AppendConsent(nil, c)
	return command.Row{
		RowKey: command.RowKey{Subject: subject, Key: key},
		Digest: r.ring.Digest(plain),
		Sealed: r.ring.Seal(sealing.Consents, sealing.Place(subject, key), plain),
	}
}

// endConsent ends every standing consent, and every emergency, that the asker's
// commission rests on, under whichever identity it is kept. Where none stands, there is
// nothing to end and nothing to record.
func (r *recorder) endConsent(ctx context.Context, a ask) refusal {
	d, err := r.decide(ctx, &a)
	if err != nil {
		return a.refused(protocol.FaultInternal, err)
	}
	var kept []protocol.PatientID
	rows := map[protocol.PatientID][]command.RowKey{}
	for _, c := range d.decision.Consents() {
		if rows[c.Patient] == nil {
			kept = append(kept, c.Patient)
		}
		rows[c.Patient] = append(rows[c.Patient], command.RowKey{Subject: r.ring.Patient(c.Patient), Key: r.ring.Key(projection.ConsentDomain, c.ID)})
	}
	if len(kept) == 0 {
		return refusal{}
	}
	d.reason = access.ReasonConsentEnded
	commands := make([]command.Command, 0, len(kept))
	for i, patient := range kept {
		entry := r.entry(a, d)
		if entry.Patient = patient; i > 0 {
			entry.ID = record.NewID()
		}
		commands = append(commands, wish(command.KindEndConsent, command.EndConsent{
			DecidedAt: d.decision.Index(), Actor: r.ring.Employee(a.question.Employee), Rows: rows[patient], Entry: r.seal(entry),
		}))
	}
	_, _, failed := r.commit(ctx, a, commands...)
	return failed
}

// activityOf is how the access log calls an emergency's step.
func activityOf(step protocol.EmergencyStep) record.Activity {
	if step == protocol.EmergencyContent {
		return record.EmergencyContent
	}
	return record.EmergencyProviders
}
