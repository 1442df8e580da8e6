package standin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Errors.
var (
	ErrFile = errors.New("stand-in's file") // one that cannot be used: the error names places, never what stands there
	ErrFull = errors.New("the stand-in is full")
)

// Limits of a file. Past one, the file is refused whole.
const (
	MaxFileBytes = 16 << 20
	MaxRows      = 100_000 // of one table
	maxLifts     = 50      // of one block
	maxRights    = 50      // of one commission
	maxFaults    = 20      // that one error names
	maxIDBytes   = 36      // of an id on the wire
	maxTextBytes = 256
)

// document is the file as TOML has it. Times are of any kind: see written.
type document struct {
	Person     []personRow     `toml:"person"`
	Commission []commissionRow `toml:"commission"`
	Relation   []relationRow   `toml:"relation"`
	Consent    []consentRow    `toml:"consent"`
	Block      []blockRow      `toml:"block"`
	Engagement []engagementRow `toml:"engagement"`
}

type personRow struct {
	Key       string `toml:"key"`
	Name      string `toml:"name"`
	Title     string `toml:"title"`
	Employee  string `toml:"employee"`
	Protected bool   `toml:"protected"`
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
	ID           string `toml:"id"`
	Patient      string `toml:"patient"`
	CareProvider string `toml:"care_provider"`
	CareUnit     string `toml:"care_unit"`
	Employee     string `toml:"employee"`
	Start        any    `toml:"start"`
	End          any    `toml:"end"`
}

type consentRow struct {
	ID           string `toml:"id"`
	Patient      string `toml:"patient"`
	Kind         string `toml:"kind"`
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
	ID       string `toml:"id"`
	CareUnit string `toml:"care_unit"`
	Employee string `toml:"employee"`
	End      any    `toml:"end"`
}

type engagementRow struct {
	Employee string `toml:"employee"`
	Unit     string `toml:"unit"`
	Patient  string `toml:"patient"`
}

// content is a file's rows, checked and in canonical form. Every kind of row can be
// compared: two files differ by the rows that only one of them has.
type content struct {
	people      map[string]person // by employee
	commissions []commission
	relations   []relation
	consents    []consent
	blocks      []block
	lifts       []lift
	engagements []engagement
}

// read reads and checks a file, whole or not at all.
func read(path string) (content, error) {
	file, err := os.Open(path)
	if err != nil {
		return content{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, MaxFileBytes+1))
	switch {
	case err != nil:
	case len(text) > MaxFileBytes:
		err = fmt.Errorf("larger than %d bytes", MaxFileBytes)
	case len(bytes.TrimSpace(text)) == 0:
		err = errors.New("empty: somebody is writing it, or it is lost; to serve nothing, say so in a comment")
	}
	if err != nil {
		return content{}, fmt.Errorf("%w %s: %w", ErrFile, filepath.Base(path), err)
	}
	c, err := parse(text)
	if err != nil {
		return content{}, fmt.Errorf("%w %s: %w", ErrFile, filepath.Base(path), err)
	}
	return c, nil
}

// parse reads a file's text.
func parse(text []byte) (content, error) {
	var doc document
	if err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&doc); err != nil {
		return content{}, placeOnly(err)
	}
	r := &rows{}
	c := content{
		people:      r.people(doc.Person),
		commissions: r.commissions(doc.Commission),
		consents:    r.consents(doc.Consent),
		engagements: r.engagements(doc.Engagement),
	}
	c.blocks, c.lifts = r.blocks(doc.Block)
	c.relations = r.relations(doc.Relation, c.commissions)
	if len(r.faults) > 0 {
		return content{}, errors.Join(r.faults...)
	}
	return c, nil
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

// given splits a name as the directory has it: all but the first word is the surname.
func given(name string) (first, rest string) {
	first, rest, _ = strings.Cut(name, " ")
	return first, rest
}
