package gallery

import (
	"strconv"
	"time"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// reports are the answers of one who follows up: some entries for each report, none for
// the sample, and statistics.
func (s *stage) reports() map[protocol.ReportKind]protocol.Report {
	rows := s.logRows()
	return map[protocol.ReportKind]protocol.Report{
		protocol.ReportProvider:    {Rows: rows, More: true, After: 7},
		protocol.ReportEmployee:    {Rows: rows[:2]},
		protocol.ReportPatient:     {Rows: rows[1:]},
		protocol.ReportOwner:       {Rows: rows[1:3]},
		protocol.ReportOwnAccess:   {Rows: append(rows[:2:2], protocol.LogRow{Who: protocol.LogWho{CareProvider: patients.Sydhav.Name}})},
		protocol.ReportSample:      {},
		protocol.ReportEmergencies: {Rows: rows[2:]},
		protocol.ReportStatistics:  {Counts: statistics()},
	}
}

func (s *stage) logRows() []protocol.LogRow {
	who := protocol.LogWho{
		Employee: "SE0000000101-P101", Name: "Anna Lindqvist", Title: "Specialistläkare",
		CareUnit: patients.Medicine.Name, CareProvider: patients.Norrmark.Name, Purpose: "Vård och behandling",
	}
	nurse := protocol.LogWho{
		Employee: "SE0000000404-P401", Name: "Maryam Haddad", Title: "Sjuksköterska",
		CareUnit: patients.HomeCare.Name, CareProvider: patients.Bjorkholm.Name, Purpose: "Vård och behandling",
	}
	patient := patientID(s.t, patients.Fiona)
	return []protocol.LogRow{
		{ID: "e1", At: in(-26 * time.Hour), Activity: "Öppna patient", Permit: true, Who: who, Patient: patient},
		{ID: "e2", At: in(-25 * time.Hour), Activity: "Visa urval", Permit: true, Basis: protocol.BasisConsent, Who: who, Patient: patient,
			Contracts: []protocol.Contract{protocol.Diagnosis, protocol.MedicationHistory}, Owners: []string{patients.Linden.Name, patients.Sydhav.Name}},
		{ID: "e3", At: in(-3 * time.Hour), Activity: "Nödöppna", Permit: true, Basis: protocol.BasisEmergency, Who: nurse, Patient: patient,
			Contracts: protocol.Contracts(), Owners: []string{patients.Norrmark.Name}, Note: "Medvetslös vid ankomst, kan inte tillfrågas"},
		{ID: "e4", At: in(-2 * time.Hour), Activity: "Nödöppna", Permit: true, Basis: protocol.BasisEmergency, Who: who, Patient: patient,
			Note: "Svårt sjuk, behöver uppgift om läkemedel", Outcome: protocol.ReviewInOrder, ReviewedAt: in(-time.Hour)},
		{ID: "e5", At: in(-time.Hour), Activity: "Öppna patient", Permit: false, Who: nurse, Patient: patient},
	}
}

func statistics() (all []protocol.Count) {
	for i, series := range []string{"lookups", "users", "patients"} {
		for month := 7; month <= 11; month++ {
			all = append(all, protocol.Count{Series: series, Label: "2026-" + strconv.Itoa(100 + month)[1:], Number: uint32((3 - i) * month * 137)})
		}
		all = append(all, protocol.Count{Series: series, Label: patients.Norrmark.Name, Number: 812},
			protocol.Count{Series: series, Label: patients.Bjorkholm.Name, Few: true})
	}
	for weekday := 1; weekday <= 7; weekday++ {
		all = append(all, protocol.Count{Series: "lookups", Label: strconv.Itoa(weekday), Number: uint32(900 - 80*weekday)})
	}
	return all
}
