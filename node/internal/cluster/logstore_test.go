package cluster

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

// The one who leads hangs or fails in a write: it falls silent and ends, the others
// elect another, and no acknowledged write is lost.
func TestALeaderWithABadDiskEnds(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*faultyStore)
		want  error
	}{
		"hangs": {(*faultyStore).stall, ErrStalled},
		"fails": {func(s *faultyStore) { s.break_(errors.New("input/output error")) }, ErrStorage},
	} {
		t.Run(name, func(t *testing.T) {
			within(t, three, func(w *world) {
				l := w.lead("a1")
				w.propose(l, event())
				c.spoil(l.store)
				bad := time.Now()
				e := event()
				answer := make(chan error, 1)
				go func() {
					_, err := l.Propose(context.Background(), e)
					answer <- err
				}()
				if err := <-l.run; !errors.Is(err, c.want) {
					t.Errorf("Run: %v", err)
				}
				if took := time.Since(bad); took > l.cfg.Tuning.StoreLimit+2*l.cfg.Tuning.CanaryEvery {
					t.Errorf("ended after %v", took)
				}
				ended := time.Now()
				if err := <-answer; !errors.Is(err, ErrUnknown) || time.Since(ended) > 100*time.Millisecond {
					t.Errorf("the write under way: %v, %v after the end", err, time.Since(ended))
				}
				if _, err := l.Propose(context.Background(), event()); !errors.Is(err, ErrClosed) || time.Since(ended) > 100*time.Millisecond {
					t.Errorf("a further write: %v, %v after the end", err, time.Since(ended))
				}
				w.propose(w.leader("a1"), event())
				if took := time.Since(bad); took > 6*time.Second {
					t.Errorf("writable again after %v", took)
				}
			})
		})
	}
}

func TestAFollowerWithABadDiskEndsAlone(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		w.nodes["b1"].store.stall()
		w.propose(l, event())
		if err := <-w.nodes["b1"].run; !errors.Is(err, ErrStalled) {
			t.Errorf("Run: %v", err)
		}
		w.propose(l, event())
		if !l.IsLeader() {
			t.Error("the leader gave way")
		}
	})
}

// A write that ends after it was given up must not be heard of: the node is silent.
func TestALateWriteIsNotReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newFaultyStore()
		failed := make(chan error, 9)
		s := newWatchedStore(inner, inner, time.Second, func(err error) { failed <- err }, func() uint64 { return 0 })
		inner.stall()
		returned := make(chan error, 1)
		go func() { returned <- s.StoreLog(&raft.Log{Index: 1}) }()
		time.Sleep(time.Second + time.Millisecond)
		if err := <-failed; !errors.Is(err, ErrStalled) {
			t.Fatal(err)
		}
		inner.heal()
		synctest.Wait()
		if last, _ := inner.LastIndex(); last != 1 {
			t.Fatal("the write was not made")
		}
		select {
		case err := <-returned:
			t.Fatalf("raft was told: %v", err)
		default:
		}
		go func() { returned <- s.Set([]byte("k"), nil) }() // and no later one gets through
		synctest.Wait()
		select {
		case err := <-returned:
			t.Fatalf("raft was told of a later one: %v", err)
		default:
		}
		s.Release()
		for range 2 {
			if err := <-returned; !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
		}
	})
}

func TestOpenWithABadDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, topology: topologyOf("a1"), nodes: map[string]*node{}}
		for _, spoil := range []func(*faultyStore){(*faultyStore).stall, func(s *faultyStore) { s.break_(errors.New("full")) }} {
			n := &node{store: newFaultyStore(), snaps: raft.NewInmemSnapshotStore()}
			spoil(n.store)
			cfg := Config{Topology: w.topology, Self: "a1", Alone: true, Storage: &Storage{Logs: n.store, Stable: n.store, Snapshots: n.snaps}}
			if _, err := Open(cfg, newMachine()); !errors.Is(err, ErrStalled) && !errors.Is(err, ErrStorage) {
				t.Errorf("got %v", err)
			}
			n.store.heal()
			synctest.Wait()
		}
	})
}

// recordingStore notes what is removed.
type recordingStore struct {
	*raft.InmemStore
	removed [][2]uint64
}

func (s *recordingStore) DeleteRange(first, last uint64) error {
	s.removed = append(s.removed, [2]uint64{first, last})
	return s.InmemStore.DeleteRange(first, last)
}

