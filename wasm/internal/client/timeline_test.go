package client

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tvilling/protocol"
)

func minuteAt(t testing.TB, at string) int64 {
	t.Helper()
	return spanOf(parsed(protocol.ParseCivil(at))).From
}

func TestSpanOf(t *testing.T) {
	day := func(y, m, d int) int64 { return dayNumber(y, m, d) * minutesOfDay }
	for _, c := range []struct {
		given string
		want  Span
	}{
		{"2024", Span{day(2024, 1, 1), day(2025, 1, 1)}},
		{"202402", Span{day(2024, 2, 1), day(2024, 3, 1)}},
		{"202312", Span{day(2023, 12, 1), day(2024, 1, 1)}},
		{"20240229", Span{day(2024, 2, 29), day(2024, 3, 1)}},
		{"2024022913", Span{day(2024, 2, 29) + 780, day(2024, 2, 29) + 840}},
		{"20240229130559", Span{day(2024, 2, 29) + 785, day(2024, 2, 29) + 786}},
		{"18990802", Span{day(1899, 8, 2), day(1899, 8, 3)}},
	} {
		if got := spanOf(parsed(protocol.ParseCivil(c.given))); got != c.want {
			t.Errorf("%s: %v, want %v", c.given, got, c.want)
		}
	}
	if spanOf(0) != (Span{}) {
		t.Error("no time has a span")
	}
	if got := civilDay(minuteAt(t, "19620304")).String(); got != "1962-03-04" {
		t.Errorf("the day is %s", got)
	}
	if civilDay(dayNumber(10_000, 1, 1)*minutesOfDay) != 0 {
		t.Error("a day after the last one is one")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		width          int
		want           string
	}{
		{"years", "2003", "2027", 1200, "2003 2004 2005 2006 2007 2008 2009 2010 2011 2012 2013 2014 2015 2016 2017 2018 2019 2020 2021 2022 2023 2024 2025 2026 2027"},
		{"every fifth year", "1990", "2027", 400, "1990 1995 2000 2005 2010 2015 2020 2025"},
		{"quarters", "2023", "2024", 400, "*2023 apr juli okt *2024 apr juli okt"},
		{"months", "202311", "202403", 400, "nov dec *2024 feb mars"},
		{"weeks, from a Monday", "20240226", "20240317", 200, "26 feb 4 mars 11 mars"},
		{"days over a leap day", "20240227", "20240301", 300, "27 feb 28 feb 29 feb 1 mars"},
		{"hours", "20240301", "20240301", 400, "*1 mars 03:00 06:00 09:00 12:00 15:00 18:00 21:00"},
	} {
		w := Span{minuteAt(t, c.from), spanOf(parsed(protocol.ParseCivil(c.to))).To}
		var got []string
		for _, tick := range ticks(w, c.width, protocol.Swedish) {
			if tick.major {
				tick.label = "*" + tick.label
			}
			got = append(got, tick.label)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if ticks(Span{5, 5}, 100, protocol.Swedish) != nil || ticks(Span{0, 100}, 0, protocol.Swedish) != nil {
		t.Error("nothing has ticks")
	}
}

// Ticks lie in their window in order, and their labels have room.
func TestTicksHaveRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Int64Range(-1_000_000_000, 1_000_000_000).Draw(t, "from")
		w := Span{from, from + rapid.Int64Range(minWindow, 4_000_000_000).Draw(t, "length")}
		width := rapid.IntRange(100, 3_000).Draw(t, "width")
		all := ticks(w, width, protocol.English)
		if len(all) > width/30+2 {
			t.Fatalf("%d ticks in %d pixels", len(all), width)
		}
		for i, tick := range all {
			if tick.at < w.From || tick.at >= w.To || i > 0 && tick.at <= all[i-1].at || tick.label == "" {
				t.Fatalf("tick %d of %v: %+v", i, w, tick)
			}
		}
	})
}

