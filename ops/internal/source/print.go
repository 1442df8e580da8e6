package source

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"tvilling/protocol/admin"
)

// ErrFormat is a format that is not printed.
var ErrFormat = errors.New("format is neither text nor json")

// The formats of Print.
const (
	Text = "text"
	JSON = "json"
)

// Print writes an inspection in a format.
func Print(w io.Writer, in admin.Inspection, format string) error {
	switch format {
	case JSON:
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(in)
	case Text, "":
		p := printer{w: bufio.NewWriter(w)}
		p.inspection(&in)
		return p.w.Flush()
	default:
		return fmt.Errorf("%w: choose one of them with --format", ErrFormat)
	}
}

// printer writes lines; the first error stays in the buffered writer.
type printer struct {
	w *bufio.Writer
}

const indent = "  "

// line writes a label and a value at a depth. The value's own lines go on below,
// further in.
func (p *printer) line(depth int, label, value string) {
	margin := strings.Repeat(indent, depth)
	first, rest, more := strings.Cut(clean(value), "\n")
	switch {
	case label == "":
		fmt.Fprintf(p.w, "%s%s\n", margin, first)
	case more:
		fmt.Fprintf(p.w, "%s%s:\n%s%s%s\n", margin, clean(label), margin, indent, first)
	default:
		fmt.Fprintf(p.w, "%s%s: %s\n", margin, clean(label), first)
	}
	for more {
		first, rest, more = strings.Cut(rest, "\n")
		fmt.Fprintf(p.w, "%s%s%s\n", margin, indent, first)
	}
}

// given writes a line only if there is a value.
func (p *printer) given(depth int, label, value string) {
	if value != "" {
		p.line(depth, label, value)
	}
}

func (p *printer) inspection(in *admin.Inspection) {
	if f := in.Fault; f != nil {
		p.line(0, "SOAP fault", "the source could not answer")
		p.given(1, "code", f.Code)
		p.given(1, "text", f.Text)
		p.given(1, "actor", f.Actor)
		p.given(1, "detail", f.Detail)
		return
	}
	p.line(0, "Contract", in.Contract+" "+strconv.Itoa(in.Major)+"  "+in.Namespace)
	if r := in.Result; r != nil {
		p.line(0, "Result", r.Code)
		p.given(1, "error code", r.ErrorCode)
		p.given(1, "subcode", r.Subcode)
		p.given(1, "log id", r.LogID)
		p.given(1, "message", r.Message)
	} else {
		p.line(0, "Result", "none in the message")
	}
	p.line(0, "Complete", yes(in.Complete))
	for _, m := range in.HasMore {
		p.line(0, "There is more", strings.TrimSpace(m.LogicalAddress+" "+m.Reference))
	}
	for _, s := range in.Statuses {
		p.line(0, "Processing status", s.LogicalAddress+" "+s.Code)
	}
	p.line(0, "Records", strconv.Itoa(len(in.Documents)))
	if in.Patients > 1 {
		p.line(0, "Patients", strconv.Itoa(in.Patients)+": an answer about more than one is refused")
	}
	if n := len(in.Deviations) + in.Unlisted; n > 0 {
		p.line(0, "Deviations from the contract", strconv.Itoa(n))
		for _, d := range in.Deviations {
			p.line(1, "", d.Place+": "+d.What)
		}
	}
	for i := range in.Documents {
		p.document(i+1, &in.Documents[i])
	}
}

func (p *printer) document(number int, d *admin.InspectedDocument) {
	h := &d.Header
	fmt.Fprintf(p.w, "\n── %d ── %s\n", number, clean(h.Title))
	if !d.Shown {
		p.line(0, "Never shown", d.Hidden)
	}
	p.given(1, "detail", h.Detail)
	p.given(1, "status", h.Status)
	p.line(1, "record id", h.RecordID)
	p.line(1, "source", orMissing(h.Source.ID))
	p.line(1, "patient", orMissing(h.Patient.ID))
	p.line(1, "care provider", orMissing(h.CareProvider.ID))
	p.line(1, "care unit", orMissing(h.CareUnit.ID))
	p.line(1, "time", orMissing(timeText(h.Time)))
	p.given(1, "time end", timeText(h.TimeEnd))
	p.given(1, "author", h.Author)
	p.given(1, "author's role", h.AuthorRole)
	p.given(1, "unit", h.Unit)
	p.line(1, "signed", yes(h.Signed))
	if h.Nullified {
		p.line(1, "nullified", yes(h.Nullified))
	}
	for _, s := range d.Body {
		p.line(1, "", heading(s.Words, s.Label))
		if len(s.Nodes) == 1 && s.Nodes[0].Kind == "table" {
			p.rows(2, s.Nodes[0].Children)
			continue
		}
		p.nodes(2, s.Nodes)
	}
}

