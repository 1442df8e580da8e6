package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tvilling/node/internal/rivta"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// Errors of Put, one for each thing that the sender can do something about.
var (
	ErrNotRegistered = errors.New("the source is not registered")
	ErrNotAllowed    = errors.New("the sender may not write this")
	ErrAddress       = errors.New("the answer is addressed wrongly")
	ErrPatient       = errors.New("the answer is not about exactly one patient")
	ErrAnswer        = errors.New("the answer cannot be kept")
	ErrContended     = errors.New("the set was written by others all the while")
)

// Request is one answer of a source system, as it was delivered.
type Request struct {
	Caller   string // HSA-id of the certificate
	Source   string // HSA-id of the source system; empty: the caller
	Patient  string // patient id; may be empty when the records name it
	Contract string // service contract's name, from the address
	Partial  bool   // the sender says that the answer was limited: nothing may be deleted
	Message  []byte
}

// Receipt says what became durable, and at which log index.
type Receipt struct {
	Index     uint64 `json:"index"`
	Documents int    `json:"documents"`
	Changed   int    `json:"changed"`
	Unchanged int    `json:"unchanged"`
	Removed   int    `json:"removed"`
	Failed    bool   `json:"failed,omitempty"` // the answer was a fault: only the set's status changed
}

// Proposer puts commands in the replicated log, from any node.
type Proposer interface {
	Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error)
}

// Sealer makes pseudonyms and seals; node/internal/sealing's Ring is one.
type Sealer interface {
	Patient(protocol.PatientID) [16]byte
	Employee(protocol.EmployeeID) [16]byte
	Key(domain string, parts ...string) [16]byte
	DocumentKey(protocol.Contract, protocol.SourceID, string) protocol.DocumentKey
	Digest(plain ...[]byte) [16]byte
	Seal(bucket sealing.Bucket, key, plain []byte) []byte
}

// Registrations finds the registration of a source in the newest state. A state that
// cannot be read is an error: it knows nothing of who is registered.
type Registrations func(source string) (r command.RegisterSource, found bool, err error)

// Ingest takes answers of source systems. It is safe for concurrent use.
type Ingest struct {
	proposer Proposer
	ring     Sealer
	sources  Registrations
	intent   func() command.Intent
	log      *slog.Logger

	catchUp  func(context.Context) error // nil: this node is never behind
	catching chan struct{}               // who may be waiting for it at once
}

// New makes an Ingest; intent draws a new intent for each command.
func New(p Proposer, ring Sealer, sources Registrations, intent func() command.Intent, log *slog.Logger) *Ingest {
	return &Ingest{proposer: p, ring: ring, sources: sources, intent: intent, log: log}
}

// CatchingUp has a refusal looked at again once this node has applied what was committed
// when it was asked: one that is behind knows nothing of who has been registered since,
// and a sender takes a refusal for an answer and does not come back. It is called before
// the first Put.
func (in *Ingest) CatchingUp(catchUp func(context.Context) error) *Ingest {
	in.catchUp, in.catching = catchUp, make(chan struct{}, maxCatching)
	return in
}

// caughtUp waits its turn, bounded, and then until this node is behind no more.
func (in *Ingest) caughtUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpWithin)
	defer cancel()
	select {
	case in.catching <- struct{}{}:
		defer func() { <-in.catching }()
	case <-ctx.Done():
		return fmt.Errorf("%w: this node is behind, and many wait for it", ErrNoQuorum)
	}
	if err := in.catchUp(ctx); err != nil {
		return fmt.Errorf("%w: this node is behind: %w", ErrNoQuorum, err)
	}
	return nil
}

