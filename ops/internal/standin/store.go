package standin

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// store is everything that the services know. Its owner serialises.
type store struct {
	path string
	seen os.FileInfo // of the file as it was last read, well or not
	last content     // of the file as it was last read well
	fail error       // why it could not be read since
	warn func(error) // nil: nobody

	now    moment // never goes back
	latest moment // cancellation of a block

	blocks      table[block]
	lifts       table[lift]
	consents    table[consent]
	relations   table[relation]
	commissions table[commission]
	posts       posts
}

// newStore reads the file for the first time; then it must be there and be good.
func newStore(path string) (*store, error) {
	s := &store{path: path, posts: posts{ids: map[string]int{}},
		blocks: table[block]{name: "blocks", forgets: true}, lifts: table[lift]{name: "lifts", forgets: true},
		consents: table[consent]{name: "consents"}, relations: table[relation]{name: "relations"},
		commissions: table[commission]{name: "commissions", forgets: true}}
	var err error
	if s.seen, err = os.Stat(path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if s.last, err = read(path); err != nil {
		return nil, err
	}
	at := s.tick()
	s.blocks.begin(s.last.blocks, at)
	s.lifts.begin(s.last.lifts, at)
	s.consents.begin(s.last.consents, at)
	s.relations.begin(s.last.relations, at)
	s.commissions.begin(s.last.commissions, at)
	s.latest = at // what was cancelled before is not known: a reader from before reads everything
	return s, nil
}

// tick returns the time, which never goes back.
func (s *store) tick() moment {
	s.now = max(s.now, moment(time.Now().Unix()))
	return s.now
}

// look reads the file again if another stands in its place. One that cannot be read
// changes nothing; fail says why until one can.
func (s *store) look() {
	info, err := os.Stat(s.path)
	if err != nil {
		first := s.seen != nil
		s.seen = nil
		s.failed(fmt.Errorf("%w: %w", ErrFile, err), first)
		return
	}
	if os.SameFile(info, s.seen) && info.ModTime().Equal(s.seen.ModTime()) && info.Size() == s.seen.Size() {
		return
	}
	s.seen = info
	next, err := read(s.path)
	if err == nil {
		err = s.room(next)
	}
	s.failed(err, true)
	if err == nil {
		s.change(next)
	}
}

// failed keeps why the file cannot be read, and the first time tells of it.
func (s *store) failed(err error, first bool) {
	if s.fail = err; err != nil && first && s.warn != nil {
		s.warn(err)
	}
}

func (s *store) room(next content) error {
	return errors.Join(s.consents.room(s.last.consents, next.consents), s.relations.room(s.last.relations, next.relations))
}

// change makes of the last file's rows the next one's: what is there no more is
// cancelled now, what is new is stored now, and what changed is both.
func (s *store) change(next content) {
	at := s.tick()
	if s.blocks.change(s.last.blocks, next.blocks, at) > 0 {
		s.cancelled(at)
	}
	s.lifts.change(s.last.lifts, next.lifts, at)
	s.consents.change(s.last.consents, next.consents, at)
	s.relations.change(s.last.relations, next.relations, at)
	s.commissions.change(s.last.commissions, next.commissions, at)
	s.last = next
}

// cancelled moves the time of the latest cancellation of a block. No two have the
// same: a reader that compares them would miss the second.
func (s *store) cancelled(at moment) { s.latest = max(at, s.latest+1) }

// cancel takes back rows by name, whatever the file says. It returns how many; what
// is no kind of row is none.
func (s *store) cancel(kind, name string) int {
	at := s.tick()
	switch kind {
	case "blocks":
		n := s.blocks.cancel(at, named[block](name))
		if n > 0 {
			s.cancelled(at)
		}
		return n
	case "lifts": // no delta and no time tells of it
		return s.lifts.cancel(at, named[lift](name))
	case "consents":
		return s.consents.cancel(at, named[consent](name))
	case "relations":
		return s.relations.cancel(at, named[relation](name))
	case "commissions":
		return s.commissions.cancel(at, named[commission](name))
	}
	return 0
}

// blocked is a block with the lifts of it that stand.
type blocked struct {
	*kept[block]
	lifts []*kept[lift]
}

// blocksSince returns the standing blocks that were stored, or of which a lift was
// stored, at a time or after it.
func (s *store) blocksSince(since, at moment, meant func(block) bool) []blocked {
	lifts := map[string][]*kept[lift]{}
	for _, l := range s.lifts.standing(at) {
		lifts[l.row.block] = append(lifts[l.row.block], l)
	}
	var all []blocked
	for _, k := range s.blocks.standing(at) {
		of := lifts[k.row.id]
		recent := k.stored >= since || slices.ContainsFunc(of, func(l *kept[lift]) bool { return l.stored >= since })
		if recent && meant(k.row) {
			all = append(all, blocked{k, of})
		}
	}
	return all
}

// engaged reports whether a unit has a care engagement with a patient, by one of its
// staff or by anyone.
func (s *store) engaged(employee, unit, patient string) bool {
	return slices.ContainsFunc(s.last.engagements, func(e engagement) bool {
		return e.unit == unit && e.patient == patient && (e.employee == "" || e.employee == employee)
	})
}
