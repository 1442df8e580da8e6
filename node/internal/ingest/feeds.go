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
	"tvilling/raftfsm/command"
)

// errFeed is a page that the state machine did not take.
var errFeed = errors.New("the state machine refused a page of a feed")

// Upstream is the service that the security projections are fed from.
type Upstream interface {
	Feed(ctx context.Context) (upstream.Snapshot, error)
}

// Progress is how far a projection of the replicated state has been fed.
type Progress struct {
	Watermark string // stored with the last page
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

// round reads the upstream once and brings the replicated state up to it.
func (f *Feeds) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	snapshot, err := f.upstream.Feed(ctx)
	if err != nil {
		return err
	}
	if err := f.registerSources(ctx, snapshot.Sources); err != nil {
		return err
	}
	feeds := []struct {
		kind command.Kind
		rows func() []command.Row
	}{
		{command.KindBlockPage, func() []command.Row { return f.blocks(snapshot) }},
		{command.KindRelationPage, func() []command.Row { return f.relations(snapshot) }},
		{command.KindCommissionPage, func() []command.Row { return f.commissions(snapshot) }},
	}
	for _, feed := range feeds {
		progress, err := f.progress(feed.kind)
		if err != nil {
			return fmt.Errorf("reading how far the projections are fed: %w", err)
		}
		if progress.Watermark == snapshot.Watermark && !progress.Running {
			err = f.page(ctx, feed.kind, command.FeedPage{Watermark: snapshot.Watermark, AsOf: int64(snapshot.AsOf)})
		} else {
			err = f.resync(ctx, feed.kind, progress.Resync, feed.rows(), snapshot)
		}
		if err != nil {
			return err
		}
	}
	// Consents are registered through Tvilling itself, in the same log: as of now they
	// are all here. Were the file's consents fed too, one that was ended here would
	// come back with the next resync.
	return f.page(ctx, command.KindConsentPage, command.FeedPage{Watermark: snapshot.Watermark, AsOf: int64(snapshot.AsOf)})
}

// resync replaces a projection page by page. The watermark comes with the last page
// only: a resync that breaks off is begun again by whoever leads next.
func (f *Feeds) resync(ctx context.Context, kind command.Kind, last uint64, rows []command.Row, s upstream.Snapshot) error {
	number := max(last+1, uint64(s.AsOf))
	for {
		n := min(len(rows), pageRows)
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

func (f *Feeds) page(ctx context.Context, kind command.Kind, page command.FeedPage) error {
	return f.propose(ctx, command.Command{Kind: kind, Version: 1, Intent: f.intent(), Body: page})
}

func (f *Feeds) propose(ctx context.Context, c command.Command) error {
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
		if have, ok := f.sources(want.Source); ok && (have.Withdrawn || sameRegistration(have, want)) {
			continue
		}
		err := f.propose(ctx, command.Command{Kind: command.KindRegisterSource, Version: 1, Intent: f.intent(), Body: want})
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
		rows[i] = f.row(sealing.Blocks, f.ring.Patient(b.Patient), f.ring.Key("block", b.Row.ID), projection.AppendBlock(nil, b.Row))
	}
	return rows
}

func (f *Feeds) relations(s upstream.Snapshot) []command.Row {
	rows := make([]command.Row, len(s.Relations))
	for i, r := range s.Relations {
		key := f.ring.Key("relation", r.Row.CareProvider, r.Row.CareUnit, r.Row.Employee)
		rows[i] = f.row(sealing.Relations, f.ring.Patient(r.Patient), key, projection.AppendRelation(nil, r.Row))
	}
	return rows
}

func (f *Feeds) commissions(s upstream.Snapshot) []command.Row {
	rows := make([]command.Row, len(s.Commissions))
	for i, c := range s.Commissions {
		rows[i] = f.row(sealing.Commissions, f.ring.Employee(c.Employee), f.ring.Key("commission", c.Row.ID), projection.AppendCommission(nil, c.Row))
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
