package patients

func fionaEmergencyTests(c *chart) {
	c.sample(c.ago(97, "2240", doctorEmerg), sample{status: "final", question: "Andnöd, feber", material: "Plasma", comment: "Svar önskas per telefon vid CRP över 100.", groups: []panel{
		{"Infektion", []analysis{
			{npu: "NPU19748", name: "P-CRP", value: "41", unit: "mg/L", high: "3", flag: "H"},
			{npu: "NPU02593", name: "B-Leukocyter", value: "12.8", unit: "10*9/L", low: "3.5", high: "8.8", flag: "H"},
			{npu: "NPU01933", name: "B-Eosinofila", value: "0.6", unit: "10*9/L", low: "0.1", high: "0.5", flag: "H"},
		}},
		{"Elektrolyter", []analysis{
			{npu: "NPU03429", name: "P-Natrium", value: "139", unit: "mmol/L", low: "137", high: "145"},
			{npu: "NPU03230", name: "P-Kalium", value: "3.3", unit: "mmol/L", low: "3.5", high: "4.4", flag: "L", comment: "Kan bero på beta-2-stimulerare."},
			{npu: "NPU18016", name: "P-Kreatinin", value: "62", unit: "µmol/L", low: "45", high: "90"},
		}},
		{"Blodgas, arteriell", []analysis{
			{npu: "NPU12521", name: "aB-pO2", value: "8.1", unit: "kPa", low: "10", high: "13", flag: "L"},
			{npu: "NPU12469", name: "aB-pCO2", value: "4.4", unit: "kPa", low: "4.6", high: "6.0", flag: "L"},
			{npu: "NPU12474", name: "aB-pH", value: "7.46", unit: "1", low: "7.35", high: "7.45", flag: "H"},
		}},
	}})
	c.sample(c.ago(96, "0700", doctorMedicine), sample{status: "final", question: "Kontroll", material: "Plasma", groups: []panel{{"Infektion", []analysis{
		{npu: "NPU19748", name: "P-CRP", value: "28", unit: "mg/L", high: "3", flag: "H"},
		{npu: "NPU03230", name: "P-Kalium", value: "3.9", unit: "mmol/L", low: "3.5", high: "4.4"},
	}}}})
	c.sample(c.ago(94, "1500", doctorMedicine), sample{status: "partial", question: "Luftvägspatogener", material: "Nasofarynxsekret", text: "Odling pågår.", groups: []panel{{"Virus-PCR", []analysis{
		{name: "Rhinovirus-RNA", words: "Påvisat", reference: "Ej påvisat", flag: "A"},
		{name: "Influensavirus A och B-RNA", words: "Ej påvisat", reference: "Ej påvisat"},
		{name: "SARS-CoV-2-RNA", words: "Ej påvisat", reference: "Ej påvisat"},
	}}}})
	c.image(c.ago(97, "2330", radiologist), image{activity: kva("AE014", "Röntgen av lungor"), result: "DEF",
		report: "Hjärtat normalstort. Lätt överexpanderade lungor med avplanade diafragmavalv. Inga infiltrat, ingen stas, ingen pneumothorax.",
		reason: "Infiltrat? Pneumothorax?", anamnesis: "Svår astmaexacerbation, feber 38,1.", modality: "DX", dose: "12", count: "2",
		body: words("Lungor"), address: "https://bild.norrmark.example/wado?studie=akut-4417", asked: doctorEmerg})
	c.image(c.ago(97, "2335", radiologist), image{activity: kva("AE014", "Röntgen av lungor"), result: "PREL",
		report: "Preliminärt: ingen pneumothorax.", comment: "Jourläkares bedömning, se definitivt svar.", reason: "Pneumothorax?", modality: "DX", count: "2", asked: doctorEmerg})
}

func fionaFollowUp(c *chart) {
	at := c.ago(82, "1310", doctorGranen)
	c.contact(at, contact{kind: "1", reason: "Återbesök efter sjukhusvård", end: later(at.when)})
	c.note(at, note{kind: "bes", title: "Återbesök astma",
		text: "Mår mycket bättre, hostar bara på morgonen. PEF 440. Lungor utan biljud. Fortsätter med Symbicort. AKT 18 poäng. Diskuterat katten hos systern, undviker att sova där. Ny kontroll hos astmasköterska om tre månader."})
	c.consultation(c.ago(60, "0915", doctorMedicine), consultation{kind: "SS", title: "Lungmottagning, bedömning",
		text:  "Tack för remissen. Allergisk astma med en exacerbation det senaste året. Spirometri FEV1 84 procent, reversibilitet 12 procent. FeNO 38 ppb. Föreslår fortsatt Symbicort som både underhåll och vid behov. Allergenspecifik immunterapi mot björk kan övervägas, patienten vill tänka på det.",
		cause: icd("J450", "Huvudsakligen allergisk astma"), act: kva("GXFX3", "Spirometri"), actText: "Spirometri före och efter bronkdilatation",
		media: "text/plain", data: []byte("FEV1 före 2,71 L (84 %), efter 3,04 L (94 %)\nFVC 3,62 L (93 %)\nFeNO 38 ppb\n"),
		reason: "Exacerbation med sjukhusvård, bör behandlingen trappas upp?", asked: doctorGranen, attestedBy: "Anna Lindqvist"})
	c.vaccine(c.ago(55, "1120", nurseGranen), vaccine{name: "Pneumokocker", product: "Apexxnar", atc: "J07AL02", batch: "HT4421", maker: "Pfizer", dose: "1", of: "1",
		disease: []string{"Pneumokockinfektion"}, program: "Riskgrupp: astma", site: "Höger överarm", route: "Intramuskulärt", adverse: "Öm arm i två dagar"})
	c.contact(c.ago(40, "1545", neurologist), contact{kind: "2", reason: "Receptförnyelse, migrän", end: c.day(40) + "155500"})
	c.prescription(c.ago(40, "1550", neurologist), prescription{atc: "N02CC04", substance: "rizatriptan", product: "Maxalt Rapitab", form: "Frystorkad tablett", strength: "10", unit: "mg",
		npl: "19980612000031", dosage: "1 tablett på tungan vid anfall. Kan upprepas efter två timmar, högst 2 per dygn.", short: "1 vid behov",
		reason: "Migrän med aura", purpose: "Bryta anfall", started: c.day(40) + "155000", packs: "3", note: "Bytt från sumatriptan på grund av illamående."})
	c.consultation(c.ago(33, "1030", physio), consultation{kind: "SR", title: "Fysioterapi, spänningar i nacke",
		text: "Preliminär bedömning: ömma triggerpunkter i trapezius på vänster sida, god rörlighet. Får träningsprogram. Slutsvar efter fyra besök.", actText: "Undersökning av nacke och skuldror",
		act: kva("PN001", "Bedömning av rörelsefunktion"), reason: "Huvudvärk delvis av spänningstyp?", asked: neurologist})
}

