// Package export hands the access log on to the national log, in its order, each entry
// until the national log has it.
//
// It owns the mapping of entries to posts and how far the log is handed on. The queue is
// the access log itself, and the place in it is in the replicated state, set only when
// the national log has answered: so nothing is lost by a crash, a change of leader or a
// service that is away, and what is sent twice has the same id. It must never stop for
// one entry that the service does not take, never take a service that refuses everything
// for one that has everything, and never send what a person wrote about a patient.
package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/node/internal/upstream"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// Limits of the export.
const (
	batchEntries   = upstream.MaxLogPosts // of one call
	maxUnproven    = 20                   // posts refused one by one while none was taken: more, and it may be the service or we
	maxLevel       = 256                  // characters
	maxArgs        = 8192
	defaultEvery   = 10 * time.Second
	retryFloor     = 5 * time.Second
	retryCeiling   = 5 * time.Minute
	proposeTimeout = 10 * time.Second
)

// Errors of a round.
var (
	ErrConfig   = errors.New("export: incomplete configuration")
	errUnproven = errors.New("export: the log refuses what is waiting, and has taken nothing to tell why")
	errRefuses  = errors.New("export: the log refuses one post after another and takes none: is the system's id right?")
	errNotAcked = errors.New("export: how far the log is handed on could not be recorded")

	errActivity   = errors.New("export: the entry is of a later release, which knows what was done")
	errCommitment = errors.New("export: the entry is not what the log's tree commits to: who proposed it lied, or is broken")
)

// Service is the national log; *upstream.LogService is one.
type Service interface {
	StoreLog(ctx context.Context, posts []upstream.LogPost) (upstream.LogResult, error)
}

// State is the replicated state of this node; *raftfsm.FSM is one.
type State interface {
	View() (*raftfsm.View, error)
}

// Proposer is the way to the log.
type Proposer interface {
	Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error)
}

// Opener opens the log's entries; *sealing.Ring is one.
type Opener interface {
	OpenLog(key, sealed []byte) ([]byte, error)
}

// Config is what the export needs of its node.
type Config struct {
	System   upstream.LogPlace // who we are in the national log
	Every    time.Duration     // between two looks; 0: 10 s
	State    State
	Proposer Proposer
	Ring     Opener
	Service  Service
	Intent   func() command.Intent
	Logger   *slog.Logger
}

// Exporter exports while it runs. Run it on the leader alone.
type Exporter struct{ cfg Config }

// New makes an Exporter.
func New(cfg Config) (*Exporter, error) {
	if cfg.System.ID == "" || cfg.State == nil || cfg.Proposer == nil || cfg.Ring == nil || cfg.Service == nil || cfg.Intent == nil || cfg.Logger == nil {
		return nil, ErrConfig
	}
	if cfg.Every <= 0 {
		cfg.Every = defaultEvery
	}
	return &Exporter{cfg: cfg}, nil
}

