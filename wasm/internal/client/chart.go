package client

import (
	"strconv"
	"strings"

	"tvilling/protocol"
)

// chart is a drawing of the values of one unit. It is a drawing alone: the numbers
// themselves stand in a table beside it, as they were given.
type chart struct {
	width, height       int
	left, bottom        int // of the plot
	first, last         int64
	low, high           float64
	points              []protocol.Point
	unit                string
	step                float64
	decimals            int
	title, firstT, endT string
}

// Places on a drawing.
const (
	chartTop   = 28
	chartRight = 12
	maxTicks   = 6
)

// charts draws one unit twice, for a wide and for a narrow window: letters that are
// scaled are letters that cannot be read.
func (r *renderer) charts(m *markup, name, unit string, points []protocol.Point) {
	c := chart{unit: unitText(unit), title: joined(", ", name, unitText(unit))}
	for i := range points {
		if _, _, _, ok := placeOf(&points[i]); ok && points[i].Quantity.Unit == unit {
			c.points = append(c.points, points[i])
		}
	}
	if len(c.points) == 0 {
		return
	}
	c.measure()
	m.raw(`<div class="charts" data-test="chart">`)
	for _, width := range [...]int{640, 300} {
		c.width, c.height = width, 240
		c.left, c.bottom = 56, c.height-34
		c.draw(m, r)
	}
	for i := range c.points {
		if unsaid(&c.points[i].Quantity, c.points[i].Quantity.Flag) != 0 {
			m.raw(`<p class="small" data-test="reckoned-key">`).text(r.t(txtReckonedKey)).raw(`</p>`)
			break
		}
	}
	m.raw(`</div>`)
}

// placeOf is where a point lies: minutes, and the value. Beyond is < or > for a value
// that is known to lie on that side of it. A point without a time has no place.
func placeOf(p *protocol.Point) (minutes int64, value float64, beyond byte, ok bool) {
	if p.Time.IsZero() {
		return 0, 0, 0, false
	}
	q := &p.Quantity
	switch {
	case q.Value != "":
		value, beyond, ok = numberOf(q.Value)
	case q.High == "":
		value, _, ok = numberOf(q.Low)
		beyond = '>'
	case q.Low == "":
		value, _, ok = numberOf(q.High)
		beyond = '<'
	}
	return minutesOf(p.Time), value, beyond, ok
}

// minutesOf counts minutes; what was not given of a time is its beginning.
func minutesOf(t protocol.Civil) int64 {
	n := int64(t / 10)
	hour, minute := n/10000%100, n/100%100
	n /= 1_000_000
	return dayNumber(int(n/10000), max(1, int(n/100%100)), max(1, int(n%100)))*1440 + hour*60 + minute
}

// measure finds what the axes span: the values, and the reference intervals of those values,
// near or far: how far outside a value is, is seen.
func (c *chart) measure() {
	for i := range c.points {
		at, value, _, _ := placeOf(&c.points[i])
		if i == 0 {
			c.first, c.last, c.low, c.high = at, at, value, value
			c.firstT, c.endT = shortDay(c.points[i].Time), shortDay(c.points[i].Time)
		}
		if at < c.first {
			c.first, c.firstT = at, shortDay(c.points[i].Time)
		}
		if at > c.last {
			c.last, c.endT = at, shortDay(c.points[i].Time)
		}
		c.low, c.high = min(c.low, value), max(c.high, value)
		if q := &c.points[i].Quantity; q.Value != "" {
			if v, _, ok := numberOf(q.Low); ok {
				c.low, c.high = min(c.low, v), max(c.high, v)
			}
			if v, _, ok := numberOf(q.High); ok {
				c.low, c.high = min(c.low, v), max(c.high, v)
			}
		}
	}
	if c.first == c.last {
		c.first, c.last = c.first-1440, c.last+1440
	}
	if c.low == c.high {
		c.low, c.high = c.low-1, c.high+1
	}
	c.ticks()
}

func shortDay(t protocol.Civil) string { return t.String()[:min(10, len(t.String()))] }

// ticks chooses a round step, 1, 2 or 5 of some power of ten, and widens the axis to
// whole steps.
func (c *chart) ticks() {
	if least := max(c.high, -c.low) * 1e-9; c.high-c.low < least {
		c.high = c.low + least // no axis is finer than its numbers can be told apart
	}
	span := c.high - c.low
	factors, n := [...]float64{2, 2.5, 2}, 0
	for c.step = 1; c.step*maxTicks < span; n++ {
		c.step *= factors[n%3]
	}
	for n == 0 || c.decimals > 0 {
		finer := c.step / factors[n%3]
		if finer*maxTicks < span || n > 90 {
			break
		}
		c.step, n = finer, n+1
		c.decimals = (n + 2) / 3
	}
	low := c.step * float64(int64(c.low/c.step))
	if low > c.low {
		low -= c.step
	}
	c.low = low
	for i := 0; low < c.high && i <= 2*maxTicks; i++ {
		low += c.step
	}
	c.high = max(low, c.high)
}

func (c *chart) x(at int64) int {
	return c.left + int(float64(c.width-c.left-chartRight)*float64(at-c.first)/float64(c.last-c.first))
}

func (c *chart) y(value float64) int {
	return chartTop + int(float64(c.bottom-chartTop)*(c.high-value)/(c.high-c.low))
}

