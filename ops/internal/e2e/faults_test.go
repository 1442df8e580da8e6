package e2e

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tvilling/ops/internal/demo/patients"
)

// TestTheNodeOneIsOnIsKilled goes on at another node, with the same view, the same
// document open and the list where it was.
func TestTheNodeOneIsOnIsKilled(t *testing.T) {
	p := signIn(t, browser(t), "a1", "anna")
	p.openPatient(patients.Linda)
	if eval[bool](p, `!!`+hook("consent-skip")) {
		p.click("consent-skip")
	}
	n := p.showAll()
	eval[bool](p, `(() => { document.getElementById('scroller').scrollTop = 3000; return true })()`)
	p.wait(`[...document.querySelectorAll('[data-test="row"]')].some(row => {
		const r = row.getBoundingClientRect(), s = document.getElementById('scroller').getBoundingClientRect();
		return document.getElementById('scroller').scrollTop > 2900 && r.top > s.top && r.bottom < s.bottom;
	})`)
	p.click("row")
	p.waitHook("document")
	place := eval[float64](p, `document.getElementById('scroller').scrollTop`)
	reading := eval[string](p, hook("reader-title")+`.textContent`)
	node := eval[string](p, `document.documentElement.dataset.node`)
	eval[bool](p, `(() => { window.blanked = 0; new MutationObserver(() => {
		if (document.documentElement.dataset.state !== 'overview') window.blanked++;
	}).observe(document.documentElement, {attributes: true}); return true })()`)

	kill(t, node)
	defer restart(t, node)
	p.wait(`document.documentElement.dataset.node !== '` + node + `' && document.documentElement.dataset.connection === 'connected'`)
	p.shot("at-another")
	put(t, patients.Linda, true, diagnosis(patients.Linda, "E2E-AFTER-KILL", "Trötthet, efter bytet"))
	p.wait(`document.documentElement.dataset.count === '` + strconv.Itoa(n+1) + `'`)
	if got := eval[int](p, `window.blanked`); got != 0 {
		t.Errorf("the overview was gone %d times on the way", got)
	}
	if got := eval[string](p, hook("reader-title")+`.textContent`); got != reading {
		t.Error("the open document is another")
	}
	if got := eval[float64](p, `document.getElementById('scroller').scrollTop`); got < place-200 || got > place+200 {
		t.Errorf("the list stood at %v and is at %v", place, got)
	}
}

// TestTheLeaderIsKilled writes and opens again at once, and nothing acknowledged is
// lost (P4).
func TestTheLeaderIsKilled(t *testing.T) {
	acked := put(t, patients.Harry, true, diagnosis(patients.Harry, "E2E-BEFORE", "Yrsel, före ledarbytet"))
	leader := status(t).Leader
	kill(t, leader)
	defer restart(t, leader)
	at := time.Now()
	again := put(t, patients.Harry, true, diagnosis(patients.Harry, "E2E-AFTER", "Yrsel, efter ledarbytet"))
	t.Logf("durable again %v after the kill, at index %d after %d", time.Since(at), again.Index, acked.Index)
	node := dataNodes[0]
	if node == leader {
		node = dataNodes[1]
	}
	p := signIn(t, browser(t), node, "anna")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	p.showAll()
	for _, text := range []string{"Yrsel, före ledarbytet", "Yrsel, efter ledarbytet"} {
		p.wait(`document.body.innerText.includes('` + text + `')`)
	}
}

// TestASiteIsLost keeps what was acknowledged when a whole site goes (P4).
func TestASiteIsLost(t *testing.T) {
	put(t, patients.Harry, true, diagnosis(patients.Harry, "E2E-SITE", "Hosta, före platsbortfallet"))
	kill(t, "a1", "a2")
	defer restart(t, "a1", "a2")
	put(t, patients.Harry, true, diagnosis(patients.Harry, "E2E-SITE-2", "Hosta, under platsbortfallet"))
	p := signIn(t, browser(t), "b2", "anna")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	p.showAll()
	for _, text := range []string{"Hosta, före platsbortfallet", "Hosta, under platsbortfallet"} {
		p.wait(`document.body.innerText.includes('` + text + `')`)
	}
}

// TestWithoutNodesTheViewGoesBlank stops every data node: when the lease runs out the
// page shows nothing any more, and says why. It comes back by itself.
func TestWithoutNodesTheViewGoesBlank(t *testing.T) {
	p := signIn(t, browser(t), "b1", "anna")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	p.showAll()
	kill(t, dataNodes...)
	p.waitState("blank")
	p.shot("blank")
	if text := p.text(); strings.Contains(text, "Harry") || strings.Contains(text, "2226559") || eval[bool](p, `!!`+hook("row")) {
		t.Error("the blank page holds something of the patient")
	}
	restart(t, dataNodes...)
	p.wait(hook("restart") + ` || document.documentElement.dataset.state !== 'blank'`)
	p.shot("back")
}

// TestAFrozenNodeIsLeft stops a node's process in the middle of everything, with its
// sockets open: the page goes on at another before the lease has run out.
func TestAFrozenNodeIsLeft(t *testing.T) {
	p := signIn(t, browser(t), "b2", "anna")
	p.openPatient(patients.Harry)
	p.click("consent-skip")
	n := p.showAll()
	node := eval[string](p, `document.documentElement.dataset.node`)
	process, err := os.FindProcess(stage.PID(node))
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := process.Signal(syscall.SIGCONT); err != nil {
			t.Error(err)
		}
		thawed(t, node)
	}()
	p.wait(`document.documentElement.dataset.node !== '` + node + `' && document.documentElement.dataset.connection === 'connected'`)
	if got := p.state(); got != "overview" || p.count() != n {
		t.Errorf("after the move: state %q with %d documents, want the overview with %d", got, p.count(), n)
	}
}

// thawed waits until everything is as before. A node that was frozen in the middle of a
// write to its log has seen it take longer than any disk may, and ends: it is started
// again, as whatever keeps services running would.
func thawed(t *testing.T, node string) {
	t.Helper()
	err := stage.WaitReady(context.Background())
	if err != nil && stage.PID(node) == 0 {
		t.Logf("%s ended after it was frozen", node)
		err = errors.Join(stage.StartNode(node), stage.WaitReady(context.Background()))
	}
	if err != nil {
		t.Error(err)
	}
}

// TestReplicasAreIdentical compares the state hashes of all five at one index (P7).
func TestReplicasAreIdentical(t *testing.T) {
	deadline := time.Now().Add(patience)
	seen := map[uint64]map[string]string{} // index → member → hash
	for time.Now().Before(deadline) {
		for _, m := range status(t).Members {
			if seen[m.HashIndex] == nil {
				seen[m.HashIndex] = map[string]string{}
			}
			seen[m.HashIndex][m.ID] = m.StateHash
		}
		for index, hashes := range seen {
			if len(hashes) < 5 {
				continue
			}
			for id, hash := range hashes {
				if hash == "" || hash != hashes["a1"] {
					t.Fatalf("at index %d: %s has state hash %q and a1 %q", index, id, hash, hashes["a1"])
				}
			}
			return
		}
	}
	t.Fatalf("none of %d indices was seen at all five", len(seen))
}
