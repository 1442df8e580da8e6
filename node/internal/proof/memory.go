package proof

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"tvilling/protocol/admin"
)

// ErrMemory is a memory of what was signed that cannot be read or written.
var ErrMemory = errors.New("proof: memory of what was signed")

// maxMemoryBytes bounds the file; a larger one is not ours.
const maxMemoryBytes = 4 << 10

// signed is the statement that was signed last.
type signed struct {
	Size uint64 `json:"size"`
	Root []byte `json:"root"`

	Generation uint32  `json:"generation,omitempty"` // missing: the first
	ID         string  `json:"id,omitempty"`         // hex, of the generation
	Before     *signed `json:"before,omitempty"`     // the last one of the generation before; nothing rests on it
}

// of tells whether it was signed in a generation.
func (s signed) of(g admin.Generation) bool {
	first := s.Generation <= 1
	return first && g.First() || s.Generation == g.Number && s.ID == hex.EncodeToString(g.ID[:])
}

// memory keeps it in a file.
type memory struct {
	path       string
	generation admin.Generation

	mu   sync.Mutex // guards last, and is held while a statement is compared and kept
	last signed
}

func openMemory(path string, g admin.Generation) (*memory, error) {
	m := &memory{path: path, generation: g}
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
	return m, m.begin()
}

// begin leaves what was signed in an earlier generation behind. One that signed in a
// later one has been given an old log: it signs nothing.
func (m *memory) begin() error {
	if m.last.of(m.generation) {
		return nil
	}
	if m.last.Generation > m.generation.Number {
		return fmt.Errorf("%w: this node has signed in generation %d, and its log is of %d: what it holds is older than what it had",
			ErrMemory, m.last.Generation, max(1, m.generation.Number))
	}
	if m.last.Size > 0 {
		before := m.last
		before.Before = nil
		m.last = signed{Before: &before}
	}
	return nil
}

// keep replaces the file, synced: a signature leaves only after it.
func (m *memory) keep(size uint64, root [32]byte) error {
	if size == m.last.Size {
		return nil // the same statement, compared already
	}
	s := signed{Size: size, Root: root[:], Before: m.last.Before}
	if !m.generation.First() {
		s.Generation, s.ID = m.generation.Number, hex.EncodeToString(m.generation.ID[:])
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
