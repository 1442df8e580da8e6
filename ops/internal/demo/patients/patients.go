package patients

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"tvilling/protocol"
)

// Patient is a test patient, and what is there to try.
type Patient struct {
	ID   string
	Name string
	Hint string
}

// Answer is one response message: everything that one system holds of one contract
// about one patient.
type Answer struct {
	Patient  string
	Contract protocol.Contract
	System   string // HSA-id of the source system
	Records  int
	Message  []byte
}

// The test patients' ids.
const (
	Fiona   = "199701062383"
	Egon    = "193601286499"
	Harry   = "194602226559"
	Linda   = "189908029805"
	Mohamed = "199008199391"
	Sigrid  = "198405179824" // protected identity
	Ake     = "193111039834" // deceased
	Elsa    = "201803099843" // a child
	Amina   = "199204149869" // had AminaBefore until she got this one
	Bertil  = "195708229819" // every document is blocked
	Cecilia = "196301309867" // there is no document

	AminaBefore = "199205749881" // a samordningsnummer
	Guardian    = "198607129809" // Elsa's mother, who is no patient here
)

// Patients returns the test patients.
func Patients() []Patient {
	return []Patient{
		{Fiona, "Fiona Andersdotter", "realistic and varied: four care providers over many years"},
		{Egon, "Egon Johansson", "every contract in its variants, and one record of each without owner, which is never shown"},
		{Harry, "Harry Harrisson", "blocks of every kind: inner, outer, with a period, with exempted types, lifted for a unit and for one person"},
		{Linda, "Linda Johansson", "thousands of records"},
		{Mohamed, "Mohamed Al Samed", "no care engagement: refused to everyone"},
		{Sigrid, "Sigrid Sköld", "protected identity: refused to everyone, with a reason of its own"},
		{Ake, "Åke Sund", "deceased: one's own care provider's records alone, and no consent to ask for"},
		{Elsa, "Elsa Lund", "a child: her guardian consents, her mother " + Guardian},
		{Amina, "Amina Yusuf", "two linked identities: records under this one and under the next"},
		{AminaBefore, "Amina Yusuf, before", "the identity that she had before; opens the same records"},
		{Bertil, "Bertil Ström", "every document is blocked: looks like the next, until one asks whether something is"},
		{Cecilia, "Cecilia Vinter", "no document at all"},
	}
}

// Answers returns the messages of all patients as of a day.
func Answers(asOf time.Time) []Answer {
	var all []Answer
	for _, p := range Patients() {
		all = append(all, AnswersFor(p.ID, asOf)...)
	}
	return all
}

// AnswersFor returns the messages about one test patient, in the contracts' order.
// For an id that is none of them there are no messages.
func AnswersFor(patient string, asOf time.Time) []Answer {
	asOf = time.Date(asOf.Year(), asOf.Month(), asOf.Day(), 0, 0, 0, 0, time.UTC)
	c := &chart{patient: patient, born: birthDate(patient), asOf: asOf}
	switch patient {
	case Fiona:
		fiona(c)
	case Egon:
		egon(c)
	case Harry:
		harry(c)
	case Linda:
		linda(c)
	case Mohamed:
		mohamed(c)
	case Sigrid:
		sigrid(c)
	case Ake:
		ake(c)
	case Elsa:
		elsa(c)
	case Amina:
		amina(c)
	case AminaBefore:
		aminaBefore(c)
	case Bertil:
		bertil(c)
	}
	return c.answers()
}

// answers gathers the records of a chart into messages.
func (c *chart) answers() []Answer {
	var all []Answer
	for _, contract := range protocol.Contracts() {
		for _, system := range Systems() {
			var records []node
			for _, r := range c.records {
				if r.contract == contract && r.system == system.ID {
					records = append(records, r.node)
				}
			}
			if len(records) > 0 {
				all = append(all, Answer{c.patient, contract, system.ID, len(records),
					message(contract, "L-"+strconv.Itoa(len(all)+1), records)})
			}
		}
	}
	return all
}

// edition is the major version of a contract that is written here, of its domain's
// types, and of the extensions that go with them.
type edition struct{ contract, types, extended, further string }

func editionOf(c protocol.Contract) edition {
	switch c {
	case protocol.CareDocumentation:
		return edition{"3", "3", "", ""}
	case protocol.LaboratoryOrderOutcome:
		return edition{"4", "4", "4.1", "4.2"}
	case protocol.ImagingOutcome:
		return edition{"1", "3", "", ""}
	case protocol.ReferralOutcome:
		return edition{"3", "3", "3.1", ""}
	case protocol.CareContacts:
		return edition{"3", "3", "", ""}
	case protocol.CarePlans:
		return edition{"2", "3", "", ""}
	default:
		return edition{"2", "2", "", ""}
	}
}

// message writes a SOAP 1.1 response with the records.
func message(contract protocol.Contract, logID string, records []node) []byte {
	info, ed := contract.Info(), editionOf(contract)
	domain := "urn:riv:" + info.Domain + ":"
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	b.WriteString(`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"`)
	fmt.Fprintf(&b, ` xmlns:r="%s%sResponder:%s" xmlns:c="%s%s"`, domain, info.Name, ed.contract, domain, ed.types)
	if ed.extended != "" {
		fmt.Fprintf(&b, ` xmlns:x="%s%s"`, domain, ed.extended)
	}
	if ed.further != "" {
		fmt.Fprintf(&b, ` xmlns:y="%s%s"`, domain, ed.further)
	}
	b.WriteString("><soapenv:Header/><soapenv:Body>")
	log := text("logId", logID)
	if contract == protocol.CareDocumentation {
		log = node{} // its result has none
	}
	answer := group(info.Name+"Response", append(records, group("result", text("resultCode", "OK"), log).in(responder))...)
	answer.in(responder).write(&b)
	b.WriteString("</soapenv:Body></soapenv:Envelope>\n")
	return b.Bytes()
}
