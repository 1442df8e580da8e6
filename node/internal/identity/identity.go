// Package identity says who is asking. It turns what a browser's connection proves,
// or in a demo environment what it chose, into a member of staff.
//
// It owns the ways of being somebody: Certificate, for a client certificate of the
// staff's authority, Provider, for who signed in at an OpenID provider, and Choice, for
// environments without a login; and what a session and a hand-over are. It says
// nothing about what anybody may do: that is the commission's, and access decides it.
// It must never print who it is about.
package identity

import (
	"crypto/x509"
	"errors"
	"fmt"

	"tvilling/protocol"
)

// Errors of identification. They name the rule and never the person.
var (
	ErrNobody     = errors.New("identity: nobody is signed in")
	ErrUntrusted  = errors.New("identity: the certificate is not one of the staff authority's, or not valid now")
	ErrNoHSAID    = errors.New("identity: the certificate's subject has no serialNumber that is an HSA-id")
	ErrUnknown    = errors.New("identity: no such person to be")
	ErrProduction = errors.New("identity: in production nobody chooses who to be")
	ErrPeople     = errors.New("identity: more people to choose from than may be")
	ErrAuthority  = errors.New("identity: no staff authority is given")
)

// Actor is who asks. The zero value is nobody.
type Actor struct {
	Employee protocol.EmployeeID
	Key      string // of the chosen person; empty with a certificate
	Name     string
	Title    string
}

// Person returns the actor as the client shows it.
func (a Actor) Person() protocol.Person {
	return protocol.Person{Key: a.Key, Name: a.Name, Title: a.Title}
}

// Identifier tells who is at the other end of a connection.
type Identifier interface {
	// Identify returns who asks.
	Identify(p Proof) (Actor, error)
	// People returns whom one can choose to be; nil where one cannot choose.
	People() []protocol.Person
}

// Certificate identifies by a client certificate of the staff's authority, with the
// HSA-id in the subject's serialNumber. What a client says it wants to be is refused.
type Certificate struct{ roots func() *x509.CertPool }

// NewCertificate returns an identifier that trusts the roots as they are when it is asked.
func NewCertificate(roots func() *x509.CertPool) (Certificate, error) {
	if now := roots(); now == nil || now.Equal(x509.NewCertPool()) {
		return Certificate{}, ErrAuthority
	}
	return Certificate{roots: roots}, nil
}

// Identify verifies the certificate itself, whatever the listener has verified: a
// listener set up by mistake to take any certificate lets nobody in.
func (c Certificate) Identify(p Proof) (Actor, error) {
	state := p.TLS
	if c.roots == nil || state == nil || len(state.PeerCertificates) == 0 {
		return Actor{}, ErrNobody
	}
	if p.Person != "" {
		return Actor{}, fmt.Errorf("%w: a certificate says who one is", ErrUnknown)
	}
	leaf := state.PeerCertificates[0]
	if _, err := verify(c.roots(), state.PeerCertificates); err != nil {
		return Actor{}, ErrUntrusted // x509's own words could quote the subject
	}
	employee, err := protocol.ParseEmployeeID(leaf.Subject.SerialNumber)
	if err != nil {
		return Actor{}, ErrNoHSAID
	}
	name := leaf.Subject.CommonName
	if len(name) > protocol.MaxShortTextBytes {
		name = ""
	}
	return Actor{Employee: employee, Name: name}, nil
}

// People is nil: nobody chooses.
func (Certificate) People() []protocol.Person { return nil }

// Person is somebody to be in a demo or development environment.
type Person struct {
	Key      string
	Name     string
	Title    string
	Employee protocol.EmployeeID
}

// Choice lets the client say who it is. It cannot be made in production.
type Choice struct{ people func() []Person }

// NewChoice returns an identifier over the people that the function returns at the
// time; it is asked anew for every connection.
func NewChoice(env protocol.Environment, people func() []Person) (Choice, error) {
	switch env {
	case protocol.Demo, protocol.Development:
	default: // production, and what this build does not know
		return Choice{}, ErrProduction
	}
	if len(people()) > protocol.MaxPeople {
		return Choice{}, fmt.Errorf("%w: the limit is %d", ErrPeople, protocol.MaxPeople)
	}
	return Choice{people: people}, nil
}

// Identify returns the person with the key. A client that has not chosen is nobody.
func (c Choice) Identify(proof Proof) (Actor, error) {
	if c.people == nil || proof.Person == "" {
		return Actor{}, ErrNobody
	}
	for _, p := range c.people() {
		if p.Key == proof.Person && !p.Employee.IsZero() {
			return Actor{Employee: p.Employee, Key: p.Key, Name: p.Name, Title: p.Title}, nil
		}
	}
	return Actor{}, ErrUnknown
}

// People returns whom one can be, at most as many as the protocol can carry.
func (c Choice) People() []protocol.Person {
	if c.people == nil {
		return nil
	}
	people := c.people()
	out := make([]protocol.Person, 0, min(len(people), protocol.MaxPeople))
	for _, p := range people[:cap(out)] {
		out = append(out, protocol.Person{Key: p.Key, Name: p.Name, Title: p.Title})
	}
	return out
}
