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
	_ "time/tzdata" // a bare machine may have no zone files, and Swedish time must be known

	"github.com/pelletier/go-toml/v2"

	"tvilling/protocol"
)

// zone is where the contracts' local times are.
const zone = "Europe/Stockholm"

// File is a feed from a TOML file. Replace the file by renaming another over it: one
// that is read while it is written could lack its last rows. An empty one is refused.
//
//	[[person]]      key, name, title, employee
//	[[commission]]  employee, id, name, purpose, rights = ["Läsa;alla;SJF"],
//	                care_unit, care_unit_name, care_provider, care_provider_name, start, end
//	[[relation]]    patient, care_provider, care_unit, employee, start, end
//	[[consent]]     patient, id, care_provider, care_unit, employee, start, end
//	[[block]]       patient, id, kind = "inner"|"outer", care_provider, care_unit, start, end,
//	                exempt = ["lak", "upp"]
//	[[block.lift]]  care_unit, employee, end
//	[[source]]      id, agent, contracts = ["GetDiagnosis"]
//
// The file holds patient ids in clear: see Private.
//
// Times are RFC 3339, or Swedish local without a zone; a date alone that ends something
// includes the day. An end that is left out is open, an employee that is left out is
// the whole unit. Unknown keys are refused.
type File struct {
	path    string
	digest  func(plain ...[]byte) [16]byte
	loc     *time.Location
	private bool // set before the first reading

	mu   sync.Mutex // guards last
	last Snapshot   // of the file as it was last read; zero: never
}

// NewFile returns a feed of the file. The digest is keyed (sealing's Ring.Digest): it
// makes the watermark, which stands in clear in the log.
func NewFile(path string, digest func(plain ...[]byte) [16]byte) (*File, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFeed, err)
	}
	return &File{path: path, digest: digest, loc: loc}, nil
}

// othersMay are the rights of those who are neither the file's owner nor of its group.
const othersMay = 0o007

// Private has the file refused whenever others than its owner and group have any right
// to it: it says who is a patient where. It returns how that is now; a file that is not
// there yet is at no fault. Call it before Feed.
func (f *File) Private() error {
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

// Feed reads the file. A file that has not changed is not parsed again. Callers share
// the snapshot's slices and must not write to them.
func (f *File) Feed(ctx context.Context) (Snapshot, error) {
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
		next, err := parse(text, f.loc)
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

func (f *File) read() ([]byte, error) {
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

// document is the file as TOML has it. Times are of any kind: see written.
type document struct {
	Person     []personRow     `toml:"person"`
	Commission []commissionRow `toml:"commission"`
	Relation   []relationRow   `toml:"relation"`
	Consent    []consentRow    `toml:"consent"`
	Block      []blockRow      `toml:"block"`
	Source     []sourceRow     `toml:"source"`
}

type personRow struct {
	Key      string `toml:"key"`
	Name     string `toml:"name"`
	Title    string `toml:"title"`
	Employee string `toml:"employee"`
}

type commissionRow struct {
	Employee         string   `toml:"employee"`
	ID               string   `toml:"id"`
	Name             string   `toml:"name"`
	Purpose          string   `toml:"purpose"`
	Rights           []string `toml:"rights"`
	CareUnit         string   `toml:"care_unit"`
	CareUnitName     string   `toml:"care_unit_name"`
	CareProvider     string   `toml:"care_provider"`
	CareProviderName string   `toml:"care_provider_name"`
	Start            any      `toml:"start"`
	End              any      `toml:"end"`
}

type relationRow struct {
	Patient      string `toml:"patient"`
	CareProvider string `toml:"care_provider"`
	CareUnit     string `toml:"care_unit"`
	Employee     string `toml:"employee"`
	Start        any    `toml:"start"`
	End          any    `toml:"end"`
}

type consentRow struct {
	Patient      string `toml:"patient"`
	ID           string `toml:"id"`
	CareProvider string `toml:"care_provider"`
	CareUnit     string `toml:"care_unit"`
	Employee     string `toml:"employee"`
	Start        any    `toml:"start"`
	End          any    `toml:"end"`
}

type blockRow struct {
	Patient      string    `toml:"patient"`
	ID           string    `toml:"id"`
	Kind         string    `toml:"kind"`
	CareProvider string    `toml:"care_provider"`
	CareUnit     string    `toml:"care_unit"`
	Start        any       `toml:"start"`
	End          any       `toml:"end"`
	Exempt       []string  `toml:"exempt"`
	Lift         []liftRow `toml:"lift"`
}

type liftRow struct {
	CareUnit string `toml:"care_unit"`
	Employee string `toml:"employee"`
	End      any    `toml:"end"`
}

type sourceRow struct {
	ID        string   `toml:"id"`
	Agent     string   `toml:"agent"`
	Contracts []string `toml:"contracts"`
}

// written returns a time as it is written, in quotes or as TOML's own dates; nothing
// for one that is left out.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case toml.LocalDate:
		return v.String()
	case toml.LocalDateTime:
		return v.String()
	case time.Time:
		return v.Format(time.RFC3339Nano)
	default:
		return "of another kind" // which no reader of times takes
	}
}

// parse reads a file's text, whole or not at all.
func parse(text []byte, loc *time.Location) (Snapshot, error) {
	var doc document
	if err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&doc); err != nil {
		return Snapshot{}, placeOnly(err)
	}
	r := &rows{loc: loc}
	s := Snapshot{
		People:    r.people(doc.Person),
		Relations: r.relations(doc.Relation),
		Consents:  r.consents(doc.Consent),
		Blocks:    r.blocks(doc.Block),
		Sources:   r.sources(doc.Source),
	}
	s.Commissions = r.commissions(doc.Commission, s.People)
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
