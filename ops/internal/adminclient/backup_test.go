package adminclient

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"tvilling/protocol/admin"
)

func TestABackupIsRead(t *testing.T) {
	c, at := newCluster(t)
	state := bytes.Repeat([]byte("state"), 1<<19)
	digest := fmt.Sprintf("%x", sha256.Sum256(state))
	m := admin.BackupManifest{
		Format: admin.FormatBackup, Cluster: "test", Generation: 1, Node: "b1", Level: 1, Index: 7, Term: 2,
		StateHash: digest, LogRoot: digest, Taken: "2026-11-22T10:00:00Z", Bytes: int64(len(state)), SHA256: digest,
	}
	line, err := m.Line()
	if err != nil {
		t.Fatal(err)
	}
	how := "whole"
	c.serve(t, at["b1"], "b1", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != admin.PathBackup {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(line)+len(state)))
		switch how {
		case "whole":
			_, _ = w.Write(append(slices.Clone(line), state...))
		case "cut":
			_, _ = w.Write(append(slices.Clone(line), state[:len(state)/2]...))
		case "theirs":
			w.Header().Del("Content-Length")
			_, _ = w.Write(bytes.Replace(line, []byte(`"test"`), []byte(`"../x"`), 1))
		case "other":
			w.Header().Del("Content-Length")
			_, _ = io.WriteString(w, "{}\n")
		case "busy":
			w.Header().Del("Content-Length")
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"code":"TV-4002","title":"no","detail":"already"}`)
		}
	})
	client := c.open(t)
	read := func(as string) ([]byte, error) {
		how = as
		got, from, err := client.Backup(t.Context(), "b1")
		if err != nil {
			return nil, err
		}
		defer from.Close()
		if got != m {
			t.Errorf("%s: manifest %+v", as, got)
		}
		return io.ReadAll(from)
	}
	if got, err := read("whole"); err != nil || !bytes.Equal(got, state) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := read("cut"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: %v", err)
	}
	if _, err := read("other"); !errors.Is(err, ErrAnswer) {
		t.Errorf("no backup: %v", err)
	}
	if _, err := read("theirs"); !errors.Is(err, ErrAnswer) {
		t.Errorf("another cluster's: %v", err)
	}
	var problem *ProblemError
	if _, err := read("busy"); !errors.As(err, &problem) || problem.Problem.Detail != "already" {
		t.Errorf("busy: %v", err)
	}
	if _, _, err := client.Backup(t.Context(), "zz"); !errors.Is(err, ErrNoMember) {
		t.Errorf("nobody: %v", err)
	}
	_ = at["a1"].Close()
	if _, _, err := client.Backup(t.Context(), "a1"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("away: %v", err)
	}
}

// A member answers by its certificate: a port that is held, and another node, do not.
func TestAnswering(t *testing.T) {
	c, at := newCluster(t)
	c.serve(t, at["b1"], "b1", status("b1", ""))
	c.serve(t, at["w"], "b1", status("b1", "")) // another's address
	text, err := os.ReadFile(filepath.Join(c.dir, "a1", admin.FileAuthority))
	if err != nil {
		t.Fatal(err)
	}
	authority := x509.NewCertPool()
	authority.AppendCertsFromPEM(text)
	short, cancel := context.WithTimeout(t.Context(), time.Second) // for a1, whose port is held
	defer cancel()
	if got := Answering(short, c.topology, authority); !slices.Equal(got, []string{"b1"}) {
		t.Errorf("%v answer", got)
	}
	_ = at["a1"].Close()
	if got := Answering(t.Context(), c.topology, x509.NewCertPool()); len(got) > 0 {
		t.Errorf("%v answer with certificates of somebody else's", got)
	}
}
