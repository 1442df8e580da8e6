package client

import (
	"tvilling/protocol"
)

// Timeline is the part of the overview that is drawn by time. It is drawn from what
// the list may show and from nothing else: neither a mark, a lane nor an end of the
// axis can come from a document that is not in the view.
type Timeline struct {
	Tab    Tab
	Lanes  Lanes
	Fold   Fold
	Table  bool // the same as a table
	Window Span // what is seen; zero: everything
	Width  int  // pixels of the chart; 0: not measured
	Room   int  // pixels: the strip's width, or the height that is left beside the bars if that is less
	Drag   Drag
	Month  int   // of the calendar, months from year 0; 0: the newest document's
	Day    int64 // that the keyboard is at in the calendar, days from 1970; 0: none
}

// Tab is what stands in the strip above the list.
type Tab uint8

// The tabs.
const (
	TabTimeline Tab = iota
	TabCalendar
	TabSources
	TabQuestions
)

// Lanes is what has a lane of its own.
type Lanes uint8

// The lanes.
const (
	LanesType Lanes = iota
	LanesProvider
)

// Fold says whether the strip is folded away. FoldNone: where there is little room.
type Fold uint8

// The folds.
const (
	FoldNone Fold = iota
	FoldOpen
	FoldAway
)

// Drag is where the pointer is on the chart, and what it pulls.
type Drag struct {
	Over, Down bool
	Brush      bool // marks a span; else it pulls the chart
	Moved      bool
	From, X, Y int // pixels; From where it went down
}

// Span is a stretch of time in minutes from 1970, in Swedish time, To not included.
type Span struct{ From, To int64 }

func (s Span) length() int64 { return s.To - s.From }

const (
	minutesOfDay = 1440
	minWindow    = 6 * 60 // minutes: nobody needs to look closer
	maxLanes     = 12     // more care providers share the last lane
	cellWidth    = 28     // pixels within which documents become one mark
	defaultWidth = 800
	maxWidth     = 4096
	axisHeight   = 22
	dragSlack    = 4 // pixels that a click may move
	littleRoom   = 480
)

// folded reports whether the strip is folded away.
func (t *Timeline) folded() bool {
	return t.Fold == FoldAway || t.Fold == FoldNone && t.Room > 0 && t.Room < littleRoom
}

func (t *Timeline) width() int {
	if t.Width <= 0 {
		return defaultWidth
	}
	return min(t.Width, maxWidth)
}

// spanOf is the stretch of time that a time may mean, as exact as it was given. A year
// alone is the whole year. Zero for no time.
func spanOf(c protocol.Civil) Span {
	if c <= 0 {
		return Span{}
	}
	given, n := c%10, int64(c)/10
	hour, minute := n/10_000%100, n/100%100
	n /= 1_000_000
	y, mo, d := int(n/10_000), int(n/100%100), int(n%100)
	switch {
	case given <= 2:
		return Span{dayNumber(y, 1, 1) * minutesOfDay, dayNumber(y+1, 1, 1) * minutesOfDay}
	case given == 3:
		from := dayNumber(y, mo, 1)
		return Span{from * minutesOfDay, (from + int64(daysIn(y, mo))) * minutesOfDay}
	case given == 4:
		from := dayNumber(y, mo, d) * minutesOfDay
		return Span{from, from + minutesOfDay}
	}
	from := dayNumber(y, mo, d)*minutesOfDay + hour*60 + minute
	if given == 5 {
		return Span{from, from + 60}
	}
	return Span{from, from + 1}
}

// civilDay is the day on which a minute lies, as a time.
func civilDay(minute int64) protocol.Civil {
	y, m, d := date(floorDiv(minute, minutesOfDay))
	if y < 1 || y > 9999 {
		return 0
	}
	return protocol.Civil((int64(y)*10_000+int64(m)*100+int64(d))*10_000_000 + 4)
}

func daysIn(y, m int) int {
	next := dayNumber(y+(m/12), m%12+1, 1)
	return int(next - dayNumber(y, m, 1))
}

// point is a document on the chart. A document without a time is none.
type point struct {
	key  protocol.DocumentKey
	at   Span  // what its time may mean
	end  int64 // of its period; 0: none
	lane int32
}

// points are the documents that pass a query, whatever time they are from.
type points struct {
	key     pointsKey
	all     []point
	lanes   []laneOf
	place   []int32 // of lanes, by the order in which they were found
	undated int
	extent  Span // of everything in the view, and today
}

type pointsKey struct {
	revision uint64
	query    Query
	lang     protocol.Language
	lanes    Lanes
	day      int64 // today
}

// laneOf is what a lane holds. Rest: every care provider without a lane.
type laneOf struct {
	contract protocol.Contract
	provider protocol.CareProviderID
	rest     bool
	n        int // documents that pass the query
	all      int
}

