package patients

import (
	"encoding/base64"
	"encoding/xml"
	"strings"

	"tvilling/protocol"
)

// The domain clinicalprocess:healthcond:description: notes, diagnoses, alerts and
// functional status.

// noteKinds are the kinds of note in use.
var noteKinds = map[string]string{
	"utr": "Utredning", "bes": "Besöksanteckning", "epi": "Epikris", "ins": "Inskrivningsanteckning",
	"dag": "Daganteckning", "slu": "Slutanteckning", "sam": "Sammanfattning", "atb": "Åtgärd och behandling",
}

// note is a text in the record.
type note struct {
	kind     string
	title    string
	text     string
	media    string // type of an attachment
	data     []byte
	address  string // or where it is
	opinion  string // the patient's dissenting opinion
	opinedBy string
}

func (c *chart) note(e entry, n note) {
	media := node{}
	if n.media != "" {
		media = group("multimediaEntry", text("mediaType", n.media),
			text("value", base64.StdEncoding.EncodeToString(n.data)), text("reference", n.address))
	}
	opinion := node{}
	if n.opinion != "" {
		opinion = group("dissentingOpinion",
			identifier("opinionId", oidDocumentID, c.id("OP")), text("authorTime", later(e.when)),
			text("opinion", n.opinion), identifier("personId", oidPersonal, c.patient), text("personName", n.opinedBy))
	}
	c.journal(protocol.CareDocumentation, "ANT", "careDocumentation", e,
		coded("clinicalDocumentNoteCode", code{code: n.kind, system: oidNote, systemName: "KV Anteckningstyp", display: noteKinds[n.kind]}),
		text("clinicalDocumentNoteTitle", n.title),
		text("clinicalDocumentNoteText", n.text),
		media, opinion)
}

// article writes a DocBook article: sections of a heading and paragraphs. In the
// message it stands as text, its markup escaped, as the contract wants it.
func article(title string, sections ...section) string {
	var b strings.Builder
	b.WriteString(`<article xmlns="http://docbook.org/ns/docbook" version="5.0"><title>` + escape(title) + `</title>`)
	for _, s := range sections {
		b.WriteString("<section><title>" + escape(s.heading) + "</title>")
		for _, p := range s.paragraphs {
			b.WriteString("<para>" + escape(p) + "</para>")
		}
		b.WriteString("</section>")
	}
	b.WriteString("</article>")
	return b.String()
}

type section struct {
	heading    string
	paragraphs []string
}

func about(heading string, paragraphs ...string) section { return section{heading, paragraphs} }

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

// diagnosis is a diagnosis; the main one of its occasion unless secondary.
type diagnosis struct {
	code      code
	secondary bool
	chronic   bool
	related   []string
}

func (c *chart) diagnosis(e entry, d diagnosis) {
	kind, chronic := "Huvuddiagnos", node{}
	if d.secondary {
		kind = "Bidiagnos"
	}
	if d.chronic {
		chronic = boolean("chronicDiagnosis", true)
	}
	body := []node{text("typeOfDiagnosis", kind), chronic, text("diagnosisTime", e.when), coded("diagnosisCode", d.code)}
	for _, id := range d.related {
		body = append(body, group("relatedDiagnosis", text("documentId", id)))
	}
	c.summary(protocol.Diagnosis, "DIA", "diagnosis", e, body...)
}

// alert is an alert; what is one of the functions below.
type alert struct {
	kind, display string // of KV Informationstyp
	comment       string
	until         string // YYYYMMDDhhmmss; empty: it stands
	obsolete      string
	what          node
}

func (c *chart) alert(e entry, a alert) {
	obsolete := []node{{}, {}}
	if a.obsolete != "" {
		obsolete = []node{text("obsoleteTime", a.until), text("obsoleteComment", a.obsolete)}
	}
	c.summary(protocol.AlertInformation, "UPP", "alertInformation", e,
		coded("typeOfAlertInformation", code{code: a.kind, system: oidInfo, systemName: "KV Informationstyp", display: a.display}),
		text("ascertainedDate", e.when[:8]), text("verifiedTime", e.when),
		group("validityTimePeriod", text("start", e.when), text("end", a.until)),
		text("alertInformationComment", a.comment), obsolete[0], obsolete[1], a.what)
}

// severity is a degree of KV Allvarlighetsgrad.
func severity(c, display string) code {
	return code{code: c, system: oidSeverity, systemName: "KV Allvarlighetsgrad", display: display}
}

func drugHypersensitivity(substance code, product string, degree code) node {
	return group("hypersensitivity",
		coded("typeOfHypersensitivity", words("Läkemedelsöverkänslighet")),
		coded("degreeOfSeverity", degree),
		coded("degreeOfCertainty", words("Säkerställd")),
		group("pharmaceuticalHypersensitivity", coded("atcSubstance", substance),
			text("nonATCSubstanceComment", ""), coded("pharmaceuticalProductId", words(product))))
}

func otherHypersensitivity(agent string, agentCode code, degree code) node {
	return group("hypersensitivity",
		coded("typeOfHypersensitivity", words("Annan överkänslighet")),
		coded("degreeOfSeverity", degree),
		coded("degreeOfCertainty", words("Sannolik")),
		group("otherHypersensitivity", text("hypersensitivityAgent", agent), coded("hypersensitivityAgentCode", agentCode)))
}

func seriousDisease(d code) node { return group("seriousDisease", coded("disease", d)) }

func treatment(description string, what code, drugs ...code) node {
	all := []node{text("treatmentDescription", description), coded("treatmentCode", what)}
	for _, d := range drugs {
		all = append(all, coded("pharmaceuticalTreatment", d))
	}
	return group("treatment", all...)
}

func communicable(disease, route code) node {
	return group("communicableDisease", coded("communicableDiseaseCode", disease), coded("routeOfTransmission", route))
}

func restriction(comment string) node {
	return group("restrictionOfCare", text("restrictionOfCareComment", comment))
}

func unstructured(heading, content string) node {
	return group("unstructuredAlertInformation",
		text("unstructuredAlertInformationHeading", heading), text("unstructuredAlertInformationContent", content))
}

// ability is one assessed activity of daily life.
type ability struct{ activity, assessment string }

func (c *chart) dailyLiving(e entry, comment string, abilities ...ability) {
	body := []node{text("assessmentCategory", "pad-pad"), text("comment", comment)}
	for _, a := range abilities {
		body = append(body, group("padl", coded("typeOfAssessment", words(a.activity)), text("assessment", a.assessment)))
	}
	c.summary(protocol.FunctionalStatus, "FUN", "functionalStatusAssessment", e, body...)
}

func (c *chart) disability(e entry, icf code, comment string) {
	c.summary(protocol.FunctionalStatus, "FUN", "functionalStatusAssessment", e,
		text("assessmentCategory", "fun-fun"),
		group("disability", coded("disabilityAssessment", icf), text("comment", comment)))
}
