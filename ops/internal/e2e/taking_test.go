package e2e

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol/admin"
)

// printers shows what a printer and the clipboard are given. The page sees that they
// were, as a test waits for changes of it.
const printers = `window.papers = []; window.clip = [];
const given = (to, what) => { to.push(what); document.documentElement.dataset.given = papers.length + clip.length };
window.print = () => given(papers, document.querySelector('[data-test="paper"]')?.innerText ?? '');
Object.defineProperty(navigator, 'clipboard', {value: {writeText: text => { given(clip, text); return Promise.resolve() }}});`

// gained counts what the access log has gained, by activity and outcome.
func gained(t *testing.T, before int) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, e := range accesses(t)[before:] {
		n[e.Activity+" "+e.Outcome]++
	}
	return n
}

// lets has a node let users print and copy, or not any more.
func lets(t *testing.T, node string, print, copying bool) {
	t.Helper()
	own, err := admin.LoadTopology(stage.ClusterFile(node))
	if err != nil {
		t.Fatal(err)
	}
	own.Policy = admin.Policy{Print: print, Copy: copying}
	text, err := own.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stage.ClusterFile(node), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stage.Replace(t.Context(), node, ""), stage.WaitReady(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsTakenIsRecorded prints and copies where the operator lets one: only what was
// meant is on the paper, and it is in the record before.
func TestWhatIsTakenIsRecorded(t *testing.T) {
	const node = "b2"
	lets(t, node, true, true)
	defer lets(t, node, false, false)
	p := tab(t, browser(t), printers)
	p.do(chromedp.Navigate(stage.URL(node)))
	p.waitState("who")
	p.press(`[data-test="person"][data-value="anna"]`)
	p.waitState("commission")
	p.shows(patients.Fiona)
	p.shot("1-before")
	title := eval[string](p, hook("reader-title")+`.textContent`)
	before := len(accesses(t))
	p.press(`[data-test="print"]:not([data-value="list"])`)
	p.wait(`window.papers.length === 1`)
	if n := gained(t, before); n["Utskrift permit"] != 1 || len(n) != 1 {
		t.Errorf("the access log gained %v", n)
	}
	if text := eval[string](p, `window.papers[0]`); !strings.Contains(text, title) || !strings.Contains(text, "Anna Lindqvist") {
		t.Errorf("on the paper: %q", text)
	}
	p.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
	p.shot("2-paper")
	for what, there := range map[string]bool{"paper": true, "row": false, "count": false, "time-chart": false, "close-reader": false, "print": false} {
		if seen := eval[bool](p, `[...document.querySelectorAll('[data-test="`+what+`"]')].some(e => e.checkVisibility())`); seen != there {
			t.Errorf("%s on the paper: %t", what, seen)
		}
	}
	p.call("Emulation.setEmulatedMedia", map[string]any{"media": ""}, nil)
	paper, err := chromedp.Run(p.ctx, chromedp.PrintToPDF()) // ends as a printout does
	if err != nil {
		t.Fatal(err)
	}
	if len(paper) < 8<<10 {
		t.Errorf("the paper is %d bytes: nothing is on it", len(paper))
	}
	p.wait(`!document.querySelector('[data-test="paper"]')`)
	if paper, err = chromedp.Run(p.ctx, chromedp.PrintToPDF()); err != nil || len(paper) > 4<<10 {
		t.Errorf("the page printed again is %d bytes: %v", len(paper), err)
	}
	before = len(accesses(t))
	p.marks("document")
	p.key("c", "copy")
	p.wait(`window.clip.length === 1`)
	if n := gained(t, before); n["Kopiering permit"] != 1 || len(n) != 1 {
		t.Errorf("the access log gained %v", n)
	}
	if text := eval[string](p, `window.clip[0]`); len(text) < 20 || !strings.Contains(eval[string](p, hook("document")+`.innerText`), strings.Split(text, "\n")[0]) {
		t.Errorf("%q was copied", text)
	}
	p.shot("3-copied")
}

// marks selects what an element says.
func (p *page) marks(name string) {
	p.t.Helper()
	eval[bool](p, `(getSelection().selectAllChildren(`+hook(name)+`), true)`)
}

// TestNothingIsTakenWhereItIsNotAllowed prints and copies where the operator does not let
// one: nothing comes of it, a page that has been tampered with is refused, and that is
// recorded.
func TestNothingIsTakenWhereItIsNotAllowed(t *testing.T) {
	p := tab(t, browser(t), printers)
	reading(t, p, "a1", "anna", patients.Fiona)
	if eval[bool](p, `!!`+hook("print")) {
		t.Error("printing is offered")
	}
	before := len(accesses(t))
	p.key("p", "")
	p.waitHook("calm")
	p.shot("1-print")
	p.click("dismiss")
	p.wait(`!` + hook("calm"))
	p.marks("document")
	p.key("c", "copy")
	p.waitHook("calm")
	p.shot("2-copy")
	if eval[int](p, `window.papers.length + window.clip.length`) != 0 || len(accesses(t)) != before {
		t.Errorf("%d on paper or copied, the access log gained %v", eval[int](p, `window.papers.length + window.clip.length`), gained(t, before))
	}
}
