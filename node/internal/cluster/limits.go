package cluster

import (
	"time"

	"tvilling/raftfsm/command"
)

// Limits, each with what happens at it.
const (
	MaxProposalBytes    = command.MaxCommandBytes // encoded commands of one Propose: more is ErrTooLarge. A document's largest body fits
	MaxProposalCommands = command.MaxCommands     // commands of one Propose: more is ErrTooLarge
	maxEntryBytes       = 512 << 10               // commands of several proposals in one entry; a larger proposal has an entry of its own
	maxEntryCommands    = 256                     // the same by number
	maxEntriesInFlight  = 1                       // entries handed to raft and not answered: the batcher waits, and batches grow. An entry costs every node two syncs: one large costs less than two that do not wait
	lingerFrom          = 8                       // proposals in the entry before, from which on the next one waits for more: 64 senders cost the nodes some 6 % less CPU for it, 16 openers wait a millisecond or two longer
	lingerStep          = 600 * time.Microsecond  // without a new proposal: then it waits no more
	lingerSteps         = 12                      // that it waits at most: then it takes what there is
	maxQueued           = 4096                    // proposals waiting for the batcher: the next ones wait outside, until their time is out
	maxQueuedBytes      = 16 << 20                // the same by size

	maxCallBytes       = MaxProposalBytes + 64<<10 // one frame of a peer call: more closes the connection
	maxStatusBytes     = 16 << 10                  // an answer to Status: more is an error
	maxStatementBytes  = 4 << 10                   // a statement to be cosigned, and its signature: more is an error
	cosignLimit        = 3 * time.Second           // for a member to cosign: then it has not
	maxErrorBytes      = 512                       // text of an error in an answer: the rest is cut off
	maxCallsPerLink    = 512                       // calls being answered on one connection: the next is read when one is done
	maxLinkQueue       = 64                        // frames waiting to be written on one connection: the caller waits
	maxFromStranger    = 8                         // connections from one address, no member's, that have not shown who they are: the next is closed
	maxStrangers       = 64                        // the same from all such addresses
	maxFromMember      = 64                        // the same from one address that is a member's, counted by themselves
	maxMemberAddresses = 1024                      // addresses that members' names have had: a newer one is a stranger's
	lookupEvery        = 30 * time.Second          // between two lookups of members' names
	lookupLimit        = 5 * time.Second           // for one of them: then what it was before holds
	handshakeLimit     = 2 * time.Second           // for a connection to show who it is: then it is closed. A dialler waits no longer either
	dialLimit          = 2 * time.Second           // for reaching a peer
	renewEvery         = time.Second               // new certificates are looked for
	renewWithin        = 5 * time.Second           // for connections that were made with other certificates to go
	connLife           = 12 * time.Hour            // of a connection between members: then who is there shows who it is again
	memberLimit        = time.Second               // for a member to tell its status: then it is unreachable
	statusEvery        = time.Second               // how often a leader asks its followers how far they are
	clockEvery         = 2 * time.Second           // how often a node asks for the others' clocks; each askEvery while it knows too few
	clockLasts         = 20 * time.Second          // for what was heard of a clock: later, nobody knows
	pulseEvery         = 50 * time.Millisecond     // how often a node looks whether it gets on with the log
	closeLimit         = 5 * time.Second           // for raft to stop: then its files are left open, the process ends anyway
	attemptLimit       = 2 * time.Second           // for one attempt to propose: then it is made again, by the same intent
	enqueueLimit       = time.Second               // for raft to take an entry: then it was not taken
	transferLimit      = 3 * time.Second           // for leadership to arrive where it was sent
	handoverPause      = 50 * time.Millisecond     // before a witness looks again for whom to hand over to
	retryFloor         = 5 * time.Millisecond      // between two attempts to propose, doubled each time
	retryCeiling       = 100 * time.Millisecond    // up to this
	maxTransferLag     = 64                        // entries that a caught-up follower may lack: more refuses the transfer
	refusalLogEvery    = time.Second               // one line in the log about refused connections, with the number unsaid
	snapshotsKept      = 2                         // snapshots on disk; older ones are removed
	maxTransportConns  = 3                         // pooled raft connections to each peer
	maxRecentLogs      = 4096                      // entries kept in memory; older ones are read from disk
	maxRecentBytes     = 64 << 20                  // the same by size
	maxAppendEntries   = 512                       // entries in one message between rafts
	maxAppendBytes     = 8 << 20                   // the same by size, give or take one entry: the rest comes in the next
	deleteChunk        = 4096                      // log entries removed in one transaction, so that appends get in between
	askLimit           = time.Second               // for the other members to say of which generation they are, at a start
	askEvery           = 200 * time.Millisecond    // between two rounds of that
	claimSpan          = time.Second               // between two greetings of a later generation that bear it out: its leader commits a canary each second
	claimLasts         = 30 * time.Second          // from one greeting to the next: later, the claim begins anew
	claimLimit         = 5 * time.Second           // that a start waits for a later generation to be borne out: then it goes on in its own
	supersededAfter    = 3 * time.Second           // that our own generation has shown no life before a later one is believed
	pausedFor          = time.Second               // without a tick of its own: then this process was paused
	settledWithin      = 2 * time.Second           // a leader heard longer ago is not told of
	lookEvery          = 100 * time.Millisecond    // a member that joins looks whether it has been taken in
	learnFor           = 3 * time.Second           // that a member follows at least before it votes
	changeLimit        = 5 * time.Second           // for a change of who votes
	foundLogEvery      = 50                        // rounds from one line in the log about who is waited for to the next
	rivalLogEvery      = 10 * time.Second          // one line in the log about another generation that this one lives beside
	notifyBacklog      = 8                         // changes of leadership not yet seen by the watcher; raft waits then
)

