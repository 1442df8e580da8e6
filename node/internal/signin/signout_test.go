package signin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// toldUnsaid checks that an answer says that the sign-out is not recorded, and nothing else.
func toldUnsaid(t *testing.T, what string, response *http.Response, body string) {
	t.Helper()
	if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "TV-2001") || !strings.Contains(body, "Stäng webbläsaren helt") ||
		!strings.Contains(body, "<h1>Utloggningen är inte registrerad</h1>") || !strings.Contains(body, `href="/sign-out"`) || strings.Contains(body, "Du är utloggad") {
		t.Errorf("%s: %d: %s", what, response.StatusCode, body)
	}
}

// A sign-out that was not recorded is told as such, to the page that asks for it and to
// the browser that goes on from there whatever came of it, for as long as it is so.
func TestASignOutThatIsNotRecorded(t *testing.T) {
	w := newWorld(t, false, nil)
	b := w.browser()
	held := b.signIn()
	kept := b.cookie(cookieSession).Value
	w.journal.set(true)
	b.stopAt("/end_session")
	response, body := b.do(http.MethodPost, "/sign-out", nil, "Sec-Fetch-Site", "same-origin")
	toldUnsaid(t, "the page", response, body)
	if response.Header.Get("Clear-Site-Data") == "" || b.cookie(cookieSession) != nil {
		t.Error("the browser keeps something")
	}
	other := w.browser() // another window of this node's, or a copy
	other.keep(cookieSession, kept)
	if status := other.post("/renew").StatusCode; status != http.StatusUnauthorized {
		t.Errorf("the session is renewed with %d", status)
	}
	for range 2 {
		response, body = b.get("/sign-out")
		toldUnsaid(t, "on from there", response, body)
	}
	response, body = b.do(http.MethodPost, "/sign-out", nil, "Sec-Fetch-Site", "same-origin")
	toldUnsaid(t, "a second time", response, body)
	if len(w.journal.here) != 1 {
		t.Errorf("the log is asked %d times by one node that asks it again itself", len(w.journal.here))
	}
	b.stopAt("/authorize")
	if response, _ := b.get("/sign-in"); !strings.Contains(response.Header.Get("Location"), "prompt=login") {
		t.Error("the provider is not told to ask who it is")
	}

	w.journal.set(false)
	w.journal.here = nil // another node's, or from before this one started: this one asks from here on
	response, body = b.get("/sign-out")
	if response.StatusCode != http.StatusOK || !strings.Contains(body, "Du är utloggad") || !holds(w.journal.out, held.ID) || b.cookie(cookieUnsaid) != nil {
		t.Errorf("with a majority: %d: %s", response.StatusCode, body)
	}
}

// With a certificate, too; and a session whose time is out is over everywhere.
func TestACertificatesSignOutThatIsNotRecorded(t *testing.T) {
	who := anna
	w := newWorld(t, true, func(c *Config) {
		c.Terms = admin.SignIn{}.Complete(admin.Production)
		c.Identity = card{&who}
	})
	b := w.browser()
	b.get("/")
	held, _ := b.held()
	w.journal.set(true)
	response, body := b.do(http.MethodPost, "/sign-out", nil, "Sec-Fetch-Site", "same-origin")
	toldUnsaid(t, "the page", response, body)
	if over, _ := b.held(); over == nil || !over.Over(protocol.Instant(w.now().UnixMilli())) {
		t.Error("the card in the reader signs in")
	}
	response, body = b.get("/sign-out")
	toldUnsaid(t, "on from there", response, body)
	w.pass(time.UnixMilli(int64(held.Ends)).Sub(w.now()))
	if response, _ = b.get("/sign-out"); response.Request.URL.Path != "/" {
		t.Errorf("when its time is out: at %s with %d", response.Request.URL.Path, response.StatusCode)
	}
}
