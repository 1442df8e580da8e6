package client

import (
	"strconv"

	"tvilling/protocol"
)

// txt names a text of the user interface.
type txt uint8

// The texts.
const (
	txtNone txt = iota
	txtSkip
	txtProduct
	txtTagline
	txtLanguage
	txtDemo
	txtDevelopment
	txtConnecting
	txtConnected
	txtReconnecting
	txtSilent
	txtMoving
	txtStopped
	txtNode
	txtSite
	txtPosition
	txtSwitchPerson
	txtSwitchTask
	txtWhoTitle
	txtWhoLead
	txtTaskTitle
	txtTaskLead
	txtTaskNone
	txtTaskUnusable
	txtPatientTitle
	txtPatientLead
	txtPatientLabel
	txtPatientForm
	txtPatientDate
	txtPatientCheck
	txtPatientRight
	txtPatientReserve
	txtPatientSamordning
	txtOpenPatient
	txtChecking
	txtConsentTitle
	txtConsentLead
	txtConsentWho
	txtConsentUnit
	txtConsentPersonal
	txtConsentDays
	txtDay
	txtDays
	txtConsentAttest
	txtConsentSkip
	txtConsentGive
	txtConsentOwnOnly
	txtChoiceTitle
	txtChoiceLead
	txtChoiceTypes
	txtChoiceAll
	txtChoiceNone
	txtChoiceNothing
	txtShow
	txtFetching
	txtFetchingAgain
	txtBack
	txtPatient
	txtBasisNone
	txtBasisConsent
	txtBasisEmergency
	txtUntil
	txtEndConsent
	txtEndConsentAsk
	txtEndConsentYes
	txtEndConsentNo
	txtConsentEnded
	txtChangeChoice
	txtLeave
	txtAlerts
	txtListTitle
	txtOrder
	txtByTime
	txtByType
	txtFilter
	txtFilterAll
	txtDocumentOne
	txtDocumentMany
	txtNewOne
	txtNewMany
	txtGoneOne
	txtGoneMany
	txtShowNewOne
	txtShowNewMany
	txtEmpty
	txtUndated
	txtUnsigned
	txtNullified
	txtRowGone
	txtReaderTitle
	txtReaderEmpty
	txtReaderFetching
	txtDocumentGone
	txtCloseReader
	txtCloseReaderNarrow
	txtHeadTime
	txtHeadType
	txtHeadUnit
	txtHeadAuthor
	txtHeadStatus
	txtNoBody
	txtYes
	txtNo
	txtReference
	txtAbnormal
	txtHigh
	txtLow
	txtDissent
	txtAttachment
	txtAttachmentInline
	txtAttachmentAddress
	txtUnknownType
	txtNoticeID
	txtNoticeTime
	txtCopy
	txtCopied
	txtDismiss
	txtReload
	txtRestart
	txtWaiting
	txtAccessOver
	txtBlankTitle
	txtNavSession
	txtEnd
)

// textOf returns a text in the language.
func textOf(lang protocol.Language, t txt) string {
	if lang == protocol.English {
		return texts[t].en
	}
	return texts[t].sv
}

type words struct{ sv, en string }

