package patients

import (
	"encoding/base64"

	"tvilling/protocol"
)

// The domain clinicalprocess:healthcond:actoutcome: laboratory, imaging,
// consultations and maternity care.

// sample is an answer of a laboratory: groups of analyses of one specimen.
type sample struct {
	status   string // final, partial
	text     string
	question string
	material string
	sampled  string // YYYYMMDDhhmmss; empty: an hour before the answer
	groups   []panel
	comment  string // of the referral, an extension of 4.2
}

type panel struct {
	name     string
	analyses []analysis
}

// analysis is one measured value, or words where value is not a number.
type analysis struct {
	npu, name   string
	value, unit string
	low, high   string
	words       string // the result in words
	reference   string // the reference in words
	flag        string // H, L, A
	comment     string
}

var statusWords = map[string]string{"final": "Slutgiltigt svar", "partial": "Delsvar", "corrected": "Korrigerat svar"}

var flagWords = map[string]string{"H": "Över referensintervall", "L": "Under referensintervall", "A": "Avvikande"}

func (c *chart) sample(e entry, s sample) {
	if s.sampled == "" {
		s.sampled = e.when
	}
	extra := node{}
	if s.comment != "" {
		extra = group("referralInformation", text("referralComment", s.comment).in(further)).in(further)
	}
	id := c.id("LAB")
	body := []node{
		identifier("identifier", oidDocumentID, id),
		coded("type", code{code: s.status, system: oidLabStatus, display: statusWords[s.status]}),
		text("text", s.text),
		group("referral", identifier("identifier", oidDocumentID, "R"+id), text("timestamp", s.sampled),
			text("question", s.question),
			group("requester", identifier("id", oidHSA, e.by.id), text("name", e.by.name), coded("byRole", e.by.role),
				group("orgUnit", identifier("id", oidHSA, e.by.unit.ID), text("name", e.by.unit.Name))),
			extra),
	}
	for _, p := range s.groups {
		all := []node{text("name", p.name)}
		for _, a := range p.analyses {
			all = append(all, a.node(s))
		}
		body = append(body, group("groupOfAnalyses", all...))
	}
	body = append(body, group("recipientUnit", identifier("id", oidHSA, e.by.unit.ID), text("name", e.by.unit.Name)))
	c.journal(protocol.LaboratoryOrderOutcome, "LAB", "laboratoryOrderOutcome", e, body...)
}

func (a analysis) node(s sample) node {
	name := code{code: a.npu, system: oidNPU, systemName: "NPU", display: a.name}
	if a.npu == "" {
		name = words(a.name)
	}
	value := group("value", quantity("pq", a.value, a.unit), text("st", a.words))
	interval := node{}
	if a.low != "" || a.high != "" {
		interval = group("interval", text("low", a.low), text("high", a.high), text("unit", a.unit))
	}
	mark := node{}
	if a.flag != "" {
		mark = coded("interpretation", code{code: a.flag, system: oidAbnormal, display: flagWords[a.flag]})
	}
	return group("analysis", text("timestamp", s.sampled), coded("code", name),
		coded("status", code{code: s.status, display: statusWords[s.status]}),
		boolean("accredited", true),
		group("specimen", coded("material", words(s.material)), text("timestamp", s.sampled)),
		group("result", value, text("comment", a.comment), mark,
			group("reference", interval, text("description", a.reference))))
}

// image is an answer of a radiologist.
type image struct {
	activity  code
	result    string // PREL, DEF, TILL
	report    string
	comment   string
	reason    string
	anamnesis string
	modality  string
	dose      string // mGy·cm²
	count     string
	body      code // part of the body
	address   string
	asked     person
}

func (c *chart) image(e entry, i image) {
	picture := node{}
	if i.address != "" {
		picture = group("imageStructuredData", coded("bodyPartExamined", i.body),
			group("imageData", text("mediaType", "image/jpeg"), text("reference", i.address)))
	}
	asked := e
	asked.by, asked.orphan = i.asked, false
	c.summary(protocol.ImagingOutcome, "BDI", "imagingOutcome", e,
		coded("examinationSpeciality", words("Radiologi")),
		text("typeOfResult", i.result), text("resultTime", e.when),
		text("resultReport", i.report), text("resultComment", i.comment),
		quantity("radiationDose", i.dose, "mGy·cm²"),
		group("imageRecording", coded("examinationActivity", i.activity),
			group("examinationTimePeriod", text("start", e.when), text("end", later(e.when))),
			text("examinationStatus", "Avklarad"), text("examinationUnit", e.by.unit.Name), text("numberOfImages", i.count),
			group("modalityData", text("typeOfModality", i.modality)), picture),
		group("referral", text("referralId", "R"+c.id("BDI")), text("referralReason", i.reason),
			text("anamnesis", i.anamnesis), professional("accountableHealthcareProfessional", asked)))
}

// consultation is an answer to a referral: SS is the last answer, SR one that
// is not said to be: here more follows.
type consultation struct {
	kind, title, text string
	cause             code
	act               code
	actText           string
	media             string
	data              []byte
	reason            string
	asked             person
	attestedBy        string
}

func (c *chart) consultation(e entry, r consultation) {
	act := node{}
	if r.actText != "" {
		result := node{}
		if r.media != "" {
			result = group("actResult", text("mediaType", r.media), text("value", base64.StdEncoding.EncodeToString(r.data)))
		}
		act = group("act", group("actCode", text("code", r.act.code), text("codeSystem", r.act.system)),
			text("actText", r.actText), text("actTime", e.when), result)
	}
	asked := e
	asked.by, asked.orphan = r.asked, false
	attested := node{}
	if r.attestedBy != "" {
		attested = group("attested", text("attestedTime", later(e.when)).in(extended), text("attesterName", r.attestedBy).in(extended)).in(extended)
	}
	cause := node{}
	if r.cause.code != "" {
		cause = group("clinicalInformation",
			group("clinicalInformationCode", text("code", r.cause.code), text("codeSystem", oidICD10)),
			text("clinicalInformationText", r.cause.display))
	}
	c.summary(protocol.ReferralOutcome, "KON", "referralOutcome", e,
		text("referralOutcomeTypeCode", r.kind), text("referralOutcomeTitle", r.title), text("referralOutcomeText", r.text),
		cause, act,
		group("referral", text("referralId", "R"+c.id("KON")), text("referralReason", r.reason), text("referralTime", e.when),
			professional("referralAuthor", asked)),
		attested)
}

// maternity adds a record of maternity care, of one of the three kinds.
func (c *chart) maternity(e entry, kind node) {
	c.summary(protocol.MaternityMedicalHistory, "MTR", "maternityMedicalRecord", e, kind)
}

// checkup is a visit during pregnancy.
type checkup struct{ weeks, weight, fundus, haemoglobin, systolic, diastolic, heart, note string }

func (v checkup) node() node {
	return group("pregnancyCheckupRecord",
		text("completeWeeksOfGestation", v.weeks),
		quantity("weight", v.weight, "kg"), quantity("symphysisFundalHeight", v.fundus, "cm"),
		quantity("haemoglobin", v.haemoglobin, "g/L"),
		quantity("bloodPressureSystolic", v.systolic, "mm[Hg]"), quantity("bloodPressureDiastolic", v.diastolic, "mm[Hg]"),
		quantity("proteinuria", "0", "arb.enh."), quantity("glycosuria", "0", "arb.enh."),
		text("fetalPosition", v.note), quantity("fetalHeartRate", v.heart, "/min"))
}
