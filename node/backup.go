package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	adminendpoint "tvilling/node/internal/admin"
	"tvilling/node/internal/health"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
)

// backupReserve is the room that a copy of the state leaves on the disk: the log is
// written there too, and a node whose log cannot be written ends itself.
const backupReserve = 512 << 20

// backups takes backups of this node's state, one at a time, whatever its role: it is
// ciphertext.
//
// The snapshot goes to a file first, at the pace of raft's own, and to whoever asks
// from there. An operator's line may be slow or hang; a read transaction that waited
// for it would keep every page that is freed meanwhile, and the database never gives
// back what it has grown. The file has no name: it is gone with the process. It also
// makes length and sum known before the first byte is sent.
type backups struct {
	dir   string               // of the spool
	about admin.BackupManifest // what does not change
	fsm   *raftfsm.FSM
	room  func(dir string) (free, total uint64, err error)

	generation func() uint32

	turn  chan struct{} // one place
	ctx   context.Context
	stop  context.CancelFunc
	tasks sync.WaitGroup
}

func newBackups(n *Node) *backups {
	ctx, stop := context.WithCancel(context.Background())
	return &backups{
		dir: n.cfg.DataDir, fsm: n.fsm, room: health.Room, turn: make(chan struct{}, 1), ctx: ctx, stop: stop,
		about: admin.BackupManifest{
			Format: admin.FormatBackup, Cluster: n.cfg.Topology.Cluster, Node: n.cfg.Self, Version: n.cfg.Version,
		},
		generation: func() uint32 { return n.cluster.Generation().Number },
	}
}

// close ends what is under way and waits for it: the state machine is closed next.
func (b *backups) close() {
	b.stop()
	b.tasks.Wait()
}

// Take implements what the operator endpoint asks: the manifest and the snapshot.
func (b *backups) Take(ctx context.Context) (admin.BackupManifest, io.ReadCloser, error) {
	select {
	case b.turn <- struct{}{}:
	default:
		return admin.BackupManifest{}, nil, adminendpoint.ErrBackupBusy
	}
	b.tasks.Add(1)
	done := func() { <-b.turn; b.tasks.Done() }
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(b.ctx, cancel)()
	defer cancel()
	m, spool, err := b.take(ctx)
	if err != nil {
		done()
		return admin.BackupManifest{}, nil, err
	}
	return m, &taken{File: spool, done: sync.OnceFunc(done), ended: b.ctx}, nil
}

// taken is a spool that somebody reads.
type taken struct {
	*os.File
	done  func()
	ended context.Context
}

// Read reads on until the node ends.
func (t *taken) Read(p []byte) (int, error) {
	if err := t.ended.Err(); err != nil {
		return 0, err
	}
	return t.File.Read(p)
}

// Close lets the next one be taken.
func (t *taken) Close() error {
	defer t.done()
	return t.File.Close()
}

func (b *backups) take(ctx context.Context) (m admin.BackupManifest, spool *os.File, err error) {
	if spool, err = b.spool(); err != nil {
		return m, nil, err
	}
	defer func() {
		if err != nil {
			_ = spool.Close()
			spool = nil
		}
	}()
	v, err := b.fsm.View()
	if err != nil {
		return m, nil, err
	}
	defer v.Close()
	size, root, err := v.LogTree()
	if err != nil {
		return m, nil, err
	}
	at := v.Header()
	m = b.about
	m.Generation, m.Level, m.Index, m.Term = b.generation(), at.Level, at.Index, at.Term
	m.StateHash, m.LogSize, m.LogRoot = hex.EncodeToString(at.StateHash[:]), size, hex.EncodeToString(root[:])
	m.Taken = time.Now().UTC().Format(time.RFC3339)
	digest := sha256.New()
	counted := &counter{ctx: ctx, to: io.MultiWriter(spool, digest)}
	if err := v.WriteSnapshot(counted, snapshotRate); err != nil {
		return m, nil, err
	}
	m.Bytes, m.SHA256 = counted.bytes, hex.EncodeToString(digest.Sum(nil))
	_, err = spool.Seek(0, io.SeekStart)
	return m, spool, err
}

// spool makes a file without a name, where there is room.
func (b *backups) spool() (*os.File, error) {
	info, err := os.Stat(filepath.Join(b.dir, "fsm", "fsm.db"))
	if err != nil {
		return nil, err
	}
	free, _, err := b.room(b.dir)
	if err != nil {
		return nil, err
	}
	if need := uint64(info.Size()) + backupReserve; free < need {
		return nil, fmt.Errorf("%w: %d MiB are free and %d MiB needed", adminendpoint.ErrBackupNoRoom, free>>20, need>>20)
	}
	f, err := os.CreateTemp(b.dir, "backup-*.tmp")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// counter counts what passes, and passes nothing once the context has ended.
type counter struct {
	ctx   context.Context
	to    io.Writer
	bytes int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	return n, err
}

// BackupAge is how long ago the newest verified backup was taken, in seconds; -1: there
// is none.
func (s state) BackupAge(now time.Time) (float64, error) {
	note, ok, err := s.Backup()
	if err != nil || !ok {
		return -1, err
	}
	return now.Sub(time.UnixMilli(note.Taken)).Seconds(), nil
}
