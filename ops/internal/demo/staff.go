package demo

import (
	"time"

	"tvilling/ops/internal/demo/patients"
)

// The purposes of commissions, and the rights to read in a shared record and to follow
// up the access log.
const (
	purposeCare    = "Vård och behandling"
	purposeQuality = "Kvalitetssäkring"
	purposeAdmin   = "Administration"
	rightShared    = "Läsa;alla;SJF"
	rightLog       = "Läsa;logg;VG"
)

// security is the unit of those who follow up.
var security = patients.Unit{ID: "SE0000000101-1900", Name: "Informationssäkerhet, Region Norrmark", Provider: patients.Norrmark}

// The staff, by their HSA-ids.
const (
	anna    = "SE0000000101-P101"
	nils    = "SE0000000101-P110"
	vera    = "SE0000000101-P190"
	karin   = "SE0000000101-P199"
	erik    = "SE0000000202-P201"
	josefin = "SE0000000202-P203"
	maryam  = "SE0000000404-P401"
)

// Staff returns the demo's feeds as of a time: who works where, care engagements,
// blocks of every kind for those patients who are there to show them, and no consents.
func Staff(now time.Time) Feeds {
	now = now.UTC().Truncate(time.Second)
	f := Feeds{Person: []Person{
		{Key: "anna", Name: "Anna Lindqvist", Title: "Specialistläkare", Employee: anna},
		{Key: "erik", Name: "Erik Sandberg", Title: "Distriktsläkare", Employee: erik},
		{Key: "josefin", Name: "Josefin Öberg", Title: "Barnmorska", Employee: josefin},
		{Key: "maryam", Name: "Maryam Haddad", Title: "Sjuksköterska", Employee: maryam},
		{Key: "karin", Name: "Karin Holm", Title: "Verksamhetsutvecklare", Employee: karin},
		{Key: "vera", Name: "Vera Strand", Title: "Säkerhetsadministratör", Employee: vera},
		{Key: "skyddad", Name: "Nils Ek", Title: "Sjuksköterska", Employee: nils, Protected: true},
	}}
	f.commissions(now)
	f.engagements(now)
	f.blocks(now)
	f.Population = []Citizen{
		{Patient: patients.Sigrid, Protected: true},
		{Patient: patients.Ake, Deceased: true},
		{Patient: patients.Amina, Linked: []string{patients.AminaBefore}},
	}
	return f
}

func (f *Feeds) commissions(now time.Time) {
	from, to := now.AddDate(0, -1, 0), now.AddDate(1, 0, 0)
	add := func(employee, id, name, purpose, right string, u patients.Unit) {
		f.Commission = append(f.Commission, Commission{employee, id, name, purpose, []string{right},
			u.ID, u.Name, u.Provider.ID, u.Provider.Name, from, to})
	}
	add(anna, "SE0000000101-C101", "Läkare, medicinkliniken", purposeCare, rightShared, patients.Medicine)
	add(nils, "SE0000000101-C110", "Sjuksköterska, medicinkliniken", purposeCare, rightShared, patients.Medicine)
	add(erik, "SE0000000202-C201", "Läkare, Ankaret", purposeCare, rightShared, patients.Ankaret)
	add(erik, "SE0000000202-C202", "Kvalitetsarbete, Ankaret", purposeQuality, rightShared, patients.Ankaret)
	add(josefin, "SE0000000202-C203", "Barnmorska, Kusten", purposeCare, rightShared, patients.Kusten)
	add(maryam, "SE0000000404-C401", "Sjuksköterska, hemsjukvården", purposeCare, rightShared, patients.HomeCare)
	add(karin, "SE0000000101-C199", "Verksamhetsutveckling", purposeAdmin, rightShared, patients.Medicine)
	add(vera, "SE0000000101-C190", "Loggranskning, Region Norrmark", purposeAdmin, rightLog, security)
}

// engagements say who is in whose care. Mohamed is in nobody's; Egon's with Kusten is
// known to its own system alone, which is asked when somebody there opens him.
func (f *Feeds) engagements(now time.Time) {
	from, to := now.AddDate(0, -1, 0), now.AddDate(1, 0, 0)
	engaged := func(patient string, units ...patients.Unit) {
		for _, u := range units {
			f.Relation = append(f.Relation, Relation{Patient: patient, CareProvider: u.Provider.ID, CareUnit: u.ID, Start: from, End: to})
		}
	}
	engaged(patients.Fiona, patients.Medicine, patients.Ankaret, patients.Kusten, patients.HomeCare)
	engaged(patients.Egon, patients.Medicine, patients.Ankaret, patients.HomeCare)
	engaged(patients.Harry, patients.Medicine, patients.Ankaret, patients.HomeCare)
	engaged(patients.Linda, patients.Medicine, patients.Ankaret, patients.HomeCare)
	engaged(patients.Sigrid, patients.Medicine, patients.Ankaret)
	engaged(patients.Ake, patients.Medicine, patients.Ankaret)
	engaged(patients.Elsa, patients.Medicine, patients.Ankaret)
	engaged(patients.Amina, patients.Medicine, patients.Ankaret)
	engaged(patients.Bertil, patients.Medicine)
	engaged(patients.Cecilia, patients.Medicine)
	f.Engagement = append(f.Engagement, Engagement{Unit: patients.Kusten.ID, Patient: patients.Egon})
}

// blocks are Harry's, one of each kind, and those that leave nothing of Bertil.
func (f *Feeds) blocks(now time.Time) {
	day := func(days int) string { return now.AddDate(0, 0, -days).Format(time.DateOnly) }
	until := now.AddDate(0, 1, 0)
	f.Block = []Block{
		{Patient: patients.Harry, ID: "harry-emergency", Kind: "inner", CareProvider: patients.Norrmark.ID, CareUnit: patients.Emergency.ID,
			Lift: []Lift{{ID: "harry-emergency-anna", CareUnit: patients.Medicine.ID, Employee: anna, End: until}}},
		{Patient: patients.Harry, ID: "harry-sydhav", Kind: "outer", CareProvider: patients.Sydhav.ID, Exempt: []string{"lak", "upp"},
			Lift: []Lift{{ID: "harry-sydhav-home", CareUnit: patients.HomeCare.ID, End: until}}},
		{Patient: patients.Harry, ID: "harry-linden", Kind: "outer", CareProvider: patients.Linden.ID, Start: day(90), End: day(30)},
		{Patient: patients.Bertil, ID: "bertil-sydhav", Kind: "outer", CareProvider: patients.Sydhav.ID},
		{Patient: patients.Bertil, ID: "bertil-bjorkholm", Kind: "outer", CareProvider: patients.Bjorkholm.ID},
	}
}