// Put checks one answer and makes it durable. When it returns without an error, the
// set is committed by a majority at the receipt's index. When it fails after a first
// part, what that part holds stays, nothing has been removed, and the set's last
// success is the one before: the same answer again completes it.
func (in *Ingest) Put(ctx context.Context, r Request) (Receipt, error) {
	contract, ok := protocol.ContractNamed(r.Contract)
	if !ok {
		return Receipt{}, fmt.Errorf("%w: the address names no contract that is kept", ErrAddress)
	}
	source, err := in.admit(r, contract)
	if refused := errors.Is(err, ErrNotRegistered) || errors.Is(err, ErrNotAllowed); refused && in.catchUp != nil {
		if err := in.caughtUp(ctx); err != nil {
			return Receipt{}, err
		}
		source, err = in.admit(r, contract)
	}
	if err != nil {
		return Receipt{}, err
	}
	message, err := rivta.Parse(r.Message)
	var fault *rivta.FaultError
	failed := errors.As(err, &fault)
	switch {
	case err != nil && !failed:
		return Receipt{}, err
	case !failed && message.Contract != contract: // a fault does not say whose it is
		return Receipt{}, fmt.Errorf("%w: the address says %v, the message is an answer of %v", ErrAddress, contract, message.Contract)
	}
	patient, err := patientOf(r.Patient, message.Patients)
	if err != nil {
		return Receipt{}, err
	}
	if failed || message.Failed() {
		return in.putFailure(ctx, patient, contract, source)
	}
	documents, err := in.seal(patient, source, message.Documents)
	if err != nil {
		return Receipt{}, err
	}
	set := command.PutSnapshot{
		Subject: in.ring.Patient(patient), Contract: uint8(contract), Source: source.Reveal(),
		Complete: message.Complete() && !r.Partial, At: time.Now().UnixMilli(),
	}
	receipt, err := in.propose(ctx, set, documents)
	if err != nil || !message.Lacking() {
		return receipt, err
	}
	failure, err := in.putFailure(ctx, patient, contract, source) // what came is kept, and that the rest could not be had
	receipt.Index = max(receipt.Index, failure.Index)
	return receipt, err
}

// admit answers which source the caller writes for, if it may.
func (in *Ingest) admit(r Request, contract protocol.Contract) (protocol.SourceID, error) {
	caller, err := protocol.ParseSourceID(r.Caller)
	if err != nil {
		return protocol.SourceID{}, fmt.Errorf("%w: the certificate holds no HSA-id", ErrNotAllowed)
	}
	source := caller
	if r.Source != "" {
		if source, err = protocol.ParseSourceID(r.Source); err != nil {
			return protocol.SourceID{}, fmt.Errorf("%w: the source is no HSA-id", ErrNotRegistered)
		}
	}
	registration, ok, err := in.sources(source.Reveal())
	if err != nil {
		return protocol.SourceID{}, fmt.Errorf("reading the registrations: %w", err)
	}
	if !ok || registration.Withdrawn {
		return protocol.SourceID{}, ErrNotRegistered
	}
	if caller != source && registration.Agent != caller.Reveal() {
		return protocol.SourceID{}, fmt.Errorf("%w: it is neither the source nor the source's agent", ErrNotAllowed)
	}
	for _, c := range registration.Contracts {
		if c == uint8(contract) {
			return source, nil
		}
	}
	return protocol.SourceID{}, fmt.Errorf("%w: the source is not registered for %v", ErrNotAllowed, contract)
}

// patientOf finds the one patient that an answer is about. A record that names nobody
// readable is refused even when the sender names the patient: it must never be filed
// under somebody by assumption. Only where a record has no place for the id, as in
// older minors of some contracts, is the sender's word enough.
func patientOf(named string, p rivta.Patients) (protocol.PatientID, error) {
	var sender protocol.PatientID
	if named != "" {
		id, err := protocol.ParsePatientID(named)
		if err != nil {
			return protocol.PatientID{}, fmt.Errorf("%w: the named patient: %w", ErrPatient, err)
		}
		sender = id
	}
	switch {
	case p.Unreadable > 0:
		return protocol.PatientID{}, fmt.Errorf("%w: %d records carry an id that is no valid patient id", ErrPatient, p.Unreadable)
	case len(p.IDs) > 1:
		return protocol.PatientID{}, fmt.Errorf("%w: the records are about %d patients", ErrPatient, len(p.IDs))
	case sender.IsZero() && p.Missing > 0:
		return protocol.PatientID{}, fmt.Errorf("%w: %d records name no patient, so the sender must", ErrPatient, p.Missing)
	case sender.IsZero() && len(p.IDs) == 0:
		return protocol.PatientID{}, fmt.Errorf("%w: there is no record, so the sender must name the patient", ErrPatient)
	case sender.IsZero():
		return p.IDs[0], nil
	case len(p.IDs) == 1 && p.IDs[0] != sender:
		return protocol.PatientID{}, fmt.Errorf("%w: the records are about another than the sender names", ErrPatient)
	default:
		return sender, nil
	}
}

