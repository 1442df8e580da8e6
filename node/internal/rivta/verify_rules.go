package rivta

import (
	"encoding/base64"
	"slices"
	"strings"

	"tvilling/protocol"
)

// What the rules compare with.
const (
	rootLocalReserve = "1.2.752.97." // reserve numbers that regions hand out themselves
	aggregator       = "5565594230"  // the national aggregating service
	systemRole       = "1.2.752.129.2.2.1.4"
	missing          = "missing"
	contentForm      = "YYYYMMDDhhmmss"
)

// part is where a rule looks in a record.
type part uint8

const (
	summaryHeader part = iota // of records with the patient summary header
	journalHeader             // of those with an accessControlHeader
	anyHeader
	inBody
)

// rule is what a record is held to beyond the schema: in every container (the part
// itself where in is empty), the first element at a path, or the container where there
// is no path.
type rule struct {
	contracts []protocol.Contract // none: all
	from      part
	in        string
	paths     []string
	want      func(*element) string // what was found instead; "" if it holds
	expected  string
	severity  Severity
}

const orgUnitPath = professional + "healthcareProfessionalOrgUnit/"

// rules: first the headers', then each contract's.
var rules = [...]rule{
	{nil, summaryHeader, "", []string{"sourceSystemHSAId"}, isHSAID, "the HSA-id of the source system", Hinders},
	{nil, summaryHeader, "", []string{professional + "authorTime"}, isTime, "when it was written, as " + contentForm, Deviates},
	{nil, summaryHeader, "", []string{professional + "healthcareProfessionalHSAId"}, filled, "the HSA-id of the professional", Deviates},
	{nil, summaryHeader, "", []string{professional + "healthcareProfessionalName"}, filled, "the professional's name", Deviates},
	{nil, summaryHeader, "", []string{professional + "healthcareProfessionalRoleCode"}, filled, "the professional's role", Deviates},
	{nil, summaryHeader, professional + "healthcareProfessionalRoleCode", []string{"code"}, ofSystem(systemRole), "a role of the national code system, " + systemRole, Notes},
	{nil, summaryHeader, "", []string{orgUnitPath + "orgUnitHSAId"}, isHSAID, "the HSA-id of the professional's unit", Deviates},
	{nil, summaryHeader, "", []string{orgUnitPath + "orgUnitName"}, filled, "the name of the professional's unit", Deviates},
	{nil, summaryHeader, "", []string{professional + "healthcareProfessionalCareUnitHSAId"}, isHSAID, "the HSA-id of the care unit: a record without it is never shown", Hinders},
	{nil, summaryHeader, "", []string{professional + "healthcareProfessionalCareGiverHSAId"}, isHSAID, "the HSA-id of the care provider: a record without it is never shown", Hinders},
	{nil, summaryHeader, "legalAuthenticator", []string{"signatureTime"}, isTime, "when it was signed, as " + contentForm, Deviates},
	{nil, summaryHeader, "", []string{"approvedForPatient"}, isFlag, "whether the patient may see it", Deviates},

	{nil, journalHeader, "", []string{accessControl + "accountableHealthcareProvider", accessControl + "accountableCareGiver"}, isHSAID,
		"the HSA-id of the care provider: a record without it is never shown", Hinders},
	{nil, journalHeader, "", []string{accessControl + "accountableCareUnit"}, isHSAID, "the HSA-id of the care unit: a record without it is never shown", Hinders},
	{nil, journalHeader, "", []string{accessControl + "blockComparisonTime"}, isTime, "the time that blocks are compared with, as " + contentForm, Deviates},
	{nil, journalHeader, "", []string{accessControl + "approvedForPatient"}, isFlag, "whether the patient may see it", Deviates},
	{nil, journalHeader, "", []string{"sourceSystemId"}, isHSAID, "the HSA-id of the source system", Hinders},
	{nil, journalHeader, "", []string{"record/timestamp"}, isTime, "when the record was made, as " + contentForm, Deviates},
	{nil, journalHeader, "author", []string{"timestamp"}, isTime, "when it was written, as " + contentForm, Deviates},
	{nil, journalHeader, "author", []string{"name"}, filled, "the author's name", Deviates},
	{nil, journalHeader, "author/byRole", []string{"code"}, ofSystem(systemRole), "a role of the national code system, " + systemRole, Notes},
	{nil, journalHeader, "signature", []string{"timestamp"}, isTime, "when it was signed, as " + contentForm, Deviates},

	{of(protocol.CareDocumentation), inBody, "", []string{noteCode, "clinicalDocumentNote/" + noteCode, "clinicalDocumentNote/clinicalDocumentTypeCode"}, filled, "the kind of note", Deviates},
	{of(protocol.CareDocumentation), inBody, "", []string{noteText, "clinicalDocumentNote/" + noteText, "multimediaEntry", "clinicalDocumentNote/multimediaEntry"}, filled, "a text or an attachment to read", Deviates},
	{of(protocol.CareDocumentation), inBody, "dissentingOpinion", []string{"opinion"}, filled, "the patient's dissenting opinion", Deviates},
	{of(protocol.CareDocumentation), inBody, "dissentingOpinion", []string{"authorTime"}, isTime, "when the opinion was written", Deviates},

	{of(protocol.Diagnosis), inBody, "", []string{"typeOfDiagnosis"}, oneOf("Huvuddiagnos", "Bidiagnos"), "Huvuddiagnos or Bidiagnos", Deviates},
	{of(protocol.Diagnosis), inBody, "", []string{"diagnosisCode"}, filled, "a diagnosis", Deviates},

	{of(protocol.AlertInformation), inBody, "", []string{"typeOfAlertInformation"}, oneOf(alertTypes...), "a type of alert that the overview shows", Deviates},
	{of(protocol.AlertInformation), inBody, "", []string{"validityTimePeriod/start"}, filled, "since when the alert holds", Deviates},
	{of(protocol.AlertInformation), inBody, "", nil, exactlyOne("hypersensitivity", "seriousDisease", "treatment", "communicableDisease", "restrictionOfCare", "unstructuredAlertInformation"),
		"exactly one kind of alert", Deviates},

	{of(protocol.FunctionalStatus), inBody, "", []string{"assessmentCategory"}, oneOf("pad-pad", "fun-fun"), "pad-pad or fun-fun", Deviates},
	{of(protocol.FunctionalStatus), inBody, "", []string{"padl", "disability"}, filled, "what was assessed", Deviates},
	{of(protocol.FunctionalStatus), inBody, "padl", []string{"typeOfAssessment"}, filled, "what was assessed", Deviates},
	{of(protocol.FunctionalStatus), inBody, "padl", []string{"assessment"}, filled, "how it was assessed", Deviates},
	{of(protocol.FunctionalStatus), inBody, "disability", []string{"disabilityAssessment"}, filled, "a code of function", Deviates},

	{of(protocol.LaboratoryOrderOutcome), inBody, "", []string{"type", "resultType"}, oneOf("registered", "partial", "preliminary", "final", "amended", "corrected", "appended",
		"cancelled", "entered-in-error", "PREL", "DEF", "TILL"), "whether the answer is final", Deviates},
	{of(protocol.LaboratoryOrderOutcome), inBody, "", []string{"groupOfAnalyses/analysis", "analysis", "text", "resultReport"}, filled, "an analysis", Deviates},
	{of(protocol.LaboratoryOrderOutcome), inBody, "groupOfAnalyses/analysis", []string{"code"}, filled, "a code of the analysis", Deviates},
	{of(protocol.LaboratoryOrderOutcome), inBody, "groupOfAnalyses/analysis", []string{"specimen/timestamp", "timestamp"}, isTime, "when the sample was taken, as " + contentForm, Deviates},
	{of(protocol.LaboratoryOrderOutcome), inBody, "groupOfAnalyses/analysis/result", []string{"value", "comment"}, filled, "a value", Deviates},
	{of(protocol.LaboratoryOrderOutcome), inBody, "analysis", []string{"analysisText", "analysisCode"}, filled, "which analysis", Deviates},
	{of(protocol.LaboratoryOrderOutcome), inBody, "analysis/analysisOutcome", []string{"outcomeValue"}, filled, "a value", Deviates},

	{of(protocol.ImagingOutcome), inBody, "", []string{"typeOfResult"}, oneOf("PREL", "DEF", "TILL"), "PREL, DEF or TILL", Deviates},
	{of(protocol.ImagingOutcome), inBody, "", []string{"resultTime"}, isTime, "when it was answered, as " + contentForm, Deviates},
	{of(protocol.ImagingOutcome), inBody, "", []string{"resultReport"}, filled, "an answer to read", Deviates},
	{of(protocol.ImagingOutcome), inBody, "imageRecording", []string{"examinationActivity"}, filled, "which examination", Deviates},

	{of(protocol.ReferralOutcome), inBody, "", []string{"referralOutcomeTypeCode"}, oneOf("SS", "SR"), "SS or SR", Deviates},
	{of(protocol.ReferralOutcome), inBody, "", []string{"referralOutcomeTitle"}, filled, "a title", Deviates},
	{of(protocol.ReferralOutcome), inBody, "", []string{"referralOutcomeText"}, filled, "an answer to read", Deviates},
	{of(protocol.ReferralOutcome), inBody, "act", []string{"actText", "actCode"}, filled, "which act", Deviates},

	{of(protocol.MaternityMedicalHistory), inBody, "", []string{"registrationRecord", "pregnancyCheckupRecord", "postDeliveryRecord"}, filled, "a registration, a checkup or what came after delivery", Deviates},

	{of(protocol.MedicationHistory), inBody, "", []string{"medicationPrescription/prescriptionId"}, filled, "the prescription's id", Deviates},
	{of(protocol.MedicationHistory), inBody, "", []string{"medicationPrescription/typeOfPrescription"}, oneOf("I", "U"), "I or U", Deviates},
	{of(protocol.MedicationHistory), inBody, "", []string{"medicationPrescription/prescriptionStatus"}, oneOf("Active", "Inactive"), "Active or Inactive", Deviates},
	{of(protocol.MedicationHistory), inBody, "", []string{"medicationPrescription/selfMedication"}, isFlag, "whether it is self-medication", Deviates},
	{of(protocol.MedicationHistory), inBody, "medicationPrescription/drug", nil, exactlyOne("drug", "drugArticle", "merchandise", "generics", "unstructuredDrugInformation"), "exactly one kind of drug", Deviates},
	{of(protocol.MedicationHistory), inBody, "medicationPrescription/drug/dosage", []string{"dosageInstruction"}, filled, "an instruction to read", Deviates},

	{of(protocol.VaccinationHistory), anyHeader, "", []string{"nullified"}, isFlag, "whether the record was entered by mistake", Deviates},
	{of(protocol.VaccinationHistory), inBody, "", []string{"administrationRecord", "registrationRecord"}, filled, "a vaccination", Deviates},
	{of(protocol.VaccinationHistory), inBody, "administrationRecord", []string{"typeOfVaccine", "vaccineName"}, filled, "which vaccine", Deviates},

	{of(protocol.CareContacts), inBody, "", []string{"careContactCode"}, filled, "the kind of contact", Deviates},
	{of(protocol.CareContacts), inBody, "", []string{"careContactOrgUnit/orgUnitName"}, filled, "the unit of the contact, which the overview requires", Deviates},
	{of(protocol.CareContacts), inBody, "", []string{"careContactStatus"}, filled, "whether the contact is planned or over", Deviates},
	{of(protocol.CareContacts), inBody, "", []string{"careContactTimePeriod/start"}, filled, "when the contact was", Deviates},

	{of(protocol.CarePlans), anyHeader, "", []string{"documentTitle"}, filled, "the plan's title", Deviates},
	{of(protocol.CarePlans), inBody, "", []string{"typeOfCarePlan", "typeOfCarePlanEnum"}, filled, "the kind of plan", Deviates},
	{of(protocol.CarePlans), inBody, "", []string{"content"}, filled, "the plan itself", Deviates},
}

