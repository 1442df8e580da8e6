package e2e

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/demo/patients"
)

// signIn opens a page at a node and becomes somebody, under that person's commission.
func signIn(t *testing.T, browser context.Context, node, person string) *page {
	t.Helper()
	p := open(t, browser, stage.URL(node))
	p.waitState("who")
	p.press(`[data-test="person"][data-value="` + person + `"]`)
	p.waitState("commission")
	return p
}

// openPatient goes on to a patient, as far as the choice of what to see.
func (p *page) openPatient(id string) {
	p.t.Helper()
	p.click("commission")
	p.waitState("patient")
	p.typeIn("patient-id", id)
	p.click("open-patient")
	p.waitState("choice")
}

// showAll chooses every type and waits for the overview. It returns how many
// documents there are.
func (p *page) showAll() int {
	p.t.Helper()
	p.click("check-all")
	p.wait(`document.querySelectorAll('[data-test="type"]:checked').length === 12`)
	p.click("show")
	p.waitState("overview")
	p.waitHook("count")
	return p.count()
}

// count is how many documents the page says that the view holds.
func (p *page) count() int {
	p.t.Helper()
	n, err := strconv.Atoi(eval[string](p, `document.documentElement.dataset.count ?? ''`))
	if err != nil {
		p.t.Fatalf("the page gives no count: %v", err)
	}
	return n
}

// attest attests the patient's consent, for the whole unit.
func (p *page) attest() {
	p.t.Helper()
	p.click("consent-unit")
	p.click("consent")
	p.wait(hook("basis") + `?.dataset.basis === 'consent'`)
}

// endConsent ends it again from the overview.
func (p *page) endConsent() {
	p.t.Helper()
	p.click("end-ask")
	p.click("end-confirm")
}

func TestOverviewAfterConsent(t *testing.T) {
	p := signIn(t, browser(t), "a1", "anna")
	p.shot("1-commission")
	p.openPatient("19970106-2383")
	p.shot("2-choice")
	p.click("consent-skip")
	own := p.showAll()
	p.shot("3-own")
	p.click("choice")
	p.waitState("choice")
	p.click("consent-ask")
	p.attest()
	all := p.showAll()
	p.shot("4-all")
	if own == 0 || all <= own {
		t.Errorf("%d documents without consent and %d with it: want some of one's own, and more with consent", own, all)
	}
	p.click("by-type")
	p.shot("5-by-type")
	p.click("by-time")
	p.click("row")
	p.waitHook("document")
	p.shot("6-document")
	paper, err := chromedp.Run(p.ctx, chromedp.PrintToPDF())
	if err != nil {
		t.Fatal(err)
	}
	if len(paper) > 4<<10 { // a blank page is a quarter of that; with the records it is twenty times more
		t.Errorf("the page printed is %d bytes: what is shown leaves on paper", len(paper))
	}
	p.click("language")
	p.wait(`document.documentElement.lang === 'en'`)
	p.shot("7-english")
	p.endConsent()
	p.wait(hook("basis") + `?.dataset.basis !== 'consent'`)
	p.shot("8-ended")
}

func TestWrongPatientIDIsToldAsTyped(t *testing.T) {
	p := signIn(t, browser(t), "a2", "anna")
	p.click("commission")
	p.waitState("patient")
	p.typeIn("patient-id", "199701062384")
	p.waitHook("patient-bad")
	p.shot("bad")
	before := len(accesses(t))
	p.click("open-patient")
	p.waitHook("patient-bad")
	if got := p.state(); got != "patient" {
		t.Errorf("a wrong id led to state %q", got)
	}
	if after := len(accesses(t)); after != before {
		t.Errorf("a wrong id made %d entries in the access log", after-before)
	}
}

func TestNoCareEngagementIsRefusedAndRecorded(t *testing.T) {
	before := len(accesses(t))
	p := signIn(t, browser(t), "b1", "anna")
	p.click("commission")
	p.waitState("patient")
	p.typeIn("patient-id", patients.Mohamed)
	p.click("open-patient")
	p.wait(hook("fault") + `?.dataset.fault === 'TV-1002'`)
	p.shot("refused")
	entries := accesses(t)[before:]
	if len(entries) != 1 || entries[0].Outcome != "deny" {
		t.Errorf("the access log gained %+v, want one denial", entries)
	}
}

func TestWrongPurposeOpensNothing(t *testing.T) {
	p := signIn(t, browser(t), "b2", "karin")
	p.waitHook("commission-unusable")
	p.shot("unusable")
	if eval[bool](p, `!!`+hook("commission")) {
		t.Error("a commission for administration can be chosen")
	}
}

func TestThousandsOfRecords(t *testing.T) {
	p := signIn(t, browser(t), "b1", "anna")
	p.openPatient(patients.Linda)
	p.attest()
	if n := p.showAll(); n < 3000 {
		t.Errorf("%d documents, want thousands", n)
	}
	p.shot("thousands")
	if rows := eval[int](p, `document.querySelectorAll('[data-test="row"]').length`); rows == 0 || rows > 200 {
		t.Errorf("%d rows in the document, want a window of them", rows)
	}
	first := eval[string](p, hook("row")+`.dataset.value`)
	eval[bool](p, `(() => { const s = document.getElementById('scroller'); s.scrollTop = s.scrollHeight; return true })()`)
	p.wait(hook("row") + `.dataset.value !== '` + first + `'`)
	p.shot("the-end")
	p.click("leave")
	p.click("leave-confirm")
	p.waitState("patient")
	if eval[bool](p, `!!`+hook("row")) {
		t.Error("rows are left after leaving the patient")
	}
}

