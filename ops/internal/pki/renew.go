package pki

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tvilling/protocol/admin"
)

// Errors of a renewal.
var (
	ErrMember   = errors.New("pki: no member of the cluster")
	ErrInClear  = errors.New("pki: browsers see no certificate there")
	ErrTooShort = errors.New("pki: a certificate is valid for a second at least, and ten years at most")
)

// Renewed says what was written.
type Renewed struct {
	Issued
	Until time.Time
}

// RenewNode writes a new key and certificate of a member in place of those it had, or with
// browsers those that they see. They are valid for a time; 0: two years.
func RenewNode(dir, member string, valid time.Duration, browsers bool) (Renewed, error) {
	if valid != 0 && (valid < time.Second || valid > authorityYears*365*24*time.Hour) {
		return Renewed{}, ErrTooShort
	}
	t, err := topologyIn(dir)
	if err != nil {
		return Renewed{}, err
	}
	m, ok := t.Member(member)
	if !ok {
		return Renewed{}, fmt.Errorf("%w: %q", ErrMember, member)
	}
	by, what := clusterAuthority, nodeLeaf(t.Cluster, m)
	out := Issued{filepath.FromSlash(admin.FileNodeCert), filepath.FromSlash(admin.FileNodeKey)}
	if browsers {
		seen, err := clientLeaf(m)
		if err != nil {
			return Renewed{}, err
		}
		if seen == nil {
			return Renewed{}, fmt.Errorf("%w: %s", ErrInClear, m.ID)
		}
		by, what = clientsAuthority, *seen
		out = Issued{filepath.FromSlash(admin.FileClientCert), filepath.FromSlash(admin.FileClientKey)}
	}
	issuer, err := loadIssuer(filepath.Join(dir, dirAuthority, string(by)))
	if err != nil {
		return Renewed{}, err
	}
	issuer.valid = valid
	cert, key, err := issuer.issue(what)
	if err != nil {
		return Renewed{}, err
	}
	made, err := decodeCertificate(cert)
	if err != nil {
		return Renewed{}, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	out.Certificate, out.Key = filepath.Join(dir, m.ID, out.Certificate), filepath.Join(dir, m.ID, out.Key)
	return Renewed{out, made.NotAfter}, putPair(out, cert, key)
}

// putPair puts a pair in place of another. Both are written whole before either is in its
// place; then the key goes first and the certificate last. Between the two they do not
// match, and nobody uses them: a node that runs goes on with what it has read and looks
// again, one that starts just then says so and does not start. Who was interrupted there
// does it again.
func putPair(at Issued, cert, key []byte) error {
	for path, f := range map[string]file{at.Key: {text: key, secret: true}, at.Certificate: {text: cert}} {
		if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w: %w", ErrFiles, err)
		}
		if err := writeNew(path+".new", f); err != nil {
			return fmt.Errorf("%w: %w", ErrFiles, err)
		}
	}
	for _, path := range []string{at.Key, at.Certificate} {
		if err := os.Rename(path+".new", path); err != nil {
			return fmt.Errorf("%w: %w", ErrFiles, err)
		}
	}
	return nil
}
