package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"time"
)

// How long certificates are valid.
const (
	authorityYears = 10
	leafYears      = 2
	backdated      = 5 * time.Minute // clocks differ
)

const (
	pemCertificate = "CERTIFICATE"
	pemKey         = "PRIVATE KEY"
)

// issuer is an authority with its key.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	valid time.Duration // of what it issues; 0: leafYears
}

// leaf is what a certificate is to say.
type leaf struct {
	name      string
	hsaID     string // subject's serialNumber
	uri       *url.URL
	names     []string
	addresses []net.IP
	usages    []x509.ExtKeyUsage
	number    *big.Int // nil: a new one
}

func newSerial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] &= 0x7f           // positive
	return new(big.Int).SetBytes(b[:])
}

func newIssuer(name string) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("pki: key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          newSerial(),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.AddDate(authorityYears, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("pki: authority: %w", err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("pki: authority: %w", err)
	}
	return &issuer{cert: cert, key: key}, nil
}

// issue makes a key and a certificate for it, both in PEM.
func (i *issuer) issue(l leaf) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("pki: key: %w", err)
	}
	if l.number == nil {
		l.number = newSerial()
	}
	now := time.Now()
	until := now.AddDate(leafYears, 0, 0)
	if i.valid > 0 {
		until = now.Add(i.valid)
	}
	if until.After(i.cert.NotAfter) {
		until = i.cert.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber:          l.number,
		Subject:               pkix.Name{CommonName: l.name, SerialNumber: l.hsaID},
		NotBefore:             now.Add(-backdated),
		NotAfter:              until,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           l.usages,
		DNSNames:              l.names,
		IPAddresses:           l.addresses,
	}
	if l.uri != nil {
		template.URIs = []*url.URL{l.uri}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, i.cert, &private.PublicKey, i.key)
	if err != nil {
		return nil, nil, fmt.Errorf("pki: certificate: %w", err)
	}
	key, err = encodeKey(private)
	return encodeCertificate(raw), key, err
}

func (i *issuer) pem() []byte { return encodeCertificate(i.cert.Raw) }

func encodeCertificate(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: raw})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("pki: key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: raw}), nil
}

var errPEM = errors.New("not the expected PEM block")

func decodeCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemCertificate {
		return nil, errPEM
	}
	return x509.ParseCertificate(block.Bytes)
}

func decodeKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemKey {
		return nil, errPEM
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errPEM
	}
	return private, nil
}
