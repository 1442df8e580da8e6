package client

import (
	"strings"

	"tvilling/protocol"
)

// sheet is a document that is being written. What a view has shown whole is taken, so
// that nothing stands twice; what no view asked for is left, and comes last.
type sheet struct {
	*renderer
	m     *markup
	head  *protocol.Header
	root  protocol.Node // the body as one group
	level int           // of the headings
}

// newSheet makes one tree of a body: what stood alone in the record stands alone again.
func (r *renderer) newSheet(m *markup, h *protocol.Header, b *protocol.Body) *sheet {
	r.taken = map[*protocol.Node]bool{}
	r.countAttachments(b)
	s := &sheet{renderer: r, m: m, head: h, level: 3, root: protocol.Node{Kind: protocol.NodeGroup}}
	record, _ := layoutOf(h.Contract)
	for i := range b.Sections {
		section := &b.Sections[i]
		if section.Label == record || len(section.Nodes) == 1 && section.Nodes[0].Kind == protocol.NodeTable && section.Nodes[0].Label == section.Label {
			s.root.Children = append(s.root.Children, section.Nodes...)
		} else {
			s.root.Children = append(s.root.Children, protocol.Node{Kind: protocol.NodeGroup, Label: section.Label, Children: section.Nodes})
		}
	}
	return s
}

// left reports whether there is anything of a node that has not been shown.
func (r *renderer) left(n *protocol.Node) bool {
	if r.taken[n] {
		return false
	}
	for i := range n.Children {
		if r.left(&n.Children[i]) {
			return true
		}
	}
	return len(n.Children) == 0
}

// all returns the nodes under one that a path of names leads to and that are not
// shown. The rows of a table are found as what they were before it was made.
func (s *sheet) all(in *protocol.Node, path string) []*protocol.Node {
	name, deeper, more := strings.Cut(path, "/")
	var found []*protocol.Node
	for i := range in.Children {
		c := &in.Children[i]
		if c.Label != name || !s.left(c) {
			continue
		}
		rows := []*protocol.Node{c}
		if c.Kind == protocol.NodeTable {
			rows = rows[:0]
			for j := range c.Children {
				rows = append(rows, &c.Children[j])
			}
		}
		for _, row := range rows {
			if more {
				found = append(found, s.all(row, deeper)...)
			} else if s.left(row) {
				found = append(found, row)
			}
		}
	}
	return found
}

// at returns the first of all, nil where there is none.
func (s *sheet) at(in *protocol.Node, path string) *protocol.Node {
	if found := s.all(in, path); len(found) > 0 {
		return found[0]
	}
	return nil
}

// meaning is what a node says in a few words; nil says nothing.
func meaning(n *protocol.Node) string {
	switch {
	case n == nil:
		return ""
	case n.Kind == protocol.NodeCode:
		return shownOf(&n.Code)
	case n.Kind == protocol.NodeTime:
		return moment(n.Time)
	default:
		return n.Text
	}
}

// put writes a node, and takes it if all of it was written: the number of a code
// system is for the end.
func (s *sheet) put(n *protocol.Node) {
	whole := n.Kind != protocol.NodeID || n.Code.System == "" // whose id it is, is for the end
	if n.Kind == protocol.NodeCode {
		whole = s.shortCode(s.m, &n.Code)
	} else {
		s.node(s.m, n, 0)
	}
	if whole {
		s.taken[n] = true
	}
}

// brief writes the words of a node alone, and takes it if it has no more.
func (s *sheet) brief(n *protocol.Node) {
	word := meaning(n)
	s.m.text(word)
	if n.Kind == protocol.NodeText || n.Code == (protocol.Code{Display: word}) || n.Code == (protocol.Code{Original: word}) {
		s.taken[n] = true
	}
}

// tells reports whether the document itself says a text, near its top.
func (s *sheet) tells(text string) bool {
	for i := range s.root.Children {
		n := &s.root.Children[i]
		if meaning(n) == text {
			return true
		}
		for j := range n.Children {
			if n.Label != "header" && meaning(&n.Children[j]) == text {
				return true
			}
		}
	}
	return false
}

// shortCode writes a code as a reader wants it, without the number of a system that
// nobody knows by it, and reports whether that is all of it.
func (r *renderer) shortCode(m *markup, c *protocol.Code) bool {
	short := *c
	if systemName(c.System) == c.System {
		short.System = ""
	}
	r.code(m, &short)
	return short == *c
}

// says is the first thing that any of the paths says, which is taken: it stands where
// the caller puts it.
func (s *sheet) says(paths string) string {
	for path := range strings.FieldsSeq(paths) {
		if n := s.at(&s.root, path); n != nil && meaning(n) != "" {
			s.taken[n] = true
			return meaning(n)
		}
	}
	return ""
}

