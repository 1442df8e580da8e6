package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

const boot = "boot one"

func options() Options { return Options{BootID: boot, MmapBytes: 16 << 20} }

func mustOpen(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// commit writes pairs as the entry at index.
func commit(t testing.TB, s *Store, index uint64, pairs map[string]string) Position {
	t.Helper()
	tx, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for k, v := range pairs {
		if err := tx.Put(Bucket(k[0]), []byte(k[1:]), []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := tx.Commit(index, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// many returns pairs enough for trees of some depth, with values that need pages of
// their own.
func many(n int) map[string]string {
	pairs := make(map[string]string, n)
	for i := range n {
		b := Buckets()[i%3]
		key := binary.BigEndian.AppendUint32(bytes.Repeat([]byte{byte(i * 7)}, 16), uint32(i))
		value := fmt.Sprintf("%0*d", 20+i%150, i)
		if i%97 == 0 {
			value = fmt.Sprintf("%09000d", i)
		}
		pairs[string(byte(b))+string(key)] = value
	}
	return pairs
}

// content returns every pair, and where the state is.
func content(t testing.TB, s *Store) string {
	t.Helper()
	r, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return contentOf(r)
}

func contentOf(r *Reader) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "at %d\n", r.Position().Index)
	for _, bucket := range Buckets() {
		r.ScanFrom(bucket, nil, func(k, v []byte) bool {
			fmt.Fprintf(&b, "%s %x %x\n", bucket, k, v)
			return true
		})
	}
	return b.String()
}

// copyDir copies a directory as a machine that stops now would leave it.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func snapshotOf(t testing.TB, s *Store) []byte {
	t.Helper()
	r, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if err := r.WriteSnapshot(&b, 1); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func restoreFrom(s *Store, b []byte) error {
	_, err := s.Restore(bytes.NewReader(b), nil)
	return err
}

// judged asks whether the file in a directory would be trusted, opening nothing.
func judged(dir string, o Options) error {
	_, err := (&Store{dir: dir, options: o}).judge()
	return err
}

func flip(t testing.TB, path string, at int64, mask byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	b[0] ^= mask
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}
