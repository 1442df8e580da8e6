package rivta

import (
	"strings"

	"tvilling/protocol"
)

// description is what must be known of one contract beyond the shapes that all of them
// share: what its record element is called, which time blocks are compared with, and
// what a list says about a record.
type description struct {
	contract     protocol.Contract
	record       string
	documentTime bool     // the older header's documentTime goes before authorTime
	title        []phrase // the first that says something
	detail       []phrase
	status       []phrase
	end          string // path of the end of what the record is about
	ended        string // status of a record whose end was past when it was made, where it has none
}

// phrase is words from a record's body, joined by sep. It says nothing unless its
// first part does. A part is a path below the body; alternatives are parted by "|".
// Marks before a path: "/" starts it in the header, "#" puts the code before its words,
// "*" joins what several elements say, "1" says something only when there is exactly
// one element. A last name of several parted by "," is the first of them that says
// anything, for each element. "=words" after a path stands for these words where the
// path says anything, with what it says for "…".
type phrase struct {
	sep   string
	parts []string
}

func say(parts ...string) phrase { return phrase{sep: " ", parts: parts} }

func joined(sep string, parts ...string) phrase { return phrase{sep: sep, parts: parts} }

// obsolete is the status of an alert that no longer holds.
const obsolete = "Inaktuell"

const (
	drugPath   = "medicationPrescription/drug/"
	dosagePath = drugPath + "dosage/"
	agentPath  = "hypersensitivity/pharmaceuticalHypersensitivity/"
)

// drugNames are what a drug may be called: a name of a substance before the number of a
// product that has none.
const drugNames = drugPath + "drug/nplId/displayName|" + drugPath + "drug/nplId/originalText|" +
	drugPath + "drug/atcCode/displayName|" + drugPath + "drug/atcCode/originalText|" + drugPath + "drug/nplId|" + drugPath + "drug/atcCode"

// alertSubject is what an alert is about, in any of its kinds.
const alertSubject = agentPath + "atcSubstance|" + agentPath + "nonATCSubstance|*" + agentPath + "pharmaceuticalProductId|" +
	"hypersensitivity/otherHypersensitivity/hypersensitivityAgent|hypersensitivity/otherHypersensitivity/hypersensitivityAgentCode|" +
	"hypersensitivity/typeOfHypersensitivity|seriousDisease/disease|treatment/treatmentDescription|treatment/treatmentCode|" +
	"*treatment/pharmaceuticalTreatment|communicableDisease/communicableDiseaseCode|restrictionOfCare/restrictionOfCareComment|" +
	"unstructuredAlertInformation/unstructuredAlertInformationHeading|alertInformationComment"

