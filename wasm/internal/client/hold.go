package client

import (
	"slices"

	"tvilling/protocol"
)

// What is new is held back while somebody reads, where it would move what is read.
//
// Somebody reads while a document is open, the list is scrolled or leafed in, its
// rows are narrowed, or the focus or the pointer is within it. Then rows keep their
// order: a document that has changed is painted where it stands, and a new one comes
// into the list only below what is seen. The others are held, and counted, until they
// are asked for, or until something comes when nobody reads.
//
// What is gone is never waited with: a row goes in the same step as its document.

// reading reports whether somebody reads.
func (m *machine) reading() bool {
	l := &m.s.List
	return m.s.Reader.Open || l.Top >= l.rowHeight() || l.Page > 0 || l.Focused || l.Within || l.Pointed || l.Query.narrows()
}

// relist brings the rows in line with the store, with the eye and the focus kept.
func (m *machine) relist() {
	l, s := &m.s.List, m.s.View.Store
	l.Dirty = false
	top := l.Top
	switch {
	case s == nil:
		l.clear()
	default:
		s.speak(names{m.s.Lang, m.s.Me.Coverage})
		s.date(m.s.today())
		l.adopt(s)
		if m.reading() {
			l.hold(s)
		} else {
			l.renew(s)
		}
	}
	if l.Top != top {
		m.do(ScrollList{l.Top})
	}
	if l.Focused && l.Active != (protocol.DocumentKey{}) && l.indexOf(l.Active) < 0 {
		l.Active, l.Focused = protocol.DocumentKey{}, false
		m.do(FocusOn{idListHeading})
		m.status(textOf(m.s.Lang, txtRowGone))
	}
}

func (l *List) clear() {
	l.Rows, l.Documents, l.Held, l.Page, l.Dirty, l.Made, l.News = nil, 0, 0, 0, false, Made{}, News{}
}

// dropped takes the rows of documents that are gone away at once, and those that were
// painted from the screen.
func (m *machine) dropped() {
	l, s := &m.s.List, m.s.View.Store
	first, last := l.window()
	painted := m.s.Reader.Gone
	for i := first; i < last && !painted; i++ {
		painted = l.Rows[i].isDocument() && !s.stands(&l.Rows[i])
	}
	m.refiltered()
	if painted {
		m.do(Paint{})
	}
}

// settle brings the rows in line once what came together has come, and tells of it.
func (m *machine) settle() {
	l := &m.s.List
	if l.Dirty {
		m.relist()
	}
	s := m.s.View.Store
	if s != nil {
		s.prepare()
	}
	if s != nil && s.sight.revision != s.revision && m.s.Clock.reached(s.sight.due) {
		s.sight = sight{s.revision, m.s.Clock.after(pictureEvery)}
	}
	if n := &l.News; n.Added+n.Gone > 0 && m.s.Clock.reached(n.Due) {
		m.status(changedText(m.s.Lang, n.Added, n.Gone))
		*n = News{Due: m.s.Clock.after(saidEvery)}
	}
}

// remake makes all rows anew for a query that has just been put in force.
func (m *machine) remake() {
	l, s := &m.s.List, m.s.View.Store
	if s == nil {
		l.clear()
		return
	}
	s.speak(names{m.s.Lang, m.s.Me.Coverage})
	s.date(m.s.today())
	l.adopt(s)
	s.stirred, l.Rows = true, l.Rows[:0]
	l.renew(s)
}

// adopt makes the rows those of a store: a view that was fetched anew has a store of
// its own.
func (l *List) adopt(s *Store) {
	if l.Made.Of == s {
		return
	}
	l.Made.Of, s.stirred = s, true
	for i := range l.Rows {
		row := &l.Rows[i]
		if !row.isDocument() {
			continue
		}
		if place, there := s.at[row.Key]; there {
			row.place = place
			s.record(place).shown = s.shown
		} else {
			row.place = -1
		}
	}
}

