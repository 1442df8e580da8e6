package client

import (
	"slices"
	"strings"
	"testing"

	"tvilling/protocol"
)

const hour = 3_600_000

// toNoBasis opens the patient where neither consent nor emergency stands.
func toNoBasis(t *testing.T, o protocol.Opened) *play {
	p := toPatient(t)
	p.act(ActPatient, "19970106-2383")
	o.Request = sentLast[protocol.Open](p).Request
	p.get(1, o)
	p.phase(PhaseChoice)
	return p
}

func mayAttest() protocol.Opened { return protocol.Opened{MayConsent: true, MayAttest: true} }

func (p *play) emergency(step protocol.EmergencyStep) protocol.Opened {
	return protocol.Opened{
		Request: sentLast[protocol.Emergency](p).Request, Basis: protocol.BasisEmergency, Step: step, MayAttest: true,
		Ends: protocol.Instant(p.now.Wall + hour),
	}
}

// toProviders attests the first step and is told about two care providers.
func toProviders(t *testing.T, p *play) {
	p.act(ActEmergencyAsk, "")
	p.do(Typed{FieldReason, " Medvetslös\npå akuten "})
	p.act(ActEmergency, "")
	p.get(1, p.emergency(protocol.EmergencyProviders))
	p.get(1, protocol.Told{Request: sentLast[protocol.Ask](p).Request, What: protocol.AskProviders, Providers: []protocol.ProviderMark{
		{ID: parsed(protocol.ParseCareProviderID("SE1-NORR")), Name: "Region Norr", Has: true},
		{ID: parsed(protocol.ParseCareProviderID("SE1-SYD")), Has: true, Blocked: true},
	}})
	if !p.s.Ladder.Known {
		t.Fatal("the answer was not taken")
	}
}

func page(p *play) string { return whole(Render(&p.s)) }

func TestEmergencyInTwoSteps(t *testing.T) {
	p := toNoBasis(t, mayAttest())
	if !strings.Contains(page(p), `data-act="emergency-ask"`) {
		t.Fatal("not offered")
	}
	p.act(ActEmergencyAsk, "")
	golden(t, "emergency-1.html", lines1(regionOf(Render(&p.s), "main")))
	p.act(ActEmergency, "")
	p.do(Typed{FieldReason, "  \n "})
	p.act(ActEmergency, "")
	if sentCount[protocol.Emergency](p) != 0 || !slices.Contains(p.last, Effect(FocusOn{idReason1})) || p.s.Form.Attest.Wrong != txtReasonMissing {
		t.Fatal("attested without a reason")
	}
	p.do(Typed{FieldReason, strings.Repeat("å", protocol.MaxReasonBytes/2) + "x"})
	p.act(ActEmergency, "")
	if sentCount[protocol.Emergency](p) != 0 || p.s.Form.Attest.Wrong != txtReasonLong {
		t.Fatal("a reason that is too long was sent")
	}
	toProviders(t, p)
	want := protocol.Emergency{Request: sentLast[protocol.Emergency](p).Request, Step: protocol.EmergencyProviders, Reason: "Medvetslös på akuten"}
	if got := sentLast[protocol.Emergency](p); got != want {
		t.Fatalf("%+v", got)
	}
	if got := sentLast[protocol.Ask](p).What; got != protocol.AskProviders {
		t.Fatalf("asked %d", got)
	}
	golden(t, "emergency-2.html", lines1(regionOf(Render(&p.s), "patient-line")+regionOf(Render(&p.s), "main")+regionOf(Render(&p.s), "ladder")))

	p.do(Typed{FieldReason, "Läkemedel behövs"})
	p.act(ActEmergency, "")
	if sentCount[protocol.Emergency](p) != 1 || p.s.Form.Attest.Wrong != txtNotSure {
		t.Fatal("the second step was sent without its confirmation")
	}
	p.do(Typed{FieldSure, "1"})
	p.act(ActEmergency, "")
	if got := sentLast[protocol.Emergency](p); got.Step != protocol.EmergencyContent || got.Reason != "Läkemedel behövs" {
		t.Fatalf("%+v", got)
	}
	p.get(1, p.emergency(protocol.EmergencyContent))
	if html := page(p); !strings.Contains(html, `data-test="types"`) || !strings.Contains(html, `data-basis="emergency"`) || strings.Contains(html, `data-act="emergency-ask"`) {
		t.Error("not at the choice with a badge")
	}
	if p.s.Ladder.holds() || sentCount[protocol.Ask](p) != 1 {
		t.Error("an older answer stays, or it was asked again")
	}
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	p.snapshot(1, 100, testDocs())
	p.phase(PhaseOverview)
	if html := page(p); !strings.Contains(html, `data-test="minutes-left">60<`) || !strings.Contains(html, "Avsluta nödöppning") {
		t.Error("no badge, or no way to end it")
	}
}

