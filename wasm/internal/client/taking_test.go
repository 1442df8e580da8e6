package client

import (
	"slices"
	"strings"
	"testing"

	"tvilling/protocol"
)

// allowed has a document open, under a policy.
func allowed(t *testing.T, print, copies bool) *play {
	p, _ := reading(t, everyKind("hemligt"), protocol.Header{Contract: protocol.Diagnosis, Title: "Hypertoni"})
	p.get(1, protocol.Session{Print: print, Copy: copies})
	return p
}

func TestPolicyThatAllowsNothing(t *testing.T) {
	p := allowed(t, false, false)
	if html := regionOf(Render(&p.s), "main"); strings.Contains(html, `data-act="print"`) {
		t.Error("there is a way to print")
	}
	p.act(ActPrint, "")
	p.act(ActPrint, "list")
	p.act(ActTakeSave, "0")
	p.do(Printing{})
	if p.s.Notice.Calm != txtNoPrint || p.s.Said.Status == "" {
		t.Error("it does not say why nothing is printed")
	}
	p.do(Copying{})
	if p.s.Notice.Calm != txtNoCopy || !slices.Contains(p.last, Effect(Release{})) {
		t.Error("it does not say why nothing is copied, or what was marked is kept")
	}
	if sentCount[protocol.Take](p) != 0 {
		t.Error("the node was asked")
	}
	p.s.Notice = Notice{Fault: protocol.FaultBusy}
	p.do(Printing{})
	if p.s.Notice.Fault != protocol.FaultBusy {
		t.Error("a policy hides a fault")
	}
}

func TestPrintingIsRecordedFirst(t *testing.T) {
	p := allowed(t, true, false)
	p.do(Printing{})
	if p.s.Notice.Calm != txtPrintBy || sentCount[protocol.Take](p) != 0 {
		t.Error("the browser's own printing does more than to say how one prints")
	}
	p.act(ActPrint, "")
	take := sentLast[protocol.Take](p)
	if take.How != protocol.TakePrint || !slices.Equal(take.Documents, []protocol.DocumentKey{{15: 7}}) || take.Generation != 1 {
		t.Fatalf("%+v", take)
	}
	if regionOf(Render(&p.s), "paper") != "" || p.s.onPaper() != "" {
		t.Fatal("it lies there to be printed before it is recorded")
	}
	p.get(1, protocol.Taken{Request: take.Request + 9, ID: "another"})
	p.get(1, protocol.Taken{Request: take.Request, ID: "log-1"})
	if paint, print := slices.Index(p.last, Effect(Paint{})), slices.Index(p.last, Effect(Print{})); paint < 0 || print < paint {
		t.Errorf("effects %v", p.last)
	}
	html := regionOf(Render(&p.s), "paper")
	for _, want := range []string{"19970106-2383", "hemligt", "log-1", "Anna", "Vinden"} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is not on the paper", want)
		}
	}
	inert(t, html)
	p.do(Printed{})
	if !slices.Contains(p.last, Effect(Paint{})) {
		t.Error("the paper is not taken back at once")
	}
	if regionOf(Render(&p.s), "paper") != "" || p.s.onPaper() != "" {
		t.Error("the paper stays")
	}
}

func TestWholeListIsPrinted(t *testing.T) {
	p := toOverview(t)
	p.get(1, protocol.Session{Print: true})
	p.act(ActPrint, "list")
	take := sentLast[protocol.Take](p)
	if len(take.Documents) != 0 {
		t.Fatalf("%+v", take)
	}
	p.get(1, protocol.Taken{Request: take.Request, ID: "log-2"})
	if html := regionOf(Render(&p.s), "paper"); strings.Count(html, "<tr><td>") != 6 || p.s.onPaper() != "list" {
		t.Errorf("%s", html)
	}
}

// What is withdrawn while the node records it does not leave the screen.
func TestNothingWithdrawnIsTaken(t *testing.T) {
	for name, end := range map[string]func(*play){
		"all of it": func(p *play) { p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged}) },
		"one": func(p *play) {
			p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{{15: 7}}})
		},
		"closed": func(p *play) { p.act(ActCloseReader, "") },
		"left":   func(p *play) { p.act(ActLeave, ""); p.act(ActLeaveConfirm, "") },
		"refused": func(p *play) {
			p.get(1, protocol.Refused{Request: sentLast[protocol.Take](p).Request, Fault: protocol.FaultPolicy})
		},
		"cut": func(p *play) { p.do(Disconnected{1, 1006}) },
	} {
		for _, how := range []func(*play){
			func(p *play) { p.act(ActPrint, "") },
			func(p *play) { p.do(Copying{Document: true}) },
			func(p *play) { p.act(ActTakeSave, "0") },
		} {
			p := allowed(t, true, true)
			how(p)
			take := sentLast[protocol.Take](p)
			end(p)
			forgot := slices.Contains(p.last, Effect(Release{}))
			p.get(1, protocol.Taken{Request: take.Request, ID: "x"})
			forgot = forgot || slices.Contains(p.last, Effect(Release{}))
			if effects[Print](p.last)+effects[Save](p.last) != 0 || slices.Contains(p.last, Effect(Release{Go: true})) || p.s.onPaper() != "" {
				t.Errorf("%s: way %d: %v", name, take.How, p.last)
			}
			if take.How == protocol.TakeCopy && !forgot {
				t.Errorf("%s: what was marked is kept", name)
			}
		}
	}
}

