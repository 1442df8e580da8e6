// Package projection is the rows of the security projections in the clear: consents,
// patient relations, blocks, commissions and persons, as the gate compares them.
//
// It owns their encoding. Rows are sealed before they leave a data node; nothing here
// decides anything, and nothing here is printed. Ids of the directory are kept as
// texts in protocol's canonical form (capitals), so that the gate compares texts.
//
// Rows are kept under a patient's pseudonym (consents, relations, blocks, persons) or a member
// of staff's (commissions). Their keys are sealing's Key of ConsentDomain and the
// consent's id, RelationDomain and the relation's id, BlockDomain and the block's id,
// CommissionDomain and the commission's id, PersonDomain alone (a patient has one).
package projection

import (
	"fmt"

	"tvilling/node/internal/plain"
	"tvilling/protocol"
)

// Domains of the row keys.
const (
	ConsentDomain    = "consent"
	RelationDomain   = "relation"
	BlockDomain      = "block"
	CommissionDomain = "commission"
	PersonDomain     = "person"
)

const version = 1

// Consent is what the reading of other care providers' records rests on: a patient's
// consent to a care unit, or to one member of its staff; or, with Emergency set, the
// assertion of an emergency in its stead. Start and End are inclusive; an End of zero
// is until it is ended.
type Consent struct {
	ID           string
	CareProvider string
	CareUnit     string
	Employee     string // empty: everybody authorised at the unit
	Start        protocol.Instant
	End          protocol.Instant
	RegisteredBy string // HSA-id of the member of staff who attested it
	RegisteredAt protocol.Instant
	Emergency    protocol.EmergencyStep // none: a consent
	Given        protocol.ConsentGiver  // who gave the consent
	GivenBy      string                 // the representative's id, where one gave it
	Local        bool                   // registered here; the feed of the national service leaves it alone
}

// Relation is a care engagement: a unit that has the patient in care. Start and End
// are inclusive; a Start of zero has not begun, an End of zero is open.
type Relation struct {
	CareProvider string
	CareUnit     string
	Employee     string // empty: the whole unit
	Start        protocol.Instant
	End          protocol.Instant
}

// Block keeps a care provider's records (outer) or a care unit's (inner) from others.
// It hits what was registered from Start to End, inclusive; zero is unbounded.
type Block struct {
	ID           string
	Inner        bool
	CareProvider string
	CareUnit     string // inner blocks only
	Start        protocol.Civil
	End          protocol.Civil
	Exempt       []string // information types that it does not hit: lak, upp
	Lifts        []Lift
}

// Lift is a temporary revocation of a block, for a unit or one member of its staff,
// until End, inclusive.
type Lift struct {
	CareUnit string
	Employee string // empty: everybody authorised at the unit
	End      protocol.Instant
}

// Commission is what a member of staff is commissioned to do, and where. Start and
// End are inclusive; zero is open.
type Commission struct {
	ID               string
	Name             string
	Purpose          string
	Rights           []Right
	CareUnit         string
	CareUnitName     string
	CareProvider     string
	CareProviderName string
	Start            protocol.Instant
	End              protocol.Instant
	EmployeeName     string
	EmployeeTitle    string
	Protected        bool // the employee's identity is protected: the name is never shown
}

// Person is what the population register knows of a patient. A patient without a row,
// while the register is fresh, is one of whom it knows nothing special.
type Person struct {
	Protected bool     // protected identity: the patient is not opened here
	Deceased  bool     // no consent can be given any more
	Linked    []string // the patient's other ids, at most MaxLinked
}

// MaxLinked bounds the other identities of one patient; a row with more is unknown.
const MaxLinked = 8

// Right is the directory's triple, written activity;informationClass;scope.
type Right struct {
	Activity         string
	InformationClass string
	Scope            string
}

// The rows as they are encoded: their version, then their fields in the order above.
// New fields are appended, under a new version; a build reads its own and the one before.
type (
	versionedConsent struct {
		Version uint8
		Consent
	}
	versionedRelation struct {
		Version uint8
		Relation
	}
	versionedBlock struct {
		Version uint8
		Block
	}
	versionedCommission struct {
		Version uint8
		Commission
	}
	versionedPerson struct {
		Version uint8
		Person
	}
)

// AppendConsent appends the encoding of a consent.
func AppendConsent(b []byte, c Consent) []byte {
	return plain.Append(b, &versionedConsent{version, c})
}

// DecodeConsent reads what AppendConsent wrote.
func DecodeConsent(b []byte) (Consent, error) {
	var v versionedConsent
	if err := plain.Decode(b, version, &v); err != nil {
		return Consent{}, fmt.Errorf("consent: %w", err)
	}
	return v.Consent, nil
}

// AppendRelation appends the encoding of a relation.
func AppendRelation(b []byte, r Relation) []byte {
	return plain.Append(b, &versionedRelation{version, r})
}

// DecodeRelation reads what AppendRelation wrote.
func DecodeRelation(b []byte) (Relation, error) {
	var v versionedRelation
	if err := plain.Decode(b, version, &v); err != nil {
		return Relation{}, fmt.Errorf("relation: %w", err)
	}
	return v.Relation, nil
}

// AppendBlock appends the encoding of a block.
func AppendBlock(b []byte, block Block) []byte {
	return plain.Append(b, &versionedBlock{version, block})
}

// DecodeBlock reads what AppendBlock wrote.
func DecodeBlock(b []byte) (Block, error) {
	var v versionedBlock
	if err := plain.Decode(b, version, &v); err != nil {
		return Block{}, fmt.Errorf("block: %w", err)
	}
	return v.Block, nil
}

// AppendCommission appends the encoding of a commission.
func AppendCommission(b []byte, c Commission) []byte {
	return plain.Append(b, &versionedCommission{version, c})
}

// DecodeCommission reads what AppendCommission wrote.
func DecodeCommission(b []byte) (Commission, error) {
	var v versionedCommission
	if err := plain.Decode(b, version, &v); err != nil {
		return Commission{}, fmt.Errorf("commission: %w", err)
	}
	return v.Commission, nil
}

// AppendPerson appends the encoding of a person.
func AppendPerson(b []byte, p Person) []byte {
	return plain.Append(b, &versionedPerson{version, p})
}

// DecodePerson reads what AppendPerson wrote.
func DecodePerson(b []byte) (Person, error) {
	var v versionedPerson
	if err := plain.Decode(b, version, &v); err != nil {
		return Person{}, fmt.Errorf("person: %w", err)
	}
	return v.Person, nil
}
