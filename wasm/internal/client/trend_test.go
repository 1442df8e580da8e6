package client

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"tvilling/protocol"
)

// laboratoryBody is a report with one analysis.
func laboratoryBody() protocol.Body {
	return protocol.Body{Sections: []protocol.Section{{Label: "groupOfAnalyses", Nodes: []protocol.Node{{Kind: protocol.NodeGroup, Label: "analysis", Children: []protocol.Node{
		{Kind: protocol.NodeCode, Label: "code", Code: protocol.Code{Code: "NPU03429", System: "1.2.752.108.1", Display: "P-Natrium"}},
		{Kind: protocol.NodeGroup, Label: "result", Children: []protocol.Node{
			{Kind: protocol.NodeQuantity, Label: "value", Time: civil("20240301"), Quantity: protocol.Quantity{Value: "139.50", Unit: "mmol/L", Low: "137", High: "145"}},
		}},
	}}}}}}
}

// toTrend opens a report and asks for the trend of its analysis.
func toTrend(t *testing.T) (*play, protocol.Trend) {
	p, page := reading(t, laboratoryBody(), protocol.Header{Contract: protocol.LaboratoryOrderOutcome, Title: "P-Natrium"})
	if !strings.Contains(regionOf(page, "reader"), `id="trend-0" data-value="0|1.2.752.108.1|NPU03429|P-Natrium"`) {
		t.Fatal("no button for the trend")
	}
	p.act(ActTrend, "0|1.2.752.108.1|NPU03429|P-Natrium")
	ask := sentLast[protocol.Trend](p)
	if ask.System != "1.2.752.108.1" || ask.Code != "NPU03429" || ask.Generation != p.s.View.Generation {
		t.Fatalf("asked %+v", ask)
	}
	return p, ask
}

func valued(document byte, day, value, unit string) protocol.Point {
	return protocol.Point{Document: protocol.DocumentKey{15: document}, Time: civil(day), Quantity: protocol.Quantity{Value: value, Unit: unit, Low: "137", High: "145"}}
}

func trendOf(p *play) string {
	html := regionOf(Render(&p.s), "reader")
	if at := strings.Index(html, `data-test="trend-panel"`); at >= 0 {
		return html[at:]
	}
	return ""
}

func TestTrend(t *testing.T) {
	p, ask := toTrend(t)
	if html := trendOf(p); !strings.Contains(html, `class="fetching"`) {
		t.Error("it is not told that the trend is waited for")
	}
	points := []protocol.Point{valued(1, "20230101", "138.75", "mmol/L"), valued(2, "20230601", "146.5", "mmol/L"), valued(3, "20240101", "<0,3", "mmol/L"), valued(4, "20240201", "1.2", "g/L"), valued(7, "20240301", "139.50", "mmol/L")}
	points[1].Quantity.Flag = "H"
	p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: points, More: true})
	html := trendOf(p)
	inert(t, html)
	for want, n := range map[string]int{
		`class="chart chart-640"`: 2, `class="chart chart-300"`: 2, // a drawing for each unit, for two widths
		`class="curve"`: 2, // the one line that joins two known values of one unit, twice
		`class="limit"`: 2, `class="point out"`: 2, `<tr>`: 6, `data-act="read"`: 4, `146,5`: 1, `139,50`: 1, `&lt;0,3`: 1, `Högt (H)`: 1,
		textOf(protocol.Swedish, txtTrendHere): 1, textOf(protocol.Swedish, txtTrendMore): 1,
	} {
		if got := strings.Count(html, want); got != n {
			t.Errorf("%s stands %d times, want %d", want, got, n)
		}
	}
	p.act(ActTrendClose, "")
	if trendOf(p) != "" || p.last[len(p.last)-1] != (FocusOn{"trend-0"}) {
		t.Error("not closed, or the focus is lost")
	}
}

