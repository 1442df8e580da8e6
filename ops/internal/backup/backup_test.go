package backup

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol/admin"
)

var at = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func manifestOf(state []byte) admin.BackupManifest {
	return admin.BackupManifest{
		Format: admin.FormatBackup, Cluster: "test", Generation: 1, Node: "b1", Version: "v", Level: 1, Index: 7, Term: 2,
		StateHash: digestOf(nil), LogSize: 3, LogRoot: digestOf(nil), Taken: at.Format(time.RFC3339), Bytes: int64(len(state)), SHA256: digestOf(state),
	}
}

// stateOf is a state that compresses to nothing less.
func stateOf(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// key makes an identity and its recipient.
func key(t testing.TB) (Identities, Recipients) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "key")
	recipient, err := NewIdentity(name, at)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := ReadIdentities(name)
	if err != nil {
		t.Fatal(err)
	}
	to, err := ReadRecipients([]string{recipient}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return mine, to
}

func silent(_, _ int64) {}

func save(t testing.TB, place Place, name string, to Recipients, state []byte) error {
	t.Helper()
	m := manifestOf(state)
	return Save(t.Context(), place, name, to, m, m.State(bytes.NewReader(state)), silent)
}

// read opens a backup and reads it whole.
func read(ctx context.Context, place Place, name string, mine Identities) (admin.BackupManifest, []byte, error) {
	f, err := place.Open(ctx, name)
	if err != nil {
		return admin.BackupManifest{}, nil, err
	}
	defer f.Close()
	return readSealed(f, mine)
}

func readSealed(r io.Reader, mine Identities) (m admin.BackupManifest, state []byte, err error) {
	clear, err := mine.Unseal(r)
	if err != nil {
		return m, nil, err
	}
	in := bufio.NewReader(clear)
	if m, err = admin.ReadBackupManifest(in); err != nil {
		return m, nil, err
	}
	state, err = io.ReadAll(m.State(in))
	return m, state, err
}

// places are a directory and a bucket.
func places(t *testing.T) map[string]Place {
	t.Helper()
	_, o := newS3(t)
	bucket, name, err := Parse("s3://backups/nightly/", o)
	if err != nil || name != "" {
		t.Fatal(name, err)
	}
	folder, name, err := Parse(t.TempDir(), S3{})
	if err != nil || name != "" {
		t.Fatal(name, err)
	}
	return map[string]Place{"directory": folder, "bucket": bucket}
}

func TestKeptListedAndRead(t *testing.T) {
	mine, to := key(t)
	for kind, place := range places(t) {
		t.Run(kind, func(t *testing.T) {
			for n, name := range []string{"old.tvb", "new.tvb"} {
				state := stateOf(1000 + 40<<20*n) // the second is sent in parts
				m := manifestOf(state)
				m.Taken = at.Add(time.Duration(n) * time.Hour).Format(time.RFC3339)
				var told int64
				if err := Save(t.Context(), place, name, to, m, bytes.NewReader(state), func(done, _ int64) { told = done }); err != nil {
					t.Fatal(err)
				}
				if told != m.Bytes {
					t.Errorf("progress ended at %d of %d", told, m.Bytes)
				}
				got, back, err := read(t.Context(), place, name, mine)
				if err != nil || got != m || !bytes.Equal(back, state) {
					t.Fatalf("%+v, %d bytes, %v", got, len(back), err)
				}
				if err := Holds(t.Context(), place, name, m); err != nil {
					t.Error(err)
				}
			}
			m := manifestOf(stateOf(1000))
			m.Verified = at.Add(time.Hour).Format(time.RFC3339)
			if err := MarkVerified(t.Context(), place, "old.tvb", m); err != nil {
				t.Fatal(err)
			}
			if err := place.PutManifest(t.Context(), "other", []byte(`{"name":"somebody's"}`)); err != nil {
				t.Fatal(err)
			}
			all, err := List(t.Context(), place)
			if err != nil || len(all) != 2 || all[0].Name != "new.tvb" || all[1].Manifest != m {
				t.Errorf("%+v: %v", all, err)
			}
			if err := save(t, place, "old.tvb", to, nil); !errors.Is(err, admin.ErrNoBackup) {
				t.Errorf("a manifest of nothing: %v", err)
			}
			if err := save(t, place, "old.tvb", to, []byte("x")); !errors.Is(err, ErrExists) {
				t.Errorf("the same name again: %v", err)
			}
			if _, err := place.Open(t.Context(), "none"); !errors.Is(err, ErrNone) {
				t.Errorf("none of that name: %v", err)
			}
			if err := Holds(t.Context(), place, "new.tvb", m); !errors.Is(err, ErrOther) {
				t.Errorf("another's manifest: %v", err)
			}
			if err := Holds(t.Context(), place, "none", m); err != nil {
				t.Errorf("no manifest: %v", err)
			}
		})
	}
}

