package client

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tvilling/protocol"
)

// inspections are the parser's own readings of messages, as the operator's tool prints
// them: what really comes to a page.
const inspections = "../../../testdata/rivta/golden"

type inspectedNode struct {
	Kind       string
	Label      string
	Text       string
	Root       string
	Code       inspectedCode
	Quantity   protocol.Quantity
	Time, End  struct{ Digits string }
	Attachment struct {
		MediaType string `json:"media_type"`
		Reference string
		Data      []byte
	}
	Children []inspectedNode
}

type inspectedCode struct {
	Code     string
	System   string
	Name     string `json:"system_name"`
	Version  string `json:"system_version"`
	Display  string
	Original string `json:"original_text"`
}

type inspectedDocument struct {
	Header struct {
		Contract          string
		Time              struct{ Digits string }
		TimeEnd           struct{ Digits string } `json:"time_end"`
		Title             string
		Status            string
		Author            string
		AuthorRole        string `json:"author_role"`
		Unit              string
		Signed, Nullified bool
		Source            struct{ ID string }
		CareProvider      struct{ ID string } `json:"care_provider"`
	}
	Body []struct {
		Label string
		Nodes []inspectedNode
	}
}

var inspectedKinds = map[string]protocol.NodeKind{
	"text": protocol.NodeText, "code": protocol.NodeCode, "quantity": protocol.NodeQuantity, "time": protocol.NodeTime, "period": protocol.NodePeriod,
	"flag": protocol.NodeFlag, "id": protocol.NodeID, "attachment": protocol.NodeAttachment, "group": protocol.NodeGroup, "table": protocol.NodeTable,
}

func given(digits string) protocol.Civil {
	if digits == "" {
		return 0
	}
	return parsed(protocol.ParseCivil(digits))
}

func (n *inspectedNode) node(t *testing.T) protocol.Node {
	t.Helper()
	kind, ok := inspectedKinds[n.Kind]
	if !ok {
		t.Fatalf("a node of kind %q", n.Kind)
	}
	out := protocol.Node{
		Kind: kind, Label: n.Label, Text: n.Text, Code: protocol.Code(n.Code), Quantity: n.Quantity, Time: given(n.Time.Digits), End: given(n.End.Digits),
		Attachment: protocol.Attachment{MediaType: n.Attachment.MediaType, Reference: n.Attachment.Reference, Inline: n.Attachment.Data},
	}
	if kind == protocol.NodeID {
		out.Code.System = n.Root
	}
	for i := range n.Children {
		out.Children = append(out.Children, n.Children[i].node(t))
	}
	return out
}

func (d *inspectedDocument) document(t *testing.T) protocol.Document {
	t.Helper()
	contract, ok := protocol.ContractNamed(d.Header.Contract)
	if !ok {
		t.Fatalf("contract %q", d.Header.Contract)
	}
	h := &d.Header
	out := protocol.Document{Header: protocol.Header{
		Contract: contract, Time: given(h.Time.Digits), TimeEnd: given(h.TimeEnd.Digits), Title: h.Title, Status: h.Status,
		Author: h.Author, AuthorRole: h.AuthorRole, Unit: h.Unit, Signed: h.Signed, Nullified: h.Nullified,
	}}
	if h.Source.ID != "" {
		out.Header.Source = parsed(protocol.ParseSourceID(h.Source.ID))
	}
	if h.CareProvider.ID != "" {
		out.Header.CareProvider = parsed(protocol.ParseCareProviderID(h.CareProvider.ID))
	}
	for _, s := range d.Body {
		section := protocol.Section{Label: s.Label}
		for i := range s.Nodes {
			section.Nodes = append(section.Nodes, s.Nodes[i].node(t))
		}
		out.Body.Sections = append(out.Body.Sections, section)
	}
	return out
}

// documentsOf reads the documents of one inspection.
func documentsOf(t *testing.T, inspection []byte) []protocol.Document {
	t.Helper()
	var read struct{ Documents []inspectedDocument }
	if err := json.Unmarshal(inspection, &read); err != nil {
		t.Fatal(err)
	}
	var out []protocol.Document
	for i := range read.Documents {
		out = append(out, read.Documents[i].document(t))
	}
	return out
}

// ownDocuments are the documents of the project's own messages, by file.
func ownDocuments(t *testing.T) map[string][]protocol.Document {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(inspections, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no inspections")
	}
	out := map[string][]protocol.Document{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if documents := documentsOf(t, b); len(documents) > 0 {
			out[strings.TrimSuffix(filepath.Base(file), ".json")] = documents
		}
	}
	return out
}

// readPage is the reading pane with a document open.
func readPage(t *testing.T, d protocol.Document, lang protocol.Language) string {
	t.Helper()
	p, _ := reading(t, d.Body, d.Header)
	p.s.Lang = lang
	return regionOf(Render(&p.s), "reader")
}

// textOfPage is what a page says, with single blanks between.
func textOfPage(markup string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return " " + strings.Join(strings.Fields(b.String()), " ") + " "
		case html.TextToken:
			b.WriteString(string(z.Text()))
		default:
			b.WriteByte(' ')
		}
	}
}

