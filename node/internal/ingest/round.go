package ingest

import (
	"context"
	"fmt"
	"time"

	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// round is one time of asking. It knows the projection's place in the replicated state
// and moves it, page by page.
type round struct {
	*loop
	ctx       context.Context
	asked     int64  // before anything was asked: what is learned is not older
	asOf      int64  // the same, and never before what the state says already
	known     int64  // what the state says; 0: nothing
	number    uint64 // of the latest page
	watermark string
}

// row is a row before it is sealed.
type row struct {
	key   command.RowKey
	plain []byte
}

// begin reads how far the projection has been fed. The clock of who led before may have
// been ahead: the new time is then the old one, since time does not go back. Far ahead,
// the gate holds the projection for unknown until then, and it is taken back first.
func (l *loop) begin(ctx context.Context) (*round, error) {
	r := &round{loop: l, ctx: ctx, asked: time.Now().UnixMilli()}
	v, err := l.state.View()
	if err != nil {
		return nil, fmt.Errorf("reading how far the projection is fed: %w", err)
	}
	r.known, r.watermark, _ = v.Freshness(l.projection)
	r.number = v.FeedNumber(l.projection)
	v.Close()
	if r.known-r.asked > maxAhead.Milliseconds() {
		if err := r.page(nil, nil, r.watermark, 1); err != nil {
			return nil, err
		}
	}
	r.asOf = max(r.asked, r.known)
	return r, nil
}

// page puts one page into the log. It is the next after the latest that the state had
// when this round began, or it is refused.
func (r *round) page(upserts []command.Row, removes []command.RowKey, watermark string, asOf int64) error {
	body := command.FeedPage{Upserts: upserts, Removes: removes, Number: r.number + 1, Watermark: watermark, AsOf: asOf}
	if err := r.propose(r.ctx, command.Command{Kind: r.kind, Version: 1, Intent: r.intent(), Body: body}); err != nil {
		return err
	}
	r.number, r.watermark, r.known = r.number+1, watermark, asOf
	return nil
}

func (f *Feeds) propose(ctx context.Context, c command.Command) error {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	results, err := f.proposer.Propose(ctx, c)
	if err != nil {
		return fmt.Errorf("proposing a page of kind %d: %w", c.Kind, err)
	}
	if results[0].Status != command.StatusDone {
		return fmt.Errorf("%w: kind %d", errFeed, c.Kind)
	}
	return nil
}

// write brings a difference into the state, with the place that it leads to in the same
// entry. One that needs several entries has the old place in all but the last: a leader
// that comes between begins it again. Only with the whole difference is the projection
// as fresh as asOf.
func (r *round) write(d difference, watermark string, asOf int64) error {
	upserts, err := r.seal(d.upserts)
	if err != nil {
		return err
	}
	removes := d.removes
	for {
		n := pageLength(upserts)
		m := min(len(removes), max(0, pageRows-n))
		head, tail := upserts[:n], removes[:m]
		upserts, removes = upserts[n:], removes[m:]
		if len(upserts)+len(removes) == 0 {
			return r.page(head, tail, watermark, asOf)
		}
		if err := r.page(head, tail, r.watermark, max(r.known, 1)); err != nil {
			return err
		}
	}
}

// seal seals all rows, or none if one is too large for the log.
func (r *round) seal(plain []row) ([]command.Row, error) {
	rows := make([]command.Row, len(plain))
	for i, p := range plain {
		rows[i] = command.Row{
			RowKey: p.key, Digest: r.ring.Digest(p.plain),
			Sealed: r.ring.Seal(r.bucket, sealing.Place(p.key.Subject, p.key.Key), p.plain),
		}
		if len(rows[i].Sealed) > command.MaxSealedRow {
			return nil, fmt.Errorf("%w: kind %d, row %d", errRow, r.kind, i+1)
		}
	}
	return rows, nil
}

// pageLength is how many of the rows go into the next page.
func pageLength(rows []command.Row) int {
	size := 0
	for i := range rows[:min(len(rows), pageRows)] {
		size += len(rows[i].Sealed) + rowOverhead
		if i > 0 && size > pageBytes {
			return i
		}
	}
	return min(len(rows), pageRows)
}

// difference is what has to change in a projection.
type difference struct {
	upserts []row
	removes []command.RowKey
	had     int // rows before
}

// said is what a service said of a projection.
type said struct {
	rows  []row
	gone  map[[16]byte]bool                          // keys of what was taken back
	whole bool                                       // that is all there is
	keep  func(k command.RowKey, sealed []byte) bool // rows that are not the service's; nil: none
}

// compare finds what has to change for the state to be as the service said. A row that
// is the same already is not written again. With one service's id there is one row: one
// that is another person's now is taken from the first.
func (r *round) compare(s said) (difference, error) {
	var d difference
	if len(s.rows)+len(s.gone) == 0 && !s.whole {
		return d, nil
	}
	at := make(map[command.RowKey]int, len(s.rows))
	moved := make(map[[16]byte]bool, len(s.rows))
	for i := range s.rows {
		at[s.rows[i].key] = i
		moved[s.rows[i].key.Key] = true
	}
	v, err := r.state.View()
	if err != nil {
		return d, fmt.Errorf("reading the projection: %w", err)
	}
	defer v.Close()
	same := make(map[int]bool)
	v.EveryRow(r.projection, func(k command.RowKey, digest [16]byte, sealed []byte) bool {
		d.had++
		i, named := at[k]
		switch {
		case named && (digest == r.ring.Digest(s.rows[i].plain) || s.keep != nil && s.keep(k, sealed)):
			same[i] = true
		case named:
		case (s.whole || s.gone[k.Key] || moved[k.Key]) && (s.keep == nil || !s.keep(k, sealed)):
			d.removes = append(d.removes, k)
		}
		return true
	})
	for i := range s.rows {
		if !same[i] && at[s.rows[i].key] == i {
			d.upserts = append(d.upserts, s.rows[i])
		}
	}
	return d, nil
}

// replace brings the state up to everything that there is. Should most of many rows
// vanish, or all of some, a service that has lost them is the likelier reason: nothing is
// taken until it has said the same for longer than the gate believes in what there was
// before.
func (r *round) replace(s said, watermark string) error {
	s.whole = true
	d, err := r.compare(s)
	if err != nil {
		return err
	}
	switch {
	case !doubtful(d.had, len(d.removes)):
		r.doubted = time.Time{}
	case r.doubted.IsZero():
		r.doubted = time.Now()
		return fmt.Errorf("%w: %d of %d", errDoubt, len(d.removes), d.had)
	case time.Since(r.doubted) < doubtFor:
		return fmt.Errorf("%w: %d of %d", errDoubt, len(d.removes), d.had)
	default:
		r.log.Warn("most rows of a security projection vanish, and are believed to", "feed", r.projection.String(), "rows", len(d.removes), "of", d.had)
		r.doubted = time.Time{}
	}
	return r.write(d, watermark, r.asOf)
}

// doubtful tells whether so many rows fewer are a mishap until shown otherwise.
func doubtful(had, vanish int) bool {
	return had >= doubtRows && 2*vanish > had || had >= doubtAll && vanish == had
}

// patientRow makes a row about a patient.
func (r *round) patientRow(patient protocol.PatientID, plain []byte, domain string, id ...string) row {
	return row{key: command.RowKey{Subject: r.ring.Patient(patient), Key: r.ring.Key(domain, id...)}, plain: plain}
}

// ahead refuses a mark that lies in the future: what comes before it would be missed.
func (r *round) ahead(at protocol.Instant) error {
	if int64(at)-r.asked > maxMarkAhead.Milliseconds() {
		return errAhead
	}
	return nil
}
