package viewer

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
)

var noon = time.Unix(1_790_000_000, 0)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func item(n byte, rev uint64) protocol.Item {
	return protocol.Item{Key: protocol.DocumentKey{n}, Rev: rev, Header: protocol.Header{Title: string('a' + rune(n%2))}}
}

// script is a stream without an owner or a network: what comes is given by hand.
type script struct {
	*Stream
	t *testing.T
}

func newScript(t *testing.T) *script {
	ctx, cut := context.WithCancel(t.Context())
	s := &Stream{ctx: ctx, cut: cut, first: make(chan struct{}), random: rand.New(rand.NewPCG(1, 1)), config: StreamConfig{Origins: []string{"http://a", "http://b"}, Kinds: 2,
		KindOf: func(h *protocol.Header) int { return int(h.Title[0] - 'a') }}}
	s.addresses, s.times = s.config.Origins, newTimeline(2)
	t.Cleanup(s.Close)
	return &script{s, t}
}

// climb connects a link, up to a view of some documents.
func (s *script) climb(now time.Time, url string, items ...protocol.Item) *link {
	s.t.Helper()
	l := &link{url: url, stage: greeting, cut: func() {}}
	s.next = l
	s.give(l, now, protocol.Welcome{Version: 1, LeaseMillis: 8000, BeatMillis: 2000, Position: protocol.Position{Epoch: 1, Index: 5},
		Commissions: []protocol.CommissionInfo{{}}, Alternates: []string{"ws://b/stream", "ws://c/stream"}}, protocol.Chosen{},
		protocol.Opened{Request: 1})
	s.answer(l, now, items...)
	return l
}

// answer answers a Show.
func (s *script) answer(l *link, now time.Time, items ...protocol.Item) {
	s.give(l, now, protocol.Begin{Generation: l.generation, Position: protocol.Position{Epoch: 1, Index: 10}},
		protocol.Chunk{Generation: l.generation, Items: items},
		protocol.End{Generation: l.generation, Position: protocol.Position{Epoch: 1, Index: 10}, Count: uint32(len(items)), Digest: digestOf(items)})
}

func (s *script) give(l *link, now time.Time, frames ...protocol.Frame) {
	for _, f := range frames {
		s.expire(now)
		s.take(event{link: l, frame: f}, now)
		s.note(now)
	}
}

func TestAStreamShowsAndLosesWhatItIsTold(t *testing.T) {
	s := newScript(t)
	l := s.climb(at(0), "http://a", item(0, 1), item(1, 1))
	if s.live != l || s.next != nil || !s.Shown(0) || !s.Shown(1) {
		t.Fatal("it does not show what it was sent")
	}
	one := []protocol.Item{item(0, 2), item(1, 1)}
	s.give(l, at(1), protocol.Batch{Generation: 1, From: 10, To: 12, Upserts: one[:1], Count: 2, Digest: digestOf(one)})
	if s.counts.Gaps+s.counts.Doubts != 0 || s.view.index != 12 {
		t.Errorf("a batch that follows: %+v at %d", s.counts, s.view.index)
	}
	s.give(l, at(2), protocol.Revoke{Generation: 1, Next: 2, Index: 13, Documents: []protocol.DocumentKey{{1}}})
	s.give(l, at(3), protocol.Heartbeat{Generation: 2, Position: protocol.Position{Epoch: 1, Index: 13}, LeaseMillis: 8000, Count: 1, Digest: digestOf(one[:1])})
	if s.Shown(1) || !s.Shown(0) || s.counts.Revoked != 1 || s.counts.Doubts != 0 || !s.view.due.Equal(at(11)) {
		t.Errorf("after a revoke: %+v, due %v", s.counts, s.view.due)
	}
	s.give(l, at(4), protocol.Batch{Generation: 2, From: 20, To: 21, Count: 1, Digest: digestOf(one[:1])})
	if s.counts.Gaps != 1 || l.stage != showing {
		t.Errorf("a batch from beyond: %+v, stage %d", s.counts, l.stage)
	}
	want := []Interval{{0, at(0), time.Time{}}, {1, at(0), at(2)}}
	if diff := cmp.Diff(want, s.Timeline()); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
}

