package cluster

import "errors"

// Errors that callers tell apart.
var (
	// ErrNoQuorum: no leader that can commit was found in time. Nothing was written.
	ErrNoQuorum = errors.New("no leader with a quorum")
	// ErrUnknown: the time was out while a write was under way. It may have been
	// made or not; proposing it again with the same intent is safe and tells.
	ErrUnknown = errors.New("outcome unknown")
	// ErrTooLarge: the commands do not fit into one entry. Nothing was written.
	ErrTooLarge = errors.New("proposal too large")
	// ErrRefused: the state machine did not take the entry. The node that says so ends.
	ErrRefused = errors.New("entry refused by the state machine")
	// ErrClosed: this node is going down. Nothing was written.
	ErrClosed = errors.New("cluster closed")
	// ErrConfig: the configuration cannot be used.
	ErrConfig = errors.New("cluster configuration")
	// ErrForeignState: the state machine and the log do not belong together.
	ErrForeignState = errors.New("state machine and log do not belong together")

	// ErrTransfer: leadership was not moved; the text says why.
	ErrTransfer = errors.New("leadership not transferred")
	// ErrNotCaughtUp: the one who should lead lacks entries.
	ErrNotCaughtUp = errors.New("not caught up")
	// ErrCosign: a statement about the access log was not signed; the text says why.
	ErrCosign = errors.New("statement not cosigned")

	// ErrGeneration: the file that says which generation a log is of cannot be used.
	ErrGeneration = errors.New("generation of the log")
	// ErrSuperseded ends a node: the cluster goes on in a later generation without its
	// log. At the next start it sets that aside and joins.
	ErrSuperseded = errors.New("superseded by a later generation")

	// ErrStalled ends a node: something stands still that must not.
	ErrStalled = errors.New("stalled")
	// ErrStorage ends a node: the log could not be written.
	ErrStorage = errors.New("log storage failed")

	// ErrPeer: a connection did not come from, or lead to, who it should.
	ErrPeer = errors.New("peer refused")
	// ErrUnreachable: a peer did not answer.
	ErrUnreachable = errors.New("peer unreachable")
)

// How one attempt to propose may go wrong and be tried again.
var (
	errNotLeader = errors.New("not the leader") // certainly not written
	errNotSent   = errors.New("not sent")       // certainly not written
	errLost      = errors.New("answer lost")    // perhaps written
)
