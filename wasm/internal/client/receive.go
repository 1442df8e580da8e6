package client

import (
	"slices"

	"tvilling/protocol"
)

// received takes a frame. A frame from a link that is no longer known, or of another
// generation than the link's, is dropped.
func (m *machine) received(id LinkID, f protocol.Frame) {
	l := m.s.link(id)
	if l == nil {
		return
	}
	l.Heard = m.s.Clock
	if f.Kind() != protocol.KindHeartbeat {
		l.Moved = m.s.Clock
	}
	switch f := f.(type) {
	case protocol.Welcome:
		m.welcome(l, f)
	case protocol.Chosen:
		if l.Stage == StageChoosing {
			l.Stage, m.s.Me.Commission = StageChosen, f.Commission
			m.climb(l)
		}
	case protocol.Coverage:
		m.s.Me.Coverage = arrange(f.Rows, m.s.today())
	case protocol.Freshness:
		m.s.Me.Late = f.Late
	case protocol.Session:
		m.session(f)
	case protocol.HandedOver:
		m.handedOver(l, f)
	case protocol.Taken:
		m.taken(l, f)
	case protocol.Thanked:
		m.thanked(l, f)
	case protocol.Announcements:
		m.s.Me.News = f.Messages
	case protocol.Series:
		m.series(l, f)
	case protocol.Sources:
		m.sourced(l, f)
	case protocol.Told:
		m.told(l, f)
	case protocol.Report:
		m.report(l, f)
	case protocol.Reviewed:
		m.reviewed(l, f)
	case protocol.Opened:
		m.opened(l, f)
	case protocol.Refused:
		m.refused(l, f)
	case protocol.Begin:
		if l.Stage == StageShowing && f.Generation == l.Generation && m.sameEpoch(l, f.Position) {
			l.Shadow, l.Snapshot = newStore(), f.Position
		}
	case protocol.Chunk:
		m.chunk(l, f)
	case protocol.End:
		m.ended(l, f)
	case protocol.Batch:
		m.batch(l, f)
	case protocol.BodyFrame:
		m.body(l, f)
	case protocol.Revoke:
		m.revoked(l, f)
	case protocol.Heartbeat:
		m.heartbeat(l, f)
	case protocol.GoAway:
		m.goAway(l, f)
	}
}

func (m *machine) welcome(l *Link, f protocol.Welcome) {
	if l.Stage != StageGreeting {
		return
	}
	if f.Version > protocol.Version || f.Version+1 < protocol.Version {
		m.stop(Notice{Fault: protocol.FaultVersion, At: protocol.Instant(m.s.Clock.Wall)})
		return
	}
	l.Stage = StageWelcome
	l.Terms = Terms{f.Node, f.Site, int64(f.BeatMillis), int64(f.LeaseMillis), m.s.Clock, f.Version}
	if !m.sameEpoch(l, f.Position) {
		return
	}
	me := &m.s.Me
	me.Known, me.Environment = true, f.Environment
	me.People, me.Person, me.Commissions = f.People, f.Person, f.Commissions
	me.Late = nil // told anew, if there is any
	m.addresses(l.URL, f.Alternates)
	if me.Person.Key == "" && len(me.People) > 0 {
		m.s.Wish.Person = ""
	}
	if !m.s.Wish.Commission.IsZero() && !m.usable(m.s.Wish.Commission) {
		m.s.Wish.Commission = protocol.CommissionID{}
		m.deny(Notice{Fault: protocol.FaultNoCommission, At: protocol.Instant(m.s.Clock.Wall)})
	}
	m.climb(l)
}

func (m *machine) usable(id protocol.CommissionID) bool {
	for _, c := range m.s.Me.Commissions {
		if c.ID == id {
			return opens(&c)
		}
	}
	return false
}

// sameEpoch notes the position. A cluster that was restored has another epoch, and
// nothing that the client knows counts in it: the client forgets everything.
func (m *machine) sameEpoch(l *Link, p protocol.Position) bool {
	known := &m.s.Me.Position
	if known.Epoch == 0 || known.Epoch == p.Epoch {
		*known = protocol.Position{Epoch: p.Epoch, Index: max(known.Index, p.Index)}
		return true
	}
	*known = protocol.Position{Epoch: p.Epoch, Index: p.Index}
	m.forgetPatient()
	m.s.Wish.Commission, m.s.Me.Commission = protocol.CommissionID{}, protocol.CommissionInfo{}
	m.blank(Notice{Fault: protocol.FaultEpoch, At: protocol.Instant(m.s.Clock.Wall)})
	m.redial()
	return false
}