const noteCode = "clinicalDocumentNoteCode"

// alertTypes are those that the overview shows: codes of the national information types,
// and the words of the national alert types.
var alertTypes = []string{
	"upp-ube", "upp-ube-beh", "upp-ube-lbe", "upp-ube-kod", "upp-uas", "upp-uas-sjd", "upp-vbe", "upp-vbe-vbe", "upp-arb",
	"upp-arb-smf", "upp-arb-smf-vag", "upp-arb-smf-sjd", "upp-est", "upp-est-rub", "upp-est-inh",
	"Överkänslighet", "Allvarlig sjukdom", "Allvarlig behandling", "Smittsam sjukdom", "Vårdbegränsning", "Historisk varningsinformation",
}

// kind is what every element of a kind is held to, wherever it stands.
type kind struct {
	is       func(*element) bool
	want     func(*element) string
	expected string
	severity Severity
}

var kinds = [...]kind{
	{func(e *element) bool { return e.leaf() && e.text == placeholder }, func(*element) string { return "a placeholder" }, "what the element is for, or no element", Deviates},
	{func(e *element) bool {
		return e.leaf() && e.text != "" && e.text != placeholder && e.name != "time" && isTimeName(e.name)
	}, isExact, "YYYYMMDD or " + contentForm + ", without marks or zone", Deviates},
	{func(e *element) bool { return e.child("code").says() != "" && e.child("codeSystem") != nil }, hasOID, "the OID of a code system", Deviates},
	{func(e *element) bool { return e.child("mediaType") != nil }, oneOfTwo("value", "reference"), "either a value or a reference", Deviates},
	{func(e *element) bool {
		return e.name == "value" && e.parent.child("mediaType") != nil && e.leaf() && e.text != ""
	}, fitsInline,
		"base64 of at most 100 KB; more is given by reference", Hinders},
}

