package client

import (
	"strings"

	"tvilling/protocol"
)

// Gate is why nobody is let in. At a gate the client holds nothing and dials no more.
type Gate uint8

// The gates.
const (
	GateNone        Gate = iota
	GateSignIn           // one can sign in at the provider
	GateCertificate      // the certificate names nobody
	GateEnded            // the session's time is out
	GateLeft             // the user has signed out
)

var gateNames = [...]string{"none", "sign-in", "certificate", "ended", "left"}

// gateOf is the gate that a fault leads to.
func gateOf(f protocol.Fault) Gate {
	switch f {
	case protocol.FaultSignIn:
		return GateSignIn
	case protocol.FaultWhoAreYou:
		return GateCertificate
	case protocol.FaultSessionEnded:
		return GateEnded
	default:
		return GateNone
	}
}

// shut takes everything from memory and screen at once, and stands at the gate.
func (m *machine) shut(g Gate, n Notice) {
	for _, l := range []*Link{&m.s.Links.Live, &m.s.Links.Next} {
		if l.ID != 0 {
			m.do(Close{l.ID, 1000})
		}
	}
	m.untake()
	how := m.s.Desk.Session.SignIn
	if m.s.Desk.Use.Last == (Clock{}) && g == GateEnded {
		how = protocol.SignInProvider // only a cookie can be over before a session began
	}
	lang, clock, environment := m.s.Lang, m.s.Clock, m.s.Me.Environment
	m.s = New()
	m.s.Lang, m.s.Clock, m.s.Me.Environment = lang, clock, environment
	m.s.Desk.Gate, m.s.Desk.Session.SignIn = g, how
	m.s.End.Stopped, m.s.Notice = true, n
	m.s.Said.Alert = textOf(lang, txtSignedOut)
	if n.Fault != protocol.FaultNone {
		m.s.Said.Alert = n.Fault.Info().In(lang).Title
	}
	m.do(FocusOn{idMain})
	m.do(Paint{})
}

func (m *machine) actSession(name Action) {
	switch name {
	case ActSignIn:
		if g := m.s.Desk.Gate; g != GateNone {
			m.do(Go{PlaceSignIn})
		}
	case ActSignOut:
		if m.s.Desk.Gate != GateNone || m.s.Desk.Use.Last == (Clock{}) {
			return
		}
		how := m.s.Desk.Session.SignIn
		m.shut(GateLeft, Notice{})
		if how == protocol.SignInProvider {
			m.do(SignOut{})
		}
	case ActStay:
		m.stay()
	}
}

// signInPage says why nobody is let in and what to do about it.
func (r *renderer) signInPage() string {
	m, s := new(markup), r.s
	gate := s.Desk.Gate
	m.raw(`<div class="sheet gate" data-test="gate" data-gate="`).text(gateNames[gate]).raw(`"><div class="headline"><h1 id="main-heading" tabindex="-1">`)
	switch gate {
	case GateSignIn:
		m.text(r.t(txtSignIn)).raw(`</h1>`)
	case GateLeft:
		m.text(r.t(txtSignedOut)).raw(`</h1>`)
	default:
		m.text(s.Notice.Fault.Info().In(r.lang).Title).raw(`</h1>`)
	}
	r.guideMark(m, viewSignIn)
	m.raw(`</div>`)
	switch gate {
	case GateSignIn:
		r.lead(m, txtSignInLead)
	case GateLeft:
		r.lead(m, txtSignedOutLead)
	default:
		words := s.Notice.Fault.Info().In(r.lang)
		m.raw(`<p>`).text(words.Action).raw(`</p>`)
		r.mender(m, words.Who)
	}
	if gate == GateCertificate {
		r.listed(m, txtCertificateMend)
	}
	if s.Notice.Fault != protocol.FaultNone && gate != GateSignIn {
		r.trace(m, s.Notice)
	}
	m.raw(`<div class="acts">`)
	r.wayIn(m)
	if s.Notice.Fault != protocol.FaultNone && gate != GateSignIn {
		r.copyButton(m)
		r.helpButton(m, s.Notice.Fault, "gate-help")
	}
	m.raw(`</div>`)
	r.testPage(m)
	return m.raw(`</div>`).String()
}

// testPage is the way to the page that sees what is wrong with the workstation.
func (r *renderer) testPage(m *markup) {
	m.raw(`<p class="beside"><a href="/test" data-test="test-page">`).text(r.t(txtTestPage)).raw(`</a></p>`)
}

// wayIn is the one button that leads on from a gate.
func (r *renderer) wayIn(m *markup) {
	gate, label := r.s.Desk.Gate, txtSignIn
	if gate != GateSignIn {
		label = txtSignInAgain
	}
	if gate == GateSignIn || gate != GateCertificate && r.s.Desk.Session.SignIn == protocol.SignInProvider {
		r.button(m, "primary", "sign-in", ActSignIn, "", r.t(label), false)
		return
	}
	label = txtReload
	if gate == GateLeft {
		label = txtStartAgain
	}
	r.button(m, "primary", "reload", ActReload, "", r.t(label), false)
}

// listed writes a text whose lines are the items of a list.
func (r *renderer) listed(m *markup, t txt) {
	m.raw(`<ul class="names">`)
	for line := range strings.SplitSeq(r.t(t), "\n") {
		m.raw(`<li>`).text(line).raw(`</li>`)
	}
	m.raw(`</ul>`)
}

// expired is a session whose time is out.
func (m *machine) expired() {
	if m.s.Desk.Gate == GateNone {
		m.shut(GateEnded, Notice{Fault: protocol.FaultSessionEnded, At: protocol.Instant(m.s.Clock.Wall)})
	}
}
