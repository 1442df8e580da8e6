package bench

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/chromedp/chromedp"
)

//go:embed probe.js
var probe string

// How often each is measured, and of how much.
const (
	clientLoads   = 5
	clientLots    = 10_000
	clientChanges = 1_000
	clientOver    = 5 * time.Second
)

// clientReport is what the browser's program costs, in milliseconds and bytes.
type clientReport struct {
	Browser  string        `json:"browser"`
	Overview compressed    `json:"overview_size"`
	Skeleton compressed    `json:"skeleton_size"`
	Starts   []clientStart `json:"starts"`
	Changes  []clientFlow  `json:"changes"`
	Searches []clientWait  `json:"searches"`
	Memory   clientMemory  `json:"memory"`
}

// clientStart is from asking for a page that nothing is kept of, sorted.
type clientStart struct {
	Slower   int       `json:"cpu_slower"`
	Skeleton []float64 `json:"skeleton_ms"` // to its first word from the node on the screen
	Ready    []float64 `json:"ready_ms"`    // to the same of the overview: who one is
	Overview []float64 `json:"overview_ms"` // to a hundred documents, through every page between
}

// clientFlow is what changes cost that come while somebody looks.
type clientFlow struct {
	Slower int       `json:"cpu_slower"`
	Reads  bool      `json:"reads"`
	Frames []float64 `json:"frame_ms"` // from frame to frame
	Work   []float64 `json:"work_ms"`  // of the program within each
	Long   []float64 `json:"long_tasks_ms"`
	Paints int       `json:"most_paints_in_a_frame"`
	CPU    float64   `json:"cpu_ms"` // of the page's own thread, over all of it
}

// clientWait is from a key to what it finds, painted.
type clientWait struct {
	Slower int       `json:"cpu_slower"`
	First  float64   `json:"first_ms"` // the first key of all
	Keys   []float64 `json:"key_ms"`
	CPU    float64   `json:"cpu_ms"` // of the page's own thread, over all keys
}

// clientMemory is of the program, in bytes.
type clientMemory struct {
	Few   int `json:"hundred"`
	Lots  int `json:"ten_thousand"`
	After int `json:"after_the_changes"`
}

// TestMeasureClient is no test but `make bench-client`. It runs when
// TVILLING_BENCH_CLIENT names the directory that takes the figures.
func TestMeasureClient(t *testing.T) {
	dir := os.Getenv("TVILLING_BENCH_CLIENT")
	if dir == "" {
		t.Skip("make bench-client runs it, with TVILLING_BENCH_CLIENT")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed")
	}
	n := startClientNode(t)
	var r clientReport
	r.Skeleton = n.buildSkeleton(t)
	r.Overview = overviewSize(t)
	var b Browser
	for _, slower := range []int{1, 4} {
		r.Starts = append(r.Starts, n.starts(t, path, &b, slower))
	}
	for _, slower := range []int{1, 4} {
		n.flows(t, path, &b, &r, slower)
	}
	r.Browser = b.Name
	r.print(os.Stdout)
	if err := Save(filepath.Join(dir, "bench-client.json"), r); err != nil {
		t.Fatal(err)
	}
}

