package viewer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"tvilling/protocol"
)

// StreamConfig says what a stream shows.
type StreamConfig struct {
	Origins []string // of data nodes; the first is tried first
	Person  string
	Patient string
	Seed    uint64 // of its waits

	// Kinds and KindOf part the documents of the view into kinds whose coming and
	// going is kept; a kind below zero is kept nowhere. Zero kinds: nothing is kept.
	Kinds  int
	KindOf func(*protocol.Header) int
}

// StreamCounts is what a stream has been through.
type StreamCounts struct {
	Moved       int           // followed a GoAway, with the old view shown meanwhile
	Broken      int           // the line of the live view ended
	Resumed     int           // another link took over what was shown
	Expired     int           // the lease ended, and the view was blanked
	Overrun     time.Duration // the longest that a view stood after its lease had ended
	Shows       int           // views that came whole
	Revoked     int
	Gaps        int           // batches that did not follow upon what was shown
	Doubts      int           // views that were not what the node said they are
	Refused     int           // times that the view was refused or taken away whole
	Dark        time.Duration // the longest time with nothing shown, the beginning aside
	FirstFault  string
	Interrupted bool // something was not kept: a timeline has a limit
}

// Stream shows one view for as long as it runs. Everything belongs to its owner, the
// goroutine that Watch starts, but what mu guards.
type Stream struct {
	ctx     context.Context
	cut     context.CancelFunc
	config  StreamConfig
	patient protocol.PatientID
	events  chan event
	helpers sync.WaitGroup
	random  *rand.Rand
	first   chan struct{} // closed at the first view

	climbing
	mu sync.Mutex // guards counts, view and times against readers; the owner writes under it
	shown
}

// climbing is how the stream is connected.
type climbing struct {
	live, next *link
	moving     bool      // the live node has asked us to go
	planned    time.Time // when the next link is dialled; zero: not
	again      time.Time // when a view that was refused is asked for again; zero: not
	attempts   int
	addresses  []string
	cursor     int
	commission protocol.CommissionID
	position   protocol.Position
	acts       bool      // the node counts the time since a user did something
	acted      time.Time // when it was told of that
	stopped    error
}

// shown is what is on the screen, and what was.
type shown struct {
	view   view
	counts StreamCounts
	times  timeline
	dark   time.Time // since when nothing is shown; zero: something is, or never was
}

// view is what is on the screen; without a store nothing is.
type view struct {
	store      *store
	link       *link
	generation protocol.Generation
	index      uint64
	vouched    uint64
	due        time.Time // when it must be blanked, unless it is renewed
}

// Watch begins to open a view, which stays until Close or until the context ends.
func Watch(ctx context.Context, c StreamConfig) (*Stream, error) {
	patient, err := protocol.ParsePatientID(c.Patient)
	if err != nil {
		return nil, err
	}
	s := &Stream{config: c, patient: patient, events: make(chan event), first: make(chan struct{}),
		random: rand.New(rand.NewPCG(c.Seed, c.Seed^0x5eed))}
	s.ctx, s.cut = context.WithCancel(ctx)
	s.addresses, s.times = slices.Clone(c.Origins), newTimeline(c.Kinds)
	s.helpers.Go(s.own)
	return s, nil
}

// Wait waits until the view is shown for the first time.
func (s *Stream) Wait(ctx context.Context) error {
	select {
	case <-s.first:
		return nil
	case <-s.ctx.Done():
		return fmt.Errorf("%w: closed before it was shown", ErrView)
	case <-ctx.Done():
		return fmt.Errorf("%w: not shown in time: %s", ErrView, s.Counts().FirstFault)
	}
}

// Close ends the stream.
func (s *Stream) Close() {
	s.cut()
	s.helpers.Wait()
}

// Counts returns what it has been through.
func (s *Stream) Counts() StreamCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.Interrupted = s.times.full
	if !s.dark.IsZero() {
		c.Dark = max(c.Dark, time.Since(s.dark))
	}
	return c
}

// Shown reports whether documents of a kind are shown; below zero: whether anything is.
func (s *Stream) Shown(kind int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view.store != nil && (kind < 0 || s.view.store.counts[kind] > 0)
}

// Timeline returns when documents of each kind were shown.
func (s *Stream) Timeline() []Interval {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.times.all)
}

