package rivta

import (
	"errors"
	"slices"
	"strings"

	"tvilling/protocol"
)

// Severity is how much a finding of Verify matters.
type Severity uint8

// The severities, the least first.
const (
	Notes    Severity = iota // worth knowing
	Deviates                 // not as the framework expects; the record is shown
	Hinders                  // a record is refused or never shown
)

// Finding is something in a message that is not as the national framework, or the
// overview, expects beyond the schema. It holds no value of the message.
type Finding struct {
	Place    string
	Expected string
	Found    string // in kind: missing, empty, a placeholder, another form
	Severity Severity
}

// Verification is everything that was found in one message.
type Verification struct {
	Contract protocol.Contract // none: the message could not be read so far
	Major    int
	Records  int
	Findings []Finding
	Unlisted int // findings beyond the limit, counted only
	Worst    Severity
}

// Verify reads a message as Parse does and holds it to the rules of verify_rules.go.
// What keeps it from being read is a finding too.
func Verify(message []byte) Verification {
	v := &verifier{}
	m, err := readFor(message, v)
	v.seen.Contract, v.seen.Major = m.Contract, m.Major
	var fault *FaultError
	switch {
	case errors.As(err, &fault):
		v.add(Finding{"Envelope/Body/Fault", "an answer", "a SOAP fault", Hinders})
		if holdsPatientID(fault.Text + " " + fault.Detail) {
			v.add(Finding{"Envelope/Body/Fault", "no personal data in a fault", "what reads as a patient id", Deviates})
		}
	case err != nil:
		v.add(Finding{"the message", "a message that can be read and kept whole", err.Error(), Hinders})
	default:
		v.whole(&m)
	}
	return v.seen
}

// verifier looks at a message's elements as they are read, before they are mapped.
type verifier struct {
	seen   Verification
	result bool
}

// add notes a finding. Those beyond the limit are only counted, and cost nothing more.
func (v *verifier) add(f Finding) {
	v.seen.Worst = max(v.seen.Worst, f.Severity)
	if len(v.seen.Findings) >= maxListed {
		v.seen.Unlisted++
		return
	}
	v.seen.Findings = append(v.seen.Findings, f)
}

// at notes a finding at an element.
func (v *verifier) at(e *element, expected, found string, severity Severity) {
	f := Finding{Expected: expected, Found: found, Severity: severity}
	if len(v.seen.Findings) < maxListed {
		f.Place = e.place()
	}
	v.add(f)
}

// whole looks at what no single record shows.
func (v *verifier) whole(m *Message) {
	const place = "the message"
	if len(m.Patients.IDs) > 1 {
		v.add(Finding{place, "the records of one patient", "several patients", Hinders})
	}
	if v.seen.Records == 0 {
		v.add(Finding{place, "records to verify", "none", Notes})
	}
	if !v.result {
		v.add(Finding{place, "a result with OK, INFO or ERROR", missing, Notes})
	}
	if m.Failed() {
		v.add(Finding{place, "an answer", "a result that says ERROR", Deviates})
	}
	for _, d := range m.Deviations {
		v.add(Finding{d.Place, "what the contract says", d.What, Deviates})
	}
}

// record holds a record to the rules of its header and its contract, and every element
// in it to those of its kind.
func (v *verifier) record(contract protocol.Contract, record *element) {
	v.seen.Records++
	header, body := headerOf(record), bodyOf(record)
	v.patient(record, header)
	journal := header != nil && header.child("accessControlHeader") != nil
	for i := range rules {
		r := &rules[i]
		if len(r.contracts) > 0 && !slices.Contains(r.contracts, contract) ||
			r.from == summaryHeader && journal || r.from == journalHeader && !journal {
			continue
		}
		part := header
		if r.from == inBody {
			part = body
		}
		if part != nil {
			v.hold(r, part)
		} else if r.in == "" {
			v.at(record, r.expected, missing, r.severity)
		}
	}
	v.walk(record)
}

// hold holds each container of a part to a rule.
func (v *verifier) hold(r *rule, part *element) {
	containers := []*element{part}
	if r.in != "" {
		containers = part.all(r.in)
	}
	for _, c := range containers {
		subject := c
		if len(r.paths) > 0 {
			subject = c.find(r.paths...)
		}
		found := r.want(subject)
		if found == "" {
			continue
		}
		if subject == nil {
			subject = c.absent(r.paths[0])
		}
		v.at(subject, r.expected, found, r.severity)
	}
}

// absent is an element that is not there, for its place.
func (e *element) absent(path string) *element {
	for name := range strings.SplitSeq(path, "/") {
		if there := e.child(name); there != nil {
			e = there
			continue
		}
		e = &element{name: name, parent: e, line: e.line}
	}
	return e
}

// patient holds the record to naming a patient by a national id.
func (v *verifier) patient(record, header *element) {
	e := header.find2("patientId", accessControl+"patientId")
	if e == nil {
		v.at(record, "a patient id", missing, Hinders)
		return
	}
	value, root := e.find("extension", "id").says(), e.find("root", "type").says()
	_, err := protocol.ParsePatientIDUnder(root, value)
	found := ""
	switch {
	case value == "":
		found = missing
	case root == "" || root == placeholder:
		v.at(e, "a patient id with the root of its kind", "no root", Deviates)
		return
	case strings.HasPrefix(root, rootLocalReserve):
		found = "a local reserve number"
	case errors.Is(err, protocol.ErrPatientIDRoot):
		found = "an id of another kind than its root says, or under a root that is not national"
	case err != nil:
		found = "no valid id of its kind"
	}
	if found != "" {
		v.at(e, "a national patient id: a record under any other is not kept", found, Hinders)
	}
}

// find2 is find, of nothing nothing.
func (e *element) find2(paths ...string) *element {
	if e == nil {
		return nil
	}
	return e.find(paths...)
}

// walk holds every element to the rules of its kind.
func (v *verifier) walk(e *element) {
	for i := range kinds {
		k := &kinds[i]
		if !k.is(e) {
			continue
		}
		if found := k.want(e); found != "" {
			v.at(e, k.expected, found, k.severity)
		}
	}
	for _, c := range e.children {
		v.walk(c)
	}
}

// ended looks at the contract's verdict.
func (v *verifier) ended(result *element) {
	v.result = true
	if found := filled(result.child("logId")); found != "" {
		v.at(result.absent("logId"), "an id that finds the answer in the source's own log", found, Notes)
	}
}

// more looks at a sign that there is more: what is asked for next has to be asked of
// the source itself.
func (v *verifier) more(e *element) {
	if e.leaf() {
		return
	}
	address := e.find("logicalAddress", "logicalAdress", "sourceSystemHSAId", "sourceSystemId/extension")
	found := isHSAID(address)
	if found == "" && address.says() == aggregator {
		found = "the aggregating service's address"
	}
	if found != "" {
		v.at(e.absent("logicalAddress"), "the source's own logical address", found, Deviates)
	}
	if found := filled(e.find("reference", "hasMoreReference")); found != "" {
		v.at(e.absent("reference"), "a reference to ask on with", found, Deviates)
	}
}

// holdsPatientID reports whether a text holds twelve digits that are a patient id.
func holdsPatientID(text string) bool {
	words := strings.FieldsFunc(text, func(r rune) bool { return r != '-' && r != '+' && (r < '0' || r > '9') })
	return slices.ContainsFunc(words, func(w string) bool {
		_, err := protocol.ParsePatientID(w)
		return err == nil
	})
}
