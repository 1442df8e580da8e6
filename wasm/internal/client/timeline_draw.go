package client

import (
	"strconv"

	"tvilling/protocol"
)

// strip is what stands above the list: the tabs, and beneath them the chosen panel.
func (r *renderer) strip(m *markup) {
	m.raw(`<section class="strip" id="strip" aria-labelledby="strip-heading"><h2 class="unseen" id="strip-heading">`).text(r.t(txtStrip)).raw(`</h2><div class="strip-top"><div id="strip-tabs"></div>`)
	m.raw(`<p class="readout" id="readout"></p><div class="acts" id="strip-acts"></div></div><div id="strip-body"></div></section>`)
}

// stripRegions are the parts of the strip that change.
func (r *renderer) stripRegions() []Region {
	t := &r.s.Timeline
	p, readout := (*plot)(nil), ""
	if !t.folded() && t.Tab == TabTimeline && !t.Table {
		p = r.s.plot()
		readout = r.readout(p)
	}
	regions := []Region{
		{"strip-tabs", "main", r.stripTabs()}, {"strip-acts", "main", r.stripActs()}, {"readout", "main", readout}, {"strip-body", "main", r.stripBody()},
	}
	const within = "strip-body"
	switch {
	case t.folded():
	case p != nil:
		regions = append(regions, Region{"lanes", within, r.laneNames(p)}, Region{"chart", within, r.chart(p)})
	case t.Tab == TabTimeline:
		regions = append(regions, Region{"strip-content", within, r.chartTable()})
	case t.Tab == TabCalendar:
		regions = append(regions, Region{"strip-content", within, r.calendar()})
	case t.Tab == TabSources:
		regions = append(regions, Region{"strip-content", within, r.sources()})
	default:
		regions = append(regions, Region{"ladder", within, r.ladder()})
	}
	return regions
}

// stripBody is the panel of the tab. The chart's own element is part of it, so that the
// pointer can hold on to it while what is in it is drawn anew.
func (r *renderer) stripBody() string {
	m, t := new(markup), &r.s.Timeline
	if t.folded() {
		return ""
	}
	m.raw(`<div class="strip-panel" role="tabpanel" id="strip-panel" aria-labelledby="tab-`).number(int(t.Tab)).raw(`"`)
	m.when(t.Tab == TabSources || t.Tab == TabTimeline && t.Table, ` tabindex="0"`).raw(`>`)
	switch {
	case t.Tab == TabQuestions:
		m.raw(`<div class="questions" id="ladder" data-test="ladder"></div>`)
	case t.Tab != TabTimeline || t.Table:
		m.raw(`<div id="strip-content"></div>`)
	default:
		m.raw(`<div class="timeline"><div id="lanes" class="lanes"></div><div id="chart" class="time-chart" tabindex="0" role="group" aria-label="`).text(r.t(txtTimeline))
		m.raw(`" aria-describedby="chart-keys" data-test="time-chart"></div></div><p class="unseen" id="chart-keys">`).text(r.t(txtChartKeys)).raw(`</p>`)
	}
	return m.raw(`</div>`).String()
}

// sign is a small button with a sign for its face.
func (r *renderer) sign(m *markup, id literal, act Action, value string, name txt, face literal) {
	m.raw(`<button type="button" class="sign" id="`).raw(id).raw(`" data-act="`).text(string(act)).raw(`" data-test="`).text(string(act)).raw(`" data-value="`).text(value)
	m.raw(`" aria-label="`).text(r.t(name)).raw(`" title="`).text(r.t(name)).raw(`"><span aria-hidden="true">`).raw(face).raw(`</span></button>`)
}

func (r *renderer) stripTabs() string {
	m, t := new(markup), &r.s.Timeline
	m.raw(`<div class="tabs" role="tablist" aria-label="`).text(r.t(txtStrip)).raw(`">`)
	for i, name := range [...]txt{txtTimeline, txtCalendar, txtSources, txtLadderTitle} {
		on := Tab(i) == t.Tab
		m.raw(`<button type="button" role="tab" id="tab-`).number(i).raw(`" data-act="tab" data-test="tab" data-value="`).number(i).raw(`" aria-selected="`).text(strconv.FormatBool(on)).raw(`"`)
		m.when(on && !t.folded(), ` aria-controls="strip-panel"`).when(!on, ` tabindex="-1"`).raw(`>`).text(r.t(name)).raw(`</button>`)
	}
	return m.raw(`</div>`).String()
}

