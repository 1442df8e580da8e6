package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// changed takes one change of the open patient or the actor.
func (s *session) changed(c change) {
	o := s.open
	switch {
	case errors.Is(c.err, raftfsm.ErrLagged):
		if o.view != nil {
			o.view.stale = true
		}
		s.redecide()
		return
	case c.err != nil:
		s.close(protocol.CloseMoving, "the node stops", c.err)
		return
	}
	documents, security := touches(c.Kind)
	if security {
		s.redecide()
	}
	if w := o.view; documents && w != nil && c.Subject == o.subject && c.Index > w.index {
		w.changed(c.Change, s.service.cfg.Limits.DirtyKeys)
	}
}

// touches says what a kind of command can change. A kind that is not known here may
// change anything.
func touches(k command.Kind) (documents, security bool) {
	switch k {
	case command.KindPutSnapshot, command.KindDropSource:
		return true, false
	case command.KindBlockPage, command.KindConsentPage, command.KindRelationPage, command.KindCommissionPage,
		command.KindRegisterConsent, command.KindEndConsent:
		return false, true
	default:
		return true, true
	}
}

// changed notes the keys of a change. Too many, or a change that names none, and
// everything is compared instead.
func (w *view) changed(c raftfsm.Change, limit int) {
	w.newest = max(w.newest, c.Index)
	for _, keys := range [][][16]byte{c.Upserted, c.Removed} {
		for _, key := range keys {
			w.dirty[key] = struct{}{}
		}
	}
	if len(c.Upserted)+len(c.Removed) == 0 || len(w.dirty) > limit {
		w.stale = true
		clear(w.dirty)
	}
}

// flush brings the browser up to date, if it has taken everything before.
func (s *session) flush() {
	o := s.open
	if o == nil || o.view == nil || s.end != (closing{}) {
		return
	}
	w := o.view
	switch {
	case w.begun && !w.stale && len(w.dirty) == 0, !s.out.idle():
	case w.begun:
		s.update(o)
	default:
		s.snapshot(o)
	}
}

// update sends what has changed as batches, one after another.
func (s *session) update(o *open) {
	v, err := s.service.cfg.State.View()
	if err != nil {
		s.close(protocol.CloseMoving, "the node cannot read its state", err)
		return
	}
	defer v.Close()
	if !s.current(v) || o.view == nil || !s.out.idle() { // a revocation may have come of it
		return
	}
	w := o.view
	find, to := s.dirty, w.newest
	if w.stale {
		find, to = s.differences, v.Index()
	}
	upserts, removes, err := find(v, o)
	if err != nil {
		s.close(protocol.CloseMoving, "the node cannot read a document", err)
		return
	}
	clear(w.dirty)
	w.stale, w.newest = false, max(w.newest, to)
	if len(w.held)+len(upserts) > s.service.cfg.Limits.ViewDocuments+len(removes) {
		s.revoke(v.Index(), protocol.FaultTooMany, nil)
		return
	}
	s.batches(w, upserts, removes, max(to, w.index))
}

// dirty reads the documents that the feed named.
func (s *session) dirty(v *raftfsm.View, o *open) (upserts []protocol.RawItem, removes []protocol.DocumentKey, err error) {
	w := o.view
	for key := range w.dirty {
		a, header, _, found := v.Document(o.subject, key)
		rev, held := w.held[key]
		switch {
		case !found || !w.shows(&o.decision, a):
			if held {
				removes = append(removes, key)
			}
		case !held || rev != a.Rev:
			item, err := s.item(o, a, header)
			if err != nil {
				return nil, nil, err
			}
			upserts = append(upserts, item)
		}
	}
	return upserts, removes, nil
}

// differences compares everything that is shown with everything that should be.
func (s *session) differences(v *raftfsm.View, o *open) (upserts []protocol.RawItem, removes []protocol.DocumentKey, err error) {
	w := o.view
	seen := make(map[protocol.DocumentKey]struct{}, len(w.held))
	v.Headers(o.subject, numbers(w.contracts), func(a raftfsm.Attributes, sealed []byte) bool {
		if !w.shows(&o.decision, a) {
			return true
		}
		seen[a.Key] = struct{}{}
		if rev, held := w.held[a.Key]; held && rev == a.Rev {
			return true
		}
		var item protocol.RawItem
		if item, err = s.item(o, a, sealed); err != nil {
			return false
		}
		upserts = append(upserts, item)
		return len(upserts) <= s.service.cfg.Limits.ViewDocuments
	})
	for key := range w.held {
		if _, there := seen[key]; !there {
			removes = append(removes, key)
		}
	}
	return upserts, removes, err
}

// batches chains what has changed: the first takes the browser from its index to the
// new one, the others stay there.
func (s *session) batches(w *view, upserts []protocol.RawItem, removes []protocol.DocumentKey, to uint64) {
	for len(upserts)+len(removes) > 0 {
		part, gone := upserts[:cut(upserts)], removes[:min(batchItems, len(removes))]
		upserts, removes = upserts[len(part):], removes[len(gone):]
		before := make([]held, 0, len(part)+len(gone))
		for _, item := range part {
			before = append(before, w.hold(item.Key, item.Rev))
		}
		for _, key := range gone {
			before = append(before, w.drop(key))
		}
		from := w.index
		w.index = to
		head := protocol.Batch{Generation: w.generation, From: from, To: to, Removes: gone, Count: uint32(len(w.held)), Digest: w.digest}
		s.queue(out{frame: protocol.AppendRawBatch(nil, head, part), generation: w.generation, mark: w.mark(), lost: func() { w.undo(from, before) }})
	}
}