// aTime draws a time of any exactness.
func aTime(t *rapid.T, name string) protocol.Civil {
	digits := "19980315142233"
	digits = string(pad(nil, rapid.IntRange(1950, 2030).Draw(t, name+" year"), 4)) +
		string(pad(nil, rapid.IntRange(1, 12).Draw(t, name+" month"), 2)) + string(pad(nil, rapid.IntRange(1, 28).Draw(t, name+" day"), 2)) + digits[8:]
	return parsed(protocol.ParseCivil(digits[:rapid.SampledFrom([]int{4, 6, 8, 10, 12, 14}).Draw(t, name+" digits")]))
}

func someDocuments(t *rapid.T) []protocol.Item {
	var items []protocol.Item
	for i := range rapid.IntRange(1, 200).Draw(t, "documents") {
		h := protocol.Header{
			Contract:     rapid.SampledFrom(protocol.Contracts()).Draw(t, "type"),
			CareProvider: parsed(protocol.ParseCareProviderID("SE2321000016-1" + string(rune('A'+rapid.IntRange(0, 20).Draw(t, "provider"))))),
		}
		if rapid.IntRange(0, 9).Draw(t, "dated") > 0 {
			h.Time = aTime(t, "time")
		}
		if rapid.Bool().Draw(t, "period") && h.Time != 0 {
			h.TimeEnd = max(h.Time, aTime(t, "end"))
		}
		items = append(items, protocol.Item{Key: protocol.DocumentKey{14: byte(i >> 8), 15: byte(i)}, Rev: 1, Header: h})
	}
	return items
}

// shown is a state that shows documents.
func shown(items []protocol.Item) *State {
	s := New()
	s.Clock.Wall = 1_800_000_000_000
	s.View = View{Shown: true, Store: newStore(), Contracts: protocol.Contracts()}
	for _, item := range items {
		s.View.Store.put(item)
	}
	return &s
}

// Every dated document is in exactly one lane, every one in the window in exactly one
// mark, and no mark is of anything else.
func TestMarksAreTheDocuments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := someDocuments(t)
		s := shown(items)
		s.Timeline.Lanes = Lanes(rapid.IntRange(0, 1).Draw(t, "lanes"))
		s.Timeline.Width = rapid.IntRange(40, 2_000).Draw(t, "width")
		p := s.points()
		from := rapid.Int64Range(p.extent.From-100_000, p.extent.To).Draw(t, "from")
		s.Timeline.Window = p.within(Span{from, from + rapid.Int64Range(1, 40_000_000).Draw(t, "length")})
		chart := s.plot()
		want, undated, dated := 0, 0, 0
		for _, item := range items {
			at := spanOf(item.Header.Time).From
			switch {
			case item.Header.Time == 0:
				undated++
			case at >= chart.window.From && at < chart.window.To:
				want++
			}
		}
		marks := 0
		for i := range chart.lanes {
			dated += chart.lanes[i].n
			last := -cellWidth
			for _, c := range chart.lanes[i].cells {
				marks += c.n
				if c.n < 1 || c.x < -cellWidth || c.x > chart.width || c.x < last || c.n == 1 && c.first != c.last {
					t.Fatalf("%+v after %d", c, last)
				}
				last = c.x + c.w
			}
			for _, c := range chart.lanes[i].cover {
				if c.x < 0 || c.w < 1 || c.x+c.w > chart.width {
					t.Fatalf("a period at %+v of %d", c, chart.width)
				}
			}
		}
		if marks != want || chart.inside != want || p.undated != undated || dated != len(items)-undated || len(chart.lanes) > maxLanes {
			t.Fatalf("%d in marks, %d inside, want %d; %d undated, want %d; %d in %d lanes", marks, chart.inside, want, p.undated, undated, dated, len(chart.lanes))
		}
	})
}

