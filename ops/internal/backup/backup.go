// Package backup keeps backups of a cluster's state: sealed to recipients whose keys are
// offline, in a directory or an S3 bucket, with a manifest in the clear beside each.
//
// It owns the form of what is kept, its names, and how it comes there whole or not at
// all. It must never hold an identity for longer than it reads with it, put a credential
// into an error, overwrite a backup, or trust what stands in the clear: the manifest that
// counts is the one that is sealed in.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"

	"tvilling/protocol/admin"
)

// Errors.
var (
	ErrPlace      = errors.New("where the backup is kept cannot be used")
	ErrExists     = errors.New("there is a backup of that name, and none is overwritten")
	ErrNone       = errors.New("no backup is kept there by that name")
	ErrNobody     = errors.New("no node is fit to give a backup now")
	ErrOther      = errors.New("the manifest beside the backup is not the one that is sealed in it: one of them was swapped")
	ErrRecipients = errors.New("recipients: who can open the backup")
	ErrIdentity   = errors.New("identity: what opens the backup")
	ErrSealed     = errors.New("the backup cannot be opened")
)

// suffix of a manifest's name, after the backup's.
const suffix = ".json"

// Extension of a name that is made for a backup.
const Extension = ".tvb"

// Limits.
const (
	maxKept     = 10_000   // backups that are listed of one place: more is an error
	maxManifest = 64 << 10 // bytes of a manifest beside one
	maxLag      = 2000     // entries that a node may be behind and still give a backup
)

// Place is where backups are kept. Names are of one place, without its directory.
type Place interface {
	// Create begins a backup, which is there when it is committed and not before.
	Create(ctx context.Context, name string, bytes int64) (Sink, error)
	// PutManifest writes what stands beside a backup, or replaces it.
	PutManifest(ctx context.Context, name string, text []byte) error
	// Open reads a backup or, by its own name, a manifest. ErrNone: it is not there.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// Manifests names the manifests that are there.
	Manifests(ctx context.Context) ([]string, error)
	// String is the place as a person wrote it.
	String() string
}

// Sink is a backup as it is written. One of Commit and Abort ends it; Abort after
// Commit does nothing.
type Sink interface {
	io.Writer
	Commit() error
	Abort() error
}

// NameOf is what a backup is called that nobody has named: by cluster and time.
func NameOf(m admin.BackupManifest) string {
	taken, err := time.Parse(time.RFC3339, m.Taken)
	if err != nil { // no valid manifest
		taken = time.Time{}
	}
	return fmt.Sprintf("%s-%s-%d%s", strings.Map(nameable, m.Cluster), taken.UTC().Format("20060102T150405Z"), m.Index, Extension)
}

// nameable keeps what a cluster is called from being a path: the node says it.
func nameable(r rune) rune {
	if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '-' || r == '_' {
		return r
	}
	return '_'
}

// Save seals a state to the recipients and keeps it, whole or not at all, then the
// manifest beside it. An error of the manifest alone leaves the backup, which is whole.
func Save(ctx context.Context, at Place, name string, to Recipients, m admin.BackupManifest, state io.Reader, progress func(done, of int64)) (err error) {
	line, err := m.Line()
	if err != nil {
		return err
	}
	text, err := m.Text()
	if err != nil {
		return err
	}
	sink, err := at.Create(ctx, name, m.Bytes)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, sink.Abort())
		}
	}()
	sealed, err := age.Encrypt(sink, to...)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	if _, err := sealed.Write(line); err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	if err := carry(ctx, sealed, state, m.Bytes, progress); err != nil {
		return err
	}
	if err := sealed.Close(); err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	if err := sink.Commit(); err != nil {
		return err
	}
	if err := at.PutManifest(ctx, name, text); err != nil {
		return fmt.Errorf("the backup is kept, the manifest beside it is not: %w", err)
	}
	return nil
}

