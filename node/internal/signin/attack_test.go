package signin

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"tvilling/node/internal/identity"
	"tvilling/node/providertest"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

var berit = must(protocol.ParseEmployeeID("SE2321000016-1BER"))

// way goes to the provider and back, and stops before its answer is taken.
func (b *browser) way() (back string) {
	b.w.t.Helper()
	b.stopAt("/sign-in/back")
	response, _ := b.get("/sign-in")
	b.CheckRedirect = nil
	return must(response.Location()).String()
}

// Two tabs that sign in at once: the later one's answer is taken, and the earlier one's
// does not take its way from it.
func TestTwoTabsSignInAtOnce(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	one, two := b.way(), b.way()
	if response, body := b.get(one); response.StatusCode != http.StatusBadRequest || !strings.Contains(body, "TV-2011") {
		t.Errorf("the earlier tab: %d", response.StatusCode)
	}
	if response, _ := b.get(two); response.Request.URL.Path != "/" {
		t.Errorf("the later tab: at %s with %d", response.Request.URL.Path, response.StatusCode)
	}
	if held, _ := b.held(); held == nil || len(w.journal.in) != 1 {
		t.Errorf("signed in %d times", len(w.journal.in))
	}
}

// Who signs out is out with every copy of the session, also where the browser's own was
// not used for long and a copy was.
func TestSigningOutEndsACopyThatWasUsed(t *testing.T) {
	w := newWorld(t, false, nil)
	b, thief := w.browser(), w.browser()
	b.signIn()
	thief.keep(cookieSession, b.cookie(cookieSession).Value)
	w.pass(10 * time.Minute)
	if thief.post("/renew").StatusCode != http.StatusNoContent {
		t.Fatal("a copy is not renewed")
	}
	w.pass(10 * time.Minute) // the browser's own is over, the copy is not
	b.post("/sign-out")
	if status := thief.post("/renew").StatusCode; status != http.StatusUnauthorized {
		t.Errorf("a copy outlives its user's sign-out: %d", status)
	}
	value := thief.cookie(cookieSession).Value
	for range 3 {
		thief.keep(cookieSession, value)
		thief.post("/sign-out")
	}
	if n := len(w.journal.out); n != 1 {
		t.Errorf("recorded %d times", n)
	}
}

// A sealed session from before it was renewed moves no end further than it is used, and
// none past the last.
func TestAnOlderCookieIsNoLonger(t *testing.T) {
	w := newWorld(t, false, nil)
	b, thief := w.browser(), w.browser()
	b.signIn()
	old := b.cookie(cookieSession).Value
	for range 2 {
		w.pass(10 * time.Minute)
		b.post("/renew")
	}
	thief.keep(cookieSession, old)
	if status := thief.post("/renew").StatusCode; status != http.StatusUnauthorized {
		t.Errorf("an older one is renewed after its idle end: %d", status)
	}
}

// Of two sessions that a browser brings none is taken: one of them was put there by
// another site under the domain, to have its user work under a name that is not theirs.
func TestATossedSessionIsNone(t *testing.T) {
	w := newWorld(t, true, func(c *Config) { c.Terms.CookieDomain = "tvilling.example" })
	value := func(of protocol.EmployeeID) string {
		recorder := httptest.NewRecorder()
		must(w.service.begin(recorder, identity.Session{Employee: of, ACR: loa3}))
		return recorder.Result().Cookies()[0].Value
	}
	mine, attackers := value(anna), value(berit)
	request := func(values ...string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/stream", nil)
		for _, v := range values {
			r.AddCookie(&http.Cookie{Name: "__Secure-" + cookieSession, Value: v})
		}
		return r
	}
	for name, c := range map[string]struct {
		values []string
		want   protocol.EmployeeID
	}{
		"mine": {[]string{mine}, anna}, "mine, twice": {[]string{mine, mine}, anna}, "beside garbage": {[]string{"x", mine}, anna},
		"the attacker's first": {[]string{attackers, mine}, protocol.EmployeeID{}}, "and last": {[]string{mine, attackers}, protocol.EmployeeID{}},
	} {
		var got protocol.EmployeeID
		if held, _ := w.service.Held(request(c.values...)); held != nil {
			got = held.Employee
		}
		if got != c.want {
			t.Errorf("%s: somebody else's", name)
		}
	}
}

