package client

import (
	"strings"

	"tvilling/protocol"
)

// staleAfter is how old, in milliseconds, what was fetched may be before it is said.
const staleAfter = 24 * 3_600_000

// census is what the view holds, counted once for each change of it.
type census struct {
	revision uint64
	day      string
	extent   Span // of the documents' times; zero: none has any
	holders  []holder
	alerts   int // that hold today, as far as their headers say
	severe   int // of them
	past     int // alerts that no longer hold; what the source has taken back is counted nowhere
}

// holder is a care provider with documents in the view.
type holder struct {
	id    protocol.CareProviderID
	types uint32 // bits by contract
}

func (h *holder) has(c protocol.Contract) bool { return c < 32 && h.types&(1<<c) != 0 }

// census counts what the store holds.
func (s *State) census() *census {
	v, memo := s.View.Store, s.drawn()
	if v == nil {
		return new(census)
	}
	day := s.today()
	if c := memo.census; c != nil && c.revision == v.sight.revision && c.day == day {
		return c
	}
	c := &census{revision: v.sight.revision, day: day}
	at := map[protocol.CareProviderID]int{}
	v.each(Query{}, func(_ protocol.DocumentKey, item *protocol.Item) {
		h := &item.Header
		if h.Time != 0 {
			c.extend(spanOf(h.Time).From)
		}
		i, known := at[h.CareProvider]
		if !known {
			i = len(c.holders)
			at[h.CareProvider] = i
			c.holders = append(c.holders, holder{id: h.CareProvider})
		}
		if h.Contract < 32 {
			c.holders[i].types |= 1 << h.Contract
		}
		switch {
		case h.Contract != protocol.AlertInformation || h.Nullified:
		case isHistoric(h, day):
			c.past++
		default:
			c.alerts++
			if isSevere(h.Detail) {
				c.severe++
			}
		}
	})
	memo.census = c
	return c
}

func (c *census) extend(at int64) {
	if c.extent == (Span{}) {
		c.extent = Span{at, at + 1}
	}
	c.extent = Span{min(c.extent.From, at), max(c.extent.To, at+1)}
}

// isSevere reports whether what the list says of an alert is that it threatens life.
func isSevere(detail string) bool { return strings.HasPrefix(fold(detail), "livshotande") }

// isHistoric reports whether an alert's header says that it no longer holds: its validity
// has ended before the day, or the source has a status that says so.
func isHistoric(h *protocol.Header, day string) bool {
	return upTo(h.TimeEnd.Digits(), day) < 0 || fold(h.Status) == "inaktuell"
}

// sourced takes how fresh the view is.
func (m *machine) sourced(l *Link, f protocol.Sources) {
	if m.current(l, f.Generation) {
		m.s.View.Sources = f.Rows
	}
}

// sourcesOf are the rows about a care provider whose documents stand in the view: one
// whose last document has just been taken away is no longer spoken of.
func (s *State) sourcesOf(h *holder) (rows []protocol.SourceRow) {
	id := h.id.Reveal()
	for _, row := range s.View.Sources {
		if row.CareProvider == id && h.has(row.Contract) {
			rows = append(rows, row)
		}
	}
	return rows
}

// stale reports whether a source is not up to date.
func (s *State) stale(row *protocol.SourceRow) bool {
	return row.State == protocol.SourceMirrorFailed || row.Failed != 0 ||
		row.Synced != 0 && s.Clock.Wall-int64(row.Synced) > staleAfter
}

// staleSources counts the care providers of which something is not up to date.
func (s *State) staleSources() (n int) {
	c := s.census()
	for i := range c.holders {
		for _, row := range s.sourcesOf(&c.holders[i]) {
			if s.stale(&row) {
				n++
				break
			}
		}
	}
	return n
}

var sourceTexts = [...]txt{txtSourceUnknown, txtSourceDirect, txtSourceMirror, txtSourceFailed}

func sourceText(s protocol.SourceState) txt {
	if int(s) >= len(sourceTexts) {
		return txtSourceUnknown
	}
	return sourceTexts[s]
}

