package e2e

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// tab opens an empty tab, in which a script runs before any page's own.
func tab(t *testing.T, browser context.Context, script string) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx}
	p.do()
	p.call("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": script}, nil)
	return p
}

// call gives the tab a command of the browser's own protocol.
func (p *page) call(method string, params map[string]any, result any) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		return target.Call(ctx, method, params, result)
	}))
}

// seams keeps what the page's policy refused and which globals there were, lets a case
// change what the node says, and has less patience with a stream than the page itself.
const seams = `
window.violations = [];
document.addEventListener('securitypolicyviolation', e => window.violations.push(e.violatedDirective + ' ' + e.blockedURI));
window.told = (path, change) => {
	const ask = window.fetch;
	window.fetch = async (at, init) => {
		const answer = await ask(at, init);
		if (at !== path) return answer;
		return new Response(JSON.stringify(change(answer.ok ? await answer.json() : {})), {headers: {'Content-Type': 'application/json'}});
	};
};
const wait = window.setTimeout;
window.setTimeout = (f, millis, ...rest) => wait(f, millis >= 5000 && millis < 10000 ? millis / 10 : millis, ...rest); // what it waits for a stream
window.before = Object.getOwnPropertyNames(window);
`

// tested opens the test page after a script that stands for what is wrong, and waits
// until it has judged.
func tested(t *testing.T, browser context.Context, address, wrong string) *page {
	t.Helper()
	p := tab(t, browser, seams+wrong)
	p.do(chromedp.Navigate(address + "/test"))
	p.wait(`!['running', undefined].includes(document.getElementById('verdict')?.dataset.verdict)`)
	return p
}

// results are the test page's, by check.
func (p *page) results() map[string]string {
	p.t.Helper()
	return eval[map[string]string](p, `Object.fromEntries([...document.querySelectorAll('#checks > li')].map(e => [e.dataset.test.slice(6), e.dataset.result]))`)
}

func (p *page) verdict() string {
	p.t.Helper()
	return eval[string](p, `document.getElementById('verdict').dataset.verdict`)
}

// TestTheTestPage finds a workstation ready: every check is OK in words, both sites are
// reached, and nothing is kept or leaks.
func TestTheTestPage(t *testing.T) {
	p := tested(t, browser(t), stage.URL("a1"), "")
	p.shot("ready")
	results := p.results()
	for check, result := range results {
		if result != "ok" {
			t.Errorf("%s: %s: %s", check, result, eval[string](p, hook("check-"+check)+`.innerText`))
		}
	}
	all := slices.Sorted(maps.Keys(results))
	if want := "address browser certificate clock cookies features program screen service site-A site-B wasm"; strings.Join(all, " ") != want {
		t.Errorf("checked %v, want %s", all, want)
	}
	if got := p.verdict(); got != "ready" || !strings.Contains(p.text(), "Arbetsstationen är redo") {
		t.Errorf("the verdict is %q", got)
	}
	for _, id := range dataNodes {
		if !strings.Contains(p.text(), id+": öppnas på") {
			t.Errorf("nothing is said of the stream to %s", id)
		}
	}
	for what, script := range map[string]string{
		"refused by the policy": `window.violations.join()`,
		"new globals":           `Object.getOwnPropertyNames(window).filter(k => !window.before.includes(k) && k !== 'before').join()`,
		"cookies and storage":   `document.cookie + [...Object.keys(localStorage), ...Object.keys(sessionStorage)].join()`,
	} {
		if got := eval[string](p, script); got != "" {
			t.Errorf("%s: %s", what, got)
		}
	}
	if n := eval2[int](p, `Promise.all([indexedDB.databases(), caches.keys()]).then(all => all.flat().length)`); n != 0 {
		t.Errorf("%d databases and caches", n)
	}
	if report := eval[string](p, `document.getElementById('report').value`); !strings.Contains(report, "OK: Datorns klocka") || !strings.Contains(report, "Chrome/") {
		t.Errorf("the report is %q", report)
	}
	p.press("#language")
	p.wait(`document.documentElement.lang === 'en'`)
	if text := p.text(); !strings.Contains(text, "The workstation is ready") || strings.ContainsAny(strings.ReplaceAll(text, "Svenska", ""), "åäöÅÄÖ") {
		t.Errorf("not all of it is English: %s", text)
	}
	p.shot("ready-english")
	p.do(chromedp.EmulateViewport(320, 640))
	if wide := eval[int](p, `document.documentElement.scrollWidth`); wide > 320 {
		t.Errorf("at 320 it is %d wide", wide)
	}
	p.shot("narrow")
}

