package gallery

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tvilling/protocol"
)

// patience bounds every wait for the page: it is for a machine that is busy with other
// things, not a promise about the page.
const patience = 15 * time.Second

// setting is how the page is looked at.
type setting struct {
	lang   protocol.Language
	dark   bool
	forced bool // forced colours, as of a high contrast theme
	still  bool // reduced motion
	width  int  // CSS pixels; 0: 1280
	height int  // 0: 800
	scale  float64
}

// name says how the page is looked at, as file names have it.
func (s setting) name() string {
	parts := []string{s.lang.Tag(), "light"}
	if s.dark {
		parts[1] = "dark"
	}
	if s.forced {
		parts = append(parts, "forced")
	}
	if s.width != 0 {
		parts = append(parts, strconv.Itoa(s.width))
	}
	return strings.Join(parts, "-")
}

// page is one tab, and the scripted node that it talks to.
type page struct {
	t     *testing.T
	ctx   context.Context
	node  *node
	stage *stage
	state string // the name of the state it is brought to
}

// newPage starts a Chromium without any connection of its own to the outside, and opens
// the one tab that a test uses.
func newPage(t *testing.T) *page {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed: make test-deps installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", false), chromedp.WindowSize(1280, 800),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { cancel(); stop() })
	p := &page{t: t, ctx: ctx, node: startNode(t), stage: newStage(t)}
	p.do(chromedp.Navigate("about:blank"))
	p.call("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": clock(today)})
	return p
}

// clock sets the page's clock to a moment, from which it goes on. Nothing else of the
// page's is changed.
func clock(at time.Time) string {
	return `{ const began = performance.now(); let ahead = 0;
		Date.now = () => ` + strconv.FormatInt(at.UnixMilli(), 10) + ` + Math.round(performance.now() - began) + ahead;
		window.passes = (millis) => { ahead += millis; window.dispatchEvent(new Event('focus')); }; }`
}

// for a test below another.
func (p *page) in(t *testing.T) *page {
	q := *p
	q.t, q.stage = t, &stage{t: t, documents: p.stage.documents}
	return &q
}

// call gives the browser an order of its protocol, and returns the answer.
func (p *page) call(method string, params any) (answer json.RawMessage) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		var got map[string]any
		if err := t.Call(ctx, method, params, &got); err != nil {
			return err
		}
		var err error
		answer, err = json.Marshal(got)
		return err
	}))
	return answer
}

func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatalf("%s: driving the page: %v", p.state, err)
	}
}

// eval returns what a script says; it waits for a promise.
func eval[T any](p *page, script string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: asking the page %.200q: %v", p.state, script, err)
	}
	return v
}

// look sets how the page is looked at.
func (p *page) look(s setting) {
	p.t.Helper()
	width, height, scale := s.width, s.height, s.scale
	if width == 0 {
		width = 1280
	}
	if height == 0 {
		height = 800
	}
	if scale == 0 {
		scale = 1
	}
	p.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": scale, "mobile": false})
	one := func(name string, on bool, yes, no string) map[string]string {
		if on {
			no = yes
		}
		return map[string]string{"name": name, "value": no}
	}
	p.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
		one("prefers-color-scheme", s.dark, "dark", "light"),
		one("forced-colors", s.forced, "active", "none"),
		one("prefers-reduced-motion", s.still, "reduce", "no-preference"),
	}})
}

// open brings the page to a state.
func (p *page) open(s state, how setting) {
	p.t.Helper()
	p.state = s.name
	p.look(setting{})
	p.node.play(s.scene(p.stage))
	p.do(chromedp.Navigate(p.node.server.URL + s.path))
	for _, act := range s.acts {
		act(p)
	}
	if s.until != "" {
		p.wait(s.until)
	}
	p.turn(how)
}

// turn looks at the page in another way, as it stands.
func (p *page) turn(how setting) {
	p.t.Helper()
	p.look(how)
	if lang := how.lang.Tag(); eval[string](p, `document.documentElement.lang`) != lang && eval[bool](p, `document.querySelector('#language') !== null`) {
		pressAt(`#language`)(p)
		p.wait(`document.documentElement.lang === '` + lang + `'`)
	}
	p.settle()
}

