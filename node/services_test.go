package node

import (
	"crypto/tls"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/node/internal/certs/certstest"
	"tvilling/node/internal/upstream/upstreamtest"
	"tvilling/protocol/admin"
)

// secureUpstream serves the rows over TLS, to who has a certificate of the authority.
func secureUpstream(t *testing.T, a *certstest.Authority) (register string, u admin.Upstream) {
	t.Helper()
	server := httptest.NewUnstartedServer(upstreamtest.New(feedRows(t)))
	server.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, // as older services have it
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool(), Certificates: []tls.Certificate{a.Issue(admin.Identity{Cluster: "national", Node: "vp"})},
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	register = filepath.Join(t.TempDir(), "register.toml")
	if err := os.WriteFile(register, []byte(registerText), 0o600); err != nil {
		t.Fatal(err)
	}
	return register, upstreamAt(server.URL, 1)
}

// In production services are called over TLS, with certificates on both sides; without
// the node's own, it does not start.
func TestServicesAreCalledWithCertificates(t *testing.T) {
	national := certstest.New(t)
	cfg := single(t, admin.Production)
	cfg.Topology.Register, cfg.Topology.Upstream = secureUpstream(t, national)
	if _, err := Open(cfg); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), admin.FileUpstreamCert) {
		t.Fatalf("without certificates: %v", err)
	}
	cert, key := authorities{t: t}.encode(national.IssueHSA("SE2321000016-1TVI"))
	for name, text := range map[string][]byte{admin.FileUpstream: national.PEM(), admin.FileUpstreamCert: cert, admin.FileUpstreamKey: key} {
		if err := os.WriteFile(filepath.Join(cfg.Material, filepath.FromSlash(name)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, cfg)
	r.ready()
	feeds, err := r.state().Feeds(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range feeds {
		if !f.Fresh || f.Source == "" || f.BoundSecond == 0 {
			t.Errorf("%+v", f)
		}
	}
}

// A feed without a service has no source, and is late for good.
func TestAFeedThatNobodyFeeds(t *testing.T) {
	cfg := aloneIn(t, t.TempDir())
	cfg.Topology.Upstream.Relations = nil
	r := run(t, cfg)
	for leaderHeard(r.Node) != nil {
		r.wait(r.cluster.Position().Index + 1)
	}
	feeds, err := r.state().Feeds(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range feeds {
		if (f.Source == "") != (f.Name == "relations") {
			t.Errorf("%+v", f)
		}
	}
	if err := r.Ready(); err == nil || !strings.Contains(err.Error(), "feed of relations") {
		t.Errorf("ready: %v", err)
	}
}

// A care provider that is none is found when the node starts.
func TestCareProvidersAreChecked(t *testing.T) {
	cfg := aloneIn(t, t.TempDir())
	cfg.Topology.Upstream.Consents.CareProviders = []string{"se2321000016-1reg", "SE2321000016-1REG"}
	if got, err := careProviders(cfg.Topology.Upstream.Consents); err != nil || len(got) != 1 || got[0] != "SE2321000016-1REG" {
		t.Errorf("%v, %v", got, err)
	}
	cfg.Topology.Upstream.Consents.CareProviders = []string{"å"}
	if _, err := Open(cfg); !errors.Is(err, ErrConfig) {
		t.Errorf("%v", err)
	}
}
