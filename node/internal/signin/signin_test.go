package signin

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/sealing"
	"tvilling/node/providertest"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// The whole way, in the clear on loopback and with TLS.
func TestSigningIn(t *testing.T) {
	for name, secure := range map[string]bool{"in the clear": false, "with TLS": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, secure, nil)
			b := w.browser()
			began := protocol.Instant(w.now().UnixMilli())
			held := b.signIn()
			if held.Employee != anna || held.Name != "Anna Ek" || held.ACR != loa3 || held.ID == [16]byte{} ||
				held.Idle < began+15*60_000 || held.Ends < began+10*3_600_000 || held.Ends > began+10*3_600_000+60_000 {
				t.Errorf("signed in until %d, %d as %s", held.Idle-began, held.Ends-began, held.Name)
			}
			if acr, again := w.provider.Asked(); !slices.Equal(acr, []string{loa3, "loa4"}) || again {
				t.Errorf("asked for %q, again: %t", acr, again)
			}
			if len(w.journal.in) != 1 || w.journal.in[0].ID != held.ID || w.journal.in[0].Employee != anna {
				t.Errorf("recorded %d times", len(w.journal.in))
			}
			kept := b.cookie(cookieSession)
			if prefixed := strings.HasPrefix(kept.Name, "__Host-"); prefixed != secure || strings.Contains(kept.Value, annaID) {
				t.Errorf("kept as %s", kept.Name)
			}
			if b.cookie(cookieWay) != nil {
				t.Error("the way is kept after its end")
			}
			if strings.Contains(w.logged.String(), annaID) || strings.Contains(w.logged.String(), "Anna") {
				t.Errorf("logged: %s", w.logged.String())
			}
		})
	}
}

