package client

import (
	"strings"

	"tvilling/protocol"
)

// Severity is how an alert is ranked in a list of alerts alone: what is first is seen
// first.
type Severity uint8

// The severities. What is not stated, or in words that are not known, is never made out
// to be mild: it stands before what a source itself calls so.
const (
	SeverityWorst Severity = iota
	SeverityHarmful
	SeverityUnknown
	SeverityMild
	SeverityPast // holds no more, however severe it was
)

// severities are what the headings of a list by severity say.
var severities = [...]txt{SeverityWorst: txtGravest, SeverityHarmful: txtHarmful, SeverityUnknown: txtUngraded, SeverityMild: txtMild, SeverityPast: txtPast}

// severityIn ranks a document by its header, on a day. The first is what the row's own
// mark says; the others are the whole first word of the detail, which may be a remark.
func severityIn(h *protocol.Header, day string) Severity {
	switch {
	case h.Contract != protocol.AlertInformation:
		return SeverityUnknown
	case h.Nullified || isHistoric(h, day):
		return SeverityPast
	case isSevere(h.Detail):
		return SeverityWorst
	}
	first, _, _ := strings.Cut(h.Detail, ",")
	switch fold(first) {
	case "skadlig":
		return SeverityHarmful
	case "besvärande", "lindrig":
		return SeverityMild
	}
	return SeverityUnknown
}

// bySeverity has a list that becomes one of alerts alone stand by severity, until another
// order is asked for, and one that is so no more stand as it stood before.
func (m *machine) bySeverity(q Query) Query {
	was, alerts := &m.s.List.Query, q.Contract == protocol.AlertInformation
	switch {
	case alerts && was.Contract != protocol.AlertInformation:
		m.s.Tools.Order, q.Group = was.Group, GroupSeverity
	case !alerts && q.Group == GroupSeverity:
		q.Group = m.s.Tools.Order
	}
	return q
}

// date tells the store which day it is.
func (s *Store) date(day string) {
	if s.places.day != day {
		s.places.day, s.stirred = day, true
	}
}