func TestAViewThatIsNotWhatItShouldBeIsDoubted(t *testing.T) {
	s := newScript(t)
	l := s.climb(at(0), "http://a", item(0, 1))
	s.give(l, at(1), protocol.Heartbeat{Generation: 1, Position: protocol.Position{Epoch: 1, Index: 10}, LeaseMillis: 8000, Count: 2, Digest: 7})
	if s.counts.Doubts != 1 || s.Shown(-1) || l.stage != showing {
		t.Fatalf("%+v, stage %d", s.counts, l.stage)
	}
	s.give(l, at(2), protocol.Begin{Generation: 2, Position: protocol.Position{Epoch: 1, Index: 10}}, protocol.End{Generation: 2, Count: 1, Position: protocol.Position{Epoch: 1, Index: 10}})
	if s.counts.Doubts != 2 || s.live != nil || s.planned.IsZero() {
		t.Errorf("a link that is wrong again is kept: %+v", s.counts)
	}
}

func TestALeaseThatEndsBlanks(t *testing.T) {
	s := newScript(t)
	l := s.climb(at(0), "http://a", item(0, 1))
	s.take(event{link: l, err: errors.New("the line is cut")}, at(1))
	if s.note(at(1)); !s.Shown(-1) || s.counts.Broken != 1 {
		t.Fatalf("a cut line blanks at once: %+v", s.counts)
	}
	s.expire(at(9))
	if s.note(at(9)); s.Shown(-1) || s.counts.Expired != 1 || s.counts.Overrun != time.Second {
		t.Fatalf("%+v", s.counts)
	}
	s.climb(at(12), "http://b", item(0, 1))
	if c := s.counts; !s.Shown(-1) || c.Dark != 3*time.Second || c.Resumed != 1 {
		t.Errorf("%+v", c)
	}
}

// A stream that is asked to go shows its view until the next link has it, and what is
// revoked on the one is not shown by the other.
func TestGoAwayMakesBeforeItBreaks(t *testing.T) {
	s := newScript(t)
	old := s.climb(at(0), "http://a", item(0, 1), item(1, 1))
	s.give(old, at(1), protocol.GoAway{AfterMillis: 500, Alternates: []string{"ws://b/stream"}})
	if !s.moving || !s.planned.Equal(at(1).Add(500*time.Millisecond)) || s.addresses[s.cursor] != "http://b" {
		t.Fatalf("moving %v, planned %v, next %v", s.moving, s.planned, s.addresses[s.cursor])
	}
	next := &link{url: "http://b", stage: greeting, cut: func() {}}
	s.next = next
	s.give(next, at(2), protocol.Welcome{Version: 1, LeaseMillis: 8000, Position: protocol.Position{Epoch: 1, Index: 5}, Commissions: []protocol.CommissionInfo{{}}},
		protocol.Chosen{}, protocol.Opened{Request: 1})
	if !next.resumed || s.live != old || !s.Shown(0) {
		t.Fatal("it does not show the old view meanwhile")
	}
	all := []protocol.Item{item(0, 1), item(1, 1)}
	s.give(next, at(3), protocol.Begin{Generation: 1, Position: protocol.Position{Epoch: 1, Index: 10}}, protocol.Chunk{Generation: 1, Items: all})
	s.give(old, at(3), protocol.Revoke{Generation: 1, Next: 2, Index: 11, Documents: []protocol.DocumentKey{{1}}})
	s.give(next, at(4), protocol.End{Generation: 1, Position: protocol.Position{Epoch: 1, Index: 10}, Count: 2, Digest: digestOf(all)})
	if s.Shown(1) || s.counts.Doubts != 1 || s.live != old {
		t.Fatalf("what was revoked is shown again: %+v", s.counts)
	}
	s.answer(next, at(5), item(0, 1))
	if c := s.counts; s.live != next || !s.Shown(0) || c.Moved != 1 || c.Resumed != 1 || c.Dark != 0 || c.Broken != 0 {
		t.Errorf("%+v", c)
	}
}

func TestARefusedViewIsAskedForAgainLater(t *testing.T) {
	s := newScript(t)
	l := s.climb(at(0), "http://a", item(0, 1))
	s.give(l, at(1), protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultNoEngagement})
	if s.Shown(-1) || l.stage != idle || !s.again.Equal(at(2)) || s.counts.Refused != 1 {
		t.Fatalf("stage %d, again %v, %+v", l.stage, s.again, s.counts)
	}
	s.tend(at(2))
	if l.stage != opening || l.request != 2 {
		t.Errorf("stage %d, request %d", l.stage, l.request)
	}
}
