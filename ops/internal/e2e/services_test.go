package e2e

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/demo/patients"
)

// becomes waits until the page's view holds so many documents.
func (p *page) becomes(count int) {
	p.t.Helper()
	p.wait(`document.documentElement.dataset.count === '` + strconv.Itoa(count) + `'`)
}

// TestABlockOfTheServicesReachesThePage has a block, a lift of it and its end come from
// the service around: each shows on the open page, in both directions.
func TestABlockOfTheServicesReachesThePage(t *testing.T) {
	defer restored(t)
	b := browser(t)
	other := signIn(t, b, "b1", "anna")
	other.openPatient(patients.Harry)
	other.click("consent-skip")
	other.showAll()
	check := other.untouched("another patient")
	p := signIn(t, b, "a2", "anna")
	p.openPatient(patients.Amina)
	p.attest()
	all := p.showAll()
	block := demo.Block{Patient: patients.Amina, ID: "e2e-sydhav", Kind: "outer", CareProvider: patients.Sydhav.ID}
	services(t, func(f *demo.Feeds) { f.Block = append(f.Block, block) })
	p.wait(`Number(document.documentElement.dataset.count) < ` + strconv.Itoa(all))
	blocked := p.count()
	p.shot("blocked")

	block.Lift = []demo.Lift{{ID: "e2e-lift", CareUnit: patients.Medicine.ID, End: begun.Add(time.Hour)}}
	services(t, func(f *demo.Feeds) { f.Block = append(f.Block, block) })
	p.becomes(all)

	tell(t, "lifts/cancel?id=e2e-lift", "") // no delta tells of it
	tell(t, "blocks", `{"resync":true}`)    // what is demanded now, the clock demands within hours
	p.becomes(blocked)

	tell(t, "blocks/cancel?id=e2e-sydhav", "")
	p.becomes(all)
	check()
	p.endConsent()
	p.basis("none")
}

// TestARelationOfTheServicesEnds withdraws the view that rested on it.
func TestARelationOfTheServicesEnds(t *testing.T) {
	defer restored(t)
	p := signIn(t, browser(t), "b1", "anna")
	p.openPatient(patients.Elsa)
	if eval[bool](p, `!!`+hook("consent-skip")) {
		p.click("consent-skip")
	}
	if p.showAll() == 0 {
		t.Fatal("nothing is shown")
	}
	services(t, func(f *demo.Feeds) {
		f.Relation = slices.DeleteFunc(f.Relation, func(r demo.Relation) bool { return r.Patient == patients.Elsa })
	})
	p.wait(`document.documentElement.dataset.state !== 'overview' || document.documentElement.dataset.count === '0'`)
	p.shot("ended")
	if eval[bool](p, `!!`+hook("row")) {
		t.Error("rows are left")
	}
}

// TestAServiceThatLiesFeedsNothing has the blocks' answer cut short or damaged: what was
// blocked stays so, and the feed is told of as not read.
func TestAServiceThatLiesFeedsNothing(t *testing.T) {
	p := signIn(t, browser(t), "b2", "anna")
	p.openPatient(patients.Bertil)
	if eval[bool](p, `!!`+hook("consent-skip")) {
		p.click("consent-skip")
	}
	if n := p.showAll(); n != 0 {
		t.Fatalf("%d documents of a patient who has everything blocked", n)
	}
	for _, order := range []string{`{"fail":"garbage"}`, `{"fail":"fault"}`, `{"fail":"close"}`, `{"fail":"error"}`,
		`{"fail":"","lie":"wrong-namespace"}`, `{"lie":"duplicate"}`} {
		before := tell(t, "", "")
		tell(t, "blocks", order)
		tell(t, "blocks", `{"resync":true}`)
		calls := callsOf(t, before)
		awaitCalls(t, calls+3)
		if n := p.count(); n != 0 {
			t.Errorf("after %s %d documents are shown", order, n)
		}
	}
	tell(t, "blocks", `{"fail":"","lie":""}`)
	if err := stage.WaitReady(t.Context()); err != nil {
		t.Error(err)
	}
}

// callsOf reads of the stand-in's state how often the blocks were asked for.
func callsOf(t *testing.T, state string) int {
	t.Helper()
	_, after, _ := strings.Cut(state, `"blocks":{`)
	_, after, _ = strings.Cut(after, `"calls":`)
	digits, _, _ := strings.Cut(after, ",")
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatalf("no calls in %s", state)
	}
	return n
}

// awaitCalls waits until the blocks were asked for so many times.
func awaitCalls(t *testing.T, want int) {
	t.Helper()
	for deadline := time.Now().Add(patience); callsOf(t, tell(t, "", "")) < want; {
		if time.Now().After(deadline) {
			t.Fatal("nobody asks for the blocks")
		}
	}
}

// TestFeedsGoOnAtAnotherLeader kills the leader, which reads the services, and has a
// care engagement end meanwhile: the next leader goes on where the last was.
func TestFeedsGoOnAtAnotherLeader(t *testing.T) {
	defer restored(t)
	leader := status(t).Leader
	node := dataNodes[slices.IndexFunc(dataNodes, func(id string) bool { return id != leader })]
	p := signIn(t, browser(t), node, "anna")
	p.openPatient(patients.Ake)
	if eval[bool](p, `!!`+hook("consent-skip")) {
		p.click("consent-skip")
	}
	own := p.showAll()
	kill(t, leader)
	defer restart(t, leader)
	services(t, func(f *demo.Feeds) {
		f.Relation = slices.DeleteFunc(f.Relation, func(r demo.Relation) bool { return r.Patient == patients.Ake })
	})
	p.wait(`document.documentElement.dataset.state !== 'overview' || Number(document.documentElement.dataset.count) < ` + strconv.Itoa(own))
	p.shot("another-leader")
}

// TestTheUnitsOwnSystemOpens opens a patient with whom no relation is registered: the
// unit's own system says yes. What was done is handed on to the national log.
func TestTheUnitsOwnSystemOpens(t *testing.T) {
	before := handedOn(t)
	p := signIn(t, browser(t), "a1", "josefin")
	p.openPatient(patients.Egon)
	p.shot("engaged")
	for deadline := time.Now().Add(patience); handedOn(t) <= before; {
		if time.Now().After(deadline) {
			t.Fatal("nothing is handed on to the national log")
		}
	}
}

// handedOn is how many posts the national log has been given.
func handedOn(t *testing.T) int {
	t.Helper()
	var said struct{ Total int }
	if err := json.Unmarshal([]byte(tell(t, "log", "")), &said); err != nil {
		t.Fatal(err)
	}
	return said.Total
}

// TestProtectedIdentityIsRefused tells its own reason.
func TestProtectedIdentityIsRefused(t *testing.T) {
	p := signIn(t, browser(t), "b1", "anna")
	p.click("commission")
	p.waitState("patient")
	p.typeIn("patient-id", patients.Sigrid)
	p.click("open-patient")
	p.wait(hook("fault") + `?.dataset.fault === 'TV-1012'`)
	p.shot("protected")
}
