package bench

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/sourceclient"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// How much there is.
const (
	documents   = 20  // of each patient
	toOpen      = 200 // patients whose views are opened
	toWrite     = 64  // patients who are written about: one for each sender
	toConsent   = 4   // patients whose documents are another care provider's
	MaxBlocks   = 500 // patients who can be blocked, each once: their documents are another unit's
	staff       = 8   // people to be
	textBytes   = 680 // of a note, so that a document is about 1 KiB as it is kept
	maxFillTime = 2 * time.Minute
)

// The organisation: a care unit that the staff belong to, another care provider's
// unit, and the system that keeps both their records.
const (
	ownProvider   = "SE0000000901-1000"
	ownUnit       = "SE0000000901-1100"
	nextUnit      = "SE0000000901-1200" // the own care provider's other one
	otherProvider = "SE0000000902-1000"
	otherUnit     = "SE0000000902-2100"
	sourceSystem  = "SE0000000901-S001"
)

// population is whom the records are about.
type population struct{ open, write, consent, block []string }

// people are the same ones every time, and as many beside them as are to be blocked.
func people(blocks int) population {
	var p population
	for n := range toOpen + toWrite + toConsent + blocks {
		id := personalNumber(n)
		switch {
		case n < toOpen:
			p.open = append(p.open, id)
		case n < toOpen+toWrite:
			p.write = append(p.write, id)
		case n < toOpen+toWrite+toConsent:
			p.consent = append(p.consent, id)
		default:
			p.block = append(p.block, id)
		}
	}
	return p
}

// personalNumber makes a valid number that nobody has: birth numbers 980 to 999 are
// kept for tests.
func personalNumber(n int) string {
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

// personKey names a member of staff.
func personKey(n int) string { return "p" + strconv.Itoa(n%staff) }

// feeds gives every member of staff a commission to read, and the unit a care
// engagement with every patient.
func feeds(p population, now time.Time) demo.Feeds {
	now = now.UTC().Truncate(time.Second)
	from, to := now.AddDate(0, -1, 0), now.AddDate(1, 0, 0)
	var f demo.Feeds
	for n := range staff {
		employee := fmt.Sprintf("SE0000000901-P%03d", n)
		f.Person = append(f.Person, demo.Person{Key: personKey(n), Name: "Mätare " + strconv.Itoa(n), Title: "Läkare", Employee: employee})
		f.Commission = append(f.Commission, demo.Commission{
			Employee: employee, ID: fmt.Sprintf("SE0000000901-C%03d", n), Name: "Läkare", Purpose: "Vård och behandling",
			Rights: []string{"Läsa;alla;SJF"}, CareUnit: ownUnit, CareUnitName: "Mätmottagningen",
			CareProvider: ownProvider, CareProviderName: "Region Mätmark", Start: from, End: to,
		})
	}
	for _, group := range [][]string{p.open, p.write, p.consent, p.block} {
		for _, patient := range group {
			f.Relation = append(f.Relation, demo.Relation{Patient: patient, CareProvider: ownProvider, CareUnit: ownUnit, Start: from, End: to})
		}
	}
	return f
}

// note is one record: whose it is, where it stands in the set, and which edition of
// its text; another edition is another content.
type note struct {
	patient        string
	number         int
	edition        uint64
	provider, unit string
}

// answer writes a source system's answer, SOAP around GetCareDocumentation.
func answer(notes ...note) []byte {
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

func (n note) write(b *bytes.Buffer) {
	when := fmt.Sprintf("202609%02d%02d1500", 1+n.number%28, 8+n.number%9)
	fmt.Fprintf(b, `<r:careDocumentation><c:header><c:accessControlHeader>`+
		`<c:accountableHealthcareProvider><c:root>`+protocol.RootHSAID+`</c:root><c:extension>%s</c:extension></c:accountableHealthcareProvider>`+
		`<c:accountableCareUnit><c:root>`+protocol.RootHSAID+`</c:root><c:extension>%s</c:extension></c:accountableCareUnit>`+
		`<c:patientId><c:root>`+protocol.RootPersonnummer+`</c:root><c:extension>%s</c:extension></c:patientId>`+
		`<c:blockComparisonTime>%s</c:blockComparisonTime><c:approvedForPatient>true</c:approvedForPatient></c:accessControlHeader>`,
		n.provider, n.unit, n.patient, when)
	fmt.Fprintf(b, `<c:sourceSystemId><c:root>`+protocol.RootHSAID+`</c:root><c:extension>`+sourceSystem+`</c:extension></c:sourceSystemId>`+
		`<c:record><c:id><c:root>1.2.752.129.2.1.2.1</c:root><c:extension>ANT-%05d</c:extension></c:id><c:timestamp>%s</c:timestamp></c:record>`+
		`<c:author><c:id><c:root>`+protocol.RootHSAID+`</c:root><c:extension>SE0000000901-P001</c:extension></c:id><c:name>Mätare 1</c:name>`+
		`<c:timestamp>%s</c:timestamp></c:author></c:header>`, n.number, when, when)
	b.WriteString(`<c:body><c:clinicalDocumentNoteCode><c:code>dag</c:code><c:codeSystem>1.2.752.129.2.2.2.11</c:codeSystem>` +
		`<c:displayName>Daganteckning</c:displayName></c:clinicalDocumentNoteCode><c:clinicalDocumentNoteTitle>Daganteckning ` +
		strconv.Itoa(n.number) + `</c:clinicalDocumentNoteTitle><c:clinicalDocumentNoteText>`)
	_ = xml.EscapeText(b, []byte(n.text())) // a bytes.Buffer does not fail
	b.WriteString(`</c:clinicalDocumentNoteText></c:body></r:careDocumentation>`)
}

// text is different for every edition, and of one length.
func (n note) text() string {
	const sentence = "Patienten mår efter omständigheterna väl och följer planen som gjordes upp vid besöket. "
	head := fmt.Sprintf("Anteckning %d, utgåva %012d. ", n.number, n.edition)
	return head + strings.Repeat(sentence, textBytes/len(sentence)+1)[:textBytes-len(head)]
}

// fill registers the source system and delivers every patient's documents.
func fill(ctx context.Context, c *demo.Cluster, p population) error {
	ctx, cancel := context.WithTimeout(ctx, maxFillTime)
	defer cancel()
	registration := admin.Source{ID: sourceSystem, Contracts: []string{protocol.CareDocumentation.String()}}
	if _, err := c.Operator().Register(ctx, "", registration); err != nil {
		return fmt.Errorf("registering the source: %w", err)
	}
	var messages [][]byte
	add := func(patients []string, provider, unit string) {
		for _, patient := range patients {
			notes := make([]note, documents)
			for i := range notes {
				notes[i] = note{patient, i, 0, provider, unit}
			}
			messages = append(messages, answer(notes...))
		}
	}
	add(p.open, ownProvider, ownUnit)
	add(p.consent, otherProvider, otherUnit)
	add(p.block, ownProvider, nextUnit)
	client, err := c.Source(sourceSystem)
	if err != nil {
		return err
	}
	defer client.Close()
	var faults []error
	client.Deliver(ctx, len(messages), func(n int) (sourceclient.Message, error) {
		return sourceclient.Message{Contract: protocol.CareDocumentation, Body: messages[n]}, nil
	}, func(d sourceclient.Delivery) {
		switch {
		case d.Err != nil:
			faults = append(faults, d.Err)
		case d.Receipt.Changed != documents:
			faults = append(faults, fmt.Errorf("message %d: %d of %d documents were new", d.Number, d.Receipt.Changed, documents))
		}
	})
	return errors.Join(faults...)
}
