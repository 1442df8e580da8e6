package simulation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

var errGone = errors.New("simulation: the process of this handle has ended")

// disk is what a node's raft keeps: its log, its terms and votes, its snapshots. It
// outlives processes. Each write is one transaction, synced before it returns; one that
// has not returned when the process or the power goes may have been made or not.
type disk struct {
	turn  chan struct{}     // held by who writes: one transaction at a time
	delay time.Duration     // of a sync, at most twice that
	lies  bool              // a defect: writes return before they are synced
	store func([]*raft.Log) // is told what is about to be written

	mu      sync.Mutex
	dice    *rand.Rand
	process int // whose handles still write
	logs    map[uint64]raft.Log
	first   uint64
	last    uint64
	stable  map[string][]byte
	snaps   []*saved // the newest first
	pending []write  // not synced, in their order
	stalled chan struct{}
}

// write is a transaction that may yet be undone.
type write struct {
	undo     func()
	from, to uint64 // entries that it added; zero: none
}

// saved is a snapshot.
type saved struct {
	meta raft.SnapshotMeta
	data []byte
}

const snapshotsKept = 2

func newDisk(dice *rand.Rand, delay time.Duration, store func([]*raft.Log)) *disk {
	return &disk{turn: make(chan struct{}, 1), delay: delay, store: store, dice: dice, logs: map[uint64]raft.Log{}, stable: map[string][]byte{}}
}

// handle is the disk as one process has it.
type handle struct {
	disk    *disk
	process int
}

// open gives the disk to a new process.
func (d *disk) open() *handle {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &handle{d, d.process}
}

// crash takes the disk from its process. With the power off, what was not synced is
// lost from some point on; otherwise only what is under way may be. It tells whether the
// disk was stalled; it is not afterwards.
func (d *disk) crash(power bool) (stalled bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.process++
	keep := len(d.pending)
	switch {
	case power && keep > 0:
		keep = d.dice.IntN(keep + 1)
	case !power && keep > 0 && !d.lies:
		keep -= d.dice.IntN(2)
	}
	for len(d.pending) > keep {
		last := len(d.pending) - 1
		d.pending[last].undo()
		d.pending = d.pending[:last]
	}
	d.pending = nil
	if stalled = d.stalled != nil; stalled {
		close(d.stalled)
		d.stalled = nil
	}
	return stalled
}

// stall makes every write wait until mend.
func (d *disk) stall() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stalled == nil {
		d.stalled = make(chan struct{})
	}
}

func (d *disk) mend() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stalled != nil {
		close(d.stalled)
		d.stalled = nil
	}
}

// holds tells whether the entry is on the disk to stay, or in a snapshot there.
func (d *disk) holds(index, term uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l, ok := d.logs[index]; ok {
		if l.Term != term {
			return false
		}
		for _, w := range d.pending {
			if !d.lies && w.from <= index && index <= w.to {
				return false
			}
		}
		return true
	}
	for _, s := range d.snaps {
		if s.meta.Index >= index {
			return true
		}
	}
	return false
}

// transact makes one write. change is called with the lock held, and returns how it is
// undone.
func (h *handle) transact(from, to uint64, change func() (undo func())) error {
	d := h.disk
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	if err := h.wait(); err != nil {
		return err
	}
	d.mu.Lock()
	if d.process != h.process {
		d.mu.Unlock()
		return errGone
	}
	d.pending = append(d.pending, write{change(), from, to})
	lies, pause := d.lies, d.delay+time.Duration(d.dice.Int64N(int64(d.delay)+1))
	d.mu.Unlock()
	if lies {
		return nil
	}
	time.Sleep(pause)
	if err := h.wait(); err != nil { // a disk that stalls in the middle
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.process != h.process {
		return errGone
	}
	d.pending = nil
	return nil
}

// wait waits while the disk is stalled.
func (h *handle) wait() error {
	h.disk.mu.Lock()
	stalled := h.disk.stalled
	h.disk.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
	return h.alive()
}

func (h *handle) alive() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if h.disk.process != h.process {
		return errGone
	}
	return nil
}

// bounds finds the ends of the log after a change.
func (d *disk) bounds() {
	d.first, d.last = 0, 0
	for index := range d.logs {
		if d.first == 0 || index < d.first {
			d.first = index
		}
		d.last = max(d.last, index)
	}
}

// FirstIndex implements raft.LogStore.
func (h *handle) FirstIndex() (uint64, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return h.disk.first, nil
}

// LastIndex implements raft.LogStore.
func (h *handle) LastIndex() (uint64, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return h.disk.last, nil
}

// GetLog implements raft.LogStore.
func (h *handle) GetLog(index uint64, log *raft.Log) error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	l, ok := h.disk.logs[index]
	if !ok {
		return raft.ErrLogNotFound
	}
	*log = l
	return nil
}

// StoreLog implements raft.LogStore.
func (h *handle) StoreLog(log *raft.Log) error { return h.StoreLogs([]*raft.Log{log}) }

