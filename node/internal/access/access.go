// Package access decides who may see what. Collect gathers the facts from a View;
// Decide asks the rules, in one written order, and the first that speaks settles it;
// Decision.Document decides for each record, and Decision.Survey what may be told of
// records that are not shown.
//
//	nobody asks             who        no employee, no commission named
//	time not known          who        no time to decide at: the node's clock is not to be trusted
//	commissions unknown     who        older than Bound, missing, or a row that cannot be read
//	employee unknown        who        not one commission is known
//	commission              commission not the employee's, not begun, ended, placeless
//	purpose                 commission exactly "Vård och behandling"
//	right                   commission Läsa, SJF, for all or for types of information
//	patient id              patient    valid
//	persons unknown         patient    the population register; a linked identity that cannot be read
//	protected               patient    protected identity, of any of the patient's identities
//	no engagement           engagement an active relation of the same care unit, for all or for this
//	                                   employee; or its own system says so, 60 seconds ago at most
//	basis                   basis      consent to this unit, for all or for this employee; before an
//	                                   emergency's second step; before its first, which shows nothing
//	                                   of others. Without one, and of the deceased, the patient opens
//	                                   with the own care provider's records alone
//
// and then for each record: whose it is must be known; the commission's rights; for
// another care provider's the basis; the blocks, which no basis opens; the reader's own
// choice. Records, consents, relations and blocks are those of all identities that are
// linked with the patient's.
//
// It is pure: no clock, no state, no network. It must never permit by an absence: what
// is unknown denies, and the zero value of every fact and decision denies.
package access

import (
	"slices"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// Decision is how a question was settled. Only Decide makes one that permits; the
// zero value denies.
type Decision struct {
	question   Question
	reason     Reason
	permitted  bool
	ground     ground
	person     person
	needs      bool // an answer about the care engagement
	validUntil protocol.Instant
	index      uint64
	asOf       Freshness
	commission projection.Commission
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
func (d Decision) Basis() protocol.Basis { return d.ground.basis }

// BasisEnds returns the last instant of the basis; zero: there is none, or it does not
// end by itself.
func (d Decision) BasisEnds() protocol.Instant { return d.ground.ends }

// Step returns how far an emergency goes, where the basis is one. In its first step it
// shows nothing of other care providers, and may be taken further.
func (d Decision) Step() protocol.EmergencyStep { return d.ground.step }

// Consents returns every consent and emergency of who asks that is not over: the basis is
// gone, on every node, when all of them have ended.
func (d Decision) Consents() []Consent { return d.ground.standing }

// MayConsent reports whether a consent registered now would give a basis, or a better
// one than an emergency.
func (d Decision) MayConsent() bool { return d.ground.mayConsent }

// MayAttest reports whether an emergency may be attested now: there is no basis, and
// the patient lives. One that has gone its first step (Step) is taken further instead.
func (d Decision) MayAttest() bool { return d.ground.mayAttest }

// Linked returns the patient's other identities: their documents and revisions count too.
func (d Decision) Linked() []protocol.PatientID { return d.person.linked }

// Child reports that the patient is under eighteen: a guardian consents, or the child
// itself where it is found mature.
func (d Decision) Child() bool { return d.person.child }

// Deceased reports that the patient is.
func (d Decision) Deceased() bool { return d.person.deceased }

// NeedsEngagement reports that no relation stands: only an answer of the unit's own
// system opens the patient, or keeps it open.
func (d Decision) NeedsEngagement() bool { return d.needs }

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

// Decide settles a question by the facts, at a time; zero: nobody knows which. The same
// facts and time always give the same decision.
func Decide(f Facts, at protocol.Instant) Decision {
	d := Decision{question: f.Question, index: f.Index, asOf: f.AsOf, commission: f.Commission}
	if d.reason = refusal(&f, at); d.reason != ReasonNone {
		return d
	}
	until, engaged := d.engage(&f, at)
	if !engaged {
		return d
	}
	d.permitted = true
	d.person = personOf(&f, at)
	d.rights = readable(f.Commission.Rights)
	until = until.
		orEnd(f.Commission.End).
		or(turns(f.AsOf.Commissions, at, Bound(raftfsm.Commissions))).
		or(turns(f.AsOf.Persons, at, Bound(raftfsm.Persons))).
		or(d.findBasis(&f, at)).
		or(d.findBlocks(&f, at))
	d.validUntil = protocol.Instant(until)
	return d
}

// refusal asks the rules about who, commission and patient.
func refusal(f *Facts, at protocol.Instant) Reason {
	c := &f.Commission
	switch {
	case f.Question.Employee.IsZero() || f.Question.Commission.IsZero():
		return ReasonNobody
	case at <= 0:
		return ReasonClock
	case !Fresh(f.AsOf.Commissions, at, Bound(raftfsm.Commissions)):
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
	case !Fresh(f.AsOf.Persons, at, Bound(raftfsm.Persons)):
		return ReasonPersonsUnknown
	case f.Person.Protected:
		return ReasonProtected
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

// FollowsUp reports whether a commission lets one follow up the access log of its care
// provider at the time.
func FollowsUp(c projection.Commission, at protocol.Instant) bool {
	return c.ID != "" && c.Start <= at && (c.End == 0 || c.End >= at) && c.CareProvider != "" &&
		c.Purpose == purposeFollowUp && slices.Contains(c.Rights, projection.Right{
		Activity: activityRead, InformationClass: classLog, Scope: scopeProvider,
	})
}

// engage settles whether the commission's unit has the patient in care, and returns
// until when: by a relation, or by the answer of the unit's own system.
func (d *Decision) engage(f *Facts, at protocol.Instant) (until moment, engaged bool) {
	known := Fresh(f.AsOf.Relations, at, Bound(raftfsm.Relations))
	until = turns(f.AsOf.Relations, at, Bound(raftfsm.Relations))
	relation, found, next := f.relation(at)
	if found && known {
		return until.orEnd(relation.End), true
	}
	d.needs = true
	answered := Fresh(f.AsOf.Engagement, at, EngagementFor)
	switch {
	case answered && f.Engaged:
		return until.or(next).or(turns(f.AsOf.Engagement, at, EngagementFor)), true
	case !known:
		d.reason = ReasonRelationsUnknown
	case !answered && f.AsOf.Engagement != 0:
		d.reason = ReasonEngagementUnknown
	default:
		d.reason = ReasonNoEngagement
	}
	return 0, false
}

// relation finds the care engagement of the commission's unit that lasts longest, and
// the last instant before the next one begins.
func (f *Facts) relation(at protocol.Instant) (found projection.Relation, ok bool, next moment) {
	next = forever
	for _, r := range f.Relations {
		switch {
		case !f.reaches(r.CareProvider, r.CareUnit, r.Employee):
		case r.Start > at:
			next = next.or(moment(r.Start - 1))
		case current(r.Start, r.End, at) && (!ok || outlasts(r.End, found.End)):
			found, ok = r, true
		}
	}
	return found, ok, next
}

// reaches reports whether what holds for a unit, or for one employee there, holds for
// who asks.
func (f *Facts) reaches(provider, unit, employee string) bool {
	return unit == f.Commission.CareUnit && provider == f.Commission.CareProvider &&
		(employee == "" || employee == f.Question.Employee.Reveal())
}
