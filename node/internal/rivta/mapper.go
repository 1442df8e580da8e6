package rivta

import (
	"strconv"
	"strings"

	"tvilling/protocol"
)

// headerSection is the label of the section, always the last, that holds what a
// record's header says beyond protocol.Header.
const headerSection = "header"

// noteText is the element whose text may be a formatted text within the text.
const noteText = "clinicalDocumentNoteText"

// mapper makes a document of one record.
type mapper struct {
	deviate func(e *element, what string)
	err     error // the first limit that was met
	patient patientState
	depth   int                         // of the node that is being made
	samples map[*element]protocol.Civil // when an analysis' samples were taken
}

func (m *mapper) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// document reads a record's header and maps everything that the header did not take.
func (m *mapper) document(k *description, record *element) (protocol.Document, error) {
	header, body := headerOf(record), bodyOf(record)
	if header == nil {
		return protocol.Document{}, at(ErrRecord, "no header, and so no record id", record)
	}
	h := headerReader{mapper: m, from: header}
	if err := h.read(k); err != nil {
		return protocol.Document{}, err
	}
	summarise(k, header, body, &h.to)
	d := protocol.Document{Header: h.to}
	if body == nil {
		m.deviate(record, "a record without a body")
	} else {
		d.Body.Sections = m.sections(record.name, body.children)
		take(body)
	}
	take(header)
	d.Body.Sections = append(d.Body.Sections, m.sections(record.name, record.children)...)
	header.taken = false
	if nodes := m.nodes(header.children); len(nodes) > 0 {
		d.Body.Sections = append(d.Body.Sections, protocol.Section{Label: headerSection, Nodes: nodes})
	}
	return d, m.err
}

// sections makes a section of each group and each table, and one of the single nodes
// between two of them, under the record's own name.
func (m *mapper) sections(record string, elements []*element) []protocol.Section {
	var sections []protocol.Section
	loose := false
	for _, n := range m.nodes(elements) {
		switch {
		case n.Kind == protocol.NodeGroup:
			sections = append(sections, protocol.Section{Label: n.Label, Nodes: n.Children})
			loose = false
		case n.Kind == protocol.NodeTable:
			sections = append(sections, protocol.Section{Label: n.Label, Nodes: []protocol.Node{n}})
			loose = false
		case loose:
			last := &sections[len(sections)-1]
			last.Nodes = append(last.Nodes, n)
		default:
			sections = append(sections, protocol.Section{Label: record, Nodes: []protocol.Node{n}})
			loose = true
		}
	}
	return sections
}

// nodes maps elements in their order. Neighbours of the same name become a table where
// that reads better; a number beside its unit becomes a quantity.
func (m *mapper) nodes(elements []*element) []protocol.Node {
	m.depth++
	defer func() { m.depth-- }()
	var nodes []protocol.Node
	if n := left(elements); n > 0 {
		nodes = make([]protocol.Node, 0, n)
	}
	run := 0 // where the last neighbours of one name begin
	for i, e := range elements {
		if e.empty() {
			continue
		}
		label := shortLabel(e.name)
		if len(nodes) > run && nodes[len(nodes)-1].Label != label {
			nodes = tabulate(nodes, run)
			run = len(nodes)
		}
		if i+1 < len(elements) && e.leaf() && isDecimal(e.text) && isUnitOf(elements[i+1], e) {
			nodes = append(nodes, protocol.Node{Kind: protocol.NodeQuantity, Label: label, Quantity: protocol.Quantity{Value: e.text, Unit: elements[i+1].text}})
			take(e, elements[i+1])
			continue
		}
		if n := m.node(e); n.Kind != protocol.NodeNone {
			nodes = append(nodes, n)
		}
	}
	return tabulate(nodes, run)
}

// left counts the elements that there is something left of.
func left(elements []*element) (n int) {
	for _, e := range elements {
		if !e.empty() {
			n++
		}
	}
	return n
}

// isUnitOf reports whether unit is the unit of a value by its name: strength and
// strengthUnit.
func isUnitOf(unit, value *element) bool {
	return !unit.taken && unit.leaf() && unit.text != "" && len(unit.text) <= protocol.MaxShortTextBytes && strings.EqualFold(unit.name, value.name+"Unit")
}