// lost returns the texts of a body that its page does not say, in English: as they were
// given. A system that is called by its name, a media type of data that is shown as
// what it is, a mark and a truth value are said in other words.
func lost(nodes []protocol.Node, page string) (missing []string) {
	says := func(texts ...string) {
		for _, text := range texts {
			words := strings.Join(strings.Fields(text), " ")
			words = textOfPage(new(markup).text(words).String())
			if words = strings.TrimSpace(words); words != "" && !strings.Contains(page, words) {
				missing = append(missing, words)
			}
		}
	}
	for i := range nodes {
		n := &nodes[i]
		switch n.Kind {
		case protocol.NodeFlag:
			if n.Text != "true" && n.Text != "false" {
				says(n.Text)
			}
		case protocol.NodeCode:
			c := n.Code
			if known := systemName(c.System); known != c.System {
				c.System = joined("", c.Name, known)
				if c.Name != "" {
					c.System = ""
				}
			}
			says(c.Code, c.System, c.Name, c.Version, c.Display, c.Original)
		case protocol.NodeQuantity:
			q := n.Quantity
			says(q.Value, q.Unit, q.Low, q.High, q.Reference, moment(n.Time))
			if q.Flag != "*" {
				says(q.Flag)
			}
		case protocol.NodeAttachment:
			says(n.Attachment.MediaType, n.Attachment.Reference)
		default:
			for line := range strings.SplitSeq(n.Text, "\n") {
				says(line)
			}
			says(n.Code.System, moment(n.Time), moment(n.End))
		}
		missing = append(missing, lost(n.Children, page)...)
	}
	return missing
}

func nothingIsLost(t *testing.T, name string, documents []protocol.Document) {
	t.Helper()
	for i, d := range documents {
		markup := readPage(t, d, protocol.English)
		inert(t, markup)
		page := textOfPage(markup)
		for _, s := range d.Body.Sections {
			for _, text := range lost(s.Nodes, page) {
				t.Errorf("%s, document %d (%v): %q of %s is not on its page", name, i, d.Header.Contract, text, s.Label)
			}
		}
	}
}

// TestNothingOfADocumentIsLost looks for every text of every document of the project's
// own messages, which hold every contract, on its page.
func TestNothingOfADocumentIsLost(t *testing.T) {
	seen := map[protocol.Contract]bool{}
	for name, documents := range ownDocuments(t) {
		nothingIsLost(t, name, documents)
		for _, d := range documents {
			seen[d.Header.Contract] = true
		}
	}
	for _, c := range protocol.Contracts() {
		if !seen[c] {
			t.Errorf("%v is not among the messages", c)
		}
	}
}

// TestNothingOfThePublishedSamplesIsLost does the same with messages that others have
// published, where they are beside the project: read by the tool, as an operator would.
func TestNothingOfThePublishedSamplesIsLost(t *testing.T) {
	files, err := filepath.Glob("../../../../shared/rivta/examples/Get*.xml")
	if err != nil || len(files) == 0 {
		t.Skip("the published samples are not there")
	}
	tool := exec.Command("go", append([]string{"run", "tvilling/ops/cmd/tvilling", "source", "inspect", "--format", "json"}, files...)...)
	out, _ := tool.Output() // some of the samples are faults: they make it end with an error
	var answers []json.RawMessage
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, answer := range answers {
		var told struct{ Inspection, Message json.RawMessage }
		if err := json.Unmarshal(answer, &told); err != nil {
			t.Fatal(err)
		}
		if told.Inspection == nil {
			told.Inspection = answer
		}
		documents := documentsOf(t, told.Inspection)
		nothingIsLost(t, filepath.Base(files[i]), documents)
		n += len(documents)
	}
	if n < 20 {
		t.Errorf("%d documents in %d samples", n, len(files))
	}
}

// A result of which nothing but its value is said stands in the table, with its trend.
func TestAResultThatIsItsValue(t *testing.T) {
	for _, label := range []string{"result", "analysisOutcome"} {
		analysis := protocol.Section{Label: "analysis", Nodes: []protocol.Node{
			{Kind: protocol.NodeCode, Label: "code", Code: protocol.Code{Code: "NPU28309", System: "1.2.752.108.1", Display: "B-Hemoglobin"}},
			{Kind: protocol.NodeQuantity, Label: label, Quantity: protocol.Quantity{Value: "131", Unit: "g/L", Low: "117", High: "153"}},
		}}
		page := readPage(t, protocol.Document{Header: protocol.Header{Contract: protocol.LaboratoryOrderOutcome}, Body: protocol.Body{Sections: []protocol.Section{analysis}}}, protocol.Swedish)
		table, _, _ := strings.Cut(page, "</table>")
		for _, want := range []string{"131", "g/L", "117", "153", `data-test="trend"`} {
			if !strings.Contains(table, want) {
				t.Errorf("%s: no %s in the table", label, want)
			}
		}
	}
}

// TestReading holds how each contract's documents are read: the pages of the project's
// own messages.
func TestReading(t *testing.T) {
	for name, documents := range ownDocuments(t) {
		var b strings.Builder
		for _, d := range documents {
			b.WriteString(strings.ReplaceAll(readPage(t, d, protocol.Swedish), "><", ">\n<") + "\n\n")
		}
		golden(t, filepath.Join("reading", name+".html"), b.String())
	}
}
