package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol/admin"
)

// TestFeedbackReachesTheOperation writes what one thinks of the client, beside a patient:
// nothing that points at anybody is sent, and what is sent can be listed.
func TestFeedbackReachesTheOperation(t *testing.T) {
	p := signIn(t, browser(t), "a1", "anna")
	p.openPatient(patients.Egon)
	p.click("consent-skip")
	n := p.showAll()
	p.click("feedback")
	p.waitState("feedback")
	p.typeIn("feedback-text", "Listan saknar det senaste för "+patients.Egon[:8]+"-"+patients.Egon[8:])
	p.click("feedback-send")
	p.waitHook("wrong")
	p.shot("1-refused")
	if eval[bool](p, `!!`+hook("thanked")) {
		t.Error("a patient's number was sent")
	}
	const wrote = "Listan är lugn att läsa, men knapparna är små."
	eval[bool](p, `(`+hook("feedback-text")+`.select(), true)`)
	p.typeIn("feedback-text", wrote)
	p.wait(`!` + hook("wrong"))
	p.press(`[data-test="grade"][value="4"]`)
	p.wait(`document.querySelector('[data-test="grade"][value="4"][checked]')`)
	p.click("feedback-send")
	p.waitHook("thanked")
	p.shot("2-thanked")
	id := eval[string](p, hook("thanked")+`.querySelector('code').textContent`)
	var kept admin.Feedback
	if err := json.Unmarshal([]byte(said(t, "feedback", "list", "--format", "json")), &kept); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(kept.Entries, func(e admin.FeedbackEntry) bool { return e.ID == id })
	if at < 0 {
		t.Fatalf("%s is not among %+v", id, kept.Entries)
	}
	if e := kept.Entries[at]; e.Text != wrote || e.Grade != 4 || e.Page != "overview" || e.Node != "a1" {
		t.Errorf("it is listed as %+v", e)
	}
	if text := said(t, "feedback", "list"); !strings.Contains(text, wrote) || strings.Contains(text, patients.Egon[8:]) {
		t.Errorf("the list says %s", text)
	}
	p.click("aside-close")
	p.waitState("overview")
	if p.count() != n {
		t.Errorf("back there are %d documents of %d", p.count(), n)
	}
}

// hurried has the page be told that a session may stand unused for seconds: the node's
// own least is minutes.
const hurried = `
const bytes = [0xce, 0x00, 0x0d, 0xbb, 0xa0]; // 15 minutes in milliseconds
const listen = WebSocket.prototype.addEventListener;
WebSocket.prototype.addEventListener = function (name, heard) {
	if (name !== 'message') return listen.call(this, name, heard);
	return listen.call(this, name, event => {
		const all = new Uint8Array(event.data);
		for (let i = 0; i + 5 <= all.length; i++) {
			if (bytes.every((b, j) => all[i + j] === b)) { all.set([0xce, 0, 0, 0x17, 0x70], i); window.hurry = true }
		}
		heard(event);
	});
};`

// connected is how many browsers a node has.
func connected(t *testing.T, node string) (n int) {
	t.Helper()
	text, err := stage.Operator().Metrics(t.Context(), node)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\ntvilling_sessions ")
	if _, err := fmt.Sscan(after, &n); err != nil {
		t.Fatalf("%s does not say how many browsers it has: %v", node, err)
	}
	return n
}

// TestASessionThatIsNotUsedEnds warns, lets one go on, and takes everything away.
func TestASessionThatIsNotUsedEnds(t *testing.T) {
	p := tab(t, browser(t), hurried)
	p.do(chromedp.Navigate(stage.URL("b1")))
	p.waitState("who")
	p.press(`[data-test="person"][data-value="anna"]`)
	p.waitState("commission")
	if !eval[bool](p, `window.hurry`) {
		t.Fatal("the page was not told of another limit")
	}
	idle := hook("dialog") + `?.dataset.dialog === 'idle'`
	goOn := func() {
		t.Helper()
		if eval[bool](p, idle) {
			p.click("stay")
			p.wait(`!(` + idle + `)`)
		}
	}
	for _, step := range []func(){
		func() { p.click("commission"); p.waitState("patient") },
		func() { p.typeIn("patient-id", patients.Egon) },
		func() { p.click("open-patient"); p.waitState("choice") },
		func() { p.click("consent-skip") },
		func() { p.showAll() },
		func() { p.click("row"); p.waitHook("document") },
	} {
		goOn()
		step()
	}
	secrets, with := p.secrets(patients.Egon), connected(t, "b1")
	p.wait(idle)
	p.shot("1-warned")
	if at := eval[string](p, `document.activeElement.dataset.test`); at != "stay" {
		t.Errorf("the focus is at %q", at)
	}
	if text := eval[string](p, `document.querySelector('#said-alert').textContent`); !strings.Contains(text, "loggas ut") {
		t.Errorf("a screen reader is told %q", text)
	}
	p.click("stay")
	p.wait(`!(` + idle + `)`)
	if p.state() != "overview" || !eval[bool](p, `!!`+hook("document")) {
		t.Errorf("going on, the page is at %s", p.state())
	}
	p.wait(idle)
	p.waitState("signin")
	p.shot("2-ended")
	if gate := eval[string](p, hook("gate")+`.dataset.gate`); gate != "ended" {
		t.Errorf("the gate is %s", gate)
	}
	p.shownNothing("after the end", secrets)
	for deadline := time.Now().Add(patience); connected(t, "b1") >= with; {
		if time.Now().After(deadline) {
			t.Fatal("the node was not told")
		}
	}
}

// TestChangingPatientAsksFirst closes a patient: it is asked about, nothing happens when
// the answer is no, and nothing of the patient is left when it is yes.
func TestChangingPatientAsksFirst(t *testing.T) {
	p := tab(t, browser(t), "")
	secrets := reading(t, p, "a2", "anna", theirs)
	n := p.count()
	for control, name := range map[string]string{"leave": "leave", "switch-commission": "commission", "switch-person": "person"} {
		p.click(control)
		p.wait(hook("dialog") + `?.dataset.dialog === '` + name + `'`)
		p.shot(name)
		p.click("leave-cancel")
		p.wait(`!` + hook("dialog"))
		if p.state() != "overview" || p.count() != n || !eval[bool](p, `!!`+hook("document")) {
			t.Fatalf("%s, and no: the page is at %s with %s documents", name, p.state(), strconv.Itoa(p.count()))
		}
	}
	p.click("leave")
	p.click("leave-confirm")
	p.waitState("patient")
	p.shownNothing("after leaving", secrets)
	p.typeIn("patient-id", patients.Egon)
	p.click("open-patient")
	p.waitState("choice")
	p.click("consent-skip")
	p.showAll()
	p.shot("another")
	seen := p.everything()
	for i, secret := range numbers(theirs) {
		if strings.Contains(seen, secret) {
			t.Errorf("number %d of the one before is left beside another patient", i)
		}
	}
}
