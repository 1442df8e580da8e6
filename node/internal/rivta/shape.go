package rivta

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"

	"tvilling/protocol"
)

// The shapes that recur in every contract. Each recogniser looks at an element's
// children and either leaves them alone or takes those that it puts into the node it
// returns; children that are left become nodes beside it. A child that the shape has
// no place for is therefore never lost.
type recogniser struct {
	inner string // the node's label where it stands beside other children
	read  func(m *mapper, e *element) (protocol.Node, bool)
}

// recognise asks each recogniser in order; the first that knows the shape has it.
func (m *mapper) recognise(e *element) (n protocol.Node, inner string, ok bool) {
	for _, shape := range [...]recogniser{
		{"value", (*mapper).result},
		{"value", (*mapper).outcome},
		{"value", (*mapper).choice},
		{"date", (*mapper).partialDate},
		{"timePeriod", (*mapper).period},
		{"code", (*mapper).coded},
		{"id", (*mapper).identifier},
		{"content", (*mapper).attachment},
		{"value", (*mapper).quantity},
		{"value", (*mapper).interval},
	} {
		if n, ok := shape.read(m, e); ok {
			return n, shape.inner, true
		}
	}
	return protocol.Node{}, "", false
}

// choiceNames are the elements of which a value holds exactly one.
var choiceNames = []string{"cv", "pq", "intervalPQ", "st", "ii", "ts", "bl", "int", "real"}

// shapeNames are the names that the shapes are made of; they may stand in places.
var shapeNames = append([]string{
	"code", "codeSystem", "codeSystemName", "codeSystemVersion", "displayName", "originalText",
	"root", "extension", "id", "type", "value", "unit", "low", "high", "lowClosed", "highClosed", "format",
	"start", "end", "mediaType", "reference", "dicomSOP", "dicomValue", "dicomReference", "Include", "href",
	"result", "interpretation", "interval", "description", "population", "specimen", "timestamp", "analysis", "related",
	"analysisOutcome", "outcomeValue", "outcomeUnit", "observationTime", "pathologicalFlag", "referenceInterval",
	"resultCode", "errorCode", "subCode", "logId", "message", "resultText", "logicalAddress",
	"ProcessingStatus", "ProcessingStatusList", "statusCode", "multimediaEntry", "actResult", "content", "imageData",
	"imageStructuredData", "imageDicomData", "clinicalDocumentNoteText", "record", "accessControlHeader",
	"accountableHealthcareProfessional", "legalAuthenticator", "signature", "author", "orgUnit", "dissentingOpinion",
	"administration", "drug", "dosage", "setDosage", "singleDose", "occasionDosage", "referral", "attested",
}, choiceNames...)

// leaves returns the children of the names, nil where missing, and whether there are
// any. The list itself is nil where one of them comes twice, has children or is longer
// than most: then e has another shape.
func leaves(e *element, most int, names ...string) (found []*element, any bool) {
	found = make([]*element, len(names))
	for _, c := range e.children {
		for i, name := range names {
			if !strings.EqualFold(c.name, name) || c.empty() {
				continue
			}
			if found[i] != nil || !c.leaf() || len(c.text) > most {
				return nil, false
			}
			found[i], any = c, true
		}
	}
	return found, any
}

// coded reads a coded value: any of code, system, name, version, display and original
// text. The words may be long. A display name beside things that are no part of a code
// is no code.
func (m *mapper) coded(e *element) (protocol.Node, bool) {
	f, _ := leaves(e, protocol.MaxShortTextBytes, "code", "codeSystem", "codeSystemName", "codeSystemVersion")
	t, _ := leaves(e, protocol.MaxTextBytes, "displayName", "originalText")
	if f == nil || t == nil {
		return protocol.Node{}, false
	}
	display, original := t[0], t[1]
	if f[0] == nil && original == nil && (display == nil || e.holdsMore(f, t)) {
		return protocol.Node{}, false
	}
	take(f...)
	take(t...)
	n := protocol.Node{Kind: protocol.NodeCode, Code: protocol.Code{
		Code: f[0].says(), System: f[1].says(), Name: f[2].says(), Version: f[3].says(),
		Display: display.says(), Original: original.says(),
	}}
	if n.Code.Display == "" && n.Code.Original == "" {
		n.Code.Display = enumeratedWords(e.name, n.Code.Code) // a code alone, of those that the contracts list
	}
	return n, true
}

