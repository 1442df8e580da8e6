package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/viewer"
)

// How often each is measured.
const (
	coldLoads   = 10
	revocations = 40
)

// TestMeasureBrowser is no test but the part of `make bench` that needs a browser: it
// lives here so that the product does not carry one's driver. It runs when
// TVILLING_BENCH names the directory that holds the binary and takes the figures.
func TestMeasureBrowser(t *testing.T) {
	dir := os.Getenv("TVILLING_BENCH")
	if dir == "" {
		t.Skip("make bench runs it, with TVILLING_BENCH")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed: its figures are left out")
	}
	p := people(0)
	c, err := start(t.Context(), Options{Binary: filepath.Join(dir, "tvilling"), BasePort: DefaultBasePort}, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	nodes := dataNodes(c.Topology())
	var b Browser
	for n := range coldLoads {
		ready, overview := cold(t, path, &b, nodes[n%len(nodes)].Origin, p.open[n])
		b.ColdReady, b.ColdOverview = append(b.ColdReady, ready), append(b.ColdOverview, overview)
	}
	kept := chromium(t, path, &b)
	for n := range revocations {
		// The browser is at one node, who ends the consent at another; all pairs in turn.
		at, by := nodes[n%len(nodes)], nodes[(n+1+n/len(nodes)%3)%len(nodes)]
		revoke(t, kept, &b, at.Origin, by.Origin, p.consent[n%len(p.consent)])
	}
	for _, all := range [][]float64{b.ColdReady, b.ColdOverview, b.WarmReady, b.WarmOverview, b.Revoked, b.RevokedAsked} {
		slices.Sort(all)
	}
	b.print(os.Stdout)
	if err := Save(filepath.Join(dir, "bench-browser.json"), b); err != nil {
		t.Fatal(err)
	}
}

// chromium starts a browser that knows nothing, for as long as the test runs.
func chromium(t *testing.T, path string, b *Browser) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true),
		chromedp.WindowSize(1280, 900),
	)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	if b.Name == "" {
		b.Name = evaluate[string](t, ctx, `navigator.userAgent.replace(/.*(Chrome\/[\d.]+).*/, '$1')`)
	}
	return ctx
}

func evaluate[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("asking the page: %v", err)
	}
	return v
}

// hurry presses what there is to press, as soon as it is there, until the overview has
// rows; seen is when, on the page's clock, each state was first there. Rows count when
// they have been painted.
const hurry = `new Promise((resolve, reject) => {
	const seen = {}, root = document.documentElement;
	const find = name => document.querySelector('[data-test="' + name + '"]');
	const press = name => { const e = find(name); if (e && !e.ariaDisabled) { e.click(); return true } };
	let step = '', filled = false;
	const done = state => { seen[state] ??= performance.now() };
	const look = () => {
		const state = root.dataset.state;
		if (state === 'who' && step !== 'who') {
			const person = document.querySelector('[data-test="person"][data-value="%[1]s"]');
			if (person) { done('who'); step = 'who'; person.click() }
		} else if (state === 'commission' && step !== 'commission') {
			if (press('commission')) step = 'commission';
		} else if (state === 'patient' && !filled) {
			const field = find('patient-id');
			if (!field) return;
			filled = true;
			field.value = '%[2]s';
			field.dispatchEvent(new Event('input', {bubbles: true}));
			setTimeout(() => press('open-patient'), 0);
		} else if (state === 'choice' && step !== 'choice') {
			press('consent-skip');
			if (find('check-all')) { step = 'choice'; press('check-all'); setTimeout(show, 0) }
		} else if (state === 'overview' && find('row') && step !== 'overview') {
			step = 'overview';
			watch.disconnect();
			requestAnimationFrame(() => setTimeout(() => { done('overview'); resolve(seen) }, 0));
		}
	};
	const show = () => { if (root.dataset.state === 'choice' && !press('show')) setTimeout(show, 1) };
	const watch = new MutationObserver(look);
	watch.observe(document, {subtree: true, childList: true, attributes: true});
	setTimeout(() => reject(new Error('no overview: ' + root.dataset.state + ' ' + step)), 20000);
	look();
})`

// load asks for the page and hurries to the overview.
func load(t *testing.T, tab context.Context, origin, person, patient string) (ready, overview float64) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(origin)); err != nil {
		t.Fatalf("asking for the page: %v", err)
	}
	seen := evaluate[map[string]float64](t, tab, fmt.Sprintf(hurry, person, patient))
	return seen["who"], seen["overview"]
}

// cold measures a browser that has never seen the page.
func cold(t *testing.T, path string, b *Browser, origin, patient string) (ready, overview float64) {
	t.Helper()
	ctx := chromium(t, path, b)
	defer func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("ending chromium: %v", err)
		}
	}()
	return load(t, ctx, origin, personKey(0), patient)
}

// emptied is when, on the wall clock as the page knows it, the last row left the page.
const emptied = `new Promise((resolve, reject) => {
	const look = () => {
		if (document.querySelector('[data-test="row"]')) return;
		watch.disconnect();
		resolve(performance.timeOrigin + performance.now());
	};
	const watch = new MutationObserver(look);
	watch.observe(document, {subtree: true, childList: true});
	setTimeout(() => reject(new Error('the rows stayed')), 20000);
})`

// revoke shows documents that rest on a consent alone, ends it at another node, and
// measures from the acknowledgement to the page without them.
func revoke(t *testing.T, tab context.Context, b *Browser, at, by, patient string) {
	t.Helper()
	one, err := viewer.Dial(t.Context(), by, personKey(1))
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if _, err := one.Open(t.Context(), patient); err != nil {
		t.Fatal(err)
	}
	if err := one.Consent(t.Context()); err != nil {
		t.Fatal(err)
	}
	ready, overview := load(t, tab, at, personKey(0), patient)
	b.WarmReady, b.WarmOverview = append(b.WarmReady, ready), append(b.WarmOverview, overview)
	b.ClockUncertain = max(b.ClockUncertain, clocks(t, tab))

	if n := evaluate[int](t, tab, fmt.Sprintf(`window.gone = %s, Number(document.documentElement.dataset.count)`, emptied)); n != documents {
		t.Fatalf("%d documents are shown, not %d", n, documents)
	}
	asked := time.Now()
	if err := one.EndConsent(t.Context()); err != nil {
		t.Fatal(err)
	}
	acknowledged := time.Now()
	gone := evaluate[float64](t, tab, `window.gone`)
	b.Revoked = append(b.Revoked, gone-float64(acknowledged.UnixMicro())/1000)
	b.RevokedAsked = append(b.RevokedAsked, gone-float64(asked.UnixMicro())/1000)
}

// clocks is how far the page's clock and ours can be from each other, as the best of a
// few questions tells: what it says lies between our two readings, give or take that.
func clocks(t *testing.T, tab context.Context) (uncertain float64) {
	t.Helper()
	uncertain = 1e9
	for range 5 {
		before := float64(time.Now().UnixMicro()) / 1000
		page := evaluate[float64](t, tab, `performance.timeOrigin + performance.now()`)
		after := float64(time.Now().UnixMicro()) / 1000
		uncertain = min(uncertain, max(page-before, after-page))
	}
	return uncertain
}
