package raftfsm

import (
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/host"
	"tvilling/raftfsm/internal/store"
)

// Snapshot opens a read transaction; Persist writes from it while entries are applied.
func (f *FSM) Snapshot() (raft.FSMSnapshot, error) {
	if err := f.Err(); err != nil {
		return nil, err
	}
	r, err := f.store.Read()
	if err != nil {
		return nil, fmt.Errorf("raftfsm: snapshot: %w", err)
	}
	return &snapshot{reader: r, level: f.Level(), rate: f.options.SnapshotRate}, nil
}

type snapshot struct {
	reader *store.Reader
	level  uint16
	rate   int
}

// Persist writes the state, no faster than the rate.
func (s *snapshot) Persist(sink raft.SnapshotSink) error {
	if err := s.reader.WriteSnapshot(host.Paced(sink, s.rate), s.level); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return sink.Close()
}

// Release ends the read transaction.
func (s *snapshot) Release() { s.reader.Close() }

// Restore replaces the state with a snapshot's. One that is damaged changes nothing; one
// of a level that this release does not know changes nothing either, and ends the state
// machine. Views keep the state they were opened
// on; every reader of the Feed gets ErrLagged.
func (f *FSM) Restore(in io.ReadCloser) error {
	defer in.Close()
	if err := f.Err(); err != nil {
		return err
	}
	_, err := f.store.Restore(in, func(h store.Header) error {
		if h.Level > maxLevel {
			return command.TooNew("the snapshot", h.Level)
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("raftfsm: restore: %w", err)
		if errors.Is(err, command.ErrUnknownLevel) {
			f.fail(err) // whoever sent it goes on sending it, and there is no other way forward
		}
		return err
	}
	if err := f.load(); err != nil {
		f.fail(fmt.Errorf("raftfsm: restore: %w", err))
		return f.Err()
	}
	f.feed.lag()
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.moved)
	f.moved = make(chan struct{})
	return nil
}
