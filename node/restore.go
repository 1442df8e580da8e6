package node

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/health"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// Why a backup is not verified, or not restored. Those of reading it are
// admin.ErrNoBackup and its like.
var (
	ErrBackupLevel    = errors.New("the backup is of a level that this release does not know: use the release that made it, or a later one")
	ErrBackupDiffers  = errors.New("the backup does not hold what its manifest says")
	ErrBackupLifeless = errors.New("no cluster can be started from the backup")
	ErrBackupCluster  = errors.New("the backup is of another cluster")
	ErrBackupRoom     = errors.New("there is too little room to verify the backup")
	ErrNotEmpty       = errors.New("the data directory is not empty: restore into an empty one, and keep the old one until the cluster runs")
	ErrGeneration     = errors.New("the generation must be higher than the backup's, and than any that the cluster has had since")
)

// The steps of reading a backup, for Progress.
const (
	StepRead    = "reading"                 // bytes
	StepRestore = "restoring"               // bytes
	StepLog     = "replaying access log"    // entries
	StepState   = "adding up the state"     // bytes, all or none
	StepCommit  = "committing to the state" // once
)

// Progress is told how far a long work is. done is never more than of.
type Progress func(step string, done, of int64)

// VerifyBackup restores a backup, in the clear, into a directory of its own under
// scratch (empty: the system's), in the way that a lost cluster is begun again: raft
// finds it as its newest snapshot, restores it, elects the only member, and commits an
// entry. On the way the state hash is made anew from all that is stored and the access
// log's tree from its entries, and both are held against the manifest. Nothing is left
// in scratch. It needs room for the state three times, and looks for it first.
func VerifyBackup(ctx context.Context, scratch string, backup io.Reader, p Progress) (m admin.BackupManifest, err error) {
	m, state, err := openBackup(ctx, backup, p)
	if err != nil {
		return m, err
	}
	if err := roomFor(cmp.Or(scratch, os.TempDir()), m.Bytes); err != nil {
		return m, err
	}
	dir, err := os.MkdirTemp(scratch, "tvilling-verify-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	const self = "verify"
	raftDir := filepath.Join(dir, "raft")
	if err := cluster.Seed(raftDir, cluster.Seeded{Self: self, Index: m.Index, Term: m.Term, State: state}); err != nil {
		return m, err
	}
	fsm, err := raftfsm.Open(filepath.Join(dir, "fsm"), raftfsm.Options{})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, fsm.Close()) }()
	machine := &checked{FSM: fsm, ctx: ctx, manifest: m, progress: p}
	lone, err := cluster.Open(cluster.Config{
		Topology: admin.Topology{Cluster: m.Cluster, Environment: admin.Development, Members: []admin.Node{{ID: self, Site: "A", Role: admin.RoleData}}},
		Self:     self, Dir: raftDir, Alone: true, Keys: true,
	}, machine)
	if machine.err != nil { // raft tells that nothing could be restored, and not why
		return m, errors.Join(machine.err, closed(lone))
	}
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrBackupLifeless, err)
	}
	defer func() { err = errors.Join(err, lone.Close()) }()
	return m, machine.commits(ctx, lone)
}

// copies are how often a state lies in a directory while it is verified: as it came, as
// raft's snapshot, and restored.
const copies = 3

// roomFor refuses a directory that has not the room to verify a state in.
func roomFor(dir string, state int64) error {
	free, _, err := health.Room(dir)
	if err != nil {
		return err
	}
	if need := uint64(max(0, state)); free/copies < need {
		return fmt.Errorf("%w: %s has %d MB free, and %d times the state's %d MB are needed: name a directory that has them as --scratch", ErrBackupRoom, dir, free/1e6, copies, need/1e6)
	}
	return nil
}

func closed(c *cluster.Cluster) error {
	if c == nil {
		return nil
	}
	return c.Close()
}

// openBackup reads the manifest and returns the snapshot after it, unread. A snapshot
// of which the header says something else than the manifest is refused at once.
func openBackup(ctx context.Context, backup io.Reader, p Progress) (admin.BackupManifest, io.Reader, error) {
	in := bufio.NewReaderSize(backup, 1<<20)
	m, err := admin.ReadBackupManifest(in)
	if err != nil {
		return m, nil, err
	}
	state := &watched{ctx: ctx, from: m.State(in), step: StepRead, of: m.Bytes, progress: p}
	var head bytes.Buffer
	h, err := raftfsm.ReadSnapshotHeader(io.TeeReader(state, &head))
	switch {
	case state.err != nil:
		return m, nil, state.err
	case err != nil:
		return m, nil, fmt.Errorf("%w: %w", ErrBackupDiffers, err)
	case !h.Knows() || m.Level > h.Level:
		return m, nil, fmt.Errorf("%w: it is %d", ErrBackupLevel, max(m.Level, h.Level))
	case h.Level != m.Level || h.Index != m.Index || h.Term != m.Term || hex.EncodeToString(h.StateHash[:]) != m.StateHash:
		return m, nil, fmt.Errorf("%w: its snapshot is of index %d, term %d, level %d, state %x", ErrBackupDiffers, h.Index, h.Term, h.Level, h.StateHash)
	}
	return m, io.MultiReader(&head, state), nil
}

