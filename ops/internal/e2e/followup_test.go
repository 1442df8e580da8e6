package e2e

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// followUp takes up the commission to follow up the access log.
func (p *page) followUp() {
	p.t.Helper()
	p.press(`[data-test="commission"][data-follow="true"]`)
	p.waitState("follow")
	p.waitHook("report")
}

// ask asks for a report, about a patient or an employee where it is about one, and
// waits until it is there.
func (p *page) ask(kind protocol.ReportKind, about string) {
	p.t.Helper()
	if !eval[bool](p, `!!`+hook("report")) {
		p.press(`button[data-test="reports"]`)
	}
	p.press(`[data-test="report"][data-value="` + strconv.Itoa(int(kind)) + `"]`)
	p.waitHook("report-form")
	switch kind {
	case protocol.ReportPatient, protocol.ReportOwnAccess:
		p.typeIn("subject", about)
	case protocol.ReportEmployee:
		p.typeIn("employee", about)
	}
	p.click("report-ask")
	p.wait(hook("report-empty") + ` || ` + hook("log-row") + ` || ` + hook("counts"))
}

// clinical are the texts of the test patients' records: titles, codes in words,
// narratives. What is as short as a number or a mark is left out, and what staff and
// units are called: that stands in the log.
func clinical() []string {
	field := regexp.MustCompile(`<(?:\w+:)?(?:\w*Title|\w*Text|\w*Heading|displayName|question|\w*Comment|comment|\w*Reason|text|name|opinion)>([^<]+)<`)
	staff := []string{"Läkare", "Sjuksköterska", "Barnmorska"}
	for _, p := range demo.Staff(begun).Person {
		staff = append(staff, p.Name, p.Title)
	}
	for _, c := range demo.Staff(begun).Commission {
		staff = append(staff, c.CareUnitName, c.CareProviderName)
	}
	var all []string
	for _, answer := range patients.Answers(begun) {
		for _, found := range field.FindAllStringSubmatch(string(answer.Message), -1) {
			if text := strings.TrimSpace(found[1]); utf8.RuneCountInString(text) >= 5 && !slices.Contains(staff, text) {
				all = append(all, text)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// noneOf looks for words of records in the document: as words of their own, since a
// title may begin as a button does.
func (p *page) noneOf(when string, words []string) {
	p.t.Helper()
	all := eval[string](p, `document.documentElement.outerHTML`)
	for _, word := range words {
		for rest := all; ; {
			_, after, found := strings.Cut(rest, word)
			if !found {
				break
			}
			if next, _ := utf8.DecodeRuneInString(after); !unicode.IsLetter(next) {
				p.t.Errorf("%s: %q is in the page", when, word)
				break
			}
			rest = after
		}
	}
}

// manyEntries has somebody ask a question so often that a report has pages.
func manyEntries(p *page, times int) {
	p.t.Helper()
	eval2[bool](p, `(async () => {
		const ask = () => document.querySelector('[data-test="ask"][data-value="1"]');
		const painted = () => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
		for (let n = 0; n < `+strconv.Itoa(times)+`; n++) {
			ask().click();
			await painted();
			if (ask().ariaDisabled) await new Promise(resolve => {
				const watch = new MutationObserver(() => { if (!ask().ariaDisabled) { watch.disconnect(); resolve() } });
				watch.observe(document.getElementById('ladder'), {subtree: true, childList: true, attributes: true});
			});
		}
		return true;
	})()`)
}

// TestFollowUp reads every report as a security administrator does. What was read in
// the records is in none of them, and each is itself in the next.
func TestFollowUp(t *testing.T) {
	b := browser(t)
	p := signIn(t, b, "a1", "anna")
	p.openPatient(patients.Cecilia)
	manyEntries(p, protocol.MaxReportRows)
	p.click("leave")
	p.click("leave-confirm")
	p.waitState("patient")
	p.typeIn("patient-id", patients.Egon)
	p.click("open-patient")
	p.waitState("choice")
	p.click("consent-skip")
	p.showAll()
	other := signIn(t, b, "b1", "erik")
	other.press(`[data-test="commission"]`)
	other.waitState("patient")
	other.typeIn("patient-id", patients.Egon)
	other.click("open-patient")
	other.waitState("choice")
	other.attest()
	other.showAll()
	other.endConsent()
	other.basis("none")

	v := signIn(t, b, "b2", "vera")
	v.followUp()
	v.shot("1-menu")
	words := clinical()
	if len(words) < 200 {
		t.Fatalf("%d texts of records to look for", len(words))
	}
	for _, report := range []struct {
		kind  protocol.ReportKind
		about string
		shows string
	}{
		{protocol.ReportEmployee, "SE0000000101-P101", "Anna Lindqvist"},
		{protocol.ReportPatient, patients.Egon, "Anna Lindqvist"},
		{protocol.ReportOwner, "", patients.Sydhav.Name},
		{protocol.ReportOwnAccess, patients.Egon, patients.Sydhav.Name},
		{protocol.ReportSample, "", "Anna Lindqvist"},
		{protocol.ReportStatistics, "", "färre än 10"},
	} {
		v.ask(report.kind, report.about)
		v.shot("2-report-" + strconv.Itoa(int(report.kind)))
		if !strings.Contains(v.text(), report.shows) {
			t.Errorf("report %d does not show %q", report.kind, report.shows)
		}
		v.noneOf("report "+strconv.Itoa(int(report.kind)), words)
	}
	v.paged(words)
}

// paged turns the pages of the whole care provider's report to the last one, where the
// reader's own reading stands.
func (p *page) paged(words []string) {
	p.t.Helper()
	p.ask(protocol.ReportProvider, "")
	seen := map[string]bool{}
	for pages := 1; ; pages++ {
		rows := eval[[]string](p, `[...document.querySelectorAll('[data-test="log-row"]')].map(r => r.dataset.entry)`)
		for _, id := range rows {
			if seen[id] {
				p.t.Fatalf("entry %s is on two pages", id)
			}
			seen[id] = true
		}
		p.noneOf("page "+strconv.Itoa(pages), words)
		if !eval[bool](p, `!!`+hook("report-next")) {
			if pages < 2 {
				p.t.Errorf("one page of %d rows, want several", len(rows))
			}
			break
		}
		p.click("report-next")
		p.wait(hook("log-row") + `?.dataset.entry !== '` + rows[0] + `'`)
	}
	p.shot("3-last-page")
	last := eval[string](p, `[...document.querySelectorAll('[data-test="log-row"]')].at(-1).textContent`)
	if !strings.Contains(last, readingTheLog) || !strings.Contains(last, "Vera Strand") || !strings.Contains(last, "vårdgivarens åtkomster") {
		p.t.Errorf("the last entry is %q, want the reading of this page", last)
	}
	p.click("report-first")
	p.wait(`!` + hook("report-first"))
}

// TestProtectedStaffHaveNoName has somebody with a protected identity open a patient:
// whoever follows up sees which employee, and no name.
func TestProtectedStaffHaveNoName(t *testing.T) {
	b := browser(t)
	p := signIn(t, b, "a2", "skyddad")
	p.openPatient(patients.Egon)
	p.holdsNone("the page of one who is protected", "Nils Ek")
	v := signIn(t, b, "b1", "vera")
	v.followUp()
	v.ask(protocol.ReportEmployee, "SE0000000101-P110")
	if text := v.text(); !strings.Contains(text, "SE0000000101-P110") || !strings.Contains(text, "Öppna patient") {
		t.Errorf("the report is %q", text)
	}
	v.shot("report")
	v.holdsNone("the report of one who is protected", "Nils Ek")
	v.ask(protocol.ReportOwnAccess, patients.Egon)
	v.holdsNone("the patient's own report", "Nils Ek")
}

// TestAReportOfNothingIsToldAsTyped asks for reports that nothing can be made of.
func TestAReportOfNothingIsToldAsTyped(t *testing.T) {
	v := signIn(t, browser(t), "a1", "vera")
	v.followUp()
	v.press(`[data-test="report"][data-value="3"]`)
	v.click("report-ask")
	v.waitHook("wrong")
	v.shot("wrong")
	v.typeIn("subject", patients.Fiona)
	eval[bool](v, `(() => { const e = `+hook("from")+`; e.value = '2026-01-01'; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return true })()`)
	v.click("report-ask")
	v.wait(hook("fault") + `?.dataset.fault === 'TV-1016'`)
	v.shot("too-long")
}

// TestHelp finds every fault in the help, in both languages; a notice leads there, and
// what it copies for a report holds nothing of the patient.
func TestHelp(t *testing.T) {
	p := signIn(t, browser(t), "a2", "anna")
	p.click("commission")
	p.waitState("patient")
	p.typeIn("patient-id", patients.Mohamed)
	p.click("open-patient")
	p.wait(hook("fault") + `?.dataset.fault === 'TV-1002'`)
	trace := eval[string](p, hook("trace")+`.textContent`)
	eval[bool](p, `(() => { const real = navigator.clipboard; window.copied = '';
		Object.defineProperty(navigator, 'clipboard', {value: {writeText: text => { window.copied = text; return real.writeText(text) }}}); return true })()`)
	p.click("copy")
	p.wait(`window.copied`)
	p.shot("copied")
	copied := strings.Fields(eval[string](p, `window.copied`))
	if len(copied) != 5 || copied[0] != "TV-1002" || copied[4] != "a2" || !strings.Contains(trace, copied[1]) || !strings.Contains(trace, copied[3]) {
		t.Errorf("%q was copied of %q", copied, trace)
	}
	p.wait(hook("copy") + `.textContent === 'Kopierat'`)
	p.press(`[data-test="fault"] [data-test="help"]`)
	p.waitState("help")
	p.shot("help")
	if at := eval[string](p, `document.activeElement.id`); at != "help-TV-1002" {
		t.Errorf("the notice leads to %q", at)
	}
	for _, lang := range []protocol.Language{protocol.Swedish, protocol.English} {
		if lang == protocol.English {
			p.click("language")
			p.wait(`document.documentElement.lang === 'en'`)
		}
		for _, f := range protocol.Faults() {
			words := f.Info().In(lang)
			text := eval[string](p, `document.querySelector('[data-test="help-entry"][data-fault="`+f.Code()+`"]')?.innerText ?? ''`)
			for _, want := range []string{f.Code(), words.Title, words.Action, words.Who} {
				if !strings.Contains(text, want) {
					t.Errorf("%s in %s: %q is not there", f.Code(), lang.Tag(), want)
				}
			}
		}
	}
	p.click("aside-close")
	p.waitState("patient")
}

// TestCoverage shows which care provider shows what, the same whoever the patient is.
func TestCoverage(t *testing.T) {
	p := signIn(t, browser(t), "b2", "anna")
	p.click("commission")
	p.waitState("patient")
	p.click("coverage")
	p.waitState("coverage")
	p.shot("coverage")
	rows := eval[[]string](p, `[...document.querySelectorAll('[data-test="coverage-table"] tbody tr')].map(r => r.innerText)`)
	if len(rows) != 4 {
		t.Fatalf("%d care providers in the table", len(rows))
	}
	missing := eval[int](p, `[...document.querySelectorAll('[data-test="coverage-table"] td')].filter(c => c.innerText === 'Visas inte').length`)
	if missing != 6 {
		t.Errorf("%d types are not shown by some, want 6", missing)
	}
	p.click("aside-close")
	p.do(chromedp.EmulateViewport(1280, 2000))
	p.waitState("patient")
	p.typeIn("patient-id", patients.Cecilia)
	p.click("open-patient")
	p.waitState("choice")
	p.click("consent-skip")
	p.showAll()
	p.waitHook("empties")
	p.shot("empties")
	said := eval[string](p, `document.querySelector('[data-test="empties"] [data-contract="`+strconv.Itoa(int(protocol.LaboratoryOrderOutcome))+`"]').textContent`)
	if !strings.Contains(said, "Visas inte av Björkholms kommun") || !strings.Contains(said, "Region Norrmark, Region Sydhav sedan 2016-01-01") {
		t.Errorf("an empty section says %q", said)
	}
}
