package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

var (
	errNotRecorded = errors.New("session: not recorded")
	errBehind      = errors.New("session: recorded, but not applied here in time")
	errStale       = errors.New("session: what decisions rest on keeps changing")
)

// ask is a wish to do something with a patient's record.
type ask struct {
	question  access.Question
	activity  record.Activity
	contracts access.ContractSet
	document  protocol.DocumentKey // zero: not one document
	view      string
	session   string
}

// outcome is how an ask went. Only where fault is FaultNone was it permitted, and
// then its record is committed, and applied on this node, at index.
type outcome struct {
	decision access.Decision
	index    uint64
	refusal
}

// refusal is what a browser is told of a failure, and what finds it in the record.
type refusal struct {
	fault protocol.Fault
	id    string
	at    protocol.Instant
	err   error // for the operator's log; never about a patient
}

// recorder decides and records. It has no state of its own and serves every session.
type recorder struct {
	state   State
	cluster Cluster
	ring    Ring
	node    string
	log     *slog.Logger
}

// access decides on a View and has the decision recorded, whichever it is. It decides
// anew when the log says that something changed after the View (P2).
func (r *recorder) access(ctx context.Context, a ask) outcome {
	id := newID()
	for range decideTries {
		d, permit, reason, err := r.decide(a)
		if err != nil {
			return outcome{refusal: refused(id, protocol.FaultInternal, err)}
		}
		entry := r.entry(id, a, d, permit, reason)
		result, err := r.propose(ctx, command.KindRecordAccess, command.RecordAccess{
			DecidedAt: d.Index(),
			Patient:   r.ring.Patient(a.question.Patient),
			Actor:     r.ring.Employee(a.question.Employee),
			Permit:    permit,
			Entry:     r.seal(entry),
		})
		if err != nil {
			return outcome{refusal: refused(id, protocol.FaultNoQuorum, err)}
		}
		if err := r.applied(ctx, result.Index); err != nil {
			return outcome{refusal: refused(id, protocol.FaultBehind, err)}
		}
		switch {
		case result.Status == command.StatusStale:
			continue
		case result.Status != command.StatusDone:
			return outcome{refusal: refused(id, protocol.FaultInternal, fmt.Errorf("%w: status %d", errNotRecorded, result.Status))}
		case !d.Permitted():
			return outcome{decision: d, index: result.Index, refusal: refused(id, d.Fault(), nil)}
		case !permit:
			return outcome{decision: d, index: result.Index, refusal: refused(id, protocol.FaultNotFound, nil)}
		}
		return outcome{decision: d, index: result.Index, refusal: refusal{id: text(id), at: entry.At}}
	}
	return outcome{refusal: refused(id, protocol.FaultBusy, errStale)}
}

// decide asks the gate on the newest View; for one document, the document's own
// question too.
func (r *recorder) decide(a ask) (d access.Decision, permit bool, reason string, err error) {
	v, err := r.state.View()
	if err != nil {
		return d, false, "", fmt.Errorf("reading the state: %w", err)
	}
	defer v.Close()
	facts, err := access.Collect(v, r.ring, a.question, access.Engagement{})
	if err != nil {
		r.log.Error("facts that cannot be read are unknown", "session", a.session, "error", err)
	}
	d = access.Decide(facts, now())
	permit, reason = d.Permitted(), d.Reason().String()
	if permit && a.document != (protocol.DocumentKey{}) {
		attributes, _, _, found := v.Document(r.ring.Patient(a.question.Patient), a.document)
		if !found {
			return d, false, "no such document", nil
		}
		verdict := d.Document(attributes, a.contracts)
		permit, reason = verdict.Shown, verdict.Reason.String()
	}
	return d, permit, reason, nil
}

// event records something that is no decision.
func (r *recorder) event(ctx context.Context, a ask, d access.Decision, reason string) (string, error) {
	id := newID()
	entry := r.entry(id, a, d, d.Permitted(), reason)
	_, err := r.propose(ctx, command.KindRecordEvent, command.RecordEvent{Entry: r.seal(entry)})
	return text(id), err
}

