package e2e

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/demo/patients"
)

// TestComingBackShowsNothing leaves a page with a patient open and comes back to it in
// every way that a browser has.
func TestComingBackShowsNothing(t *testing.T) {
	b := browser(t)
	for name, back := range map[string]func(p *page){
		"back": func(p *page) {
			p.do(chromedp.Navigate(stage.URL("a1") + "/test"))
			p.wait(`document.getElementById('verdict')`)
			p.do(chromedp.NavigateBack())
		},
		"reload": func(p *page) { p.do(chromedp.Reload()) },
	} {
		t.Run(name, func(t *testing.T) {
			p := tab(t, b, `window.first = true; addEventListener('pageshow', e => { window.kept = e.persisted });`+frames)
			secrets := reading(t, p, "a1", "anna", theirs)
			eval[bool](p, `(window.marked = true)`)
			back(p)
			p.wait(`window.marked === undefined`)
			p.wait(`['who', 'commission', 'patient'].includes(document.documentElement.dataset.state)`)
			p.shownNothing("back again", secrets)
			if n := eval[int](p, `window.frames_.filter(f => f[1]).length`); n != 0 {
				t.Errorf("%d frames with documents", n)
			}
		})
	}
	t.Run("another tab", func(t *testing.T) {
		p := tab(t, b, "")
		secrets := reading(t, p, "a1", "anna", theirs)
		address := eval[string](p, `location.href`)
		if address != stage.URL("a1")+"/" {
			t.Errorf("the address is %s", address)
		}
		other := open(t, b, address)
		other.waitState("who")
		other.shownNothing("in another tab", secrets)
		if p.state() != "overview" {
			t.Errorf("the first is at %s", p.state())
		}
	})
}

// TestTwoTabsAreTwoSessions has two patients in two tabs of one browser, by two people.
// What one does with one of them leaves the other as it was.
func TestTwoTabsAreTwoSessions(t *testing.T) {
	b := browser(t)
	before := len(accesses(t))
	one, two := tab(t, b, ""), tab(t, b, "")
	first := reading(t, one, "a1", "anna", theirs)
	second := reading(t, two, "a1", "maryam", patients.Harry)
	for i, p := range []*page{one, two} {
		p.wait(`document.documentElement.dataset.state === 'overview'`)
		p.holdsNone("tab "+strconv.Itoa(i), [][]string{numbers(patients.Harry), numbers(theirs)}[i]...)
	}
	views := map[string]map[string]bool{} // by view, what was done in it
	for _, e := range accesses(t)[before:] {
		if e.Outcome != "permit" {
			t.Errorf("%s: %s", e.Activity, e.Outcome)
		}
		if views[e.View] == nil {
			views[e.View] = map[string]bool{}
		}
		views[e.View][e.Activity] = true
	}
	t.Logf("in the log: %v", views)
	still := two.untouched("the other tab")
	whose := eval[string](two, hook("who")+`.innerText`)
	one.click("switch-commission")
	one.wait(`document.documentElement.dataset.state !== 'overview' || !!document.querySelector('#dialog:not(:empty)')`)
	one.shot("switched")
	if one.state() == "overview" {
		one.press(`#dialog [data-test="leave-confirm"], #dialog button.primary`)
	}
	one.waitState("commission")
	one.shownNothing("after another commission was asked for", first)
	still()
	if eval[string](two, hook("who")+`.innerText`) != whose {
		t.Error("the other tab is somebody else's")
	}
	_ = second
	two.do(chromedp.Reload())
	two.waitState("who")
	two.shownNothing("reloaded", second)
	if one.state() != "commission" {
		t.Errorf("the first tab is at %s", one.state())
	}
}
