package demo

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Feeds is what the services around the cluster know: the stand-in's file, and the
// register beside it.
type Feeds struct {
	Person     []Person     `toml:"person"`
	Commission []Commission `toml:"commission"`
	Relation   []Relation   `toml:"relation"`
	Consent    []Consent    `toml:"consent"`
	Block      []Block      `toml:"block"`
	Engagement []Engagement `toml:"engagement"`
	Population []Citizen    `toml:"-"` // the register's
}

// Person is somebody to be. The name of one who is protected stands in the directory
// and must be shown nowhere.
type Person struct {
	Key       string `toml:"key"`
	Name      string `toml:"name"`
	Title     string `toml:"title"`
	Employee  string `toml:"employee"`
	Protected bool   `toml:"protected,omitempty"`
}

// shown is what a person is called where one chooses who to be.
func (p Person) shown() string {
	if p.Protected {
		return "Skyddad medarbetare"
	}
	return p.Name
}

// Commission is what somebody may do, where and what for.
type Commission struct {
	Employee         string    `toml:"employee"`
	ID               string    `toml:"id"`
	Name             string    `toml:"name"`
	Purpose          string    `toml:"purpose"`
	Rights           []string  `toml:"rights"`
	CareUnit         string    `toml:"care_unit"`
	CareUnitName     string    `toml:"care_unit_name"`
	CareProvider     string    `toml:"care_provider"`
	CareProviderName string    `toml:"care_provider_name"`
	Start            time.Time `toml:"start"`
	End              time.Time `toml:"end"`
}

// Relation is a care engagement of a unit, or with Employee of one member of staff.
type Relation struct {
	ID           string    `toml:"id,omitempty"`
	Patient      string    `toml:"patient"`
	CareProvider string    `toml:"care_provider"`
	CareUnit     string    `toml:"care_unit"`
	Employee     string    `toml:"employee,omitempty"`
	Start        time.Time `toml:"start"`
	End          time.Time `toml:"end"`
}

// Consent is a consent that another system registered.
type Consent struct {
	Patient      string    `toml:"patient"`
	ID           string    `toml:"id"`
	CareProvider string    `toml:"care_provider"`
	CareUnit     string    `toml:"care_unit"`
	Employee     string    `toml:"employee,omitempty"`
	Start        time.Time `toml:"start"`
	End          time.Time `toml:"end"`
}

// Block is a block of a care provider's or a care unit's records. Start and End are
// Swedish local dates, YYYY-MM-DD; empty: without end.
type Block struct {
	Patient      string   `toml:"patient"`
	ID           string   `toml:"id"`
	Kind         string   `toml:"kind"`
	CareProvider string   `toml:"care_provider"`
	CareUnit     string   `toml:"care_unit,omitempty"`
	Start        string   `toml:"start,omitempty"`
	End          string   `toml:"end,omitempty"`
	Exempt       []string `toml:"exempt,omitempty"`
	Lift         []Lift   `toml:"lift,omitempty"`
}

// Lift is a temporary revoke of a block, for a unit or one of its staff.
type Lift struct {
	ID       string    `toml:"id,omitempty"`
	CareUnit string    `toml:"care_unit"`
	Employee string    `toml:"employee,omitempty"`
	End      time.Time `toml:"end"`
}

// Engagement is what a unit's own system answers when it is asked for one patient.
type Engagement struct {
	Employee string `toml:"employee,omitempty"` // empty: whoever of the unit asks
	Unit     string `toml:"unit"`
	Patient  string `toml:"patient"`
}

// Citizen is what the population register says of a patient.
type Citizen struct {
	Patient   string   `toml:"patient"`
	Protected bool     `toml:"protected,omitempty"`
	Deceased  bool     `toml:"deceased,omitempty"`
	Linked    []string `toml:"linked,omitempty"`
}

// register is the local file: who one can be, whom the directory is asked about, and
// the population register's extract.
type register struct {
	Person   []Person   `toml:"person"`
	Employee []employee `toml:"employee"`
	Patient  []Citizen  `toml:"patient"`
}

type employee struct {
	ID string `toml:"id"`
}

// register takes of the feeds what is the register's.
func (f Feeds) register() register {
	out := register{Patient: f.Population}
	seen := map[string]bool{}
	for _, p := range f.Person {
		out.Person = append(out.Person, Person{Key: p.Key, Name: p.shown(), Title: p.Title, Employee: p.Employee})
	}
	for _, c := range f.Commission {
		if !seen[c.Employee] {
			out.Employee = append(out.Employee, employee{c.Employee})
		}
		seen[c.Employee] = true
	}
	return out
}

// providers are the care providers whose staff are here, in order.
func (f Feeds) providers() []string {
	var all []string
	for _, c := range f.Commission {
		all = append(all, c.CareProvider)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ErrFeeds is a file of the services that nothing can be fed from.
var ErrFeeds = errors.New("feeds")

// ReadFeeds reads of a stand-in's file who is known in it: enough for a register and
// for the services to be asked. The stand-in itself checks the rest.
func ReadFeeds(path string) (Feeds, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Feeds{}, fmt.Errorf("%w: %w", ErrFeeds, err)
	}
	var known struct {
		Person     []Person `toml:"person"`
		Commission []struct {
			Employee     string `toml:"employee"`
			CareProvider string `toml:"care_provider"`
		} `toml:"commission"`
	}
	if err := toml.Unmarshal(text, &known); err != nil {
		return Feeds{}, fmt.Errorf("%w %s: not TOML as tvilling standin has it", ErrFeeds, path)
	}
	f := Feeds{Person: known.Person}
	for _, c := range known.Commission {
		f.Commission = append(f.Commission, Commission{Employee: c.Employee, CareProvider: c.CareProvider})
	}
	if len(f.Commission) == 0 {
		return Feeds{}, fmt.Errorf("%w %s: no [[commission]], so there is nobody to ask for", ErrFeeds, path)
	}
	return f, nil
}

// Encode writes the stand-in's file.
func (f Feeds) Encode() ([]byte, error) { return toml.Marshal(f) }

// EncodeRegister writes the register's file.
func (f Feeds) EncodeRegister() ([]byte, error) { return toml.Marshal(f.register()) }

// WriteFeeds replaces the stand-in's file and the register, each whole; they are read
// again without being told.
func (c *Cluster) WriteFeeds(f Feeds) error {
	for name, encode := range map[string]func() ([]byte, error){fileServices: f.Encode, fileRegister: f.EncodeRegister} {
		text, err := encode()
		if err != nil {
			return err
		}
		next := c.path(name + ".next")
		if err := os.WriteFile(next, text, 0o600); err != nil {
			return err
		}
		if err := os.Rename(next, c.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// The files that the services and the register are.
const (
	fileServices = "services.toml"
	fileRegister = "register.toml"
)
