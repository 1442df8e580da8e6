package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/history"
	"tvilling/ops/internal/workload"
)

// Work is how much a cluster of a drill's own has to do.
type Work struct {
	Openers, Producers, Streams, Changers int
	Seed                                  uint64

	slack time.Duration // how far nodes' clocks are moved
}

// DefaultWork is enough to see a pause of half a second, on two cores.
func DefaultWork() Work { return Work{Openers: 8, Producers: 4, Streams: 24, Changers: 2, Seed: 1} }

// ownData are the data nodes of a cluster of a drill's own.
const ownData = 4

// String says how much it is.
func (w Work) String() string {
	return fmt.Sprintf("%d openers, %d senders, %d views that stay open, %d who change blocks and consents", w.Openers, w.Producers, w.Streams, w.Changers)
}

// blind is what so much work cannot show: what nobody does is neither kept nor broken.
func (w Work) blind() (all []Figure) {
	if w.Producers+w.Changers == 0 {
		all = append(all, Acknowledged, Lost)
	}
	if w.Changers == 0 {
		all = append(all, Operations, Unlawful)
	}
	if w.Streams == 0 {
		all = append(all, Streamed, StreamsLost, BlankedLate, NotBlanked, Doubts, Dark)
	}
	if w.Streams < ownData { // fewer than one for each node: the one that is hit may have none
		all = append(all, Resumed, Leased)
	}
	return all
}

// atWork is the workload, as a drill sees it.
type atWork struct {
	*workload.Workload
	since time.Time
}

func startWork(ctx context.Context, c *demo.Cluster, feeds demo.Feeds, w Work) (Load, error) {
	config := workload.Config{Cluster: c, Openers: w.Openers, Producers: w.Producers,
		Streams: w.Streams, Changers: w.Changers, Seed: w.Seed, ClockSlack: w.slack, Withheld: w.slack > 0, Feeds: &feeds}
	for tried := 1; ; tried++ {
		since := time.Now()
		load, err := workload.Start(context.WithoutCancel(ctx), config)
		if err == nil {
			return &atWork{Workload: load, since: since}, nil
		}
		// A registration is known at a node that is behind a little later than it is acknowledged.
		if !errors.Is(err, workload.ErrSteady) || tried == mostStarts || rest(ctx, time.Second) != nil {
			return nil, err
		}
	}
}

// mostStarts is how often the work is begun before it is given up.
const mostStarts = 3

// Stop implements Load.
func (a *atWork) Stop(ctx context.Context) (Measured, error) {
	seconds := a.Opened(a.since, maxSeconds)
	r, err := a.Workload.Stop(ctx)
	m := measured(&r)
	m.Seconds = seconds
	return m, err
}

// measured takes of a workload's account what a drill promises.
func measured(r *workload.Report) Measured {
	m := Measured{Figures: map[Figure]float64{
		Acknowledged: float64(r.Ledger.Acknowledged), Lost: float64(r.Ledger.Lost),
		Unchecked:  float64(len(r.Ledger.Unasked) + len(r.Log.Unasked) + r.Views.Unseen),
		Unrecorded: float64(r.Log.Unrecorded), Different: float64(r.Log.Different),
		Blanked: float64(r.Views.InTime + r.Views.Leases), BlankedLate: float64(r.Views.Late), NotBlanked: float64(r.Views.Not),
		Resumed: float64(r.Streams.Resumed), StreamsLost: float64(r.Streams.Lost), Doubts: float64(r.Streams.Doubts), Dark: r.Streams.Dark,
		Operations: float64(r.History.Operations), Unlawful: 0, Streamed: float64(r.Log.Streamed), Leased: float64(r.Views.Leases),
	}}
	if r.History.Verdict != history.OK {
		m.Figures[Unlawful] = float64(max(1, len(r.History.Where)))
		m.Remarks = append(m.Remarks, fmt.Sprintf("The history is %s. %s", r.History.Verdict, strings.Join(r.History.Where, "; ")))
	}
	for _, all := range [][]string{r.Ledger.Unasked, r.Log.Unasked} {
		for _, why := range all {
			m.Remarks = append(m.Remarks, "Not checked: "+why+".")
		}
	}
	if n := r.Views.Unseen; n > 0 {
		m.Remarks = append(m.Remarks, fmt.Sprintf("Not checked: %d changes of access that were not seen to count by the end.", n))
	}
	for _, p := range r.Phases {
		for _, c := range p.Kinds {
			m.Work = append(m.Work, Done{p.Name, c.Kind, c.Operations, c.Attempts, c.Failed + c.Refused, c.Unknown, c.Slow, round(c.Pause), round(c.P50), round(c.P99), round(c.Max)})
		}
	}
	from := slices.IndexFunc(r.Phases, func(p workload.Phase) bool { return p.Name == PhaseFault })
	if from >= 0 {
		if first := r.Phases[from].FirstOpen; first >= 0 {
			m.Figures[FirstOpen] = round(first)
		}
		for _, p := range r.Phases[from:] {
			m.add(p)
		}
	}
	for _, f := range r.Faults {
		m.Remarks = append(m.Remarks, fmt.Sprintf("At %.1f s of the work, %s: %s.", f.After, f.Kind, f.What))
	}
	return m
}

// add counts a phase in.
func (m *Measured) add(p workload.Phase) {
	for _, c := range p.Kinds {
		m.Figures[Requests] += float64(c.Operations)
		m.Figures[Attempts] += float64(c.Attempts)
		m.Figures[Failed] += float64(c.Failed + c.Refused)
		m.Figures[Unknown] += float64(c.Unknown)
		m.Figures[Slow] += float64(c.Slow)
		if c.Kind == "open" {
			m.Figures[Pause] = max(m.Figures[Pause], round(c.Pause))
			m.Figures[OpenP99] = max(m.Figures[OpenP99], round(c.P99))
		}
	}
}

func round(ms float64) float64 { return float64(int64(ms + 0.5)) }