// stripActs are what can be done with the panel at hand. What comes and goes stands first:
// the others, which are pressed again and again, stay where they are.
func (r *renderer) stripActs() string {
	m, t := new(markup), &r.s.Timeline
	chart := !t.folded() && t.Tab == TabTimeline
	if q := &r.s.List.Query; q.From != 0 || q.To != 0 || t.Window != (Span{}) && t.Tab == TabTimeline {
		r.button(m, "small-button", "all-time", ActAllTime, "", r.t(txtAllTime), false)
	}
	if chart && !t.Table && t.Window != (Span{}) {
		r.button(m, "small-button", "list-window", ActListWindow, "", r.t(txtListWindow), false)
	}
	if chart {
		r.chartActs(m)
	}
	var face literal = `▴`
	name := txtFold
	if t.folded() {
		face, name = `▾`, txtUnfold
	}
	r.guideMark(m, viewTimeline+view(t.Tab))
	r.sign(m, "fold", ActFold, "", name, face)
	return m.String()
}

func (r *renderer) chartActs(m *markup) {
	t := &r.s.Timeline
	m.raw(`<div class="switch" role="group" aria-label="`).text(r.t(txtLanes)).raw(`">`)
	for i, name := range [...]txt{txtByType, txtByProviderOrder} {
		m.raw(`<button type="button" class="small-button" id="lanes-`).number(i).raw(`" data-act="lanes" data-test="lanes" data-value="`).number(i).raw(`" aria-pressed="`)
		m.text(strconv.FormatBool(Lanes(i) == t.Lanes)).raw(`">`).text(r.t(name)).raw(`</button>`)
	}
	m.raw(`</div>`)
	if t.Table {
		r.button(m, "small-button", "as-table", ActAsTable, "", r.t(txtAsChart), false)
		return
	}
	m.raw(`<div class="signs">`)
	r.sign(m, "earlier", ActEarlier, "", txtEarlier, `←`)
	r.sign(m, "zoom-out", ActZoomOut, "", txtZoomOut, `−`)
	r.sign(m, "zoom-in", ActZoomIn, "", txtZoomIn, `+`)
	r.sign(m, "later", ActLater, "", txtLater, `→`)
	m.raw(`</div>`)
	r.button(m, "small-button", "as-table", ActAsTable, "", r.t(txtAsTable), false)
}

// laneName is what a lane holds.
func (r *renderer) laneName(l *laneOf, by Lanes) string {
	switch {
	case l.rest:
		return r.t(txtRestLane)
	case by == LanesProvider:
		return r.s.providerName(l.provider)
	default:
		return l.contract.Label(r.lang)
	}
}

func (r *renderer) laneNames(p *plot) string {
	m := new(markup)
	m.raw(`<ul class="lane-names lane-`).number(p.laneHeight()).raw(`">`)
	for i := range p.lanes {
		l := &p.lanes[i].laneOf
		m.raw(`<li data-test="lane"`)
		if p.from.key.lanes == LanesType { // by keys: the filter of types
			m.when(l.contract == r.s.List.Query.Contract, ` class="chosen"`).raw(` data-act="lane" data-value="`).number(int(l.contract)).raw(`">`)
			symbol(m, l.contract)
		} else {
			m.raw(`>`)
		}
		m.raw(`<span>`).text(r.laneName(l, p.from.key.lanes)).raw(`</span> <b>`).text(thousands(r.lang, l.n)).raw(`</b></li>`)
	}
	return m.raw(`</ul>`).String()
}

// chart returns the plot as it is drawn: anew only where it has become another, since a
// page is rendered for every frame.
func (r *renderer) chart(p *plot) string {
	memo := r.s.drawn()
	from := drawnFrom{p, r.lang, len(r.s.Me.Coverage), r.chosenSpan(p)}
	if memo.of != from {
		memo.of, memo.text = from, r.drawChart(p, from.span)
	}
	return memo.text
}

