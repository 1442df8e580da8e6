package node_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/node"
	"tvilling/protocol/admin"
)

var update = flag.Bool("update", false, "write the golden files anew")

// messages are the project's own, and the contracts' samples where they stand beside
// the checkout.
func messages(t *testing.T, patterns ...string) []string {
	t.Helper()
	var files []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

const (
	ownMessages = "../testdata/rivta/*.xml"
	samples     = "../../shared/rivta/examples/Get*.xml"

	instanceSpace = "http://www.w3.org/2001/XMLSchema-instance" // says of what type or how empty an element is, no text
)

func inspect(t *testing.T, file string) (admin.Inspection, []byte) {
	t.Helper()
	message, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in, err := node.Inspect(message)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return in, message
}

// TestInspectGolden holds the inspection of every own message to its golden file.
func TestInspectGolden(t *testing.T) {
	for _, file := range messages(t, ownMessages) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			in, _ := inspect(t, file)
			got, err := json.MarshalIndent(in, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("../testdata/rivta/golden", strings.TrimSuffix(filepath.Base(file), ".xml")+".json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestNothingIsLost reads messages a second time, in the simplest way there is, and
// looks for every text of every record in its inspection, as often as it is there.
func TestNothingIsLost(t *testing.T) {
	own, found := messages(t, ownMessages), messages(t, samples)
	if len(own) == 0 {
		t.Fatal("no messages")
	}
	for _, file := range append(own, found...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			in, message := inspect(t, file)
			records := recordsOf(t, message)
			if strings.HasPrefix(filepath.Base(file), "aggregated") {
				records = records[1:] // the first is replaced by the third
				records[0], records[1] = records[1], records[0]
				in.Documents[0], in.Documents[1] = in.Documents[1], in.Documents[0]
			}
			if in.Failed {
				return
			}
			if len(records) != len(in.Documents) {
				t.Fatalf("%d records, %d documents", len(records), len(in.Documents))
			}
			for i, texts := range records {
				has := shown(t, in.Documents[i])
				for _, text := range texts {
					if !has.take(text) {
						t.Errorf("record %d: %q is not in the inspection, or not as often", i+1, text.text)
					}
				}
			}
		})
	}
	t.Run("samples", func(t *testing.T) {
		if len(found) == 0 {
			t.Skip("the contracts' samples are not beside this checkout")
		}
	})
}

// leafText is a text of a record and the element that it stands in.
type leafText struct{ element, text string }

// recordsOf returns the texts of each record of an answer, in order.
func recordsOf(t *testing.T, message []byte) [][]leafText {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(string(message)))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { // the only other one is ISO-8859-1
		b, err := io.ReadAll(in)
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return strings.NewReader(string(runes)), err
	}
	var records [][]leafText
	var path []string
	var texts []string
	response, inRecord := 0, false
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return records
		}
		if err != nil {
			t.Fatal(err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			path, texts = append(path, tok.Name.Local), append(texts, "")
			if strings.HasSuffix(tok.Name.Local, "Response") && response == 0 {
				response = len(path)
			} else if response > 0 && len(path) == response+1 {
				if inRecord = tok.Name.Local != "result" && tok.Name.Local != "hasMore"; inRecord {
					records = append(records, nil)
				}
			}
			for _, a := range tok.Attr {
				if inRecord && a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && a.Name.Space != instanceSpace {
					records[len(records)-1] = append(records[len(records)-1], leafText{a.Name.Local, a.Value})
				}
			}
		case xml.CharData:
			if len(texts) > 0 {
				texts[len(texts)-1] += string(tok)
			}
		case xml.EndElement:
			if text := strings.TrimSpace(texts[len(texts)-1]); text != "" && inRecord && len(path) > response {
				records[len(records)-1] = append(records[len(records)-1], leafText{tok.Name.Local, text})
			}
			path, texts = path[:len(path)-1], texts[:len(texts)-1]
			inRecord = inRecord && len(path) > response
		}
	}
}

// texts counts what a document shows.
type texts struct {
	t     *testing.T
	count map[string]int
	flags map[string]int
}