// current sees to it that the standing decision is no older than v, and has not run
// out. It reports false when the patient is not open any more.
func (s *session) current(v *raftfsm.View) bool {
	o := s.open
	i := o.decision.Index()
	if o.decision.Permitted() && now() <= o.decision.ValidUntil() && v.Revision(o.subject) <= i && v.Revision(o.actor) <= i {
		return true
	}
	return s.redecideOn(v)
}

// redecide asks the gate anew on the newest state, and takes away what has lost its
// ground (P3). It reports whether the patient is still open.
func (s *session) redecide() bool {
	if s.open == nil {
		return false
	}
	v, err := s.service.cfg.State.View()
	if err != nil {
		s.close(protocol.CloseMoving, "the node cannot read its state", err)
		return false
	}
	defer v.Close()
	return s.redecideOn(v)
}

func (s *session) redecideOn(v *raftfsm.View) bool {
	o := s.open
	facts, err := access.Collect(v, s.service.cfg.Ring, s.question(o), access.Engagement{})
	if err != nil {
		s.log.Error("facts that cannot be read are unknown", "error", err)
	}
	if o.told == nil && !o.decision.Permitted() {
		return true // the act under way has not decided yet, and nothing has been told
	}
	before := o.decision
	o.decision = access.Decide(facts, now())
	s.clock.validUntil(o.decision.ValidUntil(), time.Now())
	if !o.decision.Permitted() {
		if o.told != nil {
			s.revoke(v.Index(), o.decision.Fault(), nil)
		}
		s.leave()
		return false
	}
	widened := false
	switch lost := before.Basis() != protocol.BasisNone && o.decision.Basis() != before.Basis(); {
	case s.older(o) && (lost || o.shrunk(v, &before)):
		s.revoke(v.Index(), s.loss(lost), nil) // which documents it shows is not known here: everything goes
	case o.view != nil:
		widened = s.narrow(v, o, s.loss(lost))
	}
	s.retell(o, widened)
	return true
}

// loss is what the browser is told when documents lose their ground, but not the patient.
func (s *session) loss(basis bool) protocol.Fault {
	switch {
	case s.open.decision.Reason() == access.ReasonConsentsUnknown:
		return protocol.FaultUnknownFacts
	case basis:
		return protocol.FaultConsentEnded
	default:
		return protocol.FaultAccessChanged
	}
}

// narrow takes away what the newest decision does not show. It reports whether there
// is something that the newest decision would show and the recorded one does not.
func (s *session) narrow(v *raftfsm.View, o *open, fault protocol.Fault) (widened bool) {
	w := o.view
	var lost []protocol.DocumentKey
	v.Headers(o.subject, numbers(w.contracts), func(a raftfsm.Attributes, _ []byte) bool {
		shown := w.shows(&o.decision, a)
		_, held := w.held[a.Key]
		switch {
		case held && !shown:
			lost = append(lost, a.Key)
		case shown && !held:
			w.dirty[a.Key] = struct{}{}
		case !shown && o.decision.Document(a, w.contracts).Shown:
			widened = true
		}
		return true
	})
	switch {
	case len(lost) == 0:
	case len(lost) == len(w.held) || len(lost) > protocol.MaxRevokedKeys:
		s.revoke(v.Index(), fault, nil)
	default:
		s.revoke(v.Index(), fault, lost)
	}
	return widened
}

// revoke takes documents away, or everything where none are named. It goes before
// everything that is queued; what is queued of the view is not sent any more.
//
// When a part of the view's snapshot is among that, the browser has no such view, but
// perhaps an older one with documents that are not known here: then everything goes.
func (s *session) revoke(index uint64, fault protocol.Fault, documents []protocol.DocumentKey) {
	o, w, old := s.open, s.open.view, s.generation
	a := s.ask(o, record.ViewRevoked)
	s.raise(old + 1)
	if w == nil || !w.begun && o.exposed {
		documents = nil
	}
	after := &mark{generation: s.generation}
	if w != nil {
		a.view, a.contracts = w.id, w.contracts
		for _, key := range documents {
			w.drop(key)
		}
		w.generation = s.generation
		if len(documents) > 0 && w.begun {
			after = w.mark()
		} else {
			o.view = nil // the browser asks anew, or leaves
		}
	}
	if len(documents) == 0 {
		o.exposed, o.screen = false, 0 // nothing is left on the screen, of any view
	}
	f := protocol.Revoke{Generation: old, Next: s.generation, Index: index, Fault: fault, Documents: documents}
	s.out.jump(protocol.AppendFrame(nil, f), after)
	s.clock.acks = append(s.clock.acks, awaited{generation: f.Next, due: time.Now().Add(ackWithin), ask: a, decision: o.decision})
	s.note(record.ViewRevoked, a, o.decision)
	s.log.Info("view revoked", "fault", uint16(fault), "view", a.view, "documents", len(documents), "index", index)
}

// raise begins a generation: what is queued of older ones is dropped, and undone from
// the last to the first.
func (s *session) raise(g protocol.Generation) {
	s.generation = g
	for _, f := range slices.Backward(s.out.raise(g)) {
		if f.lost != nil {
			f.lost()
		}
	}
}

// note records something that is no decision, beside everything else. It outlives the
// session's work, since the end of a session is one of the things that are recorded.
func (s *session) note(activity record.Activity, a ask, d access.Decision) {
	a.activity = activity
	s.helpers.Go(func() {
		id, err := s.service.recorder.event(context.Background(), a, d, d.Reason().String())
		if err != nil {
			s.log.Error("an event could not be recorded", "activity", fmt.Sprint(uint8(activity)), "id", id, "error", err)
		}
	})
}
