package cluster

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/node/internal/timing"
)

// watchedStore stands between raft and its log. A write that fails or takes too long
// ends the node: raft never hears of it, because a write that was given up may still
// be made, and because a leader with a hung disk goes on sending heartbeats and is
// never replaced.
type watchedStore struct {
	logs   raft.LogStore
	stable raft.StableStore
	limit  time.Duration
	fail   func(error)   // silences the node; returns at once
	snap   func() uint64 // index of the last snapshot

	recent   recentLogs
	broken   atomic.Bool
	released chan struct{} // closed when the node is being closed
	release  sync.Once
	writes   timing.Histogram
	written  atomic.Int64 // when a write last succeeded, nanoseconds of Unix time
}

func newWatchedStore(logs raft.LogStore, stable raft.StableStore, limit time.Duration, fail func(error), snap func() uint64) *watchedStore {
	return &watchedStore{logs: logs, stable: stable, limit: limit, fail: fail, snap: snap, released: make(chan struct{})}
}

// guard makes one write. It returns nil or, once the node is being closed, an error;
// a write that went wrong before that does not return.
func (s *watchedStore) guard(what string, write func() error) error {
	started := time.Now()
	var done atomic.Bool
	hangs := func() {
		if !done.Load() {
			s.broken.Store(true)
			s.fail(fmt.Errorf("%w: writing %s takes longer than %v", ErrStalled, what, s.limit))
		}
	}
	timer := time.AfterFunc(s.limit, func() {
		if slept(started, s.limit, time.Now()) {
			time.AfterFunc(s.limit, hangs)
			return
		}
		hangs()
	})
	err := write()
	done.Store(true)
	timer.Stop()
	s.writes.Observe(time.Since(started))
	if err != nil {
		s.broken.Store(true)
		s.fail(fmt.Errorf("%w: writing %s: %w", ErrStorage, what, err))
	}
	if !s.broken.Load() {
		s.written.Store(time.Now().UnixNano())
		return nil
	}
	<-s.released
	return ErrClosed
}

// slept tells, when a limit is noticed, that it is noticed late: the process was paused
// meanwhile, and the disk may have had no time of its own.
func slept(started time.Time, limit time.Duration, now time.Time) bool {
	return now.Sub(started) > limit+pausedFor
}

// lastWrite is when a write last succeeded.
func (s *watchedStore) lastWrite() time.Time { return time.Unix(0, s.written.Load()) }

// Release lets go of raft where it waits on a broken store.
func (s *watchedStore) Release() { s.release.Do(func() { close(s.released) }) }

// IsMonotonic makes raft remove its log when a snapshot is installed: what would be
// left of an uncommitted tail makes it install snapshots for ever.
func (s *watchedStore) IsMonotonic() bool { return true }

// FirstIndex implements raft.LogStore.
func (s *watchedStore) FirstIndex() (uint64, error) { return s.logs.FirstIndex() }

// LastIndex implements raft.LogStore.
func (s *watchedStore) LastIndex() (uint64, error) { return s.logs.LastIndex() }

// GetLog implements raft.LogStore.
func (s *watchedStore) GetLog(index uint64, log *raft.Log) error {
	if s.recent.get(index, log) {
		return nil
	}
	return s.logs.GetLog(index, log)
}

// StoreLog implements raft.LogStore.
func (s *watchedStore) StoreLog(log *raft.Log) error { return s.StoreLogs([]*raft.Log{log}) }

// StoreLogs implements raft.LogStore.
func (s *watchedStore) StoreLogs(logs []*raft.Log) error {
	if err := s.guard("log entries", func() error { return s.logs.StoreLogs(logs) }); err != nil {
		return err
	}
	s.recent.add(logs)
	return nil
}

// DeleteRange implements raft.LogStore. It removes a piece at a time, so that appends
// get in between, and in the order that leaves no hole wherever it is interrupted: a
// head from below, a tail or everything from above.
func (s *watchedStore) DeleteRange(first, last uint64) error {
	s.recent.clear()
	end, err := s.logs.LastIndex()
	if err != nil {
		return fmt.Errorf("removing log entries: %w", err)
	}
	remove := func(from, to uint64) error {
		return s.guard("the removal of log entries", func() error { return s.logs.DeleteRange(from, to) })
	}
	if last < end {
		for from := first; from <= last; from += deleteChunk {
			if err := remove(from, min(last, from+deleteChunk-1)); err != nil {
				return err
			}
		}
		return nil
	}
	for to := last; to >= first; {
		from := first
		if to-first >= deleteChunk {
			from = to - deleteChunk + 1
		}
		if err := remove(from, to); err != nil {
			return err
		}
		if from == first { // which is zero where raft compacts a log that is empty: there is nothing below
			break
		}
		to = from - 1
	}
	s.checkTail(first, end)
	return nil
}

// checkTail ends the node when a snapshot has replaced a log that reached further:
// raft has removed the entries and still counts with them, refuses what follows on
// the snapshot and is sent it again, for ever; or, where the log began right after the
// snapshot, votes and answers for entries that it has no more. After a start it counts
// anew. A whole log that is cut off because it was another leader's looks the same.
func (s *watchedStore) checkTail(first, end uint64) {
	left, err := s.logs.LastIndex()
	if snap := s.snap(); err == nil && left == 0 && snap > 0 && first <= snap+1 && snap < end {
		s.broken.Store(true)
		s.fail(fmt.Errorf("%w: a snapshot at index %d has replaced a log up to %d; start again", ErrStalled, snap, end))
	}
}

// Set implements raft.StableStore.
func (s *watchedStore) Set(key, value []byte) error {
	return s.guard("the vote", func() error { return s.stable.Set(key, value) })
}

// Get implements raft.StableStore.
func (s *watchedStore) Get(key []byte) ([]byte, error) { return s.stable.Get(key) }

// SetUint64 implements raft.StableStore. Raft panics when a term cannot be written;
// in a node that is being closed its goroutine ends instead.
func (s *watchedStore) SetUint64(key []byte, value uint64) error {
	err := s.guard("the term", func() error { return s.stable.SetUint64(key, value) })
	if err != nil {
		runtime.Goexit()
	}
	return nil
}

// GetUint64 implements raft.StableStore.
func (s *watchedStore) GetUint64(key []byte) (uint64, error) { return s.stable.GetUint64(key) }

// recentLogs keeps the end of the log in memory, bounded in bytes: a leader reads
// each entry once for every follower.
type recentLogs struct {
	mu    sync.RWMutex
	logs  []*raft.Log // consecutive
	bytes int
}

func (r *recentLogs) get(index uint64, log *raft.Log) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.logs) == 0 || index < r.logs[0].Index {
		return false
	}
	at := index - r.logs[0].Index
	if at >= uint64(len(r.logs)) {
		return false
	}
	*log = *r.logs[at]
	return true
}

func (r *recentLogs) add(logs []*raft.Log) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, log := range logs {
		if n := len(r.logs); n > 0 && r.logs[n-1].Index+1 != log.Index {
			r.logs, r.bytes = nil, 0
		}
		r.logs = append(r.logs, log)
		r.bytes += len(log.Data)
	}
	for len(r.logs) > maxRecentLogs || r.bytes > maxRecentBytes && len(r.logs) > 0 {
		r.bytes -= len(r.logs[0].Data)
		r.logs[0] = nil
		r.logs = r.logs[1:]
	}
}

func (r *recentLogs) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs, r.bytes = nil, 0
}
