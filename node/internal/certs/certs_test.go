package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"tvilling/node/internal/certs/certstest"
	"tvilling/protocol/admin"
)

// write puts a node's files into a directory.
func write(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func encode(t *testing.T, cert tls.Certificate) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
}

type world struct {
	dir                     string
	cluster, sources, staff *certstest.Authority
}

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{dir: t.TempDir(), cluster: certstest.New(t), sources: certstest.New(t), staff: certstest.New(t)}
	cert, key := encode(t, w.cluster.Issue(admin.Identity{Cluster: "demo", Node: "a1"}))
	write(t, w.dir, map[string][]byte{
		admin.FileAuthority: w.cluster.PEM(), admin.FileNodeCert: cert, admin.FileNodeKey: key,
		admin.FileSources: w.sources.PEM(), admin.FileStaff: w.staff.PEM(),
		admin.FileClientCert: cert, admin.FileClientKey: key,
	})
	return w
}

func TestLoad(t *testing.T) {
	w := newWorld(t)
	n, err := Load(w.dir, admin.RoleData)
	if err != nil {
		t.Fatal(err)
	}
	if n.Sources == nil || n.Staff == nil || n.Client == nil || n.BrowserServer() == nil {
		t.Errorf("a data node lacks something: %+v", n)
	}
	witness, err := Load(w.dir, admin.RoleWitness)
	if err != nil {
		t.Fatal(err)
	}
	if witness.Sources != nil || witness.Staff != nil || witness.Client != nil {
		t.Error("a witness has what it needs not have")
	}
	for _, optional := range []string{admin.FileStaff, admin.FileClientCert} {
		if err := os.Remove(filepath.Join(w.dir, optional)); err != nil {
			t.Fatal(err)
		}
	}
	n, err = Load(w.dir, admin.RoleData)
	if err != nil || n.Client != nil || n.Staff != nil || n.BrowserServer() != nil {
		t.Errorf("without the optional files: %+v, %v", n, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"no authority":      func(dir string) error { return os.Remove(filepath.Join(dir, admin.FileAuthority)) },
		"no key":            func(dir string) error { return os.Remove(filepath.Join(dir, admin.FileNodeKey)) },
		"no browser key":    func(dir string) error { return os.Remove(filepath.Join(dir, admin.FileClientKey)) },
		"empty sources":     func(dir string) error { return os.WriteFile(filepath.Join(dir, admin.FileSources), nil, 0o600) },
		"authority as cert": func(dir string) error { return copyFile(dir, admin.FileAuthority, admin.FileNodeCert) },
		"huge": func(dir string) error {
			return os.Truncate(filepath.Join(dir, admin.FileAuthority), maxFileBytes+1)
		},
	} {
		w := newWorld(t)
		if err := spoil(w.dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(w.dir, admin.RoleData); !errors.Is(err, ErrFiles) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func copyFile(dir, from, to string) error {
	text, err := os.ReadFile(filepath.Join(dir, from))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, to), text, 0o600)
}

// greet makes a TLS connection and returns what the server made of it.
func greet(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	go func() {
		c := tls.Client(there, client)
		if c.Handshake() == nil {
			_, _ = c.Read(make([]byte, 1)) // the server's alert, or its end
		}
	}()
	return tls.Server(here, server).Handshake()
}

func TestWhoIsLetIn(t *testing.T) {
	w := newWorld(t)
	n, err := Load(w.dir, admin.RoleData)
	if err != nil {
		t.Fatal(err)
	}
	client := func(cert ...tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: w.cluster.Pool(), ServerName: "127.0.0.1", Certificates: cert}
	}
	operator := w.cluster.Issue(admin.Identity{Cluster: "demo"})
	node := w.cluster.Issue(admin.Identity{Cluster: "demo", Node: "b1"})
	foreign := w.cluster.Issue(admin.Identity{Cluster: "other"})
	source, person := w.sources.IssueHSA("SE1-S"), w.staff.IssueHSA("SE1-P")
	old := client(operator)
	old.MaxVersion = tls.VersionTLS12
	for name, c := range map[string]struct {
		server, client *tls.Config
		in             bool
	}{
		"admin, operator":               {n.AdminServer("demo"), client(operator), true},
		"admin, node":                   {n.AdminServer("demo"), client(node), false},
		"admin, operator of another":    {n.AdminServer("demo"), client(foreign), false},
		"admin, nobody":                 {n.AdminServer("demo"), client(), false},
		"admin, source":                 {n.AdminServer("demo"), client(source), false},
		"admin, TLS 1.2":                {n.AdminServer("demo"), old, false},
		"source, source":                {n.SourceServer(), client(source), true},
		"source, operator":              {n.SourceServer(), client(operator), false},
		"source, nobody":                {n.SourceServer(), client(), false},
		"browser, staff":                {n.BrowserServer(), client(person), true},
		"browser, nobody":               {n.BrowserServer(), client(), true},       // told so on the stream
		"browser, source":               {n.BrowserServer(), client(source), true}, // a session sees no certificate then
		"browser where nobody signs in": {(&Node{Client: n.Client}).BrowserServer(), client(), true},
	} {
		if err := greet(t, c.server, c.client); (err == nil) != c.in {
			t.Errorf("%s: %v", name, err)
		}
	}
}
