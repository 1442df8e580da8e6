package client

import "tvilling/protocol"

// Ladder is what has been told on the way to the documents, in answer to active
// questions. None of it outlives the lease, or a change of anything that is known
// about the patient.
type Ladder struct {
	Request   uint32 // waited for; 0: none
	Asked     protocol.Question
	Others    Answer
	Blocked   Answer
	Known     bool // Providers were told
	Providers []protocol.ProviderMark
}

// Answer is what was told; the zero value: nothing was.
type Answer uint8

// The answers.
const (
	Untold Answer = iota
	ToldNo
	ToldYes
)

func (l *Ladder) holds() bool { return l.Others != Untold || l.Blocked != Untold || l.Known }

// ask asks a question about what there is. The one about which care providers needs
// a basis.
func (m *machine) ask(q protocol.Question) {
	l := &m.s.Links.Live
	if l.Stage < StageOpened || m.s.Ladder.Request != 0 || q < protocol.AskOthers || q > protocol.AskProviders ||
		q == protocol.AskProviders && m.s.Access.Basis == protocol.BasisNone {
		return
	}
	l.Request++
	m.s.Ladder.Request, m.s.Ladder.Asked = l.Request, q
	m.send(l, protocol.Ask{Request: l.Request, What: q})
}

func (m *machine) told(l *Link, f protocol.Told) {
	ladder := &m.s.Ladder
	if l != &m.s.Links.Live || f.Request == 0 || f.Request != ladder.Request || f.What != ladder.Asked {
		return
	}
	ladder.Request = 0
	answer := ToldNo
	if f.Yes {
		answer = ToldYes
	}
	switch f.What {
	case protocol.AskOthers:
		ladder.Others = answer
	case protocol.AskBlocked:
		ladder.Blocked = answer
	case protocol.AskProviders:
		ladder.Known, ladder.Providers = true, f.Providers
	}
	m.hold(l)
	m.status(textOf(m.s.Lang, answerText(ladder, f.What)))
}

// hold puts what was just told under the lease.
func (m *machine) hold(l *Link) {
	if !m.s.View.Shown {
		m.renew(l)
	}
}

// answerText is what to say about a question; txtNone: it is not answered.
func answerText(l *Ladder, q protocol.Question) txt {
	switch {
	case q == protocol.AskOthers && l.Others == ToldYes:
		return txtOthersYes
	case q == protocol.AskOthers && l.Others == ToldNo:
		return txtOthersNo
	case q == protocol.AskBlocked && l.Blocked == ToldYes:
		return txtBlockedYes
	case q == protocol.AskBlocked && l.Blocked == ToldNo:
		return txtBlockedNo
	case q == protocol.AskProviders && l.Known:
		return txtProvidersTold
	default:
		return txtNone
	}
}

// ladder writes the questions, each with its answer once it is told.
func (r *renderer) ladder() string {
	s, m := r.s, new(markup)
	m.raw(`<h2>`).text(r.t(txtLadderTitle)).raw(`</h2><p class="small">`).text(r.t(txtLadderLead)).raw(`</p>`)
	for _, q := range [...]struct {
		what  protocol.Question
		label txt
		id    literal
		name  string
	}{
		{protocol.AskOthers, txtAskOthers, "ask-others", "others"},
		{protocol.AskProviders, txtAskProviders, "ask-providers", "providers"},
		{protocol.AskBlocked, txtAskBlocked, "ask-blocked", "blocked"},
	} {
		if q.what == protocol.AskProviders && s.Access.Basis == protocol.BasisNone ||
			q.what == protocol.AskOthers && s.Ladder.Known { // the list has said it
			continue
		}
		m.raw(`<div class="acts">`)
		off := s.Ladder.Request != 0 || s.Links.Live.Stage < StageOpened
		r.button(m, "", q.id, ActAsk, new(markup).number(int(q.what)).String(), r.t(q.label), off)
		if answer := answerText(&s.Ladder, q.what); answer != txtNone {
			m.raw(`<b data-test="told-`).text(q.name).raw(`" data-yes="`)
			m.when(answer == txtOthersYes || answer == txtBlockedYes, `true`).when(answer == txtOthersNo || answer == txtBlockedNo, `false`).raw(`">`).text(r.t(answer)).raw(`</b>`)
		}
		m.raw(`</div>`)
	}
	r.providers(m)
	return m.String()
}

// providers lists the care providers that have information, and apart from them,
// in an emergency alone, those that have blocked some.
func (r *renderer) providers(m *markup) {
	l := &r.s.Ladder
	if !l.Known {
		return
	}
	has := func(p *protocol.ProviderMark) bool { return p.Has }
	blocked := func(p *protocol.ProviderMark) bool { return p.Blocked }
	if !r.providerList(m, txtProvidersHave, "providers-have", has) {
		m.raw(`<p data-test="providers-none">`).text(r.t(txtProvidersNone)).raw(`</p>`)
	}
	if r.s.Access.Basis == protocol.BasisEmergency && r.providerList(m, txtProvidersBlocked, "providers-blocked", blocked) {
		m.raw(`<p>`).text(r.t(txtAskLift)).raw(`</p>`)
	}
}

func (r *renderer) providerList(m *markup, title txt, test literal, belongs func(*protocol.ProviderMark) bool) (any bool) {
	for i := range r.s.Ladder.Providers {
		p := &r.s.Ladder.Providers[i]
		if !belongs(p) {
			continue
		}
		if !any {
			m.raw(`<h3>`).text(r.t(title)).raw(`</h3><ul class="names" data-test="`).raw(test).raw(`">`)
			any = true
		}
		name := p.Name
		if name == "" {
			name = p.ID.Reveal()
		}
		m.raw(`<li>`).text(name).raw(`</li>`)
	}
	m.when(any, `</ul>`)
	return any
}