// Another user who signs in in the same browser ends the session before: a tab must not go
// on under the first one's name. The same user's own goes on beside the new one.
func TestAnotherUserEndsTheSessionBefore(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	first := b.signIn()
	second := b.signIn()
	if out, _ := w.journal.IsSignedOut(first.ID); out || first.ID == second.ID {
		t.Error("signing in in one tab ends the user's other tab, or is nothing new")
	}
	w.provider.SignsIn(&providertest.User{ACR: loa3, Claims: map[string]any{"employeeHsaId": berit.Reveal()}})
	third := b.signIn()
	if out, _ := w.journal.IsSignedOut(second.ID); !out || third.Employee != berit {
		t.Error("the session before goes on under another name")
	}
	w.provider.SignsIn(&providertest.User{ACR: loa3, Claims: map[string]any{"employeeHsaId": 42}})
	b.get("/sign-in")
	if out, _ := w.journal.IsSignedOut(third.ID); out {
		t.Error("who is not let in ends another's session")
	}

	who := anna
	w = newWorld(t, true, func(c *Config) {
		c.Terms = admin.SignIn{}.Complete(admin.Production)
		c.Identity = card{&who}
	})
	b = w.browser()
	b.get("/")
	one, _ := b.held()
	who = berit
	b.get("/")
	if out, _ := w.journal.IsSignedOut(one.ID); !out {
		t.Error("the session of a card that was taken out goes on")
	}
}

