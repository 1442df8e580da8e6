package gateway

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"tvilling/node/internal/certs"
	"tvilling/node/internal/identity"
	"tvilling/node/internal/session"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryResponseIsSecured(t *testing.T) {
	w := start(t, nil)
	for _, path := range []string{"/", "/assets/none.js", "/livez", "/readyz", "/stream", "/none"} {
		h := w.get(t, path).Header
		for name, want := range map[string]string{
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Strict-Transport-Security": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{
			"default-src 'none'", "script-src 'self' 'wasm-unsafe-eval';", "require-trusted-types-for 'script'", "frame-ancestors 'none'",
			"connect-src 'self' ws://127.0.0.1:8471 wss://b1.example;",
		} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %q", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe-inline") || strings.Contains(policy, "'unsafe-eval'") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if !strings.Contains(h.Get("Permissions-Policy"), "camera=()") {
			t.Errorf("%s: Permissions-Policy is %q", path, h.Get("Permissions-Policy"))
		}
	}
}

func TestTheSite(t *testing.T) {
	w := start(t, nil)
	page := w.get(t, "/")
	if w.cfg.Site == nil {
		if page.StatusCode != http.StatusNotFound || !strings.Contains(text(t, page), "not built") {
			t.Errorf("without the program the page answers %d", page.StatusCode)
		}
		t.Skip("the browser's program is not built")
	}
	shell := text(t, page)
	if page.StatusCode != http.StatusOK || page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("the page answers %d, %q", page.StatusCode, page.Header.Get("Content-Type"))
	}
	_, rest, ok := strings.Cut(shell, `data-program="`)
	path, _, _ := strings.Cut(rest, `"`)
	if !ok || !strings.HasPrefix(path, "/assets/") {
		t.Fatal("the page names no program")
	}
	for accept, encoding := range map[string]string{"br, gzip": "br", "gzip": "gzip", "gzip, br;q=0": "gzip"} {
		r := w.get(t, path, "Accept-Encoding", accept)
		h := r.Header
		if r.StatusCode != http.StatusOK || h.Get("Content-Encoding") != encoding || h.Get("Content-Type") != "application/wasm" ||
			h.Get("Cache-Control") != immutable || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("accepting %q: %d, %v", accept, r.StatusCode, h)
		}
	}
}

func TestOnlyGetIsServed(t *testing.T) {
	w := start(t, nil)
	r, err := http.Post("http://"+w.client+"/", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST answers %d", r.StatusCode)
	}
}

func TestHealth(t *testing.T) {
	w := start(t, nil)
	if r := w.get(t, "/readyz?verbose"); r.StatusCode != http.StatusOK || text(t, r) != "[+]draining ok\n[+]leader ok\n[+]feeds ok\nready\n" {
		t.Errorf("ready: %d", r.StatusCode)
	}
	w.unready = errors.New("no leader was heard from")
	if r := w.get(t, "/readyz?verbose"); r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" ||
		text(t, r) != "[+]draining ok\n[-]leader failed: no leader was heard from\n[+]feeds ok\nnot ready: leader\n" {
		t.Errorf("without a leader: %d", r.StatusCode)
	}
	if r := w.get(t, "/readyz"); text(t, r) != "not ready: leader\n" {
		t.Error("the short answer is not short")
	}
	w.unready = nil
	w.late = errors.New("blocks are too old")
	if r := w.get(t, "/readyz"); r.StatusCode != http.StatusOK || text(t, r) != "ready, but: feeds\n" {
		t.Errorf("with a late feed: %d", r.StatusCode)
	}
	if r := w.get(t, "/readyz?verbose"); text(t, r) != "[+]draining ok\n[+]leader ok\n[-]feeds warns: blocks are too old\nready, but: feeds\n" {
		t.Error("what is late is not told")
	}
	w.Drain()
	if r := w.get(t, "/readyz"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("draining: %d", r.StatusCode)
	}
	if r := w.get(t, "/livez"); r.StatusCode != http.StatusOK {
		t.Errorf("alive: %d", r.StatusCode)
	}
}

// upgrade are the headers of a websocket handshake.
func upgrade(more ...string) []string {
	return append([]string{
		"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==",
	}, more...)
}

