package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tvilling/raftfsm/internal/host"
)

// model is what a store should hold.
type model map[string]string

func (m model) sum() (s Sum) {
	var h pairHasher
	for k, v := range m {
		s.add(h.hash(Bucket(k[0]), []byte(k[1:]), []byte(v)))
	}
	return s
}

func (m model) scan(b Bucket, prefix string) (all []string) {
	for k := range m {
		if Bucket(k[0]) == b && strings.HasPrefix(k[1:], prefix) {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	for i, k := range all {
		all[i] = k[1:] + "=" + m[k]
	}
	return all
}

// A store does what a map does, through commits, rollbacks, restarts, crashes and
// restores; its sum is that of the pairs, and the inspection finds nothing to doubt.
func TestStoreIsAMap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		s, committed, index := mustOpen(t, dir, options()), model{}, uint64(0)
		keys := rapid.SliceOfN(rapid.Byte(), 1, 3)
		buckets := rapid.SampledFrom([]Bucket{Headers, Log, Cluster})
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			switch rapid.IntRange(0, 9).Draw(r, "step") {
			case 0: // restart
				closeStore(t, s)
				s = mustOpen(t, dir, options())
			case 1: // crash
				crashed := copyDir(t, dir)
				closeStore(t, s)
				dir, s = crashed, mustOpen(t, crashed, options())
			case 2:
				if err := restoreFrom(s, snapshotOf(t, s)); err != nil {
					r.Fatal(err)
				}
			default:
				next, keep := writeSome(r, s, committed, keys, buckets), rapid.IntRange(0, 4).Draw(r, "keep") > 0
				if index++; keep {
					committed = next.commit(r, index)
				} else {
					next.tx.Rollback()
				}
			}
			compare(t, r, s, committed, buckets.Draw(r, "bucket"), keys.Draw(r, "prefix"))
		}
		closeStore(t, s)
	})
}

type writing struct {
	tx   *Tx
	next model
}

func writeSome(r *rapid.T, s *Store, from model, keys *rapid.Generator[[]byte], buckets *rapid.Generator[Bucket]) writing {
	tx, err := s.Begin()
	if err != nil {
		r.Fatal(err)
	}
	next := model{}
	for k, v := range from {
		next[k] = v
	}
	for range rapid.IntRange(0, 40).Draw(r, "writes") {
		b, key := buckets.Draw(r, "bucket"), keys.Draw(r, "key")
		name := string(byte(b)) + string(key)
		if rapid.IntRange(0, 3).Draw(r, "delete") == 0 {
			was, err := tx.Delete(b, key)
			if _, known := next[name]; err != nil || was != known {
				r.Fatalf("Delete = %v, %v", was, err)
			}
			delete(next, name)
			continue
		}
		value := bytes.Repeat([]byte{byte(len(next))}, rapid.SampledFrom([]int{0, 1, 300, 5000}).Draw(r, "size"))
		if err := tx.Put(b, key, value); err != nil {
			r.Fatal(err)
		}
		next[name] = string(value)
	}
	return writing{tx, next}
}

func (w writing) commit(r *rapid.T, index uint64) model {
	p, err := w.tx.Commit(index, 1)
	if err != nil {
		r.Fatal(err)
	}
	if p.Sum != w.next.sum() {
		r.Fatal("the running sum is not that of the pairs")
	}
	return w.next
}

