package rivta

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"tvilling/protocol"
)

// Notes may be formatted: a text that itself is XML (DocBook), as one element's text.
// It becomes groups and texts. What cannot be read so stays the text that it is.

// formattedRoots are the elements that a formatted text may begin with.
var formattedRoots = map[string]bool{"article": true, "book": true, "chapter": true, "section": true, "para": true, "simpara": true}

// inlineNames are parts of a sentence: their text stays in it.
var inlineNames = map[string]bool{
	"abbrev": true, "acronym": true, "anchor": true, "citation": true, "citetitle": true, "code": true, "date": true,
	"email": true, "emphasis": true, "firstname": true, "foreignphrase": true, "givenname": true, "link": true, "literal": true,
	"orgname": true, "personname": true, "phrase": true, "quote": true, "remark": true, "sgmltag": true, "subscript": true,
	"superscript": true, "surname": true, "trademark": true, "ulink": true, "uri": true, "wordasword": true, "xref": true,
}

// transparentNames only hold others together: what is in them stands by itself.
var transparentNames = map[string]bool{"info": true, "articleinfo": true, "sectioninfo": true, "tgroup": true, "tbody": true, "thead": true, "tfoot": true, "textobject": true, "mediaobject": true, "imageobject": true, "inlinemediaobject": true}

// rowNames are the rows of a table, and how one of its head is called in a document.
var rowNames = map[string]bool{"row": true, "tr": true, headRow: true}

const headRow = "headrow"

// spanMarks stand in the words of a paragraph around what is emphasised, lowered or
// raised. No message can hold them: XML has no such characters.
var spanMarks = map[string]string{"emphasis": "\x01", "subscript": "\x02", "superscript": "\x03"}

const spanEnd = "\x04"

