package session

import (
	"context"
	"fmt"
	"slices"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// view is what is shown of the open patient, and what of it the browser lacks.
type view struct {
	id         string
	generation protocol.Generation
	contracts  access.ContractSet
	recorded   access.Decision              // that the log holds for this view: nothing beyond it is shown
	resources  map[record.Resource]struct{} // that its record names: no other's documents are shown
	held       map[protocol.DocumentKey]holding
	sources    sources // that they come from
	digest     uint64
	index      uint64 // the browser's, when what is queued has arrived

	dirty  map[protocol.DocumentKey]struct{} // changed since
	newest uint64                            // index of the newest change
	stale  bool                              // changes were missed: compare everything
	begun  bool                              // its snapshot is queued, or sent
	wider  bool                              // the browser was told that there is more
}

// shows reports whether a document may be shown: by the newest decision, by the one
// that was recorded, and of a type and an owner that the record names. It is wider when
// the newest decision alone would show it.
func (w *view) shows(newest *access.Decision, a raftfsm.Attributes) (shown, wider bool) {
	if !newest.Document(a, w.contracts).Shown {
		return false, false
	}
	_, named := w.resources[resourceOf(a)]
	shown = named && w.recorded.Document(a, w.contracts).Shown
	return shown, !shown
}

func (w *view) mark() *mark {
	return &mark{generation: w.generation, whole: true, index: w.index, count: uint32(len(w.held)), digest: w.digest}
}

// holding is what the browser has of a document: a revision, and the set that it is of.
type holding struct {
	rev uint64
	of  *set
}

// held is a document that the browser has; not there: that it has not.
type held struct {
	key protocol.DocumentKey
	holding
	there bool
}

// hold notes that the browser gets a revision of a document, and returns what it had.
func (w *view) hold(key protocol.DocumentKey, h holding) held {
	before := w.drop(key)
	w.held[key] = h
	w.digest += protocol.Mix(key, h.rev)
	w.sources.count(h.of, 1)
	return before
}

// drop notes that a document is taken from the browser, and returns what it had.
func (w *view) drop(key protocol.DocumentKey) held {
	h, there := w.held[key]
	if there {
		delete(w.held, key)
		w.digest -= protocol.Mix(key, h.rev)
		w.sources.count(h.of, -1)
	}
	return held{key, h, there}
}

// item is a document on its way to the browser.
type item struct {
	protocol.RawItem
	of *set
}

func (i *item) holding() holding { return holding{i.Rev, i.of} }

// raw is what of items goes into a frame.
func raw(items []item) []protocol.RawItem {
	all := make([]protocol.RawItem, len(items))
	for i := range items {
		all[i] = items[i].RawItem
	}
	return all
}

// undo takes back a batch that was not sent: the browser has what it had, and lacks
// what it lacked.
func (w *view) undo(from uint64, before []held) {
	for _, h := range slices.Backward(before) {
		if w.drop(h.key); h.there {
			w.hold(h.key, h.holding)
		}
		w.dirty[h.key] = struct{}{}
	}
	w.index = from
}

// show records the choice, then shows what it covers.
func (s *session) show(f protocol.Show) {
	o := s.open
	chosen := access.Contracts(f.Contracts...)
	switch {
	case o == nil || o.told == nil || chosen == 0:
		s.refuse(0, protocol.FaultNotOpen, nil)
		return
	case f.Generation < s.generation || f.Generation == 0:
		return // sent before a Revoke was seen: the browser, when it sees it, asks anew or leaves
	case f.Generation > maxGeneration:
		s.close(protocol.CloseMalformed, "a generation beyond the limit", nil)
		return
	}
	asked := &s.service.requests.Show
	asked.Ask()
	if s.service.budget.tight() {
		asked.Fail()
		s.refuse(0, protocol.FaultBusy, errCrowded)
		return
	}
	if f.Resumed && !s.resumes(o, chosen) {
		return
	}
	o.leaves(s.out)
	s.raise(f.Generation)
	a := s.ask(o, record.Read)
	a.contracts, a.view = chosen, text(a.id)
	s.actLater(func(ctx context.Context) func() {
		got := s.service.recorder.access(ctx, a)
		settle(ctx, asked, got)
		return func() { s.shown(o, f.Generation, a, got) }
	})
}

// resumes notes that the browser shows the same choice from another connection: what
// it shows is taken to be what it would be shown here.
func (s *session) resumes(o *open, chosen access.ContractSet) bool {
	v, err := s.service.cfg.State.View()
	if err != nil {
		s.close(protocol.CloseMoving, "the node cannot read its state", err)
		return false
	}
	defer v.Close()
	o.screen.expose()
	o.subjects.headers(v, numbers(chosen), func(d *sealedDocument) bool {
		if o.decision.Document(d.Attributes, chosen).Shown {
			o.screen.documents[d.Key] = struct{}{}
		}
		return true
	})
	return true
}

// leaves notes what stays on the screen while the next view is on its way.
func (o *open) leaves(sent *outbox) {
	w := o.view
	if w == nil {
		return
	}
	if sent.arrived(w.generation) {
		o.screen = screen{}
	}
	o.screen.expose()
	for key := range w.held {
		o.screen.documents[key] = struct{}{}
	}
	o.view = nil
}

func (c *screen) expose() {
	if c.exposed = true; c.documents == nil {
		c.documents = map[protocol.DocumentKey]struct{}{}
	}
}

// older reports whether the browser may still show a view from before the present one.
func (s *session) older(o *open) bool {
	return o.screen.exposed && (o.view == nil || !s.out.arrived(o.view.generation))
}

// shrunk reports whether a document that an older view may show is shown no more.
func (o *open) shrunk(v *raftfsm.View) bool {
	every := access.Contracts(protocol.Contracts()...)
	for key := range o.screen.documents {
		if d, found := o.subjects.document(v, key); !found || !o.decision.Document(d.Attributes, every).Shown {
			return true
		}
	}
	return false
}

// shown starts the view that was recorded.
func (s *session) shown(o *open, g protocol.Generation, a ask, got outcome) {
	switch {
	case s.open != o:
		return
	case got.fault != protocol.FaultNone:
		s.denied(o, 0, got.refusal)
		return
	case s.generation != g:
		return // a Revoke came between, as above
	}
	resources := make(map[record.Resource]struct{}, len(got.resources))
	for _, one := range got.resources {
		resources[one] = struct{}{}
	}
	o.view = &view{
		id: a.view, generation: g, contracts: a.contracts, recorded: got.decision, resources: resources,
		held: map[protocol.DocumentKey]holding{}, dirty: map[protocol.DocumentKey]struct{}{},
	}
	s.flush()
}

// snapshot sends the whole view. The chunks are made while the state is looked at and
// written after: a View is never held across the network.
func (s *session) snapshot(o *open) {
	v, err := s.service.cfg.State.View()
	if err != nil {
		s.close(protocol.CloseMoving, "the node cannot read its state", err)
		return
	}
	defer v.Close()
	if !s.current(v) || o.view == nil {
		return
	}
	w := o.view
	clear(w.dirty)
	w.begun, w.stale = true, false
	w.index, w.newest = v.Index(), v.Index()
	position := protocol.Position{Epoch: s.service.cfg.Cluster.Position().Epoch, Index: w.index}
	items, wider, err := s.everything(v, o)
	switch {
	case err != nil:
		s.close(protocol.CloseMoving, "the node cannot read a document", err)
		return
	case len(items) > s.service.cfg.Limits.ViewDocuments:
		o.view = nil
		s.refuse(0, protocol.FaultTooMany, nil)
		return
	}
	lost := func() { w.begun = false }
	queue := func(frame []byte, m *mark) {
		s.queue(out{frame: frame, generation: w.generation, mark: m, lost: lost})
	}
	queue(protocol.AppendFrame(nil, protocol.Begin{Generation: w.generation, Position: position}), &mark{generation: w.generation})
	for len(items) > 0 {
		part := items[:cut(items)]
		items = items[len(part):]
		for _, item := range part {
			w.hold(item.Key, item.holding())
		}
		queue(protocol.AppendRawChunk(nil, w.generation, raw(part)), nil)
	}
	end := protocol.End{Generation: w.generation, Position: position, Count: uint32(len(w.held)), Digest: w.digest}
	queue(protocol.AppendFrame(nil, end), w.mark())
	s.tellSources(v, o)
	s.retell(o, wider)
}

// everything unseals the header of each document that is shown; it stops one past the
// limit. It is wider when there is more than was recorded.
func (s *session) everything(v *raftfsm.View, o *open) (items []item, wider bool, err error) {
	w := o.view
	o.subjects.headers(v, numbers(w.contracts), func(d *sealedDocument) bool {
		shown, more := w.shows(&o.decision, d.Attributes)
		if wider = wider || more; !shown {
			return true
		}
		var one item
		if one, err = s.item(w, d); err != nil {
			return false
		}
		items = append(items, one)
		return len(items) <= s.service.cfg.Limits.ViewDocuments
	})
	return items, wider, err
}

func (s *session) item(w *view, d *sealedDocument) (item, error) {
	header, err := s.service.cfg.Ring.OpenTo(nil, sealing.Headers, d.place(), d.header)
	if err != nil {
		return item{}, fmt.Errorf("opening a header: %w", err)
	}
	return item{protocol.RawItem{Key: d.Key, Rev: d.Rev, Header: header}, w.sources.of(d)}, nil
}

// cut returns how many items fit one Chunk or Batch.
func cut(items []item) int {
	bytes := 0
	for i := range items {
		bytes += len(items[i].Header)
		if i > 0 && (i == batchItems || bytes > batchBytes) {
			return i
		}
	}
	return len(items)
}

// shows reports whether what is asked of is what is shown, and refuses it if it is not.
func (s *session) shows(request uint32, g protocol.Generation) bool {
	switch {
	case s.open == nil || s.open.view == nil:
		s.refuse(request, protocol.FaultNotOpen, nil)
	case g != s.generation:
		s.refuse(request, protocol.FaultNotFound, nil)
	default:
		return true
	}
	return false
}

// crowded reports whether no more should be asked for.
func (s *session) crowded() bool {
	return s.acts.inFlight >= s.service.cfg.Limits.InFlight || s.out.full(s.service.cfg.Limits.QueueBytes)
}

// again returns the state as it is once something about a view has been recorded, to be
// looked at before anything is sent. nil: it has been refused.
func (s *session) again(o *open, w *view, request uint32, got outcome) *raftfsm.View {
	switch {
	case s.open != o || o.view != w:
		s.refuse(request, protocol.FaultNotOpen, nil)
		return nil
	case got.fault != protocol.FaultNone:
		s.unanswered(request, got)
		return nil
	}
	v, err := s.service.cfg.State.View()
	if err != nil {
		s.refuse(request, protocol.FaultInternal, err)
		return nil
	}
	return v
}

// readDocument records a reading, then sends the body.
func (s *session) readDocument(f protocol.Read) {
	if !s.shows(f.Request, f.Generation) {
		return
	}
	asked := &s.service.requests.Body
	asked.Ask()
	if s.crowded() {
		s.refuse(f.Request, protocol.FaultBusy, nil)
		return
	}
	o, w := s.open, s.open.view
	a := s.ask(o, record.Read)
	a.contracts, a.document, a.view = w.contracts, f.Document, w.id
	s.later(func(ctx context.Context) func() {
		got := s.service.recorder.access(ctx, a)
		settle(ctx, asked, got)
		return func() { s.body(o, w, f, got) }
	})
}

// body sends a document that was recorded as read, if it is shown still.
func (s *session) body(o *open, w *view, f protocol.Read, got outcome) {
	v := s.again(o, w, f.Request, got)
	if v == nil {
		return
	}
	defer v.Close()
	if !s.current(v) || o.view != w {
		s.refuse(f.Request, protocol.FaultNotFound, nil)
		return
	}
	d, found := o.subjects.document(v, f.Document)
	if !found || !w.readable(&o.decision, &got, d.Attributes) {
		s.refuseWith(f.Request, refusal{fault: protocol.FaultNotFound, id: got.id, at: got.at})
		return
	}
	plain, err := s.service.cfg.Ring.OpenTo(nil, sealing.Bodies, d.place(), d.body)
	if err != nil {
		s.refuse(f.Request, protocol.FaultInternal, fmt.Errorf("opening a body: %w", err))
		return
	}
	head := protocol.BodyFrame{Request: f.Request, Generation: w.generation, Document: f.Document}
	s.queue(out{frame: protocol.AppendRawBody(nil, head, plain), generation: w.generation, lost: func() {
		s.refuse(f.Request, protocol.FaultAccessChanged, nil)
	}})
}

// readable reports whether a document's body may be sent: it is shown, and its reading
// was recorded as what it is now.
func (w *view) readable(newest *access.Decision, got *outcome, a raftfsm.Attributes) bool {
	shown, _ := w.shows(newest, a)
	return shown && got.decision.Document(a, w.contracts).Shown && slices.Contains(got.resources, resourceOf(a))
}
