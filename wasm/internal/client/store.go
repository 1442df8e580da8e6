package client

import (
	"cmp"
	"slices"

	"tvilling/protocol"
)

// Store holds the documents of a view, with their digest.
type Store struct {
	items  map[protocol.DocumentKey]protocol.Item
	digest uint64
	counts [256]int // by contract
}

func newStore() *Store { return &Store{items: map[protocol.DocumentKey]protocol.Item{}} }

// put adds or replaces an item. It reports false when the store is full: the node
// refuses such a view, so one that sends it is not to be believed.
func (s *Store) put(item protocol.Item) bool {
	old, had := s.items[item.Key]
	if had {
		s.digest -= protocol.Mix(item.Key, old.Rev)
		s.counts[old.Header.Contract]--
	} else if len(s.items) >= protocol.MaxViewDocuments {
		return false
	}
	s.items[item.Key] = item
	s.digest += protocol.Mix(item.Key, item.Rev)
	s.counts[item.Header.Contract]++
	return true
}

// remove takes an item out, and reports whether it was there.
func (s *Store) remove(key protocol.DocumentKey) bool {
	old, had := s.items[key]
	if had {
		s.digest -= protocol.Mix(key, old.Rev)
		s.counts[old.Header.Contract]--
		delete(s.items, key)
	}
	return had
}

// agrees reports whether the store holds what the node says it should.
func (s *Store) agrees(count uint32, digest uint64) bool {
	return uint32(len(s.items)) == count && s.digest == digest
}

func (s *Store) len() int {
	if s == nil {
		return 0
	}
	return len(s.items)
}

func (s *Store) get(key protocol.DocumentKey) (protocol.Item, bool) {
	if s == nil {
		return protocol.Item{}, false
	}
	item, ok := s.items[key]
	return item, ok
}

// count returns how many documents there are of a contract.
func (s *Store) count(c protocol.Contract) int {
	if s == nil {
		return 0
	}
	return s.counts[c]
}

// ordered returns the documents that pass the filter (NoContract: all), newest
// first; by type, in the registry's order, with a heading row before each.
func (s *Store) ordered(filter protocol.Contract, byType bool) []Row {
	if s == nil || len(s.items) == 0 {
		return nil
	}
	picked := make([]place, 0, len(s.items))
	for key, item := range s.items {
		if filter == protocol.NoContract || item.Header.Contract == filter {
			picked = append(picked, place{key, item.Header.Contract, item.Header.Time})
		}
	}
	slices.SortFunc(picked, func(a, b place) int {
		if byType && a.contract != b.contract {
			return cmp.Compare(a.contract, b.contract)
		}
		if a.time != b.time {
			return cmp.Compare(b.time, a.time)
		}
		return slices.Compare(a.key[:], b.key[:])
	})
	rows := make([]Row, 0, len(picked)+16)
	last := protocol.NoContract
	for _, p := range picked {
		if byType && p.contract != last {
			rows = append(rows, Row{Heading: p.contract})
			last = p.contract
		}
		rows = append(rows, Row{Key: p.key})
	}
	return rows
}

type place struct {
	key      protocol.DocumentKey
	contract protocol.Contract
	time     protocol.Civil
}
