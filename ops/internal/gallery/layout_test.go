package gallery

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"tvilling/protocol"
)

//go:embed checks.js
var checks string

// check runs one of the checks on the page as it stands.
func (p *page) check(what string) {
	p.t.Helper()
	eval[bool](p, `window.pageChecks !== undefined || (() => { `+checks+` })() || true`)
	if wrong := eval[[]string](p, `window.pageChecks.`+what+`()`); len(wrong) > 0 {
		p.shot(what)
		p.t.Errorf("%s: %s: %d\n\t%s", p.state, what, len(wrong), strings.Join(wrong[:min(len(wrong), 5)], "\n\t"))
	}
}

// spacing is the text spacing that a page must bear (WCAG 1.4.12). A page's policy lets no
// style in by markup; a user's own comes in beside it, as this does.
const spacing = `(() => { const s = new CSSStyleSheet();
	s.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }');
	document.adoptedStyleSheets = [s]; return true })()`

const noSpacing = `document.adoptedStyleSheets = [], true`

// In every state everything is there in a narrow window, with text enlarged four times,
// with wide text, with colours of one's own and without motion.
func TestLayout(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	for _, s := range states() {
		t.Run(s.name, func(t *testing.T) {
			p := p.in(t)
			p.open(s, setting{})
			for _, what := range []string{"sideways", "cut", "small", "covered", "blankList", "places", "fewRows", "higher"} {
				p.check(what)
			}
			p.turn(setting{width: 1280, height: 620})
			p.state = s.name + " in a low window"
			for _, what := range []string{"sideways", "cut", "covered", "blankList", "fewRows", "higher"} {
				p.check(what)
			}
			p.turn(setting{})
			eval[bool](p, spacing)
			p.settle()
			p.state = s.name + " spaced"
			p.check("cut")
			p.check("sideways")
			eval[bool](p, noSpacing)
			p.turn(setting{width: 320, height: 640})
			p.state = s.name + " at 320 pixels"
			for _, what := range []string{"sideways", "cut", "covered", "blankList"} {
				p.check(what)
			}
			p.turn(setting{width: 320, height: 256, scale: 4})
			p.state = s.name + " at 400 %"
			p.check("covered")
			p.turn(setting{forced: true, still: true})
			p.state = s.name + " forced, still"
			p.check("flat")
			p.check("moving")
			p.turn(setting{lang: protocol.English, width: 320, height: 640})
			p.state = s.name + " in English at 320 pixels"
			p.check("sideways")
			p.turn(setting{lang: protocol.English, width: 1280, height: 620})
			p.state = s.name + " in English in a low window"
			p.check("fewRows")
		})
	}
}

// focused is where the focus is.
type focused struct {
	Name                     string
	Ring, Free               bool
	Left, Top, Right, Bottom float64
	Part                     string // the box of what it is part of
	Index                    int    // among what the tab key reaches, -1: not
}

// Everything that can be pressed is reached by the tab key alone, in the order in which it
// stands, is seen to have the focus, and lets go of it.
func TestTabReachesEverythingInItsOrder(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	for _, s := range named(t, append(slices.Clone(besides), "entry/who", "patient/right", "choice/own", "emergency/first",
		"overview/ending", "overview/alerts", "reading/plan", "follow-up/review", "follow-up/form", "blank/version")...) {
		t.Run(s.name, func(t *testing.T) {
			p := p.in(t)
			p.open(s, setting{})
			eval[bool](p, `window.pageChecks !== undefined || (() => { `+checks+` })() || true`)
			stops := eval[[]string](p, `window.pageChecks.stops()`)
			eval[bool](p, `(e => { document.body.prepend(e); e.focus(); e.remove(); return true })(Object.assign(document.createElement('span'), {tabIndex: -1}))`) // where the page begins
			reached := map[int]bool{}
			var before *focused
			for range 5*len(stops) + 8 { // a date has several parts, each a stop
				keys("\t")(p)
				at := eval[*focused](p, `window.pageChecks.focus()`)
				if at == nil {
					break // past the last: the focus has left the page
				}
				if at.Index >= 0 && reached[at.Index] && before != nil && at.Index != before.Index {
					break // and come around
				}
				reached[at.Index] = true
				p.focusIsRight(before, at)
				before = at
			}
			for i, name := range stops {
				if !reached[i] {
					t.Errorf("%s: the tab key never reaches %s", s.name, name)
				}
			}
		})
	}
}