func TestRemovalLeavesNoHole(t *testing.T) {
	const c = deleteChunk
	for name, test := range map[string]struct {
		first, last uint64
		want        [][2]uint64
	}{
		"a head, from below":      {1, 2*c + 5, [][2]uint64{{1, c}, {c + 1, 2 * c}, {2*c + 1, 2*c + 5}}},
		"a tail, from above":      {c, 3 * c, [][2]uint64{{2*c + 1, 3 * c}, {c + 1, 2 * c}, {c, c}}},
		"everything, from above":  {1, 3 * c, [][2]uint64{{2*c + 1, 3 * c}, {c + 1, 2 * c}, {1, c}}},
		"one":                     {3 * c, 3 * c, [][2]uint64{{3 * c, 3 * c}}},
		"the first alone":         {1, 1, [][2]uint64{{1, 1}}},
		"more than there is":      {2 * c, 4 * c, [][2]uint64{{3*c + 1, 4 * c}, {2*c + 1, 3 * c}, {2 * c, 2 * c}}},
		"exactly two, from above": {c + 1, 3 * c, [][2]uint64{{2*c + 1, 3 * c}, {c + 1, 2 * c}}},
	} {
		inner := &recordingStore{InmemStore: raft.NewInmemStore()}
		var logs []*raft.Log
		for i := uint64(1); i <= 3*c; i++ {
			logs = append(logs, &raft.Log{Index: i})
		}
		s := newWatchedStore(inner, inner, time.Minute, func(error) {}, func() uint64 { return 0 })
		if err := s.StoreLogs(logs); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteRange(test.first, test.last); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, inner.removed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if err := s.GetLog(test.first, new(raft.Log)); !errors.Is(err, raft.ErrLogNotFound) {
			t.Errorf("%s: a removed entry is read: %v", name, err)
		}
	}
}

// Raft compacts from the first index there is, and an empty log has zero: a follower that
// has just got a snapshot and makes one of its own.
func TestRemovalFromAnEmptyLogEnds(t *testing.T) {
	inner := &recordingStore{InmemStore: raft.NewInmemStore()}
	s := newWatchedStore(inner, inner, time.Minute, func(error) {}, func() uint64 { return 0 })
	for _, last := range []uint64{0, 57, deleteChunk + 57} {
		if err := s.DeleteRange(0, last); err != nil {
			t.Fatal(err)
		}
	}
	if len(inner.removed) != 4 {
		t.Errorf("removed %v, want four pieces", inner.removed)
	}
}

