package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What the command prints is signed by the key, and says what it was told.
func TestHandOverMakesATokenOfTheKey(t *testing.T) {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for alg, c := range map[jose.SignatureAlgorithm]struct{ private, public any }{
		jose.EdDSA: {ed, ed.Public()}, jose.ES256: {ec, ec.Public()}, jose.PS256: {rs, rs.Public()},
	} {
		der, err := x509.MarshalPKCS8PrivateKey(c.private)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		args := []string{"hand-over", "--key", path, "--system", "SE1-J", "--cluster", "demo", "--employee", "SE1-A", "--commission", "SE1-U", "--format", "json"}
		if code := run(t.Context(), args, strings.NewReader("199701062383\n"), &out, &errs); code != 0 {
			t.Fatalf("%s: exit %d: %s", alg, code, errs.String())
		}
		var printed struct{ Token string }
		if err := json.Unmarshal(out.Bytes(), &printed); err != nil {
			t.Fatal(err)
		}
		signed, err := jose.ParseSignedCompact(printed.Token, []jose.SignatureAlgorithm{alg})
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		payload, err := signed.Verify(c.public)
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		var h handedOver
		if err := json.Unmarshal(payload, &h); err != nil || h.Patient != "199701062383" || h.Cluster != "demo" || h.Ends-h.Made != 120 || h.ID == "" {
			t.Errorf("%s: it says something else, %v", alg, err)
		}
	}
}

func TestHandOverRefuses(t *testing.T) {
	good := handedOver{System: "SE1-J", Cluster: "demo", Employee: "SE1-A", Commission: "SE1-U"}
	for name, c := range map[string]struct {
		change  func(*handedOver)
		patient string
	}{
		"no patient":    {func(*handedOver) {}, ""},
		"a wrong one":   {func(*handedOver) {}, "199701062384"},
		"no system":     {func(h *handedOver) { h.System = "" }, "199701062383"},
		"no cluster":    {func(h *handedOver) { h.Cluster = "" }, "199701062383"},
		"no employee":   {func(h *handedOver) { h.Employee = "" }, "199701062383"},
		"no commission": {func(h *handedOver) { h.Commission = "" }, "199701062383"},
	} {
		h := good
		c.change(&h)
		if err := h.complete(strings.NewReader(c.patient), time.Now()); codeOf(err) != exitUsage || strings.Contains(err.Error(), "1997") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []string{"", "/nowhere", os.DevNull} {
		if _, _, err := signingKey(path); codeOf(err) != exitUsage {
			t.Errorf("%q: %v", path, err)
		}
	}
}
