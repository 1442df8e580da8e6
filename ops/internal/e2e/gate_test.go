package e2e

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/demo/patients"
)

// TestAllBlockedLooksLikeNothing goes the whole way with a patient of whom everything
// is blocked and with one of whom there is nothing (P9). Until it is asked whether
// something is blocked, the two pages are one.
func TestAllBlockedLooksLikeNothing(t *testing.T) {
	b := browser(t)
	ids := [...]string{patients.Bertil, patients.Cecilia}
	var pages [2]*page
	for i, id := range ids {
		pages[i] = signIn(t, b, "a1", "anna")
		pages[i].openPatient(id)
	}
	clock := regexp.MustCompile(`\d\d:\d\d`)
	person := regexp.MustCompile(`data-test="person-line">[^<]*<`) // is in the number itself
	seen := func(p *page, id string) string {
		all := eval[string](p, `['notice', 'main', 'fresh', 'said-status', 'said-alert'].map(id => document.getElementById(id).innerHTML).join('\n')`)
		all = strings.ReplaceAll(all, id[:8]+"-"+id[8:], "<patient>")
		all = person.ReplaceAllString(all, "<person>")
		return clock.ReplaceAllString(all, "<time>")
	}
	steps := []struct {
		name string
		do   func(p *page)
	}{
		{"opened", func(*page) {}},
		{"others", func(p *page) { p.question("1", "told-others", "false") }},
		{"consent", func(p *page) { p.attest() }},
		{"providers", func(p *page) {
			p.question("3", "told-providers", "")
			p.waitHook("providers-none")
		}},
		{"overview", func(p *page) {
			if n := p.showAll(); n != 0 {
				t.Errorf("%d documents", n)
			}
		}},
		{"choice", func(p *page) {
			p.click("choice")
			p.waitState("choice")
		}},
	}
	for _, step := range steps {
		for _, p := range pages {
			step.do(p)
		}
		if one, two := seen(pages[0], ids[0]), seen(pages[1], ids[1]); one != two {
			pages[0].shot(step.name)
			t.Fatalf("%s: the pages differ:\n%s\n\n%s", step.name, one, two)
		}
	}
	pages[0].question("2", "told-blocked", "true")
	pages[1].question("2", "told-blocked", "false")
	pages[0].shot("asked")
	for _, p := range pages {
		p.endConsent()
		p.basis("none")
	}
}

// question asks one of the questions about what there is, and waits for its answer.
func (p *page) question(number, told, yes string) {
	p.t.Helper()
	p.press(`[data-test="ask"][data-value="` + number + `"]`)
	p.wait(hook(told) + `?.dataset.yes === '` + yes + `'`)
}

// painted waits until a tall page has every row of the list on it.
func (p *page) painted() {
	p.t.Helper()
	p.wait(`document.querySelectorAll('[data-test="row"]').length === Number(` + hook("count") + `.dataset.n)`)
}

// untouched watches the list of a page; what it returns tells whether it changed.
func (p *page) untouched(what string) func() {
	p.t.Helper()
	p.tall()
	count := p.count()
	if count == 0 {
		p.t.Fatalf("%s: nothing is shown that could change", what)
	}
	p.painted()
	eval[bool](p, `(() => { window.touched = 0; new MutationObserver(all => { window.touched += all.length })
		.observe(document.getElementById('rows'), {subtree: true, childList: true, characterData: true}); return true })()`)
	return func() {
		p.t.Helper()
		if n := eval[int](p, `window.touched`); n != 0 || p.count() != count || p.state() != "overview" {
			p.t.Errorf("%s: %d changes, %d documents of %d, at %s", what, n, p.count(), count, p.state())
		}
	}
}

// TestWhatEndsByItsTimeEndsByItself has a lift of a block and a consent that another
// system registered run out. Nothing comes from outside when they do.
func TestWhatEndsByItsTimeEndsByItself(t *testing.T) {
	defer restored(t)
	b := browser(t)
	lifted := signIn(t, b, "a2", "anna")
	lifted.openPatient(patients.Amina)
	lifted.attest()
	all := lifted.showAll()
	consented := signIn(t, b, "b1", "anna")
	consented.openPatient(patients.Elsa)
	consented.click("consent-skip")
	own := consented.showAll()
	watched := signIn(t, b, "b2", "anna")
	watched.openPatient(patients.Harry)
	watched.click("consent-skip")
	watched.showAll()
	check := watched.untouched("another patient")

	end := time.Now().Add(12 * time.Second).Truncate(time.Second)
	services(t, func(f *demo.Feeds) {
		f.Block = append(f.Block, demo.Block{Patient: patients.Amina, ID: "e2e-timed", Kind: "outer", CareProvider: patients.Sydhav.ID,
			Lift: []demo.Lift{{ID: "e2e-timed-lift", CareUnit: patients.Medicine.ID, End: end}}})
		f.Consent = append(f.Consent, demo.Consent{Patient: patients.Elsa, ID: "e2e-consent", CareProvider: patients.Norrmark.ID,
			CareUnit: patients.Medicine.ID, Start: begun, End: end})
	})
	consented.basis("consent")
	consented.shot("consent-of-another-system")
	consented.basis("none")
	if now := time.Now(); now.Before(end) {
		t.Errorf("the consent ended %v early", end.Sub(now))
	}
	lifted.wait(`Number(document.documentElement.dataset.count) < ` + strconv.Itoa(all))
	if now := time.Now(); now.Before(end) {
		t.Errorf("the lift ended %v early", end.Sub(now))
	}
	lifted.shot("lift-ended")
	if n := consented.count(); n != own {
		t.Errorf("%d documents after the consent, %d before", n, own)
	}
	check()
	lifted.endConsent()
	lifted.basis("none")
}

