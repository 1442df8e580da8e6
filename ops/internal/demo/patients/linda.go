package patients

import (
	"math/rand/v2"
	"strconv"
)

// LindaRecords is about how many records Linda Johansson has.
const LindaRecords = 4000

// linda is Linda Johansson, born 1899: a record of thousands, drawn from a fixed
// seed. Dialysis three times a week for years is what makes a record this long.
func linda(c *chart) {
	dice := rand.New(rand.NewPCG(1899, 8029805))
	weight := 62.0
	for visit := 0; len(c.records) < LindaRecords; visit++ {
		days := 1 + visit*7/3 // three times a week, back in time
		weight += dice.Float64()*0.4 - 0.2
		lindaVisit(c, dice, visit, days, weight)
	}
}

// lindaVisit is one dialysis and what belongs to it.
func lindaVisit(c *chart, dice *rand.Rand, visit, days int, weight float64) {
	remarks := []string{
		"Behandlingen utan anmärkning.", "Blodtrycksfall under sista timmen, fick 200 ml koksalt.", "Kramp i vader, vätskeborttagning sänkt.",
		"Trött men vid gott mod.", "Fisteln nålad utan problem.", "Lågt blodflöde i fisteln, noterat för läkarrond.",
	}
	stay := "DIAL-" + strconv.Itoa(visit+1)
	nurse := []person{nurseAnkaret, nurseGranen, nurseHome}[visit/400%3]
	at := c.ago(days, []string{"0730", "1230", "1730"}[visit%3], nurse).on(stay)
	c.contact(at, contact{kind: "4", reason: "Hemodialys", end: later(at.when)})
	c.note(at, note{kind: "dag", title: "Hemodialys " + strconv.Itoa(visit+1),
		text: "Fyra timmar. Vikt före " + decimal(weight+1.4+dice.Float64(), 1) + " kg, efter " + decimal(weight, 1) + " kg. " + remarks[dice.IntN(len(remarks))]})
	if visit%3 == 0 {
		c.sample(c.ago(days, "0725", nurse).on(stay), lindaSample(dice))
	}
	switch {
	case visit%40 == 0:
		c.note(c.ago(days, "1045", doctorMedicine), note{kind: "bes", title: "Dialysrond", text: "Genomgång av prover, läkemedel och torrvikt. Torrvikt " + decimal(weight, 1) + " kg. Ingen ändring."})
	case visit%53 == 0:
		c.prescription(c.ago(days, "1050", doctorMedicine), prescription{atc: "B03XA02", substance: "darbepoetin alfa", product: "Aranesp", form: "Injektionsvätska, förfylld spruta",
			strength: strconv.Itoa(20 + 10*dice.IntN(4)), unit: "mikrogram", dosage: "1 spruta i veckan, ges vid dialys.", reason: "Renal anemi",
			started: c.day(days) + "000000", ended: c.day(days-120) + "000000", endReason: "Ny ordination"})
	case visit%97 == 0:
		c.image(c.ago(days, "1400", radiologist), image{activity: kva("AE014", "Röntgen av lungor"), result: "DEF", report: "Hjärtat lätt förstorat. Ingen stas. Dialyskateter i oförändrat läge.", reason: "Kontroll av kateterläge", modality: "DX", count: "2", asked: doctorMedicine})
	case visit%101 == 0:
		c.diagnosis(c.ago(days, "1100", doctorMedicine), diagnosis{code: icd("N185", "Kronisk njursvikt, stadium 5"), chronic: true})
	}
}

func lindaSample(dice *rand.Rand) sample {
	draw := func(npu, name, unit string, low, high, from, to float64, digits int) analysis {
		value := from + dice.Float64()*(to-from)
		a := analysis{npu: npu, name: name, value: decimal(value, digits), unit: unit, low: decimal(low, digits), high: decimal(high, digits)}
		switch {
		case value < low:
			a.flag = "L"
		case value > high:
			a.flag = "H"
		}
		return a
	}
	return sample{status: "final", question: "Dialysprover", material: "Blod", groups: []panel{{"Dialys", []analysis{
		draw("NPU28309", "B-Hemoglobin", "g/L", 117, 153, 96, 125, 0),
		draw("NPU03230", "P-Kalium", "mmol/L", 3.5, 4.4, 3.9, 6.1, 1),
		draw("NPU18016", "P-Kreatinin", "µmol/L", 45, 90, 480, 790, 0),
		draw("NPU03096", "P-Fosfat", "mmol/L", 0.8, 1.5, 1.1, 2.3, 2),
	}}}}
}

func decimal(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }
