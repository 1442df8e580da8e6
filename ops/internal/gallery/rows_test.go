package gallery

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// Where the window is so low or narrow that the page scrolls, the list scrolls within it:
// the row that the keys lead to is seen, and so is the one that comes back after reading,
// with the page where it was.
func TestRowIsSeenWherePageScrolls(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	const row = `document.activeElement?.dataset.test === 'row'`
	for _, how := range []setting{{width: 320, height: 640}, {width: 640, height: 400}, {width: 320, height: 256}, {width: 1280, height: 400}} {
		p.open(named(t, "overview/many")[0], how)
		p.state = how.name() + " × " + strconv.Itoa(how.height)
		to(`#rows [tabindex="0"]`)(p)
		for _, step := range []string{kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowUp, kb.End, kb.ArrowUp, kb.Home, kb.PageDown, kb.ArrowDown} {
			before := eval[string](p, `document.activeElement.id`)
			keys(step)(p)
			p.wait(row + ` && document.activeElement.id !== '` + before + `'`)
			p.rowIsSeen(step)
		}
		place, at := eval[float64](p, `scrollY`), eval[string](p, `document.activeElement.id`)
		keys(kb.Enter)(p)
		p.wait(there("document"))
		p.settle()
		keys(kb.Escape)(p)
		p.wait(`!(` + there("document") + `) && ` + row)
		p.rowIsSeen("Escape")
		if got := eval[string](p, `document.activeElement.id`); got != at {
			t.Errorf("%s: the focus was at %s, and comes back to %s", p.state, at, got)
		}
		if got := eval[float64](p, `scrollY`); got != place {
			t.Errorf("%s: the page stood at %.0f before reading, and stands at %.0f after it", p.state, place, got)
		}
	}
}

// rowIsSeen checks that all of the row that has the focus is in the window.
func (p *page) rowIsSeen(step string) {
	p.t.Helper()
	p.settle()
	type edges struct{ Top, Bottom, High float64 }
	if r := eval[edges](p, `(r => ({Top: r.top, Bottom: r.bottom, High: innerHeight}))(document.activeElement.getBoundingClientRect())`); r.Top < -1 || r.Bottom > r.High+1 {
		p.shot("row")
		p.t.Errorf("%s: after %q the row stands at %.0f to %.0f of %.0f", p.state, step, r.Top, r.Bottom, r.High)
	}
}
