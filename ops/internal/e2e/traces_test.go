package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"tvilling/ops/internal/demo/patients"
)

// TestZNothingOfAPatientIsOutside reads every file that the cluster has written: logs,
// raft log, snapshots, state, of the witness too, and finds no patient (P6, P8). It
// comes last, after everything that the other tests have made the nodes do.
func TestZNothingOfAPatientIsOutside(t *testing.T) {
	var secrets [][]byte
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
		"Furadantin", "Akut cystit", "Astmasköterska", unconscious,
	} {
		secret(s)
	}
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

// free reports a secret that stands in a file, by its number: the error goes to a log.
func free(path string, secrets [][]byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
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
