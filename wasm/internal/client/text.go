package client

import (
	"strconv"

	"tvilling/protocol"
)

// txt names a text of the user interface.
type txt uint16

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
	txtLadderTitle
	txtLadderLead
	txtAskOthers
	txtAskProviders
	txtAskBlocked
	txtOthersYes
	txtOthersNo
	txtBlockedYes
	txtBlockedNo
	txtProvidersTold
	txtProvidersHave
	txtProvidersBlocked
	txtProvidersNone
	txtAskLift
	txtGiver
	txtGiverPatient
	txtGiverGuardian
	txtGiverOther
	txtGiverMature
	txtGiverMissing
	txtGuardian
	txtGuardianWrong
	txtDeceased
	txtEndEmergency
	txtEndEmergencyAsk
	txtEmergencyClosed
	txtContentChanged
	txtContentChangedWhy
	txtEmergencyAsk
	txtEmergencyGoOn
	txtEmergencyTitle
	txtEmergencyTitle2
	txtEmergencyLead
	txtEmergencyLead2
	txtEmergencyRecorded
	txtReason
	txtReasonMissing
	txtReasonLong
	txtSure
	txtNotSure
	txtEmergencySend
	txtEmergencySend2
	txtEmergencySkip
	txtMinutesLeft
	txtNotShownBy
	txtShownBy
	txtSince
	txtAnd
	txtMore
	txtEmpties
	txtCoverageTitle
	txtCoverageMenu
	txtCoverageLead
	txtCoverageNone
	txtProvider
	txtShown
	txtNotShown
	txtShownFrom
	txtShownUntil
	txtAsideClose
	txtHelpMenu
	txtHelpCode
	txtHelpTitle
	txtHelpLead
	txtMender
	txtFeedsUnknown
	txtFeedsLate
	txtAsOf
	txtFeedBlocks
	txtFeedConsents
	txtFeedRelations
	txtFeedCommissions
	txtFeedPersons
	txtFeedEngagement
	txtNewsOngoing
	txtNewsPlanned
	txtNewsUntil
	txtNewsAt
	txtNewsToday
	txtNewsTomorrow
	txtTaskFollow
	txtFollowTitle
	txtFollowLead
	txtReports
	txtReportEmergencies
	txtReportEmergenciesLead
	txtReportSample
	txtReportSampleLead
	txtReportProvider
	txtReportProviderLead
	txtReportEmployee
	txtReportEmployeeLead
	txtReportPatient
	txtReportPatientLead
	txtReportOwner
	txtReportOwnerLead
	txtReportOwnAccess
	txtReportOwnAccessLead
	txtReportStatistics
	txtReportStatisticsLead
	txtFrom
	txtTo
	txtSubject
	txtEmployee
	txtPeriodWrong
	txtSubjectWrong
	txtEmployeeWrong
	txtReportAsk
	txtReportNone
	txtReportEmpty
	txtReportNext
	txtReportFirst
	txtRowOne
	txtRowMany
	txtLogCaption
	txtLogWho
	txtLogWhat
	txtLogWhose
	txtAllTypes
	txtOtherHasRead
	txtPurpose
	txtPermitted
	txtRefused
	txtReview
	txtReviewTitle
	txtInOrder
	txtQuestioned
	txtMisuse
	txtOutcomeMissing
	txtComment
	txtReviewSend
	txtReviewDone
	txtCancel
	txtOwnAccessLead
	txtLookups
	txtUsers
	txtPatients
	txtByMonth
	txtByHour
	txtByWeekday
	txtByProvider
	txtFew
	txtMonday
	txtTuesday
	txtWednesday
	txtThursday
	txtFriday
	txtSaturday
	txtSunday
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

	txtLadderTitle:      {"Finns det mer?", "Is there more?"},
	txtLadderLead:       {"Varje fråga är ett aktivt val och loggförs.", "Each question is an active choice and is recorded."},
	txtAskOthers:        {"Finns uppgifter hos andra vårdgivare?", "Do other care providers have information?"},
	txtAskProviders:     {"Visa vilka vårdgivare", "Show which care providers"},
	txtAskBlocked:       {"Visa om spärrad information finns", "Show whether blocked information exists"},
	txtOthersYes:        {"Ja, andra vårdgivare har uppgifter.", "Yes, other care providers have information."},
	txtOthersNo:         {"Nej, inga uppgifter att visa hos andra vårdgivare.", "No information to show at other care providers."},
	txtBlockedYes:       {"Ja, spärrad information finns.", "Yes, blocked information exists."},
	txtBlockedNo:        {"Nej, ingen spärrad information finns.", "No blocked information exists."},
	txtProvidersTold:    {"Vårdgivarna står nedan.", "The care providers are below."},
	txtProvidersHave:    {"Vårdgivare som har uppgifter", "Care providers that have information"},
	txtProvidersBlocked: {"Vårdgivare som har spärrat uppgifter", "Care providers that have blocked information"},
	txtProvidersNone:    {"Ingen annan vårdgivare har uppgifter att visa.", "No other care provider has information to show."},
	txtAskLift:          {"Spärrade uppgifter visas inte ens vid nödöppning: begär hävning hos vårdgivaren.", "Blocked information is not shown even in an emergency: ask the care provider to lift the block."},

	txtGiver:             {"Vem har samtyckt?", "Who has consented?"},
	txtGiverPatient:      {"Patienten", "The patient"},
	txtGiverOther:        {"En företrädare, för den som inte själv kan samtycka", "A representative, for one who cannot consent"},
	txtGiverGuardian:     {"Vårdnadshavare", "A guardian"},
	txtGiverMature:       {"Barnet, som bedömts vara tillräckligt moget", "The child, found mature enough"},
	txtGiverMissing:      {"Ange vem som har samtyckt.", "Say who has consented."},
	txtGuardian:          {"Vårdnadshavarens eller företrädarens personnummer", "The guardian's or representative's personal identity number"},
	txtGuardianWrong:     {"Ange personnumret med tolv siffror. Det kan inte vara patientens.", "Give the number with twelve digits. It cannot be the patient's."},
	txtDeceased:          {"Patienten är avliden. Inget samtycke kan ges, och bara egen vårdgivares uppgifter visas.", "The patient is deceased. Nobody can consent, and only your own care provider's information is shown."},
	txtEndEmergency:      {"Avsluta nödöppning", "End emergency access"},
	txtEndEmergencyAsk:   {"Avsluta nödöppningen? Uppgifter från andra vårdgivare försvinner genast.", "End the emergency access? Other care providers' information disappears at once."},
	txtEmergencyClosed:   {"Nödöppningen är avslutad.", "The emergency access has ended."},
	txtContentChanged:    {"Vissa uppgifter visas inte längre", "Some information is no longer shown"},
	txtContentChangedWhy: {"Uppgifter kan ändras eller tas bort medan du läser. Det som visas nu är det som gäller.", "Information may change or be removed while you read. What is shown now is what holds."},

	txtEmergencyAsk:      {"Nödöppning …", "Emergency access …"},
	txtEmergencyGoOn:     {"Nödöppning, steg 2 …", "Emergency access, step 2 …"},
	txtEmergencyTitle:    {"Nödöppning, steg 1 av 2", "Emergency access, step 1 of 2"},
	txtEmergencyTitle2:   {"Nödöppning, steg 2 av 2", "Emergency access, step 2 of 2"},
	txtEmergencyLead:     {"Bara när patienten inte kan samtycka och det är fara för patientens liv eller allvarlig risk för dennes hälsa.", "Only when the patient cannot consent and there is danger to the patient's life or a serious risk to their health."},
	txtEmergencyLead2:    {"Visa uppgifterna bara om de kan antas ha betydelse för den vård som patienten oundgängligen behöver.", "Show the information only if it can be assumed to matter to the care that the patient absolutely needs."},
	txtEmergencyRecorded: {"Nödöppningen loggförs med ditt namn och skäl, granskas i efterhand, gäller en begränsad tid och häver inga spärrar.", "The access is recorded with your name and reason, is reviewed afterwards, lasts a limited time and lifts no blocks."},
	txtReason:            {"Skäl", "Reason"},
	txtReasonMissing:     {"Skriv ett skäl.", "Write a reason."},
	txtReasonLong:        {"Texten är för lång: högst 1000 tecken, och färre med å, ä och ö.", "The text is too long: at most 1000 characters."},
	txtSure:              {"Jag intygar att patienten inte kan samtycka och att uppgifterna behövs nu.", "I attest that the patient cannot consent and that the information is needed now."},
	txtNotSure:           {"Intyga att uppgifterna behövs.", "Attest that the information is needed."},
	txtEmergencySend:     {"Nödöppna: visa vilka vårdgivare", "Open: show which care providers"},
	txtEmergencySend2:    {"Nödöppna: visa uppgifterna", "Open: show the information"},
	txtEmergencySkip:     {"Gå vidare utan", "Go on without"},
	txtMinutesLeft:       {"min kvar", "min left"},

	txtNotShownBy:    {"Visas inte av", "Not shown by"},
	txtShownBy:       {"Visas av", "Shown by"},
	txtSince:         {"sedan", "since"},
	txtAnd:           {"och", "and"},
	txtMore:          {"till", "more"},
	txtEmpties:       {"Typer utan dokument", "Types without documents"},
	txtCoverageTitle: {"Vad visar varje vårdgivare?", "What does each care provider show?"},
	txtCoverageMenu:  {"Vad visas?", "What is shown?"},
	txtCoverageLead:  {"Tabellen gäller alla patienter. Den säger inget om vad som finns om någon av dem.", "The table is about all patients. It says nothing of what there is about any of them."},
	txtCoverageNone:  {"Tabellen är tom.", "The table is empty."},
	txtProvider:      {"Vårdgivare", "Care provider"},
	txtShown:         {"Visas", "Shown"},
	txtNotShown:      {"Visas inte", "Not shown"},
	txtShownFrom:     {"Visas från", "Shown from"},
	txtShownUntil:    {"Visades till och med", "Shown until"},
	txtAsideClose:    {"Tillbaka", "Back"},

	txtHelpMenu:  {"Hjälp", "Help"},
	txtHelpCode:  {"Om felkoden", "About the code"},
	txtHelpTitle: {"Hjälp: felkoder", "Help: fault codes"},
	txtHelpLead:  {"Vad som kan gå fel, vem som kan åtgärda det och hur. Ange kod, id och tid i en felanmälan, aldrig patientuppgifter.", "What can go wrong, who can mend it, and how. Give code, id and time in a report, never patient data."},
	txtMender:    {"Åtgärdas av:", "Mended by:"},

	txtFeedsUnknown:    {"Okända säkerhetsuppgifter, och det som vilar på dem nekas:", "Unknown security data, and what rests on it is refused:"},
	txtFeedsLate:       {"Försenade säkerhetsuppgifter:", "Late security data:"},
	txtAsOf:            {"senast", "as of"},
	txtFeedBlocks:      {"spärrar", "blocks"},
	txtFeedConsents:    {"samtycken", "consents"},
	txtFeedRelations:   {"vårdrelationer", "care relations"},
	txtFeedCommissions: {"medarbetaruppdrag", "commissions"},
	txtFeedPersons:     {"folkbokföring och skyddade identiteter", "population register and protected identities"},
	txtFeedEngagement:  {"vårdrelation i journalsystemet", "care relation in the record system"},

	txtNewsOngoing:  {"Pågår nu", "Going on now"},
	txtNewsPlanned:  {"Planerat arbete", "Planned work"},
	txtNewsUntil:    {"till", "until"},
	txtNewsAt:       {"kl.", "at"},
	txtNewsToday:    {"i dag", "today"},
	txtNewsTomorrow: {"i morgon", "tomorrow"},

	txtTaskFollow:            {"Uppföljning av åtkomstloggen", "Follow-up of the access log"},
	txtFollowTitle:           {"Uppföljning av åtkomst", "Follow-up of access"},
	txtFollowLead:            {"Varje rapport loggförs. Ingen rapport innehåller vårduppgifter.", "Each report is recorded. No report holds clinical information."},
	txtReports:               {"Alla rapporter", "All reports"},
	txtReportEmergencies:     {"Nödöppningar att granska", "Emergencies to review"},
	txtReportEmergenciesLead: {"Nödöppningar som ännu inte har granskats.", "Emergencies that have not yet been reviewed."},
	txtReportSample:          {"Stickprov", "Random sample"},
	txtReportSampleLead:      {"Slumpvis valda åtkomster att granska.", "Accesses chosen at random for review."},
	txtReportProvider:        {"Vårdgivarens åtkomster", "The care provider's accesses"},
	txtReportProviderLead:    {"All åtkomst som den egna vårdgivarens personal har haft.", "All access by your own care provider's staff."},
	txtReportEmployee:        {"En medarbetares åtkomster", "One employee's accesses"},
	txtReportEmployeeLead:    {"Allt som en medarbetare hos vårdgivaren har öppnat.", "Everything that one of the care provider's employees has opened."},
	txtReportPatient:         {"Åtkomst till en patients uppgifter", "Access to one patient's information"},
	txtReportPatientLead:     {"Vilka som har öppnat en patients uppgifter.", "Who has opened one patient's information."},
	txtReportOwner:           {"Andra vårdgivares åtkomst", "Other care providers' access"},
	txtReportOwnerLead:       {"Vilka andra vårdgivare som har läst den egna vårdgivarens uppgifter.", "Which other care providers have read your own care provider's information."},
	txtReportOwnAccess:       {"Loggutdrag till patient", "Access report for a patient"},
	txtReportOwnAccessLead:   {"Vem som har läst, att lämna till patienten.", "Who has read, to be handed to the patient."},
	txtReportStatistics:      {"Statistik", "Statistics"},
	txtReportStatisticsLead:  {"Användning per månad, timme och veckodag.", "Use per month, hour and weekday."},
	txtFrom:                  {"Från och med", "From"},
	txtTo:                    {"Till och med", "To"},
	txtSubject:               {"Patientens personnummer", "The patient's id"},
	txtEmployee:              {"Medarbetarens HSA-id", "The employee's HSA-id"},
	txtPeriodWrong:           {"Ange två datum, det tidigare först.", "Give two dates, the earlier first."},
	txtSubjectWrong:          {"Ange patientens nummer med tolv tecken.", "Give the patient's number with twelve characters."},
	txtEmployeeWrong:         {"Ange medarbetarens HSA-id.", "Give the employee's HSA-id."},
	txtReportAsk:             {"Visa rapport", "Show report"},
	txtReportNone:            {"Ingen rapport visas", "No report is shown"},
	txtReportEmpty:           {"Inget att visa för perioden.", "Nothing to show for the period."},
	txtReportNext:            {"Nästa sida", "Next page"},
	txtReportFirst:           {"Första sidan", "First page"},
	txtRowOne:                {"rad", "row"},
	txtRowMany:               {"rader", "rows"},
	txtLogCaption:            {"Poster i åtkomstloggen", "Entries of the access log"},
	txtLogWho:                {"Vem", "Who"},
	txtLogWhat:               {"Vad", "What"},
	txtLogWhose:              {"Uppgifter", "Information"},
	txtAllTypes:              {"Alla informationstyper", "All types of information"},
	txtOtherHasRead:          {"Har läst uppgifter under perioden. Vårdgivaren kan själv svara på när och vem.", "Has read information in the period. The care provider itself can say when and who."},
	txtPurpose:               {"Ändamål", "Purpose"},
	txtPermitted:             {"Medgavs", "Permitted"},
	txtRefused:               {"Nekades", "Refused"},
	txtReview:                {"Granska", "Review"},
	txtReviewTitle:           {"Granskningens utfall", "Outcome of the review"},
	txtInOrder:               {"I sin ordning", "In order"},
	txtQuestioned:            {"Ifrågasatt", "Questioned"},
	txtMisuse:                {"Missbruk", "Misuse"},
	txtOutcomeMissing:        {"Välj ett utfall.", "Choose an outcome."},
	txtComment:               {"Kommentar", "Comment"},
	txtReviewSend:            {"Registrera", "Register"},
	txtReviewDone:            {"Granskningen är registrerad.", "The review is registered."},
	txtCancel:                {"Avbryt", "Cancel"},
	txtOwnAccessLead:         {"Så här har uppgifterna lästs.", "This is how the information has been read."},
	txtLookups:               {"Uppslag", "Lookups"},
	txtUsers:                 {"Användare", "Users"},
	txtPatients:              {"Patienter", "Patients"},
	txtByMonth:               {"per månad", "per month"},
	txtByHour:                {"per timme", "per hour"},
	txtByWeekday:             {"per veckodag", "per weekday"},
	txtByProvider:            {"per vårdgivare", "per care provider"},
	txtFew:                   {"färre än 10", "fewer than 10"},
	txtMonday:                {"måndag", "Monday"},
	txtTuesday:               {"tisdag", "Tuesday"},
	txtWednesday:             {"onsdag", "Wednesday"},
	txtThursday:              {"torsdag", "Thursday"},
	txtFriday:                {"fredag", "Friday"},
	txtSaturday:              {"lördag", "Saturday"},
	txtSunday:                {"söndag", "Sunday"},
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
