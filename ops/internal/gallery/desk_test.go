package gallery

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tvilling/protocol"
)

// paperOnly keeps the browser from opening its own printing.
func paperOnly(p *page) {
	p.t.Helper()
	eval[bool](p, `(() => { window.print = () => { document.documentElement.dataset.printed = "1" }; return true })()`)
}

// TestDesk does in a browser what the browser alone can tell: where the focus goes, what
// can be reached, and what leaves the page.
func TestDesk(t *testing.T) {
	p := newPage(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *page)
	}{
		{"a question has the focus", questionHasTheFocus},
		{"the warning comes and goes", warningComesAndGoes},
		{"help is beside the view", helpIsBesideTheView},
		{"Escape takes the words back first", escapeTakesTheWordsBackFirst},
		{"nothing is taken unasked", nothingIsTakenUnasked},
		{"a printout is the document alone", printoutIsTheDocumentAlone},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, p.in(t)) })
	}
}

// questionHasTheFocus asks before the patient is closed. Nothing under the question
// can be reached until it is answered, and then the focus is where it was.
func questionHasTheFocus(t *testing.T, p *page) {
	s := named(t, "session/leave-asks")[0]
	s.acts = then(toOverview, []act{
		func(p *page) { eval[bool](p, hook("leave")+`.focus(), true`) }, press("leave"),
	})
	p.open(s, setting{})
	const focus = `document.activeElement.id`
	if got := eval[string](p, focus); got != "dialog-yes" {
		t.Errorf("the focus is at %q", got)
	}
	for range 6 {
		p.do(chromedp.KeyEvent("\t"))
		if !eval[bool](p, `document.activeElement === document.body || document.getElementById('dialog').contains(document.activeElement)`) {
			t.Fatalf("Tab leads out of the question, to %q", eval[string](p, focus))
		}
	}
	eval[bool](p, `document.getElementById('dialog-yes').focus(), true`)
	p.do(chromedp.KeyEvent("\u001b"))
	p.wait(`!(` + there("dialog") + `)`)
	if got := eval[string](p, focus); got != "leave" {
		t.Errorf("after Escape the focus is at %q", got)
	}
	p.do(chromedp.KeyEvent("\r"))
	p.wait(there("dialog"))
	p.do(chromedp.KeyEvent("\r"))
	p.wait(at("patient"))
	if got := eval[string](p, focus); got != "patient-id" {
		t.Errorf("after the answer the focus is at %q", got)
	}
}

// warningComesAndGoes by the keyboard alone.
func warningComesAndGoes(t *testing.T, p *page) {
	s := named(t, "session/warning")[0]
	s.acts = []act{
		press("commission"), await(at("patient")), fill("patient-id", "1997"), passes(13*time.Minute + 30*time.Second),
	}
	p.open(s, setting{})
	p.do(chromedp.KeyEvent("\r"))
	p.wait(`!(` + there("dialog") + `)`)
	if got := eval[string](p, `document.activeElement.id + ' ' + document.getElementById('patient-id').value`); got != "patient-id 1997" {
		t.Errorf("after the answer: %q", got)
	}
}

// escapeTakesTheWordsBackFirst where one writes, and what one reads stays.
func escapeTakesTheWordsBackFirst(t *testing.T, p *page) {
	const field = `document.activeElement.id + '=' + document.activeElement.value`
	p.open(named(t, "patient/typing")[0], setting{})
	p.do(chromedp.KeyEvent("\u001b"))
	p.settle()
	if got := eval[string](p, field); got != "patient-id=1997010" {
		t.Errorf("after Escape in the patient's field: %s", got)
	}
	s := state{name: "desk/escape", scene: play(consented), acts: then(toOverview, []act{pressAt(`[data-test="row"]`), await(there("document")), fill("search", "hemoglobin")}), until: there("chip")}
	p.open(s, setting{})
	p.do(chromedp.KeyEvent("\u001b"))
	p.wait(`!(` + there("chip") + `)`)
	if got := eval[string](p, field); got != "search=" {
		t.Errorf("after Escape in the search: %s", got)
	}
	if !eval[bool](p, there("document")) {
		t.Fatal("the document is closed")
	}
	p.do(chromedp.KeyEvent("b"))
	p.wait(there("chip")) // one goes on typing where one is
	p.do(chromedp.KeyEvent("\u001b"))
	p.wait(`!(` + there("chip") + `)`)
	p.do(chromedp.KeyEvent("\u001b"))
	p.wait(`!(` + there("document") + `)`)
}

