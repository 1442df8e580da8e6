package protocol

import "strconv"

// FaultInfo is what people read when they meet a fault.
type FaultInfo struct {
	Code    string // TV-1001
	Swedish FaultWords
	English FaultWords
}

// FaultWords is a fault in one language: what it is, and what to do next.
type FaultWords struct {
	Title  string
	Action string
}

// In returns the words in the language.
func (i FaultInfo) In(lang Language) FaultWords {
	if lang == English {
		return i.English
	}
	return i.Swedish
}

// Code returns the fault's number as it is shown: TV-1001.
func (f Fault) Code() string { return "TV-" + strconv.Itoa(int(f)) }

// Info returns the fault's words. One that this version does not know (a later node
// may) has its own number and the words of an unknown fault.
func (f Fault) Info() FaultInfo {
	i := FaultInfo{Code: f.Code()}
	switch {
	case f >= FaultNoQuorum:
		i.Swedish, i.English = systemFault(f)
	default:
		i.Swedish, i.English = gateFault(f)
	}
	return i
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
	case CloseVersion:
		return FaultVersion
	case CloseMalformed:
		return FaultMalformed
	default:
		return FaultNone
	}
}

func unknownFault() (sv, en FaultWords) {
	return FaultWords{"Okänt fel", "Försök igen. Kontakta supporten och ange felkoden om felet kvarstår."},
		FaultWords{"Unknown fault", "Try again. If it persists, contact support and give them the code."}
}

// gateFault has the words of the faults of the gate. They never tell whether a
// record is blocked or does not exist.
func gateFault(f Fault) (sv, en FaultWords) {
	switch f {
	case FaultPatientID:
		return FaultWords{"Ogiltigt patient-id", "Kontrollera numret. Ange tolv tecken: personnummer, samordningsnummer eller nationellt reservnummer, med århundrade."},
			FaultWords{"Invalid patient id", "Check the number. Give twelve characters: personal identity number, coordination number or national reserve number, with the century."}
	case FaultNoEngagement:
		return FaultWords{"Ingen vårdrelation", "Kontrollera att rätt uppdrag är valt. Registrera en vårdrelation mellan enheten och patienten i journalsystemet och försök igen."},
			FaultWords{"No care relation", "Check that the right commission is chosen. Register a care relation between the unit and the patient in the record system and try again."}
	case FaultCommission:
		return FaultWords{"Uppdraget ger inte tillgång", "Välj ett medarbetaruppdrag för vård och behandling som ger rätt att läsa. Saknas det, kontakta din HSA-administratör."},
			FaultWords{"The commission gives no access", "Choose a commission for care and treatment that gives the right to read. If you have none, contact your directory administrator."}
	case FaultNoCommission:
		return FaultWords{"Uppdraget gäller inte", "Välj ett annat medarbetaruppdrag. Är det fel, kontakta din HSA-administratör."},
			FaultWords{"The commission is not valid", "Choose another commission. If this is wrong, contact your directory administrator."}
	case FaultUnknownFacts:
		return FaultWords{"Behörigheten kan inte avgöras", "Uppgifter om spärrar, samtycken, vårdrelationer eller uppdrag saknas eller är för gamla, och därför visas inget. Försök igen om en stund. Använd reservrutinen om det brådskar."},
			FaultWords{"Access cannot be decided", "Facts about blocks, consents, care relations or commissions are missing or too old, so nothing is shown. Try again in a while. Use the fallback routine if it is urgent."}
	case FaultConsentEnded:
		return FaultWords{"Samtycket har upphört", "Uppgifter från andra vårdgivare visas inte längre. Fråga patienten om ett nytt samtycke om du fortfarande behöver dem."},
			FaultWords{"The consent has ended", "Records of other care providers are no longer shown. Ask the patient for a new consent if you still need them."}
	case FaultAccessChanged:
		return FaultWords{"Åtkomsten har ändrats", "Uppgifterna har tagits bort från skärmen. Öppna patienten igen för att se det som nu får visas."},
			FaultWords{"Access has changed", "The records were taken off the screen. Open the patient again to see what may be shown now."}
	case FaultNotOpen:
		return FaultWords{"Ingen patient är öppen", "Öppna en patient och välj vilken information som ska visas."},
			FaultWords{"No patient is open", "Open a patient and choose what to show."}
	case FaultNotFound:
		return FaultWords{"Dokumentet finns inte i vyn", "Gå tillbaka till listan och välj ett dokument där."},
			FaultWords{"The document is not in the view", "Go back to the list and choose a document there."}
	case FaultConsentTerms:
		return FaultWords{"Ogiltig tid för samtycket", "Ange hur många dagar samtycket gäller: 1 till " + strconv.Itoa(MaxConsentDays) + "."},
			FaultWords{"Invalid term of consent", "Say how many days the consent lasts: 1 to " + strconv.Itoa(MaxConsentDays) + "."}
	case FaultTooMany:
		return FaultWords{"För många dokument", "Välj färre informationstyper och försök igen."},
			FaultWords{"Too many documents", "Choose fewer kinds of information and try again."}
	default:
		return unknownFault()
	}
}

