package client

import "tvilling/protocol"

// Step takes the state past an event and says what to carry out. The clock is looked
// at before anything else: nothing that happens can keep an expired view in place.
func Step(s State, e Event) (State, []Effect) {
	m := machine{s: s}
	m.s.Clock, m.s.Draw = e.At, e.Draw
	if m.s.End.Left {
		return m.s, nil
	}
	before := m.s.Notice
	m.expire()
	m.take(e.Input)
	m.tend()
	m.keepTrend()
	m.keepPaper()
	if batch, is := e.Input.(Received); !is || batch.Frame.Kind() != protocol.KindBatch {
		m.settle()
	}
	m.tendSession()
	if m.s.Desk.Asked != AskedNothing && !m.s.standing() {
		m.s.Desk.Asked = AskedNothing // what it asks about is gone
	}
	if n := m.s.Notice; n.Fault != before.Fault || n.ID != before.ID {
		m.say(n)
	}
	return m.s, m.fx
}

// say has a screen reader say what went wrong; where the page is itself the notice it has
// been said.
func (m *machine) say(n Notice) {
	if n.Fault != protocol.FaultNone && n.Calm == txtNone && !m.s.ownWords() {
		m.alert(n.Fault.Info().In(m.s.Lang).Title)
	}
}

// status has a screen reader say something when it comes to it.
func (m *machine) status(words string) { m.s.Said.Status = anew(m.s.Said.Status, words) }

// alert has a screen reader say something at once.
func (m *machine) alert(words string) { m.s.Said.Alert = anew(m.s.Said.Alert, words) }

// anew is words that are said after others. The same words once more would be no change
// that a screen reader hears of: a space that nobody sees makes it one.
func anew(before, words string) string {
	if words != "" && words == before {
		return words + "\u00a0"
	}
	return words
}

// machine is a state on its way through one step.
type machine struct {
	s  State
	fx []Effect
}

func (m *machine) do(e Effect) { m.fx = append(m.fx, e) }

func (m *machine) send(l *Link, f protocol.Frame) { m.do(Send{l.ID, f}) }

func (m *machine) take(in Input) {
	switch in := in.(type) {
	case Start:
		m.s.Links.Addresses = []string{in.Stream}
		m.plan(0)
	case Connected:
		m.connected(in.Link)
	case Received:
		m.received(in.Link, in.Frame)
	case Unreadable:
		if l := m.s.link(in.Link); l != nil {
			m.do(Close{l.ID, uint16(protocol.CloseMalformed)})
			m.lost(l)
		}
	case Disconnected:
		m.disconnected(in.Link, in.Code)
	case Act:
		m.used()
		was := m.s.List.Query
		m.act(in)
		m.redrawFields(was)
	case Typed:
		m.used()
		m.typed(in)
	case Pressed:
		m.pressed(in.Key)
	case Focused:
		m.focused(in.Row)
	case Scrolled:
		m.scrolled(in.Top)
	case Measured:
		m.s.List.Height, m.s.List.RowHeight = in.Height, in.Row
	case Touched:
		m.used()
	case Copying:
		m.copying(in)
	case Printing:
		m.printing()
	case Printed:
		if m.s.onPaper() != "" {
			m.untake()
			m.do(Paint{})
		}
	case Expired:
		m.expired()
	case Charted:
		was := m.s.List.Query
		m.charted(in)
		if m.s.List.Query.typed() != was.typed() { // else somebody may be typing while the chart is measured
			m.redrawFields(was)
		}
	case Leaving:
		m.leaving()
	case Pointed:
		m.s.List.Pointed = in.Over
	case Look, Frame:
	}
}

// expire takes away what is held once its lease has run out, and says when the time
// of an emergency is out. That takes no document away by itself: the node does, and
// a node that is out of reach cannot renew the lease.
func (m *machine) expire() {
	if m.s.over() {
		m.expired()
	}
	if m.s.holds() && m.s.Clock.reached(m.s.Lease.Due) {
		n := Notice{Fault: protocol.FaultLeaseEnded, At: protocol.Instant(m.s.Clock.Wall)}
		if m.s.View.Shown || m.s.Follow.Report != nil {
			m.blank(n)
		} else {
			m.forgetLadder()
			m.s.Notice = n
			m.do(Paint{})
		}
	}
	a := &m.s.Access
	if a.Basis == protocol.BasisEmergency && a.Ends != 0 && !a.Over && m.s.Clock.Wall >= int64(a.Ends) {
		a.Over = true
		m.forgetLadder()
		if !m.s.End.Blank {
			m.s.Notice = Notice{Fault: protocol.FaultEmergencyEnded, At: protocol.Instant(m.s.Clock.Wall)}
		}
	}
}

// leaving wipes everything: the page may be kept as it is and come back.
func (m *machine) leaving() {
	for _, l := range []*Link{&m.s.Links.Live, &m.s.Links.Next} {
		if l.ID != 0 {
			m.do(Close{l.ID, 1000})
		}
	}
	m.untake()
	lang, clock := m.s.Lang, m.s.Clock
	m.s = New()
	m.s.Lang, m.s.Clock = lang, clock
	m.s.End = End{Blank: true, Stopped: true, Left: true}
	m.do(Paint{})
}