func TestCookiesAreKeptTight(t *testing.T) {
	for name, c := range map[string]struct {
		domain string
		secure bool
		of     string
		want   http.Cookie
	}{
		"session":         {"", true, cookieSession, http.Cookie{Name: "__Host-tvilling-session", SameSite: http.SameSiteStrictMode, Secure: true}},
		"session, domain": {"x.example", true, cookieSession, http.Cookie{Name: "__Secure-tvilling-session", SameSite: http.SameSiteStrictMode, Secure: true, Domain: "x.example"}},
		"way, domain":     {"x.example", true, cookieWay, http.Cookie{Name: "__Host-tvilling-way", SameSite: http.SameSiteLaxMode, Secure: true}},
		"hand-over":       {"", true, cookieHandOver, http.Cookie{Name: "__Host-tvilling-hand-over", SameSite: http.SameSiteStrictMode, Secure: true}},
		"in the clear":    {"", false, cookieSession, http.Cookie{Name: "tvilling-session", SameSite: http.SameSiteStrictMode}},
	} {
		kept := cookies{ring: must(sealing.NewRing()), cluster: cluster, domain: c.domain, secure: c.secure}
		got := kept.plain(c.of, "")
		if got.Name != c.want.Name || got.SameSite != c.want.SameSite || got.Secure != c.want.Secure || got.Domain != c.want.Domain || !got.HttpOnly || got.Path != "/" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What the provider says wrongly lets nobody in, and is not quoted.
func TestWhoIsNotLetIn(t *testing.T) {
	w := newWorld(t, false, nil)
	good := providertest.User{Name: "Anna Ek", ACR: loa3, Claims: map[string]any{"employeeHsaId": annaID}}
	with := func(change func(*providertest.User)) *providertest.User {
		u := good
		u.Claims = maps.Clone(good.Claims)
		change(&u)
		return &u
	}
	says := func(change func(map[string]any)) *providertest.User {
		return with(func(u *providertest.User) { u.Change = change })
	}
	forged := func(forge func([]byte, *rsa.PrivateKey) string) *providertest.User {
		return with(func(u *providertest.User) { u.Forge = forge })
	}
	for name, c := range map[string]struct {
		user   *providertest.User
		code   string
		status int
	}{
		"another nonce":    {says(func(c map[string]any) { c["nonce"] = "another" }), "TV-2011", 403},
		"no nonce":         {says(func(c map[string]any) { delete(c, "nonce") }), "TV-2011", 403},
		"another acr":      {with(func(u *providertest.User) { u.ACR = "loa1" }), "TV-2005", 403},
		"no acr":           {with(func(u *providertest.User) { u.ACR = "" }), "TV-2005", 403},
		"run out":          {says(func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() }), "TV-2011", 403},
		"not yet":          {says(func(c map[string]any) { c["nbf"] = time.Now().Add(time.Hour).Unix() }), "TV-2011", 403},
		"another issuer":   {says(func(c map[string]any) { c["iss"] = "https://another.example" }), "TV-2011", 403},
		"another audience": {says(func(c map[string]any) { c["aud"] = "another" }), "TV-2011", 403},
		"another party":    {says(func(c map[string]any) { c["azp"] = "another" }), "TV-2011", 403},
		"two, of no party": {says(func(c map[string]any) { c["aud"] = []string{"tvilling", "another"}; delete(c, "azp") }), "TV-2011", 403},
		"unsigned": {forged(func(payload []byte, _ *rsa.PrivateKey) string {
			return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString(payload) + "."
		}), "TV-2011", 403},
		"the client's secret": {forged(func(payload []byte, _ *rsa.PrivateKey) string {
			return providertest.Sign(payload, jose.HS256, []byte(strings.Repeat("hemligt", 5)))
		}), "TV-2011", 403},
		"the public key as a secret": {forged(func(payload []byte, key *rsa.PrivateKey) string {
			return providertest.Sign(payload, jose.HS256, must(x509.MarshalPKIXPublicKey(&key.PublicKey)))
		}), "TV-2011", 403},
		"another key": {forged(func(payload []byte, _ *rsa.PrivateKey) string {
			return providertest.Sign(payload, jose.RS256, jose.JSONWebKey{Key: must(rsa.GenerateKey(rand.Reader, 2048)), KeyID: "key"})
		}), "TV-2011", 403},
		"no employee": {with(func(u *providertest.User) { delete(u.Claims, "employeeHsaId") }), "TV-2005", 403},
		"several acr": {says(func(c map[string]any) { c["acr"] = []string{loa3} }), "TV-2011", 403},
		"two parties": {says(func(c map[string]any) { c["azp"] = []string{"tvilling"} }), "TV-2011", 403},
		"blanks":      {with(func(u *providertest.User) { u.Claims["employeeHsaId"] = annaID + " x" }), "TV-2005", 403},
		"several":     {with(func(u *providertest.User) { u.Claims["employeeHsaId"] = []string{annaID} }), "TV-2005", 403},
		"a number":    {with(func(u *providertest.User) { u.Claims["employeeHsaId"] = 42 }), "TV-2005", 403},
		"no HSA-id":   {with(func(u *providertest.User) { u.Claims["employeeHsaId"] = "anna <script>" }), "TV-2005", 403},
	} {
		w.provider.SignsIn(c.user)
		b := w.browser()
		response, body := b.get("/sign-in")
		if response.StatusCode != c.status || !strings.Contains(body, c.code) || strings.Contains(body, annaID) || strings.Contains(body, "script") {
			t.Errorf("%s: %d at %s: %s", name, response.StatusCode, response.Request.URL.Path, body)
		}
		if held, _ := b.held(); held != nil || b.cookie(cookieSession) != nil {
			t.Errorf("%s: let in", name)
		}
		if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: policy %q", name, policy)
		}
	}
	if len(w.journal.in) != 0 {
		t.Error("somebody was recorded")
	}
	long := strings.Repeat("a", maxShown+1)
	w.provider.SignsIn(with(func(u *providertest.User) { u.Name = long }))
	if held := w.browser().signIn(); held.Name != "" {
		t.Error("a name without a bound is taken")
	}
}

