package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// ErrMemory is a memory of what was signed that cannot be read or written.
var ErrMemory = errors.New("proof: memory of what was signed")

// maxMemoryBytes bounds the file; a larger one is not ours.
const maxMemoryBytes = 4 << 10

// signed is the statement that was signed last.
type signed struct {
	Size uint64 `json:"size"`
	Root []byte `json:"root"`
}

// memory keeps it in a file.
type memory struct {
	path string

	mu   sync.Mutex // guards last, and is held while a statement is compared and kept
	last signed
}

func openMemory(path string) (*memory, error) {
	m := &memory{path: path}
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return m, nil
	case err == nil && len(b) > maxMemoryBytes:
		err = errors.New("too large")
	case err == nil:
		err = json.Unmarshal(b, &m.last)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMemory, filepath.Base(path), err)
	}
	return m, nil
}

// keep replaces the file, synced: a signature leaves only after it.
func (m *memory) keep(s signed) error {
	if s.Size == m.last.Size {
		return nil // the same statement, compared already
	}
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	next := m.path + ".next"
	if err := writeSynced(next, b); err != nil {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	if err := os.Rename(next, m.path); err != nil {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	dir, err := os.Open(filepath.Dir(m.path))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	m.last = s
	return nil
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}