// drawChart draws the plot. Everything in it is a number; the classes give the colours.
func (r *renderer) drawChart(p *plot, chosen stretch) string {
	m := new(markup)
	if len(p.lanes) == 0 {
		return m.raw(`<p class="empty">`).text(r.t(txtChartNone)).raw(`</p>`).String()
	}
	tall, lane := p.lanesHeight(), p.laneHeight()
	m.raw(`<svg role="img" aria-label="`).text(r.summary(p)).raw(`" width="`).number(p.width).raw(`" height="`).number(tall + axisHeight)
	m.raw(`" viewBox="0 0 `).number(p.width).raw(` `).number(tall + axisHeight).raw(`">`)
	for i := 1; i < len(p.lanes); i += 2 {
		r.rect(m, `t-band`, box{0, i * lane, p.width, lane})
	}
	r.axis(m, p, tall)
	if chosen.w > 0 {
		r.rect(m, `t-chosen`, box{chosen.x, 0, chosen.w, tall + axisHeight})
	}
	for i := range p.lanes {
		l := &p.lanes[i]
		top := i * lane
		for _, c := range l.cover {
			r.rect(m, `t-period`, box{c.x, top + lane/2 - 2, c.w, 4})
		}
		for j := range l.cells {
			r.mark(m, &l.cells[j], box{0, top + 1, 0, min(lane-2, 16)}, l.contract == protocol.AlertInformation && p.from.key.lanes == LanesType)
		}
	}
	return m.raw(`</svg>`).String()
}

// box is where something is drawn.
type box struct{ x, y, w, h int }

func (r *renderer) rect(m *markup, class literal, b box) {
	m.raw(`<rect class="`).raw(class).raw(`" x="`).number(b.x).raw(`" y="`).number(b.y).raw(`" width="`).number(b.w).raw(`" height="`).number(b.h).raw(`"/>`)
}

// mark draws a document as a dot, and several as a bar with their number.
func (r *renderer) mark(m *markup, c *cell, b box, alert bool) {
	middle := b.y + b.h/2
	if c.n == 1 {
		m.raw(`<circle class="t-dot`).when(alert, ` alert`).raw(`" cx="`).number(c.x).raw(`" cy="`).number(middle).raw(`" r="5"/>`)
		return
	}
	var class literal = `t-bar h1`
	switch heat(c.n) {
	case ` h2`:
		class = `t-bar h2`
	case ` h3`:
		class = `t-bar h3`
	}
	r.rect(m, class, box{c.x, b.y, c.w, b.h})
	m.raw(`<text class="t-n`).raw(heat(c.n)).raw(`" x="`).number(c.x + c.w/2).raw(`" y="`).number(middle + 4).raw(`">`)
	if c.n < 10_000 {
		m.number(c.n)
	} else {
		m.number(c.n / 1000).raw(`k`)
	}
	m.raw(`</text>`)
}

func (r *renderer) axis(m *markup, p *plot, tall int) {
	end := -1 // of the label before
	for _, t := range ticks(p.window, p.width, r.lang) {
		x := p.x(t.at)
		m.raw(`<path class="t-tick`).when(t.major, ` major`).raw(`" d="M`).number(x).raw(`.5 0V`).number(tall + 4).raw(`"/>`)
		if x+3 > end && x+3+7*len(t.label) < p.width+14 {
			m.raw(`<text class="t-label`).when(t.major, ` major`).raw(`" x="`).number(x + 3).raw(`" y="`).number(tall + 16).raw(`">`).text(t.label).raw(`</text>`)
			end = x + 3 + 7*len(t.label)
		}
	}
	if x := p.x(r.s.todayNumber() * minutesOfDay); x >= 0 && x <= p.width {
		m.raw(`<path class="t-today" d="M`).number(x).raw(`.5 0V`).number(tall).raw(`"/>`)
	}
}

