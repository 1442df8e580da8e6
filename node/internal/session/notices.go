package session

import (
	"log/slog"
	"slices"
	"sync"
	"time"

	"tvilling/node/internal/access"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// outlook is what is the same for every session of a node: which security data is
// late, which care provider shows what, and what the operation tells. It is looked at when a session asks, and
// no more often than every outlookFor.
type outlook struct {
	state State
	log   *slog.Logger

	mu   sync.Mutex
	last sight
}

// sight is what was seen at a time. Its slices are shared and not written to.
type sight struct {
	at       time.Time
	late     []protocol.LateFeed
	table    []command.Coverage
	coverage []byte   // the frame of the table
	edition  uint64   // of the table; from 1
	told     bulletin // what the operation tells
}

func (o *outlook) look(at time.Time) (sight, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if age := at.Sub(o.last.at); age >= 0 && age < outlookFor {
		return o.last, nil
	}
	v, err := o.state.View()
	if err != nil {
		return sight{}, err
	}
	defer v.Close()
	seen := o.last
	seen.at, seen.late = at, lateFeeds(v, protocol.Instant(at.UnixMilli()))
	seen.told = seen.told.next(announced(v.Announcements(), protocol.Instant(at.UnixMilli())))
	if table := v.Coverage(); seen.edition == 0 || !slices.Equal(table, seen.table) {
		seen.table, seen.edition = table, seen.edition+1
		seen.coverage = o.frame(table)
	}
	o.last = seen
	return seen, nil
}

// frame is what browsers are told of the table. One that they could not read would end
// every session: they are told of an empty one instead.
func (o *outlook) frame(table []command.Coverage) []byte {
	rows := coverageRows(table)
	if len(rows) < len(table) {
		o.log.Error("the coverage table is larger than browsers can be told", "rows", len(table), "told", len(rows))
	}
	frame := protocol.AppendFrame(nil, protocol.Coverage{Rows: rows})
	if _, err := protocol.DecodeFrame(frame); err != nil {
		o.log.Error("the coverage table cannot be told", "error", err)
		return protocol.AppendFrame(nil, protocol.Coverage{})
	}
	return frame
}

// lateFeeds lists the projections that are unknown, or soon will be: that are older
// than two thirds of what they may be.
func lateFeeds(v *raftfsm.View, at protocol.Instant) (late []protocol.LateFeed) {
	for _, p := range raftfsm.Projections() {
		asOf, _, _ := v.Freshness(p)
		one := protocol.LateFeed{Name: p.String(), AsOf: protocol.Instant(asOf)}
		one.Unknown = !access.Fresh(one.AsOf, at, access.Bound(p))
		if one.Unknown || at-one.AsOf > access.Bound(p)*2/3 {
			late = append(late, one)
		}
	}
	return late
}

// notices is what the browser was told of the outlook.
type notices struct {
	late       []protocol.LateFeed
	coverage   uint64 // the edition of the table; zero: it was not told
	announced  uint64 // the edition of what the operation tells; zero: nothing was told
	engagement bool   // the unit's own system did not answer the last time
}

// notice tells the browser of the outlook what it has not been told.
func (s *session) notice(first bool) {
	seen, err := s.service.outlook.look(time.Now())
	if err != nil {
		s.log.Warn("the state of the feeds cannot be read", "error", err)
		return
	}
	n := &s.notices
	late := seen.late
	if n.engagement {
		late = append(slices.Clip(late), s.lateEngagement())
	}
	if first || !slices.Equal(late, n.late) {
		n.late = late
		s.put(protocol.Freshness{Late: late})
	}
	s.announce(seen.told)
	if !s.who.commission.IsZero() && n.coverage != seen.edition {
		n.coverage = seen.edition
		s.queue(out{frame: seen.coverage})
	}
}

// lateEngagement is the answer of the unit's own system, which did not give a newer one.
func (s *session) lateEngagement() protocol.LateFeed {
	late := protocol.LateFeed{Name: "engagement", Unknown: true}
	if s.open != nil {
		late.AsOf = s.open.engagement.At
		late.Unknown = now()-late.AsOf > access.EngagementFor
	}
	return late
}

// coverageRows are the rows of the table, as many as a frame may hold.
func coverageRows(table []command.Coverage) []protocol.CoverageRow {
	rows, bytes := make([]protocol.CoverageRow, 0, len(table)), 0
	for _, c := range table[:min(len(table), protocol.MaxCoverageRows)] {
		if bytes += len(c.CareProvider) + len(c.Name) + coverageBytes; bytes > protocol.MaxFrameBytes {
			break
		}
		rows = append(rows, protocol.CoverageRow{
			CareProvider: c.CareProvider, Name: c.Name, Contract: protocol.Contract(c.Contract),
			Since: protocol.Civil(c.Since), Until: protocol.Civil(c.Until),
		})
	}
	return rows
}
