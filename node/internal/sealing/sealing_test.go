package sealing_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tvilling/node/internal/sealing"
	"tvilling/protocol"
)

func newRing(t testing.TB) *sealing.Ring {
	t.Helper()
	ring, err := sealing.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestSealedOpensOnlyInItsPlace(t *testing.T) {
	ring, key, plain := newRing(t), []byte("subject and key"), []byte("a value")
	sealed := ring.Seal(sealing.Headers, key, plain)
	if got, want := len(sealed), len(plain)+sealing.Overhead; got != want {
		t.Errorf("sealed length %d, want %d", got, want)
	}
	if bytes.Contains(sealed, plain) {
		t.Error("the sealed value shows the plain one")
	}
	got, err := ring.Open(sealing.Headers, key, sealed)
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("Open = %q, %v; want %q", got, err, plain)
	}
	if bytes.Equal(sealed, ring.Seal(sealing.Headers, key, plain)) {
		t.Error("the same value sealed twice is the same: the nonce is not random")
	}

	damaged := slices.Clone(sealed)
	damaged[len(damaged)/2] ^= 1
	wrongs := map[string]func() ([]byte, error){
		"another bucket": func() ([]byte, error) { return ring.Open(sealing.Bodies, key, sealed) },
		"another key":    func() ([]byte, error) { return ring.Open(sealing.Headers, []byte("other"), sealed) },
		"bucket as key": func() ([]byte, error) {
			return ring.Open(sealing.BucketNone, append([]byte("headers\x00"), key...), sealed)
		},
		"the log's keys":     func() ([]byte, error) { return ring.OpenLog(key, sealed) },
		"a damaged value":    func() ([]byte, error) { return ring.Open(sealing.Headers, key, damaged) },
		"a cut value":        func() ([]byte, error) { return ring.Open(sealing.Headers, key, sealed[:len(sealed)-1]) },
		"a far too short":    func() ([]byte, error) { return ring.Open(sealing.Headers, key, sealed[:7]) },
		"nothing":            func() ([]byte, error) { return ring.Open(sealing.Headers, key, nil) },
		"another ring's":     func() ([]byte, error) { return newRing(t).Open(sealing.Headers, key, sealed) },
		"a log entry's keys": func() ([]byte, error) { return ring.Open(sealing.AccessLog, key, ring.SealLog(key, plain)) },
	}
	for name, open := range wrongs {
		if got, err := open(); err == nil || got != nil {
			t.Errorf("%s: opened to %q, %v", name, got, err)
		} else if !errors.Is(err, sealing.ErrNotSealed) && !errors.Is(err, sealing.ErrKeyGone) {
			t.Errorf("%s: error %v is neither ErrNotSealed nor ErrKeyGone", name, err)
		}
	}
}

func TestLogHasKeysOfItsOwn(t *testing.T) {
	ring, key, plain := newRing(t), []byte("entry"), []byte("read by somebody")
	sealed := ring.SealLog(key, plain)
	got, err := ring.OpenLog(key, sealed)
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("OpenLog = %q, %v", got, err)
	}
}

func TestOpenToAppends(t *testing.T) {
	ring, key := newRing(t), []byte("k")
	sealed := ring.Seal(sealing.Bodies, key, []byte("world"))
	dst := append(make([]byte, 0, 64), "hello "...)
	got, err := ring.OpenTo(dst, sealing.Bodies, key, sealed)
	if err != nil || string(got) != "hello world" {
		t.Fatalf("OpenTo = %q, %v", got, err)
	}
	if &got[0] != &dst[0] {
		t.Error("OpenTo left a dst that had room")
	}
}

func TestRotateAndDestroy(t *testing.T) {
	ring, key := newRing(t), []byte("k")
	first, _ := ring.Active()
	old := ring.Seal(sealing.Bodies, key, []byte("old"))
	if err := ring.Destroy(first); !errors.Is(err, sealing.ErrKeyActive) {
		t.Fatalf("Destroy of the active key: %v, want ErrKeyActive", err)
	}
	second, err := ring.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	if active, sealed := ring.Active(); active != second || sealed != 0 {
		t.Errorf("Active = %d, %d after Rotate; want %d, 0", active, sealed, second)
	}
	if _, err := ring.Open(sealing.Bodies, key, old); err != nil {
		t.Errorf("an older key does not open after Rotate: %v", err)
	}
	recent := ring.Seal(sealing.Bodies, key, []byte("new"))
	if err := ring.Destroy(first); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Open(sealing.Bodies, key, old); !errors.Is(err, sealing.ErrKeyGone) {
		t.Errorf("Open under a destroyed key: %v, want ErrKeyGone", err)
	}
	if _, err := ring.Open(sealing.Bodies, key, recent); err != nil {
		t.Errorf("Open under the remaining key: %v", err)
	}
	if err := ring.Destroy(first); !errors.Is(err, sealing.ErrKeyGone) {
		t.Errorf("Destroy twice: %v, want ErrKeyGone", err)
	}
}

