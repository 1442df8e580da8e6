package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/identity"
	"tvilling/protocol"
)

// authority signs certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "staff"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return sign(t, template, authority{})
}

func sign(t *testing.T, template *x509.Certificate, by authority) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by.cert == nil {
		by = authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

func leaf(serialNumber string, change func(*x509.Certificate)) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "Anna Nurse", SerialNumber: serialNumber},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	return template
}

func TestCertificate(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	roots := x509.NewCertPool()
	roots.AddCert(ours.cert)
	who, err := identity.NewCertificate(func() *x509.CertPool { return roots })
	if err != nil {
		t.Fatal(err)
	}
	state := func(by authority, template *x509.Certificate) *tls.ConnectionState {
		return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{sign(t, template, by).cert}}
	}
	employee, err := protocol.ParseEmployeeID("SE2321000016-1ABC")
	if err != nil {
		t.Fatal(err)
	}
	const good = "se2321000016-1abc"
	cases := []struct {
		name   string
		state  *tls.ConnectionState
		person string
		want   error
	}{
		{"a member of staff", state(ours, leaf(good, nil)), "", nil},
		{"no TLS", nil, "", identity.ErrNobody},
		{"no certificate", new(tls.ConnectionState), "", identity.ErrNobody},
		{"another authority's", state(theirs, leaf(good, nil)), "", identity.ErrUntrusted},
		{"expired", state(ours, leaf(good, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), "", identity.ErrUntrusted},
		{"a server's", state(ours, leaf(good, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })), "", identity.ErrUntrusted},
		{"without an HSA-id", state(ours, leaf("", nil)), "", identity.ErrNoHSAID},
		{"with something else there", state(ours, leaf("Anna Nurse", nil)), "", identity.ErrNoHSAID},
		{"who wants to be somebody else", state(ours, leaf(good, nil)), "bertil", identity.ErrUnknown},
	}
	for _, c := range cases {
		got, err := who.Identify(identity.Proof{TLS: c.state, Person: c.person})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		want := identity.Actor{}
		if c.want == nil {
			want = identity.Actor{Employee: employee, Name: "Anna Nurse"}
		}
		if got != want {
			t.Errorf("%s: another actor than wanted", c.name)
		}
		if err != nil && strings.Contains(err.Error(), "Anna") {
			t.Errorf("%s: the error names the person", c.name)
		}
	}
	if people := who.People(); people != nil {
		t.Errorf("a certificate lets one choose among %d", len(people))
	}
	if _, err := (identity.Certificate{}).Identify(identity.Proof{TLS: cases[0].state, Person: ""}); !errors.Is(err, identity.ErrNobody) {
		t.Errorf("the zero identifier: %v, want ErrNobody", err)
	}
	for _, none := range []*x509.CertPool{nil, x509.NewCertPool()} {
		if _, err := identity.NewCertificate(func() *x509.CertPool { return none }); !errors.Is(err, identity.ErrAuthority) {
			t.Errorf("no authority: %v, want ErrAuthority", err)
		}
	}
}

func TestChoiceIsRefusedInProduction(t *testing.T) {
	nobody := func() []identity.Person { return nil }
	for env, want := range map[protocol.Environment]error{
		protocol.Production: identity.ErrProduction, 99: identity.ErrProduction,
		protocol.Demo: nil, protocol.Development: nil,
	} {
		if _, err := identity.NewChoice(env, nobody); !errors.Is(err, want) {
			t.Errorf("environment %d: %v, want %v", env, err, want)
		}
	}
}

func TestChoice(t *testing.T) {
	employee, err := protocol.ParseEmployeeID("SE2321000016-1ABC")
	if err != nil {
		t.Fatal(err)
	}
	people := []identity.Person{{Key: "anna", Name: "Anna", Title: "Nurse", Employee: employee}, {Key: "empty"}}
	who, err := identity.NewChoice(protocol.Demo, func() []identity.Person { return people })
	if err != nil {
		t.Fatal(err)
	}
	got, err := who.Identify(identity.Proof{TLS: nil, Person: "anna"})
	if err != nil || got != (identity.Actor{Employee: employee, Key: "anna", Name: "Anna", Title: "Nurse"}) {
		t.Errorf("anna: another actor than wanted, %v", err)
	}
	for person, want := range map[string]error{"": identity.ErrNobody, "bertil": identity.ErrUnknown, "empty": identity.ErrUnknown} {
		if got, err := who.Identify(identity.Proof{TLS: nil, Person: person}); !errors.Is(err, want) || got != (identity.Actor{}) {
			t.Errorf("%q: %v, want %v", person, err, want)
		}
	}
	want := []protocol.Person{{Key: "anna", Name: "Anna", Title: "Nurse"}, {Key: "empty"}}
	if diff := cmp.Diff(want, who.People()); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[0], got.Person()); diff != "" {
		t.Errorf("person (-want +got):\n%s", diff)
	}
	if _, err := (identity.Choice{}).Identify(identity.Proof{TLS: nil, Person: "anna"}); !errors.Is(err, identity.ErrNobody) {
		t.Errorf("the zero identifier: %v, want ErrNobody", err)
	}
}

func TestChoiceIsBounded(t *testing.T) {
	var people []identity.Person
	for i := range protocol.MaxPeople {
		people = append(people, identity.Person{Key: fmt.Sprint(i)})
	}
	who, err := identity.NewChoice(protocol.Demo, func() []identity.Person { return people })
	if err != nil {
		t.Fatal(err)
	}
	people = append(people, identity.Person{Key: "one too many"})
	if got := len(who.People()); got != protocol.MaxPeople {
		t.Errorf("%d people, want %d", got, protocol.MaxPeople)
	}
	if _, err := identity.NewChoice(protocol.Demo, func() []identity.Person { return people }); !errors.Is(err, identity.ErrPeople) {
		t.Errorf("too many people: %v, want ErrPeople", err)
	}
}
