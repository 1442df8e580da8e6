package client

import (
	"cmp"
	"slices"

	"tvilling/protocol"
)

// What care providers show is told from the coverage table alone, never from the
// documents: an empty section says the same whoever the patient is.

// maxNamed bounds how many care providers are named in a line; the page has them all.
const maxNamed = 5

// shows tells whether a row holds on a day (YYYYMMDD), is over, or is yet to come.
func shows(row *protocol.CoverageRow, today string) bool {
	since, until := row.Since.Digits(), row.Until.Digits()
	return upTo(since, today) <= 0 && (until == "" || upTo(until, today) >= 0)
}

// upTo compares a time with a day as far as the time was given.
func upTo(given, day string) int {
	n := min(len(given), len(day))
	return cmp.Compare(given[:n], day[:n])
}

// today is the day in Sweden as YYYYMMDD.
func (s *State) today() string {
	at := civilOf(protocol.Instant(s.Clock.Wall))
	return at[:4] + at[5:7] + at[8:10]
}

func nameIn(row *protocol.CoverageRow) string {
	if row.Name != "" {
		return row.Name
	}
	return row.CareProvider
}

// provider is a care provider of the table with the rows of it.
type provider struct {
	id, name string
	rows     [256]*protocol.CoverageRow // by type
}

// arrange arranges the table by care provider, by name, when it comes: it is read
// for every frame. Of several rows for one type the one that holds on the day counts,
// else the latest.
func arrange(rows []protocol.CoverageRow, today string) []*provider {
	at := map[string]*provider{}
	var all []*provider
	for i := range rows {
		row := &rows[i]
		p := at[row.CareProvider]
		if p == nil {
			p = &provider{id: row.CareProvider, name: nameIn(row)}
			at[row.CareProvider] = p
			all = append(all, p)
		}
		old := p.rows[row.Contract]
		if old == nil || !shows(old, today) && (shows(row, today) || row.Since > old.Since) {
			p.rows[row.Contract] = row
		}
	}
	for i := range all {
		for j := i; j > 0 && collate(all[j].name, all[j-1].name) < 0; j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
	return all
}

// covered writes which care providers do not show a type, and in full since when
// others do.
func (r *renderer) covered(m *markup, c protocol.Contract, full bool) {
	today := r.s.today()
	var not, shown []string
	var since []protocol.Civil
	for _, p := range r.s.Me.Coverage {
		row := p.rows[c]
		switch {
		case row == nil || !shows(row, today):
			not = append(not, p.name)
		case full && row.Since != 0:
			shown, since = append(shown, p.name), append(since, row.Since)
		}
	}
	if len(not) == 0 && len(shown) == 0 {
		return
	}
	tail := ""
	if len(since) > 0 && !slices.ContainsFunc(since, func(at protocol.Civil) bool { return at != since[0] }) {
		tail = r.sinceText(since[0]) // once for all
	}
	for i := range shown {
		if tail == "" {
			shown[i] += r.sinceText(since[i])
		}
	}
	m.raw(`<span class="small" data-test="covered" data-contract="`).number(int(c)).raw(`">`)
	r.named(m, txtNotShownBy, not, "")
	m.when(len(not) > 0 && len(shown) > 0, ` `)
	r.named(m, txtShownBy, shown, tail)
	m.raw(`</span>`)
}

func (r *renderer) sinceText(at protocol.Civil) string {
	return " " + r.t(txtSince) + " " + at.String()
}

// named writes a line of names, and what holds for all of them.
func (r *renderer) named(m *markup, lead txt, names []string, tail string) {
	if len(names) == 0 {
		return
	}
	m.text(r.t(lead))
	for i, name := range names {
		if i == maxNamed {
			m.raw(` `).text(r.t(txtAnd)).raw(` `).number(len(names) - i).raw(` `).text(r.t(txtMore))
			break
		}
		m.when(i > 0, `,`).raw(` `).text(name)
	}
	m.text(tail).raw(`.`)
}

// empties lists the chosen types that hold nothing, each with who does not show it.
func (r *renderer) empties() string {
	s, m := r.s, new(markup)
	n := 0
	for _, c := range s.View.Contracts {
		if s.View.Store.count(c) > 0 || s.List.Query.Contract != protocol.NoContract && s.List.Query.Contract != c {
			continue
		}
		if n++; n == 1 {
			m.raw(`<details data-test="empties"`).when(s.View.Store.len() == 0 || s.List.Query.Contract == c, ` open`).raw(`><summary id="empties-title">`)
			m.text(r.t(txtEmpties)).raw(`</summary><ul>`)
		}
		m.raw(`<li>`).text(c.Label(r.lang)).raw(`. `)
		r.covered(m, c, true)
		m.raw(`</li>`)
	}
	if n == 0 {
		return ""
	}
	return m.raw(`</ul></details>`).String()
}

// coveragePage is the whole table.
func (r *renderer) coveragePage() string {
	m := r.openWide(txtCoverageTitle)
	r.lead(m, txtCoverageLead)
	table := r.s.Me.Coverage
	if len(table) == 0 {
		m.raw(`<p class="empty" data-test="coverage-none">`).text(r.t(txtCoverageNone)).raw(`</p>`)
		return r.closeAside(m)
	}
	m.raw(`<div class="table-box" tabindex="0" role="group" aria-labelledby="main-heading"><table class="grid" data-test="coverage-table"><caption class="unseen">`).text(r.t(txtCoverageTitle))
	m.raw(`</caption><thead><tr><th scope="col">`).text(r.t(txtProvider)).raw(`</th>`)
	for _, c := range protocol.Contracts() {
		m.raw(`<th scope="col">`).text(c.Label(r.lang)).raw(`</th>`)
	}
	m.raw(`</tr></thead><tbody>`)
	today := r.s.today()
	for _, p := range table {
		m.raw(`<tr><th scope="row">`).text(p.name).raw(`</th>`)
		for _, c := range protocol.Contracts() {
			m.raw(`<td`).when(p.rows[c] == nil, ` class="not"`).raw(`>`)
			r.coverageCell(m, p.rows[c], today)
			m.raw(`</td>`)
		}
		m.raw(`</tr>`)
	}
	m.raw(`</tbody></table></div>`)
	return r.closeAside(m)
}

func (r *renderer) coverageCell(m *markup, row *protocol.CoverageRow, today string) {
	switch {
	case row == nil:
		m.text(r.t(txtNotShown))
		return
	case upTo(row.Since.Digits(), today) > 0:
		m.text(r.t(txtShownFrom)).raw(` <time>`).text(row.Since.String()).raw(`</time>`)
		return
	case !shows(row, today):
		m.text(r.t(txtShownUntil)).raw(` <time>`).text(row.Until.String()).raw(`</time>`)
		return
	}
	m.raw(`<b>`).text(r.t(txtShown)).raw(`</b>`)
	if row.Since != 0 {
		m.raw(` `).text(r.t(txtSince)).raw(` <time>`).text(row.Since.String()).raw(`</time>`)
	}
	if row.Until != 0 {
		m.raw(` `).text(r.t(txtUntil)).raw(` <time>`).text(row.Until.String()).raw(`</time>`)
	}
}
