package viewer

import (
	"time"

	"tvilling/protocol"
)

// receive takes a frame.
func (s *Stream) receive(l *link, f protocol.Frame, now time.Time) {
	if f.Kind() != protocol.KindHeartbeat {
		l.moved = now
	}
	switch f := f.(type) {
	case protocol.Welcome:
		s.welcome(l, f, now)
	case protocol.Chosen:
		s.advance(l, choosing, opening, now)
	case protocol.Opened:
		s.opened(l, f, now)
	case protocol.Refused:
		s.refused(l, f, now)
	case protocol.Begin:
		if l.stage == showing && f.Generation == l.generation && s.sameEpoch(f.Position) {
			l.shadow, l.index = newStore(s.config.Kinds), f.Position.Index
		}
	case protocol.Chunk:
		if l.stage == showing && f.Generation == l.generation && l.shadow != nil && !s.fill(l.shadow, f.Items) {
			s.lost(l, now)
		}
	case protocol.End:
		s.ended(l, f, now)
	case protocol.Batch:
		s.batch(l, f, now)
	case protocol.Revoke:
		s.revoked(l, f, now)
	case protocol.Heartbeat:
		s.heartbeat(l, f, now)
	case protocol.GoAway:
		s.goAway(l, f, now)
	}
}

// advance takes a link from one stage to the next, if it stands there.
func (s *Stream) advance(l *link, from, to stage, now time.Time) {
	if l.stage == from {
		l.stage = to
		s.climb(l, now)
	}
}

func (s *Stream) fill(into *store, items []protocol.Item) bool {
	for i := range items {
		kind := -1
		if s.config.Kinds > 0 {
			kind = s.config.KindOf(&items[i].Header)
		}
		if err := into.put(items[i], kind); err != nil {
			s.fault(err.Error())
			return false
		}
	}
	return true
}

func (s *Stream) welcome(l *link, f protocol.Welcome, now time.Time) {
	if l.stage != greeting {
		return
	}
	l.beat = time.Duration(f.BeatMillis) * time.Millisecond
	s.acts = f.Version >= 3
	l.lease, l.given = time.Duration(f.LeaseMillis)*time.Millisecond, now
	s.sameEpoch(f.Position)
	s.alternates(l.url, f.Alternates)
	if len(f.Commissions) == 0 {
		s.refusedWith(l, protocol.FaultNoCommission, now)
		return
	}
	s.commission = f.Commissions[0].ID
	l.stage = choosing
	s.climb(l, now)
}

// sameEpoch notes the position. In another epoch nothing counts that was known.
func (s *Stream) sameEpoch(p protocol.Position) bool {
	if s.position.Epoch == 0 || s.position.Epoch == p.Epoch {
		s.position = protocol.Position{Epoch: p.Epoch, Index: max(s.position.Index, p.Index)}
		return true
	}
	s.position = p
	s.view = view{}
	return false
}

func (s *Stream) opened(l *link, f protocol.Opened, now time.Time) {
	switch {
	case l.stage == opening && f.Request == l.request:
		l.stage = showing
		s.climb(l, now)
	case f.Request == 0 && l.stage == live && s.current(l, l.generation):
		s.show(l, now) // there may be more to see
	}
}

// refused is a view that cannot be shown: elsewhere or later, or until it may be.
func (s *Stream) refused(l *link, f protocol.Refused, now time.Time) {
	if Passing(f.Fault) {
		s.lost(l, now)
		return
	}
	s.refusedWith(l, f.Fault, now)
}

func (s *Stream) refusedWith(l *link, fault protocol.Fault, now time.Time) {
	s.counts.Refused++
	s.fault("refused with " + fault.Info().Code)
	s.view = view{}
	switch {
	case l != s.live || l.stage == greeting || l.stage == choosing:
		s.lost(l, now)
	default:
		l.stage, s.again = idle, now.Add(comeBack)
	}
}

// ended swaps the snapshot in, if it is what the node says it is.
func (s *Stream) ended(l *link, f protocol.End, now time.Time) {
	if l.stage != showing || f.Generation != l.generation || l.shadow == nil || !s.sameEpoch(f.Position) {
		return
	}
	if !l.shadow.agrees(f.Count, f.Digest) {
		s.doubt(l, now)
		return
	}
	s.counts.Shows++
	if s.wasShown() && l == s.next {
		s.counts.Resumed++
	}
	s.view = view{store: l.shadow, link: l, generation: l.generation, index: f.Position.Index, vouched: f.Position.Index}
	l.shadow, l.stage = nil, live
	s.renew(l)
	s.promote(l)
	if !s.wasShown() {
		close(s.first)
	}
}