func TestEmergencyIsNotOfferedWhereItMayNotBeAttested(t *testing.T) {
	for name, o := range map[string]protocol.Opened{
		"not allowed": {MayConsent: true},
		"deceased":    {Deceased: true},
		"consent":     {Basis: protocol.BasisConsent},
		"at its end":  {Basis: protocol.BasisEmergency, Step: protocol.EmergencyContent, MayAttest: true},
	} {
		p := toNoBasis(t, o)
		p.act(ActEmergencyAsk, "")
		p.do(Typed{FieldReason, "x"})
		p.act(ActEmergency, "")
		if html := page(p); strings.Contains(html, "emergency-ask") || strings.Contains(html, "emergency-warning") || sentCount[protocol.Emergency](p) != 0 {
			t.Errorf("%s: offered", name)
		}
	}
}

func TestOpeningWhereTheFirstStepStandsGoesOn(t *testing.T) {
	p := toNoBasis(t, protocol.Opened{Basis: protocol.BasisEmergency, Step: protocol.EmergencyProviders, MayAttest: true, Ends: 1_800_000_000_000 + hour})
	if !strings.Contains(page(p), `data-test="emergency-warning" data-step="2"`) || sentCount[protocol.Ask](p) != 0 {
		t.Error("not at the second step, or asked without an active choice")
	}
	p.act(ActEmergencySkip, "")
	if html := page(p); !strings.Contains(html, `data-test="types"`) || !strings.Contains(html, "emergency-ask") {
		t.Error("one cannot go on without, or not come back")
	}
}

func TestEmergencyRunsOut(t *testing.T) {
	p := toNoBasis(t, mayAttest())
	toProviders(t, p)
	for left := 60; left > 0; left-- {
		if !strings.Contains(page(p), `data-test="minutes-left">`+string(new(markup).number(left).String())+`<`) {
			t.Fatalf("not %d minutes", left)
		}
		at, ok := p.s.Wake()
		if !ok || at > p.now.Mono+60_000 {
			t.Fatal("nobody wakes to count the minutes")
		}
		p.now = p.now.after(60_000)
		p.beat(1, 100, nil) // also keeps the lease
	}
	if p.s.Notice.Fault != protocol.FaultEmergencyEnded || p.s.Ladder.holds() || p.s.Said.Alert == "" {
		t.Errorf("not said: %+v", p.s.Notice)
	}
	p.act(ActDismiss, "")
	p.pass(60_000)
	if p.s.Notice.Fault != protocol.FaultNone {
		t.Error("said twice")
	}
	p.get(1, protocol.Opened{MayConsent: true, MayAttest: true})
	if html := page(p); strings.Contains(html, `data-basis="emergency"`) || !strings.Contains(html, "emergency-ask") {
		t.Error("the badge stays, or a new one cannot be attested")
	}
}

// The node ends it: with documents on the screen, with none, and only by saying that
// the basis is gone.
func TestNodeEndsTheEmergency(t *testing.T) {
	items := testDocs()
	start := func() *play {
		p := toNoBasis(t, protocol.Opened{Basis: protocol.BasisEmergency, Step: protocol.EmergencyContent, Ends: 1_800_000_000_000 + hour})
		p.act(ActCheckAll, "")
		p.act(ActShow, "")
		p.snapshot(1, 100, items)
		return p
	}
	ended := protocol.FaultEmergencyEnded
	for name, reach := range map[string]func(*play){
		"some": func(p *play) {
			p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: ended, Documents: []protocol.DocumentKey{items[0].Key}})
		},
		"unknown": func(p *play) {
			p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: ended, Documents: []protocol.DocumentKey{{1}}})
		},
		"none": func(*play) {},
	} {
		p := start()
		reach(p)
		p.get(1, protocol.Opened{MayConsent: true})
		p.phase(PhaseOverview)
		if html := page(p); p.s.Notice.Fault != ended || strings.Contains(html, `data-basis="emergency"`) || !strings.Contains(html, `data-fault="TV-1014"`) {
			t.Errorf("%s: not said", name)
		}
	}
	p := start()
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: ended})
	p.phase(PhaseBlank)
	if html := page(p); !strings.Contains(html, "TV-1014") || strings.Contains(html, "1997") {
		t.Error("not said on a blank page, or the patient stays")
	}
}

