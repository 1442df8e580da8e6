package client

import (
	"cmp"
	"slices"

	"tvilling/protocol"
)

// Row is a document, or with a Heading what the rows under it have in common.
type Row struct {
	Key     protocol.DocumentKey
	Heading Heading
	place   int32 // in the store that the rows are of
	under   int32 // documents under a heading
}

// Heading is a type, a care provider or a severity, by its Group. GroupTime: no heading.
type Heading struct {
	Group    Group
	Contract protocol.Contract
	Provider protocol.CareProviderID
	Severity Severity
}

// isDocument reports whether the row is a document, no heading.
func (r *Row) isDocument() bool { return r.Heading.Group == GroupTime }

// headingOf is the heading that a document stands under.
func (s *Store) headingOf(g Group, h *protocol.Header) Heading {
	switch g {
	case GroupType:
		return Heading{Group: g, Contract: h.Contract}
	case GroupProvider:
		return Heading{Group: g, Provider: h.CareProvider}
	case GroupSeverity:
		return Heading{Group: g, Severity: severityIn(h, s.places.day)}
	default:
		return Heading{}
	}
}

// ranks returns the order of the care providers, by name, for each number that they
// have in the store; types are in the registry's own order.
func (s *Store) ranks(g Group) []int32 {
	if g != GroupProvider {
		return nil
	}
	entries := s.providers.entries
	byName := make([]int32, len(entries))
	for i := range byName {
		byName[i] = int32(i)
	}
	slices.SortFunc(byName, func(a, b int32) int {
		x, y := entries[a].name, entries[b].name
		return cmp.Or(collate(s.names.provider(x), s.names.provider(y)), cmp.Compare(x, y))
	})
	ranks := make([]int32, len(entries))
	for rank, at := range byName {
		ranks[at] = int32(rank)
	}
	return ranks
}

// rankOf is where a document's heading stands among the headings.
func (s *Store) rankOf(r *record, g Group, ranks []int32) int32 {
	switch g {
	case GroupType:
		return int32(r.item.Header.Contract)
	case GroupProvider:
		return ranks[r.provider]
	case GroupSeverity:
		return int32(severityIn(&r.item.Header, s.places.day))
	default:
		return 0
	}
}

// rankUnder is where a heading stands that rows are under. A document that has changed
// keeps its row where it is read, so what its header says now is not what it is under.
func (s *Store) rankUnder(h Heading, ranks []int32) int32 {
	switch h.Group {
	case GroupType:
		return int32(h.Contract)
	case GroupProvider:
		if at := s.providers.find(h.Provider.Reveal()); at >= 0 {
			return ranks[at]
		}
		return -1
	default:
		return int32(h.Severity)
	}
}

// row makes the row of a document, and notes that it has one.
func (s *Store) row(place int32) Row {
	r := s.record(place)
	r.shown = s.shown
	return Row{Key: r.item.Key, place: place}
}

// rows makes rows of the documents that pass the query: newest first, and where they
// are gathered by something, with a heading before each. They are written over buf.
func (s *Store) rows(q Query, buf []Row) []Row {
	found := s.look(q).found
	s.shown++
	s.settled()
	rows := slices.Grow(buf[:0], len(found))
	if q.Group == GroupTime {
		for _, place := range found {
			rows = append(rows, s.row(place))
		}
		return rows
	}
	ranks := s.ranks(q.Group)
	next := make([]int, max(256, len(ranks))) // by rank: how many, then where the next one goes
	headings := make([]Heading, len(next))
	for _, place := range found {
		r := s.record(place)
		rank := s.rankOf(r, q.Group, ranks)
		next[rank]++
		headings[rank] = s.headingOf(q.Group, &r.item.Header)
	}
	for rank, n := range next {
		if n > 0 {
			next[rank] = len(rows) + 1
			rows = append(rows, Row{Heading: headings[rank]})
			rows = slices.Grow(rows, n)[:len(rows)+n]
		}
	}
	for _, place := range found {
		rank := s.rankOf(s.record(place), q.Group, ranks)
		rows[next[rank]] = s.row(place)
		next[rank]++
	}
	return rows
}

// settled forgets what the rows were to be settled for.
func (s *Store) settled() {
	for _, place := range s.places.changed {
		s.record(place).changed = false
	}
	s.places.changed, s.stirred = s.places.changed[:0], false
}

// stands reports whether a row's document is still there.
func (s *Store) stands(row *Row) bool {
	r := s.record(row.place)
	return r.live && r.item.Key == row.Key
}