// No point outlives its document, whatever takes the document away.
func TestTrendLosesWhatLeavesTheView(t *testing.T) {
	answer := func() *play {
		p, ask := toTrend(t)
		p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: []protocol.Point{
			valued(1, "20230101", "138.75", "mmol/L"), valued(99, "20230301", "140", "mmol/L"), valued(2, "20230601", "141", "mmol/L")}})
		return p
	}
	p := answer()
	if html := trendOf(p); !strings.Contains(html, "138,75") || strings.Contains(html, "140</b>") {
		t.Fatal("a point of a document that is not in the view, or none at all")
	}
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{{15: 1}}})
	if html := trendOf(p); strings.Contains(html, "138,75") || !strings.Contains(html, "141") {
		t.Error("the point of a revoked document stands, or another is gone")
	}
	if n := len(p.s.Reader.Trend.Series.points); n != 1 {
		t.Errorf("%d points are kept", n)
	}
	p = answer()
	items := append(testDocs()[1:], protocol.Item{Key: protocol.DocumentKey{15: 7}, Rev: 7, Header: protocol.Header{Contract: protocol.LaboratoryOrderOutcome, Title: "P-Natrium"}})
	count, digest := sum(items)
	p.get(1, protocol.Batch{Generation: 1, From: 101, To: 102, Removes: []protocol.DocumentKey{{15: 1}}, Count: count, Digest: digest})
	if html := trendOf(p); html == "" || strings.Contains(html, "138,75") {
		t.Error("the point of a removed document stands")
	}
	p = answer()
	p.pass(20_000)
	if p.s.Reader.Trend != (Trend{}) {
		t.Error("the trend outlives the lease")
	}
	p = answer()
	p.act(ActCloseReader, "")
	if p.s.Reader.Trend != (Trend{}) {
		t.Error("the trend outlives its document's page")
	}
}

// A value is not shown as it was before its document changed: it is asked for again.
func TestTrendIsAskedForAgain(t *testing.T) {
	p, ask := toTrend(t)
	p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: []protocol.Point{valued(1, "20230101", "138.75", "mmol/L"), valued(2, "20230601", "141", "mmol/L")}})
	changed := testDocs()[0]
	changed.Rev = 50
	items := append([]protocol.Item{changed}, testDocs()[1:]...)
	items = append(items, protocol.Item{Key: protocol.DocumentKey{15: 7}, Rev: 7})
	count, digest := sum(items)
	p.get(1, protocol.Batch{Generation: 1, From: 101, To: 102, Upserts: []protocol.Item{changed}, Count: count, Digest: digest})
	if strings.Contains(trendOf(p), "138,75") {
		t.Fatal("the old value stands until the new one is there")
	}
	p.pass(trendEvery)
	if n := sentCount[protocol.Trend](p); n != 2 || strings.Contains(trendOf(p), "138,75") {
		t.Fatalf("asked %d times, or the old value stands", n)
	}
	p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: []protocol.Point{valued(1, "20230101", "138.75", "mmol/L")}})
	if strings.Contains(trendOf(p), "138,75") {
		t.Error("an answer that nobody waits for is shown")
	}
	p.get(1, protocol.Series{Request: sentLast[protocol.Trend](p).Request, Generation: 1, Points: []protocol.Point{valued(1, "20230101", "136", "mmol/L")}})
	if html := trendOf(p); !strings.Contains(html, "136") || strings.Contains(html, "141") {
		t.Error("the new answer is not what is shown")
	}
}

// What was asked for anew over a link that is gone is asked for over the next: the value
// that was dropped since must not stay away.
func TestTrendIsAskedForAgainOverTheNextLink(t *testing.T) {
	p, ask := toTrend(t)
	p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: []protocol.Point{valued(1, "20230101", "138.75", "mmol/L"), valued(2, "20230601", "141", "mmol/L")}})
	items := append(testDocs(), protocol.Item{Key: protocol.DocumentKey{15: 7}, Rev: 7, Header: protocol.Header{Contract: protocol.LaboratoryOrderOutcome, Title: "P-Natrium"}})
	items[0].Rev = 99
	count, digest := sum(items)
	p.get(1, protocol.Batch{Generation: 1, From: 101, To: 102, Upserts: items[:1], Count: count, Digest: digest})
	p.pass(trendEvery)
	asked := sentCount[protocol.Trend](p)
	if asked != 2 || strings.Contains(trendOf(p), "138,75") {
		t.Fatal("the old value stands, or the new one is not asked for")
	}
	p.do(Disconnected{1, 1006})
	p.pass(500)
	p.climb(2, "b1", 102)
	p.snapshot(2, 102, items)
	if sentCount[protocol.Trend](p) != asked+1 || p.sent[len(p.sent)-1].link != 2 {
		t.Error("what the lost link owed is never asked for")
	}
	p.get(2, protocol.Revoke{Generation: p.s.View.Generation, Next: p.s.View.Generation + 1, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{{15: 4}}})
	if sentCount[protocol.Trend](p) != asked+2 {
		t.Error("what was owed to the generation before is never asked for")
	}
}