// What must hold between them, checked by the compiler.
const (
	_ = uint(MaxProposalBytes - maxEntryBytes)
	_ = uint(MaxProposalCommands - maxEntryCommands)
	_ = uint(maxEntryCommands - MaxProposalCommands)
	_ = uint(maxQueuedBytes - 2*MaxProposalBytes)
	_ = uint(maxCallBytes - MaxProposalBytes - 16*MaxProposalCommands - 64)
	_ = uint(retryCeiling - retryFloor)
	_ = uint(dialLimit - handshakeLimit) // a peer that was given up does not hold a place
)

// Tuning is what a test or an operator may turn. Zero fields have the default.
type Tuning struct {
	Heartbeat         time.Duration // heartbeat and election timeouts; twice that for a witness, the last to stand
	Lease             time.Duration // a leader without a quorum for this long steps down
	CommitTimeout     time.Duration // how soon an idle follower learns of a commit
	TransportTimeout  time.Duration // one message between rafts
	TrailingLogs      uint64        // entries kept behind a snapshot
	SnapshotThreshold uint64        // entries since the last snapshot that make a new one due
	SnapshotInterval  time.Duration // how often that is looked at
	StoreLimit        time.Duration // one write to the log: slower ends the node
	ProposeLimit      time.Duration // longest that Propose tries
	CanaryEvery       time.Duration // a leader shows that it can commit
	CanaryLimit       time.Duration // a leader that has not for this long ends itself
	ProgressLimit     time.Duration // a follower that is there and stands still for this long makes the leader give way
	HandoverLimit     time.Duration // a witness that cannot get rid of leadership for this long ends itself
}

// withDefaults fills what was left out.
func (t Tuning) withDefaults() Tuning {
	set := func(field *time.Duration, value time.Duration) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&t.Heartbeat, 400*time.Millisecond) // a lost leader is noticed within three of them: the first may fall just before it is due
	set(&t.Lease, t.Heartbeat*5/8)
	set(&t.CommitTimeout, 10*time.Millisecond)
	set(&t.TransportTimeout, 2500*time.Millisecond)
	set(&t.SnapshotInterval, 30*time.Second)
	set(&t.StoreLimit, 2*time.Second)
	set(&t.ProposeLimit, 5*time.Second)
	set(&t.CanaryEvery, time.Second)
	set(&t.CanaryLimit, 10*time.Second)
	set(&t.ProgressLimit, 30*time.Second)
	set(&t.HandoverLimit, 30*time.Second)
	if t.TrailingLogs == 0 {
		t.TrailingLogs = 50_000
	}
	if t.SnapshotThreshold == 0 {
		t.SnapshotThreshold = 50_000
	}
	return t
}