// TestOnlyWhatIsTouchedChanges has a relation and a commission withdrawn: the views that
// rested on them are gone, and beside them nothing moves.
func TestOnlyWhatIsTouchedChanges(t *testing.T) {
	defer restored(t)
	b := browser(t)
	show := func(node, person, patient string) *page {
		p := signIn(t, b, node, person)
		p.press(`[data-test="commission"]`)
		p.waitState("patient")
		p.typeIn("patient-id", patient)
		p.click("open-patient")
		p.waitState("choice")
		if eval[bool](p, `!!`+hook("consent-skip")) {
			p.click("consent-skip")
		}
		p.showAll()
		return p
	}
	related := show("a1", "anna", patients.Elsa)
	commissioned := show("a2", "maryam", patients.Harry)
	same := show("b1", "anna", patients.Harry).untouched("the same patient, another's commission")
	other := show("b2", "anna", patients.Egon).untouched("the same person, another patient")
	services(t, func(f *demo.Feeds) {
		f.Relation = slices.DeleteFunc(f.Relation, func(r demo.Relation) bool {
			return r.Patient == patients.Elsa && r.CareUnit == patients.Medicine.ID
		})
		f.Commission = slices.DeleteFunc(f.Commission, func(c demo.Commission) bool { return c.ID == "SE0000000404-C401" })
	})
	for _, p := range []*page{related, commissioned} {
		p.wait(`document.documentElement.dataset.state !== 'overview' || document.documentElement.dataset.count === '0'`)
		p.shot("gone")
		if eval[bool](p, `!!`+hook("row")) {
			t.Error("rows are left")
		}
	}
	same()
	other()
}

// TestAChildsConsentNeedsAGuardian attests consent for a child.
func TestAChildsConsentNeedsAGuardian(t *testing.T) {
	p := signIn(t, browser(t), "a1", "anna")
	p.openPatient(patients.Elsa)
	p.click("consent")
	p.waitHook("wrong") // nobody is named
	p.click("giver-guardian")
	p.typeIn("guardian", patients.Elsa)
	p.click("consent")
	p.waitHook("wrong") // not by oneself
	p.shot("wrong")
	p.basis("none")
	eval[bool](p, `(() => { `+hook("guardian")+`.select(); return true })()`)
	p.typeIn("guardian", patients.Guardian)
	p.click("consent")
	p.basis("consent")
	p.tall()
	p.showAll()
	p.wait(`document.body.innerText.includes('Hälsobesök i skolan')`)
	p.holdsNone("the overview", patients.Guardian)
	p.endConsent()
	p.basis("none")
}

// TestNobodyConsentsForTheDeceased shows one's own care provider's records and offers
// nothing else.
func TestNobodyConsentsForTheDeceased(t *testing.T) {
	p := signIn(t, browser(t), "a2", "anna")
	p.openPatient(patients.Ake)
	p.waitHook("deceased")
	p.shot("choice")
	p.tall()
	p.showAll()
	p.wait(`document.body.innerText.includes('Pneumoni')`)
	p.holdsNone("the overview", "Kronisk ischemisk hjärtsjukdom", `data-test="consent-ask"`, `data-test="emergency-ask"`)
}

// TestLinkedIdentitiesAreOne opens a patient by either number: the same records, of
// both.
func TestLinkedIdentitiesAreOne(t *testing.T) {
	b := browser(t)
	for _, id := range []string{patients.Amina, patients.AminaBefore} {
		p := signIn(t, b, "a2", "anna")
		p.openPatient(id)
		if eval[bool](p, `!!`+hook("consent-skip")) {
			p.click("consent-skip")
		}
		p.tall()
		p.showAll()
		for _, text := range []string{"Kontroll efter tuberkulos", "Hälsosamtal"} {
			p.wait(`document.body.innerText.includes('` + text + `')`)
		}
		p.shot("linked")
	}
}
