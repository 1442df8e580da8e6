package identity

import (
	"crypto/tls"
	"errors"
	"fmt"

	"tvilling/protocol"
)

// Errors of sessions.
var (
	ErrSignIn = errors.New("identity: nobody is signed in, and one can at the provider")
	ErrOver   = errors.New("identity: the session's time is out, it was not used, or it is somebody else's")
)

// Proof is what a connection and its client have to say of who asks.
type Proof struct {
	TLS     *tls.ConnectionState // nil without TLS
	Person  string               // whom the client says it wants to be; empty: it has not said
	Session *Session             // that the browser holds; nil: none
}

// Session is what a browser holds from when its user signed in until one of its ends.
type Session struct {
	ID       [16]byte
	Employee protocol.EmployeeID
	Name     string
	ACR      string // how one has proved who one is; empty: by a certificate
	SignedIn protocol.Instant
	Idle     protocol.Instant // when it ends unless it is used
	Ends     protocol.Instant // when it ends in any case
}

// Over reports whether the session has ended.
func (s *Session) Over(at protocol.Instant) bool { return at >= s.Idle || at >= s.Ends }

// HandOver is a record system's word that a user wants to see a patient here. It was
// verified when it arrived; that it is used once is for whoever uses it to see to.
type HandOver struct {
	ID         [16]byte // of the token, the same for everybody who has it
	Arrival    [16]byte // of this arrival of it
	System     protocol.SourceID
	Name       string // of the system, as users know it
	Employee   protocol.EmployeeID
	Commission protocol.CommissionID
	Patient    protocol.PatientID
	Ends       protocol.Instant
}

// Provider identifies by the session that was begun when the user came back from the
// OpenID provider.
type Provider struct{}

// Identify returns whose session it is. That it has not ended is looked at where it is
// used, as for every session.
func (Provider) Identify(p Proof) (Actor, error) {
	switch {
	case p.Person != "":
		return Actor{}, fmt.Errorf("%w: the provider says who one is", ErrUnknown)
	case p.Session == nil || p.Session.Employee.IsZero():
		return Actor{}, ErrSignIn
	}
	return Actor{Employee: p.Session.Employee, Name: p.Session.Name}, nil
}

// People is nil: nobody chooses.
func (Provider) People() []protocol.Person { return nil }
