package client

import (
	"slices"
	"strings"
	"testing"

	"tvilling/protocol"
)

const minute = 60_000

var atProvider = protocol.Session{SignIn: protocol.SignInProvider, IdleMillis: 15 * minute}

// signedIn is at the choice of patient in a session of the terms.
func signedIn(t *testing.T, terms protocol.Session) *play {
	p := toPatient(t)
	p.get(1, terms)
	return p
}

// live lets time pass while the node is there, and the user is not.
func (p *play) live(millis int64) {
	p.t.Helper()
	for ; millis > 0; millis -= 2_000 {
		p.pass(min(millis, 2_000))
		if p.s.Links.Live.ID != 0 {
			var items []protocol.Item
			if p.s.View.Shown {
				items = testDocs()
			}
			p.beat(p.s.Links.Live.ID, 100, items)
		}
	}
}

func effects[E Effect](all []Effect) (n int) {
	for _, e := range all {
		if _, ok := e.(E); ok {
			n++
		}
	}
	return n
}

func TestUseIsToldOnceAMinute(t *testing.T) {
	p := signedIn(t, atProvider)
	for range 30 {
		p.do(Touched{})
		p.live(1_000)
	}
	if n := sentCount[protocol.Active](p); n != 0 {
		t.Errorf("told %d times in half a minute", n)
	}
	p.live(31_000)
	if n := sentCount[protocol.Active](p); n != 1 {
		t.Errorf("told %d times after a minute", n)
	}
	p.live(5 * minute) // what the stream brings is no use
	if n := sentCount[protocol.Active](p); n != 1 {
		t.Errorf("told %d times while nobody was there", n)
	}
	for range 300 {
		p.do(Typed{FieldPatient, "1"})
		p.live(1_000)
	}
	if n := sentCount[protocol.Active](p); n < 6 || n > 7 {
		t.Errorf("told %d times after five minutes more", n)
	}
}

func TestNodeOfAnOlderWireIsNotToldOfUse(t *testing.T) {
	p := newPlay(t)
	p.do(Connected{1})
	old := welcome("a1", 100)
	old.Version = 2
	p.get(1, old)
	p.get(1, atProvider)
	p.do(Touched{})
	p.live(3 * minute)
	if sentCount[protocol.Active](p) != 0 {
		t.Error("a frame that it cannot read was sent")
	}
}

// A node of the older wire that is only tried does not end what holds: without its terms
// nobody would tell the live node that the session is used.
func TestTermsStandWhileAnOlderNodeIsTried(t *testing.T) {
	p := signedIn(t, atProvider)
	p.get(1, protocol.GoAway{Alternates: []string{otherNode}})
	p.do(Connected{2})
	old := welcome("b1", 100)
	old.Version = 2
	p.get(2, old)
	if p.s.Links.Live.ID == 1 && p.s.Desk.Session != atProvider {
		t.Error("the live node's terms are forgotten")
	}
	p.do(Disconnected{2, 1006})
	p.do(Touched{})
	p.live(2 * minute)
	if sentCount[protocol.Active](p) == 0 {
		t.Error("the live node is not told of use")
	}
}

func TestCookieIsRenewedWhileUsed(t *testing.T) {
	for how, want := range map[protocol.SignIn]int{protocol.SignInChoice: 0, protocol.SignInCertificate: 5, protocol.SignInProvider: 5} {
		p := signedIn(t, protocol.Session{SignIn: how, IdleMillis: 15 * minute})
		n := 0
		for range 10 * 60 {
			p.do(Touched{})
			p.pass(1_000)
			n += effects[Renew](p.last)
			p.beat(1, 100, nil)
			n += effects[Renew](p.last)
		}
		if n < want-1 || n > want {
			t.Errorf("%d: renewed %d times in ten minutes, want about %d", how, n, want)
		}
	}
}

