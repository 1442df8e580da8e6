package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The states of a marker.
const (
	stateOpen      = "open"      // the file is or was being written
	stateRestoring = "restoring" // a snapshot newer than the file is on its way into it
	stateClean     = "clean"     // the file was synced and closed; Size and Hash are of it
)

// marker stands beside the database and says whether it can be trusted. Without sync
// the database is written in any order the kernel likes: after a power cut it may be
// wrong in ways that nothing in it shows. So its word counts only if the machine has
// run since (the same boot), or if it was synced whole.
type marker struct {
	State    string `json:"state"`
	Sync     bool   `json:"sync"` // every transaction was synced
	Boot     string `json:"boot"`
	Database string `json:"database"`
	Size     int64  `json:"size,omitempty"`
	Hash     string `json:"hash,omitempty"`
}

// readMarker returns an error if there is none or it is not whole.
func readMarker(path string) (marker, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return marker{}, err
	}
	text, check, _ := bytes.Cut(b, []byte("\n"))
	if hash := sha256.Sum256(text); hex.EncodeToString(hash[:]) != string(bytes.TrimSpace(check)) {
		return marker{}, fmt.Errorf("%w: marker", ErrDamaged)
	}
	var m marker
	if err := json.Unmarshal(text, &m); err != nil {
		return marker{}, fmt.Errorf("%w: marker", ErrDamaged)
	}
	return m, nil
}

// write replaces the marker: it is the old one or the new one at any time, and on
// disk before write returns.
func (m marker) write(path string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(text)
	temporary := path + ".tmp"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("store: marker: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s\n%x\n", text, hash)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("store: marker: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("store: marker: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("store: sync directory: %w", err)
	}
	return nil
}

// hashFile returns size and SHA-256 of a file.
func hashFile(path string) (size int64, hash string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", fmt.Errorf("store: %w", err)
	}
	h := sha256.New()
	size, err = io.CopyBuffer(h, f, make([]byte, 1<<20))
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, "", fmt.Errorf("store: read: %w", err)
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}
