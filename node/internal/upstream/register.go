package upstream

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pelletier/go-toml/v2"

	"tvilling/protocol"
)

// Register is a TOML file of what no service tells. Replace the file by renaming another
// over it: one that is read while it is written could lack its last rows. An empty one
// is refused.
//
//	[[person]]    key, name, title, employee: who one can be where nobody signs in
//	[[employee]]  id: whom the directory is asked about
//	[[source]]    id, agent, contracts = ["GetDiagnosis"]
//	[[patient]]   patient, protected, deceased, linked = ["..."]: the population register's extract
//
// Linked ids name one and the same person: what is said of one of them is said of all.
// The file holds patient ids in clear: see Private. Unknown keys are refused.
type Register struct {
	path    string
	digest  func(plain ...[]byte) [16]byte
	private bool // set before the first reading

	mu   sync.Mutex // guards last
	last Snapshot   // of the file as it was last read; zero: never
}

// NewRegister returns the register in the file. The digest is keyed (sealing's
// Ring.Digest): it makes the watermark, which stands in clear in the log.
func NewRegister(path string, digest func(plain ...[]byte) [16]byte) *Register {
	return &Register{path: path, digest: digest}
}

// othersMay are the rights of those who are neither the file's owner nor of its group.
const othersMay = 0o007

// Private has the file refused whenever others than its owner and group have any right
// to it: it says who is a patient where. It returns how that is now; a file that is not
// there yet is at no fault. Call it before Read.
func (f *Register) Private() error {
	f.private = true
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err == nil:
		err = keptFrom(info)
	}
	if err != nil {
		return fmt.Errorf("%w %s: %w", ErrFeed, filepath.Base(f.path), err)
	}
	return nil
}

func keptFrom(info os.FileInfo) error {
	if mode := info.Mode().Perm(); mode&othersMay != 0 {
		return fmt.Errorf("%w: its mode is %04o, and it holds patient ids: chmod it to 0600, or to 0640 with a group that may know them", ErrOpenToAll, mode)
	}
	return nil
}

// Read reads the file. A file that has not changed is not parsed again. Callers share
// the snapshot's slices and must not write to them.
func (f *Register) Read(ctx context.Context) (Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return Snapshot{}, err
	}
	asOf := protocol.Instant(time.Now().UnixMilli()) // before the reading: never newer than what was read
	text, err := f.read()
	if err != nil {
		return Snapshot{}, fmt.Errorf("%w %s: %w", ErrFeed, filepath.Base(f.path), err)
	}
	digest := f.digest(text)
	watermark := hex.EncodeToString(digest[:])

	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last.Watermark != watermark {
		next, err := parse(text)
		if err != nil {
			return Snapshot{}, fmt.Errorf("%w %s: %w", ErrFeed, filepath.Base(f.path), err)
		}
		next.Watermark = watermark
		f.last = next
	}
	out := f.last
	out.AsOf = asOf
	return out, nil
}

func (f *Register) read() ([]byte, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if f.private {
		info, err := file.Stat()
		if err != nil {
			return nil, err
		}
		if err := keptFrom(info); err != nil {
			return nil, err
		}
	}
	text, err := io.ReadAll(io.LimitReader(file, MaxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxFileBytes {
		return nil, fmt.Errorf("larger than %d bytes", MaxFileBytes)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("empty: somebody is writing it, or it is lost; to feed nothing, say so in a comment")
	}
	return text, nil
}

// document is the file as TOML has it.
type document struct {
	Person   []personRow   `toml:"person"`
	Employee []employeeRow `toml:"employee"`
	Source   []sourceRow   `toml:"source"`
	Patient  []patientRow  `toml:"patient"`
}

type personRow struct {
	Key      string `toml:"key"`
	Name     string `toml:"name"`
	Title    string `toml:"title"`
	Employee string `toml:"employee"`
}

type employeeRow struct {
	ID string `toml:"id"`
}

type sourceRow struct {
	ID        string   `toml:"id"`
	Agent     string   `toml:"agent"`
	Contracts []string `toml:"contracts"`
}

type patientRow struct {
	Patient   string   `toml:"patient"`
	Protected bool     `toml:"protected"`
	Deceased  bool     `toml:"deceased"`
	Linked    []string `toml:"linked"`
}

// parse reads a file's text, whole or not at all.
func parse(text []byte) (Snapshot, error) {
	var doc document
	if err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&doc); err != nil {
		return Snapshot{}, placeOnly(err)
	}
	r := &rows{}
	s := Snapshot{
		People:    r.people(doc.Person),
		Employees: r.employees(doc.Employee),
		Sources:   r.sources(doc.Source),
		Patients:  r.patients(doc.Patient),
	}
	if len(r.faults) > 0 {
		return Snapshot{}, errors.Join(r.faults...)
	}
	return s, nil
}

// placeOnly keeps of the decoder's error where it is; its words quote the file.
func placeOnly(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		line, column := strict.Errors[0].Position()
		return fmt.Errorf("line %d, column %d: a key that is not known here", line, column)
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, column := decode.Position()
		return fmt.Errorf("line %d, column %d: not TOML, or not the kind of value that the key takes", line, column)
	}
	return errors.New("not TOML")
}