// helpIsBesideTheView opens and closes by the keyboard, and gives the focus back.
func helpIsBesideTheView(t *testing.T, p *page) {
	p.open(named(t, "guide/patient")[0], setting{})
	if got := eval[string](p, `document.activeElement.id`); got != "guide-title" {
		t.Errorf("the focus is at %q", got)
	}
	if !eval[bool](p, `document.getElementById('guide').getBoundingClientRect().left >= document.getElementById('main').getBoundingClientRect().right`) {
		t.Error("the help lies over the view")
	}
	p.do(chromedp.KeyEvent("\u001b"))
	p.wait(`!(` + there("guide") + `)`)
	if got := eval[string](p, `document.activeElement.dataset.test`); got != "guide-open" {
		t.Errorf("after Escape the focus is at %q", got)
	}
}

// copied marks what there is, tries to copy it, and tells whether the browser was let.
const copied = `(from => {
	getSelection().selectAllChildren(from);
	const e = new ClipboardEvent('copy', {bubbles: true, cancelable: true});
	(from === document.body ? document.body : from.firstElementChild ?? from).dispatchEvent(e);
	return !e.defaultPrevented;
})`

// markedFromTrace copies what may be copied, the number of a fault: with the page that
// comes after it, and alone.
const markedFromTrace = `(() => {
	const trace = document.createElement('p');
	trace.className = 'trace';
	trace.textContent = 'TV-1';
	document.getElementById('notice').append(trace);
	const copy = () => {
		const e = new ClipboardEvent('copy', {bubbles: true, cancelable: true});
		trace.dispatchEvent(e);
		return e.defaultPrevented ? 'kept' : 'let';
	};
	getSelection().setBaseAndExtent(trace.firstChild, 0, document.getElementById('main'), 1);
	const along = copy();
	getSelection().selectAllChildren(trace);
	return along + ', ' + copy();
})()`

// nothingIsTakenUnasked copies, drags and prints by the browser's own means.
func nothingIsTakenUnasked(t *testing.T, p *page) {
	s := named(t, "overview/own")[0]
	s.acts = then([]act{paperOnly}, s.acts)
	p.open(s, setting{})
	for _, from := range []string{`document.getElementById('patient-head')`, `document.getElementById('rows')`, `document.body`} {
		if eval[bool](p, copied+`(`+from+`)`) {
			t.Errorf("%s can be copied", from)
		}
	}
	p.wait(there("calm"))
	if got := eval[string](p, markedFromTrace); got != "kept, let" {
		t.Errorf("marked from what is to be told to support, with the page and without: %s", got)
	}
	if eval[bool](p, `document.getElementById('patient-head').dispatchEvent(new Event('dragstart', {bubbles: true, cancelable: true}))`) {
		t.Error("it can be dragged away")
	}
	eval[bool](p, `document.dispatchEvent(new KeyboardEvent('keydown', {key: 'p', ctrlKey: true, bubbles: true, cancelable: true})), true`)
	p.settle()
	if eval[bool](p, `"printed" in document.documentElement.dataset`) {
		t.Error("it is printed")
	}
	p.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"})
	if got := eval[string](p, `getComputedStyle(document.body).display`); got != "none" {
		t.Errorf("on paper the page is %q", got)
	}
}

// printoutIsTheDocumentAlone prints as the policy allows: one document, and after
// it nothing.
func printoutIsTheDocumentAlone(t *testing.T, p *page) {
	s := state{name: "paper/document", scene: play(consented, terms(protocol.Session{Print: true}))}
	s.acts = then([]act{paperOnly}, toOverview, []act{press("row"), await(there("document")), pressAt(`#print-document`)})
	s.until = `document.documentElement.dataset.printed === "1"`
	p.open(s, setting{})
	p.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"})
	shown := func(id string) bool {
		return eval[bool](p, `document.getElementById('`+id+`').getClientRects().length > 0`)
	}
	if !shown("paper") || shown("work") || shown("banner") || shown("footer") {
		t.Error("on the paper is more than the document, or not even that")
	}
	if !eval[bool](p, `/5d20aa71c3f8/.test(document.getElementById('paper').innerText)`) {
		t.Error("the paper does not say where it is recorded")
	}
	eval[bool](p, `window.dispatchEvent(new Event('afterprint')), true`)
	p.wait(`document.getElementById('paper').childElementCount === 0`)
	if got := eval[string](p, `getComputedStyle(document.body).display`); got != "none" {
		t.Errorf("afterwards the page is %q on paper", got)
	}
}
