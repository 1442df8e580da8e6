// Package access decides who may see what. Collect gathers the facts from a View;
// Decide asks the rules, in one written order, and the first that speaks settles it;
// Decision.Document decides for each record.
//
//	nobody asks             who        no employee, no commission named
//	commissions unknown     who        older than MaxAge, missing, or a row that cannot be read
//	employee unknown        who        not one commission is known
//	commission              commission not the employee's, not begun, ended, placeless
//	purpose                 commission exactly "Vård och behandling"
//	right                   commission Läsa, SJF, for all or for types of information
//	patient id              patient    valid
//	relations unknown       engagement
//	no engagement           engagement an active one of the same care unit, for all or for this employee
//	basis                   basis      consent to this unit, for all or for this employee; without one the
//	                                   patient opens with the own care provider's records alone
//
// and then for each record: whose it is must be known; the commission's rights; for
// another care provider's the basis; the blocks; the reader's own choice.
//
// It is pure: no clock, no state, no network. It must never permit by an absence: what
// is unknown denies, and the zero value of every fact and decision denies.
package access

import (
	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// Limits of what a decision may rest on.
const (
	MaxAge       = protocol.Instant(10 * 60 * 1000) // of a projection; an older one is unknown
	MaxClockSkew = protocol.Instant(30 * 1000)      // how far ahead of this node's clock an as-of time may be; further is unknown
)

// Decision is how a question was settled. Only Decide makes one that permits; the
// zero value denies.
type Decision struct {
	question   Question
	reason     Reason
	permitted  bool
	basis      protocol.Basis
	basisEnds  protocol.Instant
	mayConsent bool
	validUntil protocol.Instant
	index      uint64
	asOf       Freshness
	commission projection.Commission
	consents   []projection.Consent
	rights     ContractSet
	blocks     []standing
	blockState BlockState // of a record that no standing block hits: BlockUnknown or BlockNone
}

// Permitted reports whether the patient opens. What is shown of it, Document says.
func (d Decision) Permitted() bool { return d.permitted }

// Reason returns which rule settled it.
func (d Decision) Reason() Reason { return d.reason }

// Fault returns what the browser may be told.
func (d Decision) Fault() protocol.Fault { return d.reason.Fault() }

// Basis returns what the reading of other care providers' records rests on.
func (d Decision) Basis() protocol.Basis { return d.basis }

// BasisEnds returns the last instant of the basis; zero: there is none, or it does not
// end by itself.
func (d Decision) BasisEnds() protocol.Instant { return d.basisEnds }

// Consents returns the consents that the basis rests on.
func (d Decision) Consents() []projection.Consent { return d.consents }

// MayConsent reports whether a consent registered now would give a basis.
func (d Decision) MayConsent() bool { return d.mayConsent }

// ValidUntil returns the last instant at which the decision holds: after it, something
// it rests on has ended, begun, or grown too old, and it must be made anew. A denial
// has none.
func (d Decision) ValidUntil() protocol.Instant { return d.validUntil }

// Index returns the applied index of the facts.
func (d Decision) Index() uint64 { return d.index }

// Question returns what was asked.
func (d Decision) Question() Question { return d.question }

// Commission returns the commission that was found, whatever was decided by it; zero
// if none was.
func (d Decision) Commission() projection.Commission { return d.commission }

// AsOf returns the freshness of blocks, consents, relations, commissions, persons and
// the answer about the care engagement, in the order of the access log.
func (d Decision) AsOf() [6]protocol.Instant {
	return [6]protocol.Instant{d.asOf.Blocks, d.asOf.Consents, d.asOf.Relations, d.asOf.Commissions, d.asOf.Persons, d.asOf.Engagement}
}

// Decide settles a question by the facts, at a time. The same facts and time always
// give the same decision.
func Decide(f Facts, at protocol.Instant) Decision {
	d := Decision{question: f.Question, index: f.Index, asOf: f.AsOf, commission: f.Commission}
	if d.reason = refusal(&f, at); d.reason != ReasonNone {
		return d
	}
	relation, engaged := engagement(&f, at)
	if !engaged {
		d.reason = ReasonNoEngagement
		return d
	}
	d.permitted = true
	d.rights = readable(f.Commission.Rights)
	until := forever.
		orEnd(f.Commission.End).
		orEnd(relation.End).
		or(staleAfter(f.AsOf.Commissions, at)).
		or(staleAfter(f.AsOf.Relations, at))
	until = until.or(d.findBasis(&f, at))
	until = until.or(d.findBlocks(&f, at))
	d.validUntil = protocol.Instant(until)
	return d
}

// refusal asks the rules about who, commission and patient, and whether the care
// engagements are known.
func refusal(f *Facts, at protocol.Instant) Reason {
	c := &f.Commission
	switch {
	case f.Question.Employee.IsZero() || f.Question.Commission.IsZero():
		return ReasonNobody
	case !fresh(f.AsOf.Commissions, at):
		return ReasonCommissionsUnknown
	case !f.Employed:
		return ReasonEmployeeUnknown
	case c.ID == "" || c.ID != f.Question.Commission.Reveal():
		return ReasonCommissionUnknown
	case c.Start > at:
		return ReasonCommissionNotYet
	case c.End != 0 && c.End < at:
		return ReasonCommissionEnded
	case c.CareUnit == "" || c.CareProvider == "":
		return ReasonCommissionPlaceless
	case c.Purpose != purposeCare:
		return ReasonPurpose
	case readable(c.Rights) == 0:
		return ReasonRight
	case f.Question.Patient.IsZero():
		return ReasonPatientID
	case !fresh(f.AsOf.Relations, at):
		return ReasonRelationsUnknown
	default:
		return ReasonNone
	}
}

// Usable reports whether a commission could open any patient at the time: what the
// rules say of the commission alone.
func Usable(c projection.Commission, at protocol.Instant) bool {
	return c.ID != "" && c.Start <= at && (c.End == 0 || c.End >= at) &&
		c.CareUnit != "" && c.CareProvider != "" && c.Purpose == purposeCare && readable(c.Rights) != 0
}

// engagement finds the care engagement of the commission's unit that lasts longest.
func engagement(f *Facts, at protocol.Instant) (found projection.Relation, ok bool) {
	for _, r := range f.Relations {
		if f.reaches(r.CareProvider, r.CareUnit, r.Employee) && current(r.Start, r.End, at) &&
			(!ok || outlasts(r.End, found.End)) {
			found, ok = r, true
		}
	}
	return found, ok
}

// findBasis settles what other care providers' records rest on, and returns until when.
func (d *Decision) findBasis(f *Facts, at protocol.Instant) (until moment) {
	if !fresh(f.AsOf.Consents, at) {
		d.reason = ReasonConsentsUnknown
		return forever
	}
	d.reason, d.mayConsent = ReasonOwnOnly, true
	until = forever.or(staleAfter(f.AsOf.Consents, at))
	ends := protocol.Instant(-1)
	for _, c := range f.Consents {
		switch {
		case !f.reaches(c.CareProvider, c.CareUnit, c.Employee):
		case c.Start > at:
			until = until.or(moment(c.Start - 1))
		case current(c.Start, c.End, at):
			d.consents = append(d.consents, c)
			if ends == -1 || outlasts(c.End, ends) {
				ends = c.End
			}
		}
	}
	if ends == -1 {
		return until
	}
	d.reason, d.mayConsent = ReasonConsent, false
	d.basis, d.basisEnds = protocol.BasisConsent, ends
	return until.orEnd(ends)
}

// reaches reports whether what holds for a unit, or for one employee there, holds for
// who asks.
func (f *Facts) reaches(provider, unit, employee string) bool {
	return unit == f.Commission.CareUnit && provider == f.Commission.CareProvider &&
		(employee == "" || employee == f.Question.Employee.Reveal())
}

// current reports whether a period holds at the time. Both ends are inclusive; one
// that never began does not hold.
func current(start, end, at protocol.Instant) bool {
	return start > 0 && start <= at && (end == 0 || end >= at)
}

// outlasts compares two ends, of which zero is never.
func outlasts(a, b protocol.Instant) bool { return b != 0 && (a == 0 || a > b) }

// fresh reports whether a projection is known well enough at the time.
func fresh(asOf, at protocol.Instant) bool {
	return at > 0 && asOf > 0 && asOf-at <= MaxClockSkew && at-asOf <= MaxAge
}

// staleAfter returns the last instant at which a projection is fresh.
func staleAfter(asOf, at protocol.Instant) moment { return moment(min(asOf, at) + MaxAge) }

// moment is the last instant of something, of which several meet in their earliest.
type moment protocol.Instant

const forever moment = 1<<63 - 1

func (m moment) or(other moment) moment { return min(m, other) }

// orEnd is or, for an end of which zero is never.
func (m moment) orEnd(end protocol.Instant) moment {
	if end == 0 {
		return m
	}
	return min(m, moment(end))
}