// TestLiveUpdate delivers a record while the patient is shown, and takes it away again.
func TestLiveUpdate(t *testing.T) {
	p := signIn(t, browser(t), "a2", "anna")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	n := p.showAll()
	p.click("row")
	p.waitHook("document")
	reading := eval[string](p, hook("reader-title")+`.textContent`)

	const text = "Spänningshuvudvärk, nytillkommen"
	put(t, patients.Harry, true, diagnosis(patients.Harry, "E2E-LIVE", text))
	p.wait(`document.documentElement.dataset.count === '` + strconv.Itoa(n+1) + `'`)
	p.shot("arrived")
	if got := eval[string](p, hook("reader-title")+`.textContent`); got != reading {
		t.Error("the open document was changed by another's arrival")
	}
	again := put(t, patients.Harry, true, diagnosis(patients.Harry, "E2E-LIVE", text))
	if again.Changed != 0 || again.Unchanged != 1 {
		t.Errorf("the same message twice: %+v, want nothing changed", again)
	}
	if p.count() != n+1 {
		t.Error("the same message twice changed the view")
	}

	p.typeIn("search", "nytillkommen")
	p.lists(1)
	p.click("row")
	p.wait(hook("reader-title") + `.innerText.includes('nytillkommen')`)
	p.waitHook("rest")
	eval[bool](p, `(() => { document.querySelector('[data-test="rest"] summary').focus(); return true })()`)
	put(t, patients.Harry, true, diagnosis(patients.Harry, "E2E-LIVE", "Huvudvärk, ändrad"))
	p.wait(hook("reader-title") + `.innerText.includes('Huvudvärk, ändrad')`)
	if at := eval[string](p, `document.activeElement.tagName`); at != "SUMMARY" {
		t.Errorf("drawn anew, the focus is at %s", at)
	}
}

// TestRevocationEmptiesOtherViews ends a consent in one tab; the other loses what it
// rested on, and says so (P3).
func TestRevocationEmptiesOtherViews(t *testing.T) {
	b := browser(t)
	one := signIn(t, b, "a1", "erik")
	one.click("commission")
	one.waitState("patient")
	one.typeIn("patient-id", patients.Fiona)
	one.click("open-patient")
	one.waitState("choice")
	one.attest()
	shown := one.showAll()

	other := signIn(t, b, "b1", "erik")
	other.openPatient(patients.Fiona)
	if got := other.showAll(); got != shown {
		t.Errorf("%d documents at one node and %d at another", shown, got)
	}
	other.click("row")
	other.waitHook("document")
	before := len(accesses(t))
	one.endConsent()
	other.wait(`document.documentElement.dataset.count !== '` + strconv.Itoa(shown) + `'`)
	other.shot("emptied")
	if got := other.count(); got >= shown {
		t.Errorf("%d documents are left of %d after the consent ended", got, shown)
	}
	awaitRecord(t, before, "Återkallelse kvitterad", 1)
	one.shot("ended-here")
}

// awaitRecord waits until the access log holds entries of an activity after so many
// accesses.
func awaitRecord(t *testing.T, after int, activity string, want int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := 0
		for _, e := range accesses(t)[after:] {
			if e.Activity == activity {
				got++
			}
		}
		if got >= want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d entries %q in the access log, want %d", got, activity, want)
		}
	}
}

// TestNoViewWithoutItsEntry counts: every view that a page was shown has a permit in
// the access log, decided before it was committed (P1).
func TestNoViewWithoutItsEntry(t *testing.T) {
	before := len(accesses(t))
	p := signIn(t, browser(t), "b2", "maryam")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	p.showAll()
	entries := accesses(t)[before:]
	permits := map[string]int{}
	for _, e := range entries {
		if e.Outcome == "permit" {
			permits[e.Activity]++
		}
		if e.DecidedAt == 0 || e.DecidedAt >= e.Index {
			t.Errorf("entry %d was decided at %d and committed at %d", e.Sequence, e.DecidedAt, e.Index)
		}
	}
	if permits["Öppna patient"] != 1 || permits["Läsa"] != 1 {
		t.Errorf("the access log gained %v, want one opening and one reading", permits)
	}
}

// TestAStoppedProgramLeavesNothing makes the page's script fail as a crash of the
// program does: the screen is emptied, and says so.
func TestAStoppedProgramLeavesNothing(t *testing.T) {
	p := signIn(t, browser(t), "a2", "anna")
	p.openPatient(patients.Fiona)
	if eval[bool](p, `!!`+hook("consent-skip")) {
		p.click("consent-skip")
	}
	p.showAll()
	p.click("row")
	p.waitHook("document")
	eval[bool](p, `window.dispatchEvent(new ErrorEvent('error', {message: 'made to fail'}))`)
	p.waitState("ended")
	p.shot("ended")
	if text := p.text(); strings.Contains(text, "9701") || eval[bool](p, `!!`+hook("row")+` || !!`+hook("document")) {
		t.Error("something of the patient is left on the page")
	}
}