// renew makes all rows anew, nothing held.
func (l *List) renew(s *Store) {
	if !s.stirred && !l.Made.Loose && l.Held == 0 {
		s.settled()
		return
	}
	l.Held, l.Made.Loose = 0, false
	old := l.Rows
	l.Rows, l.Made.Spare = s.rows(l.Query, l.Made.Spare), old
	for i := l.firstSeen(); i < len(old); i++ {
		row := &old[i]
		if !row.isDocument() || row.place < 0 || !s.stands(row) || s.record(row.place).shown != s.shown {
			continue
		}
		if l.Top >= l.rowHeight() {
			l.anchor(l.indexOf(row.Key), i)
		}
		break
	}
	l.turn(l.Page)
	l.Top = min(l.Top, l.bottom()) // fewer rows: the browser scrolls as far by itself
	l.counted()
}

// hold takes away what is gone, lets in what moves nothing, and holds the rest.
func (l *List) hold(s *Store) {
	if s.stirred {
		l.drop(s)
		l.Made.Loose = true
	}
	want := s.ready(&l.Query)
	var in []int32
	waiting := s.places.changed[:0]
	sieve := l.newSieve(s)
	for _, place := range s.places.changed {
		r := s.record(place)
		if !r.live || !r.changed {
			continue // gone, or here a second time
		}
		r.changed = false
		switch {
		case r.shown == s.shown || s.misses(r, &want) != 0:
		case sieve.below(place):
			in = append(in, place)
		default:
			waiting = append(waiting, place)
		}
	}
	for _, place := range waiting {
		s.record(place).changed = true
	}
	s.places.changed, s.stirred = waiting, false
	l.Held = len(waiting)
	if len(in) > 0 {
		l.merge(s, &sieve, in)
	}
	l.counted()
}

// drop takes away the rows of documents that are gone, and headings with nothing
// under them. The first row that is seen and still there keeps its place on the screen.
func (l *List) drop(s *Store) {
	first := l.firstSeen()
	rows := l.Rows[:0]
	anchor, was := -1, 0
	for i := range l.Rows {
		row := l.Rows[i]
		if row.isDocument() && (row.place < 0 || !s.stands(&row)) {
			continue
		}
		if n := len(rows); n > 0 && !row.isDocument() && !rows[n-1].isDocument() {
			rows = rows[:n-1]
			if anchor == n-1 {
				anchor = -1
			}
		}
		if anchor < 0 && i >= first {
			anchor, was = len(rows), i
		}
		rows = append(rows, row)
	}
	if n := len(rows); n > 0 && !rows[n-1].isDocument() {
		rows = rows[:n-1]
	}
	clear(l.Rows[len(rows):])
	l.Rows = rows
	l.anchor(anchor, was)
}

// anchor scrolls so that the row that was at an index, and is at another, stands where
// it stood. An offset below zero means that rows above it went away under the eye.
func (l *List) anchor(now, was int) {
	if now < 0 || l.Paged {
		l.turn(l.Page)
		l.Top = min(l.Top, l.bottom())
		return
	}
	height := l.rowHeight()
	l.Top = max(0, min(now*height+max(0, l.Top-was*height), l.bottom()))
}

// sieve tells what comes below what is seen.
type sieve struct {
	s     *Store
	group Group
	ranks []int32
	edge  int   // the last row that is seen; -1: there are no rows
	place int32 // of it, or of the nearest document under it
	rank  int32
}

func (l *List) newSieve(s *Store) sieve {
	v := sieve{s: s, group: l.Query.Group, ranks: s.ranks(l.Query.Group), edge: l.lastSeen(), place: -1}
	for i := v.edge; i >= 0 && i < len(l.Rows); i++ {
		if l.Rows[i].isDocument() {
			v.place = l.Rows[i].place
			v.rank = l.rankAt(s, i, v.ranks)
			break
		}
	}
	return v
}

// rankAt is the rank of the heading that a row is under.
func (l *List) rankAt(s *Store, at int, ranks []int32) int32 {
	if l.Query.Group == GroupTime {
		return 0
	}
	for at > 0 && l.Rows[at].isDocument() {
		at--
	}
	return s.rankUnder(l.Rows[at].Heading, ranks)
}