// The provider's answer is taken once, in the browser that asked, for what was asked.
func TestAnAnswerIsForWhoAsked(t *testing.T) {
	w := newWorld(t, false, nil)
	fetch := func() (b *browser, back *url.URL, way string) {
		b = w.browser()
		b.stopAt("/sign-in/back")
		response, _ := b.get("/sign-in")
		back = must(response.Location())
		b.CheckRedirect = nil
		return b, back, b.cookie(cookieWay).Value
	}
	fails := func(name string, b *browser, back *url.URL) {
		t.Helper()
		response, body := b.get(back.String())
		if held, _ := b.held(); held != nil || response.StatusCode < 400 || !strings.Contains(body, "TV-2011") {
			t.Errorf("%s: %d: %s", name, response.StatusCode, body)
		}
	}
	changed := func(back *url.URL, key, value string) *url.URL {
		q := back.Query()
		q.Set(key, value)
		other := *back
		other.RawQuery = q.Encode()
		return &other
	}
	b, back, _ := fetch()
	fails("another state", b, changed(back, "state", "another"))
	if response, _ := b.get(back.String()); response.Request.URL.Path != "/" {
		t.Errorf("another site's answer takes the way from who is on it: at %s", response.Request.URL.Path)
	}
	b, back, _ = fetch()
	fails("an error of our state", b, changed(back, "error", "access_denied"))
	fails("after an answer", b, back) // the way was good for one
	b, back, _ = fetch()
	fails("another code", b, changed(back, "code", "another"))
	b, back, _ = fetch()
	fails("a long code", b, changed(back, "code", strings.Repeat("x", maxCode+1)))
	b, back, _ = fetch()
	fails("another issuer", b, changed(back, "iss", "https://another.example"))

	_, back, _ = fetch()
	fails("another browser", w.browser(), back)
	other, _, _ := fetch()
	fails("a browser on a way of its own", other, back)

	b, back, way := fetch()
	if response, _ := b.get(back.String()); response.Request.URL.Path != "/" {
		t.Fatalf("at %s", response.Request.URL.Path)
	}
	thief := w.browser()
	thief.keep(cookieWay, way)
	fails("the same code again", thief, back)

	b, back, _ = fetch()
	w.pass(wayFor)
	fails("too late", b, back)

	// A code is of no use without what the challenge was made of.
	b, back, _ = fetch()
	var asked sealedWay
	if err := w.service.cookies.unseal(cookieWay, b.cookie(cookieWay).Value, &asked); err != nil {
		t.Fatal(err)
	}
	asked.Verifier = strings.Repeat("a", 43)
	recorder := httptest.NewRecorder()
	if err := w.service.cookies.set(recorder, cookieWay, asked, wayFor); err != nil {
		t.Fatal(err)
	}
	b.keep(cookieWay, recorder.Result().Cookies()[0].Value)
	fails("without the verifier", b, back)
}

// A node that cannot reach the provider says so, and is well again when the provider is.
func TestTheProviderIsDown(t *testing.T) {
	w := newWorld(t, false, nil)
	well := w.provider.Handler
	for name, ill := range map[string]http.HandlerFunc{
		"fails": func(rw http.ResponseWriter, _ *http.Request) {
			http.Error(rw, "SECRET", http.StatusInternalServerError)
		},
		"sends away": func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, w.node.URL+"/", http.StatusFound) },
		"no end":     func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(bytes.Repeat([]byte(" "), 2*maxAnswer)) },
		"is another": func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = rw.Write([]byte(`{"issuer":"https://another.example"}`))
		},
		"leads astray": func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = rw.Write([]byte(`{"issuer":"` + w.provider.Issuer() + `","authorization_endpoint":"javascript:alert(1)","token_endpoint":"http://169.254.169.254/","jwks_uri":"http://x/"}`))
		},
	} {
		w.provider.Handler = ill
		b := w.browser()
		response, body := b.get("/sign-in")
		if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "TV-2011") || strings.Contains(body, "SECRET") || w.service.Reach(t.Context()) == nil {
			t.Errorf("%s: %d: %s", name, response.StatusCode, body)
		}
		w.pass(retryAfter)
	}
	if strings.Contains(w.logged.String(), "SECRET") {
		t.Error("the provider is quoted in the log")
	}
	w.provider.Handler = well
	w.browser().signIn()
	w.provider.Handler = http.NotFoundHandler()
	w.pass(describedFor) // what it said is used on
	if err := w.service.Reach(t.Context()); err != nil {
		t.Error(err)
	}
	b := w.browser()
	b.stopAt("/authorize")
	if response, _ := b.get("/sign-in"); response.StatusCode != http.StatusSeeOther {
		t.Errorf("after an hour without it: %d", response.StatusCode)
	}
}

// Without a majority nobody is let in.
func TestWhoIsNotRecordedIsNotLetIn(t *testing.T) {
	w := newWorld(t, false, nil)
	w.journal.dead = true
	b := w.browser()
	response, body := b.get("/sign-in")
	if held, _ := b.held(); held != nil || response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "TV-2001") || !strings.Contains(body, "<h1>Inloggningen är inte registrerad</h1>") {
		t.Errorf("%d: %s", response.StatusCode, body)
	}
}

