package client

import (
	"cmp"
	"slices"

	"tvilling/protocol"
)

// look is what a query finds in a store. It stands until the store or the query is
// another.
type look struct {
	query    Query
	revision uint64
	made     bool
	found    []int32 // newest first; the store's whole order, where nothing is left out
	room     []int32 // for found
	Facets   *Facets // of the query; nil: not counted
	counted  uint64  // the revision that they were counted at
}

// Facets count the documents that pass the query but for the facet's own part of it:
// what there would be, were that part another. They tell of the view alone.
type Facets struct {
	Types     [256]int
	Providers []Facet // by name
	Units     []Facet
}

// Facet is a value that a query can have, what it is called, and how many documents
// have it.
type Facet struct {
	Value, Label string
	N            int
}

// What a document misses in a query, a bit for each part.
const (
	missType = 1 << iota
	missProvider
	missUnit
	missOther
)

// looking is a query made ready to be held against a record.
type looking struct {
	*Query
	provider, unit int32 // numbers; -1: none has it
	text           bool
}

func (s *Store) ready(q *Query) looking {
	return looking{q, s.providers.find(q.Provider), s.units.find(q.Unit), s.search.ask(q.Text)}
}

// misses returns what keeps a record out of the query.
func (s *Store) misses(r *record, q *looking) (miss uint8) {
	h := &r.item.Header
	if q.Contract != protocol.NoContract && h.Contract != q.Contract {
		miss |= missType
	}
	if q.Provider != "" && r.provider != q.provider {
		miss |= missProvider
	}
	if q.Unit != "" && r.unit != q.unit {
		miss |= missUnit
	}
	if q.From|q.To != 0 && !within(h.Time, q.From, q.To) || q.text && !s.search.hits(s, r) {
		miss |= missOther
	}
	return miss
}

// look holds every document against a query.
func (s *Store) look(q Query) *look {
	l := &s.looked
	q.Group = GroupTime // what is found does not depend on it
	if l.made && l.query == q && l.revision == s.revision {
		return l
	}
	if l.query != q {
		l.Facets = nil
	}
	l.query, l.revision, l.made = q, s.revision, true
	l.found = s.sorted()
	if !q.narrows() {
		return l
	}
	want, found := s.ready(&q), l.room[:0]
	for _, place := range l.found {
		if s.misses(s.record(place), &want) == 0 {
			found = append(found, place)
		}
	}
	l.found, l.room = found, found
	return l
}

// facets counts what the query could be narrowed by. While a menu of them may be open,
// what has come since is not counted; what has gone always is.
func (s *Store) facets(q Query, menu bool) *Facets {
	l := s.look(q)
	if l.Facets != nil && (menu || l.counted == s.revision) {
		return l.Facets
	}
	f := new(Facets)
	providers, units := make([]int, len(s.providers.entries)), make([]int, len(s.units.entries))
	want := s.ready(&l.query)
	for _, place := range s.sorted() {
		r := s.record(place)
		miss := s.misses(r, &want)
		if miss&^missType == 0 {
			f.Types[r.item.Header.Contract]++
		}
		if miss&^missProvider == 0 {
			providers[r.provider]++
		}
		if miss&^missUnit == 0 {
			units[r.unit]++
		}
	}
	f.Providers = s.values(&s.providers, providers, q.Provider, true)
	f.Units = s.values(&s.units, units, q.Unit, false)
	l.Facets, l.counted = f, s.revision
	return f
}

// values lists the values that documents have, by name; the one in force is there even
// when none has it.
func (s *Store) values(t *table, counts []int, chosen string, isProvider bool) []Facet {
	all := make([]Facet, 0, len(counts)+1)
	for i, n := range counts {
		if name := t.entries[i].name; name != "" && n > 0 {
			all = append(all, Facet{name, name, n})
		}
	}
	if chosen != "" && !slices.ContainsFunc(all, func(f Facet) bool { return f.Value == chosen }) {
		all = append(all, Facet{chosen, chosen, 0})
	}
	if isProvider {
		for i := range all {
			all[i].Label = s.names.provider(all[i].Value)
		}
	}
	order := make([]int32, len(all))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &all[a], &all[b]
		return cmp.Or(collate(x.Label, y.Label), cmp.Compare(x.Value, y.Value))
	})
	sorted := make([]Facet, len(all))
	for i, at := range order {
		sorted[i] = all[at]
	}
	return sorted
}

// facets returns what the query in force could be narrowed by.
func (s *State) facets() *Facets {
	if s.View.Store == nil {
		return new(Facets)
	}
	return s.View.Store.facets(s.List.Query, s.List.Menu)
}

// each visits every document that passes the query, in no order. What is visited is
// the store's own: it is to be read, not kept.
func (s *Store) each(q Query, visit func(protocol.DocumentKey, *protocol.Item)) {
	if s == nil {
		return
	}
	q.Group = GroupTime
	if l := &s.looked; l.made && l.query == q && l.revision == s.revision {
		for _, place := range l.found {
			item := &s.record(place).item
			visit(item.Key, item)
		}
		return
	}
	want := s.ready(&q)
	for _, place := range s.sorted() {
		if r := s.record(place); s.misses(r, &want) == 0 {
			visit(r.item.Key, &r.item)
		}
	}
}