func fionaRecent(c *chart) {
	at := c.ago(26, "0840", nurseGranen)
	c.contact(at, contact{kind: "1", reason: "Sveda vid vattenkastning", end: later(at.when)})
	c.diagnosis(c.ago(26, "0855", doctorGranen), diagnosis{code: icd("N300", "Akut cystit")})
	c.sample(c.ago(26, "0850", doctorGranen), sample{status: "final", question: "Sveda och täta trängningar i två dagar", material: "Urin", groups: []panel{
		{"Urinsticka", []analysis{
			{name: "U-Leukocyter", words: "3+", reference: "Neg", flag: "A"},
			{name: "U-Nitrit", words: "Positiv", reference: "Neg", flag: "A"},
			{name: "U-Erytrocyter", words: "1+", reference: "Neg", flag: "A"},
		}},
		{"Urinodling", []analysis{
			{name: "U-Bakterier", words: "Escherichia coli, 10*5 CFU/mL. Känslig för pivmecillinam, nitrofurantoin och trimetoprim.", flag: "A"},
		}},
	}})
	c.prescription(c.ago(26, "0900", doctorGranen), prescription{atc: "J01XE01", substance: "nitrofurantoin", product: "Furadantin", form: "Tablett", strength: "50", unit: "mg",
		npl: "19550816000012", dosage: "1 tablett tre gånger dagligen i fem dagar, tillsammans med mat.", short: "1x3", reason: "Akut cystit", purpose: "Mot urinvägsinfektion",
		started: c.day(26) + "090000", ended: c.day(21) + "000000", endReason: "Kuren avslutad", packs: "1", note: "Penicillinöverkänslig: pivmecillinam undviks."})
	c.note(c.ago(26, "0905", nurseGranen), note{kind: "bes", title: "Sjuksköterskebesök",
		text: "Sveda och trängningar i två dagar, ingen feber, inga flanksmärtor. Sticka positiv. Läkarkontakt, recept på Furadantin då patienten inte tål penicillin. Råd om vätska. Åter vid feber eller ryggsmärta."})
	c.sample(c.ago(26, "0806", doctorGranen), sample{status: "final", question: "Årskontroll", material: "Blod", groups: []panel{{"Hematologi", []analysis{
		{npu: "NPU28309", name: "B-Hemoglobin", value: "131", unit: "g/L", low: "117", high: "153"},
		{npu: "NPU19763", name: "P-Ferritin", value: "34", unit: "µg/L", low: "10", high: "150"},
		{npu: "NPU03568", name: "B-Trombocyter", value: "266", unit: "10*9/L", low: "165", high: "387"},
	}}}})
	c.note(c.ago(3, "1035", doctorGranen), note{kind: "dag", title: "Telefonsamtal", text: "Ringer om provsvar. Hb, ferritin och sköldkörtelprover är bra. Samma dos Levaxin. Besvären från urinvägarna är borta."})
	unsigned := c.ago(1, "1420", nurseGranen)
	unsigned.unsigned = true
	c.note(unsigned, note{kind: "bes", title: "Astmasköterska, uppföljning", text: "AKT 22 poäng. PEF 455. Inga nattliga besvär. Fortsätter oförändrat."})
	c.contact(c.ago(-21, "0900", nurseGranen), contact{kind: "1", reason: "Bokat besök, spirometri", status: "Inbokad"})
	c.contact(c.ago(1, "1400", nurseGranen), contact{kind: "1", reason: "Uppföljning astma", end: later(unsigned.when)})
	void := c.ago(200, "1100", doctorPractice)
	void.voided = true
	c.image(void, image{activity: kva("NG021", "Röntgen av knä"), result: "DEF", report: "Vänster knä: Normala skelett- och ledförhållanden.", reason: "Smärta efter vridvåld", modality: "DX", asked: doctorPractice})
	c.plan(c.ago(82, "1330", doctorGranen), plan{kind: "VP", title: "Vårdplan astma, reviderad", partners: []Unit{Medicine}, address: "https://dokument.norrmark.example/plan/astma-2"})
	c.dailyLiving(c.ago(655, "1110", doctorPractice), "Bedömning inför sjukskrivning, beviljades inte.",
		ability{"Arbete", "Klarar ordinarie arbetstid, behöver pauser"}, ability{"Hushållsarbete", "Utan svårighet"})
}
