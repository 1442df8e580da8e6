package client

// chapters are the accessibility statement: a heading, and what stands under it, a
// line to a paragraph.
var chapters = [...]struct{ title, text txt }{
	{txtStatementStandard, txtStatementStandardText},
	{txtStatementState, txtStatementStateText},
	{txtStatementTested, txtStatementTestedText},
	{txtStatementLacks, txtStatementLacksText},
	{txtStatementReport, txtStatementReportText},
}

func (r *renderer) statementPage() string {
	m := new(markup)
	m.raw(`<div class="sheet" data-test="statement">`)
	r.titled(m, r.t(txtStatementTitle))
	r.lead(m, txtStatementLead)
	for _, c := range chapters {
		m.raw(`<section class="entry"><h2>`).text(r.t(c.title)).raw(`</h2>`)
		r.listed(m, c.text)
		m.raw(`</section>`)
	}
	m.raw(`<p class="small">`).text(r.t(txtStatementDate)).raw(`</p><div class="acts">`)
	r.button(m, "", "statement-feedback", ActFeedback, "", r.t(txtFeedbackTitle), false)
	m.raw(`</div>`)
	return r.closeAside(m)
}
