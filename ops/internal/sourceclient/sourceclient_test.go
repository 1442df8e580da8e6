package sourceclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/ops/internal/pki"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

const system = "SE0000000101-S001"

// made is a cluster's directory with a source's certificate.
func made(t *testing.T) (dir string, issued pki.Issued) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "made")
	local := "127.0.0.1:1"
	err := pki.Init(dir, admin.Topology{Cluster: "test", Environment: admin.Demo, Members: []admin.Node{
		{ID: "a1", Site: "A", Role: admin.RoleData, Peer: local, Admin: local, Client: local, Source: local, Origin: "http://" + local},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if issued, err = pki.IssueSource(dir, system); err != nil {
		t.Fatal(err)
	}
	return dir, issued
}

// listen is a source listener with a node's certificate.
func listen(t *testing.T, dir string, h http.HandlerFunc) string {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "a1", admin.FileNodeCert), filepath.Join(dir, "a1", admin.FileNodeKey))
	if err != nil {
		t.Fatal(err)
	}
	signers := x509.NewCertPool()
	text, err := os.ReadFile(filepath.Join(dir, "a1", admin.FileSources))
	if err != nil || !signers.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: signers, MinVersion: tls.VersionTLS13}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func newClient(t *testing.T, dir string, issued pki.Issued, addresses ...string) *Client {
	t.Helper()
	c, err := New(Config{Addresses: addresses, Authority: filepath.Join(dir, "a1", admin.FileAuthority),
		Certificate: issued.Certificate, Key: issued.Key})
	if err != nil {
		t.Fatal(err)
	}
	c.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	t.Cleanup(c.Close)
	return c
}

func tell(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func TestPutSaysWhoWhatAndWhom(t *testing.T) {
	dir, issued := made(t)
	patient, err := protocol.ParsePatientID("199701062383")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	address := listen(t, dir, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method, r.URL.String(), r.TLS.PeerCertificates[0].Subject.SerialNumber,
			r.Header.Get("Tvilling-Source"), r.Header.Get("Tvilling-Patient"), r.Header.Get("Tvilling-Partial"))
		tell(w, http.StatusOK, Receipt{Index: 7, Documents: 2, Changed: 1, Unchanged: 1})
	})
	c := newClient(t, dir, issued, address)
	receipt, err := c.Put(t.Context(), Message{Contract: protocol.Diagnosis, Source: "SE1", Patient: patient, Partial: true, Body: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Receipt{Index: 7, Documents: 2, Changed: 1, Unchanged: 1}, receipt); diff != "" {
		t.Error(diff)
	}
	want := []string{"PUT", "/source/v1/answers/GetDiagnosis", system, "SE1", "199701062383", "true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A node that is away, or busy, is no reason to fail while another takes it; a reasoned
// no is, at once.
func TestPutGoesOnUntilOneTakesIt(t *testing.T) {
	dir, issued := made(t)
	var busy, good, refusing atomic.Int32
	busyAt := listen(t, dir, func(w http.ResponseWriter, _ *http.Request) {
		busy.Add(1)
		tell(w, http.StatusServiceUnavailable, admin.Problem{Code: "TV-3011", Title: "busy"})
	})
	goodAt := listen(t, dir, func(w http.ResponseWriter, _ *http.Request) {
		if good.Add(1) < 2 {
			tell(w, http.StatusServiceUnavailable, admin.Problem{Code: "TV-3010", Title: "no majority"})
			return
		}
		tell(w, http.StatusOK, Receipt{Index: 9})
	})
	refusingAt := listen(t, dir, func(w http.ResponseWriter, _ *http.Request) {
		refusing.Add(1)
		tell(w, http.StatusForbidden, admin.Problem{Code: "TV-3002", Title: "not registered", Action: "Ask."})
	})
	gone := "127.0.0.1:1"

	receipt, err := newClient(t, dir, issued, gone, busyAt, goodAt).Put(t.Context(), Message{Contract: protocol.Diagnosis})
	if err != nil || receipt.Index != 9 {
		t.Errorf("receipt %v, error %v", receipt, err)
	}
	if busy.Load() != 2 || good.Load() != 2 {
		t.Errorf("the busy node was asked %d times and the other %d, want 2 and 2", busy.Load(), good.Load())
	}
	var refused *RefusedError
	_, err = newClient(t, dir, issued, refusingAt, goodAt).Put(t.Context(), Message{Contract: protocol.Diagnosis})
	if !errors.As(err, &refused) || refused.Problem.Code != "TV-3002" || refusing.Load() != 1 {
		t.Errorf("error %v after %d tries, want the refusal after one", err, refusing.Load())
	}
	_, err = newClient(t, dir, issued, gone).Put(t.Context(), Message{Contract: protocol.Diagnosis})
	if !errors.Is(err, ErrNoAnswer) {
		t.Errorf("error %v, want that no node took it", err)
	}
}

// A certificate of another authority is told before anything is sent, not as a cut line.
func TestACertificateOfAnotherAuthority(t *testing.T) {
	dir, _ := made(t)
	foreign := pki.Issued{Certificate: filepath.Join(dir, "a1", admin.FileNodeCert), Key: filepath.Join(dir, "a1", admin.FileNodeKey)}
	address := listen(t, dir, func(http.ResponseWriter, *http.Request) { t.Error("the node was asked") })
	_, err := newClient(t, dir, foreign, address).Put(t.Context(), Message{Contract: protocol.Diagnosis})
	if !errors.Is(err, ErrFiles) || errors.Is(err, ErrNoAnswer) {
		t.Errorf("error %v", err)
	}
}

func TestRefusalsAreSaidOnce(t *testing.T) {
	p := admin.Problem{Code: "TV-3005", Title: "Not about one patient", Action: "Send one's."}
	for detail, want := range map[string]string{
		"":                               "TV-3005 Not about one patient. Send one's.",
		"not about one patient":          "TV-3005 Not about one patient. Send one's.",
		"not about one patient: of none": "TV-3005 Not about one patient: of none. Send one's.",
		"something else":                 "TV-3005 Not about one patient: something else. Send one's.",
	} {
		p.Detail = detail
		if got := (&RefusedError{Problem: p}).Error(); got != want {
			t.Errorf("detail %q: %q, want %q", detail, got, want)
		}
	}
}

func TestPutEndsWithItsContext(t *testing.T) {
	dir, issued := made(t)
	ctx, cancel := context.WithCancel(t.Context())
	address := listen(t, dir, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		tell(w, http.StatusServiceUnavailable, admin.Problem{Code: "TV-3011"})
	})
	if _, err := newClient(t, dir, issued, address).Put(ctx, Message{Contract: protocol.Diagnosis}); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("error %v", err)
	}
}

