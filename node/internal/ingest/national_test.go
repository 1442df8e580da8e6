package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"tvilling/node/internal/projection"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
)

// stored is a row of a service, with when it was stored and when it was taken back.
type stored[Row any] struct {
	id   string
	row  Row
	at   time.Time
	gone time.Time
}

// last is when something about it was stored.
func (s *stored[Row]) last() time.Time {
	if !s.gone.IsZero() {
		return s.gone
	}
	return s.at
}

// national is a service that remembers. Its clock is the bubble's, to the second.
type national[Row any] struct {
	t testing.TB

	mu        sync.Mutex // guards what is below
	rows      []*stored[Row]
	cancelled time.Time
	size      int // rows of an answer; 0: all
	calls     int
	before    func(ctx context.Context) error                           // nil: nothing
	lie       func(next upstream.Mark, more bool) (upstream.Mark, bool) // nil: none
}

func (n *national[Row]) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
}

// put stores a row, or stores it anew.
func (n *national[Row]) put(id string, row Row) {
	n.set(func() {
		n.remove(id)
		n.rows = append(n.rows, &stored[Row]{id: id, row: row, at: time.Now().Truncate(time.Second)})
	})
}

func (n *national[Row]) remove(id string) {
	for i, s := range n.rows {
		if s.id == id {
			n.rows = append(n.rows[:i], n.rows[i+1:]...)
			return
		}
	}
}

// cancel takes a row back.
func (n *national[Row]) cancel(id string) {
	n.set(func() {
		n.cancelled = time.Now().Truncate(time.Second)
		for _, s := range n.rows {
			if s.id == id {
				s.gone = n.cancelled
			}
		}
	})
}

func markAt(t testing.TB, at time.Time) upstream.Mark {
	t.Helper()
	clock, err := upstream.NewClock()
	if err != nil {
		t.Fatal(err)
	}
	if at.Unix() <= 0 {
		at = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	m, err := clock.Read(at.UTC().Format(time.RFC3339Nano))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// begin is what every call starts with.
func (n *national[Row]) begin(ctx context.Context) error {
	n.mu.Lock()
	n.calls++
	before := n.before
	n.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// since tells whether something of that time is told to whoever asks from a mark on. The
// service compares what its clock showed, as those do that keep local times.
func (n *national[Row]) since(from upstream.Mark, at time.Time) bool {
	return from.IsZero() || markAt(n.t, at).Text() >= from.Text()
}

func (n *national[Row]) Changes(ctx context.Context, _ string, from upstream.Mark) (out upstream.Changes[Row], err error) {
	if err := n.begin(ctx); err != nil {
		return out, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	out.Next = markAt(n.t, time.Now())
	inOrder := slices.Clone(n.rows)
	slices.SortStableFunc(inOrder, func(a, b *stored[Row]) int { return a.last().Compare(b.last()) })
	for _, s := range inOrder {
		at := s.last()
		if !n.since(from, at) {
			continue
		}
		if n.size > 0 && len(out.Rows)+len(out.Removed) >= n.size {
			out.Next, out.More = markAt(n.t, at), true
			break
		}
		if s.gone.IsZero() {
			out.Rows = append(out.Rows, s.row)
		} else {
			out.Removed = append(out.Removed, s.id)
		}
	}
	if n.lie != nil {
		out.Next, out.More = n.lie(out.Next, out.More)
	}
	return out, nil
}

// nationalBlocks tells of blocks what the block service does: never what was taken back.
type nationalBlocks struct{ national[upstream.Block] }

func (n *nationalBlocks) Blocks(ctx context.Context, from upstream.Mark) (out upstream.BlockAnswer, err error) {
	if err := n.begin(ctx); err != nil {
		return out, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	out.Next, out.Cancelled = markAt(n.t, time.Now()), markAt(n.t, n.cancelled)
	for _, s := range n.rows {
		if s.gone.IsZero() && n.since(from, s.at) {
			out.Blocks = append(out.Blocks, s.row)
		}
	}
	if n.lie != nil {
		out.Next, _ = n.lie(out.Next, false)
	}
	return out, nil
}

// staff is a directory, and the register that says whom it is asked about.
type staff struct {
	mu     sync.Mutex // guards what is below
	says   upstream.Snapshot
	knows  []upstream.Commission
	err    error // of the register
	dirErr error
	asked  []protocol.EmployeeID
}

func (s *staff) Read(ctx context.Context) (upstream.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.says, errors.Join(s.err, ctx.Err())
}

func (s *staff) Commissions(ctx context.Context, employees []protocol.EmployeeID) ([]upstream.Commission, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = employees
	return s.knows, errors.Join(s.dirErr, ctx.Err())
}

func patientID(t testing.TB, text string) protocol.PatientID {
	t.Helper()
	p, err := protocol.ParsePatientID(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func block(t testing.TB, id string) upstream.Block {
	return upstream.Block{Patient: patientID(t, patient), Row: projection.Block{ID: id, CareProvider: "SE1000000001-P1"}}
}

func consent(t testing.TB, id string) upstream.Consent {
	return upstream.Consent{Patient: patientID(t, patient), Row: projection.Consent{ID: id, CareProvider: "SE1000000001-P1", CareUnit: "SE1000000001-U1", Start: 1}}
}

func relation(t testing.TB, id string) upstream.Relation {
	return upstream.Relation{ID: id, Patient: patientID(t, patient), Row: projection.Relation{CareProvider: "SE1000000001-P1", CareUnit: "SE1000000001-U1", Employee: "SE1000000001-D1", Start: 1, End: 2}}
}

// putBlocks stores n blocks of one patient, with a mark in each.
func (n *nationalBlocks) putBlocks(count int, mark string) {
	for i := range count {
		id := fmt.Sprintf("%s%d", mark, i)
		n.put(id, block(n.t, id))
	}
}
