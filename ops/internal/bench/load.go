package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// act is one thing that is done again and again, by one goroutine.
type act func(ctx context.Context) error

// group is what goes on at once: every act has a goroutine of its own.
type group struct {
	what  string // what is counted
	times int    // of it in one act
	acts  []act
}

// Measure is what a group did in a window of time.
type Measure struct {
	What   string  `json:"what"`
	AtOnce int     `json:"at_once"`
	Acts   int     `json:"acts"`
	Each   int     `json:"each"` // of what is counted in one act
	Rate   float64 `json:"per_second"`
	P50    float64 `json:"p50_ms"` // of an act
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
	Failed int     `json:"failed"`
	Fault  string  `json:"fault,omitempty"` // the first
}

// Row is one window: what was done in it, and what it cost.
type Row struct {
	Section  string    `json:"section"`
	Seconds  float64   `json:"seconds"`
	Measures []Measure `json:"measures"`
	Usage    Usage     `json:"usage"`
}

// tally is what one goroutine did.
type tally struct {
	took   []time.Duration // acts that ended within the window
	done   int             // acts in all, warming up included
	failed int
	fault  error
}

// maxFaults ends a goroutine that only fails.
const maxFaults = 20

// run warms up, measures for a window and lets every goroutine finish its act. It
// returns, beside the row, how many acts of each group succeeded in all.
func (b *bench) run(ctx context.Context, section string, groups ...group) (Row, []int, error) {
	var measuring, stopping atomic.Bool
	var all sync.WaitGroup
	tallies := make([][]tally, len(groups))
	for g := range groups {
		tallies[g] = make([]tally, len(groups[g].acts))
		for i, do := range groups[g].acts {
			all.Go(func() { tallies[g][i].loop(ctx, do, &measuring, &stopping) })
		}
	}
	err := pause(ctx, b.o.WarmUp)
	before, started := b.snapshot(ctx), time.Now()
	measuring.Store(true)
	if err == nil {
		err = pause(ctx, b.o.Window)
	}
	measuring.Store(false)
	took := time.Since(started)
	after := b.snapshot(ctx)
	stopping.Store(true)
	all.Wait()
	row := Row{Section: section, Seconds: took.Seconds(), Usage: after.since(before)}
	done := make([]int, len(groups))
	for g := range groups {
		var m Measure
		m, done[g] = groups[g].measure(tallies[g], took)
		row.Measures = append(row.Measures, m)
	}
	return row, done, err
}

func (t *tally) loop(ctx context.Context, do act, measuring, stopping *atomic.Bool) {
	for !stopping.Load() && ctx.Err() == nil && t.failed < maxFaults {
		started := time.Now()
		err := do(ctx)
		took := time.Since(started)
		switch {
		case err != nil:
			if t.failed++; t.fault == nil {
				t.fault = err
			}
		case measuring.Load():
			t.took = append(t.took, took)
			fallthrough
		default:
			t.done++
		}
	}
}

func (g group) measure(tallies []tally, window time.Duration) (m Measure, done int) {
	m = Measure{What: g.what, AtOnce: len(g.acts), Each: g.times}
	var took []time.Duration
	for _, t := range tallies {
		took = append(took, t.took...)
		done += t.done
		m.Failed += t.failed
		if t.fault != nil && m.Fault == "" {
			m.Fault = t.fault.Error()
		}
	}
	m.Acts = len(took)
	m.Rate = float64(len(took)*g.times) / window.Seconds()
	m.P50, m.P99, m.Max = millis(quantile(took, 0.50)), millis(quantile(took, 0.99)), millis(quantile(took, 1))
	return m, done
}

// quantile is the smallest value that at least the share q of them do not exceed. It
// sorts what it is given.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	at := int(q*float64(len(all))+0.999999) - 1
	return all[min(max(at, 0), len(all)-1)]
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("measuring: %w", context.Cause(ctx))
	case <-timer.C:
		return nil
	}
}