// sources says where what is shown comes from, care provider by care provider.
func (r *renderer) sources() string {
	m, s := new(markup), r.s
	c := s.census()
	r.small(m, txtSourcesLead)
	if len(s.View.Sources) == 0 || len(c.holders) == 0 {
		m.raw(`<p class="empty" data-test="sources-none">`).text(r.t(txtSourcesNone)).raw(`</p>`)
	} else {
		m.raw(`<table class="sources" data-test="sources-table"><caption class="unseen">`).text(r.t(txtSources)).raw(`</caption><thead><tr>`)
		for _, t := range [...]txt{txtProvider, txtChoiceTypes, txtSourceState, txtFetched} {
			m.raw(`<th scope="col">`).text(r.t(t)).raw(`</th>`)
		}
		m.raw(`</tr></thead>`)
		for _, at := range r.byName(c.holders) {
			r.source(m, &c.holders[at])
		}
		m.raw(`</table>`)
	}
	r.general(m)
	return m.String()
}

func (r *renderer) small(m *markup, t txt) { m.raw(`<p class="small">`).text(r.t(t)).raw(`</p>`) }

// byName returns the places of care providers in the order of their names.
func (r *renderer) byName(all []holder) []int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
		for j := i; j > 0 && collate(r.s.providerName(all[order[j]].id), r.s.providerName(all[order[j-1]].id)) < 0; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	return order
}

// source writes a care provider: a row for each state that its types are in.
func (r *renderer) source(m *markup, h *holder) {
	groups := sourceGroups(r.s.sourcesOf(h))
	if len(groups) == 0 {
		return
	}
	m.raw(`<tbody>`)
	for i := range groups {
		g := &groups[i]
		m.raw(`<tr data-test="source" data-state="`).number(int(g.State)).raw(`">`)
		if i == 0 {
			m.raw(`<th scope="rowgroup" rowspan="`).number(len(groups)).raw(`">`).text(r.s.providerName(h.id)).raw(`</th>`)
		}
		m.raw(`<td>`)
		for j, c := range g.types {
			m.when(j > 0, `, `).text(c.Label(r.lang))
		}
		stale := r.s.stale(&g.SourceRow)
		m.raw(`</td><td`).when(stale, ` class="stale"`).raw(`>`).text(r.t(sourceText(g.State))).raw(`</td><td>`)
		if g.Synced != 0 {
			m.raw(`<time>`).text(r.moment(g.Synced, "")).raw(`</time>`)
		}
		if g.Failed != 0 {
			m.raw(` <span class="stale">`).text(r.t(txtFailedAt)).raw(` <time>`).text(r.moment(g.Failed, "")).raw(`</time></span>`)
		}
		m.raw(`</td></tr>`)
	}
	m.raw(`</tbody>`)
}

// sourceGroup is the types of a care provider that are equally fresh.
type sourceGroup struct {
	protocol.SourceRow
	types []protocol.Contract
}

func sourceGroups(rows []protocol.SourceRow) (groups []sourceGroup) {
	const minute = 60_000
next:
	for _, row := range rows {
		for i := range groups {
			g := &groups[i]
			if g.State == row.State && g.Synced/minute == row.Synced/minute && g.Failed/minute == row.Failed/minute {
				g.types = append(g.types, row.Contract)
				continue next
			}
		}
		groups = append(groups, sourceGroup{row, []protocol.Contract{row.Contract}})
	}
	return groups
}

// general says what care providers do not show of the chosen types, whoever the
// patient is: it is told from the coverage table alone.
func (r *renderer) general(m *markup) {
	today, n := r.s.today(), 0
	for _, p := range r.s.Me.Coverage {
		var not []string
		for _, c := range r.s.View.Contracts {
			if row := p.rows[c]; row == nil || !shows(row, today) {
				not = append(not, c.Label(r.lang))
			}
		}
		if len(not) == 0 {
			continue
		}
		if n++; n == 1 {
			m.raw(`<h3>`).text(r.t(txtGenerally)).raw(`</h3><ul class="general" data-test="general">`)
		}
		m.raw(`<li><b>`).text(p.name).raw(`</b>. `)
		r.named(m, txtNotByProvider, not, "")
		m.raw(`</li>`)
	}
	m.when(n > 0, `</ul>`)
	r.button(m, "quiet", "sources-coverage", ActCoverage, "", r.t(txtCoverageTitle), false)
}