// Every message is reported once, a failed one does not stop the others, and no more
// than a few are under way.
func TestDeliver(t *testing.T) {
	dir, issued := made(t)
	var now, most atomic.Int32
	address := listen(t, dir, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		defer now.Add(-1)
		if strings.HasSuffix(r.URL.Path, "GetCarePlans") {
			tell(w, http.StatusUnprocessableEntity, admin.Problem{Code: "TV-3004"})
			return
		}
		tell(w, http.StatusOK, Receipt{Index: 1})
	})
	const count = 60
	seen, failed := map[int]bool{}, 0
	unread := errors.New("unread")
	newClient(t, dir, issued, address).Deliver(t.Context(), count, func(n int) (Message, error) {
		switch n % 10 {
		case 3:
			return Message{}, fmt.Errorf("file %d: %w", n, unread)
		case 4:
			return Message{Contract: protocol.CarePlans}, nil
		}
		return Message{Contract: protocol.Diagnosis}, nil
	}, func(d Delivery) {
		if seen[d.Number] {
			t.Errorf("message %d was reported twice", d.Number)
		}
		seen[d.Number] = true
		if d.Err != nil {
			failed++
		}
	})
	if len(seen) != count || failed != count/5 {
		t.Errorf("%d of %d reported, %d failed of %d", len(seen), count, failed, count/5)
	}
	if most.Load() > maxAtOnce {
		t.Errorf("%d were under way at once, and %d is the most", most.Load(), maxAtOnce)
	}
}

func TestContractOf(t *testing.T) {
	cases := []struct {
		message string
		want    protocol.Contract
	}{
		{`<e:Envelope xmlns:e="x"><e:Body><GetDiagnosisResponse xmlns="y"/></e:Body></e:Envelope>`, protocol.Diagnosis},
		{`<Envelope><Body><GetWeatherResponse/></Body></Envelope>`, protocol.NoContract},
		{`<Envelope><Body><Fault/></Body></Envelope>`, protocol.NoContract},
		{`not a message`, protocol.NoContract},
		{``, protocol.NoContract},
	}
	for _, c := range cases {
		got, err := ContractOf([]byte(c.message))
		if got != c.want || (err == nil) != (c.want != protocol.NoContract) {
			t.Errorf("%q: %v, %v", c.message, got, err)
		}
	}
}

func TestNewNeedsFilesAndAddresses(t *testing.T) {
	dir, issued := made(t)
	good := Config{Addresses: []string{"127.0.0.1:1"}, Authority: filepath.Join(dir, "a1", admin.FileAuthority), Certificate: issued.Certificate, Key: issued.Key}
	for name, c := range map[string]struct {
		spoil func(*Config)
		want  error
	}{
		"no address":     {func(c *Config) { c.Addresses = nil }, ErrNowhere},
		"no authority":   {func(c *Config) { c.Authority = "nowhere" }, ErrFiles},
		"authority: key": {func(c *Config) { c.Authority = c.Key }, ErrFiles},
		"no certificate": {func(c *Config) { c.Certificate = "nowhere" }, ErrFiles},
	} {
		config := good
		c.spoil(&config)
		if _, err := New(config); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
