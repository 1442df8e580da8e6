package signin

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// Errors of hand-overs. They never quote the token.
var (
	ErrKey      = errors.New("signin: a record system's key must be a PEM public key: P-256, Ed25519, or RSA of 2048 bits or more")
	errHandOver = errors.New("signin: the hand-over is not one that can be taken")
)

// Limits of a hand-over's token; beyond, errHandOver.
const (
	maxHandOver = 8 << 10         // bytes
	maxLife     = 2 * time.Minute // from when it was made to when it ends
	maxSkew     = 30 * time.Second
	maxTokenID  = 128
)

// System is a record system that may send users here, by one of its keys.
type System struct {
	id   protocol.SourceID
	name string
	key  any
	alg  jose.SignatureAlgorithm
}

// NewSystem reads a record system's public key. Which kind of signature is taken is the
// key's to say, and never the token's.
func NewSystem(id, name string, key []byte) (System, error) {
	system, err := protocol.ParseSourceID(id)
	if err != nil {
		return System{}, fmt.Errorf("signin: record system: %w", err)
	}
	block, rest := pem.Decode(key)
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return System{}, ErrKey
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return System{}, ErrKey
	}
	s := System{id: system, name: name, key: public}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		s.alg = jose.ES256
		if k.Curve != elliptic.P256() {
			return System{}, ErrKey
		}
	case ed25519.PublicKey:
		s.alg = jose.EdDSA
	case *rsa.PublicKey:
		s.alg = jose.PS256
		if k.N.BitLen() < 2048 {
			return System{}, ErrKey
		}
	default:
		return System{}, ErrKey
	}
	return s, nil
}

// handOverAlgorithms are all that may be; each key takes one.
var handOverAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.PS256}

// handOvers verifies what record systems send.
type handOvers struct {
	systems []System
	cluster string
	ring    Ring
}

// sent is what a token says.
type sent struct {
	jwt.Claims
	Patient    string `json:"patient"`
	Commission string `json:"commission"`
}

// verify reads a token. That it is used once is not seen here.
func (h *handOvers) verify(token string, at time.Time) (*identity.HandOver, error) {
	if len(token) > maxHandOver {
		return nil, errHandOver
	}
	parsed, err := jwt.ParseSigned(token, handOverAlgorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return nil, errHandOver
	}
	var said sent
	if err := parsed.UnsafeClaimsWithoutVerification(&said); err != nil {
		return nil, errHandOver
	}
	issuer, err := protocol.ParseSourceID(said.Issuer)
	if err != nil {
		return nil, errHandOver
	}
	for _, s := range h.systems {
		if s.id != issuer || string(s.alg) != parsed.Headers[0].Algorithm {
			continue
		}
		var signed sent
		if parsed.Claims(s.key, &signed) == nil {
			return h.read(&signed, s, at)
		}
	}
	return nil, errHandOver
}

// read takes what a verified token says, if it says it of now, to us, and of somebody.
func (h *handOvers) read(s *sent, from System, at time.Time) (*identity.HandOver, error) {
	switch {
	case s.Expiry == nil || s.IssuedAt == nil || s.NotBefore == nil:
		return nil, errHandOver
	case s.ID == "" || len(s.ID) > maxTokenID || len(s.Audience) != 1 || s.Audience[0] != h.cluster:
		return nil, errHandOver
	}
	made, ends := s.IssuedAt.Time(), s.Expiry.Time()
	if ends.Sub(made) > maxLife || !ends.After(made) || !at.Before(ends) || made.Sub(at) > maxSkew || s.NotBefore.Time().Sub(at) > maxSkew {
		return nil, errHandOver
	}
	over := &identity.HandOver{
		ID: h.ring.Key("hand-over", from.id.Reveal(), s.ID), Arrival: record.NewID(), System: from.id, Name: from.name,
		Ends: protocol.Instant(at.Add(handFor).UnixMilli()),
	}
	var faults [3]error
	over.Employee, faults[0] = protocol.ParseEmployeeID(s.Subject)
	over.Commission, faults[1] = protocol.ParseCommissionID(s.Commission)
	over.Patient, faults[2] = protocol.ParsePatientID(s.Patient)
	if errors.Join(faults[:]...) != nil {
		return nil, errHandOver
	}
	return over, nil
}
