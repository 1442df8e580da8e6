package patients

import "strconv"

// The patients of this file have short records: what there is to try with them is who
// may see them.

// coordinated reports whether an id is a samordningsnummer: its day is raised by 60.
func coordinated(patient string) bool { return patient[6] >= '6' }

// rootOf is the root of an id's kind.
func rootOf(patient string) string {
	if coordinated(patient) {
		return oidCoordination
	}
	return oidPersonal
}

// birthDate is the date in an id, YYYYMMDD.
func birthDate(patient string) string {
	day, err := strconv.Atoi(patient[6:8])
	if err != nil || !coordinated(patient) {
		return patient[:8]
	}
	return patient[:6] + twoDigits(day-60)
}

// sigrid is Sigrid Sköld, born 1984, who lives with a protected identity.
func sigrid(c *chart) {
	at := c.ago(30, "1030", doctorMedicine)
	c.contact(at, contact{kind: "1", reason: "Återbesök", end: later(at.when)})
	c.note(at, note{kind: "bes", title: "Återbesök", text: "Mår bra av behandlingen. Kontakt sker enligt överenskommelse, inga brev hem."})
	c.diagnosis(c.ago(200, "0910", doctorAnkaret), diagnosis{code: icd("G430", "Migrän utan aura")})
}

// ake is Åke Sund, 1931 until last month.
func ake(c *chart) {
	c.diagnosis(c.ago(900, "1010", doctorAnkaret), diagnosis{code: icd("I259", "Kronisk ischemisk hjärtsjukdom, ospecificerad"), chronic: true})
	c.note(c.ago(90, "1400", doctorPractice), note{kind: "bes", title: "Kontroll", text: "Trött, annars oförändrad. Önskar inga fler utredningar."})
	at := c.ago(35, "0300", doctorMedicine)
	c.contact(at, contact{kind: "3", reason: "Andnöd", end: c.day(31) + "110000"})
	c.diagnosis(at, diagnosis{code: icd("J189", "Pneumoni, ospecificerad")})
	c.note(c.ago(31, "1115", doctorMedicine), note{kind: "epi", title: "Epikris", text: "Inkom med lunginflammation. Palliativ vård enligt önskemål. Avled stilla klockan 10.40 i närvaro av dottern."})
}

// elsa is Elsa Lund, born 2018.
func elsa(c *chart) {
	c.vaccine(c.on("20180615", "0930", nurseGranen), vaccine{name: "Sexvalent", product: "Infanrix hexa", atc: "J07CA09", batch: "A21CD311", maker: "GSK", dose: "1", of: "3", disease: []string{"Stelkramp", "Difteri", "Kikhosta"}, program: "Barn"})
	c.note(c.ago(120, "1000", nurseSchool), note{kind: "bes", title: "Hälsobesök i skolan", text: "Trivs i skolan. Syn och hörsel utan anmärkning. Sover bra. Längd 128 cm, vikt 26,5 kg."})
	at := c.ago(20, "1810", doctorMedicine)
	c.contact(at, contact{kind: "1", reason: "Utslag", end: later(at.when)})
	c.note(at, note{kind: "bes", title: "Nässelutslag", text: "Kliande utslag efter jordnötter på kalas. Ingen andningspåverkan. Tablett antihistamin, remiss för utredning."})
	c.alert(c.ago(19, "0900", doctorAnkaret), alert{kind: "upp-okh", display: "Överkänslighet", comment: "Väntar på utredning.",
		what: otherHypersensitivity("Jordnöt", words("Jordnöt"), severity("2", "Besvärande"))})
}

// amina is Amina Yusuf, born 1992, since she got a personnummer.
func amina(c *chart) {
	at := c.ago(75, "1320", doctorMedicine)
	c.contact(at, contact{kind: "1", reason: "Kontroll efter tuberkulos", end: later(at.when)})
	c.note(at, note{kind: "bes", title: "Kontroll", text: "Färdigbehandlad latent tuberkulos. Mår bra. Avslutas."})
	c.diagnosis(c.ago(60, "1015", doctorPractice), diagnosis{code: icd("D509", "Järnbristanemi, ospecificerad")})
	c.sample(c.ago(58, "0800", doctorAnkaret), sample{status: "final", question: "Järnbrist?", material: "Blod", groups: []panel{{"Hematologi", []analysis{
		{npu: "NPU28309", name: "B-Hemoglobin", value: "108", unit: "g/L", low: "117", high: "153", flag: "L"},
	}}}})
}

// aminaBefore is what was written under the number that she had first.
func aminaBefore(c *chart) {
	at := c.ago(1200, "0910", doctorGranen)
	c.contact(at, contact{kind: "1", reason: "Hälsosamtal", end: later(at.when)})
	c.note(at, note{kind: "utr", title: "Hälsosamtal", text: "Nyanländ. Quantiferon positiv, lungröntgen utan anmärkning: latent tuberkulos. Börjar behandling."})
	c.alert(c.ago(1195, "0930", doctorMedicine), alert{kind: "upp-okh", display: "Överkänslighet", comment: "Angioödem.",
		what: drugHypersensitivity(code{code: "J01CA04", system: oidATC, systemName: "ATC", display: "Amoxicillin"}, "Amimox", severity("3", "Livshotande"))})
	c.vaccine(c.ago(1100, "1000", nurseAnkaret), vaccine{name: "Mässling, påssjuka, röda hund", product: "M-M-RVAXPRO", atc: "J07BD52", batch: "W028871", maker: "MSD", dose: "1", of: "2", disease: []string{"Mässling"}})
}

// bertil is Bertil Ström, born 1957, who has everything blocked that there is.
func bertil(c *chart) {
	at := c.ago(300, "1100", doctorAnkaret)
	c.contact(at, contact{kind: "1", reason: "Samtal", end: later(at.when)})
	c.diagnosis(at, diagnosis{code: icd("F329", "Depressiv episod, ospecificerad")})
	c.note(at, note{kind: "bes", title: "Samtal", text: "Nedstämd sedan i höstas. Sjukskriven fyra veckor. Vill inte att andra läser om detta."})
	c.prescription(c.ago(300, "1120", doctorAnkaret), prescription{atc: "N06AB06", substance: "sertralin", product: "Sertralin Krka", form: "Filmdragerad tablett", strength: "50", unit: "mg", npl: "20060428000048",
		dosage: "1 tablett dagligen.", short: "1x1", reason: "Depression", started: at.when, packs: "2"})
	c.note(c.ago(280, "0900", nurseHome), note{kind: "bes", title: "Hembesök", text: "Blodtryck 135/80. Samtal om sömn."})
}
