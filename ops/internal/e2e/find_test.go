package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"tvilling/ops/internal/demo/patients"
)

// listed is how many documents the list says that it shows.
func (p *page) listed() int {
	p.t.Helper()
	return eval[int](p, `Number(`+hook("count")+`.dataset.n)`)
}

// lists waits until the list shows so many documents.
func (p *page) lists(n int) {
	p.t.Helper()
	p.wait(hook("count") + `.dataset.n === '` + strconv.Itoa(n) + `'`)
}

// chooses picks an option of a filter, as a user's hand does, and waits until it is in force.
func (p *page) chooses(filter, value string) {
	p.t.Helper()
	p.waitHook(filter)
	name := eval[string](p, `(field => {
		field.value = '`+value+`';
		field.dispatchEvent(new Event('change', {bubbles: true}));
		return field.selectedOptions[0].text.replace(/ \([\d\s]+\)$/, '');
	})(`+hook(filter)+`)`)
	p.wait(hook("chip") + `?.innerText.includes('` + name + `')`)
}

// offered are a filter's options and how many documents each says that it has.
func (p *page) offered(filter string) map[string]int {
	p.t.Helper()
	p.waitHook(filter)
	return eval[map[string]int](p, `Object.fromEntries([...`+hook(filter)+`.options].filter(o => /\([\d\s]+\)$/.test(o.text)).map(o => [o.value, Number(o.text.match(/\(([\d\s]+)\)$/)[1].replace(/\s/g, ''))]))`)
}

// TestFindingAmongThousands narrows a record of thousands: by words as they are typed, by
// filters, by a day of the calendar and by a stretch of the timeline. What each says that
// there is, is what the list then shows.
func TestFindingAmongThousands(t *testing.T) {
	rounds := 0
	for _, a := range patients.AnswersFor(patients.Linda, begun) {
		rounds += strings.Count(string(a.Message), ">Dialysrond<")
	}
	p := signIn(t, browser(t), "b1", "anna")
	p.openPatient(patients.Linda)
	p.attest()
	all := p.showAll()
	p.lists(all)
	p.typeIn("search", "dialysr")
	p.lists(rounds)
	p.typeIn("search", "ond")
	p.wait(hook("chip") + `?.innerText.includes('dialysrond')`)
	p.lists(rounds)
	p.shot("1-words")
	p.press(`[data-test="chip"][data-value="words"]`)
	p.lists(all)

	p.click("filters")
	for _, filter := range []string{"filter", "provider"} {
		sum := 0
		for value, n := range p.offered(filter) {
			sum += n
			p.chooses(filter, value)
			p.lists(n)
		}
		p.shot("2-" + filter)
		if sum != all {
			t.Errorf("%s offers %d documents of %d", filter, sum, all)
		}
		p.press(`[data-test="chip"]`)
		p.lists(all)
	}
	p.typeIn("since", "2023")
	p.typeIn("up-to", "2024-06")
	p.wait(hook("chip") + `?.innerText.includes('2023 till 2024-06')`)
	p.shot("3-period")
	if n := p.listed(); n == 0 || n >= all {
		t.Errorf("%d documents of the period, of %d in all", n, all)
	}
	p.press(`[data-test="chip"][data-value="time"]`)
	p.lists(all)
	p.press(`[data-test="tab"][data-value="1"]`)
	p.waitHook("days")
	day := eval[[]string](p, `(d => [d.dataset.value, d.dataset.n])([...document.querySelectorAll('[data-test="day"]')].filter(d => Number(d.dataset.n) > 1).at(-1))`)
	p.press(`[data-test="day"][data-value="` + day[0] + `"]`)
	p.wait(hook("count") + `.dataset.n === '` + day[1] + `'`)
	p.shot("3-day")
	if n := eval[int](p, `[...document.querySelectorAll('[data-test="row"]')].filter(r => r.innerText.includes('`+day[0][:4]+`-`+day[0][4:6]+`-`+day[0][6:]+`')).length`); strconv.Itoa(n) != day[1] {
		t.Errorf("%d rows are of the day, and the calendar says %s", n, day[1])
	}
	p.press(`[data-test="chip"][data-value="time"]`)
	p.lists(all)

	p.press(`[data-test="tab"][data-value="0"]`)
	p.waitHook("zoom-in")
	place := func() []float64 {
		return eval[[]float64](p, `(r => [Math.round(r.x), Math.round(r.y)])(`+hook("zoom-in")+`.getBoundingClientRect())`)
	}
	stands := place()
	p.click("zoom-in")
	p.waitHook("list-window")
	if now := place(); !slices.Equal(now, stands) {
		t.Errorf("the button that was pressed stood at %v and stands at %v", stands, now)
	}
	p.click("zoom-in")
	p.click("zoom-in")
	p.click("list-window")
	p.waitHook("chip")
	p.shot("4-window")
	inside := eval[int](p, `Number(document.getElementById('readout').innerText.match(/, ([\d\s]+) dokument/)[1].replace(/\s/g, ''))`)
	if n := p.listed(); n != inside || n == 0 || n >= all {
		t.Errorf("%d documents in the list, %d in the timeline's window, %d in all", n, inside, all)
	}
	p.press(`[data-test="chip"]`)
	p.lists(all)
	p.endConsent()
	p.basis("none")
}

