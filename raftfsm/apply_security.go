package raftfsm

import (
	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// Projection numbers the security projections: what decides who may see what.
type Projection uint8

// The projections. Zero is none.
const (
	noProjection Projection = iota
	Blocks
	Consents
	Relations
	Commissions // by employee; the others by patient
	Persons     // what the population register knows of a patient
	projectionEnd
)

// Projections lists them.
func Projections() []Projection {
	return []Projection{Blocks, Consents, Relations, Commissions, Persons}
}

// String returns what a projection is called.
func (p Projection) String() string {
	if p == noProjection || p >= projectionEnd {
		return "no projection"
	}
	return [...]string{Blocks: "blocks", Consents: "consents", Relations: "relations", Commissions: "commissions", Persons: "persons"}[p]
}

// bucket returns where the rows are, or a bucket that does not exist.
func (p Projection) bucket() store.Bucket {
	if p <= noProjection || p >= projectionEnd {
		return 0
	}
	if p == Persons {
		return store.Persons
	}
	return store.Blocks + store.Bucket(p-Blocks)
}

func projectionOf(k command.Kind) Projection {
	switch k {
	case command.KindBlockPage:
		return Blocks
	case command.KindConsentPage:
		return Consents
	case command.KindRelationPage:
		return Relations
	case command.KindCommissionPage:
		return Commissions
	case command.KindPersonPage:
		return Persons
	default:
		return noProjection
	}
}

// revise notes that what decisions about the subject rest on has changed.
func (m *machine) revise(s command.Subject) error {
	return m.tx.Put(store.Revisions, s[:], number(m.index))
}

// revision returns the index of the latest such change, 0 for none.
func revision(r getter, s command.Subject) uint64 { return toNumber(r.Get(store.Revisions, s[:])) }

// stale reports whether what a decision rests on has changed since the view it was
// made on (P2).
func (m *machine) stale(decidedAt uint64, linked []command.Subject, of ...command.Subject) bool {
	for _, subjects := range [...][]command.Subject{of, linked} {
		for _, s := range subjects {
			if revision(m.tx, s) > decidedAt {
				return true
			}
		}
	}
	return false
}

// rows collects what a page changed, subject by subject in the order of the page.
type rows struct {
	kind    command.Kind
	changes []Change
	found   map[command.Subject]int // only asked, never ranged over
}

func (r *rows) of(s command.Subject) *Change {
	i, ok := r.found[s]
	if !ok {
		i = len(r.changes)
		r.found[s] = i
		r.changes = append(r.changes, Change{Kind: r.kind, Subject: s})
	}
	return &r.changes[i]
}

// page applies one page of a feed to a projection.
type page struct {
	*machine
	bucket store.Bucket
	feed   feedState
	result command.Result
	rows   rows
}

func (m *machine) feedPage(kind command.Kind, body command.FeedPage) (command.Result, error) {
	projection := projectionOf(kind)
	feedKey := []byte{byte(projection)}
	p := &page{
		machine: m, bucket: projection.bucket(),
		feed:   decodeFeed(m.tx.Get(store.Feeds, feedKey)),
		result: answer(command.StatusDone),
		rows:   rows{kind: kind, found: make(map[command.Subject]int)},
	}
	switch {
	case body.Full && !p.begin(body.Resync), !body.Full && body.Resync != 0 && !p.follows(body.Resync):
		return answer(command.StatusRefused), nil
	}
	if err := p.write(body); err != nil {
		return p.result, err
	}
	if body.Last {
		if err := p.sweep(); err != nil {
			return p.result, err
		}
		p.feed.running = false
	}
	p.refresh(body)
	for _, change := range p.rows.changes {
		m.change(change)
		if err := m.revise(change.Subject); err != nil {
			return p.result, err
		}
	}
	return p.result, m.tx.Put(store.Feeds, feedKey, p.feed.encode())
}

// begin reports whether a page of this resync may be applied, and notes the first one.
func (p *page) begin(resync uint64) bool {
	switch {
	case resync < p.feed.resync, resync == p.feed.resync && !p.feed.running:
		return false
	case resync > p.feed.resync:
		p.feed.resync, p.feed.start, p.feed.running = resync, p.index, true
	}
	return true
}

// follows reports whether a numbered page is the next one, and counts it.
func (p *page) follows(number uint64) bool {
	if p.feed.running || number != p.feed.resync+1 {
		return false
	}
	p.feed.resync = number
	return true
}

func (p *page) write(body command.FeedPage) error {
	for i := range body.Upserts {
		row := &body.Upserts[i]
		changed, err := p.putRow(p.bucket, row, p.index, p.feed.running)
		if err != nil {
			return err
		}
		if !changed {
			p.result.Unchanged++
			continue
		}
		p.result.Changed++
		change := p.rows.of(row.Subject)
		change.Upserted = append(change.Upserted, row.Key)
	}
	for _, key := range body.Removes {
		if err := p.remove(key); err != nil {
			return err
		}
	}
	return nil
}

func (p *page) remove(key command.RowKey) error {
	was, err := p.tx.Delete(p.bucket, joined(key.Subject[:], key.Key[:]))
	if err != nil || !was {
		return err
	}
	p.result.Removed++
	change := p.rows.of(key.Subject)
	change.Removed = append(change.Removed, key.Key)
	return nil
}

// registeredHere stands for the entry that named a row last where it was none of a
// feed: what is registered here no feed's resync sweeps away, unless the feed has named
// it since.
const registeredHere = ^uint64(0)

// putRow writes a row, or with again notes of an equal one what named it.
func (m *machine) putRow(b store.Bucket, row *command.Row, named uint64, again bool) (changed bool, err error) {
	key := joined(row.Subject[:], row.Key[:])
	old := m.tx.Get(b, key)
	if old == nil || [16]byte(old[:16]) != row.Digest {
		return true, m.tx.Replace(b, key, old, rowValue(row, named))
	}
	if again {
		return false, m.tx.Replace(b, key, old, renamed(old, named))
	}
	return false, nil
}

// sweep removes the rows that nothing has named since the resync began.
func (p *page) sweep() error {
	var gone []command.RowKey
	p.tx.ScanFrom(p.bucket, nil, func(k, v []byte) bool {
		if rowNamed(v) < p.feed.start {
			gone = append(gone, command.RowKey{Subject: command.Subject(k[:16]), Key: [16]byte(k[16:])})
		}
		return true
	})
	for _, key := range gone {
		if err := p.remove(key); err != nil {
			return err
		}
	}
	return nil
}

// refresh takes over how fresh the projection is. In the middle of a resync it is no
// fresher than before; in the middle of its first one it is unknown still, whatever
// other pages say. Time does not go back, or an older watermark would stand beside newer
// rows; but for a page that says nothing else. An older time only denies more, and one
// leader whose clock was wrong must not make the projection unknown until then.
func (p *page) refresh(body command.FeedPage) {
	older := p.feed.known && body.AsOf < p.feed.asOf
	timeOnly := !body.Full && len(body.Upserts)+len(body.Removes) == 0 && body.Watermark == p.feed.watermark
	if body.Full && !body.Last || p.feed.running && !p.feed.known || older && !timeOnly {
		return
	}
	p.feed.asOf, p.feed.watermark, p.feed.known = body.AsOf, body.Watermark, true
}

// registerConsent holds if the decision that it rests on does: nobody gives themselves
// access by a commission that has been taken away meanwhile.
//
// An emergency is registered in the same way. The row of its second step has the key of
// the first one's and takes its place.
func (m *machine) registerConsent(kind command.Kind, body command.RegisterConsent) (command.Result, error) {
	if r, seen := m.loggedBefore(&body.Entry); seen {
		return r, nil
	}
	switch {
	case body.DecidedAt >= m.index:
		return answer(command.StatusInvalid), nil // on a view that nobody can have had
	case m.stale(body.DecidedAt, body.Linked, body.Row.Subject, body.Actor):
		return answer(command.StatusStale), nil
	}
	changed, err := m.putRow(store.Consents, &body.Row, registeredHere, true)
	if err != nil {
		return command.Result{}, err
	}
	result := command.Result{Changed: uint32(bit(changed)), Unchanged: uint32(bit(!changed))}
	m.change(Change{Kind: kind, Subject: body.Row.Subject, Upserted: [][16]byte{body.Row.Key}})
	if err := m.revise(body.Row.Subject); err != nil {
		return result, err
	}
	return m.logged(&body.Entry, result)
}

// endConsent takes access away, and so it is never too late for it.
func (m *machine) endConsent(body command.EndConsent) (command.Result, error) {
	if r, seen := m.loggedBefore(&body.Entry); seen {
		return r, nil
	}
	if body.DecidedAt >= m.index {
		return answer(command.StatusInvalid), nil // on a view that nobody can have had
	}
	var result command.Result
	change := Change{Kind: command.KindEndConsent, Subject: body.Entry.Subject}
	for _, key := range body.Rows {
		was, err := m.tx.Delete(store.Consents, joined(key.Subject[:], key.Key[:]))
		if err != nil {
			return result, err
		}
		if was {
			result.Removed++
			change.Removed = append(change.Removed, key.Key)
		}
	}
	m.change(change)
	if err := m.revise(body.Entry.Subject); err != nil {
		return result, err
	}
	return m.logged(&body.Entry, result)
}
