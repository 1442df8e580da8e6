package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/notes"
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
		id := notes.PersonalNumber(n)
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

// note is one record of the source system.
func note(patient string, number int, edition uint64, provider, unit string) notes.Note {
	return notes.Note{Patient: patient, Number: number, Edition: edition, Provider: provider, Unit: unit, System: sourceSystem}
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
			all := make([]notes.Note, documents)
			for i := range all {
				all[i] = note(patient, i, 0, provider, unit)
			}
			messages = append(messages, notes.Answer(all...))
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