func TestCopyIsRecordedFirst(t *testing.T) {
	p := allowed(t, false, true)
	p.do(Copying{Document: true})
	take := sentLast[protocol.Take](p)
	if take.How != protocol.TakeCopy || len(take.Documents) != 1 || len(p.last) != 1 {
		t.Fatalf("%+v, %v", take, p.last)
	}
	p.get(1, protocol.Taken{Request: take.Request, ID: "log-3"})
	if !slices.Contains(p.last, Effect(Release{Go: true})) || p.s.Desk.Taking != (Taking{}) {
		t.Errorf("%v", p.last)
	}
}

// What is recorded is what was marked: the list, though a document is open beside it.
func TestCopyOfTheListIsRecordedAsOne(t *testing.T) {
	p := allowed(t, false, true)
	p.do(Copying{})
	if take := sentLast[protocol.Take](p); take.How != protocol.TakeCopy || len(take.Documents) != 0 {
		t.Errorf("%+v", take)
	}
}

// Who tries twice has what was marked the second time, when that is recorded.
func TestCopyThatIsTriedTwice(t *testing.T) {
	p := allowed(t, false, true)
	p.do(Copying{Document: true})
	first := sentLast[protocol.Take](p).Request
	p.do(Copying{})
	if effects[Release](p.last) != 0 {
		t.Error("what was marked last is forgotten before it is recorded")
	}
	p.get(1, protocol.Taken{Request: first, ID: "log-3"})
	if effects[Release](p.last) != 0 {
		t.Error("the record of the first lets the second go")
	}
	p.get(1, protocol.Taken{Request: sentLast[protocol.Take](p).Request, ID: "log-4"})
	if !slices.Contains(p.last, Effect(Release{Go: true})) {
		t.Errorf("%v", p.last)
	}
}

func TestMarkedTextGoesWithAnyOfIt(t *testing.T) {
	for name, end := range map[string]func(*play){
		"removed": func(p *play) {
			items := append(testDocs()[1:], protocol.Item{Key: protocol.DocumentKey{15: 7}, Rev: 7})
			count, digest := sum(items)
			p.get(1, protocol.Batch{Generation: 1, From: 101, To: 102, Removes: []protocol.DocumentKey{{15: 1}}, Count: count, Digest: digest})
		},
		"page": func(p *play) { p.do(Leaving{}) },
	} {
		p := allowed(t, false, true)
		p.do(Copying{})
		take := sentLast[protocol.Take](p)
		end(p)
		if !slices.Contains(p.last, Effect(Release{})) {
			t.Errorf("%s: what was marked is kept", name)
		}
		p.get(1, protocol.Taken{Request: take.Request, ID: "log-3"})
		if effects[Release](p.last) != 0 {
			t.Errorf("%s: it is let go", name)
		}
	}
}

// Under the number of one document no other is printed, though the browser never says
// that it is done.
func TestPaperIsOfTheRecordedDocument(t *testing.T) {
	p := allowed(t, true, false)
	p.act(ActPrint, "")
	p.get(1, protocol.Taken{Request: sentLast[protocol.Take](p).Request, ID: "log-1"})
	other := protocol.DocumentKey{15: 2}
	p.act(ActRead, keyText(other))
	if p.s.onPaper() != "" || !slices.Contains(p.last, Effect(Paint{})) {
		t.Error("the paper stays")
	}
	p.get(1, protocol.BodyFrame{Request: sentLast[protocol.Read](p).Request, Generation: 1, Document: other, Body: everyKind("annat")})
	if html := regionOf(Render(&p.s), "paper"); html != "" {
		t.Errorf("the paper is of another document: %s", html)
	}
}

// Nothing is read, printed or saved from a page that offers no way to it.
func TestNothingIsTakenFromBeneathAnotherPage(t *testing.T) {
	for _, over := range []Action{ActHelp, ActFeedback, ActChoice} {
		p := allowed(t, true, true)
		p.act(over, "")
		sent := len(p.sent)
		for _, a := range []Act{{ActPrint, ""}, {ActPrint, "list"}, {ActTakeSave, "0"}, {ActRead, keyText(protocol.DocumentKey{15: 2})}, {ActTrend, "0|s|c|n"}, {ActFilters, ""}, {ActTab, "2"}} {
			p.do(a)
		}
		p.do(Copying{Document: true})
		if len(p.sent) != sent || p.s.Reader.Key != (protocol.DocumentKey{15: 7}) || p.s.Tools.Filters || p.s.Timeline.Tab != TabTimeline {
			t.Errorf("%s: %v", over, p.sent[sent:])
		}
	}
}

