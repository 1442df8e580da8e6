package viewer

import (
	"errors"
	"time"

	"tvilling/protocol"
)

// errFull is a view of more documents than a node may send.
var errFull = errors.New("more documents than a view may hold")

// held is a document of a view: its revision, and the kind that it counts as.
type held struct {
	rev  uint64
	kind int
}

// store holds which documents a view has, with their digest. Of the documents it keeps
// nothing else.
type store struct {
	items  map[protocol.DocumentKey]held
	digest uint64
	counts []int // by kind
}

func newStore(kinds int) *store {
	return &store{items: map[protocol.DocumentKey]held{}, counts: make([]int, kinds)}
}

// put adds or replaces a document. A kind below zero is counted nowhere.
func (s *store) put(item protocol.Item, kind int) error {
	s.remove(item.Key)
	if len(s.items) >= protocol.MaxViewDocuments {
		return errFull
	}
	s.items[item.Key] = held{item.Rev, kind}
	s.digest += protocol.Mix(item.Key, item.Rev)
	if kind >= 0 {
		s.counts[kind]++
	}
	return nil
}

func (s *store) remove(key protocol.DocumentKey) {
	old, had := s.items[key]
	if !had {
		return
	}
	delete(s.items, key)
	s.digest -= protocol.Mix(key, old.rev)
	if old.kind >= 0 {
		s.counts[old.kind]--
	}
}

// agrees reports whether the store holds what the node says it should.
func (s *store) agrees(count uint32, digest uint64) bool {
	return uint32(len(s.items)) == count && s.digest == digest
}

// maxIntervals bounds a timeline: what comes after is counted as missing.
const maxIntervals = 20_000

// Interval is a time in which documents of a kind were shown. To is zero while they are.
type Interval struct {
	Kind int
	From time.Time
	To   time.Time
}

// timeline keeps when documents of each kind were shown.
type timeline struct {
	all  []Interval
	open []int // by kind: where in all the open one is, plus one; zero: none is
	full bool
}

func newTimeline(kinds int) timeline { return timeline{open: make([]int, kinds)} }

// note takes what is shown now.
func (t *timeline) note(at time.Time, s *store) {
	for kind, open := range t.open {
		shown := s != nil && s.counts[kind] > 0
		switch {
		case shown && open == 0 && len(t.all) >= maxIntervals:
			t.full = true
		case shown && open == 0:
			t.all = append(t.all, Interval{Kind: kind, From: at})
			t.open[kind] = len(t.all)
		case !shown && open != 0:
			t.all[open-1].To = at
			t.open[kind] = 0
		}
	}
}
