package client

import (
	"strings"
	"testing"

	"tvilling/protocol"
)

// TestFormattedText writes what a formatted note may hold, as elements of the page.
func TestFormattedText(t *testing.T) {
	text := func(label, s string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeText, Label: label, Text: s}
	}
	group := func(label string, children ...protocol.Node) protocol.Node {
		return protocol.Node{Kind: protocol.NodeGroup, Label: label, Children: children}
	}
	table := protocol.Node{Kind: protocol.NodeTable, Label: "table", Children: []protocol.Node{
		group("headrow", text("cell1", "Prov"), text("cell2", "Svar")), group("row", text("cell2", "132")),
	}}
	for _, c := range []struct {
		node protocol.Node
		want string
	}{
		{text("para", "a\nb"), `<p>a</p><p>b</p>`},
		{text("title", "t"), `<h3>t</h3>`},
		{group("section", text("title", "t"), group("section", text("title", "u"))), `<h3>t</h3><h4>u</h4>`},
		{group("itemizedlist", text("title", "t"), text("listitem", "a"), group("listitem", text("para", "b"), text("blockquote", "c"))),
			`<h3>t</h3><ul><li><p>a</p></li><li><p>b</p><blockquote><p>c</p></blockquote></li></ul>`},
		{group("orderedlist", text("listitem", "a"), text("note", "n"), text("listitem", "b")), `<ol><li><p>a</p></li></ol><p><b>Anmärkning</b></p><p>n</p><ol><li><p>b</p></li></ol>`},
		{group("paragraph", text("phrase", "H"), text("subscript", "2"), text("phrase", "O "), text("emphasis", "nu"), text("superscript", "3")), `<p>H<sub>2</sub>O <em>nu</em><sup>3</sup></p>`},
		{text("literallayout", "a\n  b"), "<div class=\"verbatim\">a\n  b</div>"},
		{group("sidebar", text("para", "a")), `<p><b>Sidebar</b></p><p>a</p>`},
		{table, `<tbody><tr><th scope="col"><p>Prov</p></th><th scope="col"><p>Svar</p></th></tr><tr><td></td><td><p>132</p></td></tr></tbody>`},
	} {
		body := protocol.Body{Sections: []protocol.Section{{Label: "clinicalDocumentNoteText", Nodes: []protocol.Node{c.node}}}}
		page := readPage(t, protocol.Document{Header: protocol.Header{Contract: protocol.CareDocumentation, Title: "x"}, Body: body}, protocol.Swedish)
		inert(t, page)
		if !strings.Contains(page, c.want) {
			t.Errorf("%s: want %s in %s", c.node.Label, c.want, page[strings.Index(page, `class="document"`):])
		}
	}
}
