// Package timing counts what is asked and how long things take, in the parts that do them.
//
// It owns the bounds of its buckets, which dashboards and alerts rest on. It must never
// wait: whoever observes something is in the midst of it.
package timing

import (
	"sync/atomic"
	"time"
)

// Bounds are the buckets' upper bounds, inclusive. What is longer than the last is
// counted beside them.
func Bounds() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{ms / 2, ms, 5 * ms / 2, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms,
		time.Second, 5 * time.Second / 2, 5 * time.Second, 10 * time.Second}
}

// buckets is how many there are, the one of what is longer included.
const buckets = 15

// Histogram counts durations. The zero value is ready; it may be used by several
// goroutines at once.
type Histogram struct {
	counts [buckets]atomic.Uint64
	sum    atomic.Int64 // nanoseconds
}

// Observe counts one. What is below zero (a clock was set back) counts as zero.
func (h *Histogram) Observe(d time.Duration) {
	d = max(0, d)
	at := 0
	for _, bound := range Bounds() {
		if d <= bound {
			break
		}
		at++
	}
	h.counts[at].Add(1)
	h.sum.Add(int64(d))
}

// Count counts what was asked, and what of it failed. The zero value is ready; it may be
// used by several goroutines at once.
type Count struct{ asked, failed atomic.Uint64 }

// Ask counts one; Fail counts that one of them failed.
func (c *Count) Ask()  { c.asked.Add(1) }
func (c *Count) Fail() { c.failed.Add(1) }

// Read returns what was counted: never more that failed than was asked.
func (c *Count) Read() (asked, failed uint64) {
	failed = c.failed.Load()
	return c.asked.Load(), failed
}

// Reading is what was counted since the start.
type Reading struct {
	Count uint64
	Sum   time.Duration
	Up    map[float64]uint64 // by upper bound in seconds: how many took that long at most
}

// Read returns what was counted. What is observed meanwhile may be in it or not.
func (h *Histogram) Read() Reading {
	r := Reading{Up: map[float64]uint64{}, Sum: time.Duration(h.sum.Load())}
	for i, bound := range Bounds() {
		r.Count += h.counts[i].Load()
		r.Up[bound.Seconds()] = r.Count
	}
	r.Count += h.counts[buckets-1].Load()
	return r
}
