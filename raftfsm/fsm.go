package raftfsm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/host"
	"tvilling/raftfsm/internal/store"
)

// Options are how a state machine is opened.
type Options struct {
	// Sync syncs every batch, so that the file survives a power cut. Without, it is a
	// cache of log and snapshots, and is built anew after one.
	Sync bool
	// InitialMmapBytes is the address space for the file, 0 for 64 GiB. A file that
	// outgrows it makes Apply wait for every View and snapshot.
	InitialMmapBytes int
	// BootID is the machine's present boot; empty: as the kernel says.
	BootID string
	// SnapshotRate bounds the writing of snapshots in bytes a second; 0 is no bound.
	SnapshotRate int
	// Logger may be nil.
	Logger *slog.Logger
}

// FSM is the state machine. It is a raft.FSM and a raft.BatchingFSM.
type FSM struct {
	store   *store.Store
	options Options
	feed    *Feed
	done    chan struct{}
	intents *intents // of raft's goroutine alone
	plain   bool     // see machine; set by benchmarks alone

	mu       sync.Mutex // guards everything below
	position store.Position
	level    uint16
	moved    chan struct{} // closed and replaced when the position moves
	err      error
	closed   bool
}

var _ raft.BatchingFSM = (*FSM)(nil)

// Open opens the state machine in a directory, making it if needed. Whether the file
// that was there could be used, Usable tells.
func Open(dir string, o Options) (*FSM, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BootID == "" {
		o.BootID = host.BootID()
	}
	s, err := store.Open(dir, store.Options{Sync: o.Sync, MmapBytes: o.InitialMmapBytes, BootID: o.BootID})
	if err != nil {
		return nil, fmt.Errorf("raftfsm: open: %w", err)
	}
	f := &FSM{store: s, options: o, feed: newFeed(), done: make(chan struct{}), moved: make(chan struct{})}
	if err := f.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("raftfsm: open: %w", err), s.Close())
	}
	if !s.Usable() {
		o.Logger.Info("state machine starts empty", "reason", s.Reason())
	}
	return f, nil
}

// load reads what is kept in memory from the store.
func (f *FSM) load() error {
	r, err := f.store.Read()
	if err != nil {
		return err
	}
	defer r.Close()
	f.intents = loadIntents(r)
	f.mu.Lock()
	f.position, f.level = r.Position(), levelOf(r)
	f.mu.Unlock()
	if level := levelOf(r); level > maxLevel {
		return command.TooNew("the state in the data directory", level)
	}
	return nil
}

// Apply applies one entry. Raft calls ApplyBatch instead.
func (f *FSM) Apply(l *raft.Log) any { return f.ApplyBatch([]*raft.Log{l})[0] }

// ApplyBatch applies entries in one transaction. The answer to a command entry is a
// []command.Result, one for each of its commands; for one that is applied already,
// what is remembered of it. The answer is an error if the state machine has failed.
func (f *FSM) ApplyBatch(logs []*raft.Log) []any {
	answers := make([]any, len(logs))
	err := f.Err()
	var good int
	if err == nil {
		var entries []command.Entry
		entries, err = decodeLogs(logs)
		good = len(entries)
		if applyErr := f.applyEntries(logs[:good], entries, answers); applyErr != nil {
			good, err = 0, applyErr
		}
		f.fail(err)
	}
	for i := good; i < len(answers); i++ {
		answers[i] = err
	}
	return answers
}