// shown collects every text that an inspected document holds, but for the lines that
// are made up for lists from texts that are in the body as well.
func shown(t *testing.T, d admin.InspectedDocument) *texts {
	t.Helper()
	h := d.Header
	has := &texts{t: t, count: map[string]int{}, flags: map[string]int{}}
	for _, s := range []string{h.Source.ID, h.Source.Root, h.Patient.ID, h.Patient.Root, h.CareProvider.ID, h.CareProvider.Root, h.CareUnit.ID, h.CareUnit.Root, h.Author, h.Unit} {
		has.count[s]++
	}
	for _, s := range strings.Split(h.RecordID, "|") {
		has.count[s]++
	}
	for _, s := range d.Body {
		has.nodes(s.Nodes)
	}
	return has
}

func (x *texts) nodes(nodes []admin.InspectedNode) {
	for _, n := range nodes {
		for _, s := range []string{n.Text, n.Root} {
			x.count[s]++
		}
		if n.Kind == "flag" {
			x.flags[n.Text]++
		}
		for _, when := range []*admin.InspectedTime{n.Time, n.End} {
			if when != nil {
				x.count[when.Digits]++
				x.count[when.Format]++
			}
		}
		if c := n.Code; c != nil {
			for _, s := range []string{c.Code, c.System, c.Name, c.Version, c.Display, c.Original} {
				x.count[s]++
			}
		}
		if q := n.Quantity; q != nil {
			for _, s := range []string{q.Value, q.Unit, q.Low, q.High, q.Reference} {
				x.count[s]++
			}
			if q.Value != "" && q.Low+q.High != "" {
				x.count[q.Unit]++ // the interval is in the value's unit
			}
		}
		if a := n.Attachment; a != nil {
			x.count[a.MediaType]++
			x.count[a.Reference]++
			x.count[base64.StdEncoding.EncodeToString(a.Data)]++
		}
		x.nodes(n.Children)
	}
}

// take finds a text and uses it up.
func (x *texts) take(l leafText) bool {
	one := func(s string) bool {
		if x.count[s] == 0 {
			return false
		}
		x.count[s]--
		return true
	}
	if one(l.text) {
		return true
	}
	switch {
	case l.text == "1" && x.flags["true"] > 0, l.text == "0" && x.flags["false"] > 0:
		return true
	case l.element == "value":
		return one(strings.Join(strings.Fields(l.text), ""))
	case l.element == "clinicalDocumentNoteText":
		return x.formatted(l.text)
	}
	return false
}

// formatted looks for every word of a formatted text.
func (x *texts) formatted(text string) bool {
	var all strings.Builder
	for s := range x.count {
		all.WriteString(s + "\n")
	}
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.Entity = xml.HTMLEntity
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			x.t.Errorf("a text that is not formatted: %v", err)
			return false
		}
		if data, ok := tok.(xml.CharData); ok {
			for _, w := range strings.Fields(string(data)) {
				if !strings.Contains(all.String(), w) {
					return false
				}
			}
		}
	}
}

// TestInspectOwners says of a record without an owner that it is kept and never shown.
func TestInspectOwners(t *testing.T) {
	in, _ := inspect(t, "../testdata/rivta/diagnosis.xml")
	type verdict struct {
		Shown  bool
		Hidden string
	}
	var got []verdict
	for _, d := range in.Documents {
		got = append(got, verdict{d.Shown, d.Hidden})
	}
	want := []verdict{
		{true, ""},
		{false, "the record names neither care provider nor care unit"},
		{false, "the record names no care provider"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestInspectFault tells of a fault without failing, and fails without telling.
func TestInspectFault(t *testing.T) {
	in, _ := inspect(t, "../testdata/rivta/fault.xml")
	if in.Fault == nil || in.Fault.Code != "soap:Server" || !in.Failed {
		t.Errorf("inspection is %+v, want the fault", in)
	}
	if _, err := node.Inspect([]byte("<HEMLIGT>")); err == nil || strings.Contains(err.Error(), "HEMLIGT") {
		t.Errorf("error is %v, want one that does not repeat the message", err)
	}
}
