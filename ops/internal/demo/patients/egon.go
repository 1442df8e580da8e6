package patients

// Egon Johansson, born 1936: the variants of every contract, in both of a record's
// moods (signed, unsigned; coded, in words; with and without an end), and one record
// of each contract that does not say whose it is.
func egon(c *chart) {
	egonNotes(c)
	egonDiagnoses(c)
	egonAlerts(c)
	egonFunction(c)
	egonLaboratory(c)
	egonImaging(c)
	egonConsultations(c)
	egonMedication(c)
	egonVaccines(c)
	egonContactsAndPlans(c)
	egonOrphans(c)
}

func egonNotes(c *chart) {
	kinds := []struct {
		kind, title, text string
	}{
		{"utr", "Utredning hjärtsvikt", "Tilltagande andfåddhet i trappor sedan i våras, vaknar nattetid. NT-proBNP förhöjt, eko visar ejektionsfraktion 38 procent. Hjärtsvikt NYHA II–III, sannolikt ischemisk genes."},
		{"bes", "Läkarbesök", "Blodtryck 142/78 liggande, 128/72 stående. Vikt 81,4 kg, ned 2 kg. Inga ödem. Fortsatt upptrappning av behandlingen."},
		{"ins", "Inskrivning", "Inkommer med snabbt förmaksflimmer och försämrad svikt. Frekvens 128, saturation 93 procent. Får furosemid intravenöst."},
		{"dag", "Daganteckning", "Sovit bättre, kissat 2 300 ml. Frekvens 88. Vikten ned 1,6 kg sedan i går."},
		{"epi", "Epikris", "Vårdad fyra dygn för hjärtsvikt utlöst av förmaksflimmer. Frekvensreglerad, insatt på apixaban. Hemgång med hemsjukvård."},
		{"slu", "Slutanteckning", "Sviktmottagningen avslutar uppföljningen, övertas av vårdcentralen."},
		{"sam", "Sammanfattning", "90-årig man, änkling, bor i eget hus. Hjärtsvikt, permanent förmaksflimmer, diabetes typ 2, knäartros. Hemsjukvård två gånger i veckan."},
		{"atb", "Åtgärd", "Sårvård vänster underben. Såret 2 × 3 cm, rent, minskande. Kompression."},
	}
	for i, k := range kinds {
		c.note(c.ago(400-i*31, "1015", doctorMedicine), note{kind: k.kind, title: k.title, text: k.text})
	}
	c.note(c.ago(120, "1300", nurseHome), note{kind: "bes", title: "Hembesök", text: article("Hembesök",
		about("Iakttagelse", "Trivs hemma. Dosetten rätt använd. Blodtryck 138/76, vikt 80,2 kg."),
		about("Frågor", "Vill veta om han får äta grapefrukt. Ja, inget av läkemedlen påverkas nämnvärt."))})
	c.note(c.ago(118, "0905", doctorMedicine), note{kind: "utr", title: "EKG", text: "Förmaksflimmer, frekvens 78.", media: "text/plain",
		data: []byte("Rytm: förmaksflimmer\nFrekvens: 78/min\nQRS: 104 ms\nQTc: 441 ms\n")})
	c.note(c.ago(117, "0905", doctorMedicine), note{kind: "utr", title: "Eko", text: "Se bifogad bild.", media: "image/jpeg", address: "https://bild.norrmark.example/eko/5512"})
	unsigned := c.ago(2, "1530", nurseHome)
	unsigned.unsigned = true
	c.note(unsigned, note{kind: "dag", title: "Telefon från dotter", text: "Dottern undrar över nya tabletter. Återkommer i morgon.",
		opinion: "Dottern ringde inte, det var jag själv.", opinedBy: "Egon Johansson"})
}

func egonDiagnoses(c *chart) {
	c.diagnosis(c.ago(400, "1020", doctorMedicine), diagnosis{code: icd("I509", "Hjärtsvikt, ospecificerad"), chronic: true})
	c.diagnosis(c.ago(307, "1020", doctorMedicine), diagnosis{code: icd("I482", "Kroniskt förmaksflimmer"), chronic: true, related: []string{"DIA-3601-00013"}})
	c.diagnosis(c.ago(307, "1021", doctorMedicine), diagnosis{code: icd("I501", "Vänsterkammarsvikt"), secondary: true})
	c.diagnosis(c.on("20041109", "0900", doctorGranen), diagnosis{code: icd("E119", "Diabetes mellitus typ 2 utan komplikationer"), chronic: true})
	c.diagnosis(c.on("20110523", "1300", doctorPractice), diagnosis{code: words("Knäledsartros, båda sidor"), chronic: true})
	c.diagnosis(c.on("19980302", "1100", doctorAnkaret), diagnosis{code: code{code: "36659-", system: "1.2.752.116.1.1.1.1.1", systemName: "KSH97", display: "Katarakt"}})
}

