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
		r.closeReader(m)
		return m.String()
	}
	m.when(item.Header.Nullified, ` class="nullified"`).raw(` data-test="reader-title">`).text(titleOf(&item.Header, r.lang))
	r.closeReader(m)
	r.readerHead(m, &item.Header)
	switch {
	case reader.Fault.Fault != protocol.FaultNone:
		m.raw(`<section class="fault" data-test="reader-fault" data-fault="`).text(reader.Fault.Fault.Code()).raw(`"><h3>`)
		r.faultBody(m, reader.Fault, `</h3>`)
		m.raw(`</section>`)
	case reader.Body == nil:
		m.raw(`<p class="fetching" role="status">`).text(r.t(txtReaderFetching)).raw(`</p>`)
	default:
		m.raw(`<div class="document" data-test="document">`)
		r.body(m, reader.Body)
		m.raw(`</div>`)
	}
	return m.String()
}

// closeReader ends the pane's heading with the way out.
func (r *renderer) closeReader(m *markup) {
	m.raw(`</h2>`)
	r.button(m, "quiet wide-only", "close-reader", ActCloseReader, "", r.t(txtCloseReader), false)
	r.button(m, "quiet narrow-only", "close-reader-narrow", ActCloseReader, "", r.t(txtCloseReaderNarrow), false)
	m.raw(`</div>`)
}

// titleOf is what a document is called; one without a title is called by its type.
func titleOf(h *protocol.Header, lang protocol.Language) string {
	if h.Title != "" {
		return h.Title
	}
	return h.Contract.Label(lang)
}

func (r *renderer) readerHead(m *markup, h *protocol.Header) {
	if h.Nullified {
		m.raw(`<p class="tag bad">`).text(r.t(txtNullified)).raw(`</p>`)
	} else if !h.Signed {
		m.raw(`<p class="tag">`).text(r.t(txtUnsigned)).raw(`</p>`)
	}
	m.raw(`<dl class="head">`)
	when := h.Time.String()
	if end := h.TimeEnd.String(); end != "" {
		when += " – " + end
	}
	author := h.Author
	if h.AuthorRole != "" && author != "" {
		author += ", "
	}
	for _, row := range [...]struct {
		label txt
		value string
	}{
		{txtHeadTime, when},
		{txtHeadType, h.Contract.Label(r.lang)},
		{txtHeadAuthor, author + h.AuthorRole},
		{txtHeadUnit, h.Unit},
		{txtHeadStatus, h.Status},
	} {
		if row.value != "" {
			m.raw(`<div><dt>`).text(r.t(row.label)).raw(`</dt><dd>`).text(row.value).raw(`</dd></div>`)
		}
	}
	m.raw(`</dl>`)
}