// points gathers what the chart and the calendar are drawn from. It is kept with the
// documents, and goes with them.
func (s *State) points() *points {
	v := s.View.Store
	if v == nil {
		return new(points)
	}
	q := s.List.Query
	q.From, q.To, q.Group = 0, 0, GroupTime
	key := pointsKey{v.sight.revision, q, s.Lang, s.Timeline.Lanes, s.todayNumber()}
	if p := s.drawn().points; p != nil {
		if s.List.Menu { // a menu made of them is not torn out of the hand for what has come
			key.revision = p.key.revision
		}
		if p.key == key {
			return p
		}
		key.revision = v.sight.revision
	}
	p := &points{key: key, extent: s.census().extent}
	// Today is seen: how long ago the latest document was is part of the picture.
	if p.extent == (Span{}) {
		p.extent = Span{key.day * minutesOfDay, key.day * minutesOfDay}
	}
	p.extent.To = max(p.extent.To, (key.day+1)*minutesOfDay)
	lane := p.assign(v, key.lanes)
	p.order(s, key.lanes)
	p.all = make([]point, 0, v.len())
	v.each(q, func(at protocol.DocumentKey, item *protocol.Item) {
		h := &item.Header
		if h.Time == 0 {
			p.undated++
			return
		}
		to := p.place[lane(h)]
		p.lanes[to].n++
		p.all = append(p.all, point{at, spanOf(h.Time), spanOf(h.TimeEnd).To, to})
	})
	s.drawn().points = p
	return p
}

// assign gives everything in the view its lane, whatever the query is: lanes stand still
// while one types. It returns where to find a document's.
func (p *points) assign(v *Store, by Lanes) func(*protocol.Header) int32 {
	byProvider := map[protocol.CareProviderID]int32{}
	var byType [256]int32
	lane := func(h *protocol.Header) int32 {
		if by == LanesProvider {
			return byProvider[h.CareProvider] - 1
		}
		return byType[h.Contract] - 1
	}
	v.each(Query{}, func(_ protocol.DocumentKey, item *protocol.Item) {
		h := &item.Header
		if h.Time == 0 {
			return
		}
		if lane(h) < 0 { // numbered from one while they are found
			p.lanes = append(p.lanes, laneOf{contract: h.Contract, provider: h.CareProvider})
			byType[h.Contract], byProvider[h.CareProvider] = int32(len(p.lanes)), int32(len(p.lanes))
		}
		p.lanes[lane(h)].all++
	})
	return lane
}

// order puts the lanes in their order: types in the registry's, care providers with
// the most documents first, and those for which there is no room together last.
func (p *points) order(s *State, by Lanes) {
	place := make([]int32, len(p.lanes))
	for i := range place {
		place[i] = int32(i)
	}
	before := func(a, b *laneOf) bool {
		switch {
		case by == LanesType:
			return a.contract < b.contract
		case a.all != b.all:
			return a.all > b.all
		default:
			return collate(s.providerName(a.provider), s.providerName(b.provider)) < 0
		}
	}
	for i := range place {
		for j := i; j > 0 && before(&p.lanes[place[j]], &p.lanes[place[j-1]]); j-- {
			place[j], place[j-1] = place[j-1], place[j]
		}
	}
	to, lanes := make([]int32, len(place)), make([]laneOf, 0, len(place))
	for i, was := range place {
		if i >= maxLanes && len(place) > maxLanes {
			last := &lanes[maxLanes-1]
			last.rest = true
			last.all += p.lanes[was].all
			to[was] = maxLanes - 1
			continue
		}
		to[was] = int32(len(lanes))
		lanes = append(lanes, p.lanes[was])
	}
	p.lanes, p.place = lanes, to
}

// everything is the window that shows everything, with a little air.
func (p *points) everything() Span {
	air := max(p.extent.length()/50, minutesOfDay)
	return Span{p.extent.From - air, p.extent.To + 2*air} // a mark is drawn from where it begins
}

// within keeps a window inside everything, but for a margin, and no narrower than makes
// sense. One that shows everything is zero: it grows with what comes.
func (p *points) within(w Span) Span {
	all := p.everything()
	length := max(w.length(), minWindow)
	if length >= all.length() {
		return Span{}
	}
	from := w.From - (length-w.length())/2
	margin := length / 4
	from = max(min(from, all.To+margin-length), all.From-margin)
	return Span{from, from + length}
}

// window is what is seen now.
func (s *State) window(p *points) Span {
	w := s.Timeline.Window
	if w == (Span{}) {
		return p.everything()
	}
	return w
}

// todayNumber is the day in Sweden, in days from 1970.
func (s *State) todayNumber() int64 {
	at := civilOf(protocol.Instant(s.Clock.Wall))
	return dayNumber(number(at[:4]), number(at[5:7]), number(at[8:10]))
}
