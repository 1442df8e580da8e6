package client

import (
	"strings"

	"tvilling/protocol"
)

// reader is the reading pane.
func (r *renderer) reader() string {
	m, reader := new(markup), &r.s.Reader
	if !reader.Open {
		return m.raw(`<p class="empty" data-test="reader-empty">`).text(r.t(txtReaderEmpty)).raw(`</p>`).String()
	}
	item, there := r.s.View.Store.get(reader.Key)
	m.raw(`<div class="reader-top"><h2 id="reader-heading" tabindex="-1"`)
	if reader.Gone || !there {
		m.raw(` data-test="reader-gone">`).text(r.t(txtDocumentGone))
		r.readerTools(m)
		return m.String()
	}
	if item.Header.Title != "" {
		r.foreign(m)
	}
	m.when(item.Header.Nullified, ` class="nullified"`).raw(` data-test="reader-title">`).text(titleOf(&item.Header, r.lang))
	r.readerTools(m)
	if item.Header.Nullified {
		m.raw(`<div class="void" data-test="nullified"><b>`).text(r.t(txtNullified)).raw(`</b> `).text(r.t(txtNullifiedLead)).raw(`</div>`)
	}
	var s *sheet
	if reader.Body != nil {
		s = r.newSheet(m, &item.Header, reader.Body)
	}
	r.readerHead(m, &item.Header, s)
	switch {
	case reader.Fault.Fault != protocol.FaultNone:
		m.raw(`<section class="fault" data-test="reader-fault" data-fault="`).text(reader.Fault.Fault.Code()).raw(`"><h3>`)
		r.faultBody(m, reader.Fault, `</h3>`)
		m.raw(`</section>`)
	case s == nil:
		m.raw(`<p class="fetching" role="status">`).text(r.t(txtReaderFetching)).raw(`</p>`)
	default:
		m.raw(`<div class="document" data-test="document">`)
		if len(s.root.Children) == 0 {
			m.raw(`<p class="empty">`).text(r.t(txtNoBody)).raw(`</p>`)
		}
		s.document()
		m.raw(`</div>`)
	}
	return m.String()
}

// readerTools ends the pane's heading with the ways on and out.
func (r *renderer) readerTools(m *markup) {
	m.raw(`</h2><div class="reader-tools">`)
	m.raw(`<span id="reader-steps">`)
	m.b = append(m.b, r.readerSteps()...)
	m.raw(`</span>`)
	if r.s.Reader.Body != nil {
		r.printButton(m, "print-document", "")
	}
	r.guideMark(m, viewReading)
	r.button(m, "quiet wide-only", "close-reader", ActCloseReader, "", r.t(txtCloseReader), false)
	r.button(m, "quiet narrow-only", "close-reader-narrow", ActCloseReader, "", r.t(txtCloseReaderNarrow), false)
	m.raw(`</div></div>`)
}

// readerSteps are the ways on to the documents before and after. They are a region of their
// own: that there is another document changes nothing of the one that is read.
func (r *renderer) readerSteps() string {
	m := new(markup)
	if r.s.Reader.Open {
		r.button(m, "quiet", "read-previous", ActReadPrevious, "", r.t(txtPreviousDocument), r.s.neighbour(-1) < 0)
		r.button(m, "quiet", "read-next", ActReadNext, "", r.t(txtNextDocument), r.s.neighbour(1) < 0)
	}
	return m.String()
}

// titleOf is what a document is called; one without a title is called by its type.
func titleOf(h *protocol.Header, lang protocol.Language) string {
	if h.Title != "" {
		return h.Title
	}
	return h.Contract.Label(lang)
}

// readerHead says quietly who, where and when, and where it comes from.
func (r *renderer) readerHead(m *markup, h *protocol.Header, s *sheet) {
	if !h.Signed && !h.Nullified {
		m.raw(`<p class="tag">`).text(r.t(txtUnsigned)).raw(`</p>`)
	}
	when := moment(h.Time)
	if end := moment(h.TimeEnd); end != "" && end != when {
		when += " – " + end
	}
	signed, status := "", h.Status
	if s != nil {
		if s.tells(status) {
			status = ""
		}
		signed = joined(", ", s.says("header/legalAuthenticator/signatureTime header/signature/timestamp"),
			s.says("header/legalAuthenticator/legalAuthenticatorName header/signature/name"))
	}
	m.raw(`<dl class="head">`)
	for _, row := range [...]struct {
		label txt
		value string
	}{
		{txtHeadTime, when},
		{txtHeadAuthor, joined(", ", h.Author, h.AuthorRole)},
		{txtHeadUnit, h.Unit},
		{txtProvider, r.s.providerName(h.CareProvider)},
		{txtHeadSigned, signed},
		{txtHeadStatus, status},
		{txtHeadType, h.Contract.Label(r.lang)},
		{txtHeadSource, h.Source.Reveal()},
	} {
		if row.value != "" {
			m.raw(`<div><dt>`).text(r.t(row.label)).raw(`</dt><dd>`).text(row.value).raw(`</dd></div>`)
		}
	}
	m.raw(`</dl>`)
}

