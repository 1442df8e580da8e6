package gallery

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// The documents that the pages show: those of the parser's golden inspections, which are
// every contract as the parser really gives it, two years later; and series of laboratory
// values. All of it is made up.

// goldenNode is a node of a body as the golden inspections have it.
type goldenNode struct {
	Kind       string
	Label      string
	Text       string
	Code       goldenCode
	Quantity   protocol.Quantity
	Time       goldenTime
	End        goldenTime
	Root       string
	Attachment struct {
		MediaType string `json:"media_type"`
		Reference string
		Data      []byte
	}
	Children []goldenNode
}

type goldenCode struct {
	Code     string
	System   string
	Name     string `json:"system_name"`
	Version  string `json:"system_version"`
	Display  string
	Original string `json:"original_text"`
}

type goldenTime struct{ Digits string }

// civil is the time, two years later.
func (g goldenTime) civil(t *testing.T) protocol.Civil {
	t.Helper()
	if g.Digits == "" {
		return 0
	}
	year, err := strconv.Atoi(g.Digits[:4])
	if err != nil {
		t.Fatal(err)
	}
	c, err := protocol.ParseCivil(strconv.Itoa(year+2) + g.Digits[4:])
	if err != nil {
		t.Fatalf("%s: %v", g.Digits, err)
	}
	return c
}

type goldenDocument struct {
	Shown  bool
	Header struct {
		RecordID   string `json:"record_id"`
		Contract   string
		Time       goldenTime
		TimeEnd    goldenTime `json:"time_end"`
		Title      string
		Detail     string
		Status     string
		Author     string
		AuthorRole string `json:"author_role"`
		Unit       string
		Signed     bool
		Nullified  bool
	}
	Body []struct {
		Label string
		Nodes []goldenNode
	}
}

var nodeKinds = map[string]protocol.NodeKind{
	"text": protocol.NodeText, "code": protocol.NodeCode, "quantity": protocol.NodeQuantity, "time": protocol.NodeTime,
	"period": protocol.NodePeriod, "flag": protocol.NodeFlag, "id": protocol.NodeID, "attachment": protocol.NodeAttachment,
	"group": protocol.NodeGroup, "table": protocol.NodeTable,
}

func (g goldenNode) node(t *testing.T) protocol.Node {
	t.Helper()
	kind, ok := nodeKinds[g.Kind]
	if !ok {
		t.Fatalf("a golden node of an unknown kind: %q", g.Kind)
	}
	n := protocol.Node{
		Kind: kind, Label: g.Label, Text: g.Text, Code: protocol.Code(g.Code), Quantity: g.Quantity,
		Time: g.Time.civil(t), End: g.End.civil(t),
		Attachment: protocol.Attachment{MediaType: g.Attachment.MediaType, Reference: g.Attachment.Reference, Inline: g.Attachment.Data},
	}
	if kind == protocol.NodeID {
		n.Code.System = g.Root
	}
	for _, child := range g.Children {
		n.Children = append(n.Children, child.node(t))
	}
	return n
}

// units are who wrote the documents, in turn.
var units = []patients.Unit{patients.Medicine, patients.Granen, patients.Ankaret, patients.Practice, patients.Neurology}

// write makes a document a unit's.
func write(t *testing.T, h *protocol.Header, u patients.Unit) {
	t.Helper()
	var err error
	if h.CareProvider, err = protocol.ParseCareProviderID(u.Provider.ID); err != nil {
		t.Fatal(err)
	}
	if h.CareUnit, err = protocol.ParseCareUnitID(u.ID); err != nil {
		t.Fatal(err)
	}
	if h.Source, err = protocol.ParseSourceID(u.System); err != nil {
		t.Fatal(err)
	}
	h.Unit, h.Patient = u.Name, patientID(t, patients.Fiona)
}