// entry is what the access log keeps of an ask.
func (r *recorder) entry(id [16]byte, a ask, d access.Decision, permit bool, reason string) record.Entry {
	c := d.Commission()
	unit, _ := protocol.ParseCareUnitID(c.CareUnit) // a denial may have no commission: then the ids are empty
	provider, _ := protocol.ParseCareProviderID(c.CareProvider)
	return record.Entry{
		ID: id, At: now(), Activity: a.activity, Purpose: c.Purpose,
		Actor: record.Actor{
			Employee: a.question.Employee, EmployeeName: c.EmployeeName,
			Commission: a.question.Commission, CareUnit: unit, CareProvider: provider,
		},
		Patient: a.question.Patient,
		Decision: record.Decision{
			Permit: permit, Reason: reason, Basis: d.Basis(), DecidedAt: d.Index(), AsOf: d.AsOf(),
		},
		Scope:   record.Scope{View: a.view, Contracts: numbers(a.contracts), Document: a.document},
		Session: a.session, Node: r.node,
	}
}

func (r *recorder) seal(e record.Entry) command.LogEntry {
	subject := r.ring.Patient(e.Patient)
	plain := record.Append(nil, e)
	return command.LogEntry{
		ID: e.ID, Subject: subject, Sealed: r.ring.SealLog(place(subject, e.ID), plain), Commitment: record.Commitment(plain),
	}
}

// consent registers a consent for the commission's unit, or for its holder alone.
// Where one stands already, or the gate refuses the patient, nothing is registered:
// opening the patient anew then says, and records, how it is. It decides anew when the
// log says that something changed after the View (P2).
func (r *recorder) consent(ctx context.Context, a ask, f protocol.Consent) refusal {
	id := newID()
	for range decideTries {
		d, _, _, err := r.decide(a)
		switch {
		case err != nil:
			return refused(id, protocol.FaultInternal, err)
		case !d.Permitted() || d.Basis() != protocol.BasisNone:
			return refusal{}
		case !d.MayConsent():
			return r.denyConsent(ctx, id, a, d)
		}
		status, fault := r.act(ctx, id, command.KindRegisterConsent, command.RegisterConsent{
			DecidedAt: d.Index(), Actor: r.ring.Employee(a.question.Employee),
			Row:   r.consentRow(a.question.Patient, consentOf(a, d, f)),
			Entry: r.seal(r.entry(id, a, d, true, "consent attested")),
		})
		if status != command.StatusStale {
			return fault
		}
	}
	return refused(id, protocol.FaultBusy, errStale)
}

// denyConsent records that nothing may be registered on what is known, and says so.
func (r *recorder) denyConsent(ctx context.Context, id [16]byte, a ask, d access.Decision) refusal {
	_, fault := r.act(ctx, id, command.KindRecordAccess, command.RecordAccess{
		DecidedAt: d.Index(), Patient: r.ring.Patient(a.question.Patient), Actor: r.ring.Employee(a.question.Employee),
		Entry: r.seal(r.entry(id, a, d, false, d.Reason().String())),
	})
	if fault.fault != protocol.FaultNone {
		return fault
	}
	return refused(id, protocol.FaultUnknownFacts, nil)
}

// consentOf is the consent that the frame asks for, from now on.
func consentOf(a ask, d access.Decision, f protocol.Consent) projection.Consent {
	at, c := now(), d.Commission()
	row := projection.Consent{
		ID: text(newID()), CareProvider: c.CareProvider, CareUnit: c.CareUnit,
		Start: at, End: at + protocol.Instant(time.Duration(f.Days)*24*time.Hour/time.Millisecond),
		RegisteredBy: a.question.Employee.Reveal(), RegisteredAt: at,
	}
	if f.Personal {
		row.Employee = a.question.Employee.Reveal()
	}
	return row
}

