package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tvilling/ops/internal/history"
	"tvilling/ops/internal/viewer"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Limits of the account.
const (
	checkWithin  = 2 * time.Minute  // the histories
	tidyWithin   = 30 * time.Second // a patient as it is wanted
	streamWithin = 15 * time.Second // every stream shows its view again
	applyWithin  = time.Minute      // a node has what was acknowledged
	askWithin    = time.Minute      // a node shows all patients of the ledger
	askAgain     = 200 * time.Millisecond
	pageSize     = 1000 // entries
	readWithin   = 2 * time.Minute
)

// The words of the access log that are counted.
const (
	activityOpen = "Öppna patient"
	activityRead = "Läsa"
	permitted    = "permit"
)

// errMissing is a node that does not have what it must.
var errMissing = errors.New("the node does not have everything")

// tidy brings a changing patient to where a consent stands, or none, and waits until no
// block hides anything.
func (w *Workload) tidy(ctx context.Context, k int, consented bool) error {
	ctx, cancel := context.WithTimeout(ctx, tidyWithin)
	defer cancel()
	err := errMissing
	for at := k; err != nil; at++ {
		if err = w.tidied(ctx, w.origins[at%len(w.origins)], changing(k), consented); err != nil && pause(ctx, askAgain) != nil {
			return fmt.Errorf("changing patient %d: %w", k, err)
		}
	}
	return nil
}

func (w *Workload) tidied(ctx context.Context, origin, patient string, consented bool) error {
	v, err := viewer.Dial(ctx, origin, personKey(0))
	if err != nil {
		return err
	}
	defer v.Close()
	opened, err := v.Open(ctx, patient)
	if err != nil {
		return err
	}
	switch is := opened.Basis == protocol.BasisConsent; {
	case consented && !is:
		err = v.Consent(ctx)
	case !consented && is:
		err = v.EndConsent(ctx)
	}
	if err != nil {
		return err
	}
	items, err := v.Show(ctx)
	if err != nil {
		return err
	}
	docs := w.documents(items)
	hidden, shown := (docs[history.Next] == history.Docs{}), (docs[history.Other] != history.Docs{})
	if hidden || shown != consented {
		return fmt.Errorf("%w: consent %v: another unit's records are hidden: %v, another care provider's are shown: %v", errMissing, consented, hidden, shown)
	}
	return nil
}