// A node of the release before would take a request that it does not know for a mistake,
// and close for good.
func TestNodeOfAnOlderWireIsNotAskedForATrend(t *testing.T) {
	p, ask := toTrend(t)
	p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: []protocol.Point{valued(1, "20230101", "138.75", "mmol/L")}})
	asked := sentCount[protocol.Trend](p)
	items := append(testDocs(), protocol.Item{Key: protocol.DocumentKey{15: 7}, Rev: 7, Header: protocol.Header{Contract: protocol.LaboratoryOrderOutcome, Title: "P-Natrium"}})
	p.get(1, protocol.GoAway{Alternates: []string{otherNode}})
	p.do(Connected{2})
	old := welcome("b1", 101)
	old.Version = 2
	p.get(2, old)
	p.get(2, protocol.Chosen{Commission: testCommission})
	p.get(2, protocol.Opened{Request: sentLast[protocol.Open](p).Request, Basis: protocol.BasisConsent})
	p.snapshot(2, 101, items)
	html := regionOf(Render(&p.s), "reader")
	if p.s.Links.Live.ID != 2 || !p.s.Reader.Open || strings.Contains(html, `data-act="trend"`) || trendOf(p) != "" {
		t.Error("a trend, or the way to one, where there are none")
	}
	p.act(ActTrend, "0|1.2.752.108.1|NPU03429|P-Natrium")
	if sentCount[protocol.Trend](p) != asked || p.s.Reader.Trend.Open {
		t.Error("a frame that it cannot read was sent")
	}
}

func TestTrendOfAnOlderGenerationIsDropped(t *testing.T) {
	p, ask := toTrend(t)
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{{15: 1}}})
	p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: []protocol.Point{valued(2, "20230601", "141", "mmol/L")}})
	if p.s.Reader.Trend.Series != nil {
		t.Error("taken all the same")
	}
	again := sentLast[protocol.Trend](p)
	if again.Generation != 2 || again.Request == ask.Request {
		t.Errorf("asked again as %+v", again)
	}
	p.s.Notice = Notice{}
	p.get(1, protocol.Refused{Request: again.Request, Fault: protocol.FaultBusy, ID: "x"})
	if html := trendOf(p); !strings.Contains(html, `data-test="trend-fault"`) || p.s.Notice.Fault != protocol.FaultNone {
		t.Error("the refusal is not told where it belongs")
	}
	p.do(Look{})
	if sentLast[protocol.Trend](p) != again {
		t.Error("asked again and again")
	}
}

// arrived is a laboratory document that comes into the view.
func (p *play) arrived(n byte) {
	p.t.Helper()
	item, v := doc(n, protocol.LaboratoryOrderOutcome, "20260101"), &p.s.View
	p.get(p.s.View.Link, protocol.Batch{Generation: v.Generation, From: v.Index, To: v.Index + 1, Upserts: []protocol.Item{item},
		Count: uint32(v.Store.len() + 1), Digest: v.Store.digest + protocol.Mix(item.Key, item.Rev)})
}

// trended is a trend that has its answer.
func trended(t *testing.T) *play {
	p, ask := toTrend(t)
	p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: []protocol.Point{valued(1, "20230101", "138.75", "mmol/L"), valued(7, "20240301", "139.50", "mmol/L")}})
	if !slices.Contains(p.last, Effect(FocusOn{idTrendHeading})) {
		t.Fatal("the answer to the button does not get the focus")
	}
	return p
}

