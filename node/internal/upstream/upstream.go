// Package upstream reads the services around the mirror that say who may see what:
// commissions, care engagements, consents and blocks, and which source systems there are.
//
// It owns the reading and the checking: what it returns is complete and in canonical
// form, or it is an error and nothing. It must never guess, never return a part, and
// never name a patient or quote a row in an error.
package upstream

import (
	"errors"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// Errors of a feed. They name the place and never what stands there.
var (
	ErrFeed      = errors.New("security feed") // one that could not be read
	ErrOpenToAll = errors.New("open to everyone on this machine")
)

// Limits of a register and of the services. Past one, what was read is refused whole:
// its projections keep what they had and grow stale.
const (
	MaxFileBytes = 16 << 20 // a register
	MaxRows      = 100_000  // rows of one table, or of one answer
	MaxEmployees = 5000     // whom the directory is asked about, one after another
	maxRights    = 50       // rights of one commission
	maxLifts     = 50       // lifts of one block
	maxFaults    = 20       // faults that one error names
)

// Snapshot is everything that a register knew at AsOf.
type Snapshot struct {
	People    []Person
	Employees []protocol.EmployeeID // whom the directory is asked about
	Sources   []Source
	Patients  []Patient
	Watermark string // equal means that nothing has changed; keyed, so it tells nothing
	AsOf      protocol.Instant
}

// Patient is a row with whom it is about.
type Patient struct {
	ID  protocol.PatientID
	Row projection.Person
}

// Commission is a row with whose it is.
type Commission struct {
	Employee protocol.EmployeeID
	Row      projection.Commission
}

// Relation is a row with whom it is about.
type Relation struct {
	ID      string // the service's
	Patient protocol.PatientID
	Row     projection.Relation
}

// Consent is a row with whom it is about.
type Consent struct {
	Patient protocol.PatientID
	Row     projection.Consent
}

// Block is a row with whom it is about.
type Block struct {
	Patient protocol.PatientID
	Row     projection.Block
}

// Person is somebody to be in an environment without a login.
type Person struct {
	Key      string
	Name     string
	Title    string
	Employee protocol.EmployeeID
}

// Source is a source system and what it may write.
type Source struct {
	ID        protocol.SourceID
	Agent     protocol.SourceID // who connects it; zero: itself
	Contracts []protocol.Contract
}
