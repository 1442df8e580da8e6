package gateway

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"tvilling/node/internal/certs"
	"tvilling/node/internal/health"
	"tvilling/node/internal/ingest"
	"tvilling/node/internal/session"
	"tvilling/protocol/admin"
	"tvilling/wasm/site"
)

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	var der []byte
	a.key, der = a.sign(template, nil)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.cert = cert
	return a
}

func (a *authority) sign(template *x509.Certificate, by *authority) (*ecdsa.PrivateKey, []byte) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return key, der
}

// issue signs a certificate with an HSA-id in the subject's serialNumber, for a server
// on loopback and for a client alike.
func (a *authority) issue(hsaID string) *tls.Certificate {
	a.t.Helper()
	key, der := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "somebody", SerialNumber: hsaID}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, a)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// intake is an Ingest that remembers what it was given.
type intake struct {
	mu    sync.Mutex
	got   []ingest.Request
	err   error
	enter chan struct{} // receives when Put begins, if not nil
	leave chan struct{} // Put waits for it, if not nil
}

func (i *intake) Put(_ context.Context, r ingest.Request) (ingest.Receipt, error) {
	if i.enter != nil {
		i.enter <- struct{}{}
		<-i.leave
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got = append(i.got, r)
	return ingest.Receipt{Index: 42, Documents: 1, Changed: 1}, i.err
}

// rooms is a Sessions that echoes what it reads.
type rooms struct {
	mu      sync.Mutex
	full    bool
	callers []session.Caller
	ended   chan error // how each Read ended
}

func (r *rooms) Admits(session.Caller) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full {
		return session.ErrStrangers
	}
	return nil
}

func (r *rooms) Serve(ctx context.Context, conn session.Conn, caller session.Caller) {
	r.mu.Lock()
	r.callers = append(r.callers, caller)
	r.mu.Unlock()
	for {
		b, err := conn.Read(ctx)
		if err == nil {
			err = conn.Write(ctx, b)
		}
		if err != nil {
			conn.Close(4012, "bye")
			r.ended <- err
			return
		}
	}
}

// world is a gateway that runs, and what stands around it.
type world struct {
	*Gateway
	client, source string // addresses
	sources, web   *authority
	intake         *intake
	rooms          *rooms
	log            *safeBuffer
	unready, late  error
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func topology() admin.Topology {
	return admin.Topology{Cluster: "test", Environment: admin.Demo, Members: []admin.Node{
		{ID: "a1", Site: "a", Role: admin.RoleData, Client: "127.0.0.1:0", Source: "127.0.0.1:0", Origin: "http://127.0.0.1:8471"},
		{ID: "b1", Site: "b", Role: admin.RoleData, Client: "127.0.0.1:0", Source: "127.0.0.1:0", Origin: "https://b1.example"},
		{ID: "w", Site: "c", Role: admin.RoleWitness},
	}}
}

// start runs a gateway, changed as the test wants it, until the test ends.
func start(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{sources: newAuthority(t), web: newAuthority(t), intake: &intake{}, rooms: &rooms{ended: make(chan error, 8)}, log: &safeBuffer{}}
	page, err := site.Load()
	if err != nil && !errors.Is(err, site.ErrNotBuilt) {
		t.Fatal(err)
	}
	cfg := Config{
		Topology: topology(), Self: "a1", Site: page, Sessions: w.rooms, Ingest: w.intake,
		Sources: (&certs.Node{Certificate: *w.web.issue(""), Sources: w.sources.pool()}).SourceServer(),
		Checks: []health.Check{
			{Name: "leader", Ask: func() error { return w.unready }},
			{Name: "feeds", Ask: func() error { return health.Warn(w.late) }},
		},
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&cfg)
	}
	if w.Gateway, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	if err := w.Listen(); err != nil {
		t.Fatal(err)
	}
	addresses := w.Addresses()
	w.client, w.source = addresses[0].String(), addresses[1].String()
	ran := make(chan error, 1)
	go func() { ran <- w.Run() }()
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	return w
}

// get asks for a path of the client listener, without following what the transport
// would do about encodings.
func (w *world) get(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.client+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}
