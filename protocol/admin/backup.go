package admin

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A backup, in the clear, is a manifest as a line of JSON, then exactly the bytes of a
// snapshot that it counts and sums up, then nothing.

// Errors of reading a backup.
var (
	ErrNoBackup      = errors.New("not a backup")
	ErrBackupFormat  = errors.New("a backup of a format that this release does not know")
	ErrBackupDamaged = errors.New("the backup is damaged")
)

const (
	maxManifestBytes = 16 << 10
	maxManifestName  = 128 // of a cluster, a node, a version
)

// Line writes a manifest as the first line of a backup.
func (m BackupManifest) Line() ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoBackup, err)
	}
	return append(b, '\n'), nil
}

// ReadBackupManifest reads the line and no more of what the reader holds.
func ReadBackupManifest(r *bufio.Reader) (BackupManifest, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxManifestBytes:
			return BackupManifest{}, fmt.Errorf("%w: no manifest in its first %d bytes", ErrNoBackup, maxManifestBytes)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return BackupManifest{}, fmt.Errorf("%w: it ends within the manifest", ErrNoBackup)
		case err != nil:
			return BackupManifest{}, err
		}
		return ParseBackupManifest(line)
	}
}

// ParseBackupManifest reads a manifest from JSON, and refuses one that cannot be.
func ParseBackupManifest(text []byte) (BackupManifest, error) {
	var m BackupManifest
	if len(text) > maxManifestBytes {
		return m, fmt.Errorf("%w: a manifest of %d bytes", ErrNoBackup, len(text))
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return BackupManifest{}, fmt.Errorf("%w: its manifest: %w", ErrNoBackup, err)
	}
	if err := m.Validate(); err != nil {
		return BackupManifest{}, err
	}
	return m, nil
}

// Validate reports what a manifest cannot say.
func (m BackupManifest) Validate() error {
	if m.Format != FormatBackup {
		if strings.HasPrefix(m.Format, "tvilling-backup/") {
			return fmt.Errorf("%w: %.40q, and this is %q", ErrBackupFormat, m.Format, FormatBackup)
		}
		return fmt.Errorf("%w: its manifest has the format %.40q", ErrNoBackup, m.Format)
	}
	fault := func(what string) error { return fmt.Errorf("%w: its manifest's %s", ErrNoBackup, what) }
	for what, text := range map[string]string{"cluster": m.Cluster, "node": m.Node} {
		if text == "" || !isPlain(text) {
			return fault(what)
		}
	}
	for what, text := range map[string]string{"state_hash": m.StateHash, "log_root": m.LogRoot, "sha256": m.SHA256} {
		if b, err := hex.DecodeString(text); err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != text {
			return fault(what)
		}
	}
	if _, err := time.Parse(time.RFC3339, m.Taken); err != nil {
		return fault("taken")
	}
	if _, err := time.Parse(time.RFC3339, m.Verified); m.Verified != "" && err != nil {
		return fault("verified")
	}
	switch {
	case m.Generation == 0:
		return fault("generation")
	case m.Level == 0:
		return fault("level")
	case m.Index == 0 || m.Term == 0:
		return fault("index")
	case m.Bytes <= 0:
		return fault("bytes")
	case !isPlain(m.Version):
		return fault("version")
	}
	return nil
}

// isPlain reports whether a word can be shown as it is: whoever writes beside a backup
// could write anything.
func isPlain(text string) bool {
	return len(text) <= maxManifestName && utf8.ValidString(text) &&
		strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// SameAs reports whether two manifests speak of the same backup, verified or not.
func (m BackupManifest) SameAs(other BackupManifest) bool {
	m.Verified, other.Verified = "", ""
	return m == other
}

// State reads the snapshot that follows the line. It ends well only if it is all there,
// as it was written, and nothing follows; otherwise with ErrBackupDamaged or the
// reader's own error.
func (m BackupManifest) State(r io.Reader) io.Reader {
	return &backupState{from: r, left: m.Bytes, sum: sha256.New(), want: m.SHA256}
}

type backupState struct {
	from io.Reader
	left int64
	sum  hash.Hash
	want string
	err  error
}

// Read implements io.Reader.
func (s *backupState) Read(p []byte) (int, error) {
	if s.err != nil || len(p) == 0 {
		return 0, s.err
	}
	if s.left == 0 {
		s.err = s.end()
		return 0, s.err
	}
	n, err := s.from.Read(p[:min(int64(len(p)), s.left)])
	_, _ = s.sum.Write(p[:n])
	s.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = nil
		if s.left > 0 {
			err = fmt.Errorf("%w: it ends %d bytes too early", ErrBackupDamaged, s.left)
		}
	}
	s.err = err
	return n, err
}

// end is how the whole ends: io.EOF if it is what it should be.
func (s *backupState) end() error {
	if got := s.sum.Sum(nil); hex.EncodeToString(got) != s.want {
		return fmt.Errorf("%w: its bytes do not have the manifest's SHA-256", ErrBackupDamaged)
	}
	switch n, err := io.ReadFull(s.from, make([]byte, 1)); {
	case n > 0:
		return fmt.Errorf("%w: something follows its end", ErrBackupDamaged)
	case !errors.Is(err, io.EOF):
		return err
	}
	return io.EOF
}

// Text is a manifest as it is kept in the clear beside a backup.
func (m BackupManifest) Text() ([]byte, error) {
	line, err := m.Line()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = json.Indent(&text, line, "", "  ")
	return text.Bytes(), err
}
