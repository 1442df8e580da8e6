package client

import (
	"cmp"
	"slices"

	"tvilling/protocol"
)

// Store holds the documents of a view, with their digest. Each has a place, a number
// that is its own for as long as it is there, so that an order of thousands is a list
// of small numbers.
type Store struct {
	at        map[protocol.DocumentKey]int32
	blocks    [][]record // by place, blockSize in each: one that grows is never copied
	places    places
	digest    uint64
	counts    [256]int // by contract
	providers table
	units     table
	names     names
	search    search
	looked    look
	shown     uint32 // the rows that stand; a record with this number is among them
	stirred   bool   // something came, moved or went since the rows were made
	revision  uint64 // counts every change: what was made of one content is told from what is to be made of another
	sight     sight
	drawn     drawn // what was last made of the documents
}

// record is a document of the store, and what is known of it.
type record struct {
	item     protocol.Item
	text     string // what it is searched by; empty: not written yet
	provider int32  // in the table of providers
	unit     int32  // in the table of units
	shown    uint32 // the rows that it was last among
	seen     uint32 // the search that it was last looked at in
	hit      bool   // whether it was found then
	live     bool   // there is a document here
	fresh    bool   // its place in the order is yet to be found
	changed  bool   // put since the rows were settled, or held back from them
}

const blockSize = 512

// sight is the content of the store that the whole of it was last drawn from: what
// takes a look at every document is not drawn anew for each of a thousand that come
// one after the other. It never shows what is gone.
type sight struct {
	revision uint64
	due      Clock // when it may be drawn anew for what has come
}

// places keeps the documents in order.
type places struct {
	last  int32   // places ever used
	free  []int32 // used before
	gone  []int32 // emptied, but still in order
	fresh []int32 // not in order, or at a wrong place there
	order []int32 // newest first
	stale bool    // some in order are gone, or belong elsewhere
	spare []int32 // the other buffer of order
	// changed are those that the rows have not been settled for.
	changed  []int32
	prepared int32  // those before it have been made ready to be searched
	day      string // today's, which an alert may have ended before
}

func newStore() *Store { return &Store{at: map[protocol.DocumentKey]int32{}, shown: 1} }

func (s *Store) record(place int32) *record { return &s.blocks[place/blockSize][place%blockSize] }

// put adds or replaces an item. It reports false when the store is full: the node
// refuses such a view, so one that sends it is not to be believed.
func (s *Store) put(item protocol.Item) bool {
	place, had := s.at[item.Key]
	if !had {
		if len(s.at) >= protocol.MaxViewDocuments {
			return false
		}
		place = s.places.take()
		if int(place) == len(s.blocks)*blockSize {
			s.blocks = append(s.blocks, make([]record, blockSize))
		}
		s.at[item.Key] = place
	}
	r := s.record(place)
	old := *r
	if had {
		s.forget(&old)
	}
	h := &item.Header
	h.RecordID = "" // nothing here asks for it
	*r = record{
		item: item, live: true, shown: old.shown, fresh: old.fresh, changed: old.changed,
		provider: s.providers.add(h.CareProvider.Reveal()), unit: s.units.add(unitOf(h)),
	}
	if h.Unit != "" {
		h.Unit = s.units.entries[r.unit].name // one text for all of the unit
		r.item.Header.Unit = h.Unit
	}
	if had && (old.item.Header.CareProvider != h.CareProvider || unitOf(&old.item.Header) != unitOf(h)) {
		s.drawn, s.looked.Facets = drawn{}, nil // a name may have gone with it
	}
	s.digest += protocol.Mix(item.Key, item.Rev)
	s.counts[h.Contract]++
	s.revision++
	moved := !had || severityIn(&old.item.Header, s.places.day) != severityIn(h, s.places.day) || old.item.Header.Time != h.Time || old.item.Header.Contract != h.Contract || old.provider != r.provider
	s.stirred = s.stirred || moved
	if moved && !r.fresh {
		r.fresh, s.places.stale = true, s.places.stale || had
		s.places.fresh = append(s.places.fresh, place)
	}
	if !r.changed {
		r.changed = true
		s.places.changed = append(s.places.changed, place)
	}
	return true
}

