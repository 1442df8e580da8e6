package client

import (
	"strings"

	"tvilling/protocol"
)

// Trend is an analysis over time, asked for from the open document. It goes with the
// document, and each of its points with the document that the point stands in.
type Trend struct {
	Open    bool
	At      int // the number of the analysis in the document
	Code    string
	System  string
	Name    string
	Request uint32 // waited for; 0: none
	Stale   bool   // a document of it has changed, or there may be a newer value
	Due     Clock  // it is not asked for anew by itself before
	Fault   Notice // why there is none
	Series  *series
}

// trendEvery is how often, in milliseconds, a trend may be asked for anew by itself: each
// asking is recorded.
const trendEvery = 5_000

// series is what a node answered. It is replaced, never changed.
type series struct {
	points []protocol.Point
	revs   []uint64 // of the points' documents, when the answer came
	more   bool
}

// actTrend opens the trend that a button is for: number, code system, code, name.
func (m *machine) actTrend(a Act) {
	t := &m.s.Reader.Trend
	if a.Name == ActTrendClose {
		if t.Open {
			at := t.At
			*t = Trend{}
			m.do(FocusOn{trendButtonID(at)})
		}
		return
	}
	parts := strings.SplitN(a.Value, "|", 4)
	if len(parts) < 4 || number(parts[0]) < 0 || m.s.Reader.Body == nil {
		return
	}
	*t = Trend{Open: true, At: number(parts[0]), System: parts[1], Code: parts[2], Name: parts[3]}
	m.askTrend()
	m.do(FocusOn{idTrendHeading})
}

func (m *machine) askTrend() {
	l, t := &m.s.Links.Live, &m.s.Reader.Trend
	if l.Stage != StageLive || m.s.View.Link != l.ID || !l.tells() {
		return // asked for when a link is there again
	}
	l.Request++
	t.Request, t.Stale, t.Due = l.Request, false, m.s.Clock.after(trendEvery)
	m.send(l, protocol.Trend{Request: l.Request, Generation: l.Generation, System: t.System, Code: t.Code})
}

// series takes an answer. One of another generation, or that nobody waits for, is of a
// view that is gone.
func (m *machine) series(l *Link, f protocol.Series) {
	t := &m.s.Reader.Trend
	if !t.Open || !m.current(l, f.Generation) || f.Request == 0 || f.Request != t.Request {
		return
	}
	answer := &series{points: f.Points, more: f.More}
	for i := range f.Points {
		item, _ := m.s.View.Store.get(f.Points[i].Document)
		answer.revs = append(answer.revs, item.Rev)
	}
	first := t.Series == nil
	t.Request, t.Series = 0, answer
	if first && !m.s.List.Within { // what came by itself takes the focus from nobody
		m.do(FocusOn{idTrendHeading})
	}
}

// unowed is a request that is not answered any more: what it asked for is asked for anew.
func (t *Trend) unowed() {
	if t.Request != 0 {
		t.Stale, t.Request, t.Due = true, 0, Clock{}
	}
}

// outdated notes that a value may have come that the trend lacks.
func (t *Trend) outdated(items []protocol.Item) {
	for i := range items {
		t.Stale = t.Stale || t.Open && items[i].Header.Contract == protocol.LaboratoryOrderOutcome
	}
}

// outdatedBy notes the same where a view has come in another's place.
func (t *Trend) outdatedBy(was, is *Store) {
	if !t.Open || was == nil {
		return
	}
	is.each(Query{}, func(key protocol.DocumentKey, item *protocol.Item) {
		if old, there := was.get(key); !there || old.Rev != item.Rev {
			t.outdated([]protocol.Item{*item})
		}
	})
}

// trendRefused takes a refusal of the trend, and reports whether it was one.
func (m *machine) trendRefused(request uint32, n Notice) bool {
	t := &m.s.Reader.Trend
	if !t.Open || t.Request != request {
		return false
	}
	if t.Request = 0; t.Series != nil && passing(n.Fault) {
		t.Stale = true // what stands is right as far as it goes
		return true
	}
	t.Fault, t.Series = n, nil
	return true
}

// keepTrend holds the trend to the view, after everything that happens: no point
// outlives its document, and none is shown as it was before its document changed.
func (m *machine) keepTrend() {
	t := &m.s.Reader.Trend
	if !t.Open {
		return
	}
	if m.s.Reader.Body == nil || !m.s.View.Shown || m.s.older() {
		*t = Trend{}
		return
	}
	if t.Series != nil {
		kept := series{more: t.Series.more}
		for i, p := range t.Series.points {
			item, there := m.s.View.Store.get(p.Document)
			if there && item.Rev == t.Series.revs[i] {
				kept.points, kept.revs = append(kept.points, p), append(kept.revs, item.Rev)
			}
			t.Stale = t.Stale || there && item.Rev != t.Series.revs[i]
		}
		if len(kept.points) < len(t.Series.points) {
			t.Series = &kept
		}
	}
	if t.waits() && m.s.Clock.reached(t.Due) {
		m.askTrend()
	}
}

