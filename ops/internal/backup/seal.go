package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"filippo.io/age"
)

// maxKeyFile bounds a file of recipients or identities.
const maxKeyFile = 64 << 10

// Recipients are whom a backup is sealed to. Any one of them opens it.
type Recipients []age.Recipient

// ReadRecipients reads recipients as age writes them, age1…, and files of them, one a
// line. There must be one.
func ReadRecipients(texts, files []string) (Recipients, error) {
	var all Recipients
	for _, text := range texts {
		some, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%w: %.80q: %w", ErrRecipients, text, err)
		}
		all = append(all, some...)
	}
	for _, name := range files {
		text, err := readKeys(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRecipients, err)
		}
		some, err := age.ParseRecipients(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrRecipients, name, err)
		}
		all = append(all, some...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: none is named; tvilling backup key makes one", ErrRecipients)
	}
	if _, err := age.Encrypt(io.Discard, all...); err != nil { // some kinds do not go together
		return nil, fmt.Errorf("%w: %w", ErrRecipients, err)
	}
	return all, nil
}

// Identities open backups.
type Identities []age.Identity

// ReadIdentities reads a file of identities, which nobody but its owner may read.
func ReadIdentities(name string) (Identities, error) {
	if name == "" {
		return nil, fmt.Errorf("%w: none is named", ErrIdentity)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s: its mode is %04o, and others than its owner may use it: chmod it to 0600", ErrIdentity, name, mode)
	}
	text, err := readKeys(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	all, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil { // age's own words may hold the line
		return nil, fmt.Errorf("%w: %s holds a line that is no identity, or none: it is to have lines that begin with AGE-SECRET-KEY", ErrIdentity, name)
	}
	return all, nil
}

func readKeys(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxKeyFile)
	}
	return text, err
}

// Unseal reads a sealed backup in the clear. What was changed, cut short or added to
// since it was sealed ends with ErrSealed.
func (i Identities) Unseal(r io.Reader) (io.Reader, error) {
	clear, err := age.Decrypt(r, i...)
	var nobody *age.NoIdentityMatchError
	switch {
	case errors.As(err, &nobody):
		return nil, fmt.Errorf("%w: it was sealed to other recipients than these identities", ErrSealed)
	case err != nil:
		return nil, fmt.Errorf("%w: it is no sealed backup, or its beginning is damaged: %w", ErrSealed, err)
	}
	return &unsealed{clear}, nil
}

type unsealed struct{ from io.Reader }

// Read implements io.Reader.
func (u *unsealed) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("%w: it is cut short: %w", ErrSealed, err)
	case err != nil && !errors.Is(err, io.EOF):
		err = fmt.Errorf("%w: it was changed since it was sealed, or cannot be read: %w", ErrSealed, err)
	}
	return n, err
}

// NewIdentity makes an identity, in a file that is not there yet, for its owner alone,
// and returns the recipient that goes with it.
func NewIdentity(name string, now time.Time) (recipient string, err error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	recipient = identity.Recipient().String()
	_, err = fmt.Fprintf(f, "# opens backups that are sealed to the recipient below; keep it offline\n# created: %s\n# public key: %s\n%s\n",
		now.UTC().Format(time.RFC3339), recipient, identity)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("%w: %w", ErrIdentity, errors.Join(err, os.Remove(name)))
	}
	return recipient, nil
}