func (c *chart) draw(m *markup, r *renderer) {
	m.raw(`<svg class="chart chart-`).number(c.width).raw(`" viewBox="0 0 `).number(c.width).raw(` `).number(c.height)
	m.raw(`" width="`).number(c.width).raw(`" height="`).number(c.height).raw(`" role="img" aria-label="`).text(c.title).raw(`, `)
	m.text(c.firstT).raw(` – `).text(c.endT).raw(`. `).text(r.t(txtTrendInTable)).raw(`">`)
	c.band(m)
	for i := 0; ; i++ {
		value := c.low + float64(i)*c.step
		if value > c.high+c.step/2 || i > 4*maxTicks {
			break
		}
		y := c.y(value)
		c.line(m, `grid`, c.left, y, c.width-chartRight, y)
		c.label(m, `end`, c.left-6, y+4, r.decimal(decimals(value, c.decimals)))
	}
	c.label(m, `start`, 2, 11, c.unit)
	c.label(m, `start`, c.left, c.height-12, c.firstT)
	if c.endT != c.firstT {
		c.label(m, `end`, c.width-chartRight, c.height-12, c.endT)
	}
	c.line(m, `axis`, c.left, c.bottom, c.width-chartRight, c.bottom)
	c.values(m, r)
	m.raw(`</svg>`)
}

// values are the points, and a line between those that follow each other and are known.
func (c *chart) values(m *markup, r *renderer) {
	joins := false
	var lastX, lastY int
	for i := range c.points {
		at, value, beyond, _ := placeOf(&c.points[i])
		x, y := c.x(at), c.y(value)
		if joins && beyond == 0 {
			c.line(m, `curve`, lastX, lastY, x, y)
		}
		joins, lastX, lastY = beyond == 0, x, y
	}
	for i := range c.points {
		at, value, beyond, _ := placeOf(&c.points[i])
		x, y := c.x(at), c.y(value)
		abnormal := isAbnormal(c.points[i].Quantity.Flag)
		switch beyond {
		case 0:
			m.raw(`<circle class="point`).when(abnormal, ` out`).raw(`" cx="`).number(x).raw(`" cy="`).number(y).raw(`" r="`).when(abnormal, `6`).when(!abnormal, `4`).raw(`"/>`)
		default: // a triangle that points to where the value lies
			up := 8
			if beyond == '<' {
				up = -8
			}
			m.raw(`<polygon class="limit" points="`).number(x - 6).raw(`,`).number(y).raw(` `).number(x + 6).raw(`,`).number(y).raw(` `).number(x).raw(`,`).number(y - up).raw(`"/>`)
		}
		if unsaid(&c.points[i].Quantity, c.points[i].Quantity.Flag) != 0 { // a frame: no mark of the laboratory's looks like it
			m.raw(`<rect class="reckoned" x="`).number(x - 7).raw(`" y="`).number(y - 7).raw(`" width="14" height="14"/>`)
		}
	}
}

// band is the reference interval, as it was for each value.
func (c *chart) band(m *markup) {
	for i := 0; i < len(c.points); {
		q := &c.points[i].Quantity
		j := i + 1
		for j < len(c.points) && c.points[j].Quantity.Low == q.Low && c.points[j].Quantity.High == q.High {
			j++
		}
		low, _, hasLow := numberOf(q.Low)
		high, _, hasHigh := numberOf(q.High)
		if q.Value != "" && (hasLow || hasHigh) {
			from, to := c.left, c.width-chartRight
			if i > 0 {
				at, _, _, _ := placeOf(&c.points[i])
				from = c.x(at)
			}
			if j < len(c.points) {
				at, _, _, _ := placeOf(&c.points[j])
				to = c.x(at)
			}
			top, bottom := chartTop, c.bottom
			if hasHigh {
				top = c.y(high)
			}
			if hasLow {
				bottom = c.y(low)
			}
			m.raw(`<rect class="band" x="`).number(from).raw(`" y="`).number(top).raw(`" width="`).number(max(0, to-from)).raw(`" height="`).number(max(0, bottom-top)).raw(`"/>`)
		}
		i = j
	}
}

func (c *chart) line(m *markup, class literal, x1, y1, x2, y2 int) {
	m.raw(`<line class="`).raw(class).raw(`" x1="`).number(x1).raw(`" y1="`).number(y1).raw(`" x2="`).number(x2).raw(`" y2="`).number(y2).raw(`"/>`)
}

func (c *chart) label(m *markup, anchor literal, x, y int, text string) {
	m.raw(`<text text-anchor="`).raw(anchor).raw(`" x="`).number(x).raw(`" y="`).number(y).raw(`">`).text(text).raw(`</text>`)
}

// decimals writes a round number of an axis. It is never a value of the record.
func decimals(value float64, count int) string {
	sign := ""
	if value < 0 {
		sign, value = "-", -value
	}
	scale := 1.0
	for range count {
		scale *= 10
	}
	n := int64(value*scale + 0.5)
	digits := strconv.FormatInt(n, 10)
	if n == 0 {
		return "0"
	}
	for len(digits) <= count {
		digits = "0" + digits
	}
	if count > 0 {
		digits = strings.TrimRight(digits[:len(digits)-count]+"."+digits[len(digits)-count:], "0")
		digits = strings.TrimSuffix(digits, ".")
	}
	return sign + digits
}
