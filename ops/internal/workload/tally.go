package workload

import (
	"slices"
	"sync"
	"time"
)

// What is done.
type kind uint8

const (
	open    kind = iota // a patient is opened and everything shown
	put                 // a record is delivered
	consent             // a consent is registered, or ended
	kinds
)

func (k kind) String() string { return [...]string{"open", "put", "consent"}[k] }

// outcome is how an operation ended.
type outcome uint8

const (
	succeeded outcome = iota
	expected          // refused, as it should be
	refused           // refused for good, and should not be
	failed            // given up
	unknown           // given up, and nobody knows whether it was done
)

// Limits of a workload.
const (
	maxOperations = 500_000
	maxTime       = 2 * time.Hour
	maxFaults     = 20
	slowAfter     = time.Second
)

// sample is one operation. Times are since the workload began.
type sample struct {
	kind         kind
	outcome      outcome
	attempts     uint16
	began, ended time.Duration
}

// mark is where a phase begins.
type mark struct {
	name string
	at   time.Duration
}

// tally keeps what was done, in the order in which it ended.
type tally struct {
	started time.Time

	mu      sync.Mutex // guards the rest
	samples []sample
	marks   []mark
	faults  []Fault
	full    bool
}

func (t *tally) now() time.Duration { return time.Since(t.started) }

// add keeps an operation that has ended now, and reports whether there is room for more.
func (t *tally) add(s sample, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.ended = t.now()
	if len(t.samples) < maxOperations {
		t.samples = append(t.samples, s)
	}
	if why != nil && s.outcome > expected && len(t.faults) < maxFaults {
		t.faults = append(t.faults, Fault{After: s.ended.Seconds(), Kind: s.kind.String(), What: why.Error()})
	}
}

// room reports whether more may be done.
func (t *tally) room() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.full = t.full || len(t.samples) >= maxOperations || t.now() >= maxTime
	return !t.full
}

func (t *tally) phase(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.marks = append(t.marks, mark{name, t.now()})
}

// phases counts what was done between the marks, until an end. Samples are in the order
// of their ends.
func phases(samples []sample, marks []mark, end time.Duration) []Phase {
	var all []Phase
	var last [kinds]time.Duration // success of each kind; before the first: the beginning
	if len(marks) > 0 {
		for k := range last {
			last[k] = marks[0].at
		}
	}
	for i, m := range marks {
		until := end
		if i+1 < len(marks) {
			until = marks[i+1].at
		}
		from, _ := slices.BinarySearchFunc(samples, m.at, func(s sample, at time.Duration) int { return int(s.ended - at) })
		to, _ := slices.BinarySearchFunc(samples, until, func(s sample, at time.Duration) int { return int(s.ended - at) })
		if i+1 == len(marks) {
			to = len(samples)
		}
		p := Phase{Name: m.name, After: m.at.Seconds(), Seconds: (until - m.at).Seconds(), FirstOpen: firstOpen(samples[from:], m.at)}
		for k := range kinds {
			if c, some := count(k, samples[from:to], &last[k], m.at, until); some {
				p.Kinds = append(p.Kinds, c)
			}
		}
		all = append(all, p)
	}
	return all
}

// firstOpen is how long after a beginning the first open succeeded that was asked for
// after it; negative: none did. It may be in a later phase.
func firstOpen(samples []sample, at time.Duration) float64 {
	for _, s := range samples {
		if s.kind == open && s.outcome == succeeded && s.began >= at {
			return millis(s.ended - at)
		}
	}
	return -1
}

// count counts a kind in a phase. A pause that reaches into the phase is the phase's
// with its whole length; one that reaches out of it is its as far as it lasts in it.
func count(k kind, samples []sample, last *time.Duration, from, until time.Duration) (c Count, some bool) {
	c.Kind = k.String()
	var took []time.Duration
	var pause time.Duration
	for _, s := range samples {
		if s.kind != k {
			continue
		}
		c.Operations++
		c.Attempts += int(s.attempts)
		if s.ended-s.began > slowAfter {
			c.Slow++
		}
		switch s.outcome {
		case succeeded:
			took = append(took, s.ended-s.began)
			pause, *last = max(pause, s.ended-*last), s.ended
		case expected:
			c.Expected++
		case refused:
			c.Refused++
		case failed:
			c.Failed++
		case unknown:
			c.Unknown++
		}
	}
	if c.Operations == 0 {
		return c, false
	}
	c.OK = len(took)
	c.Pause = millis(max(pause, until-*last))
	c.Rate = float64(c.OK) / max(until-from, time.Millisecond).Seconds()
	all := spread(took)
	c.P50, c.P99, c.Max = all.P50, all.P99, all.Max
	return c, true
}
