package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// built returns a directory as a crash leaves it, and one that was closed, of the same
// state after several transactions.
func built(t *testing.T) (crashed, closed, want string, at Position) {
	t.Helper()
	closed = t.TempDir()
	s := mustOpen(t, closed, options())
	for i := range uint64(5) {
		pairs := many(900)
		for k := range pairs {
			if (uint64(k[len(k)-1])+i)%5 != 0 {
				delete(pairs, k)
			}
		}
		at = commit(t, s, i+1, pairs)
	}
	crashed, want = copyDir(t, closed), content(t, s)
	closeStore(t, s)
	return crashed, closed, want, at
}

// No damaged file is served from: it is found out, or the damage is where nothing is.
func TestDamageIsFound(t *testing.T) {
	crashed, closed, want, position := built(t)
	info, err := os.Stat(filepath.Join(crashed, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"open": crashed, "clean": closed} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, databaseName)
			if err := judged(dir, options()); err != nil {
				t.Fatalf("whole, and yet: %v", err)
			}
			var found, harmless int
			for at := int64(0); at < info.Size(); at += 331 {
				mask := byte(1) << (at % 8)
				flip(t, path, at, mask)
				if judged(dir, options()) != nil {
					found++
				} else if harmless++; harmless%40 == 1 {
					servesOnly(t, dir, want, fmt.Sprintf("bit flipped at %d", at))
				} else if f, err := inspect(path); err != nil || f.position != position {
					t.Fatalf("bit flipped at %d: another state, %v", at, err)
				}
				flip(t, path, at, mask)
			}
			t.Logf("%d flips found, %d where nothing is", found, harmless)
			if name == "clean" && harmless > 0 || found == 0 {
				t.Errorf("%d flips found, %d passed", found, harmless)
			}
		})
	}
}

// servesOnly opens a copy and compares, without running into a crash.
func servesOnly(t *testing.T, dir, want, what string) {
	t.Helper()
	s := mustOpen(t, copyDir(t, dir), options())
	defer closeStore(t, s)
	if s.Usable() && content(t, s) != want {
		t.Fatalf("%s: another state is served", what)
	}
	commit(t, s, 99, many(50)) // bbolt can write to it
}