func (m *machine) opened(l *Link, f protocol.Opened) {
	form, was, now := &m.s.Form, m.s.Access, accessOf(f)
	was.Over = false
	calm, ask := txtNone, false
	switch {
	case l.Stage == StageOpening && f.Request == l.Opening:
		l.Stage = StageOpened
		if !was.Known {
			form.Consenting = f.Basis == protocol.BasisNone && now.MayConsent
			if now.nextStep() == protocol.EmergencyContent {
				form.Attest.Step = protocol.EmergencyContent
			}
			m.do(FocusOn{idMain})
		}
	case f.Request != 0 && f.Request == form.Request && l == &m.s.Links.Live:
		if form.Ending {
			calm = endedText(was.Basis)
		}
		ask = form.attested(&f)
		form.Request, form.Consenting, form.Ending = 0, false, false
		m.do(FocusOn{idMain}) // the control that was pressed is gone
	case f.Request != 0 || l.Stage < StageOpened:
		return
	}
	if v := &m.s.View; m.current(l, l.Generation) && (f.Basis != protocol.BasisNone || f.Request == 0 && was == now) {
		// Nothing is lost (what is lost has been revoked), so there may be more to see
		// than this view was recorded for.
		v.Wider = true
	}
	m.widen()
	m.s.Access = now
	m.forgetLadder()
	m.openedNotice(&f, was, calm)
	if ask {
		m.ask(protocol.AskProviders)
	}
	if l.Stage == StageOpened {
		m.climb(l)
	}
}

// openedNotice says what has become of the basis. That it is gone because the user
// ended it is a confirmation, not a fault.
func (m *machine) openedNotice(f *protocol.Opened, was Access, calm txt) {
	form := &m.s.Form
	if f.Basis != protocol.BasisNone {
		form.Ended = form.Ended && form.Request != 0
	}
	switch {
	case calm != txtNone:
		m.s.Notice = Notice{Calm: calm}
		m.status(textOf(m.s.Lang, calm))
	case was.Basis == protocol.BasisEmergency && f.Basis == protocol.BasisNone:
		if !form.Ended && m.s.Notice.Fault != protocol.FaultEmergencyEnded {
			m.s.Notice = Notice{Fault: protocol.FaultEmergencyEnded, At: protocol.Instant(m.s.Clock.Wall)}
		}
	case f.Request != 0 && !m.s.View.Shown:
		m.s.Notice = Notice{}
	}
	if m.s.Access.nextStep() != form.Attest.Step {
		form.Attest = Attest{} // the step that was being attested is no longer the next
	}
}

// endedText confirms that the user ended the basis.
func endedText(b protocol.Basis) txt {
	if b == protocol.BasisEmergency {
		return txtEmergencyClosed
	}
	return txtConsentEnded
}

// widen makes the same choice again where more may be shown; not while the user is
// busy choosing.
func (m *machine) widen() {
	l := &m.s.Links.Live
	if m.s.View.Wider && !m.s.Form.Choosing && l.Stage == StageLive && m.s.View.Link == l.ID {
		m.show(l)
	}
}

func accessOf(f protocol.Opened) Access {
	return Access{
		Known: true, Basis: f.Basis, MayConsent: f.MayConsent && !f.Deceased, Ends: f.Ends,
		Step: f.Step, MayAttest: f.MayAttest, Child: f.Child, Deceased: f.Deceased,
	}
}

// passing reports whether another try, or another node, may answer differently.
func passing(f protocol.Fault) bool {
	switch f {
	case protocol.FaultNoQuorum, protocol.FaultBehind, protocol.FaultBusy, protocol.FaultInternal:
		return true
	default:
		return false
	}
}