// seal makes the documents into what the log may hold.
func (in *Ingest) seal(patient protocol.PatientID, source protocol.SourceID, documents []protocol.Document) ([]command.SealedDocument, error) {
	subject := in.ring.Patient(patient)
	sealed := make([]command.SealedDocument, len(documents))
	for i := range documents {
		d := &documents[i]
		if s := d.Header.Source; !s.IsZero() && s != source {
			return nil, fmt.Errorf("%w: record %d names another source system", ErrAddress, i+1)
		}
		d.Header.Source, d.Header.Patient = source, patient
		if err := protocol.CheckDocument(d); err != nil {
			return nil, fmt.Errorf("%w: record %d: %w", ErrAnswer, i+1, err)
		}
		key := in.ring.DocumentKey(d.Header.Contract, source, d.Header.RecordID)
		place := sealing.Place(subject, key)
		header, body := protocol.AppendHeader(nil, &d.Header), protocol.AppendBody(nil, &d.Body)
		sealed[i] = command.SealedDocument{
			Key:          key,
			CareProvider: d.Header.CareProvider.Reveal(),
			CareUnit:     d.Header.CareUnit.Reveal(),
			Time:         int64(d.Header.Time),
			TimeEnd:      int64(d.Header.TimeEnd),
			Digest:       in.ring.Digest(header, body),
			Header:       in.ring.Seal(sealing.Headers, place, header),
			Body:         in.ring.Seal(sealing.Bodies, place, body),
		}
	}
	return sealed, nil
}

// putFailure notes that the source could not answer for the patient.
func (in *Ingest) putFailure(ctx context.Context, patient protocol.PatientID, contract protocol.Contract, source protocol.SourceID) (Receipt, error) {
	receipt, err := in.propose(ctx, command.PutSnapshot{
		Subject: in.ring.Patient(patient), Contract: uint8(contract), Source: source.Reveal(),
		Failed: true, At: time.Now().UnixMilli(),
	}, nil)
	receipt.Failed = err == nil
	return receipt, err
}

// propose writes a set, in parts where it is too large for one entry. Only the last
// part may delete, and it is refused by the state machine when a document that it
// keeps is no longer there because another writer of the same set came between; then
// the whole set is written again.
func (in *Ingest) propose(ctx context.Context, set command.PutSnapshot, documents []command.SealedDocument) (Receipt, error) {
	parts := split(set, documents)
	for range maxTries {
		receipt, retry, err := in.proposeParts(ctx, parts)
		if err != nil {
			return Receipt{}, err
		}
		if !retry {
			receipt.Documents = len(documents)
			return receipt, nil
		}
	}
	return Receipt{}, ErrContended
}

func (in *Ingest) proposeParts(ctx context.Context, parts []command.PutSnapshot) (r Receipt, retry bool, err error) {
	for i, part := range parts {
		results, err := in.proposer.Propose(ctx, command.Command{Kind: command.KindPutSnapshot, Version: 1, Intent: in.intent(), Body: part})
		if err != nil {
			return Receipt{}, false, fmt.Errorf("making part %d of %d durable: %w", i+1, len(parts), err)
		}
		result := results[0]
		switch result.Status {
		case command.StatusDone:
		case command.StatusStale:
			return Receipt{}, true, nil
		case command.StatusRefused:
			return Receipt{}, false, ErrNotRegistered
		default:
			return Receipt{}, false, fmt.Errorf("%w: refused by the state machine", ErrAnswer)
		}
		r.Index = max(r.Index, result.Index)
		r.Changed += int(result.Changed)
		r.Unchanged += int(result.Unchanged)
		r.Removed += int(result.Removed)
	}
	return r, false, nil
}

// split cuts a set into commands that fit an entry. Keep goes with the last one.
func split(set command.PutSnapshot, documents []command.SealedDocument) []command.PutSnapshot {
	last := set
	set.Complete = false
	var parts []command.PutSnapshot
	part, size := set, 0
	for _, d := range documents {
		n := len(d.Header) + len(d.Body) + documentOverhead
		if size > 0 && size+n > partBytes {
			parts = append(parts, part)
			part, size = set, 0
		}
		part.Documents = append(part.Documents, d)
		size += n
	}
	last.Documents = part.Documents
	if last.Complete {
		last.Keep = make([][16]byte, len(documents))
		for i := range documents {
			last.Keep[i] = documents[i].Key
		}
	}
	if len(last.Keep)*keyBytes+size > maxPartBytes {
		parts = append(parts, part)
		last.Documents = nil
	}
	return append(parts, last)
}
