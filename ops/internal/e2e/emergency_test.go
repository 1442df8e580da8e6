package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// unconscious is the reason that is written for an emergency. It stands in the access
// log, and nowhere in the clear.
const unconscious = "Medvetslös efter fall i trappa, läkemedel okända"

// What stands in Harry's records that others have blocked for the medical clinic, and
// what they have not.
var (
	harrysBlocked = []string{"Utredning KOL", "Årskontroll KOL", "Second opinion hosta"}
	harrysOthers  = []string{"Rehabiliteringsplan höft", "Hembesök"}
)

// tall makes the tab so high that the whole list is painted, not a window of it.
func (p *page) tall() {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(1280, 4000))
}

// names are the lines of a list.
func (p *page) names(list string) []string {
	p.t.Helper()
	return eval[[]string](p, `[...document.querySelectorAll('[data-test="`+list+`"] li')].map(e => e.textContent)`)
}

// basis waits until the page says what the access rests on.
func (p *page) basis(want string) {
	p.t.Helper()
	p.wait(hook("basis") + `?.dataset.basis === '` + want + `'`)
}

// holdsNone looks for texts anywhere in the document, shown or not.
func (p *page) holdsNone(when string, texts ...string) {
	p.t.Helper()
	all := eval[string](p, `document.documentElement.outerHTML`)
	for _, text := range texts {
		if strings.Contains(all, text) {
			p.t.Errorf("%s: %q is in the page", when, text)
		}
	}
}

// badged looks for the badge of the emergency with its end, on the page that is shown.
func (p *page) badged(state string) {
	p.t.Helper()
	p.waitState(state)
	p.wait(hook("minutes-left"))
	if said := eval[string](p, hook("basis")+`.textContent`); !strings.Contains(said, "Nödsituation till ") {
		p.t.Errorf("at %s the badge says %q", state, said)
	}
}

// emergency takes the first step of an emergency: which care providers have something.
func (p *page) emergency() {
	p.t.Helper()
	p.click("emergency-ask")
	p.typeIn("reason", unconscious)
	p.click("emergency")
	p.basis("emergency")
	p.waitHook("providers-have")
}

// TestEmergencyInTwoSteps opens an emergency step by step, ends it by hand, and has it
// reviewed: which care providers first, then what they have, what is blocked never.
func TestEmergencyInTwoSteps(t *testing.T) {
	b := browser(t)
	p := signIn(t, b, "a1", "anna")
	p.tall()
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	own := p.showAll()

	p.click("emergency-ask")
	p.waitHook("emergency-warning")
	p.shot("1-warning")
	p.click("emergency")
	p.waitHook("wrong")
	p.basis("none")
	p.click("emergency-skip")
	p.emergency()
	p.shot("2-providers")
	if have := p.names("providers-have"); !slices.Contains(have, patients.Bjorkholm.Name) || slices.Contains(have, patients.Norrmark.Name) {
		t.Errorf("%v have information, want others alone", have)
	}
	blocked := p.names("providers-blocked")
	slices.Sort(blocked)
	if !slices.Equal(blocked, []string{patients.Linden.Name, patients.Sydhav.Name}) {
		t.Errorf("%v have blocked some", blocked)
	}
	if !strings.Contains(p.text(), "begär hävning") {
		t.Error("nothing is said of how a block is lifted")
	}
	p.holdsNone("after the first step", append(harrysOthers, harrysBlocked...)...)

	p.typeIn("reason", unconscious)
	p.click("emergency")
	p.waitHook("wrong") // not attested yet
	p.click("sure")
	p.click("emergency")
	p.wait(hook("basis") + `?.dataset.step === '2'`)
	all := p.showAll()
	if all <= own {
		t.Errorf("%d documents in an emergency and %d without", all, own)
	}
	p.painted()
	for _, text := range harrysOthers {
		if !strings.Contains(p.text(), text) {
			t.Errorf("%q is not shown", text)
		}
	}
	p.holdsNone("in the emergency", harrysBlocked...)
	p.badged("overview")
	p.shot("3-overview")
	for _, aside := range []string{"help", "coverage"} {
		p.click(aside)
		p.badged(aside)
		p.click("aside-close")
		p.badged("overview")
	}
	p.click("choice")
	p.badged("choice")
	p.click("back")
	p.waitState("overview")

	p.endConsent()
	p.basis("none")
	p.becomes(own)
	p.waitHook("calm")
	p.shot("4-ended")
	p.holdsNone("after the end", harrysOthers...)
	reviewed(t, signIn(t, b, "b2", "vera"))
}

// reviewed finds the emergency in the queue, registers an outcome for each of its
// steps, and sees it leave.
func reviewed(t *testing.T, v *page) {
	t.Helper()
	v.followUp()
	v.ask(protocol.ReportEmergencies, "")
	mine := `[...document.querySelectorAll('[data-test="log-row"]')].filter(r => r.textContent.includes('` + unconscious + `'))`
	v.wait(mine + `.length === 2`)
	v.shot("5-queue")
	if text := eval[string](v, mine+`[1].textContent`); !strings.Contains(text, "Anna Lindqvist") || !strings.Contains(text, "19460222-6559") {
		t.Errorf("the queue says %q", text)
	}
	entries := eval[[]string](v, mine+`.map(r => r.dataset.entry)`)
	for i, entry := range entries {
		v.press(`[data-test="review-ask"][data-value="` + entry + `"]`)
		v.waitHook("review-form")
		if i == 0 {
			v.click("review")
			v.waitHook("wrong") // no outcome
		}
		v.press(`[data-test="outcome-choice"][value="1"]`)
		v.typeIn("comment", "Akutjournalen stödjer öppningen")
		if i == 0 {
			v.shot("6-review")
		}
		v.click("review")
		v.wait(`document.querySelector('[data-entry="` + entry + `"] [data-test="outcome"]')?.textContent === 'I sin ordning'`)
	}
	v.shot("7-reviewed")
	v.click("report-ask")
	v.wait(hook("report-empty") + ` || ` + hook("log-row") + ` && ` + mine + `.length === 0`)
}