// below reports whether a document belongs below what is seen.
func (v *sieve) below(place int32) bool { return v.place < 0 || v.compare(place, v.place, v.rank) > 0 }

// compare orders a document and one whose heading's rank is known.
func (v *sieve) compare(a, b, rank int32) int {
	if n := v.s.rankOf(v.s.record(a), v.group, v.ranks) - rank; n != 0 {
		return int(n)
	}
	return v.s.compare(a, b)
}

// merge puts documents into the rows below what is seen.
func (l *List) merge(s *Store, v *sieve, in []int32) {
	rankOf := func(place int32) int32 { return s.rankOf(s.record(place), v.group, v.ranks) }
	slices.SortFunc(in, func(a, b int32) int { return v.compare(a, b, rankOf(b)) })
	if v.group == GroupTime {
		l.insert(s, v.edge+1, in)
		return
	}
	old, out := l.Rows, l.Made.Spare[:0]
	var under, over Heading // that what is put out stands under, and what stood here
	put := func(place int32) {
		if h := s.headingOf(v.group, &s.record(place).item.Header); h != under {
			under = h
			out = append(out, Row{Heading: h})
		}
		out = append(out, s.row(place))
	}
	for i := range old {
		row := old[i]
		if !row.isDocument() {
			over = row.Heading
		}
		// A heading is met by way of the document under it.
		for i > v.edge && len(in) > 0 {
			next, head := &row, false
			if !row.isDocument() {
				next, head = &old[i+1], true
			}
			rank := s.rankUnder(over, v.ranks)
			if mine := rankOf(in[0]); mine > rank || mine == rank && (head || s.compare(in[0], next.place) > 0) {
				break
			}
			put(in[0])
			in = in[1:]
		}
		if !row.isDocument() {
			under = row.Heading
		}
		out = append(out, row)
	}
	for _, place := range in {
		put(place)
	}
	l.Rows, l.Made.Spare = out, old
}

// insert puts documents, in order, among the rows from a place on. Where each goes is
// found by halves: rows that have kept their places while they changed are few.
func (l *List) insert(s *Store, from int, in []int32) {
	out, rest := append(l.Made.Spare[:0], l.Rows[:from]...), l.Rows[from:]
	for _, place := range in {
		low, high := 0, len(rest)
		for low < high {
			if middle := (low + high) / 2; s.compare(rest[middle].place, place) < 0 {
				low = middle + 1
			} else {
				high = middle
			}
		}
		out, rest = append(append(out, rest[:low]...), s.row(place)), rest[low:]
	}
	l.Rows, l.Made.Spare = append(out, rest...), l.Rows
}

// counted counts the rows that are documents, and those under each heading.
func (l *List) counted() {
	l.Documents = len(l.Rows)
	if l.Query.Group == GroupTime {
		return
	}
	end := len(l.Rows)
	for i := end - 1; i >= 0; i-- {
		if !l.Rows[i].isDocument() {
			l.Rows[i].under = int32(end - i - 1)
			l.Documents--
			end = i
		}
	}
}

// showHeld brings in what is held, and goes to the first of it.
func (m *machine) showHeld() {
	l, s := &m.s.List, m.s.View.Store
	if l.Held == 0 {
		return
	}
	n := l.Held
	held := make(map[protocol.DocumentKey]bool, n)
	for _, place := range s.places.changed {
		if r := s.record(place); r.live && r.changed {
			held[r.item.Key] = true
		}
	}
	l.renew(s)
	for i := range l.Rows {
		if held[l.Rows[i].Key] && l.Rows[i].isDocument() {
			l.Active = l.Rows[i].Key
			l.reveal(i)
			break
		}
	}
	m.do(ScrollList{l.Top})
	m.do(FocusOn{rowID(l.Active)})
	m.status(numbered(m.s.Lang, n, txtNewOne, txtNewMany))
}
