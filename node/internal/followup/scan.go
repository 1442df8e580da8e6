package followup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// open opens an entry. Not ok: its key was destroyed when its time was out.
func (s *Service) open(l raftfsm.Logged) (e entry, ok bool, err error) {
	plain, err := s.cfg.Ring.OpenLog(sealing.Place(l.Subject, l.ID), l.Sealed)
	if errors.Is(err, sealing.ErrKeyGone) {
		return entry{}, false, nil
	}
	if err != nil {
		return entry{}, false, fmt.Errorf("entry %d: %w", l.Sequence, err)
	}
	r, err := record.Decode(plain)
	if err != nil {
		return entry{}, false, fmt.Errorf("entry %d: %w", l.Sequence, err)
	}
	return entry{sequence: l.Sequence, index: l.Index, Entry: r}, true, nil
}

// scan is a way through the log: the entries after a number, within a period, of some
// subjects or of all, at most limit of them.
type scan struct {
	from, to protocol.Instant
	after    uint64
	limit    int
	subjects []command.Subject // of one patient; none: of everybody
}

// walk shows every entry of a scan to visit, which says whether to go on. It reads page
// by page, each in a View of its own. more: the scan ended before its period did.
func (s *Service) walk(ctx context.Context, w scan, visit func(v *raftfsm.View, e entry) (bool, error)) (last uint64, more bool, err error) {
	if w.from > 0 {
		first, err := s.firstSince(ctx, w.from, w.to)
		if err != nil {
			return 0, false, err
		}
		w.after = max(w.after, first-1)
	}
	last = w.after
	for w.limit > 0 {
		if err := ctx.Err(); err != nil {
			return last, true, err
		}
		read, err := s.page(w, visit)
		if err != nil {
			return last, true, err
		}
		if read.count > 0 {
			last = read.last
		}
		if read.stopped || read.over {
			return last, read.stopped, nil
		}
		w.after, w.limit = last, w.limit-read.count
	}
	return last, true, nil
}

// pageRead is how far a page of a scan was read.
type pageRead struct {
	count   int
	last    uint64 // the number of the latest entry; count is zero: none
	over    bool   // there is nothing more in the scan
	stopped bool   // visit said so
}

// page reads one page of a scan. A period is over where a whole page is later: one node
// whose clock is wrong must not hide what others did after it.
func (s *Service) page(w scan, visit func(v *raftfsm.View, e entry) (bool, error)) (read pageRead, err error) {
	v, err := s.cfg.State.View()
	if err != nil {
		return read, err
	}
	defer v.Close()
	limit := min(pageEntries, w.limit)
	all := w.entries(v, limit)
	later := 0
	for _, l := range all {
		e, ok, err := s.open(l)
		if err != nil {
			return read, err
		}
		read.count, read.last = read.count+1, l.Sequence
		if ok && e.At > w.to+disorder {
			later++
		}
		if !ok || e.At < w.from || e.At > w.to {
			continue
		}
		goOn, err := visit(v, e)
		if read.stopped = !goOn; err != nil || read.stopped {
			return read, err
		}
	}
	read.over = len(all) < limit || later == pageEntries
	return read, nil
}

// entries are the next ones of a scan, at most limit.
func (w *scan) entries(v *raftfsm.View, limit int) (all []raftfsm.Logged) {
	if len(w.subjects) == 0 {
		return v.Log(w.after, limit)
	}
	for _, subject := range w.subjects {
		all = append(all, v.LogOf(subject, w.after, limit)...)
	}
	slices.SortFunc(all, func(a, b raftfsm.Logged) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return all[:min(len(all), limit)]
}

// firstSince returns a number before which nothing is of a period. Entries are in order
// of their times but for disorder, which is more than clocks differ and a commit takes,
// and but for those of a node whose clock is wrong: one of them can lead the halving too
// far on, and so it is gone back from there until a whole page is not of the period.
func (s *Service) firstSince(ctx context.Context, from, to protocol.Instant) (uint64, error) {
	first, err := s.halved(from)
	for err == nil && first > 1 {
		if err = ctx.Err(); err != nil {
			break
		}
		var earlier uint64
		if earlier, err = s.firstOf(first, from, to); earlier == 0 {
			break
		}
		first = earlier
	}
	return first, err
}

// firstOf returns the first number of the period in the page before a number; zero: there
// is none.
func (s *Service) firstOf(before uint64, from, to protocol.Instant) (uint64, error) {
	v, err := s.cfg.State.View()
	if err != nil {
		return 0, err
	}
	defer v.Close()
	n := min(before-1, pageEntries)
	for _, l := range v.Log(before-1-n, int(n)) {
		e, ok, err := s.open(l)
		if err != nil {
			return 0, err
		}
		if ok && e.At >= from && e.At <= to {
			return l.Sequence, nil
		}
	}
	return 0, nil
}

// halved is firstSince in a log that is in order.
func (s *Service) halved(at protocol.Instant) (uint64, error) {
	v, err := s.cfg.State.View()
	if err != nil {
		return 0, err
	}
	defer v.Close()
	var fault error
	n := sort.Search(int(v.LogLength()), func(i int) bool {
		e, ok, err := s.entryAt(v, uint64(i)+1)
		if err != nil {
			fault = err
		}
		return ok && e.At >= at-disorder // one whose key is gone is older than what is kept
	})
	return uint64(n) + 1, fault
}

// entryAt reads one entry.
func (s *Service) entryAt(v *raftfsm.View, sequence uint64) (entry, bool, error) {
	for _, l := range v.Log(sequence-1, 1) {
		if l.Sequence == sequence {
			return s.open(l)
		}
	}
	return entry{}, false, nil
}

// review returns the latest review of an entry, and how many there are.
func (s *Service) review(v *raftfsm.View, id [16]byte) (latest entry, count int, err error) {
	for _, l := range v.LogOf(s.reviewsOf(id), 0, maxReviews) {
		e, ok, err := s.open(l)
		if err != nil {
			return entry{}, 0, err
		}
		if ok && e.Activity == record.Review && e.About == id {
			latest, count = e, count+1
		}
	}
	return latest, count, nil
}

func timeIn(at protocol.Instant, zone *time.Location) time.Time {
	return time.UnixMilli(int64(at)).In(zone)
}
