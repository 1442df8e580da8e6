package client

import "tvilling/protocol"

func (r *renderer) followPage() string {
	f := &r.s.Follow
	if f.Kind == 0 {
		m := r.open(txtFollowTitle)
		r.lead(m, txtFollowLead)
		m.raw(`<ul class="cards" data-test="reports">`)
		for _, k := range reports {
			m.raw(`<li><button type="button" class="card" data-act="report" data-test="report" data-value="`).number(int(k.kind)).raw(`" id="report-`).number(int(k.kind)).raw(`"><b>`)
			m.text(r.t(k.title)).raw(`</b><span>`).text(r.t(k.lead)).raw(`</span></button></li>`)
		}
		return m.raw(`</ul></div>`).String()
	}
	m, kind := r.openWide(reportOf(f.Kind).title), reportOf(f.Kind)
	r.lead(m, kind.lead)
	m.raw(`<form class="panel report-form" data-act="report-ask" data-test="report-form" autocomplete="off" novalidate><div class="acts">`)
	r.dateField(m, "follow-from", FieldFrom, txtFrom, f.Start.From)
	r.dateField(m, "follow-to", FieldTo, txtTo, f.Start.To)
	if aboutPatient(f.Kind) {
		m.raw(`<span><label for="follow-subject">`).text(r.t(txtSubject)).raw(`</label> <input id="follow-subject" type="text" data-field="subject" data-test="subject" data-keep maxlength="15" autocomplete="off" spellcheck="false" aria-describedby="follow-hint" placeholder="`).text(r.t(txtPatientMask)).raw(`"></span>`)
	}
	if f.Kind == protocol.ReportEmployee {
		m.raw(`<span><label for="follow-employee">`).text(r.t(txtEmployee)).raw(`</label> <input id="follow-employee" type="text" data-field="employee" data-test="employee" data-keep maxlength="32" autocomplete="off" spellcheck="false" aria-describedby="follow-hint"></span>`)
	}
	m.raw(`<button type="submit" class="primary" id="report-ask" data-test="report-ask"`).off(f.Request != 0).raw(`>`)
	if f.Request != 0 {
		m.text(r.t(txtFetching))
	} else {
		m.text(r.t(txtReportAsk))
	}
	m.raw(`</button></div><p class="hint" id="follow-hint" role="alert"></p></form><section id="report" data-test="report-shown" aria-labelledby="report-heading"></section>`)
	r.button(m, "quiet", "reports", ActReports, "", r.t(txtReports), false)
	return m.raw(`</div>`).String()
}

func (r *renderer) dateField(m *markup, id literal, field string, label txt, value string) {
	m.raw(`<span><label for="`).raw(id).raw(`">`).text(r.t(label)).raw(`</label> <input id="`).raw(id).raw(`" type="date" data-field="`).text(field)
	m.raw(`" data-test="`).text(field).raw(`" data-keep value="`).text(value).raw(`" aria-describedby="follow-hint"></span>`)
}

// followReport is the answer: rows, or numbers.
func (r *renderer) followReport() string {
	m, f := new(markup), &r.s.Follow
	m.raw(`<h2 id="report-heading" tabindex="-1">`)
	if f.Report == nil {
		return m.text(r.t(txtReportNone)).raw(`</h2>`).String()
	}
	first, last := civilOf(f.Asked.From)[:10], civilOf(f.Asked.To)[:10]
	if f.Kind == protocol.ReportStatistics {
		first, last = first[:7], last[:7] // whole months are counted
	}
	m.text(r.t(reportOf(f.Kind).title)).raw(` `).text(first).raw(` – `).text(last)
	if !f.Asked.Patient.IsZero() {
		m.raw(`, `).text(r.t(txtPatient)).raw(` <span class="pid">`).text(formatPatient(f.Asked.Patient)).raw(`</span>`)
	}
	m.raw(`</h2>`)
	r.counts(m, f.Report.Counts)
	switch {
	case len(f.Report.Rows) == 0 && len(f.Report.Counts) == 0:
		m.raw(`<p class="empty" data-test="report-empty">`).text(r.t(txtReportEmpty)).raw(`</p>`)
	case f.Kind == protocol.ReportOwnAccess:
		r.ownAccess(m, f.Report.Rows)
	case len(f.Report.Rows) > 0:
		r.logTable(m, f.Report.Rows)
	}
	m.raw(`<div class="acts">`)
	if f.Asked.After != 0 {
		r.button(m, "", "report-first", ActReportFirst, "", r.t(txtReportFirst), f.Request != 0)
	}
	if f.Report.More {
		r.button(m, "", "report-next", ActReportNext, "", r.t(txtReportNext), f.Request != 0)
	}
	return m.raw(`</div>`).String()
}

