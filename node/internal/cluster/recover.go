package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// Survivor is what a log's directory holds, for whoever chooses the one to go on from:
// of the same generation, the one with the higher term of its last entry, then with the
// higher index, has everything that the other ones have and was acknowledged.
type Survivor struct {
	Generation    Generation
	Next          *Generation // it was superseded by, and is set aside at the next start
	Recovering    *Generation // a recovery to it was begun and has not ended
	Joining       bool        // it waits to be taken in: it may lack what it once had
	LastIndex     uint64
	LastTerm      uint64
	LastWritten   time.Time // by the clock of who led; zero: it holds nothing that has a time
	CurrentTerm   uint64
	SnapshotIndex uint64
	Members       []string // that vote, by its newest configuration
}

// Inspect reads a log's directory. No process may be using it.
func Inspect(dir string) (Survivor, error) {
	if _, err := os.Stat(filepath.Join(dir, fileLog)); err != nil {
		return Survivor{}, fmt.Errorf("%w: there is no log: %w", ErrGeneration, err)
	}
	storage, err := openStorage(&Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return Survivor{}, err
	}
	s, err := inspect(dir, storage)
	return s, errors.Join(err, storage.close())
}

func (s Storage) close() error {
	if s.Closer == nil {
		return nil
	}
	return s.Closer.Close()
}