// However one zooms and pulls, the window stays about the documents and keeps a length
// that can be read.
func TestTheWindowStaysAboutTheDocuments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := play{t: nil, s: *shown(someDocuments(t)), now: Clock{1, 1_800_000_000_000}}
		p.s.Timeline.Width = rapid.IntRange(40, 2_000).Draw(t, "width")
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			m := machine{s: p.s}
			switch x := rapid.IntRange(0, 2_000).Draw(t, "x"); rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				m.charted(Charted{What: "wheel", X: x, Y: rapid.IntRange(-9_000, 9_000).Draw(t, "turn")})
			case 1:
				m.charted(Charted{What: "slide", Y: rapid.IntRange(-9_000, 9_000).Draw(t, "pixels")})
			case 2:
				m.charted(Charted{What: "key", Key: rapid.SampledFrom([]string{"ArrowLeft", "ArrowRight", "Home", "End", "+", "-", "=", "0"}).Draw(t, "key")})
			case 3:
				m.charted(Charted{What: "down", X: x})
				m.charted(Charted{What: "move", X: rapid.IntRange(-500, 2_500).Draw(t, "to")})
				m.charted(Charted{What: "up", X: m.s.Timeline.Drag.X, Y: -1})
			case 4:
				m.charted(Charted{What: "down", X: x, Y: 5})
				m.charted(Charted{What: "up", X: x, Y: 5})
			}
			p.s = m.s
			points := p.s.points()
			w, all := p.s.window(points), points.everything()
			margin := w.length()/4 + 1
			if w.length() < minWindow || w.length() > all.length() || w.From < all.From-margin || w.To > all.To+margin {
				t.Fatalf("the window is %v of %v", w, all)
			}
		}
	})
}

func TestZoomKeepsWhatIsPointedAt(t *testing.T) {
	w := Span{0, 100_000}
	for _, by := range []float64{0.1, 0.5, 0.9, 1.5, 3} {
		z := zoomed(w, 25_000, by)
		at := float64(25_000-z.From) / float64(z.length())
		if at < 0.249 || at > 0.251 {
			t.Errorf("zoomed by %v it stands at %v", by, at)
		}
	}
}

// chartOf shows the test's documents with a chart of 1000 pixels.
func chartOf(t *testing.T) *play {
	p := toOverview(t)
	p.do(Charted{What: "size", X: 1000, Y: 1280})
	return p
}

// center is where a lane's mark stands.
func center(p *play, lane, mark int) (x, y int) {
	chart := p.s.plot()
	c := chart.lanes[lane].cells[mark]
	return c.x + c.w/2, lane*chart.laneHeight() + chart.laneHeight()/2
}

func TestAMarkOpensItsDocument(t *testing.T) {
	p := chartOf(t)
	chart := p.s.plot()
	if len(chart.lanes) != 3 || chart.lanes[1].contract != protocol.Diagnosis {
		t.Fatalf("%d lanes", len(chart.lanes))
	}
	x, y := center(p, 2, 0)
	p.do(Charted{What: "move", X: x + 3, Y: y})
	if got := regionOf(Render(&p.s), "readout"); !strings.Contains(got, "<b>2023-01-01</b>, d4") {
		t.Errorf("the pointer reads %q", got)
	}
	p.do(Charted{What: "down", X: x + 3, Y: y})
	p.do(Charted{What: "up", X: x + 4, Y: y})
	if !p.s.Reader.Open || p.s.Reader.Key != (protocol.DocumentKey{15: 4}) {
		t.Fatalf("open: %v %v", p.s.Reader.Open, p.s.Reader.Key)
	}
	p.do(Charted{What: "leave"})
	if got := regionOf(Render(&p.s), "readout"); strings.Contains(got, "d4") {
		t.Errorf("the pointer has left, and reads %q", got)
	}
}

