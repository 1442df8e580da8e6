package cluster

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/hashicorp/raft"
)

// stableTerm is where raft keeps the term that a node is in.
var stableTerm = []byte("CurrentTerm")

// Seeded is what a directory is made of, to begin a cluster's history again from.
type Seeded struct {
	Self        string    // the only member: others join
	Index, Term uint64    // where in the log the state is
	State       io.Reader // a snapshot of the state machine
}

// Seed makes the directory of a node that starts from a state instead of an empty log:
// raft's newest snapshot is that state, and the node is its only voter. Elections go
// on above the term, so that no entry has an older one than the state. The directory
// must be empty or absent; after an error it is to be removed.
func Seed(dir string, s Seeded) (err error) {
	if found, err := os.ReadDir(dir); err == nil && len(found) > 0 {
		return fmt.Errorf("%w: %s is not empty", ErrStorage, dir)
	}
	storage, err := openStorage(&Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, storage.Closer.Close()) }()
	if err := storage.Stable.SetUint64(stableTerm, s.Term); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	id := raft.ServerID(s.Self)
	alone := raft.Configuration{Servers: []raft.Server{{Suffrage: raft.Voter, ID: id, Address: raft.ServerAddress(s.Self)}}}
	network := newAlone(s.Self)
	defer network.Close()
	sink, err := storage.Snapshots.Create(raft.SnapshotVersionMax, s.Index, s.Term, alone, s.Index, network.Transport())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	if _, err := io.Copy(sink, s.State); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, errors.Join(err, sink.Cancel()))
	}
	if err := sink.Close(); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return nil
}

// Seeding opens the state that Seed put into a directory.
func Seeding(dir string) (io.ReadCloser, error) {
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(dir, snapshotsKept, newBridge(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	list, err := snapshots.List()
	if err != nil || len(list) == 0 {
		return nil, errors.Join(fmt.Errorf("%w: no snapshot in %s", ErrStorage, dir), err)
	}
	_, state, err := snapshots.Open(list[0].ID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return state, nil
}
