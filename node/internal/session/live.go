package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
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
	if security && !s.redecide() || !documents || !slices.Contains(o.subjects, c.Subject) {
		return
	}
	s.documents(o, c.Change)
}

// documents takes a change of the patient's documents. What is on the screen and shown
// no more is taken away at once, and in the same way whatever the reason: that its
// source removed it, or that it was blocked (P9). The rest follows in its time.
func (s *session) documents(o *open, c raftfsm.Change) {
	keys := make([]protocol.DocumentKey, 0, len(c.Upserted)+len(c.Removed))
	for _, list := range [...][][16]byte{c.Upserted, c.Removed} {
		for _, key := range list {
			keys = append(keys, key)
		}
	}
	if w := o.view; w != nil && c.Index > w.index {
		w.changed(c.Index, keys, s.service.cfg.Limits.DirtyKeys)
	}
	if !s.exposes(o, keys) {
		return
	}
	v, err := s.service.cfg.State.View()
	if err != nil {
		s.close(protocol.CloseMoving, "the node cannot read its state", err)
		return
	}
	defer v.Close()
	if !s.current(v) {
		return
	}
	switch w := o.view; {
	case s.older(o) && o.shrunk(v):
		o.hushAll(v, protocol.FaultAccessChanged)
		s.revoke(v.Index(), protocol.FaultAccessChanged, nil)
	case w != nil:
		s.take(v, o, w.missing(v, o, keys), protocol.FaultAccessChanged)
	}
}

// exposes reports whether one of the documents may be on the screen. A change that
// names none may be of any.
func (s *session) exposes(o *open, keys []protocol.DocumentKey) bool {
	older := s.older(o)
	if len(keys) == 0 {
		return older || o.view != nil && len(o.view.held) > 0
	}
	return slices.ContainsFunc(keys, func(key protocol.DocumentKey) bool {
		_, before := o.screen.documents[key]
		if older && before {
			return true
		}
		if o.view == nil {
			return false
		}
		_, held := o.view.held[key]
		return held
	})
}

// missing lists those of the documents, or of all for none, that the browser has and
// that are shown no more.
func (w *view) missing(v *raftfsm.View, o *open, keys []protocol.DocumentKey) (lost []protocol.DocumentKey) {
	if len(keys) == 0 {
		keys = slices.Collect(maps.Keys(w.held))
	}
	for _, key := range keys {
		if _, held := w.held[key]; !held {
			continue
		}
		d, found := o.subjects.document(v, key)
		if found {
			found, _ = w.shows(&o.decision, d.Attributes)
		}
		if !found {
			lost = append(lost, key)
		}
	}
	return lost
}

// touches says what a kind of command can change. A kind that is not known here may
// change anything.
func touches(k command.Kind) (documents, security bool) {
	switch k {
	case command.KindPutSnapshot, command.KindDropSource:
		return true, false
	case command.KindBlockPage, command.KindConsentPage, command.KindRelationPage, command.KindCommissionPage,
		command.KindPersonPage, command.KindRegisterConsent, command.KindRegisterEmergency, command.KindEndConsent:
		return false, true
	case command.KindAnnounce, command.KindNoteBackup: // about nobody's records
		return false, false
	default:
		return true, true
	}
}

