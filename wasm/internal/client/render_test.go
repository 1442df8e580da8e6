package client

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"tvilling/protocol"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// everyKind is a body with a node of every kind, and one of a later version.
func everyKind(text string) protocol.Body {
	when := parsed(protocol.ParseCivil("202403011015"))
	node := func(k protocol.NodeKind, label string) protocol.Node {
		return protocol.Node{
			Kind: k, Label: label, Text: text, Time: when,
			Code:       protocol.Code{Code: "I10.9" + text, System: "1.2.752.116.1.1.1.1.3", Display: "Hypertoni" + text, Original: "Högt tryck" + text, Version: "2024" + text},
			Quantity:   protocol.Quantity{Value: "5,6" + text, Unit: "mmol/L" + text, Low: "3,5" + text, High: "4,6" + text, Reference: text, Flag: "H, " + text},
			Attachment: protocol.Attachment{MediaType: "image/jpeg" + text, Reference: "javascript:alert(1)" + text, Inline: make([]byte, 2048)},
		}
	}
	cell := func(label string) protocol.Node { return node(protocol.NodeText, label) }
	group := node(protocol.NodeGroup, "dosage"+text)
	group.Children = []protocol.Node{cell("dosageInstruction"), node(protocol.NodeQuantity, "unitDose")}
	table := node(protocol.NodeTable, "analysis")
	table.Children = []protocol.Node{
		{Kind: protocol.NodeGroup, Children: []protocol.Node{cell("a"), node(protocol.NodeQuantity, "b")}},
		{Kind: protocol.NodeGroup, Children: []protocol.Node{node(protocol.NodeCode, "b"), cell("c" + text), cell("c" + text)}},
		cell("a"),
	}
	flag := node(protocol.NodeFlag, "chronicDiagnosis")
	flag.Text = "true"
	period := node(protocol.NodePeriod, "validityTimePeriod")
	period.End = parsed(protocol.ParseCivil("2025"))
	return protocol.Body{Sections: []protocol.Section{
		{Label: "body" + text, Nodes: []protocol.Node{
			cell(""), node(protocol.NodeCode, "diagnosisCode"), node(protocol.NodeQuantity, "result"), node(protocol.NodeTime, "diagnosisTime"),
			period, flag, node(protocol.NodeFlag, "other"), node(protocol.NodeID, "prescriptionId"), node(protocol.NodeAttachment, "multimediaEntry"), group, table,
			node(protocol.NodeKind(200), "later"), node(protocol.NodeNone, "none"),
		}},
		{Label: "dissentingOpinion", Nodes: []protocol.Node{cell("opinion")}},
	}}
}

// reading opens a document with the body and answers with the page.
func reading(t *testing.T, b protocol.Body, h protocol.Header) (*play, Page) {
	p := toOverview(t)
	item := protocol.Item{Key: protocol.DocumentKey{15: 7}, Rev: 7, Header: h}
	items := append(testDocs(), item)
	count, digest := sum(items)
	p.get(1, protocol.Batch{Generation: 1, From: 100, To: 101, Upserts: []protocol.Item{item}, Count: count, Digest: digest})
	p.act(ActRead, keyText(item.Key))
	p.get(1, protocol.BodyFrame{Request: sentLast[protocol.Read](p).Request, Generation: 1, Document: item.Key, Body: b})
	if p.s.Reader.Body == nil {
		t.Fatal("not open")
	}
	return p, Render(&p.s)
}

func TestEveryKindOfNode(t *testing.T) {
	h := protocol.Header{
		Contract: protocol.Diagnosis, Title: "Hypertoni", Time: parsed(protocol.ParseCivil("20240301")), Author: "Karin", AuthorRole: "Läkare",
		Unit: "Vinden", Status: "final", Signed: true,
	}
	_, page := reading(t, everyKind(" å\nä"), h)
	golden(t, "every-kind.html", strings.ReplaceAll(regionOf(page, "reader"), "><", ">\n<")+"\n")
	h.Nullified, h.Title = true, ""
	_, page = reading(t, protocol.Body{}, h)
	golden(t, "nullified.html", strings.ReplaceAll(regionOf(page, "reader"), "><", ">\n<")+"\n")
}