// own is the owner's loop.
func (s *Stream) own() {
	defer func() {
		for _, l := range []*link{s.live, s.next} {
			if l != nil {
				l.cut()
			}
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-timer.C:
			s.step(func(now time.Time) {})
		case e := <-s.events:
			s.step(func(now time.Time) { s.take(e, now) })
		}
		timer.Reset(max(0, time.Until(s.wake())))
	}
}

// step does one thing, then what the clock asks for, and notes what is shown then.
func (s *Stream) step(do func(now time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.expire(now)
	do(now)
	s.tend(now)
	s.note(now)
}

// note keeps what is shown now.
func (s *Stream) note(now time.Time) {
	s.times.note(now, s.view.store)
	switch {
	case s.view.store != nil && !s.dark.IsZero():
		s.counts.Dark = max(s.counts.Dark, now.Sub(s.dark))
		s.dark = time.Time{}
	case s.view.store == nil && s.dark.IsZero() && s.wasShown():
		s.dark = now
	}
}

func (s *Stream) wasShown() bool {
	select {
	case <-s.first:
		return true
	default:
		return false
	}
}

// expire blanks a view whose lease has ended.
func (s *Stream) expire(now time.Time) {
	if s.view.store == nil || now.Before(s.view.due) {
		return
	}
	s.counts.Expired++
	s.counts.Overrun = max(s.counts.Overrun, now.Sub(s.view.due))
	s.view = view{}
}

// tend does what the clock asks for: gives up slow climbs, notices silence, dials.
func (s *Stream) tend(now time.Time) {
	if s.stopped != nil {
		return
	}
	for _, l := range []*link{s.next, s.live} {
		if l != nil && l.waits() && !now.Before(l.moved.Add(climbTimeout)) {
			s.lost(l, now)
		}
	}
	if l := s.live; l != nil && l.stage == idle && !s.again.IsZero() && !now.Before(s.again) {
		s.again = time.Time{}
		l.stage = opening
		s.climb(l, now)
	}
	if s.live == nil || s.live.beat > 0 && !now.Before(s.live.silentAt()) {
		s.plan(now)
	}
	if !s.planned.IsZero() && !now.Before(s.planned) {
		s.dial(now)
	}
}

// wake is when the clock asks for something next.
func (s *Stream) wake() time.Time {
	at := time.Now().Add(time.Minute)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	if s.view.store != nil {
		sooner(s.view.due)
	}
	if s.stopped != nil {
		return at
	}
	sooner(s.planned)
	for _, l := range []*link{s.next, s.live} {
		if l != nil && l.waits() {
			sooner(l.moved.Add(climbTimeout))
		}
	}
	if l := s.live; l != nil && l.beat > 0 && s.next == nil && s.planned.IsZero() {
		sooner(l.silentAt())
	}
	sooner(s.again)
	return at
}

// take takes what a link brings.
func (s *Stream) take(e event, now time.Time) {
	l := e.link
	if l != s.live && l != s.next {
		return // closed by us
	}
	l.heard = now
	switch {
	case e.err != nil && !comesBack(e.err):
		s.stopped = fmt.Errorf("%w: %w", errForbidden, e.err)
		s.fault(s.stopped.Error())
		s.lost(l, now)
	case e.err != nil:
		if errors.Is(e.err, ErrView) {
			s.counts.Doubts++
			s.fault(e.err.Error())
		}
		s.lost(l, now)
	case e.conn != nil:
		l.conn, l.stage, l.moved = e.conn, greeting, now
		s.send(l, protocol.Hello{Version: protocol.Version, Person: s.config.Person, After: s.position})
	default:
		s.receive(l, e.frame, now)
	}
}

func (s *Stream) fault(text string) {
	if s.counts.FirstFault == "" {
		s.counts.FirstFault = text
	}
}

// alternates takes the addresses that a node names, after the one it stands at itself.
func (s *Stream) alternates(from string, named []string) {
	all := append(s.config.Origins[:1:1], from)
	for _, a := range named {
		origin := "http" + strings.TrimSuffix(strings.TrimPrefix(a, "ws"), "/stream")
		if strings.HasPrefix(a, "ws") && len(all) < maxLinks {
			all = append(all, origin)
		}
	}
	s.addresses = all[:0]
	for _, a := range all {
		if !slices.Contains(s.addresses, a) {
			s.addresses = append(s.addresses, a)
		}
	}
	s.cursor = (slices.Index(s.addresses, from) + 1) % len(s.addresses)
}
