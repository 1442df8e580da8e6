package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"tvilling/protocol/admin"
)

// open builds the network, the storage and raft. What was opened before an error is
// closed by Close.
func (c *Cluster) open() error {
	if err := c.checkDirectory(); err != nil {
		return err
	}
	storage, err := openStorage(&c.cfg)
	if err != nil {
		return err
	}
	if storage.Closer != nil {
		c.closer = storage.Closer.Close
	}
	c.snaps = &countedSnapshots{SnapshotStore: storage.Snapshots}
	c.store = newWatchedStore(storage.Logs, storage.Stable, c.cfg.Tuning.StoreLimit, c.fail, c.snaps.last)
	c.lead.notify = make(chan bool, notifyBacklog)
	if err := c.openEntry(); err != nil {
		return err
	}
	c.calls.Go(c.entry.guard.run)

	type built struct {
		raft *raft.Raft
		err  error
	}
	done := make(chan built, 1)
	go func() {
		r, err := c.newRaft()
		done <- built{r, err}
	}()
	select {
	case b := <-done:
		if b.err != nil {
			return b.err
		}
		c.raft = b.raft
	case <-c.counts.failed: // a write to the log hangs or has failed: the files cannot be closed
		c.closer = func() error { return nil }
		return c.counts.err
	}
	c.batcher = newBatcher(c.raft, c.machine.Level, &c.counts, c.lead.proven)
	c.watchObserved()
	return c.checkMembers()
}

// checkDirectory reads which generation the log is of, and refuses one on which
// something was begun that has to be ended first.
func (c *Cluster) checkDirectory() (err error) {
	c.entry.generation = First()
	if c.cfg.Dir == "" {
		return nil
	}
	if c.entry.generation, err = ReadGeneration(c.cfg.Dir); err != nil {
		return err
	}
	if _, begun, err := readGeneration(c.cfg.Dir, fileRecovering); err != nil || begun {
		return errors.Join(fmt.Errorf("%w: a recovery was begun here and has not ended: run it again (tvilling recover)", ErrGeneration), err)
	}
	if next, ok, err := readGeneration(c.cfg.Dir, fileNext); err != nil || ok {
		return errors.Join(fmt.Errorf("%w: the cluster is of generation %v: this log has to be set aside first", ErrSuperseded, next), err)
	}
	_, joining, err := readGeneration(c.cfg.Dir, fileJoining)
	if joining {
		c.setJoining(joiningEmpty)
	}
	return err
}

// openEntry opens the network, over which the others hear of our generation from now
// on, and stands a guard before it.
func (c *Cluster) openEntry() (err error) {
	c.entry.known = newAcquaintance(c.entry.generation, c.log)
	if c.entry.exists, err = raft.HasExistingState(c.store, c.store, c.snaps); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	if !c.entry.exists && c.entry.generation.Number > 1 && c.entry.joining.Load() == nil {
		c.setJoining(joiningEmpty) // only the first generation is founded
	}
	network, err := c.openNetwork()
	if err != nil {
		return err
	}
	c.network = network
	c.peers = newPeers(c.network.Dial)
	c.entry.guard = newGuard(c.network.Transport(), c.store)
	return nil
}

func (c *Cluster) openNetwork() (Network, error) {
	switch {
	case c.cfg.Network != nil:
		if n, ok := c.cfg.Network.(Introduced); ok {
			c.entry.greets = true
			n.Introduce(c.hello, c.admit)
		}
		return c.cfg.Network, nil
	case c.cfg.Alone:
		return newAlone(c.cfg.Self), nil
	default:
		c.entry.greets = true
		return openPort(&c.cfg, c.log, greeter{c.hello, c.admit})
	}
}

// openStorage opens the files. The directory belongs to one process: a second one is
// refused.
func openStorage(cfg *Config) (Storage, error) {
	if cfg.Storage != nil {
		return *cfg.Storage, nil
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return Storage{}, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	store, err := raftboltdb.New(raftboltdb.Options{
		Path: filepath.Join(cfg.Dir, fileLog),
		// The list of free pages is long after a snapshot, and would be written with
		// every append: it is found anew when the file is opened.
		BoltOptions: &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true},
	})
	if err != nil {
		return Storage{}, fmt.Errorf("%w: opening the log (is another process using it?): %w", ErrStorage, err)
	}
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(cfg.Dir, snapshotsKept, newBridge(cfg.Logger))
	if err != nil {
		return Storage{}, errors.Join(fmt.Errorf("%w: snapshots: %w", ErrStorage, err), store.Close())
	}
	return Storage{Logs: store, Stable: store, Snapshots: snapshots, Closer: store}, nil
}