// held is a record of a diagnosis from another day than those of the other tests.
func held(id, day, text string) string {
	return strings.Replace(diagnosis(patients.Harry, id, text), "<authorTime>20261101080000<", "<authorTime>"+day+"080000<", 1)
}

// TestWhatIsNewIsHeld delivers documents while somebody reads at the end of the list: what
// they read stands still until they ask for the new ones. What is taken away is gone at
// once, whether it is shown or held.
func TestWhatIsNewIsHeld(t *testing.T) {
	const old = "Skrubbsår, för länge sedan"
	put(t, patients.Harry, true, held("E2E-OLD", "19500101", old))
	p := signIn(t, browser(t), "b2", "anna")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	n := p.showAll()
	eval[bool](p, `(() => { const s = document.getElementById('scroller'); s.scrollTop = s.scrollHeight; return true })()`)
	last := `[...document.querySelectorAll('[data-test="row"]')].find(r => r.innerText.includes('` + old + `'))`
	p.wait(last)
	place := eval[float64](p, last+`.getBoundingClientRect().top`)
	today := begun.Format("20060102")
	var fresh []string
	for _, id := range []string{"1", "2", "3", "4"} {
		fresh = append(fresh, held("E2E-HELD-"+id, today, "Hållen huvudvärk "+id))
	}
	put(t, patients.Harry, true, fresh...)
	p.becomes(n + 4)
	p.wait(hook("show-held") + `?.textContent === 'Visa 4 nya'`)
	p.shot("1-held")
	if now := eval[float64](p, last+`.getBoundingClientRect().top`); now != place {
		t.Errorf("what was read stood at %v and stands at %v", place, now)
	}
	put(t, patients.Harry, false, fresh[1:]...) // all that the source has: what is shown and one that is held are gone
	p.wait(hook("show-held") + `?.textContent === 'Visa 3 nya'`)
	p.wait(`!` + last)
	p.shot("2-removed")
	p.click("show-held")
	p.wait(`!` + hook("show-held"))
	for _, id := range []string{"2", "3", "4"} {
		p.wait(`document.getElementById('rows').innerText.includes('Hållen huvudvärk ` + id + `')`)
	}
	p.shot("3-shown")
	if text := eval[string](p, `document.getElementById('rows').innerText`); strings.Contains(text, "Hållen huvudvärk 1") {
		t.Error("what was taken away while it was held is shown")
	}
	if at := eval[string](p, `document.activeElement.innerText`); !strings.Contains(at, "Hållen huvudvärk") {
		t.Errorf("the focus is at %q", at)
	}
	put(t, patients.Harry, false)
}

// TestAPressOutlivesARedraw holds a control down that is drawn anew before it is released, as
// a stream of changes does to a page: it is pressed, once. Where another control stands
// there at the release, none is.
func TestAPressOutlivesARedraw(t *testing.T) {
	p := signIn(t, browser(t), "a1", "anna")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	all := p.showAll()
	mouse := func(kind string, at [2]float64) {
		t.Helper()
		p.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1}, nil)
	}
	space := func(kind string) {
		t.Helper()
		p.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "}, nil)
	}
	middle := func(name string) [2]float64 {
		t.Helper()
		return eval[[2]float64](p, `(r => [r.x + r.width/2, r.y + r.height/2])(`+hook(name)+`.getBoundingClientRect())`)
	}
	words := func(text string) {
		t.Helper()
		eval[bool](p, `(field => { field.value = '`+text+`'; return field.dispatchEvent(new Event('input', {bubbles: true})) })(`+hook("search")+`)`)
		p.wait(hook("chip") + `?.innerText.includes('` + text + `')`)
	}
	clicked := func(want int, how string) {
		t.Helper()
		if n := eval[int](p, `window.clicks`); n != want {
			t.Errorf("%s: %d clicks, want %d", how, n, want)
		}
		eval[int](p, `window.clicks = 0`)
	}
	eval[bool](p, `(() => { window.clicks = 0; document.addEventListener('click', () => window.clicks++); return true })()`)

	words("xa")
	mouse("mousePressed", middle("chip"))
	words("xab")
	mouse("mouseReleased", middle("chip"))
	p.lists(all)
	clicked(1, "by mouse")

	words("ya")
	eval[bool](p, `(e => { e.focus(); return true })(`+hook("chip")+`)`)
	space("keyDown")
	words("yab")
	space("keyUp")
	p.lists(all)
	clicked(1, "by the space bar")

	words("za")
	mouse("mousePressed", middle("chip"))
	words("zab")
	mouse("mouseReleased", middle("language"))
	clicked(0, "released elsewhere")
	mouse("mousePressed", middle("chip"))
	mouse("mouseReleased", middle("chip"))
	p.lists(all)
	clicked(1, "nothing drawn anew")
}