// Raft goes on counting with entries that a snapshot has made it remove, also where its
// log began right after an earlier snapshot of the same index.
func TestALogThatReachedFurtherThanItsSnapshotEndsTheNode(t *testing.T) {
	for first := uint64(29); first <= 32; first++ {
		inner := raft.NewInmemStore()
		var ended error
		s := newWatchedStore(inner, inner, time.Minute, func(err error) { ended = err }, func() uint64 { return 30 })
		for i := first; i <= 44; i++ {
			if err := s.StoreLog(&raft.Log{Index: i}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.DeleteRange(first, 44); err != nil {
			t.Fatal(err)
		}
		if want := first <= 31; errors.Is(ended, ErrStalled) != want {
			t.Errorf("from %d: ended with %v, want an end: %t", first, ended, want)
		}
	}
}

func TestRecentLogs(t *testing.T) {
	var r recentLogs
	at := func(index uint64, size int) *raft.Log {
		return &raft.Log{Index: index, Data: make([]byte, size)}
	}
	var got raft.Log
	has := func(index uint64) bool { return r.get(index, &got) && got.Index == index }
	r.add([]*raft.Log{at(10, 1), at(11, 1)})
	if !has(10) || !has(11) || has(9) || has(12) {
		t.Error("what was added")
	}
	r.add([]*raft.Log{at(20, 1)}) // a gap: after a snapshot
	if has(10) || !has(20) {
		t.Error("after a gap")
	}
	r.add([]*raft.Log{at(20, 5)}) // overwritten
	if !has(20) || len(got.Data) != 5 {
		t.Error("overwritten")
	}
	for i := uint64(21); i < 21+maxRecentLogs; i++ {
		r.add([]*raft.Log{at(i, 1)})
	}
	if has(20) || !has(21) || len(r.logs) != maxRecentLogs {
		t.Errorf("%d kept", len(r.logs))
	}
	next := uint64(21 + maxRecentLogs)
	r.add([]*raft.Log{at(next, maxRecentBytes)})
	if !has(next) || len(r.logs) != 1 || r.bytes != maxRecentBytes {
		t.Errorf("%d kept, %d bytes", len(r.logs), r.bytes)
	}
	r.add([]*raft.Log{at(next+1, maxRecentBytes+1)})
	if len(r.logs) != 0 || r.bytes != 0 {
		t.Errorf("%d kept, %d bytes", len(r.logs), r.bytes)
	}
}

func TestMessagesAreBoundedInBytes(t *testing.T) {
	entries := func(sizes ...int) (logs []*raft.Log) {
		for _, n := range sizes {
			logs = append(logs, &raft.Log{Data: bytes.Repeat([]byte("x"), n)})
		}
		return logs
	}
	for _, c := range []struct {
		in   []*raft.Log
		want int
	}{
		{nil, 0},
		{entries(1, 2, 3), 3},
		{entries(maxAppendBytes, 1), 1},
		{entries(maxAppendBytes+1, 1), 1}, // at least one
		{entries(maxAppendBytes/2, maxAppendBytes/2, 1), 2},
	} {
		if got := len(bounded(c.in)); got != c.want {
			t.Errorf("%d of %d entries, want %d", got, len(c.in), c.want)
		}
	}
}

// The real store behaves as the wrapper needs it to.
func TestWatchedBolt(t *testing.T) {
	store, err := raftboltdb.New(raftboltdb.Options{Path: filepath.Join(t.TempDir(), "log.db"), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s := newWatchedStore(store, store, time.Minute, func(err error) { t.Error(err) }, func() uint64 { return 0 })
	if _, err := s.GetUint64([]byte("CurrentTerm")); err == nil || err.Error() != "not found" {
		t.Errorf("a term that is not there: %v", err) // raft compares the text
	}
	for i := uint64(1); i <= 100; i++ {
		if err := s.StoreLog(&raft.Log{Index: i, Data: []byte("d")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteRange(1, 60); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteRange(91, 100); err != nil {
		t.Fatal(err)
	}
	first, _ := s.FirstIndex()
	last, _ := s.LastIndex()
	if first != 61 || last != 90 {
		t.Errorf("%d to %d left", first, last)
	}
	if !s.IsMonotonic() {
		t.Error("not monotonic")
	}
}

// A follower that was away for too long gets a snapshot, once. With a stale tail in
// its log it has to be started again first: raft would be sent it for ever.
func TestSnapshots(t *testing.T) {
	tuning := Tuning{TrailingLogs: 10, SnapshotThreshold: 50, SnapshotInterval: 200 * time.Millisecond}
	for name, tail := range map[string]uint64{"no stale tail": 0, "a stale tail": 2000} {
		t.Run(name, func(t *testing.T) {
			withinTuned(t, tuning, three, func(w *world) {
				l := w.lead("a1")
				w.propose(l, event())
				w.level(l, w.nodes["b1"], w.nodes["w1"])
				w.stop("b1")
				for range 200 {
					w.propose(l, event())
					time.Sleep(10 * time.Millisecond)
				}
				w.until("the log is shortened", 10*time.Second, func() bool {
					first, _ := l.store.FirstIndex()
					return first > 20
				})
				store := w.nodes["b1"].store
				last, _ := store.LastIndex()
				for i := last + 1; i <= last+tail; i++ { // uncommitted, of an old term
					if err := store.StoreLog(&raft.Log{Index: i, Term: 1, Type: raft.LogNoop}); err != nil {
						t.Fatal(err)
					}
				}
				back := w.start("b1")
				if tail > 0 {
					if err := <-back.run; !errors.Is(err, ErrStalled) {
						t.Fatalf("Run: %v", err)
					}
					w.close1("b1")
					back.machine.usable = true
					back = w.start("b1")
				}
				w.propose(l, event())
				w.level(l, back)
				time.Sleep(5 * time.Second)
				if n := back.machine.restore.Load(); n > 1 || tail == 0 && n != 1 {
					t.Errorf("%d snapshots were restored", n)
				}
				if last := back.raft.LastIndex(); last > l.raft.LastIndex() {
					t.Errorf("a stale tail up to %d is left, the leader is at %d", last, l.raft.LastIndex())
				}
			})
		})
	}
}

// What a node starts from: its own file, or the last snapshot.
func TestStart(t *testing.T) {
	tuning := Tuning{TrailingLogs: 5, SnapshotThreshold: 20, SnapshotInterval: 100 * time.Millisecond}
	for name, c := range map[string]struct {
		spoil    func(m *machine)
		restores int64
		want     error
	}{
		"own file":                   {func(*machine) {}, 0, nil},
		"unusable":                   {func(m *machine) { m.usable = false }, 1, nil},
		"usable, behind a snapshot":  {func(m *machine) { m.state.Index = 3 }, 1, nil},
		"of a longer log than there": {func(m *machine) { m.state.Index = 1 << 40 }, 0, ErrForeignState},
	} {
		t.Run(name, func(t *testing.T) {
			withinTuned(t, tuning, []string{"a1"}, func(w *world) {
				n := w.leader()
				for range 100 {
					w.propose(n, event())
				}
				w.until("a snapshot", 10*time.Second, func() bool {
					list, _ := n.snaps.List()
					return len(list) > 0
				})
				order := n.machine.order()
				w.close1("a1")
				again := &node{machine: n.machine.clone(), store: n.store.restarted(), snaps: n.snaps, run: make(chan error, 1)}
				c.spoil(again.machine)
				cluster, err := Open(w.config("a1", again), again.machine)
				if !errors.Is(err, c.want) {
					t.Fatal(err)
				}
				if err != nil {
					return
				}
				again.Cluster = cluster
				w.nodes["a1"] = again
				w.leader()
				if got := again.machine.restore.Load(); got != c.restores {
					t.Errorf("%d restores, want %d", got, c.restores)
				}
				if diff := cmp.Diff(order, again.machine.order()); diff != "" {
					t.Errorf("state (-before +after):\n%s", diff)
				}
			})
		})
	}
}
