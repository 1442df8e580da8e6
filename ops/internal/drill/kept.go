package drill

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// What a drill that takes data away puts there before: a registration, and entries of the
// access log, which is where the reading of it is recorded too.
const (
	marker      = "SE5565594230-DRILL"
	markEntries = 8
)

// before is what every member had before the data was taken away.
type before struct {
	size   uint64   // entries of the access log
	digest [32]byte // of them, in order
	all    uint64   // entries that whoever the cluster is made of has: these too must be there
}

// errNotKept is what a node lacks that it had, or has otherwise.
var errNotKept = errors.New("it is not as it was")

// mark writes what must be there afterwards, waits until every member has it, and keeps
// what the access log was.
func (r *run) mark(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, caughtWithin)
	defer cancel()
	o, leader := r.target.Operator, r.watch.leader()
	done, err := o.Register(ctx, leader, admin.Source{ID: marker, Contracts: []string{protocol.CareDocumentation.String()}})
	if err != nil {
		return fmt.Errorf("registering what must be kept: %w", err)
	}
	for range markEntries {
		if _, err := o.Record(ctx, leader, 0, 1); err != nil {
			return fmt.Errorf("writing to the access log what must be kept: %w", err)
		}
	}
	last, err := o.Canary(ctx, leader)
	if err != nil {
		return err
	}
	err = until(ctx, func(context.Context) error {
		if late := r.watch.behind(r.others(""), max(done.Index, last.Index)); len(late) > 0 {
			return fmt.Errorf("%w: %v", ErrUnhealthy, late)
		}
		return nil
	})
	if err != nil {
		return err
	}
	kept, err := r.logOf(ctx, leader, markEntries)
	if err != nil {
		return err
	}
	r.before = &kept
	r.figures[Held] = float64(kept.size)
	r.watch.note(KindCheck, fmt.Sprintf("every member has %s and %d entries of the access log", marker, kept.size))
	return nil
}

// logOf reads the first entries of a node's access log. Reading is recorded as well, after
// them.
func (r *run) logOf(ctx context.Context, id string, size uint64) (before, error) {
	page, err := r.target.Operator.Record(ctx, id, 0, int(size))
	if err != nil {
		return before{}, err
	}
	return digestOf(page.Entries)
}

// digestOf is what some entries are told by.
func digestOf(entries []admin.RecordEntry) (before, error) {
	text, err := json.Marshal(entries)
	return before{size: uint64(len(entries)), digest: sha256.Sum256(text)}, err
}

// keptAll looks on every data node whether what was there before is there as it was, and
// counts where it is not. A node that cannot be asked has not kept it.
func (r *run) keptAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, caughtWithin)
	defer cancel()
	r.figures[Vanished] = 0
	for _, m := range r.top.Members {
		if m.Role != admin.RoleData {
			continue
		}
		if err := r.keptAt(ctx, m.ID); err != nil {
			r.figures[Vanished]++
			r.watch.note(KindCheck, fmt.Sprintf("%s has not what was there before: %v", m.ID, err))
			continue
		}
		r.watch.note(KindCheck, fmt.Sprintf("%s has what was there before: %s and %d entries of the access log", m.ID, marker, r.before.size))
	}
}

func (r *run) keptAt(ctx context.Context, id string) error {
	now, err := r.logOf(ctx, id, r.before.size)
	if err != nil {
		return fmt.Errorf("the access log: %w", err)
	}
	if err := r.before.is(now); err != nil {
		return err
	}
	if r.before.all > 0 {
		last, err := r.target.Operator.Record(ctx, id, r.before.all-1, 1)
		if err != nil || len(last.Entries) == 0 {
			return fmt.Errorf("entry %d of the access log: %w", r.before.all, errors.Join(errNotKept, err))
		}
	}
	all, err := r.target.Operator.Sources(ctx, id)
	if err != nil {
		return fmt.Errorf("the registrations: %w", err)
	}
	if !slices.ContainsFunc(all.Sources, func(s admin.Source) bool { return s.ID == marker }) {
		return fmt.Errorf("%s: %w", marker, errNotKept)
	}
	return nil
}

// is compares the beginning of an access log with what it was.
func (b before) is(now before) error {
	if now.size != b.size || now.digest != b.digest {
		return fmt.Errorf("the first %d entries of the access log: %w", b.size, errNotKept)
	}
	return nil
}

// keeps is what is promised of what was there before.
func keeps(own ...Promise) []Promise {
	return append(own, Promise{"What was there before is there as it was, on every data node: a registration, and the access log", Vanished, 0})
}
