// Package notes makes records for measurements: people whom nobody is, and notes about
// them in the form in which a source system answers.
//
// It owns the form of a note, about 1 KiB as it is kept. It must never make a person
// number that can be somebody's.
package notes

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tvilling/protocol"
)

// TextBytes is the length of a note's text, so that a document is about 1 KiB as it is
// kept.
const TextBytes = 680

// PersonalNumber makes a valid number that nobody has: birth numbers 980 to 999 are
// kept for tests.
func PersonalNumber(n int) string {
	born := time.Date(1930, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n)
	digits := born.Format("20060102") + strconv.Itoa(980+n%20)
	sum := 0
	for i, c := range digits[2:] {
		d := int(c - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return digits + strconv.Itoa((10-sum%10)%10)
}

// Note is one record: whose it is, where it stands in the set, and which edition of
// its text; another edition is another content.
type Note struct {
	Patient        string
	Number         int
	Edition        uint64
	Provider, Unit string
	System         string // the source system
	Name           string // of the record, and in its title; empty: by its number
}

// Answer writes a source system's answer, SOAP around GetCareDocumentation.
func Answer(notes ...Note) []byte {
	var b bytes.Buffer
	b.Grow(len(notes)*2500 + 1000)
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:r="urn:riv:clinicalprocess:healthcond:description:GetCareDocumentationResponder:3"` +
		` xmlns:c="urn:riv:clinicalprocess:healthcond:description:3"><soapenv:Header/><soapenv:Body><r:GetCareDocumentationResponse>`)
	for _, n := range notes {
		n.write(&b)
	}
	b.WriteString(`<r:result><c:resultCode>OK</c:resultCode></r:result></r:GetCareDocumentationResponse></soapenv:Body></soapenv:Envelope>` + "\n")
	return b.Bytes()
}

func (n Note) write(b *bytes.Buffer) {
	when := fmt.Sprintf("202609%02d%02d1500", 1+n.Number%28, 8+n.Number%9)
	fmt.Fprintf(b, `<r:careDocumentation><c:header><c:accessControlHeader>`+
		`<c:accountableHealthcareProvider><c:root>`+protocol.RootHSAID+`</c:root><c:extension>%s</c:extension></c:accountableHealthcareProvider>`+
		`<c:accountableCareUnit><c:root>`+protocol.RootHSAID+`</c:root><c:extension>%s</c:extension></c:accountableCareUnit>`+
		`<c:patientId><c:root>`+protocol.RootPersonnummer+`</c:root><c:extension>%s</c:extension></c:patientId>`+
		`<c:blockComparisonTime>%s</c:blockComparisonTime><c:approvedForPatient>true</c:approvedForPatient></c:accessControlHeader>`,
		n.Provider, n.Unit, n.Patient, when)
	fmt.Fprintf(b, `<c:sourceSystemId><c:root>`+protocol.RootHSAID+`</c:root><c:extension>%s</c:extension></c:sourceSystemId>`+
		`<c:record><c:id><c:root>1.2.752.129.2.1.2.1</c:root><c:extension>ANT-%s</c:extension></c:id><c:timestamp>%s</c:timestamp></c:record>`+
		`<c:author><c:id><c:root>`+protocol.RootHSAID+`</c:root><c:extension>SE0000000901-P001</c:extension></c:id><c:name>Mätare 1</c:name>`+
		`<c:timestamp>%s</c:timestamp></c:author></c:header>`, n.System, n.name("%05d"), when, when)
	b.WriteString(`<c:body><c:clinicalDocumentNoteCode><c:code>dag</c:code><c:codeSystem>1.2.752.129.2.2.2.11</c:codeSystem>` +
		`<c:displayName>Daganteckning</c:displayName></c:clinicalDocumentNoteCode><c:clinicalDocumentNoteTitle>Daganteckning ` +
		n.name("%d") + `</c:clinicalDocumentNoteTitle><c:clinicalDocumentNoteText>`)
	_ = xml.EscapeText(b, []byte(n.Text())) // a bytes.Buffer does not fail
	b.WriteString(`</c:clinicalDocumentNoteText></c:body></r:careDocumentation>`)
}

func (n Note) name(form string) string {
	if n.Name != "" {
		return n.Name
	}
	return fmt.Sprintf(form, n.Number)
}

// Text is different for every edition, and of one length.
func (n Note) Text() string {
	const sentence = "Patienten mår efter omständigheterna väl och följer planen som gjordes upp vid besöket. "
	head := fmt.Sprintf("Anteckning %d, utgåva %012d. ", n.Number, n.Edition)
	return head + strings.Repeat(sentence, TextBytes/len(sentence)+1)[:TextBytes-len(head)]
}