// TestIntervalIsTheValue shows a dose, which is an interval, as what it is.
func TestIntervalIsTheValue(t *testing.T) {
	dose := func(low, high string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeQuantity, Label: "dose", Quantity: protocol.Quantity{Low: low, High: high, Unit: "tablett"}}
	}
	h := protocol.Header{Contract: protocol.MedicationHistory, Title: "Metoprolol", Time: parsed(protocol.ParseCivil("20240301"))}
	_, page := reading(t, protocol.Body{Sections: []protocol.Section{{Label: "dosage", Nodes: []protocol.Node{
		dose("1", "2"), dose("3", "3"), dose("", "5"), dose("7", ""),
		{Kind: protocol.NodeQuantity, Label: "value", Quantity: protocol.Quantity{Value: "9", Low: "8", High: "8", Reference: "fasta"}},
	}}}}, h)
	html := regionOf(page, "reader")
	for _, want := range []string{`<b>1 – 2</b>`, `<b>3</b>`, `<b>≤ 5</b>`, `<b>≥ 7</b>`, `<b>9</b>`} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is not shown", want)
		}
	}
	if n := strings.Count(html, `class="reference"`); n != 1 {
		t.Errorf("%d references, want the one of the value", n)
	}
}

// Attributes that texts may stand in; none of them is ever fetched or run.
var harmless = []string{
	"class", "id", "type", "tabindex", "role", "lang", "scope", "for", "name", "value", "checked", "selected", "disabled", "autocomplete", "autocorrect",
	"autocapitalize", "spellcheck", "inputmode", "maxlength", "placeholder", "novalidate",
	"required", "rows", "colspan", "rowspan", "open", "min", "max", "title",
	"alt", "text-anchor", "points", "x1", "y1", "x2", "y2",
	"viewbox", "width", "height", "x", "y", "cx", "cy", "r", "d",
}

var elements = []string{
	"div", "span", "p", "b", "br", "code", "time", "section", "aside", "nav", "h1", "h2", "h3", "ul", "li", "dl", "dt", "dd", "button", "form", "label", "input", "select",
	"option", "fieldset", "legend", "table", "thead", "tbody", "tr", "th", "td",
	"caption", "details", "summary", "textarea", "meter", "ol",
	"h4", "h5", "h6", "em", "sub", "sup", "blockquote", "img", "line", "polygon",
	"svg", "path", "rect", "circle", "text", "use", "symbol",
}

// inert parses markup as a browser would and fails on anything that this program
// does not write by itself.
func inert(t testing.TB, markup string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			if tag.Data == "a" && len(tag.Attr) == 2 && tag.Attr[0] == (html.Attribute{Key: "href", Val: "/test"}) {
				continue // the one link there is
			}
			if !slices.Contains(elements, tag.Data) {
				t.Fatalf("an element <%s>", tag.Data)
			}
			for _, a := range tag.Attr {
				if tag.Data == "use" && a.Key == "href" && strings.HasPrefix(a.Val, "#symbol-") {
					continue // a drawing of our own, on the same page
				}
				if tag.Data == "img" && a.Key == "src" && isPicture(a.Val) {
					continue // data of a kind that was looked at, in the page itself
				}
				if !slices.Contains(harmless, a.Key) && !strings.HasPrefix(a.Key, "data-") && !strings.HasPrefix(a.Key, "aria-") {
					t.Fatalf("an attribute %s on <%s>", a.Key, tag.Data)
				}
			}
		case html.CommentToken, html.DoctypeToken:
			t.Fatal("a comment")
		}
	}
}

// isPicture reports whether an address holds a picture's data, and nothing else.
func isPicture(address string) bool {
	for _, start := range pictureStart {
		if data, ok := strings.CutPrefix(address, string(start)); ok && start != "" {
			return strings.Trim(data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == ""
		}
	}
	return false
}

// shape is markup without its texts and values: elements and attribute names.
func shape(markup string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
		default:
			tag := z.Token()
			b.WriteString(strconv.Itoa(int(tag.Type)) + tag.Data)
			for _, a := range tag.Attr {
				b.WriteString(" " + a.Key)
			}
			b.WriteByte('\n')
		}
	}
}

func hostilePages(t testing.TB, text string) []string {
	tt, ok := t.(*testing.T)
	if !ok {
		t.Fatal("a test is needed")
	}
	h := protocol.Header{Contract: protocol.Diagnosis, Title: "t" + text, Detail: "d" + text, Status: "s" + text, Author: "a" + text, AuthorRole: "r" + text, Unit: "u" + text}
	p, page := reading(tt, everyKind(text), h)
	pages := []string{whole(page)}
	p.s.Notice = Notice{Fault: protocol.FaultBusy, ID: "i" + text}
	p.s.Me.Node, p.s.Me.Site, p.s.Me.Person, p.s.Me.Commission.Name, p.s.Me.Commission.CareUnit = "n"+text, "s"+text, protocol.Person{Key: "k", Name: "p" + text, Title: "t" + text}, "c"+text, "u"+text
	shell := Render(&p.s)
	pages = append(pages, regionOf(shell, "banner")+regionOf(shell, "notice")+regionOf(shell, "footer"))
	p.s.Me.Commissions = []protocol.CommissionInfo{{Name: "a" + text, CareUnit: "b" + text, Usable: true}, {Name: "a" + text, CareProvider: "b" + text}}
	p.s.Wish.Commission = protocol.CommissionID{}
	pages = append(pages, regionOf(Render(&p.s), "main"))
	p.s.Me.Person, p.s.Me.People = protocol.Person{}, []protocol.Person{{Key: "k" + text, Name: "n" + text, Title: "t" + text}}
	pages = append(pages, regionOf(Render(&p.s), "main"))
	return append(pages, hostileAnswers(tt, text)...)
}