var texts = [txtEnd]words{
	txtNone:        {"", ""},
	txtSkip:        {"Hoppa till innehållet", "Skip to the content"},
	txtProduct:     {"Tvilling", "Tvilling"},
	txtTagline:     {"Patientöversikt", "Patient overview"},
	txtLanguage:    {"English", "Svenska"},
	txtDemo:        {"DEMO", "DEMO"},
	txtDevelopment: {"UTVECKLING", "DEVELOPMENT"},

	txtConnecting:   {"Ansluter …", "Connecting …"},
	txtConnected:    {"Ansluten", "Connected"},
	txtReconnecting: {"Återansluter …", "Reconnecting …"},
	txtSilent:       {"Noden svarar inte, provar en annan …", "The node is silent, trying another …"},
	txtMoving:       {"Byter nod …", "Moving to another node …"},
	txtStopped:      {"Frånkopplad", "Disconnected"},
	txtNode:         {"Nod", "Node"},
	txtSite:         {"Plats", "Site"},
	txtPosition:     {"Läge", "Position"},
	txtSwitchPerson: {"Byt person", "Switch person"},
	txtSwitchTask:   {"Byt uppdrag", "Switch commission"},
	txtNavSession:   {"Inloggning", "Session"},

	txtWhoTitle:     {"Vem vill du vara?", "Who do you want to be?"},
	txtWhoLead:      {"Det här är en miljö med påhittade personer. Välj en av dem.", "This environment has made-up people. Choose one of them."},
	txtTaskTitle:    {"Välj medarbetaruppdrag", "Choose a commission"},
	txtTaskLead:     {"Uppdraget avgör vad du får se. Allt du öppnar loggförs under det.", "The commission decides what you may see. Everything you open is recorded under it."},
	txtTaskNone:     {"Du har inget medarbetaruppdrag.", "You have no commission."},
	txtTaskUnusable: {"Kan inte användas: uppdraget saknar ändamålet vård och behandling, eller rätt att läsa sammanhållen journal.", "Cannot be used: the commission lacks the purpose of care and treatment, or the right to read shared records."},

	txtPatientTitle:      {"Välj patient", "Choose a patient"},
	txtPatientLead:       {"Det krävs en aktuell vårdrelation. Åtkomsten loggförs när du öppnar.", "A current care relation is required. The access is recorded when you open."},
	txtPatientLabel:      {"Personnummer, samordningsnummer eller nationellt reservnummer", "Personal identity, coordination or national reserve number"},
	txtPatientForm:       {"Tolv tecken: ÅÅÅÅMMDD-NNNN. Århundradet måste vara med.", "Twelve characters: YYYYMMDD-NNNN. The century must be there."},
	txtPatientDate:       {"Numret innehåller inget möjligt datum.", "The number holds no possible date."},
	txtPatientCheck:      {"Kontrollsiffran stämmer inte. Något är felskrivet.", "The check digit is wrong. Something is mistyped."},
	txtPatientRight:      {"Giltigt personnummer.", "A valid personal identity number."},
	txtPatientSamordning: {"Giltigt samordningsnummer.", "A valid coordination number."},
	txtPatientReserve:    {"Nationellt reservnummer.", "A national reserve number."},
	txtOpenPatient:       {"Öppna patient", "Open patient"},
	txtChecking:          {"Kontrollerar åtkomst …", "Checking access …"},

	txtConsentTitle:    {"Samtycke till sammanhållen journalföring", "Consent to shared records"},
	txtConsentLead:     {"Patientens samtycke behövs för att visa uppgifter från andra vårdgivare.", "The patient's consent is needed to show information from other care providers."},
	txtConsentWho:      {"Samtycket gäller för", "The consent is for"},
	txtConsentUnit:     {"Hela vårdenheten", "The whole care unit"},
	txtConsentPersonal: {"Bara mig", "Only me"},
	txtConsentDays:     {"Giltighetstid", "Valid for"},
	txtDay:             {"dag", "day"},
	txtDays:            {"dagar", "days"},
	txtConsentAttest:   {"Intyga samtycke", "Attest consent"},
	txtConsentSkip:     {"Fortsätt med egen vårdgivares uppgifter", "Go on with own care provider's information"},
	txtConsentGive:     {"Intyga samtycke …", "Attest consent …"},
	txtConsentOwnOnly:  {"Utan samtycke visas bara uppgifter från den egna vårdgivaren.", "Without consent only your own care provider's information is shown."},

	txtChoiceTitle:   {"Välj vad du vill se", "Choose what to see"},
	txtChoiceLead:    {"Välj de informationstyper som behövs för vården av patienten. Inget visas förrän du har valt, och valet loggförs.", "Choose the types of information that the care of the patient needs. Nothing is shown before you choose, and the choice is recorded."},
	txtChoiceTypes:   {"Informationstyper", "Types of information"},
	txtChoiceAll:     {"Välj alla", "Choose all"},
	txtChoiceNone:    {"Välj ingen", "Choose none"},
	txtChoiceNothing: {"Välj minst en informationstyp.", "Choose at least one type of information."},
	txtShow:          {"Visa översikt", "Show overview"},
	txtFetching:      {"Hämtar …", "Fetching …"},
	txtFetchingAgain: {"Vyn stämde inte och hämtas på nytt.", "The view did not agree and is fetched again."},
	txtBack:          {"Tillbaka till översikten", "Back to the overview"},

	txtPatient:        {"Patient", "Patient"},
	txtBasisNone:      {"Utan samtycke: bara egen vårdgivare", "No consent: own care provider only"},
	txtBasisConsent:   {"Samtycke", "Consent"},
	txtBasisEmergency: {"Nödsituation", "Emergency"},
	txtUntil:          {"till", "until"},
	txtEndConsent:     {"Avsluta samtycke", "End consent"},
	txtEndConsentAsk:  {"Avsluta samtycket? Uppgifter från andra vårdgivare försvinner genast.", "End the consent? Other care providers' information disappears at once."},
	txtEndConsentYes:  {"Ja, avsluta", "Yes, end it"},
	txtEndConsentNo:   {"Nej, behåll", "No, keep it"},
	txtConsentEnded:   {"Samtycket är avslutat.", "The consent has ended."},
	txtChangeChoice:   {"Ändra urval", "Change choice"},
	txtLeave:          {"Stäng patient", "Close patient"},
	txtAlerts:         {"Uppmärksamhetsinformation", "Alerts"},

	txtListTitle:    {"Dokumentlista", "Documents"},
	txtOrder:        {"Ordning", "Order"},
	txtByTime:       {"Efter tid", "By time"},
	txtByType:       {"Efter typ", "By type"},
	txtFilter:       {"Visa", "Show"},
	txtFilterAll:    {"Alla typer", "All types"},
	txtDocumentOne:  {"dokument", "document"},
	txtDocumentMany: {"dokument", "documents"},
	txtNewOne:       {"nytt dokument", "new document"},
	txtNewMany:      {"nya dokument", "new documents"},
	txtGoneOne:      {"dokument visas inte längre", "document is no longer shown"},
	txtGoneMany:     {"dokument visas inte längre", "documents are no longer shown"},
	txtShowNewOne:   {"nytt ovanför – visa", "new above – show"},
	txtShowNewMany:  {"nya ovanför – visa", "new above – show"},
	txtEmpty:        {"Inga dokument att visa i det valda urvalet.", "No documents to show in this choice."},
	txtUndated:      {"Utan datum", "Undated"},
	txtUnsigned:     {"Osignerad", "Unsigned"},
	txtNullified:    {"Makulerad", "Nullified"},
	txtRowGone:      {"Dokumentet du stod på visas inte längre.", "The document you were at is no longer shown."},
	txtReaderTitle:  {"Dokument", "Document"},
	txtReaderEmpty:  {"Välj ett dokument i listan för att läsa det här. Läsningen loggförs.", "Choose a document in the list to read it here. The reading is recorded."},
	txtDocumentGone: {"Dokumentet visas inte längre.", "The document is no longer shown."},
	txtCloseReader:  {"Stäng dokument", "Close document"},
	txtReaderFetching: {
		"Hämtar dokumentet …", "Fetching the document …",
	},
	txtCloseReaderNarrow: {"Till listan", "To the list"},
	txtHeadTime:          {"Tid", "Time"},
	txtHeadType:          {"Typ", "Type"},
	txtHeadUnit:          {"Enhet", "Unit"},
	txtHeadAuthor:        {"Ansvarig", "Responsible"},
	txtHeadStatus:        {"Status", "Status"},
	txtNoBody:            {"Dokumentet har inget innehåll utöver rubriken.", "The document has no content beside its header."},

	txtYes:               {"Ja", "Yes"},
	txtNo:                {"Nej", "No"},
	txtReference:         {"Referens", "Reference"},
	txtAbnormal:          {"Avvikande", "Abnormal"},
	txtHigh:              {"Högt", "High"},
	txtLow:               {"Lågt", "Low"},
	txtDissent:           {"Patientens avvikande mening", "The patient's dissenting opinion"},
	txtAttachment:        {"Bilaga", "Attachment"},
	txtAttachmentInline:  {"i journalen", "in the record"},
	txtAttachmentAddress: {"hos källsystemet", "at the source system"},
	txtUnknownType:       {"okänd typ", "unknown type"},

	txtNoticeID:   {"Felsöknings-id", "Id for support"},
	txtNoticeTime: {"Tid", "Time"},
	txtCopy:       {"Kopiera uppgifter för felanmälan", "Copy details for a report"},
	txtCopied:     {"Kopierat", "Copied"},
	txtDismiss:    {"Stäng", "Dismiss"},
	txtReload:     {"Ladda om sidan", "Reload the page"},
	txtRestart:    {"Till val av patient", "To the choice of patient"},
	txtWaiting:    {"Försöker få tillbaka vyn …", "Trying to get the view back …"},

	txtAccessOver: {"Åtkomst avslutad. Inga patientuppgifter visas.", "Access ended. No patient data is shown."},
	txtBlankTitle: {"Inga uppgifter visas", "Nothing is shown"},
}

// countText says how many documents there are.
func countText(lang protocol.Language, n int) string {
	return numbered(lang, n, txtDocumentOne, txtDocumentMany)
}

// changedText says what came and went; nothing if neither did.
func changedText(lang protocol.Language, added, gone int) string {
	s := ""
	if added > 0 {
		s = numbered(lang, added, txtNewOne, txtNewMany)
	}
	if gone > 0 {
		if s != "" {
			s += ", "
		}
		s += numbered(lang, gone, txtGoneOne, txtGoneMany)
	}
	return s
}

func numbered(lang protocol.Language, n int, one, many txt) string {
	if n == 1 {
		many = one
	}
	return thousands(lang, n) + " " + textOf(lang, many)
}

// thousands writes a count with its thousands parted, by a space or a comma.
func thousands(lang protocol.Language, n int) string {
	s := strconv.Itoa(n)
	gap := "\u00a0"
	if lang == protocol.English {
		gap = ","
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + gap + s[i:]
	}
	return s
}

// number reads a small number from a control's value; -1 if it is none.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}
