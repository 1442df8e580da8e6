package drill

import (
	"fmt"
	"slices"
	"time"
)

// The drawing's measures, in its own units.
const (
	drawWidth  = 960.0
	drawLeft   = 48.0
	drawTop    = 22.0
	drawBars   = 150.0 // height of the bars
	drawLane   = 26.0  // of the lane of leaders, below them
	drawGap    = 10.0
	drawBottom = 34.0
	maxTicks   = 12
)

// drawing is the time line as it is drawn.
type drawing struct {
	Width, Height, Left, Top, Base float64
	LaneTop, LaneHeight, Axis      float64
	Most                           int // accepted in a second
	Bars, Bands, Reigns            []box
	Marks                          []mark
	Ticks                          []mark
	Says                           string // for who does not see it
}

// box is a rectangle: a second's opens, a phase, a reign.
type box struct {
	X, Y, W, H float64
	Text       string
	Class      string
}

// Fits reports whether its text has room above it.
func (b box) Fits() bool { return b.W > 7*float64(len(b.Text)) }

// mark is a line at a time.
type mark struct {
	X     float64
	Text  string
	Class string
}

// row is a line of the page's time line.
type row struct {
	Number string
	At     string
	Kind   string
	Text   string
}

// figureRow is a figure with its name in words.
type figureRow struct{ What, Value string }

// pageView is what the page shows.
type pageView struct {
	Report
	Draw     drawing
	Rows     []row
	Figures  []figureRow
	Kept     []keptRow
	Reached  []keptRow // of the work
	Noticed  []keptRow // of the fault
	Versions []string
	Took     string
	When     string
}

type keptRow struct {
	What, Promised, Measured string
	Kept, Unseen             bool
}

// words are the figures as the page names them, in its order.
var words = []struct {
	figure Figure
	text   string
}{
	{FirstOpen, "From the fault to the next accepted open"}, {Pause, "Longest time without an accepted open"},
	{OpenP99, "Opens from the fault on, 99th percentile"}, {Requests, "Operations from the fault on"}, {Attempts, "Attempts that they took"}, {Failed, "of the operations failed"},
	{Unknown, "of them with an outcome nobody told"}, {Slow, "of them slower than a second, their attempts together"},
	{Unrecorded, "Shown without an entry in the access log"}, {Different, "Entries of the access log that differ between nodes"},
	{Acknowledged, "Acknowledged writes"}, {Lost, "of them lost, on some node"},
	{Blanked, "Views blanked in time"}, {BlankedLate, "Views blanked late"}, {NotBlanked, "Views never blanked"},
	{Heeded, "From a wild clock until its node refused and did not lead"}, {Dark, "Longest time that a view that stays showed nothing"}, {Doubts, "Views that were not what the node said"}, {Resumed, "Streams resumed"}, {StreamsLost, "Streams lost"}, {Operations, "Operations in the histories"}, {Unlawful, "Histories without an order that explains them"},
	{Streamed, "Views that the streams were shown"},
	{Held, "Entries of the access log before the data was taken away"}, {Vanished, "Data nodes without what was there before, as it was"},
	{Unchecked, "Nodes and changes that could not be checked"},
	{Away, "Longest time that all who were hit did not answer, or heard no leader"}, {Leased, "Views blanked since nothing more was heard of them"},
	{Anew, "Members that were started anew, from the fault on"}, {Replaced, "Members that run another build than before"},
	{Generations, "Generations by which the cluster's history was raised"}, {Found, "Faults that the operator's own means showed"},
	{FeedAge, "Age of what is known from the service, at the heal"}, {Crossing, "Shortest time for a large write to reach the other site"},
	{Changes, "Changes of leadership under the fault, and while another cluster is made"}, {Ended, "From the fault until its process had ended itself"},
	{Canary, "From the heal to a committed canary"}, {CaughtUp, "From the heal until every member had passed it"}, {Moved, "Leadership to the other site and back"},
}