// hostileAnswers are pages of what nodes tell beside documents.
func hostileAnswers(t *testing.T, text string) (pages []string) {
	p := toNoBasis(t, mayAttest())
	p.get(1, protocol.Freshness{Late: []protocol.LateFeed{{Name: "f" + text}}})
	p.get(1, protocol.Coverage{Rows: []protocol.CoverageRow{{CareProvider: "a", Name: "n" + text, Contract: protocol.Diagnosis}, {CareProvider: "b" + text, Contract: protocol.CarePlans}}})
	toProviders(t, p)
	p.s.Ladder.Providers = []protocol.ProviderMark{{Name: "p" + text, Has: true, Blocked: true}}
	pages = append(pages, page(p))
	p.act(ActCoverage, "")
	pages = append(pages, page(p))
	row := protocol.LogRow{
		ID: "i" + text, At: 1, Activity: "a" + text, Patient: testPatient, Note: "n" + text, Owners: []string{"o" + text},
		Who: protocol.LogWho{Employee: "e" + text, Name: "n" + text, Title: "t" + text, CareUnit: "u" + text, CareProvider: "c" + text, Purpose: "p" + text},
	}
	p = reported(t, protocol.ReportSample, protocol.Report{Rows: []protocol.LogRow{row}, Counts: []protocol.Count{{Series: "s" + text, Label: "a long label" + text, Number: 10}}})
	p.act(ActReviewAsk, row.ID)
	pages = append(pages, page(p))
	p = reported(t, protocol.ReportOwnAccess, protocol.Report{Rows: []protocol.LogRow{row}})
	return append(pages, page(p))
}

func TestHostileTextNeverBecomesMarkup(t *testing.T) {
	plain := hostilePages(t, "x")
	for _, text := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onclick='alert(1)`, "` onload=`x", `</code></td></table><a href="javascript:x">`,
		`<!--`, `]]>`, `&lt;script&gt;`, "\x00<b>", "\x1ed\x1fstate\x1foverview\x1e", "\u202e<svg/onload=x>", "\xff\xfe<\xc0\xbcscript>", `<template><style>`, "a\r\n<p>",
	} {
		for i, page := range hostilePages(t, text) {
			inert(t, page)
			if diff := cmp.Diff(shape(plain[i]), shape(page)); diff != "" && !strings.ContainsAny(text, "\n") {
				t.Errorf("%q changes page %d:\n%s", text, i, diff)
			}
			if strings.ContainsAny(page, fieldEnd+commandEnd) {
				t.Errorf("%q brings a separator into page %d", text, i)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "<>&\"'`", "\xff", "\u202e", "å ä ö", "\x1f\x1e\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		escaped := new(markup).text(s).String()
		if strings.ContainsAny(escaped, "<>\"'`\x00\x1e\x1f\r") {
			t.Fatalf("%q", escaped)
		}
		inert(t, `<p title="">`[:2]+`>`+escaped)
		z := html.NewTokenizer(strings.NewReader(`<b id="` + escaped + `">`))
		z.Next()
		if tag := z.Token(); tag.Data != "b" || len(tag.Attr) != 1 || z.Next() != html.ErrorToken {
			t.Fatalf("%q leaves its attribute", escaped)
		}
	})
}

func TestNoAddressBecomesALink(t *testing.T) {
	_, page := reading(t, everyKind(""), protocol.Header{Contract: protocol.Diagnosis})
	if got := regionOf(page, "reader"); strings.Contains(got, "href") || strings.Contains(got, "src=") || !strings.Contains(got, "javascript:alert(1)") {
		t.Error("the address is a link, or is not shown")
	}
}

func TestDirectionCannotBeTurned(t *testing.T) {
	if got := new(markup).text("10\u202e5\u2066 mg").String(); got != "10\ufffd5\ufffd mg" {
		t.Errorf("%q", got)
	}
}

// There is no way from a text to a literal: the conversion stands nowhere.
func TestNoTextIsMadeALiteral(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(src), "literal(") {
			t.Errorf("%s converts to literal", name)
		}
	}
}

