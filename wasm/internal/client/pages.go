package client

import (
	"errors"

	"tvilling/protocol"
)

func (r *renderer) main() string {
	switch r.s.Phase() {
	case PhaseWho:
		return r.whoPage()
	case PhaseCommission:
		return r.commissionPage()
	case PhasePatient:
		return r.patientPage()
	case PhaseChoice:
		switch r.choosing() {
		case choosingEmergency:
			return r.emergencyPage()
		case choosingConsent:
			return r.consentPage()
		}
		return r.choicePage()
	case PhaseFollow:
		return r.followPage()
	case PhaseSignIn:
		return r.signInPage()
	case PhaseFeedback:
		return r.feedbackPage()
	case PhaseStatement:
		return r.statementPage()
	case PhaseHelp:
		return r.helpPage()
	case PhaseCoverage:
		return r.coveragePage()
	case PhaseOverview:
		return r.overviewPage()
	case PhaseBlank:
		return r.blankPage()
	default:
		m := r.open(txtConnecting)
		return m.raw(`</div>`).String()
	}
}

// open begins a narrow page with its heading.
func (r *renderer) open(title txt) *markup {
	m := new(markup)
	m.raw(`<div class="sheet">`)
	r.titled(m, r.t(title))
	return m
}

func (r *renderer) lead(m *markup, t txt) { m.raw(`<p class="lead">`).text(r.t(t)).raw(`</p>`) }

func (r *renderer) whoPage() string {
	m := r.open(txtWhoTitle)
	r.lead(m, txtWhoLead)
	busy := r.s.Wish.Person != ""
	m.raw(`<ul class="cards" data-test="people">`)
	for _, p := range r.s.Me.People {
		m.raw(`<li><button type="button" class="card" data-act="person" data-test="person" data-value="`).text(p.Key).raw(`"`)
		m.off(busy).raw(`><b>`).text(p.Name).raw(`</b><span>`).text(p.Title).raw(`</span></button></li>`)
	}
	return m.raw(`</ul></div>`).String()
}

func (r *renderer) commissionPage() string {
	m := r.open(txtTaskTitle)
	r.lead(m, txtTaskLead)
	if len(r.s.Me.Commissions) == 0 {
		m.raw(`<p class="empty" data-test="no-commission">`).text(r.t(txtTaskNone)).raw(`</p>`)
	}
	m.raw(`<ul class="cards" data-test="commissions">`)
	for i, c := range r.s.Me.Commissions {
		m.raw(`<li>`)
		if opens(&c) {
			m.raw(`<button type="button" class="card" data-act="commission" data-test="commission" data-value="`).number(i).raw(`" data-follow="`).when(c.FollowUp, `true`).raw(`">`)
		} else {
			m.raw(`<div class="card off" data-test="commission-unusable">`)
		}
		m.raw(`<b>`).text(c.Name).raw(`</b><span>`).text(c.CareUnit).raw(` · `).text(c.CareProvider).raw(`</span>`)
		if c.FollowUp {
			m.raw(`<span>`).text(r.t(txtTaskFollow)).raw(`</span>`)
		}
		if opens(&c) {
			m.raw(`</button></li>`)
			continue
		}
		m.raw(`<span class="why">`).text(r.t(txtTaskUnusable)).raw(`</span></div></li>`)
	}
	return m.raw(`</ul></div>`).String()
}

func (r *renderer) patientPage() string {
	m := r.open(txtPatientTitle)
	r.lead(m, txtPatientLead)
	busy := !r.s.Wish.Patient.IsZero()
	m.raw(`<form class="patient-form" id="patient-form" data-act="patient" data-test="patient-form" autocomplete="off" novalidate>`)
	m.raw(`<label for="patient-id">`).text(r.t(txtPatientLabel)).raw(`</label><div class="field-row">`)
	m.raw(`<input id="patient-id" data-field="patient" data-test="patient-id" data-keep type="text" inputmode="text" maxlength="15" autocomplete="off" autocorrect="off" autocapitalize="off" spellcheck="false" aria-describedby="patient-hint" placeholder="`).text(r.t(txtPatientMask)).raw(`">`)
	m.raw(`<button type="submit" class="primary" id="open-patient" data-test="open-patient"`).off(busy).raw(`>`)
	if busy {
		m.text(r.t(txtChecking))
	} else {
		m.text(r.t(txtOpenPatient))
	}
	return m.raw(`</button></div><p class="hint" id="patient-hint" aria-live="polite"></p></form></div>`).String()
}