var descriptions = [...]description{
	{
		contract: protocol.CareDocumentation, record: "careDocumentation", documentTime: true,
		title: []phrase{
			say("clinicalDocumentNoteTitle|clinicalDocumentNote/clinicalDocumentNoteTitle|/documentTitle|" +
				"clinicalDocumentNoteCode|clinicalDocumentNote/clinicalDocumentNoteCode|clinicalDocumentNote/clinicalDocumentTypeCode"),
		},
		detail: []phrase{say("clinicalDocumentNoteCode|clinicalDocumentNote/clinicalDocumentNoteCode|clinicalDocumentNote/clinicalDocumentTypeCode")},
	},
	{
		contract: protocol.Diagnosis, record: "diagnosis",
		title:  []phrase{say("#diagnosisCode"), say("/documentTitle|typeOfDiagnosis")},
		detail: []phrase{joined(", ", "typeOfDiagnosis", "chronicDiagnosis=kronisk")},
	},
	{
		contract: protocol.AlertInformation, record: "alertInformation",
		title:  []phrase{joined(": ", "typeOfAlertInformation|/documentTitle", alertSubject), say(alertSubject)},
		detail: []phrase{joined(", ", "hypersensitivity/degreeOfSeverity", "hypersensitivity/degreeOfCertainty"), say("alertInformationComment")},
		status: []phrase{say("obsoleteTime=" + obsolete)},
		end:    "validityTimePeriod/end", ended: obsolete,
	},
	{
		contract: protocol.FunctionalStatus, record: "functionalStatusAssessment", documentTime: true,
		title:  []phrase{say("#disability/disabilityAssessment"), say("assessmentCategory|/documentTitle")},
		detail: []phrase{say("*padl/typeOfAssessment|disability/comment|comment")},
	},
	{
		contract: protocol.LaboratoryOrderOutcome, record: "laboratoryOrderOutcome", documentTime: true,
		title: []phrase{
			say("*groupOfAnalyses/name,code|*groupOfAnalyses/analysis/code"),
			say("*analysis/analysisText,analysisCode|/documentTitle|discipline"),
		},
		detail: []phrase{
			say("1groupOfAnalyses/analysis/result/value", "1groupOfAnalyses/analysis/result/interpretation"),
			say("1analysis/analysisOutcome/outcomeValue", "1analysis/analysisOutcome/outcomeUnit"),
			say("*groupOfAnalyses/analysis/code|text|resultReport|resultComment"),
		},
		status: []phrase{say("type|resultType")},
	},
	{
		contract: protocol.ImagingOutcome, record: "imagingOutcome", documentTime: true,
		title:  []phrase{say("*imageRecording/examinationActivity|/documentTitle|examinationSpeciality")},
		detail: []phrase{say("resultReport|resultComment")},
		status: []phrase{say("typeOfResult")},
	},
	{
		contract: protocol.ReferralOutcome, record: "referralOutcome",
		title:  []phrase{say("referralOutcomeTitle|/documentTitle|*act/actText|*act/actCode")},
		detail: []phrase{say("referralOutcomeText")},
		status: []phrase{say("referralOutcomeTypeCode")},
	},
	{
		contract: protocol.MaternityMedicalHistory, record: "maternityMedicalRecord", documentTime: true,
		title: []phrase{
			joined(", ", "registrationRecord=Inskrivning", "pregnancyCheckupRecord=Kontroll", "postDeliveryRecord=Efter förlossning"),
			joined(", ", "pregnancyCheckupRecord=Kontroll under graviditet", "postDeliveryRecord=Efter förlossning"),
			say("postDeliveryRecord=Efter förlossning"),
			say("/documentTitle"),
		},
		detail: []phrase{
			say("pregnancyCheckupRecord/completeWeeksOfGestation=Vecka …"),
			say("registrationRecord/expectedDayOfDeliveryFromUltrasoundScan=Beräknad förlossning …"),
			say("registrationRecord/expectedDayOfDeliveryFromLastMenstrualPeriod=Beräknad förlossning …"),
		},
	},
	{
		contract: protocol.MedicationHistory, record: "medicationMedicalRecord",
		title: []phrase{
			say(drugNames, drugPath+"drug/pharmaceuticalForm", drugPath+"drug/strength", drugPath+"drug/strengthUnit"),
			say(drugPath+"generics/substance", drugPath+"generics/form", drugPath+"generics/strength"),
			say(drugPath + "drugArticle/nplPackId|" + drugPath + "merchandise/articleNumber|" +
				drugPath + "unstructuredDrugInformation/unstructuredInformation|" + drugPath + "comment|/documentTitle"),
		},
		detail: []phrase{
			say("*" + dosagePath + "dosageInstruction,shortNotation|*" + dosagePath + "setDosage/unstructuredDosageInformation/text"),
			joined(", ", "1"+dosagePath+"setDosage/frequencyDosage/dose", dosagePath+"setDosage/frequencyDosage/frequency"),
			say("1"+dosagePath+"setDosage/periodDosage/dose", dosagePath+"setDosage/periodDosage/period=per …"),
			joined(", ", "1"+dosagePath+"setDosage/singleDose/dose", dosagePath+"setDosage/singleDose/time"),
			joined(", ", "1"+dosagePath+"conditionalDosage/conditionDescription", dosagePath+"conditionalDosage/singleDose/dose|"+dosagePath+"conditionalDosage/frequencyDosage/dose"),
			say("medicationPrescription/treatmentPurpose|medicationPrescription/prescriptionNote"),
		},
		status: []phrase{say("medicationPrescription/prescriptionStatus")},
		end:    "medicationPrescription/endOfTreatment",
	},
	{
		contract: protocol.VaccinationHistory, record: "vaccinationMedicalRecord", documentTime: true,
		title: []phrase{
			say("*administrationRecord/vaccineName,typeOfVaccine,vaccineTargetDisease|/documentTitle"),
			say("registrationRecord/vaccinationUnstructuredNote"),
		},
		detail: []phrase{
			joined("; ", "*administrationRecord/vaccineTargetDisease|*administrationRecord/typeOfVaccine", "1administrationRecord/doseOrdinalNumber=dos …"),
			say("1administrationRecord/doseOrdinalNumber=Dos …"),
		},
	},
	{
		contract: protocol.CareContacts, record: "careContact",
		title:  []phrase{joined(", ", "careContactCode|/documentTitle", "careContactOrgUnit/orgUnitName"), say("careContactOrgUnit/orgUnitName|careContactReason")},
		detail: []phrase{say("careContactReason")},
		status: []phrase{say("careContactStatus")},
		end:    "careContactTimePeriod/end",
	},
	{
		contract: protocol.CarePlans, record: "carePlan",
		title:  []phrase{say("/documentTitle|typeOfCarePlanEnum|typeOfCarePlan")},
		detail: []phrase{say("typeOfCarePlanEnum|typeOfCarePlan")},
	},
}

// describe returns the description of a contract of the registry.
func describe(c protocol.Contract) *description {
	for i := range descriptions {
		if descriptions[i].contract == c {
			return &descriptions[i]
		}
	}
	return nil
}

// knownName reports whether a name is one of the package's own and may stand in a
// place. Names of a message are not trusted: anything can be written into one.
func knownName(name string) bool {
	_, known := knownNames[strings.ToLower(name)]
	return known
}

var knownNames = func() map[string]struct{} {
	names := map[string]struct{}{}
	add := func(paths ...string) {
		for _, path := range paths {
			path, _, _ = strings.Cut(path, "=")
			for _, name := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/|#*1,", r) }) {
				names[strings.ToLower(name)] = struct{}{}
			}
		}
	}
	add(rootName, "Envelope/Body/Header/Fault/result/hasMore", textName)
	for i := range descriptions {
		d := &descriptions[i]
		add(d.contract.String()+"Response", d.record, d.record+"Header", d.record+"Body", d.end)
		for _, phrases := range [][]phrase{d.title, d.detail, d.status} {
			for _, p := range phrases {
				add(p.parts...)
			}
		}
	}
	for _, paths := range headerPaths {
		add(paths...)
	}
	for i := range rules {
		add(rules[i].in)
		add(rules[i].paths...)
	}
	add("logId/logicalAddress/reference/mediaType/value")
	for _, list := range [][]string{timeNames, flagNames, shapeNames} {
		for _, name := range list {
			names[strings.ToLower(name)] = struct{}{}
		}
	}
	return names
}()