func TestRingIsFullAtItsLimit(t *testing.T) {
	ring := newRing(t)
	for range sealing.MaxKeys - 1 {
		if _, err := ring.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ring.Rotate(); !errors.Is(err, sealing.ErrTooManyKeys) {
		t.Errorf("Rotate of a full ring: %v, want ErrTooManyKeys", err)
	}
	if got := len(ring.DataKeys()); got != sealing.MaxKeys {
		t.Errorf("%d keys, want %d", got, sealing.MaxKeys)
	}
	path, kek := filepath.Join(t.TempDir(), "keyring.json"), sealing.NewKEK()
	if err := ring.Save(path, kek); err != nil {
		t.Fatal(err)
	}
	if _, err := sealing.LoadRing(path, kek); err != nil {
		t.Errorf("a full ring cannot be read back: %v", err)
	}
}

func TestSavedRingOpensWhatItSealed(t *testing.T) {
	ring, key := newRing(t), []byte("k")
	before := ring.Seal(sealing.Bodies, key, []byte("before"))
	if _, err := ring.Rotate(); err != nil {
		t.Fatal(err)
	}
	after, log := ring.Seal(sealing.Bodies, key, []byte("after")), ring.SealLog(key, []byte("log"))
	path, kek := filepath.Join(t.TempDir(), "keyring.json"), sealing.NewKEK()
	if err := ring.Save(path, kek); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("keyring file: %v, %v; want mode 0600", info.Mode(), err)
	}
	loaded, err := sealing.LoadRing(path, kek)
	if err != nil {
		t.Fatal(err)
	}
	for _, sealed := range [][]byte{before, after} {
		if _, err := loaded.Open(sealing.Bodies, key, sealed); err != nil {
			t.Errorf("loaded ring: %v", err)
		}
	}
	if _, err := loaded.OpenLog(key, log); err != nil {
		t.Errorf("loaded ring, log: %v", err)
	}
	if _, err := ring.Open(sealing.Bodies, key, loaded.Seal(sealing.Bodies, key, []byte("back"))); err != nil {
		t.Errorf("first ring, sealed by the loaded one: %v", err)
	}
	wantID, _ := ring.Active()
	if id, _ := loaded.Active(); id != wantID {
		t.Errorf("active key %d after loading, want %d", id, wantID)
	}
	if loaded.Key("consent", "1") != ring.Key("consent", "1") {
		t.Error("the index key changed on the way")
	}
}