// A session is used, ends unused, and ends in any case.
func TestSessionsEnd(t *testing.T) {
	w := newWorld(t, false, nil)
	w.provider.SignsIn(&providertest.User{ACR: loa3, Claims: map[string]any{"employeeHsaId": annaID}, Change: func(c map[string]any) {
		c["exp"] = time.Now().Add(24 * time.Hour).Unix() // the node's clock goes ahead of the provider's here
		c["auth_time"] = w.now().Unix()
	}})
	b := w.browser()
	first := b.signIn()
	for range 5 {
		w.pass(14 * time.Minute)
		if status := b.post("/renew").StatusCode; status != http.StatusNoContent {
			t.Fatalf("renewed with %d", status)
		}
	}
	held, _ := b.held()
	if held.ID != first.ID || held.Ends != first.Ends || held.Idle-first.Idle < 70*60_000 {
		t.Errorf("used: idle end moved by %d", held.Idle-first.Idle)
	}
	w.pass(14 * time.Minute)
	b.get("/") // a page that is loaded is a use
	w.pass(14 * time.Minute)
	if status := b.post("/renew").StatusCode; status != http.StatusNoContent {
		t.Errorf("after a page was loaded: %d", status)
	}
	w.pass(15 * time.Minute)
	b.get("/")
	if status := b.post("/renew").StatusCode; status != http.StatusUnauthorized {
		t.Errorf("unused, renewed with %d", status)
	}
	b.signIn()
	if _, again := w.provider.Asked(); !again {
		t.Error("a session that has ended is begun again by whoever sits down")
	}
	for range 50 {
		w.pass(12 * time.Minute)
		if b.post("/renew").StatusCode != http.StatusNoContent {
			break
		}
	}
	held, _ = b.held()
	if at := protocol.Instant(w.now().UnixMilli()); !held.Over(at) || at < held.Ends || at > held.Ends+13*60_000 || held.Idle != held.Ends {
		t.Errorf("ended %d ms after its end", at-held.Ends)
	}
}

func TestOtherSitesMayNot(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	b.signIn()
	for _, path := range []string{"/renew", "/sign-out"} {
		for _, site := range []string{"cross-site", "same-site"} {
			if response, _ := b.do(http.MethodPost, path, nil, "Sec-Fetch-Site", site); response.StatusCode != http.StatusForbidden {
				t.Errorf("%s from %s: %d", path, site, response.StatusCode)
			}
		}
		if response, _ := b.do(http.MethodPost, path, nil, "Origin", "https://evil.example"); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s from an old browser on another site: %d", path, response.StatusCode)
		}
	}
	if held, _ := b.held(); held == nil || len(w.journal.out) != 0 {
		t.Error("another site signed somebody out")
	}
}

func TestSigningOut(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	held := b.signIn()
	stolen := b.cookie(cookieSession).Value
	b.stopAt("/sign-out")
	response := b.post("/sign-out")
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Clear-Site-Data") == "" || response.Header.Get("Location") != "/sign-out" {
		t.Errorf("%d, to %s", response.StatusCode, response.Header.Get("Location"))
	}
	if still, _ := b.held(); still != nil || len(w.journal.out) != 1 || w.journal.out[0].ID != held.ID {
		t.Errorf("not out; recorded %d times", len(w.journal.out))
	}
	left, body := b.get("/sign-out")
	if to := left.Header.Get("Refresh"); left.StatusCode != http.StatusOK || !strings.HasPrefix(to, "0; url="+w.provider.Issuer()+"/end_session?client_id=tvilling&") || !strings.Contains(body, "utloggad") {
		t.Errorf("%d, and on to %q", left.StatusCode, to)
	}
	thief := w.browser()
	thief.keep(cookieSession, stolen)
	if status := thief.post("/renew").StatusCode; status != http.StatusUnauthorized {
		t.Errorf("a kept cookie is renewed with %d", status)
	}
	b.signIn()
	if _, again := w.provider.Asked(); !again {
		t.Error("the provider is not asked who it is")
	}
	b.signIn()
	if _, again := w.provider.Asked(); again {
		t.Error("it is asked for ever after")
	}
}

// A cookie that is changed, of another cluster, or of another purpose is none.
func TestCookiesThatAreNone(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	b.signIn()
	value := b.cookie(cookieSession).Value
	for i := range value {
		changed := []byte(value)
		changed[i] ^= 1
		var s sealedSession
		if w.service.cookies.unseal(cookieSession, string(changed), &s) == nil {
			t.Fatalf("changed at %d, it opens", i)
		}
	}
	for name, other := range map[string]cookies{
		"another cluster":        {ring: w.ring, cluster: "other"},
		"another cluster's keys": {ring: must(sealing.NewRing()), cluster: cluster},
	} {
		var s sealedSession
		if other.unseal(cookieSession, value, &s) == nil {
			t.Errorf("%s: it opens", name)
		}
	}
	for _, of := range []string{cookieWay, cookieHandOver, cookieAgain} {
		var any map[string]any
		if w.service.cookies.unseal(of, value, &any) == nil {
			t.Errorf("a session opens as %s", of)
		}
	}
	// One that somebody else has set under the same name does not hide it.
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookieSession, Value: "tossed"})
	r.AddCookie(&http.Cookie{Name: cookieSession, Value: value})
	if held, _ := w.service.Held(r); held == nil || held.Employee != anna {
		t.Error("a cookie of another's hides the session")
	}
}