// overviewSize is the size of the program as it is served.
func overviewSize(t *testing.T) (size compressed) {
	t.Helper()
	files := filepath.Join("..", "..", "..", "wasm", "site", "files")
	br, err := os.ReadFile(filepath.Join(files, "app.wasm.br"))
	if err != nil {
		t.Fatal(err)
	}
	gz, err := os.ReadFile(filepath.Join(files, "app.wasm.gz"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.Copy(io.Discard, brotli.NewReader(bytes.NewReader(br)))
	if err != nil {
		t.Fatal(err)
	}
	return compressed{int(raw), len(gz), len(br)}
}

// call gives a tab a command of the browser's own protocol.
func call(t *testing.T, tab context.Context, method string, params map[string]any) {
	t.Helper()
	err := chromedp.Do(tab, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		return target.Call(ctx, method, params, nil)
	}))
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// threadTime is how long the page's own thread has run, in milliseconds: unlike what a
// clock says, it does not grow when the machine does other things.
func threadTime(t *testing.T, tab context.Context) (millis float64) {
	t.Helper()
	var all struct {
		Metrics []struct {
			Name  string  `json:"name"`
			Value float64 `json:"value"`
		} `json:"metrics"`
	}
	err := chromedp.Do(tab, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if err := target.Call(ctx, "Performance.enable", map[string]any{"timeDomain": "threadTicks"}, nil); err != nil {
			return err
		}
		return target.Call(ctx, "Performance.getMetrics", map[string]any{}, &all)
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all.Metrics {
		if m.Name == "TaskDuration" {
			millis = m.Value * 1000
		}
	}
	return millis
}

// slow makes the browser's processor slower by a factor.
func slow(t *testing.T, tab context.Context, factor int) {
	t.Helper()
	call(t, tab, "Emulation.setCPUThrottlingRate", map[string]any{"rate": factor})
}

func (n *clientNode) starts(t *testing.T, path string, b *Browser, slower int) clientStart {
	n.documents = 100
	s := clientStart{Slower: slower}
	for range clientLoads {
		tab := chromium(t, path, b)
		slow(t, tab, slower)
		if err := chromedp.Do(tab, chromedp.Navigate(n.server.URL+"/skeleton/")); err != nil {
			t.Fatal(err)
		}
		s.Skeleton = append(s.Skeleton, evaluate[float64](t, tab, skeletonReady))
		end(t, tab)
		tab = chromium(t, path, b)
		slow(t, tab, slower)
		ready, overview := load(t, tab, n.server.URL, "anna", "19970106-2383")
		s.Ready, s.Overview = append(s.Ready, ready), append(s.Overview, overview)
		end(t, tab)
	}
	for _, all := range [][]float64{s.Skeleton, s.Ready, s.Overview} {
		slices.Sort(all)
	}
	return s
}

func end(t *testing.T, tab context.Context) {
	t.Helper()
	if err := chromedp.Cancel(tab); err != nil {
		t.Logf("ending chromium: %v", err)
	}
}

const skeletonReady = `new Promise((resolve) => {
	const look = () => {
		if (document.documentElement.dataset.state !== 'ready') return;
		watch.disconnect();
		requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0));
	};
	const watch = new MutationObserver(look);
	watch.observe(document, {subtree: true, childList: true, attributes: true});
	look();
})`

// searching types words letter by letter, and takes them away again. The program asks
// for a frame as it takes a key, so what the key finds is painted in the next one.
const searching = `(async () => {
	const waits = [];
	for (const text of ['b', 'bl', 'blo', 'blod', '', 'k', 'kr', 'kre', 'krea', 'krea 19', 'krea 199', '', 'ljung 2004', '']) {
		const field = document.querySelector('[data-field="search"]');
		await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 100)));
		const began = performance.now();
		field.value = text;
		field.dispatchEvent(new Event('input', {bubbles: true}));
		await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
		waits.push(performance.now() - began);
		const n = Number(document.querySelector('[data-test="count"]').dataset.n);
		if (text === '' && n !== 10000) throw new Error(n + ' documents at "' + text + '"');
	}
	return waits;
})()`

// flows shows lots of documents, lets changes come, once while nobody reads and once
// while somebody does, and searches.
func (n *clientNode) flows(t *testing.T, path string, b *Browser, r *clientReport, slower int) {
	tab := chromium(t, path, b)
	defer end(t, tab)
	call(t, tab, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": probe})
	memory := func() int { return evaluate[int](t, tab, `window.probe.memory()`) }
	if slower == 1 {
		n.documents = 100
		load(t, tab, n.server.URL, "anna", "19970106-2383")
		r.Memory.Few = memory()
	}
	n.documents = clientLots
	load(t, tab, n.server.URL, "anna", "19970106-2383")
	if slower == 1 {
		r.Memory.Lots = memory()
	}
	slow(t, tab, slower)
	began := threadTime(t, tab)
	waits := evaluate[[]float64](t, tab, searching)
	w := clientWait{Slower: slower, First: waits[0], Keys: waits[1:], CPU: threadTime(t, tab) - began}
	slices.Sort(w.Keys)
	r.Searches = append(r.Searches, w)
	for _, reads := range []bool{false, true} {
		if reads {
			evaluate[bool](t, tab, `document.getElementById('scroller').scrollTop = 20000, true`)
		}
		evaluate[bool](t, tab, `window.probe.begin(), true`)
		began := threadTime(t, tab)
		n.tell(clientChanges, clientOver)
		f := evaluate[struct {
			Frames []float64 `json:"frames"`
			Work   []float64 `json:"work"`
			Long   []float64 `json:"long"`
			Paints []int     `json:"paints"`
		}](t, tab, `new Promise(r => setTimeout(() => r(window.probe.end()), 500))`)
		flow := clientFlow{Slower: slower, Reads: reads, Frames: f.Frames, Work: f.Work, Long: f.Long, CPU: threadTime(t, tab) - began}
		if len(f.Paints) > 0 {
			flow.Paints = slices.Max(f.Paints)
		}
		if flow.Paints > 1 {
			t.Errorf("the page was painted %d times within a frame", flow.Paints)
		}
		slices.Sort(flow.Frames)
		slices.Sort(flow.Work)
		slices.Sort(flow.Long)
		r.Changes = append(r.Changes, flow)
		if got := evaluate[int](t, tab, `Number(document.documentElement.dataset.count)`); got != len(n.held) {
			t.Fatalf("%d documents in the view, want %d", got, len(n.held))
		}
	}
	if slower == 1 {
		r.Memory.After = memory()
	}
}

func (r *clientReport) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format+"\n", a...) }
	line("%s", r.Browser)
	line("size, bytes\traw\tgzip\tbrotli")
	line("the overview\t%d\t%d\t%d", r.Overview.Raw, r.Overview.Gzip, r.Overview.Brotli)
	line("the skeleton\t%d\t%d\t%d", r.Skeleton.Raw, r.Skeleton.Gzip, r.Skeleton.Brotli)
	line("cold start, ms\tp50\tmax")
	for _, s := range r.Starts {
		for _, row := range []struct {
			name string
			all  []float64
		}{{"the skeleton, a word from the node", s.Skeleton}, {"the overview, the same", s.Ready}, {"a hundred documents, through every page", s.Overview}} {
			line("CPU ×1/%d: %s\t%.0f\t%.0f", s.Slower, row.name, at(row.all, 0.5), at(row.all, 1))
		}
	}
	line("1,000 changes in 5 s in a view of 10,000, ms\tp50\tp95\tp99\tmax")
	for _, f := range r.Changes {
		how := "nobody reads"
		if f.Reads {
			how = "scrolled"
		}
		line("CPU ×1/%d, %s: frame to frame\t%.1f\t%.1f\t%.1f\t%.1f", f.Slower, how, at(f.Frames, 0.5), at(f.Frames, 0.95), at(f.Frames, 0.99), at(f.Frames, 1))
		line("our work in a frame\t%.1f\t%.1f\t%.1f\t%.1f", at(f.Work, 0.5), at(f.Work, 0.95), at(f.Work, 0.99), at(f.Work, 1))
		line("frames %d, long tasks %d, most paints in a frame %d, CPU of the page's thread %.0f ms", len(f.Frames), len(f.Long), f.Paints, f.CPU)
	}
	line("from a key to what it finds among 10,000, painted, ms\tp50\tmax\tthe first of all")
	for _, s := range r.Searches {
		line("CPU ×1/%d\t%.0f\t%.0f\t%.0f", s.Slower, at(s.Keys, 0.5), at(s.Keys, 1), s.First)
		line("CPU of the page's thread, ms a key\t%.1f", s.CPU/float64(1+len(s.Keys)))
	}
	line("memory of the program, MiB: 100 documents %.1f, 10,000 %.1f, after the changes %.1f", mib(r.Memory.Few), mib(r.Memory.Lots), mib(r.Memory.After))
	_ = w.Flush()
}

func mib(n int) float64 { return float64(n) / (1 << 20) }