// logTable writes entries of the log. What was read is not in them.
func (r *renderer) logTable(m *markup, rows []protocol.LogRow) {
	review := reviewable(r.s.Follow.Kind)
	m.raw(`<div class="table-box" tabindex="0" role="group" aria-labelledby="report-heading"><table class="log" data-test="log"><caption class="unseen">`)
	m.text(r.t(txtLogCaption)).raw(`</caption><thead><tr>`)
	for _, h := range [...]txt{txtHeadTime, txtLogWho, txtLogWhat, txtPatient, txtLogWhose, txtReason, txtReviewTitle} {
		m.raw(`<th scope="col">`).text(r.t(h)).raw(`</th>`)
	}
	m.raw(`</tr></thead><tbody>`)
	for i := range rows {
		row := &rows[i]
		m.raw(`<tr data-test="log-row" data-entry="`).text(row.ID).raw(`"><th scope="row"><time>`).text(civilOf(row.At)).raw(`</time></th><td>`)
		r.who(m, &row.Who)
		m.raw(`</td><td>`)
		r.what(m, row)
		m.raw(`</td><td><span class="pid">`).text(formatPatient(row.Patient)).raw(`</span></td><td>`)
		r.whose(m, row)
		m.raw(`</td><td>`).text(row.Note).raw(`</td><td>`)
		r.outcome(m, row, review)
		m.raw(`</td></tr>`)
		if review && row.ID != "" && row.ID == r.s.Follow.Review.Entry {
			m.raw(`<tr><td colspan="7">`)
			r.reviewForm(m)
			m.raw(`</td></tr>`)
		}
	}
	m.raw(`</tbody></table></div>`)
}

// lines writes the texts that are not empty, one a line.
func lines(m *markup, texts ...string) {
	n := 0
	for _, t := range texts {
		if t != "" {
			m.when(n > 0, `<br>`).text(t)
			n++
		}
	}
}

func (r *renderer) who(m *markup, w *protocol.LogWho) {
	if name := named(w); name != "" {
		m.raw(`<b>`).text(name).raw(`</b><br>`)
	}
	m.raw(`<span class="small">`)
	n := 0
	for _, part := range [...]string{w.Employee, w.CareUnit, w.CareProvider, w.Purpose} {
		if part != "" {
			m.when(n > 0, ` · `).text(part)
			n++
		}
	}
	m.raw(`</span>`)
}

func named(w *protocol.LogWho) string {
	name := w.Name
	if name != "" && w.Title != "" {
		name += ", "
	}
	return name + w.Title
}

func (r *renderer) what(m *markup, row *protocol.LogRow) {
	m.text(row.Activity).raw(`<br>`)
	if row.Permit {
		m.raw(`<span class="tag">`).text(r.t(txtPermitted))
	} else {
		m.raw(`<span class="tag bad">`).text(r.t(txtRefused))
	}
	m.raw(`</span>`)
	switch row.Basis {
	case protocol.BasisConsent:
		m.raw(` <span class="tag">`).text(r.t(txtBasisConsent)).raw(`</span>`)
	case protocol.BasisEmergency:
		m.raw(` <span class="tag bad">`).text(r.t(txtBasisEmergency)).raw(`</span>`)
	}
}

func (r *renderer) whose(m *markup, row *protocol.LogRow) {
	if len(row.Contracts) == len(protocol.Contracts()) {
		m.text(r.t(txtAllTypes))
	} else {
		for i, c := range row.Contracts {
			m.when(i > 0, `, `).text(c.Label(r.lang))
		}
	}
	if len(row.Owners) > 0 {
		m.when(len(row.Contracts) > 0, `<br>`)
		lines(m, row.Owners...)
	}
}

var outcomes = [...]txt{protocol.ReviewInOrder: txtInOrder, protocol.ReviewQuestioned: txtQuestioned, protocol.ReviewMisuse: txtMisuse}

func (r *renderer) outcome(m *markup, row *protocol.LogRow, review bool) {
	switch {
	case row.Outcome != protocol.ReviewNone && int(row.Outcome) < len(outcomes):
		m.raw(`<span class="tag`).when(row.Outcome != protocol.ReviewInOrder, ` bad`).raw(`" data-test="outcome">`).text(r.t(outcomes[row.Outcome])).raw(`</span>`)
		if row.ReviewedAt != 0 {
			m.raw(` <time>`).text(civilOf(row.ReviewedAt)[:10]).raw(`</time>`)
		}
	case review && row.ID != "":
		m.raw(`<button type="button" data-act="review-ask" data-test="review-ask" id="review-`).text(row.ID).raw(`" data-value="`).text(row.ID)
		m.raw(`" aria-label="`).text(r.t(txtReview)).raw(` `).text(civilOf(row.At)).raw(`">`).text(r.t(txtReview)).raw(`</button>`)
	}
}