func patientID(t *testing.T, s string) protocol.PatientID {
	t.Helper()
	id, err := protocol.ParsePatientID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// goldenDocuments reads the documents of the golden inspections, in the files' order.
func goldenDocuments(t *testing.T) (all []protocol.Document) {
	t.Helper()
	paths, err := filepath.Glob("../../../testdata/rivta/golden/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden inspections: %v", err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var message struct{ Documents []goldenDocument }
		if err := json.Unmarshal(raw, &message); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, g := range message.Documents {
			if !g.Shown {
				continue
			}
			h := g.Header
			contract, ok := protocol.ContractNamed(h.Contract)
			if !ok {
				t.Fatalf("%s: %s", path, h.Contract)
			}
			d := protocol.Document{Header: protocol.Header{
				RecordID: h.RecordID, Contract: contract, Time: h.Time.civil(t), TimeEnd: h.TimeEnd.civil(t), Title: h.Title, Detail: h.Detail,
				Status: h.Status, Author: h.Author, AuthorRole: h.AuthorRole, Signed: h.Signed, Nullified: h.Nullified,
			}}
			write(t, &d.Header, units[len(all)%len(units)])
			for _, s := range g.Body {
				section := protocol.Section{Label: s.Label}
				for _, n := range s.Nodes {
					section.Nodes = append(section.Nodes, n.node(t))
				}
				d.Body.Sections = append(d.Body.Sections, section)
			}
			all = append(all, d)
		}
	}
	return all
}

// seriesID is what the ids of the reports of the series begin with.
const seriesID = "SERIE-"

// analysis is a series of values of one analysis, a quarter of a year apart.
type analysis struct {
	code, name, unit, low, high string
	values                      []string
}

const npu = "1.2.752.108.1"

var analyses = []analysis{
	{"NPU27300", "B-HbA1c (IFCC)", "mmol/mol", "27", "42", []string{"41", "43", "44", "47", "52", "58", "61", "57", "54", "50", "49", "48"}},
	{"NPU04998", "P-Kreatinin", "µmol/L", "45", "90", []string{"78", "80", "79", "84", "88", "93", "97", "95", "92", "91", "89", "88"}},
	{"NPU28309", "B-Hemoglobin", "g/L", "117", "153", []string{"138", "136", "131", "127", "119", "113", "108", "116", "124", "129", "133", "135"}},
}

// flag is the mark that a laboratory would put at a value.
func (a *analysis) flag(value string) string {
	v, _ := strconv.Atoi(value)
	low, _ := strconv.Atoi(a.low)
	high, _ := strconv.Atoi(a.high)
	switch {
	case v < low:
		return "L"
	case v > high:
		return "H"
	default:
		return ""
	}
}

// taken is when the i-th value of a series was taken.
func taken(t *testing.T, i int) protocol.Civil {
	t.Helper()
	c, err := protocol.ParseCivil(fmt.Sprintf("%04d%02d%02d%02d2000", 2024+i/4, 1+3*(i%4), 5+i, 7+i%3))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// laboratoryDocuments are reports of all the series, one report for each time.
func laboratoryDocuments(t *testing.T) (all []protocol.Document) {
	t.Helper()
	for i := range analyses[0].values {
		d := protocol.Document{Header: protocol.Header{
			RecordID: seriesID + strconv.Itoa(i), Contract: protocol.LaboratoryOrderOutcome, Time: taken(t, i), Status: "Slutsvar",
			Author: "Ulla Forsberg", AuthorRole: "Distriktsläkare", Signed: true,
		}}
		section := protocol.Section{Label: "groupOfAnalyses"}
		for j := range analyses {
			a := &analyses[j]
			section.Nodes = append(section.Nodes, a.report(a.values[i], d.Header.Time))
			if j > 0 {
				d.Header.Title += ", "
				d.Header.Detail += ", "
			}
			d.Header.Title += a.name
			d.Header.Detail += a.values[i] + " " + a.unit
		}
		write(t, &d.Header, units[i%3])
		d.Body.Sections = []protocol.Section{section}
		all = append(all, d)
	}
	return all
}

func (a *analysis) quantity(value string) protocol.Quantity {
	return protocol.Quantity{Value: value, Unit: a.unit, Low: a.low, High: a.high, Flag: a.flag(value)}
}

// report is a value as the parser gives it.
func (a *analysis) report(value string, at protocol.Civil) protocol.Node {
	return protocol.Node{Kind: protocol.NodeGroup, Label: "analysis", Children: []protocol.Node{
		{Kind: protocol.NodeTime, Label: "timestamp", Time: at},
		{Kind: protocol.NodeCode, Label: "code", Code: protocol.Code{Code: a.code, System: npu, Display: a.name}},
		{Kind: protocol.NodeGroup, Label: "result", Children: []protocol.Node{
			{Kind: protocol.NodeQuantity, Label: "value", Quantity: a.quantity(value), Time: at},
		}},
	}}
}
