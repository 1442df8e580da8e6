package admin

import (
	"strconv"

	"tvilling/protocol"
)

// ProblemNumber numbers what a source system (30xx) and an operator (40xx) can be
// refused with. The numbers are in other people's handbooks: append only, never reuse.
type ProblemNumber int

// The problems.
const (
	ProblemCaller       ProblemNumber = 3001 // the certificate does not say who calls
	ProblemUnregistered ProblemNumber = 3002
	ProblemNotAllowed   ProblemNumber = 3003
	ProblemAddress      ProblemNumber = 3004
	ProblemPatient      ProblemNumber = 3005
	ProblemMalformed    ProblemNumber = 3006
	ProblemTooLarge     ProblemNumber = 3007
	ProblemContract     ProblemNumber = 3008
	ProblemRecord       ProblemNumber = 3009
	ProblemNotDurable   ProblemNumber = 3010
	ProblemBusy         ProblemNumber = 3011
	ProblemSlowBody     ProblemNumber = 3012
	ProblemEncoding     ProblemNumber = 3013
	ProblemHeader       ProblemNumber = 3014
	ProblemBody         ProblemNumber = 3015
	ProblemOutcome      ProblemNumber = 3016 // it is not known whether it became durable
	ProblemContended    ProblemNumber = 3017
	ProblemIngest       ProblemNumber = 3099 // unforeseen

	ProblemRequest   ProblemNumber = 4001
	ProblemState     ProblemNumber = 4002
	ProblemCluster   ProblemNumber = 4003
	ProblemElsewhere ProblemNumber = 4004
	ProblemNoCall    ProblemNumber = 4005
	ProblemNoEntry   ProblemNumber = 4006
	ProblemLevel     ProblemNumber = 4007 // the level that it belongs to is not active
)

// problem is a line of the catalogue.
type problem struct {
	number   ProblemNumber
	mender   protocol.Mender
	sv, en   string // what it is
	svDo, do string // what to do next
}