// blank takes every document from memory and screen at once, and says why. The wish
// stays, so that the view can come back when somebody vouches for it again.
func (m *machine) blank(n Notice) {
	m.wipe()
	m.s.End.Blank, m.s.Aside = true, AsideNone
	m.forgetTyped()
	m.s.Notice = n
	m.s.Said = Said{Alert: textOf(m.s.Lang, txtAccessOver)}
	m.do(FocusOn{idMain})
	m.do(Paint{})
}

// wipe forgets every document that is shown, and every word that was told of them. What
// is on its way has just been decided and recorded, and may come.
func (m *machine) wipe() {
	m.untake()
	m.s.Desk.Asked = AskedNothing
	m.s.View = View{}
	m.forgetLadder()
	m.s.Said, m.s.Follow = Said{}, Follow{}
	m.s.List.clear()
	m.s.List.Query.Provider, m.s.List.Query.Unit = "", "" // these names came with documents
	m.s.Reader.Body, m.s.Reader.Rev, m.s.Reader.Request = nil, 0, 0
	m.s.Reader.Shown, m.s.Reader.Trend = 0, Trend{}
}

// forgetLadder forgets what was told in answer to questions, also where a screen reader
// has been told it: that there is blocked information is said to who asked, and to nobody
// once what the answer rests on has changed (P9).
func (m *machine) forgetLadder() {
	if m.s.Ladder.holds() {
		m.s.Said.Status = ""
	}
	m.s.Ladder = Ladder{}
}

// forgetTyped drops what stands in fields that go with their page.
func (m *machine) forgetTyped() {
	form, follow := &m.s.Form, &m.s.Follow
	form.Typed, form.Wrong, form.Giver.Typed = "", false, ""
	form.Attest = Attest{Step: form.Attest.Step}
	follow.Period, follow.Patient, follow.Employee = follow.Start, "", ""
	follow.Review = Review{Request: follow.Review.Request}
	m.s.Desk.Feedback = Feedback{}
}

// forgetPatient drops the patient and everything about the patient.
func (m *machine) forgetPatient() {
	m.wipe()
	m.s.Links.Live.Shadow, m.s.Links.Next.Shadow = nil, nil
	m.s.Wish.Patient, m.s.Wish.Contracts = protocol.PatientID{}, nil
	m.s.Access = Access{}
	m.s.Desk.System = ""
	m.s.Reader = Reader{}
	m.s.List = List{Height: m.s.List.Height, RowHeight: m.s.List.RowHeight, Query: m.bySeverity(Query{Group: m.s.List.Query.Group})}
	m.s.Form = Form{Days: defaultConsentDays}
	m.forgetStrip()
}

// deny is a no to what the view rests on: everything about the patient goes, and
// the patient is closed on every link.
func (m *machine) deny(n Notice) {
	had := m.s.View.Shown || m.s.End.Blank
	m.forgetPatient()
	if had {
		m.blank(n)
	} else {
		m.do(Paint{}) // answers to questions may have stood
	}
	m.s.Notice = n
	m.leaveAll()
}

// leaveAll closes the patient on every link that has come so far.
func (m *machine) leaveAll() {
	for _, l := range []*Link{&m.s.Links.Live, &m.s.Links.Next} {
		if l.Stage >= StageOpening {
			l.Stage, l.Opening, l.Shadow = StageChosen, 0, nil
			m.send(l, protocol.Leave{})
		}
	}
}

// stop ends all dialling for good; only a reload helps.
func (m *machine) stop(n Notice) {
	for _, l := range []*Link{&m.s.Links.Live, &m.s.Links.Next} {
		if l.ID != 0 {
			m.do(Close{l.ID, 1000})
		}
	}
	m.forgetPatient()
	m.s.Links = Links{Last: m.s.Links.Last}
	m.s.End.Stopped = true
	m.blank(n)
}

// follow keeps the open document in line with the store.
func (m *machine) follow() {
	r := &m.s.Reader
	if !r.Open {
		return
	}
	item, there := m.s.View.Store.get(r.Key)
	switch {
	case !there:
		*r = Reader{Open: true, Gone: true}
		m.status(textOf(m.s.Lang, txtDocumentGone))
	case r.Request == 0 && r.Fault == (Notice{}) && (r.Body == nil || item.Rev != r.Rev):
		m.read()
	}
}

// read asks for the open document.
func (m *machine) read() {
	l := &m.s.Links.Live
	if l.Stage != StageLive || m.s.View.Link != l.ID {
		return // asked for when a link is there again
	}
	l.Request++
	m.s.Reader.Request = l.Request
	m.s.Reader.Fault = Notice{}
	m.send(l, protocol.Read{Request: l.Request, Generation: l.Generation, Document: m.s.Reader.Key})
}
