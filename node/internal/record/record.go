// Package record is an entry of the access log in the clear: who did what with whose
// record, under which commission, how it was decided and on what.
//
// It owns the encoding and the words of the national log service for what was done.
// Entries are sealed with the access log's own keys before they leave a data node.
// Nothing here decides anything; an entry is kept as it was written, for years.
package record

import (
	"crypto/sha256"
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
	AskOthers                     // whether other care providers have information was asked
	AskBlocked                    // whether blocked information exists was asked
	AskProviders                  // which care providers have information was asked
	EmergencyProviders            // emergency, first step: which care providers have information
	EmergencyContent              // emergency, second step: the information
	ReadLog                       // the access log was read
	Review                        // an entry was reviewed
	SignedIn                      // somebody signed in at the provider
	SignedOut                     // and out
	SessionEnded                  // a session's time was out, or it was not used
	HandedOver                    // a record system sent somebody here with a patient
	Printed                       // records were printed
	Copied                        // records were copied from the screen
	Saved                         // an attachment was saved to a file
	activities                    // as many as this build knows; the numbers from here on are a later one's
)

// Known reports whether this build knows what was done. An entry that a later release
// wrote is read and kept as any other; whoever acts on what was done must not take it for
// nothing.
func (a Activity) Known() bool { return a > ActivityNone && a < activities }

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
	case AskOthers:
		return "Fråga: finns uppgifter hos andra"
	case AskBlocked:
		return "Fråga: finns spärrade uppgifter"
	case AskProviders:
		return "Fråga: vilka vårdgivare har uppgifter"
	case EmergencyProviders:
		return "Nödöppning, vårdgivare"
	case EmergencyContent:
		return "Nödöppning"
	case ReadLog:
		return "Läsa åtkomstlogg"
	case Review:
		return "Granskning"
	case SignedIn:
		return "Inloggning"
	case SignedOut:
		return "Utloggning"
	case SessionEnded:
		return "Session avslutad"
	case HandedOver:
		return "Uthopp från journalsystem"
	case Printed:
		return "Utskrift"
	case Copied:
		return "Kopiering"
	case Saved:
		return "Sparad bilaga"
	default:
		return "Okänd aktivitet"
	}
}

// Entry is one entry of the access log: what StoreLog 2.0 takes, and how it was decided.
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
	Note     string   // the reason of an emergency, a review's comment, what was read of the log; else empty
	About    [16]byte // the entry that a review is about; else zero
	Outcome  protocol.ReviewOutcome
	Salt     [SaltBytes]byte // makes the commitment to the entry tell nothing
}

// SaltBytes is the size of an entry's salt.
const SaltBytes = 16

// Actor is who did it, and what for.
type Actor struct {
	Employee         protocol.EmployeeID
	EmployeeName     string // empty: unknown, or protected
	EmployeeTitle    string
	Commission       protocol.CommissionID
	CommissionName   string
	CareUnit         protocol.CareUnitID
	CareUnitName     string
	CareProvider     protocol.CareProviderID
	CareProviderName string
	Operator         string // name of an operator's certificate; empty: an employee
}

// The projections in the order of Decision.AsOf.
const (
	AsOfBlocks = iota
	AsOfConsents
	AsOfRelations
	AsOfCommissions
	AsOfPersons
	AsOfEngagement // the answer about the care engagement, where one was asked for
	AsOfCount
)

// AsOfNames are what they are called in what is told of an entry.
var AsOfNames = [AsOfCount]string{
	AsOfBlocks: "blocks", AsOfConsents: "consents", AsOfRelations: "relations",
	AsOfCommissions: "commissions", AsOfPersons: "persons", AsOfEngagement: "engagement",
}

// Decision is how it was decided, and on what.
type Decision struct {
	Permit    bool
	Reason    string // in English, as the gate says it
	Basis     protocol.Basis
	DecidedAt uint64                      // applied index of the facts
	AsOf      [AsOfCount]protocol.Instant // as of when what it rested on was known; zero: unknown
}

// Scope is what it was about.
type Scope struct {
	View      string
	Contracts []uint8
	Document  protocol.DocumentKey // zero: not one document
	Resources []Resource           // whose information was disclosed; the log's resources
}

// Resource is a type of information of one owner. Empty ids: not of a record.
type Resource struct {
	Contract     uint8
	CareProvider string
	CareUnit     string
}

// MaxResources bounds what one entry names; a view of more is recorded by several.
const MaxResources = 60

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
	Note     string
	About    [16]byte
	Outcome  protocol.ReviewOutcome
	Salt     [SaltBytes]byte
}

type storedActor struct {
	Employee         string
	EmployeeName     string
	EmployeeTitle    string
	Commission       string
	CommissionName   string
	CareUnit         string
	CareUnitName     string
	CareProvider     string
	CareProviderName string
	Operator         string
}

// Commitment is what the log's tree keeps of an entry: the SHA-256 of its encoding.
func Commitment(plain []byte) [32]byte { return sha256.Sum256(plain) }

// Append appends the encoding of an entry.
func Append(b []byte, e Entry) []byte {
	return plain.Append(b, &stored{
		Version: version, ID: e.ID, At: e.At, Activity: e.Activity, Purpose: e.Purpose,
		Actor: storedActor{
			Employee:     e.Actor.Employee.Reveal(),
			EmployeeName: e.Actor.EmployeeName, EmployeeTitle: e.Actor.EmployeeTitle,
			Commission: e.Actor.Commission.Reveal(), CommissionName: e.Actor.CommissionName,
			CareUnit: e.Actor.CareUnit.Reveal(), CareUnitName: e.Actor.CareUnitName,
			CareProvider: e.Actor.CareProvider.Reveal(), CareProviderName: e.Actor.CareProviderName,
			Operator: e.Actor.Operator,
		},
		Patient:  e.Patient.Reveal(),
		Decision: e.Decision, Scope: e.Scope, Session: e.Session, Node: e.Node,
		Note: e.Note, About: e.About, Outcome: e.Outcome, Salt: e.Salt,
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
		Note: s.Note, About: s.About, Outcome: s.Outcome, Salt: s.Salt,
	}
	e.Actor.Operator = s.Actor.Operator
	e.Actor.EmployeeName, e.Actor.EmployeeTitle = s.Actor.EmployeeName, s.Actor.EmployeeTitle
	e.Actor.CommissionName, e.Actor.CareUnitName, e.Actor.CareProviderName = s.Actor.CommissionName, s.Actor.CareUnitName, s.Actor.CareProviderName
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
