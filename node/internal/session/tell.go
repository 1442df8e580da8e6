package session

import (
	"context"
	"slices"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// asked is how the access log calls a question about what there is.
func asked(what protocol.Question) record.Activity {
	switch what {
	case protocol.AskOthers:
		return record.AskOthers
	case protocol.AskBlocked:
		return record.AskBlocked
	case protocol.AskProviders:
		return record.AskProviders
	default:
		return record.ActivityNone
	}
}

// asks reports whether it is a question about what there is.
func (a *ask) asks() bool {
	return a.activity == record.AskOthers || a.activity == record.AskBlocked || a.activity == record.AskProviders
}

// survey decides whether the question may be answered. Where the blocks are not known
// no answer is one, and which care providers have information is told on a basis alone.
func (d *decided) survey(a ask) {
	switch {
	case !d.decision.BlocksKnown():
		d.deny(access.ReasonAskBlocksUnknown)
	case a.activity == record.AskProviders && d.decision.Basis() == protocol.BasisNone:
		d.deny(access.ReasonAskNoBasis)
	}
}

// askAbout records what is asked about the open patient, then answers it.
func (s *session) askAbout(f protocol.Ask) {
	o, activity := s.open, asked(f.What)
	switch {
	case o == nil || o.told == nil:
		s.refuse(f.Request, protocol.FaultNotOpen, nil)
		return
	case activity == record.ActivityNone:
		s.refuse(f.Request, protocol.FaultMalformed, nil)
		return
	}
	a := s.ask(o, activity)
	s.actLater(func(ctx context.Context) func() {
		got := s.service.recorder.access(ctx, a)
		return func() { s.answer(o, f, got) }
	})
}

// answer tells what was recorded as asked, as it is now. What the answer may tell
// rests on the basis: one that was given on another is not told.
func (s *session) answer(o *open, f protocol.Ask, got outcome) {
	switch {
	case s.open != o:
		return
	case got.fault != protocol.FaultNone:
		s.unanswered(f.Request, got)
		return
	}
	v, err := s.service.cfg.State.View()
	if err != nil {
		s.refuse(f.Request, protocol.FaultInternal, err)
		return
	}
	defer v.Close()
	d := &o.decision
	if !s.current(v) || !d.BlocksKnown() || d.Basis() != got.decision.Basis() || d.Step() != got.decision.Step() {
		s.refuseWith(f.Request, refusal{fault: protocol.FaultAccessChanged, id: got.id, at: got.at})
		return
	}
	told, fault := told(v, o, f)
	if fault != protocol.FaultNone {
		s.refuseWith(f.Request, refusal{fault: fault, id: got.id, at: got.at})
		return
	}
	s.queue(out{frame: protocol.AppendFrame(nil, told), answer: true, lost: func() {
		s.refuse(f.Request, protocol.FaultAccessChanged, nil)
	}})
}

// told answers a question on the standing decision: of the three answers the one that
// was asked for.
func told(v *raftfsm.View, o *open, f protocol.Ask) (protocol.Told, protocol.Fault) {
	survey := o.decision.Survey(func(yield func(raftfsm.Attributes) bool) {
		o.subjects.headers(v, nil, func(d *sealedDocument) bool { return yield(d.Attributes) })
	})
	t := protocol.Told{Request: f.Request, What: f.What}
	switch f.What {
	case protocol.AskOthers:
		t.Yes = survey.Others
	case protocol.AskBlocked:
		t.Yes = survey.Blocked
	case protocol.AskProviders:
		if len(survey.Providers) > protocol.MaxProviders {
			return t, protocol.FaultTooMany
		}
		t.Providers = marks(v, survey.Providers)
	}
	return t, protocol.FaultNone
}

// marks names care providers by the coverage table. One whose id is none is left out:
// it could not be asked for anything.
func marks(v *raftfsm.View, found []access.Mark) (all []protocol.ProviderMark) {
	if len(found) == 0 {
		return nil
	}
	table := v.Coverage()
	for _, m := range found {
		id, err := protocol.ParseCareProviderID(m.CareProvider)
		if err != nil {
			continue
		}
		mark := protocol.ProviderMark{ID: id, Has: m.Has, Blocked: m.Blocked}
		if at := slices.IndexFunc(table, func(c command.Coverage) bool { return c.CareProvider == m.CareProvider }); at >= 0 {
			mark.Name = table[at].Name
		}
		all = append(all, mark)
	}
	return all
}