// A page that holds something else: zeroes, or what it held before.
func TestTornPages(t *testing.T) {
	crashed, closed, want, _ := built(t)
	for name, dir := range map[string]string{"open": crashed, "clean": closed} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, databaseName)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var found int
			for at := 0; at+4096 <= len(whole); at += 4096 * 3 {
				for _, fill := range [][]byte{make([]byte, 4096), whole[(at+4096*3)%(len(whole)-4096):][:4096]} {
					torn := bytes.Clone(whole)
					copy(torn[at:], fill)
					if bytes.Equal(torn, whole) {
						continue
					}
					found += judgeTorn(t, dir, path, torn, want, fmt.Sprintf("page at %d", at))
				}
			}
			for size := 0; size < len(whole); size += 1 + len(whole)/40 {
				found += judgeTorn(t, dir, path, whole[:size], want, fmt.Sprintf("cut to %d", size))
			}
			if found == 0 {
				t.Error("nothing was found")
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func judgeTorn(t *testing.T, dir, path string, torn []byte, want, what string) int {
	t.Helper()
	if err := os.WriteFile(path, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	if judged(dir, options()) != nil {
		return 1
	}
	servesOnly(t, dir, want, what)
	return 0
}

// A process that dies within a commit leaves some of its pages and the old meta page:
// the state before, whole.
func TestKilledWithinCommit(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, options())
	commit(t, s, 1, many(600))
	before, want := copyDir(t, dir), content(t, s)
	commit(t, s, 2, many(1200))
	closeStore(t, s)
	old, err := os.ReadFile(filepath.Join(before, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	for upTo := 2 * 4096; upTo <= len(written); upTo += 4096 * 11 {
		mixed := bytes.Clone(written[:upTo])
		if upTo < len(old) {
			mixed = append(mixed, old[upTo:]...)
		}
		copy(mixed, old[:2*4096])
		if err := os.WriteFile(filepath.Join(before, databaseName), mixed, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := judged(before, options()); err != nil {
			t.Fatalf("killed after %d bytes: %v", upTo, err)
		}
		servesOnly(t, before, want, fmt.Sprintf("killed after %d bytes", upTo))
	}
}

// copier copies the directory before every step.
type copier struct {
	t      *testing.T
	dir    string
	phase  string
	copies []stopped
}

type stopped struct{ at, dir string }

func (c *copier) Before(step string) {
	c.copies = append(c.copies, stopped{c.phase + ": before " + step, copyDir(c.t, c.dir)})
}

// Between any two steps of opening, restoring and closing, a machine that stops leaves
// a directory that is continued with a state there was, or not at all.
func TestStoppedBetweenSteps(t *testing.T) {
	dir := t.TempDir()
	c := &copier{t: t, dir: dir}
	o := options()
	o.Steps = c
	states := map[string][]string{}
	allow := func(phase string, s ...string) { c.phase, states[phase] = phase, s }

	donor := mustOpen(t, t.TempDir(), options())
	commit(t, donor, 50, many(400))
	snapshot, restored := snapshotOf(t, donor), content(t, donor)
	closeStore(t, donor)

	allow("first open", "at 0\n")
	s := mustOpen(t, dir, o)
	commit(t, s, 1, many(200))
	first := content(t, s)
	allow("restore", first)
	if err := restoreFrom(s, snapshot); err != nil {
		t.Fatal(err)
	}
	c.Before("the next entry")
	last := &c.copies[len(c.copies)-1]
	last.at = "restored"
	states["restored"] = []string{restored}
	commit(t, s, 51, map[string]string{"\x01more": "x"})
	second := content(t, s)
	allow("close", second)
	closeStore(t, s)
	allow("second open", second)
	s = mustOpen(t, dir, o)
	closeStore(t, s)

	var usable, cutRestores int
	for _, stop := range c.copies {
		phase := phaseOf(stop.at)
		m, markerErr := readMarker(filepath.Join(stop.dir, markerName))
		if markerErr == nil && m.State == stateRestoring && judged(stop.dir, options()) == nil {
			t.Errorf("%s: a file that a newer snapshot was on its way into is trusted", stop.at)
		}
		other := options()
		other.BootID = "boot two"
		if err := judged(stop.dir, other); err == nil && m.State != stateClean {
			t.Errorf("%s: trusted after a power cut", stop.at)
		}
		if stop.at == "restore: before create" || stop.at == "restore: before rename" {
			cutRestores++
			if judged(stop.dir, options()) == nil {
				t.Errorf("%s: the old state is trusted", stop.at)
			}
		}
		again := mustOpen(t, stop.dir, options())
		if again.Usable() {
			usable++
			allowed := false
			for _, state := range states[phase] {
				allowed = allowed || content(t, again) == state
			}
			if !allowed {
				t.Errorf("%s: a state that never was", stop.at)
			}
		} else if content(t, again) != "at 0\n" {
			t.Errorf("%s: not usable, and not empty", stop.at)
		}
		commit(t, again, 99, many(10))
		closeStore(t, again)
	}
	if len(c.copies) < 12 || usable < 4 || cutRestores != 2 {
		t.Errorf("%d steps, %d usable, %d within a restore: the test has lost its subject", len(c.copies), usable, cutRestores)
	}
}

func phaseOf(at string) string {
	if i := bytes.IndexByte([]byte(at), ':'); i >= 0 {
		return at[:i]
	}
	return at
}

// A branch whose key is not the first of its child still finds everything, and breaks
// when bbolt next writes to the child: the sum alone does not see it.
func TestBranchKeys(t *testing.T) {
	crashed, _, _, _ := built(t)
	path := filepath.Join(crashed, databaseName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Pages that only older transactions reach may say what they like: those that are
	// in use are the ones whose change the inspection notices in some other way.
	var found int
	for at := 2 * 4096; at+4096 <= len(whole); at += 4096 {
		page := whole[at : at+4096]
		if binary.NativeEndian.Uint16(page[8:]) != branchFlag || !inUse(t, crashed, path, whole, at) {
			continue
		}
		for i := range int(binary.NativeEndian.Uint16(page[10:])) {
			e, start, _ := element(page, i)
			end := start + uint64(binary.NativeEndian.Uint32(e)) + uint64(binary.NativeEndian.Uint32(e[4:]))
			if page[end-1] == 0 {
				continue
			}
			changed := bytes.Clone(whole)
			changed[at+int(end)-1]--
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if judged(crashed, options()) == nil {
				t.Errorf("key %d of the branch at %d", i, at)
			}
			found++
		}
	}
	if found < 5 {
		t.Errorf("%d keys: the test has lost its subject", found)
	}
}

func inUse(t *testing.T, dir, path string, whole []byte, at int) bool {
	t.Helper()
	changed := bytes.Clone(whole)
	changed[at] ^= 0xff // the page's own number
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	return judged(dir, options()) != nil
}
