package ingest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tvilling/node/internal/projection"
	"tvilling/node/internal/sealing"
	"tvilling/node/internal/upstream"
	"tvilling/raftfsm/command"
)

// errAgain has everything read anew: the place that was kept does not hold.
var errAgain = errors.New("everything has to be read")

// changeFeed follows a service that tells what has been taken back, for each care
// provider by itself. Rows that are registered here are not the service's, and stay.
type changeFeed[Row any] struct {
	Source[Changes[Row]]
	domain string
	id     func(Row) string
	row    func(r *round, one Row) row
	keep   func(r *round) func(k command.RowKey, sealed []byte) bool
}

func consentFeed(s Source[Changes[upstream.Consent]]) changeFeed[upstream.Consent] {
	return changeFeed[upstream.Consent]{
		Source: s, domain: projection.ConsentDomain,
		id: func(c upstream.Consent) string { return c.Row.ID },
		row: func(r *round, c upstream.Consent) row {
			return r.patientRow(c.Patient, projection.AppendConsent(nil, c.Row), projection.ConsentDomain, c.Row.ID)
		},
		keep: registeredHere,
	}
}

func relationFeed(s Source[Changes[upstream.Relation]]) changeFeed[upstream.Relation] {
	return changeFeed[upstream.Relation]{
		Source: s, domain: projection.RelationDomain,
		id: func(l upstream.Relation) string { return l.ID },
		row: func(r *round, l upstream.Relation) row {
			return r.patientRow(l.Patient, projection.AppendRelation(nil, l.Row), projection.RelationDomain, l.ID)
		},
		keep: func(*round) func(command.RowKey, []byte) bool { return nil },
	}
}

// registeredHere reports of a consent whether it was registered here. One that cannot
// be read is left alone: it permits nothing.
func registeredHere(r *round) func(command.RowKey, []byte) bool {
	return func(k command.RowKey, sealed []byte) bool {
		plain, err := r.ring.Open(sealing.Consents, sealing.Place(k.Subject, k.Key), sealed)
		if err != nil {
			return true
		}
		c, err := projection.DecodeConsent(plain)
		return err != nil || c.Local
	}
}

// changePlace is how far each care provider's changes have been read.
type changePlace struct {
	providers string   // which care providers, as a short keyed hash: others are other places
	marks     []string // packed, in their order
}

func (p changePlace) String() string {
	return placeVersion + " " + p.providers + " " + strings.Join(p.marks, ",")
}

// place reads a place; it does not hold for other care providers than it was kept for.
func (f changeFeed[Row]) place(r *round) (changePlace, bool) {
	digest := r.ring.Digest([]byte(f.domain), []byte(strings.Join(f.CareProviders, " ")))
	p := changePlace{providers: hex.EncodeToString(digest[:4]), marks: make([]string, len(f.CareProviders))}
	parts := strings.Split(r.watermark, " ")
	if len(parts) != 3 || parts[0] != placeVersion || parts[1] != p.providers {
		return p, false
	}
	marks := strings.Split(parts[2], ",")
	if len(marks) != len(p.marks) || slices.Contains(marks, "") {
		return p, false
	}
	p.marks = marks
	return p, true
}

func (f changeFeed[Row]) feed(r *round) error {
	place, ok := f.place(r)
	if ok {
		if err := f.follow(r, place); !errors.Is(err, errAgain) {
			return err
		}
		place, _ = f.place(r)
	}
	return f.whole(r, place)
}

// follow takes the changes since the last time. Each answer of the service goes into
// the log with the place after it; with the last one comes how fresh the projection is.
func (f changeFeed[Row]) follow(r *round, place changePlace) error {
	clock, err := upstream.NewClock()
	if err != nil {
		return err
	}
	var held said // of the latest answer, which is not written yet
	for i, provider := range f.CareProviders {
		from, err := clock.Unpack(place.marks[i])
		if err != nil {
			return errAgain
		}
		err = f.chain(r, provider, from, func(a upstream.Changes[Row]) error {
			if err := f.flush(r, &held, place, max(r.known, 1)); err != nil {
				return err
			}
			held = f.said(r, a)
			place.marks[i] = a.Next.Pack()
			return nil
		})
		if err != nil {
			return err
		}
	}
	d, err := r.compare(held)
	if err != nil {
		return err
	}
	return r.write(d, place.String(), r.asOf)
}

// flush writes what is held, if it is anything.
func (f changeFeed[Row]) flush(r *round, held *said, place changePlace, asOf int64) error {
	if len(held.rows)+len(held.gone) == 0 {
		return nil
	}
	d, err := r.compare(*held)
	if err != nil {
		return err
	}
	return r.write(d, place.String(), asOf)
}

// chain asks for a care provider's changes until there are no more.
func (f changeFeed[Row]) chain(r *round, provider string, from upstream.Mark, take func(upstream.Changes[Row]) error) error {
	rows, ask := 0, from.Overlap()
	for range maxAnswers {
		a, err := f.Service.Changes(r.ctx, provider, ask)
		if err != nil {
			return err
		}
		if err := r.ahead(a.Next.Earliest()); err != nil {
			return err
		}
		if rows += len(a.Rows) + len(a.Removed); rows > upstream.MaxRows {
			return fmt.Errorf("%w: more than %d rows", errNoEnd, upstream.MaxRows)
		}
		switch {
		case !ask.IsZero() && a.Next.Before(ask):
			if from.IsZero() {
				return errBack
			}
			return errAgain
		case a.More && a.Next.Text() == ask.Text():
			return fmt.Errorf("%w: and it stays where it is", errNoEnd)
		}
		if err := take(a); err != nil {
			return err
		}
		if !a.More {
			return nil
		}
		ask = a.Next
	}
	return fmt.Errorf("%w: %d answers", errNoEnd, maxAnswers)
}

func (f changeFeed[Row]) said(r *round, a upstream.Changes[Row]) said {
	s := said{rows: make([]row, len(a.Rows)), keep: f.keep(r)}
	for i, one := range a.Rows {
		s.rows[i] = f.row(r, one)
	}
	if len(a.Removed) > 0 {
		s.gone = make(map[[16]byte]bool, len(a.Removed))
	}
	for _, id := range a.Removed {
		s.gone[r.ring.Key(f.domain, id)] = true
	}
	return s
}

// whole reads everything of every care provider, and takes it when all of it is there.
func (f changeFeed[Row]) whole(r *round, place changePlace) error {
	all := map[string]Row{}
	for i, provider := range f.CareProviders {
		err := f.chain(r, provider, upstream.Mark{}, func(a upstream.Changes[Row]) error {
			for _, one := range a.Rows {
				all[f.id(one)] = one
			}
			for _, id := range a.Removed {
				delete(all, id)
			}
			place.marks[i] = a.Next.Pack()
			return nil
		})
		if err != nil {
			return err
		}
	}
	s := said{rows: make([]row, 0, len(all)), keep: f.keep(r)}
	for _, one := range all {
		s.rows = append(s.rows, f.row(r, one))
	}
	slices.SortFunc(s.rows, byKey)
	return r.replace(s, place.String())
}

// byKey orders rows by whom they are about.
func byKey(a, b row) int {
	return strings.Compare(string(a.key.Subject[:])+string(a.key.Key[:]), string(b.key.Subject[:])+string(b.key.Key[:]))
}