// newRaft starts raft, behind the guard. Where there is no log yet it has no
// configuration: enter finds out whether the cluster is to be founded or joined. A
// network on which nobody greets has nobody to ask: there every member writes the same
// first configuration.
func (c *Cluster) newRaft() (*raft.Raft, error) {
	transport := c.entry.guard
	config := c.raftConfig()
	if err := c.checkMachine(config); err != nil {
		return nil, err
	}
	if !c.entry.greets && !c.entry.exists && c.entry.joining.Load() == nil {
		if err := raft.BootstrapCluster(config, c.store, c.store, c.snaps, transport, c.voters()); err != nil {
			return nil, fmt.Errorf("%w: first configuration: %w", ErrStorage, err)
		}
		c.entry.exists = true
	}
	r, err := raft.NewRaft(config, seenMachine{c.machine, &c.counts.applies, &c.entry.roll}, c.store, c.store, c.snaps, transport)
	if err != nil {
		return nil, fmt.Errorf("%w: starting raft: %w", ErrStorage, err)
	}
	return r, nil
}

// checkMachine decides whether the state machine goes on from its own file or from
// the last snapshot, and refuses one that knows more than the log. Usable is not
// enough: a node that ended between receiving a snapshot and restoring it has a sound
// file with a gap before the log.
func (c *Cluster) checkMachine(config *raft.Config) error {
	last, err := c.store.LastIndex()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	snapshot := c.snaps.last()
	applied := c.machine.AppliedIndex()
	if applied > max(last, snapshot) {
		return fmt.Errorf("%w: state at index %d, log ends at %d", ErrForeignState, applied, max(last, snapshot))
	}
	config.NoSnapshotRestoreOnStart = c.machine.Usable() && applied >= snapshot
	return nil
}

func (c *Cluster) raftConfig() *raft.Config {
	t := c.cfg.Tuning
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(c.cfg.Self)
	config.HeartbeatTimeout = t.Heartbeat
	config.ElectionTimeout = t.Heartbeat
	if c.self.Role == admin.RoleWitness { // the last to stand, and still able to
		config.HeartbeatTimeout *= 2
		config.ElectionTimeout *= 2
	}
	config.LeaderLeaseTimeout = t.Lease
	config.CommitTimeout = t.CommitTimeout
	config.MaxAppendEntries = maxAppendEntries
	config.TrailingLogs = t.TrailingLogs
	config.SnapshotThreshold = t.SnapshotThreshold
	config.SnapshotInterval = t.SnapshotInterval
	config.NotifyCh = c.lead.notify
	config.NoLegacyTelemetry = true
	config.Logger = newBridge(c.log)
	return config
}

// voters is the configuration: every member votes, the witness too.
func (c *Cluster) voters() raft.Configuration {
	var configuration raft.Configuration
	for _, m := range c.cfg.Topology.Members {
		configuration.Servers = append(configuration.Servers, raft.Server{
			Suffrage: raft.Voter, ID: raft.ServerID(m.ID), Address: raft.ServerAddress(m.ID),
		})
	}
	return configuration
}

// checkMembers refuses a cluster file that lacks a member of the log. One that the log
// lacks is taken in when it is there.
func (c *Cluster) checkMembers() error {
	future := c.raft.GetConfiguration()
	if err := future.Error(); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	ids := func(configuration raft.Configuration) (ids []string) {
		for _, s := range configuration.Servers {
			ids = append(ids, string(s.ID))
		}
		slices.Sort(ids)
		return ids
	}
	inLog, inFile := ids(future.Configuration()), ids(c.voters())
	if slices.ContainsFunc(inLog, func(id string) bool { return !slices.Contains(inFile, id) }) {
		return fmt.Errorf("%w: the cluster file has members %v, the log has %v", ErrConfig, inFile, inLog)
	}
	return nil
}

// countedSnapshots counts what is written to snapshots: a follower that receives a
// large one makes progress that its indexes do not show.
type countedSnapshots struct {
	raft.SnapshotStore
	written atomic.Uint64
}

// newest is the last snapshot; of index zero without any.
func (s *countedSnapshots) newest() *raft.SnapshotMeta {
	list, err := s.List()
	if err != nil || len(list) == 0 {
		return &raft.SnapshotMeta{}
	}
	return list[0]
}

// last is its index.
func (s *countedSnapshots) last() uint64 { return s.newest().Index }

// Create implements raft.SnapshotStore.
func (s *countedSnapshots) Create(version raft.SnapshotVersion, index, term uint64, configuration raft.Configuration, configurationIndex uint64, transport raft.Transport) (raft.SnapshotSink, error) {
	sink, err := s.SnapshotStore.Create(version, index, term, configuration, configurationIndex, transport)
	if err != nil {
		return nil, err
	}
	return countedSink{sink, s}, nil
}

// Open implements raft.SnapshotStore: reading one back counts too, it is how a
// restore gets on.
func (s *countedSnapshots) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	meta, source, err := s.SnapshotStore.Open(id)
	if err != nil {
		return nil, nil, err
	}
	return meta, countedSource{source, s}, nil
}

type countedSink struct {
	raft.SnapshotSink
	store *countedSnapshots
}

func (s countedSink) Write(p []byte) (int, error) {
	n, err := s.SnapshotSink.Write(p)
	s.store.written.Add(uint64(n))
	return n, err
}

type countedSource struct {
	io.ReadCloser
	store *countedSnapshots
}

func (s countedSource) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.store.written.Add(uint64(n))
	return n, err
}