func TestUnusedSessionIsWarnedOfAndEnds(t *testing.T) {
	p := signedIn(t, atProvider)
	p.live(13*minute - 2_000)
	if regionOf(Render(&p.s), "dialog") != "" {
		t.Fatal("warned too early")
	}
	p.pass(2_000)
	if !slices.Contains(p.last, Effect(FocusOn{idDialog})) {
		t.Error("the warning has not the focus")
	}
	page := Render(&p.s)
	if html := regionOf(page, "dialog"); !strings.Contains(html, `data-dialog="idle"`) || !strings.Contains(html, `role="alertdialog"`) {
		t.Errorf("no warning: %s", html)
	}
	said := p.s.Said.Alert
	if said == "" || regionOf(page, "dialog-left") != "2:00" {
		t.Errorf("said %q, left %q", said, regionOf(page, "dialog-left"))
	}
	p.live(61_000)
	if got := regionOf(Render(&p.s), "dialog-left"); got != "0:59" || p.s.Said.Alert != said {
		t.Errorf("left %q; said %q", got, p.s.Said.Alert)
	}
	p.do(Touched{}) // on its way to read the warning
	if !p.s.Desk.Use.Warned {
		t.Error("the warning went away unread")
	}
	active := sentCount[protocol.Active](p)
	p.act(ActStay, "")
	if sentCount[protocol.Active](p) != active+1 || effects[Renew](p.last) != 1 || regionOf(Render(&p.s), "dialog") != "" {
		t.Error("the node was not told at once that the work goes on, or the warning stays")
	}
	p.live(15*minute - 1_000)
	p.phase(PhasePatient)
	p.pass(1_000)
	p.phase(PhaseSignIn)
}

// The client ends an unused session by itself, by whichever clock is further.
func TestSessionEndsThoughTheNodeIsSilent(t *testing.T) {
	for name, tick := range map[string]func(*play){
		"by the steady clock":   func(p *play) { p.now.Mono += 900_000; p.do(Look{}) },
		"by the wall clock":     func(p *play) { p.now.Wall += 900_000; p.do(Look{}) },
		"before anything typed": func(p *play) { p.now = p.now.after(900_000); p.do(Typed{FieldPatient, "1"}) },
		"by its end":            func(p *play) { p.now.Wall += 1_800_000; p.do(Scrolled{1}) },
		"by its cookie":         func(p *play) { p.do(Expired{}) },
		"by the node":           func(p *play) { p.get(1, protocol.Refused{Fault: protocol.FaultSessionEnded}) },
		"by the closed line":    func(p *play) { p.do(Disconnected{1, uint16(protocol.CloseSession)}) },
	} {
		t.Run(name, func(t *testing.T) {
			p := toOverview(t)
			terms := atProvider
			terms.Ends = protocol.Instant(p.now.Wall + 1_800_000)
			p.get(1, terms)
			tick(p)
			p.phase(PhaseSignIn)
			if effects[Paint](p.last) == 0 {
				t.Error("not painted at once")
			}
			if p.s.View.Store != nil || !p.s.Wish.Patient.IsZero() || !p.s.End.Stopped {
				t.Error("something is kept, or the client goes on")
			}
			html := whole(Render(&p.s))
			for _, want := range []string{"TV-2012", `data-gate="ended"`, `data-act="sign-in"`, `href="/test"`} {
				if !strings.Contains(html, want) {
					t.Errorf("%s is not on the page", want)
				}
			}
			if strings.Contains(html, "1997") || p.s.Said.Alert != protocol.FaultSessionEnded.Info().In(protocol.Swedish).Title {
				t.Errorf("the patient is on the page, or it is said as %q", p.s.Said.Alert)
			}
			dials := len(p.dials)
			p.pass(600_000)
			if len(p.dials) != dials {
				t.Error("dialled again")
			}
			p.act(ActSignIn, "")
			if !slices.Contains(p.last, Effect(Go{PlaceSignIn})) {
				t.Errorf("effects %v", p.last)
			}
		})
	}
}

func TestNoLimitIsNone(t *testing.T) {
	p := signedIn(t, protocol.Session{})
	p.live(120 * minute)
	p.phase(PhasePatient)
	if p.s.Desk.Use.Warned || sentCount[protocol.Active](p) != 0 || regionOf(Render(&p.s), "terms") != "" {
		t.Error("a session without limits has one")
	}
}