// patientHint tells which rule is broken, never what was typed. While the number is
// still being typed nothing is wrong yet.
func (r *renderer) patientHint() string {
	m := new(markup)
	typed := r.s.Form.Typed
	if typed == "" && !r.s.Form.Wrong {
		return m.text(r.t(txtPatientForm)).String()
	}
	id, err := protocol.ParsePatientID(typed)
	switch {
	case err == nil:
		kind := txtPatientRight
		switch id.Kind() {
		case protocol.Samordningsnummer:
			kind = txtPatientSamordning
		case protocol.NationalReserve:
			kind = txtPatientReserve
		}
		return m.raw(`<span class="good" data-test="patient-good">`).text(r.t(kind)).raw(`</span>`).String()
	case !r.s.Form.Wrong && characters(typed) < 12:
		return m.text(r.t(txtPatientForm)).String()
	}
	rule := txtPatientForm
	switch {
	case errors.Is(err, protocol.ErrPatientIDDate):
		rule = txtPatientDate
	case errors.Is(err, protocol.ErrPatientIDChecksum):
		rule = txtPatientCheck
	}
	return m.raw(`<span class="bad" data-test="patient-bad">`).text(r.t(rule)).raw(`</span>`).String()
}

// characters counts those of a number that is typed: what may part them is none.
func characters(typed string) (n int) {
	for i := range len(typed) {
		if c := typed[i]; c != '-' && c != '+' && c != ' ' {
			n++
		}
	}
	return n
}

// The pages of the choice.
type choosing uint8

const (
	choosingTypes choosing = iota
	choosingConsent
	choosingEmergency
)

func (r *renderer) choosing() choosing {
	form := &r.s.Form
	switch {
	case form.Attest.Step != protocol.EmergencyNone && form.Attest.Step == r.s.Access.nextStep():
		return choosingEmergency
	case form.Consenting && r.s.Access.MayConsent:
		return choosingConsent
	default:
		return choosingTypes
	}
}

// choiceRegions are the parts of the choice's pages that change while their fields
// are being filled in.
func (r *renderer) choiceRegions() []Region {
	form := &r.s.Form
	regions := []Region{{"patient-line", "main", r.patient()}}
	page := r.choosing()
	if page != choosingEmergency || form.Attest.Step == protocol.EmergencyContent {
		regions = append(regions, Region{"ladder", "main", r.ladder()})
	}
	switch {
	case page == choosingEmergency:
		regions = append(regions, Region{"reason-hint", "main", r.wrong(form.Attest.Wrong, form.Attest.wrongField())})
	case page == choosingConsent:
		regions = append(regions, Region{"giver-hint", "main", r.wrong(form.Giver.Wrong, idGuardian)})
	}
	return regions
}

// patientLine is where it stands whose data it is about, above the choice and the
// consent.
func (r *renderer) patientLine(m *markup) {
	m.raw(`<p class="patient-line" id="patient-line" data-test="patient-line"></p>`)
}

func (r *renderer) patient() string {
	m := new(markup)
	m.text(r.t(txtPatient)).raw(` <b>`).text(formatPatient(r.s.Wish.Patient)).raw(`</b> `)
	r.basis(m)
	return m.String()
}

func (r *renderer) basis(m *markup) {
	if from := r.s.Desk.System; from != "" {
		m.raw(`<span class="badge from" data-test="from">`).text(r.t(txtOpenedFrom)).raw(` `).text(from).raw(`</span> `)
	}
	a := &r.s.Access
	switch a.Basis {
	case protocol.BasisConsent:
		m.raw(`<span class="badge ok" data-test="basis" data-basis="consent">`).text(r.t(txtBasisConsent))
	case protocol.BasisEmergency:
		r.emergencyBadge(m)
		return
	default:
		m.raw(`<span class="badge" data-test="basis" data-basis="none">`).text(r.t(txtBasisNone)).raw(`</span>`)
		return
	}
	if a.Ends != 0 {
		m.raw(` `).text(r.t(txtUntil)).raw(` `).text(civilOf(a.Ends)[:16])
	}
	m.raw(`</span>`)
}

