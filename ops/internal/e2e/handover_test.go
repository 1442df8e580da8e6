package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol/admin"
)

// journalSystem is a record system that sends users to the stage with a patient.
type journalSystem struct {
	key     string // file with its private key
	public  []byte // PEM
	failure error  // of handing its key to the nodes
}

// journal is the one that the stage knows.
var journal journalSystem

const (
	journalID   = "SE0000000101-S009"
	journalName = "Norrmarks journal"
	journalKey  = "hand-over/journal.pem" // in a node's directory
)

// make makes its key.
func (j *journalSystem) make(dir string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	j.public = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if der, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
		return err
	}
	j.key = filepath.Join(dir, "journal.key")
	return os.WriteFile(j.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// known names it in the cluster file.
func (j *journalSystem) known(t *admin.Topology) {
	t.HandOver = []admin.HandOver{{System: journalID, Name: journalName, Key: journalKey}}
}

// trusted puts its key in a node's directory, as an operator does.
func (j *journalSystem) trusted(dir string) {
	file := filepath.Join(dir, filepath.FromSlash(journalKey))
	j.failure = errors.Join(j.failure, os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, j.public, 0o600))
}

// token is the journal's word that Anna wants to see a patient.
func (j *journalSystem) token(t *testing.T, patient string) string {
	t.Helper()
	if j.failure != nil {
		t.Fatal(j.failure)
	}
	cmd := exec.CommandContext(t.Context(), program, "hand-over", "--key", j.key, "--system", journalID, "--cluster", stage.Topology().Cluster,
		"--employee", "SE0000000101-P101", "--commission", "SE0000000101-C101")
	cmd.Stdin = strings.NewReader(patient)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// page serves the journal's page, of another site than the nodes', with a button that
// sends a token to a node.
func (j *journalSystem) page(t *testing.T, node, token string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Journal</title><form method="post" action="%s/hand-over"><input type="hidden" name="token" value="%s"><button data-test="to-tvilling">Visa i Tvilling</button></form>`, stage.URL(node), token)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "http://localhost:" + port
}

// sent goes from the journal's page to the choice of who one is, and makes it.
func sent(t *testing.T, browser context.Context, from, person string) *page {
	t.Helper()
	p := open(t, browser, from)
	p.click("to-tvilling")
	p.waitState("who")
	p.press(`[data-test="person"][data-value="` + person + `"]`)
	return p
}

// TestARecordSystemSendsAUser posts a hand-over from the page of a record system: its
// patient is opened for the one it names, once.
func TestARecordSystemSendsAUser(t *testing.T) {
	b := browser(t)
	from := journal.page(t, "a2", journal.token(t, patients.Harry))
	before := len(accesses(t))
	p := sent(t, b, from, "anna")
	p.waitState("choice")
	p.waitHook("from")
	p.shot("opened")
	if text := p.text(); !strings.Contains(text, journalName) || !strings.Contains(text, patients.Harry[:8]+"-"+patients.Harry[8:]) {
		t.Errorf("the page says %q", text)
	}
	for _, secret := range append(numbers(patients.Harry), "token", "eyJ") {
		if at := eval[string](p, `location.href + document.referrer + JSON.stringify(history.state) + document.title`); strings.Contains(at, secret) {
			t.Errorf("the address tells more than it should: %s", at)
		}
	}
	done := map[string]int{}
	for _, e := range accesses(t)[before:] {
		done[e.Activity+" "+e.Outcome]++
	}
	if done["Uthopp från journalsystem permit"] != 1 || done["Öppna patient permit"] != 1 {
		t.Errorf("the access log gained %v", done)
	}
	t.Run("again", func(t *testing.T) {
		p := sent(t, b, from, "anna")
		p.wait(hook("fault") + `?.dataset.fault === 'TV-1020'`)
		p.shot("again")
		if p.state() != "commission" {
			t.Errorf("the page is at %s", p.state())
		}
	})
	t.Run("somebody else's", func(t *testing.T) {
		p := sent(t, b, journal.page(t, "b1", journal.token(t, patients.Harry)), "erik")
		p.wait(hook("fault") + `?.dataset.fault === 'TV-1020'`)
		p.shot("another's")
		if p.state() != "commission" {
			t.Errorf("the page is at %s", p.state())
		}
	})
	t.Run("no token", func(t *testing.T) {
		p := open(t, b, journal.page(t, "b1", "eyJhbGciOiJub25lIn0.e30."))
		p.click("to-tvilling")
		p.wait(`document.body.innerText.includes('TV-1020')`)
		p.shot("none")
	})
}
