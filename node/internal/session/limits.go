package session

import (
	"time"

	"tvilling/node/internal/access"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// Limits of the sessions of a node. What happens at each is said beside it.
type Limits struct {
	Sessions      int // at once on this node, of browsers that are known: one more is ErrFull, CloseMoving
	Strangers     int // at once, beside them, of browsers that have neither a certificate nor been greeted: one more is ErrStrangers, CloseMoving
	InFlight      int // requests of one session that wait: one more is refused with FaultBusy
	FramesPerSec  int // frames from one browser: beyond, the reader waits and TCP holds the sender
	FramesAtOnce  int // of them at once
	QueueBytes    int // responses waiting for a slow reader: then Reads are refused with FaultBusy
	NodeBytes     int // the same for all sessions together: from three quarters Shows and Reads are refused with FaultBusy, at the whole whoever queues more is closed with CloseSlow
	ViewDocuments int // documents in one view: more is refused with FaultTooMany
	DirtyKeys     int // changed documents waiting for a slow reader: more becomes a comparison of everything
}

// DefaultLimits returns the limits that a node uses.
func DefaultLimits() Limits {
	return Limits{
		Sessions:      4000,
		Strangers:     256,
		InFlight:      32,
		FramesPerSec:  400,
		FramesAtOnce:  400,
		QueueBytes:    1 << 20,
		NodeBytes:     512 << 20,
		ViewDocuments: protocol.MaxViewDocuments,
		DirtyKeys:     5000,
	}
}

// Times of a session. What happens when each is out is said beside it.
const (
	beatEvery      = 2 * time.Second         // a heartbeat, while a leader is heard
	lease          = 8 * time.Second         // what a leader's word is good for; without one for so long: CloseNoLeader
	beatWithin     = 2 * time.Second         // a heartbeat not taken by the socket: CloseSlow. It ends the lease that much later at most
	leaderWithin   = 1500 * time.Millisecond // a leader not heard for so long is not heard
	silenceLimit   = 4 * beatEvery           // nothing from the browser: CloseSlow
	helloWithin    = 3 * time.Second         // no Hello: CloseSlow
	catchUpWithin  = 2 * time.Second         // the node is behind the browser's position: CloseBehind
	ackWithin      = 2 * time.Second         // a Revoke not acknowledged: recorded, CloseNoAck
	recordWithin   = 5 * time.Second         // a record not committed: FaultNoQuorum
	repeatAfter    = 100 * time.Millisecond  // before a proposal that failed is repeated, with the same intent
	applyWithin    = 5 * time.Second         // a committed record not applied here: FaultBehind
	writeWithin    = 10 * time.Second        // one frame not taken by the socket: CloseSlow
	retryDecision  = time.Second             // before a decision that ran out but still stands is looked at again
	longestWait    = time.Minute             // a decision is looked at again, however long it holds
	lastWords      = time.Second             // what is queued may still leave before a close
	engagedWithin  = 8 * time.Second         // the unit's own system does not answer: whether there is a care engagement is unknown
	engageAfter    = 47 * time.Second        // it is asked again while the patient is open, at most engageJitter sooner
	engageJitter   = 4 * time.Second         //
	engageAgain    = 2 * time.Second         // before it is asked again when it did not answer
	followWithin   = 20 * time.Second        // a report or a review not done: FaultBusy
	lookEvery      = 5 * time.Second         // what says who one is is looked at again: CloseSession where it does so no more
	handOverWithin = 2 * time.Second         // a hand-over not recorded: FaultHandOver
	sayAgainAfter  = 5 * time.Second         // a sign-out that was not recorded: the log is asked again
	outlookFor     = time.Second             // what a look at the feeds and the coverage is good for
	searchWithin   = 5 * time.Second         // no place among those who look through documents: FaultBusy
	trendWithin    = 2 * time.Second         // a search for the values of an analysis: what was found by then, and there is more
	sourcesEvery   = 10 * time.Second        // how fresh the view is, is looked at again
	directFor      = time.Minute             // a source that answered whole so long ago at most: read from it just now
	inStepFor      = 24 * time.Hour          // the same, at most: the mirror is in step with it. Longer: not known
)

const (
	trendDocuments  = 20_000   // documents that one such search reads at most, the newest first: then there is more
	trendBytes      = 64 << 20 // the same, of bytes
	trendAnew       = 8        // of them that changed meanwhile and are read anew: more is refused with FaultBusy
	searchesAtOnce  = 8        // on a node: one more waits searchWithin
	feedbackPerHour = 5        // of one session: one more is refused with FaultBusy

	windowsOfOne  = 32      // streams of one session on a node: one more is ErrWindows
	maxUnsaid     = 4096    // sign-outs that wait for the log: one more does not hold on this node either, and its user is told
	decideTries   = 5       // decisions that went stale before FaultBusy
	waitingActs   = 16      // acts queued behind one that waits: one more is refused with FaultBusy
	maxGeneration = 1 << 31 // that a browser may begin: it counts up from 1, and so does a Revoke. Beyond: CloseMalformed
	batchItems    = 500     // headers, and removed keys, in one Chunk or Batch
	batchBytes    = 64 << 10
	queueCeiling  = 64 << 20 // bytes queued for one browser, snapshot included: CloseSlow
	beside        = 3        // what may wait beside Limits.InFlight: an act, a care engagement, a report

	maxName        = 200     // bytes of a name in the record: a longer one is cut
	coverageBytes  = 32      // that a row of the coverage table takes beside its texts
	resourceBytes  = 8       // that an owner takes beside its ids
	entryResources = 4 << 10 // bytes of owners in one entry: more come in another
)

// What must hold between the limits, checked by the compiler.
const (
	_ = uint(lease - 3*beatEvery)                                                                                               // a lost heartbeat does not blank a screen
	_ = uint(beatEvery - leaderWithin)                                                                                          // a heartbeat never rests on a leader heard before the last one
	_ = uint(protocol.MaxChunkItems - batchItems)                                                                               // the browser takes every batch
	_ = uint(protocol.MaxChunkBytes - batchBytes)                                                                               //
	_ = uint(protocol.MaxRevokedKeys - batchItems)                                                                              //
	_ = uint(access.EngagementFor*protocol.Instant(time.Millisecond) - protocol.Instant(engageAfter+engagedWithin+engageAgain)) // an answer is renewed before it is too old
	_ = uint(command.MaxSealedLog - entryResources - 5*maxName - protocol.MaxReasonBytes - 1024)                                // every entry can be kept
)