// TestTheTestPageSaysWhatIsWrong has one thing wrong at a time.
func TestTheTestPageSaysWhatIsWrong(t *testing.T) {
	b := browser(t)
	facts := func(change string) string {
		return `told('/test/facts.json', f => Object.assign(f, ` + change + `));`
	}
	certificate := func(seen string) string {
		return facts(`{signIn: 'certificate'}`) + `told('/test/certificate', () => (` + seen + `));`
	}
	const shown = `tls: true, asked: true, presented: true, trusted: false, notAfter: '2026-01-31T12:00:00Z', `
	type finding struct{ check, result, says string }
	for name, c := range map[string]struct {
		wrong, verdict string
		finds          []finding
	}{
		"an old computer": {
			`const now = Date.now; Date.now = () => now.call(Date) + 600000; delete window.WebAssembly; delete window.ResizeObserver;
			Object.defineProperty(navigator, 'userAgent', {value: 'Mozilla/5.0 Chrome/80.0'});` + certificate(`{tls: true, asked: true, presented: false}`), "mend",
			[]finding{{"clock", "fail", "600 s före nodens"}, {"wasm", "fail", "Slå på WebAssembly"}, {"features", "fail", "Saknas: ResizeObserver"},
				{"browser", "fail", "Chrome 80"}, {"certificate", "fail", "Sätt i kortet"}},
		},
		"nothing that stops anybody": {
			`const now = Date.now; Date.now = () => now.call(Date) - 20000;` +
				certificate(`{tls: true, asked: true, presented: true, trusted: true, reason: '', notAfter: new Date(Date.now() + 864e6).toISOString()}`) +
				facts(`{origin: 'https://a1.example', leaving: true, failed: ['draining']}`), "notes",
			[]finding{{"clock", "warn", "20 s efter nodens"}, {"address", "warn", "Öppna https://a1.example i stället"}, {"service", "warn", "tas ur drift"},
				{"certificate", "warn", "Förnya kortet i god tid"}},
		},
		"what changes files, and a card that ran out": {
			`const ask = window.fetch; window.fetch = (at, init) => ask(at, init?.integrity ? {...init, integrity: 'sha256-' + btoa('x'.repeat(32))} : init);
			told('/test/cookie', () => ({came: false}));` + certificate(`{`+shown+`reason: 'expired'}`), "mend",
			[]finding{{"program", "fail", "innehållsfilter"}, {"cookies", "fail", "Tillåt kakor"}, {"certificate", "fail", "2026-01-31"}},
		},
		"a proxy that swallows, and another's card": {
			`const send = WebSocket.prototype.send; WebSocket.prototype.send = function(b) { if (this.url.includes(location.host)) send.call(this, b) };` +
				certificate(`{`+shown+`reason: 'issuer'}`), "mend",
			[]finding{{"site-A", "warn", "En av dess noder gör det inte"}, {"site-B", "fail", "släpper igenom uppkopplingen men inte trafiken"}, {"certificate", "fail", "inte utfärdat av någon"}},
		},
		"no leader": {facts(`{leader: false, failed: ['leader']}`), "mend", []finding{{"service", "fail", "Den här datorn är det inget fel på"}}},
		"an unknown browser": {
			`Object.defineProperty(navigator, 'userAgent', {value: 'Lynx'});`, "unsure", []finding{{"browser", "unknown", "känns inte igen"}},
		},
		"a node that does not say": {
			`const ask = window.fetch; window.fetch = (at, init) => String(at).startsWith('/test/') ? Promise.reject(new TypeError('off')) : ask(at, init);`, "unsure",
			[]finding{{"service", "unknown", "svarar inte på testsidans frågor"}, {"clock", "unknown", "sade inte vad klockan är"}, {"site-?", "ok", "öppnas på"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := tested(t, b, stage.URL("a1"), c.wrong)
			p.shot("wrong")
			results, text := p.results(), p.text()
			for _, f := range c.finds {
				if got := results[f.check]; got != f.result || !strings.Contains(text, f.says) {
					t.Errorf("%s is %q, want %q and %q: %s", f.check, got, f.result, f.says, text)
				}
			}
			if got := p.verdict(); got != c.verdict {
				t.Errorf("the verdict is %q, want %q", got, c.verdict)
			}
			if bad := eval[int](p, `[...document.querySelectorAll('#checks > li:not([data-result=ok])')].filter(e => !/Att göra: [^]*Vem: /.test(e.innerText)).length`); bad != 0 {
				t.Errorf("%d findings without what to do and who can", bad)
			}
		})
	}
}

// TestTheTestPageFindsAClosedSite has a network that lets nothing through to site B: one
// node refuses, and one is silent.
func TestTheTestPageFindsAClosedSite(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() // it takes connections, and says nothing
	refuses, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := refuses.Addr().String()
	if err := refuses.Close(); err != nil {
		t.Fatal(err)
	}
	b := browser(t, elsewhere("b1", closed), elsewhere("b2", silent.Addr().String()))
	p := tested(t, b, stage.URL("a1"), "")
	p.shot("closed")
	if r := p.results(); r["site-A"] != "ok" || r["site-B"] != "fail" {
		t.Errorf("judged %v", r)
	}
	for _, says := range []string{"b1: avvisas efter", "b2: inget svar på 8 s", "Öppna brandvägg och proxy för websocket", strings.TrimPrefix(stage.URL("b1"), "http://")} {
		if !strings.Contains(p.text(), says) {
			t.Errorf("%q is not said: %s", says, p.text())
		}
	}
}

// elsewhere is the rule that sends a browser to another address than a node's.
func elsewhere(node, address string) string {
	return "MAP " + strings.TrimPrefix(stage.URL(node), "http://") + " " + address
}
