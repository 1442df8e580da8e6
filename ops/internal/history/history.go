// Package history holds what clients of the gate asked and were told against a model of
// it: whether there is an order of all that happened, one thing after another, that
// explains every answer and contradicts no clock.
//
// It owns the model and the verdict. What is modelled are acts that go through the log:
// a record delivered, a consent given and ended, a patient opened, a view shown; and
// blocks, which count from some moment between that the service tells of them and that a
// view was seen to honour them. What open views show by and by is not: it follows. It
// must never call a history good that it did not finish checking.
package history

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Group is whose records are meant, from where the reader stands. What is permitted of
// one says nothing of another, so each group of each patient is an object by itself.
type Group uint8

// The groups.
const (
	Own   Group = iota // the own care unit's: shown always
	Next               // another unit's of the same care provider: a block hides them
	Other              // another care provider's: shown with consent, and a block hides them
)

// Groups are all of them.
func Groups() []Group { return []Group{Own, Next, Other} }

func (g Group) String() string {
	return [...]string{"own unit", "next unit", "other provider"}[g]
}

// MaxDocs is how many documents of a group are told apart. The first is there from the
// beginning.
const MaxDocs = 256

// Docs is a set of documents, by number.
type Docs [MaxDocs / 64]uint64

// With returns the set with a document in it.
func (d Docs) With(n int) Docs {
	d[n/64] |= 1 << (n % 64)
	return d
}

// Base is what is there from the beginning.
func Base() Docs { return Docs{}.With(0) }

// Kind is what was done.
type Kind uint8

// The kinds.
const (
	Ingest  Kind = iota // document Doc was delivered
	Consent             // a consent was registered (On), or all were ended
	Block               // a block was put (On), or taken back
	Open                // a patient was opened: On says whether on a consent
	Show                // a view was shown: Docs of the group were in it
)

func (k Kind) String() string {
	return [...]string{"ingest", "consent", "block", "open", "show"}[k]
}

// Unknown is the return of what was never answered: it may have happened at any time
// since it was asked for, or not at all.
const Unknown = time.Duration(math.MaxInt64)

// Op is one thing that was done about a group of a patient's records. Call and Return
// are on one clock.
type Op struct {
	Patient, Client int
	Group           Group
	Kind            Kind
	Doc             int
	On              bool
	Docs            Docs
	Call, Return    time.Duration
}

func (o Op) reads() bool { return o.Kind == Open || o.Kind == Show }

// state is what a group is like.
type state struct {
	docs             Docs
	consent, blocked bool
}

// shown is what a view shows of it.
func (s state) shown(g Group) Docs {
	if g != Own && s.blocked || g == Other && !s.consent {
		return Docs{}
	}
	return s.docs
}

// step is the model: whether the operation can have happened in the state, and the
// state after it.
func step(was, input, _ any) (bool, any) {
	s, o := was.(state), input.(Op)
	switch o.Kind {
	case Ingest:
		s.docs = s.docs.With(o.Doc)
	case Consent:
		s.consent = o.On
	case Block:
		s.blocked = o.On
	case Open:
		return s.consent == o.On, s
	case Show:
		return s.shown(o.Group) == o.Docs, s
	}
	return true, s
}

func model() porcupine.Model {
	return porcupine.Model{Init: func() any { return state{docs: Base()} }, Step: step}
}

// Verdict says how a history was found.
type Verdict string

// The verdicts. The zero value is none.
const (
	OK        Verdict = "ok"
	Illegal   Verdict = "illegal"
	Undecided Verdict = "unknown" // the time was out before it was checked
)

// Result is what checking found.
type Result struct {
	Verdict    Verdict       `json:"verdict"`
	Operations int           `json:"operations"`
	Unknown    int           `json:"unknown"` // of them, whose outcome nobody knows
	Objects    int           `json:"objects"`
	Undecided  int           `json:"undecided"` // objects that were not finished
	Took       time.Duration `json:"took_ns"`
	Where      []string      `json:"where,omitempty"` // each object that no order explains, and by which operation at the latest
}

// Disclosures is a history without the answers that withheld something: where nodes' clocks
// differ, a consent may count at one node and not yet at another, and what is then to be
// explained is what was shown.
func Disclosures(ops []Op) []Op {
	return slices.DeleteFunc(slices.Clone(ops), func(o Op) bool {
		return o.Kind == Open && !o.On || o.Kind == Show && o.Docs == Docs{}
	})
}

// Check checks a history, every object by itself, in a bounded time.
func Check(ops []Op, within time.Duration) Result {
	started := time.Now()
	left := func() time.Duration { return within - time.Since(started) }
	r := Result{Verdict: OK}
	objects := map[[2]int][]Op{}
	for _, o := range ops {
		if o.Return == Unknown {
			if r.Unknown++; o.reads() {
				continue // it tells nothing
			}
		}
		r.Operations++
		key := [2]int{o.Patient, int(o.Group)}
		objects[key] = append(objects[key], o)
	}
	r.Objects = len(objects)
	for key, all := range objects {
		switch check(all, left()) {
		case porcupine.Illegal:
			r.Where = append(r.Where, fmt.Sprintf("patient %d, %v: %s", key[0], Group(key[1]), blame(all, left)))
		case porcupine.Unknown:
			r.Undecided++
		}
	}
	slices.Sort(r.Where)
	switch {
	case len(r.Where) > 0:
		r.Verdict = Illegal
	case r.Undecided > 0:
		r.Verdict = Undecided
	}
	r.Took = time.Since(started)
	return r
}

func check(ops []Op, within time.Duration) porcupine.CheckResult {
	if within <= 0 {
		return porcupine.Unknown // to the checker it would mean without end
	}
	all := make([]porcupine.Operation, len(ops))
	for i, o := range ops {
		all[i] = porcupine.Operation{Input: o, Call: int64(o.Call), Return: int64(o.Return)}
	}
	return porcupine.CheckOperationsTimeout(model(), all, within)
}

// blame finds the answer that made the history one that no order explains: the last of
// the shortest beginning that has none.
func blame(ops []Op, left func() time.Duration) string {
	ends := slices.Clone(ops)
	ends = slices.DeleteFunc(ends, func(o Op) bool { return o.Return == Unknown })
	slices.SortFunc(ends, func(a, b Op) int { return cmp.Compare(a.Return, b.Return) })
	at, _ := slices.BinarySearchFunc(ends, porcupine.Illegal, func(o Op, want porcupine.CheckResult) int {
		if check(until(ops, o.Return), left()) == want {
			return 0
		}
		return -1
	})
	if at >= len(ends) {
		return "found only in the whole"
	}
	o := ends[at]
	answer := ""
	switch {
	case o.Kind == Open && o.On:
		answer = " on a consent"
	case o.Kind == Open:
		answer = " without a consent"
	case o.Kind == Show && o.Docs == Docs{}:
		answer = " of nothing"
	}
	return fmt.Sprintf("%v%s by client %d, asked at %v and answered at %v", o.Kind, answer, o.Client, o.Call, o.Return)
}

// until is what of a history was known at a time.
func until(ops []Op, at time.Duration) (known []Op) {
	for _, o := range ops {
		if o.Return > at {
			if o.reads() || o.Call > at {
				continue
			}
			o.Return = Unknown
		}
		known = append(known, o)
	}
	return known
}
