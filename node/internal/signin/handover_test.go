package signin

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"tvilling/node/internal/sealing"
	"tvilling/node/providertest"
)

const (
	journalID = "SE2321000016-1COS"
	patientID = "199701062383"
)

func publicPEM(key any) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key))})
}

// systems are three record systems' keys, one of each kind.
type systems struct {
	ec    *ecdsa.PrivateKey
	ed    ed25519.PrivateKey
	rsa   *rsa.PrivateKey
	known []System
}

func newSystems() systems {
	var s systems
	var public ed25519.PublicKey
	s.ec = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	public, s.ed, _ = ed25519.GenerateKey(rand.Reader)
	s.rsa = must(rsa.GenerateKey(rand.Reader, 2048))
	s.known = []System{
		must(NewSystem(journalID, "Journalen", publicPEM(s.ec.Public()))),
		must(NewSystem(journalID, "Journalen", publicPEM(public))), // its next key
		must(NewSystem("SE2321000016-2COS", "Den andra", publicPEM(s.rsa.Public()))),
	}
	return s
}

// said is what a good token says now.
func said(at time.Time) map[string]any {
	return map[string]any{
		"iss": journalID, "aud": cluster, "sub": annaID, "patient": patientID, "commission": "SE2321000016-1UPP",
		"jti": rand.Text(), "iat": at.Unix(), "nbf": at.Unix(), "exp": at.Add(time.Minute).Unix(),
	}
}

func signed(claims map[string]any, alg jose.SignatureAlgorithm, key any) string {
	return providertest.Sign(must(json.Marshal(claims)), alg, key)
}

func TestHandOverIsVerified(t *testing.T) {
	s, at := newSystems(), time.Now()
	h := handOvers{systems: s.known, cluster: cluster, ring: must(sealing.NewRing())}
	good := said(at)
	with := func(key string, value any) map[string]any {
		c := maps.Clone(good)
		if c[key] = value; value == nil {
			delete(c, key)
		}
		return c
	}
	es := func(claims map[string]any) string { return signed(claims, jose.ES256, s.ec) }
	payload := base64.RawURLEncoding.EncodeToString(must(json.Marshal(good)))
	parts := strings.Split(es(good), ".")
	for name, c := range map[string]struct {
		token string
		taken bool
	}{
		"P-256":               {es(good), true},
		"Ed25519":             {signed(good, jose.EdDSA, s.ed), true},
		"RSA":                 {signed(with("iss", "SE2321000016-2COS"), jose.PS256, s.rsa), true},
		"small letters":       {es(with("iss", strings.ToLower(journalID))), true},
		"unsigned":            {"eyJhbGciOiJub25lIn0." + payload + ".", false},
		"the key as a secret": {signed(good, jose.HS256, publicPEM(s.ec.Public())), false},
		"another padding":     {signed(with("iss", "SE2321000016-2COS"), jose.RS256, s.rsa), false},
		"another's key":       {signed(good, jose.PS256, s.rsa), false},
		"nobody's key":        {signed(good, jose.ES256, must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))), false},
		"unknown system":      {es(with("iss", "SE2321000016-9COS")), false},
		"no system":           {es(with("iss", nil)), false},
		"changed":             {parts[0] + "." + base64.RawURLEncoding.EncodeToString(must(json.Marshal(with("patient", "191212121212")))) + "." + parts[2], false},
		"another cluster":     {es(with("aud", "other")), false},
		"several clusters":    {es(with("aud", []string{cluster, "other"})), false},
		"nobody":              {es(with("sub", nil)), false},
		"no patient":          {es(with("patient", "19970106-238")), false},
		"no commission":       {es(with("commission", nil)), false},
		"no id":               {es(with("jti", nil)), false},
		"a long id":           {es(with("jti", strings.Repeat("x", maxTokenID+1))), false},
		"no end":              {es(with("exp", nil)), false},
		"no beginning":        {es(with("iat", nil)), false},
		"not before nothing":  {es(with("nbf", nil)), false},
		"too long a life":     {es(with("exp", at.Add(3*time.Minute).Unix())), false},
		"run out":             {es(with("exp", at.Add(-time.Second).Unix())), false},
		"made in the future":  {es(with("iat", at.Add(50*time.Second).Unix())), false},
		"good in the future":  {es(with("nbf", at.Add(50*time.Second).Unix())), false},
		"long":                {es(with("more", strings.Repeat("x", maxHandOver))), false},
		"nothing":             {"", false},
		"no token":            {"a.b.c", false},
		"two signatures":      {`{"payload":"` + payload + `","signatures":[{},{}]}`, false},
	} {
		got, err := h.verify(c.token, at)
		if (err == nil) != c.taken || err != nil && !errors.Is(err, errHandOver) {
			t.Errorf("%s: %v", name, err)
		}
		if c.taken && (got.Employee != anna || got.Patient.Reveal() != patientID || got.Commission.Reveal() != "SE2321000016-1UPP") {
			t.Errorf("%s: read wrongly", name)
		}
	}
	one, two := must(h.verify(es(good), at)), must(h.verify(es(good), at))
	if one.ID != two.ID || one.Arrival == two.Arrival {
		t.Error("the same token is not known again")
	}
	if other := must(h.verify(es(with("jti", "another")), at)); other.ID == one.ID {
		t.Error("another token is taken for the same")
	}
}