func (m *machine) refused(l *Link, f protocol.Refused) {
	n := Notice{Fault: f.Fault, ID: f.ID, At: f.At}
	if g := gateOf(f.Fault); g != GateNone && (f.Request == 0 || g == GateEnded) {
		m.shut(g, n)
		return
	}
	switch {
	case f.Request != 0 && f.Request == m.s.Reader.Request && l == &m.s.Links.Live:
		m.s.Reader = Reader{Open: true, Key: m.s.Reader.Key, Fault: n}
		return
	case f.Request != 0 && f.Request == m.s.Form.Request && l == &m.s.Links.Live:
		if m.s.Form.Ending {
			m.do(FocusOn{idEndAsk})
		}
		m.s.Form.Request, m.s.Form.Ending, m.s.Form.Ended = 0, false, false
		m.s.Notice = n
		return
	case f.Request != 0 && f.Request == m.s.Desk.Taking.Request && l == &m.s.Links.Live:
		m.untake()
		m.s.Notice = n
		return
	case f.Request != 0 && l == &m.s.Links.Live && m.trendRefused(f.Request, n):
		return
	case f.Request != 0 && l == &m.s.Links.Live && m.refusedAsk(f.Request):
		m.s.Notice = n
		return
	case f.Request != 0 && f.Request != l.Opening:
		return // a request that was given up
	}
	standing := m.s.View.Shown || m.s.End.Blank
	if passing(f.Fault) && (l == &m.s.Links.Next || standing || l.Stage == StageGreeting) {
		if !standing {
			m.s.Notice = n
		}
		m.drop(l)
		return
	}
	m.refusedAt(l, n)
}

// refusedAsk takes back a question that is refused, and reports whether it was one.
func (m *machine) refusedAsk(request uint32) bool {
	for _, waited := range []*uint32{&m.s.Ladder.Request, &m.s.Follow.Request, &m.s.Follow.Review.Request, &m.s.Desk.Feedback.Request} {
		if *waited == request {
			*waited = 0
			return true
		}
	}
	return false
}

// refusedAt takes a link back to the stage from which it asked.
func (m *machine) refusedAt(l *Link, n Notice) {
	switch l.Stage {
	case StageGreeting:
		if links := &m.s.Links; n.Fault == protocol.FaultVersion && !links.Before {
			links.Before = true // a node of the release before, while the next is on its way
			m.drop(l)
			return
		}
		m.stop(n)
		return
	case StageChoosing:
		l.Stage = StageWelcome
		m.s.Wish.Commission = protocol.CommissionID{}
		m.deny(n)
	case StageOpening:
		l.Stage = StageChosen
		m.deny(n)
		if m.s.Phase() == PhasePatient {
			m.do(FocusOn{idPatient})
		}
	case StageShowing:
		standing := m.s.View.Shown || m.s.End.Blank
		if n.Fault == protocol.FaultTooMany && standing {
			m.backToChoice(l)
		} else if standing || n.Fault == protocol.FaultNotOpen || n.Fault == protocol.FaultNoEngagement {
			m.deny(n)
			break
		}
		l.Stage, m.s.Wish.Contracts = StageOpened, nil
		m.s.Notice = n
	default:
		m.s.Notice = n
		return
	}
	m.climb(l)
}

// backToChoice takes the view away and lets the user choose anew: of a choice that holds too
// much the node shows nothing, and the view before it is one that no node watches over.
func (m *machine) backToChoice(l *Link) {
	if next := &m.s.Links.Next; next != l && next.Stage == StageShowing {
		m.drop(next) // it would show what has just been refused
	}
	m.wipe()
	m.s.End.Blank, m.s.Form.Choosing = false, false
	m.do(FocusOn{idMain})
	m.do(Paint{})
}

func (m *machine) chunk(l *Link, f protocol.Chunk) {
	if l.Stage != StageShowing || f.Generation != l.Generation || l.Shadow == nil {
		return
	}
	for _, item := range f.Items {
		if !l.Shadow.put(item) {
			m.drop(l)
			return
		}
	}
}

// ended swaps the snapshot in, if it is what the node says it is.
func (m *machine) ended(l *Link, f protocol.End) {
	if l.Stage != StageShowing || f.Generation != l.Generation || l.Shadow == nil || !m.sameEpoch(l, f.Position) {
		return
	}
	if !l.Shadow.agrees(f.Count, f.Digest) {
		m.doubt(l)
		return
	}
	first := !m.s.View.Shown || m.s.Form.Choosing
	m.s.Reader.Trend.outdatedBy(m.s.View.Store, l.Shadow)
	m.s.View = View{
		Shown: true, Link: l.ID, Generation: l.Generation, Store: l.Shadow, Contracts: m.s.Wish.Contracts,
		Index: f.Position.Index, Vouched: f.Position.Index,
	}
	l.Shadow, l.Stage = nil, StageLive
	m.s.View.Store.sight.revision = m.s.View.Store.revision
	m.renew(l)
	if m.s.End.Blank || first {
		m.s.Notice, m.s.Said.Alert = Notice{}, ""
		m.redrawFields(m.s.List.Query)
	}
	m.s.End.Blank, m.s.Form.Choosing = false, false
	m.s.Reader.Request = 0
	m.s.Reader.Trend.unowed()
	m.refiltered()
	if first {
		m.status(countText(m.s.Lang, m.s.View.Store.len()))
		m.do(FocusOn{idMain})
		m.do(ScrollList{m.s.List.Top})
	}
	m.climb(l)
	m.follow()
}