func compare(t *testing.T, r *rapid.T, s *Store, want model, b Bucket, prefix []byte) {
	reader, err := s.Read()
	if err != nil {
		r.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Verify(); err != nil {
		r.Fatal(err)
	}
	for _, p := range []string{"", string(prefix)} {
		var got []string
		reader.Scan(b, []byte(p), func(k, v []byte) bool { got = append(got, string(k)+"="+string(v)); return true })
		if !slices.Equal(want.scan(b, p), got) {
			r.Fatalf("scan of %s %x", b, p)
		}
	}
	for k, v := range want {
		if got := reader.Get(Bucket(k[0]), []byte(k[1:])); got == nil || string(got) != v {
			r.Fatalf("Get of %x", k)
		}
	}
	if _, err := inspect(s.path(databaseName)); err != nil {
		r.Fatalf("a healthy file was doubted: %v", err)
	}
}

func TestSumTakesBack(t *testing.T) {
	var h pairHasher
	var s, zero Sum
	for i := range byte(50) {
		s.add(h.hash(Headers, []byte{i}, []byte{i}))
	}
	for i := range byte(50) {
		s.subtract(h.hash(Headers, []byte{i}, []byte{i}))
	}
	if s != zero {
		t.Error("what was added and taken back leaves something")
	}
	if h.hash(Headers, []byte("ab"), []byte("c")) == h.hash(Headers, []byte("a"), []byte("bc")) {
		t.Error("key and value run into each other")
	}
	if h.hash(Headers, []byte("a"), nil) == h.hash(Bodies, []byte("a"), nil) {
		t.Error("two buckets hash alike")
	}
}

func TestJudge(t *testing.T) {
	written := func(t *testing.T, o Options, clean bool) string {
		dir := t.TempDir()
		s := mustOpen(t, dir, o)
		commit(t, s, 7, many(300))
		crashed := copyDir(t, dir)
		closeStore(t, s)
		if clean {
			return dir
		}
		return crashed
	}
	synced := options()
	synced.Sync = true
	other, unknown := options(), options()
	other.BootID, unknown.BootID = "boot two", ""
	remove := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name    string
		written Options
		clean   bool
		opened  Options
		change  func(t *testing.T, dir string)
		usable  bool
	}{
		{"clean", options(), true, options(), nil, true},
		{"clean, another boot", options(), true, other, nil, true},
		{"crashed", options(), false, options(), nil, true},
		{"crashed, another boot", options(), false, other, nil, false},
		{"crashed, boot not known", unknown, false, unknown, nil, false},
		{"crashed with sync, another boot", synced, false, other, nil, true},
		{"no marker", options(), true, options(), remove(markerName), false},
		{"no database", options(), true, options(), remove(databaseName), false},
		{"no database, crashed", options(), false, options(), remove(databaseName), false},
		{"a damaged marker", options(), true, options(), func(t *testing.T, dir string) { flip(t, filepath.Join(dir, markerName), 12, 1) }, false},
		{"another store's database", options(), false, options(), func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(written(t, options(), false), databaseName))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, databaseName), b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := written(t, tt.written, tt.clean)
			if tt.change != nil {
				tt.change(t, dir)
			}
			s := mustOpen(t, dir, tt.opened)
			defer closeStore(t, s)
			if s.Usable() != tt.usable || (s.Reason() == nil) != tt.usable {
				t.Errorf("usable %v: %v", s.Usable(), s.Reason())
			}
			index, want := uint64(0), 0
			if tt.usable {
				index, want = 7, 300
			}
			r, err := s.Read()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var pairs int
			for _, b := range Buckets() {
				r.ScanFrom(b, nil, func(_, _ []byte) bool { pairs++; return true })
			}
			if r.Position().Index != index || pairs != want {
				t.Errorf("%d pairs at %d", pairs, r.Position().Index)
			}
		})
	}
}

func TestOneProcess(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, options())
	if _, err := Open(dir, options()); !errors.Is(err, host.ErrLocked) {
		t.Errorf("a second Open = %v", err)
	}
	closeStore(t, s)
	if err := s.Close(); err != nil {
		t.Errorf("a second Close = %v", err)
	}
	if _, err := s.Read(); !errors.Is(err, ErrClosed) {
		t.Errorf("Read = %v", err)
	}
	if _, err := s.Begin(); !errors.Is(err, ErrClosed) {
		t.Errorf("Begin = %v", err)
	}
	if err := restoreFrom(s, snapshotOfEmpty(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("Restore = %v", err)
	}
}

