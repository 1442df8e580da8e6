package client

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
)

// The documents of the list are read one after the other by the keyboard alone.
func TestReadingOnByKeyboard(t *testing.T) {
	p := toOverview(t)
	items := testDocs() // by time: 2, 3, 1, 4
	p.act(ActRead, keyText(items[2].Key))
	open := func(want int, key string) {
		t.Helper()
		p.do(Pressed{key})
		if got := p.s.Reader.Key; got != items[want].Key || p.s.List.Active != got {
			t.Errorf("%s opens %v", key, got)
		}
	}
	open(0, "n")
	if p.last[len(p.last)-1] != (FocusOn{idReaderHeading}) {
		t.Errorf("%v: the heading does not get the focus", p.last)
	}
	open(3, "n")
	open(3, "n") // the last one
	open(0, "p")
	open(2, "p")
	open(1, "p")
	open(1, "p") // the first one
	html := regionOf(Render(&p.s), "reader-steps")
	if !strings.Contains(html, `data-test="read-previous" aria-disabled`) || strings.Contains(html, `data-test="read-next" aria-disabled`) {
		t.Error("the buttons do not say where the list ends")
	}
	p.do(Pressed{"Escape"})
	if p.s.Reader.Open {
		t.Error("not closed")
	}
	p.do(Pressed{"n"})
	if p.s.Reader.Open {
		t.Error("opened from nowhere")
	}
}

// Escape where one writes takes back what is written, before it closes anything: in the
// search the words go. In any other field it does nothing.
func TestEscapeInAField(t *testing.T) {
	p := toOverview(t)
	p.act(ActRead, keyText(testDocs()[2].Key))
	p.do(Typed{FieldSearch, "d3"})
	p.act(ActGuide, strconv.Itoa(int(viewList)))
	before := regionOf(Render(&p.s), "search-box")
	p.act(ActEscape, FieldSearch)
	if got := p.s.List.Query.Text; got != "" || p.titles() != "d2 d3 d1 d4 " {
		t.Errorf("the words are %q, the list %q", got, p.titles())
	}
	if after := regionOf(Render(&p.s), "search-box"); after == before || !strings.Contains(after, `value=""`) {
		t.Errorf("the field is %s", after)
	}
	if !p.s.Reader.Open || p.s.Desk.Guide == viewNone || effects[FocusOn](p.last) > 0 {
		t.Fatalf("more than the words went: %v", p.last)
	}
	for _, field := range []string{FieldPatient, FieldReason, FieldFeedback, FieldSince, ""} {
		if p.act(ActEscape, field); !p.s.Reader.Open || p.s.Desk.Guide == viewNone {
			t.Fatalf("Escape in the field %q closes something", field)
		}
	}
	p.act(ActEscape, FieldSearch)
	if p.s.Desk.Guide != viewNone || !p.s.Reader.Open {
		t.Error("with an empty search it does not close the help, or more")
	}
	p.act(ActEscape, FieldSearch)
	if p.s.Reader.Open {
		t.Error("with an empty search it does not close the document")
	}
	p.act(ActEscape, FieldSearch) // there is nothing left to close
	p.do(Typed{FieldSearch, "d3"})
	p.act(ActLeave, "")
	p.act(ActEscape, FieldSearch)
	if p.s.Desk.Asked != AskedNothing || p.s.List.Query.Text != "d3" {
		t.Error("it does not answer the question that stands over the page")
	}
}

// Escape closes what was opened last: the trend, then the document.
func TestEscapeClosesTheTrendFirst(t *testing.T) {
	p, _ := toTrend(t)
	p.do(Pressed{"Escape"})
	if p.s.Reader.Trend.Open || !p.s.Reader.Open {
		t.Fatal("the document is closed, or the trend is not")
	}
	p.do(Pressed{"Escape"})
	if p.s.Reader.Open {
		t.Error("the document is not closed")
	}
}