func TestManyInOneMarkAreLookedAtCloser(t *testing.T) {
	p := chartOf(t)
	p.do(Charted{What: "size", X: 300, Y: 1280})
	chart := p.s.plot()
	lane, hit := chart.hit(center(p, 1, 0))
	if lane.contract != protocol.Diagnosis || hit.n != 2 {
		t.Fatalf("%+v", hit)
	}
	x, y := center(p, 1, 0)
	click := func() {
		p.do(Charted{What: "down", X: x, Y: y})
		p.do(Charted{What: "up", X: x, Y: y})
	}
	click()
	near := p.s.plot()
	if got := near.lanes[1].cells; len(got) != 2 || near.window.length() >= chart.window.length() {
		t.Fatalf("%d marks in %v", len(got), near.window)
	}
	p.act(ActAllTime, "")
	if p.s.Timeline.Window != (Span{}) {
		t.Error("not everything is seen again")
	}
}

// Several on one day are not parted by looking closer: the list is about that day.
func TestManyOnOneDayAreListed(t *testing.T) {
	p := toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	p.snapshot(1, 100, []protocol.Item{doc(1, protocol.Diagnosis, "20240101"), doc(2, protocol.Diagnosis, "202401011200"), doc(3, protocol.Diagnosis, "20200101")})
	p.do(Charted{What: "size", X: 1000, Y: 1280})
	x, y := center(p, 0, 1)
	p.do(Charted{What: "down", X: x, Y: y})
	p.do(Charted{What: "up", X: x, Y: y})
	if p.s.List.Documents != 2 || p.s.List.Query.From.String() != "2024-01-01" || p.s.List.Query.To != p.s.List.Query.From {
		t.Fatalf("%d documents, from %s to %s", p.s.List.Documents, p.s.List.Query.From, p.s.List.Query.To)
	}
	if html := regionOf(Render(&p.s), "chart"); !strings.Contains(html, "t-chosen") {
		t.Error("the span is not drawn")
	}
	p.act(ActAllTime, "")
	if p.s.List.Documents != 3 || strings.Contains(regionOf(Render(&p.s), "strip-acts"), `data-test="all-time"`) {
		t.Error("not everything is listed again")
	}
}

func TestASpanIsMarkedOnTheAxis(t *testing.T) {
	p := chartOf(t)
	chart := p.s.plot()
	y := chart.lanesHeight() + 3
	from, to := chart.x(minuteAt(t, "20240110")), chart.x(minuteAt(t, "20240215"))
	p.do(Charted{What: "down", X: to, Y: y})
	p.do(Charted{What: "move", X: from, Y: y})
	if html := regionOf(Render(&p.s), "readout"); !strings.Contains(html, "2024-0") || p.s.List.Query.narrows() {
		t.Errorf("while it is marked it reads %q", html)
	}
	p.do(Charted{What: "up", X: from, Y: y})
	if got := p.titles(); got != "d3 " {
		t.Errorf("the list is %q", got)
	}
	p.act(ActUnfilter, "time")
	p.do(Charted{What: "down", Key: "Shift", X: from, Y: 2})
	p.do(Charted{What: "move", X: to, Y: 2})
	p.do(Charted{What: "up", X: to, Y: 2})
	if got := p.titles(); got != "d3 " {
		t.Errorf("marked among the lanes, the list is %q", got)
	}
	p.act(ActUnfilter, "time")
	x := chart.x(minuteAt(t, "20230601"))
	p.do(Charted{What: "down", X: x, Y: y})
	p.do(Charted{What: "up", X: x, Y: y})
	if q := p.s.List.Query; q.From == 0 || within(parsed(protocol.ParseCivil("20230601")), q.From, q.To) == false {
		t.Errorf("a stretch of the axis lists %s to %s", q.From, q.To)
	}
}

