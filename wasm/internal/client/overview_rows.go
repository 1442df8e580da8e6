package client

import (
	"strconv"
	"strings"

	"tvilling/protocol"
)

func (r *renderer) rows() *Rows {
	l := &r.s.List
	first, last := l.window()
	stop := l.tabStop()
	rows := &Rows{Before: first * l.rowHeight(), After: (len(l.Rows) - last) * l.rowHeight(), Size: len(l.Rows)}
	for i := first; i < last; i++ {
		row := l.Rows[i]
		if !row.isDocument() {
			rows.Items = append(rows.Items, PaintedRow{headingKey(row.Heading), i + 1, true, r.headingRow(&row)})
			continue
		}
		item, _ := r.s.View.Store.get(row.Key)
		rows.Items = append(rows.Items, PaintedRow{keyText(row.Key), i + 1, false, r.row(item, i == stop)})
	}
	return rows
}

// headingRow names a heading, and says how many documents stand under it: seen as a
// number, heard with what it counts.
func (r *renderer) headingRow(row *Row) string {
	m := new(markup)
	number, all := thousands(r.lang, int(row.under)), countText(r.lang, int(row.under))
	m.raw(`<h3>`).text(r.heading(row.Heading)).raw(`: <span class="under">`).text(number)
	return m.raw(`<span class="unseen">`).text(all[len(number):]).raw(`</span></span></h3>`).String()
}

// heading is what the documents under it have in common.
func (r *renderer) heading(h Heading) string {
	if h.Group == GroupProvider {
		return r.s.providerName(h.Provider)
	}
	if h.Group == GroupSeverity {
		return r.t(severities[h.Severity])
	}
	return h.Contract.Label(r.lang)
}

func headingKey(h Heading) string {
	if h.Group == GroupProvider {
		return "provider-" + h.Provider.Reveal()
	}
	return "heading-" + strconv.Itoa(int(h.Contract)<<3|int(h.Severity))
}

func (r *renderer) row(item protocol.Item, stop bool) string {
	m, h := new(markup), &item.Header
	m.raw(`<button type="button" class="row" id="row-`).text(keyText(item.Key)).raw(`" data-act="read" data-test="row" data-value="`).text(keyText(item.Key))
	m.raw(`" data-contract="`).number(int(h.Contract)).raw(`" tabindex="`)
	m.when(stop, `0"`).when(!stop, `-1"`)
	m.when(r.s.Reader.Open && r.s.Reader.Key == item.Key, ` aria-current="true"`).raw(`>`)
	symbol(m, h.Contract)
	m.raw(`<span class="r1"><span class="when">`).text(r.dayText(h)).raw(`</span><b class="title`).when(h.Nullified, ` nullified`).raw(`"`)
	if h.Title != "" {
		r.foreign(m)
	}
	m.raw(`>`).text(titleOf(h, r.lang)).raw(`</b>`)
	r.tags(m, h)
	m.raw(`</span><span class="r2">`)
	r.statusTag(m, h)
	m.text(h.Contract.Label(r.lang))
	detail, _ := h.Abnormal()
	for _, part := range [...]string{detail, unitOf(h), r.s.providerName(h.CareProvider)} {
		if part != "" {
			m.raw(` · `).text(part)
		}
	}
	return m.raw(`</span></button>`).String()
}

// dayText is a document's day, as far as it is known.
func (r *renderer) dayText(h *protocol.Header) string {
	day := h.Time.String()
	if day == "" {
		return r.t(txtUndated)
	}
	return day[:min(len(day), 10)]
}

// tags are what a reader must not miss before opening a document.
func (r *renderer) tags(m *markup, h *protocol.Header) {
	switch {
	case h.Nullified:
		m.raw(`<span class="tag bad">`).text(r.t(txtNullified)).raw(`</span>`)
	case !h.Signed:
		m.raw(`<span class="tag">`).text(r.t(txtUnsigned)).raw(`</span>`)
	}
	_, abnormal := h.Abnormal()
	switch {
	case h.Contract == protocol.LaboratoryOrderOutcome && abnormal:
		m.raw(`<span class="tag bad" data-test="row-abnormal"><span aria-hidden="true">◆ </span>`).text(r.t(txtAbnormal)).raw(`</span>`)
	case h.Contract != protocol.AlertInformation || h.Nullified:
	case isHistoric(h, r.s.today()):
		m.raw(`<span class="tag" data-test="row-historic">`).text(r.t(txtHistoric)).raw(`</span>`)
	case isSevere(h.Detail):
		m.raw(`<span class="tag bad"><span aria-hidden="true">◆ </span>`).text(r.t(txtSevereOne)).raw(`</span>`)
	}
}

