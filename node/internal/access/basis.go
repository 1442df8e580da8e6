package access

import (
	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// Consent is a consent, or an emergency asserted in its stead, and under which of the
// patient's identities it is kept.
type Consent struct {
	projection.Consent
	Patient protocol.PatientID
}

// ground is what the reading of other care providers' records rests on, or could.
type ground struct {
	basis      protocol.Basis
	step       protocol.EmergencyStep
	ends       protocol.Instant
	standing   []Consent
	mayConsent bool
	mayAttest  bool
}

// findBasis settles what other care providers' records rest on, and returns until
// when. A consent comes before an emergency, and an emergency's second step before its
// first. Nobody consents for the deceased, and they are in no danger: there is no basis.
func (d *Decision) findBasis(f *Facts, at protocol.Instant) (until moment) {
	until = turns(f.AsOf.Consents, at, Bound(raftfsm.Consents))
	d.ground.standing = f.endable(at)
	if !Fresh(f.AsOf.Consents, at, Bound(raftfsm.Consents)) {
		d.reason = ReasonConsentsUnknown
		return until
	}
	var longest [protocol.EmergencyContent + 1]struct { // of consents, and of each step
		stands bool
		ends   protocol.Instant
	}
	for _, c := range f.Consents {
		end := lasts(&c.Consent)
		switch {
		case c.Emergency > protocol.EmergencyContent || !f.reaches(c.CareProvider, c.CareUnit, c.Employee):
		case c.Start > at:
			until = until.or(moment(c.Start - 1))
		case current(c.Start, end, at):
			if l := &longest[c.Emergency]; !l.stands || outlasts(end, l.ends) {
				l.stands, l.ends = true, end
			}
		}
	}
	g := &d.ground
	switch {
	case f.Person.Deceased:
		d.reason = ReasonDeceased
		return until
	case longest[protocol.EmergencyNone].stands:
		d.reason, g.basis = ReasonConsent, protocol.BasisConsent
	case longest[protocol.EmergencyContent].stands:
		d.reason, g.basis, g.step = ReasonEmergency, protocol.BasisEmergency, protocol.EmergencyContent
	case longest[protocol.EmergencyProviders].stands:
		d.reason, g.basis, g.step = ReasonEmergencyProviders, protocol.BasisEmergency, protocol.EmergencyProviders
	default:
		d.reason, g.mayAttest = ReasonOwnOnly, true
	}
	g.mayConsent = g.basis != protocol.BasisConsent
	g.ends = longest[g.step].ends
	return until.orEnd(g.ends)
}

// endable are the consents and emergencies of who asks that are not over: those that
// stand, and those registered here by a node whose clock is ahead of this one's, which
// count there already. Access can always be taken away: also what is too old to be rested
// on is ended, since it may be rested on again.
func (f *Facts) endable(at protocol.Instant) (all []Consent) {
	for _, c := range f.Consents {
		begun := c.Start <= at || c.Local
		if f.reaches(c.CareProvider, c.CareUnit, c.Employee) && begun && current(c.Start, lasts(&c.Consent), max(at, c.Start)) {
			all = append(all, c)
		}
	}
	return all
}

// lasts returns the last instant of a consent or an emergency; zero is never. An
// emergency that was registered here ends by itself, whatever its row says.
func lasts(c *projection.Consent) protocol.Instant {
	if limit := c.Start + EmergencyFor; c.Local && c.Emergency != protocol.EmergencyNone && outlasts(c.End, limit) {
		return limit
	}
	return c.End
}