// spans are a paragraph's parts, each a text under the name of what it is; the words
// between are phrases. It ends as the text alone where nothing in it stands out.
func spans(text string) []protocol.Node {
	var parts []protocol.Node
	names := map[byte]string{1: "emphasis", 2: "subscript", 3: "superscript"}
	var open []string
	add := func(words string) {
		if words == "" {
			return
		}
		label := "phrase"
		if len(open) > 0 {
			label = open[len(open)-1]
		}
		parts = append(parts, protocol.Node{Kind: protocol.NodeText, Label: label, Text: words})
	}
	from := 0
	for i := range len(text) {
		if c := text[i]; c >= 1 && c <= 4 {
			add(text[from:i])
			from = i + 1
			if c < 4 {
				open = append(open, names[c])
			} else if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	add(text[from:])
	return parts
}

var withoutMarks = strings.NewReplacer("\x01", "", "\x02", "", "\x03", "", spanEnd, "")

// verbatimNames keep their lines.
var verbatimNames = map[string]bool{"literallayout": true, "programlisting": true, "screen": true, "address": true, "synopsis": true}

// formatted reads a formatted text into nodes at most room deep; false: it is none, or
// cannot be read so without loss.
func formatted(text string, room int) ([]protocol.Node, bool) {
	if !strings.HasPrefix(text, "<") {
		return nil, false
	}
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.Entity = xml.HTMLEntity
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it was decoded with the message
	f := formatter{room: room}
	for elements := 0; ; {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false
		}
		switch t := t.(type) {
		case xml.StartElement:
			if elements++; elements > protocol.MaxNodes/2 || !f.start(t) {
				return nil, false
			}
		case xml.EndElement:
			f.end()
		case xml.CharData:
			if !f.text(t) {
				return nil, false
			}
		}
	}
	return f.done, len(f.done) > 0
}

// formatter holds the open elements, outermost first, and what is done.
type formatter struct {
	room int
	open []block
	done []protocol.Node
}

type block struct {
	name   string
	inline bool
	after  string // text that follows an inline element: where a link leads
	words  []byte // gathered since the last node
	cells  int    // of a row, empty ones too
	spans  bool   // there is room for parts of a paragraph
	nodes  []protocol.Node
}

func (f *formatter) start(t xml.StartElement) bool {
	name := t.Name.Local
	if len(f.open) == 0 && (len(f.done) > 0 || !formattedRoots[name]) || len(f.open) >= f.room {
		return false
	}
	b := block{name: name, inline: inlineNames[name] && len(f.open) > 0, spans: len(f.open)+2 < f.room}
	if mark := spanMarks[name]; b.inline && mark != "" {
		b.words = append(b.words, mark...)
		b.after = spanEnd
	}
	for _, a := range t.Attr {
		address := strings.TrimSpace(a.Value)
		switch {
		case address == "" || a.Name.Local != "href" && a.Name.Local != "url" && a.Name.Local != "fileref":
		case b.inline:
			b.after += " (" + address + ")"
		default:
			b.nodes = append(b.nodes, protocol.Node{Kind: protocol.NodeAttachment, Label: "reference", Attachment: protocol.Attachment{Reference: address}})
		}
	}
	if !b.inline && len(f.open) > 0 {
		f.open[len(f.open)-1].flush(paragraph)
	}
	f.open = append(f.open, b)
	return true
}

// text gathers text; false where none may stand.
func (f *formatter) text(s []byte) bool {
	if len(f.open) == 0 {
		return len(bytes.TrimSpace(s)) == 0
	}
	b := &f.open[len(f.open)-1]
	b.words = append(b.words, s...)
	return true
}

// paragraph is the label of a paragraph; those that follow each other become one text.
// One of which parts stand out is spanned, and stands by itself.
const (
	paragraph = "para"
	spanned   = "paragraph"
)

// flush makes a node of the text that an element has gathered.
func (b *block) flush(label string) {
	text := strings.TrimSpace(string(b.words))
	if !verbatimNames[b.name] {
		text = strings.Join(strings.Fields(text), " ")
	}
	b.words = nil
	plain := withoutMarks.Replace(text)
	switch {
	case strings.TrimSpace(plain) == "":
	case plain != text && label == paragraph && b.spans && !verbatimNames[b.name]:
		b.nodes = append(b.nodes, protocol.Node{Kind: protocol.NodeGroup, Label: spanned, Children: spans(text)})
	default:
		b.nodes = append(b.nodes, protocol.Node{Kind: protocol.NodeText, Label: label, Text: plain})
	}
}

// end closes the innermost element and gives what it holds to the one around it.
func (f *formatter) end() {
	b := f.open[len(f.open)-1]
	f.open = f.open[:len(f.open)-1]
	if b.inline {
		around := &f.open[len(f.open)-1]
		around.words = append(append(around.words, b.words...), b.after...)
		if len(b.nodes) > 0 {
			around.flush(paragraph)
			around.nodes = append(around.nodes, b.nodes...)
		}
		return
	}
	label := f.label(b.name)
	if len(b.nodes) > 0 {
		b.flush(paragraph)
	} else {
		b.flush(label)
	}
	nodes := b.nodes
	if !transparentNames[b.name] {
		nodes = gather(nodes)
	}
	if len(f.open) == 0 {
		f.done = append(f.done, nodes...)
		return
	}
	around := &f.open[len(f.open)-1]
	switch row := rowNames[b.name]; {
	case len(nodes) == 0:
	case len(nodes) == 1 && nodes[0].Label == spanned && label == paragraph:
		around.nodes = append(around.nodes, nodes[0])
	case transparentNames[b.name]:
		around.nodes = append(around.nodes, nodes...)
	case !row && len(nodes) == 1 && nodes[0].Kind == protocol.NodeText && (nodes[0].Label == paragraph || nodes[0].Label == label):
		nodes[0].Label = label
		around.nodes = append(around.nodes, nodes[0])
	default:
		around.nodes = append(around.nodes, protocol.Node{Kind: protocol.NodeGroup, Label: label, Children: nodes})
	}
}

// label names what is closed. Cells are numbered, so that each stays in its column when
// one before it is empty.
func (f *formatter) label(name string) string {
	if len(f.open) > 0 && rowNames[f.open[len(f.open)-1].name] {
		row := &f.open[len(f.open)-1]
		row.cells++
		return "cell" + strconv.Itoa(row.cells)
	}
	if rowNames[name] && len(f.open) > 0 && f.open[len(f.open)-1].name == "thead" {
		return headRow
	}
	return shortLabel(name)
}

// gather makes one text of paragraphs, and one table of rows, that follow each other.
func gather(nodes []protocol.Node) []protocol.Node {
	var out []protocol.Node
	for i := 0; i < len(nodes); {
		j := i + 1
		for j < len(nodes) && nodes[j].Kind == nodes[i].Kind && (nodes[j].Label == nodes[i].Label || rowNames[nodes[j].Label] && rowNames[nodes[i].Label]) {
			j++
		}
		switch n := nodes[i]; {
		case n.Kind == protocol.NodeText && n.Label == paragraph:
			texts := make([]string, 0, j-i)
			for _, p := range nodes[i:j] {
				texts = append(texts, p.Text)
			}
			out = append(out, protocol.Node{Kind: protocol.NodeText, Label: paragraph, Text: strings.Join(texts, "\n")})
		case n.Kind == protocol.NodeGroup && rowNames[n.Label]:
			out = append(out, protocol.Node{Kind: protocol.NodeTable, Label: "table", Children: nodes[i:j]})
		default:
			out = append(out, nodes[i:j]...)
		}
		i = j
	}
	return out
}
