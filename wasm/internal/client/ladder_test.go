package client

import (
	"strings"
	"testing"

	"tvilling/protocol"
)

func (p *play) answer(yes bool, marks ...protocol.ProviderMark) {
	p.t.Helper()
	ask := sentLast[protocol.Ask](p)
	p.get(1, protocol.Told{Request: ask.Request, What: ask.What, Yes: yes, Providers: marks})
}

func TestQuestionsAreActiveChoices(t *testing.T) {
	p := toNoBasis(t, mayAttest())
	if sentCount[protocol.Ask](p) != 0 || strings.Contains(page(p), "told-") {
		t.Fatal("asked or told by itself")
	}
	p.act(ActAsk, "3")
	p.act(ActAsk, "0")
	p.act(ActAsk, "9")
	p.act(ActAsk, "x")
	if sentCount[protocol.Ask](p) != 0 || strings.Contains(page(p), `id="ask-providers"`) {
		t.Fatal("which care providers can be asked without a basis")
	}
	p.act(ActAsk, "1")
	p.act(ActAsk, "2") // one at a time
	if got := sentLast[protocol.Ask](p); got.What != protocol.AskOthers || sentCount[protocol.Ask](p) != 1 {
		t.Fatalf("%+v", got)
	}
	p.answer(true)
	if html := page(p); !strings.Contains(html, `data-test="told-others" data-yes="true"`) || strings.Contains(html, "told-blocked") {
		t.Fatal("not told, or more than was asked")
	}
	if p.s.Said.Status == "" {
		t.Error("a screen reader is not told")
	}
	p.act(ActAsk, "2")
	p.answer(false)
	if !strings.Contains(page(p), `data-test="told-blocked" data-yes="false"`) {
		t.Error("a no is not told")
	}
	golden(t, "ladder.html", lines1(regionOf(Render(&p.s), "ladder")))
}

func TestStrangeAnswersAreNotTaken(t *testing.T) {
	p := toNoBasis(t, mayAttest())
	p.act(ActAsk, "2")
	request := sentLast[protocol.Ask](p).Request
	for _, f := range []protocol.Told{
		{Request: request + 1, What: protocol.AskBlocked, Yes: true}, {What: protocol.AskBlocked, Yes: true}, {Request: request, What: protocol.AskOthers, Yes: true},
	} {
		p.get(1, f)
		if p.s.Ladder.holds() {
			t.Errorf("%+v was taken", f)
		}
	}
	p.get(1, protocol.Refused{Request: request, Fault: protocol.FaultNoBasis, ID: "abc", At: 5})
	if p.s.Ladder.Request != 0 || p.s.Notice.Fault != protocol.FaultNoBasis {
		t.Error("a refusal is not taken")
	}
	p.phase(PhaseChoice)
}

func TestAnswersGoWithWhatTheyRestOn(t *testing.T) {
	for name, c := range map[string]func(*play){
		"left": func(p *play) { p.act(ActLeave, ""); p.act(ActLeaveConfirm, "") },
		"revoked": func(p *play) {
			p.get(1, protocol.Revoke{Generation: 1, Next: 2, Documents: []protocol.DocumentKey{{1}}})
		},
		"all gone": func(p *play) { p.get(1, protocol.Revoke{Generation: 1, Next: 2}) },
		"opened":   func(p *play) { p.get(1, protocol.Opened{Basis: protocol.BasisConsent}) },
		"expired":  func(p *play) { p.pass(10_000) },
		"away":     func(p *play) { p.do(Leaving{}) },
		"changed": func(p *play) {
			fresh := doc(5, protocol.Diagnosis, "20240215")
			count, digest := sum(append(testDocs(), fresh))
			p.get(1, protocol.Batch{Generation: 1, From: 100, To: 101, Upserts: []protocol.Item{fresh}, Count: count, Digest: digest})
		},
	} {
		p := toOverview(t)
		p.act(ActChoice, "")
		p.act(ActAsk, "2")
		p.answer(true)
		if !strings.Contains(page(p), "told-blocked") {
			t.Fatalf("%s: not told", name)
		}
		c(p)
		if p.s.Ladder.holds() || strings.Contains(page(p), "told-blocked") {
			t.Errorf("%s: the answer stays", name)
		}
	}
}

// Without a view the answers still stand under the lease, which heartbeats renew.
func TestAnswersStandUnderTheLease(t *testing.T) {
	p := toNoBasis(t, mayAttest())
	p.beat(1, 100, nil)
	p.act(ActAsk, "1")
	p.answer(true)
	p.now = p.now.after(9_000)
	p.beat(1, 100, nil)
	p.now = p.now.after(9_999)
	p.do(Look{})
	if !p.s.Ladder.holds() {
		t.Fatal("gone too early")
	}
	if at, ok := p.s.Wake(); !ok || at != p.now.Mono+1 {
		t.Error("nobody wakes when the lease ends")
	}
	p.pass(1)
	if p.s.Ladder.holds() || p.s.Notice.Fault != protocol.FaultLeaseEnded {
		t.Error("it outlives the lease")
	}
	p.phase(PhaseChoice)
}

// Who has blocked something is told in an emergency alone, whatever a node sends.
func TestWhoBlockedIsToldInAnEmergencyAlone(t *testing.T) {
	mark := protocol.ProviderMark{ID: parsed(protocol.ParseCareProviderID("SE1-SYD")), Name: "Region Syd", Blocked: true}
	p := toChoice(t)
	p.act(ActAsk, "3")
	p.answer(true, mark)
	if html := page(p); strings.Contains(html, "Region Syd") || !strings.Contains(html, `data-test="providers-none"`) {
		t.Error("told with a consent")
	}
	p = toNoBasis(t, mayAttest())
	toProviders(t, p)
	if html := regionOf(Render(&p.s), "ladder"); !strings.Contains(html, `data-test="providers-blocked"`) || strings.Count(html, "SE1-SYD") != 2 || strings.Count(html, "Region Norr") != 1 {
		t.Error("not told in an emergency")
	}
}
