package signin

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tvilling/node/internal/gateway"
	"tvilling/node/internal/identity"
	"tvilling/node/internal/ingest"
	"tvilling/node/internal/sealing"
	"tvilling/node/internal/session"
	"tvilling/node/providertest"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

const (
	annaID  = "SE2321000016-1ANN"
	loa3    = "http://id.sambi.se/loa/loa3"
	cluster = "test"
)

var anna = must(protocol.ParseEmployeeID(annaID))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// journal is a Log in memory.
type journal struct {
	mu      sync.Mutex
	in, out []identity.Session
	here    []identity.Session // signed out, and not recorded
	dead    bool
}

func (j *journal) SignedIn(_ context.Context, one identity.Session) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead {
		return errors.New("no majority")
	}
	j.in = append(j.in, one)
	return nil
}

func (j *journal) SignedOut(_ context.Context, one identity.Session) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead {
		j.here = append(j.here, one)
		return errors.New("no majority")
	}
	j.out = append(j.out, one)
	return nil
}

func (j *journal) set(dead bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dead = dead
}

func (j *journal) IsSignedOut(id [16]byte) (bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return holds(j.out, id) || holds(j.here, id), nil
}

func (j *journal) IsOutEverywhere(id [16]byte) (bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return holds(j.out, id), nil
}

func holds(all []identity.Session, id [16]byte) bool {
	return slices.ContainsFunc(all, func(one identity.Session) bool { return one.ID == id })
}

// nothing is what a gateway needs beside, and is not asked here.
type nothing struct{}

func (nothing) Serve(context.Context, session.Conn, session.Caller)             {}
func (nothing) Admits(session.Caller) error                                     { return nil }
func (nothing) Put(context.Context, ingest.Request) (r ingest.Receipt, e error) { return }
func (nothing) Identify(identity.Proof) (identity.Actor, error) {
	return identity.Actor{}, identity.ErrNobody
}
func (nothing) People() []protocol.Person { return nil }

// world is a node's way in, behind its gateway, and a provider.
type world struct {
	t        *testing.T
	provider *providertest.Provider
	node     *httptest.Server
	service  *Service
	ring     *sealing.Ring
	journal  *journal
	logged   bytes.Buffer
	logMu    sync.Mutex

	timeMu sync.Mutex
	ahead  time.Duration // of the real time
}

func (w *world) Write(p []byte) (int, error) {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	return w.logged.Write(p)
}

func (w *world) now() time.Time {
	w.timeMu.Lock()
	defer w.timeMu.Unlock()
	return time.Now().Add(w.ahead)
}

func (w *world) pass(d time.Duration) {
	w.timeMu.Lock()
	defer w.timeMu.Unlock()
	w.ahead += d
}

// newWorld serves with TLS or without; change may change the configuration.
func newWorld(t *testing.T, secure bool, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, ring: must(sealing.NewRing()), journal: &journal{}}
	var handler http.Handler
	w.node = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	scheme := "http"
	if secure {
		scheme = "https"
	}
	origin := scheme + "://" + w.node.Listener.Addr().String()
	w.provider = must(providertest.New(secure, providertest.Client{ID: "tvilling", Secret: "hemligt", Back: []string{origin + "/sign-in/back", origin + "/"}}))
	t.Cleanup(w.provider.Close)
	cfg := Config{
		Terms:   admin.SignIn{Method: admin.SignInProvider, Issuer: w.provider.Issuer(), ClientID: "tvilling", ACR: []string{loa3, "loa4"}}.Complete(admin.Demo),
		Cluster: cluster, Origin: origin, Secure: secure, Secret: "hemligt", Ring: w.ring, Log: w.journal, Identity: nothing{},
		Client: NewClient(w.provider.Issuer(), w.trusted), Logger: slog.New(slog.NewTextHandler(w, nil)), Now: w.now,
	}
	if change != nil {
		change(&cfg)
	}
	w.service = must(New(cfg))
	g, err := gateway.New(gateway.Config{
		Topology: admin.Topology{Cluster: cluster, Environment: admin.Demo, Members: []admin.Node{
			{ID: "a1", Site: "a", Role: admin.RoleData, Client: "127.0.0.1:0", Origin: origin}}},
		Self: "a1", Sessions: nothing{}, Ingest: nothing{}, SignIn: w.service, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	handler = g.ClientHandler()
	if secure {
		w.node.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		w.node.StartTLS()
	} else {
		w.node.Start()
	}
	t.Cleanup(w.node.Close)
	w.provider.SignsIn(&providertest.User{Name: "Anna Ek", ACR: loa3, Claims: map[string]any{"employeeHsaId": annaID}})
	return w
}

// trusted holds the certificate that every test server has.
func (w *world) trusted() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if cert := w.node.Certificate(); cert != nil {
		pool.AddCert(cert)
	}
	return pool, nil
}

// browser keeps cookies and follows redirects, until one that stop says.
type browser struct {
	*http.Client
	w *world
}

func (w *world) browser() *browser {
	roots := must(w.trusted())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	w.t.Cleanup(transport.CloseIdleConnections)
	return &browser{&http.Client{Jar: must(cookiejar.New(nil)), Transport: transport}, w}
}

// stopAt makes the browser stop before an address with the path.
func (b *browser) stopAt(path string) {
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == path {
			return http.ErrUseLastResponse
		}
		return nil
	}
}

func (b *browser) do(method, address string, form url.Values, header ...string) (*http.Response, string) {
	b.w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.w.node.URL + address
	}
	r := must(http.NewRequestWithContext(b.w.t.Context(), method, address, strings.NewReader(form.Encode())))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := b.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer response.Body.Close()
	return response, string(must(io.ReadAll(response.Body)))
}

func (b *browser) get(address string) (*http.Response, string) {
	b.w.t.Helper()
	return b.do(http.MethodGet, address, nil)
}

// post is one of the page's own.
func (b *browser) post(path string) *http.Response {
	b.w.t.Helper()
	response, _ := b.do(http.MethodPost, path, nil, "Sec-Fetch-Site", "same-origin")
	return response
}

// cookie is what the browser keeps under a name.
func (b *browser) cookie(of string) *http.Cookie {
	for _, c := range b.Jar.Cookies(must(url.Parse(b.w.node.URL))) {
		if c.Name == b.w.service.cookies.name(of) {
			return c
		}
	}
	return nil
}

func (b *browser) keep(of, value string) {
	c := b.w.service.cookies.plain(of, value)
	b.Jar.SetCookies(must(url.Parse(b.w.node.URL)), []*http.Cookie{c})
}

// held is what a stream of the browser's would bring.
func (b *browser) held() (*identity.Session, *identity.HandOver) {
	r := httptest.NewRequest(http.MethodGet, "/stream", nil)
	for _, c := range b.Jar.Cookies(must(url.Parse(b.w.node.URL))) {
		r.AddCookie(c)
	}
	return b.w.service.Held(r)
}

// signIn goes the whole way.
func (b *browser) signIn() *identity.Session {
	b.w.t.Helper()
	b.CheckRedirect = nil
	response, body := b.get("/sign-in")
	if held, _ := b.held(); response.Request.URL.Path == "/" && held != nil {
		return held
	}
	b.w.t.Fatalf("not signed in: at %s with %d: %s", response.Request.URL.Path, response.StatusCode, body)
	return nil
}
