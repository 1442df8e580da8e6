package protocol

import "strconv"

// FaultInfo is what people read when they meet a fault.
type FaultInfo struct {
	Code    string // TV-1001
	Mender  Mender
	Swedish FaultWords
	English FaultWords
}

// FaultWords is a fault in one language: what it is, who can mend it, and what to do next.
type FaultWords struct {
	Title  string
	Who    string // the Mender's words
	Action string
}

// In returns the words in the language.
func (i FaultInfo) In(lang Language) FaultWords {
	if lang == English {
		return i.English
	}
	return i.Swedish
}

// Mender is who can mend a fault.
type Mender uint8

// The menders.
const (
	MenderNone       Mender = iota
	MenderYou               // whoever met it
	MenderManager           // the manager, or the directory's administrator
	MenderPatient           // the patient, who can be asked
	MenderSupport           // local support
	MenderOperations        // whoever operates the cluster
	MenderSource            // whoever maintains the source system
)

// In returns who it is, in the language, as a sentence begins.
func (m Mender) In(lang Language) string {
	sv, en := "", ""
	switch m {
	case MenderYou:
		sv, en = "Du själv", "You yourself"
	case MenderManager:
		sv, en = "Din chef eller HSA-administratören", "Your manager or directory administrator"
	case MenderPatient:
		sv, en = "Patienten", "The patient"
	case MenderSupport:
		sv, en = "Lokal support", "Local support"
	case MenderOperations:
		sv, en = "Driften", "Operations"
	case MenderSource:
		sv, en = "Källsystemets förvaltare", "Whoever maintains the source system"
	}
	if lang == English {
		return en
	}
	return sv
}

// NewFaultInfo makes the words of a numbered fault of any catalogue.
func NewFaultInfo(number int, who Mender, sv, en FaultWords) FaultInfo {
	sv.Who, en.Who = who.In(Swedish), who.In(English)
	return FaultInfo{Code: "TV-" + strconv.Itoa(number), Mender: who, Swedish: sv, English: en}
}

// Code returns the fault's number as it is shown: TV-1001.
func (f Fault) Code() string { return "TV-" + strconv.Itoa(int(f)) }

// Info returns the fault's words. One that this version does not know (a later node
// may) has its own number and the words of an unknown fault, which stand first.
func (f Fault) Info() FaultInfo {
	info := FaultInfo{}
	eachFault(func(number Fault, read func() FaultInfo) bool {
		if number == FaultNone || number == f {
			info = read()
		}
		return number < f
	})
	info.Code = f.Code()
	return info
}

// Faults returns every fault that there are words for, by number.
func Faults() []Fault {
	var all []Fault
	eachFault(func(number Fault, _ func() FaultInfo) bool {
		if number != FaultNone {
			all = append(all, number)
		}
		return true
	})
	return all
}

// eachFault walks the table until visit says that it is enough.
func eachFault(visit func(number Fault, read func() FaultInfo) (more bool)) {
	for at := 0; at < len(faultTable); {
		var line string
		line, at = until(faultTable, at, '\n')
		digits, next := until(line, 0, '|')
		if !visit(Fault(number(digits)), func() FaultInfo { return faultLine(number(digits), line[next:]) }) {
			return
		}
	}
}

// faultLine reads what follows a number in the table.
func faultLine(number int, s string) FaultInfo {
	var fields [5]string
	at := 0
	for i := range fields {
		fields[i], at = until(s, at, '|')
	}
	return NewFaultInfo(number, Mender(fields[0][0]-'0'),
		FaultWords{Title: fields[1], Action: fields[2]}, FaultWords{Title: fields[3], Action: fields[4]})
}

// Fault returns the fault to show when a connection closed with the code. Codes that
// are not ours, such as a network's own, are FaultNone: one just connects again.
func (c CloseCode) Fault() Fault {
	switch c {
	case CloseSlow:
		return FaultBusy
	case CloseNoAck:
		return FaultAccessChanged
	case CloseBehind:
		return FaultBehind
	case CloseNoLeader:
		return FaultNoQuorum
	case CloseForbidden:
		return FaultWhoAreYou
	case CloseSession:
		return FaultSessionEnded
	case CloseVersion:
		return FaultVersion
	case CloseMalformed:
		return FaultMalformed
	default:
		return FaultNone
	}
}

