package session

import (
	"cmp"
	"slices"
	"time"

	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// setName names the documents that a source keeps of a contract and a care provider,
// under one of the patient's identities.
type setName struct {
	subject  command.Subject
	contract uint8
	source   string
	provider string
}

// set is such documents, as far as the view holds them.
type set struct {
	setName
	documents int
}

// answered names what a source answers at once, for all care providers that it has.
func (n setName) answered() setName { n.provider = ""; return n }

// sources are the sets that a view's documents come from, and what the browser was told
// of them. They are counted as documents come and go: to tell of them, no document is
// looked at. What the view does not hold is not counted, whatever the reason (P9).
type sources struct {
	sets       map[setName]*set
	last       *set // that was found: the next document is most likely of the same
	moved      bool // another set has documents in the view, or has none any more
	looked     time.Time
	told       []protocol.SourceRow
	generation protocol.Generation // in which they were told; zero: they were not
}

// of finds the set that a document is of.
func (c *sources) of(d *sealedDocument) *set {
	name := setName{d.subject, d.Contract, d.Source, d.CareProvider}
	if c.last != nil && c.last.setName == name {
		return c.last
	}
	one := c.sets[name]
	if one == nil {
		if c.sets == nil {
			c.sets = map[setName]*set{}
		}
		one = &set{setName: name}
		c.sets[name] = one
	}
	c.last = one
	return one
}

// count notes that documents of a set came, or went.
func (c *sources) count(of *set, n int) {
	if of == nil {
		return
	}
	before := of.documents
	of.documents += n
	c.moved = c.moved || (before == 0) != (of.documents == 0)
}

// rows says how fresh the sets with documents are, for each care provider and contract: of
// several sets the worst state, the oldest success and the latest failure.
func (c *sources) rows(v *raftfsm.View, h hushed, at protocol.Instant) []protocol.SourceRow {
	known := map[setName]raftfsm.SetStatus{} // by subject, contract and source
	read := map[command.Subject]bool{}
	found := map[setName]protocol.SourceRow{} // by contract and care provider
	for name, one := range c.sets {
		if one.documents == 0 {
			continue
		}
		if !read[name.subject] {
			read[name.subject] = true
			for _, status := range v.Sets(name.subject) {
				known[setName{subject: name.subject, contract: status.Contract, source: status.Source}] = status
			}
		}
		row := h.freshness(name.answered(), known[name.answered()], at)
		row.CareProvider, row.Contract = name.provider, protocol.Contract(name.contract)
		key := setName{contract: name.contract, provider: name.provider}
		if other, twice := found[key]; twice {
			row = worse(row, other)
		}
		found[key] = row
	}
	return arranged(found)
}

// arranged lists rows in an order that does not change, as many as may be told.
func arranged(found map[setName]protocol.SourceRow) []protocol.SourceRow {
	rows := make([]protocol.SourceRow, 0, len(found))
	for _, row := range found {
		rows = append(rows, row)
	}
	order := func(a, b protocol.SourceRow) int {
		return cmp.Or(cmp.Compare(a.Contract, b.Contract), cmp.Compare(a.CareProvider, b.CareProvider))
	}
	if len(rows) > protocol.MaxSourceRows {
		slices.SortFunc(rows, func(a, b protocol.SourceRow) int { return cmp.Or(cmp.Compare(b.Synced, a.Synced), order(a, b)) })
		rows = rows[:protocol.MaxSourceRows]
	}
	slices.SortFunc(rows, order)
	return rows
}

// freshness is what is known of a set, in the words of the national ProcessingStatus:
//
//	it failed, and has not answered whole since    MirrorFailed
//	it answered whole, at most directFor ago       Direct
//	it answered whole, at most inStepFor ago       Mirror
//	anything else                                  Unknown: partial answers alone, or an old one
//
// The mirror is said to be in step only as long as the last whole answer shows it: a
// source that has been silent for longer may have changed. A success ahead of this node's
// clock shows nothing.
func freshness(status raftfsm.SetStatus, at protocol.Instant) protocol.SourceRow {
	row := protocol.SourceRow{Synced: protocol.Instant(status.LastSuccess)}
	age := at - row.Synced
	switch {
	case status.LastFailure > 0 && status.LastFailure >= status.LastSuccess:
		row.State, row.Failed = protocol.SourceMirrorFailed, protocol.Instant(status.LastFailure)
	case row.Synced == 0 || age < -instant(directFor) || age > instant(inStepFor):
		row.State = protocol.SourceUnknown
	case age <= instant(directFor):
		row.State = protocol.SourceDirect
	default:
		row.State = protocol.SourceMirror
	}
	return row
}

func instant(d time.Duration) protocol.Instant { return protocol.Instant(d.Milliseconds()) }

// badness orders the states: what failed is worse than what is not known.
var badness = [...]uint8{protocol.SourceDirect: 0, protocol.SourceMirror: 1, protocol.SourceUnknown: 2, protocol.SourceMirrorFailed: 3}

// worse is what is told of two sets together.
func worse(a, b protocol.SourceRow) protocol.SourceRow {
	if badness[b.State] > badness[a.State] {
		a.State = b.State
	}
	a.Synced, a.Failed = min(a.Synced, b.Synced), max(a.Failed, b.Failed)
	return a
}

// tellSources tells how fresh the view is, where that was not told.
func (s *session) tellSources(v *raftfsm.View, o *open) {
	w := o.view
	if s.who.wire < wireSession {
		return
	}
	c := &w.sources
	c.moved, c.looked = false, time.Now()
	rows := c.rows(v, o.hushed, now())
	if c.generation == w.generation && slices.Equal(rows, c.told) {
		return
	}
	c.generation, c.told = w.generation, rows
	s.queue(out{frame: protocol.AppendFrame(nil, protocol.Sources{Generation: w.generation, Rows: rows}), generation: w.generation})
}

// lookAtSources tells of the sources anew at a heartbeat: in a generation that was told of
// none, when sets came or went, or after sourcesEvery. It waits for the clock and not for
// a change: when a document that is not shown changes, or one is taken away, the browser
// must not see what happened by when it is told (P9).
func (s *session) lookAtSources() {
	o := s.open
	if o == nil || o.view == nil || !o.view.begun || s.who.wire < wireSession || s.end != (closing{}) || s.out.full(s.service.cfg.Limits.QueueBytes) {
		return
	}
	w := o.view
	if c := &w.sources; c.generation == w.generation && !c.moved && time.Since(c.looked) < sourcesEvery {
		return
	}
	v, err := s.service.cfg.State.View()
	if err != nil {
		s.close(protocol.CloseMoving, "the node cannot read its state", err)
		return
	}
	defer v.Close()
	if s.current(v) && o.view == w && w.begun { // a revocation may have come of it
		s.tellSources(v, o)
	}
}

// hushed are the sets that documents were taken away from while the patient is open, and
// when each had answered whole then. Whether a source took a document away itself shows in
// when it answered, and a block does not: so until the source answers anew nothing is told
// of the set, whatever the reason was (P9). Sets are named without care provider.
type hushed map[setName]int64

// hush notes the sets of documents that are taken away. Where the browser is told why,
// there is nothing to keep from it.
func (o *open) hush(v *raftfsm.View, lost []protocol.DocumentKey, fault protocol.Fault) {
	if o.view == nil || len(lost) == 0 || fault != protocol.FaultAccessChanged {
		return
	}
	names := map[setName]bool{}
	for _, key := range lost {
		if of := o.view.held[key].of; of != nil {
			names[of.answered()] = true
		}
	}
	o.hushSets(v, func(name setName) bool { return names[name] })
}

// hushAll is hush where it is not known what the browser has.
func (o *open) hushAll(v *raftfsm.View, fault protocol.Fault) {
	if fault == protocol.FaultAccessChanged {
		o.hushSets(v, func(setName) bool { return true })
	}
}

func (o *open) hushSets(v *raftfsm.View, which func(setName) bool) {
	for _, subject := range o.subjects {
		for _, status := range v.Sets(subject) {
			name := setName{subject: subject, contract: status.Contract, source: status.Source}
			if !which(name) {
				continue
			}
			if o.hushed == nil {
				o.hushed = hushed{}
			}
			o.hushed[name] = status.LastSuccess
		}
	}
}

// freshness is what may be told of a set.
func (h hushed) freshness(name setName, status raftfsm.SetStatus, at protocol.Instant) protocol.SourceRow {
	if since, hushed := h[name]; hushed && status.LastSuccess <= since {
		return protocol.SourceRow{}
	}
	return freshness(status, at)
}
