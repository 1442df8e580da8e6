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
	if body.Number != 0 && !p.follows(body.Number) {
		return answer(command.StatusRefused), nil
	}
	if err := p.write(body); err != nil {
		return p.result, err
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

// follows reports whether a numbered page is the next one, and counts it.
func (p *page) follows(number uint64) bool {
	if number != p.feed.number+1 {
		return false
	}
	p.feed.number = number
	return true
}

func (p *page) write(body command.FeedPage) error {
	for i := range body.Upserts {
		row := &body.Upserts[i]
		changed, err := p.putRow(p.bucket, row)
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

// putRow writes a row, unless an equal one is there.
func (m *machine) putRow(b store.Bucket, row *command.Row) (changed bool, err error) {
	key := joined(row.Subject[:], row.Key[:])
	old := m.tx.Get(b, key)
	if old != nil && [16]byte(old) == row.Digest {
		return false, nil
	}
	return true, m.tx.Replace(b, key, old, rowValue(row))
}

// refresh takes over how fresh the projection is. Time does not go back, or an older
// watermark would stand beside newer rows; but for a page that says nothing else. An
// older time only denies more, and one leader whose clock was wrong must not make the
// projection unknown until then.
func (p *page) refresh(body command.FeedPage) {
	older := p.feed.known && body.AsOf < p.feed.asOf
	timeOnly := len(body.Upserts)+len(body.Removes) == 0 && body.Watermark == p.feed.watermark
	if older && !timeOnly {
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
	changed, err := m.putRow(store.Consents, &body.Row)
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