// Run exports until ctx ends. A round that fails is tried again, less and less often.
func (x *Exporter) Run(ctx context.Context) error {
	t := &turn{Exporter: x, doubt: true} // who led before may have sent what was not noted
	pause := retryFloor
	for {
		wait := x.cfg.Every
		more, err := t.round(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			x.cfg.Logger.Warn("handing the access log on failed", "error", err, "again_within", pause)
			wait = pause/2 + rand.N(pause/2)
			pause = min(2*pause, retryCeiling)
		case err == nil:
			pause = retryFloor
			if more {
				wait = 0
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// turn is one time of exporting: what it knows beside the replicated state.
type turn struct {
	*Exporter
	doubt   bool   // posts from the next one on may be in the national log already: sent, and not noted
	noted   uint64 // how far is in the replicated log; this node's state may be behind it
	looked  int    // posts that the last round had refused for nothing; the next looks twice as far
	pending pending
}

// pending is how far the log is handed on, as far as it is known here and not yet noted.
type pending struct {
	through  uint64 // 0: nothing pending
	refused  []uint64
	unproven bool // it rests on refusals, and the service has taken nothing beside them
	doubt    bool // there was doubt when it began
}

// item is an entry on its way.
type item struct {
	sequence uint64
	post     upstream.LogPost
}

// batch is one page of the log: what is sent of it, and what cannot be.
type batch struct {
	items    []item
	lost     []uint64 // entries that cannot be read
	last     uint64
	full     bool
	accepted int
}

// round hands one batch on. more: there may be another at once.
func (t *turn) round(ctx context.Context) (more bool, err error) {
	b, err := t.read()
	if err != nil || b.last == 0 {
		return false, err
	}
	failed := t.send(ctx, b, b.items)
	if failed == nil {
		t.pending.through = b.last
		t.pending.refused = append(t.pending.refused, b.lost...)
		slices.Sort(t.pending.refused)
	}
	if b.accepted > 0 {
		t.pending.unproven = false
	}
	t.look(errors.Is(failed, errRefuses))
	switch {
	case t.pending.unproven && (failed != nil || !b.full || len(t.pending.refused) > 0): // what follows could not tell
		t.doubt = t.doubt || t.pending.doubt
		t.pending = pending{}
		return false, errors.Join(failed, errUnproven)
	case t.pending.unproven:
		return true, nil
	case t.pending.through > 0:
		if err := t.ack(ctx); err != nil {
			return false, errors.Join(failed, err)
		}
	}
	return b.full && failed == nil, failed
}

// read reads the next entries, and makes posts of them.
func (t *turn) read() (*batch, error) {
	v, err := t.cfg.State.View()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	entries := v.Log(max(v.Export().Through, t.noted, t.pending.through), batchEntries)
	b := &batch{full: len(entries) == batchEntries}
	for _, l := range entries {
		b.last = l.Sequence
		e, err := t.open(l)
		if err != nil {
			t.cfg.Logger.Error("an entry of the access log cannot be handed on", "sequence", l.Sequence, "error", err)
			b.lost = append(b.lost, l.Sequence)
			continue
		}
		if post, ok := postOf(t.cfg.System, e); ok {
			b.items = append(b.items, item{l.Sequence, post})
		}
	}
	return b, nil
}

func (t *turn) open(l raftfsm.Logged) (record.Entry, error) {
	plain, err := t.cfg.Ring.OpenLog(sealing.Place(l.Subject, l.ID), l.Sealed)
	if err != nil {
		return record.Entry{}, err
	}
	if record.Commitment(plain) != l.Commitment {
		return record.Entry{}, errCommitment
	}
	e, err := record.Decode(plain)
	if err == nil && !e.Activity.Known() {
		err = errActivity
	}
	return e, err
}

// look decides how many refusals in a row the next round takes. A run of posts that the
// log does not take must not stand before the others for ever; a log that takes nothing
// is not asked about a whole batch every time.
func (t *turn) look(inVain bool) {
	if !inVain || t.looked >= batchEntries {
		t.looked = 0
		return
	}
	t.looked = t.unproven()
}

// unproven is how many posts may be refused one by one while none is taken.
func (t *turn) unproven() int { return max(2*t.looked, maxUnproven) }

// send sends items in their order. When the log refuses them, it is found out which:
//
//   - What was sent in one go is in the log whole or not at all, and sent in order. So
//     what may have been sent before (doubt) is, if it is there, the first of them: they
//     are sent one by one, and each that is refused is there, until one is taken.
//   - What was never sent cannot be there: halves find the post that the log does not
//     take. It is noted as refused and the rest goes on.
//
// Both are believed only when the log takes something besides: a log that refuses
// everything has been told something else that is wrong.
func (t *turn) send(ctx context.Context, b *batch, items []item) error {
	if len(items) == 0 {
		return nil
	}
	err := t.store(ctx, b, items)
	if !errors.Is(err, upstream.ErrDuplicate) {
		return err
	}
	if t.doubt {
		rest, err := t.skip(ctx, b, items)
		if err != nil {
			return err
		}
		t.doubt = false
		return t.send(ctx, b, rest)
	}
	if len(items) == 1 {
		return t.refused(b, items[0])
	}
	half := len(items) / 2
	if err := t.send(ctx, b, items[:half]); err != nil {
		return err
	}
	return t.send(ctx, b, items[half:])
}

// store makes one call, and notes what the log has then.
func (t *turn) store(ctx context.Context, b *batch, items []item) error {
	posts := make([]upstream.LogPost, len(items))
	for i := range items {
		posts[i] = items[i].post
	}
	_, err := t.cfg.Service.StoreLog(ctx, posts)
	switch {
	case err == nil:
		b.accepted += len(items)
		t.doubt = false
		t.pending.through = items[len(items)-1].sequence
		t.pending.unproven = false
	case errors.Is(err, upstream.ErrDuplicate), errors.Is(err, upstream.ErrRefused):
	default:
		t.doubt = true // it may have been stored all the same
	}
	return err
}

// skip passes by what the log has already: it sends one by one until one is taken, and
// returns the rest.
func (t *turn) skip(ctx context.Context, b *batch, items []item) (rest []item, err error) {
	t.pending.doubt = true
	for i, one := range items {
		err := t.store(ctx, b, items[i:i+1])
		switch {
		case err == nil:
			return items[i+1:], nil
		case !errors.Is(err, upstream.ErrDuplicate):
			return nil, err
		case !proper(one.post):
			if err := t.refused(b, one); err != nil {
				return nil, err
			}
		}
		t.pending.through, t.pending.unproven = one.sequence, true
	}
	return nil, nil
}

// refused notes a post that the log does not take.
func (t *turn) refused(b *batch, one item) error {
	if b.accepted == 0 && len(t.pending.refused) >= t.unproven() {
		return errRefuses
	}
	t.cfg.Logger.Error("the national log refuses an entry", "sequence", one.sequence)
	t.pending.refused = append(t.pending.refused, one.sequence)
	t.pending.through, t.pending.unproven = one.sequence, true
	return nil
}

// ack notes how far the log is handed on. A note that is made twice changes nothing.
func (t *turn) ack(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, proposeTimeout)
	defer cancel()
	results, err := t.cfg.Proposer.Propose(within, command.Command{Kind: command.KindExportAck, Version: 1, Intent: t.cfg.Intent(),
		Body: command.ExportAck{Through: t.pending.through, Refused: t.pending.refused, At: time.Now().UnixMilli()}})
	if err == nil && (len(results) != 1 || results[0].Status != command.StatusDone) {
		err = errors.New("the state machine refused it")
	}
	through := t.pending.through
	t.pending = pending{}
	if err != nil {
		t.doubt = true // it is sent again, and is there
		return fmt.Errorf("%w: %w", errNotAcked, err)
	}
	t.noted = through
	return nil
}
