package drill

import (
	"slices"
	"time"
)

// sample is one request and how it went.
type sample struct {
	began, ended time.Time
	accepted     bool
	unknown      bool // nobody told how it went
}

// slowFrom is what counts as slow.
const slowFrom = time.Second

// figuresOf measures requests that began at a time or after it, until another.
func figuresOf(all []sample, from, to time.Time) map[Figure]float64 {
	f := map[Figure]float64{Requests: 0, Failed: 0, Unknown: 0, Slow: 0}
	var accepted []time.Time
	var took []time.Duration
	first := time.Time{}
	for _, s := range all {
		if s.accepted && s.ended.After(from) && !s.ended.After(to) {
			accepted = append(accepted, s.ended)
		}
		if s.began.Before(from) || s.began.After(to) {
			continue
		}
		f[Requests]++
		switch {
		case s.accepted:
			took = append(took, s.ended.Sub(s.began))
			if first.IsZero() || s.ended.Before(first) {
				first = s.ended
			}
			if s.ended.Sub(s.began) > slowFrom {
				f[Slow]++
			}
		case s.unknown:
			f[Unknown]++
		default:
			f[Failed]++
		}
	}
	if !first.IsZero() {
		f[FirstOpen] = millis(first.Sub(from))
	}
	f[Pause] = millis(longest(accepted, from, to))
	if len(took) > 0 {
		slices.Sort(took)
		f[OpenP99] = millis(took[(len(took)-1)*99/100])
	}
	return f
}

func millis(d time.Duration) float64 { return float64(d.Milliseconds()) }

// longest is the longest time in a span in which nothing was accepted, its ends too.
func longest(accepted []time.Time, from, to time.Time) time.Duration {
	accepted = append(slices.Clone(accepted), to)
	slices.SortFunc(accepted, time.Time.Compare)
	most := time.Duration(0)
	for _, at := range accepted {
		most = max(most, at.Sub(from))
		from = at
	}
	return most
}

// bySecond counts what was accepted, by second since a time.
func bySecond(all []sample, since time.Time) []int {
	var seconds []int
	for _, s := range all {
		if !s.accepted {
			continue
		}
		n := int(s.ended.Sub(since) / time.Second)
		for len(seconds) <= n && n < maxSeconds {
			seconds = append(seconds, 0)
		}
		if n >= 0 && n < maxSeconds {
			seconds[n]++
		}
	}
	return seconds
}

// maxSeconds bounds a drill's drawing.
const maxSeconds = 3600
