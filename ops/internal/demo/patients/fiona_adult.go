package patients

func fionaThyroid(c *chart) {
	at := c.on("20220705", "1010", doctorAnkaret)
	c.contact(at, contact{kind: "1", reason: "Trötthet efter förlossning", end: "20220705103500"})
	c.diagnosis(at, diagnosis{code: icd("E063", "Autoimmun tyreoidit"), chronic: true})
	c.diagnosis(at, diagnosis{code: icd("E039", "Hypotyreos, ospecificerad"), secondary: true, chronic: true})
	c.sample(c.on("20220621", "0810", doctorAnkaret), sample{status: "final", question: "Trött, frusen två månader efter förlossning", material: "Plasma", groups: []panel{{"Tyreoidea", []analysis{
		{npu: "NPU03577", name: "P-TSH", value: "14.2", unit: "mIE/L", low: "0.4", high: "3.7", flag: "H"},
		{npu: "NPU03579", name: "P-T4, fritt", value: "9.1", unit: "pmol/L", low: "12", high: "22", flag: "L"},
		{npu: "NPU20041", name: "P-TPO-antikroppar", value: "612", unit: "kIE/L", high: "34", flag: "H"},
	}}}})
	c.prescription(at, prescription{atc: "H03AA01", substance: "levotyroxinnatrium", product: "Levaxin", form: "Tablett", strength: "50", unit: "mikrogram",
		npl: "19701106000013", dosage: "1 tablett på morgonen, fastande, en halvtimme före frukost.", short: "1x1",
		reason: "Hypotyreos", purpose: "Ersätta sköldkörtelhormon", started: "20220705000000", ended: "20220920000000", endReason: "Dosen höjd", packs: "1"})
	c.prescription(c.on("20220920", "1120", doctorAnkaret), prescription{atc: "H03AA01", substance: "levotyroxinnatrium", product: "Levaxin", form: "Tablett", strength: "75", unit: "mikrogram",
		npl: "20020131000230", dosage: "1 tablett på morgonen, fastande, en halvtimme före frukost.", short: "1x1",
		reason: "Hypotyreos", purpose: "Ersätta sköldkörtelhormon", started: "20220920000000", packs: "4", note: "TSH om sex veckor, därefter årligen."})
	c.note(at, note{kind: "bes", title: "Sköldkörtel",
		text: "Två månader efter förlossning. Trött, frusen, håravfall. TSH 14,2 med lågt fritt T4 och höga TPO-antikroppar: autoimmun tyreoidit. Börjar med Levaxin 50 mikrogram. Amning är inget hinder. Informerad om att nivåerna kan behöva följas extra vid ny graviditet."})
}

// fionaThyroidTrend is the same analyses over the years: something to draw.
func fionaThyroidTrend(c *chart) {
	series := []struct {
		daysAgo      int
		by           person
		tsh, t4, raw string
	}{
		{1100, doctorAnkaret, "6.1", "11.4", "HL"},
		{1010, doctorAnkaret, "3.2", "14.8", ""},
		{660, doctorPractice, "2.4", "15.6", ""},
		{310, doctorGranen, "5.3", "12.6", "H"},
		{250, doctorGranen, "2.9", "15.1", ""},
		{26, doctorGranen, "2.1", "16.0", ""},
	}
	for _, s := range series {
		tsh := analysis{npu: "NPU03577", name: "P-TSH", value: s.tsh, unit: "mIE/L", low: "0.4", high: "3.7"}
		t4 := analysis{npu: "NPU03579", name: "P-T4, fritt", value: s.t4, unit: "pmol/L", low: "12", high: "22"}
		if s.raw != "" {
			tsh.flag = "H"
		}
		if s.raw == "HL" {
			t4.flag = "L"
		}
		c.sample(c.ago(s.daysAgo, "0805", s.by), sample{status: "final", question: "Kontroll av Levaxin", material: "Plasma",
			groups: []panel{{"Tyreoidea", []analysis{tsh, t4}}}})
	}
}