func TestKeyringFileHoldsNoKeyInTheClear(t *testing.T) {
	// Two rings under one key-encryption key differ, and neither opens with another.
	dir, kek := t.TempDir(), sealing.NewKEK()
	path := filepath.Join(dir, "keyring.json")
	if err := newRing(t).Save(path, kek); err != nil {
		t.Fatal(err)
	}
	if _, err := sealing.LoadRing(path, sealing.NewKEK()); !errors.Is(err, sealing.ErrKEK) {
		t.Errorf("another key-encryption key: %v, want ErrKEK", err)
	}
	if _, err := sealing.LoadRing(path, kek[:16]); !errors.Is(err, sealing.ErrKEKForm) {
		t.Errorf("a short key-encryption key: %v, want ErrKEKForm", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("Save left %d files (%v), want the keyring alone", len(entries), err)
	}
}

func TestChangedKeyringIsRefused(t *testing.T) {
	ring := newRing(t)
	first, _ := ring.Active()
	second, err := ring.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	path, kek := filepath.Join(t.TempDir(), "keyring.json"), sealing.NewKEK()
	if err := ring.Save(path, kek); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	active := func(id uint32) []byte { return []byte(`"active": ` + decimal(id)) }
	cases := map[string]struct {
		text []byte
		want error
	}{
		"an older key made active": {bytes.Replace(text, active(second), active(first), 1), sealing.ErrKEK},
		"an active key not there":  {bytes.Replace(text, active(second), active(1), 1), sealing.ErrKEK},
		"an unknown field":         {bytes.Replace(text, []byte(`"version"`), []byte(`"extra": 1, "version"`), 1), sealing.ErrRing},
		"another version":          {bytes.Replace(text, []byte(`"version": 1`), []byte(`"version": 2`), 1), sealing.ErrRing},
		"not JSON":                 {[]byte("keyring"), sealing.ErrRing},
		"nothing":                  {nil, sealing.ErrRing},
		"far too large":            {bytes.Repeat([]byte(" "), 2<<20), nil},
	}
	for name, c := range cases {
		if err := os.WriteFile(path, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sealing.LoadRing(path, kek)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func decimal(n uint32) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return decimal(n/10) + string(rune('0'+n%10))
}

func TestKEKFile(t *testing.T) {
	path, kek := filepath.Join(t.TempDir(), "kek"), sealing.NewKEK()
	if err := sealing.WriteKEK(path, kek); err != nil {
		t.Fatal(err)
	}
	got, err := sealing.ReadKEK(path)
	if err != nil || !bytes.Equal(got, kek) {
		t.Errorf("ReadKEK = %v, %v", got, err)
	}
	for _, text := range []string{"", "00", string(bytes.Repeat([]byte("zz"), 32)), string(bytes.Repeat([]byte("00"), 40))} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sealing.ReadKEK(path); err == nil {
			t.Errorf("a file of %d characters was taken for a key", len(text))
		}
	}
}

func TestKeysTellPartsApart(t *testing.T) {
	ring := newRing(t)
	seen := map[[16]byte]string{}
	distinct := func(name string, key [16]byte) {
		if other, is := seen[key]; is {
			t.Errorf("%s and %s have the same key", name, other)
		}
		seen[key] = name
	}
	distinct("a, bc", ring.Key("relation", "a", "bc"))
	distinct("ab, c", ring.Key("relation", "ab", "c"))
	distinct("abc", ring.Key("relation", "abc"))
	distinct("abc and empty", ring.Key("relation", "abc", ""))
	distinct("another domain", ring.Key("consent", "abc"))
	distinct("digest abc", ring.Digest([]byte("abc")))
	distinct("digest ab, c", ring.Digest([]byte("ab"), []byte("c")))
	distinct("digest of nothing", ring.Digest())
	distinct("digest of an empty part", ring.Digest(nil))

	patient, err := protocol.ParsePatientID("199701062383")
	if err != nil {
		t.Fatal(err)
	}
	employee, err := protocol.ParseEmployeeID("199701062383")
	if err != nil {
		t.Fatal(err)
	}
	distinct("patient", ring.Patient(patient))
	distinct("employee of the same characters", ring.Employee(employee))
	distinct("another ring's patient", newRing(t).Patient(patient))
	if first, second := ring.Patient(patient), ring.Patient(patient); first != second {
		t.Error("a pseudonym is not stable")
	}

	source, err := protocol.ParseSourceID("SE2321000016-1ABC")
	if err != nil {
		t.Fatal(err)
	}
	distinct("diagnosis", ring.DocumentKey(protocol.Diagnosis, source, "1"))
	distinct("alert", ring.DocumentKey(protocol.AlertInformation, source, "1"))
}

func FuzzOpen(f *testing.F) {
	ring, key := newRing(f), []byte("k")
	f.Add(ring.Seal(sealing.Headers, key, []byte("value")))
	f.Add([]byte(nil))
	f.Add(make([]byte, sealing.Overhead))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := ring.Open(sealing.Bodies, key, sealed)
		if err == nil {
			t.Fatalf("opened %d bytes that were never sealed here to %d bytes", len(sealed), len(plain))
		}
	})
}

func BenchmarkSeal1KiB(b *testing.B) {
	ring, key, plain := newRing(b), make([]byte, 32), make([]byte, 1024)
	b.SetBytes(1024)
	b.ReportAllocs()
	for b.Loop() {
		ring.Seal(sealing.Bodies, key, plain)
	}
}

func BenchmarkOpen1KiB(b *testing.B) {
	ring, key := newRing(b), make([]byte, 32)
	sealed, dst := ring.Seal(sealing.Bodies, key, make([]byte, 1024)), make([]byte, 0, 2048)
	b.SetBytes(1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ring.OpenTo(dst, sealing.Bodies, key, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	ring := newRing(b)
	b.ReportAllocs()
	for b.Loop() {
		ring.Key("relation", "SE2321000016-1ABC", "SE2321000016-2ABC", "")
	}
}

func TestOpenToDoesNotAllocate(t *testing.T) {
	ring, key := newRing(t), make([]byte, 32)
	sealed, dst := ring.Seal(sealing.Bodies, key, make([]byte, 1024)), make([]byte, 0, 2048)
	got := testing.AllocsPerRun(200, func() {
		if _, err := ring.OpenTo(dst, sealing.Bodies, key, sealed); err != nil {
			t.Fatal(err)
		}
	})
	if got >= 1 { // the race detector makes pools forget now and then
		t.Errorf("OpenTo with room in dst allocates %v times", got)
	}
}