// faultTable has a line for every fault: number, Mender, title and action in Swedish,
// title and action in English. The lines are sorted by number; the first is what an
// unknown one is called. None tells whether a record is blocked or does not exist.
// One text, as the vocabulary: structures would weigh more in the browser's program.
const faultTable = `0|4|Okänt fel|Försök igen. Kontakta supporten och ange felkoden om felet kvarstår.|Unknown fault|Try again. If it persists, contact support and give them the code.
1001|1|Ogiltigt patient-id|Kontrollera numret. Ange tolv tecken: personnummer, samordningsnummer eller nationellt reservnummer, med århundrade.|Invalid patient id|Check the number. Give twelve characters: personal identity number, coordination number or national reserve number, with the century.
1002|1|Ingen vårdrelation|Kontrollera att rätt uppdrag är valt. Registrera en vårdrelation mellan enheten och patienten i journalsystemet och försök igen.|No care relation|Check that the right commission is chosen. Register a care relation between the unit and the patient in the record system and try again.
1003|2|Uppdraget ger inte tillgång|Välj ett medarbetaruppdrag för vård och behandling som ger rätt att läsa. Saknas det, kontakta din HSA-administratör.|The commission gives no access|Choose a commission for care and treatment that gives the right to read. If you have none, contact your directory administrator.
1004|2|Uppdraget gäller inte|Välj ett annat medarbetaruppdrag. Är det fel, kontakta din HSA-administratör.|The commission is not valid|Choose another commission. If this is wrong, contact your directory administrator.
1005|5|Behörigheten kan inte avgöras|Uppgifter om spärrar, samtycken, vårdrelationer, uppdrag eller folkbokföring saknas eller är för gamla, och därför visas inget. Försök igen om en stund. Använd reservrutinen om det brådskar.|Access cannot be decided|Facts about blocks, consents, care relations, commissions or the population register are missing or too old, so nothing is shown. Try again in a while. Use the fallback routine if it is urgent.
1006|3|Samtycket har upphört|Uppgifter från andra vårdgivare visas inte längre. Fråga patienten om ett nytt samtycke om du fortfarande behöver dem.|The consent has ended|Records of other care providers are no longer shown. Ask the patient for a new consent if you still need them.
1007|1|Åtkomsten har ändrats|Uppgifterna har tagits bort från skärmen. Öppna patienten igen för att se det som nu får visas.|Access has changed|The records were taken off the screen. Open the patient again to see what may be shown now.
1008|1|Ingen patient är öppen|Öppna en patient och välj vilken information som ska visas.|No patient is open|Open a patient and choose what to show.
1009|1|Dokumentet finns inte i vyn|Gå tillbaka till listan och välj ett dokument där.|The document is not in the view|Go back to the list and choose a document there.
1010|1|Ogiltig tid för samtycket|Ange hur många dagar samtycket gäller: 1 till 365.|Invalid term of consent|Say how many days the consent lasts: 1 to 365.
1011|1|För många dokument|Välj färre informationstyper och försök igen.|Too many documents|Choose fewer kinds of information and try again.
1012|2|Patienten har skyddad identitet|Uppgifterna visas inte här. Följ vårdgivarens rutin för skyddad identitet.|The patient's identity is protected|The records are not shown here. Follow the care provider's routine for protected identities.
1013|1|Nödöppningen är ofullständig|Ange ett kort skäl, och se först vilka vårdgivare som har uppgifter.|The emergency is incomplete|Give a short reason, and look first at which care providers have information.
1014|1|Nödöppningens tid är ute|Uppgifterna har tagits bort från skärmen. Gör en ny nödöppning om nödläget kvarstår.|The emergency's time is out|The records were taken off the screen. Attest a new emergency if it goes on.
1015|2|Uppdraget ger inte rätt till loggranskning|Välj ett uppdrag för administration med rätt att läsa loggen. Saknas det, kontakta din HSA-administratör.|The commission does not allow following up the log|Choose a commission for administration with the right to read the log. If you have none, contact your directory administrator.
1016|1|Rapporten kan inte göras|Välj ett kortare tidsintervall, och ange patient eller medarbetare om rapporten gäller en.|The report cannot be made|Choose a shorter time, and name the patient or employee if the report is about one.
1017|1|Ange vem som samtyckt|Ett barns samtycke lämnas av vårdnadshavare, eller av barnet självt om det bedöms moget.|Say who consented|A child's consent is given by a guardian, or by the child itself if found mature.
1018|3|Samtycke eller nödöppning krävs|Fråga patienten om samtycke, eller gör en nödöppning om fara råder.|A consent or an emergency is needed|Ask the patient for consent, or attest an emergency if there is danger.
1019|1|Patienten är avliden|Samtycke kan inte lämnas, och nödöppning kan inte göras. Den egna vårdgivarens uppgifter visas som vanligt.|The patient is deceased|Nobody can consent, and no emergency can be attested. The own care provider's records are shown as usual.
1020|1|Uthoppet gäller inte|Gå tillbaka till journalsystemet och öppna patienten därifrån igen, eller välj patient här.|The hand-over is not valid|Go back to the record system and open the patient from there again, or choose the patient here.
1021|5|Utskrift och kopiering är inte tillåten|Läs uppgifterna på skärmen. Behövs de i den egna journalen, skriv av det som har betydelse för vården.|Printing and copying are not allowed|Read the records on the screen. If they are needed in your own records, write down what matters for the care.
1022|1|Synpunkten kan inte skickas|Skriv högst 300 tecken, och inget som kan peka ut en patient: inga personnummer och inga namn.|The feedback cannot be sent|Write at most 300 characters, and nothing that could point at a patient: no identity numbers and no names.
2001|5|Läsningen kan inte registreras|För få noder har kontakt med varandra. Det som inte kan registreras visas inte. Försök igen om en stund, och använd reservrutinen om det brådskar.|The reading cannot be recorded|Too few nodes are in contact with each other. What cannot be recorded is not shown. Try again in a while, and use the fallback routine if it is urgent.
2002|5|Noden har inte hunnit ikapp|Vänta en stund; anslutningen görs om av sig själv.|The node has not caught up|Wait a moment; the connection is made again by itself.
2003|1|En annan version krävs|Ladda om sidan.|Another version is needed|Reload the page.
2004|4|Ett meddelande kunde inte läsas|Ladda om sidan. Kontakta supporten och ange felkoden om felet kvarstår.|A message could not be read|Reload the page. If it persists, contact support and give them the code.
2005|1|Ingen är inloggad|Logga in och försök igen.|Nobody is signed in|Sign in and try again.
2006|1|En gräns är nådd|Försök igen om en stund.|A limit is reached|Try again in a while.
2007|5|Ett internt fel inträffade|Försök igen. Kontakta supporten och ange felets id om felet kvarstår.|An internal fault|Try again. If it persists, contact support and give them the id of the fault.
2008|4|Kontakten med servern är bruten|Uppgifterna har tagits bort från skärmen. De visas igen när kontakten är tillbaka och åtkomsten är prövad på nytt.|Contact with the server is lost|The records were taken off the screen. They are shown again once contact is back and access has been decided anew.
2009|1|Programmet har stannat|Uppgifterna har tagits bort från skärmen. Ladda om sidan.|The program has stopped|The records were taken off the screen. Reload the page.
2010|1|Systemet har återställts|Det som visades gäller inte längre och har tagits bort. Öppna patienten igen.|The system was restored|What was shown no longer holds and was taken away. Open the patient again.
2011|1|Du är inte inloggad|Logga in för att fortsätta.|You are not signed in|Sign in to go on.
2012|1|Du är utloggad|Inloggningens tid är ute, eller så har den inte använts. Uppgifterna har tagits bort från skärmen. Logga in igen.|You are signed out|The session's time is out, or it was not used. The records were taken off the screen. Sign in again.
`