func view(r Report) pageView {
	v := pageView{Report: r, Draw: draw(r), Took: fmt.Sprintf("%.1f s", float64(r.Millis)/1000), When: r.Began.UTC().Format("2006-01-02 15:04:05 UTC")}
	numbered := 0
	for _, e := range r.Events {
		line := row{At: fmt.Sprintf("%.1f s", float64(e.At)/1000), Kind: e.Kind, Text: e.Text}
		if e.Kind == KindFault || e.Kind == KindHeal {
			numbered++
			line.Number = fmt.Sprint(numbered)
		}
		v.Rows = append(v.Rows, line)
	}
	for _, w := range words {
		if f, measured := r.Figures[w.figure]; measured {
			v.Figures = append(v.Figures, figureRow{w.text, number(w.figure, f)})
		}
	}
	for _, k := range r.Promises {
		line := keptRow{What: k.What, Promised: number(k.Figure, k.Most), Measured: "not measured", Kept: k.Kept, Unseen: k.Unseen}
		if k.Measured != nil {
			line.Measured = number(k.Figure, *k.Measured)
		}
		v.Kept = append(v.Kept, line)
	}
	for _, f := range r.Floors {
		line := keptRow{What: f.What, Promised: number(f.Figure, f.Least), Measured: number(f.Figure, f.Measured), Kept: f.Reached}
		if f.Fault {
			v.Noticed = append(v.Noticed, line)
		} else {
			v.Reached = append(v.Reached, line)
		}
	}
	by := map[string][]string{}
	for id, version := range r.Steady.Versions {
		by[version] = append(by[version], id)
	}
	for version, ids := range by {
		slices.Sort(ids)
		v.Versions = append(v.Versions, fmt.Sprintf("%s on %v", version, ids))
	}
	slices.Sort(v.Versions)
	return v
}

// draw lays a report out in time.
func draw(r Report) drawing {
	d := drawing{Width: drawWidth, Left: drawLeft, Top: drawTop, Base: drawTop + drawBars, LaneTop: drawTop + drawBars + drawGap, LaneHeight: drawLane}
	d.Axis = d.LaneTop + d.LaneHeight
	d.Height = d.Axis + drawBottom
	whole := float64(max(r.Millis, 1))
	x := func(ms int64) float64 { return drawLeft + min(float64(ms)/whole, 1)*(drawWidth-drawLeft-8) }
	d.Most = 1
	for _, n := range r.Seconds {
		d.Most = max(d.Most, n)
	}
	for i, n := range r.Seconds {
		from, to := x(int64(i)*1000), x(int64(i+1)*1000)
		h := float64(n) / float64(d.Most) * drawBars
		d.Bars = append(d.Bars, box{X: from, Y: d.Base - h, W: max(to-from-1, 0.5), H: h, Text: fmt.Sprintf("second %d: %d accepted", i, n)})
	}
	d.Bands = bands(r, x)
	for _, reign := range r.Leaders {
		class := "reign"
		if reign.Leader == "" {
			class = "nobody"
		}
		b := box{X: x(reign.From), Y: d.LaneTop, W: max(x(reign.To)-x(reign.From), 1), H: d.LaneHeight, Text: reign.Leader, Class: class}
		d.Reigns = append(d.Reigns, b)
	}
	n := 0
	for _, e := range r.Events {
		if e.Kind == KindFault || e.Kind == KindHeal {
			n++
			d.Marks = append(d.Marks, mark{x(e.At), fmt.Sprint(n), e.Kind})
		}
	}
	step := int64(1)
	for _, s := range []int64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600} {
		if step = s; r.Millis/1000/s <= maxTicks {
			break
		}
	}
	for s := int64(0); s*1000 <= r.Millis; s += step {
		d.Ticks = append(d.Ticks, mark{X: x(s * 1000), Text: (time.Duration(s) * time.Second).String()})
	}
	d.Says = fmt.Sprintf("Accepted opens in each of %d seconds, at most %d; who led; and %d numbered faults and repairs, which the table below lists.", len(r.Seconds), d.Most, n)
	return d
}

// bands are the phases, as the events tell them.
func bands(r Report, x func(int64) float64) []box {
	var all []box
	for _, e := range r.Events {
		if e.Kind != KindPhase {
			continue
		}
		if n := len(all); n > 0 {
			all[n-1].W = x(e.At) - all[n-1].X
		}
		all = append(all, box{X: x(e.At), W: x(r.Millis) - x(e.At), Y: drawTop, H: drawBars, Text: e.Text, Class: e.Text})
	}
	return all
}