func TestWhoMayOpenAStream(t *testing.T) {
	const ours = "tvilling.v1"
	cases := map[string]struct {
		header []string
		status int
	}{
		"own page":          {[]string{"Origin", "http://127.0.0.1:8471", "Sec-WebSocket-Protocol", ours}, http.StatusSwitchingProtocols},
		"own page by name":  {[]string{"Origin", "http://localhost:8471", "Sec-WebSocket-Protocol", ours}, http.StatusSwitchingProtocols},
		"own page by IPv6":  {[]string{"Origin", "http://[::1]:8471", "Sec-WebSocket-Protocol", ours}, http.StatusSwitchingProtocols},
		"a member's page":   {[]string{"Origin", "https://B1.example", "Sec-WebSocket-Protocol", "other, " + ours}, http.StatusSwitchingProtocols},
		"no browser":        {[]string{"Sec-WebSocket-Protocol", ours}, http.StatusSwitchingProtocols},
		"another page":      {[]string{"Origin", "https://evil.example", "Sec-WebSocket-Protocol", ours}, http.StatusForbidden},
		"another scheme":    {[]string{"Origin", "http://b1.example", "Sec-WebSocket-Protocol", ours}, http.StatusForbidden},
		"an opaque page":    {[]string{"Origin", "null", "Sec-WebSocket-Protocol", ours}, http.StatusForbidden},
		"a rebound name":    {[]string{"Origin", "http://evil.example:8471", "Host", "evil.example:8471", "Sec-WebSocket-Protocol", ours}, http.StatusForbidden},
		"no subprotocol":    {[]string{"Origin", "http://127.0.0.1:8471"}, http.StatusBadRequest},
		"other subprotocol": {[]string{"Origin", "http://127.0.0.1:8471", "Sec-WebSocket-Protocol", "tvilling.v0"}, http.StatusBadRequest},
	}
	w := start(t, nil)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if r := w.get(t, "/stream", upgrade(c.header...)...); r.StatusCode != c.status {
				t.Errorf("answers %d, want %d", r.StatusCode, c.status)
			}
		})
	}
}

// keeps is a way in where every browser holds a session.
type keeps struct{ SignIn }

func (keeps) Handle(*http.ServeMux) {}
func (keeps) Held(*http.Request) (*identity.Session, *identity.HandOver) {
	return &identity.Session{}, nil
}

// Who signs in with what the browser keeps comes from a page of ours, and says so: a
// program on the way that takes the Origin away does not open the stream to every page.
func TestASessionComesFromAPage(t *testing.T) {
	w := start(t, func(c *Config) { c.SignIn = keeps{} })
	for origin, want := range map[string]int{
		"http://127.0.0.1:8471": http.StatusSwitchingProtocols, "": http.StatusForbidden, "null": http.StatusForbidden, "https://evil.b1.example": http.StatusForbidden,
	} {
		header := upgrade("Sec-WebSocket-Protocol", subprotocol)
		if origin != "" {
			header = append(header, "Origin", origin)
		}
		if r := w.get(t, "/stream", header...); r.StatusCode != want {
			t.Errorf("from %q: %d, want %d", origin, r.StatusCode, want)
		}
	}
}

func TestFullAndDraining(t *testing.T) {
	w := start(t, nil)
	w.rooms.full = true
	if r := w.get(t, "/stream", upgrade("Sec-WebSocket-Protocol", subprotocol)...); r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("full: %d", r.StatusCode)
	} else if said := text(t, r); !strings.Contains(said, session.ErrStrangers.Error()) {
		t.Errorf("full, and told %q", said)
	}
	w.rooms.mu.Lock()
	w.rooms.full = false
	w.rooms.mu.Unlock()
	w.Drain()
	if r := w.get(t, "/stream", upgrade("Sec-WebSocket-Protocol", subprotocol)...); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("draining: %d", r.StatusCode)
	}
	if n := w.Counts().Refused.Load(); n != 2 {
		t.Errorf("%d streams count as refused, two were", n)
	}
}

