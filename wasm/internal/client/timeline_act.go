package client

import "strconv"

// actTimeline takes what is done in the strip of timeline, calendar and sources.
func (m *machine) actTimeline(a Act) {
	t := &m.s.Timeline
	switch a.Name {
	case ActTab:
		if n := number(a.Value); n >= 0 && n <= int(TabQuestions) {
			t.Tab, t.Fold, t.Drag = Tab(n), FoldOpen, Drag{}
		}
	case ActFold:
		if t.folded() {
			t.Fold = FoldOpen
		} else {
			t.Fold = FoldAway
		}
	case ActLanes:
		if n := number(a.Value); n >= 0 && n <= int(LanesProvider) {
			t.Lanes = Lanes(n)
		}
	case ActAsTable:
		t.Table = !t.Table
	case ActEarlier, ActLater, ActZoomIn, ActZoomOut, ActListWindow:
		m.moveChart(a.Name)
	case ActAllTime:
		t.Window = Span{}
		if q := m.s.List.Query; q.From != 0 || q.To != 0 {
			m.pickDays(0, 0)
		} else {
			m.sayWindow()
		}
		m.do(FocusOn{"tab-" + strconv.Itoa(int(t.Tab))}) // the button is gone
	case ActMonth:
		m.turnTo(number(a.Value))
	case ActDay:
		m.pickDay(a.Value)
	}
}

// forgetStrip leaves nothing of where one was in a patient's time: the next patient's
// strip begins as it first was. Who reads a table in place of the drawing goes on doing so.
func (m *machine) forgetStrip() {
	m.s.Timeline = Timeline{Table: m.s.Timeline.Table, Width: m.s.Timeline.Width, Room: m.s.Timeline.Room}
	m.s.Tools = Tools{Filters: m.s.Tools.Filters, Drawn: m.s.Tools.Drawn + 1}
}

// moveChart pulls and zooms the chart by steps.
func (m *machine) moveChart(name Action) {
	p := m.s.points()
	w := m.s.window(p)
	middle := w.From + w.length()/2
	switch name {
	case ActEarlier:
		m.look(p, Span{w.From - w.length()/4, w.To - w.length()/4})
	case ActLater:
		m.look(p, Span{w.From + w.length()/4, w.To + w.length()/4})
	case ActZoomIn:
		m.look(p, zoomed(w, middle, 0.5))
	case ActZoomOut:
		m.look(p, zoomed(w, middle, 2))
	case ActListWindow:
		if m.s.Timeline.Window == (Span{}) {
			m.pickDays(0, 0) // everything is seen, undated documents too
			return
		}
		m.pickDays(civilDay(w.From), civilDay(w.To-1))
		return
	}
	m.sayWindow()
}

// look moves the chart's window.
func (m *machine) look(p *points, w Span) { m.s.Timeline.Window = p.within(w) }

// zoomed is a window made wider or narrower about a minute, which stays where it is.
func zoomed(w Span, about int64, by float64) Span {
	length := max(int64(float64(w.length())*by), minWindow)
	before := int64(float64(about-w.From) / float64(w.length()) * float64(length))
	return Span{about - before, about - before + length}
}

// sayWindow tells which time the chart shows now, and how much there is in it.
func (m *machine) sayWindow() {
	p := m.s.plot()
	m.status(spanText(m.s.Lang, p.window) + ", " + countText(m.s.Lang, p.inside))
}

// charted takes what the pointer and the keys do at the chart and the calendar.
func (m *machine) charted(c Charted) {
	t := &m.s.Timeline
	if c.What == "size" {
		t.Width, t.Room = max(0, c.X), max(0, c.Y)
		return
	}
	if !m.s.View.Shown || m.s.Phase() != PhaseOverview {
		return
	}
	d := &t.Drag
	switch c.What {
	case "key":
		m.pressChart(c.Key)
	case "day":
		m.pressDay(c.Key)
	case "tab":
		m.pressTab(c.Key)
	case "wheel":
		p := m.s.plot()
		by := float64(max(-300, min(c.Y, 300)))
		m.look(p.from, zoomed(p.window, p.at(c.X), 1+by/600))
	case "slide":
		m.pull(max(-2000, min(c.Y, 2000)))
	case "down":
		*d = Drag{Over: true, Down: true, From: c.X, X: c.X, Y: c.Y, Brush: c.Key == "Shift" || c.Y >= m.s.plot().lanesHeight()}
	case "move":
		m.dragged(c)
	case "up":
		m.released(c)
	case "leave":
		*d = Drag{}
	}
}

