package patients

// Harry Harrisson, born 1946: a moderate record from all four care providers, in
// time and kind such that blocks of every sort have something to hit.
func harry(c *chart) {
	harryLungs(c)
	harryHip(c)
	harryHome(c)
}

func harryLungs(c *chart) {
	at := c.ago(1500, "1000", doctorAnkaret)
	c.contact(at, contact{kind: "1", reason: "Långvarig hosta", end: later(at.when)})
	c.diagnosis(at, diagnosis{code: icd("J449", "Kroniskt obstruktiv lungsjukdom, ospecificerad"), chronic: true})
	c.note(at, note{kind: "utr", title: "Utredning KOL", text: "Före detta rökare, 40 paketår, slutade 2009. Spirometri: FEV1 61 procent, ingen reversibilitet. KOL stadium 2, grupp A. Informerad om träning och vaccinationer."})
	c.prescription(at, prescription{atc: "R03BB04", substance: "tiotropium", product: "Spiriva Respimat", form: "Inhalationsvätska", strength: "2.5", unit: "mikrogram/dos", npl: "20060901000107",
		dosage: "2 inhalationer en gång dagligen.", short: "2x1", reason: "KOL", purpose: "Vidga luftrören", started: at.when, packs: "4"})
	c.vaccine(c.ago(400, "0900", nurseAnkaret), vaccine{name: "Influensa", product: "Fluad Tetra", atc: "J07BB02", batch: "279511", maker: "Seqirus", dose: "1", of: "1", disease: []string{"Influensa"}, program: "65 år och äldre"})
	c.alert(c.ago(1490, "1100", doctorAnkaret), alert{kind: "upp-okh", display: "Överkänslighet", comment: "Utslag i bålen.",
		what: drugHypersensitivity(code{code: "J01EE01", system: oidATC, systemName: "ATC", display: "Sulfametoxazol och trimetoprim"}, "Bactrim", severity("2", "Besvärande"))})
	c.sample(c.ago(395, "0800", doctorAnkaret), sample{status: "final", question: "Årskontroll", material: "Blod", groups: []panel{{"Hematologi", []analysis{
		{npu: "NPU28309", name: "B-Hemoglobin", value: "151", unit: "g/L", low: "134", high: "170"},
		{npu: "NPU19748", name: "P-CRP", value: "6", unit: "mg/L", high: "5", flag: "H"},
	}}}})
}

func harryHip(c *chart) {
	at := c.ago(220, "0640", doctorEmerg)
	c.contact(at, contact{kind: "3", reason: "Fall i hemmet", end: c.day(213) + "150000"})
	c.diagnosis(at, diagnosis{code: icd("S720", "Fraktur på lårbenshals")})
	c.diagnosis(at, diagnosis{code: icd("W180", "Fall i samma plan genom att slå emot ett föremål"), secondary: true})
	c.image(c.ago(220, "0720", radiologist), image{activity: kva("ND009", "Röntgen av höft"), result: "DEF", report: "Vänster höft: dislocerad kollumfraktur, Garden 4.", reason: "Fraktur?", modality: "DX", dose: "210", count: "3", body: words("Vänster höft"), asked: doctorEmerg})
	c.note(c.ago(213, "1130", doctorMedicine), note{kind: "epi", title: "Epikris höftfraktur", text: article("Epikris",
		about("Förlopp", "Opererad dag 1 med halvprotes. Ortostatisk hypotension andra dygnet, i övrigt komplikationsfritt."),
		about("Planering", "Trombosprofylax i 28 dagar. Hemgång med hemsjukvård och rehabilitering i hemmet."))})
	c.prescription(c.ago(213, "1140", doctorMedicine), prescription{atc: "B01AB05", substance: "enoxaparin", product: "Klexane", form: "Injektionsvätska, förfylld spruta", strength: "40", unit: "mg", npl: "20021004000039",
		dosage: "1 spruta dagligen i 28 dagar.", short: "1x1", reason: "Trombosprofylax efter höftoperation", started: c.day(213) + "180000", ended: c.day(185) + "000000", endReason: "Kuren avslutad", packs: "3"})
	c.consultation(c.ago(180, "1000", physio), consultation{kind: "SS", title: "Fysioterapi efter höftfraktur", text: "Går med en krycka inomhus. TUG 16 sekunder. Får träna i grupp två gånger i veckan.", actText: "TUG", act: kva("PN001", "Bedömning av rörelsefunktion"), reason: "Gångträning", asked: doctorMedicine})
	c.plan(c.ago(178, "1000", physio), plan{kind: "RP", title: "Rehabiliteringsplan höft", content: "Mål: gå till affären utan hjälpmedel före sommaren.", partners: []Unit{HomeCare}})
	c.sample(c.ago(219, "0700", doctorMedicine), sample{status: "final", question: "Efter operation", material: "Blod", groups: []panel{{"Hematologi", []analysis{
		{npu: "NPU28309", name: "B-Hemoglobin", value: "102", unit: "g/L", low: "134", high: "170", flag: "L"},
	}}}})
}

