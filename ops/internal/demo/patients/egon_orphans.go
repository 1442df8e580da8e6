package patients

// Unowned stands in every record that does not say whose it is: whoever sees it on a
// screen has found a fault.
const Unowned = "Saknar vårdgivare och vårdenhet"

// egonOrphans adds one record of each contract without care provider and care unit.
// Such a record is kept and must never be shown. Maternity care is there too, though
// it is no man's: the variant is the point.
func egonOrphans(c *chart) {
	at := c.ago(77, "1111", doctorPractice).titled(Unowned)
	at.orphan = true
	c.note(at, note{kind: "bes", title: Unowned, text: Unowned})
	c.diagnosis(at, diagnosis{code: icd("Z000", Unowned)})
	c.alert(at, alert{kind: "upp-est", display: "Ej strukturerad uppmärksamhetsinformation", what: unstructured(Unowned, Unowned)})
	c.dailyLiving(at, Unowned, ability{"Personlig hygien", Unowned})
	c.sample(at, sample{status: "final", question: Unowned, material: "Blod", groups: []panel{{Unowned, []analysis{
		{npu: "NPU28309", name: "B-Hemoglobin", value: "140", unit: "g/L", low: "134", high: "170"},
	}}}})
	c.image(at, image{activity: kva("AE014", "Röntgen av lungor"), result: "DEF", report: Unowned, reason: Unowned, modality: "DX", asked: doctorPractice})
	c.consultation(at, consultation{kind: "SS", title: Unowned, text: Unowned, reason: Unowned, asked: doctorPractice})
	c.maternity(at, checkup{weeks: "20", weight: "70", haemoglobin: "120", systolic: "120", diastolic: "70", heart: "140"}.node())
	c.prescription(at, prescription{atc: "N02BE01", substance: "paracetamol", product: "Alvedon", form: "Tablett", strength: "500", unit: "mg", dosage: Unowned, reason: "Smärta", started: at.when})
	c.vaccine(at, vaccine{name: Unowned, product: "Boostrix", dose: "1", of: "1", disease: []string{"Stelkramp"}})
	c.contact(at, contact{kind: "1", reason: Unowned})
	c.plan(at, plan{kind: "VP", title: Unowned, content: Unowned})
	owned := c.ago(76, "1110", midwifeKusten)
	c.maternity(owned.titled("Variant: besök"), checkup{weeks: "24", weight: "71.5", fundus: "23", haemoglobin: "118", systolic: "118", diastolic: "70", heart: "148", note: "1"}.node())
	c.maternity(owned.titled("Variant: inskrivning"), group("registrationRecord", text("lastMenstrualPeriod", c.day(240)), quantity("weight", "66", "kg")))
	c.maternity(owned.titled("Variant: efter förlossning"), group("postDeliveryRecord",
		group("motherPostDeliveryRecord", quantity("bloodPressureSystolic", "117", "mm[Hg]"), boolean("breastfeeding", true)),
		group("childPostDeliveryRecord", text("ordinalNumber", "1"), quantity("weight", "2940", "g"), text("apgarScore5", "10")),
		group("childPostDeliveryRecord", text("ordinalNumber", "2"), quantity("weight", "2810", "g"), text("apgarScore5", "9"))))
}