// document writes a body: the patient's own opinion first, then what the contract's
// view shows, then everything else.
func (s *sheet) document() {
	s.silent(&s.root, "header/documentTitle clinicalDocumentNoteTitle clinicalDocumentNote/clinicalDocumentNoteTitle referralOutcomeTitle")
	s.dissents(&s.root)
	_, lines := layoutOf(s.head.Contract)
	before := len(s.taken)
	s.lay(&s.root, lines)
	known := len(s.taken) > before
	if !s.left(&s.root) {
		return
	}
	if !known {
		s.m.raw(`<section class="part">`)
		s.nodes(s.m, s.root.Children, 0)
		s.m.raw(`</section>`)
		return
	}
	s.m.raw(`<details class="rest" id="reader-rest" data-test="rest"`).when(s.s.Desk.Taking.ID != "", ` open`).raw(`><summary>`).text(s.t(txtRest)).raw(`</summary>`)
	s.nodes(s.m, s.root.Children, 0)
	s.m.raw(`</details>`)
}

// silent takes texts that say what the title of the page says.
func (s *sheet) silent(in *protocol.Node, paths string) {
	for path := range strings.FieldsSeq(paths) {
		for _, n := range s.all(in, path) {
			if n.Kind == protocol.NodeText && n.Text == s.head.Title {
				s.taken[n] = true
			}
		}
	}
}

// dissents shows the patient's dissenting opinions, wherever they stand.
func (s *sheet) dissents(in *protocol.Node) {
	for i := range in.Children {
		n := &in.Children[i]
		if !isDissent(n.Label) {
			s.dissents(n)
			continue
		}
		s.m.raw(`<section class="part dissent" data-test="dissent"><h3>`).text(s.t(txtDissent)).raw(`</h3>`)
		if n.Kind != protocol.NodeGroup {
			s.node(s.m, n, 0)
		}
		s.text(n, "opinion")
		s.fields(n, "authorTime personName")
		s.nodes(s.m, n.Children, 0)
		s.m.raw(`</section>`)
		s.taken[n] = true
	}
}

// lay writes what the lines of a layout say. A line is a verb and the paths that it is
// for; "each" has the lines up to "end" for every node of its path, under a heading.
func (s *sheet) lay(in *protocol.Node, lines string) {
	for lines != "" {
		var line string
		line, lines, _ = strings.Cut(lines, "\n")
		verb, paths, _ := strings.Cut(line, " ")
		if verb != "each" {
			s.verb(in, verb, paths)
			continue
		}
		var inner string
		inner, lines, _ = strings.Cut(lines, "end\n")
		for _, n := range s.all(in, paths) {
			s.part(n, inner)
		}
	}
}

// part writes a node under its own heading; nothing, where the lines say nothing of it.
func (s *sheet) part(n *protocol.Node, lines string) {
	start := len(s.m.b)
	s.m.raw(`<section class="part">`)
	s.heading(s.label(n.Label))
	s.level++
	before := len(s.m.b)
	s.lay(n, lines)
	s.level--
	if len(s.m.b) == before {
		s.m.b = s.m.b[:start]
		return
	}
	s.m.raw(`</section>`)
}

func (s *sheet) verb(in *protocol.Node, verb, paths string) {
	switch verb {
	case "lead":
		s.lead(in, paths)
	case "marks":
		s.marks(in, paths)
	case "fields":
		s.fields(in, paths)
	case "text":
		s.text(in, paths)
	case "prose":
		s.prose(in, paths)
	case "table":
		if rows := s.all(in, paths); len(rows) > 0 {
			s.heading(s.label(rows[0].Label))
			s.rows(rows, nil)
		}
	case "severity":
		s.severity()
	case "laboratory":
		s.laboratory()
	case "dosage":
		s.dosages(in, paths)
	case "checkups":
		s.checkups()
	case "vaccines":
		s.vaccines()
	}
}

// headings are the levels of a heading.
var headings = [...][2]literal{{`<h3>`, `</h3>`}, {`<h4>`, `</h4>`}, {`<h5>`, `</h5>`}, {`<h6>`, `</h6>`}}

func (s *sheet) heading(text string) {
	h := headings[max(0, min(s.level, 6)-3)]
	s.m.raw(h[0]).text(text).raw(h[1])
}

// lead is what one looks for first.
func (s *sheet) lead(in *protocol.Node, paths string) {
	for path := range strings.FieldsSeq(paths) {
		for _, n := range s.all(in, path) {
			s.m.raw(`<div class="lead-value">`)
			s.put(n)
			s.m.raw(`</div>`)
		}
	}
}

// marks are short facts side by side: a kind, a status, what is so. What is not so is
// left for the end.
func (s *sheet) marks(in *protocol.Node, paths string) {
	open := false
	for path := range strings.FieldsSeq(paths) {
		for _, n := range s.all(in, path) {
			flag := n.Kind == protocol.NodeFlag
			if flag && n.Text != "true" || meaning(n) == "" {
				continue
			}
			s.m.when(!open, `<p class="marks">`).when(open, ` `)
			open = true
			s.m.raw(`<span class="badge`).raw(standing(n)).raw(`">`)
			if flag {
				s.m.text(s.label(n.Label))
				s.taken[n] = true
			} else {
				s.brief(n)
			}
			s.m.raw(`</span>`)
		}
	}
	s.m.when(open, `</p>`)
}