func inspect(dir string, storage Storage) (s Survivor, err error) {
	if s.Generation, err = ReadGeneration(dir); err != nil {
		return s, err
	}
	marks := map[string]*Generation{}
	for _, name := range []string{fileNext, fileRecovering, fileJoining} {
		g, ok, err := readGeneration(dir, name)
		if err != nil {
			return s, err
		}
		if ok {
			marks[name] = &g
		}
	}
	s.Next, s.Recovering, s.Joining = marks[fileNext], marks[fileRecovering], marks[fileJoining] != nil
	snapshots, err := storage.Snapshots.List()
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	var configuration raft.Configuration
	if len(snapshots) > 0 {
		newest := snapshots[0]
		s.SnapshotIndex, s.LastIndex, s.LastTerm = newest.Index, newest.Index, newest.Term
		configuration = newest.Configuration
	}
	if s.CurrentTerm, err = storage.Stable.GetUint64([]byte("CurrentTerm")); err != nil && err.Error() != "not found" {
		return s, fmt.Errorf("%w: the term: %w", ErrStorage, err)
	}
	if err := s.readLog(storage.Logs, &configuration); err != nil {
		return s, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	for _, member := range configuration.Servers {
		if member.Suffrage == raft.Voter {
			s.Members = append(s.Members, string(member.ID))
		}
	}
	slices.Sort(s.Members)
	return s, nil
}

// readLog reads what the log has after the snapshot.
func (s *Survivor) readLog(logs raft.LogStore, configuration *raft.Configuration) error {
	first, err := logs.FirstIndex()
	if err != nil {
		return err
	}
	last, err := logs.LastIndex()
	if err != nil {
		return err
	}
	for index := first; index <= last && last > 0; index++ {
		var entry raft.Log
		if err := logs.GetLog(index, &entry); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		if index > s.LastIndex {
			s.LastIndex, s.LastTerm = index, entry.Term
		}
		switch {
		case entry.Type == raft.LogConfiguration && index > s.SnapshotIndex:
			*configuration = raft.DecodeConfiguration(entry.Data)
		case entry.Type == raft.LogCommand && index == last:
			if e, err := command.Decode(entry.Data); err == nil {
				s.LastWritten = time.UnixMilli(e.Stamp).UTC()
			}
		}
	}
	return nil
}

// Recover makes of this member's log, which no process may be using, a new generation
// with this member alone. The state machine is not to be used afterwards. It may be run
// again after a crash wherever that was; made tells whether this run, or the one that it
// ended, made the generation: a log that was recovered before and has taken in nobody
// since is left as it is.
//
// Everything in the log counts as committed: also what was not acknowledged to anybody.
func Recover(cfg Config, machine Machine, progress func(done, total uint64)) (g Generation, made bool, err error) {
	self, ok := cfg.Topology.Member(cfg.Self)
	if !ok || self.Role != admin.RoleData || cfg.Dir == "" {
		return g, false, fmt.Errorf("%w: a cluster is recovered on a data node, which can lead it, and %q is none", ErrConfig, cfg.Self)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	storage, err := openStorage(&cfg)
	if err != nil {
		return g, false, err
	}
	defer func() { err = errors.Join(err, storage.close()) }()
	s, err := inspect(cfg.Dir, storage)
	if err != nil {
		return g, false, err
	}
	switch {
	case s.Next != nil:
		return g, false, fmt.Errorf("%w: the cluster goes on in generation %v: let this member rejoin it", ErrSuperseded, *s.Next)
	case s.Joining:
		return g, false, fmt.Errorf("%w: this member was waiting to be taken in and may lack what was acknowledged: choose another one", ErrGeneration)
	case s.LastIndex == 0:
		return g, false, fmt.Errorf("%w: there is no log here to go on from", ErrGeneration)
	case s.Recovering == nil && s.Generation.Number > 1 && len(s.Members) == 1 && s.Members[0] == cfg.Self:
		return s.Generation, false, nil
	}
	next := s.Generation.Next(time.Now())
	if s.Recovering != nil {
		next = *s.Recovering
	} else if err := writeGeneration(cfg.Dir, fileRecovering, next); err != nil {
		return g, false, err
	}
	if !s.Generation.Same(next) {
		if err := recoverLog(cfg, storage, s, &replayed{Machine: machine, total: s.LastIndex, progress: progress}); err != nil {
			return g, false, err
		}
		if err := WriteGeneration(cfg.Dir, next); err != nil {
			return g, false, err
		}
	}
	if err := removeSynced(cfg.Dir, fileRecovering); err != nil {
		return g, false, fmt.Errorf("%w: %w", ErrGeneration, err)
	}
	return next, true, nil
}

func recoverLog(cfg Config, storage Storage, s Survivor, machine *replayed) error {
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(cfg.Self)
	config.NoLegacyTelemetry = true
	config.Logger = newBridge(cfg.Logger)
	network := newAlone(cfg.Self)
	defer network.Close()
	alone := raft.Configuration{Servers: []raft.Server{{Suffrage: raft.Voter, ID: raft.ServerID(cfg.Self), Address: raft.ServerAddress(cfg.Self)}}}
	defer machine.release()
	if err := raft.RecoverCluster(config, machine, storage.Logs, storage.Stable, storage.Snapshots, network.Transport(), alone); err != nil {
		return fmt.Errorf("%w: recovering up to index %d: %w", ErrStorage, s.LastIndex, err)
	}
	return nil
}

// replayed is a state machine that the log is replayed into: what fails there must end
// the recovery before anything of the log is removed.
type replayed struct {
	Machine
	total    uint64
	progress func(done, total uint64)
	taken    raft.FSMSnapshot
}

// release lets go of the snapshot that was taken: raft does not, here.
func (r *replayed) release() {
	if r.taken != nil {
		r.taken.Release()
	}
}

// Apply implements raft.FSM.
func (r *replayed) Apply(log *raft.Log) any {
	if r.progress != nil && (log.Index%1024 == 0 || log.Index == r.total) {
		r.progress(log.Index, r.total)
	}
	return r.Machine.ApplyBatch([]*raft.Log{log})[0]
}

// Snapshot implements raft.FSM.
func (r *replayed) Snapshot() (raft.FSMSnapshot, error) {
	if err := r.Err(); err != nil {
		return nil, err
	}
	var err error
	r.taken, err = r.Machine.Snapshot()
	return r.taken, err
}

// Restore implements raft.FSM.
func (r *replayed) Restore(source io.ReadCloser) error { return r.Machine.Restore(source) }

// Heard is what a member that was asked says of itself.
type Heard struct {
	Member     string
	Generation Generation
	History    bool // it has a log
	Settled    bool // it hears from a leader that commits
	Index      uint64
	Err        error // it did not answer
}

// Ask asks every other member, from where no node runs, and takes no part in anything.
func Ask(ctx context.Context, cfg Config, own Generation) ([]Heard, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	var mu sync.Mutex
	said := map[string]Heard{}
	hear := func(from string, theirs []byte) error {
		h := hello{generation: First(), history: true}
		if theirs != nil {
			var err error
			if h, err = parseHello(theirs); err != nil {
				return err
			}
		}
		mu.Lock()
		defer mu.Unlock()
		said[from] = Heard{Member: from, Generation: h.generation, History: h.history, Settled: h.settled, Index: h.index}
		return nil
	}
	ours := func() []byte { return appendHello(nil, hello{generation: own, history: true}) }
	network, err := asker(&cfg, greeter{ours, hear})
	if err != nil {
		return nil, err
	}
	defer network.Close()
	all := make([]Heard, 0, len(cfg.Topology.Members))
	var wait sync.WaitGroup
	for _, m := range cfg.Topology.Members {
		if m.ID == cfg.Self {
			continue
		}
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, dialLimit)
			defer cancel()
			conn, err := network.Dial(ctx, m.ID)
			if err == nil {
				_ = conn.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			h, heard := said[m.ID]
			if !heard {
				h = Heard{Member: m.ID, Err: errors.Join(ErrUnreachable, err)}
			}
			all = append(all, h)
		})
	}
	wait.Wait()
	slices.SortFunc(all, func(a, b Heard) int { return compareText(a.Member, b.Member) })
	return all, nil
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// asker is a network that is only dialled from.
func asker(cfg *Config, g greeter) (Network, error) {
	if n, ok := cfg.Network.(Introduced); ok {
		n.Introduce(g.ours, g.admit)
		return cfg.Network, nil
	}
	return newPort(cfg, cfg.Logger, g)
}
