package standin

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// MaxGone bounds the cancelled rows that are remembered of one table. Past it a file
// is refused: to forget a cancellation would be to hide it from who asks.
const MaxGone = 100_000

// row is a row of a table. Two are the same when they are equal.
type row interface {
	comparable
	label() string           // its id in the file; empty: it has none
	over(at moment) bool     // its end has passed
	of(provider string) bool // it is this care provider's
}

// kept is a row with its id on the wire, and when it came and went.
type kept[T row] struct {
	row    T
	wire   string
	stored moment
	gone   moment // zero: it stands
}

// table keeps rows in the order that they came in.
type table[T row] struct {
	name     string
	forgets  bool // cancelled rows: the contract cannot tell of them
	rows     []*kept[T]
	versions map[string]int // how many rows have borne a label
}

// begin fills an empty table, as if the rows had come in one a second up to now.
func (t *table[T]) begin(all []T, at moment) {
	t.versions = map[string]int{}
	for i, r := range all {
		t.add(r, at-moment(len(all)-i))
	}
}

func (t *table[T]) add(r T, at moment) {
	label := r.label()
	key := label
	if key == "" {
		key = fmt.Sprintf("%v", r)
	}
	t.versions[key]++
	wire := label
	if n := t.versions[key]; wire == "" || n > 1 { // what changed is another row, and a unit's relation is many
		wire = uuid(t.name, key, strconv.Itoa(n))
	}
	t.rows = append(t.rows, &kept[T]{row: r, wire: wire, stored: at})
}

// change makes of one file's rows another's. It returns how many were cancelled.
func (t *table[T]) change(before, after []T, at moment) (cancelled int) {
	was, is := set(before), set(after)
	cancelled = t.cancel(at, func(k *kept[T]) bool { return was[k.row] && !is[k.row] })
	for _, r := range after {
		if !was[r] {
			t.add(r, at)
		}
	}
	return cancelled
}

// room reports whether a change can be remembered.
func (t *table[T]) room(before, after []T) error {
	gone, is := 0, set(after)
	for _, k := range t.rows {
		if k.gone != 0 {
			gone++
		}
	}
	for _, r := range before {
		if !is[r] {
			gone++
		}
	}
	if !t.forgets && gone > MaxGone {
		return fmt.Errorf("%w: more than %d cancelled %s", ErrFull, MaxGone, t.name)
	}
	return nil
}

func set[T comparable](all []T) map[T]bool {
	out := make(map[T]bool, len(all))
	for _, r := range all {
		out[r] = true
	}
	return out
}

// named finds rows by their label in the file or their id on the wire.
func named[T row](id string) func(*kept[T]) bool {
	return func(k *kept[T]) bool { return k.wire == id || k.row.label() == id }
}

// cancel takes back the standing rows that are meant. It returns how many.
func (t *table[T]) cancel(at moment, meant func(*kept[T]) bool) (n int) {
	for _, k := range t.rows {
		if k.gone == 0 && meant(k) {
			k.gone = at
			n++
		}
	}
	t.rows = slices.DeleteFunc(t.rows, func(k *kept[T]) bool {
		return k.gone != 0 && (t.forgets || k.row.over(at))
	})
	return n
}

// standing returns the rows that stand.
func (t *table[T]) standing(at moment) []*kept[T] {
	var all []*kept[T]
	for _, k := range t.rows {
		if k.gone == 0 && !k.row.over(at) {
			all = append(all, k)
		}
	}
	return all
}

// asked is what a delta is asked for.
type asked struct {
	provider  string
	since     moment
	cancelled bool // tell of cancellations too
	size      int
}

// page is a part of a delta: next is where the next begins.
type page[T row] struct {
	rows, gone []*kept[T]
	next       moment
	more       bool
}

// delta returns the first events of a care provider from a time on. A page ends
// between two seconds: a reader asks for a whole second, and would never get past one
// that holds more than a page.
func (t *table[T]) delta(a asked, at moment) page[T] {
	type event struct {
		at moment
		k  *kept[T]
	}
	var all []event
	for _, k := range t.rows {
		e := event{max(k.stored, k.gone), k}
		if k.row.of(a.provider) && !k.row.over(at) && e.at >= a.since && (k.gone == 0 || a.cancelled) {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(x, y event) int { return cmp.Compare(x.at, y.at) })
	n := min(a.size, len(all))
	for 0 < n && n < len(all) && all[n].at == all[n-1].at {
		n++
	}
	p := page[T]{next: at, more: n < len(all)}
	if p.more {
		p.next = all[n].at
	}
	for _, e := range all[:n] {
		if e.k.gone != 0 {
			p.gone = append(p.gone, e.k)
		} else {
			p.rows = append(p.rows, e.k)
		}
	}
	return p
}
