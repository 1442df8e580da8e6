package client

import (
	"slices"

	"tvilling/protocol"
)

// climb sends what takes a link one step nearer to the wish. A link that has nothing
// left to climb and waits behind the live one takes its place.
func (m *machine) climb(l *Link) {
	l.Moved = m.s.Clock
	wish := &m.s.Wish
	switch {
	case l.Stage == StageWelcome && !wish.Commission.IsZero():
		l.Stage = StageChoosing
		m.send(l, protocol.Choose{Commission: wish.Commission})
	case l.Stage == StageChosen && !wish.Patient.IsZero():
		l.Request++
		l.Opening, l.Stage = l.Request, StageOpening
		m.send(l, protocol.Open{Request: l.Request, Patient: wish.Patient})
	case l.Stage == StageOpened && len(wish.Contracts) > 0:
		m.show(l)
	case l.Stage == StageWelcome, l.Stage == StageChosen, l.Stage == StageOpened, l.Stage == StageLive:
		m.promote(l)
	}
}

// climbAll lets every link climb; the user's wish has grown.
func (m *machine) climbAll() {
	if m.s.Links.Live.ID != 0 {
		m.climb(&m.s.Links.Live)
	}
	if m.s.Links.Next.ID != 0 {
		m.climb(&m.s.Links.Next)
	}
}

// show asks for the chosen documents, under a new generation.
func (m *machine) show(l *Link) {
	l.Generation++
	l.Stage, l.Shadow, l.Moved = StageShowing, nil, m.s.Clock
	l.Resumed = m.s.View.Shown && m.s.View.Link != l.ID
	m.send(l, protocol.Show{Generation: l.Generation, Contracts: m.s.Wish.Contracts, Resumed: l.Resumed})
}

// promote puts Next in Live's place and closes the old one: make before break.
func (m *machine) promote(l *Link) {
	if l != &m.s.Links.Next {
		return
	}
	if old := m.s.Links.Live; old.ID != 0 {
		m.do(Close{old.ID, 1000})
	}
	m.s.Links.Live, m.s.Links.Next = *l, Link{}
	m.s.Links.Moving, m.s.Links.Planned, m.s.Links.Before = false, false, false
	m.unowe()
	m.s.Me.Node, m.s.Me.Site = m.s.Links.Live.Terms.Node, m.s.Links.Live.Terms.Site
	if !m.s.Links.Live.tells() {
		m.s.Desk.Session, m.s.Desk.Use.Warned = protocol.Session{}, false // the node knows of no terms
	}
}

// plan sets when the next link is dialled.
func (m *machine) plan(wait int64) {
	if m.s.End.Stopped || m.s.Links.Planned || m.s.Links.Next.ID != 0 {
		return
	}
	m.s.Links.Planned = true
	m.s.Links.Dial = m.s.Clock.after(wait)
}

// backoff is a random time below a limit that doubles with every failure, so that
// many clients that lost one node do not come to the next at once.
func (m *machine) backoff() int64 {
	limit := int64(backoffBase) << min(m.s.Links.Attempts, 6)
	return int64(m.s.Draw) % (min(limit, backoffMax) + 1)
}

// retry counts a failure and plans the next try.
func (m *machine) retry() {
	wait := m.backoff()
	m.s.Links.Attempts++
	m.plan(wait)
}

// lost forgets a link that is closed.
func (m *machine) lost(l *Link) {
	if l == &m.s.Links.Live && l.Stage >= StageWelcome && m.s.Clock.reached(l.Dialled.after(stableAfter)) {
		m.s.Links.Attempts = 0
	}
	if l == &m.s.Links.Live {
		m.s.Links.Moving = false
		m.unowe()
	}
	*l = Link{}
	m.retry()
}

// unowe forgets what was asked for: what a link owed does not come over another.
func (m *machine) unowe() {
	m.s.Form.Request, m.s.Reader.Request, m.s.Ladder.Request = 0, 0, 0
	m.s.Follow.Request, m.s.Follow.Review.Request = 0, 0
	m.s.Desk.Feedback.Request = 0
	m.s.Reader.Trend.unowed()
	if m.s.Desk.Taking.Request != 0 {
		m.untake()
	}
}

// drop closes a link that is of no use and tries another.
func (m *machine) drop(l *Link) {
	m.do(Close{l.ID, 1000})
	m.lost(l)
}

// tend does what the clock asks for: give up slow climbs, notice silence, dial.
func (m *machine) tend() {
	if m.s.End.Stopped {
		return
	}
	links := &m.s.Links
	for _, l := range []*Link{&links.Next, &links.Live} {
		if l.waits() && m.s.Clock.reached(l.Moved.after(climbTimeout)) {
			m.drop(l)
		}
	}
	if live := &links.Live; live.ID != 0 && m.s.Clock.reached(live.silentAt()) {
		m.plan(0)
	}
	if links.Live.ID == 0 || links.Moving {
		m.plan(0)
	}
	if links.Planned && m.s.Clock.reached(links.Dial) {
		m.dial()
	}
}