func (w *world) dial(t *testing.T) *websocket.Conn {
	t.Helper()
	conn, r, err := websocket.Dial(t.Context(), "ws://"+w.client+"/stream", &websocket.DialOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Error("the stream is compressed")
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

func TestTheStreamCarriesFramesBothWays(t *testing.T) {
	w := start(t, nil)
	conn := w.dial(t)
	frame := bytes.Repeat([]byte{7}, protocol.MaxClientFrame)
	if err := conn.Write(t.Context(), websocket.MessageBinary, frame); err != nil {
		t.Fatal(err)
	}
	if kind, got, err := conn.Read(t.Context()); err != nil || kind != websocket.MessageBinary || !bytes.Equal(got, frame) {
		t.Fatalf("back came %v, %d bytes, %v", kind, len(got), err)
	}
	if err := conn.Write(t.Context(), websocket.MessageText, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != 4012 {
		t.Errorf("after a text message: %v", err)
	}
	if err := <-w.rooms.ended; !errors.Is(err, session.ErrMalformed) {
		t.Errorf("the session is told %v", err)
	}
}

func TestAMessageThatIsTooLarge(t *testing.T) {
	w := start(t, nil)
	conn := w.dial(t)
	if err := conn.Write(t.Context(), websocket.MessageBinary, make([]byte, protocol.MaxClientFrame+1)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("closed with %v", err)
	}
	<-w.rooms.ended
}

func TestCloseEndsUpgradedSockets(t *testing.T) {
	w := start(t, nil)
	conn := w.dial(t)
	if err := conn.Write(t.Context(), websocket.MessageBinary, []byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); err != nil { // the session has begun
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		_, _, err := conn.Read(t.Context())
		read <- err
	}()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-w.rooms.ended; err == nil {
		t.Error("the session goes on")
	}
	if err := <-read; err == nil {
		t.Error("the browser's side goes on")
	}
}

// With TLS: no HTTP/2, nothing older than 1.3, HSTS, and a member of staff's
// certificate goes to the session; without one the page is served all the same.
func TestClientTLS(t *testing.T) {
	staff := newAuthority(t)
	web := newAuthority(t)
	w := start(t, func(c *Config) {
		c.Browsers = (&certs.Node{Client: web.issue(""), Staff: staff.pool()}).BrowserServer()
		c.Staff = staff.pool
		c.Topology.Environment = admin.Production
	})
	own := staff.issue("SE1000000001-D1")
	config := &tls.Config{RootCAs: web.pool(), NextProtos: []string{"h2", "http/1.1"}}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	r, err := client.Get("https://" + w.client + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.ProtoMajor != 1 || r.TLS.NegotiatedProtocol != "http/1.1" || r.TLS.Version != tls.VersionTLS13 || r.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s over %q, TLS %x, HSTS %q", r.Proto, r.TLS.NegotiatedProtocol, r.TLS.Version, r.Header.Get("Strict-Transport-Security"))
	}
	if _, err := tls.Dial("tcp", w.client, &tls.Config{RootCAs: web.pool(), MaxVersion: tls.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 is taken")
	}
	conn, _, err := websocket.Dial(t.Context(), "wss://"+w.client+"/stream", &websocket.DialOptions{
		Subprotocols: []string{subprotocol},
		HTTPClient:   &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: web.pool(), Certificates: []tls.Certificate{*own}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	<-w.rooms.ended
	if state := w.rooms.callers[0].TLS; state == nil || state.PeerCertificates[0].Subject.SerialNumber != "SE1000000001-D1" {
		t.Error("the session does not learn who called")
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	good := func() Config {
		return Config{
			Topology: topology(), Self: "a1", Sessions: &rooms{}, Ingest: &intake{}, Logger: start(t, nil).cfg.Logger,
			Sources: &tls.Config{Certificates: []tls.Certificate{{}}, ClientCAs: x509.NewCertPool(), ClientAuth: tls.RequireAndVerifyClientCert},
		}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"production without TLS":    func(c *Config) { c.Topology.Environment = admin.Production },
		"no TLS beyond loopback":    func(c *Config) { c.Topology.Members[0].Client = "0.0.0.0:8471" },
		"a witness":                 func(c *Config) { c.Self = "w" },
		"nobody":                    func(c *Config) { c.Self = "x" },
		"an origin with a path":     func(c *Config) { c.Topology.Members[1].Origin = "https://b1.example/x" },
		"an origin without scheme":  func(c *Config) { c.Topology.Members[1].Origin = "b1.example" },
		"no TLS for sources":        func(c *Config) { c.Sources = nil },
		"no authority for sources":  func(c *Config) { c.Sources.ClientCAs = nil },
		"sources without one":       func(c *Config) { c.Sources.ClientAuth = tls.VerifyClientCertIfGiven },
		"no certificate of its own": func(c *Config) { c.Sources.Certificates = nil },
		"no sessions":               func(c *Config) { c.Sessions = nil },
	} {
		c := good()
		change(&c)
		if _, err := New(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATakenPortIsSaidAtOnce(t *testing.T) {
	w := start(t, nil)
	cfg := w.cfg
	cfg.Topology = topology()
	cfg.Topology.Members[0].Source = w.source
	other, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Listen(); err == nil || !strings.Contains(err.Error(), w.source) {
		t.Errorf("listening on a taken port: %v", err)
	}
	if len(other.Addresses()) != 0 {
		t.Error("the other port stays bound")
	}
}