// holdsMore reports whether there is anything in e beside the elements of the lists.
func (e *element) holdsMore(lists ...[]*element) bool {
	left := 0
	for _, c := range e.children {
		if !c.empty() {
			left++
		}
	}
	for _, list := range lists {
		for _, f := range list {
			if f != nil {
				left--
			}
		}
	}
	return left > 0
}

// identifier reads root and extension, or the id and type of a person.
func (m *mapper) identifier(e *element) (protocol.Node, bool) {
	f, ok := leaves(e, protocol.MaxShortTextBytes, "root", "extension")
	if name := strings.ToLower(e.name); !ok && (name == "personid" || name == "patientid") {
		f, ok = leaves(e, protocol.MaxShortTextBytes, "type", "id")
	}
	if !ok {
		return protocol.Node{}, false
	}
	take(f...)
	n := protocol.Node{Kind: protocol.NodeID, Text: f[1].says()}
	if n.Text == "" {
		n.Text = f[0].says()
	} else {
		n.Code.System = f[0].says()
	}
	return n, true
}

// period reads start and end, if all that is given of them are times.
func (m *mapper) period(e *element) (protocol.Node, bool) {
	f, ok := leaves(e, protocol.MaxShortTextBytes, "start", "end")
	if !ok {
		return protocol.Node{}, false
	}
	n := protocol.Node{Kind: protocol.NodePeriod}
	for i, to := range []*protocol.Civil{&n.Time, &n.End} {
		if f[i] == nil {
			continue
		}
		if *to, ok = parseTime(f[i].text); !ok {
			return protocol.Node{}, false
		}
	}
	take(f...)
	return n, true
}

// partialDate reads a date that says how exact it is.
func (m *mapper) partialDate(e *element) (protocol.Node, bool) {
	f, ok := leaves(e, protocol.MaxShortTextBytes, "format", "value")
	if !ok || f[0] == nil || f[1] == nil {
		return protocol.Node{}, false
	}
	t, err := protocol.ParseCivil(f[1].text)
	if err != nil || t.Digits() != f[1].text || !strings.EqualFold(f[0].text, "YYYYMMDDhhmmss"[:len(f[1].text)]) {
		return protocol.Node{}, false
	}
	take(f...)
	return protocol.Node{Kind: protocol.NodeTime, Time: t}, true
}

// quantity reads a decimal value with its unit.
func (m *mapper) quantity(e *element) (protocol.Node, bool) {
	f, ok := leaves(e, protocol.MaxShortTextBytes, "value", "unit")
	if !ok || f[0] == nil || !isDecimal(f[0].text) || e.child("format") != nil {
		return protocol.Node{}, false
	}
	take(f...)
	return protocol.Node{Kind: protocol.NodeQuantity, Quantity: protocol.Quantity{Value: f[0].text, Unit: f[1].says()}}, true
}

// interval reads a lower and an upper value; either may be missing.
func (m *mapper) interval(e *element) (protocol.Node, bool) {
	f, ok := leaves(e, protocol.MaxShortTextBytes, "low", "high", "unit")
	if !ok || f[0] == nil && f[1] == nil || !decimalOrMissing(f[0]) || !decimalOrMissing(f[1]) {
		return protocol.Node{}, false
	}
	take(f...)
	return protocol.Node{Kind: protocol.NodeQuantity, Quantity: protocol.Quantity{Low: f[0].says(), High: f[1].says(), Unit: f[2].says()}}, true
}