func fionaWorry(c *chart) {
	at := c.ago(690, "1440", doctorPractice)
	c.contact(at, contact{kind: "1", reason: "Oro och sömnsvårigheter", end: later(at.when)})
	c.diagnosis(at, diagnosis{code: icd("F411", "Generaliserat ångestsyndrom")})
	c.note(at, note{kind: "bes", title: "Nybesök oro", text: article("Nybesök",
		about("Aktuellt", "28-årig kvinna, arbetar som grafisk formgivare. Ökande oro sedan ett år, svårt att somna, spänd i nacken. Ingen dödsönskan. Sover fem timmar."),
		about("Bedömning", "GAD-7 15 poäng, MADRS-S 14. Generaliserat ångestsyndrom utan säker depression."),
		about("Plan", "Erbjuds KBT på nätet. Sertralin 25 mg i en vecka, sedan 50 mg. Återbesök om fyra veckor."))})
	c.prescription(at, prescription{atc: "N06AB06", substance: "sertralin", product: "Sertralin Krka", form: "Filmdragerad tablett", strength: "50", unit: "mg",
		npl: "20050210000040", dosage: "½ tablett dagligen i en vecka, därefter 1 tablett dagligen, på morgonen.", short: "1x1",
		reason: "Generaliserat ångestsyndrom", purpose: "Minska oro", started: at.when, ended: c.day(280) + "000000", endReason: "Planerad utsättning efter god effekt", packs: "1"})
	c.prescription(c.ago(280, "1015", doctorPractice), prescription{atc: "N06AB06", substance: "sertralin", product: "Sertralin Krka", form: "Filmdragerad tablett", strength: "50", unit: "mg",
		npl: "20050210000040", dosage: "Trappas ut under fyra veckor.", reason: "Generaliserat ångestsyndrom", started: at.when,
		ended: c.day(280) + "000000", endReason: "Planerad utsättning efter god effekt", withdrawn: true})
	c.disability(c.ago(655, "1100", doctorPractice), code{code: "b134", system: oidICF, systemName: "ICF", display: "Sömnfunktioner"},
		"Insomningstid omkring 90 minuter, två uppvaknanden. Måttligt hinder i arbetet.")
	c.note(c.ago(280, "1015", doctorPractice), note{kind: "bes", title: "Avslut",
		text: "Ett halvår på stabil dos, GAD-7 4 poäng. Sover gott. Vill sluta med medicinen, vilket vi gör stegvis. Vet vart hon vänder sig om oron kommer tillbaka."})
}

func fionaAsthma(c *chart) {
	year := c.ago(365, "0930", nurseGranen)
	c.contact(year, contact{kind: "1", reason: "Årskontroll astma", end: later(year.when)})
	c.note(year, note{kind: "bes", title: "Årskontroll astma",
		text: "AKT 21 poäng, välkontrollerad. Använder Airomir högst en gång i veckan. Spirometri: FEV1 88 procent av förväntat, reversibilitet 6 procent. Inhalationsteknik god. Röker inte. Har inte vaccinerat sig mot influensa i år, gör det i dag."})
	c.vaccine(year, vaccine{name: "Influensa", product: "Fluarix Tetra", atc: "J07BB02", batch: "AFLBA412AB", maker: "GSK", dose: "1", of: "1",
		disease: []string{"Influensa"}, program: "Riskgrupp: astma", site: "Vänster överarm", route: "Intramuskulärt"})
	c.prescription(c.ago(365, "0950", doctorGranen), prescription{atc: "R03BA02", substance: "budesonid", product: "Pulmicort Turbuhaler", form: "Inhalationspulver", strength: "200", unit: "mikrogram/dos",
		npl: "19900921000027", dosage: "1 inhalation morgon och kväll. Skölj munnen efteråt.", short: "1x2", reason: "Astma", purpose: "Förebyggande mot astma",
		started: year.when, ended: c.day(96) + "000000", endReason: "Ersatt av kombinationspreparat", packs: "4"})
	c.prescription(c.ago(365, "0952", doctorGranen), prescription{atc: "R03AC02", substance: "salbutamol", product: "Airomir Autohaler", form: "Inhalationsspray", strength: "0.1", unit: "mg/dos",
		npl: "19970418000050", dosage: "1–2 inhalationer vid behov vid andnöd.", short: "vid behov", reason: "Astma", purpose: "Snabb lindring", started: year.when, packs: "2"})
	c.plan(c.ago(365, "1000", nurseGranen), plan{kind: "VP", title: "Vårdplan astma", partners: []Unit{Ankaret},
		content: "Mål: AKT minst 20, inga akutbesök.\nVid försämring: dubbla dosen i två veckor, snabbverkande vid behov, sök om ingen förbättring på ett dygn.\nÅterbesök: årligen hos astmasköterska."})
}