func egonAlerts(c *chart) {
	c.alert(c.on("20120604", "1000", doctorGranen), alert{kind: "upp-okh", display: "Överkänslighet", comment: "Angioödem efter tre veckors behandling.",
		what: drugHypersensitivity(code{code: "C09AA02", system: oidATC, systemName: "ATC", display: "Enalapril"}, "Enalapril Krka", severity("3", "Livshotande"))})
	c.alert(c.on("19900601", "1000", doctorAnkaret), alert{kind: "upp-okh", display: "Överkänslighet", comment: "Yrkesexponering som målare.",
		what: otherHypersensitivity("Kolofonium", code{code: "256417003", system: oidSnomed, systemName: "SNOMED CT SE", display: "kolofonium"}, severity("1", "Lindrig"))})
	c.alert(c.ago(400, "1030", doctorMedicine), alert{kind: "upp-uas", display: "Allvarlig sjukdom", what: seriousDisease(icd("I509", "Hjärtsvikt, ospecificerad"))})
	c.alert(c.ago(306, "1030", doctorMedicine), alert{kind: "upp-ube", display: "Behandling", comment: "Blödningsrisk vid ingrepp.",
		what: treatment("Behandlas med antikoagulantia", kva("DT026", "Insättning av antikoagulantia"), code{code: "B01AF02", system: oidATC, systemName: "ATC", display: "Apixaban"})})
	c.alert(c.on("20170914", "1000", doctorMedicine), alert{kind: "upp-arb", display: "Smittsam sjukdom", comment: "Odling från sår. Kontaktsmitta.",
		until: "20190301000000", obsolete: "Tre negativa kontrollodlingar, bärarskap avskrivet.",
		what: communicable(icd("U821", "Resistens mot meticillin, MRSA"), words("Kontaktsmitta"))})
	c.alert(c.ago(90, "1115", doctorMedicine), alert{kind: "upp-vbe", display: "Vårdbegränsning", comment: "Beslut i samråd med patient och dotter.",
		what: restriction("Ej hjärt-lungräddning. Ej intensivvård.")})
	c.alert(c.on("20010101", "0800", doctorAnkaret), alert{kind: "upp-est", display: "Ej strukturerad uppmärksamhetsinformation",
		what: unstructured("Hörsel", "Grav hörselnedsättning på höger öra. Tala från vänster, patienten läser på läpparna.")})
}

func egonFunction(c *chart) {
	c.dailyLiving(c.ago(110, "0930", therapistHome), "Bedömning i hemmet, använder rollator ute.",
		ability{"Personlig hygien", "Självständig, duschpall"}, ability{"Påklädning", "Hjälp med stödstrumpor"},
		ability{"Förflyttning", "Rollator utomhus, käpp inomhus"}, ability{"Äta och dricka", "Självständig"}, ability{"Toalettbesök", "Självständig, förhöjd sits"})
	c.disability(c.ago(109, "0930", therapistHome), code{code: "d4602", system: oidICF, systemName: "ICF", display: "Att röra sig omkring utanför sitt eget hem"}, "Måttlig begränsning, högst 200 meter.")
	c.disability(c.ago(108, "0930", therapistHome), words("Nedsatt syn på höger öga"), "")
}