// watched reads until the context ends, and tells how far it is. It remembers the first
// error, which others wrap in words of theirs.
type watched struct {
	ctx      context.Context
	from     io.Reader
	step     string
	done, of int64
	progress Progress
	err      error
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		w.err = err
		return 0, err
	}
	n, err := w.from.Read(p)
	w.done += int64(n)
	w.progress(w.step, min(w.done, w.of), w.of)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// checked is a state machine that is held against a manifest as soon as it is restored.
type checked struct {
	*raftfsm.FSM
	ctx      context.Context
	manifest admin.BackupManifest
	progress Progress
	err      error // of Restore
}

// Restore implements raft.FSM.
func (c *checked) Restore(in io.ReadCloser) error {
	from := &watched{ctx: c.ctx, from: in, step: StepRestore, of: c.manifest.Bytes, progress: c.progress}
	c.err = c.FSM.Restore(struct {
		io.Reader
		io.Closer
	}{from, in})
	switch {
	case c.err == nil:
		c.err = c.compare()
	case errors.Is(c.err, raftfsm.ErrNoSnapshot):
		c.err = c.differs(c.err)
	}
	return c.err
}

// compare holds the state against the manifest.
func (c *checked) compare() error {
	v, err := c.View()
	if err != nil {
		return err
	}
	defer v.Close()
	m := &c.manifest
	if h := v.Header(); h.Index != m.Index || hex.EncodeToString(h.StateHash[:]) != m.StateHash {
		return fmt.Errorf("%w: restored, it is state %x at index %d", ErrBackupDiffers, h.StateHash, h.Index)
	}
	size, root, err := v.ReplayLog(func(n uint64) error {
		c.progress(StepLog, int64(min(n, m.LogSize)), int64(m.LogSize))
		return c.ctx.Err()
	})
	if err != nil {
		return c.differs(err)
	}
	if size != m.LogSize || hex.EncodeToString(root[:]) != m.LogRoot {
		return fmt.Errorf("%w: its access log has %d entries with the root %x", ErrBackupDiffers, size, root)
	}
	kept, err := v.LogRoot(size)
	if err != nil {
		return c.differs(err)
	}
	if kept != root {
		return fmt.Errorf("%w: the tree that is kept of its access log has the root %x", ErrBackupDiffers, kept)
	}
	c.progress(StepState, 0, m.Bytes)
	if err := v.VerifyState(); err != nil {
		return c.differs(err)
	}
	c.progress(StepState, m.Bytes, m.Bytes)
	return nil
}

func (c *checked) differs(err error) error {
	if c.ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrBackupDiffers, err)
}

// commits shows that the restored state goes on: an entry is committed and applied.
func (c *checked) commits(ctx context.Context, lone *cluster.Cluster) error {
	c.progress(StepCommit, 0, 1)
	results, err := lone.Propose(ctx, command.Command{Kind: command.KindCanary, Body: command.Canary{Node: "verify"}})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBackupLifeless, err)
	}
	if at := c.AppliedIndex(); results[0].Status != command.StatusDone || at <= c.manifest.Index {
		return fmt.Errorf("%w: an entry was not applied (index %d)", ErrBackupLifeless, at)
	}
	c.progress(StepCommit, 1, 1)
	return nil
}

// Restore is what a data directory is made of a backup with.
type Restore struct {
	Topology   admin.Topology
	Self       string // the first survivor, a data node
	DataDir    string // empty or absent
	Generation uint32 // 0: the one after the backup's
	Progress   Progress
}

// Restored is what was made.
type Restored struct {
	Manifest   admin.BackupManifest `json:"manifest"`
	Node       string               `json:"node"`
	DataDir    string               `json:"data"`
	Generation uint32               `json:"generation"`
}

