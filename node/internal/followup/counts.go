package followup

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"hash/maphash"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"time"

	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// The series of counts.
const (
	seriesLookups  = "lookups" // unique pairs of user and session
	seriesUsers    = "users"
	seriesPatients = "patients"
)

// cell is a place in a table of counts: a label of a family (month, hour, weekday,
// care provider) of a series.
type cell struct{ series, family, label string }

// tally counts what is unique in each cell. What is counted is kept as a hash under a
// seed of its own: 64 bits of it are enough for fewer than a million.
type tally struct {
	seed  maphash.Seed
	cells map[cell]map[uint64]struct{}
}

func newTally() *tally {
	return &tally{seed: maphash.MakeSeed(), cells: map[cell]map[uint64]struct{}{}}
}

type pair struct{ a, b string }

func (t *tally) add(c cell, what pair) {
	set := t.cells[c]
	if set == nil {
		set = map[uint64]struct{}{}
		t.cells[c] = set
	}
	set[maphash.Comparable(t.seed, what)] = struct{}{}
}

// counts answers the reports that are numbers. The whole period is read in one call:
// numbers of parts could not be put together.
func (q *query) counts(ctx context.Context) ([]protocol.Count, error) {
	t := newTally()
	err := q.whole(ctx, func(v *raftfsm.View, e entry) error {
		if e.Activity != record.Read || !e.Decision.Permit {
			return nil
		}
		if q.f.Report == protocol.ReportOwner {
			q.readByOther(v, t, e)
		} else if q.isOwn(e) {
			q.use(t, e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := t.told()
	return all[:min(len(all), protocol.MaxReportRows)], nil
}

// readByOther counts another care provider's reading of the own one's information.
func (q *query) readByOther(v *raftfsm.View, t *tally, e entry) {
	if q.isOwn(e) || !slices.ContainsFunc(e.Scope.Resources, func(r record.Resource) bool { return r.CareProvider == q.own }) {
		return
	}
	label := q.provider(v, e.Actor.CareProvider.Reveal(), e.Actor.CareProviderName)
	t.add(cell{seriesLookups, "", label}, pair{e.Actor.Employee.Reveal(), e.Session})
}

// use counts the own staff's use, by Swedish month, hour and weekday.
func (q *query) use(t *tally, e entry) {
	at := timeIn(e.At, q.s.zone)
	user := e.Actor.Employee.Reveal()
	weekday := (int(at.Weekday())+6)%7 + 1 // Monday is 1
	labels := [...][2]string{{"month", at.Format("2006-01")}, {"hour", at.Format("15")}, {"weekday", strconv.Itoa(weekday)}}
	for _, l := range labels {
		t.add(cell{seriesLookups, l[0], l[1]}, pair{user, e.Session})
		t.add(cell{seriesUsers, l[0], l[1]}, pair{a: user})
		t.add(cell{seriesPatients, l[0], l[1]}, pair{a: e.Patient.Reveal()})
	}
}

// told is what is told of a tally: small numbers are not, and neither is a family from
// which one of them could be computed. The families of a series add up to about the
// same, so a lone small number, or several that can only be the smallest or the
// largest, would follow from another family's sum.
func (t *tally) told() []protocol.Count {
	var all []protocol.Count
	for _, series := range []string{seriesLookups, seriesUsers, seriesPatients} {
		var told int
		for _, family := range []string{"", "hour", "weekday", "month"} {
			counts, computable := t.family(series, family)
			last := family == "month" && told == 0 // alone there is nothing to compute from
			if family != "" && computable && !last {
				continue
			}
			told += len(counts)
			all = append(all, counts...)
		}
	}
	slices.SortFunc(all, func(a, b protocol.Count) int {
		return cmp.Or(cmp.Compare(a.Series, b.Series), cmp.Compare(len(b.Label), len(a.Label)), cmp.Compare(a.Label, b.Label))
	})
	return all
}

// family lists the counts of one family of a series. computable: whoever knows their
// sum knows a small one of them.
func (t *tally) family(series, family string) (counts []protocol.Count, computable bool) {
	small, sum := 0, 0
	for c, set := range t.cells {
		if c.series != series || c.family != family {
			continue
		}
		n := len(set)
		count := protocol.Count{Series: series, Label: c.label, Number: uint32(n)}
		if n < few {
			count.Number, count.Few = 0, true
			small, sum = small+1, sum+n
		}
		counts = append(counts, count)
	}
	return counts, small == 1 || small > 0 && (sum == small || sum == small*(few-1))
}

// sample draws entries of the period for review, of those that have none.
func (q *query) sample(ctx context.Context) ([]protocol.LogRow, error) {
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // ends the process rather than fail
	drawn := mathrand.New(mathrand.NewChaCha8(seed))
	picked, met := make([]uint64, 0, sampleSize), 0
	err := q.whole(ctx, func(v *raftfsm.View, e entry) error {
		if !q.isOwn(e) || !discloses(e) {
			return nil
		}
		review, _, err := q.s.review(v, e.ID)
		if err != nil || review.Outcome != protocol.ReviewNone {
			return err
		}
		met++
		if len(picked) < sampleSize {
			picked = append(picked, e.sequence)
		} else if i := drawn.IntN(met); i < sampleSize {
			picked[i] = e.sequence
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(picked)
	v, err := q.s.cfg.State.View()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	var rows []protocol.LogRow
	for _, sequence := range picked {
		e, ok, err := q.s.entryAt(v, sequence)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		row, err := q.row(v, e)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// whole reads a period to its end, or refuses it.
func (q *query) whole(ctx context.Context, visit func(v *raftfsm.View, e entry) error) error {
	_, more, err := q.s.walk(ctx, scan{from: q.f.From, to: q.f.To, limit: maxCounted}, func(v *raftfsm.View, e entry) (bool, error) {
		return true, visit(v, e)
	})
	if err == nil && more {
		return fmt.Errorf("%w: more than %d entries in the period: choose a shorter one", ErrTerms, maxCounted)
	}
	return err
}

// wholeMonths widens a period to the Swedish months that it touches.
func wholeMonths(from, to protocol.Instant, zone *time.Location) (first, last protocol.Instant) {
	a, b := timeIn(from, zone), timeIn(to, zone)
	first = protocol.Instant(time.Date(a.Year(), a.Month(), 1, 0, 0, 0, 0, zone).UnixMilli())
	last = protocol.Instant(time.Date(b.Year(), b.Month()+1, 1, 0, 0, 0, 0, zone).UnixMilli()) - 1
	return max(first, 1), last
}