func snapshotOfEmpty(t *testing.T) []byte {
	s := mustOpen(t, t.TempDir(), options())
	defer closeStore(t, s)
	return snapshotOf(t, s)
}

// The last reader closes what Close left open, and then the file is clean.
func TestCloseWithReaders(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, options())
	commit(t, s, 3, many(100))
	want := content(t, s)
	r, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); !errors.Is(err, ErrViewsOpen) {
		t.Fatalf("Close = %v", err)
	}
	if m, err := readMarker(s.path(markerName)); err != nil || m.State != stateOpen {
		t.Errorf("marker %+v, %v", m, err)
	}
	if got := contentOf(r); got != want {
		t.Error("the reader lost its state")
	}
	r.Close()
	r.Close()
	if m, err := readMarker(s.path(markerName)); err != nil || m.State != stateClean {
		t.Errorf("marker %+v, %v", m, err)
	}
	again := mustOpen(t, dir, options())
	defer closeStore(t, again)
	if !again.Usable() || content(t, again) != want {
		t.Error("the closed file was not continued")
	}
}

func TestReadersSurviveRestore(t *testing.T) {
	s := mustOpen(t, t.TempDir(), options())
	defer closeStore(t, s)
	commit(t, s, 3, many(200))
	before, snapshot := content(t, s), snapshotOf(t, s)
	commit(t, s, 4, map[string]string{"\x01later": "x"})
	after := content(t, s)
	r, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	if err := restoreFrom(s, snapshot); err != nil {
		t.Fatal(err)
	}
	if content(t, s) != before {
		t.Error("the state is not the snapshot's")
	}
	commit(t, s, 5, map[string]string{"\x01later still": "x"})
	if contentOf(r) != after {
		t.Error("a reader's state changed under it")
	}
	r.Close()
	if diff := cmp.Diff(snapshot, snapshotOf(t, s)); diff == "" {
		t.Error("a commit after the restore is not in the state")
	}
}

// A snapshot that is damaged anywhere is refused, and the state stays.
func TestBadSnapshots(t *testing.T) {
	s := mustOpen(t, t.TempDir(), options())
	defer closeStore(t, s)
	commit(t, s, 3, many(60))
	good := snapshotOf(t, s)
	commit(t, s, 4, map[string]string{"\x01later": "x"})
	want := content(t, s)
	refuse := func(what string, b []byte, sentinel error) {
		t.Helper()
		if err := restoreFrom(s, b); !errors.Is(err, sentinel) {
			t.Errorf("%s: %v", what, err)
		}
		if content(t, s) != want {
			t.Fatalf("%s: the state changed", what)
		}
	}
	for n := 0; n < len(good); n += 1 + len(good)/50 {
		refuse("cut short", good[:n], ErrNoSnapshot)
	}
	for n := 12; n < len(good); n += 1 + len(good)/60 {
		bad := bytes.Clone(good)
		bad[n] ^= 0x10
		refuse("a flipped bit", bad, ErrNoSnapshot)
	}
	sum := bytes.Clone(good[:len(good)-32])
	sum[headerBytes-1] ^= 1 // whole by its checksum, and yet not what its sum says
	checksum := sha256.Sum256(sum)
	refuse("a wrong sum", append(sum, checksum[:]...), ErrNoSnapshot)
	form := bytes.Clone(good)
	form[9] = 9
	refuse("an unknown form", form, ErrUnknownSnapshot)
	if m, err := readMarker(s.path(markerName)); err != nil || m.State != stateOpen {
		t.Errorf("marker %+v, %v", m, err)
	}
	refusal := errors.New("refused")
	if _, err := s.Restore(bytes.NewReader(good), func(Header) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("a refused header: %v", err)
	}
	if err := restoreFrom(s, good); err != nil {
		t.Errorf("the good one: %v", err)
	}
	h, err := ReadHeader(bytes.NewReader(good))
	if err != nil || h.Level != 1 || h.Position.Index != 3 {
		t.Errorf("header %+v, %v", h, err)
	}
}
