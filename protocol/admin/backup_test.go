package admin

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func manifestOf(state []byte) BackupManifest {
	digest := fmt.Sprintf("%x", sha256.Sum256(state))
	return BackupManifest{
		Format: FormatBackup, Cluster: "test", Generation: 1, Node: "b1", Version: "v", Level: 1, Index: 7, Term: 2,
		StateHash: digest, LogSize: 3, LogRoot: digest, Taken: "2026-11-22T10:00:00Z", Bytes: int64(len(state)), SHA256: digest,
	}
}

func written(t testing.TB, m BackupManifest, state string) []byte {
	t.Helper()
	line, err := m.Line()
	if err != nil {
		t.Fatal(err)
	}
	return append(line, state...)
}

func readBackup(r io.Reader) (BackupManifest, []byte, error) {
	buffered := bufio.NewReaderSize(r, 16)
	m, err := ReadBackupManifest(buffered)
	if err != nil {
		return m, nil, err
	}
	state, err := io.ReadAll(m.State(buffered))
	return m, state, err
}

func TestBackupIsReadAsWritten(t *testing.T) {
	m := manifestOf([]byte("state"))
	whole := written(t, m, "state")
	for name, r := range map[string]io.Reader{
		"at once": bytes.NewReader(whole), "byte by byte": iotest.OneByteReader(bytes.NewReader(whole)),
		"with its end": iotest.DataErrReader(bytes.NewReader(whole)),
	} {
		if got, state, err := readBackup(r); err != nil || got != m || string(state) != "state" {
			t.Errorf("%s: %+v %q %v", name, got, state, err)
		}
	}
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	verified, err := ParseBackupManifest(text)
	if err != nil || verified != m {
		t.Errorf("%+v: %v", verified, err)
	}
	verified.Verified = "2026-11-22T11:00:00Z"
	if !verified.SameAs(m) || verified.SameAs(manifestOf([]byte("other"))) {
		t.Error("which backup a manifest speaks of")
	}
}

func TestBackupFaults(t *testing.T) {
	m := manifestOf([]byte("state"))
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"empty":         {strings.NewReader(""), ErrNoBackup},
		"no line":       {strings.NewReader(strings.Repeat("x", 20<<10)), ErrNoBackup},
		"no JSON":       {strings.NewReader("hello\n"), ErrNoBackup},
		"another file":  {strings.NewReader("{}\n"), ErrNoBackup},
		"next format":   {strings.NewReader(`{"format":"tvilling-backup/2"}` + "\n"), ErrBackupFormat},
		"cut short":     {bytes.NewReader(written(t, m, "stat")), ErrBackupDamaged},
		"bit flipped":   {bytes.NewReader(written(t, m, "statf")), ErrBackupDamaged},
		"more follows":  {bytes.NewReader(written(t, m, "state!")), ErrBackupDamaged},
		"broken line":   {iotest.ErrReader(broken), broken},
		"broken reader": {io.MultiReader(bytes.NewReader(written(t, m, "sta")), iotest.ErrReader(broken)), broken},
		"broken end":    {io.MultiReader(bytes.NewReader(written(t, m, "state")), iotest.ErrReader(broken)), broken},
	} {
		if _, _, err := readBackup(c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestManifestsThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*BackupManifest){
		"cluster": func(m *BackupManifest) { m.Cluster = "" },
		// An operator's terminal shows them.
		"cluster, by its signs": func(m *BackupManifest) { m.Cluster = "north\x1b[2J" }, "node, by its signs": func(m *BackupManifest) { m.Node = "b\u202e1" },
		"version, by its signs": func(m *BackupManifest) { m.Version = "v\r1" },
		"node":                  func(m *BackupManifest) { m.Node = strings.Repeat("x", 200) },
		"state_hash":            func(m *BackupManifest) { m.StateHash = "00" }, "log_root": func(m *BackupManifest) { m.LogRoot = strings.ToUpper(m.SHA256) },
		"sha256": func(m *BackupManifest) { m.SHA256 = strings.Repeat("g", 64) }, "taken": func(m *BackupManifest) { m.Taken = "yesterday" },
		"verified": func(m *BackupManifest) { m.Verified = "x" }, "generation": func(m *BackupManifest) { m.Generation = 0 },
		"level": func(m *BackupManifest) { m.Level = 0 }, "index": func(m *BackupManifest) { m.Index = 0 }, "term": func(m *BackupManifest) { m.Term = 0 },
		"bytes": func(m *BackupManifest) { m.Bytes = -1 }, "version": func(m *BackupManifest) { m.Version = strings.Repeat("x", 200) },
	} {
		m := manifestOf([]byte("state"))
		change(&m)
		if _, err := m.Line(); !errors.Is(err, ErrNoBackup) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever is read ends well only if it is what a manifest says of it.
func FuzzBackup(f *testing.F) {
	f.Add(written(f, manifestOf([]byte("state")), "state"))
	f.Add(written(f, manifestOf([]byte("state")), "stat"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, state, err := readBackup(bytes.NewReader(b))
		if err != nil {
			return
		}
		if digest := fmt.Sprintf("%x", sha256.Sum256(state)); digest != m.SHA256 || int64(len(state)) != m.Bytes || m.Validate() != nil {
			t.Errorf("%+v of %d bytes", m, len(state))
		}
	})
}