func egonLaboratory(c *chart) {
	c.sample(c.ago(399, "0730", doctorMedicine), sample{status: "final", question: "Svikt?", material: "Plasma", groups: []panel{{"Hjärta", []analysis{
		{npu: "NPU21571", name: "P-NT-proBNP", value: "2860", unit: "ng/L", high: "1800", flag: "H"},
		{npu: "NPU27501", name: "P-Troponin T", value: "24", unit: "ng/L", high: "15", flag: "H"},
	}}, {"Njure", []analysis{
		{npu: "NPU18016", name: "P-Kreatinin", value: "118", unit: "µmol/L", low: "60", high: "105", flag: "H"},
		{name: "Pt-eGFR (krea) relativt", value: "49", unit: "mL/min/1,73m2", low: "60", flag: "L"},
	}}}})
	c.sample(c.ago(110, "0740", doctorGranen), sample{status: "corrected", question: "Diabeteskontroll", text: "Ersätter tidigare svar: fel enhet.", material: "Blod", groups: []panel{{"", []analysis{
		{npu: "NPU27300", name: "B-HbA1c (IFCC)", value: "58", unit: "mmol/mol", low: "31", high: "46", flag: "H"},
	}}}})
	c.sample(c.ago(60, "0740", doctorGranen), sample{status: "partial", question: "Sårodling", material: "Sårsekret", groups: []panel{{"Odling", []analysis{
		{name: "Bakterieodling sår", words: "Växt av Staphylococcus aureus, resistensbestämning följer."},
	}}}})
	c.sample(c.ago(58, "0740", doctorGranen), sample{status: "final", question: "Sårodling", material: "Sårsekret", groups: []panel{{"Odling", []analysis{
		{name: "Bakterieodling sår", words: "Staphylococcus aureus, känslig för isoxazolylpenicillin.", flag: "A"},
	}}}})
	c.sample(c.ago(30, "0740", doctorGranen), sample{status: "final", question: "Svimning", material: "Plasma", groups: []panel{{"", []analysis{
		{npu: "NPU03230", name: "P-Kalium", value: "5.6", unit: "mmol/L", low: "3.6", high: "4.6", flag: "H", comment: "Provet hemolytiskt."},
		{npu: "NPU02192", name: "P-Glukos", value: "9.1", unit: "mmol/L", reference: "Fastande under 6,1 mmol/L"},
	}}}})
}

func egonImaging(c *chart) {
	c.image(c.ago(306, "2210", radiologist), image{activity: kva("AE014", "Röntgen av lungor"), result: "PREL", report: "Preliminärt: ökad kärlteckning, vidgat hjärta.", reason: "Stas?", modality: "DX", asked: doctorEmerg})
	c.image(c.ago(305, "0900", radiologist), image{activity: kva("AE014", "Röntgen av lungor"), result: "DEF", report: "Hjärtat lätt förstorat. Lindrig stas, små pleuravätskor bilateralt.", reason: "Stas?", modality: "DX", dose: "14", count: "2", asked: doctorEmerg})
	c.image(c.ago(305, "1100", radiologist), image{activity: kva("AE014", "Röntgen av lungor"), result: "TILL", report: "Tillägg: Äldre revbensfraktur på vänster sida.", comment: "Eftergranskning.", reason: "Stas?", modality: "DX", asked: doctorEmerg,
		body: words("Lungor"), address: "https://bild.norrmark.example/wado?studie=305-1"})
	c.image(c.ago(200, "1100", radiologist), image{activity: kva("AA022", "DT hjärna"), result: "DEF", report: "Åldersförenlig atrofi. Ingen blödning.", reason: "Fall, antikoagulantia", modality: "CT", dose: "980", count: "64", asked: doctorEmerg})
}

func egonConsultations(c *chart) {
	c.consultation(c.ago(395, "1000", doctorMedicine), consultation{kind: "SS", title: "Ekokardiografi", text: "Vidgad vänsterkammare, EF 38 procent, akinesi inferiort. Lindrig mitralisinsufficiens.",
		cause: icd("I509", "Hjärtsvikt"), act: kva("AF021", "Ekokardiografi"), actText: "Transtorakal ekokardiografi", media: "text/plain", data: []byte("LVEDD 61 mm\nEF 38 %\nPA-tryck 42 mm[Hg]\n"), reason: "Svikt?", asked: doctorGranen, attestedBy: "Anna Lindqvist"})
	c.consultation(c.ago(370, "1000", physio), consultation{kind: "SR", title: "Fysioterapi", text: "Kallas till bedömning inom fyra veckor.", reason: "Balansträning", asked: doctorGranen})
}