// card is a certificate that says who one is, while it is in the reader.
type card struct {
	who *protocol.EmployeeID
}

func (c card) Identify(identity.Proof) (identity.Actor, error) {
	if c.who.IsZero() {
		return identity.Actor{}, identity.ErrNobody
	}
	return identity.Actor{Employee: *c.who, Name: "Anna Ek"}, nil
}

func (card) People() []protocol.Person { return nil }

// With a certificate loading the page begins a session, and only its user's word begins
// another after it.
func TestSigningInByCertificate(t *testing.T) {
	who := anna
	w := newWorld(t, true, func(c *Config) {
		c.Terms = admin.SignIn{}.Complete(admin.Production)
		c.Identity = card{&who}
	})
	b := w.browser()
	b.get("/")
	first, _ := b.held()
	if first == nil || first.Employee != anna {
		t.Fatal("no session")
	}
	w.pass(10 * time.Minute)
	b.get("/")
	if held, _ := b.held(); held.ID != first.ID || held.Idle == first.Idle {
		t.Error("loading the page again is no use of the session")
	}
	w.pass(15 * time.Minute)
	b.get("/")
	held, _ := b.held()
	if !held.Over(protocol.Instant(w.now().UnixMilli())) || b.post("/renew").StatusCode != http.StatusUnauthorized {
		t.Error("loading the page begins a session that had ended")
	}
	b.get("/sign-in")
	if again, _ := b.held(); again.ID == first.ID || again.Over(protocol.Instant(w.now().UnixMilli())) {
		t.Error("signing in does not")
	}
	who = must(protocol.ParseEmployeeID("SE2321000016-1BO"))
	if b.post("/renew").StatusCode != http.StatusUnauthorized {
		t.Error("somebody else renews it")
	}
	b.get("/")
	if held, _ := b.held(); held.Employee != who {
		t.Error("another card has the first one's session")
	}
	who = protocol.EmployeeID{}
	response, body := b.get("/sign-in")
	if response.StatusCode != http.StatusForbidden || !strings.Contains(body, "TV-2005") || !strings.Contains(body, "e-tjänstekort") {
		t.Errorf("without a card: %d: %s", response.StatusCode, body)
	}
}

// Where one chooses, nothing is held.
func TestSigningInByChoice(t *testing.T) {
	w := newWorld(t, false, func(c *Config) { c.Terms = admin.SignIn{}.Complete(admin.Demo) })
	b := w.browser()
	if response, _ := b.get("/sign-in"); response.Request.URL.Path != "/" {
		t.Errorf("at %s", response.Request.URL.Path)
	}
	if status := b.post("/renew").StatusCode; status != http.StatusNoContent {
		t.Errorf("renewed with %d", status)
	}
	if held, _ := b.held(); held != nil || len(b.Jar.Cookies(must(url.Parse(w.node.URL)))) != 0 {
		t.Error("something is kept")
	}
	if response := b.post("/sign-out"); response.Request.URL.Path != "/" {
		t.Errorf("signed out to %s", response.Request.URL.Path)
	}
	if response, _ := b.get("/sign-in/back?code=x&state=y"); response.StatusCode != http.StatusNotFound {
		t.Errorf("an answer of nobody: %d", response.StatusCode)
	}
}

// By another of its names a node sends the browser to the one that the answer comes to.
func TestSignInHasOneName(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	b.stopAt("/authorize")
	b.stopAt("/sign-in")
	response, _ := b.get("http://localhost:" + must(url.Parse(w.node.URL)).Port() + "/sign-in")
	if to := response.Header.Get("Location"); to != w.node.URL+"/sign-in?here" {
		t.Errorf("sent to %q", to)
	}
}

// TLS to the provider is held against the provider's own authority.
func TestTheProviderMustProveWhoItIs(t *testing.T) {
	w := newWorld(t, true, func(c *Config) {
		c.Client = NewClient(c.Terms.Issuer, func() (*x509.CertPool, error) { return x509.NewCertPool(), nil })
	})
	if response, body := w.browser().get("/sign-in"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%d: %s", response.StatusCode, body)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("nothing is enough")
	}
}
