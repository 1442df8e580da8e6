package rivta

import (
	"slices"
	"strings"

	"tvilling/protocol"
)

// dateDigits is how exact a time must be: a day. Fewer digits are a year or a time of
// day, or no time at all; only an element that says its format may hold them.
const dateDigits = 8

// timeNames are the contracts' elements of date or time.
var timeNames = []string{
	"actTime", "administrationTime", "analysisTime", "ascertainedDate", "attestedTime", "authorTime", "blockComparisonTime",
	"contraceptiveDiscontinued", "date", "dateOfBirth", "diagnosisTime", "documentTime", "end", "endOfTreatment",
	"evaluationTime", "expectedDayOfDeliveryFromEmbryonicTransfer", "expectedDayOfDeliveryFromLastMenstrualPeriod",
	"expectedDayOfDeliveryFromUltrasoundScan", "firstDispensationBefore", "imageCreationTime", "indicationPregnancy",
	"lastMenstrualPeriod", "lockTime", "observationTime", "obsoleteTime", "referralTime", "registrationTime", "resultTime",
	"signatureTime", "start", "startOfFirstTreatment", "startOfTreatment", "time", "timestamp", "ts", "validUntil", "verifiedTime",
}

// flagNames are the contracts' truth values, which may be written 1 and 0 as well.
var flagNames = []string{
	"accredited", "approvedForPatient", "assessmentAtFirstContactStandardCare", "bl", "breastfeeding", "burnedInaAnnotations",
	"chronicDiagnosis", "diseasesDiabetesMellitus", "diseasesEndocineDiseases", "diseasesRecurrentUrinaryTractInfections",
	"diseasesThrombosis", "highClosed", "isDoseComplete", "isMaximumTreatmentTime", "lowClosed", "nullified",
	"pathologicalFlag", "perineumComfortable", "scarsOK", "selfMedication", "sutureRemoved", "uterusContracted",
	"vulvaVaginaPortioOK",
}

// isTimeName reports whether an element holds a time: one of the contracts' own, or one
// that is called so.
func isTimeName(name string) bool {
	if slices.Contains(timeNames, name) {
		return true
	}
	for _, end := range []string{"Time", "Timestamp", "TimeStamp", "Date"} {
		if strings.HasSuffix(name, end) && !isFlagName(name) {
			return true
		}
	}
	return false
}

func isFlagName(name string) bool { return slices.Contains(flagNames, name) }

// isIDName reports whether an element holds an identifier.
func isIDName(name string) bool {
	for _, end := range []string{"Id", "ID", "id", "Identifier"} {
		if strings.HasSuffix(name, end) && (end != "id" || strings.EqualFold(name, "id") || strings.HasSuffix(strings.ToLower(name), "hsaid")) {
			return true
		}
	}
	return false
}

// parseTime reads a time that a Civil holds without loss: at least a day, without
// fractions of a second and without a zone.
func parseTime(s string) (protocol.Civil, bool) {
	if len(s) < dateDigits || len(s) > 19 {
		return 0, false
	}
	t, err := protocol.ParseCivil(s)
	if err != nil {
		return 0, false
	}
	digits := t.Digits()
	return t, len(digits) >= dateDigits && sameDigits(s, digits)
}

// sameDigits reports whether s is the digits, whatever marks stand between them.
func sameDigits(s, digits string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '-' || c == ':' || c == 'T':
		case digits == "" || c != digits[0]:
			return false
		default:
			digits = digits[1:]
		}
	}
	return digits == ""
}