// refilter takes away a filter on a type that is no longer chosen, and on a care provider
// or a unit of which nothing is left: its name came with documents, and goes with them. It
// reports whether it took any.
func (m *machine) refilter() bool {
	q, s := &m.s.List.Query, m.s.View.Store
	was := *q
	if !slices.Contains(m.s.View.Contracts, q.Contract) {
		q.Contract = protocol.NoContract
	}
	if s.providers.find(q.Provider) < 0 {
		q.Provider = ""
	}
	if s.units.find(q.Unit) < 0 {
		q.Unit = ""
	}
	return *q != was
}

// refiltered brings the rows in line after documents have gone: from the top, where the
// query is another.
func (m *machine) refiltered() {
	if l := &m.s.List; m.s.View.Store != nil && m.refilter() {
		l.Top, l.Page = 0, 0
		m.remake()
		m.do(ScrollList{0})
		m.do(Paint{})
	}
	m.relist()
}

// renew lets the view stand for as long as the node has given, from when it gave it: a
// snapshot is no word from the node that nothing has been taken away.
func (m *machine) renew(l *Link) {
	m.s.Lease.Due = l.Terms.Given.after(min(l.Terms.Lease, maxLease))
}

// doubt is a view that does not hold what the node says it should: it is taken away
// and asked for anew. A link that cannot get it right is dropped.
func (m *machine) doubt(l *Link) {
	if m.s.View.Shown && m.s.View.Link == l.ID {
		m.blank(Notice{})
		m.s.Said = Said{Status: textOf(m.s.Lang, txtFetchingAgain)}
	}
	l.Doubts++
	if l.Doubts > 1 {
		m.drop(l)
		return
	}
	m.show(l)
}

// current reports whether a change of that generation is one of the view.
func (m *machine) current(l *Link, g protocol.Generation) bool {
	v := &m.s.View
	return l.Stage == StageLive && v.Shown && v.Link == l.ID && g == l.Generation && g == v.Generation
}

func (m *machine) batch(l *Link, f protocol.Batch) {
	if !m.current(l, f.Generation) {
		return
	}
	v := &m.s.View
	if f.From < v.Index || f.From > v.Vouched {
		m.show(l) // a gap: what happened in it is not known
		return
	}
	news, had := &m.s.List.News, v.Store.len()
	for i := range f.Upserts {
		if !v.Store.put(f.Upserts[i]) {
			m.doubt(l)
			return
		}
	}
	added := v.Store.len() - had
	for _, key := range f.Removes {
		v.Store.remove(key)
	}
	gone := had + added - v.Store.len()
	if !v.Store.agrees(f.Count, f.Digest) {
		m.doubt(l)
		return
	}
	m.forgetLadder()
	v.Index, v.Vouched = f.To, max(v.Vouched, f.To)
	m.s.Me.Position.Index = max(m.s.Me.Position.Index, f.To)
	news.Added, news.Gone = news.Added+added, news.Gone+gone
	if gone > 0 {
		m.s.Said.Status = "" // it may count what is gone
	}
	m.s.Reader.Trend.outdated(f.Upserts)
	m.s.List.Dirty = true // settled before the page is painted, however many come until then
	m.follow()
	if gone > 0 {
		m.uncopy()
		m.dropped()
	}
}

func (m *machine) body(l *Link, f protocol.BodyFrame) {
	r := &m.s.Reader
	if !m.current(l, f.Generation) || f.Request == 0 || f.Request != r.Request || f.Document != r.Key {
		return
	}
	item, there := m.s.View.Store.get(r.Key)
	if !there {
		return
	}
	body := f.Body
	first := r.Body == nil
	r.Body, r.Rev, r.Request = &body, item.Rev, 0
	if first {
		m.do(ScrollReader{})
	}
}

