package patients

func fionaPregnancy(c *chart) {
	first := c.on("20210914", "0900", midwifeKusten)
	c.contact(first, contact{kind: "1", reason: "Inskrivning mödravård", end: "20210914101500"})
	c.diagnosis(first, diagnosis{code: icd("Z340", "Övervakning av normal förstagångsgraviditet")})
	c.maternity(first.titled("Inskrivning"), group("registrationRecord",
		text("lastMenstrualPeriod", "20210712"), text("indicationPregnancy", "20210818"),
		text("expectedDayOfDeliveryFromLastMenstrualPeriod", "20220418"),
		quantity("length", "168", "cm"), quantity("weight", "64.5", "kg"), quantity("bodyMassIndex", "22.9", "kg/m2"),
		boolean("diseasesThrombosis", false), boolean("diseasesEndocineDiseases", false),
		boolean("diseasesRecurrentUrinaryTractInfections", false), boolean("diseasesDiabetesMellitus", false),
		group("medicationDuringPregnacy", text("medicament", "Pulmicort Turbuhaler 200 mikrogram"), text("dosage", "1 inhalation morgon och kväll")),
		boolean("assessmentAtFirstContactStandardCare", true)))
	visits := []struct {
		day   string
		visit checkup
	}{
		{"20211109", checkup{"17", "66.1", "", "121", "112", "68", "150", ""}},
		{"20220118", checkup{"27", "70.4", "26", "104", "116", "70", "144", "1"}},
		{"20220301", checkup{"33", "73.0", "31", "109", "120", "74", "140", "0"}},
		{"20220329", checkup{"37", "74.8", "35", "114", "124", "78", "136", "0"}},
		{"20220412", checkup{"39", "75.6", "36", "115", "126", "80", "138", "0"}},
	}
	for _, v := range visits {
		c.maternity(c.on(v.day, "1020", midwifeKusten).titled("Basbesök vecka "+v.visit.weeks), v.visit.node())
	}
	c.consultation(c.on("20211122", "1410", midwifeWomen), consultation{kind: "SS", title: "Rutinultraljud vecka 18",
		text:  "En levande foster i sätesläge. Biometri motsvarar 18 veckor + 5 dagar. Beräknad förlossning 20 april. Placenta i framvägg, når inte inre modermunnen. Inga avvikelser sedda.",
		cause: icd("Z340", "Normal graviditet"), act: kva("DM023", "Ultraljud av foster"), actText: "Ultraljudsundersökning av foster",
		reason: "Rutinultraljud", asked: midwifeKusten})
	low := c.on("20220118", "1200", midwifeKusten)
	c.diagnosis(low, diagnosis{code: icd("D509", "Järnbristanemi, ospecificerad")})
	c.sample(low, sample{status: "final", question: "Trött, Hb 104 på mottagningen", material: "Blod", groups: []panel{{"Anemiutredning", []analysis{
		{npu: "NPU28309", name: "B-Hemoglobin", value: "104", unit: "g/L", low: "117", high: "153", flag: "L"},
		{npu: "NPU01961", name: "Erc(B)-MCV", value: "79", unit: "fL", low: "82", high: "98", flag: "L"},
		{npu: "NPU19763", name: "P-Ferritin", value: "7", unit: "µg/L", low: "10", high: "150", flag: "L"},
		{npu: "NPU01700", name: "P-Kobalaminer", value: "288", unit: "pmol/L", low: "140", high: "650"},
	}}}})
	c.prescription(low, prescription{atc: "B03AA07", substance: "järnsulfat", product: "Duroferon", form: "Depottablett", strength: "100", unit: "mg Fe2+",
		npl: "19660419000014", dosage: "1 tablett på morgonen varannan dag, gärna med apelsinjuice. Inte tillsammans med mjölk.", short: "1 varannan dag",
		reason: "Järnbristanemi", purpose: "Fylla järndepåer", started: "20220118000000", ended: "20220901000000", endReason: "Behandlingen avslutad enligt plan", packs: "3"})
	c.vaccine(c.on("20211214", "1330", midwifeKusten), vaccine{name: "Influensa", product: "Vaxigrip Tetra", atc: "J07BB02", batch: "U3B441M", maker: "Sanofi Pasteur",
		dose: "1", of: "1", disease: []string{"Influensa"}, program: "Riskgrupp: gravida", site: "Vänster överarm", route: "Intramuskulärt"})
}

