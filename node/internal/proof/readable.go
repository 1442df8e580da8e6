package proof

import (
	"encoding/hex"
	"fmt"
	"time"

	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// outcomes are the words for what a review found; of one that this build does not know
// there is none.
var outcomes = map[protocol.ReviewOutcome]string{
	protocol.ReviewInOrder: "in order", protocol.ReviewQuestioned: "questioned", protocol.ReviewMisuse: "misuse",
}

// Readable returns an entry's encoding in words. It is a function of the bytes alone:
// whoever verifies an exported entry makes it again and compares.
func Readable(plain []byte) (admin.ReadableEntry, error) {
	e, err := record.Decode(plain)
	if err != nil {
		return admin.ReadableEntry{}, err
	}
	r := admin.ReadableEntry{
		ID: hex.EncodeToString(e.ID[:]), Outcome: outcomes[e.Outcome], At: instant(e.At), Activity: e.Activity.String(), Purpose: e.Purpose, Patient: e.Patient.Reveal(),
		Who: admin.ReadableActor{
			Employee: e.Actor.Employee.Reveal(), Name: e.Actor.EmployeeName, Title: e.Actor.EmployeeTitle,
			Commission: e.Actor.Commission.Reveal(), CommissionName: e.Actor.CommissionName,
			CareUnit: e.Actor.CareUnit.Reveal(), CareUnitName: e.Actor.CareUnitName,
			CareProvider: e.Actor.CareProvider.Reveal(), CareProviderName: e.Actor.CareProviderName,
			Operator: e.Actor.Operator,
		},
		Decision: admin.ReadableDecision{
			Permit: e.Decision.Permit, Reason: e.Decision.Reason, Basis: admin.BasisName(e.Decision.Basis), DecidedAt: e.Decision.DecidedAt,
		},
		Scope: admin.ReadableScope{View: e.Scope.View}, Session: e.Session, Node: e.Node, Note: e.Note,
	}
	if e.Scope.Document != (protocol.DocumentKey{}) {
		r.Scope.Document = hex.EncodeToString(e.Scope.Document[:])
	}
	if e.About != [16]byte{} {
		r.About = hex.EncodeToString(e.About[:])
	}
	for _, c := range e.Scope.Contracts {
		r.Scope.Contracts = append(r.Scope.Contracts, contract(c))
	}
	for _, s := range e.Scope.Resources {
		r.Scope.Resources = append(r.Scope.Resources, admin.ReadableSource{Contract: contract(s.Contract), CareProvider: s.CareProvider, CareUnit: s.CareUnit})
	}
	for i, at := range e.Decision.AsOf {
		if at != 0 {
			if r.AsOf == nil {
				r.AsOf = map[string]string{}
			}
			r.AsOf[record.AsOfNames[i]] = instant(at)
		}
	}
	return r, nil
}

func instant(at protocol.Instant) string {
	return time.UnixMilli(int64(at)).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// contract returns a contract's name; the number of one that this build does not know.
func contract(c uint8) string {
	if known := protocol.Contract(c); known.Known() {
		return known.Info().Name
	}
	return fmt.Sprintf("contract %d", c)
}
