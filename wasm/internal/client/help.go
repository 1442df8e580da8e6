package client

import "tvilling/protocol"

// actAside opens and closes the pages of general information. What is typed on the
// page beneath goes with its fields.
func (m *machine) actAside(a Act) {
	m.forgetTyped()
	switch a.Name {
	case ActHelp:
		m.s.Aside = AsideHelp
		if f := protocol.Fault(max(0, number(a.Value))); f != protocol.FaultNone {
			m.do(FocusOn{"help-" + f.Code()})
			return
		}
	case ActCoverage:
		m.s.Aside = AsideCoverage
	case ActStatement:
		m.s.Aside = AsideStatement
	case ActAsideClose:
		m.s.Aside = AsideNone
		if m.s.Phase() == PhaseOverview {
			m.do(ScrollList{m.s.List.Top})
		}
	}
	m.do(FocusOn{idMain})
}

// openWide begins a page as wide as the window.
func (r *renderer) openWide(title txt) *markup {
	m := new(markup)
	m.raw(`<div class="sheet broad">`)
	r.titled(m, r.t(title))
	if r.s.Aside != AsideNone && r.s.badged() {
		r.patientLine(m)
	}
	return m
}

// badged reports whether an aside shows whose emergency lasts.
func (s *State) badged() bool { return s.Access.Basis == protocol.BasisEmergency && !s.End.Blank }

// closeAside ends an aside with the way back.
func (r *renderer) closeAside(m *markup) string {
	r.button(m, "primary", "aside-close", ActAsideClose, "", r.t(txtAsideClose), false)
	return m.raw(`</div>`).String()
}

// helpPage is the catalogue of what can go wrong, who can mend it, and how.
func (r *renderer) helpPage() string {
	m := r.openWide(txtHelpTitle)
	r.lead(m, txtHelpLead)
	for _, f := range protocol.Faults() {
		info := f.Info()
		words := info.In(r.lang)
		m.raw(`<section class="entry" data-test="help-entry" data-fault="`).text(info.Code).raw(`"><h2 tabindex="-1" id="help-`).text(info.Code).raw(`">`)
		m.text(info.Code).raw(` `).text(words.Title).raw(`</h2><p>`).text(words.Action).raw(`</p>`)
		r.mender(m, words.Who)
		m.raw(`</section>`)
	}
	return r.closeAside(m)
}

// mender says who can mend a fault.
func (r *renderer) mender(m *markup, who string) {
	if who != "" {
		m.raw(`<p class="mender" data-test="mender">`).text(r.t(txtMender)).raw(` <b>`).text(who).raw(`</b></p>`)
	}
}

// helpButton leads from a notice to its place in the catalogue.
func (r *renderer) helpButton(m *markup, f protocol.Fault, id literal) {
	r.button(m, "quiet", id, ActHelp, new(markup).number(int(f)).String(), r.t(txtHelpCode), false)
}

// menu writes the ways to the asides, in the banner.
func (r *renderer) menu(m *markup) {
	if len(r.s.Me.Coverage) > 0 {
		r.button(m, "quiet", "coverage", ActCoverage, "", r.t(txtCoverageMenu), false)
	}
	r.button(m, "quiet", "help", ActHelp, "", r.t(txtHelpMenu), false)
}

// fresh names the security data that is late, and that which is unknown: what rests
// on it is refused.
func (r *renderer) fresh() string {
	m := new(markup)
	for _, unknown := range [...]bool{true, false} {
		n := 0
		for i := range r.s.Me.Late {
			feed := &r.s.Me.Late[i]
			if feed.Unknown != unknown {
				continue
			}
			if n++; n == 1 {
				m.raw(`<p data-test="`).when(unknown, `feeds-unknown`).when(!unknown, `feeds-late`).raw(`"><span aria-hidden="true">⚠ </span>`)
				if unknown {
					m.text(r.t(txtFeedsUnknown))
				} else {
					m.text(r.t(txtFeedsLate))
				}
			}
			m.when(n > 1, `,`).raw(` <span data-feed="`).text(feed.Name).raw(`">`).text(r.feed(feed.Name))
			if feed.AsOf != 0 {
				m.raw(` (`).text(r.t(txtAsOf)).raw(` `).text(civilOf(feed.AsOf)[:16]).raw(`)`)
			}
			m.raw(`</span>`)
		}
		m.when(n > 0, `.</p>`)
	}
	return m.String()
}

// feed names a feed in the language; one of a later version by its own name.
func (r *renderer) feed(name string) string {
	switch name {
	case "blocks":
		return r.t(txtFeedBlocks)
	case "consents":
		return r.t(txtFeedConsents)
	case "relations":
		return r.t(txtFeedRelations)
	case "commissions":
		return r.t(txtFeedCommissions)
	case "persons":
		return r.t(txtFeedPersons)
	case "engagement":
		return r.t(txtFeedEngagement)
	default:
		return name
	}
}