func TestSystemsKeys(t *testing.T) {
	for name, key := range map[string][]byte{
		"nothing":     nil,
		"P-384":       publicPEM(must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)).Public()),
		"a private":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"garbage":     pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}),
		"two of them": append(publicPEM(newSystems().ec.Public()), publicPEM(newSystems().ec.Public())...),
	} {
		if _, err := NewSystem(journalID, "Journalen", key); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewSystem("the journal", "Journalen", publicPEM(newSystems().ec.Public())); err == nil {
		t.Error("a system without an HSA-id")
	}
}

// A hand-over comes in a form from another site, is kept by the browser, and waits there
// until somebody is signed in; nothing of it is in an address.
func TestAHandOverArrives(t *testing.T) {
	s := newSystems()
	w := newWorld(t, true, func(c *Config) { c.Systems = s.known })
	b := w.browser()
	token := signed(said(w.now()), jose.ES256, s.ec)
	response, _ := b.do(http.MethodPost, "/hand-over", url.Values{"token": {token}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://journalen.example")
	if at := response.Request.URL; at.Path != "/" || at.RawQuery != "" {
		t.Errorf("at %s", at)
	}
	b.signIn()
	held, over := b.held()
	if held == nil || over == nil || over.Patient.Reveal() != patientID || over.Employee != anna || over.Name != "Journalen" {
		t.Fatal("it is gone when its user has signed in")
	}
	if kept := b.cookie(cookieHandOver); strings.Contains(kept.Value, patientID) || !strings.HasPrefix(kept.Name, "__Host-") {
		t.Error("the patient is in the clear")
	}
	if strings.Contains(w.logged.String(), patientID) {
		t.Error("the patient is logged")
	}
	w.pass(handFor)
	if _, over = b.held(); over != nil {
		t.Error("it is kept for ever")
	}
	for name, form := range map[string]url.Values{
		"no token": {}, "garbage": {"token": {"x"}}, "too large": {"token": {strings.Repeat("x", maxForm)}},
		"run out": {"token": {token}},
	} {
		b := w.browser()
		response, body := b.do(http.MethodPost, "/hand-over", form)
		if _, over := b.held(); over != nil || response.StatusCode != http.StatusBadRequest || !strings.Contains(body, "TV-1020") || strings.Contains(body, patientID) {
			t.Errorf("%s: %d: %s", name, response.StatusCode, body)
		}
	}
	if response, _ := b.do(http.MethodPost, "/hand-over?token="+token, url.Values{}); response.StatusCode != http.StatusBadRequest {
		t.Error("a token in an address is taken")
	}
	b.do(http.MethodPost, "/hand-over", url.Values{"token": {signed(said(w.now()), jose.ES256, s.ec)}})
	b.post("/sign-out")
	if _, over := b.held(); over != nil {
		t.Error("it stays when its user has signed out")
	}
}

func FuzzCookies(f *testing.F) {
	c := cookies{ring: must(sealing.NewRing()), cluster: cluster}
	w := httptest.NewRecorder()
	if err := c.set(w, cookieWay, sealedWay{State: "s"}, wayFor); err != nil {
		f.Fatal(err)
	}
	good := w.Result().Cookies()[0].Value
	f.Add(good)
	f.Add("")
	f.Add(good[:20])
	f.Fuzz(func(t *testing.T, value string) {
		var way sealedWay
		if c.unseal(cookieWay, value, &way) == nil && value != good {
			t.Errorf("%q opens", value)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: cookieSession, Value: value})
		r.AddCookie(&http.Cookie{Name: cookieHandOver, Value: value})
		if c.session(r) != nil || c.handOver(r, 0) != nil {
			t.Errorf("%q is somebody", value)
		}
	})
}

func FuzzHandOver(f *testing.F) {
	s, at := newSystems(), time.Now()
	h := handOvers{systems: s.known, cluster: cluster, ring: must(sealing.NewRing())}
	good := signed(said(at), jose.ES256, s.ec)
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		// A signature that is written in another way is still the system's.
		if over, err := h.verify(token, at); err == nil && over.ID != must(h.verify(good, at)).ID {
			t.Errorf("%q is taken", token)
		}
	})
}
