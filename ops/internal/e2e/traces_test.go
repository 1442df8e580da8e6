package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"tvilling/ops/internal/demo/patients"
	"tvilling/ops/internal/support"
)

// TestZNothingOfAPatientIsOutside reads every file that the cluster has written: logs,
// raft log, snapshots, state, of the witness too, and finds no patient (P6, P8). It
// comes last, after everything that the other tests have made the nodes do.
func TestZNothingOfAPatientIsOutside(t *testing.T) {
	secrets := secrets()
	for _, id := range append([]string{"w"}, dataNodes...) {
		checked := 0
		for _, dir := range []string{filepath.Join(stage.Dir(), "data", id), stage.LogFile(id)} {
			err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
				if errors.Is(err, fs.ErrNotExist) {
					return nil // an old snapshot is removed as a new one comes
				}
				if err != nil || entry.IsDir() {
					return err
				}
				err = free(path, secrets)
				if errors.Is(err, fs.ErrNotExist) {
					return nil
				}
				checked++
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
		if checked < 3 {
			t.Errorf("%s: only %d files were there to read", id, checked)
		}
	}
}

// secrets are what of patients the other tests have given the nodes.
func secrets() (secrets [][]byte) {
	secret := func(s string) {
		secrets = append(secrets, []byte(s))
		var wide []byte
		for _, u := range utf16.Encode([]rune(s)) {
			wide = append(wide, byte(u), byte(u>>8))
		}
		secrets = append(secrets, wide)
	}
	for _, p := range patients.Patients() {
		secret(p.ID)
		secret(p.ID[:8] + "-" + p.ID[8:])
		secret(p.ID[2:])
	}
	for _, s := range []string{
		"Spänningshuvudvärk, nytillkommen", "Yrsel, före ledarbytet", "Hosta, under platsbortfallet",
		"Furadantin", "Akut cystit", "Astmasköterska", "Hållen huvudvärk", "Skrubbsår", unconscious,
	} {
		secret(s)
	}
	return secrets
}

// TestZABundleHoldsNoPatient gathers what is sent to somebody who helps, with the logs of
// every node, and finds no patient in it. Nothing had to be taken out, either: it was
// never there.
func TestZABundleHoldsNoPatient(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bundle.tar.gz")
	args := []string{"support-bundle", "--format", "json", "--out", file}
	for _, id := range append([]string{"w"}, dataNodes...) {
		args = append(args, "--log", stage.LogFile(id))
	}
	var contents support.Contents
	if err := json.Unmarshal([]byte(said(t, args...)), &contents); err != nil {
		t.Fatal(err)
	}
	for _, f := range contents.Files {
		if f.Taken != 0 || f.Fault != "" {
			t.Errorf("%s: %d taken out, %s", f.Name, f.Taken, f.Fault)
		}
	}
	packed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	zip, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	files, size, secrets := 0, 0, secrets()
	for r := tar.NewReader(zip); ; files++ {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		size += len(text)
		if err := holdsNone(head.Name, text, secrets); err != nil {
			t.Error(err)
		}
	}
	if files < 5+2*len(dataNodes) || size < 100_000 {
		t.Errorf("a bundle of %d files and %d bytes", files, size)
	}
}

// free reports a secret that stands in a file, by its number: the error goes to a log.
func free(path string, secrets [][]byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return holdsNone(path, text, secrets)
}

func holdsNone(path string, text []byte, secrets [][]byte) error {
	for i, secret := range secrets {
		if at := bytes.Index(text, secret); at >= 0 {
			return fmt.Errorf("%s holds secret %d at byte %d", path, i, at)
		}
		if strings.Contains(filepath.Base(path), string(secret)) {
			return fmt.Errorf("the name of a file holds secret %d", i)
		}
	}
	return nil
}