// statusTag is the status of what is not simply done and final.
func (r *renderer) statusTag(m *markup, h *protocol.Header) {
	if h.Contract == protocol.AlertInformation && !h.Nullified && fold(h.Status) == "inaktuell" {
		return // its tag says historic already
	}
	if h.Status != "" && !isOrdinary(h.Status) {
		m.raw(`<span class="tag`).when(fold(h.Status) == "aktuell", ` good`).raw(`" data-test="row-status">`).text(h.Status).raw(`</span> `)
	}
}

// isOrdinary reports whether a status says that a document is what it looks like: a
// contact that was, an answer that is final. One that is not known as such is shown.
func isOrdinary(status string) bool {
	status = fold(status)
	for _, ordinary := range [...]string{"avslutad", "definitiv", "slut"} {
		if strings.HasPrefix(status, ordinary) {
			return true
		}
	}
	return false // an answer that is not said to be the last may be a preliminary one
}

// symbol is the drawing of a type, beside its name: never alone, and not told by colour.
func symbol(m *markup, c protocol.Contract) {
	if c.Known() {
		m.raw(`<svg class="symbol" aria-hidden="true" width="20" height="20"><use href="#symbol-`).number(int(c)).raw(`"/></svg>`)
	}
}

// symbolPaths are our own drawings of the types, in a square of 20.
var symbolPaths = [...]struct {
	contract protocol.Contract
	path     literal
}{
	{protocol.CareDocumentation, `M5 2.500h7l3.500 3.500v11.500h-10.500zM8 9h5M8 12h5M8 15h3`},
	{protocol.Diagnosis, `M5.500 3v4.500a3.500 3.500 0 0 0 7 0V3M9 11v1.500a4 4 0 0 0 7.500 0V10M16.500 10a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3`},
	{protocol.AlertInformation, `M10 2.500l7 3v4.500c0 4-2.500 6.500-7 8-4.500-1.500-7-4-7-8V5.500zM10 6.500v4.500M10 13.500v.500`},
	{protocol.FunctionalStatus, `M10 5.500a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400M4 8h12M10 8v5M10 12l-3.500 6M10 12l3.500 6`},
	{protocol.LaboratoryOrderOutcome, `M7.500 2.500h5M8.500 2.500v5L4.500 15.500c-.500 1 .300 2 1.300 2h8.400c1 0 1.800-1 1.300-2L11.500 7.500v-5M6.500 12.500h7`},
	{protocol.ImagingOutcome, `M3 3.500h14v13H3zM10 6v8M7 7.500c0 2 6 0 6 2.500s-6 .500-6 3`},
	{protocol.ReferralOutcome, `M8.500 14a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11M12.500 12.500l5 5`},
	{protocol.MaternityMedicalHistory, `M9 5a1.800 1.800 0 1 0 0-3.600A1.800 1.800 0 0 0 9 5M7 18v-5c-1-3 0-6 2-6 1.500 0 2 1 2.500 2.500 2.500.500 3 3.500 0 4.500V18`},
	{protocol.MedicationHistory, `M4 10.500l6.500-6.500a3.900 3.900 0 0 1 5.500 5.500L9.500 16A3.900 3.900 0 0 1 4 10.500M7.200 7.200l5.600 5.600`},
	{protocol.VaccinationHistory, `M12.500 2.500l5 5M15 5l-2.500 2.500M10.500 5.500l4 4-6.500 6.500h-4v-4zM4 16l-2 2M8 8l2 2`},
	{protocol.CareContacts, `M3 4.500h14v13H3zM3 8.500h14M7 2.500v4M13 2.500v4`},
	{protocol.CarePlans, `M4 3h12v14.500H4zM6.500 7l1 1 2-2M6.500 12l1 1 2-2M11.500 7.500h2.500M11.500 12.500h2.500`},
}

// symbols are drawn once, for every row to point at.
func symbols(m *markup) {
	m.raw(`<svg class="unseen" aria-hidden="true" width="0" height="0">`)
	for _, s := range symbolPaths {
		m.raw(`<symbol id="symbol-`).number(int(s.contract)).raw(`" viewBox="0 0 20 20"><path d="`).raw(s.path).raw(`"/></symbol>`)
	}
	m.raw(`</svg>`)
}