// A session that is over is not begun again by coming from another site, from where the
// browser does not bring what it holds.
func TestALinkElsewhereBeginsNoSession(t *testing.T) {
	who := anna
	w := newWorld(t, true, func(c *Config) {
		c.Terms = admin.SignIn{}.Complete(admin.Production)
		c.Identity = card{&who}
	})
	b := w.browser() // holds nothing, as far as the node sees
	b.do(http.MethodGet, "/", nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document")
	if held, _ := b.held(); held != nil {
		t.Error("a link on another site begins a session over the one that has ended")
	}
	b.do(http.MethodGet, "/sign-in", nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document")
	if held, _ := b.held(); held != nil {
		t.Error("a link on another site signs in")
	}
	b.do(http.MethodGet, "/", nil, "Sec-Fetch-Site", "none", "Sec-Fetch-Dest", "document")
	if held, _ := b.held(); held == nil {
		t.Error("an address that is typed begins none")
	}

	w = newWorld(t, false, nil)
	b = w.browser()
	for site, want := range map[string]bool{"cross-site": true, "same-origin": false, "none": false} {
		b.stopAt("/login") // the provider has been asked
		b.do(http.MethodGet, "/sign-in", nil, "Sec-Fetch-Site", site)
		if _, again := w.provider.Asked(); again != want {
			t.Errorf("from %s the provider is asked who it is: %t", site, again)
		}
	}
}

// After signing out the provider must have asked who it is: what it was asked goes by way
// of the browser, whose user can leave the question out.
func TestTheQuestionIsNotLeftOut(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	b.signIn()
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b.post("/sign-out")
	if again := w.service.cookies.plain(cookieAgain, ""); again.SameSite != http.SameSiteLaxMode {
		t.Error("by a link on another site the provider is not told to ask")
	}
	proved := func(ago time.Duration) {
		w.provider.SignsIn(&providertest.User{ACR: loa3, Claims: map[string]any{"employeeHsaId": annaID}, Change: func(c map[string]any) {
			c["auth_time"] = time.Now().Add(-ago).Unix()
		}})
	}
	proved(time.Hour)
	b.CheckRedirect = nil
	if response, body := b.get("/sign-in"); response.StatusCode != http.StatusForbidden || !strings.Contains(body, "TV-2011") {
		t.Errorf("what the provider remembered is enough: %d", response.StatusCode)
	}
	proved(0)
	b.signIn()
	proved(time.Hour) // signed in: then it is
	b.signIn()
}

// A provider that is asked to have one prove who one is anew must say when one did: it is
// asked for that, too, and where it does not say nobody is let in.
func TestWhenOneProvedItIsNotLeftOut(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	silent := &providertest.User{ACR: loa3, Claims: map[string]any{"employeeHsaId": annaID}, Change: func(c map[string]any) { delete(c, "auth_time") }}
	w.provider.SignsIn(silent)
	b.signIn() // whoever comes the first time need not
	b.stopAt("/sign-out")
	b.post("/sign-out")
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if q := r.URL.Query(); r.URL.Path == "/authorize" { // who sits down leaves the question out
			if q.Get("prompt") != "login" || q.Get("max_age") != "0" {
				t.Errorf("asked with %q, %q", q.Get("prompt"), q.Get("max_age"))
			}
			q.Del("prompt")
			q.Del("max_age")
			r.URL.RawQuery = q.Encode()
		}
		return nil
	}
	if response, body := b.get("/sign-in"); response.StatusCode != http.StatusForbidden || !strings.Contains(body, "TV-2011") {
		t.Errorf("without a word of when: %d", response.StatusCode)
	}
	if held, _ := b.held(); held != nil || !strings.Contains(w.logged.String(), "auth_time") {
		t.Error("let in, or the operator is not told why nobody is")
	}
}

// With the card still in the reader who signed out stays out, until somebody signs in.
func TestSignedOutWithTheCardInTheReader(t *testing.T) {
	who := anna
	w := newWorld(t, true, func(c *Config) {
		c.Terms = admin.SignIn{}.Complete(admin.Production)
		c.Identity = card{&who}
	})
	out := func(b *browser) bool {
		held, _ := b.held()
		return held != nil && held.Over(protocol.Instant(w.now().UnixMilli())) && b.post("/renew").StatusCode == http.StatusUnauthorized
	}
	b := w.browser()
	b.get("/")
	b.post("/sign-out") // and on to the page
	if b.get("/"); !out(b) || len(w.journal.out) != 1 {
		t.Error("loading the page signs in who has signed out")
	}
	b.get("/sign-in")
	if out(b) {
		t.Error("signing in does not")
	}
	b = w.browser()
	b.post("/sign-out") // of a session that the browser never had
	if !out(b) {
		t.Error("who held nothing is signed in by signing out")
	}
	who = berit
	b.get("/")
	if held, _ := b.held(); held == nil || held.Employee != berit || out(b) {
		t.Error("another's card is kept out")
	}
}

// Who asks whether the provider is reached, for a time, is answered in that time.
func TestAProviderThatHangs(t *testing.T) {
	w := newWorld(t, false, nil)
	release := make(chan struct{})
	w.provider.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := w.service.Reach(ctx); err == nil || time.Since(began) > callWithin/2 {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// However often a way in ends, the log does not fill, and says how much it left out.
func TestTheLogIsNotFilled(t *testing.T) {
	at := time.Now()
	w := newWorld(t, false, func(c *Config) { c.Now = func() time.Time { return at } })
	for range 10 * linesPerSecond {
		w.service.back(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/sign-in/back?state=x", nil))
	}
	if n := strings.Count(w.logged.String(), "a way in ended"); n != linesPerSecond {
		t.Errorf("%d lines", n)
	}
	at = at.Add(time.Second)
	w.service.back(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/sign-in/back?state=x", nil))
	if said := w.logged.String(); !strings.Contains(said, fmt.Sprintf("unsaid=%d\n", 9*linesPerSecond)) {
		t.Errorf("what was left out is not told")
	}
}

// A session is held to what one must prove now, and not when it began.
func TestASessionOfLessProof(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	b.signIn()
	w.service.cfg.Terms.ACR = []string{"loa4"}
	if held, _ := b.held(); held != nil || b.post("/renew").StatusCode != http.StatusUnauthorized {
		t.Error("it goes on")
	}
}

// What a token's header says of keys is nothing: the cluster file does.
func TestATokensOwnKeyIsNone(t *testing.T) {
	s, at := newSystems(), time.Now()
	h := handOvers{systems: s.known, cluster: cluster, ring: newWorld(t, false, nil).ring}
	payload := must(json.Marshal(said(at)))
	mine := newSystems() // the attacker's
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	for name, options := range map[string]*jose.SignerOptions{
		"its own key":   {EmbedJWK: true},
		"a key's name":  (&jose.SignerOptions{}).WithHeader("kid", "../../journal.pem"),
		"a key's place": (&jose.SignerOptions{}).WithHeader("jku", elsewhere.URL).WithHeader("x5u", elsewhere.URL),
		"its own chain": (&jose.SignerOptions{}).WithHeader("x5c", []string{base64.StdEncoding.EncodeToString([]byte("x"))}),
		"what must be":  (&jose.SignerOptions{}).WithCritical("exp").WithHeader("exp", 1),
	} {
		for whose, key := range map[string]any{"the attacker's": mine.ec, "the system's": s.ec} {
			token, err := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)).Sign(payload)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.verify(must(token.CompactSerialize()), at)
			if want := whose == "the system's" && (name == "its own key" || name == "a key's name" || name == "a key's place"); (err == nil) != want {
				t.Errorf("%s, signed with %s: %v", name, whose, err)
			}
		}
	}
	if asked {
		t.Error("the token says where to ask")
	}
	for name, text := range map[string]string{
		"said twice":    strings.Replace(string(payload), `"sub":`, `"sub":"SE2321000016-1BER","sub":`, 1),
		"another case":  strings.Replace(string(payload), `"sub":`, `"SUB":`, 1),
		"for ever":      strings.Replace(string(payload), `"exp":`, `"exp":1e300,"e":`, 1),
		"from for ever": strings.Replace(string(payload), `"iat":`, `"iat":-1e18,"i":`, 1),
		"an object":     strings.Replace(string(payload), `"sub":"`+annaID+`"`, `"sub":{}`, 1),
		"a list":        "[" + string(payload) + "]",
	} {
		if over, err := h.verify(providertest.Sign([]byte(text), jose.ES256, s.ec), at); err == nil {
			t.Errorf("%s: taken, for somebody else: %t", name, over.Employee != anna)
		}
	}
}

// The form is small and plain, and nothing of what is sent stands in the answer.
func TestHandOverForms(t *testing.T) {
	s := newSystems()
	w := newWorld(t, false, func(c *Config) { c.Systems = s.known })
	token := signed(said(w.now()), jose.ES256, s.ec)
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	if err := m.WriteField("token", token); err != nil {
		t.Fatal(err)
	}
	_ = m.Close()
	for name, c := range map[string]struct{ kind, body string }{
		"parts":    {m.FormDataContentType(), parts.String()},
		"JSON":     {"application/json", `{"token":"` + token + `"}`},
		"no kind":  {"", "token=" + token},
		"a script": {"application/x-www-form-urlencoded", "token=" + url.QueryEscape("<script>alert(1)</script>Set-Cookie: a=b")},
		"no form":  {"application/x-www-form-urlencoded", "%zz=%"},
		"no end":   {"application/x-www-form-urlencoded", strings.Repeat("token=x&", maxForm)},
	} {
		r := httptest.NewRequest(http.MethodPost, "/hand-over", strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		recorder := httptest.NewRecorder()
		w.service.handOver(recorder, r)
		if recorder.Code != http.StatusBadRequest || len(recorder.Result().Cookies()) != 0 || strings.Contains(recorder.Body.String(), "script") {
			t.Errorf("%s: %d, %d cookies", name, recorder.Code, len(recorder.Result().Cookies()))
		}
	}
}

// Nobody is led elsewhere by what is in an address or a header.
func TestNobodyIsLedAstray(t *testing.T) {
	w := newWorld(t, false, nil)
	for _, address := range []string{"/sign-in?here&next=https://evil.example", "/sign-in?next=//evil.example", "/sign-out?next=https://evil.example", "/sign-in/back?error=<script>&state=x&redirect_uri=https://evil.example"} {
		b := w.browser()
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		response, body := b.do(http.MethodGet, address, nil, "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example", "Referer", "https://evil.example/")
		for _, text := range []string{body, response.Header.Get("Location"), response.Header.Get("Refresh")} {
			if strings.Contains(text, "evil") || strings.Contains(text, "<script>") {
				t.Errorf("%s: %s", address, text)
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/sign-in", nil)
	r.Host = "evil.example"
	recorder := httptest.NewRecorder()
	w.service.signIn(recorder, r)
	if to := recorder.Header().Get("Location"); to != w.node.URL+"/sign-in?here" {
		t.Errorf("by another name: to %s", to)
	}
}
