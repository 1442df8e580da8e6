package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// altered builds a copy of the browser's program that goes wrong when the page says so.
// The program that is shipped has no such thing.
var altered = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "tvilling-altered-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	found, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "tvilling").Output()
	if err != nil {
		return nil, err
	}
	root := strings.TrimSpace(string(found))
	driver := filepath.Join(root, "wasm", "internal", "browser", "driver.go")
	source, err := os.ReadFile(driver)
	if err != nil {
		return nil, err
	}
	const place = "func (d *driver) dispatch(in client.Input) {\n"
	if strings.Count(string(source), place) != 1 {
		return nil, os.ErrNotExist
	}
	changed := filepath.Join(dir, "driver.go")
	text := strings.Replace(string(source), place, place+wrongs, 1) + wrongsApart
	text = strings.Replace(text, "import (\n", "import (\n\t\"runtime\"\n", 1)
	if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
		return nil, err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {driver: changed}})
	if err != nil {
		return nil, err
	}
	list, out := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "app.wasm")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return nil, err
	}
	build := exec.Command("go", "build", "-overlay", list, "-trimpath", "-buildvcs=false", "-gcflags=all=-l", "-gcflags=runtime=", "-ldflags=-s -w", "-o", out, "./wasm/cmd/overview")
	build.Dir, build.Env = root, append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if said, err := build.CombinedOutput(); err != nil {
		os.Stderr.Write(said)
		return nil, err
	}
	return os.ReadFile(out)
})

// wrongs is what the altered program does first with whatever happens.
const wrongs = `	switch js.Global().Get("made").String() {
	case "panic":
		panic("made to")
	case "goroutine":
		go func() { panic("made to") }()
	case "memory":
		var all [][]byte
		for {
			all = append(all, make([]byte, 1<<28))
			hog(all)
		}
	case "deaf":
		return
	case "collect":
		js.Global().Set("made", "")
		runtime.GC()
	}
`

const wrongsApart = `
func hog(all [][]byte) { all[len(all)-1][0] = 1 }
`

// alteredNode stands between browsers and a node, and gives them the altered program in
// place of the node's; rule is for the browser.
func alteredNode(t *testing.T, node string) (rule string) {
	t.Helper()
	program, err := altered()
	if err != nil {
		t.Fatalf("building the altered program: %v", err)
	}
	to, err := url.Parse(stage.URL(node))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	integrity := []byte(`data-integrity="sha256-` + base64.StdEncoding.EncodeToString(sum[:]) + `"`)
	was := regexp.MustCompile(`data-integrity="[^"]*"`)
	proxy := httputil.NewSingleHostReverseProxy(to)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, ".wasm"):
			w.Header().Set("Content-Type", "application/wasm")
			w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
			_, _ = w.Write(program)
		case r.URL.Path == "/":
			page := httptest.NewRecorder()
			proxy.ServeHTTP(page, r)
			for name, values := range page.Header() {
				if name != "Content-Length" {
					w.Header()[name] = values
				}
			}
			_, _ = w.Write(was.ReplaceAll(page.Body.Bytes(), integrity))
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return elsewhere(node, strings.TrimPrefix(s.URL, "http://"))
}

// counted counts the websockets of a page and tells which are open.
const counted = `
window.lines = [];
window.WebSocket = class extends WebSocket { constructor(...all) { super(...all); window.lines.push(this) } };
`

// TestAProgramThatStopsLeavesNothing makes the program, and the page's script, end in
// every way there is while a document is open.
func TestAProgramThatStopsLeavesNothing(t *testing.T) {
	b := browser(t, alteredNode(t, "a1"))
	empty := tab(t, b, counted)
	empty.do(chromedp.Navigate(stage.URL("a1")))
	empty.waitState("who")
	eval[bool](empty, `setTimeout(() => { throw new Error('made to') }) > 0`)
	empty.waitState("ended")
	want := empty.still() // of a page that had no patient
	const look = `, window.dispatchEvent(new Event('focus')), true`
	for name, act := range map[string]string{
		"a panic":                   `window.made = 'panic'` + look,
		"a panic of its own accord": `window.made = 'goroutine', true`, // at the next message
		"no memory left":            `window.made = 'memory'` + look,
		"an error of the page":      `setTimeout(() => { throw new Error('made to') }) > 0`,
		"a promise that is broken":  `(Promise.reject(new Error('made to')), true)`,
		"a command nobody knows":    `(() => { try { window.tvilling.paint('?\x1fx') } catch (e) { setTimeout(() => { throw e }) } return true })()`,
	} {
		t.Run(name, func(t *testing.T) {
			p := tab(t, b, counted)
			p.t = t
			secrets := reading(t, p, "a1", "anna", theirs)
			begun := time.Now()
			if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](act)); err != nil && !strings.Contains(err.Error(), "made to") {
				t.Logf("asking for it: %v", err)
			}
			p.waitState("ended")
			t.Logf("ended after %v", time.Since(begun).Round(time.Millisecond))
			p.shownNothing("after the end", secrets)
			if eval[string](p, `document.querySelector('[data-test="ended"]')?.dataset.fault`) != "TV-2009" {
				t.Error("what has happened is not said")
			}
			p.wait(`window.lines.length > 0 && window.lines.every(s => s.readyState >= 2)`)
			if n := differing(want, p.still()); n != 0 {
				p.shot("picture")
				t.Errorf("%d pixels differ from a page that had no patient", n)
			}
		})
	}
}

// TestAProgramThatDoesNothingIsNotTrusted has a program that runs, and does nothing with
// what it is told: neither heartbeats nor the end of its lease reach the screen. The
// page's own script blanks it.
func TestAProgramThatDoesNothingIsNotTrusted(t *testing.T) {
	p := tab(t, browser(t, alteredNode(t, "a1")), counted)
	secrets := reading(t, p, "a1", "anna", theirs)
	eval[bool](p, `(window.made = 'deaf', true)`)
	begun := time.Now()
	p.waitState("ended")
	t.Logf("blank %v after the program did its last", time.Since(begun).Round(time.Millisecond))
	p.shownNothing("after the program went deaf", secrets)
}