// A new value is not missing from a trend that is open: it is asked for, but seldom, for
// each asking is recorded; and until it is there the trend says so.
func TestTrendLearnsOfANewValue(t *testing.T) {
	p := trended(t)
	if strings.Contains(trendOf(p), "trend-newer") {
		t.Fatal("it is outdated to begin with")
	}
	for n := byte(50); n < 60; n++ {
		p.arrived(n)
	}
	if n := sentCount[protocol.Trend](p); n != 1 || !strings.Contains(trendOf(p), "trend-newer") || !strings.Contains(trendOf(p), "138,75") {
		t.Fatalf("asked %d times, or the trend does not say that it may lack something", n)
	}
	if at, ok := p.s.Wake(); !ok || at > p.now.Mono+trendEvery {
		t.Fatal("nobody wakes to ask")
	}
	p.pass(trendEvery)
	p.arrived(60)
	again := sentLast[protocol.Trend](p)
	if n := sentCount[protocol.Trend](p); n != 2 {
		t.Fatalf("asked %d times", n)
	}
	p.get(1, protocol.Series{Request: again.Request, Generation: 1, Points: []protocol.Point{valued(50, "20260101", "150", "mmol/L")}})
	if html := trendOf(p); sentCount[protocol.Trend](p) != 2 || !strings.Contains(html, "150") || !strings.Contains(html, "trend-newer") {
		t.Error("asked anew at once, or what came since is not told of")
	}
	p.beat(1, 200, holdings(p))
	p.pass(trendEvery)
	p.get(1, protocol.Series{Request: sentLast[protocol.Trend](p).Request, Generation: 1, Points: []protocol.Point{valued(60, "20260101", "151", "mmol/L")}})
	if html := trendOf(p); sentCount[protocol.Trend](p) != 3 || strings.Contains(html, "trend-newer") {
		t.Error("it never comes to rest")
	}
}

// holdings are the documents of the view.
func holdings(p *play) (items []protocol.Item) {
	p.s.View.Store.each(Query{}, func(_ protocol.DocumentKey, item *protocol.Item) { items = append(items, *item) })
	return items
}

func TestClosedTrendIsNotAskedFor(t *testing.T) {
	p := trended(t)
	p.arrived(50)
	p.act(ActTrendClose, "")
	p.arrived(51)
	p.pass(trendEvery)
	if n := sentCount[protocol.Trend](p); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if p.s.Reader.Trend != (Trend{}) {
		t.Error("something of it is kept")
	}
}

// The same where the new value is in a snapshot that comes in the view's place.
func TestTrendLearnsOfANewValueFromANewSnapshot(t *testing.T) {
	for name, c := range map[string]struct {
		more  []protocol.Item
		asked int
	}{
		"nothing new": {nil, 1}, "another type": {[]protocol.Item{doc(50, protocol.Diagnosis, "20260101")}, 1},
		"a value": {[]protocol.Item{doc(50, protocol.LaboratoryOrderOutcome, "20260101")}, 2},
	} {
		p := trended(t)
		items := append(holdings(p), c.more...)
		p.get(1, protocol.Opened{Basis: protocol.BasisConsent, Ends: 5}) // the same choice is shown anew
		p.snapshot(1, 105, items)
		p.pass(trendEvery)
		if n := sentCount[protocol.Trend](p); n != c.asked {
			t.Errorf("%s: asked %d times, want %d", name, n, c.asked)
		}
	}
}

// What is asked for by itself takes the focus from nobody: a key that is typed in the
// search would open another document.
func TestTrendThatComesByItselfTakesNoFocus(t *testing.T) {
	p := trended(t)
	p.do(Focused{"tools"})
	p.arrived(50)
	p.pass(trendEvery)
	p.do(Typed{FieldSearch, "a"})
	p.get(1, protocol.Series{Request: sentLast[protocol.Trend](p).Request, Generation: 1, Points: []protocol.Point{valued(7, "20240301", "139.50", "mmol/L")}})
	if sentCount[protocol.Trend](p) != 2 || slices.Contains(p.last, Effect(FocusOn{idTrendHeading})) {
		t.Error("the focus is moved")
	}

	p, ask := toTrend(t)
	p.do(Focused{"tools"}) // while it is waited for
	p.get(1, protocol.Series{Request: ask.Request, Generation: 1, Points: []protocol.Point{valued(7, "20240301", "139.50", "mmol/L")}})
	if p.s.Reader.Trend.Series == nil || slices.Contains(p.last, Effect(FocusOn{idTrendHeading})) {
		t.Error("the focus is moved by a late answer")
	}
}