func fionaDelivery(c *chart) {
	in := c.on("20220423", "0345", midwifeWomen)
	c.contact(in, contact{kind: "3", reason: "Förlossning", end: "20220425113000"})
	c.note(in, note{kind: "ins", title: "Inskrivning förlossning",
		text: "Förstföderska i vecka 40+3. Regelbundna värkar sedan midnatt, vattenavgång klockan 02.10, klart fostervatten. Öppen 4 cm. CTG normalt. Kända: astma med inhalationssteroid, penicillinallergi. Önskar lustgas och bad."})
	out := c.on("20220425", "1040", doctorWomen)
	c.diagnosis(out, diagnosis{code: icd("O809", "Spontanförlossning vid enkelbörd, ospecificerad")})
	c.diagnosis(out, diagnosis{code: icd("O701", "Perinealbristning av andra graden under förlossning"), secondary: true})
	c.note(out, note{kind: "epi", title: "Epikris förlossning", text: article("Epikris",
		about("Förlopp", "Spontan start vecka 40+3. Vaginal förlossning klockan 14.52 den 23 april av levande flicka, 3 480 gram, 50 cm, Apgar 9-10-10. Grad 2-bristning suturerad i lokalbedövning. Blödning 350 ml."),
		about("Eftervård", "Amningen kommer igång efter tillmatning första dygnet. Hb 108 vid hemgång."),
		about("Planering", "Eftervårdsbesök hos barnmorska om åtta veckor. Fortsatt järn. Vid feber eller ökad blödning: hör av sig."))})
	c.maternity(out.titled("Efter förlossning"), group("postDeliveryRecord",
		group("motherPostDeliveryRecord",
			quantity("bloodPressureSystolic", "118", "mm[Hg]"), quantity("bloodPressureDiastolic", "72", "mm[Hg]"),
			quantity("haemoglobin", "108", "g/L"), text("bodyTemperature", "36.9"),
			boolean("perineumComfortable", true), boolean("uterusContracted", true),
			text("uterusNote", "Två tvärfinger under naveln"), boolean("breastfeeding", true)),
		group("childPostDeliveryRecord", text("ordinalNumber", "1"), quantity("weight", "3480", "g"),
			text("apgarScore1", "9"), text("apgarScore5", "10"), text("apgarScore10", "10"))))
	c.sample(c.on("20220424", "0715", midwifeWomen), sample{status: "final", question: "Dag 1 efter förlossning", material: "Blod", groups: []panel{{"Hematologi", []analysis{
		{npu: "NPU28309", name: "B-Hemoglobin", value: "108", unit: "g/L", low: "117", high: "153", flag: "L"},
	}}}})
	c.contact(c.on("20220620", "1300", midwifeKusten), contact{kind: "1", reason: "Eftervårdsbesök", end: "20220620134500"})
	c.note(c.on("20220620", "1330", midwifeKusten), note{kind: "bes", title: "Eftervård",
		text:  "Mår bra men är mycket trött och fryser. Delammar. Läkt bristning. Önskar hormonspiral, östrogen är olämpligt på grund av migrän med aura. Tar prov på sköldkörteln.",
		media: "application/pdf", address: "https://dokument.sydhav.example/broschyr/hormonspiral",
		opinion: "Jag sa inte att jag var mycket trött, jag sa att jag var trött som alla med småbarn.", opinedBy: "Fiona Andersdotter"})
}
