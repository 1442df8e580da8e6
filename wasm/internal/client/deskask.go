package client

import "tvilling/protocol"

// Asked is what is asked before the patient is closed.
type Asked uint8

// What is asked.
const (
	AskedNothing Asked = iota
	AskedLeave
	AskedTask
	AskedPerson
)

// standing reports whether anything of the patient is shown that closing takes away.
func (s *State) standing() bool { return s.View.Shown || s.Ladder.holds() }

// asksFirst reports whether an act that closes the patient is to be asked about, and
// asks. Only the answer is an answer: a control that is pressed twice, before the
// question is painted over it, has been pressed once.
func (m *machine) asksFirst(a Asked) bool {
	if !m.s.standing() || m.s.End.Stopped {
		return false
	}
	m.s.Desk.Asked = a
	m.do(FocusOn{idDialog})
	return true
}

// actAsked takes the answer.
func (m *machine) actAsked(name Action) {
	asked := m.s.Desk.Asked
	switch {
	case asked == AskedNothing:
		return
	case name == ActLeaveCancel:
		m.s.Desk.Asked = AskedNothing // the page's script gives the focus back
		return
	}
	m.s.Desk.Asked = AskedNothing
	switch asked {
	case AskedLeave:
		m.closePatient()
	case AskedTask:
		m.switchTask()
	case AskedPerson:
		m.switchPerson()
	}
}

// escaped closes what Escape closes, the nearest first, and reports whether there was
// anything.
func (m *machine) escaped() bool {
	switch {
	case m.s.Desk.Use.Warned:
		m.stay()
	case m.s.Desk.Asked != AskedNothing:
		m.actAsked(ActLeaveCancel)
	case m.s.Desk.Guide != viewNone:
		m.closeGuide()
	default:
		return false
	}
	return true
}

// escapedWriting takes Escape where one writes. In the search it takes the words back, if
// there are any, and only then closes what Escape closes; in every other field it is left
// alone, so that nobody loses a page for a word.
func (m *machine) escapedWriting(field string) {
	if field != FieldSearch {
		return
	}
	asked := m.s.Desk.Use.Warned || m.s.Desk.Asked != AskedNothing
	if q := m.s.List.Query; !asked && q.Text != "" && m.s.Phase() == PhaseOverview {
		q.Text = ""
		m.arrange(q)
		return
	}
	m.pressed("Escape")
}

// dialog stands over the page and has the focus. The rest cannot be reached until it
// is answered.
func (r *renderer) dialog() string {
	d, m := &r.s.Desk, new(markup)
	if !d.Use.Warned && d.Asked == AskedNothing {
		return ""
	}
	m.raw(`<div class="veil"><section class="dialog" role="alertdialog" aria-modal="true" aria-labelledby="dialog-title" aria-describedby="dialog-text" data-test="dialog" data-dialog="`)
	if d.Use.Warned {
		m.raw(`idle"><h2 id="dialog-title">`).text(r.t(txtIdleTitle)).raw(` <span id="dialog-left" class="countdown" aria-hidden="true" data-test="idle-left"></span><span class="unseen">`)
		m.text(r.t(txtIdleMinutes)).raw(`</span></h2><p id="dialog-text">`).text(r.t(txtIdleLead)).raw(`</p><div class="acts">`)
		r.button(m, "primary", idDialog, ActStay, "", r.t(txtStay), false)
		r.button(m, "", "dialog-sign-out", ActSignOut, "", r.t(txtSignOut), false)
		return m.raw(`</div></section></div>`).String()
	}
	title, yes := txtLeaveAsk, txtLeaveYes
	var name literal = "leave"
	switch d.Asked {
	case AskedTask:
		title, yes, name = txtTaskAsk, txtTaskYes, "commission"
	case AskedPerson:
		title, yes, name = txtPersonAsk, txtPersonYes, "person"
	}
	m.raw(name).raw(`"><h2 id="dialog-title">`).text(r.t(title)).raw(`</h2><p id="dialog-text">`).text(r.t(txtLeaveLead)).raw(`</p><div class="acts">`)
	r.button(m, "primary", idDialog, ActLeaveConfirm, "", r.t(yes), false)
	r.button(m, "", "dialog-no", ActLeaveCancel, "", r.t(txtCancel), false)
	return m.raw(`</div></section></div>`).String()
}

// idleLeft is the time until the session ends unused, 1:59.
func (r *renderer) idleLeft() string {
	d := &r.s.Desk
	seconds := (max(0, r.s.Clock.left(d.Use.Last.after(d.idle()))) + 999) / 1_000
	b := pad(append(pad(nil, int(seconds/60), 1), ':'), int(seconds%60), 2)
	return string(b)
}

// handedOver follows a record system that sent the user here with a patient: the
// commission is chosen and the patient opened by the usual steps. Nothing is shown
// unasked. It counts only where the user has chosen nothing yet.
func (m *machine) handedOver(l *Link, f protocol.HandedOver) {
	wish := &m.s.Wish
	if l != &m.s.Links.Live || l.Stage != StageWelcome || !wish.Commission.IsZero() || !wish.Patient.IsZero() {
		return
	}
	for _, c := range m.s.Me.Commissions {
		if c.ID != f.Commission {
			continue
		}
		if !c.Usable {
			m.s.Notice = Notice{Fault: protocol.FaultCommission, At: protocol.Instant(m.s.Clock.Wall)}
			return
		}
		wish.Commission, m.s.Me.Commission, wish.Patient = c.ID, c, f.Patient
		m.s.Desk.System = f.System
		m.s.Notice, m.s.Said = Notice{}, Said{}
		m.do(FocusOn{idMain})
		m.climbAll()
		return
	}
	m.s.Notice = Notice{Fault: protocol.FaultNoCommission, At: protocol.Instant(m.s.Clock.Wall)}
}
