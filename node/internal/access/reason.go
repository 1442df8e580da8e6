package access

import "tvilling/protocol"

// Reason says why something was decided as it was. It is recorded and explained to
// operators; to the browser goes only what Fault says. The zero value is no decision.
type Reason uint8

// The reasons, in the order in which the rules are asked.
const (
	ReasonNone Reason = iota

	// Refused: the patient does not open.
	ReasonNobody              // nobody asks, or under no commission
	ReasonClock               // the time is not known: the node's clock is not to be trusted
	ReasonCommissionsUnknown  // the commissions are too old or missing
	ReasonEmployeeUnknown     // no commission at all is known of the employee
	ReasonCommissionUnknown   // the employee does not have this commission
	ReasonCommissionNotYet    // it has not begun
	ReasonCommissionEnded     // it has ended
	ReasonCommissionPlaceless // it names no care unit or no care provider
	ReasonPurpose             // it is not for care
	ReasonRight               // it holds no right to read shared records
	ReasonPatientID           // no valid patient id
	ReasonPersonsUnknown      // what the population register says is too old or missing
	ReasonProtected           // the patient's identity is protected
	ReasonRelationsUnknown    // the care engagements are too old or missing
	ReasonEngagementUnknown   // the answer of the unit's own system is too old
	ReasonNoEngagement        // the unit does not have the patient in care

	// Permitted: the patient opens.
	ReasonConsent            // with other care providers' records, by consent
	ReasonEmergency          // with other care providers' records, in an emergency
	ReasonEmergencyProviders // with the own care provider's records, and who else has some: an emergency's first step
	ReasonOwnOnly            // with the own care provider's records alone: there is no consent
	ReasonDeceased           // with the own care provider's records alone: the patient is deceased
	ReasonConsentsUnknown    // with the own care provider's records alone: the consents are too old or missing

	// Of a document.
	ReasonNotPermitted  // the patient does not open
	ReasonOwnerUnknown  // the record does not say whose it is
	ReasonOutsideRight  // the commission's rights do not cover this type of information
	ReasonNoBasis       // another care provider's, and nothing to read it on
	ReasonFirstStep     // another care provider's, and an emergency that has gone its first step alone
	ReasonBlocksUnknown // the blocks are too old or missing
	ReasonOuterBlock    // blocked outside the care provider
	ReasonInnerBlock    // blocked outside the care unit
	ReasonNotChosen     // the reader did not choose this type of information
	ReasonOwnUnit       // shown: the own care unit's
	ReasonOwnProvider   // shown: another unit's of the own care provider
	ReasonOtherProvider // shown: another care provider's, by the basis

	// Of an act: what is recorded of what somebody wished to do, where the gate alone
	// does not say it. They are the last.
	ReasonEngagementUnasked  // the unit's own system could not be asked about the care engagement
	ReasonNoDocument         // there is no such document
	ReasonAskBlocksUnknown   // not answered: the blocks are too old or missing
	ReasonAskNoBasis         // not answered: the question needs a basis
	ReasonActConsentsUnknown // nothing registered: the consents are too old or missing
	ReasonActDeceased        // nothing registered: the patient is deceased
	ReasonActGiver           // nothing registered: who is said to consent cannot
	ReasonActStep            // nothing registered: it is not the emergency's next step
	ReasonNoFollowUp         // the access log may not be followed up
	ReasonConsentAttested    // done: a consent is registered
	ReasonEmergencyAttested  // done: a step of an emergency is registered
	ReasonConsentEnded       // done: what the commission rested on is ended
	ReasonPolicy             // not taken off the screen: the operator does not allow it
)

// String returns the reason in English, for the record and for operators.
func (r Reason) String() string {
	switch r {
	case ReasonNone:
		return "not decided"
	case ReasonNobody:
		return "nobody asks, or under no commission"
	case ReasonClock:
		return "time not known: the node's clock is wrong or was not compared"
	case ReasonCommissionsUnknown:
		return "commissions too old or missing"
	case ReasonEmployeeUnknown:
		return "employee has no commission"
	case ReasonCommissionUnknown:
		return "employee does not have this commission"
	case ReasonCommissionNotYet:
		return "commission has not begun"
	case ReasonCommissionEnded:
		return "commission has ended"
	case ReasonCommissionPlaceless:
		return "commission without care unit or care provider"
	case ReasonPurpose:
		return "commission is not for care and treatment"
	case ReasonRight:
		return "commission without right to read shared records"
	case ReasonPatientID:
		return "no valid patient id"
	case ReasonPersonsUnknown:
		return "population register too old or missing"
	case ReasonProtected:
		return "patient's identity is protected"
	case ReasonRelationsUnknown:
		return "care engagements too old or missing"
	case ReasonEngagementUnknown:
		return "answer about the care engagement too old"
	case ReasonNoEngagement:
		return "no care engagement"
	default:
		return r.ofPermit()
	}
}