// waits reports whether the trend is to be asked for, as soon as it may.
func (t *Trend) waits() bool {
	return t.Open && t.Request == 0 && t.Fault == (Notice{}) && (t.Series == nil || t.Stale)
}

func trendButtonID(at int) string { return new(markup).raw(`trend-`).number(at).String() }

func (s *sheet) trendButton(c *protocol.Code, name string, number int) {
	if s.s.older() {
		return
	}
	s.m.raw(` <button type="button" class="small-button" data-act="trend" data-test="trend" id="`).text(trendButtonID(number))
	s.m.raw(`" data-value="`).number(number).raw(`|`).text(c.System).raw(`|`).text(c.Code).raw(`|`).text(name).raw(`">`)
	s.m.text(s.t(txtTrend)).raw(`<span class="unseen"> `).text(name).raw(`</span></button>`)
}

// trend is the panel: a drawing for each unit, and the same in a table.
func (r *renderer) trend(m *markup) {
	t := &r.s.Reader.Trend
	m.raw(`<section class="trend" data-test="trend-panel" aria-labelledby="trend-heading"><div class="reader-top"><h3 id="trend-heading" tabindex="-1">`)
	m.text(r.t(txtTrendOf)).raw(` `).text(t.Name).raw(`</h3>`)
	r.button(m, "quiet", "trend-close", ActTrendClose, "", r.t(txtTrendClose), false)
	m.raw(`</div>`)
	switch {
	case t.Fault.Fault != protocol.FaultNone:
		m.raw(`<div class="fault" data-test="trend-fault"><h4>`)
		r.faultBody(m, t.Fault, `</h4>`)
		m.raw(`</div>`)
	case t.Series == nil:
		m.raw(`<p class="fetching" role="status">`).text(r.t(txtFetching)).raw(`</p>`)
	case len(t.Series.points) == 0:
		m.raw(`<p class="empty" data-test="trend-empty">`).text(r.t(txtTrendNone)).raw(`</p>`)
	default:
		if t.Stale || t.Request != 0 {
			m.raw(`<p class="small" data-test="trend-newer">`).text(r.t(txtTrendNewer)).raw(`</p>`)
		}
		if t.Series.more {
			m.raw(`<p class="small">`).text(r.t(txtTrendMore)).raw(`</p>`)
		}
		for _, unit := range unitsOf(t.Series.points) {
			r.charts(m, t.Name, unit, t.Series.points)
		}
		r.trendTable(m, t.Name, t.Series.points)
	}
	m.raw(`</section>`)
}

// unitsOf returns the units in the order that they come: values of different units are
// never drawn together.
func unitsOf(points []protocol.Point) (units []string) {
next:
	for i := range points {
		for _, u := range units {
			if u == points[i].Quantity.Unit {
				continue next
			}
		}
		units = append(units, points[i].Quantity.Unit)
	}
	return units
}

// trendTable is every value in words, the newest first, with the way to its document.
func (r *renderer) trendTable(m *markup, name string, points []protocol.Point) {
	m.raw(`<div class="table-box tall" tabindex="0" role="group" aria-label="`).text(name).raw(`"><table data-test="trend-table"><thead><tr>`)
	for _, label := range [...]string{"time", "result", "referenceInterval"} {
		m.raw(`<th scope="col">`).text(r.label(label)).raw(`</th>`)
	}
	m.raw(`<th scope="col">`).text(r.t(txtReaderTitle)).raw(`</th></tr></thead><tbody>`)
	for i := len(points) - 1; i >= 0; i-- {
		p := &points[i]
		m.raw(`<tr><th scope="row"><time>`)
		if p.Time.IsZero() {
			m.text(r.t(txtUndated))
		}
		m.text(moment(p.Time)).raw(`</time></th><td>`)
		r.value(m, &p.Quantity, false, false)
		if _, _, _, ok := placeOf(p); !ok {
			m.raw(` <span class="small">`).text(r.t(txtTrendNotDrawn)).raw(`</span>`)
		}
		if p.Quantity.Flag != "" {
			m.raw(` `)
			r.flagged(m, p.Quantity.Flag)
		}
		r.reckoned(m, &p.Quantity, p.Quantity.Flag)
		m.raw(`</td><td>`)
		r.interval(m, &p.Quantity, false, false)
		m.raw(`</td><td>`)
		if p.Document == r.s.Reader.Key {
			m.text(r.t(txtTrendHere))
		} else {
			m.raw(`<button type="button" class="small-button" data-act="read" data-test="trend-read" data-value="`).text(keyText(p.Document)).raw(`">`)
			m.text(r.t(txtTrendRead)).raw(`<span class="unseen"> `).text(moment(p.Time)).raw(`</span></button>`)
		}
		m.raw(`</td></tr>`)
	}
	m.raw(`</tbody></table></div>`)
}
