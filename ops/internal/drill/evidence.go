package drill

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// absence is how long a node did not answer, or heard no leader, without a moment between.
type absence struct {
	away    bool
	since   int64 // it is; only what was heard counts, so that it is rather too short
	longest int64
}

// after is an absence when the node was asked once more.
func (a absence) after(away bool, at int64) absence {
	if away && !a.away {
		a.since = at
	}
	if a.away = away; away {
		a.longest = max(a.longest, at-a.since)
	}
	return a
}

// hearsOne reports whether a node says that it hears a leader. One that does not say so
// is not taken for one that hears none.
func hearsOne(checks []admin.Check) bool {
	return !slices.ContainsFunc(checks, func(c admin.Check) bool { return c.Name == "leader" && !c.OK })
}

func newWatch(began time.Time, say func(string)) *watch {
	return &watch{began: began, say: say, nodes: map[string]admin.Member{}, last: map[string]admin.Member{}, absence: map[string]absence{}}
}

// strike says whom a fault hits from now on: every node of one of the sides must be seen
// to be away.
func (w *watch) strike(sides ...[]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ids := range sides {
		w.sides = append(w.sides, slices.Clone(ids))
		for _, id := range ids {
			w.absence[id] = absence{}
		}
	}
}

// away is how long the side that was away longest was so, as its best node has it, if any
// was hit.
func (w *watch) away() (most float64, struck bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ids := range w.sides {
		if len(ids) == 0 {
			continue
		}
		least := w.absence[ids[0]].longest
		for _, id := range ids {
			least = min(least, w.absence[id].longest)
		}
		most, struck = max(most, float64(least)), true
	}
	return most, struck
}

// lastHeard is every node as it was when it was last heard.
func (w *watch) lastHeard() map[string]admin.Member {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.last)
}

// sinceThen counts what has become of the members since the fault.
func (r *run) sinceThen(before map[string]admin.Member) {
	now := r.watch.lastHeard()
	anew, replaced, least := 0, 0, uint32(0)
	for i, id := range r.others("") {
		was, is := before[id], now[id]
		if was.Started != "" && is.Started != was.Started {
			anew++
		}
		if was.Version != "" && is.Version != was.Version {
			replaced++
		}
		raised := is.Generation - min(was.Generation, is.Generation)
		if i == 0 || raised < least {
			least = raised
		}
	}
	r.figures[Anew], r.figures[Replaced], r.figures[Generations] = float64(anew), float64(replaced), float64(least)
}

// feedLeast is older than any service that answers lets it become, ms.
const feedLeast = 10_000

// blocksAge measures how old what is known of blocks is. When nobody tells, it is not
// measured.
func (r *run) blocksAge(ctx context.Context) {
	status, err := r.target.Operator.Status(ctx, "")
	if err != nil {
		r.watch.note(KindCheck, fmt.Sprintf("nobody tells how old what is known of blocks is: %v", err))
		return
	}
	for _, f := range status.Feeds {
		if f.Name == "blocks" {
			r.figures[FeedAge] = float64(f.AgeSeconds * 1000)
			r.watch.note(KindCheck, fmt.Sprintf("what is known of blocks is %d s old", f.AgeSeconds))
		}
	}
}

// What crosses a slow line for the drill to see that it is slow. At slowBits the rows take
// 370 ms, which no machine is faster than, and a busy one is below 100 ms without.
const (
	crossingRows  = 600
	crossingTimes = 3
	crossingEvery = 10 * time.Millisecond
	crossingLeast = 250 // ms
)

// crossing has a table of some size written at the leader, some times, and measures how
// long it takes at least to reach every node of the other site. The table that was is put
// back.
func (r *run) crossing(ctx context.Context) (least time.Duration, err error) {
	o, leader := r.target.Operator, r.watch.leader()
	was, err := o.Coverage(ctx, leader)
	if err != nil {
		return 0, fmt.Errorf("reading the table of coverage: %w", err)
	}
	for n := range crossingTimes {
		took, err := r.crossOnce(ctx, leader, wideTable(n))
		if err != nil {
			return 0, fmt.Errorf("writing a large table: %w", err)
		}
		if n == 0 || took < least {
			least = took
		}
	}
	if _, err := o.PutCoverage(ctx, leader, was); err != nil {
		return 0, fmt.Errorf("putting the table of coverage back: %w", err)
	}
	r.watch.note(KindCheck, fmt.Sprintf("a large write takes %v at least to reach every node of site %s", least.Round(time.Millisecond), r.otherSite()))
	return least, nil
}

func (r *run) crossOnce(ctx context.Context, leader string, t admin.CoverageTable) (time.Duration, error) {
	began := time.Now()
	done, err := r.target.Operator.PutCoverage(ctx, leader, t)
	if err != nil {
		return 0, err
	}
	for _, id := range r.at(r.otherSite()) {
		for {
			h, err := r.asked(ctx, id)
			if err == nil && h.Member.AppliedIndex >= done.Index {
				break
			}
			if err := rest(ctx, crossingEvery); err != nil {
				return 0, err
			}
		}
	}
	return time.Since(began), nil
}

// wideTable is a table of coverage with long names, another for each number.
func wideTable(n int) admin.CoverageTable {
	var t admin.CoverageTable
	for i := range crossingRows {
		t.Rows = append(t.Rows, admin.CoverageRow{CareProvider: fmt.Sprintf("SE5565594230-%04d", i), Contract: protocol.CareDocumentation.String(),
			Name: fmt.Sprintf("Drill %d %s", n, strings.Repeat("-", 110)), Since: "2024-01-01"})
	}
	return t
}