func TestTheChartByKeys(t *testing.T) {
	p := chartOf(t)
	key := func(k string) { p.do(Charted{What: "key", Key: k}) }
	all := p.s.plot().window
	key("+")
	key("=")
	w := p.s.Timeline.Window
	if w.length() >= all.length()/2 || p.s.Said.Status == "" {
		t.Fatalf("zoomed to %v of %v, said %q", w, all, p.s.Said.Status)
	}
	key("ArrowLeft")
	if now := p.s.Timeline.Window; now.From >= w.From || now.length() != w.length() {
		t.Errorf("pulled to %v from %v", now, w)
	}
	key("Home")
	if p.s.Timeline.Window.From != all.From {
		t.Errorf("the beginning is %v of %v", p.s.Timeline.Window, all)
	}
	key("Enter")
	if q := p.s.List.Query; q.From == 0 || q.To == 0 {
		t.Error("the list is not about what is seen")
	}
	key("End")
	if p.s.Timeline.Window.To != all.To {
		t.Errorf("the end is %v of %v", p.s.Timeline.Window, all)
	}
	key("-")
	key("-")
	key("0")
	if p.s.Timeline.Window != (Span{}) {
		t.Error("not everything is seen")
	}
	key("Enter")
	if p.s.List.Query.narrows() {
		t.Error("everything is seen, and not everything listed")
	}
	p.do(Charted{What: "tab", Key: "ArrowLeft"})
	if p.s.Timeline.Tab != TabQuestions {
		t.Errorf("tab %d", p.s.Timeline.Tab)
	}
	p.do(Charted{What: "tab", Key: "Home"})
	p.do(Charted{What: "tab", Key: "ArrowRight"})
	if p.s.Timeline.Tab != TabCalendar {
		t.Errorf("tab %d", p.s.Timeline.Tab)
	}
}

// What is taken away is on the chart no longer, and no earlier chart is kept.
// The next patient's strip is as the first one's was; what the view is measured to stays.
func TestTheStripBeginsAnewWithThePatient(t *testing.T) {
	p := toOverview(t)
	p.do(Charted{What: "size", X: 900, Y: 700})
	strip := func() string {
		page := Render(&p.s)
		return regionOf(page, "strip-tabs") + regionOf(page, "strip-acts") + regionOf(page, "strip-body")
	}
	first := strip()
	for name, change := range map[string][]Act{
		"tab":    {{ActTab, "2"}},
		"folded": {{ActFold, ""}},
		"lanes":  {{ActLanes, "1"}},
		"zoomed": {{ActZoomIn, ""}},
		"month":  {{ActTab, "1"}, {ActMonth, "24290"}, {ActTab, "0"}},
	} {
		for _, act := range change {
			p.do(act)
		}
		p.act(ActLeave, "")
		p.act(ActLeaveConfirm, "")
		if got, want := p.s.Timeline, (Timeline{Width: 900, Room: 700}); got != want {
			t.Errorf("%s: the next patient's strip is %+v", name, got)
		}
		p.act(ActPatient, testPatient.Reveal())
		p.get(1, protocol.Opened{Request: sentLast[protocol.Open](p).Request, Basis: protocol.BasisConsent})
		p.act(ActCheckAll, "")
		p.act(ActShow, "")
		p.snapshot(1, 100, testDocs())
		p.phase(PhaseOverview)
		if got := strip(); got != first {
			t.Errorf("%s: it is drawn as %s", name, got)
		}
	}
	p.act(ActAsTable, "")
	p.act(ActLeave, "")
	p.act(ActLeaveConfirm, "")
	if !p.s.Timeline.Table {
		t.Error("who reads a table has to ask for it again")
	}
}

func TestWhatIsGoneIsNotDrawn(t *testing.T) {
	p := chartOf(t)
	if got := len(p.s.plot().lanes); got != 3 {
		t.Fatalf("%d lanes", got)
	}
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Index: 100, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{{15: 4}}})
	if got := p.s.plot(); len(got.lanes) != 2 || got.inside != 3 || strings.Contains(whole(Render(&p.s)), "d4") {
		t.Errorf("%d lanes, %d documents", len(got.lanes), got.inside)
	}
	p.get(1, protocol.Revoke{Generation: 2, Next: 3, Fault: protocol.FaultAccessChanged})
	if got := p.s.plot(); got.inside != 0 || p.s.Timeline.Window != (Span{}) {
		t.Errorf("%d documents", got.inside)
	}
}