// problems is the catalogue, by number.
var problems = [...]problem{
	{ProblemCaller, protocol.MenderSource,
		"Certifikatet säger inte vem du är", "The certificate does not say who you are",
		"Använd ett certifikat med systemets HSA-id i subject serialNumber.", "Use a certificate with the system's HSA-id in the subject's serialNumber."},
	{ProblemUnregistered, protocol.MenderOperations,
		"Källsystemet är inte registrerat", "The source is not registered",
		"Be driften att registrera källsystemet.", "Ask the operators to register the source system."},
	{ProblemNotAllowed, protocol.MenderOperations,
		"Detta får du inte skriva", "You may not write this",
		"Fråga driften vad källsystemet är registrerat för, och om du är dess ombud.", "Ask the operators what the source is registered for, and whether you are its agent."},
	{ProblemAddress, protocol.MenderSource,
		"Svaret är fel adresserat", "The answer is addressed wrongly",
		"Skicka det till sitt eget kontrakts adress, för sitt eget källsystem.", "Send it to the address of its own contract, for its own source system."},
	{ProblemPatient, protocol.MenderSource,
		"Svaret gäller inte precis en patient", "The answer is not about exactly one patient",
		"Skicka en patients uppgifter, och ange patienten i Tvilling-Patient när det inte finns någon uppgift.", "Send one patient's records, and name the patient in Tvilling-Patient where there is no record."},
	{ProblemMalformed, protocol.MenderSource,
		"Svaret kan inte läsas", "The answer cannot be read",
		"Rätta meddelandet på den plats som anges; source inspect läser det utan att skicka det.", "Mend the message at the place that is named; source inspect reads it without sending it."},
	{ProblemTooLarge, protocol.MenderSource,
		"Svaret är för stort", "The answer is too large",
		"Fråga efter mindre åt gången och skicka varje del med Tvilling-Partial: true.", "Ask for less at a time and send each part with Tvilling-Partial: true."},
	{ProblemContract, protocol.MenderSource,
		"Meddelandet är inte ett svar av ett kontrakt som tas emot", "The message is no answer of a contract that is kept",
		"Skicka ett svar av ett av de kontrakt som källsystemet är registrerat för.", "Send an answer of one of the contracts that the source is registered for."},
	{ProblemRecord, protocol.MenderSource,
		"Svaret kan inte behållas", "The answer cannot be kept",
		"Rätta uppgiften på den plats som anges.", "Mend the record at the place that is named."},
	{ProblemNotDurable, protocol.MenderOperations,
		"Inget kan göras varaktigt nu", "Nothing can be made durable now",
		"Inget togs bort. Av ett stort svar kan de första delarna ha skrivits, av ett litet inget. Skicka hela svaret igen, hit eller till en annan nod: samma två gånger ändrar inget.",
		"Nothing was removed. Of a large answer the first parts may have been written, of a small one nothing. Send the whole answer again, here or to another node: the same twice changes nothing."},
	{ProblemBusy, protocol.MenderOperations,
		"Noden är upptagen", "The node is busy",
		"Skicka det igen om några sekunder.", "Send it again in a few seconds."},
	{ProblemSlowBody, protocol.MenderSource,
		"Svaret kom inte fram i tid", "The answer did not arrive in time",
		"Skicka det igen över en förbindelse som hinner med.", "Send it again over a connection that keeps up."},
	{ProblemEncoding, protocol.MenderSource,
		"Innehållet är kodat", "The body is encoded",
		"Skicka meddelandet som det är, utan Content-Encoding.", "Send the message as it is, without Content-Encoding."},
	{ProblemHeader, protocol.MenderSource,
		"En rubrik kan inte läsas", "A header cannot be read",
		"Rätta den rubrik som anges.", "Mend the header that is named."},
	{ProblemBody, protocol.MenderSource,
		"Innehållet kom inte fram", "The body did not arrive",
		"Skicka det igen.", "Send it again."},
	{ProblemOutcome, protocol.MenderOperations,
		"Inget kunde göras varaktigt i tid", "Nothing could be made durable in time",
		"Det kan ha skrivits, helt eller delvis, eller inte alls. Skicka hela svaret igen: samma två gånger ändrar inget.",
		"It may have been written, in whole or in part, or not. Send the whole answer again: the same twice changes nothing."},
	{ProblemContended, protocol.MenderSource,
		"Andra skriver samma uppgifter", "Others write the same records",
		"Delar av svaret kan ha skrivits, och inget togs bort. Skicka hela svaret igen om några sekunder, och låt bara ett program skicka en källas uppgifter åt gången.",
		"It may have been written in part, and nothing was removed. Send the whole answer again in a few seconds, and let one program at a time send a source's records."},
	{ProblemIngest, protocol.MenderOperations,
		"Något gick fel i noden", "Something failed in the node",
		"Skicka det igen. Fortsätter det, ange tid och kod för driften.", "Send it again. If it goes on, tell the operators the time and the code."},

	{ProblemRequest, protocol.MenderYou,
		"Begäran kan inte läsas", "The request cannot be read",
		"Använd den tvilling som hör till nodernas utgåva; se tvilling help.", "Use the tvilling of the nodes' own release; see tvilling help."},
	{ProblemState, protocol.MenderOperations,
		"Klustret tillåter det inte nu", "The cluster does not allow it now",
		"Se efter i tvilling status, åtgärda det som den pekar på, och försök igen.", "Look at tvilling status, mend what it points at, and try again."},
	{ProblemCluster, protocol.MenderOperations,
		"Klustret kunde inte göra det", "The cluster could not do it",
		"Se efter i tvilling status: finns det en ledare, och nås tillräckligt många medlemmar? Försök sedan igen.", "Look at tvilling status: is there a leader, and are enough members reachable? Then try again."},
	{ProblemElsewhere, protocol.MenderYou,
		"Den här noden kan inte svara", "This node cannot answer",
		"Fråga en annan nod: en datanod har nycklar, ett vittne har inga.", "Ask another node: a data node holds keys, a witness does not."},
	{ProblemNoCall, protocol.MenderYou,
		"Det finns inget sådant anrop", "There is no such call",
		"Använd den tvilling som hör till nodernas utgåva; se tvilling help.", "Use the tvilling of the nodes' own release; see tvilling help."},
	{ProblemNoEntry, protocol.MenderYou,
		"Det finns ingen sådan post i åtkomstloggen", "There is no such entry in the access log",
		"Kontrollera id:t: det står vid felet, och i tvilling log list.", "Check the id: it stands beside the fault, and in tvilling log list."},
	{ProblemLevel, protocol.MenderOperations,
		"Klustrets nivå är för låg för detta", "The cluster's level is too low for this",
		"Inget har skrivits. När varje medlem kör den nya utgåvan: tvilling members activate; efter det går det inte att gå tillbaka till utgåvan före. Försök sedan igen.",
		"Nothing was written. When every member runs the new release: tvilling members activate; after that there is no way back to the release before. Then try again."},
}

// Problems returns the catalogue, by number.
func Problems() []protocol.FaultInfo {
	all := make([]protocol.FaultInfo, len(problems))
	for i := range problems {
		all[i] = problems[i].info()
	}
	return all
}

// Info returns the problem's words. One that is not in the catalogue has none.
func (n ProblemNumber) Info() protocol.FaultInfo {
	for i := range problems {
		if problems[i].number == n {
			return problems[i].info()
		}
	}
	return protocol.FaultInfo{Code: n.Code()}
}

// Code is the number as it is shown: TV-3001.
func (n ProblemNumber) Code() string { return "TV-" + strconv.Itoa(int(n)) }

// Problem is what a call is answered with, in English: its reader is a program, or
// whoever operates one.
func (n ProblemNumber) Problem(detail string) Problem {
	info := n.Info()
	return Problem{Code: info.Code, Title: info.English.Title, Detail: detail, Action: info.English.Action}
}

func (p *problem) info() protocol.FaultInfo {
	return protocol.NewFaultInfo(int(p.number), p.mender,
		protocol.FaultWords{Title: p.sv, Action: p.svDo}, protocol.FaultWords{Title: p.en, Action: p.do})
}