func TestAttachmentIsSaved(t *testing.T) {
	p := allowed(t, false, true)
	p.act(ActTakeSave, "0")
	take := sentLast[protocol.Take](p)
	p.get(1, protocol.Taken{Request: take.Request, ID: "log-4"})
	var saved []Save
	for _, e := range p.last {
		if s, ok := e.(Save); ok {
			saved = append(saved, s)
		}
	}
	if len(saved) != 1 || saved[0].Name != "bilaga-1.bin" || len(saved[0].Data) != 2048 {
		t.Errorf("%d saved", len(saved))
	}
	asked := sentCount[protocol.Take](p)
	for _, none := range []string{"99", "-1", "x"} {
		p.act(ActTakeSave, none)
		if sentCount[protocol.Take](p) != asked {
			t.Errorf("%q is recorded", none)
		}
		p.get(1, protocol.Taken{Request: sentLast[protocol.Take](p).Request, ID: "log-5"})
		if effects[Save](p.last) != 0 {
			t.Errorf("%q was saved", none)
		}
	}
}

// A printed list says of each row what its row on the screen says, and what it is a
// list of: paper that is found later cannot be asked.
func TestPrintedListSaysWhatItIs(t *testing.T) {
	p := toOverview(t)
	p.get(1, protocol.Session{Print: true})
	change := func(n byte, to func(*protocol.Header)) {
		item, _ := p.s.View.Store.get(protocol.DocumentKey{15: n})
		to(&item.Header)
		p.s.View.Store.put(item)
	}
	owner := parsed(protocol.ParseCareProviderID("SE2321000016-G100"))
	change(1, func(h *protocol.Header) { h.Nullified, h.Title = true, "Feldiagnos" })
	change(2, func(h *protocol.Header) {
		h.Signed, h.Status, h.Unit, h.CareProvider = false, "Preliminärt svar", "Vinden", owner
	})
	paper := func() string {
		p.act(ActPrint, "list")
		p.get(1, protocol.Taken{Request: sentLast[protocol.Take](p).Request, ID: "log"})
		html := textOfPage(regionOf(Render(&p.s), "paper"))
		p.do(Printed{})
		return html
	}
	whole := paper()
	for _, want := range []string{"Feldiagnos Makulerad", "Osignerad Preliminärt svar", "Vinden " + p.s.providerName(owner) + " ", countText(p.s.Lang, p.s.View.Store.len()) + ". Urval:"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the paper does not say %q: %s", want, whole)
		}
	}
	if strings.Contains(whole, "Visar") {
		t.Errorf("all documents are said to be some: %s", whole)
	}
	p.do(Typed{FieldFilter, "2"})
	p.do(Typed{FieldSearch, "d"})
	n := p.s.List.Documents
	some := paper()
	for _, want := range []string{"Visar " + thousands(p.s.Lang, n) + " av " + countText(p.s.Lang, p.s.View.Store.len()), "Typ: " + protocol.Contract(2).Label(p.s.Lang) + ".", "Sökord: d."} {
		if !strings.Contains(some, want) {
			t.Errorf("filtered, the paper does not say %q: %s", want, some)
		}
	}
	p.s.List.Held = 2
	if got := paper(); !strings.Contains(got, "2 nya dokument hålls undan") {
		t.Errorf("the paper hides what is held back: %s", got)
	}
}

// Every sheet of a printout says whose it is, and a list that stands under headings is
// printed under them.
func TestASheetFoundAloneSaysWhoseItIs(t *testing.T) {
	for _, of := range []string{"list", ""} {
		p := allowed(t, true, false)
		p.act(ActByType, "")
		p.act(ActPrint, of)
		p.get(1, protocol.Taken{Request: sentLast[protocol.Take](p).Request, ID: "log-3"})
		html := regionOf(Render(&p.s), "paper")
		inert(t, html)
		head, rest, _ := strings.Cut(html, `</thead>`)
		if !strings.HasPrefix(head, `<div class="paper" data-test="paper"><table`) || !strings.Contains(head, formatPatient(p.s.Wish.Patient)) || !strings.HasSuffix(rest, `</table></div>`) {
			t.Errorf("%q: the patient is not in a head that is repeated: %s", of, head)
		}
		if got := strings.Count(rest, `class="paper-group"`); of == "list" && (got < 2 || !strings.Contains(rest, `>Diagnoser: `)) {
			t.Errorf("%d headings: %s", got, rest)
		}
	}
}