// tabulate makes one table of the nodes from run on if they are two or more groups of
// a few single nodes that each come once.
func tabulate(nodes []protocol.Node, run int) []protocol.Node {
	rows := nodes[run:]
	if len(rows) < 2 {
		return nodes
	}
	columns := map[string]bool{}
	for i := range rows {
		if !isRow(&rows[i], columns) || len(columns) > maxColumns {
			return nodes
		}
	}
	table := protocol.Node{Kind: protocol.NodeTable, Label: rows[0].Label, Children: append([]protocol.Node(nil), rows...)}
	return append(nodes[:run], table)
}

func isRow(n *protocol.Node, columns map[string]bool) bool {
	if n.Kind != protocol.NodeGroup {
		return false
	}
	own := map[string]bool{}
	for i := range n.Children {
		cell := &n.Children[i]
		if cell.Kind == protocol.NodeGroup || cell.Kind == protocol.NodeTable || own[cell.Label] {
			return false
		}
		own[cell.Label], columns[cell.Label] = true, true
	}
	return true
}

// node maps one element that is not empty.
func (m *mapper) node(e *element) protocol.Node {
	label := shortLabel(e.name)
	if e.leaf() {
		return m.leaf(e, label)
	}
	if m.depth >= flatDepth {
		return m.text(e, label, strings.Join(e.lines(nil, ""), "\n"))
	}
	n, inner, ok := m.recognise(e)
	rest := m.nodes(e.children)
	switch {
	case !ok && len(rest) == 0:
		return protocol.Node{}
	case !ok:
		return protocol.Node{Kind: protocol.NodeGroup, Label: label, Children: rest}
	case len(rest) == 0:
		n.Label = label
		return n
	}
	n.Label = inner
	return protocol.Node{Kind: protocol.NodeGroup, Label: label, Children: append([]protocol.Node{n}, rest...)}
}

// leaf maps an element without children, by its name where the text alone does not
// tell: many numbers look like dates.
func (m *mapper) leaf(e *element, label string) protocol.Node {
	text := e.text
	if words := enumeratedWords(e.name, text); words != "" {
		return protocol.Node{Kind: protocol.NodeCode, Label: label, Code: protocol.Code{Code: text, Display: words}}
	}
	switch {
	case text == "true", text == "false":
		return protocol.Node{Kind: protocol.NodeFlag, Label: label, Text: text}
	case (text == "1" || text == "0") && isFlagName(e.name):
		return protocol.Node{Kind: protocol.NodeFlag, Label: label, Text: strconv.FormatBool(text == "1")}
	case isTimeName(e.name):
		if t, ok := parseTime(text); ok {
			return protocol.Node{Kind: protocol.NodeTime, Label: label, Time: t}
		}
		if e.name != "time" { // of day, in some contracts, in the source's own words
			m.deviate(e, "a time in no form that the contracts have; it is kept as text")
		}
	case isIDName(e.name) && len(text) <= protocol.MaxShortTextBytes:
		return protocol.Node{Kind: protocol.NodeID, Label: label, Text: text}
	case strings.EqualFold(e.name, noteText):
		if nodes, ok := formatted(text, flatDepth-m.depth); ok {
			return protocol.Node{Kind: protocol.NodeGroup, Label: label, Children: nodes}
		}
	}
	return m.text(e, label, text)
}

func (m *mapper) text(e *element, label, text string) protocol.Node {
	if len(text) > protocol.MaxTextBytes {
		m.fail(at(ErrTooLarge, "a text of more than 512 KiB", e))
	}
	return protocol.Node{Kind: protocol.NodeText, Label: label, Text: text}
}

// lines writes what is nested too deep for nodes as text, a line for each leaf.
func (e *element) lines(to []string, path string) []string {
	for _, c := range e.children {
		switch {
		case c.empty():
		case c.leaf():
			to = append(to, path+c.name+": "+c.text)
		default:
			to = c.lines(to, path+c.name+" / ")
		}
	}
	return to
}

// shortLabel bounds a label; a longer name is no name that anyone knows.
func shortLabel(name string) string { return cut(name, 64) }
