package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// heard keeps what a page says to the console, and lets a test search the program's
// memory.
const heard = `
window.said = [];
for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table']) console[name] = (...all) => { window.said.push(all.map(String).join(' ')) };
const make = WebAssembly.instantiateStreaming;
WebAssembly.instantiateStreaming = async (...all) => {
	const made = await make.apply(WebAssembly, all);
	window.memory_ = made.instance.exports.mem;
	return made;
};
window.inMemory = texts => {
	const bytes = new Uint8Array(window.memory_.buffer);
	let all = '';
	for (let at = 0; at < bytes.length; at += 1 << 20) all += new TextDecoder('latin1').decode(bytes.subarray(at, at + (1 << 20)));
	return texts.map(text => {
		const want = new TextDecoder('latin1').decode(new TextEncoder().encode(text));
		let n = 0;
		for (let at = all.indexOf(want); at >= 0; at = all.indexOf(want, at + 1)) n++;
		return n;
	});
};
`

// TestNothingLeavesTheScreen looks, while a document is open, wherever something of it
// could go that is not the screen.
func TestNothingLeavesTheScreen(t *testing.T) {
	b := browser(t)
	p := tab(t, b, seams+heard)
	secrets := reading(t, p, "a1", "anna", theirs)
	elsewhere := eval2[string](p, `(async () => [document.title, location.href, JSON.stringify(history.state), document.cookie, window.name,
		...Object.entries(localStorage).flat(), ...Object.entries(sessionStorage).flat(), ...window.said,
		...performance.getEntries().map(e => e.name), JSON.stringify(await indexedDB.databases()), (await caches.keys()).join(),
		(await navigator.serviceWorker.getRegistrations()).length ? 'a worker' : '',
		await (await fetch('/')).text()].join('\n'))()`)
	for i, secret := range secrets {
		if strings.Contains(elsewhere, secret) {
			t.Errorf("text %d is where it should not be", i)
		}
	}
	for what, script := range map[string]string{
		"the console": `window.said.join()`, "refused by the policy": `window.violations.join()`, "cookies": `document.cookie`,
		"storage": `[...Object.keys(localStorage), ...Object.keys(sessionStorage)].join()`, "a worker": `navigator.serviceWorker.controller ? 'there is one' : ''`,
	} {
		if got := eval[string](p, script); got != "" {
			t.Errorf("%s: %s", what, got)
		}
	}
	p.copiesNothing(b, secrets)
	p.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
	if n := eval[int](p, `[...document.querySelectorAll('[data-test="row"], [data-test="document"], [data-test="patient"]')].filter(e => e.checkVisibility()).length`); n != 0 {
		t.Errorf("on paper %d parts of the patient would be seen", n)
	}
	if n := colours(p.picture()); n != 1 {
		p.shot("paper")
		t.Errorf("on paper there are %d colours", n)
	}
}

// key presses a key with Ctrl, with what the browser's own menu would do.
func (p *page) key(key, command string) {
	p.t.Helper()
	p.call("Input.dispatchKeyEvent", map[string]any{"type": "rawKeyDown", "key": key, "modifiers": 2, "commands": []string{command}}, nil)
	p.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "modifiers": 2}, nil)
}

// copiesNothing marks everything and copies it; what is in the clipboard is looked at in
// another page.
func (p *page) copiesNothing(browser context.Context, secrets []string) {
	p.t.Helper()
	paper := tab(p.t, browser, "")
	paper.do(chromedp.Navigate("about:blank"))
	eval[bool](paper, `(document.body.innerHTML = '<textarea id=paper></textarea>', true)`)
	pasted := func() string {
		eval[bool](paper, `(document.getElementById('paper').value = '', document.getElementById('paper').focus(), true)`)
		paper.key("v", "paste")
		return eval[string](paper, `document.getElementById('paper').value`)
	}
	eval[bool](paper, `(document.getElementById('paper').value = 'nothing of a patient', document.getElementById('paper').select(), true)`)
	paper.key("c", "copy")
	if got := pasted(); got != "nothing of a patient" {
		p.t.Fatalf("the clipboard does not work here: %q", got)
	}
	p.key("a", "selectAll")
	p.key("c", "copy")
	p.key("x", "cut")
	got := pasted()
	for i, secret := range secrets {
		if strings.Contains(got, secret) {
			p.t.Errorf("text %d is in the clipboard", i)
			return
		}
	}
}

// TestWhatIsLeftInMemory measures what the program's memory still has of a patient who was
// left. Memory that is let go is not overwritten until it is needed again: this says how
// much that is, and fails only if the measure itself does not see anything.
func TestWhatIsLeftInMemory(t *testing.T) {
	p := tab(t, browser(t, alteredNode(t, "a1")), heard)
	secrets := reading(t, p, "a1", "anna", theirs)
	count := func(when string) int {
		n, texts := 0, 0
		for _, one := range eval3[[]int](p, `window.inMemory(%s)`, secrets) {
			n += one
			if one > 0 {
				texts++
			}
		}
		t.Logf("%s: %d of %d texts, %d times, in %d KiB", when, texts, len(secrets), n, eval[int](p, `window.memory_.buffer.byteLength >> 10`))
		return n
	}
	if count("shown") == 0 {
		t.Fatal("the search finds nothing of what is shown")
	}
	p.leaves()
	count("left")
	eval[bool](p, `(window.made = 'collect', window.dispatchEvent(new Event('focus')), true)`)
	p.wait(`window.made === ''`)
	count("left, and collected")
}

// leaves closes the patient, whatever is asked first.
func (p *page) leaves() {
	p.t.Helper()
	p.click("leave")
	p.wait(`document.documentElement.dataset.state === 'patient' || !!document.querySelector('#dialog button')`)
	if p.state() != "patient" {
		p.shot("asked")
		p.press(`#dialog button.primary`)
	}
	p.waitState("patient")
}

// eval3 asks with texts as an argument.
func eval3[T any](p *page, script string, texts []string) T {
	p.t.Helper()
	b, err := json.Marshal(texts)
	if err != nil {
		p.t.Fatal(err)
	}
	return eval[T](p, fmt.Sprintf(script, b))
}
