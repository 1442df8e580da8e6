package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/session"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// member is a node through all its processes.
type member struct {
	id, role string
	disk     *disk
	dir      string // of the state machine's file
	boot     int    // of its machine
	starts   int
	proc     *process // nil: down
}

// process is one life of a node.
type process struct {
	member  *member
	net     io.Closer
	fsm     *raftfsm.FSM
	machine *machine
	cluster *cluster.Cluster
	service *session.Service // nil: a witness
	ctx     context.Context
	stop    context.CancelFunc
	run     chan error // what Run returned
	serving sync.WaitGroup

	mu    sync.Mutex
	lines map[*line]bool
}

// start starts a process on what the last one left.
func (w *world) start(m *member) error {
	m.starts++
	fsm, err := raftfsm.Open(m.dir, raftfsm.Options{BootID: fmt.Sprint("boot ", m.boot), InitialMmapBytes: mmapBytes})
	if err != nil {
		return err
	}
	net := w.net.Node(m.id)
	h := m.disk.open()
	p := &process{
		member: m, net: net, fsm: fsm, run: make(chan error, 1), lines: map[*line]bool{},
		machine: &machine{FSM: fsm, node: m.id, ledger: w.ledger, defect: w.defect},
	}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.cluster, err = cluster.Open(cluster.Config{
		Topology: w.topology, Self: m.id, Tuning: w.tuning, Version: "simulated", Keys: m.role == admin.RoleData, Network: net,
		Storage: &cluster.Storage{Logs: h, Stable: h, Snapshots: snapshots{h}}, Logger: w.logger.With("node", m.id),
	}, p.machine)
	if err != nil {
		p.stop()
		p.machine.dead.Store(true)
		if m.disk.crash(false) { // a node whose disk hangs does not start, and that is right
			return fsm.Close()
		}
		return errors.Join(err, fsm.Close())
	}
	if m.role == admin.RoleData {
		if err := w.offer(p); err != nil {
			return err
		}
	}
	w.tasks.Go(func() { p.run <- p.cluster.Run(p.ctx) })
	m.proc = p
	return nil
}

// offer makes the process serve browsers.
func (w *world) offer(p *process) (err error) {
	p.service, err = session.New(session.Config{
		Node: p.member.id, Site: p.member.id[:1], Environment: protocol.Demo, Identity: w.people, Logger: slog.New(slog.DiscardHandler),
		State: seenBy(w.defect, p), Cluster: askedBy(w.defect, p), Ring: w.ring, Limits: session.DefaultLimits(),
	})
	return err
}

// serve serves a browser's line until it ends.
func (p *process) serve(l *line) {
	p.mu.Lock()
	p.lines[l] = true
	p.mu.Unlock()
	p.serving.Go(func() {
		p.service.Serve(p.ctx, l, session.Caller{})
		p.mu.Lock()
		delete(p.lines, l)
		p.mu.Unlock()
	})
}

// crash ends a process without a farewell, at a moment when nothing of it runs. With
// the power off, the machine is another boot afterwards, and of the state machine's
// file anything may be left.
func (w *world) crash(m *member, power bool) {
	p := m.proc
	if p == nil {
		if power {
			m.boot++
			w.spoil(m.dir)
		}
		return
	}
	m.proc = nil
	p.machine.dead.Store(true)
	m.disk.crash(power)
	w.net.Resume(m.id)
	old := m.dir
	m.dir = filepath.Join(w.dir, fmt.Sprintf("%s-%d", m.id, m.starts))
	if err := copyState(m.dir, old); err != nil {
		w.ledger.fault(broken("world", "%v", err))
	}
	if power {
		m.boot++
		w.spoil(m.dir)
	}
	_ = p.net.Close()
	p.hangUp()
	w.tasks.Go(func() {
		p.end(false)
		_ = os.RemoveAll(old)
	})
}

// halt ends a process as a service manager does, and waits for it.
func (w *world) halt(m *member) {
	p := m.proc
	m.proc = nil
	m.disk.mend()
	w.net.Resume(m.id)
	p.hangUp()
	p.end(true)
	p.machine.dead.Store(true)
	m.disk.crash(false)
}

// hangUp closes every line of a process.
func (p *process) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.lines {
		l.Close(protocol.CloseMoving, "")
	}
}

// end lets go of everything. In the clean way the state machine's file is marked clean;
// otherwise what it looks like is of no interest any more, and marking it would cost.
func (p *process) end(clean bool) {
	p.stop()
	p.serving.Wait()
	_ = p.cluster.Close()
	if !clean {
		if v, err := p.fsm.View(); err == nil {
			defer v.Close()
		}
	}
	_ = p.fsm.Close()
}

// ended tells whether the process has given up by itself.
func (p *process) ended() (error, bool) {
	select {
	case err := <-p.run:
		return err, true
	default:
		return nil, false
	}
}

// propose brings a command into the log from this node, and notes what was answered.
func (w *world) propose(p *process, kind command.Kind, body any) (command.Result, error) {
	c := command.Command{Kind: kind, Version: 1, Intent: w.intent(), Body: body}
	ctx, cancel := context.WithTimeout(p.ctx, 4*time.Second)
	defer cancel()
	results, err := p.cluster.Propose(ctx, c)
	if err != nil {
		return command.Result{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acked = append(w.acked, acknowledged{c.Intent, results[0].Index})
	return results[0], nil
}

// mmapBytes is more than a state machine's file becomes here.
const mmapBytes = 2 << 20

// copyState copies the state machine's file, with its holes, and the marker.
func copyState(to, from string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"fsm.db", "state"} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := writeSparse(filepath.Join(to, name), b); err != nil {
			return err
		}
	}
	return nil
}

func writeSparse(path string, b []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	const page = 4096
	zero := make([]byte, page)
	for at := 0; at < len(b) && err == nil; at += page {
		if part := b[at:min(at+page, len(b))]; !bytes.Equal(part, zero[:len(part)]) {
			_, err = f.WriteAt(part, int64(at))
		}
	}
	return errors.Join(err, f.Truncate(int64(len(b))), f.Close())
}

// spoil does to a file that was not synced what a power cut may do.
func (w *world) spoil(dir string) {
	path := filepath.Join(dir, "fsm.db")
	switch w.dice.IntN(3) {
	case 0:
		_ = os.Remove(path)
	case 1:
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return
		}
		_, _ = f.WriteAt(garbage(w.dice), int64(w.dice.IntN(64)*4096))
		_ = f.Close()
	}
}

func garbage(dice *rand.Rand) []byte {
	b := make([]byte, 4096)
	for i := range b {
		b[i] = byte(dice.Uint32())
	}
	return b
}
