package rivta

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
)

func civil(t *testing.T, s string) protocol.Civil {
	t.Helper()
	c, err := protocol.ParseCivil(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestShapes maps each shape, and each way of nearly having one: what does not fit is
// beside it, never gone.
func TestShapes(t *testing.T) {
	type n = protocol.Node
	text := func(label, s string) n { return n{Kind: protocol.NodeText, Label: label, Text: s} }
	id := func(label, s, root string) n {
		return n{Kind: protocol.NodeID, Label: label, Text: s, Code: protocol.Code{System: root}}
	}
	flag := func(label, s string) n { return n{Kind: protocol.NodeFlag, Label: label, Text: s} }
	when := func(label, s string) n { return n{Kind: protocol.NodeTime, Label: label, Time: civil(t, s)} }
	quantity := func(label string, q protocol.Quantity) n {
		return n{Kind: protocol.NodeQuantity, Label: label, Quantity: q}
	}
	code := func(label string, c protocol.Code) n { return n{Kind: protocol.NodeCode, Label: label, Code: c} }
	group := func(label string, c ...n) n { return n{Kind: protocol.NodeGroup, Label: label, Children: c} }
	attachment := func(label string, a protocol.Attachment) n {
		return n{Kind: protocol.NodeAttachment, Label: label, Attachment: a}
	}
	tests := []struct {
		name, xml  string
		want       n
		deviations int
	}{
		{"text", `<a> b <![CDATA[<c>&]]> </a>`, text("a", "b <c>&"), 0},
		{"text in pieces", `<a>b<!-- - -->c<?p?>d</a>`, text("a", "bcd"), 0},
		{"text beside children", `<a>b<c>d</c></a>`, group("a", text("text", "b"), text("c", "d")), 0},
		{"attributes", `<a xmlns:x="urn:x" x:b="c" d="e">f</a>`, group("a", text("b", "c"), text("d", "e"), text("text", "f")), 0},
		{"nil", `<a><b xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/><c>d</c></a>`, group("a", text("c", "d")), 0},
		{"code", `<a><code>c</code><codeSystem>s</codeSystem><codeSystemName>n</codeSystemName><codeSystemVersion>v</codeSystemVersion><displayName>d</displayName><originalText>o</originalText></a>`,
			code("a", protocol.Code{Code: "c", System: "s", Name: "n", Version: "v", Display: "d", Original: "o"}), 0},
		{"original text alone", `<a><originalText>o</originalText></a>`, code("a", protocol.Code{Original: "o"}), 0},
		{"code and more", `<a><code>c</code><extra>e</extra></a>`, group("a", code("code", protocol.Code{Code: "c"}), text("extra", "e")), 0},
		{"two codes in one", `<a><code>c</code><code>d</code></a>`, group("a", text("code", "c"), text("code", "d")), 0},
		{"code of code", `<a><code><code>c</code></code><b>d</b></a>`, group("a", code("code", protocol.Code{Code: "c"}), text("b", "d")), 0},
		{"display beside a quantity", `<dose><quantity><value>1</value><unit>ml</unit></quantity><displayName>d</displayName></dose>`,
			group("dose", quantity("quantity", protocol.Quantity{Value: "1", Unit: "ml"}), text("displayName", "d")), 0},
		{"system alone", `<a><codeSystem>s</codeSystem></a>`, group("a", text("codeSystem", "s")), 0},
		{"identifier", `<a><root>r</root><extension>e</extension></a>`, id("a", "e", "r"), 0},
		{"root alone", `<a><root>r</root></a>`, id("a", "r", ""), 0},
		{"extension alone", `<a><extension>e</extension></a>`, id("a", "e", ""), 0},
		{"person", `<personId><id>p</id><type>t</type></personId>`, id("personId", "p", "t"), 0},
		{"id by name", `<referralId>p</referralId>`, id("referralId", "p", ""), 0},
		{"quantity", `<a><value>-1.50E+2</value><unit>u</unit></a>`, quantity("a", protocol.Quantity{Value: "-1.50E+2", Unit: "u"}), 0},
		{"no number", `<a><value>&lt;5</value><unit>u</unit></a>`, group("a", text("value", "<5"), text("unit", "u")), 0},
		{"interval", `<a><low>1</low><high>2</high><unit>u</unit></a>`, quantity("a", protocol.Quantity{Low: "1", High: "2", Unit: "u"}), 0},
		{"closed interval", `<a><low>1</low><lowClosed>0</lowClosed><unit>u</unit></a>`, group("a", quantity("value", protocol.Quantity{Low: "1", Unit: "u"}), flag("lowClosed", "false")), 0},
		{"number beside its unit", `<a><strength>5</strength><strengthUnit>mg</strengthUnit></a>`, group("a", quantity("strength", protocol.Quantity{Value: "5", Unit: "mg"})), 0},
		{"choice", `<a><pq><value>5</value><unit>mg</unit></pq></a>`, quantity("a", protocol.Quantity{Value: "5", Unit: "mg"}), 0},
		{"choice of text", `<value><st>5</st></value>`, text("value", "5"), 0},
		{"period", `<a><start>20240101</start><end>20240102101112</end></a>`, n{Kind: protocol.NodePeriod, Label: "a", Time: civil(t, "20240101"), End: civil(t, "20240102101112")}, 0},
		{"open period", `<a><end>20240102</end></a>`, n{Kind: protocol.NodePeriod, Label: "a", End: civil(t, "20240102")}, 0},
		{"period of words", `<a><start>20240101</start><end>snart</end></a>`, group("a", when("start", "20240101"), text("end", "snart")), 1},
		{"time", `<aTime>20240101</aTime>`, when("aTime", "20240101"), 0},
		{"time with marks", `<aTime>2024-01-02T03:04:05</aTime>`, when("aTime", "20240102030405"), 0},
		{"time with a zone", `<aTime>2024-01-02T03:04:05Z</aTime>`, text("aTime", "2024-01-02T03:04:05Z"), 1},
		{"no such day", `<aTime>20230229</aTime>`, text("aTime", "20230229"), 1},
		{"time of day", `<time>0800</time>`, text("time", "0800"), 0},
		{"number like a date", `<articleNumber>20240101</articleNumber>`, text("articleNumber", "20240101"), 0},
		{"date of a format", `<dateOfBirth><format>YYYYMM</format><value>199701</value></dateOfBirth>`, when("dateOfBirth", "199701"), 0},
		{"date of another format", `<dateOfBirth><format>YYYY</format><value>199701</value></dateOfBirth>`, group("dateOfBirth", text("format", "YYYY"), text("value", "199701")), 0},
		{"truth", `<a>true</a>`, flag("a", "true"), 0},
		{"truth by number", `<accredited>1</accredited>`, flag("accredited", "true"), 0},
		{"number", `<a>1</a>`, text("a", "1"), 0},
		{"inline data", `<a><mediaType>m</mediaType><value> aGV
			qIQ== </value></a>`, attachment("a", protocol.Attachment{MediaType: "m", Inline: []byte("hej!")}), 0},
		{"data by address", `<a><mediaType>m</mediaType><reference>u</reference></a>`, attachment("a", protocol.Attachment{MediaType: "m", Reference: "u"}), 0},
		{"data beside the message", `<a><mediaType>m</mediaType><value>cid:1</value></a>`, attachment("a", protocol.Attachment{MediaType: "m", Reference: "cid:1"}), 0},
		{"data included", `<a><mediaType>m</mediaType><value><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:2"/></value></a>`, attachment("a", protocol.Attachment{MediaType: "m", Reference: "cid:2"}), 0},
		{"both", `<a><mediaType>m</mediaType><value>cid:1</value><reference>u</reference></a>`, group("a", attachment("content", protocol.Attachment{MediaType: "m", Reference: "u"}), text("value", "cid:1")), 0},
		{"no base64", `<a><mediaType>m</mediaType><value>å</value></a>`, group("a", text("mediaType", "m"), text("value", "å")), 1},
		{"media type alone", `<a><mediaType>m</mediaType></a>`, group("a", text("mediaType", "m")), 0},
		{"DICOM", `<a><dicomSOP>1.2</dicomSOP><dicomReference>u</dicomReference></a>`, group("a", attachment("content", protocol.Attachment{MediaType: "application/dicom", Reference: "u"}), text("dicomSOP", "1.2")), 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sections, deviations := bodyOfRecord(t, "<w>"+test.xml+"</w>")
			want := []protocol.Section{{Label: "w", Nodes: []n{test.want}}}
			if diff := cmp.Diff(want, sections); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(deviations) != test.deviations {
				t.Errorf("%d deviations, want %d: %v", len(deviations), test.deviations, deviations)
			}
		})
	}
}

// TestEmpty drops what says nothing.
func TestEmpty(t *testing.T) {
	sections, _ := bodyOfRecord(t, `<a/><b>  </b><c><d/><e> </e></c><!-- f -->`)
	if len(sections) > 0 {
		t.Errorf("sections are %v, want none", sections)
	}
}

// TestMixedContent keeps text and elements in the order in which they stand.
func TestMixedContent(t *testing.T) {
	sections, _ := bodyOfRecord(t, `<note>Patienten är <b>inte</b> opererad<c/>.</note>`)
	text := func(label, s string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeText, Label: label, Text: s}
	}
	want := []protocol.Node{text("text", "Patienten är"), text("b", "inte"), text("text", "opererad"), text("text", ".")}
	if diff := cmp.Diff(want, sections[0].Nodes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestTables makes tables of groups of single values, and of nothing else.
func TestTables(t *testing.T) {
	tests := []struct {
		name, xml string
		want      protocol.NodeKind
	}{
		{"rows", `<r><a>1</a><b>2</b></r><r><a>3</a></r>`, protocol.NodeTable},
		{"one row", `<r><a>1</a><b>2</b></r>`, protocol.NodeGroup},
		{"deep", `<r><a>1</a></r><r><b><c>2</c></b></r>`, protocol.NodeGroup},
		{"repeated cell", `<r><a>1</a><a>2</a></r><r><a>3</a></r>`, protocol.NodeGroup},
		{"too wide", `<r><a>1</a></r><r><b>1</b><c>1</c><d>1</d><e>1</e><f>1</f><g>1</g><h>1</h><i>1</i><j>1</j><k>1</k><l>1</l><m>1</m></r>`, protocol.NodeGroup},
	}
	for _, test := range tests {
		sections, _ := bodyOfRecord(t, "<w>"+test.xml+"</w>")
		if got := sections[0].Nodes[0].Kind; got != test.want {
			t.Errorf("%s: kind %d, want %d", test.name, got, test.want)
		}
	}
}

// TestResults takes value, interval, mark and time of a laboratory result together.
func TestResults(t *testing.T) {
	m, err := Parse(read(t, "laboratory-v4.xml"))
	if err != nil {
		t.Fatal(err)
	}
	older, err := Parse(read(t, "laboratory-v3.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var got []protocol.Node
	for _, d := range append(m.Documents, older.Documents...) {
		for _, s := range d.Body.Sections {
			got = append(got, quantities(s.Nodes)...)
		}
	}
	sampled := civil(t, "20240401073000")
	want := []protocol.Node{
		{Quantity: protocol.Quantity{Value: "87", Unit: "mg/L", High: "5", Flag: "H"}, Time: sampled},
		{Quantity: protocol.Quantity{Value: "139.50", Unit: "mmol/L", Low: "137", High: "145"}, Time: sampled},
		{Quantity: protocol.Quantity{Value: "5.2", Unit: "mmol/L", Reference: "fastevärde"}, Time: sampled},
		{Quantity: protocol.Quantity{Low: "4000", High: "6000", Unit: "umol/L"}},
		{Quantity: protocol.Quantity{Low: "10000", High: "100000", Unit: "CFU/mL"}, Time: sampled},
		{Quantity: protocol.Quantity{Value: "98", Unit: "g/L", Reference: "117-153", Flag: "*"}, Time: civil(t, "20180305074500")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestIntervalResults takes mark, time and words of reference of a result that is an
// interval, and leaves the interval of reference where it stands.
func TestIntervalResults(t *testing.T) {
	m, err := Parse(read(t, "laboratory-intervals.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var got []protocol.Node
	for _, d := range m.Documents {
		for _, s := range d.Body.Sections {
			got = append(got, quantities(s.Nodes)...)
		}
	}
	sampled := civil(t, "20240603080000")
	want := []protocol.Node{
		{Quantity: protocol.Quantity{Low: "90", Unit: "mL/min", Reference: "över 60"}, Time: sampled},
		{Quantity: protocol.Quantity{Low: "60", Unit: "mL/min"}},
		{Quantity: protocol.Quantity{High: "5", Unit: "ng/L", Flag: "L"}, Time: sampled},
		{Quantity: protocol.Quantity{Low: "10", High: "20", Unit: "/synfält", Flag: "H"}, Time: sampled},
		{Quantity: protocol.Quantity{Value: "5,9", Unit: "mmol/L", Low: "3,5", High: "4,6", Flag: "H"}, Time: sampled},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestEnumerated gives the values that the contracts list their words, and keeps what
// the source wrote.
func TestEnumerated(t *testing.T) {
	sections, _ := bodyOfRecord(t, `<sex>2</sex><fetalPresentation>3</fetalPresentation><typeOfResult>PREL</typeOfResult><typeOfCarePlanEnum>SIP</typeOfCarePlanEnum><sex>7</sex>`)
	want := []protocol.Node{
		{Kind: protocol.NodeCode, Label: "sex", Code: protocol.Code{Code: "2", Display: "Kvinna"}},
		{Kind: protocol.NodeCode, Label: "fetalPresentation", Code: protocol.Code{Code: "3", Display: "Tvärläge"}},
		{Kind: protocol.NodeCode, Label: "typeOfResult", Code: protocol.Code{Code: "PREL", Display: "Preliminärt svar"}},
		{Kind: protocol.NodeCode, Label: "typeOfCarePlanEnum", Code: protocol.Code{Code: "SIP", Display: "Samordnad individuell plan"}},
		{Kind: protocol.NodeText, Label: "sex", Text: "7"},
	}
	if diff := cmp.Diff(want, sections[0].Nodes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func quantities(nodes []protocol.Node) (found []protocol.Node) {
	for _, n := range nodes {
		if n.Kind == protocol.NodeQuantity {
			found = append(found, protocol.Node{Quantity: n.Quantity, Time: n.Time})
		}
		found = append(found, quantities(n.Children)...)
	}
	return found
}

// TestDeepIsFlattened writes what is nested deeper than nodes may be as text.
func TestDeepIsFlattened(t *testing.T) {
	sections, _ := bodyOfRecord(t, strings.Repeat("<a>", 40)+"<b>x</b><c>y</c>"+strings.Repeat("</a>", 40))
	nodes := sections[0].Nodes
	for len(nodes) == 1 && nodes[0].Kind == protocol.NodeGroup {
		nodes = nodes[0].Children
	}
	if len(nodes) != 1 || nodes[0].Kind != protocol.NodeText || !strings.HasSuffix(nodes[0].Text, " / c: y") || !strings.Contains(nodes[0].Text, " / b: x\n") {
		t.Errorf("innermost is %+v, want the text of both leaves", nodes)
	}
}