// waits reports whether an answer is owed that takes the link a step higher.
func (l *Link) waits() bool {
	switch l.Stage {
	case StageDialling, StageGreeting, StageChoosing, StageOpening, StageShowing:
		return true
	default:
		return false
	}
}

// silentAt is when a link that says nothing more counts as silent.
func (l *Link) silentAt() Clock {
	beat := l.Terms.Beat
	if beat <= 0 {
		beat = defaultBeat
	}
	return l.Heard.after(beat * silentBeats / 2)
}

// dial opens the next link, at the next address in turn.
func (m *machine) dial() {
	links := &m.s.Links
	links.Planned = false
	if links.Next.ID != 0 || len(links.Addresses) == 0 {
		return
	}
	links.Last++
	url := links.turn()
	if url == links.Live.URL {
		url = links.turn() // the live node is the one to get away from
	}
	links.Next = Link{ID: links.Last, Stage: StageDialling, URL: url, Dialled: m.s.Clock, Heard: m.s.Clock, Moved: m.s.Clock}
	m.do(Dial{links.Last, url})
}

// turn returns the next address in turn.
func (l *Links) turn() string {
	url := l.Addresses[l.Cursor%len(l.Addresses)]
	l.Cursor = (l.Cursor + 1) % len(l.Addresses)
	return url
}

// addresses takes the alternates that a node names. The page's own address stays
// first, for it is where the page came from, and the naming node's own comes next.
func (m *machine) addresses(from string, alternates []string) {
	links := &m.s.Links
	if len(links.Addresses) == 0 || len(alternates) == 0 {
		return
	}
	all := links.Addresses[:1:1]
	for _, a := range append([]string{from}, alternates...) {
		if len(all) < maxAddresses && isStream(a) && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	links.Addresses = all
	links.Cursor = (slices.Index(all, from) + 1) % len(all)
}

func isStream(address string) bool {
	return len(address) > 6 && (address[:5] == "ws://" || address[:6] == "wss://")
}

// Until returns when what is held may no longer stand, if anything is.
func (s *State) Until() (Clock, bool) { return s.Lease.Due, s.holds() }

// Wake returns when the state wants to look at the clock next.
func (s *State) Wake() (at int64, ok bool) {
	if s.End.Left {
		return 0, false
	}
	earliest := func(c Clock) {
		if !ok || c.Mono < at {
			at, ok = c.Mono, true
		}
	}
	if s.holds() {
		earliest(s.Lease.Due)
	}
	if v := s.View.Store; v != nil && v.sight.revision != v.revision {
		earliest(v.sight.due)
	}
	if n := &s.List.News; n.Added+n.Gone > 0 {
		earliest(n.Due)
	}
	if left := int64(s.Access.Ends) - s.Clock.Wall; s.Access.Basis == protocol.BasisEmergency && left > 0 {
		earliest(s.Clock.after((left-1)%60_000 + 1)) // the minutes left stand on the page
	}
	if t := &s.Reader.Trend; t.waits() && !s.Clock.reached(t.Due) {
		earliest(t.Due)
	}
	s.wakeSession(earliest)
	if s.End.Stopped {
		return at, ok
	}
	links := &s.Links
	switch {
	case links.Planned:
		earliest(links.Dial)
	case links.Next.ID == 0 && links.Live.ID != 0:
		earliest(links.Live.silentAt())
	}
	for _, l := range []*Link{&links.Next, &links.Live} {
		if l.waits() {
			earliest(l.Moved.after(climbTimeout))
		}
	}
	return at, ok
}

func (m *machine) connected(id LinkID) {
	l := m.s.link(id)
	if l == nil || l.Stage != StageDialling {
		m.do(Close{id, 1000})
		return
	}
	l.Stage, l.Heard = StageGreeting, m.s.Clock
	version := uint16(protocol.Version)
	if m.s.Links.Before {
		version--
	}
	m.send(l, protocol.Hello{Version: version, Person: m.s.Wish.Person, After: m.s.Me.Position})
}

func (m *machine) disconnected(id LinkID, code uint16) {
	l := m.s.link(id)
	if l == nil {
		return
	}
	if code < 4500 || code > 4999 {
		m.lost(l)
		return
	}
	fault := protocol.CloseCode(code).Fault()
	if fault == protocol.FaultNone {
		fault = protocol.FaultInternal
	}
	n := Notice{Fault: fault, At: protocol.Instant(m.s.Clock.Wall)}
	said, g := m.s.Notice, gateOf(fault)
	if said.ID != "" && (g == GateNone || said.Fault == fault) {
		n = said // the node has just said it better
	}
	*l = Link{}
	if g != GateNone {
		m.shut(g, n)
		return
	}
	m.stop(n)
}
