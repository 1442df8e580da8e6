package sealing

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Errors of the keyring file.
var (
	ErrKEK     = errors.New("sealing: the key-encryption key does not open the keyring: another key, or the file was changed")
	ErrKEKForm = errors.New("sealing: a key-encryption key is 32 bytes, written as 64 hexadecimal digits")
	ErrRing    = errors.New("sealing: not a keyring file of this version")
)

const ringVersion = 1

// ringFile is the keyring file. Every secret in it is wrapped with the key-encryption
// key, and what it is for is in the additional data.
type ringFile struct {
	Version int       `json:"version"`
	Index   []byte    `json:"index"`
	Data    wrappings `json:"data"`
	Log     wrappings `json:"log"`
}

type wrappings struct {
	Active uint32     `json:"active"`
	Keys   []wrapping `json:"keys"`
}

type wrapping struct {
	ID  uint32 `json:"id"`
	Key []byte `json:"key"`
}

// Save writes the ring, wrapped, to a file that only its owner can read. It replaces
// the file whole, synced, or not at all.
func (r *Ring) Save(path string, kek []byte) error {
	wrap, err := wrapperOf(kek)
	if err != nil {
		return err
	}
	k := r.state.Load()
	file := ringFile{
		Version: ringVersion,
		Index:   wrap.wrap(indexUse(k.data.active.id, k.log.active.id), 0, k.index),
		Data:    wrap.wrapSet("data", k.data),
		Log:     wrap.wrapSet("log", k.log),
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("sealing: write keyring: %w", err)
	}
	if err := replaceFile(path, append(text, '\n')); err != nil {
		return fmt.Errorf("sealing: write keyring: %w", err)
	}
	return nil
}

// LoadRing reads a ring that Save wrote.
func LoadRing(path string, kek []byte) (*Ring, error) {
	wrap, err := wrapperOf(kek)
	if err != nil {
		return nil, err
	}
	text, err := readBounded(path, maxRingBytes)
	if err != nil {
		return nil, fmt.Errorf("sealing: read keyring: %w", err)
	}
	ring, err := decodeRing(text, wrap)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ring, nil
}

func decodeRing(text []byte, wrap wrapper) (*Ring, error) {
	var file ringFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil || file.Version != ringVersion {
		return nil, ErrRing // the decoder's own words could quote the file
	}
	var k keys
	var err error
	if k.index, err = wrap.unwrap(indexUse(file.Data.Active, file.Log.Active), 0, file.Index); err != nil {
		return nil, err
	}
	if k.data, err = wrap.unwrapSet("data", file.Data); err != nil {
		return nil, err
	}
	if k.log, err = wrap.unwrapSet("log", file.Log); err != nil {
		return nil, err
	}
	return ringOf(k), nil
}

// wrapper wraps keys with the key-encryption key.
type wrapper struct{ kek *key }

func wrapperOf(kek []byte) (wrapper, error) {
	if len(kek) != KeyBytes {
		return wrapper{}, ErrKEKForm
	}
	k, err := newKey(0, [KeyBytes]byte(kek))
	return wrapper{kek: k}, err
}

// indexUse binds the choice of active keys to the wrapped index key, so that nobody
// without the key-encryption key can make an older key the active one.
func indexUse(data, log uint32) string {
	return "index with data " + strconv.FormatUint(uint64(data), 10) + " log " + strconv.FormatUint(uint64(log), 10)
}

func wrapPlace(use string, id uint32) []byte {
	return []byte("tvilling keyring " + strconv.Itoa(ringVersion) + " " + use + " " + strconv.FormatUint(uint64(id), 10))
}

func (w wrapper) wrap(use string, id uint32, secret [KeyBytes]byte) []byte {
	out := make([]byte, nonceBytes, nonceBytes+KeyBytes+tagBytes)
	rand.Read(out)
	return w.kek.aead.Seal(out, out[:nonceBytes], secret[:], wrapPlace(use, id))
}

func (w wrapper) unwrap(use string, id uint32, wrapped []byte) ([KeyBytes]byte, error) {
	if len(wrapped) != nonceBytes+KeyBytes+tagBytes {
		return [KeyBytes]byte{}, ErrRing
	}
	secret, err := w.kek.aead.Open(nil, wrapped[:nonceBytes], wrapped[nonceBytes:], wrapPlace(use, id))
	if err != nil {
		return [KeyBytes]byte{}, ErrKEK
	}
	return [KeyBytes]byte(secret), nil
}

func (w wrapper) wrapSet(use string, set keySet) wrappings {
	out := wrappings{Active: set.active.id}
	for id, k := range set.byID {
		out.Keys = append(out.Keys, wrapping{ID: id, Key: w.wrap(use, id, k.secret)})
	}
	slices.SortFunc(out.Keys, func(a, b wrapping) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return out
}

func (w wrapper) unwrapSet(use string, in wrappings) (keySet, error) {
	if len(in.Keys) > MaxKeys {
		return keySet{}, ErrTooManyKeys
	}
	set := keySet{byID: make(map[uint32]*key, len(in.Keys))}
	for _, item := range in.Keys {
		secret, err := w.unwrap(use, item.ID, item.Key)
		if err != nil {
			return keySet{}, err
		}
		if set.byID[item.ID], err = newKey(item.ID, secret); err != nil {
			return keySet{}, err
		}
	}
	var ok bool
	if set.active, ok = set.byID[in.Active]; !ok {
		return keySet{}, ErrRing
	}
	return set, nil
}

// NewKEK makes a key-encryption key.
func NewKEK() []byte {
	kek := make([]byte, KeyBytes)
	rand.Read(kek)
	return kek
}

// WriteKEK writes a key-encryption key to a file that only its owner can read.
func WriteKEK(path string, kek []byte) error {
	if len(kek) != KeyBytes {
		return ErrKEKForm
	}
	if err := replaceFile(path, []byte(hex.EncodeToString(kek)+"\n")); err != nil {
		return fmt.Errorf("sealing: write key-encryption key: %w", err)
	}
	return nil
}

// ReadKEK reads a key-encryption key.
func ReadKEK(path string) ([]byte, error) {
	text, err := readBounded(path, 2*KeyBytes+2)
	if err != nil {
		return nil, fmt.Errorf("sealing: read key-encryption key: %w", err)
	}
	kek, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(kek) != KeyBytes {
		return nil, fmt.Errorf("%s: %w", path, ErrKEKForm)
	}
	return kek, nil
}

func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, most)
	}
	return text, nil
}

// replaceFile writes a file beside the old one, syncs it, renames it over, and syncs
// the directory: after a crash there is the old file or the new one.
func replaceFile(path string, text []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".keyring-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(text); err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