// settle waits until what has been decided is painted.
func (p *page) settle() {
	p.t.Helper()
	eval[bool](p, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))`)
}

// wait waits until a condition on the page holds. It looks once, and then at every
// change of the document: nothing is polled.
func (p *page) wait(condition string) {
	p.t.Helper()
	if !eval[bool](p, `new Promise(resolve => {
		const holds = () => { try { return !!(`+condition+`) } catch { return false } };
		if (holds()) return resolve(true);
		const watch = new MutationObserver(() => { if (holds()) { watch.disconnect(); resolve(true) } });
		watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
		setTimeout(() => { watch.disconnect(); resolve(holds()) }, `+strconv.FormatInt(patience.Milliseconds(), 10)+`);
	})`) {
		p.shot("failure")
		p.t.Fatalf("%s: the page never came to: %s\nstate %v", p.state, condition, eval[map[string]string](p, `({...document.documentElement.dataset})`))
	}
}

// picture is the page as it is seen.
func (p *page) picture(format string) []byte {
	p.t.Helper()
	var shot struct{ Data []byte }
	params := map[string]any{"format": format}
	if format != "png" {
		params["quality"] = 82
	}
	if err := json.Unmarshal(p.call("Page.captureScreenshot", params), &shot); err != nil {
		p.t.Fatal(err)
	}
	return shot.Data
}

// shot keeps a picture of the page where TVILLING_SHOTS says, if it does.
func (p *page) shot(name string) {
	dir := os.Getenv("TVILLING_SHOTS")
	if dir == "" {
		return
	}
	file := strings.ReplaceAll(p.t.Name()+"-"+p.state+"-"+name, "/", "-") + ".png"
	if err := os.WriteFile(filepath.Join(dir, file), p.picture("png"), 0o600); err != nil {
		p.t.Logf("no picture of %s: %v", name, err)
	}
}

// ---- acts of the user ----

// act is something that happens on the way to a state: the user does it, or the node.
type act func(*page)

// hook is the first element that carries a name for tests.
func hook(name string) string { return `document.querySelector('[data-test="` + name + `"]')` }

// there is the condition that something with the name is there.
func there(name string) string { return hook(name) + ` !== null` }

// at is the condition that the page is at a phase.
func at(phase string) string { return `document.documentElement.dataset.state === '` + phase + `'` }

func await(condition string) act { return func(p *page) { p.t.Helper(); p.wait(condition) } }

// press presses the first control with a name that can be pressed.
func press(name string) act { return pressAt(`[data-test="` + name + `"]`) }

func pressAt(selector string) act {
	return func(p *page) {
		p.t.Helper()
		one := `document.querySelector(` + strconv.Quote(selector) + `)`
		p.wait(one + `.ariaDisabled !== 'true'`)
		eval[bool](p, one+`.click(), true`)
	}
}

// fill fills in a field.
func fill(name, text string) act {
	return func(p *page) {
		p.t.Helper()
		p.wait(there(name))
		eval[bool](p, `(field => { field.focus(); field.value = `+strconv.Quote(text)+`; field.dispatchEvent(new Event('input', {bubbles: true})); return true })(`+hook(name)+`)`)
	}
}

// pick chooses one of a list.
func pick(name, value string) act {
	return func(p *page) {
		p.t.Helper()
		p.wait(there(name))
		eval[bool](p, `(field => { field.value = `+strconv.Quote(value)+`; field.dispatchEvent(new Event('change', {bubbles: true})); return true })(`+hook(name)+`)`)
	}
}

// keys presses keys one after another.
func keys(text string) act {
	return func(p *page) { p.t.Helper(); p.do(chromedp.KeyEvent(text)) }
}

// says has the node say something of itself.
func says(what func(*stream) []protocol.Frame) act {
	return func(p *page) { p.t.Helper(); p.node.say(p.t, what) }
}

// hangsUp has the node close the stream.
func hangsUp(code protocol.CloseCode) act { return func(p *page) { p.node.hangUp(code) } }

// passes lets time pass, by the page's clock, for one who does nothing.
func passes(d time.Duration) act {
	return func(p *page) {
		p.t.Helper()
		eval[bool](p, `window.passes(`+strconv.FormatInt(d.Milliseconds(), 10)+`), true`)
	}
}

// fires has something happen that a user brings about past the page: a key of the
// browser's own, an entry of its menu.
func fires(target, event string) act {
	return func(p *page) {
		p.t.Helper()
		eval[bool](p, target+`.dispatchEvent(new `+event+`), true`)
	}
}

// then is acts after one another.
func then(parts ...[]act) (all []act) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}
