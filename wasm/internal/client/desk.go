package client

import "tvilling/protocol"

// Desk is what holds for the one who sits here, whoever the patient is.
type Desk struct {
	Session  protocol.Session // the session's terms; zero: the node has told none
	Ends     Clock            // when it ends in any case; zero: it does not
	Use      Use
	Gate     Gate
	Asked    Asked // what is asked before the patient is closed
	Guide    view  // whose help is open
	System   string
	Feedback Feedback
	Taking   Taking
	Read     []protocol.Announcement // what the user has put away
}

// Use is when the user last did something, and who has been told.
type Use struct {
	Last    Clock // zero: there is no session yet
	Told    Clock // the node, by an Active
	Renewed Clock // the session's cookie
	Untold  bool  // something was done since Told
	Stale   bool  // and since Renewed
	Warned  bool  // the warning stands: only an answer to it counts
}

// The times of a session, in milliseconds.
const (
	tellEvery   = 60_000
	renewEvery  = 120_000
	warnBefore  = 120_000 // the idle end
	noteBefore  = 600_000 // the end that cannot be put off
	maxIdle     = 86_400_000
	idleAnswers = 2 // the warning never takes more than half of the idle time
)

// left is how long it is until a moment by the clock that is nearer to it.
func (c Clock) left(due Clock) int64 { return min(due.Mono-c.Mono, due.Wall-c.Wall) }

// idle is how long the session may stand unused; 0: for ever.
func (d *Desk) idle() int64 {
	if d.Use.Last == (Clock{}) {
		return 0
	}
	return min(int64(d.Session.IdleMillis), maxIdle)
}

// warnAt is when the warning comes that the session is not used.
func (d *Desk) warnAt() Clock {
	idle := d.idle()
	return d.Use.Last.after(idle - min(warnBefore, idle/idleAnswers))
}

// over reports whether the session's time is out. It is so by the client's own clock
// even when the node says nothing.
func (s *State) over() bool {
	d := &s.Desk
	return d.Gate == GateNone && (d.idle() > 0 && s.Clock.reached(d.Use.Last.after(d.idle())) || d.Ends != Clock{} && s.Clock.reached(d.Ends))
}

// session takes the session's terms. A client whose wall clock is past the end that
// a node has just named has a wrong clock: the end is then the node's to see to.
func (m *machine) session(f protocol.Session) {
	d := &m.s.Desk
	if d.Use.Last == (Clock{}) {
		d.Use = Use{Last: m.s.Clock, Told: m.s.Clock, Renewed: m.s.Clock}
	}
	d.Session, d.Ends = f, Clock{}
	if left := int64(f.Ends) - m.s.Clock.Wall; f.Ends != 0 && left > 0 {
		d.Ends = m.s.Clock.after(left)
	}
	if d.idle() == 0 {
		d.Use.Warned = false
	}
}

// used notes that the user did something. While the warning stands only an answer to
// it counts: a key pressed on the way to reading it would take it away unread.
func (m *machine) used() {
	u := &m.s.Desk.Use
	if u.Last != (Clock{}) && !u.Warned && m.s.Desk.Gate == GateNone {
		u.Last, u.Untold, u.Stale = m.s.Clock, true, true
	}
}

// tendSession tells of use, as often as it may, and warns when there has been none.
func (m *machine) tendSession() {
	d, live := &m.s.Desk, &m.s.Links.Live
	if d.Gate != GateNone || d.idle() == 0 {
		return
	}
	u := &d.Use
	if u.Untold && m.s.Clock.reached(u.Told.after(tellEvery)) && live.tells() {
		u.Told, u.Untold = m.s.Clock, false
		m.send(live, protocol.Active{})
	}
	if u.Stale && d.Session.SignIn != protocol.SignInChoice && m.s.Clock.reached(u.Renewed.after(renewEvery)) {
		u.Renewed, u.Stale = m.s.Clock, false
		m.do(Renew{})
	}
	if !u.Warned && m.s.Clock.reached(d.warnAt()) {
		u.Warned = true
		m.s.Said.Alert = textOf(m.s.Lang, txtIdleTitle) + " " + textOf(m.s.Lang, txtIdleMinutes) + ". " + textOf(m.s.Lang, txtIdleLead)
		m.do(FocusOn{idDialog})
	}
}

// tells reports whether the link's node takes the frames of version 3.
func (l *Link) tells() bool { return l.Stage >= StageWelcome && l.Terms.Wire >= 3 }

// older reports whether the view is fed by a node that does not.
func (s *State) older() bool { return s.Links.Live.Stage == StageLive && !s.Links.Live.tells() }

// stay is the answer to the warning: the node and the cookie are told at once.
func (m *machine) stay() {
	u := &m.s.Desk.Use
	if !u.Warned {
		return
	}
	u.Warned, u.Told, u.Renewed = false, Clock{}, Clock{}
	m.used()
	m.s.Said.Alert = ""
}

// wakeSession is when the clock matters to the session next.
func (s *State) wakeSession(earliest func(Clock)) {
	d := &s.Desk
	if d.Gate != GateNone || s.End.Stopped {
		return
	}
	later := func(c Clock) {
		if !s.Clock.reached(c) {
			earliest(c)
		}
	}
	if d.Ends != (Clock{}) {
		earliest(d.Ends)
		later(d.Ends.after(-warnBefore))
		later(d.Ends.after(-noteBefore))
	}
	idle := d.idle()
	if idle == 0 {
		return
	}
	earliest(d.Use.Last.after(idle))
	later(d.warnAt())
	if d.Use.Warned {
		earliest(s.Clock.after((s.Clock.left(d.Use.Last.after(idle))-1)%1_000 + 1))
	}
	if d.Use.Untold {
		later(d.Use.Told.after(tellEvery))
	}
	if d.Use.Stale {
		later(d.Use.Renewed.after(renewEvery))
	}
}

// terms is the calm notice of the end that cannot be put off. It changes twice, so
// that it is read out twice.
func (r *renderer) terms() string {
	d := &r.s.Desk
	if d.Gate != GateNone || d.Ends == (Clock{}) {
		return ""
	}
	left, within := r.s.Clock.left(d.Ends), txtEndsTen
	switch {
	case left > noteBefore:
		return ""
	case left <= warnBefore:
		within = txtEndsTwo
	}
	m := new(markup)
	m.raw(`<p data-test="ends"><b>`).text(r.t(txtEndsAt)).raw(` `).text(civilOf(d.Session.Ends)[11:16]).raw(`</b>, `)
	return m.text(r.t(within)).raw(` `).text(r.t(txtEndsLead)).raw(`</p>`).String()
}
