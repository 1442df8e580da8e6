package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"tvilling/ops/internal/demo/patients"
	"tvilling/ops/internal/release"
	"tvilling/protocol/admin"
)

// watched notes everything that could disturb a user in a move: the state, a line that is lost,
// a list without rows, a notice, a dialog, something that turns, and a focus that is lost.
const watched = `(() => {
	window.seen = [];
	const note = what => { if (!window.seen.includes(what)) window.seen.push(what) };
	const field = document.activeElement;
	new MutationObserver(() => {
		const root = document.documentElement.dataset;
		if (root.state !== 'overview') note('state ' + root.state);
		if (root.connection !== 'connected' && root.connection !== 'moving') note('connection ' + root.connection);
		if (!document.querySelector('[data-test="row"]')) note('no rows');
		for (const what of ['dialog', '[role="dialog"]', '[role="alertdialog"]', '[role="progressbar"]', '[aria-busy="true"]', '[data-test="fault"]', '[data-test="blank"]'])
			if (document.querySelector(what)) note(what);
		if (document.activeElement !== field) note('focus lost');
	}).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
	return field !== document.body;
})()`

// TestTheNodeOneIsOnIsReplaced replaces the node under a page, as a release does: the page
// goes on at another, and nobody who looks at it can tell, but for what came (P5).
func TestTheNodeOneIsOnIsReplaced(t *testing.T) {
	p := signIn(t, browser(t), "a1", "anna")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	n := p.showAll()
	p.click("row")
	p.waitHook("document")
	reading := eval[string](p, hook("reader-title")+`.textContent`)
	if !eval[bool](p, watched) {
		t.Fatal("nothing has the focus: losing it would not be seen")
	}
	node := eval[string](p, `document.documentElement.dataset.node`)
	pid := stage.PID(node)

	if err := stage.Replace(t.Context(), node, ""); err != nil {
		t.Fatal(err)
	}
	p.wait(`document.documentElement.dataset.node !== '` + node + `'`)
	put(t, patients.Harry, true, diagnosis(patients.Harry, "E2E-REPLACED", "Halsbränna, under bytet"))
	p.wait(`document.documentElement.dataset.count === '` + strconv.Itoa(n+1) + `'`)
	p.shot("moved")
	if seen := eval[[]string](p, `window.seen`); len(seen) > 0 {
		t.Errorf("the user saw: %q", seen)
	}
	if got := eval[string](p, hook("reader-title")+`.textContent`); got != reading {
		t.Error("the open document is another")
	}
	if err := stage.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stage.PID(node) == pid {
		t.Errorf("%s was not replaced", node)
	}
}

// TestTheOperationTells shows every page what the operation says, in its user's
// language, and takes it back.
func TestTheOperationTells(t *testing.T) {
	b := browser(t)
	one, other := signIn(t, b, "a2", "anna"), signIn(t, b, "b2", "erik")
	const planned, ongoing = `document.querySelector('[data-test="planned"]')`, `document.querySelector('[data-test="ongoing"]')`
	said(t, "announce", "planned", "--sv", "Byte av version.", "--en", "A new version.", "--in", "2h", "--for", "30m")
	said(t, "announce", "ongoing", "--sv", "Labbsvar dröjer.", "--en", "Laboratory results are late.")
	for _, p := range []*page{one, other} {
		p.wait(planned + `?.textContent.includes('Byte av version.') && ` + ongoing + `?.textContent.includes('Labbsvar dröjer.')`)
	}
	other.click("language")
	other.wait(planned + `?.textContent.includes('A new version.') && ` + ongoing + `?.textContent.includes('Laboratory results are late.')`)
	one.shot("told")
	other.shot("told-in-english")
	if !eval[bool](one, planned+`.textContent.includes('Byte av version.')`) {
		t.Error("one user's language is another's")
	}

	standing, err := stage.Operator().Announcements(t.Context(), "")
	if err != nil || len(standing.Announcements) != 2 {
		t.Fatalf("%d announcements stand: %v", len(standing.Announcements), err)
	}
	at := slices.IndexFunc(standing.Announcements, func(a admin.Announcement) bool { return a.Kind == "ongoing" })
	said(t, "announce", "withdraw", standing.Announcements[at].ID)
	for _, p := range []*page{one, other} {
		p.wait(`!` + ongoing + ` && ` + planned)
	}
	said(t, "announce", "withdraw", standing.Announcements[1-at].ID)
	for _, p := range []*page{one, other} {
		p.wait(`!` + planned)
	}
	late := signIn(t, b, "b1", "anna")
	if eval[bool](late, `!!`+planned+` || !!`+ongoing) {
		t.Error("who comes later is told what was taken back")
	}
}

// TestAReleaseReadsWhatNodesCount holds what a release judges by beside what was done.
func TestAReleaseReadsWhatNodesCount(t *testing.T) {
	const node = "b1"
	seen := func() release.Numbers {
		s, err := (&release.Cluster{Client: stage.Operator()}).See(t.Context(), "")
		if err != nil || len(s.Numbers) != len(dataNodes)+1 {
			t.Fatalf("numbers of %d nodes: %v", len(s.Numbers), err)
		}
		return s.Numbers[node]
	}
	opened := func(n release.Numbers) float64 {
		if len(n.Opens) == 0 {
			t.Fatal("no opens are told of")
		}
		return n.Opens[len(n.Opens)-1].Count
	}
	before := seen()
	p := signIn(t, browser(t), node, "anna")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	p.showAll()
	p.click("row")
	p.waitHook("document")
	after := seen()
	// It is opened once, shown once, and one document is read; reading ahead reads more.
	if n := after.Requests - before.Requests; n < 3 {
		t.Errorf("%v requests", n)
	}
	if n := opened(after) - opened(before); n != 1 {
		t.Errorf("%v opens, one was made", n)
	}
	if n := after.Failed - before.Failed; n != 0 {
		t.Errorf("%v failed", n)
	}
	text, err := stage.Operator().Metrics(t.Context(), node)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"commit", "sync", "apply", "open", "revoke"} {
		if !strings.Contains(string(text), "\ntvilling_"+name+`_seconds_bucket{le="+Inf"} `) {
			t.Errorf("no histogram of %s", name)
		}
	}
}
