package patients

import (
	"fmt"
	"time"

	"tvilling/protocol"
)

// chart collects the records of one patient.
type chart struct {
	patient string
	born    string // YYYYMMDD
	asOf    time.Time
	records []record
}

// record is one record of one contract, as its system keeps it.
type record struct {
	contract protocol.Contract
	system   string
	node     node
}

// ago is an entry so many days before the day of the chart, at a time of day hhmm.
func (c *chart) ago(days int, hhmm string, by person) entry {
	return entry{when: c.asOf.AddDate(0, 0, -days).Format("20060102") + hhmm + "00", by: by}
}

// on is an entry on a given day YYYYMMDD.
func (c *chart) on(day, hhmm string, by person) entry {
	return entry{when: day + hhmm + "00", by: by}
}

// day is so many days before the day of the chart, YYYYMMDD; negative is after it.
func (c *chart) day(daysAgo int) string { return c.asOf.AddDate(0, 0, -daysAgo).Format("20060102") }

// id numbers the next record.
func (c *chart) id(prefix string) string {
	return fmt.Sprintf("%s-%s-%05d", prefix, c.patient[2:6], len(c.records)+1)
}

func (c *chart) add(contract protocol.Contract, e entry, n node) {
	c.records = append(c.records, record{contract, e.by.unit.System, n.in(responder)})
}

// summary adds a record of the second generation.
func (c *chart) summary(contract protocol.Contract, prefix, name string, e entry, body ...node) {
	logistics := contract == protocol.CareContacts || contract == protocol.CarePlans
	c.add(contract, e, group(name,
		summaryHeader(name+"Header", c.id(prefix), c.patient, e, logistics),
		group(name+"Body", body...)))
}

// journal adds a record of the third generation.
func (c *chart) journal(contract protocol.Contract, prefix, name string, e entry, body ...node) {
	c.add(contract, e, group(name,
		journalHeader(c.id(prefix), c.patient, e, contract == protocol.LaboratoryOrderOutcome),
		group("body", body...)))
}
