package client

import "tvilling/protocol"

// plot is the chart before it is drawn: for each lane its marks, and the stretches that
// its periods cover.
type plot struct {
	from   *points
	window Span
	width  int
	lanes  []plotLane
	inside int // documents in the window
}

type plotLane struct {
	laneOf
	cells []cell
	cover []stretch
}

// cell is what stands within a mark's width.
type cell struct {
	n           int
	key         protocol.DocumentKey // of the newest
	first, last int64                // minutes
	x, w        int                  // pixels; of a single document x is its middle
}

type stretch struct{ x, w int }

// x is where a minute is on the chart.
func (p *plot) x(at int64) int {
	return int(float64(at-p.window.From) * float64(p.width) / float64(p.window.length()))
}

// at is the minute at a place on the chart.
func (p *plot) at(x int) int64 {
	return p.window.From + int64(float64(x)*float64(p.window.length())/float64(p.width))
}

// plot returns the chart as it stands.
func (s *State) plot() *plot {
	from := s.points()
	window, width := s.window(from), s.Timeline.width()
	memo := s.drawn()
	if p := memo.plot; p == nil || p.from != from || p.window != window || p.width != width {
		memo.plot = newPlot(from, window, width)
	}
	return memo.plot
}

// newPlot gathers the documents into cells. Cells are parted by the time itself, not by
// the window: a chart that is pulled keeps its marks.
func newPlot(from *points, window Span, width int) *plot {
	p := &plot{from: from, window: window, width: width, lanes: make([]plotLane, len(from.lanes))}
	step := max(1, window.length()*cellWidth/int64(width))
	first := floorDiv(window.From, step)
	n := int(floorDiv(window.To, step)-first) + 1
	grid := make([]cell, n*len(p.lanes))
	cover := make([]int32, (width+1)*len(p.lanes)) // what begins, less what ends, at each pixel
	for i := range from.all {
		d := &from.all[i]
		p.period(cover[int(d.lane)*(width+1):][:width+1], d)
		if d.at.From < window.From || d.at.From >= window.To {
			continue
		}
		p.inside++
		c := &grid[int(d.lane)*n+int(floorDiv(d.at.From, step)-first)]
		if c.n == 0 || d.at.From > c.last {
			c.key = d.key
		}
		if c.n == 0 || d.at.From < c.first {
			c.first = d.at.From
		}
		if c.n == 0 || d.at.From > c.last {
			c.last = d.at.From
		}
		c.n++
	}
	for i := range p.lanes {
		lane := &p.lanes[i]
		lane.laneOf = from.lanes[i]
		for j := range n {
			if c := grid[i*n+j]; c.n > 0 {
				lane.cells = append(lane.cells, p.place(c, (first+int64(j))*step))
			}
		}
		lane.cover = stretches(cover[i*(width+1):][:width+1])
	}
	return p
}

// period notes the pixels that a document's period covers.
func (p *plot) period(cover []int32, d *point) {
	end := d.end
	if end == 0 && d.at.length() > minutesOfDay {
		end = d.at.To // a month or a year is all that is known
	}
	if end <= d.at.From || end <= p.window.From || d.at.From >= p.window.To {
		return
	}
	from, to := max(0, p.x(d.at.From)), min(p.width, p.x(end))
	if to > from {
		cover[from]++
		cover[to]--
	}
}

// stretches joins what is covered.
func stretches(cover []int32) (all []stretch) {
	depth, from := int32(0), 0
	for x, change := range cover {
		was := depth
		depth += change
		switch {
		case was == 0 && depth > 0:
			from = x
		case was > 0 && depth == 0:
			all = append(all, stretch{from, x - from})
		}
	}
	return all
}

// place puts a cell's mark where it is drawn: a document where it is, several as wide as
// their cell. start is the cell's first minute.
func (p *plot) place(c cell, start int64) cell {
	if c.n == 1 {
		c.x, c.w = p.x(c.first), 0
		return c
	}
	c.x, c.w = p.x(start)+1, cellWidth-2
	return c
}

// laneHeight is how tall a lane is, in pixels: the more there are, the lower.
func (p *plot) laneHeight() int {
	switch n := len(p.lanes); {
	case n <= 6:
		return 22
	case n <= 9:
		return 19
	default:
		return 17
	}
}

// lanesHeight is how tall the chart is above its axis.
func (p *plot) lanesHeight() int { return max(1, len(p.lanes)) * p.laneHeight() }

// hit returns the mark at a place, nil if there is none. A single document is hit within
// half a cell.
func (p *plot) hit(x, y int) (lane *plotLane, hit *cell) {
	row := y / p.laneHeight()
	if y < 0 || row >= len(p.lanes) {
		return nil, nil
	}
	lane = &p.lanes[row]
	nearest := cellWidth / 2
	for i := range lane.cells {
		c := &lane.cells[i]
		if c.w > 0 && x >= c.x && x < c.x+c.w {
			return lane, c
		}
		if away := max(c.x-x, x-c.x); c.w == 0 && away < nearest {
			nearest, hit = away, c
		}
	}
	return lane, hit
}

// drawn is what was last made of the documents of a store. It is kept with them, so
// that it goes when they go.
type drawn struct {
	points *points
	plot   *plot
	census *census
	tally  *tally
	of     drawnFrom // what picture was drawn from
	text   string
}

// drawnFrom is everything that the chart is drawn from.
type drawnFrom struct {
	plot  *plot
	lang  protocol.Language
	named int     // care providers in the coverage table
	span  stretch // that is chosen, or being marked
}

func (s *State) drawn() *drawn {
	if s.View.Store == nil {
		return new(drawn)
	}
	return &s.View.Store.drawn
}