// body writes a document's sections. It knows the kinds of node, not the contracts.
func (r *renderer) body(m *markup, b *protocol.Body) {
	if len(b.Sections) == 0 {
		m.raw(`<p class="empty">`).text(r.t(txtNoBody)).raw(`</p>`)
	}
	for i := range b.Sections {
		s := &b.Sections[i]
		dissent := isDissent(s.Label)
		m.raw(`<section class="part`).when(dissent, ` dissent`).raw(`"`).when(dissent, ` data-test="dissent"`).raw(`>`)
		if s.Label != "" {
			m.raw(`<h3>`).text(r.label(s.Label)).raw(`</h3>`)
		}
		r.nodes(m, s.Nodes, 0)
		m.raw(`</section>`)
	}
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

// nodes writes nodes in their order: those with a label as terms and values, those
// without as they are. The decoder bounds the depth; so does this.
func (r *renderer) nodes(m *markup, nodes []protocol.Node, depth int) {
	if depth > protocol.MaxDepth {
		return
	}
	open := false
	for i := range nodes {
		n := &nodes[i]
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
		m.raw(`<time>`).text(n.Time.String()).raw(`</time>`)
	case protocol.NodePeriod:
		m.raw(`<time>`).text(n.Time.String()).raw(`</time> – <time>`).text(n.End.String()).raw(`</time>`)
	case protocol.NodeFlag:
		r.flag(m, n.Text)
	case protocol.NodeID:
		m.raw(`<code class="id">`).text(n.Text).raw(`</code>`)
	case protocol.NodeAttachment:
		r.attachment(m, &n.Attachment)
	case protocol.NodeGroup:
		m.raw(`<div class="group">`)
		r.nodes(m, n.Children, depth+1)
		m.raw(`</div>`)
	case protocol.NodeTable:
		r.table(m, n, depth)
	default: // of a later version: whatever text it has is still worth reading
		r.paragraphs(m, n.Text)
	}
}

func (r *renderer) paragraphs(m *markup, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) != "" {
			m.raw(`<p>`).text(line).raw(`</p>`)
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

// code shows what one reads first, then the code itself and its system.
func (r *renderer) code(m *markup, c *protocol.Code) {
	shown := c.Display
	if shown == "" {
		shown = c.Original
	}
	if shown == "" {
		shown = c.Code
	}
	m.raw(`<span class="coded">`).text(shown).raw(`</span>`)
	if c.Original != "" && c.Original != shown {
		m.raw(` <span class="original">”`).text(c.Original).raw(`”</span>`)
	}
	system := c.Name
	if system == "" {
		system = systemName(c.System)
	}
	if c.Code == "" || c.Code == shown && system == "" {
		return
	}
	m.raw(` <span class="code-of">`)
	if c.Code != shown {
		m.raw(`<code>`).text(c.Code).raw(`</code> `)
	}
	m.text(system)
	if c.Version != "" {
		m.raw(` `).text(c.Version)
	}
	m.raw(`</span>`)
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
	abnormal := isAbnormal(q.Flag)
	m.raw(`<span class="quantity`).when(abnormal, ` abnormal`).raw(`"><b>`)
	if q.Value == "" {
		bounds(m, q) // a dose from one to two is no reference
	}
	m.text(q.Value).raw(`</b>`)
	if q.Unit != "" {
		m.raw(` <span class="unit">`).text(q.Unit).raw(`</span>`)
	}
	if abnormal {
		var sign literal = `other`
		word := txtAbnormal
		switch q.Flag {
		case "H", "HH":
			sign, word = `high`, txtHigh
		case "L", "LL":
			sign, word = `low`, txtLow
		}
		m.raw(` <span class="mark-abnormal `).raw(sign).raw(`" data-test="abnormal">`).text(r.t(word)).raw(` (`).text(q.Flag).raw(`)</span>`)
	} else if q.Flag != "" {
		m.raw(` <span class="unit">(`).text(q.Flag).raw(`)</span>`)
	}
	m.raw(`</span>`)
	r.reference(m, q)
	if !n.Time.IsZero() {
		m.raw(` <time>`).text(n.Time.String()).raw(`</time>`)
	}
}

// reference is what a value is compared with. Bounds without a value are themselves
// the value.
func (r *renderer) reference(m *markup, q *protocol.Quantity) {
	bounded := q.Value != "" && (q.Low != "" || q.High != "")
	if !bounded && q.Reference == "" {
		return
	}
	m.raw(` <span class="reference">`).text(r.t(txtReference)).raw(` `)
	if bounded {
		bounds(m, q)
	}
	if q.Reference != "" {
		m.when(bounded, ` `).text(q.Reference)
	}
	m.raw(`</span>`)
}

func bounds(m *markup, q *protocol.Quantity) {
	switch {
	case q.Low == q.High:
		m.text(q.Low)
	case q.High == "":
		m.raw(`≥ `).text(q.Low)
	case q.Low == "":
		m.raw(`≤ `).text(q.High)
	default:
		m.text(q.Low).raw(` – `).text(q.High)
	}
}

// isAbnormal reports whether a mark says that a value stands out: any mark does but
// those that say it does not.
func isAbnormal(flag string) bool { return flag != "" && flag != "N" && flag != "0" }

// attachment tells of data beside the text. An address is shown as text: it is never
// followed, and never made a link, for it comes from outside.
func (r *renderer) attachment(m *markup, a *protocol.Attachment) {
	m.raw(`<span class="attachment" data-test="attachment">`).text(r.t(txtAttachment)).raw(`: `)
	if a.MediaType != "" {
		m.text(a.MediaType)
	} else {
		m.text(r.t(txtUnknownType))
	}
	if n := len(a.Inline); n > 0 {
		m.raw(`, `).text(size(n)).raw(` `).text(r.t(txtAttachmentInline))
	}
	if a.Reference != "" {
		m.raw(`, `).text(r.t(txtAttachmentAddress)).raw(` <code class="id">`).text(a.Reference).raw(`</code>`)
	}
	m.raw(`</span>`)
}

func size(n int) string {
	if n < 1024 {
		return new(markup).number(n).String() + " B"
	}
	return new(markup).number((n+512)/1024).String() + " kB"
}

// table writes rows of cells. The columns are the cells' labels in the order that
// they first come; a row without one of them has an empty cell.
func (r *renderer) table(m *markup, n *protocol.Node, depth int) {
	var columns []string
	at := map[string]int{}
	for i := range n.Children {
		for _, cell := range cellsOf(&n.Children[i]) {
			if _, known := at[cell.Label]; !known {
				at[cell.Label] = len(columns)
				columns = append(columns, cell.Label)
			}
		}
	}
	m.raw(`<div class="table-box" tabindex="0" role="group"`)
	if n.Label != "" {
		m.raw(` aria-label="`).text(r.label(n.Label)).raw(`"`)
	}
	m.raw(`><table><thead><tr>`)
	for _, c := range columns {
		m.raw(`<th scope="col">`).text(r.label(c)).raw(`</th>`)
	}
	m.raw(`</tr></thead><tbody>`)
	for i := range n.Children {
		m.raw(`<tr>`)
		r.cells(m, cellsOf(&n.Children[i]), columns, at, depth)
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

func (r *renderer) cells(m *markup, cells []protocol.Node, columns []string, at map[string]int, depth int) {
	byColumn := make([][]*protocol.Node, len(columns))
	for i := range cells {
		c := at[cells[i].Label]
		byColumn[c] = append(byColumn[c], &cells[i])
	}
	for _, column := range byColumn {
		m.raw(`<td>`)
		for i, n := range column {
			m.when(i > 0, `<br>`)
			r.node(m, n, depth+1)
		}
		m.raw(`</td>`)
	}
}
