package rivta

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
)

// TestFormatted reads formatted texts; each node is written as label(children or text).
func TestFormatted(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", `Allt väl.`, ""},
		{"looks like it", `<5 mmol/L`, ""},
		{"another language", `<p>hej</p>`, ""},
		{"not well-formed", `<article><para>hej</article>`, ""},
		{"text after", `<article><para>hej</para></article> och mer`, ""},
		{"text before", `Se: <article><para>hej</para></article>`, ""},
		{"two of them", `<para>a</para><para>b</para>`, ""},
		{"nothing in it", `<article><para/></article>`, ""},
		{"unknown entity", `<article><para>&hej;</para></article>`, ""},
		{"paragraphs", `<article><para>a  b
			c</para><para>d</para></article>`, "para[a b c¶d]"},
		{"paragraph alone", `<para>a</para>`, "para[a]"},
		{"declaration and type", `<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE article><article><para>å&nbsp;ä</para></article>`, "para[å ä]"},
		{"titles", `<article><title>t</title><info><title>u</title><subtitle>v</subtitle></info><para>a</para></article>`, "title[t] title[u] subtitle[v] para[a]"},
		{"sections", `<article><section><title>t</title><para>a</para><section><para>b</para></section></section></article>`, "section(title[t] para[a] section[b])"},
		{"inside a sentence", `<article><para>a <emphasis>b</emphasis><subscript>2</subscript>, <ulink url="u">c</ulink>.</para></article>`, "paragraph(phrase[a ] emphasis[b] subscript[2] phrase[, c (u).])"},
		{"stands out in a title", `<article><title>a <emphasis>b</emphasis></title><para><emphasis> </emphasis>c</para></article>`, "title[a b] paragraph(emphasis[ ] phrase[c])"},
		{"stands out among others", `<article><para>a</para><para><emphasis role="bold">b</emphasis></para><para>c</para></article>`, "para[a] paragraph(emphasis[b]) para[c]"},
		{"lists", `<article><itemizedlist><listitem><para>a</para></listitem><listitem><para>b</para><para>c</para></listitem></itemizedlist></article>`, "itemizedlist(listitem[a] listitem[b¶c])"},
		{"list in a paragraph", `<article><para>a<itemizedlist><listitem>b</listitem></itemizedlist>c</para></article>`, "para(para[a] itemizedlist(listitem[b]) para[c])"},
		{"table", `<article><table><title>t</title><tgroup><tbody><row><entry>1</entry><entry>2</entry></row><row><entry>3</entry></row></tbody></tgroup></table></article>`, "table(title[t] table(row(cell1[1] cell2[2]) row(cell1[3])))"},
		{"table with a head and an empty cell", `<article><table><tgroup><thead><row><entry>a</entry><entry>b</entry></row></thead><tbody><row><entry/><entry><para>2</para></entry></row></tbody></tgroup></table></article>`,
			"table(table(headrow(cell1[a] cell2[b]) row(cell2[2])))"},
		{"lines", "<article><literallayout>a\n  b</literallayout></article>", "literallayout[a¶  b]"},
		{"picture", `<article><mediaobject><imageobject><imagedata fileref="u"/></imageobject></mediaobject></article>`, "imagedata(reference)"},
		{"unknown", `<article><sidebar><para>a</para><formula>b</formula></sidebar></article>`, "sidebar(para[a] formula[b])"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			nodes, ok := formatted(test.text, flatDepth-1)
			if got := sketch(nodes); got != test.want || ok != (test.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, test.want)
			}
		})
	}
}

func sketch(nodes []protocol.Node) string {
	var parts []string
	for _, n := range nodes {
		switch n.Kind {
		case protocol.NodeText:
			parts = append(parts, n.Label+"["+strings.ReplaceAll(n.Text, "\n", "¶")+"]")
		case protocol.NodeGroup, protocol.NodeTable:
			parts = append(parts, n.Label+"("+sketch(n.Children)+")")
		default:
			parts = append(parts, n.Label)
		}
	}
	return strings.Join(parts, " ")
}

// TestFormattedIsBounded keeps a formatted text that is nested too deep, or has too
// many parts, as the text that it is.
func TestFormattedIsBounded(t *testing.T) {
	for name, text := range map[string]string{
		"deep": "<article>" + strings.Repeat("<section>", 20) + "<para>a</para>" + strings.Repeat("</section>", 20) + "</article>",
		"many": "<article>" + strings.Repeat("<para>a</para>", protocol.MaxNodes) + "</article>",
	} {
		sections, _ := bodyOfRecord(t, "<clinicalDocumentNoteText><![CDATA["+text+"]]></clinicalDocumentNoteText>")
		want := []protocol.Section{{Label: "diagnosis", Nodes: []protocol.Node{{Kind: protocol.NodeText, Label: "clinicalDocumentNoteText", Text: text}}}}
		if diff := cmp.Diff(want, sections); diff != "" {
			t.Errorf("%s: (-want +got)\n%.300s", name, diff)
		}
	}
}