// A document that changes keeps its place on the screen.
func TestAChangedDocumentKeepsItsScroll(t *testing.T) {
	p, _ := reading(t, laboratoryBody(), protocol.Header{Contract: protocol.LaboratoryOrderOutcome})
	changed := protocol.Item{Key: protocol.DocumentKey{15: 7}, Rev: 70, Header: protocol.Header{Contract: protocol.LaboratoryOrderOutcome}}
	items := append(testDocs(), changed)
	count, digest := sum(items)
	p.get(1, protocol.Batch{Generation: 1, From: 101, To: 102, Upserts: []protocol.Item{changed}, Count: count, Digest: digest})
	p.get(1, protocol.BodyFrame{Request: sentLast[protocol.Read](p).Request, Generation: 1, Document: changed.Key, Body: laboratoryBody()})
	for _, e := range p.last {
		if e == (ScrollReader{}) {
			t.Error("scrolled to the top")
		}
	}
	if p.s.Reader.Rev != 70 {
		t.Error("not read again")
	}
}

// spoil puts a text at the end of every text of a body.
func spoil(nodes []protocol.Node, text string) []protocol.Node {
	out := make([]protocol.Node, len(nodes))
	for i, n := range nodes {
		for _, s := range []*string{&n.Text, &n.Code.Code, &n.Code.System, &n.Code.Name, &n.Code.Version, &n.Code.Display, &n.Code.Original,
			&n.Quantity.Value, &n.Quantity.Unit, &n.Quantity.Low, &n.Quantity.High, &n.Quantity.Reference, &n.Quantity.Flag, &n.Attachment.MediaType, &n.Attachment.Reference} {
			if *s != "" {
				*s += text
			}
		}
		n.Children = spoil(n.Children, text)
		out[i] = n
	}
	return out
}

// TestHostileTextInEveryView puts what is not markup into every text of every
// contract's documents: the page is made of the same elements.
func TestHostileTextInEveryView(t *testing.T) {
	for name, documents := range ownDocuments(t) {
		for _, d := range documents {
			page := func(text string) string {
				spoiled := protocol.Document{Header: d.Header}
				spoiled.Header.Title += text
				for _, s := range d.Body.Sections {
					spoiled.Body.Sections = append(spoiled.Body.Sections, protocol.Section{Label: s.Label, Nodes: spoil(s.Nodes, text)})
				}
				return readPage(t, spoiled, protocol.Swedish)
			}
			plain := shape(page("x"))
			for _, text := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "\x1ed\x1fstate\x1e", `|0|<b>`} {
				html := page(text)
				inert(t, html)
				if diff := cmp.Diff(plain, shape(html)); diff != "" {
					t.Fatalf("%q changes a page of %s:\n%s", text, name, diff)
				}
				if strings.ContainsAny(html, fieldEnd+commandEnd) {
					t.Fatalf("%q brings a separator into %s", text, name)
				}
			}
		}
	}
}

// What a reader must not overlook is there: a mistake, what is over, how severe it is.
func TestWhatMustBeSeen(t *testing.T) {
	seen := map[string]int{}
	for _, documents := range ownDocuments(t) {
		for _, d := range documents {
			html := readPage(t, d, protocol.Swedish)
			for _, hook := range []string{`data-test="nullified"`, `data-test="historic"`, `class="severity worst"`, `data-test="dissent"`, `data-test="dosage"`,
				`data-test="laboratory"`, `data-test="checkups"`, `data-test="vaccine"`, `class="badge warn"`, `data-test="abnormal"`} {
				seen[hook] += strings.Count(html, hook)
			}
			if at := strings.Index(html, `<details`); at >= 0 && strings.Contains(html[at:], `data-test="dissent"`) {
				t.Error("an opinion is folded away")
			}
			if d.Header.Nullified != strings.Contains(html, `data-test="nullified"`) {
				t.Error("a mistake is not told, or one that is none")
			}
		}
	}
	for hook, n := range seen {
		if n == 0 {
			t.Errorf("%s stands nowhere", hook)
		}
	}
}
