package gallery

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"tvilling/ops/internal/demo/patients"
)

// to presses the tab key until a control has the focus, and fails where it does not come.
func to(selector string) act {
	return func(p *page) {
		p.t.Helper()
		p.wait(`document.querySelector('` + selector + `')`)
		for range 80 {
			if eval[bool](p, `document.activeElement?.matches('`+selector+`') === true`) {
				return
			}
			keys(kb.Tab)(p)
		}
		p.shot("lost")
		p.t.Fatalf("%s: the tab key does not come to %s; the focus is at %s", p.state, selector, eval[string](p, `document.activeElement.outerHTML.slice(0, 200)`))
	}
}

// key presses a key and waits for what it brings about.
func key(name, until string) []act { return []act{keys(name), await(until)} }

// A visit from the first page to the last with nothing but keys: a document is read, a
// trend opened, the list searched, the timeline zoomed, a day picked, and the patient closed.
func TestByKeysAlone(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	p.open(state{name: "by keys alone", scene: play(consented), until: there("person")}, setting{})
	row := func(place string) string {
		return `(({ariaPosInSet, ariaSetSize}) => ariaPosInSet == ` + place + `)(document.activeElement.closest('#rows > li'))`
	}
	for _, part := range [][]act{
		{to(`[data-test="person"]`)}, key(kb.Enter, at("commission")),
		{to(`[data-test="commission"]`)}, key(kb.Enter, at("patient")),
		{to(`#patient-id`), keys(patients.Fiona)}, key(kb.Enter, at("choice")),
		{to(`#type-5`), keys(" "), to(`#check-all`)}, key(kb.Enter, `document.querySelectorAll('[data-test="type"]:checked').length === 12`),
		{to(`#show`)}, key(kb.Enter, at("overview")),
		{to(`#chart`)}, key("+", there("all-time")), key(kb.ArrowLeft, there("all-time")),
		{to(`#rows [tabindex="0"]`)}, key(kb.ArrowDown, row(`2`)), key(kb.End, row(`ariaSetSize`)), key(kb.Home, row(`1`)), key(kb.Enter, there("document")),
		{to(`#reader [data-act="trend"]`)}, key(kb.Enter, there("trend-panel")+` && `+there("chart")),
		key(kb.Escape, `!`+there("trend-panel")+` || !`+there("document")),
		{to(`#search`), keys("hemoglobin")}, key("", there("chip")),
		{to(`[data-test="chip"]`)}, key(kb.Enter, `!(`+there("chip")+`)`),
		{to(`#tab-0`)}, key(kb.ArrowRight, `document.querySelector('#tab-1[aria-selected=true]')`),
		{to(`[role="grid"] [tabindex="0"], .days [tabindex="0"]`)}, key(kb.Enter, there("chip")),
		{to(`#leave`)}, key(kb.Enter, there("dialog")), key(kb.Enter, at("patient")),
	} {
		for _, act := range part {
			act(p)
		}
	}
	if text := eval[string](p, `document.body.innerText`); strings.Contains(text, "19970106") {
		t.Error("the patient was closed and still stands on the page")
	}
}
