package e2e

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/demo/patients"
)

// What these tests look for after everything that may go wrong: nothing of the patient is
// in the document, in its fields, in what a screen reader is given, or in the picture.

// reading opens an overview and a document in it, and returns what must not be seen when
// it is gone.
func reading(t *testing.T, p *page, node, person, patient string) (secrets []string) {
	t.Helper()
	p.do(chromedp.Navigate(stage.URL(node)))
	p.waitState("who")
	p.press(`[data-test="person"][data-value="` + person + `"]`)
	p.waitState("commission")
	p.shows(patient)
	return p.secrets(patient)
}

// shows goes from the choice of commission to an overview with a document open.
func (p *page) shows(patient string) {
	p.t.Helper()
	p.openPatient(patient)
	if eval[bool](p, `!!`+hook("consent-skip")) {
		p.click("consent-skip")
	}
	if p.showAll() == 0 {
		p.t.Fatal("there is nothing to lose")
	}
	p.click("row")
	p.waitHook("document")
	p.wait(hook("document") + `.innerText.length > 20`)
}

// secrets are the patient's number, and every longer text of the list and the document.
func (p *page) secrets(patient string) []string {
	p.t.Helper()
	texts := eval[[]string](p, `[...document.querySelectorAll('[data-test="row"], [data-test="document"], [data-test="reader-title"]')]
		.flatMap(e => e.innerText.split('\n')).map(s => s.trim()).filter(s => s.length >= 14)`)
	if len(texts) < 3 {
		p.t.Fatalf("only %d texts of the patient are shown", len(texts))
	}
	return append(texts, numbers(patient)...)
}

// numbers are the ways to write a patient's number.
func numbers(patient string) []string {
	plain := strings.ReplaceAll(patient, "-", "")
	return []string{plain, plain[:8] + "-" + plain[8:], plain[2:8] + "-" + plain[8:], plain[2:]}
}

// everything is all the text there is in a page, also where nobody sees it, and all that
// a screen reader is given.
func (p *page) everything() string {
	p.t.Helper()
	seen := eval[string](p, `[document.documentElement.outerHTML, document.title, location.href, JSON.stringify(history.state), document.cookie,
		...[...document.querySelectorAll('input, textarea, select')].map(e => e.value),
		...[...document.querySelectorAll('template')].map(e => e.innerHTML),
		...Object.entries(localStorage).flat(), ...Object.entries(sessionStorage).flat(),
		...performance.getEntries().map(e => e.name), String(getSelection())].join('\n')`)
	type said struct {
		Value any `json:"value"`
	}
	var tree struct {
		Nodes []struct {
			Name        said `json:"name"`
			Value       said `json:"value"`
			Description said `json:"description"`
		} `json:"nodes"`
	}
	p.call("Accessibility.getFullAXTree", map[string]any{}, &tree)
	if len(tree.Nodes) == 0 {
		p.t.Fatal("a screen reader is given nothing at all")
	}
	for _, n := range tree.Nodes {
		seen += fmt.Sprintln("", n.Name.Value, n.Value.Value, n.Description.Value)
	}
	return seen
}

// shownNothing fails if anything of the patient is left. What is left is told by its place
// in the list: it is a patient's.
func (p *page) shownNothing(when string, secrets []string) {
	p.t.Helper()
	all := p.everything()
	for i, secret := range secrets {
		if strings.Contains(all, secret) {
			p.shot("left")
			p.t.Errorf("%s: text %d of %d is left on the page", when, i, len(secrets))
			return
		}
	}
	if eval[bool](p, `!!`+hook("row")+` || !!`+hook("document")) {
		p.t.Errorf("%s: rows or a document are left", when)
	}
}

// picture is what the page looks like.
func (p *page) picture() image.Image {
	p.t.Helper()
	b, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		p.t.Fatal(err)
	}
	return picture
}

// still is the picture with nothing under the pointer, and the focus nowhere.
func (p *page) still() image.Image {
	p.t.Helper()
	p.do(chromedp.MouseEvent("mouseMoved", 1, 1))
	eval[bool](p, `(document.activeElement.blur(), true)`)
	return p.picture()
}

// colours counts how many a picture has, up to a few.
func colours(picture image.Image) int {
	seen := map[[3]uint32]bool{}
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y && len(seen) < 16; y++ {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	return len(seen)
}

// differing counts the pixels in which two pictures differ.
func differing(one, two image.Image) (n int) {
	if one.Bounds() != two.Bounds() {
		return -1
	}
	for y := one.Bounds().Min.Y; y < one.Bounds().Max.Y; y++ {
		for x := one.Bounds().Min.X; x < one.Bounds().Max.X; x++ {
			if one.At(x, y) != two.At(x, y) {
				n++
			}
		}
	}
	return n
}

// cable is the line between a browser and every node: while it is cut nothing comes
// through in either direction, and nothing says so.
type cable struct {
	mu     sync.Mutex
	whole  chan struct{} // closed while it is whole
	listen []net.Listener
	done   context.Context
	busy   sync.WaitGroup
}

// lay puts a cable between a browser and the nodes; rules are for the browser.
func lay(t *testing.T) (c *cable, rules []string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	c = &cable{whole: make(chan struct{}), done: ctx}
	close(c.whole)
	for _, id := range dataNodes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.listen = append(c.listen, l)
		to := strings.TrimPrefix(stage.URL(id), "http://")
		rules = append(rules, elsewhere(id, l.Addr().String()))
		c.busy.Go(func() { c.accept(l, to) })
	}
	t.Cleanup(func() {
		stop()
		for _, l := range c.listen {
			_ = l.Close()
		}
		c.busy.Wait()
	})
	return c, rules
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.whole = make(chan struct{})
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.whole)
}

// pass waits until the cable is whole; false: the test is over.
func (c *cable) pass() bool {
	c.mu.Lock()
	whole := c.whole
	c.mu.Unlock()
	select {
	case <-whole:
		return true
	case <-c.done.Done():
		return false
	}
}

func (c *cable) accept(l net.Listener, to string) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		c.busy.Go(func() {
			defer near.Close()
			if !c.pass() {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer far.Close()
			defer context.AfterFunc(c.done, func() { _, _ = near.Close(), far.Close() })()
			var both sync.WaitGroup
			both.Go(func() { c.carry(far, near) })
			c.carry(near, far)
			both.Wait()
		})
	}
}

func (c *cable) carry(to io.WriteCloser, from io.Reader) {
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if n > 0 {
			if !c.pass() {
				return
			}
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// theirs is the patient that these tests have on the screen.
const theirs = patients.Fiona