// RestoreBackup makes the data directory of a cluster's first survivor from a backup in
// the clear: raft's newest snapshot is the backup, its only voter this node, and the
// generation a new one, which the other members join empty. Everything is held against
// the manifest before the directory can be used; after an error it is as it was.
func RestoreBackup(ctx context.Context, r Restore, backup io.Reader) (done Restored, err error) {
	self, ok := r.Topology.Member(r.Self)
	if !ok || self.Role != admin.RoleData {
		return done, fmt.Errorf("%w: %q is no data node of the cluster file: the first survivor leads, and reads", ErrConfig, r.Self)
	}
	if err := empty(r.DataDir); err != nil {
		return done, err
	}
	m, held, err := openBackup(ctx, backup, r.Progress)
	if err != nil {
		return done, err
	}
	if m.Cluster != r.Topology.Cluster {
		return done, fmt.Errorf("%w: %q, and the cluster file is of %q", ErrBackupCluster, m.Cluster, r.Topology.Cluster)
	}
	next, err := nextGeneration(m.Generation, r.Generation)
	if err != nil {
		return done, err
	}
	// Made aside, and moved when all of it is there: the log last, without which a state
	// is refused.
	aside, named := filepath.Join(r.DataDir, restoring), naming(r.DataDir)
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return done, err
	}
	defer func() {
		if rest := os.RemoveAll(aside); rest != nil {
			err = errors.Join(err, rest)
		}
	}()
	if err := r.fill(ctx, aside, m, held, next); err != nil {
		return done, err
	}
	state, log := filepath.Join(r.DataDir, "fsm"), filepath.Join(r.DataDir, "raft")
	if err := os.Rename(filepath.Join(aside, "fsm"), state); err != nil {
		return done, err
	}
	if err := os.Rename(filepath.Join(aside, "raft"), log); err != nil {
		return done, errors.Join(err, os.RemoveAll(state))
	}
	return Restored{Manifest: m, Node: r.Self, DataDir: r.DataDir, Generation: next.Number}, syncAll(append(named, r.DataDir))
}

// naming are the directories that will have a new name in them when one is made with all
// that lead to it: a crash could take such a name away, and all that is in it.
func naming(dir string) (all []string) {
	for {
		if _, err := os.Lstat(dir); err == nil || dir == filepath.Dir(dir) {
			return all
		}
		dir = filepath.Dir(dir)
		all = append(all, dir)
	}
}

func syncAll(dirs []string) (err error) {
	for _, d := range dirs {
		err = errors.Join(err, syncDirectory(d))
	}
	return err
}

// nextGeneration is the first after the backup's, or the one that is asked for.
func nextGeneration(of, want uint32) (cluster.Generation, error) {
	if want == 0 {
		want = of + 1
	}
	if want <= of {
		return cluster.Generation{}, fmt.Errorf("%w: %d is asked for, and the backup is of %d", ErrGeneration, want, of)
	}
	return cluster.Generation{Number: want - 1}.Next(time.Now()), nil
}

// fill makes the log's directory, and the state's from what raft would restore.
func (r *Restore) fill(ctx context.Context, dir string, m admin.BackupManifest, state io.Reader, next cluster.Generation) (err error) {
	raftDir := filepath.Join(dir, "raft")
	if err := cluster.Seed(raftDir, cluster.Seeded{Self: r.Self, Index: m.Index, Term: m.Term, State: state}); err != nil {
		return err
	}
	if err := cluster.WriteGeneration(raftDir, next); err != nil {
		return err
	}
	fsm, err := raftfsm.Open(filepath.Join(dir, "fsm"), raftfsm.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fsm.Close()) }()
	seeded, err := cluster.Seeding(raftDir)
	if err != nil {
		return err
	}
	return (&checked{FSM: fsm, ctx: ctx, manifest: m, progress: r.Progress}).Restore(seeded)
}

// restoring is where a data directory is made, in itself, until it is whole.
const restoring = "restoring"

// Restorable says why nothing can be restored into a directory; nil: it is empty, or is
// not there.
func Restorable(dir string) error { return empty(dir) }

// empty refuses a directory with anything in it.
func empty(dir string) error {
	found, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case unmade(found):
		return fmt.Errorf("%w: in it a restore goes on, or was cut off: there is %s, and no log beside it. Nothing that it made is worth keeping; if none goes on, remove %s, and fsm beside it where it is there", ErrNotEmpty, filepath.Join(dir, restoring), restoring)
	case len(found) > 0:
		return fmt.Errorf("%w: %s has %s", ErrNotEmpty, dir, found[0].Name())
	}
	return nil
}

// unmade reports whether a directory is as a restore leaves it that was cut off: with
// what it made aside, or moved of it already, and nothing else.
func unmade(found []fs.DirEntry) bool {
	aside := false
	for _, f := range found {
		aside = aside || f.Name() == restoring
		if f.Name() != restoring && f.Name() != "fsm" {
			return false
		}
	}
	return aside
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