// standing is how a status is to be seen: what is not settled, what holds, what does not.
func standing(n *protocol.Node) literal {
	switch n.Code.Code {
	case "PREL", "preliminary", "partial", "registered", "U":
		return ` warn`
	case "Active":
		return ` ok`
	case "cancelled", "entered-in-error", "Inactive":
		return ` bad`
	}
	if n.Label == "chronicDiagnosis" || n.Label == "referralOutcomeTypeCode" && n.Code.Code == "SR" {
		return ` warn`
	}
	return ``
}

// fields are terms and values, in the order of the paths.
func (s *sheet) fields(in *protocol.Node, paths string) {
	open := false
	for path := range strings.FieldsSeq(paths) {
		found := s.all(in, path)
		if len(found) == 0 {
			continue
		}
		s.m.when(!open, `<dl class="fields">`).raw(`<div class="field`).when(isWide(found[0]), ` wide`).raw(`"><dt>`).text(s.label(labelIn(path))).raw(`</dt>`)
		open = true
		for _, n := range found {
			s.m.raw(`<dd>`)
			s.put(n)
			s.m.raw(`</dd>`)
		}
		s.m.raw(`</div>`)
	}
	s.m.when(open, `</dl>`)
}

// labelIn is the name that a path's last part goes by where it stands alone: a name is
// the name of somebody.
func labelIn(path string) string {
	around, name := "", path
	for {
		first, rest, more := strings.Cut(name, "/")
		if !more {
			break
		}
		around, name = first, rest
	}
	switch name {
	case "name", "text", "reason", "content", "documentId", "personName", "orgUnitName", "healthcareProfessionalName":
		if around != "" {
			return around
		}
	}
	return name
}

// prose is running text, each under its name.
func (s *sheet) prose(in *protocol.Node, paths string) {
	for path := range strings.FieldsSeq(paths) {
		for i, n := range s.all(in, path) {
			if i == 0 {
				s.heading(s.label(n.Label))
			}
			s.rich(n)
		}
	}
}

// text is running text without a heading of its own.
func (s *sheet) text(in *protocol.Node, paths string) {
	for path := range strings.FieldsSeq(paths) {
		for _, n := range s.all(in, path) {
			s.rich(n)
		}
	}
}

// rich writes a text, formatted or not, and takes it.
func (s *sheet) rich(n *protocol.Node) {
	s.m.raw(`<div class="prose">`)
	if n.Kind == protocol.NodeGroup {
		level := s.level - 1 // of its own title, where it has one
		for i := range n.Children {
			if n.Children[i].Label == "title" {
				level = s.level
			}
		}
		s.blocks(n.Children, level)
	} else {
		s.node(s.m, n, 0)
	}
	s.m.raw(`</div>`)
	s.taken[n] = true
}

// rows writes nodes as the rows of a table, all of each. Without columns they are what
// the rows have, in the order that it first comes.
func (s *sheet) rows(rows []*protocol.Node, columns []string) {
	s.tableOf(s.m, rows[0].Label, rows, columns, 0)
	for _, row := range rows {
		s.taken[row] = true
	}
}

// open opens a document of the view.
func (m *machine) open(key protocol.DocumentKey) {
	if _, there := m.s.View.Store.get(key); !there {
		return
	}
	m.s.Reader = Reader{Open: true, Key: key}
	m.s.List.Active = key
	m.read()
	m.do(ScrollReader{})
	m.do(FocusOn{idReaderHeading})
}

// neighbour is the row of the document before (-1) or after (1) the open one in the
// list, -1 where there is none. One that is gone has the place that the list is at.
func (s *State) neighbour(direction int) int {
	key := s.Reader.Key
	if s.Reader.Gone {
		key = s.List.Active
	}
	at := s.List.indexOf(key)
	if at < 0 {
		return -1
	}
	for at += direction; at >= 0 && at < len(s.List.Rows); at += direction {
		if s.List.Rows[at].isDocument() {
			return at
		}
	}
	return -1
}

// step opens the document before or after the open one.
func (m *machine) step(direction int) {
	if at := m.s.neighbour(direction); at >= 0 && m.s.Reader.Open {
		m.open(m.s.List.Rows[at].Key)
		m.s.List.reveal(at)
	}
}

// pressedReading takes a key while a document is open, and reports whether it means
// anything there: Escape closes what was opened last.
func (m *machine) pressedReading(key string) bool {
	switch {
	case key == "Escape" && m.s.Reader.Trend.Open:
		m.actTrend(Act{Name: ActTrendClose})
	case key == "Escape":
		m.actOverview(Act{Name: ActCloseReader})
	case key == "n":
		m.step(1)
	case key == "p":
		m.step(-1)
	default:
		return false
	}
	return true
}
