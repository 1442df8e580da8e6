package session

import (
	"context"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// Policy is what the operator lets users do beside reading.
type Policy struct {
	Print bool // what is shown may be printed
	Copy  bool // it may be copied, and saved

	Feedback Feedback // keeps what they think of the client; nil: they are not asked
}

// allows says how the access log calls a way off the screen, and whether it is open.
func (p Policy) allows(how protocol.TakeHow) (activity record.Activity, allowed bool) {
	switch how {
	case protocol.TakePrint:
		return record.Printed, p.Print
	case protocol.TakeCopy:
		return record.Copied, p.Copy
	case protocol.TakeSave:
		return record.Saved, p.Copy
	default:
		return record.ActivityNone, false
	}
}

// takeAway records that documents, or the list, are taken off the screen, then lets it
// be done. What the policy does not allow is recorded as refused.
func (s *session) takeAway(f protocol.Take) {
	activity, allowed := s.service.cfg.Policy.allows(f.How)
	if activity == record.ActivityNone {
		s.refuse(f.Request, protocol.FaultMalformed, nil)
		return
	}
	if !s.shows(f.Request, f.Generation) {
		return
	}
	asked := &s.service.requests.Take
	asked.Ask()
	if s.crowded() {
		s.refuse(f.Request, protocol.FaultBusy, nil)
		return
	}
	o, w := s.open, s.open.view
	a := s.ask(o, activity)
	a.contracts, a.view = w.contracts, w.id
	a.part = &part{named: w.resources, documents: f.Documents}
	if len(f.Documents) == 1 {
		a.document = f.Documents[0]
	}
	if !allowed {
		a.part.withheld = access.ReasonPolicy
	}
	s.later(func(ctx context.Context) func() {
		got := s.service.recorder.access(ctx, a)
		settle(ctx, asked, got)
		return func() { s.taken(o, w, f, got) }
	})
}

// taken lets go of what was recorded as taken, if it is shown still: every document of
// those that were named, or the list as it was.
func (s *session) taken(o *open, w *view, f protocol.Take, got outcome) {
	v := s.again(o, w, f.Request, got)
	if v == nil {
		return
	}
	defer v.Close()
	if !s.current(v) || o.view != w || s.generation != f.Generation {
		s.refuseWith(f.Request, refusal{fault: protocol.FaultAccessChanged, id: got.id, at: got.at})
		return
	}
	for _, key := range f.Documents {
		if d, found := o.subjects.document(v, key); !found || !w.readable(&o.decision, &got, d.Attributes) {
			s.refuseWith(f.Request, refusal{fault: protocol.FaultNotFound, id: got.id, at: got.at})
			return
		}
	}
	s.queue(out{frame: protocol.AppendFrame(nil, protocol.Taken{Request: f.Request, ID: got.id}), answer: true, lost: func() {
		s.refuse(f.Request, protocol.FaultAccessChanged, nil)
	}})
}