// What is given up midway leaves nothing under the backup's name.
func TestNothingHalf(t *testing.T) {
	_, to := key(t)
	broken := errors.New("broken")
	state := stateOf(40 << 20)
	for kind, place := range places(t) {
		for fault, c := range map[string]struct {
			state io.Reader
			want  error
		}{
			"connection cut":  {io.MultiReader(bytes.NewReader(state[:30<<20]), iotest.ErrReader(broken)), broken},
			"node sends less": {bytes.NewReader(state[:30<<20]), admin.ErrBackupDamaged},
			"node sends more": {io.MultiReader(bytes.NewReader(state), strings.NewReader("x")), admin.ErrBackupDamaged},
		} {
			m := manifestOf(state)
			if err := Save(t.Context(), place, "b.tvb", to, m, m.State(c.state), silent); !errors.Is(err, c.want) {
				t.Errorf("%s, %s: %v", kind, fault, err)
			}
			if _, err := place.Open(t.Context(), "b.tvb"); !errors.Is(err, ErrNone) {
				t.Errorf("%s, %s: something is left: %v", kind, fault, err)
			}
			if all, err := List(t.Context(), place); err != nil || len(all) > 0 {
				t.Errorf("%s, %s: listed %v, %v", kind, fault, all, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		m := manifestOf(state)
		err := Save(ctx, place, "b.tvb", to, m, bytes.NewReader(state), func(done, _ int64) {
			if done > 20<<20 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", kind, err)
		}
		if _, err := place.Open(t.Context(), "b.tvb"); !errors.Is(err, ErrNone) {
			t.Errorf("%s: cancelled: something is left: %v", kind, err)
		}
	}
}

// A bucket that refuses, whenever it does, is said in its own words, and nothing is left.
func TestBucketRefuses(t *testing.T) {
	_, to := key(t)
	for _, call := range []string{"head", "begin", "part", "complete", "part 2"} {
		f, o := newS3(t)
		f.refuse = func(kind string, r *http.Request) int {
			if kind == call || kind == "part" && call == "part 2" && r.URL.Query().Get("partNumber") == "2" {
				return http.StatusForbidden
			}
			return 0
		}
		place, name, err := Parse("s3://backups/b.tvb", o)
		if err != nil {
			t.Fatal(err)
		}
		err = save(t, place, name, to, stateOf(40<<20))
		if !errors.Is(err, ErrPlace) || call != "head" && !strings.Contains(err.Error(), "AccessDenied") || strings.Contains(err.Error(), "test-secret") {
			t.Errorf("%s: %v", call, err)
		}
		if names, underWay := f.left(); len(names) > 0 || underWay > 0 {
			t.Errorf("%s: left %v and %d uploads", call, names, underWay)
		}
	}
	f, o := newS3(t)
	f.refuse = func(kind string, r *http.Request) int {
		if kind == "put" && strings.HasSuffix(r.URL.Path, suffix) || kind == "list" {
			return http.StatusForbidden
		}
		return 0
	}
	place, name, _ := Parse("s3://backups/b.tvb", o)
	if err := save(t, place, name, to, stateOf(10)); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "the backup is kept") {
		t.Errorf("the manifest refused: %v", err)
	}
	if _, err := List(t.Context(), place); !errors.Is(err, ErrPlace) {
		t.Errorf("the list refused: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "another")
	place, name, _ = Parse("s3://backups/c.tvb", o)
	if err := save(t, place, name, to, stateOf(10)); !errors.Is(err, ErrPlace) {
		t.Errorf("other credentials: %v", err)
	}
}

// A disk that is full midway: /dev/full is one.
func TestDiskFull(t *testing.T) {
	_, to := key(t)
	dir := t.TempDir()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	gone := filepath.Join(dir, "b.tvb.tmp")
	if err := os.WriteFile(gone, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m := manifestOf(stateOf(1 << 20))
	err = Save(t.Context(), sinkAt{directory{dir}, full, gone}, "b.tvb", to, m, bytes.NewReader(stateOf(1<<20)), silent)
	if !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v", err)
	}
	if found, _ := os.ReadDir(dir); len(found) > 0 {
		t.Errorf("left: %v", found)
	}
	if err := save(t, directory{filepath.Join(dir, "missing")}, "b.tvb", to, []byte("x")); !errors.Is(err, ErrPlace) {
		t.Errorf("no directory: %v", err)
	}
	if err := os.WriteFile(gone, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := save(t, directory{dir}, "b.tvb", to, []byte("x")); !errors.Is(err, ErrPlace) {
		t.Errorf("one that another writes: %v", err)
	}
}

// sinkAt is a directory whose files are another one.
type sinkAt struct {
	directory
	file *os.File
	name string
}

func (s sinkAt) Create(context.Context, string, int64) (Sink, error) {
	return fullSink{&fileSink{File: s.file, as: s.at("b.tvb")}, s.name}, nil
}

type fullSink struct {
	*fileSink
	name string
}

func (f fullSink) Abort() error { return errors.Join(f.Close(), os.Remove(f.name)) }

// Every way in which a sealed backup can be other than it was is told, and which.
func TestSealedFaults(t *testing.T) {
	mine, to := key(t)
	others, _ := key(t)
	place := directory{t.TempDir()}
	state := stateOf(200 << 10)
	if err := save(t, place, "b.tvb", to, state); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(place.at("b.tvb"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(whole, []byte("tvilling-backup")) {
		t.Error("the manifest can be read without a key")
	}
	flipped := func(at int) []byte { b := slices.Clone(whole); b[at] ^= 1; return b }
	for name, c := range map[string]struct {
		b    []byte
		with Identities
		says string
	}{
		"empty":            {nil, mine, "no sealed backup"},
		"something else":   {[]byte("hello, this is a text\n"), mine, "no sealed backup"},
		"other identity":   {whole, others, "other recipients"},
		"header cut":       {whole[:100], mine, "no sealed backup"},
		"cut in a chunk":   {whole[:len(whole)/2], mine, "sealed"},
		"cut at a chunk":   {whole[:len(whole)-(len(whole)-0)%(64<<10+16)], mine, "sealed"},
		"bit in header":    {flipped(60), mine, "sealed"},
		"bit in the state": {flipped(len(whole) / 2), mine, "changed since"},
		"last bit":         {flipped(len(whole) - 1), mine, "changed since"},
		"something after":  {append(slices.Clone(whole), "more"...), mine, "changed since"},
	} {
		_, _, err := readSealed(bytes.NewReader(c.b), c.with)
		if !errors.Is(err, ErrSealed) || !strings.Contains(err.Error(), c.says) && c.says != "sealed" {
			t.Errorf("%s: %v, want one that says %q", name, err, c.says)
		}
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "key")
	recipient, err := NewIdentity(name, at)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewIdentity(name, at); !errors.Is(err, ErrIdentity) {
		t.Errorf("over another: %v", err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	list := filepath.Join(dir, "recipients")
	if err := os.WriteFile(list, []byte("# ours\n"+recipient+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if all, err := ReadRecipients([]string{recipient}, []string{list}); err != nil || len(all) != 2 {
		t.Errorf("%d recipients, %v", len(all), err)
	}
	for _, c := range [][2][]string{{nil, nil}, {{"age1nothing"}, nil}, {nil, {filepath.Join(dir, "none")}}, {nil, {name}}} {
		if _, err := ReadRecipients(c[0], c[1]); !errors.Is(err, ErrRecipients) || strings.Contains(err.Error(), "AGE-SECRET-KEY-") {
			t.Errorf("%v: %v", c, err)
		}
	}
	if err := os.Chmod(name, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", filepath.Join(dir, "none"), name, list} {
		if _, err := ReadIdentities(bad); !errors.Is(err, ErrIdentity) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := os.WriteFile(list, []byte("AGE-SECRET-KEY-1WRONG\n"), 0o600); err != nil || os.Chmod(list, 0o600) != nil {
		t.Fatal(err)
	}
	if _, err := ReadIdentities(list); !errors.Is(err, ErrIdentity) || strings.Contains(err.Error(), "WRONG") {
		t.Errorf("a broken identity: %v", err)
	}
}

func TestPick(t *testing.T) {
	member := func(id, role, state string, lag uint64) admin.Member {
		return admin.Member{ID: id, Role: role, State: state, Lag: lag}
	}
	all := []admin.Member{
		member("a1", admin.RoleData, "leader", 0), member("w", admin.RoleWitness, "follower", 0),
		member("b1", admin.RoleData, "follower", 9), member("b2", admin.RoleData, "follower", 3), member("b3", admin.RoleData, "unreachable", 0),
	}
	if got, err := Pick(admin.Status{Leader: "a1", Members: all}); got != "b2" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	all[3].Lag, all[2].Error = maxLag+1, "no answer"
	if got, err := Pick(admin.Status{Leader: "a1", Members: all}); !errors.Is(err, ErrNobody) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPlacesThatCannotBe(t *testing.T) {
	for text, o := range map[string]S3{
		"": {}, "s3://": {}, "s3:///key": {}, "s3://bucket/a//b": {}, "s3://bucket/../b": {},
		"s3://bucket/a": {Endpoint: "http://192.0.2.1"}, "s3://bucket/b": {Endpoint: "ftp://localhost"},
		"s3://bucket/c": {Endpoint: "https://key:secret@localhost"}, "s3://bucket/d": {Endpoint: "https://localhost/path"},
	} {
		if _, _, err := Parse(text, o); !errors.Is(err, ErrPlace) || strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
	place, name, err := Parse("b.tvb", S3{})
	if err != nil || name != "b.tvb" || place.String() != "." {
		t.Errorf("%v %q %v", place, name, err)
	}
	if got, want := NameOf(manifestOf([]byte("x"))), "test-20261122T100000Z-7.tvb"; got != want {
		t.Errorf("named %s: %s", got, cmp.Diff(want, got))
	}
}

// Whatever stands where a backup should: an error or what was sealed, never a hang.
func FuzzSealed(f *testing.F) {
	mine, to := key(f)
	place := directory{f.TempDir()}
	state := stateOf(100)
	m := manifestOf(state)
	if err := Save(context.Background(), place, "b", to, m, bytes.NewReader(state), silent); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(place.at("b"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, back, err := readSealed(bytes.NewReader(b), mine)
		if err == nil && (got != m || !bytes.Equal(back, state)) {
			t.Errorf("read %+v", got)
		}
	})
}
