// Package followup is the following up of the access log: reports of who has read
// what about whom, samples and emergencies for review, the outcomes of reviews, and
// why an access was given or refused.
//
// It owns what a report holds and that every reading of the log is itself in the log
// before anything of it is shown. It must never show what was read, only of which type
// and whose; nor anything about another care provider's staff than that the care
// provider has read.
package followup

import (
	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// Reader is who follows up: an employee under a commission for it, or an operator.
type Reader struct {
	Employee   protocol.EmployeeID
	Commission projection.Commission
	Session    string
	Operator   string // name of the operator's certificate; empty: an employee
}

// Operator is an operator who reads one care provider's part of the log.
func Operator(name string, provider protocol.CareProviderID) Reader {
	return Reader{Operator: name, Commission: projection.Commission{CareProvider: provider.Reveal()}}
}