func TestTextsAreThereInBothLanguages(t *testing.T) {
	for i := txtNone + 1; i < txtEnd; i++ {
		for _, lang := range []protocol.Language{protocol.Swedish, protocol.English} {
			if textOf(lang, i) == "" {
				t.Errorf("text %d is missing in %s", i, lang.Tag())
			}
		}
	}
}

func TestLanguage(t *testing.T) {
	p := toOverview(t)
	p.act(ActLanguage, "en")
	page := Render(&p.s)
	if page.Lang != "en" || !strings.Contains(whole(page), "4 documents") {
		t.Error("not in English")
	}
	p.act(ActLanguage, "sv")
	if page := Render(&p.s); page.Lang != "sv" || !strings.Contains(whole(page), "4 dokument") {
		t.Error("not in Swedish")
	}
}

func TestPatientIsWrittenNowhereButInThePage(t *testing.T) {
	p := toOverview(t)
	for _, d := range Render(&p.s).Data {
		if strings.Contains(d.Value, "1997") {
			t.Errorf("data-%s", d.Name)
		}
	}
	p.s.Notice = Notice{Fault: protocol.FaultBusy, ID: "abc", At: 1_700_000_000_000}
	if got, want := noticeText(&p.s), "TV-2006 abc 2023-11-14 23:13:20 a1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p = toPatient(t)
	p.do(Typed{FieldPatient, "199701062384"})
	if html := whole(Render(&p.s)); strings.Contains(html, "1997") || !strings.Contains(html, `data-test="patient-bad"`) {
		t.Error("what was typed is echoed, or its fault is not told")
	}
}

func TestSwedishTime(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	check := func(at time.Time) {
		t.Helper()
		if got, want := civilOf(protocol.Instant(at.UnixMilli())), at.In(zone).Format(time.DateTime); got != want {
			t.Errorf("%v: %s, want %s", at, got, want)
		}
	}
	for year := 1997; year < 2100; year++ {
		for month := time.January; month <= time.December; month++ {
			for day := 1; day <= 31; day += 3 {
				check(time.Date(year, month, day, 0, 59, 59, 0, time.UTC))
			}
			for day := 24; day <= 31; day++ {
				check(time.Date(year, month, day, 0, 59, 59, 0, time.UTC))
				check(time.Date(year, month, day, 1, 0, 0, 0, time.UTC))
				check(time.Date(year, month, day, 22, 30, 0, 0, time.UTC))
			}
		}
	}
}

func TestPainterPaintsWhatChanged(t *testing.T) {
	p := toOverview(t)
	painter := NewPainter()
	first := painter.Paint(&p.s, nil)
	for _, id := range []string{"main", "banner", "patient-head", "list-count", "rows", "reader"} {
		if !strings.Contains(first, fieldEnd+id+fieldEnd) {
			t.Errorf("%s is not painted", id)
		}
	}
	if again := painter.Paint(&p.s, nil); again != "" {
		t.Errorf("painted again: %q", again)
	}
	if got, want := painter.Paint(&p.s, []Effect{FocusOn{"x"}, ScrollList{5}, ScrollReader{}}), "f\x1fx\x1es\x1f5\x1er\x1e"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.do(Focused{rowID(testDocs()[0].Key)})
	if got := painter.Paint(&p.s, nil); !strings.HasPrefix(got, "l\x1frows\x1f") || strings.Contains(got, "main") {
		t.Errorf("one row's change painted %q", got)
	}
}

func TestPainterKeepsNothingThatWasWiped(t *testing.T) {
	p, _ := reading(t, everyKind("hemligt"), protocol.Header{Contract: protocol.Diagnosis})
	painter := NewPainter()
	painter.Paint(&p.s, nil)
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged})
	painter.Paint(&p.s, nil)
	kept := painter.text + painter.rows
	for _, html := range painter.html {
		kept += html
	}
	if strings.Contains(kept, "hemligt") || strings.Contains(kept, "1997") || painter.read != (readerKey{}) {
		t.Error("the painter keeps what was wiped")
	}
}

// A text that nobody uses is one that nobody reads over.
func TestEveryTextIsUsed(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var list, all string
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "textnames.go" {
			list = string(src)
		}
		if !strings.HasSuffix(name, "_test.go") {
			all += string(src)
		}
	}
	for line := range strings.Lines(list) {
		name := strings.TrimSpace(line)
		if !strings.HasPrefix(name, "txt") || strings.ContainsAny(name, " :(") || name == "txtEnd" {
			continue
		}
		if n := strings.Count(all, name+",") + strings.Count(all, name+")") + strings.Count(all, name+"\n") + strings.Count(all, name+"}"); n < 2 {
			t.Errorf("%s is not used", name)
		}
	}
}
