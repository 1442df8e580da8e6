package rivta

import "strings"

// enumerated is a value of an element that the contracts list without words beside it.
type enumerated struct{ element, value string }

// enumeratedWords returns what a value of an element means, or "".
func enumeratedWords(name, value string) string {
	return enumerations[enumerated{strings.TrimSuffix(name, "Enum"), value}]
}

var enumerations = map[enumerated]string{
	{"assessmentCategory", "pad-pad"}:   "PADL-bedömning",
	{"assessmentCategory", "fun-fun"}:   "Bedömning av funktionsnedsättning",
	{"clinicalDocumentNoteCode", "utr"}: "Utredning",
	{"clinicalDocumentNoteCode", "atb"}: "Åtgärd/behandling",
	{"clinicalDocumentNoteCode", "sam"}: "Sammanfattning",
	{"clinicalDocumentNoteCode", "sao"}: "Samordning",
	{"clinicalDocumentNoteCode", "ins"}: "Inskrivning",
	{"clinicalDocumentNoteCode", "slu"}: "Slutanteckning",
	{"clinicalDocumentNoteCode", "auf"}: "Anteckning utan fysiskt möte",
	{"clinicalDocumentNoteCode", "sva"}: "Slutenvårdsanteckning",
	{"clinicalDocumentNoteCode", "bes"}: "Besöksanteckning",
	{"clinicalDocumentTypeCode", "epi"}: "Epikris",
	{"clinicalDocumentTypeCode", "int"}: "Intagningsanteckning",
	{"clinicalDocumentTypeCode", "dag"}: "Daganteckning",
	{"clinicalDocumentTypeCode", "ova"}: "Öppenvårdsanteckning",
	{"clinicalDocumentTypeCode", "ovs"}: "Öppenvårdssammanfattning",
	{"clinicalDocumentTypeCode", "ovr"}: "Övrigt dokument",

	{"typeOfAlertInformation", "upp-okh"}: "Överkänslighet",
	{"typeOfAlertInformation", "upp-uas"}: "Allvarlig sjukdom",
	{"typeOfAlertInformation", "upp-ube"}: "Behandling",
	{"typeOfAlertInformation", "upp-vbe"}: "Vårdbegränsning",
	{"typeOfAlertInformation", "upp-arb"}: "Arbetsmiljörisk",
	{"typeOfAlertInformation", "upp-est"}: "Ej strukturerad",

	{"careContactCode", "1"}:       "Besök",
	{"careContactCode", "2"}:       "Telefon",
	{"careContactCode", "3"}:       "Vårdtillfälle",
	{"careContactCode", "4"}:       "Dagsjukvård",
	{"careContactCode", "5"}:       "Annan",
	{"typeOfCarePlan", "SIP"}:      "Samordnad individuell plan",
	{"typeOfCarePlan", "SPLPTLRV"}: "Samordnad plan enligt LPT och LRV",
	{"typeOfCarePlan", "SPU"}:      "Samordnad plan vid utskrivning",
	{"typeOfCarePlan", "VP"}:       "Vårdplan",
	{"typeOfCarePlan", "HP"}:       "Habiliteringsplan",
	{"typeOfCarePlan", "RP"}:       "Rehabiliteringsplan",
	{"typeOfCarePlan", "GP"}:       "Genomförandeplan",
	{"typeOfCarePlan", "SVP"}:      "Standardiserad vårdplan",

	{"referralOutcomeTypeCode", "SS"}: "Slutsvar",
	{"referralOutcomeTypeCode", "SR"}: "Svar, inte märkt som slutsvar", // the contract's other answer: it may be the last, nothing says so
	{"typeOfResult", "PREL"}:          "Preliminärt svar",
	{"typeOfResult", "DEF"}:           "Definitivt svar",
	{"typeOfResult", "TILL"}:          "Tilläggssvar",
	{"resultType", "PREL"}:            "Preliminärt svar",
	{"resultType", "DEF"}:             "Definitivt svar",
	{"resultType", "TILL"}:            "Tilläggssvar",
	{"type", "registered"}:            "Registrerat",
	{"type", "partial"}:               "Delsvar",
	{"type", "preliminary"}:           "Preliminärt svar",
	{"type", "final"}:                 "Slutsvar",
	{"type", "amended"}:               "Ändrat svar",
	{"type", "corrected"}:             "Rättat svar",
	{"type", "appended"}:              "Tilläggssvar",
	{"type", "cancelled"}:             "Avbrutet",
	{"type", "entered-in-error"}:      "Felaktigt infört",

	{"prescriptionStatus", "Active"}:   "Aktuell",
	{"prescriptionStatus", "Inactive"}: "Ej aktuell",
	{"typeOfPrescription", "I"}:        "Insättning",
	{"typeOfPrescription", "U"}:        "Utsättning",
	{"nonReplaceable", "Prescriber"}:   "Enligt förskrivaren",
	{"nonReplaceable", "Patient"}:      "Enligt patienten",

	{"delivery", "0"}:          "Ej angivet",
	{"delivery", "1"}:          "X-graviditet",
	{"delivery", "2"}:          "Spontan abort",
	{"delivery", "4"}:          "Dödfött",
	{"delivery", "5"}:          "Levande fött",
	{"sex", "0"}:               "Okänt",
	{"sex", "1"}:               "Man",
	{"sex", "2"}:               "Kvinna",
	{"sex", "9"}:               "Ej tillämpligt",
	{"fetalPosition", "0"}:     "Huvud",
	{"fetalPosition", "1"}:     "Säte",
	{"fetalPosition", "2"}:     "Snedläge",
	{"fetalPosition", "3"}:     "Tvärläge",
	{"fetalPresentation", "0"}: "Huvud",
	{"fetalPresentation", "1"}: "Säte",
	{"fetalPresentation", "2"}: "Snedläge",
	{"fetalPresentation", "3"}: "Tvärläge",
	{"typeOfLeave", "0"}:       "Sjukskrivning",
	{"typeOfLeave", "1"}:       "Havandeskapsledighet",
	{"typeOfLeave", "2"}:       "Föräldraledighet",
}