func egonMedication(c *chart) {
	start := c.day(300) + "080000"
	c.prescription(c.ago(300, "0930", doctorMedicine), prescription{atc: "B01AF02", substance: "apixaban", product: "Eliquis", form: "Filmdragerad tablett", strength: "2.5", unit: "mg", npl: "20091218000105",
		dosage: "1 tablett morgon och kväll.", short: "1x2", reason: "Förmaksflimmer", purpose: "Förebygga stroke", started: start, packs: "4"})
	c.prescription(c.ago(300, "0931", doctorMedicine), prescription{atc: "C03CA01", substance: "furosemid", product: "Furix", form: "Tablett", strength: "40", unit: "mg", npl: "19840302000015",
		dosage: "1 tablett på morgonen. Extra tablett vid viktuppgång över 2 kg på tre dagar.", short: "1x1", reason: "Hjärtsvikt", started: start, packs: "2"})
	c.prescription(c.ago(280, "0931", doctorMedicine), prescription{atc: "C09CA06", substance: "kandesartan", product: "Candesartan Krka", form: "Tablett", strength: "8", unit: "mg", npl: "20100915000100",
		dosage: "1 tablett dagligen.", short: "1x1", reason: "Hjärtsvikt", started: start, ended: c.day(100) + "000000", endReason: "Lågt blodtryck"})
	c.prescription(c.ago(100, "0931", doctorGranen), prescription{atc: "C09CA06", substance: "kandesartan", product: "Candesartan Krka", form: "Tablett", strength: "8", unit: "mg",
		dosage: "Utsatt.", reason: "Hjärtsvikt", started: start, ended: c.day(100) + "000000", endReason: "Lågt blodtryck", withdrawn: true})
	c.prescription(c.ago(90, "1000", nurseHome), prescription{unstructured: "Mjukgörande kräm, 250 g, apotekets egen", dosage: "Smörjes morgon och kväll.", reason: "Torr hud", started: c.day(90) + "000000"})
	c.prescription(c.ago(-3, "0800", doctorGranen), prescription{atc: "M01AX05", substance: "glukosamin", product: "Artrox", form: "Tablett", strength: "625", unit: "mg",
		dosage: "2 tabletter dagligen i tre månader.", short: "2x1", reason: "Artros", started: c.day(-3) + "000000", ended: c.day(-93) + "000000"})
}

func egonVaccines(c *chart) {
	for i, days := range []int{730, 366, 20} {
		c.vaccine(c.ago(days, "1000", nurseGranen), vaccine{name: "Influensa", product: "Fluad Tetra", atc: "J07BB02", batch: "27940" + string(rune('1'+i)), maker: "Seqirus", dose: "1", of: "1",
			disease: []string{"Influensa"}, program: "65 år och äldre", site: "Vänster överarm", route: "Intramuskulärt"})
	}
	c.vaccine(c.on("20210304", "1000", nurseHome), vaccine{name: "Covid-19", product: "Comirnaty", dose: "1", of: "2", batch: "EP2163", maker: "BioNTech", disease: []string{"Covid-19"}, adverse: "Feber"})
}

func egonContactsAndPlans(c *chart) {
	c.contact(c.ago(307, "0200", doctorMedicine), contact{kind: "3", reason: "Hjärtsvikt, förmaksflimmer", end: c.day(303) + "130000"})
	c.contact(c.ago(118, "0900", doctorMedicine), contact{kind: "1", reason: "Kontroll", end: c.day(118) + "093000"})
	c.contact(c.ago(2, "1525", nurseHome), contact{kind: "2", reason: "Rådgivning", status: "Pågående"})
	c.contact(c.ago(50, "0800", doctorMedicine), contact{kind: "4", reason: "Elkonvertering", status: "Inställd"})
	c.contact(c.ago(49, "0800", nurseHome), contact{kind: "5", reason: "Samordnat möte", end: c.day(49) + "090000"})
	for i, kind := range []string{"SIP", "VP", "SPU", "GP", "SVP"} {
		c.plan(c.ago(100-i*9, "1400", nurseHome), plan{kind: kind, title: "Plan " + kind + " för Egon", partners: []Unit{Granen, Medicine},
			content: "Mål: bo kvar hemma och klara trappan till övervåningen.\nAnsvar: hemsjukvården tisdag och fredag, vårdcentralen läkemedel, dottern inköp."})
	}
	c.plan(c.ago(40, "1400", nurseHome), plan{kind: "HP", title: "Plan som dokument", address: "https://dokument.bjorkholm.example/plan/77"})
}