func TestEndingOnesOwnBasisIsConfirmedCalmly(t *testing.T) {
	items := testDocs()
	for name, c := range map[string]struct {
		basis protocol.Basis
		fault protocol.Fault
		calm  txt
	}{
		"consent":   {protocol.BasisConsent, protocol.FaultConsentEnded, txtConsentEnded},
		"emergency": {protocol.BasisEmergency, protocol.FaultEmergencyEnded, txtEmergencyClosed},
	} {
		for _, revokeFirst := range []bool{true, false} {
			p := toNoBasis(t, protocol.Opened{Basis: c.basis, Step: protocol.EmergencyContent})
			p.act(ActCheckAll, "")
			p.act(ActShow, "")
			p.snapshot(1, 100, items)
			p.act(ActEndAsk, "")
			p.act(ActEndConfirm, "")
			revoke := protocol.Revoke{Generation: 1, Next: 2, Fault: c.fault, Documents: []protocol.DocumentKey{items[0].Key}}
			opened := protocol.Opened{Request: sentLast[protocol.EndConsent](p).Request, MayConsent: true}
			if revokeFirst {
				p.get(1, revoke)
				p.get(1, opened)
			} else {
				p.get(1, opened)
				p.get(1, revoke)
			}
			if html := regionOf(Render(&p.s), "notice"); strings.Contains(html, `data-test="fault"`) || !strings.Contains(html, `data-test="calm"`) || !strings.Contains(html, textOf(protocol.Swedish, c.calm)) {
				t.Errorf("%s, revoke first %v: not calm: %+v", name, revokeFirst, p.s.Notice)
			}
			if got, want := p.titles(), "d2 d3 d4 "; got != want {
				t.Errorf("%s: list %q", name, got)
			}
		}
	}
	p := toOverview(t) // ended by somebody else
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultConsentEnded, Documents: []protocol.DocumentKey{items[0].Key}})
	if !strings.Contains(page(p), `data-fault="TV-1006"`) || strings.Contains(page(p), `data-test="calm"`) {
		t.Error("another's end of the consent is not said as what it is")
	}
	p = toOverview(t) // everything goes
	p.act(ActEndAsk, "")
	p.act(ActEndConfirm, "")
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultConsentEnded})
	p.phase(PhaseBlank)
	if html := page(p); !strings.Contains(html, textOf(protocol.Swedish, txtConsentEnded)) || strings.Contains(html, "TV-1006") || strings.Contains(html, "1997") {
		t.Error("not calm when everything goes")
	}
}

// A block and a deletion look the same: the node says the same, and so does the page.
func TestRemovalIsToldInNeutralWords(t *testing.T) {
	p := toOverview(t)
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{testDocs()[0].Key}})
	notice := regionOf(Render(&p.s), "notice")
	if !strings.Contains(notice, `data-test="calm" data-fault="TV-1007"`) {
		t.Error("not told")
	}
	for _, lang := range []string{"sv", "en"} {
		p.act(ActLanguage, lang)
		notice := strings.ToLower(regionOf(Render(&p.s), "notice"))
		for _, word := range []string{"spärr", "block", "makuler", "radera", "delet", "rätt att", "behörig"} {
			if strings.Contains(notice, word) {
				t.Errorf("says %q", word)
			}
		}
	}
}

func TestConsentOfARepresentative(t *testing.T) {
	p := toNoBasis(t, protocol.Opened{MayConsent: true})
	p.do(Typed{FieldGiver, "2"})
	p.do(Typed{FieldGuardian, "123"})
	p.act(ActConsent, "")
	if sentCount[protocol.Consent](p) != 0 || !strings.Contains(page(p), textOf(protocol.Swedish, txtGuardianWrong)) {
		t.Fatal("a number that is none is sent, or refused without a word")
	}
	p.do(Typed{FieldGuardian, "194602226559"})
	p.act(ActConsent, "")
	if got := sentLast[protocol.Consent](p); got.Given != protocol.GiverGuardian || strings.Contains(page(p), textOf(protocol.Swedish, txtGuardianWrong)) {
		t.Fatalf("%+v", got)
	}
}