// decodeLogs reads the entries up to the first that cannot be understood.
func decodeLogs(logs []*raft.Log) ([]command.Entry, error) {
	entries := make([]command.Entry, 0, len(logs))
	for _, l := range logs {
		var e command.Entry
		if l.Type == raft.LogCommand {
			var err error
			if e, err = command.Decode(l.Data); err == nil {
				err = understood(e)
			}
			if err != nil {
				return entries, fmt.Errorf("raftfsm: entry %d: %w", l.Index, err)
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// understood refuses to activate a level that this release does not know.
func understood(e command.Entry) error {
	for _, c := range e.Commands {
		if a, ok := c.Body.(command.Activate); ok && a.Level > maxLevel {
			return command.TooNew("what the cluster was raised to", a.Level)
		}
	}
	return nil
}

// applyEntries applies what is new in one transaction, commits and tells.
func (f *FSM) applyEntries(logs []*raft.Log, entries []command.Entry, answers []any) error {
	applied := f.AppliedIndex()
	for len(logs) > 0 && logs[0].Index <= applied {
		answers[0] = f.intents.again(entries[0])
		logs, entries, answers = logs[1:], entries[1:], answers[1:]
	}
	if len(logs) == 0 {
		return nil
	}
	tx, err := f.store.Begin()
	if err != nil {
		return fmt.Errorf("raftfsm: apply: %w", err)
	}
	defer tx.Rollback()
	m := newMachine(tx, f.intents)
	m.plain = f.plain
	for i, l := range logs {
		if l.Type != raft.LogCommand {
			continue
		}
		if answers[i], err = m.entry(l.Index, entries[i]); err != nil {
			return fmt.Errorf("raftfsm: apply entry %d: %w", l.Index, err)
		}
	}
	last := logs[len(logs)-1]
	position, err := tx.Commit(last.Index, last.Term)
	if err != nil {
		return fmt.Errorf("raftfsm: apply: %w", err)
	}
	f.feed.publish(m.changes)
	f.move(position, m.level)
	return nil
}

// move makes a new position known. Changes up to it have been published.
func (f *FSM) move(p store.Position, level uint16) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.position, f.level = p, level
	close(f.moved)
	f.moved = make(chan struct{})
}

// fail ends the state machine, if err is not nil and none was before.
func (f *FSM) fail(err error) {
	f.mu.Lock()
	first := err != nil && f.err == nil
	if first {
		f.err = err
		close(f.done)
	}
	f.mu.Unlock()
	if first {
		f.options.Logger.Error("state machine stopped", "error", err)
		f.feed.close()
	}
}

// AppliedIndex returns the index of the latest entry that was applied.
func (f *FSM) AppliedIndex() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.position.Index
}

// Level returns the feature level that is active; 1 before any was activated.
func (f *FSM) Level() uint16 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.level
}

// StateHash returns the hash of the state, and the index that it is at. Replicas at the
// same index have the same.
func (f *FSM) StateHash() (index uint64, hash [32]byte) {
	f.mu.Lock()
	p := f.position
	f.mu.Unlock()
	return p.Index, p.Hash()
}

// WaitApplied waits until the entry at index was applied, the context ends, or the
// state machine fails or is closed. It is only for the indexes of entries that the
// state machine sees: those that a proposal was answered with.
func (f *FSM) WaitApplied(ctx context.Context, index uint64) error {
	for {
		f.mu.Lock()
		at, moved, err, closed := f.position.Index, f.moved, f.err, f.closed
		f.mu.Unlock()
		switch {
		case at >= index:
			return nil
		case err != nil:
			return err
		case closed:
			return ErrClosed
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.done:
		case <-moved:
		}
	}
}

// Feed returns the feed of changes.
func (f *FSM) Feed() *Feed { return f.feed }

// Usable reports whether the state that was found at Open may be continued, rather
// than restored from a snapshot. That is half of the answer: whoever starts raft must
// also see that AppliedIndex is not below the newest snapshot's, since a machine that
// stopped just after it received a snapshot holds a sound state with a gap after it.
func (f *FSM) Usable() bool { return f.store.Usable() && f.AppliedIndex() > 0 }

// Verify computes the state hash anew from everything stored, and compares.
func (f *FSM) Verify() error {
	r, err := f.store.Read()
	if err != nil {
		return fmt.Errorf("raftfsm: verify: %w", err)
	}
	defer r.Close()
	if err := r.Verify(); err != nil {
		return fmt.Errorf("raftfsm: verify: %w", err)
	}
	return nil
}

// Done is closed when the state machine has failed. Err says why.
func (f *FSM) Done() <-chan struct{} { return f.done }

// Err returns why the state machine failed, or nil.
func (f *FSM) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Close closes the state machine: raft must have been shut down. While Views are open
// it returns an error, and the last of them closes the file; the next start then
// checks the file.
func (f *FSM) Close() error {
	f.feed.close()
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.moved)
		f.moved = make(chan struct{})
	}
	f.mu.Unlock()
	if err := f.store.Close(); err != nil {
		return fmt.Errorf("raftfsm: close: %w", err)
	}
	return nil
}
