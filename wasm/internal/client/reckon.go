package client

import (
	"strings"

	"tvilling/protocol"
)

// sideOf tells on which side of its interval a value lies: > above, < below, 0 within, at
// a bound, or not to be told. It is arithmetic on what stands in the record, a number and
// bounds of its own unit, and says nothing of what it means: that is for the laboratory
// to judge, and a value that is not told to lie outside is not told to lie within.
func sideOf(q *protocol.Quantity) byte {
	value, beyond, ok := numberOf(q.Value)
	if !ok {
		return 0
	}
	low, lowSign, hasLow := numberOf(q.Low)
	high, highSign, hasHigh := numberOf(q.High)
	if lowSign != 0 || highSign != 0 || q.Low != "" && !hasLow || q.High != "" && !hasHigh || hasLow && hasHigh && low > high {
		return 0 // no interval that can be reckoned with
	}
	strict := (q.Value[0] == '<' || q.Value[0] == '>') && !strings.Contains(q.Value, "=")
	switch {
	case hasHigh && beyond != '<' && (value > high || strict && value == high):
		return '>'
	case hasLow && beyond != '>' && (value < low || strict && value == low):
		return '<'
	}
	return 0
}

// unsaid is the side of a value that lies outside its interval, unless the source's own
// mark has said as much.
func unsaid(q *protocol.Quantity, flag string) byte {
	side := sideOf(q)
	switch protocol.StandingOf(flag) {
	case protocol.StandingAbnormal:
		return 0
	case protocol.StandingHigh:
		if side == '>' {
			return 0
		}
	case protocol.StandingLow:
		if side == '<' {
			return 0
		}
	}
	return side
}

// reckoned says what was reckoned here, in words that are not the laboratory's, and in
// none of the colours and signs of its marks.
func (r *renderer) reckoned(m *markup, q *protocol.Quantity, flag string) {
	says := txtReckonedAbove
	switch unsaid(q, flag) {
	case 0:
		return
	case '<':
		says = txtReckonedBelow
	}
	m.raw(` <span class="small" data-test="reckoned">`).text(r.t(says)).raw(`</span>`)
}