// pull moves the chart by pixels.
func (m *machine) pull(pixels int) {
	p := m.s.plot()
	by := p.at(pixels) - p.window.From
	m.look(p.from, Span{p.window.From + by, p.window.To + by})
}

func (m *machine) dragged(c Charted) {
	d := &m.s.Timeline.Drag
	was := d.X
	d.Over, d.X, d.Y = true, c.X, c.Y
	if !d.Down {
		return
	}
	if !d.Moved && max(c.X-d.From, d.From-c.X) < dragSlack {
		d.X = was // a hand that shakes
		return
	}
	d.Moved = true
	if !d.Brush && m.s.Timeline.Window != (Span{}) {
		m.pull(was - c.X)
	}
}

// released ends what the pointer did: a span is marked, or something is clicked.
func (m *machine) released(c Charted) {
	d := m.s.Timeline.Drag
	m.s.Timeline.Drag = Drag{Over: d.Over, X: c.X, Y: c.Y}
	if !d.Down {
		return
	}
	p := m.s.plot()
	switch {
	case d.Moved && d.Brush:
		from, to := p.at(min(d.From, c.X)), p.at(max(d.From, c.X))
		m.pickDays(civilDay(from), civilDay(to))
	case d.Moved:
	case c.Y >= p.lanesHeight():
		m.pickTick(p, p.at(c.X))
	default:
		m.clickMark(p, c)
	}
}

// pickTick makes the list be about the stretch between two ticks.
func (m *machine) pickTick(p *plot, at int64) {
	all := ticks(p.window, p.width, m.s.Lang)
	from, to := p.window.From, p.window.To
	for _, t := range all {
		if t.at <= at {
			from = t.at
		} else if t.at < to {
			to = t.at
		}
	}
	m.pickDays(civilDay(from), civilDay(max(from, to-1)))
}

// clickMark opens a document; several are looked at closer, or where that shows no
// more, the list is about their days.
func (m *machine) clickMark(p *plot, c Charted) {
	_, hit := p.hit(c.X, c.Y)
	switch {
	case hit == nil:
	case hit.n == 1:
		m.actOverview(Act{ActRead, keyText(hit.key)})
	case hit.last-hit.first < minutesOfDay:
		m.pickDays(civilDay(hit.first), civilDay(hit.last))
	default:
		air := max((hit.last-hit.first)/8, minWindow/2)
		m.look(p.from, Span{hit.first - air, hit.last + air})
	}
}

// pressTab goes from tab to tab, and shows each.
func (m *machine) pressTab(key string) {
	n := int(TabQuestions) + 1
	at := int(m.s.Timeline.Tab)
	switch key {
	case "ArrowLeft":
		at = (at + n - 1) % n
	case "ArrowRight":
		at = (at + 1) % n
	case "Home":
		at = 0
	case "End":
		at = n - 1
	}
	value := strconv.Itoa(at)
	m.actTimeline(Act{ActTab, value})
	m.do(FocusOn{"tab-" + value})
}

// pressChart takes a key at the chart.
func (m *machine) pressChart(key string) {
	p := m.s.points()
	w := m.s.window(p)
	switch key {
	case "ArrowLeft":
		m.moveChart(ActEarlier)
	case "ArrowRight":
		m.moveChart(ActLater)
	case "+", "=":
		m.moveChart(ActZoomIn)
	case "-":
		m.moveChart(ActZoomOut)
	case "Enter":
		m.moveChart(ActListWindow)
	case "Home":
		all := p.everything()
		m.look(p, Span{all.From, all.From + w.length()})
		m.sayWindow()
	case "End":
		all := p.everything()
		m.look(p, Span{all.To - w.length(), all.To})
		m.sayWindow()
	case "0":
		m.s.Timeline.Window = Span{}
		m.sayWindow()
	}
}
