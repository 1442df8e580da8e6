package demo

import (
	"os"
	"time"

	"github.com/pelletier/go-toml/v2"

	"tvilling/ops/internal/demo/patients"
)

// Feeds is the file that the security projections are fed from.
type Feeds struct {
	Person     []Person     `toml:"person"`
	Commission []Commission `toml:"commission"`
	Relation   []Relation   `toml:"relation"`
	Consent    []Consent    `toml:"consent"`
	Block      []Block      `toml:"block"`
}

// Person is somebody to be.
type Person struct {
	Key      string `toml:"key"`
	Name     string `toml:"name"`
	Title    string `toml:"title"`
	Employee string `toml:"employee"`
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
}

// The purposes of commissions, and the right to read in a shared record.
const (
	purposeCare    = "Vård och behandling"
	purposeQuality = "Kvalitetssäkring"
	purposeAdmin   = "Administration"
	rightShared    = "Läsa;alla;SJF"
)

// Staff returns the demo's feeds as of a time: five people, care engagements with four
// of the patients, no consents and no blocks. An empty list of blocks is knowledge too.
func Staff(now time.Time) Feeds {
	now = now.UTC().Truncate(time.Second)
	from, to := now.AddDate(0, -1, 0), now.AddDate(1, 0, 0)
	f := Feeds{Person: []Person{
		{"anna", "Anna Lindqvist", "Specialistläkare", "SE0000000101-P101"},
		{"erik", "Erik Sandberg", "Distriktsläkare", "SE0000000202-P201"},
		{"josefin", "Josefin Öberg", "Barnmorska", "SE0000000202-P203"},
		{"maryam", "Maryam Haddad", "Sjuksköterska", "SE0000000404-P401"},
		{"karin", "Karin Holm", "Verksamhetsutvecklare", "SE0000000101-P199"},
	}}
	commission := func(employee, id, name, purpose string, u patients.Unit) {
		f.Commission = append(f.Commission, Commission{employee, id, name, purpose, []string{rightShared},
			u.ID, u.Name, u.Provider.ID, u.Provider.Name, from, to})
	}
	commission("SE0000000101-P101", "SE0000000101-C101", "Läkare, medicinkliniken", purposeCare, patients.Medicine)
	commission("SE0000000202-P201", "SE0000000202-C201", "Läkare, Ankaret", purposeCare, patients.Ankaret)
	commission("SE0000000202-P201", "SE0000000202-C202", "Kvalitetsarbete, Ankaret", purposeQuality, patients.Ankaret)
	commission("SE0000000202-P203", "SE0000000202-C203", "Barnmorska, Kusten", purposeCare, patients.Kusten)
	commission("SE0000000404-P401", "SE0000000404-C401", "Sjuksköterska, hemsjukvården", purposeCare, patients.HomeCare)
	commission("SE0000000101-P199", "SE0000000101-C199", "Verksamhetsutveckling", purposeAdmin, patients.Medicine)

	engaged := func(patient string, units ...patients.Unit) {
		for _, u := range units {
			f.Relation = append(f.Relation, Relation{Patient: patient, CareProvider: u.Provider.ID, CareUnit: u.ID, Start: from, End: to})
		}
	}
	engaged(patients.Fiona, patients.Medicine, patients.Ankaret, patients.Kusten, patients.HomeCare)
	engaged(patients.Egon, patients.Medicine, patients.Ankaret, patients.HomeCare)
	engaged(patients.Harry, patients.Medicine, patients.Ankaret, patients.HomeCare)
	engaged(patients.Linda, patients.Medicine, patients.Ankaret, patients.HomeCare)
	return f
}

// Encode writes the feeds file's text.
func (f Feeds) Encode() ([]byte, error) { return toml.Marshal(f) }

// WriteFeeds replaces the feeds file whole; nodes read it again by themselves.
func (c *Cluster) WriteFeeds(f Feeds) error {
	text, err := f.Encode()
	if err != nil {
		return err
	}
	next := c.path("feeds.next")
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, c.path("feeds.toml"))
}
