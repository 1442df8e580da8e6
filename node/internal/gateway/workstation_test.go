package gateway

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/certs"
	"tvilling/protocol/admin"
)

func answer[T any](t *testing.T, r *http.Response) (v T) {
	t.Helper()
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/json; charset=utf-8" || r.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("answers %d, %v", r.StatusCode, r.Header)
	}
	if err := json.Unmarshal([]byte(text(t, r)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFactsForTheTestPage(t *testing.T) {
	w := start(t, nil)
	got := answer[facts](t, w.get(t, pathTestFacts))
	if off := time.Since(time.UnixMilli(got.Now)); off < 0 || off > time.Minute {
		t.Errorf("the clock is told %v off", off)
	}
	got.Now = 0
	want := facts{
		Environment: "demo", Node: "a1", Site: "a", Origin: "http://127.0.0.1:8471", Clock: true, SignIn: "choice", Leader: true,
		Failed: []string{}, Warned: []string{}, Streams: []streamFacts{
			{Node: "a1", Site: "a", Stream: "ws://127.0.0.1:8471/stream", Here: true}, {Node: "b1", Site: "b", Stream: "wss://b1.example/stream"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.unready, w.late = errors.New("no leader was heard from"), errors.New("late")
	w.Drain()
	got = answer[facts](t, w.get(t, pathTestFacts))
	if got.Leader || !got.Leaving || !slices.Equal(got.Failed, []string{"draining", "leader"}) || !slices.Equal(got.Warned, []string{"feeds"}) {
		t.Errorf("a node that goes away without a leader says %+v", got)
	}
}

func TestCookiesForTheTestPage(t *testing.T) {
	w := start(t, nil)
	first := w.get(t, pathTestCookie)
	cookie := first.Cookies()[0]
	if answer[map[string]bool](t, first)["came"] || !cookie.HttpOnly || cookie.MaxAge != 60 || cookie.Path != "/test" || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("at first %+v", cookie)
	}
	second := w.get(t, pathTestCookie, "Cookie", cookie.Name+"="+cookie.Value)
	if !answer[map[string]bool](t, second)["came"] || second.Cookies()[0].MaxAge >= 0 {
		t.Error("a cookie that came back is not seen, or stays")
	}
}

func TestTestsAreBounded(t *testing.T) {
	turn := turns{most: testsPerSecond, every: time.Second}
	at := time.Unix(1000, 0)
	take := func(at time.Time) bool {
		_, ok := turn.take(at)
		return ok
	}
	for range testsPerSecond {
		if !take(at) {
			t.Fatal("refused within the bound")
		}
	}
	if take(at) || !take(at.Add(time.Second)) {
		t.Error("the bound is not by the second")
	}
	w := start(t, nil)
	refused := 0
	for range 3 { // the second may end in between
		for ok := true; ok; {
			_, ok = w.tests.take(time.Now())
		}
		if r := w.get(t, pathTestFacts); r.StatusCode == http.StatusTooManyRequests && r.Header.Get("Retry-After") != "" {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nobody is ever refused")
	}
}

// shown is a certificate of a member of staff, changed as a case wants it.
func shown(t *testing.T, by *authority, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "Anna Exempel", SerialNumber: "SE1000000001-D1"},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour).Truncate(time.Second), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	change(template)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// The handshake takes any certificate; the page is told what is wrong with it, never whose
// it is, and a session sees none that is not trusted.
func TestCertificatesForTheTestPage(t *testing.T) {
	staff, web, other := newAuthority(t), newAuthority(t), newAuthority(t)
	w := start(t, func(c *Config) {
		c.Browsers = (&certs.Node{Client: web.issue(""), Staff: staff.pool()}).BrowserServer()
		c.Staff = staff.pool
		c.Topology.Environment = admin.Production
	})
	same := func(*x509.Certificate) {}
	for name, c := range map[string]struct {
		shows   []tls.Certificate
		reason  string
		trusted bool
		session bool // a session sees the certificate
	}{
		"none":     {nil, "none", false, false},
		"good":     {[]tls.Certificate{shown(t, staff, same)}, "", true, true},
		"ran out":  {[]tls.Certificate{shown(t, staff, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) })}, "expired", false, false},
		"not yet":  {[]tls.Certificate{shown(t, staff, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })}, "expired", false, false},
		"another":  {[]tls.Certificate{shown(t, other, same)}, "issuer", false, false},
		"a server": {[]tls.Certificate{shown(t, staff, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })}, "use", false, false},
		"nobody":   {[]tls.Certificate{shown(t, staff, func(c *x509.Certificate) { c.Subject.SerialNumber = "" })}, "hsa-id", false, true}, // and is nobody to it
	} {
		t.Run(name, func(t *testing.T) {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: web.pool(),
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					if len(c.shows) == 0 {
						return new(tls.Certificate), nil
					}
					return &c.shows[0], nil
				}}}}
			r, err := client.Get("https://" + w.client + pathTestCertificate)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			said := text(t, r)
			if strings.Contains(said, "SE1000000001") || strings.Contains(said, "Anna") {
				t.Error("the holder is named")
			}
			var got certificateFacts
			if err := json.Unmarshal([]byte(said), &got); err != nil {
				t.Fatal(err)
			}
			if got.Reason != c.reason || got.Trusted != c.trusted || got.Presented != (c.shows != nil) || (got.NotAfter != "") != got.Presented || !got.TLS || !got.Asked {
				t.Errorf("told %+v", got)
			}
			conn, _, err := websocket.Dial(t.Context(), "wss://"+w.client+"/stream", &websocket.DialOptions{Subprotocols: []string{subprotocol}, HTTPClient: client})
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.Close(websocket.StatusNormalClosure, "")
			<-w.rooms.ended
			w.rooms.mu.Lock()
			defer w.rooms.mu.Unlock()
			state := w.rooms.callers[len(w.rooms.callers)-1].TLS
			if seen := len(state.PeerCertificates) > 0; seen != c.session || seen != (len(state.VerifiedChains) > 0) {
				t.Errorf("a session sees %d certificates, %d chains", len(state.PeerCertificates), len(state.VerifiedChains))
			}
		})
	}
}

// Without an authority of the staff's no certificate is asked for, and whatever the
// machine trusts is nothing here.
func TestNoAuthorityTrustsNobody(t *testing.T) {
	web, other := newAuthority(t), newAuthority(t)
	w := start(t, func(c *Config) { c.Browsers = (&certs.Node{Client: web.issue("")}).BrowserServer() })
	pair := shown(t, other, func(*x509.Certificate) {})
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	got := w.proved(&tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}})
	if len(got.PeerCertificates)+len(got.VerifiedChains) != 0 {
		t.Error("a certificate is seen that nobody stands behind")
	}
}

// However many ask, the provider is asked once, and what was found is told to all.
func TestTheProviderIsAskedOnce(t *testing.T) {
	if r := start(t, nil).get(t, pathTestProvider); r.StatusCode != http.StatusNotFound {
		t.Errorf("without a provider: %d", r.StatusCode)
	}
	asked := 0
	off := errors.New("no route")
	w := start(t, func(c *Config) {
		c.Provider = func(ctx context.Context) error {
			asked++
			if _, ok := ctx.Deadline(); !ok {
				t.Error("it may wait for ever")
			}
			return off
		}
	})
	for range 3 {
		if answer[map[string]bool](t, w.get(t, pathTestProvider))["reachable"] {
			t.Error("it is said to be reached")
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	off, w.reach.at = nil, time.Time{}
	if !answer[map[string]bool](t, w.get(t, pathTestProvider))["reachable"] {
		t.Error("it is not said to be reached")
	}
}