// choice reads a value that holds one of several types.
func (m *mapper) choice(e *element) (protocol.Node, bool) {
	if len(e.children) != 1 {
		return protocol.Node{}, false
	}
	for _, name := range choiceNames {
		if c := e.children[0]; c.name == name && !c.empty() {
			n := m.node(c)
			take(c)
			return n, true
		}
	}
	return protocol.Node{}, false
}

// result reads a laboratory result: a value or an interval of values, and with it the
// reference interval, the abnormal mark and the time of the sample (else of the
// analysis).
func (m *mapper) result(e *element) (protocol.Node, bool) {
	value := e.child("value")
	if value == nil || value.leaf() {
		return protocol.Node{}, false
	}
	n, ok := m.measured(value)
	if !ok {
		return protocol.Node{}, false
	}
	q := &n.Quantity
	q.Flag = flags(e.all("interpretation"))
	if reference := e.child("reference"); reference != nil {
		m.reference(reference, q)
	}
	n.Time = m.sampled(e.parent)
	return n, true
}

// measured reads what a value holds if it is a quantity or an interval, under the name
// of its type or with the type told beside the data.
func (m *mapper) measured(value *element) (protocol.Node, bool) {
	if pq := value.child("pq"); pq != nil {
		return m.quantity(pq)
	}
	if interval := value.child("intervalPQ"); interval != nil {
		return m.interval(interval)
	}
	if n, ok := m.quantity(value); ok {
		return n, true
	}
	return m.interval(value)
}

// reference takes a reference interval into a quantity, if it is in the same unit, and
// the interval in words. A result that is an interval itself leaves it where it is.
func (m *mapper) reference(e *element, q *protocol.Quantity) {
	if interval := e.child("interval"); q.Value != "" && interval != nil && !interval.leaf() {
		unit := interval.child("unit")
		if unit.says() == "" || unit.says() == q.Unit {
			if n, ok := m.interval(interval); ok {
				q.Low, q.High = n.Quantity.Low, n.Quantity.High
			}
		}
	}
	if d := e.child("description"); d.says() != "" && len(d.text) <= protocol.MaxTextBytes {
		q.Reference = d.text
		take(d)
	}
}

// flags joins the abnormal marks as the source gave them; the codes stay as nodes too.
func flags(interpretations []*element) string {
	var marks []string
	for _, e := range interpretations {
		if mark := markOf(e); mark != "" {
			marks = append(marks, mark)
		}
	}
	return short(strings.Join(marks, ", "))
}

// markOf is one interpretation: its code, or the words that say what the code does not.
func markOf(e *element) string {
	texts := [...]string{e.says(), e.child("code").says(), e.child("originalText").says(), e.child("displayName").says()}
	for i := range texts {
		if texts[i] == placeholder {
			texts[i] = ""
		}
	}
	return protocol.MarkOf(texts[:]...)
}

// standsOut reports whether any result within e is marked as abnormal.
func standsOut(e *element) bool {
	switch {
	case e == nil:
		return false
	case strings.EqualFold(e.name, "interpretation"):
		return protocol.StandingOf(markOf(e)) != protocol.StandingNone
	case strings.EqualFold(e.name, "pathologicalFlag"):
		return e.says() == "true" || e.says() == "1"
	}
	return slices.ContainsFunc(e.children, standsOut)
}

// sampled finds when a result's sample was taken, or else the analysis made. A result
// stands in its analysis.
func (m *mapper) sampled(analysis *element) protocol.Civil {
	if analysis == nil {
		return 0
	}
	if t, known := m.samples[analysis]; known {
		return t
	}
	var latest protocol.Civil
	for _, e := range analysis.all("specimen/timestamp") {
		if t, ok := parseTime(e.says()); ok {
			latest = max(latest, t)
		}
	}
	if latest == 0 {
		latest, _ = parseTime(analysis.find("timestamp", "analysisTime/start").says())
	}
	if m.samples == nil {
		m.samples = map[*element]protocol.Civil{}
	}
	m.samples[analysis] = latest
	return latest
}