func harryHome(c *chart) {
	at := c.ago(150, "0915", nurseHome)
	c.contact(at, contact{kind: "1", reason: "Hembesök", end: later(at.when)})
	c.note(at, note{kind: "bes", title: "Hembesök", text: "Vänster höft läkt. Klarar sig med rollator. Behöver hjälp med dusch en gång i veckan."})
	c.dailyLiving(c.ago(149, "0915", therapistHome), "", ability{"Personlig hygien", "Hjälp vid dusch"}, ability{"Förflyttning", "Rollator"})
	c.disability(c.ago(149, "0930", therapistHome), code{code: "d450", system: oidICF, systemName: "ICF", display: "Att gå"}, "Lätt begränsning")
	c.note(c.ago(60, "1330", doctorPractice), note{kind: "bes", title: "Second opinion hosta", text: "Önskar ny bedömning. Spirometri i stort sett oförändrad. Rekommenderar fortsatt behandling och rökfrihet."})
	c.diagnosis(c.ago(60, "1340", doctorPractice), diagnosis{code: icd("R059", "Hosta")})
	c.note(c.ago(12, "1000", doctorAnkaret), note{kind: "bes", title: "Årskontroll KOL", text: "CAT 9 poäng. Inga exacerbationer. Vikt 78 kg. Fortsätter med Spiriva."})
}

// Mohamed Al Samed, born 1990: a short record, and no care engagement with anyone.
func mohamed(c *chart) {
	at := c.ago(45, "1500", doctorGranen)
	c.contact(at, contact{kind: "1", reason: "Ont i halsen", end: later(at.when)})
	c.diagnosis(at, diagnosis{code: icd("J039", "Akut tonsillit, ospecificerad")})
	c.note(at, note{kind: "bes", title: "Halsont", text: "Halsont och feber i tre dagar. Tre Centorkriterier, snabbtest för streptokocker positivt. Kåvepenin i tio dagar."})
	c.prescription(at, prescription{atc: "J01CE02", substance: "fenoximetylpenicillin", product: "Kåvepenin", form: "Filmdragerad tablett", strength: "1", unit: "g", npl: "19690219000014",
		dosage: "1 tablett fyra gånger dagligen i fem dagar.", short: "1x4", reason: "Akut tonsillit", started: at.when, ended: c.day(40) + "000000", endReason: "Kuren avslutad", packs: "1"})
	c.sample(c.ago(45, "1505", doctorGranen), sample{status: "final", question: "Streptokocker?", material: "Svalgsekret", groups: []panel{{"Snabbtest", []analysis{
		{name: "Grupp A-streptokocker", words: "Positiv", reference: "Negativ", flag: "A"},
	}}}})
	c.vaccine(c.on("20210611", "1100", nurseGranen), vaccine{name: "Covid-19", product: "Spikevax", atc: "J07BN01", batch: "3002545", maker: "Moderna", dose: "1", of: "2", disease: []string{"Covid-19"}})
}
