package raftfsm

import (
	"context"
	"errors"
	"sync"

	"tvilling/raftfsm/command"
)

// Errors of a Reader.
var (
	ErrLagged = errors.New("raftfsm: the reader fell behind: take a new View, then go on reading")
	ErrClosed = errors.New("raftfsm: closed")
)

// Change says that an entry changed what is stored about a subject. For documents
// Upserted and Removed are document keys and Contract is theirs; for rows they are row
// keys and Contract is 0. The slices are shared: they must not be written to.
type Change struct {
	Index    uint64
	Kind     command.Kind
	Subject  command.Subject
	Contract uint8
	Upserted [][16]byte
	Removed  [][16]byte
}

// Feed hands out the changes of the state to whoever follows a subject. It keeps
// nothing: what happened before Follow is in the View.
type Feed struct {
	mu       sync.Mutex // guards everything below, and the queues of the readers
	subjects map[command.Subject]map[*Reader]struct{}
	all      map[*Reader]struct{}
	closed   bool
}

func newFeed() *Feed {
	return &Feed{subjects: make(map[command.Subject]map[*Reader]struct{}), all: make(map[*Reader]struct{})}
}

// Reader follows subjects. It is for one goroutine; Close may be called from any.
type Reader struct {
	feed     *Feed
	subjects []command.Subject // none: every subject
	wake     chan struct{}     // holds one

	// Guarded by feed.mu.
	queue  []Change
	lagged bool
	closed bool
}

// Follow returns a reader of the changes from now on; without subjects, of all. Open
// it before the View that it continues: what they overlap in comes twice, and nothing
// is missed.
func (f *Feed) Follow(subjects ...command.Subject) *Reader {
	r := &Reader{feed: f, subjects: append([]command.Subject(nil), subjects...), wake: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	r.closed = f.closed
	if f.closed {
		return r
	}
	if len(r.subjects) == 0 {
		f.all[r] = struct{}{}
	}
	for _, s := range r.subjects {
		if f.subjects[s] == nil {
			f.subjects[s] = make(map[*Reader]struct{}, 1)
		}
		f.subjects[s][r] = struct{}{}
	}
	return r
}

// publish queues changes. It never waits for a reader.
func (f *Feed) publish(changes []Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range changes {
		for r := range f.subjects[changes[i].Subject] {
			r.push(changes[i])
		}
		for r := range f.all {
			r.push(changes[i])
		}
	}
}

// push is called with feed.mu held.
func (r *Reader) push(c Change) {
	if !r.lagged && len(r.queue) == MaxFeedChanges {
		r.lagged, r.queue = true, nil
	}
	if !r.lagged {
		r.queue = append(r.queue, c)
	}
	r.rouse()
}

func (r *Reader) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// each calls what for every reader, with feed.mu held.
func (f *Feed) each(what func(*Reader)) {
	for r := range f.all {
		what(r)
	}
	for _, readers := range f.subjects {
		for r := range readers {
			what(r)
		}
	}
}

// lag makes every reader start anew: the state was replaced.
func (f *Feed) lag() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.each(func(r *Reader) {
		r.lagged, r.queue = true, nil
		r.rouse()
	})
}

// close ends every reader, those to come as well.
func (f *Feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.each(func(r *Reader) {
		r.closed = true
		r.rouse()
	})
	clear(f.all)
	clear(f.subjects)
}

// Next waits for the next change. After ErrLagged, which comes when changes were lost,
// the reader goes on from there: a View that is taken after it holds what was lost.
// After ErrClosed nothing comes any more.
func (r *Reader) Next(ctx context.Context) (Change, error) {
	for {
		c, ready, err := r.take()
		if ready {
			return c, err
		}
		select {
		case <-ctx.Done():
			return Change{}, ctx.Err()
		case <-r.wake:
		}
	}
}

func (r *Reader) take() (c Change, ready bool, err error) {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	switch {
	case r.closed:
		return Change{}, true, ErrClosed
	case r.lagged:
		r.lagged = false
		return Change{}, true, ErrLagged
	case len(r.queue) == 0:
		return Change{}, false, nil
	}
	c = r.queue[0]
	r.queue[0] = Change{}
	r.queue = r.queue[1:]
	return c, true, nil
}

// Close ends the reader.
func (r *Reader) Close() {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	r.closed, r.queue = true, nil
	delete(r.feed.all, r)
	for _, s := range r.subjects {
		delete(r.feed.subjects[s], r)
		if len(r.feed.subjects[s]) == 0 {
			delete(r.feed.subjects, s)
		}
	}
	r.rouse()
}
