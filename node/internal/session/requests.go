package session

import (
	"context"

	"tvilling/node/internal/timing"
	"tvilling/protocol"
)

// Requests counts what browsers asked since the start. What failed is what this node
// could not do: what the gate refuses was answered, and who went away is not counted.
type Requests struct {
	Open timing.Count // a patient
	Show timing.Count // what was chosen
	Body timing.Count // a document

	Trend    timing.Count // the values of an analysis
	Take     timing.Count // to take what is shown off the screen
	Feedback timing.Count // to be heard
}

// Requests returns what is counted; it goes on counting.
func (s *Service) Requests() *Requests { return &s.requests }

// own reports whether a fault is the node's own, and not an answer.
func own(f protocol.Fault) bool {
	switch f {
	case protocol.FaultNoQuorum, protocol.FaultBehind, protocol.FaultBusy, protocol.FaultInternal:
		return true
	}
	return false
}

// settle counts how what was asked went.
func settle(ctx context.Context, c *timing.Count, got outcome) {
	if ctx.Err() == nil && own(got.fault) {
		c.Fail()
	}
}