func systemFault(f Fault) (sv, en FaultWords) {
	switch f {
	case FaultNoQuorum:
		return FaultWords{"Läsningen kan inte registreras", "För få noder har kontakt med varandra. Det som inte kan registreras visas inte. Försök igen om en stund, och använd reservrutinen om det brådskar."},
			FaultWords{"The reading cannot be recorded", "Too few nodes are in contact with each other. What cannot be recorded is not shown. Try again in a while, and use the fallback routine if it is urgent."}
	case FaultBehind:
		return FaultWords{"Noden har inte hunnit ikapp", "Vänta en stund; anslutningen görs om av sig själv."},
			FaultWords{"The node has not caught up", "Wait a moment; the connection is made again by itself."}
	case FaultVersion:
		return FaultWords{"En annan version krävs", "Ladda om sidan."},
			FaultWords{"Another version is needed", "Reload the page."}
	case FaultMalformed:
		return FaultWords{"Ett meddelande kunde inte läsas", "Ladda om sidan. Kontakta supporten och ange felkoden om felet kvarstår."},
			FaultWords{"A message could not be read", "Reload the page. If it persists, contact support and give them the code."}
	case FaultWhoAreYou:
		return FaultWords{"Ingen är inloggad", "Logga in och försök igen."},
			FaultWords{"Nobody is signed in", "Sign in and try again."}
	case FaultBusy:
		return FaultWords{"En gräns är nådd", "Försök igen om en stund."},
			FaultWords{"A limit is reached", "Try again in a while."}
	case FaultInternal:
		return FaultWords{"Ett internt fel inträffade", "Försök igen. Kontakta supporten och ange felets id om felet kvarstår."},
			FaultWords{"An internal fault", "Try again. If it persists, contact support and give them the id of the fault."}
	case FaultLeaseEnded:
		return FaultWords{"Kontakten med servern är bruten", "Uppgifterna har tagits bort från skärmen. De visas igen när kontakten är tillbaka och åtkomsten är prövad på nytt."},
			FaultWords{"Contact with the server is lost", "The records were taken off the screen. They are shown again once contact is back and access has been decided anew."}
	case FaultProgramEnded:
		return FaultWords{"Programmet har stannat", "Uppgifterna har tagits bort från skärmen. Ladda om sidan."},
			FaultWords{"The program has stopped", "The records were taken off the screen. Reload the page."}
	case FaultEpoch:
		return FaultWords{"Systemet har återställts", "Det som visades gäller inte längre och har tagits bort. Öppna patienten igen."},
			FaultWords{"The system was restored", "What was shown no longer holds and was taken away. Open the patient again."}
	default:
		return unknownFault()
	}
}