// streamsAtTheEnd waits until every stream shows its view, and tells what they went
// through.
func (w *Workload) streamsAtTheEnd(ctx context.Context, r *Report) {
	lost := func() (n int) {
		for i := range w.streams {
			if !w.streams[i].Shown(-1) {
				n++
			}
		}
		return n
	}
	for until := time.Now().Add(streamWithin); lost() > 0 && time.Now().Before(until); {
		if pause(ctx, lookEvery) != nil {
			break
		}
	}
	var sights []sight
	var leases int
	var overrun time.Duration
	s := Streams{Streams: len(w.streams), Lost: lost()}
	for i := range w.streams {
		one := &w.streams[i]
		c := one.Counts()
		s.Moved, s.Broken, s.Resumed = s.Moved+c.Moved, s.Broken+c.Broken, s.Resumed+c.Resumed
		s.Gaps, s.Doubts = s.Gaps+c.Gaps, s.Doubts+c.Doubts
		leases, overrun = leases+c.Expired, max(overrun, c.Overrun)
		r.Log.Streamed += c.Shows
		if !one.leave {
			s.Dark, s.Refused = max(s.Dark, millis(c.Dark)), s.Refused+c.Refused
			if s.Fault == "" {
				s.Fault = c.FirstFault
			}
		}
		times := one.Timeline()
		for kind, what := range one.what {
			if what != "" {
				sights = append(sights, sight{what, slices.DeleteFunc(slices.Clone(times), func(i viewer.Interval) bool { return i.Kind != kind })})
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r.Streams, r.Views = s, blanked(w.changes, sights, blankIn, time.Now())
	r.Views.Leases, r.Views.Overrun = leases, millis(overrun)
}

// ledger asks every data node for everything that was acknowledged.
func (w *Workload) ledger(ctx context.Context) Ledger {
	var mu sync.Mutex // guards the rest
	found, hidden, unasked := map[string]names{}, map[string]bool{}, []string(nil)
	var tidying sync.WaitGroup
	for k := range w.config.Changers {
		tidying.Go(func() {
			if err := w.tidy(ctx, k, true); err != nil {
				mu.Lock()
				defer mu.Unlock()
				hidden[changing(k)], unasked = true, append(unasked, err.Error())
			}
		})
	}
	tidying.Wait()
	var asking sync.WaitGroup
	for _, n := range w.nodes {
		asking.Go(func() {
			has, err := w.everything(ctx, n)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				unasked = append(unasked, fmt.Sprintf("%s: %v", n.ID, err))
				return
			}
			found[n.ID] = has
		})
	}
	asking.Wait()
	l := account(w.records, found, hidden)
	l.Unasked = unasked
	return l
}

// everything is which records a node shows of the ledger's patients, once it has applied
// the last.
func (w *Workload) everything(ctx context.Context, n admin.Node) (names, error) {
	if err := w.applied(ctx, n.ID); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	has := names{}
	for _, r := range w.records {
		if has[r.patient] != nil {
			continue
		}
		for has[r.patient] == nil {
			items, err := view(ctx, n.Origin, r.patient)
			if err != nil {
				if pause(ctx, askAgain) != nil {
					return nil, err
				}
				continue
			}
			has[r.patient] = map[string]bool{}
			for i := range items {
				has[r.patient][nameOf(&items[i].Header)] = true
			}
		}
	}
	return has, nil
}

// view shows a patient at one node.
func view(ctx context.Context, origin, patient string) ([]protocol.Item, error) {
	v, err := viewer.Dial(ctx, origin, personKey(0))
	if err != nil {
		return nil, err
	}
	defer v.Close()
	if _, err := v.Open(ctx, patient); err != nil {
		return nil, err
	}
	return v.Show(ctx)
}

// applied waits until a node has applied the last acknowledged index.
func (w *Workload) applied(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	for {
		status, err := w.config.Cluster.Operator().Status(ctx, id)
		if err == nil {
			err = errMissing
			for _, m := range status.Members {
				if m.ID == id && m.AppliedIndex >= w.index {
					return nil
				}
			}
		}
		if pause(ctx, askAgain) != nil {
			return fmt.Errorf("it has not applied what was acknowledged: %w", err)
		}
	}
}

// accessLog reads the access log of every data node, and looks for what was disclosed.
func (w *Workload) accessLog(ctx context.Context, l *AccessLog) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	for _, d := range w.given {
		if d.shown {
			l.Shows++
		} else {
			l.Opens++
		}
	}
	status, err := w.config.Cluster.Operator().Status(ctx, "")
	if err != nil {
		l.Unasked = append(l.Unasked, err.Error())
		return
	}
	all := map[string][]entry{}
	var disclosing []entry
	for _, n := range w.nodes {
		every, of, err := w.entries(ctx, n.ID, status.Log.Entries)
		if err != nil {
			l.Unasked = append(l.Unasked, fmt.Sprintf("%s: %v", n.ID, err))
			continue
		}
		l.Asked, all[n.ID], disclosing = append(l.Asked, n.ID), every, of
	}
	if len(l.Asked) == 0 {
		return
	}
	l.Entries, l.Different = len(disclosing), different(all)
	l.Unrecorded = unrecorded(w.given, disclosing, w.config.ClockSlack)
	shown := 0
	for _, e := range disclosing {
		if e.shown {
			shown++
		}
	}
	l.Unrecorded = max(l.Unrecorded, l.Shows+l.Streamed-shown)
}

// entries reads a node's access log, from where the workload began to an entry: all, and
// those of patients opened and of what was shown.
func (w *Workload) entries(ctx context.Context, node string, last uint64) (all, disclosing []entry, err error) {
	after := w.after
	for after < last {
		page, err := w.config.Cluster.Operator().Record(ctx, node, after, pageSize)
		if err == nil && page.Next == after {
			err = errMissing
		}
		if err != nil {
			if pause(ctx, askAgain) != nil {
				return nil, nil, err
			}
			continue
		}
		after = page.Next
		for _, e := range page.Entries {
			if e.Sequence > last {
				return all, disclosing, nil
			}
			one := entry{sequence: e.Sequence, id: e.ID, node: e.Node, shown: e.Activity == activityRead}
			all = append(all, one)
			if e.Outcome != permitted || e.Activity != activityRead && e.Activity != activityOpen {
				continue
			}
			if one.at, err = time.Parse(time.RFC3339Nano, e.At); err != nil {
				return nil, nil, err
			}
			disclosing = append(disclosing, one)
		}
	}
	return all, disclosing, nil
}
