package session

import (
	"errors"
	"sync/atomic"
)

// errCrowded: more is queued for all browsers together than may be.
var errCrowded = errors.New("session: the node holds too much for browsers that do not keep up")

// budget is the bytes that wait for all browsers of a node, frames under way included.
type budget struct {
	held  atomic.Int64
	limit int64
}

func (b *budget) take(bytes int) bool {
	if b.held.Add(int64(bytes)) <= b.limit {
		return true
	}
	b.held.Add(-int64(bytes))
	return false
}

func (b *budget) give(bytes int) { b.held.Add(-int64(bytes)) }

// tight reports whether no more should be asked for: what is left is for the views
// that are shown already.
func (b *budget) tight() bool { return b.held.Load() > b.limit/4*3 }
