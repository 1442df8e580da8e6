package protocol

// Fault numbers what can go wrong where people meet it. The number is shown as
// TV-1001 and so on. Append only, never reuse; FaultInfo has the words.
type Fault uint16

// Faults of the gate. To the browser goes only what may be told: a blocked record
// and an absent one never differ.
const (
	FaultNone Fault = 0

	FaultPatientID     Fault = 1001 // not a valid patient id
	FaultNoEngagement  Fault = 1002 // no care engagement between the unit and the patient
	FaultCommission    Fault = 1003 // the commission does not allow an overview
	FaultNoCommission  Fault = 1004 // commission unknown, withdrawn or out of its time
	FaultUnknownFacts  Fault = 1005 // the security data is too old or missing: unknown is no
	FaultConsentEnded  Fault = 1006 // the consent ended
	FaultAccessChanged Fault = 1007 // access ended or changed for another reason
	FaultNotOpen       Fault = 1008 // no patient open, or nothing chosen
	FaultNotFound      Fault = 1009 // no such document in this view
	FaultConsentTerms  Fault = 1010 // consent for zero or too many days
	FaultTooMany       Fault = 1011 // more documents than a view may hold

	FaultProtected      Fault = 1012 // the patient's identity is protected
	FaultEmergencyTerms Fault = 1013 // an emergency without a reason, or its steps out of order
	FaultEmergencyEnded Fault = 1014 // the emergency's time is out
	FaultFollowUp       Fault = 1015 // the commission does not allow following up the access log
	FaultReportTerms    Fault = 1016 // a report of nothing, or over too long a time
	FaultGiver          Fault = 1017 // a child's consent needs a guardian, or to be found mature
	FaultNoBasis        Fault = 1018 // the question needs a consent or an emergency
	FaultDeceased       Fault = 1019 // the patient is deceased: nobody can consent, and there is no emergency
	FaultHandOver       Fault = 1020 // a hand-over that is used, too old, somebody else's, or not a known system's
	FaultPolicy         Fault = 1021 // printing or copying, which the operator has not allowed
	FaultFeedback       Fault = 1022 // feedback that is empty, too long, or seems to hold an identity

	FaultNoQuorum     Fault = 2001 // no majority of nodes: nothing can be recorded, so nothing is shown
	FaultBehind       Fault = 2002 // the node is behind the client's position
	FaultVersion      Fault = 2003 // client and node speak different versions
	FaultMalformed    Fault = 2004 // a frame that cannot be read, or out of turn
	FaultWhoAreYou    Fault = 2005 // nobody is signed in
	FaultBusy         Fault = 2006 // a limit is reached, try again
	FaultInternal     Fault = 2007 // something failed in the node; the id finds it
	FaultLeaseEnded   Fault = 2008 // the client's lease ran out (shown by the client itself)
	FaultProgramEnded Fault = 2009 // the client's program stopped (shown by the client itself)
	FaultEpoch        Fault = 2010 // the cluster was restored: everything is forgotten
	FaultSignIn       Fault = 2011 // nobody is signed in, and one can at the provider
	FaultSessionEnded Fault = 2012 // the session's time is out, or it was not used
)

// CloseCode is a websocket close code: 4000 to 4499 mean come back, 4500 to 4999 do not.
type CloseCode uint16

// The close codes.
const (
	CloseSlow      CloseCode = 4008 // the other side does not keep up, or did not say Hello in time
	CloseMoving    CloseCode = 4012 // the node goes away, use an alternate
	CloseNoAck     CloseCode = 4408 // a Revoke was not acknowledged in time
	CloseBehind    CloseCode = 4409 // the node is behind the client's position
	CloseNoLeader  CloseCode = 4410 // the node hears from no leader
	CloseForbidden CloseCode = 4503 // nobody, or nobody who may
	CloseVersion   CloseCode = 4501 // reload the page
	CloseMalformed CloseCode = 4502 // a frame that cannot be read
	CloseSession   CloseCode = 4504 // the session has ended: sign in again
)

// Retry reports whether the client may come back.
func (c CloseCode) Retry() bool { return c < 4500 }
