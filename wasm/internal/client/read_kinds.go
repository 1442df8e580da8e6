package client

import (
	"slices"
	"strings"

	"tvilling/protocol"
)

// severity says first how severe an alert is, by a sign and the record's own words, and
// whether it still holds.
func (s *sheet) severity() {
	over := txtNone
	if s.at(&s.root, "obsoleteTime") != nil {
		over = txtObsolete
	} else if n := s.at(&s.root, "validityTimePeriod"); n != nil && !n.End.IsZero() && upTo(n.End.Digits(), s.s.today()) < 0 {
		over = txtExpired
	}
	if over != txtNone {
		s.m.raw(`<div class="void" data-test="historic"><b>`).text(s.t(over)).raw(`</b>`)
		s.fields(&s.root, "obsoleteTime obsoleteComment")
		s.m.raw(`</div>`)
	}
	for _, n := range s.all(&s.root, "hypersensitivity/degreeOfSeverity") {
		s.m.raw(`<p class="severity `).raw(severityOf(n)).raw(`" data-test="severity">`)
		s.brief(n)
		s.m.raw(`</p>`)
	}
}

// severityOf tells the degrees apart by their words: their codes have been numbered in
// more than one way. A word that is not known is never made out to be mild.
func severityOf(n *protocol.Node) literal {
	word := strings.ToLower(meaning(n))
	switch {
	case strings.Contains(word, "livshot"):
		return `worst`
	case strings.Contains(word, "skadlig"):
		return `harmful`
	case strings.Contains(word, "besvär"), strings.Contains(word, "lindrig"):
		return `mild`
	}
	return `unknown`
}

// checkupColumns are what a pregnancy is followed by, week by week.
const checkupColumns = "completeWeeksOfGestation weight symphysisFundalHeight bloodPressureSystolic haemoglobin proteinuria glycosuria fetalPosition fetalPresentation fetalHeartRate"

// checkups writes the check-ups of a pregnancy as a table by week.
func (s *sheet) checkups() {
	rows := s.all(&s.root, "pregnancyCheckupRecord")
	if len(rows) == 0 {
		return
	}
	slices.SortStableFunc(rows, func(a, b *protocol.Node) int { return s.week(a) - s.week(b) })
	s.heading(s.label("pregnancyCheckupRecord"))
	s.m.raw(`<div class="table-box" tabindex="0" role="group" aria-label="`).text(s.label("pregnancyCheckupRecord")).raw(`"><table data-test="checkups"><thead><tr>`)
	columns := strings.Fields(checkupColumns)
	for _, c := range columns {
		if c == "bloodPressureSystolic" {
			s.m.raw(`<th scope="col">`).text(s.t(txtBloodPressure)).raw(`</th>`)
			continue
		}
		s.m.raw(`<th scope="col">`).text(s.label(c)).raw(`</th>`)
	}
	s.m.raw(`</tr></thead><tbody>`)
	for _, row := range rows {
		s.m.raw(`<tr>`)
		for i, c := range columns {
			s.m.when(i == 0, `<th scope="row">`).when(i > 0, `<td>`)
			if c == "bloodPressureSystolic" {
				s.pressure(row)
			}
			for j, n := range s.all(row, c) {
				s.m.when(j > 0, `<br>`)
				s.put(n)
			}
			s.m.when(i == 0, `</th>`).when(i > 0, `</td>`)
		}
		s.m.raw(`</tr>`)
		s.remarks(row, len(columns), "typeOfLeave comment") // what happened in that week
	}
	s.m.raw(`</tbody></table></div>`)
	for _, row := range rows {
		if drugs := s.all(row, "medicationSinceRegistration"); len(drugs) > 0 {
			s.heading(s.label("medicationSinceRegistration") + s.weekText(row))
			s.rows(drugs, nil)
		}
	}
}

// weekText is the week of a check-up, where it has one, to stand after the words of a heading.
func (s *sheet) weekText(row *protocol.Node) string {
	for i := range row.Children {
		if n := &row.Children[i]; n.Label == "completeWeeksOfGestation" && n.Text+n.Quantity.Value != "" {
			return " (" + s.t(txtWeekLong) + " " + n.Text + n.Quantity.Value + ")"
		}
	}
	return ""
}

// week is the week of a check-up; without one it stands first.
func (s *sheet) week(n *protocol.Node) int {
	if w := s.at(n, "completeWeeksOfGestation"); w != nil {
		return number(w.Text + w.Quantity.Value)
	}
	return -1
}

// pressure writes the two blood pressures as people write them, where they are in the
// same unit.
func (s *sheet) pressure(row *protocol.Node) {
	high, low := s.all(row, "bloodPressureSystolic"), s.all(row, "bloodPressureDiastolic")
	if len(high) == 1 && len(low) == 1 && high[0].Quantity.Unit == low[0].Quantity.Unit && high[0].Quantity.Value != "" && low[0].Quantity.Value != "" {
		s.m.raw(`<b>`).text(s.decimal(high[0].Quantity.Value)).raw(`/`).text(s.decimal(low[0].Quantity.Value)).raw(`</b> <span class="unit">`).text(high[0].Quantity.Unit).raw(`</span>`)
		s.taken[high[0]], s.taken[low[0]] = true, true
	}
}

// vaccines writes the vaccinations of a record, gathered by what they protect against.
func (s *sheet) vaccines() {
	rows := s.all(&s.root, "administrationRecord")
	slices.SortStableFunc(rows, func(a, b *protocol.Node) int {
		return strings.Compare(meaning(s.at(a, "vaccineTargetDisease")), meaning(s.at(b, "vaccineTargetDisease")))
	})
	for _, v := range rows {
		s.m.raw(`<section class="part" data-test="vaccine">`)
		s.lead(v, "vaccineName")
		if dose := s.at(v, "doseOrdinalNumber"); dose != nil {
			s.m.raw(`<p class="marks"><span class="badge">`).text(s.label("dose")).raw(` `).text(meaning(dose))
			s.taken[dose] = true
			if of := s.at(v, "numberOfPrescribedDoses"); of != nil {
				s.m.raw(` `).text(s.t(txtOutOf)).raw(` `).text(meaning(of))
				s.taken[of] = true
			}
			s.m.raw(`</span></p>`)
		}
		s.fields(v, "vaccineTargetDisease typeOfVaccine")
		s.fields(v, "dose vaccineBatchId vaccineManufacturer performer/personName performerOrg/orgUnitName prescriberPerson/personName anatomicalSite route isDoseComplete vaccinationProgramName patientAdverseEffect")
		s.prose(v, "commentAdministration commentPrescription sourceDescription")
		s.m.raw(`</section>`)
	}
}
