package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"tvilling/protocol/admin"
)

func topology() admin.Topology {
	return admin.Topology{
		Cluster: "region-test", Environment: admin.Production,
		Members: []admin.Node{
			{ID: "a1", Site: "a", Role: admin.RoleData, Peer: "127.0.0.1:1", Admin: "127.0.0.1:2", Client: "127.0.0.1:3", Source: "a1.test:4", Origin: "http://127.0.0.1:3"},
			{ID: "b1", Site: "b", Role: admin.RoleData, Peer: "b1.test:1", Admin: "b1.test:2", Client: "0.0.0.0:3", Source: "b1.test:4", Origin: "https://journal.test"},
			{ID: "w", Site: "w", Role: admin.RoleWitness, Peer: "w.test:1", Admin: "w.test:2"},
		},
	}
}

func initialised(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cluster")
	if err := Init(dir, topology()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func load(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := decodeCertificate(text)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return cert
}

func pool(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	p.AddCert(load(t, path))
	return p
}

func TestInitWritesTheFilesWithTheirModes(t *testing.T) {
	dir := initialised(t)
	got := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.IsDir() {
			if info.Mode().Perm() != 0o700 {
				t.Errorf("directory %s has mode %v", name, info.Mode())
			}
			return nil
		}
		got[filepath.ToSlash(name)] = info.Mode().Perm()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]fs.FileMode{}
	public := func(names ...string) {
		for _, n := range names {
			want[n] = 0o644
		}
	}
	secret := func(names ...string) {
		for _, n := range names {
			want[n] = 0o600
		}
	}
	for _, ca := range []string{"ca", "sources-ca", "staff-ca", "clients-ca"} {
		public("authority/" + ca + ".pem")
		secret("authority/" + ca + ".key")
	}
	for _, n := range []string{"a1", "b1"} {
		public(n+"/cluster.toml", n+"/tls/ca.pem", n+"/tls/node.pem", n+"/tls/sources-ca.pem", n+"/tls/staff-ca.pem")
		secret(n+"/tls/node.key", n+"/log.key")
	}
	public("b1/tls/client.pem", "w/cluster.toml", "w/tls/ca.pem", "w/tls/node.pem")
	secret("b1/tls/client.key", "w/tls/node.key", "w/log.key")
	public("operator/cluster.toml", "operator/tls/ca.pem", "operator/tls/operator.pem")
	secret("operator/tls/operator.key")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}

	read, err := admin.LoadTopology(filepath.Join(dir, "w", admin.FileTopology))
	if err != nil {
		t.Fatal(err)
	}
	for i := range read.Members {
		m := &read.Members[i]
		secret, err := os.ReadFile(filepath.Join(dir, m.ID, admin.FileLogKey))
		if err != nil {
			t.Fatal(err)
		}
		signer, err := note.NewSigner(strings.TrimSpace(string(secret)))
		if err != nil {
			t.Fatalf("the log key of %s: %v", m.ID, err)
		}
		verifier, err := note.NewVerifier(m.LogKey)
		if err != nil {
			t.Fatalf("what verifies the log key of %s: %v", m.ID, err)
		}
		signed, err := note.Sign(&note.Note{Text: "truth\n"}, signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := note.Open(signed, note.VerifierList(verifier)); err != nil || signer.Name() != "tvilling/"+read.Cluster+"/"+m.ID {
			t.Errorf("the log key of %s (%s) and what verifies it: %v", m.ID, signer.Name(), err)
		}
		m.LogKey = ""
	}
	if diff := cmp.Diff(topology(), read); diff != "" {
		t.Errorf("topology (-want +got):\n%s", diff)
	}
}

func TestCertificatesSayWhoTheyAre(t *testing.T) {
	dir := initialised(t)
	source, err := IssueSource(dir, "SE2321000016-1003")
	if err != nil {
		t.Fatal(err)
	}
	staff, err := IssueStaff(dir, "SE2321000016-XYZ1", "Test Testsson")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(staff.Certificate+staff.Key, "XYZ1") {
		t.Errorf("a file is named by a person: %s", staff.Certificate)
	}
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	for _, c := range []struct {
		cert, ca string
		usages   []x509.ExtKeyUsage
		identity string
		hosts    []string
		hsaID    string
	}{
		{"a1/tls/node.pem", "a1/tls/ca.pem", []x509.ExtKeyUsage{server, client}, "tvilling://region-test/node/a1", []string{"127.0.0.1", "a1.test"}, ""},
		{"w/tls/node.pem", "a1/tls/ca.pem", []x509.ExtKeyUsage{server, client}, "tvilling://region-test/node/w", []string{"w.test"}, ""},
		{"operator/tls/operator.pem", "operator/tls/ca.pem", []x509.ExtKeyUsage{client}, "tvilling://region-test/operator", nil, ""},
		{"b1/tls/client.pem", "authority/clients-ca.pem", []x509.ExtKeyUsage{server}, "", []string{"journal.test"}, ""},
		{rel(t, dir, source.Certificate), "a1/tls/sources-ca.pem", []x509.ExtKeyUsage{client}, "", nil, "SE2321000016-1003"},
		{rel(t, dir, staff.Certificate), "b1/tls/staff-ca.pem", []x509.ExtKeyUsage{client}, "", nil, "SE2321000016-XYZ1"},
	} {
		cert := load(t, filepath.Join(dir, c.cert))
		if diff := cmp.Diff(c.usages, cert.ExtKeyUsage); diff != "" || cert.KeyUsage != x509.KeyUsageDigitalSignature || cert.IsCA {
			t.Errorf("%s: usages %v %v, CA %t", c.cert, cert.KeyUsage, cert.ExtKeyUsage, cert.IsCA)
		}
		options := x509.VerifyOptions{Roots: pool(t, filepath.Join(dir, c.ca)), KeyUsages: c.usages[:1]}
		if _, err := cert.Verify(options); err != nil {
			t.Errorf("%s: %v", c.cert, err)
		}
		for _, host := range c.hosts {
			if err := cert.VerifyHostname(host); err != nil {
				t.Errorf("%s: %v", c.cert, err)
			}
		}
		if cert.VerifyHostname("elsewhere.test") == nil {
			t.Errorf("%s is good for any host", c.cert)
		}
		identity, err := admin.ParseIdentity(cert.URIs)
		if c.identity == "" && err == nil || c.identity != "" && identity.String() != c.identity {
			t.Errorf("%s: identity %v, %v; want %q", c.cert, identity, err, c.identity)
		}
		if cert.Subject.SerialNumber != c.hsaID {
			t.Errorf("%s: subject's serial number %q, want %q", c.cert, cert.Subject.SerialNumber, c.hsaID)
		}
	}
}

func rel(t *testing.T, dir, path string) string {
	t.Helper()
	r, err := filepath.Rel(dir, path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestKeysBelongToTheirCertificates(t *testing.T) {
	dir := initialised(t)
	source, err := IssueSource(dir, "SE2321000016-1003")
	if err != nil {
		t.Fatal(err)
	}
	for cert, key := range map[string]string{
		filepath.Join(dir, "a1/tls/node.pem"):           filepath.Join(dir, "a1/tls/node.key"),
		filepath.Join(dir, "operator/tls/operator.pem"): filepath.Join(dir, "operator/tls/operator.key"),
		filepath.Join(dir, "b1/tls/client.pem"):         filepath.Join(dir, "b1/tls/client.key"),
		filepath.Join(dir, "authority/staff-ca.pem"):    filepath.Join(dir, "authority/staff-ca.key"),
		source.Certificate:                              source.Key,
	} {
		if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
			t.Errorf("%s: %v", cert, err)
		}
	}
}

// One authority must not be able to speak for another.
func TestAuthoritiesAreApart(t *testing.T) {
	dir := initialised(t)
	source, err := IssueSource(dir, "SE2321000016-1003")
	if err != nil {
		t.Fatal(err)
	}
	cert := load(t, source.Certificate)
	for _, ca := range []string{"ca", "staff-ca", "clients-ca"} {
		roots := pool(t, filepath.Join(dir, "authority", ca+".pem"))
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err == nil {
			t.Errorf("a source's certificate is good for %s", ca)
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := initialised(t)
	before, err := os.ReadFile(filepath.Join(dir, "authority/ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Init(dir, topology()); !errors.Is(err, ErrExists) {
		t.Errorf("a second Init: %v", err)
	}
	if after, _ := os.ReadFile(filepath.Join(dir, "authority/ca.key")); string(after) != string(before) {
		t.Error("the authority's key was changed")
	}
	if _, err := IssueSource(dir, "SE2321000016-1003"); err != nil {
		t.Fatal(err)
	}
	if _, err := IssueSource(dir, "SE2321000016-1003"); !errors.Is(err, ErrExists) {
		t.Errorf("a second certificate for the same source: %v", err)
	}

	partly := t.TempDir()
	if err := os.MkdirAll(filepath.Join(partly, "w", "tls"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(partly, "w", "tls", "node.key"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Init(partly, topology()); !errors.Is(err, ErrExists) {
		t.Errorf("Init over a node's key: %v", err)
	}
	if entries, _ := os.ReadDir(partly); len(entries) != 1 {
		t.Errorf("Init wrote %d entries before it refused", len(entries)-1)
	}
}

func TestNamesThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*admin.Topology){
		"cluster with a slash": func(t *admin.Topology) { t.Cluster = "a/b" },
		"cluster in capitals":  func(t *admin.Topology) { t.Cluster = "Region" },
		"member that is a way": func(t *admin.Topology) { t.Members[0].ID = "../a1" },
		"member operator":      func(t *admin.Topology) { t.Members[0].ID = "operator" },
		"no members":           func(t *admin.Topology) { t.Members = nil },
	} {
		topology := topology()
		change(&topology)
		dir := t.TempDir()
		if err := Init(dir, topology); !errors.Is(err, ErrTopology) {
			t.Errorf("%s: %v", name, err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%s: %d entries written", name, len(entries))
		}
	}
	dir := initialised(t)
	for _, id := range []string{"", "../x", "a b", "/etc/passwd"} {
		if _, err := IssueSource(dir, id); !errors.Is(err, ErrID) {
			t.Errorf("source %q: %v", id, err)
		}
		if _, err := IssueStaff(dir, id, "N"); !errors.Is(err, ErrID) {
			t.Errorf("staff %q: %v", id, err)
		}
	}
	if _, err := IssueSource(t.TempDir(), "SE2321000016-1003"); !errors.Is(err, ErrFiles) {
		t.Errorf("no authority: %v", err)
	}
}

// A further operator has a directory of their own, and a name of their own.
func TestIssueOperator(t *testing.T) {
	dir := initialised(t)
	issued, err := IssueOperator(dir, "anna-lind")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(issued.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := decodeCertificate(text)
	if err != nil {
		t.Fatal(err)
	}
	who, err := admin.ParseIdentity(cert.URIs)
	if err != nil || !who.Operator() || who.Cluster != topology().Cluster || cert.Subject.CommonName != "anna-lind" {
		t.Errorf("issued to %q, %v, %v", cert.Subject.CommonName, who, err)
	}
	if _, err := admin.LoadTopology(filepath.Join(dir, "operators", "anna-lind", admin.FileTopology)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(issued.Key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", info, err)
	}
	if _, err := IssueOperator(dir, "anna-lind"); !errors.Is(err, ErrExists) {
		t.Errorf("the same name twice: %v", err)
	}
	for _, name := range []string{"", "Anna", "../operator", "a/b", strings.Repeat("a", 64)} {
		if _, err := IssueOperator(dir, name); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := IssueOperator(t.TempDir(), "anna"); !errors.Is(err, ErrFiles) {
		t.Errorf("where no cluster was made: %v", err)
	}
}