// revoked takes documents away, or everything. The screen is painted before the
// acknowledgement goes: it says that the data is gone, so it must be.
func (m *machine) revoked(l *Link, f protocol.Revoke) {
	waiting := l.Stage == StageShowing
	l.Generation = max(l.Generation, f.Next)
	l.Shadow = nil
	n := m.revokeNotice(f)
	m.forgetLadder()
	if len(f.Documents) == 0 {
		m.forgetPatient()
		m.blank(n)
		m.send(l, protocol.Ack{Generation: f.Next})
		m.leaveAll()
		return
	}
	m.untake()
	m.s.Said.Status = "" // it may count what goes
	gone := m.withdraw(f.Documents)
	v := &m.s.View
	if v.Link == l.ID {
		v.Generation = l.Generation
		v.Vouched = max(v.Vouched, f.Index)
		m.s.Reader.Request = 0
		m.s.Reader.Trend.unowed()
	}
	if m.s.Reader.Open && !m.s.Reader.Gone && v.Shown {
		if _, there := v.Store.get(m.s.Reader.Key); !there {
			m.s.Reader = Reader{Open: true, Gone: true}
		}
	}
	if f.Fault == protocol.FaultEmergencyEnded && n.Calm == txtNone {
		m.s.Notice = n
	}
	if gone > 0 {
		m.s.Notice = n
		m.alert(changedText(m.s.Lang, 0, gone))
	}
	m.refiltered()
	m.do(Paint{})
	m.send(l, protocol.Ack{Generation: f.Next})
	if waiting {
		m.show(l) // the snapshot on its way belongs to the generation that is gone
		return
	}
	m.follow()
}

// revokeNotice says why documents go. That the user ended the basis is no fault; and
// of documents that go for another reason than that it ended, the same is said
// whatever the reason.
func (m *machine) revokeNotice(f protocol.Revoke) Notice {
	n := Notice{Fault: f.Fault, At: protocol.Instant(m.s.Clock.Wall)}
	switch f.Fault {
	case protocol.FaultConsentEnded, protocol.FaultEmergencyEnded:
		switch {
		case !m.s.Form.Ended:
		case m.s.Access.Basis == protocol.BasisNone && m.s.Notice.Calm != txtNone:
			n = m.s.Notice // the answer came first, and has been told
		default:
			n = Notice{Calm: endedText(m.s.Access.Basis)}
		}
	case protocol.FaultAccessChanged:
		if len(f.Documents) > 0 {
			n.Calm = txtContentChanged
		}
	}
	return n
}

// withdraw removes documents from the view and from every snapshot on its way.
func (m *machine) withdraw(keys []protocol.DocumentKey) (gone int) {
	for _, key := range keys {
		for _, s := range []*Store{m.s.Links.Live.Shadow, m.s.Links.Next.Shadow} {
			if s != nil {
				s.remove(key)
			}
		}
		if m.s.View.Store != nil && m.s.View.Store.remove(key) {
			gone++
		}
	}
	return gone
}

func (m *machine) heartbeat(l *Link, f protocol.Heartbeat) {
	if !m.sameEpoch(l, f.Position) {
		return
	}
	l.Terms.Lease, l.Terms.Given = int64(f.LeaseMillis), m.s.Clock
	v := &m.s.View
	switch {
	case m.current(l, f.Generation):
		if !v.Store.agrees(f.Count, f.Digest) {
			m.doubt(l)
			return
		}
		l.Doubts, v.Vouched = 0, max(v.Vouched, f.Position.Index)
		m.renew(l)
	case v.Shown && v.Link == l.ID && f.Generation >= v.Generation:
		m.renew(l) // a new choice is on its way
	case !v.Shown && l == &m.s.Links.Live && m.s.holds():
		m.renew(l)
	case m.s.End.Blank && l.Stage == StageLive && len(m.s.Wish.Contracts) > 0:
		m.show(l) // the lease ran out, and the node is back
	}
	m.expire()
	m.send(l, protocol.Beat{Generation: l.Generation, Index: max(v.Index, v.Vouched)})
}

func (m *machine) goAway(l *Link, f protocol.GoAway) {
	if l != &m.s.Links.Live {
		m.drop(l)
		return
	}
	m.addresses(l.URL, f.Alternates)
	m.s.Links.Moving = true
	m.plan(min(int64(f.AfterMillis), maxGoAway))
}
