// Package record is an entry of the access log in the clear: who did what with whose
// record, under which commission, how it was decided and on what.
//
// It owns the encoding and the words of the national log service for what was done.
// Entries are sealed with the access log's own keys before they leave a data node.
// Nothing here decides anything; an entry is kept as it was written, for years.
package record

import (
	"errors"
	"fmt"

	"tvilling/node/internal/plain"
	"tvilling/protocol"
)

// ErrIdentity is an entry whose ids are not ids.
var ErrIdentity = errors.New("record: entry names somebody by what is not an id")

// PurposeCare is the purpose that Tvilling may be used for, in the national log's words.
const PurposeCare = "Vård och behandling"

const version = 1

// Activity numbers what was done. The numbers are in the log: append only, never reuse.
type Activity uint8

// The activities.
const (
	ActivityNone         Activity = iota
	OpenPatient                   // a patient was asked for: decided, nothing disclosed
	Read                          // records were shown
	RegisterConsent               // a consent was attested
	EndConsent                    // consents were ended
	ViewRevoked                   // an open view lost its ground
	RevokeAcknowledged            // the client says that it is wiped
	RevokeUnacknowledged          // the client did not say so in time
	ViewClosed                    // the view was left, or its connection ended
)

// String returns the activity in Swedish: the national log service's word where it
// has one.
func (a Activity) String() string {
	switch a {
	case OpenPatient:
		return "Öppna patient"
	case Read:
		return "Läsa"
	case RegisterConsent:
		return "Registrera samtycke"
	case EndConsent:
		return "Avsluta samtycke"
	case ViewRevoked:
		return "Vy återkallad"
	case RevokeAcknowledged:
		return "Återkallelse kvitterad"
	case RevokeUnacknowledged:
		return "Återkallelse okvitterad"
	case ViewClosed:
		return "Vy stängd"
	default:
		return "Okänd aktivitet"
	}
}

// Entry is one entry of the access log.
type Entry struct {
	ID       [16]byte
	At       protocol.Instant
	Activity Activity
	Purpose  string
	Actor    Actor
	Patient  protocol.PatientID
	Decision Decision
	Scope    Scope
	Session  string
	Node     string
}

// Actor is who did it, and what for.
type Actor struct {
	Employee     protocol.EmployeeID
	EmployeeName string
	Commission   protocol.CommissionID
	CareUnit     protocol.CareUnitID
	CareProvider protocol.CareProviderID
}

// Decision is how it was decided, and on what.
type Decision struct {
	Permit    bool
	Reason    string // in English, as the gate says it
	Basis     protocol.Basis
	DecidedAt uint64              // applied index of the facts
	AsOf      [4]protocol.Instant // freshness of blocks, consents, relations, commissions; zero: unknown
}

// Scope is what it was about.
type Scope struct {
	View      string
	Contracts []uint8
	Document  protocol.DocumentKey // zero: not one document
}

// stored is an entry as it is encoded: new fields are appended, under a new version.
type stored struct {
	Version  uint8
	ID       [16]byte
	At       protocol.Instant
	Activity Activity
	Purpose  string
	Actor    storedActor
	Patient  string
	Decision Decision
	Scope    Scope
	Session  string
	Node     string
}

type storedActor struct {
	Employee     string
	EmployeeName string
	Commission   string
	CareUnit     string
	CareProvider string
}

// Append appends the encoding of an entry.
func Append(b []byte, e Entry) []byte {
	return plain.Append(b, &stored{
		Version: version, ID: e.ID, At: e.At, Activity: e.Activity, Purpose: e.Purpose,
		Actor: storedActor{
			Employee:     e.Actor.Employee.Reveal(),
			EmployeeName: e.Actor.EmployeeName,
			Commission:   e.Actor.Commission.Reveal(),
			CareUnit:     e.Actor.CareUnit.Reveal(),
			CareProvider: e.Actor.CareProvider.Reveal(),
		},
		Patient:  e.Patient.Reveal(),
		Decision: e.Decision, Scope: e.Scope, Session: e.Session, Node: e.Node,
	})
}

// Decode reads what Append wrote.
func Decode(b []byte) (Entry, error) {
	var s stored
	if err := plain.Decode(b, version, &s); err != nil {
		return Entry{}, fmt.Errorf("access log entry: %w", err)
	}
	e := Entry{
		ID: s.ID, At: s.At, Activity: s.Activity, Purpose: s.Purpose,
		Decision: s.Decision, Scope: s.Scope, Session: s.Session, Node: s.Node,
	}
	e.Actor.EmployeeName = s.Actor.EmployeeName
	var faults [5]error
	e.Patient, faults[0] = parsed(protocol.ParsePatientID, s.Patient)
	e.Actor.Employee, faults[1] = parsed(protocol.ParseEmployeeID, s.Actor.Employee)
	e.Actor.Commission, faults[2] = parsed(protocol.ParseCommissionID, s.Actor.Commission)
	e.Actor.CareUnit, faults[3] = parsed(protocol.ParseCareUnitID, s.Actor.CareUnit)
	e.Actor.CareProvider, faults[4] = parsed(protocol.ParseCareProviderID, s.Actor.CareProvider)
	if errors.Join(faults[:]...) != nil {
		return Entry{}, ErrIdentity
	}
	return e, nil
}

// parsed reads an id; an empty text is no id, which an entry about a refusal may hold.
func parsed[T any](parse func(string) (T, error), s string) (T, error) {
	if s == "" {
		var none T
		return none, nil
	}
	return parse(s)
}
