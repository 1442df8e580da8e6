package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tvilling/node/internal/sealing"
	"tvilling/protocol/admin"
)

// ErrKeyring is a keyring that cannot be used.
var ErrKeyring = errors.New("keyring")

// NewKeyring makes the keyring of a new cluster and writes it to every directory,
// wrapped by the same key-encryption key, which is written beside it. It refuses to
// replace one that is there: what it sealed could never be read again.
func NewKeyring(dirs ...string) error {
	ring, err := sealing.NewRing()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKeyring, err)
	}
	kek := sealing.NewKEK()
	for _, dir := range dirs {
		for _, name := range []string{admin.FileKeyring, admin.FileKeyOfKeys} {
			if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("%w: %s is there already", ErrKeyring, filepath.Join(dir, name))
			}
		}
	}
	for _, dir := range dirs {
		if err := sealing.WriteKEK(filepath.Join(dir, admin.FileKeyOfKeys), kek); err != nil {
			return fmt.Errorf("%w: %w", ErrKeyring, err)
		}
		if err := ring.Save(filepath.Join(dir, admin.FileKeyring), kek); err != nil {
			return fmt.Errorf("%w: %w", ErrKeyring, err)
		}
	}
	return nil
}

// loadKeyring reads the keyring of a directory.
func loadKeyring(dir string) (*sealing.Ring, error) {
	kek, err := sealing.ReadKEK(filepath.Join(dir, admin.FileKeyOfKeys))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyring, err)
	}
	ring, err := sealing.LoadRing(filepath.Join(dir, admin.FileKeyring), kek)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyring, err)
	}
	return ring, nil
}

// refuseKeyring is for a witness, which must never be able to read: a directory with
// keys in it was copied to the wrong machine.
func refuseKeyring(dir string) error {
	for _, name := range []string{admin.FileKeyring, admin.FileKeyOfKeys} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w: a witness must hold no keys, and %s is there", ErrKeyring, filepath.Join(dir, name))
		}
	}
	return nil
}

// ownKeyring reads the keyring of a node that runs alone, making it at the first start.
func ownKeyring(dir string) (*sealing.Ring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyring, err)
	}
	if _, err := os.Stat(filepath.Join(dir, admin.FileKeyring)); errors.Is(err, os.ErrNotExist) {
		if err := NewKeyring(dir); err != nil {
			return nil, err
		}
	}
	return loadKeyring(dir)
}