// The end that cannot be put off is told twice, each time by one change of a status.
func TestEndOfTheSessionIsTold(t *testing.T) {
	p := toPatient(t)
	end := p.now.Wall + 30*minute
	p.get(1, protocol.Session{SignIn: protocol.SignInCertificate, Ends: protocol.Instant(end)})
	told := []string{""}
	for p.s.Phase() == PhasePatient {
		if got := regionOf(Render(&p.s), "terms"); got != told[len(told)-1] {
			told = append(told, got)
		}
		p.live(10_000)
	}
	if len(told) != 3 || !strings.Contains(told[1], "tio") || !strings.Contains(told[2], "två") || strings.Contains(told[2], "<button") {
		t.Errorf("%q", told)
	}
	if p.now.Wall < end || p.now.Wall > end+10_000 {
		t.Errorf("ended %d ms off", p.now.Wall-end)
	}
	if html := regionOf(Render(&p.s), "main"); strings.Contains(html, `data-act="sign-in"`) || !strings.Contains(html, `data-act="reload"`) {
		t.Error("with a certificate one does not sign in at a provider")
	}
}

// A wall clock that is past the end that the node has just named is wrong.
func TestEndInThePastIsTheNodesToSeeTo(t *testing.T) {
	p := toPatient(t)
	p.get(1, protocol.Session{Ends: protocol.Instant(p.now.Wall - 1)})
	p.pass(1_000)
	p.phase(PhasePatient)
}

func TestTimersOfTheSessionRing(t *testing.T) {
	p := signedIn(t, atProvider)
	p.do(Leaving{})
	if _, ok := p.s.Wake(); ok {
		t.Error("a page that is gone has a timer")
	}
	p = signedIn(t, atProvider)
	for range 2_000 {
		at, ok := p.s.Wake()
		if !ok || at <= p.now.Mono-1 {
			break
		}
		p.now = p.now.after(max(1, at-p.now.Mono))
		p.do(Look{})
		if p.s.Phase() == PhaseSignIn {
			break
		}
	}
	if p.s.Phase() != PhaseSignIn || p.now.Mono != 1_000+15*minute {
		t.Errorf("%v at %d", p.s.Phase(), p.now.Mono)
	}
}

func TestGates(t *testing.T) {
	for name, c := range map[string]struct {
		fault protocol.Fault
		code  protocol.CloseCode
		gate  Gate
		act   Action
		title string
	}{
		"nobody, with a provider":    {protocol.FaultSignIn, protocol.CloseForbidden, GateSignIn, ActSignIn, "Logga in"},
		"nobody, with a certificate": {protocol.FaultWhoAreYou, protocol.CloseForbidden, GateCertificate, ActReload, protocol.FaultWhoAreYou.Info().In(protocol.Swedish).Title},
		"a cookie that is over":      {protocol.FaultSessionEnded, protocol.CloseSession, GateEnded, ActSignIn, "Du är utloggad"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t)
			p.do(Connected{1})
			p.get(1, protocol.Refused{Fault: c.fault, ID: "abc", At: 5})
			p.do(Disconnected{1, uint16(c.code)})
			p.phase(PhaseSignIn)
			html := regionOf(Render(&p.s), "main")
			if p.s.Desk.Gate != c.gate || !strings.Contains(html, `data-act="`+string(c.act)+`"`) || !strings.Contains(html, c.title+"</h1>") || !strings.Contains(html, `href="/test"`) {
				t.Errorf("gate %d: %s", p.s.Desk.Gate, html)
			}
			if regionOf(Render(&p.s), "notice") != "" {
				t.Error("it is said twice")
			}
			inert(t, html)
			p.pass(60_000)
			if len(p.dials) != 1 {
				t.Error("dialled again")
			}
		})
	}
}

