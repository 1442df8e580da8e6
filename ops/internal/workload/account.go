package workload

import (
	"container/heap"
	"slices"
	"time"

	"tvilling/ops/internal/viewer"
)

// record is a delivery that was acknowledged: whose record, and by which name it can be
// found again.
type record struct{ patient, name string }

// names is which records of a patient were found.
type names map[string]map[string]bool

// account compares what was acknowledged with what each node shows. A record that one
// node does not have is lost; one of a patient of whom something may be hidden is not
// counted as found or lost.
func account(acknowledged []record, found map[string]names, hidden map[string]bool) Ledger {
	l := Ledger{Acknowledged: len(acknowledged), Found: map[string]int{}}
	for node := range found {
		l.Found[node] = 0
	}
	for _, r := range acknowledged {
		if hidden[r.patient] {
			l.Unchecked++
			continue
		}
		missing := false
		for node, has := range found {
			if has[r.patient][r.name] {
				l.Found[node]++
			} else {
				missing = true
			}
		}
		if missing {
			l.Lost++
		}
	}
	return l
}

// disclosure is something that a client was given, and so must be recorded: by whom,
// and between when.
type disclosure struct {
	node     string
	shown    bool // else the patient was opened alone
	from, to time.Time
}

// entry is one of the access log, of a patient opened or of something shown.
type entry struct {
	sequence uint64
	id       string
	node     string
	shown    bool
	at       time.Time
}

// unrecorded counts the disclosures that have no entry of their own: of that node, of
// that activity, and made between the question and the answer, as far as two clocks
// agree. Each takes, of the entries that it may, the one that the fewest others can.
func unrecorded(given []disclosure, entries []entry, slack time.Duration) (without int) {
	type group struct {
		node  string
		shown bool
	}
	times, wants := map[group][]time.Time{}, map[group][]disclosure{}
	for _, e := range entries {
		times[group{e.node, e.shown}] = append(times[group{e.node, e.shown}], e.at)
	}
	for _, d := range given {
		d.from, d.to = d.from.Add(-slack), d.to.Add(slack)
		wants[group{d.node, d.shown}] = append(wants[group{d.node, d.shown}], d)
	}
	for g, all := range wants {
		slices.SortFunc(times[g], time.Time.Compare)
		without += len(all) - matched(all, times[g])
	}
	return without
}

// matched is how many disclosures can have a time of their own. At each time, of those
// that have begun, the one that ends first takes it.
func matched(all []disclosure, times []time.Time) (n int) {
	slices.SortFunc(all, func(a, b disclosure) int { return a.from.Compare(b.from) })
	var waiting ends
	next := 0
	for _, at := range times {
		for ; next < len(all) && !all[next].from.After(at); next++ {
			heap.Push(&waiting, all[next].to)
		}
		for len(waiting) > 0 {
			if to := heap.Pop(&waiting).(time.Time); !to.Before(at) {
				n++
				break
			}
		}
	}
	return n
}

// ends is a heap.Interface: the first end comes first.
type ends []time.Time

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i].Before(e[j]) }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *ends) Push(t any)        { *e = append(*e, t.(time.Time)) }

func (e *ends) Pop() any {
	all := *e
	*e = all[:len(all)-1]
	return all[len(all)-1]
}

// different counts entries that are not the same on every node: another id at a number,
// or none.
func different(nodes map[string][]entry) (n int) {
	seen := map[uint64]map[string]int{}
	for _, all := range nodes {
		for _, e := range all {
			if seen[e.sequence] == nil {
				seen[e.sequence] = map[string]int{}
			}
			seen[e.sequence][e.id]++
		}
	}
	for _, ids := range seen {
		same := false
		for _, times := range ids {
			same = len(ids) == 1 && times == len(nodes)
		}
		if !same {
			n++
		}
	}
	return n
}

// change takes something from the views that show it: since when it is told, since when
// it was seen to count, and until when. Zero: it was not seen, it still stands.
type change struct {
	what               string
	told, seen, lifted time.Time
}

// sight is when a view showed something that a change can take.
type sight struct {
	what  string
	times []viewer.Interval
}

// blanked finds when every view that a change touches lost what it takes. bound is how
// long it may take from when the change counts; at the end some views still stand.
func blanked(changes []change, sights []sight, bound time.Duration, end time.Time) (v Views) {
	of := map[string][]sight{}
	for _, s := range sights {
		of[s.what] = append(of[s.what], s)
	}
	var told, seen []time.Duration
	for _, c := range changes {
		v.Changes++
		if c.seen.IsZero() {
			v.Unseen++
			continue
		}
		until := c.lifted
		if until.IsZero() {
			until = end
		}
		for _, s := range of[c.what] {
			for _, i := range s.times {
				if !i.From.Before(until) || !i.To.IsZero() && !i.To.After(c.told) {
					continue // not while the change stands
				}
				v.Touched++
				took := i.To.Sub(c.seen)
				switch {
				case i.To.IsZero() && until.Sub(c.seen) > bound, i.To.After(until) && until.Sub(c.seen) > bound:
					v.Not++
				case i.To.IsZero(), i.To.After(until):
					v.Undecided++
				default:
					if took > bound {
						v.Late++
					} else {
						v.InTime++
					}
					told, seen = append(told, i.To.Sub(c.told)), append(seen, took)
				}
			}
		}
	}
	v.FromTold, v.FromSeen = spread(told), spread(seen)
	return v
}
