package client

import "tvilling/protocol"

// Attest is the form of a step of an emergency. Step: EmergencyNone, it is not open.
type Attest struct {
	Step   protocol.EmergencyStep
	Reason string
	Begun  string // the reason of the first step, which the second begins with
	Sure   bool   // the second step is confirmed
	Wrong  txt
}

// nextStep is the step of an emergency that can be attested now.
func (a *Access) nextStep() protocol.EmergencyStep {
	switch {
	case a.Over:
		return protocol.EmergencyNone
	case a.Basis == protocol.BasisEmergency && a.Step == protocol.EmergencyProviders:
		return protocol.EmergencyContent
	case a.Basis != protocol.BasisEmergency && a.MayAttest:
		return protocol.EmergencyProviders
	default:
		return protocol.EmergencyNone
	}
}

func (m *machine) actEmergency(name Action) {
	form := &m.s.Form
	switch name {
	case ActEmergencyAsk:
		step := m.s.Access.nextStep()
		if step == protocol.EmergencyNone {
			return
		}
		form.Attest = Attest{Step: step}
		form.Choosing, form.Consenting = true, false
		m.do(FocusOn{idMain})
	case ActEmergencySkip:
		form.Attest = Attest{}
		m.do(FocusOn{idMain})
	case ActEmergency:
		m.attest()
	}
}

// attest sends a step. Nothing is sent without a reason, nor the second step without
// its own confirmation.
func (m *machine) attest() {
	form, live := &m.s.Form, &m.s.Links.Live
	a := &form.Attest
	if a.Step == protocol.EmergencyNone || a.Step != m.s.Access.nextStep() || !m.s.canAct() {
		return
	}
	reason := oneLine(a.Reason)
	a.Wrong = txtNone
	switch {
	case reason == "":
		a.Wrong = txtReasonMissing
	case len(reason) > protocol.MaxReasonBytes:
		a.Wrong = txtReasonLong
	case a.Step == protocol.EmergencyContent && !a.Sure:
		a.Wrong = txtNotSure
	}
	if a.Wrong != txtNone {
		m.do(FocusOn{a.wrongField()})
		return
	}
	live.Request++
	form.Request = live.Request
	m.s.Notice = Notice{}
	m.send(live, protocol.Emergency{Request: live.Request, Step: a.Step, Reason: reason})
}

// wrongField is the field that Wrong is about.
func (a *Attest) wrongField() string {
	switch {
	case a.Wrong == txtNotSure:
		return idSure
	case a.Step == protocol.EmergencyContent:
		return idReason2
	default:
		return idReason1
	}
}

// attested takes the answer to a step, and reports whether to ask at once which care
// providers have information: that is what the first step is for.
func (f *Form) attested(o *protocol.Opened) bool {
	first, reason := f.Attest.Step == protocol.EmergencyProviders, oneLine(f.Attest.Reason)
	f.Attest = Attest{}
	if first && o.Basis == protocol.BasisEmergency && o.Step == protocol.EmergencyProviders {
		f.Attest = Attest{Step: protocol.EmergencyContent, Reason: reason, Begun: reason}
		return true
	}
	return false
}

func (r *renderer) emergencyButton(m *markup) {
	switch r.s.Access.nextStep() {
	case protocol.EmergencyProviders:
		r.button(m, "danger", "emergency-ask", ActEmergencyAsk, "", r.t(txtEmergencyAsk), false)
	case protocol.EmergencyContent:
		r.button(m, "danger", "emergency-ask", ActEmergencyAsk, "", r.t(txtEmergencyGoOn), false)
	}
}

func (r *renderer) emergencyPage() string {
	title, lead, send := txtEmergencyTitle, txtEmergencyLead, txtEmergencySend
	var reason literal = idReason1
	second := r.s.Form.Attest.Step == protocol.EmergencyContent
	if second {
		title, lead, send, reason = txtEmergencyTitle2, txtEmergencyLead2, txtEmergencySend2, idReason2
	}
	m := r.open(title)
	r.patientLine(m)
	m.raw(`<div class="warning" role="note" data-test="emergency-warning" data-step="`).number(int(r.s.Form.Attest.Step)).raw(`"><p><b>`).text(r.t(lead)).raw(`</b></p><p>`)
	m.text(r.t(txtEmergencyRecorded)).raw(`</p></div>`)
	if second {
		m.raw(`<section class="panel" id="ladder" data-test="ladder"></section>`)
	}
	m.raw(`<div class="panel"><p><label for="`).raw(reason).raw(`">`).text(r.t(txtReason)).raw(`</label></p><textarea id="`).raw(reason)
	m.raw(`" data-field="reason" data-test="reason" data-keep rows="3" maxlength="1000" required aria-describedby="reason-hint" autocomplete="off">`).text(r.s.Form.Attest.Begun).raw(`</textarea>`)
	if second {
		m.raw(`<label class="tick"><input type="checkbox" id="emergency-sure" data-field="sure" data-test="sure" value="1"`)
		m.when(r.s.Form.Attest.Sure, ` checked`).raw(`><span>`).text(r.t(txtSure)).raw(`</span></label>`)
	}
	m.raw(`<p class="hint" id="reason-hint" role="alert"></p><div class="acts">`)
	r.button(m, "danger", "emergency-send", ActEmergency, "", r.t(send), !r.s.canAct())
	r.button(m, "", "emergency-skip", ActEmergencySkip, "", r.t(txtEmergencySkip), false)
	m.raw(`</div></div><div class="acts">`)
	r.endActs(m)
	r.wayOut(m)
	return m.raw(`</div></div>`).String()
}

// wrong is what is wrong with what was sent, under its field. The page's script says of
// the field that it is: what is written in it is not drawn anew.
func (r *renderer) wrong(t txt, field string) string {
	m := new(markup)
	if t != txtNone {
		m.raw(`<span class="bad" data-test="wrong" data-wrong="`).text(field).raw(`">`).text(r.t(t)).raw(`</span>`)
	}
	return m.String()
}

func (r *renderer) wrongIn(m *markup, t txt) {
	if t != txtNone {
		m.raw(`<span class="bad" data-test="wrong">`).text(r.t(t)).raw(`</span>`)
	}
}

// emergencyBadge says that an emergency lasts, until when, and how long that is.
func (r *renderer) emergencyBadge(m *markup) {
	a := &r.s.Access
	m.raw(`<span class="badge warn" data-test="basis" data-basis="emergency" data-step="`).number(int(a.Step)).raw(`"><span aria-hidden="true">⚠ </span>`)
	m.text(r.t(txtBasisEmergency))
	if a.Ends != 0 {
		left := max(0, (int64(a.Ends)-r.s.Clock.Wall+59_999)/60_000)
		m.raw(` `).text(r.t(txtUntil)).raw(` `).text(civilOf(a.Ends)[11:16])
		m.raw(` (<span data-test="minutes-left">`).number(int(left)).raw(`</span> `).text(r.t(txtMinutesLeft)).raw(`)`)
	}
	m.raw(`</span>`)
}