func fionaEmergency(c *chart) {
	at := c.ago(97, "2215", doctorEmerg)
	stay := "KONT-" + c.day(97)
	c.contact(at.on(stay), contact{kind: "3", reason: "Akut andnöd", end: c.day(95) + "140000"})
	c.note(c.ago(97, "2150", nurseEmerg).on(stay), note{kind: "ins", title: "Triage",
		text: "Kommer med ambulans. Talar i korta meningar. AF 28, saturation 91 procent på luft, puls 118, blodtryck 132/80, temperatur 38,1. Triage orange. Inhalerat Ventoline och Atrovent i ambulansen."})
	c.note(at.on(stay), note{kind: "bes", title: "Akutbesök andnöd", text: article("Akutbesök",
		about("Aktuellt", "Förkyld sedan fyra dagar. Tilltagande andnöd det senaste dygnet trots Airomir varannan timme. Hosta med gulaktiga upphostningar."),
		about("Status", "Medtagen, använder auxiliär andningsmuskulatur. Förlängt exspirium och ronki bilateralt. Hjärta: regelbunden takykardi."),
		about("Bedömning", "Svår astmaexacerbation utlöst av luftvägsinfektion. Penicillinöverkänslighet noterad."),
		about("Åtgärd", "Nebulisering upprepat, Betapred 8 mg peroralt, syrgas 2 liter. Läggs in på medicinkliniken."))})
	c.diagnosis(at.on(stay), diagnosis{code: icd("J459", "Astma, ospecificerad")})
	c.diagnosis(at.on(stay), diagnosis{code: icd("J209", "Akut bronkit, ospecificerad"), secondary: true})
	out := c.ago(95, "1320", doctorMedicine).on(stay)
	c.note(out, note{kind: "epi", title: "Epikris", text: article("Epikris Medicinkliniken",
		about("Diagnos", "Astmaexacerbation J45.9. Akut bronkit J20.9."),
		about("Förlopp", "God effekt av nebulisering och kortison. Syrgasfri efter ett dygn. PEF 290 vid ankomst, 410 vid hemgång, personbästa 460. Lungröntgen utan infiltrat. CRP 41, sjunkande."),
		about("Läkemedel", "Pulmicort byts mot Symbicort. Prednisolon 30 mg dagligen i fem dagar. Inga antibiotika."),
		about("Planering", "Återbesök vårdcentralen Granen inom två veckor. Sök akut vid försämring."))})
	c.prescription(out, prescription{atc: "R03AK07", substance: "formoterol och budesonid", product: "Symbicort Turbuhaler", form: "Inhalationspulver", strength: "160", unit: "mikrogram/dos",
		npl: "20000825000021", dosage: "2 inhalationer morgon och kväll. Dessutom 1 vid behov, högst 8 per dygn.", short: "2x2", reason: "Astma", purpose: "Förebyggande och lindrande", started: out.when, packs: "3"})
	c.prescription(out, prescription{atc: "H02AB06", substance: "prednisolon", product: "Prednisolon Pfizer", form: "Tablett", strength: "10", unit: "mg",
		npl: "19561215000012", dosage: "3 tabletter på morgonen i fem dagar.", short: "3x1", reason: "Astmaexacerbation", purpose: "Dämpa inflammation",
		started: out.when, ended: c.day(90) + "000000", endReason: "Kuren avslutad", packs: "1"})
}
