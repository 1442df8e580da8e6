package patients

// Fiona Andersdotter, born 1997: asthma since childhood, a broken wrist, migraine, a
// pregnancy, a slow thyroid, and a bad winter. Four care providers, nine units.
func fiona(c *chart) {
	fionaChildhood(c)
	fionaWrist(c)
	fionaMigraine(c)
	fionaPregnancy(c)
	fionaDelivery(c)
	fionaThyroid(c)
	fionaThyroidTrend(c)
	fionaWorry(c)
	fionaAsthma(c)
	fionaEmergency(c)
	fionaEmergencyTests(c)
	fionaFollowUp(c)
	fionaRecent(c)
}

func fionaChildhood(c *chart) {
	c.vaccine(c.on("20030512", "1015", nurseAnkaret), vaccine{name: "Difteri, stelkramp, kikhosta, polio", product: "Tetravac", atc: "J07CA02",
		batch: "C0418A", maker: "Sanofi Pasteur", dose: "4", of: "4", disease: []string{"Difteri", "Stelkramp", "Kikhosta", "Polio"},
		program: "Allmänna barnvaccinationsprogrammet", site: "Vänster överarm", route: "Intramuskulärt"})
	c.vaccine(c.on("20071003", "0930", nurseSchool), vaccine{name: "Mässling, påssjuka, röda hund", product: "M-M-RVAXPRO", atc: "J07BD52",
		batch: "NJ12450", maker: "MSD", dose: "2", of: "2", disease: []string{"Mässling", "Påssjuka", "Röda hund"},
		program: "Allmänna barnvaccinationsprogrammet", site: "Höger överarm", route: "Subkutant", adverse: "Lätt feber i ett dygn"})
	for i, day := range []string{"20100922", "20101124", "20110330"} {
		c.vaccine(c.on(day, "1305", nurseSchool), vaccine{name: "Humant papillomvirus", product: "Gardasil", atc: "J07BM01",
			batch: "NK4120" + string(rune('1'+i)), maker: "MSD", dose: string(rune('1' + i)), of: "3", disease: []string{"HPV-infektion"},
			program: "Allmänna barnvaccinationsprogrammet", site: "Vänster överarm", route: "Intramuskulärt"})
	}
	c.diagnosis(c.on("20040218", "1100", doctorAnkaret), diagnosis{code: icd("L209", "Atopiskt eksem, ospecificerat"), chronic: true})
	c.diagnosis(c.on("20060907", "1430", doctorAnkaret), diagnosis{code: icd("J450", "Huvudsakligen allergisk astma"), chronic: true})
	c.alert(c.on("20090314", "1620", doctorAnkaret), alert{kind: "upp-okh", display: "Överkänslighet",
		comment: "Generell urtikaria och läppsvullnad två timmar efter andra dosen. Inget andningspåverkan. Ska inte provas igen utan allergologisk bedömning.",
		what: drugHypersensitivity(code{code: "J01CE02", system: oidATC, systemName: "ATC", display: "Fenoximetylpenicillin"},
			"Kåvepenin", severity("2", "Besvärande"))})
	c.alert(c.on("20060907", "1445", doctorAnkaret), alert{kind: "upp-okh", display: "Överkänslighet",
		comment: "Björk och katt, pricktest 3+ respektive 2+.",
		what:    otherHypersensitivity("Björkpollen och katt", words("Inhalationsallergen"), severity("1", "Lindrig"))})
	c.note(c.on("20060907", "1450", doctorAnkaret), note{kind: "bes", title: "Nybesök astma",
		text: "Nioårig flicka som hostat nattetid sedan våren och blir andfådd på idrotten. Mor med astma. Pricktest positivt för björk och katt. PEF 210, stiger till 265 efter Bricanyl. Bedöms som allergisk astma. Insätter inhalationssteroid i låg dos, har fått instruktion i teknik och visar upp den väl. Åter till astmasköterska om sex veckor."})
}