func of(c ...protocol.Contract) []protocol.Contract { return c }

// filled wants something in the element or below it that is no placeholder.
func filled(e *element) string {
	switch {
	case e == nil:
		return missing
	case e.leaf() && e.text == placeholder:
		return "a placeholder"
	case !slices.ContainsFunc(e.texts(nil), func(s string) bool { return s != placeholder }):
		return "empty"
	}
	return ""
}

// isHSAID wants an HSA-id, alone or under the root of HSA-ids.
func isHSAID(e *element) string {
	if found := filled(e); found != "" {
		return found
	}
	value, root := e, (*element)(nil)
	if !e.leaf() {
		value, root = e.find("extension", "id"), e.find("root", "type")
	}
	if _, err := protocol.ParseSourceID(value.says()); err != nil {
		return "no HSA-id"
	}
	if r := root.says(); !e.leaf() && r != protocol.RootHSAID {
		return "an id under another root than HSA-ids'"
	}
	return ""
}

// isTime wants a time to the second.
func isTime(e *element) string {
	if found := filled(e); found != "" {
		return found
	}
	if t, err := protocol.ParseCivil(e.says()); err != nil || len(e.text) != len(contentForm) || len(t.Digits()) != len(contentForm) {
		return "another form"
	}
	return ""
}

