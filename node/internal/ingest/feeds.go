package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tvilling/node/internal/projection"
	"tvilling/node/internal/sealing"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// Errors of a round.
var (
	errFeed = errors.New("the state machine refused a page of a feed")
	errRow  = errors.New("a row of a feed is larger than the log takes")
)

// Upstream is the service that the security projections are fed from.
type Upstream interface {
	Feed(ctx context.Context) (upstream.Snapshot, error)
}

// Progress is how far a projection of the replicated state has been fed.
type Progress struct {
	Watermark string // stored with the last page
	AsOf      int64  // what it is known as of, milliseconds since 1970 UTC; 0: it is not known
	Resync    uint64 // number of the latest resync: the next one's is greater
	Running   bool   // that resync has not ended
}

// Progresses reads the progress of the projection that a kind of command feeds.
type Progresses func(kind command.Kind) (Progress, error)

// Feeds keeps the security projections fed, on the leader only. Everything that it
// needs to go on lies in the replicated state, so a new leader repeats and misses
// nothing.
type Feeds struct {
	upstream Upstream
	proposer Proposer
	ring     Sealer
	sources  Registrations
	progress Progresses
	intent   func() command.Intent
	log      *slog.Logger
}

// NewFeeds makes the loop; run it while this node leads.
func NewFeeds(u Upstream, in *Ingest, progress Progresses) *Feeds {
	return &Feeds{upstream: u, proposer: in.proposer, ring: in.ring, sources: in.sources, progress: progress, intent: in.intent, log: in.log}
}

