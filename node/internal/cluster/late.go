package cluster

import (
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/raft"
)

// errLate is a snapshot that comes after what follows upon it.
var errLate = errors.New("a snapshot that came late: the log has gone on from it")

// lateReader is a snapshot's content, which is not begun where it came late.
//
// A leader that has had no answer sends its snapshot again, on another connection. If the
// first one was delayed, and not lost, it arrives after the entries that follow upon the
// second, which were acknowledged and may be committed; raft would remove them to install
// it. A leader whose answers were lost may also send one to a member that is ahead of it.
//
// A log that holds the snapshot's last entry, or begins after it, agrees with the leader's
// up to there; one that ends in an entry of the leader's own term agrees up to its end. Who
// has more than the snapshot then needs none, and keeps what it has: the leader sends the
// next one when its own log has come further, or gives way to another, who finds the place.
// The look is taken when raft begins to read, between two other messages: not earlier,
// when some may be under way.
type lateReader struct {
	io.Reader
	begun bool
	late  func() error
}

func (r *lateReader) Read(b []byte) (int, error) {
	if !r.begun {
		r.begun = true
		if err := r.late(); err != nil {
			return 0, err
		}
	}
	return r.Reader.Read(b) // after an error too: raft reads the rest, so that the line can be used again
}

// late tells whether a snapshot comes late for a log.
func late(request *raft.InstallSnapshotRequest, logs raft.LogStore) error {
	last, err := logs.LastIndex()
	if err != nil || last <= request.LastLogIndex {
		return nil // raft itself meets the error
	}
	if !follows(request, logs, last) {
		return nil
	}
	return fmt.Errorf("%w: it reaches to %d, the log to %d", errLate, request.LastLogIndex, last)
}

// follows tells whether a log that reaches beyond a snapshot goes on from it.
func follows(request *raft.InstallSnapshotRequest, logs raft.LogStore, last uint64) bool {
	first, err := logs.FirstIndex()
	if err != nil {
		return false
	}
	if first > request.LastLogIndex {
		return true
	}
	var at, end raft.Log
	if err := logs.GetLog(request.LastLogIndex, &at); err == nil && at.Term == request.LastLogTerm {
		return true
	}
	return logs.GetLog(last, &end) == nil && end.Term == request.Term
}
