package ingest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"tvilling/node/internal/sealing"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// Errors of a round. What a service said is not taken then, not even a part of it; the
// projection grows old, and past its bound the gate says no.
var (
	errFeed  = errors.New("the state machine refused a page of a feed: another leader's came before it")
	errRow   = errors.New("a row of a feed is larger than the log takes")
	errDoubt = errors.New("more than half of the rows would go at once: not believed until it has been said for ten minutes")
	errAhead = errors.New("the service says that it has told what has not happened yet")
	errBack  = errors.New("the service goes back in time in the middle of its answer")
	errNoEnd = errors.New("the service has always more to say")
)

// Register is the file of what no service tells.
type Register interface {
	Read(ctx context.Context) (upstream.Snapshot, error)
}

// Blocks is the national block service.
type Blocks interface {
	Blocks(ctx context.Context, from upstream.Mark) (upstream.BlockAnswer, error)
}

// Changes is a service that tells what has been taken back.
type Changes[Row any] interface {
	Changes(ctx context.Context, careProvider string, from upstream.Mark) (upstream.Changes[Row], error)
}

// Directory is the national directory of staff.
type Directory interface {
	Commissions(ctx context.Context, employees []protocol.EmployeeID) ([]upstream.Commission, error)
}

// Source is a service and how often it is asked.
type Source[Service any] struct {
	Service       Service
	Every         time.Duration // zero: there is no such service, and what it would tell is unknown
	Full          time.Duration // blocks: between two readings of everything
	CareProviders []string      // consents, relations: canonical HSA-ids, each asked for by itself
}

// Services are what the projections are fed from.
type Services struct {
	Register  Source[Register]
	Blocks    Source[Blocks]
	Consents  Source[Changes[upstream.Consent]]
	Relations Source[Changes[upstream.Relation]]
	Directory Source[Directory] // asked about the register's employees
}

// Keys is a Sealer that can also read what it sealed.
type Keys interface {
	Sealer
	Open(bucket sealing.Bucket, key, sealed []byte) ([]byte, error)
}

// Viewer opens views of the replicated state.
type Viewer interface {
	View() (*raftfsm.View, error)
}

// Feeds keeps the security projections fed, on the leader only. Everything that it
// needs to go on lies in the replicated state, so a new leader repeats and misses
// nothing: pages are numbered, and one that another leader's page came before is refused.
type Feeds struct {
	services Services
	proposer Proposer
	ring     Keys
	state    Viewer
	sources  Registrations
	intent   func() command.Intent
	log      *slog.Logger
}

// NewFeeds makes the feeds; run them while this node leads.
func NewFeeds(s Services, in *Ingest, ring Keys, state Viewer) *Feeds {
	return &Feeds{services: s, proposer: in.proposer, ring: ring, state: state, sources: in.sources, intent: in.intent, log: in.log}
}

// Run feeds until ctx ends: each projection by itself, so that a service which stalls
// keeps no other's waiting.
func (f *Feeds) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	for _, l := range f.loops() {
		loops.Go(func() { l.run(ctx) })
	}
	loops.Wait()
	return nil
}

// loops makes one for each service that is there. They are new with each leadership.
func (f *Feeds) loops() []*loop {
	var all []*loop
	add := func(every time.Duration, p raftfsm.Projection, kind command.Kind, bucket sealing.Bucket, feed func(*round) error) {
		if every > 0 {
			all = append(all, &loop{Feeds: f, projection: p, kind: kind, bucket: bucket, every: every, feed: feed})
		}
	}
	s := f.services
	add(s.Blocks.Every, raftfsm.Blocks, command.KindBlockPage, sealing.Blocks, blockFeed{s.Blocks}.feed)
	add(s.Consents.Every, raftfsm.Consents, command.KindConsentPage, sealing.Consents, consentFeed(s.Consents).feed)
	add(s.Relations.Every, raftfsm.Relations, command.KindRelationPage, sealing.Relations, relationFeed(s.Relations).feed)
	add(s.Directory.Every, raftfsm.Commissions, command.KindCommissionPage, sealing.Commissions, directoryFeed{s.Register, s.Directory}.feed)
	add(s.Register.Every, raftfsm.Persons, command.KindPersonPage, sealing.Persons, registerFeed{s.Register}.feed)
	return all
}

// loop feeds one projection. It belongs to one goroutine.
type loop struct {
	*Feeds
	projection raftfsm.Projection
	kind       command.Kind
	bucket     sealing.Bucket
	every      time.Duration
	feed       func(*round) error

	doubted time.Time // since when rows would vanish that are not believed to; zero: none
}

// run feeds until ctx ends. A round that fails is tried again sooner.
func (l *loop) run(ctx context.Context) {
	for {
		wait := l.every
		if err := l.once(ctx); err != nil && ctx.Err() == nil {
			l.log.Warn("feeding a security projection failed", "feed", l.projection.String(), "error", err)
			wait = min(wait, feedRetry)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// once asks the service once and brings the replicated state up to it.
func (l *loop) once(ctx context.Context) error {
	r, err := l.begin(ctx)
	if err != nil {
		return err
	}
	return l.feed(r)
}