// focusIsRight checks one step of the tab key.
func (p *page) focusIsRight(before, at *focused) {
	p.t.Helper()
	if at.Index < 0 && strings.Contains(at.Name, "skip") {
		return // the way past the banner, seen while it has the focus
	}
	if !at.Ring {
		p.t.Errorf("%s: %s does not show that it has the focus", p.state, at.Name)
	}
	if !at.Free {
		p.t.Errorf("%s: %s has the focus out of sight, or behind something: %.0f, %.0f to %.0f, %.0f", p.state, at.Name, at.Left, at.Top, at.Right, at.Bottom)
	}
	if before != nil && before.Index >= 0 && at.Part == before.Part && at.Bottom <= before.Top && at.Left <= before.Left {
		p.t.Errorf("%s: the focus goes back from %s to %s", p.state, before.Name, at.Name)
	}
}

// The page says which language it speaks, and which words are another's.
func TestLanguage(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	for _, s := range named(t, "entry/who", "overview/many", "aside/help", "blank/ended") {
		for _, lang := range []protocol.Language{protocol.Swedish, protocol.English} {
			p := p.in(t)
			p.open(s, setting{lang: lang})
			want := lang.Tag()
			if s.name == "blank/ended" {
				want = protocol.Swedish.Tag() // it speaks both, the other marked as such
			}
			if got := eval[string](p, `document.documentElement.lang`); got != want {
				t.Errorf("%s: lang is %q, want %q", s.name, got, want)
			}
			if got := eval[string](p, `document.querySelector('#language, #ended-reload [lang]').lang`); got == want || got == "" {
				t.Errorf("%s: the other language's words are marked %q", s.name, got)
			}
		}
	}
}

// Where the page speaks English the record's own words are said to be Swedish, and ours not.
func TestLanguageOfRecords(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	s := named(t, "reading/notes")[0]
	for lang, want := range map[protocol.Language]string{protocol.Swedish: "", protocol.English: "sv"} {
		p.open(s, setting{lang: lang})
		for _, source := range []string{`#rows .title`, `#reader-heading`, `#reader .prose p`, `#reader .coded`} {
			if got := eval[string](p, `document.querySelector('`+source+`').lang`); got != want {
				t.Errorf("%s: %s is marked %q, want %q", lang.Tag(), source, got, want)
			}
		}
		if ours := eval[string](p, `[...document.querySelectorAll('#reader :is(dt, h3, th), #rows .when')].filter(e => e.closest('[lang=sv]') !== document.documentElement && e.closest('[lang=sv]')).map(e => e.textContent).join()`); ours != "" {
			t.Errorf("%s: ours are marked as Swedish: %s", lang.Tag(), ours)
		}
	}
}

// A field that is wrong says so for as long as the words under it do.
func TestWrongFieldSaysSo(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	const invalid = `[...document.querySelectorAll('[aria-invalid=true]')].map(e => e.id).join()`
	for state, want := range map[string]string{"emergency/no-reason": "emergency-reason-1", "emergency/not-sure": "emergency-sure", "follow-up/form-wrong": "follow-subject", "feedback/empty": "feedback-text"} {
		p.open(named(t, state)[0], setting{})
		if got := eval[string](p, invalid); got != want {
			t.Errorf("%s: said to be wrong: %q, want %q", state, got, want)
		}
	}
	p.open(named(t, "emergency/no-reason")[0], setting{})
	fill("reason", unconscious)(p)
	p.wait(`!(` + there("wrong") + `)`)
	if got := eval[string](p, invalid); got != "" {
		t.Errorf("still said to be wrong: %q", got)
	}
}

// With colours of one's own the bar beside a row is that of the document one reads alone.
func TestBarOfOneRow(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	p.open(named(t, "reading/notes")[0], setting{forced: true})
	if n := eval[int](p, `[...document.querySelectorAll('#rows .row')].filter(e => (s => s.borderLeftColor !== getComputedStyle(document.body).backgroundColor)(getComputedStyle(e))).length`); n != 1 {
		t.Errorf("%d rows have a bar that is seen", n)
	}
}