// carry copies, and tells reading's errors from writing's.
func carry(ctx context.Context, to io.Writer, from io.Reader, of int64, progress func(done, of int64)) error {
	chunk := make([]byte, 1<<20)
	for done := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := from.Read(chunk)
		if n > 0 {
			if _, err := to.Write(chunk[:n]); err != nil {
				return fmt.Errorf("%w: %w", ErrPlace, err)
			}
			done += int64(n)
			progress(done, of)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Kept is a backup of a place, as the manifest beside it says. Fault: it says nothing.
type Kept struct {
	Name     string               `json:"name"`
	Manifest admin.BackupManifest `json:"manifest"`
	Fault    string               `json:"fault,omitempty"`
}

// List tells what is kept, the newest first.
func List(ctx context.Context, at Place) ([]Kept, error) {
	names, err := at.Manifests(ctx)
	if err != nil {
		return nil, err
	}
	if len(names) > maxKept {
		return nil, fmt.Errorf("%w: more than %d manifests in %s: name a smaller part of it", ErrPlace, maxKept, at)
	}
	all := []Kept{}
	for _, name := range names {
		m, err := Beside(ctx, at, strings.TrimSuffix(name, suffix))
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, admin.ErrNoBackup): // somebody's other file
		case err != nil:
			all = append(all, Kept{Name: strings.TrimSuffix(name, suffix), Fault: err.Error()})
		default:
			all = append(all, Kept{Name: strings.TrimSuffix(name, suffix), Manifest: m})
		}
	}
	slices.SortStableFunc(all, func(a, b Kept) int { return strings.Compare(b.Manifest.Taken, a.Manifest.Taken) })
	return all, nil
}

// Beside reads the manifest that stands beside a backup. ErrNone: none does.
func Beside(ctx context.Context, at Place, name string) (admin.BackupManifest, error) {
	f, err := at.Open(ctx, name+suffix)
	if err != nil {
		return admin.BackupManifest{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return admin.BackupManifest{}, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	return admin.ParseBackupManifest(text)
}

// Holds refuses a backup beside which another's manifest stands. None is none to refuse.
func Holds(ctx context.Context, at Place, name string, sealed admin.BackupManifest) error {
	m, err := Beside(ctx, at, name)
	switch {
	case errors.Is(err, ErrNone):
		return nil
	case err != nil:
		return fmt.Errorf("%w (%w)", ErrOther, err)
	case !m.SameAs(sealed):
		return fmt.Errorf("%w: beside it: index %d of %s, taken %s; in it: index %d of %s, taken %s",
			ErrOther, m.Index, m.Cluster, m.Taken, sealed.Index, sealed.Cluster, sealed.Taken)
	}
	return nil
}

// MarkVerified writes into the manifest beside a backup that it was verified.
func MarkVerified(ctx context.Context, at Place, name string, m admin.BackupManifest) error {
	text, err := m.Text()
	if err != nil {
		return err
	}
	return at.PutManifest(ctx, name, text)
}

// Pick is the node that gives a backup: a data node that follows, and is furthest. The
// leader has enough to do, and is asked only by name.
func Pick(s admin.Status) (string, error) {
	best, lag := "", uint64(maxLag)
	for _, m := range s.Members {
		if m.Role == admin.RoleData && m.State == "follower" && m.Error == "" && m.ID != s.Leader && m.Lag <= lag {
			if best == "" || m.Lag < lag {
				best, lag = m.ID, m.Lag
			}
		}
	}
	if best == "" {
		return "", fmt.Errorf("%w: no data node follows and has caught up; --node names one all the same, the leader too", ErrNobody)
	}
	return best, nil
}

// Parse finds a place and a name in what a person wrote: a file or s3://bucket/key. A
// directory, or what ends in '/', has no name.
func Parse(text string, o S3) (Place, string, error) {
	if rest, ok := strings.CutPrefix(text, "s3://"); ok {
		bucket, key, _ := strings.Cut(rest, "/")
		if bucket == "" || path.Clean("/"+key) != "/"+strings.TrimSuffix(key, "/") && key != "" {
			return nil, "", fmt.Errorf("%w: %q is not s3://bucket/key", ErrPlace, text)
		}
		folder, name := path.Split(key)
		at, err := openS3(bucket, folder, o)
		return at, name, err
	}
	if text == "" {
		return nil, "", fmt.Errorf("%w: no file, directory or s3://bucket/key is named", ErrPlace)
	}
	if info, err := os.Stat(text); strings.HasSuffix(text, "/") || err == nil && info.IsDir() {
		return directory{text}, "", nil
	}
	folder, name := splitFile(text)
	return directory{folder}, name, nil
}
