package patients

import (
	"encoding/base64"

	"tvilling/protocol"
)

// The domains clinicalprocess:activityprescription:actoutcome and
// clinicalprocess:logistics:logistics: medication, vaccinations, contacts, plans.

// prescription is a prescribed drug.
type prescription struct {
	atc, substance string
	product, form  string
	strength, unit string
	npl            string
	dosage         string // in words, as on the label
	short          string // 1x2
	reason         string
	purpose        string
	started, ended string // YYYYMMDDhhmmss
	endReason      string
	withdrawn      bool
	packs          string
	note           string
	unstructured   string // instead of a drug
}

func (c *chart) prescription(e entry, p prescription) {
	kind, state := "I", "Active"
	if p.withdrawn {
		kind = "U"
	}
	if p.ended != "" && p.ended <= c.asOf.Format("20060102150405") {
		state = "Inactive"
	}
	id := c.id("ORD")
	dispensing := node{}
	if p.packs != "" {
		dispensing = group("dispensationAuthorization",
			identifier("dispensationAuthorizationId", oidDocumentID, "RX"+id), text("totalAmount", p.packs), text("packageUnit", "förpackning"),
			professional("dispensationAuthorizer", e), text("prescriptionSignatura", p.dosage))
	}
	c.summary(protocol.MedicationHistory, "ORD", "medicationMedicalRecord", e,
		group("medicationPrescription",
			identifier("prescriptionId", oidDocumentID, id),
			text("typeOfPrescription", kind), text("prescriptionStatus", state), text("prescriptionNote", p.note),
			group("principalPrescriptionReason", coded("reason", words(p.reason))),
			text("treatmentPurpose", p.purpose),
			professional("prescriber", e),
			text("startOfFirstTreatment", p.started), text("startOfTreatment", p.started), text("endOfTreatment", p.ended),
			coded("endOfTreatmentReason", words(p.endReason)),
			boolean("selfMedication", false),
			p.drug(), dispensing),
		group("additionalPatientInformation", text("dateOfBirth", c.born)))
}

func (p prescription) drug() node {
	dosage := group("dosage", text("dosageInstruction", p.dosage), text("shortNotation", p.short))
	if p.unstructured != "" {
		return group("drug", group("unstructuredDrugInformation", text("unstructuredInformation", p.unstructured)), dosage)
	}
	return group("drug",
		group("drug",
			coded("nplId", code{code: p.npl, system: oidNPL, systemName: "NPL", display: p.product}),
			coded("atcCode", code{code: p.atc, system: oidATC, systemName: "ATC", display: p.substance}),
			text("pharmaceuticalForm", p.form), text("strength", p.strength), text("strengthUnit", p.unit)),
		dosage)
}

// vaccine is a given dose.
type vaccine struct {
	name, product string
	atc           string
	batch, maker  string
	dose, of      string
	disease       []string
	program       string
	site, route   string
	adverse       string
}

func (c *chart) vaccine(e entry, v vaccine) {
	given := []node{
		coded("vaccinationProgramName", words(v.program)),
		organisation("performerOrg", e.by.unit),
		group("performer", text("hsaid", e.by.id), text("personName", e.by.name)),
		coded("anatomicalSite", words(v.site)), coded("route", words(v.route)),
		boolean("isDoseComplete", true), text("doseOrdinalNumber", v.dose), text("numberOfPrescribedDoses", v.of),
		coded("patientAdverseEffect", words(v.adverse)),
		coded("typeOfVaccine", code{code: v.atc, system: oidATC, systemName: "ATC", display: v.name}),
		coded("vaccineName", words(v.product)), text("vaccineBatchId", v.batch), text("vaccineManufacturer", v.maker),
	}
	if v.atc == "" {
		given[9] = coded("typeOfVaccine", words(v.name))
	}
	for _, d := range v.disease {
		given = append(given, coded("vaccineTargetDisease", words(d)))
	}
	c.summary(protocol.VaccinationHistory, "VAC", "vaccinationMedicalRecord", e,
		group("registrationRecord",
			organisation("careGiverOrg", Unit{ID: e.by.unit.Provider.ID, Name: e.by.unit.Provider.Name}),
			text("sourceSystemName", e.by.unit.System),
			group("sourceSystemContact", text("hsaid", e.by.unit.System)), text("date", e.when[:8])),
		group("administrationRecord", given...),
		group("additionalPatientInformation", text("dateOfBirth", c.born)))
}

var contactKinds = map[string]string{"1": "Besök", "2": "Telefonkontakt", "3": "Vårdtillfälle", "4": "Dagsjukvård", "5": "Annan"}

// contact is a contact with care; an empty end is one that goes on.
type contact struct {
	kind, reason, status string
	end                  string
}

func (c *chart) contact(e entry, k contact) {
	if k.status == "" {
		k.status = "Avslutad"
	}
	c.summary(protocol.CareContacts, "VKO", "careContact", e,
		coded("careContactCode", code{code: k.kind, system: oidContact, systemName: "KV Vårdkontakttyp", display: contactKinds[k.kind]}),
		text("careContactReason", k.reason), organisation("careContactOrgUnit", e.by.unit),
		group("careContactTimePeriod", text("start", e.when), text("end", k.end)),
		coded("careContactStatus", words(k.status)),
		group("additionalPatientInformation",
			group("dateOfBirth", text("format", "YYYYMMDD"), text("value", c.born))))
}

// plan is a care plan: its text is an attachment, as the contract has it.
type plan struct {
	kind     string // SIP, VP, RP …
	title    string
	content  string
	address  string
	partners []Unit
}

func (c *chart) plan(e entry, p plan) {
	body := []node{}
	if p.content != "" {
		body = append(body, group("content", text("mediaType", "text/plain"),
			text("value", base64.StdEncoding.EncodeToString([]byte(p.content)))))
	}
	if p.address != "" {
		body = append(body, group("content", text("mediaType", "application/pdf"), text("reference", p.address)))
	}
	for _, u := range p.partners {
		body = append(body, identifier("participatingCareUnitHSAId", oidHSA, u.ID))
	}
	body = append(body, text("typeOfCarePlanEnum", p.kind))
	c.summary(protocol.CarePlans, "PLA", "carePlan", e.titled(p.title), body...)
}