// isExact wants a day or a time to the second, as the contracts write them. Less than
// a day may stand where an element beside it says the form.
func isExact(e *element) string {
	t, err := protocol.ParseCivil(e.text)
	switch n := len(e.text); {
	case err != nil || t.Digits() != e.text:
		return "another form"
	case n == dateDigits || n == len(contentForm) || n < dateDigits && e.parent.child("format") != nil:
		return ""
	default:
		return "a time of another exactness"
	}
}

func isFlag(e *element) string {
	if found := filled(e); found != "" {
		return found
	}
	if !slices.Contains([]string{"true", "false", "1", "0"}, e.says()) {
		return "another form"
	}
	return ""
}

// oneOf wants one of the values, as the element's text, its code or its words.
func oneOf(values ...string) func(*element) string {
	return func(e *element) string {
		if found := filled(e); found != "" {
			return found
		}
		for _, said := range []*element{e, e.child("code"), e.child("displayName"), e.child("originalText")} {
			if slices.ContainsFunc(values, func(v string) bool { return said.says() != "" && strings.EqualFold(v, said.says()) }) {
				return ""
			}
		}
		return "another value"
	}
}

// ofSystem wants a code, where there is one, to be of a code system.
func ofSystem(oid string) func(*element) string {
	return func(code *element) string {
		if code.says() == "" || code.text == placeholder || code.parent.child("codeSystem").says() == oid {
			return ""
		}
		return "a code of another system"
	}
}

func hasOID(e *element) string {
	system := e.child("codeSystem")
	if found := filled(system); found != "" {
		return found
	}
	if !isOID(system.says()) {
		return "no OID"
	}
	return ""
}

// exactlyOne wants one of the children and no other of them.
func exactlyOne(names ...string) func(*element) string {
	return func(e *element) string {
		n := 0
		for _, name := range names {
			if e.child(name) != nil {
				n++
			}
		}
		switch n {
		case 0:
			return "none"
		case 1:
			return ""
		default:
			return "several"
		}
	}
}

// oneOfTwo wants one of two children to hold something.
func oneOfTwo(a, b string) func(*element) string {
	return func(e *element) string {
		switch first, second := filled(e.child(a)) == "", filled(e.child(b)) == ""; {
		case first && second:
			return "both"
		case !first && !second:
			return "neither"
		}
		return ""
	}
}

// fitsInline wants inline data to be base64 and within the contracts' limit.
func fitsInline(value *element) string {
	text := strings.Join(strings.Fields(value.text), "")
	if strings.HasPrefix(strings.ToLower(text), "cid:") {
		return ""
	}
	data, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return "no base64"
	case len(data) > protocol.MaxAttachmentBytes:
		return "larger"
	}
	return ""
}