func (p *printer) nodes(depth int, nodes []admin.InspectedNode) {
	for i := range nodes {
		n := &nodes[i]
		label := heading(n.Words, n.Label)
		switch n.Kind {
		case "group":
			p.line(depth, "", label)
			p.nodes(depth+1, n.Children)
		case "table":
			p.line(depth, "", label)
			p.rows(depth+1, n.Children)
		default:
			p.line(depth, label, value(n))
		}
	}
}

// rows writes a table: a terminal is too narrow for columns of words, so each row is a
// block with a mark.
func (p *printer) rows(depth int, rows []admin.InspectedNode) {
	for i := range rows {
		p.line(depth, "", "•")
		p.nodes(depth+1, rows[i].Children)
	}
}

// value is a node's value in words.
func value(n *admin.InspectedNode) string {
	switch {
	case n.Code != nil:
		return codeText(n.Code)
	case n.Quantity != nil:
		return quantityText(n)
	case n.Attachment != nil:
		return attachmentText(n.Attachment)
	}
	switch n.Kind {
	case "time":
		return timeText(n.Time)
	case "period":
		return timeText(n.Time) + " – " + timeText(n.End)
	case "flag":
		return yes(n.Text == "true")
	case "id":
		if n.Root != "" {
			return n.Text + "  [" + n.Root + "]"
		}
	}
	return n.Text
}

func codeText(c *admin.InspectedCode) string {
	var parts []string
	for _, s := range []string{c.Display, c.Original, c.Code} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	text := strings.Join(parts, " · ")
	if system := strings.Join(strings.Fields(c.Name+" "+c.Version+" "+c.System), " "); system != "" {
		text += "  [" + system + "]"
	}
	return text
}

func quantityText(n *admin.InspectedNode) string {
	q := n.Quantity
	interval := intervalText(q)
	text := strings.TrimSpace(q.Value + " " + q.Unit)
	if q.Value == "" {
		text, interval = strings.TrimSpace(interval+" "+q.Unit), ""
	}
	if q.Flag != "" {
		text += "  (" + q.Flag + ")"
	}
	if interval != "" {
		text += "  reference " + interval
	}
	if q.Reference != "" {
		text += "  reference " + q.Reference
	}
	if t := timeText(n.Time); t != "" {
		text += "  at " + t
	}
	return text
}

// intervalText is an interval. A bound alone has its sign, since a dash before a number
// reads as a minus.
func intervalText(q *admin.InspectedQuantity) string {
	switch {
	case q.Low == "" && q.High == "":
		return ""
	case q.Low == "":
		return "≤ " + q.High
	case q.High == "":
		return "≥ " + q.Low
	default:
		return q.Low + "–" + q.High
	}
}

func attachmentText(a *admin.InspectedAttachment) string {
	var parts []string
	for _, s := range []string{a.MediaType, a.Reference} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if a.Bytes > 0 {
		parts = append(parts, strconv.Itoa(a.Bytes)+" bytes inline")
	}
	return strings.Join(parts, ", ")
}

func timeText(t *admin.InspectedTime) string {
	if t == nil {
		return ""
	}
	return t.Text
}

// heading is a label in Swedish, as the client says it, with the element's name.
func heading(words admin.InspectedWords, label string) string {
	return words.Swedish + " (" + label + ")"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func orMissing(s string) string {
	if s == "" {
		return "missing"
	}
	return s
}

// clean takes what could move a terminal's cursor, or the direction of its text, out
// of a text; line breaks stay.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		default:
			return r
		}
	}, s)
}