// moment is a time as it is read: seconds that are none are not said.
func moment(t protocol.Civil) string {
	s := t.String()
	if len(s) == len("2026-01-01 00:00:00") && s[len(s)-3:] == ":00" {
		return s[:len(s)-3]
	}
	return s
}

// joined is two texts with a mark between, where both say something.
func joined(mark, a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + mark + b
}

// isDissent tells the patient's own dissenting opinion, which must be seen. One
// contract misspells its own element.
func isDissent(label string) bool {
	return label == "dissentingOpinion" || label == "dissentintOpinion"
}

func (r *renderer) label(key string) string {
	if isDissent(key) {
		return r.t(txtDissent)
	}
	return protocol.Term(key, r.lang)
}

// nodes writes what is left of nodes in their order: those with a label as terms and
// values, those without as they are. The decoder bounds the depth; so does this.
func (r *renderer) nodes(m *markup, nodes []protocol.Node, depth int) {
	if depth > protocol.MaxDepth {
		return
	}
	open := false
	for i := range nodes {
		n := &nodes[i]
		if !r.left(n) {
			continue
		}
		if labelled := n.Label != ""; labelled != open {
			m.when(labelled, `<dl class="fields">`).when(!labelled, `</dl>`)
			open = labelled
		}
		if !open {
			m.raw(`<div class="plain">`)
			r.node(m, n, depth)
			m.raw(`</div>`)
			continue
		}
		dissent := isDissent(n.Label)
		m.raw(`<div class="field`).when(isWide(n), ` wide`).when(dissent, ` dissent`).raw(`"`).when(dissent, ` data-test="dissent"`).raw(`>`)
		m.raw(`<dt>`).text(r.label(n.Label)).raw(`</dt><dd>`)
		r.node(m, n, depth)
		m.raw(`</dd></div>`)
	}
	m.when(open, `</dl>`)
}

// isWide reports whether a node wants the whole width under its label.
func isWide(n *protocol.Node) bool {
	return n.Kind == protocol.NodeGroup || n.Kind == protocol.NodeTable ||
		n.Kind == protocol.NodeText && (len(n.Text) > 80 || strings.Contains(n.Text, "\n"))
}

func (r *renderer) node(m *markup, n *protocol.Node, depth int) {
	switch n.Kind {
	case protocol.NodeText:
		r.paragraphs(m, n.Text)
	case protocol.NodeCode:
		r.code(m, &n.Code)
	case protocol.NodeQuantity:
		r.quantity(m, n)
	case protocol.NodeTime:
		m.raw(`<time>`).text(moment(n.Time)).raw(`</time>`)
	case protocol.NodePeriod:
		m.raw(`<time>`).text(moment(n.Time)).raw(`</time> – <time>`).text(moment(n.End)).raw(`</time>`)
	case protocol.NodeFlag:
		r.flag(m, n.Text)
	case protocol.NodeID:
		m.raw(`<code class="id">`).text(n.Text).raw(`</code>`)
		if n.Code.System != "" {
			m.raw(` <span class="code-of">`).text(n.Code.System).raw(`</span>`)
		}
	case protocol.NodeAttachment:
		r.attachment(m, n)
	case protocol.NodeGroup:
		m.raw(`<div class="group">`)
		r.nodes(m, n.Children, depth+1)
		m.raw(`</div>`)
	case protocol.NodeTable:
		var rows []*protocol.Node
		for i := range n.Children {
			if r.left(&n.Children[i]) {
				rows = append(rows, &n.Children[i])
			}
		}
		r.tableOf(m, n.Label, rows, nil, depth)
	default: // of a later version: whatever text it has is still worth reading
		r.paragraphs(m, n.Text)
	}
}