// chosenSpan is the time that the list is about, or the one being marked.
func (r *renderer) chosenSpan(p *plot) stretch {
	d := &r.s.Timeline.Drag
	q := &r.s.List.Query
	from, to := 0, p.width
	switch {
	case d.Down && d.Brush && d.Moved:
		from, to = min(d.From, d.X), max(d.From, d.X)
	case q.From == 0 && q.To == 0:
		return stretch{}
	default:
		if q.From != 0 {
			from = p.x(spanOf(q.From).From)
		}
		if q.To != 0 {
			to = p.x(spanOf(q.To).To)
		}
		to = max(to, from+2)
	}
	from, to = max(from, -2), min(to, p.width+2)
	return stretch{from, max(0, to-from)}
}

// summary is the chart in words.
func (r *renderer) summary(p *plot) string {
	text := r.t(txtTimeline) + ", " + spanText(r.lang, p.window) + ". " + countText(r.lang, p.inside) + "."
	for i := range p.lanes {
		n := 0
		for j := range p.lanes[i].cells {
			n += p.lanes[i].cells[j].n
		}
		text += " " + r.laneName(&p.lanes[i].laneOf, p.from.key.lanes) + " " + thousands(r.lang, n) + "."
	}
	return text
}

// readout is what the pointer is at, else what is seen.
func (r *renderer) readout(p *plot) string {
	const dash = " – "
	m, d := new(markup), &r.s.Timeline.Drag
	if d.Down && d.Brush && d.Moved {
		from, to := p.at(min(d.From, d.X)), p.at(max(d.From, d.X))
		return m.text(daysText(Span{from, to + 1}, dash)).String()
	}
	if _, hit := p.hit(d.X, d.Y); d.Over && hit != nil {
		if hit.n > 1 {
			m.raw(`<b>`).text(countText(r.lang, hit.n)).raw(`</b>, `).text(daysText(Span{hit.first, hit.last + 1}, dash))
		} else if item, there := r.s.View.Store.get(hit.key); there {
			m.raw(`<b>`).text(moment(item.Header.Time)).raw(`</b>, `).text(titleOf(&item.Header, r.lang))
		}
		return m.String()
	}
	m.text(daysText(p.window, dash)).raw(`, `).text(countText(r.lang, p.inside)).raw(` `)
	r.undatedNote(m)
	return m.String()
}

// undatedNote says what neither the chart nor the calendar can show.
func (r *renderer) undatedNote(m *markup) {
	if n := r.s.points().undated; n > 0 {
		m.raw(`<span class="small" data-test="undated">`).text(numbered(r.lang, n, txtOnlyInListOne, txtOnlyInListMany)).raw(`</span>`)
	}
}

// chartTable is the chart as a table: a row for each year, a column for each lane.
func (r *renderer) chartTable() string {
	m, p := new(markup), r.s.points()
	if len(p.lanes) == 0 {
		return m.raw(`<p class="empty">`).text(r.t(txtChartNone)).raw(`</p>`).String()
	}
	counts := map[int][]int{}
	first, last := 9999, 0
	for i := range p.all {
		y, _, _ := date(floorDiv(p.all[i].at.From, minutesOfDay))
		if counts[y] == nil {
			counts[y] = make([]int, len(p.lanes))
		}
		counts[y][p.all[i].lane]++
		first, last = min(first, y), max(last, y)
	}
	m.raw(`<table class="counts-by-year" data-test="chart-table"><caption class="unseen">`).text(r.t(txtTimeline)).raw(`</caption><thead><tr><th scope="col">`).text(r.t(txtYear)).raw(`</th>`)
	for i := range p.lanes {
		m.raw(`<th scope="col">`).text(r.laneName(&p.lanes[i], p.key.lanes)).raw(`</th>`)
	}
	m.raw(`<th scope="col">`).text(r.t(txtTotal)).raw(`</th></tr></thead><tbody>`)
	for y := last; y >= first; y-- {
		if counts[y] == nil {
			continue // nothing that year
		}
		sum := 0
		m.raw(`<tr><th scope="row">`).number(y).raw(`</th>`)
		for _, n := range counts[y] {
			sum += n
			m.raw(`<td>`).text(thousands(r.lang, n)).raw(`</td>`)
		}
		m.raw(`<td><b>`).text(thousands(r.lang, sum)).raw(`</b></td></tr>`)
	}
	m.raw(`</tbody></table>`)
	r.undatedNote(m)
	return m.String()
}