// outcome reads a laboratory result of the older generation. The flag of this
// generation is a truth value, which stays as a node; the mark is the client's usual.
func (m *mapper) outcome(e *element) (protocol.Node, bool) {
	f, ok := leaves(e, protocol.MaxShortTextBytes, "outcomeValue", "outcomeUnit", "observationTime")
	if !ok || f[0] == nil || !isDecimal(f[0].text) {
		return protocol.Node{}, false
	}
	n := protocol.Node{Kind: protocol.NodeQuantity, Quantity: protocol.Quantity{Value: f[0].text, Unit: f[1].says()}}
	take(f[0], f[1])
	if t, ok := parseTime(f[2].says()); ok {
		n.Time = t
		take(f[2])
	} else {
		n.Time = m.sampled(e.parent)
	}
	if flag := e.child("pathologicalFlag").says(); flag == "true" || flag == "1" {
		n.Quantity.Flag = "*"
	}
	if r := e.child("referenceInterval"); r.says() != "" && len(r.text) <= protocol.MaxTextBytes {
		n.Quantity.Reference = r.text
		take(r)
	}
	return n, true
}

// attachment reads data with a media type, inline or by reference, and the data of a
// picture in DICOM, which has no media type of its own.
func (m *mapper) attachment(e *element) (protocol.Node, bool) {
	n := protocol.Node{Kind: protocol.NodeAttachment}
	media, value, reference := e.child("mediaType"), e.child("value"), e.child("reference")
	if media.says() != "" && len(media.text) <= protocol.MaxShortTextBytes {
		n.Attachment.MediaType = media.text
	} else if media, value, reference = nil, e.child("dicomValue"), e.child("dicomReference"); value != nil || reference != nil {
		n.Attachment.MediaType = "application/dicom"
	} else {
		return protocol.Node{}, false
	}
	if reference.says() != "" && len(reference.text) <= protocol.MaxTextBytes {
		n.Attachment.Reference = reference.text
		take(reference)
	}
	m.inline(value, &n.Attachment)
	if n.Attachment.Reference == "" && len(n.Attachment.Inline) == 0 {
		return protocol.Node{}, false
	}
	take(media)
	return n, true
}

// inline reads the data itself: base64, or a "cid:" that says where in the transfer
// the data was and which then is its reference.
func (m *mapper) inline(value *element, to *protocol.Attachment) {
	if value == nil || value.empty() {
		return
	}
	text := value
	if !value.leaf() {
		if text = value.find("Include/href"); text.says() == "" {
			return
		}
	}
	if len(text.text) >= 4 && strings.EqualFold(text.text[:4], "cid:") {
		if to.Reference == "" && len(text.text) <= protocol.MaxTextBytes {
			to.Reference = text.text
			take(text)
		}
		return
	}
	data, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields([]byte(text.text)), nil)))
	switch {
	case err != nil:
		m.deviate(value, "data that is not base64; it is kept as text")
	case len(data) > protocol.MaxAttachmentBytes:
		m.fail(at(ErrTooLarge, "inline data of more than 100 KiB", value))
	default:
		to.Inline = data
		take(text)
	}
}

// isDecimal reports whether s is a number as the contracts write them.
func isDecimal(s string) bool {
	mantissa, exponent, has := strings.Cut(strings.ToLower(s), "e")
	if has && !digits(strings.TrimLeft(exponent, "+-"), 3, false) {
		return false
	}
	if mantissa != "" && (mantissa[0] == '-' || mantissa[0] == '+') {
		mantissa = mantissa[1:]
	}
	return digits(mantissa, 64, true)
}

// digits reports whether s is one to most digits, with at most one point or comma
// among them if fraction.
func digits(s string, most int, fraction bool) bool {
	count, points := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			count++
		case fraction && (c == '.' || c == ','):
			points++
		default:
			return false
		}
	}
	return count > 0 && count <= most && points <= 1
}

func decimalOrMissing(e *element) bool { return e == nil || isDecimal(e.text) }
