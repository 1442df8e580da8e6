package rivta

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tvilling/protocol"
)

// Errors of Parse. They are wrapped with the place, an element path and a line, and
// never with anything that the message says.
var (
	ErrMalformed       = errors.New("rivta: malformed message")
	ErrTooLarge        = errors.New("rivta: message beyond a limit")
	ErrUnknownContract = errors.New("rivta: not an answer of a contract that is kept")
	ErrRecord          = errors.New("rivta: a record that cannot be kept")
)

// Message is what an answer holds.
type Message struct {
	Contract   protocol.Contract
	Namespace  string // of the response element
	Major      int    // of the contract, from the namespace
	Result     Result
	HasMore    []HasMore
	Statuses   []ProcessingStatus
	Documents  []protocol.Document // in the message's order, one per record id
	Patients   Patients
	Deviations []Deviation
	Unlisted   int // deviations beyond the limit, counted only

	unsettled bool // there is a result, and it is none that the contract has
}

// Result is the contract's own verdict. Contracts without one leave Code empty.
type Result struct {
	Code      string // OK, INFO, ERROR
	ErrorCode string
	Subcode   string
	LogID     string
	Message   string
}

// HasMore says that a source holds more than it answered. Both fields may be empty
// where the answer only says that there is more.
type HasMore struct {
	LogicalAddress string
	Reference      string
}

// ProcessingStatus is what an aggregating service says about one source behind it.
type ProcessingStatus struct {
	LogicalAddress string
	Code           string // DataFromSource, DataFromCache, DataFromCacheSynchFailed, NoDataSynchFailed
	InSynch        bool
}

// Patients is who the records are about: whoever files them must see to it that it is
// one patient, and the right one.
type Patients struct {
	IDs        []protocol.PatientID // distinct, in order of appearance
	Missing    int                  // records that carry no patient id
	Unreadable int                  // records whose patient id is no valid national id
}

// Deviation is something in the message that is not as the contracts say and did not
// keep it from being read. It holds no value of the message.
type Deviation struct {
	Place string
	What  string
}

// Failed reports that the source could not answer: nothing in the message may be kept.
func (m Message) Failed() bool { return strings.EqualFold(m.Result.Code, resultError) }

// Lacking reports that a service answered for several sources, and one of them could not
// be asked: what came may be kept, and is not all.
func (m Message) Lacking() bool {
	return slices.ContainsFunc(m.Statuses, func(s ProcessingStatus) bool { return !s.InSynch })
}

// Complete reports that the answer is everything its sources hold for what was asked,
// so that what it does not hold is gone. INFO does not say what is left out, and an
// aggregated answer in which a source failed is not whole.
func (m Message) Complete() bool {
	if m.unsettled || m.Result.Code != "" && !strings.EqualFold(m.Result.Code, resultOK) {
		return false
	}
	return !m.Lacking() && len(m.HasMore) == 0
}

const (
	resultOK    = "OK"
	resultError = "ERROR"
)

// FaultError is a SOAP fault instead of an answer. Its texts may say anything, so
// Error does not repeat them: they are for whoever asked, never for a log.
type FaultError struct {
	Code   string
	Text   string
	Actor  string
	Detail string
}

// Error says that there is a fault and nothing of what is in it.
func (*FaultError) Error() string { return "rivta: a SOAP fault instead of an answer" }

// at wraps a sentinel with what is wrong and where.
func at(sentinel error, what string, e *element) error {
	return fmt.Errorf("%w: %s at %s", sentinel, what, e.place())
}