// StoreLogs implements raft.LogStore.
func (h *handle) StoreLogs(logs []*raft.Log) error {
	if len(logs) == 0 {
		return nil
	}
	d := h.disk
	d.store(logs)
	return h.transact(logs[0].Index, logs[len(logs)-1].Index, func() func() {
		before := map[uint64]raft.Log{}
		for _, l := range logs {
			if old, ok := d.logs[l.Index]; ok {
				before[l.Index] = old
			}
			d.logs[l.Index] = *l
		}
		d.bounds()
		return func() {
			for _, l := range logs {
				delete(d.logs, l.Index)
			}
			for index, old := range before {
				d.logs[index] = old
			}
			d.bounds()
		}
	})
}

// DeleteRange implements raft.LogStore.
func (h *handle) DeleteRange(from, to uint64) error {
	d := h.disk
	return h.transact(0, 0, func() func() {
		var gone []raft.Log
		for index := from; index <= to; index++ {
			if l, ok := d.logs[index]; ok {
				gone = append(gone, l)
				delete(d.logs, index)
			}
		}
		d.bounds()
		return func() {
			for _, l := range gone {
				d.logs[l.Index] = l
			}
			d.bounds()
		}
	})
}

// Set implements raft.StableStore.
func (h *handle) Set(key, value []byte) error {
	d := h.disk
	return h.transact(0, 0, func() func() {
		old, had := d.stable[string(key)]
		d.stable[string(key)] = bytes.Clone(value)
		return func() {
			if delete(d.stable, string(key)); had {
				d.stable[string(key)] = old
			}
		}
	})
}

// Get implements raft.StableStore.
func (h *handle) Get(key []byte) ([]byte, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	value, ok := h.disk.stable[string(key)]
	if !ok {
		return nil, errors.New("not found") // raft knows it by this text
	}
	return value, nil
}

// SetUint64 implements raft.StableStore.
func (h *handle) SetUint64(key []byte, value uint64) error {
	return h.Set(key, fmt.Appendf(nil, "%d", value))
}

// GetUint64 implements raft.StableStore.
func (h *handle) GetUint64(key []byte) (value uint64, err error) {
	b, err := h.Get(key)
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(string(b), &value)
	return value, err
}

// snapshots is the disk's raft.SnapshotStore: a handle has a List of its own already.
type snapshots struct{ *handle }

// Create implements raft.SnapshotStore.
func (s snapshots) Create(version raft.SnapshotVersion, index, term uint64, configuration raft.Configuration, configurationIndex uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	if err := s.wait(); err != nil {
		return nil, err
	}
	return &sink{handle: s.handle, saved: &saved{meta: raft.SnapshotMeta{
		Version: version, ID: fmt.Sprintf("%d-%d-%d", term, index, time.Now().UnixNano()), Index: index, Term: term,
		Configuration: configuration, ConfigurationIndex: configurationIndex,
	}}}, nil
}

// List implements raft.SnapshotStore.
func (s snapshots) List() ([]*raft.SnapshotMeta, error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	var all []*raft.SnapshotMeta
	for _, one := range s.disk.snaps {
		meta := one.meta
		all = append(all, &meta)
	}
	return all, nil
}

// Open implements raft.SnapshotStore.
func (s snapshots) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	for _, one := range s.disk.snaps {
		if one.meta.ID == id {
			meta := one.meta
			return &meta, io.NopCloser(bytes.NewReader(one.data)), nil
		}
	}
	return nil, nil, fmt.Errorf("no snapshot %s", id)
}

// newer orders snapshots as files are: by term, then by index.
func newer(a, b raft.SnapshotMeta) bool {
	return a.Term > b.Term || a.Term == b.Term && a.Index > b.Index
}

// sink is a snapshot being written: it is there when it is closed, or not at all.
type sink struct {
	*handle
	saved *saved
	over  bool
}

// ID implements raft.SnapshotSink.
func (s *sink) ID() string { return s.saved.meta.ID }

// Write implements raft.SnapshotSink.
func (s *sink) Write(p []byte) (int, error) {
	if err := s.wait(); err != nil {
		return 0, err
	}
	s.saved.data = append(s.saved.data, p...)
	return len(p), nil
}

// Cancel implements raft.SnapshotSink.
func (s *sink) Cancel() error {
	s.over = true
	return nil
}

// Close implements raft.SnapshotSink.
func (s *sink) Close() error {
	if s.over {
		return nil
	}
	s.over = true
	s.saved.meta.Size = int64(len(s.saved.data))
	d := s.disk
	return s.transact(0, 0, func() func() {
		before := d.snaps
		after := append([]*saved{}, before...)
		at := 0
		for at < len(after) && newer(after[at].meta, s.saved.meta) {
			at++
		}
		after = append(after[:at], append([]*saved{s.saved}, after[at:]...)...)
		d.snaps = after[:min(len(after), snapshotsKept)]
		return func() { d.snaps = before }
	})
}
