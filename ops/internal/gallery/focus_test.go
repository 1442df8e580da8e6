package gallery

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"tvilling/protocol"
)

// What is pressed keeps the focus while it waits for its answer, and where the answer
// leads nowhere else; what is taken away leaves it to a heading.
func TestFocusIsNotLost(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	skipped := then(toOpened, []act{press("consent-skip"), await(there("types"))})
	ticked := then(toOpened, []act{press("check-all")})
	report := then(toFollow, []act{pressAt(`#report-1`), await(there("report-form"))})
	gone := says(func(s *stream) []protocol.Frame { return s.revoke(protocol.FaultAccessChanged, keyOf(0)) })
	const trend = `#reader [data-act="trend"]`
	for _, c := range []struct {
		name, pressed string
		scene         func(*stage) *scene
		way           []act
		until, want   string
		event         act // what takes it away, instead of a key
	}{
		{"a question", `#ask-others`, play(), skipped, there("told-others"), "ask-others", nil},
		{"a question without an answer", `#ask-others`, play(mutes(protocol.KindAsk)), skipped, `document.querySelector('#ask-others').ariaDisabled`, "ask-others", nil},
		{"a choice on its way", `#show`, play(consented, mutes(protocol.KindShow)), ticked, hook("show") + `.ariaDisabled`, "show", nil},
		{"a choice that is too large", `#show`, play(consented, refuses(protocol.KindShow, protocol.FaultTooMany)), ticked, there("fault"), "show", nil},
		{"a report on its way", `#report-ask`, play(mutes(protocol.KindFollow)), report, hook("report-ask") + `.ariaDisabled`, "report-ask", nil},
		{"a document that is taken away", trend, beside("SERIE-6"), toFirst, `!` + there("document"), "reader-heading", gone},
	} {
		p := p.in(t)
		p.open(state{name: c.name, scene: c.scene, acts: c.way}, setting{})
		p.wait(`document.querySelector('` + c.pressed + `')`)
		eval[bool](p, `document.querySelector('`+c.pressed+`').focus(), true`)
		if c.event != nil {
			c.event(p)
		} else {
			keys(kb.Enter)(p)
		}
		p.wait(c.until)
		p.settle()
		if got := eval[string](p, `document.activeElement.id || document.activeElement.tagName`); got != c.want {
			t.Errorf("%s: the focus is at %s, want %s", c.name, got, c.want)
		}
	}
}