// A node that is busy for a moment takes no trend away.
func TestTrendThatStandsOutlivesABusyNode(t *testing.T) {
	p := trended(t)
	p.arrived(50)
	p.pass(trendEvery)
	p.get(1, protocol.Refused{Request: sentLast[protocol.Trend](p).Request, Fault: protocol.FaultBusy, ID: "x"})
	if html := trendOf(p); !strings.Contains(html, "138,75") || strings.Contains(html, "trend-fault") || sentCount[protocol.Trend](p) != 2 {
		t.Error("it is gone, or asked for anew at once")
	}
	p.beat(1, 200, holdings(p))
	p.pass(trendEvery)
	if sentCount[protocol.Trend](p) != 3 {
		t.Error("it is never asked for again")
	}
	p.get(1, protocol.Refused{Request: sentLast[protocol.Trend](p).Request, Fault: protocol.FaultNotFound, ID: "x"})
	if !strings.Contains(trendOf(p), "trend-fault") {
		t.Error("what no other try answers is not told")
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]float64{"1": 1, "1.5": 1.5, "1,5": 1.5, "-2": -2, "<0,3": 0.3, ">= 90": 90, "≤5": 5, "1e3": 1000, "9e14": 9e14, "1.1E-2": 0.011, "139.50": 139.5} {
		if got, _, ok := numberOf(text); !ok || got-want > 1e-9 || want-got > 1e-9 {
			t.Errorf("%s is %v %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", "positiv", "1.2.3", "1-2", "e3", "1e99", "1e16", "-1000000000000000", "<", "12 000", "2024-01-01", strings.Repeat("9", 40)} {
		if got, _, ok := numberOf(text); ok {
			t.Errorf("%s is %v", text, got)
		}
	}
	for _, c := range []struct {
		value float64
		count int
		want  string
	}{{0, 3, "0"}, {1.5, 1, "1.5"}, {-0.05, 2, "-0.05"}, {20, 0, "20"}, {2, 2, "2"}, {120, 1, "120"}} {
		if got := decimals(c.value, c.count); got != c.want {
			t.Errorf("%v is %s", c.value, got)
		}
	}
}

// FuzzChart draws whatever comes: nothing leaves the drawing, and nothing is markup.
func FuzzChart(f *testing.F) {
	f.Add("1", "2,5", "mmol/L", "0.1", "H")
	f.Add("<3", "1e30", "\"><script>", "-1e-9", "*")
	f.Add("99999999999999999999", "99999999999999999998", "", "", "")
	f.Add("0.0000001", "0.0000002", "µ", "5", "L")
	f.Fuzz(func(t *testing.T, a, b, unit, low, flag string) {
		points := []protocol.Point{valued(1, "2023", a, unit), valued(2, "20230601123456", b, unit), valued(3, "2024", a, unit)}
		points[0].Quantity.Low, points[1].Quantity.Flag = low, flag
		m := new(markup)
		s := New()
		r := renderer{s: &s}
		r.charts(m, "n", unit, points)
		inert(t, m.String())
		if n := len(m.String()); n > 64<<10 {
			t.Fatalf("%d bytes", n)
		}
		for _, field := range strings.Fields(m.String()) {
			for _, name := range []string{`cx="`, `cy="`, `y1="`, `x1="`} {
				if value, ok := strings.CutPrefix(field, name); ok {
					if n, err := strconv.Atoi(value[:strings.IndexByte(value, '"')]); err != nil || n < 0 || n > 640 {
						t.Fatalf("%s for %q %q %q", field, a, b, low)
					}
				}
			}
		}
	})
}