// ofPermit is String for the reasons that permit.
func (r Reason) ofPermit() string {
	switch r {
	case ReasonConsent:
		return "permitted, other care providers by consent"
	case ReasonEmergency:
		return "permitted, other care providers by emergency"
	case ReasonEmergencyProviders:
		return "permitted, own care provider, and which others have information: emergency, first step"
	case ReasonOwnOnly:
		return "permitted, own care provider alone: no consent"
	case ReasonDeceased:
		return "permitted, own care provider alone: the patient is deceased"
	case ReasonConsentsUnknown:
		return "permitted, own care provider alone: consents too old or missing"
	default:
		return r.ofDocument()
	}
}

// ofDocument is String for the reasons about one document.
func (r Reason) ofDocument() string {
	switch r {
	case ReasonNotPermitted:
		return "patient does not open"
	case ReasonOwnerUnknown:
		return "record without care provider or care unit"
	case ReasonOutsideRight:
		return "outside the commission's rights"
	case ReasonNoBasis:
		return "another care provider's, no basis"
	case ReasonFirstStep:
		return "another care provider's, emergency in its first step"
	case ReasonBlocksUnknown:
		return "blocks too old or missing"
	case ReasonOuterBlock:
		return "blocked outside its care provider"
	case ReasonInnerBlock:
		return "blocked outside its care unit"
	case ReasonNotChosen:
		return "not chosen"
	case ReasonOwnUnit:
		return "own care unit's"
	case ReasonOwnProvider:
		return "own care provider's"
	case ReasonOtherProvider:
		return "another care provider's, by the basis"
	default:
		return r.ofAct()
	}
}

// ofAct is String for the reasons of acts.
func (r Reason) ofAct() string {
	switch r {
	case ReasonEngagementUnasked:
		return "care engagement could not be asked about"
	case ReasonNoDocument:
		return "no such document"
	case ReasonAskBlocksUnknown:
		return "not answered: blocks too old or missing"
	case ReasonAskNoBasis:
		return "not answered: no basis for the question"
	case ReasonActConsentsUnknown:
		return "nothing registered: consents too old or missing"
	case ReasonActDeceased:
		return "nothing registered: the patient is deceased"
	case ReasonActGiver:
		return "nothing registered: not one who can consent for this patient"
	case ReasonActStep:
		return "nothing registered: not the emergency's next step"
	case ReasonNoFollowUp:
		return "may not follow up the access log"
	case ReasonConsentAttested:
		return "consent attested"
	case ReasonEmergencyAttested:
		return "emergency attested"
	case ReasonConsentEnded:
		return "consent ended"
	case ReasonPolicy:
		return "not taken off the screen: the operator's policy does not allow it"
	default:
		return unknownReason
	}
}

const unknownReason = "unknown reason"

// ReasonOf finds a reason by what String says of it: the record holds that.
func ReasonOf(text string) (r Reason, ok bool) {
	for r = ReasonNobody; r.String() != unknownReason; r++ {
		if r.String() == text {
			return r, true
		}
	}
	return ReasonNone, false
}

// Fault is what a browser may be told. A document that is hidden is not found,
// whatever hides it: blocked and absent never differ. What this table does not name
// is told as a failure, so that a new reason tells nothing by mistake.
func (r Reason) Fault() protocol.Fault {
	switch r {
	case ReasonConsent, ReasonEmergency, ReasonEmergencyProviders, ReasonOwnOnly, ReasonDeceased, ReasonConsentsUnknown,
		ReasonOwnUnit, ReasonOwnProvider, ReasonOtherProvider,
		ReasonConsentAttested, ReasonEmergencyAttested, ReasonConsentEnded:
		return protocol.FaultNone
	case ReasonNobody:
		return protocol.FaultWhoAreYou
	case ReasonEmployeeUnknown, ReasonCommissionUnknown, ReasonCommissionNotYet, ReasonCommissionEnded:
		return protocol.FaultNoCommission
	case ReasonCommissionPlaceless, ReasonPurpose, ReasonRight:
		return protocol.FaultCommission
	case ReasonPatientID:
		return protocol.FaultPatientID
	case ReasonClock, ReasonCommissionsUnknown, ReasonPersonsUnknown, ReasonRelationsUnknown, ReasonEngagementUnknown,
		ReasonEngagementUnasked, ReasonAskBlocksUnknown, ReasonActConsentsUnknown:
		return protocol.FaultUnknownFacts
	case ReasonProtected:
		return protocol.FaultProtected
	case ReasonNoEngagement:
		return protocol.FaultNoEngagement
	case ReasonNotPermitted, ReasonOwnerUnknown, ReasonOutsideRight, ReasonNoBasis, ReasonFirstStep,
		ReasonBlocksUnknown, ReasonOuterBlock, ReasonInnerBlock, ReasonNotChosen, ReasonNoDocument:
		return protocol.FaultNotFound
	case ReasonAskNoBasis:
		return protocol.FaultNoBasis
	case ReasonActDeceased:
		return protocol.FaultDeceased
	case ReasonActGiver:
		return protocol.FaultGiver
	case ReasonActStep:
		return protocol.FaultEmergencyTerms
	case ReasonNoFollowUp:
		return protocol.FaultFollowUp
	case ReasonPolicy:
		return protocol.FaultPolicy
	default:
		return protocol.FaultInternal
	}
}