func TestConsentOfAChild(t *testing.T) {
	p := toNoBasis(t, protocol.Opened{MayConsent: true, Child: true})
	golden(t, "consent-child.html", lines1(regionOf(Render(&p.s), "main")+regionOf(Render(&p.s), "ladder")))
	p.act(ActConsent, "")
	if sentCount[protocol.Consent](p) != 0 || p.s.Form.Giver.Wrong != txtGiverMissing {
		t.Fatal("sent without a giver")
	}
	p.do(Typed{FieldGiver, "2"})
	for _, wrong := range []string{"", "19970106", "199701062384", "19970106-2383"} { // the last is the patient
		p.do(Typed{FieldGuardian, wrong})
		p.act(ActConsent, "")
		if sentCount[protocol.Consent](p) != 0 || p.s.Form.Giver.Wrong != txtGuardianWrong || !strings.Contains(page(p), `data-test="wrong"`) {
			t.Fatalf("sent with %q for a guardian", wrong)
		}
	}
	p.do(Typed{FieldGuardian, "194602226559"})
	p.act(ActConsent, "")
	guardian := parsed(protocol.ParsePatientID("194602226559"))
	if got := sentLast[protocol.Consent](p); got.Given != protocol.GiverGuardian || got.Representative != guardian {
		t.Fatalf("%+v", got)
	}
	if strings.Contains(page(p), "1946") {
		t.Error("what was typed is echoed")
	}
	p.get(1, protocol.Refused{Request: sentLast[protocol.Consent](p).Request, Fault: protocol.FaultGiver, ID: "abc", At: 5})
	p.do(Typed{FieldGiver, "3"})
	p.act(ActConsent, "")
	if got := sentLast[protocol.Consent](p); got.Given != protocol.GiverMature || !got.Representative.IsZero() {
		t.Fatalf("%+v", got)
	}
}

// A grown patient consents, unless somebody who represents one who cannot is named.
func TestConsentOfTheGrown(t *testing.T) {
	p := toNoBasis(t, protocol.Opened{MayConsent: true})
	p.act(ActConsent, "")
	if got := sentLast[protocol.Consent](p); got.Given != protocol.GiverPatient || !got.Representative.IsZero() {
		t.Fatalf("%+v", got)
	}
	p.get(1, protocol.Refused{Request: sentLast[protocol.Consent](p).Request, Fault: protocol.FaultBusy, ID: "abc", At: 5})
	p.do(Typed{FieldGiver, "2"})
	p.act(ActConsent, "")
	if sentCount[protocol.Consent](p) != 1 || p.s.Form.Giver.Wrong != txtGuardianWrong {
		t.Fatal("sent without a representative's number")
	}
	p.do(Typed{FieldGuardian, "194602226559"})
	p.act(ActConsent, "")
	if got := sentLast[protocol.Consent](p); got.Given != protocol.GiverGuardian || got.Representative != parsed(protocol.ParsePatientID("194602226559")) {
		t.Fatalf("%+v", got)
	}
	p.get(1, protocol.Refused{Request: sentLast[protocol.Consent](p).Request, Fault: protocol.FaultBusy, ID: "abc", At: 5})
	p.do(Typed{FieldGiver, "1"})
	p.act(ActConsent, "")
	if got := sentLast[protocol.Consent](p); got.Given != protocol.GiverPatient || !got.Representative.IsZero() {
		t.Fatalf("back to the patient: %+v", got)
	}
}

func TestNobodyConsentsForTheDeceased(t *testing.T) {
	p := toNoBasis(t, protocol.Opened{MayConsent: true, Deceased: true})
	html := page(p)
	if strings.Contains(html, "consent-panel") || strings.Contains(html, `data-act="consent-ask"`) || !strings.Contains(html, `data-test="deceased"`) {
		t.Error("consent is offered, or it is not said why not")
	}
	p.act(ActConsentAsk, "")
	p.act(ActConsent, "")
	if sentCount[protocol.Consent](p) != 0 {
		t.Error("sent")
	}
}

func lines1(html string) string { return strings.ReplaceAll(html, "><", ">\n<") + "\n" }