func fionaWrist(c *chart) {
	at := c.on("20150208", "1940", doctorEmerg)
	c.contact(at, contact{kind: "1", reason: "Fall i halka, smärta höger handled", end: "20150208233000"})
	c.diagnosis(at, diagnosis{code: icd("S525", "Fraktur på nedre delen av radius")})
	c.diagnosis(at, diagnosis{code: icd("W009", "Fall i samma plan i samband med is och snö"), secondary: true})
	c.note(at, note{kind: "bes", title: "Akutbesök handled", text: article("Akutbesök",
		about("Anamnes", "18-årig högerhänt kvinna som halkat på isig trottoar och tagit emot sig med höger hand. Ingen huvudskada."),
		about("Status", "Felställning dorsalt över distala radius. Distalstatus utan anmärkning: radialispuls palpabel, normal känsel, rör alla fingrar."),
		about("Åtgärd", "Reponering i hematomblockad, dorsal gipsskena. Kontrollröntgen visar godtagbart läge.", "Fick Alvedon och Tramadol mot smärtan."),
		about("Planering", "Röntgenkontroll efter 10 dagar. Gips i fyra veckor, därefter fysioterapi."))})
	c.image(c.on("20150208", "2030", radiologist), image{activity: kva("AN057", "Röntgen av handled"), result: "DEF",
		report: "Höger handled: Tvärgående extraartikulär fraktur genom distala radius med 18 graders dorsal bockning. Processus styloideus ulnae avlöst. Karpus utan anmärkning.",
		reason: "Fraktur?", anamnesis: "Fallit i halka. Felställd, öm över distala radius.", modality: "DX", dose: "34", count: "3",
		body: words("Höger handled"), address: "https://bild.norrmark.example/wado?studie=15-02-08-771", asked: doctorEmerg})
	c.image(c.on("20150218", "1010", radiologist), image{activity: kva("AN057", "Röntgen av handled"), result: "DEF",
		report: "Jämfört med 8 februari: oförändrat läge i gips, bockning 4 grader. Begynnande callus.",
		reason: "Läge i gips?", modality: "DX", dose: "31", count: "2", body: words("Höger handled"), asked: doctorEmerg})
	c.dailyLiving(c.on("20150317", "1400", physio), "Efter avgipsning, högerhänt.",
		ability{"Personlig hygien", "Klarar själv men långsamt, undviker höger hand vid hårtvätt"},
		ability{"Påklädning", "Behöver hjälp med knappar och skosnören"},
		ability{"Äta och dricka", "Självständig, skär mat med vänster hand"})
	c.plan(c.on("20150317", "1430", physio), plan{kind: "RP", title: "Rehabiliteringsplan efter handledsfraktur", partners: []Unit{Emergency},
		content: "Mål: full rörlighet i höger handled och återgång till handboll i september.\nRörelseträning fyra gånger dagligen, greppstyrka från vecka 3. Uppföljning var annan vecka."})
	c.disability(c.on("20150602", "1315", physio), code{code: "b7100", system: oidICF, systemName: "ICF", display: "Rörlighet i en enskild led"},
		"Dorsalflexion 60 grader mot 75 på vänster sida. Greppstyrka 26 kg, vänster 29 kg. Inga hinder i vardagen.")
}

func fionaMigraine(c *chart) {
	first := c.on("20190411", "0920", neurologist)
	c.contact(first, contact{kind: "1", reason: "Återkommande huvudvärk med synfenomen", end: "20190411100500"})
	c.diagnosis(first, diagnosis{code: icd("G431", "Migrän med aura"), chronic: true})
	c.note(first, note{kind: "utr", title: "Nybesök neurologi", text: article("Bedömning av huvudvärk",
		about("Aktuellt", "Sedan två år attacker en till två gånger i månaden. Flimmerskotom i höger synfält i tjugo minuter, följt av pulserande vänstersidig huvudvärk i ett dygn med illamående och ljuskänslighet."),
		about("Status", "Kranialnerver, motorik, reflexer, sensibilitet och koordination utan anmärkning. Ögonbottnar med skarpa papiller. Blodtryck 118/74."),
		about("Bedömning", "Typisk migrän med aura. Östrogenhaltiga preventivmedel är olämpliga på grund av ökad risk för stroke."),
		about("Åtgärd", "Sumatriptan vid behov. Huvudvärksdagbok. Återbesök om tre månader."))})
	c.prescription(first, prescription{atc: "N02CC01", substance: "sumatriptan", product: "Sumatriptan Sandoz", form: "Filmdragerad tablett",
		strength: "50", unit: "mg", npl: "20050816000105", dosage: "1 tablett vid migränanfall. Kan upprepas en gång efter två timmar, högst 2 per dygn.", short: "1 vid behov",
		reason: "Migrän med aura", purpose: "Bryta anfall", started: "20190411000000", packs: "2"})
	c.consultation(c.on("20190520", "1500", radiologist), consultation{kind: "SS", title: "MR hjärna",
		text:  "MR hjärna utan och med kontrast: Inga expansiviteter, ingen blödning. Enstaka ospecifik vitsubstansförändring frontalt på höger sida, utan klinisk betydelse. Normala kärl.",
		cause: icd("G431", "Migrän med aura"), act: kva("AA008", "MR hjärna"), actText: "MR av hjärnan",
		reason: "Synfenomen och ensidig huvudvärk. Strukturell förändring?", asked: neurologist, attestedBy: "Rasmus Dahl"})
	c.alert(c.on("20190411", "0955", neurologist), alert{kind: "upp-vbe", display: "Vårdbegränsning",
		comment: "Gäller tills vidare.", what: restriction("Kombinerade preventivmedel med östrogen ska inte användas: migrän med aura.")})
	c.contact(c.on("20190715", "1030", neurologist), contact{kind: "2", reason: "Uppföljning huvudvärksdagbok", end: "20190715104500"})
}
