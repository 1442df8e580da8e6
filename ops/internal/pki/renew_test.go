package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tvilling/protocol/admin"
)

func TestRenewNode(t *testing.T) {
	dir := initialised(t)
	for name, c := range map[string]struct {
		member     string
		browsers   bool
		cert, key  string
		by, answer string
	}{
		"node":     {"b1", false, admin.FileNodeCert, admin.FileNodeKey, "ca", "b1.test"},
		"witness":  {"w", false, admin.FileNodeCert, admin.FileNodeKey, "ca", "w.test"},
		"browsers": {"b1", true, admin.FileClientCert, admin.FileClientKey, "clients-ca", "journal.test"},
	} {
		at := func(file string) string { return filepath.Join(dir, c.member, file) }
		before := load(t, at(c.cert))
		done, err := RenewNode(dir, c.member, 90*24*time.Hour, c.browsers)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if done.Certificate != at(c.cert) || done.Key != at(c.key) {
			t.Errorf("%s: written to %+v", name, done)
		}
		now := load(t, done.Certificate)
		if now.SerialNumber.Cmp(before.SerialNumber) == 0 || !now.NotAfter.Equal(done.Until) || time.Until(now.NotAfter) > 90*24*time.Hour {
			t.Errorf("%s: until %v", name, now.NotAfter)
		}
		if len(now.URIs) != len(before.URIs) || len(now.URIs) > 0 && *now.URIs[0] != *before.URIs[0] {
			t.Errorf("%s: it is of %v and was of %v", name, now.URIs, before.URIs)
		}
		if _, err := now.Verify(x509.VerifyOptions{Roots: pool(t, filepath.Join(dir, "authority", c.by+".pem")), DNSName: c.answer}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := tls.LoadX509KeyPair(done.Certificate, done.Key); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		info, err := os.Stat(done.Key)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: the key's mode: %v, %v", name, info.Mode(), err)
		}
		left, err := filepath.Glob(at("tls/*.new"))
		if err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v, %v", name, left, err)
		}
	}
}

func TestRenewNodeAfterAnInterruption(t *testing.T) {
	dir := initialised(t)
	// Its key was put in place, its certificate was not.
	if err := os.WriteFile(filepath.Join(dir, "a1", admin.FileNodeKey), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a1", admin.FileNodeCert+".new"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	done, err := RenewNode(dir, "a1", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.LoadX509KeyPair(done.Certificate, done.Key); err != nil {
		t.Error(err)
	}
}

func TestRenewNodeRefuses(t *testing.T) {
	dir := initialised(t)
	for name, c := range map[string]struct {
		member   string
		valid    time.Duration
		browsers bool
		want     error
	}{
		"nobody":                {"x", 0, false, ErrMember},
		"browsers of a witness": {"w", 0, true, ErrInClear},
		"browsers in the clear": {"a1", 0, true, ErrInClear},
		"for no time":           {"a1", time.Millisecond, false, ErrTooShort},
		"backwards":             {"a1", -time.Hour, false, ErrTooShort},
		"for ever":              {"a1", 20 * 365 * 24 * time.Hour, false, ErrTooShort},
	} {
		if _, err := RenewNode(dir, c.member, c.valid, c.browsers); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "authority", "ca.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := RenewNode(dir, "a1", 0, false); !errors.Is(err, ErrFiles) {
		t.Errorf("without the authority's key: %v", err)
	}
}

func TestInitFor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	if err := InitFor(dir, topology(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if until := load(t, filepath.Join(dir, "a1", admin.FileNodeCert)).NotAfter; time.Until(until) > time.Hour {
		t.Errorf("valid until %v", until)
	}
	if until := load(t, filepath.Join(dir, "authority", "ca.pem")).NotAfter; time.Until(until) < 24*time.Hour {
		t.Errorf("the authority is valid until %v", until)
	}
}