func (r *renderer) paragraphs(m *markup, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) != "" {
			r.foreign(m.raw(`<p`)).raw(`>`).text(line).raw(`</p>`)
		}
	}
}

func (r *renderer) flag(m *markup, text string) {
	switch text {
	case "true":
		m.text(r.t(txtYes))
	case "false":
		m.text(r.t(txtNo))
	default:
		m.text(text)
	}
}

// shownOf is what one reads of a code.
func shownOf(c *protocol.Code) string {
	for _, text := range [...]string{c.Display, c.Original, c.Code} {
		if text != "" {
			return text
		}
	}
	return c.System
}

// systemOf is what the code system is called, where that is known.
func systemOf(c *protocol.Code) string {
	if c.Name != "" {
		return c.Name
	}
	return systemName(c.System)
}

// code shows what one reads first, then the code itself and its system.
func (r *renderer) code(m *markup, c *protocol.Code) {
	shown, system := shownOf(c), systemOf(c)
	r.foreign(m.raw(`<span class="coded"`)).raw(`>`).text(shown).raw(`</span>`)
	if c.Original != "" && c.Original != shown {
		r.foreign(m.raw(` <span class="original"`)).raw(`>”`).text(c.Original).raw(`”</span>`)
	}
	if system == shown {
		system = ""
	}
	if c.Name != "" && systemName(c.System) == c.System {
		system = joined(" ", system, c.System) // a name that the record gave, and the number that says it for sure
	}
	if (c.Code == "" || c.Code == shown) && system == "" && c.Version == "" {
		return
	}
	m.raw(` <span class="code-of">`)
	if c.Code != "" && c.Code != shown {
		m.raw(`<code>`).text(c.Code).raw(`</code> `)
	}
	m.text(joined(" ", system, c.Version)).raw(`</span>`)
}

// systemName names the code systems that a reader knows; others keep their number.
func systemName(oid string) string {
	switch oid {
	case "1.2.752.116.1.1.1.1.3":
		return "ICD-10-SE"
	case "1.2.752.116.1.1.3":
		return "ICF"
	case "1.2.752.116.1.3.2.1.4":
		return "KVÅ"
	case "1.2.752.116.2.1.1":
		return "SNOMED CT"
	case "1.2.752.129.2.2.3.1.1":
		return "ATC"
	case "1.2.752.129.2.1.5.1":
		return "NPL"
	case "1.2.752.108.1":
		return "NPU"
	default:
		return oid
	}
}

// quantity shows a value as it was given. An abnormal mark is a sign and a word as
// well as a colour.
func (r *renderer) quantity(m *markup, n *protocol.Node) {
	q := &n.Quantity
	m.raw(`<span class="quantity`).when(isAbnormal(q.Flag), ` abnormal`).raw(`">`)
	r.value(m, q, false, false)
	if q.Flag != "" {
		m.raw(` `)
		r.flagged(m, q.Flag)
	}
	m.raw(`</span>`)
	r.reference(m, q)
	if !n.Time.IsZero() {
		m.raw(` <time>`).text(moment(n.Time)).raw(`</time>`)
	}
}

// value is a number and its unit. Bounds without a value are themselves the value.
// Above and below: the bound itself is not in it.
func (r *renderer) value(m *markup, q *protocol.Quantity, above, below bool) {
	m.raw(`<b>`)
	if q.Value == "" {
		r.bounds(m, q, above, below) // a dose from one to two is no reference
	}
	m.text(r.decimal(q.Value)).raw(`</b>`)
	if unit := unitText(q.Unit); unit != "" {
		m.raw(` <span class="unit">`).text(unit).raw(`</span>`)
	}
}

// unitText is a unit as one reads it: UCUM writes what has none as 1, which after a number
// is taken for a part of it.
func unitText(unit string) string {
	if unit == "1" {
		return ""
	}
	return unit
}

