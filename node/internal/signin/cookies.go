package signin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
)

// errCookie is a cookie that this cluster did not make for the purpose, or that is too old.
var errCookie = errors.New("signin: no cookie of this cluster's, or one too old")

// Names of cookies, which are also what each is sealed for.
const (
	cookieSession  = "tvilling-session"
	cookieWay      = "tvilling-way" // to the provider and back
	cookieHandOver = "tvilling-hand-over"
	cookieAgain    = "tvilling-again"  // signed out here: the provider is to ask who it is
	cookieUnsaid   = "tvilling-unsaid" // signed out here, and not recorded: the session that may go on elsewhere
)

const (
	maxCookie = 3800 // bytes of one: browsers keep 4096; a longer one is none
	maxOfName = 4    // cookies of one name that are tried: another site under the domain may have set one
	wayFor    = 5 * time.Minute
	handFor   = 5 * time.Minute
)

// Ring seals and opens; *sealing.Ring is one.
type Ring interface {
	Seal(bucket sealing.Bucket, key, plain []byte) []byte
	Open(bucket sealing.Bucket, key, sealed []byte) ([]byte, error)
	Key(domain string, parts ...string) [16]byte
}

// cookies seals what browsers keep.
type cookies struct {
	ring    Ring
	cluster string
	domain  string // that nodes share; empty: each cookie stays at its own
	secure  bool   // the node is spoken to with TLS
}

// The contents.
type (
	sealedSession struct {
		ID                   []byte
		Employee, Name, ACR  string
		SignedIn, Idle, Ends protocol.Instant
	}
	sealedWay struct {
		State, Nonce, Verifier string
		Begun, Ends            protocol.Instant
		Again                  bool           // the provider was to ask who it is
		Before                 *sealedSession // that was held when it began; nil: none
	}
	sealedHandOver struct {
		ID, Arrival                   []byte
		System, Name                  string
		Employee, Commission, Patient string
		Ends                          protocol.Instant
	}
)

// name is how a cookie is called where it is kept: browsers let nobody else set one with
// such a prefix. The way to the provider and back is one node's own.
func (c *cookies) name(of string) string {
	switch {
	case !c.secure:
		return of
	case c.shared(of):
		return "__Secure-" + of
	default:
		return "__Host-" + of
	}
}

func (c *cookies) shared(of string) bool { return c.domain != "" && of != cookieWay }

func (c *cookies) place(of string) []byte { return []byte(of + "\x00" + c.cluster) }

// set gives the browser a cookie. Without age it goes when the browser is closed.
func (c *cookies) set(w http.ResponseWriter, of string, content any, age time.Duration) error {
	plain, err := json.Marshal(content)
	if err != nil {
		return err
	}
	one := c.plain(of, base64.RawURLEncoding.EncodeToString(c.ring.Seal(sealing.Cookies, c.place(of), plain)))
	if len(one.Value) > maxCookie {
		return errCookie
	}
	one.MaxAge = int(age.Seconds())
	http.SetCookie(w, one)
	return nil
}

func (c *cookies) plain(of, value string) *http.Cookie {
	one := &http.Cookie{Name: c.name(of), Value: value, Path: "/", Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if of == cookieWay || of == cookieAgain {
		one.SameSite = http.SameSiteLaxMode // it comes back with the provider's answer; by whatever link one comes to sign in
	}
	if c.shared(of) {
		one.Domain = c.domain
	}
	return one
}

func (c *cookies) clear(w http.ResponseWriter, of string) {
	one := c.plain(of, "")
	one.MaxAge = -1
	http.SetCookie(w, one)
}

// found are the request's cookies of a name.
func (c *cookies) found(r *http.Request, of string) []*http.Cookie {
	all := r.CookiesNamed(c.name(of))
	return all[:min(len(all), maxOfName)]
}

// open reads a cookie of the request into content.
func (c *cookies) open(r *http.Request, of string, content any) error {
	for _, one := range c.found(r, of) {
		if c.unseal(of, one.Value, content) == nil {
			return nil
		}
	}
	return errCookie
}

func (c *cookies) unseal(of, value string, content any) error {
	if len(value) > maxCookie {
		return errCookie
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil {
		return errCookie
	}
	plain, err := c.ring.Open(sealing.Cookies, c.place(of), sealed)
	if err != nil {
		return errCookie
	}
	if err := json.Unmarshal(plain, content); err != nil {
		return errCookie
	}
	return nil
}

func sealedOf(s *identity.Session) sealedSession {
	return sealedSession{ID: s.ID[:], Employee: s.Employee.Reveal(), Name: s.Name, ACR: s.ACR, SignedIn: s.SignedIn, Idle: s.Idle, Ends: s.Ends}
}

func (c *cookies) setSession(w http.ResponseWriter, s *identity.Session) error {
	return c.set(w, cookieSession, sealedOf(s), 0)
}

// session is the session that the browser holds, over or not; nil: none. Where it brings
// two there is none: another site under the domain has put one there, and which is its
// user's own cannot be seen.
func (c *cookies) session(r *http.Request) (held *identity.Session) {
	for _, one := range c.found(r, cookieSession) {
		var s sealedSession
		if c.unseal(cookieSession, one.Value, &s) != nil {
			continue
		}
		switch other := s.session(); {
		case other == nil:
		case held == nil:
			held = other
		case held.ID != other.ID:
			return nil
		}
	}
	return held
}

// session is what was sealed; nil: nothing that is one.
func (s *sealedSession) session() *identity.Session {
	if s == nil || len(s.ID) != 16 {
		return nil
	}
	employee, err := protocol.ParseEmployeeID(s.Employee)
	if err != nil {
		return nil
	}
	return &identity.Session{ID: [16]byte(s.ID), Employee: employee, Name: s.Name, ACR: s.ACR, SignedIn: s.SignedIn, Idle: s.Idle, Ends: s.Ends}
}

func (c *cookies) setHandOver(w http.ResponseWriter, h *identity.HandOver) error {
	return c.set(w, cookieHandOver, sealedHandOver{
		ID: h.ID[:], Arrival: h.Arrival[:], System: h.System.Reveal(), Name: h.Name,
		Employee: h.Employee.Reveal(), Commission: h.Commission.Reveal(), Patient: h.Patient.Reveal(), Ends: h.Ends,
	}, handFor)
}

// handOver is the hand-over that the browser brings; nil: none, or one too old.
func (c *cookies) handOver(r *http.Request, at protocol.Instant) *identity.HandOver {
	var s sealedHandOver
	if c.open(r, cookieHandOver, &s) != nil || len(s.ID) != 16 || len(s.Arrival) != 16 || at >= s.Ends {
		return nil
	}
	h := &identity.HandOver{ID: [16]byte(s.ID), Arrival: [16]byte(s.Arrival), Name: s.Name, Ends: s.Ends}
	var faults [4]error
	h.System, faults[0] = protocol.ParseSourceID(s.System)
	h.Employee, faults[1] = protocol.ParseEmployeeID(s.Employee)
	h.Commission, faults[2] = protocol.ParseCommissionID(s.Commission)
	h.Patient, faults[3] = protocol.ParsePatientID(s.Patient)
	if errors.Join(faults[:]...) != nil {
		return nil
	}
	return h
}
