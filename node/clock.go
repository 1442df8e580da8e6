package node

import (
	"errors"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/cluster"
	"tvilling/node/internal/health"
)

// What the gate holds for known of another clock's time covers two clocks at the opposite
// ends of what is not wrong, and what a question between them may take. Checked by the
// compiler.
const _ = uint(time.Duration(access.MaxClockSkew)*time.Millisecond - 2*cluster.MaxClockOff - 5*time.Second)

// clockHolds tells of this node's clock, and of clocks that differ while nobody can say
// which are wrong: that is no better elsewhere.
func (n *Node) clockHolds() error {
	err := n.cluster.Clock().Err()
	if errors.Is(err, cluster.ErrClock) {
		return err
	}
	return health.Warn(err)
}

// clockTrusted says why nothing may be decided by this node's clock; nil: it may.
func (n *Node) clockTrusted() error {
	if err := n.cluster.Clock().Err(); errors.Is(err, cluster.ErrClock) {
		return err
	}
	return nil
}