func TestLanesAreOrdered(t *testing.T) {
	provider := func(c byte) protocol.CareProviderID {
		return parsed(protocol.ParseCareProviderID("SE2321000016-1" + string(c)))
	}
	var items []protocol.Item
	n := byte(0)
	for i := range byte(14) {
		for range 20 - i {
			n++
			item := doc(n, protocol.Diagnosis, "20240101")
			item.Header.CareProvider = provider('A' + i)
			items = append(items, item)
		}
	}
	s := shown(items)
	s.Timeline.Lanes = LanesProvider
	lanes := s.plot().lanes
	if len(lanes) != maxLanes || lanes[0].provider != provider('A') || lanes[0].n != 20 || !lanes[maxLanes-1].rest || lanes[maxLanes-1].n != 9+8+7 {
		t.Errorf("%d lanes, the last has %d", len(lanes), lanes[len(lanes)-1].n)
	}
}

func TestTheChartAsATable(t *testing.T) {
	p := chartOf(t)
	p.act(ActAsTable, "")
	html := regionOf(Render(&p.s), "strip-content")
	for _, want := range []string{`<th scope="row">2024</th><td>1</td><td>2</td><td>0</td><td><b>3</b></td>`, `<th scope="row">2023</th><td>0</td><td>0</td><td>1</td><td><b>1</b></td>`} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is not in %s", want, html)
		}
	}
	if diff := cmp.Diff([]string{"2024", "2023"}, rowHeads(html)); diff != "" {
		t.Error(diff)
	}
}

func rowHeads(html string) (heads []string) {
	for _, part := range strings.Split(html, `<th scope="row">`)[1:] {
		heads = append(heads, part[:strings.IndexByte(part, '<')])
	}
	return heads
}

func TestTheStripFoldsWhereThereIsLittleRoom(t *testing.T) {
	p := toOverview(t)
	if p.s.Timeline.folded() {
		t.Error("folded before it is measured")
	}
	p.do(Charted{What: "size", Y: 320})
	if !p.s.Timeline.folded() {
		t.Error("not folded")
	}
	p.act(ActFold, "")
	if p.s.Timeline.folded() {
		t.Error("the user's choice does not hold")
	}
	p.act(ActFold, "")
	p.act(ActTab, "1")
	if p.s.Timeline.folded() {
		t.Error("a tab that is chosen is not shown")
	}
	p.act(ActTab, "9")
	p.act(ActTab, "-1")
	if p.s.Timeline.Tab != TabCalendar {
		t.Error("a tab that is none was chosen")
	}
}

// thousandsOf are documents of many types over twenty years.
func thousandsOf(n int) []protocol.Item {
	items := make([]protocol.Item, n)
	for i := range items {
		y, m, d := date(dayNumber(2004, 1, 1) + int64(i*8_000/n))
		digits := string(pad(pad(pad(nil, y, 4), m, 2), d, 2))
		item := doc(byte(i), protocol.Contracts()[i%12], digits)
		item.Key = protocol.DocumentKey{13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}
		item.Header.CareProvider = parsed(protocol.ParseCareProviderID("SE2321000016-1" + string(rune('A'+i%20))))
		if i%5 == 0 {
			item.Header.TimeEnd = parsed(protocol.ParseCivil("20261231"))
		}
		items[i] = item
	}
	return items
}

func BenchmarkChart(b *testing.B) {
	s := shown(thousandsOf(10_000))
	s.Timeline.Width = 1000
	r := renderer{s: s, lang: s.Lang}
	b.Run("after a change", func(b *testing.B) {
		for b.Loop() {
			s.View.Store.drawn = drawn{}
			r.chart(s.plot())
		}
	})
	b.Run("pulled", func(b *testing.B) {
		all := s.points().everything()
		for i := 0; b.Loop(); i++ {
			s.Timeline.Window = Span{all.From + int64(i%1000), all.To - 1000 + int64(i%1000)}
			r.chart(s.plot())
		}
	})
	b.Run("as it was", func(b *testing.B) {
		for b.Loop() {
			r.chart(s.plot())
		}
	})
}