func (r *renderer) choicePage() string {
	m, form := r.open(txtChoiceTitle), &r.s.Form
	busy := r.s.asking(StageShowing) && !r.resuming()
	r.patientLine(m)
	if r.s.Access.Deceased {
		m.raw(`<p class="warning" data-test="deceased">`).text(r.t(txtDeceased)).raw(`</p>`)
	}
	r.lead(m, txtChoiceLead)
	m.raw(`<div class="panel"><fieldset class="types" data-test="types"><legend>`).text(r.t(txtChoiceTypes)).raw(`</legend>`)
	for _, c := range protocol.Contracts() {
		m.raw(`<label class="tick"><input type="checkbox" id="type-`).number(int(c)).raw(`" data-field="contract" data-test="type" value="`).number(int(c)).raw(`"`)
		m.when(form.Checked[c], ` checked`).raw(`><span>`).text(c.Label(r.lang)).raw(` `)
		r.covered(m, c, false)
		m.raw(`</span></label>`)
	}
	m.raw(`</fieldset><div class="acts">`)
	r.button(m, "quiet", "check-all", ActCheckAll, "", r.t(txtChoiceAll), false)
	r.button(m, "quiet", "check-none", ActCheckNone, "", r.t(txtChoiceNone), false)
	m.raw(`</div>`)
	if form.Nothing {
		m.raw(`<p class="hint" role="alert"><span class="bad" data-test="nothing-chosen">`).text(r.t(txtChoiceNothing)).raw(`</span></p>`)
	}
	m.raw(`<div class="acts">`)
	label := txtShow
	if busy {
		label = txtFetching
	}
	r.button(m, "primary", "show", ActShow, "", r.t(label), busy)
	if r.s.Access.MayConsent && r.s.Access.Basis == protocol.BasisNone {
		r.button(m, "", "consent-ask", ActConsentAsk, "", r.t(txtConsentGive), false)
	}
	m.raw(`</div></div>`)
	r.further(m)
	return m.raw(`</div>`).String()
}

// resuming reports whether what is on its way is the view that is shown already.
func (r *renderer) resuming() bool {
	return r.s.Links.Next.Stage == StageShowing && r.s.Links.Next.Resumed
}

// blankPage says why nothing is shown.
func (r *renderer) blankPage() string {
	m, s := new(markup), r.s
	m.raw(`<div class="sheet`).when(s.Notice.Calm == txtNone, ` blank`).raw(`" data-test="blank" data-fault="`)
	if s.Notice.Fault != protocol.FaultNone {
		m.text(s.Notice.Fault.Code())
	}
	m.raw(`">`)
	if s.Notice.Fault == protocol.FaultNone {
		title := s.Notice.Calm
		if title == txtNone {
			title = txtBlankTitle
		}
		r.titled(m, r.t(title))
	} else {
		words := s.Notice.Fault.Info().In(r.lang)
		r.titled(m, words.Title)
		m.raw(`<p>`).text(words.Action).raw(`</p>`)
		r.mender(m, words.Who)
		r.trace(m, s.Notice)
	}
	if len(s.Wish.Contracts) > 0 {
		m.raw(`<p data-test="waiting">`).text(r.t(txtWaiting)).raw(`</p>`)
	}
	m.raw(`<div class="acts">`)
	if s.End.Stopped {
		r.button(m, "primary", "reload", ActReload, "", r.t(txtReload), false)
	} else {
		restart := txtRestart
		if s.Me.Commission.FollowUp {
			restart = txtReports
		}
		r.button(m, "primary", "restart", ActRestart, "", r.t(restart), false)
	}
	if s.Notice.Fault != protocol.FaultNone {
		r.copyButton(m)
		r.helpButton(m, s.Notice.Fault, "blank-help")
	}
	m.raw(`</div>`)
	if s.Notice.Fault != protocol.FaultNone {
		r.testPage(m)
	}
	return m.raw(`</div>`).String()
}