func (r *renderer) reviewForm(m *markup) {
	f := &r.s.Follow.Review
	m.raw(`<form class="panel" data-act="review" data-test="review-form" autocomplete="off" novalidate><fieldset><legend id="review-legend" tabindex="-1">`).text(r.t(txtReviewTitle)).raw(`</legend>`)
	for o := protocol.ReviewInOrder; o <= protocol.ReviewMisuse; o++ {
		m.raw(`<label class="tick"><input type="radio" name="outcome" id="outcome-`).number(int(o)).raw(`" data-field="outcome" data-test="outcome-choice" value="`).number(int(o)).raw(`"`)
		m.when(o == f.Outcome, ` checked`).raw(`><span>`).text(r.t(outcomes[o])).raw(`</span></label>`)
	}
	m.raw(`</fieldset><p><label for="comment-`).text(f.Entry).raw(`">`).text(r.t(txtComment)).raw(`</label></p><textarea id="comment-`).text(f.Entry)
	m.raw(`" data-field="comment" data-test="comment" data-keep rows="2" maxlength="1000" autocomplete="off"></textarea><p class="hint" role="alert">`)
	r.wrongIn(m, f.Wrong)
	m.raw(`</p><div class="acts"><button type="submit" class="primary" id="review-send" data-test="review"`).off(f.Request != 0).raw(`>`).text(r.t(txtReviewSend)).raw(`</button>`)
	r.button(m, "", "review-cancel", ActReviewCancel, "", r.t(txtCancel), f.Request != 0)
	m.raw(`</div></form>`)
}

// ownAccess is laid out to be read by or to the patient, entry by entry.
func (r *renderer) ownAccess(m *markup, rows []protocol.LogRow) {
	m.raw(`<p>`).text(r.t(txtOwnAccessLead)).raw(`</p><ol class="letter" data-test="own-access">`)
	for i := range rows {
		row := &rows[i]
		if row.At == 0 { // of another care provider nothing more is told
			m.raw(`<li data-test="log-row"><h3>`).text(row.Who.CareProvider).raw(`</h3><p>`).text(r.t(txtOtherHasRead)).raw(`</p></li>`)
			continue
		}
		m.raw(`<li data-test="log-row"><h3><time>`).text(civilOf(row.At)[:16]).raw(`</time> `).text(row.Activity)
		if !row.Permit {
			m.raw(` <span class="tag bad">`).text(r.t(txtRefused)).raw(`</span>`)
		}
		m.raw(`</h3><dl class="head">`)
		for _, part := range [...]struct {
			label txt
			value string
		}{{txtProvider, row.Who.CareProvider}, {txtHeadUnit, row.Who.CareUnit}, {txtLogWho, named(&row.Who)}, {txtPurpose, row.Who.Purpose}} {
			if part.value != "" {
				m.raw(`<div><dt>`).text(r.t(part.label)).raw(`</dt><dd>`).text(part.value).raw(`</dd></div>`)
			}
		}
		if len(row.Contracts)+len(row.Owners) > 0 {
			m.raw(`<div><dt>`).text(r.t(txtLogWhose)).raw(`</dt><dd>`)
			r.whose(m, row)
			m.raw(`</dd></div>`)
		}
		m.raw(`</dl></li>`)
	}
	m.raw(`</ol>`)
}

// family is what the labels of numbers are, told by their form.
func family(label string) txt {
	switch len(label) {
	case 1:
		if number(label) >= 0 {
			return txtByWeekday
		}
	case 2:
		if number(label) >= 0 {
			return txtByHour
		}
	case 7:
		if label[4] == '-' {
			return txtByMonth
		}
	}
	return txtByProvider
}

// counts writes numbers as tables, one for each series and family of labels, with a
// bar beside each number.
func (r *renderer) counts(m *markup, all []protocol.Count) {
	for len(all) > 0 {
		n, most := 0, uint32(10)
		kind := family(all[0].Label)
		for n < len(all) && all[n].Series == all[0].Series && family(all[n].Label) == kind {
			most = max(most, all[n].Number)
			n++
		}
		m.raw(`<div class="table-box" tabindex="0" role="group" aria-label="`).text(r.series(all[0].Series)).raw(` `).text(r.t(kind)).raw(`"><table class="counts" data-test="counts" data-series="`).text(all[0].Series).raw(`"><caption>`)
		m.text(r.series(all[0].Series)).raw(` `).text(r.t(kind)).raw(`</caption><tbody>`)
		for _, c := range all[:n] {
			m.raw(`<tr><th scope="row">`).text(r.countLabel(c.Label, kind)).raw(`</th><td data-test="number">`)
			if c.Few {
				m.text(r.t(txtFew)).raw(`</td><td></td></tr>`)
				continue
			}
			m.text(thousands(r.lang, int(c.Number))).raw(`</td><td><meter aria-hidden="true" min="0" max="`).number(int(most)).raw(`" value="`).number(int(c.Number)).raw(`"></meter></td></tr>`)
		}
		m.raw(`</tbody></table></div>`)
		all = all[n:]
	}
}

func (r *renderer) series(name string) string {
	switch name {
	case "lookups":
		return r.t(txtLookups)
	case "users":
		return r.t(txtUsers)
	case "patients":
		return r.t(txtPatients)
	default:
		return name
	}
}

var weekdays = [...]txt{txtMonday, txtTuesday, txtWednesday, txtThursday, txtFriday, txtSaturday, txtSunday}

func (r *renderer) countLabel(label string, kind txt) string {
	if day := number(label); kind == txtByWeekday && day >= 1 && day <= 7 {
		return r.t(weekdays[day-1])
	}
	if kind == txtByHour {
		return label + ":00"
	}
	return label
}
