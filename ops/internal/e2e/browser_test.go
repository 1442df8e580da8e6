package e2e

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience bounds every wait for the page: it is for a machine that is busy with other
// things, not a promise about the page.
const patience = 30 * time.Second

// browser starts one Chromium for a test, without any connection of its own to the
// outside, and returns the context that its tabs are opened in. Rules send addresses
// elsewhere, as --host-resolver-rules has them.
func browser(t *testing.T, rules ...string) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed: make test installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true),
		chromedp.WindowSize(1280, 900),
	)
	if len(rules) > 0 {
		options = append(options, chromedp.Flag("host-resolver-rules", strings.Join(rules, ",")))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	return ctx
}

// page is one tab, driven as a person would drive it.
type page struct {
	t   *testing.T
	ctx context.Context
}

// open opens a tab at an address and waits until the client asks something.
func open(t *testing.T, browser context.Context, address string) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx}
	p.do(chromedp.Navigate(address))
	return p
}

func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.shot("failure")
		p.t.Fatalf("driving the page: %v", err)
	}
}

// eval returns what a script says.
func eval[T any](p *page, script string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		p.shot("failure")
		p.t.Fatalf("asking the page %q: %v", script, err)
	}
	return v
}

// wait waits until a condition on the page holds. It looks once, and then at every
// change of the document: nothing is polled.
func (p *page) wait(condition string) {
	p.t.Helper()
	if !p.waitFor(condition, patience) {
		p.shot("failure")
		p.t.Fatalf("the page never came to: %s\nstate %v", condition, eval[map[string]string](p, `({...document.documentElement.dataset})`))
	}
}

func (p *page) waitFor(condition string, limit time.Duration) bool {
	p.t.Helper()
	looking := `new Promise(resolve => {
		const holds = () => { try { return !!(` + condition + `) } catch { return false } };
		if (holds()) return resolve(true);
		const watch = new MutationObserver(() => { if (holds()) { watch.disconnect(); resolve(true) } });
		watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
		setTimeout(() => { watch.disconnect(); resolve(holds()) }, ` + strconv.FormatInt(limit.Milliseconds(), 10) + `);
	})`
	for deadline := time.Now().Add(limit); ; {
		held, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](looking, chromedp.EvalAwaitPromise))
		switch {
		case err == nil:
			return held
		case !strings.Contains(err.Error(), gone) || time.Now().After(deadline):
			p.shot("failure")
			p.t.Fatalf("asking the page: %v", err)
		}
	}
}

// gone is what the browser says of a document that was asked while another took its
// place: there it is asked again.
const gone = "navigated or closed"

// eval2 waits for a promise.
func eval2[T any](p *page, script string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.shot("failure")
		p.t.Fatalf("asking the page: %v", err)
	}
	return v
}

func hook(name string) string { return `document.querySelector('[data-test="` + name + `"]')` }

func (p *page) waitState(state string) {
	p.t.Helper()
	p.wait(`document.documentElement.dataset.state === '` + state + `'`)
}

func (p *page) waitHook(name string) {
	p.t.Helper()
	p.wait(hook(name))
}

// click presses a control where it is, with the mouse.
func (p *page) click(name string) {
	p.t.Helper()
	p.press(`[data-test="` + name + `"]`)
}

// press presses the first element of a selector that is there, with the mouse. Where
// it is, is asked in one go: a list that is drawn anew between two questions moves it.
func (p *page) press(selector string) {
	p.t.Helper()
	p.wait(`document.querySelector('` + selector + `')`)
	at := eval[[]float64](p, `(() => {
		const one = [...document.querySelectorAll('`+selector+`')];
		const seen = e => { const r = e.getBoundingClientRect(); return e.contains(document.elementFromPoint(r.x + r.width/2, r.y + r.height/2)) };
		let e = one.find(seen);
		if (!e) { e = one[0]; e.scrollIntoView({block: 'center'}) }
		const r = e.getBoundingClientRect();
		return [r.x + r.width/2, r.y + r.height/2];
	})()`)
	p.do(chromedp.MouseClickXY(at[0], at[1]))
}

// typeIn fills a field in key by key. It is found and given the focus in one go: drawn
// anew between the two, it is another element; the page itself keeps the focus.
func (p *page) typeIn(name, text string) {
	p.t.Helper()
	p.wait(`(field => { field.focus(); return document.activeElement === field })(` + hook(name) + `)`)
	p.do(chromedp.KeyEvent(text))
}

func (p *page) text() string { return eval[string](p, `document.body.innerText`) }

func (p *page) state() string { return eval[string](p, `document.documentElement.dataset.state`) }

// shot keeps a picture of the page where TVILLING_SHOTS says, if it does.
func (p *page) shot(name string) {
	dir := os.Getenv("TVILLING_SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Logf("no picture of %s: %v", name, err)
		return
	}
	file := dir + "/" + strings.ReplaceAll(p.t.Name(), "/", "-") + "-" + name + ".png"
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		p.t.Logf("no picture of %s: %v", name, err)
	}
}
