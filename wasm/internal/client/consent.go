package client

import "tvilling/protocol"

func (m *machine) actConsent(name Action) {
	form, live := &m.s.Form, &m.s.Links.Live
	ready := m.s.canAct()
	switch name {
	case ActConsentAsk:
		form.Choosing, form.Consenting = true, true
		form.Giver, form.Attest = Giver{}, Attest{}
		m.do(FocusOn{idMain})
	case ActConsentSkip:
		form.Consenting = false
		m.do(FocusOn{idMain})
	case ActConsent:
		given, guardian, ok := m.giver()
		if !ready || !m.s.Access.MayConsent || !ok {
			return
		}
		live.Request++
		form.Request = live.Request
		m.send(live, protocol.Consent{Request: live.Request, Personal: form.Personal, Days: form.Days, Given: given, Representative: guardian})
	case ActEndAsk:
		form.Ending = true
		m.do(FocusOn{idEndConfirm})
	case ActEndCancel:
		if form.Request != 0 {
			return // it is on its way
		}
		form.Ending = false
		m.do(FocusOn{idEndAsk})
	case ActEndConfirm:
		if !ready || !form.Ending {
			return
		}
		live.Request++
		form.Request, form.Ended = live.Request, true
		m.send(live, protocol.EndConsent{Request: live.Request})
	}
}

// giver reads who consented: the patient, where nothing else is said. For a child it
// must be said; a guardian or representative is named.
func (m *machine) giver() (given protocol.ConsentGiver, guardian protocol.PatientID, ok bool) {
	g := &m.s.Form.Giver
	g.Wrong = txtNone
	if !m.s.Access.Child && g.Given != protocol.GiverGuardian {
		return protocol.GiverPatient, guardian, true
	}
	switch g.Given {
	case protocol.GiverMature:
		return g.Given, guardian, true
	case protocol.GiverGuardian:
		id, err := protocol.ParsePatientID(g.Typed)
		if err == nil && id != m.s.Wish.Patient {
			return g.Given, id, true
		}
		g.Wrong = txtGuardianWrong
		m.do(FocusOn{idGuardian})
	default:
		g.Wrong = txtGiverMissing
		m.do(FocusOn{idGiver})
	}
	return 0, guardian, false
}

// giverFields ask who consented: a grown patient, or a representative where the patient
// cannot; for a child a guardian, or the child itself.
func (r *renderer) giverFields(m *markup) {
	given, child := r.s.Form.Giver.Given, r.s.Access.Child
	m.raw(`<fieldset data-test="giver" aria-describedby="giver-hint"><legend>`).text(r.t(txtGiver)).raw(`</legend>`)
	if child {
		r.giverChoice(m, "guardian", protocol.GiverGuardian, txtGiverGuardian, given == protocol.GiverGuardian)
		r.giverChoice(m, "mature", protocol.GiverMature, txtGiverMature, given == protocol.GiverMature)
	} else {
		r.giverChoice(m, "patient", protocol.GiverPatient, txtGiverPatient, given != protocol.GiverGuardian)
		r.giverChoice(m, "guardian", protocol.GiverGuardian, txtGiverOther, given == protocol.GiverGuardian)
	}
	m.raw(`</fieldset>`)
	if given == protocol.GiverGuardian {
		m.raw(`<p><label for="guardian">`).text(r.t(txtGuardian)).raw(`</label> <input id="guardian" type="text" data-field="guardian" data-test="guardian" data-keep maxlength="15" required autocomplete="off" spellcheck="false" aria-describedby="giver-hint"></p>`)
	}
	m.raw(`<p class="hint" id="giver-hint" role="alert"></p>`)
}

func (r *renderer) giverChoice(m *markup, name literal, value protocol.ConsentGiver, label txt, checked bool) {
	m.raw(`<label class="tick"><input type="radio" name="giver" id="giver-`).raw(name).raw(`" data-field="giver" value="`).number(int(value))
	m.raw(`" data-test="giver-`).raw(name).raw(`"`).when(checked, ` checked`).raw(`><span>`).text(r.t(label)).raw(`</span></label>`)
}

func (r *renderer) consentPage() string {
	m, form := r.open(txtConsentTitle), &r.s.Form
	r.patientLine(m)
	r.lead(m, txtConsentLead)
	m.raw(`<div class="panel" data-test="consent-panel">`)
	r.giverFields(m)
	m.raw(`<fieldset><legend>`).text(r.t(txtConsentWho)).raw(`</legend>`)
	m.raw(`<label class="tick"><input type="radio" name="personal" id="consent-unit" data-field="personal" value="false" data-test="consent-unit"`)
	m.when(!form.Personal, ` checked`).raw(`><span>`).text(r.t(txtConsentUnit)).raw(`</span></label>`)
	m.raw(`<label class="tick"><input type="radio" name="personal" id="consent-personal" data-field="personal" value="true" data-test="consent-personal"`)
	m.when(form.Personal, ` checked`).raw(`><span>`).text(r.t(txtConsentPersonal)).raw(`</span></label></fieldset>`)
	m.raw(`<p><label for="consent-days">`).text(r.t(txtConsentDays)).raw(`</label> <select id="consent-days" data-field="days" data-test="consent-days">`)
	for _, days := range [...]int{1, 7, 30, 90, protocol.MaxConsentDays} {
		m.raw(`<option value="`).number(days).raw(`"`).when(int(form.Days) == days, ` selected`).raw(`>`).number(days).raw(` `)
		if days == 1 {
			m.text(r.t(txtDay))
		} else {
			m.text(r.t(txtDays))
		}
		m.raw(`</option>`)
	}
	m.raw(`</select></p><div class="acts">`)
	r.button(m, "primary", "consent-attest", ActConsent, "", r.t(txtConsentAttest), !r.s.canAct())
	r.button(m, "", "consent-skip", ActConsentSkip, "", r.t(txtConsentSkip), false)
	m.raw(`</div><p class="small">`).text(r.t(txtConsentOwnOnly)).raw(`</p></div>`)
	r.further(m)
	return m.raw(`</div>`).String()
}

// further is what stands under the consent and the choice alike: the questions, the
// emergency, and the way out.
func (r *renderer) further(m *markup) {
	m.raw(`<section class="panel" id="ladder" data-test="ladder"></section><div class="acts">`)
	r.emergencyButton(m)
	r.endActs(m)
	r.wayOut(m)
	m.raw(`</div>`)
}

func (r *renderer) wayOut(m *markup) {
	if r.s.View.Shown {
		r.button(m, "quiet", "choice-back", ActBack, "", r.t(txtBack), false)
	} else {
		r.button(m, "quiet", "leave", ActLeave, "", r.t(txtLeave), false)
	}
}

// endActs offer to end the basis, and ask once more.
func (r *renderer) endActs(m *markup) {
	s := r.s
	end, ask := txtEndConsent, txtEndConsentAsk
	switch s.Access.Basis {
	case protocol.BasisNone:
		return
	case protocol.BasisEmergency:
		end, ask = txtEndEmergency, txtEndEmergencyAsk
	}
	if !s.Form.Ending {
		r.button(m, "", "end-consent", ActEndAsk, "", r.t(end), false)
		return
	}
	m.raw(`<span class="ask" id="end-confirm" tabindex="-1" role="alert">`).text(r.t(ask)).raw(`</span>`)
	r.button(m, "danger", "end-yes", ActEndConfirm, "", r.t(txtEndConsentYes), !s.canAct())
	r.button(m, "", "end-no", ActEndCancel, "", r.t(txtEndConsentNo), s.Form.Request != 0)
}