// changed notes the keys of a change. Too many, or a change that names none, and
// everything is compared instead.
func (w *view) changed(index uint64, keys []protocol.DocumentKey, limit int) {
	w.newest = max(w.newest, index)
	for _, key := range keys {
		w.dirty[key] = struct{}{}
	}
	if len(keys) == 0 || len(w.dirty) > limit {
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
	case !s.out.idle():
	case w.begun && !w.stale && len(w.dirty) == 0:
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
	d, err := find(v, o)
	if err != nil {
		s.close(protocol.CloseMoving, "the node cannot read a document", err)
		return
	}
	if len(d.lost) > 0 {
		s.take(v, o, d.lost, protocol.FaultAccessChanged)
		return // the rest follows upon it
	}
	clear(w.dirty)
	w.stale, w.newest = false, max(w.newest, to)
	if len(w.held)+len(d.upserts) > s.service.cfg.Limits.ViewDocuments {
		s.revoke(v.Index(), protocol.FaultTooMany, nil)
		return
	}
	s.batches(w, d.upserts, max(to, w.index))
	s.retell(o, d.wider)
}

// delta is what the browser lacks, what it has and may not show any more, and whether
// there is more than was recorded for its view.
type delta struct {
	upserts []item
	lost    []protocol.DocumentKey
	wider   bool
}

// dirty reads the documents that the feed named.
func (s *session) dirty(v *raftfsm.View, o *open) (found delta, err error) {
	w := o.view
	for key := range w.dirty {
		before, held := w.held[key]
		d, there := o.subjects.document(v, key)
		shown, wider := false, false
		if there {
			shown, wider = w.shows(&o.decision, d.Attributes)
		}
		found.wider = found.wider || wider
		switch {
		case !shown && held:
			found.lost = append(found.lost, key)
		case shown && (!held || before.rev != d.Rev):
			one, err := s.item(w, &d)
			if err != nil {
				return delta{}, err
			}
			found.upserts = append(found.upserts, one)
		}
	}
	return found, nil
}

// differences compares everything that is shown with everything that should be.
func (s *session) differences(v *raftfsm.View, o *open) (found delta, err error) {
	w := o.view
	seen := make(map[protocol.DocumentKey]struct{}, len(w.held))
	o.subjects.headers(v, numbers(w.contracts), func(d *sealedDocument) bool {
		shown, wider := w.shows(&o.decision, d.Attributes)
		if found.wider = found.wider || wider; !shown {
			return true
		}
		seen[d.Key] = struct{}{}
		if before, held := w.held[d.Key]; held && before.rev == d.Rev {
			return true
		}
		var one item
		if one, err = s.item(w, d); err != nil {
			return false
		}
		found.upserts = append(found.upserts, one)
		return len(found.upserts) <= s.service.cfg.Limits.ViewDocuments
	})
	for key := range w.held {
		if _, there := seen[key]; !there {
			found.lost = append(found.lost, key)
		}
	}
	return found, err
}

// batches chains what has changed: the first takes the browser from its index to the
// new one, the others stay there.
func (s *session) batches(w *view, upserts []item, to uint64) {
	for len(upserts) > 0 {
		part := upserts[:cut(upserts)]
		upserts = upserts[len(part):]
		before := make([]held, 0, len(part))
		for _, item := range part {
			before = append(before, w.hold(item.Key, item.holding()))
		}
		from := w.index
		w.index = to
		head := protocol.Batch{Generation: w.generation, From: from, To: to, Count: uint32(len(w.held)), Digest: w.digest}
		s.queue(out{frame: protocol.AppendRawBatch(nil, head, raw(part)), generation: w.generation, mark: w.mark(), lost: func() { w.undo(from, before) }})
	}
}

// current sees to it that the standing decision is no older than v, and has not run
// out. It reports false when the patient is not open any more.
func (s *session) current(v *raftfsm.View) bool {
	o := s.open
	i := o.decision.Index()
	at := s.service.cfg.at()
	if o.decision.Permitted() && at > 0 && at <= o.decision.ValidUntil() && o.subjects.revision(v) <= i && v.Revision(o.actor) <= i {
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
	facts, err := access.Collect(v, s.service.cfg.Ring, s.question(o), o.engagement)
	if err != nil {
		s.log.Error("facts that cannot be read are unknown", "error", err)
	}
	if o.told == nil && !o.decision.Permitted() {
		return true // the act under way has not decided yet, and nothing has been told
	}
	before := o.decision
	s.adopt(o, access.Decide(facts, s.service.cfg.at()))
	if !o.decision.Permitted() {
		if o.told != nil {
			s.revoke(v.Index(), o.decision.Fault(), nil)
		}
		s.leave()
		return false
	}
	wider := false
	switch fault, lost := loss(&before, &o.decision); {
	case s.older(o) && (lost || o.shrunk(v)):
		o.hushAll(v, fault)
		s.revoke(v.Index(), fault, nil) // which documents it shows is not known for sure: everything goes
	case o.view != nil:
		wider = s.narrow(v, o, fault)
	}
	s.retell(o, wider)
	return true
}

// loss is what the browser is told when documents lose their ground, but not the
// patient; and whether the basis is among what was lost. It tells what has changed:
// what stood before says nothing.
func loss(before, after *access.Decision) (fault protocol.Fault, basis bool) {
	lesser := after.Basis() == protocol.BasisNone || after.Step() == protocol.EmergencyProviders
	switch basis = before.Basis() != protocol.BasisNone && before.Step() != protocol.EmergencyProviders && lesser; {
	case after.Reason() == access.ReasonConsentsUnknown && before.Reason() != access.ReasonConsentsUnknown:
		return protocol.FaultUnknownFacts, basis
	case basis && before.Basis() == protocol.BasisEmergency:
		return protocol.FaultEmergencyEnded, basis
	case basis:
		return protocol.FaultConsentEnded, basis
	default:
		return protocol.FaultAccessChanged, basis
	}
}

// narrow takes away what the newest decision does not show. It reports whether there
// is something that the newest decision would show and that was not recorded.
func (s *session) narrow(v *raftfsm.View, o *open, fault protocol.Fault) (wider bool) {
	w := o.view
	var lost []protocol.DocumentKey
	kept := 0
	o.subjects.headers(v, numbers(w.contracts), func(d *sealedDocument) bool {
		shown, more := w.shows(&o.decision, d.Attributes)
		wider = wider || more
		switch _, held := w.held[d.Key]; {
		case held && shown:
			kept++
		case held:
			lost = append(lost, d.Key)
		case shown:
			w.dirty[d.Key] = struct{}{}
		}
		return true
	})
	if kept+len(lost) < len(w.held) { // some are not there at all
		lost = w.missing(v, o, nil)
	}
	s.take(v, o, lost, fault)
	return wider
}

// take takes documents from the view, by name where they can be named in one frame.
func (s *session) take(v *raftfsm.View, o *open, lost []protocol.DocumentKey, fault protocol.Fault) {
	o.hush(v, lost, fault)
	switch {
	case len(lost) == 0:
		return
	case len(lost) > protocol.MaxRevokedKeys:
		lost = nil
	default:
		slices.SortFunc(lost, func(a, b protocol.DocumentKey) int { return bytes.Compare(a[:], b[:]) })
	}
	s.revoke(v.Index(), fault, lost)
}

// revoke takes documents away, or everything where none are named. It goes before
// everything that is queued; what is queued of the view is not sent any more.
//
// When a part of the view's snapshot is among that, the browser has no such view, but
// perhaps an older one with documents that are not known here: then everything goes.
func (s *session) revoke(index uint64, fault protocol.Fault, documents []protocol.DocumentKey) {
	o, w, old := s.open, s.open.view, s.generation
	a := s.ask(o, record.ViewRevoked)
	s.withdraw(old + 1)
	if w == nil || !w.begun && o.screen.exposed {
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
		o.screen = screen{} // nothing is left on the screen, of any view
	}
	f := protocol.Revoke{Generation: old, Next: s.generation, Index: index, Fault: fault, Documents: documents}
	s.out.jump(protocol.AppendFrame(nil, f), after)
	s.clock.acks = append(s.clock.acks, awaited{generation: f.Next, due: time.Now().Add(ackWithin), ask: a, decision: o.decision})
	s.note(record.ViewRevoked, a, o.decision)
	s.log.Info("view revoked", "fault", uint16(fault), "view", a.view, "documents", len(documents), "index", index)
}

// raise begins a generation: what is queued of older ones is dropped.
func (s *session) raise(g protocol.Generation) { s.began(g, s.out.raise(g)) }

// withdraw is raise for a Revoke: answers beside the view are dropped as well.
func (s *session) withdraw(g protocol.Generation) { s.began(g, s.out.withdraw(g)) }

// began undoes what was dropped, from the last to the first.
func (s *session) began(g protocol.Generation, dropped []out) {
	s.generation = g
	for _, f := range slices.Backward(dropped) {
		if f.lost != nil {
			f.lost()
		}
	}
}

// note records something that is no decision, beside everything else. It outlives the
// session's work, since the end of a session is one of the things that are recorded.
func (s *session) note(activity record.Activity, a ask, d access.Decision) {
	a.id, a.activity = record.NewID(), activity
	s.helpers.Go(func() {
		if err := s.service.recorder.event(context.Background(), a, d); err != nil {
			s.log.Error("an event could not be recorded", "activity", fmt.Sprint(uint8(activity)), "id", text(a.id), "error", err)
		}
	})
}