// decimal writes a number as the language does: a comma in Swedish. It never rounds.
func (r *renderer) decimal(s string) string {
	if r.lang == protocol.Swedish && isNumber(s) {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// flagged is the mark of a value, as the source gave it: an abnormal one with a sign and
// a word before it.
func (r *renderer) flagged(m *markup, flag string) {
	var sign literal = `other`
	word := txtAbnormal
	switch protocol.StandingOf(flag) {
	case protocol.StandingNone:
		m.raw(`<span class="unit">(`).text(flag).raw(`)</span>`)
		return
	case protocol.StandingHigh:
		sign, word = `high`, txtHigh
	case protocol.StandingLow:
		sign, word = `low`, txtLow
	}
	m.raw(`<span class="mark-abnormal `).raw(sign).raw(`" data-test="abnormal">`).text(r.t(word))
	if flag != r.t(word) {
		m.raw(` (`).text(flag).raw(`)`)
	}
	m.raw(`</span>`)
}

// reference is what a value is compared with.
func (r *renderer) reference(m *markup, q *protocol.Quantity) {
	if q.Value == "" && q.Reference == "" || q.Low == "" && q.High == "" && q.Reference == "" {
		return
	}
	m.raw(` <span class="reference">`).text(r.t(txtReference)).raw(` `)
	r.interval(m, q, false, false)
	m.raw(`</span>`)
}

// interval is the bounds of a value, and what is said of them in words.
func (r *renderer) interval(m *markup, q *protocol.Quantity, above, below bool) {
	bounded := q.Value != "" && (q.Low != "" || q.High != "")
	if bounded {
		r.bounds(m, q, above, below)
	}
	if q.Reference != "" {
		m.when(bounded, ` `).text(q.Reference)
	}
}

func (r *renderer) bounds(m *markup, q *protocol.Quantity, above, below bool) {
	low, high := r.decimal(q.Low), r.decimal(q.High)
	switch {
	case low == high:
		m.text(low)
	case high == "":
		m.when(above, `&gt; `).when(!above, `≥ `).text(low)
	case low == "":
		m.when(below, `&lt; `).when(!below, `≤ `).text(high)
	default:
		m.text(low).raw(` – `).text(high)
	}
}

// isAbnormal reports whether a mark says that a value stands out. One that is not known
// to is shown, and no more.
func isAbnormal(flag string) bool { return protocol.StandingOf(flag) != protocol.StandingNone }

func size(n int) string {
	if n < 1024 {
		return new(markup).number(n).String() + " B"
	}
	return new(markup).number((n+512)/1024).String() + " kB"
}

// tableOf writes rows of cells. Without columns they are the cells' labels in the order
// that they first come; a row without one of them has an empty cell. Rows that say so
// are the table's head.
func (r *renderer) tableOf(m *markup, label string, rows []*protocol.Node, columns []string, depth int) {
	at := map[string]int{}
	for i, c := range columns {
		at[c] = i
	}
	heads, numbered := 0, len(columns) == 0
	for i, row := range rows {
		if heads == i && row.Label == "headrow" {
			heads++
		}
		for _, cell := range cellsOf(row) {
			if _, known := at[cell.Label]; !known {
				at[cell.Label] = len(columns)
				columns = append(columns, cell.Label)
				numbered = numbered && strings.HasPrefix(cell.Label, "cell")
			}
		}
	}
	m.raw(`<div class="table-box" tabindex="0" role="group"`)
	if label != "" {
		m.raw(` aria-label="`).text(r.label(label)).raw(`"`)
	}
	m.raw(`><table>`)
	if !numbered || len(rows) == 0 {
		m.raw(`<thead><tr>`)
		for _, c := range columns {
			m.raw(`<th scope="col">`).text(r.label(c)).raw(`</th>`)
		}
		m.raw(`</tr></thead>`)
	}
	m.raw(`<tbody>`)
	for i, row := range rows {
		m.raw(`<tr>`)
		r.cells(m, cellsOf(row), columns, at, depth, numbered && i < heads)
		m.raw(`</tr>`)
	}
	m.raw(`</tbody></table></div>`)
}

// cellsOf returns a row's cells. A row that is no group is a cell of its own.
func cellsOf(row *protocol.Node) []protocol.Node {
	if row.Kind == protocol.NodeGroup {
		return row.Children
	}
	return []protocol.Node{*row}
}

func (r *renderer) cells(m *markup, cells []protocol.Node, columns []string, at map[string]int, depth int, head bool) {
	byColumn := make([][]*protocol.Node, len(columns))
	for i := range cells {
		if c := at[cells[i].Label]; r.left(&cells[i]) {
			byColumn[c] = append(byColumn[c], &cells[i])
		}
	}
	for _, column := range byColumn {
		m.when(head, `<th scope="col">`).when(!head, `<td>`)
		for i, n := range column {
			m.when(i > 0, `<br>`)
			r.node(m, n, depth+1)
		}
		m.when(head, `</th>`).when(!head, `</td>`)
	}
}
