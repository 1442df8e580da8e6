package client

import (
	"cmp"
	"slices"

	"tvilling/protocol"
)

// Store holds the documents of a view, with their digest.
type Store struct {
	at      map[protocol.DocumentKey]int32 // place in records
	records []record
	free    []int32 // places in records that hold nothing
	digest  uint64
	counts  [256]int // by contract
	names   names
}

// record is a document of the store.
type record struct {
	item  protocol.Item
	found string // what it is searched by; empty: not written yet
	held  bool   // there is a document here
}

func newStore() *Store { return &Store{at: map[protocol.DocumentKey]int32{}} }

// put adds or replaces an item. It reports false when the store is full: the node
// refuses such a view, so one that sends it is not to be believed.
func (s *Store) put(item protocol.Item) bool {
	place, had := s.at[item.Key]
	switch {
	case had:
		s.forget(&s.records[place].item)
	case len(s.at) >= protocol.MaxViewDocuments:
		return false
	case len(s.free) > 0:
		place = s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
	default:
		place = int32(len(s.records))
		s.records = append(s.records, record{})
	}
	s.at[item.Key] = place
	s.records[place] = record{item: item, held: true}
	s.digest += protocol.Mix(item.Key, item.Rev)
	s.counts[item.Header.Contract]++
	return true
}

func (s *Store) forget(old *protocol.Item) {
	s.digest -= protocol.Mix(old.Key, old.Rev)
	s.counts[old.Header.Contract]--
}

// remove takes an item out, and reports whether it was there.
func (s *Store) remove(key protocol.DocumentKey) bool {
	place, had := s.at[key]
	if had {
		s.forget(&s.records[place].item)
		s.records[place] = record{} // nothing of it stays
		s.free = append(s.free, place)
		delete(s.at, key)
	}
	return had
}

// agrees reports whether the store holds what the node says it should.
func (s *Store) agrees(count uint32, digest uint64) bool {
	return uint32(len(s.at)) == count && s.digest == digest
}

func (s *Store) len() int {
	if s == nil {
		return 0
	}
	return len(s.at)
}

func (s *Store) get(key protocol.DocumentKey) (protocol.Item, bool) {
	if s == nil {
		return protocol.Item{}, false
	}
	place, ok := s.at[key]
	if !ok {
		return protocol.Item{}, false
	}
	return s.records[place].item, true
}

// count returns how many documents there are of a contract.
func (s *Store) count(c protocol.Contract) int {
	if s == nil {
		return 0
	}
	return s.counts[c]
}

// each visits every document that passes the query, in no order. What is visited is
// the store's own: it is to be read, not kept.
func (s *Store) each(q Query, visit func(protocol.DocumentKey, *protocol.Item)) {
	if s == nil {
		return
	}
	f := newFinder(q.Text, s.names)
	for i := range s.records {
		if r := &s.records[i]; r.held && s.passes(r, &q, f) {
			visit(r.item.Key, &r.item)
		}
	}
}

func (s *Store) passes(r *record, q *Query, f *finder) bool {
	h := &r.item.Header
	if q.Contract != protocol.NoContract && h.Contract != q.Contract ||
		q.Provider != "" && h.CareProvider.Reveal() != q.Provider ||
		q.Unit != "" && unitOf(h) != q.Unit || !within(h.Time, q.From, q.To) {
		return false
	}
	if len(f.words) == 0 {
		return true
	}
	if r.found == "" {
		r.found = searchable(h)
	}
	return f.finds(h, r.found)
}

// ordered returns the rows of the documents that pass the query: newest first, and
// where they are gathered by something, with a heading before each.
func (s *Store) ordered(q Query) []Row {
	if s == nil || len(s.at) == 0 {
		return nil
	}
	picked := make([]place, 0, len(s.at))
	s.each(q, func(key protocol.DocumentKey, item *protocol.Item) {
		picked = append(picked, place{Row{key, headingOf(q.Group, &item.Header)}, item.Header.Time})
	})
	slices.SortFunc(picked, func(a, b place) int {
		if c := s.compareHeadings(a.row.Heading, b.row.Heading); c != 0 {
			return c
		}
		if a.time != b.time {
			return cmp.Compare(b.time, a.time)
		}
		return slices.Compare(a.row.Key[:], b.row.Key[:])
	})
	rows := make([]Row, 0, len(picked)+16)
	var last Heading
	for _, p := range picked {
		if p.row.Heading != last {
			last = p.row.Heading
			rows = append(rows, Row{Heading: last})
		}
		rows = append(rows, Row{Key: p.row.Key})
	}
	return rows
}

type place struct {
	row  Row
	time protocol.Civil
}

// headingOf is the heading that a document stands under.
func headingOf(g Group, h *protocol.Header) Heading {
	switch g {
	case GroupType:
		return Heading{Group: g, Contract: h.Contract}
	case GroupProvider:
		return Heading{Group: g, Provider: h.CareProvider}
	default:
		return Heading{}
	}
}

// compareHeadings orders types as the registry does, care providers by name.
func (s *Store) compareHeadings(a, b Heading) int {
	switch {
	case a == b:
		return 0
	case a.Provider == b.Provider:
		return cmp.Compare(a.Contract, b.Contract)
	}
	if s.names.provider != nil {
		if c := cmp.Compare(s.names.provider(a.Provider), s.names.provider(b.Provider)); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.Provider.Reveal(), b.Provider.Reveal())
}
