package workload

import (
	"context"
	"time"

	"tvilling/ops/internal/history"
)

const (
	stopWithin = 30 * time.Second // for what was begun when everybody is told to finish
	lookEvery  = 50 * time.Millisecond
)

// since is a time on the workload's clock.
func (w *Workload) since(at time.Time) time.Duration { return at.Sub(w.tally.started) }

// halt lets everybody finish what is begun.
func (w *Workload) halt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deadline.IsZero() {
		w.deadline = time.Now().Add(stopWithin)
	}
	w.stop()
}

// overdue reports whether what was begun has had its time, after everybody was told to
// finish.
func (w *Workload) overdue() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.deadline.IsZero() && time.Now().After(w.deadline)
}

// wrong keeps a fault that is no operation's.
func (w *Workload) wrong(kind string, err error) {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	if len(w.tally.faults) < maxFaults {
		w.tally.faults = append(w.tally.faults, Fault{After: w.tally.now().Seconds(), Kind: kind, What: err.Error()})
	}
}

// disclosed keeps what a client was given. There are no more of them than operations.
func (k *kept) disclosed(d disclosure) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.given = append(k.given, d)
}

// acknowledged keeps a record that a node has acknowledged, at an index.
func (k *kept) acknowledged(r record, index uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.records, k.index = append(k.records, r), max(k.index, index)
}

// lived keeps an operation of the history. When there are very many, those that only
// read are left out: that takes away nothing that another rests on.
func (k *kept) lived(o history.Op) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if reads := o.Kind == history.Open || o.Kind == history.Show; reads && len(k.ops) >= maxReads {
		return
	}
	k.ops = append(k.ops, o)
}

// told begins a change that takes something from views; the function that is returned
// says since when it was seen to count.
func (k *kept) told(what string) (done func(seen time.Time)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := len(k.changes)
	k.changes = append(k.changes, change{what: what, told: time.Now()})
	k.standing[what] = at
	return func(seen time.Time) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.changes[at].seen = seen
	}
}

// lifts ends a change, before it is taken back.
func (k *kept) lifts(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at, stands := k.standing[what]; stands {
		k.changes[at].lifted = time.Now()
		delete(k.standing, what)
	}
}

// blank waits until no stream shows what a change takes, or until it has had its time.
func (w *Workload) blank(ctx context.Context, what string) {
	for until := time.Now().Add(blankIn + time.Second); time.Now().Before(until) && w.anyShows(what) && !w.overdue(); {
		if pause(ctx, lookEvery) != nil {
			return
		}
	}
}

func (w *Workload) anyShows(what string) bool {
	for i := range w.streams {
		for kind, one := range w.streams[i].what {
			if one == what && w.streams[i].Shown(kind) {
				return true
			}
		}
	}
	return false
}