// consentRow seals a consent as the state keeps it.
func (r *recorder) consentRow(patient protocol.PatientID, c projection.Consent) command.Row {
	subject, key := r.ring.Patient(patient), r.ring.Key(projection.ConsentDomain, c.ID)
	plain := projection.AppendConsent(nil, c)
	return command.Row{
		RowKey: command.RowKey{Subject: subject, Key: key},
		Digest: r.ring.Digest(plain),
		Sealed: r.ring.Seal(sealing.Consents, place(subject, key), plain),
	}
}

// endConsent ends every standing consent that the asker's commission rests on. Where
// none stands, there is nothing to end and nothing to record.
func (r *recorder) endConsent(ctx context.Context, a ask) refusal {
	id := newID()
	d, _, _, err := r.decide(a)
	if err != nil {
		return refused(id, protocol.FaultInternal, err)
	}
	var rows []command.RowKey
	for _, c := range d.Consents() {
		rows = append(rows, command.RowKey{Subject: r.ring.Patient(c.Patient), Key: r.ring.Key(projection.ConsentDomain, c.ID)})
	}
	if len(rows) == 0 {
		return refusal{}
	}
	_, fault := r.act(ctx, id, command.KindEndConsent, command.EndConsent{
		DecidedAt: d.Index(), Actor: r.ring.Employee(a.question.Employee),
		Rows: rows, Entry: r.seal(r.entry(id, a, d, true, "consent ended")),
	})
	return fault
}

// act proposes a change that holds its own entry, and waits until it is applied here,
// or until what made it stale is.
func (r *recorder) act(ctx context.Context, id [16]byte, kind command.Kind, body any) (command.Status, refusal) {
	result, err := r.propose(ctx, kind, body)
	if err != nil {
		return command.StatusNone, refused(id, protocol.FaultNoQuorum, err)
	}
	if err := r.applied(ctx, result.Index); err != nil {
		return command.StatusNone, refused(id, protocol.FaultBehind, err)
	}
	if result.Status != command.StatusDone {
		return result.Status, refused(id, protocol.FaultInternal, fmt.Errorf("%w: status %d", errNotRecorded, result.Status))
	}
	return result.Status, refusal{}
}

// propose has one command committed. It repeats what failed with the same intent, so
// that a command whose outcome was unknown is made once.
func (r *recorder) propose(ctx context.Context, kind command.Kind, body any) (command.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	c := command.Command{Kind: kind, Version: 1, Intent: newID(), Body: body}
	for {
		results, err := r.cluster.Propose(ctx, c)
		if err == nil && len(results) == 1 {
			return results[0], nil
		}
		select {
		case <-ctx.Done():
			return command.Result{}, fmt.Errorf("%w: %w", errNotRecorded, errors.Join(err, ctx.Err()))
		case <-time.After(repeatAfter):
		}
	}
}

func (r *recorder) applied(ctx context.Context, index uint64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, applyWithin, errBehind)
	defer cancel()
	if err := r.state.WaitApplied(ctx, index); err != nil {
		return fmt.Errorf("%w: %w", errBehind, err)
	}
	return nil
}

func refused(id [16]byte, fault protocol.Fault, err error) refusal {
	return refusal{fault: fault, id: text(id), at: now(), err: err}
}

// newID draws an id. It begins with the time in milliseconds: the log finds entries by
// id, and ids that come together then stand together, which makes a commit touch a few
// pages of its file instead of one for each entry. The rest is drawn.
func newID() (id [16]byte) {
	rand.Read(id[:])
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(time.Now().UnixMilli()))
	copy(id[:], at[2:])
	return id
}

// text is the part of an id that people meet.
func text(id [16]byte) string { return record.ShortID(id) }

// place is where a sealed value stands: under whom, and which.
func place(subject command.Subject, key [16]byte) []byte {
	return append(append(make([]byte, 0, 32), subject[:]...), key[:]...)
}

// numbers lists the contracts of a set, as the store and the log number them.
func numbers(set access.ContractSet) []uint8 {
	var all []uint8
	for _, c := range protocol.Contracts() {
		if set.Has(c) {
			all = append(all, uint8(c))
		}
	}
	return all
}

func now() protocol.Instant { return protocol.Instant(time.Now().UnixMilli()) }