// Run feeds until ctx ends. A round that fails is tried again sooner; meanwhile the
// projections grow old, and past their bound the gate says no.
func (f *Feeds) Run(ctx context.Context) error {
	for {
		wait := feedInterval
		if err := f.round(ctx); err != nil && ctx.Err() == nil {
			f.log.Warn("feeding the security projections failed", "error", err)
			wait = feedRetry
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// round reads the upstream once and brings the replicated state up to it. What goes
// wrong with one projection keeps nothing from the others.
func (f *Feeds) round(ctx context.Context) error {
	snapshot, err := f.read(ctx)
	if err != nil {
		return err
	}
	faults := []error{f.registerSources(ctx, snapshot.Sources)}
	for _, feed := range []struct {
		kind command.Kind
		rows func(upstream.Snapshot) []command.Row
	}{
		{command.KindBlockPage, f.blocks},
		{command.KindRelationPage, f.relations},
		{command.KindCommissionPage, f.commissions},
		{command.KindConsentPage, nil},
	} {
		if ctx.Err() != nil {
			break
		}
		faults = append(faults, f.bring(ctx, feed.kind, feed.rows, snapshot))
	}
	return errors.Join(faults...)
}

func (f *Feeds) read(ctx context.Context) (upstream.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	return f.upstream.Feed(ctx)
}

// bring brings one projection up to a snapshot: with new rows, or with the word that
// those there are hold still. rows is nil for consents: they are registered through
// Tvilling itself, in the same log, and so are all here. Were the file's fed too, one
// that was ended here would come back with the next resync.
func (f *Feeds) bring(ctx context.Context, kind command.Kind, rows func(upstream.Snapshot) []command.Row, s upstream.Snapshot) error {
	progress, err := f.progress(kind)
	if err != nil {
		return fmt.Errorf("reading how far the projections are fed: %w", err)
	}
	// The clock of who led before may have been ahead. A page that went back in time
	// would leave the older watermark beside its rows. Far ahead, the gate holds the
	// projection for unknown until then: what it is known as of is taken back first.
	if progress.AsOf-int64(s.AsOf) > maxAhead.Milliseconds() {
		if err := f.page(ctx, kind, command.FeedPage{Watermark: progress.Watermark, AsOf: 1}); err != nil {
			return err
		}
		progress.AsOf = 1
	}
	s.AsOf = max(s.AsOf, protocol.Instant(progress.AsOf))
	current := progress.Watermark == s.Watermark && !progress.Running
	if rows == nil && !current && len(s.Consents) > 0 {
		f.log.Warn("the feed lists consents, and those of another system are not taken", "consents", len(s.Consents))
	}
	if current || rows == nil {
		return f.page(ctx, kind, command.FeedPage{Watermark: s.Watermark, AsOf: int64(s.AsOf)})
	}
	return f.resync(ctx, kind, progress.Resync, rows(s), s)
}

// resync replaces a projection page by page. The watermark comes with the last page
// only: a resync that breaks off is begun again by whoever leads next.
func (f *Feeds) resync(ctx context.Context, kind command.Kind, last uint64, rows []command.Row, s upstream.Snapshot) error {
	for i := range rows { // all of them first: a resync that cannot end is not begun
		if len(rows[i].Sealed) > command.MaxSealedRow {
			return fmt.Errorf("%w: kind %d, row %d", errRow, kind, i+1)
		}
	}
	number := max(last+1, uint64(s.AsOf))
	for {
		n := pageLength(rows)
		page := command.FeedPage{Upserts: rows[:n], Full: true, Resync: number, AsOf: int64(s.AsOf)}
		rows = rows[n:]
		if len(rows) == 0 {
			page.Last, page.Watermark = true, s.Watermark
		}
		if err := f.page(ctx, kind, page); err != nil {
			return err
		}
		if page.Last {
			return nil
		}
	}
}

// pageLength is how many of the rows go into the next page.
func pageLength(rows []command.Row) int {
	size := 0
	for i := range rows[:min(len(rows), pageRows)] {
		size += len(rows[i].Sealed) + rowOverhead
		if i > 0 && size > pageBytes {
			return i
		}
	}
	return min(len(rows), pageRows)
}

func (f *Feeds) page(ctx context.Context, kind command.Kind, page command.FeedPage) error {
	return f.propose(ctx, command.Command{Kind: kind, Version: 1, Intent: f.intent(), Body: page})
}

func (f *Feeds) propose(ctx context.Context, c command.Command) error {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	results, err := f.proposer.Propose(ctx, c)
	if err != nil {
		return fmt.Errorf("proposing a page of kind %d: %w", c.Kind, err)
	}
	if results[0].Status != command.StatusDone {
		return fmt.Errorf("%w: kind %d", errFeed, c.Kind)
	}
	return nil
}

// registerSources registers what the upstream lists and the state does not have so.
// One that is no longer listed stays: registrations are taken back by an operator.
func (f *Feeds) registerSources(ctx context.Context, sources []upstream.Source) error {
	for _, s := range sources {
		want := command.RegisterSource{Source: s.ID.Reveal(), Agent: s.Agent.Reveal(), Contracts: make([]uint8, len(s.Contracts))}
		for i, c := range s.Contracts {
			want.Contracts[i] = uint8(c)
		}
		have, ok, err := f.sources(want.Source)
		if err != nil {
			return fmt.Errorf("reading the registrations: %w", err)
		}
		if ok && (have.Withdrawn || sameRegistration(have, want)) {
			continue
		}
		err = f.propose(ctx, command.Command{Kind: command.KindRegisterSource, Version: 1, Intent: f.intent(), Body: want})
		if err != nil {
			return err
		}
	}
	return nil
}

func sameRegistration(a, b command.RegisterSource) bool {
	return a.Agent == b.Agent && string(a.Contracts) == string(b.Contracts)
}

func (f *Feeds) blocks(s upstream.Snapshot) []command.Row {
	rows := make([]command.Row, len(s.Blocks))
	for i, b := range s.Blocks {
		rows[i] = f.row(sealing.Blocks, f.ring.Patient(b.Patient), f.ring.Key(projection.BlockDomain, b.Row.ID), projection.AppendBlock(nil, b.Row))
	}
	return rows
}

func (f *Feeds) relations(s upstream.Snapshot) []command.Row {
	rows := make([]command.Row, len(s.Relations))
	for i, r := range s.Relations {
		key := f.ring.Key(projection.RelationDomain, r.Row.CareProvider, r.Row.CareUnit, r.Row.Employee)
		rows[i] = f.row(sealing.Relations, f.ring.Patient(r.Patient), key, projection.AppendRelation(nil, r.Row))
	}
	return rows
}

func (f *Feeds) commissions(s upstream.Snapshot) []command.Row {
	rows := make([]command.Row, len(s.Commissions))
	for i, c := range s.Commissions {
		rows[i] = f.row(sealing.Commissions, f.ring.Employee(c.Employee), f.ring.Key(projection.CommissionDomain, c.Row.ID), projection.AppendCommission(nil, c.Row))
	}
	return rows
}

func (f *Feeds) row(bucket sealing.Bucket, subject, key [16]byte, plain []byte) command.Row {
	return command.Row{
		RowKey: command.RowKey{Subject: subject, Key: key},
		Digest: f.ring.Digest(plain),
		Sealed: f.ring.Seal(bucket, placeOf(subject, key), plain),
	}
}
