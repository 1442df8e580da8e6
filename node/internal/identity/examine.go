package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"tvilling/protocol"
)

// Finding is why a certificate does not say who one is, in a word that the holder may be
// told. It never names the holder.
type Finding string

// Findings.
const (
	FindingGood   Finding = ""
	FindingNone   Finding = "none"    // no certificate was shown
	FindingRanOut Finding = "expired" // it was valid, or is not valid yet, by the node's clock
	FindingIssuer Finding = "issuer"  // it is not one of the staff authority's
	FindingUse    Finding = "use"     // it is not for proving who one is
	FindingNobody Finding = "hsa-id"  // its subject has no HSA-id
	FindingOther  Finding = "other"
)

// Examined is what there is to see of a connection's certificate.
type Examined struct {
	Presented bool
	Chains    [][]*x509.Certificate // nil unless an authority of the staff's stands behind it
	NotAfter  time.Time
	Finding   Finding
}

// Examine holds the certificate of a connection against the staff's authorities; without
// any, none is trusted. It is for telling the holder what is wrong: only Identify makes
// anybody somebody.
func Examine(roots *x509.CertPool, state *tls.ConnectionState) Examined {
	if state == nil || len(state.PeerCertificates) == 0 {
		return Examined{Finding: FindingNone}
	}
	e := Examined{Presented: true, NotAfter: state.PeerCertificates[0].NotAfter}
	if roots == nil {
		e.Finding = FindingIssuer // and never what the machine trusts
		return e
	}
	var err error
	if e.Chains, err = verify(roots, state.PeerCertificates); err != nil {
		e.Finding = findingOf(err)
		return e
	}
	if _, err := protocol.ParseEmployeeID(state.PeerCertificates[0].Subject.SerialNumber); err != nil {
		e.Finding = FindingNobody
	}
	return e
}

// maxChain is how many certificates that a browser sends are looked at: whoever comes may
// send any.
const maxChain = 8

// verify holds a certificate and those sent with it against the roots.
func verify(roots *x509.CertPool, shown []*x509.Certificate) ([][]*x509.Certificate, error) {
	between := x509.NewCertPool()
	for _, cert := range shown[1:min(len(shown), maxChain)] {
		between.AddCert(cert)
	}
	return shown[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func findingOf(err error) Finding {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return FindingIssuer
	}
	invalid, _ := errors.AsType[x509.CertificateInvalidError](err)
	switch invalid.Reason {
	case x509.Expired:
		return FindingRanOut
	case x509.IncompatibleUsage:
		return FindingUse
	}
	return FindingOther
}
