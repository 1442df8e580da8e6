package cluster

import (
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/raft"
)

// errLate is a snapshot that comes after what follows upon it.
var errLate = errors.New("a snapshot that came late: the log has gone on from it under the same leader")

// lateReader is a snapshot's content, which is not begun where it came late.
//
// A leader that has had no answer sends its snapshot again, on another connection. If the
// first one was delayed, and not lost, it arrives after the entries that follow upon the
// second, which were acknowledged and may be committed; raft would remove them to install
// it. An entry of the leader's own term shows that the log up to there is the leader's:
// who has one beyond the snapshot needs no snapshot of that leader. The look is taken when
// raft begins to read, between two other messages: not earlier, when some may be under way.
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
	var entry raft.Log
	if err := logs.GetLog(last, &entry); err != nil || entry.Term != request.Term {
		return nil
	}
	return fmt.Errorf("%w: it reaches to %d, the log to %d", errLate, request.LastLogIndex, last)
}