// What a gate or a blank page says stands until one leaves it: put away on the help page
// above, it would leave a page that says nothing.
func TestWhatAPageSaysCannotBePutAway(t *testing.T) {
	for name, end := range map[string]func(*play){
		"gate":  func(p *play) { p.do(Expired{}) },
		"blank": func(p *play) { p.pass(10_000) },
	} {
		p := toOverview(t)
		end(p)
		phase, said := p.s.Phase(), p.s.Notice
		p.act(ActHelp, "")
		if html := regionOf(Render(&p.s), "notice"); html != "" {
			t.Errorf("%s: the help page offers to put it away: %s", name, html)
		}
		p.act(ActDismiss, "")
		p.act(ActAsideClose, "")
		if p.phase(phase); p.s.Notice != said {
			t.Errorf("%s: it was put away", name)
		}
	}
}

func TestSigningOutWipesFirst(t *testing.T) {
	for _, how := range []protocol.SignIn{protocol.SignInProvider, protocol.SignInCertificate} {
		p := toOverview(t)
		p.get(1, protocol.Session{SignIn: how})
		if has := strings.Contains(regionOf(Render(&p.s), "banner"), `data-act="sign-out"`); has != (how == protocol.SignInProvider) {
			t.Errorf("%d: a way out in the banner: %v", how, has)
		}
		p.act(ActSignOut, "")
		p.phase(PhaseSignIn)
		paint, out := slices.Index(p.last, Effect(Paint{})), slices.Index(p.last, Effect(SignOut{}))
		if paint < 0 || how == protocol.SignInProvider && out < paint || how != protocol.SignInProvider && out >= 0 {
			t.Errorf("%d: effects %v", how, p.last)
		}
		if html := whole(Render(&p.s)); strings.Contains(html, "1997") || !strings.Contains(html, `data-gate="left"`) {
			t.Errorf("%d: the patient is on the page, or it does not say that one has left", how)
		}
	}
}

func TestHandOver(t *testing.T) {
	unusable := testCommission
	unusable.ID, unusable.Usable = parsed(protocol.ParseCommissionID("SE2321000016-1C02")), false
	for name, c := range map[string]struct {
		commission protocol.CommissionID
		fault      protocol.Fault
	}{
		"usable":  {testCommission.ID, 0},
		"not":     {unusable.ID, protocol.FaultCommission},
		"unknown": {parsed(protocol.ParseCommissionID("SE2321000016-1C09")), protocol.FaultNoCommission},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t)
			p.do(Connected{1})
			hello := welcome("a1", 100)
			hello.Commissions = append(hello.Commissions, unusable)
			p.get(1, hello)
			p.get(1, atProvider)
			p.get(1, protocol.HandedOver{System: "Journal <1>", Commission: c.commission, Patient: testPatient})
			if c.fault != 0 {
				p.phase(PhaseCommission)
				if p.s.Notice.Fault != c.fault || !p.s.Wish.Patient.IsZero() {
					t.Errorf("fault %d", p.s.Notice.Fault)
				}
				return
			}
			p.get(1, protocol.Chosen{Commission: testCommission})
			p.get(1, protocol.Opened{Request: sentLast[protocol.Open](p).Request, Basis: protocol.BasisConsent})
			p.phase(PhaseChoice)
			if sentCount[protocol.Show](p) != 0 {
				t.Error("something was asked for unasked")
			}
			if html := regionOf(Render(&p.s), "patient-line"); !strings.Contains(html, "Öppnad från Journal &lt;1&gt;") {
				t.Errorf("%s", html)
			}
			p.act(ActLeave, "")
			if p.s.Desk.System != "" {
				t.Error("the next patient is opened from there too")
			}
		})
	}
}

// Who has chosen already is not taken elsewhere by a hand-over.
func TestHandOverComesTooLate(t *testing.T) {
	p := toOverview(t)
	p.get(1, protocol.HandedOver{System: "J", Commission: testCommission.ID, Patient: parsed(protocol.ParsePatientID("199001012385"))})
	if p.s.Wish.Patient != testPatient || p.s.Desk.System != "" {
		t.Error("another patient was opened")
	}
}
