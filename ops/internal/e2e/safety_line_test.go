package e2e

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// beyondTheLease is more than a lease and the script's own grace after it: what stands on
// the screen for so long without a node's word stands too long.
const beyondTheLease = 12 * time.Second

// frames notes, for every frame that is drawn, when it was and whether documents were to
// be seen in it.
const frames = `
window.frames_ = [];
const note = () => {
	const veiled = document.documentElement.dataset.veiled !== undefined || document.body && getComputedStyle(document.body).visibility === 'hidden';
	window.frames_.push([performance.now(), !veiled && !!document.querySelector('[data-test="row"], [data-test="document"]')]);
	if (window.frames_.length > 5000) window.frames_.shift();
	requestAnimationFrame(note);
};
requestAnimationFrame(note);
`

// begins marks the moment after which nothing comes from a node.
func (p *page) begins() {
	p.t.Helper()
	eval[bool](p, `(window.begun = performance.now()) > 0`)
}

// shownLate counts the frames with documents that were drawn when the lease, and the
// script's grace after it, had run out. The first may be one that was under way when
// everything stopped: it has the time of before, and looks as the screen has all along.
func (p *page) shownLate() (shown, drawn int) {
	p.t.Helper()
	v := eval[[2]int](p, `(late => [late.slice(1).filter(f => f[1]).length, late.length])(window.frames_.filter(f => f[0] > window.begun + 10000))`)
	return v[0], v[1]
}

// TestLosingTheLine has a page lose touch with its nodes in the ways there are, for longer
// than its lease.
func TestLosingTheLine(t *testing.T) {
	t.Run("cut", func(t *testing.T) { t.Parallel(); cutCable(t) })
	t.Run("frozen", func(t *testing.T) { t.Parallel(); frozenTab(t) })
	t.Run("asleep", func(t *testing.T) { t.Parallel(); asleep(t) })
}

// cutCable cuts the network both ways: no socket is closed, nothing says that it is gone.
// The page blanks itself, tells a screen reader, and shows the patient again only after a
// decision of its own.
func cutCable(t *testing.T) {
	line, rules := lay(t)
	p := tab(t, browser(t, rules...), frames)
	secrets := reading(t, p, "a1", "anna", theirs)
	line.cut()
	begun := time.Now()
	p.wait(`document.documentElement.dataset.state === 'blank'`)
	took := time.Since(begun)
	t.Logf("blank %v after the cut", took.Round(10*time.Millisecond))
	if took > beyondTheLease {
		t.Errorf("blank after %v", took)
	}
	p.shot("blank")
	p.shownNothing("after the cut", secrets)
	p.wait(`document.querySelector('[role="alert"]:not(:empty)')?.textContent.length > 10`)
	before := len(accesses(t))
	line.mend()
	p.wait(`document.documentElement.dataset.connection === 'connected'`)
	p.waitState("overview") // by itself: what was chosen is asked for again
	p.shot("back")
	again := 0
	for _, e := range accesses(t)[before:] {
		if e.Outcome == "permit" {
			again++
		}
	}
	if again == 0 {
		t.Error("it is shown again and nothing was decided")
	}
}

// frozenTab freezes the tab, as browsers do with those in the background.
func frozenTab(t *testing.T) {
	p := tab(t, browser(t), frames)
	secrets := reading(t, p, "a2", "anna", theirs)
	set := func(state string) {
		t.Helper()
		p.call("Page.setWebLifecycleState", map[string]any{"state": state}, nil)
	}
	p.begins()
	eval[bool](p, `(document.addEventListener('freeze', () => { window.iced = document.documentElement.dataset.veiled }), true)`) // after the page's own
	set("frozen")
	<-time.After(beyondTheLease) // of the browser's own time: nothing in the page can tell
	set("active")
	p.wait(`document.documentElement.dataset.state !== 'overview'`)
	p.shownNothing("after the frost", secrets)
	if got := eval[string](p, `String(window.iced)`); got != "true" {
		t.Errorf("it was frozen with the veil %q", got)
	}
	if shown, drawn := p.shownLate(); shown != 0 {
		t.Errorf("%d of %d frames have documents after the frost", shown, drawn)
	}
}

// asleep stops the processes that draw, as a computer does that is put to sleep.
func asleep(t *testing.T) {
	b := browser(t)
	p := tab(t, b, frames)
	secrets := reading(t, p, "b1", "anna", theirs)
	var all struct {
		ProcessInfo []struct {
			Type string `json:"type"`
			ID   int    `json:"id"`
		} `json:"processInfo"`
	}
	if err := chromedp.FromContext(p.ctx).Browser.Call(p.ctx, "SystemInfo.getProcessInfo", map[string]any{}, &all); err != nil {
		t.Fatal(err)
	}
	tell := func(signal syscall.Signal) {
		n := 0
		for _, one := range all.ProcessInfo {
			if one.Type != "renderer" {
				continue
			}
			process, err := os.FindProcess(one.ID)
			if err == nil && process.Signal(signal) == nil {
				n++
			}
		}
		if n == 0 {
			t.Error("no process draws")
		}
	}
	p.begins()
	tell(syscall.SIGSTOP)
	<-time.After(beyondTheLease) // of the machine's own time
	tell(syscall.SIGCONT)
	p.wait(`document.documentElement.dataset.state !== 'overview'`)
	p.shownNothing("after the sleep", secrets)
	if shown, drawn := p.shownLate(); shown != 0 || drawn < 2 {
		t.Errorf("%d of %d frames have documents after the sleep", shown, drawn)
	}
}

// TestInTheBackgroundThereIsAVeil hides a page: in its picture there is one colour.
func TestInTheBackgroundThereIsAVeil(t *testing.T) {
	p := tab(t, browser(t), `
		let hidden = false;
		Object.defineProperty(document, 'hidden', {get: () => hidden});
		window.hide = yes => { hidden = yes; document.dispatchEvent(new Event('visibilitychange')); return true };`)
	reading(t, p, "b2", "anna", theirs)
	if n := colours(p.picture()); n < 8 {
		t.Fatalf("a picture of %d colours shows nothing that could be veiled", n)
	}
	eval[bool](p, `hide(true)`)
	if n := colours(p.picture()); n != 1 {
		p.shot("veil")
		t.Errorf("hidden, its picture has %d colours", n)
	}
	eval[bool](p, `hide(false)`)
	p.wait(`document.documentElement.dataset.veiled === undefined`)
	if n := colours(p.picture()); n < 8 || p.state() != "overview" {
		t.Errorf("back, its picture has %d colours, at %s", n, p.state())
	}
}