// renew lets the view stand for as long as the node has given, from when it gave it.
func (s *Stream) renew(l *link) { s.view.due = l.given.Add(min(l.lease, maxLease)) }

// doubt is a view that does not hold what the node says it should: it is taken away and
// asked for anew. A link that cannot get it right is dropped.
func (s *Stream) doubt(l *link, now time.Time) {
	s.counts.Doubts++
	if s.view.link == l {
		s.view = view{}
	}
	if l.doubts++; l.doubts > 1 {
		s.lost(l, now)
		return
	}
	s.show(l, now)
}

// current reports whether a change of that generation is one of the view.
func (s *Stream) current(l *link, g protocol.Generation) bool {
	return l.stage == live && s.view.store != nil && s.view.link == l && g == l.generation && g == s.view.generation
}

func (s *Stream) batch(l *link, f protocol.Batch, now time.Time) {
	if !s.current(l, f.Generation) {
		return
	}
	v := &s.view
	if f.From < v.index || f.From > v.vouched {
		s.counts.Gaps++
		s.show(l, now) // what happened in the gap is not known
		return
	}
	if !s.fill(v.store, f.Upserts) {
		s.doubt(l, now)
		return
	}
	for _, key := range f.Removes {
		v.store.remove(key)
	}
	if !v.store.agrees(f.Count, f.Digest) {
		s.doubt(l, now)
		return
	}
	v.index, v.vouched = f.To, max(v.vouched, f.To)
	s.position.Index = max(s.position.Index, f.To)
}

// revoked takes documents away, from the view and from every snapshot on its way, and
// acknowledges that.
func (s *Stream) revoked(l *link, f protocol.Revoke, now time.Time) {
	waiting := l.stage == showing
	l.generation = max(l.generation, f.Next)
	l.shadow = nil
	s.counts.Revoked++
	if len(f.Documents) == 0 {
		s.view = view{}
		s.note(now)
		s.send(l, protocol.Ack{Generation: f.Next})
		s.refusedWith(l, f.Fault, now)
		return
	}
	for _, key := range f.Documents {
		for _, other := range []*link{s.live, s.next} {
			if other != nil && other.shadow != nil {
				other.shadow.remove(key)
			}
		}
		if s.view.store != nil {
			s.view.store.remove(key)
		}
	}
	if s.view.link == l {
		s.view.generation, s.view.vouched = l.generation, max(s.view.vouched, f.Index)
	}
	s.note(now)
	s.send(l, protocol.Ack{Generation: f.Next})
	if waiting {
		s.show(l, now) // the snapshot on its way belongs to the generation that is gone
	}
}

func (s *Stream) heartbeat(l *link, f protocol.Heartbeat, now time.Time) {
	if !s.sameEpoch(f.Position) {
		s.lost(l, now)
		return
	}
	l.lease, l.given = time.Duration(f.LeaseMillis)*time.Millisecond, now
	v := &s.view
	switch {
	case s.current(l, f.Generation):
		if !v.store.agrees(f.Count, f.Digest) {
			s.doubt(l, now)
			return
		}
		l.doubts, v.vouched = 0, max(v.vouched, f.Position.Index)
		s.renew(l)
	case v.store != nil && v.link == l && f.Generation >= v.generation:
		s.renew(l) // a new choice is on its way
	case v.store == nil && l.stage == live:
		s.show(l, now) // the lease ran out, and the node is back
	}
	s.send(l, protocol.Beat{Generation: l.generation, Index: max(v.index, v.vouched)})
	if s.acts && now.Sub(s.acted) >= time.Minute {
		s.acted = now
		s.send(l, protocol.Active{})
	}
}

// goAway plans to open the next link; the live one shows the view meanwhile.
func (s *Stream) goAway(l *link, f protocol.GoAway, now time.Time) {
	s.alternates(l.url, f.Alternates)
	if l != s.live {
		s.lost(l, now)
		return
	}
	s.moving = true
	s.plan(now.Add(min(time.Duration(f.AfterMillis)*time.Millisecond, maxGoAway)))
}
