package gallery

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tvilling/protocol"
)

// axe is where `make test-deps` puts axe-core. It is part of no product.
const axe = "node_modules/axe-core/axe.min.js"

// axeTags are the rules that run: WCAG 2.0 to 2.2, A and AA, and what axe-core's authors
// hold for good practice besides.
var axeTags = []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}

// finding is what axe-core says of one rule.
type finding struct {
	ID     string
	Impact string
	Help   string
	Nodes  []string
}

func (f finding) String() string {
	return fmt.Sprintf("%s (%s): %s\n\t%s", f.ID, f.Impact, f.Help, strings.Join(f.Nodes[:min(len(f.Nodes), 6)], "\n\t"))
}

// results are axe-core's of one page.
type results struct {
	Violations []finding
	Unresolved []finding // contrast that it could not reckon
	Passes     int       // rules that hold
	Checked    int       // elements that they were held against
}

// axeScript reads axe-core. It goes in by the browser's own protocol: the page's policy
// forbids a script tag, and is not relaxed for tests.
func axeScript(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(axe)
	if err != nil {
		t.Fatalf("axe-core is needed: make test-deps installs it (%v)", err)
	}
	return string(script) + `;
// What axe-core leaves open of contrast is reckoned here, each with nothing before it:
// what lies under a text that was scrolled away, under one in a drawing, and for signs
// that are no text (3 to 1, WCAG 1.4.11). What cannot be reckoned here either fails.
const rgb = s => { const n = s.match(/[\d.]+/g)?.map(Number); return n && (n[3] ?? 1) >= 1 ? n.slice(0, 3) : null };
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05) };
const groundUnder = e => {
	e.scrollIntoView({block: 'nearest', behavior: 'instant'});
	const r = e.getBoundingClientRect();
	const all = document.elementsFromPoint(r.left + Math.min(r.width / 2, 40), r.top + r.height / 2);
	const at = all.findIndex(u => u === e || e.contains(u));
	if (at > 0 || at < 0 && !(e instanceof SVGElement)) return null; // something is before it
	for (const u of all) {
		if (u.tagName === 'text') continue;
		const s = getComputedStyle(u);
		const drawn = u instanceof SVGElement && u.tagName !== 'svg';
		if (drawn && s.fill !== 'none' && s.fillOpacity !== '1') return null;
		const c = rgb(drawn ? s.fill : s.backgroundColor);
		if (c) return c;
	}
	return null;
};
const reckoned = n => {
	const e = document.querySelector(n.target[0]);
	if (!e) return false;
	const drawn = e instanceof SVGElement;
	const [ink, ground] = [rgb(drawn ? getComputedStyle(e).fill : getComputedStyle(e).color), groundUnder(e)];
	return ink !== null && ground !== null && ratio(ink, ground) >= (n.any[0]?.data?.messageKey === 'nonBmp' ? 3 : 4.5);
};
window.axeFindings = async (contrast) => {
	const told = r => ({ID: r.id, Impact: r.impact ?? '', Help: r.help,
		Nodes: r.nodes.map(n => n.target.join(' ') + '  ' + n.html.slice(0, 160) + '  ' + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? ''))});
	const r = await axe.run(document, contrast
		? {runOnly: ['color-contrast']}
		: {runOnly: ['` + strings.Join(axeTags, "', '") + `'], rules: {'color-contrast': {enabled: false}}});
	return {
		Violations: r.violations.map(told), Unresolved: contrast ? r.incomplete.map(i => ({...i, nodes: i.nodes.filter(n => !reckoned(n))})).filter(i => i.nodes.length).map(told) : [],
		Passes: r.passes.length, Checked: r.passes.reduce((n, p) => n + p.nodes.length, 0),
	};
};true`
}

// axe runs axe-core on the page as it stands. Contrast is reckoned with everything in
// sight: what is scrolled away in part has no ground that can be known. It is not with
// forced colours, which are the user's own; axe-core takes the page's for them.
func (p *page) axe(script string, how setting) results {
	p.t.Helper()
	eval[bool](p, `window.axeFindings !== undefined || (() => { `+script+` })() || true`)
	r := eval[results](p, `window.axeFindings(false)`)
	if !how.forced {
		how.height = tall
		p.look(how)
		p.settle()
		contrast := eval[results](p, `window.axeFindings(true)`)
		r.Violations, r.Unresolved = append(r.Violations, contrast.Violations...), contrast.Unresolved
		r.Passes, r.Checked = r.Passes+contrast.Passes, r.Checked+contrast.Checked
	}
	for _, f := range slices.Concat(r.Violations, r.Unresolved) {
		p.t.Errorf("%s: %v", p.state, f)
	}
	if r.Passes == 0 {
		p.t.Errorf("%s: axe-core checked nothing", p.state)
	}
	return r
}

// tall is a window in which nothing is scrolled, in pixels.
const tall = 8000

// besides are the states that are looked at in every other way too: each has parts that
// no other has.
var besides = []string{
	"entry/commissions", "patient/wrong-check", "patient/no-engagement", "consent/child-wrong", "choice/others", "emergency/second",
	"overview/many", "overview/empty", "reading/laboratory", "reading/medication", "notice/ongoing", "notice/late", "blank/consent-ended",
	"follow-up/emergencies", "follow-up/statistics", "aside/coverage",
}

// ways are how those are looked at.
var ways = []setting{
	{lang: protocol.Swedish, dark: true}, {lang: protocol.English}, {lang: protocol.Swedish, forced: true}, {lang: protocol.Swedish, width: 320, height: 640},
}

// Nothing that axe-core knows of is wrong in any state, and no contrast is left open.
func TestAxe(t *testing.T) {
	t.Parallel()
	script := axeScript(t)
	p := newPage(t)
	total, pages := 0, 0
	for _, s := range states() {
		t.Run(s.name, func(t *testing.T) {
			p := p.in(t)
			p.open(s, setting{})
			r := p.axe(script, setting{})
			t.Logf("%d rules hold for %d elements", r.Passes, r.Checked)
			total, pages = total+r.Checked, pages+1
			if !slices.Contains(besides, s.name) {
				return
			}
			for _, way := range ways {
				p.turn(way)
				p.state = s.name + " " + way.name()
				r := p.axe(script, way)
				t.Logf("%s: %d rules hold for %d elements", way.name(), r.Passes, r.Checked)
				total, pages = total+r.Checked, pages+1
			}
		})
	}
	t.Logf("%d elements on %d pages", total, pages)
}

// The states that are looked at in every way are states.
func TestBesidesAreStates(t *testing.T) { named(t, besides...) }