// forget takes what a record counts for out of the sums.
func (s *Store) forget(r *record) {
	s.digest -= protocol.Mix(r.item.Key, r.item.Rev)
	s.counts[r.item.Header.Contract]--
	s.providers.drop(r.provider)
	s.units.drop(r.unit)
}

// remove takes an item out, and reports whether it was there. Nothing of it stays.
func (s *Store) remove(key protocol.DocumentKey) bool {
	place, had := s.at[key]
	if !had {
		return false
	}
	r := s.record(place)
	s.forget(r)
	*r = record{}
	delete(s.at, key)
	s.places.gone, s.places.stale = append(s.places.gone, place), true
	s.revision++
	s.sight.revision = s.revision
	s.stirred = true
	s.drawn, s.looked = drawn{}, look{found: s.looked.found[:0]} // made of it, and perhaps not looked at again
	return true
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
	return s.record(place).item, true
}

// count returns how many documents there are of a contract.
func (s *Store) count(c protocol.Contract) int {
	if s == nil {
		return 0
	}
	return s.counts[c]
}

func (p *places) take() int32 {
	if n := len(p.free); n > 0 {
		place := p.free[n-1]
		p.free = p.free[:n-1]
		return place
	}
	p.last++
	return p.last - 1
}

// compare orders documents: the newest first, and those of one time by their keys.
func (s *Store) compare(a, b int32) int {
	x, y := &s.record(a).item, &s.record(b).item
	if x.Header.Time != y.Header.Time {
		return cmp.Compare(y.Header.Time, x.Header.Time)
	}
	return slices.Compare(x.Key[:], y.Key[:])
}

// sorted returns the places in order. What has come since the last time is sorted by
// itself, and finds its place among the others by halves: thousands that stand where
// they stood are moved, not looked at.
func (s *Store) sorted() []int32 {
	p := &s.places
	if len(p.fresh) == 0 && len(p.gone) == 0 {
		return p.order
	}
	if p.stale {
		p.order = slices.DeleteFunc(p.order, func(place int32) bool {
			r := s.record(place)
			return !r.live || r.fresh
		})
	}
	fresh := make([]int32, 0, len(p.fresh))
	for _, place := range p.fresh {
		if r := s.record(place); r.live && r.fresh {
			r.fresh = false
			fresh = append(fresh, place)
		}
	}
	slices.SortFunc(fresh, s.compare)
	out, rest := p.spare[:0], p.order
	for _, place := range fresh {
		low, high := 0, len(rest)
		for low < high {
			if middle := (low + high) / 2; s.compare(rest[middle], place) < 0 {
				low = middle + 1
			} else {
				high = middle
			}
		}
		out, rest = append(append(out, rest[:low]...), place), rest[low:]
	}
	out = append(out, rest...)
	p.free = append(p.free, p.gone...)
	p.fresh, p.gone, p.stale = p.fresh[:0], p.gone[:0], false
	p.order, p.spare = out, p.order
	return out
}

// table numbers texts that many documents share. One that no document has any more is
// not kept.
type table struct {
	at      map[string]int32
	entries []entry
	free    []int32
}

type entry struct {
	name string
	n    int // documents that have it

	search uint32 // the search that words are of
	words  uint16 // which of its words stand in what the entry is called
}

func (t *table) add(name string) int32 {
	at, known := t.at[name]
	if !known {
		if t.at == nil {
			t.at = map[string]int32{}
		}
		if n := len(t.free); n > 0 {
			at, t.free = t.free[n-1], t.free[:n-1]
		} else {
			at = int32(len(t.entries))
			t.entries = append(t.entries, entry{})
		}
		t.at[name], t.entries[at].name = at, name
	}
	t.entries[at].n++
	return at
}

func (t *table) drop(at int32) {
	e := &t.entries[at]
	if e.n--; e.n == 0 {
		delete(t.at, e.name)
		*e = entry{}
		t.free = append(t.free, at)
	}
}

// find returns the number of a name, -1 where no document has it.
func (t *table) find(name string) int32 {
	if at, known := t.at[name]; known {
		return at
	}
	return -1
}
