// Package raftfsm is the replicated state machine: the records, the security
// projections and the access log, as every node holds them.
//
// It owns what commands do to the state, and the form in which the state is kept. It
// applies the entries of the log in order, each a function of the entry and the state
// and of nothing else: no clock, no randomness, no environment, no order of a map, no
// goroutine, no network, no policy and no key. It must never know a server, decide who
// may see what, or call anybody: what comes out is pulled, as a View of the state or
// from the Feed of its changes.
//
//	raft ──ApplyBatch──▶ decode ─▶ one transaction: commands, index, running sum ─▶ commit
//	                                                                                 │
//	        Feed ◀─ changes ─ published, never blocking ◀────────────────────────────┤
//	        WaitApplied ◀─ woken ◀───────────────────────────────────────────────────┘
//
// The access log has a Merkle tree, that of golang.org/x/mod/sumdb/tlog, grown with each
// entry in the transaction that adds it. A leaf commits to where the entry stands, whom
// it is about, and, by the entry's Commitment, to what it says (LeafData); so the tree
// needs no key, is the same on a witness, and outlives the keys. Only the hashes above
// the leaves are kept: the leaves' are made anew from the log's rows. The root is made
// when a View is asked for it, from no more hashes than the size has bits. What is said
// of the tree in a signed Checkpoint is kept only if it is true.
//
// Goroutines: the package starts none. Raft's own calls Apply, ApplyBatch, Snapshot
// and Restore, one at a time; Persist runs beside them; everything else may be called
// from anywhere.
//
// An entry that cannot be understood (an unknown kind, version or level, bytes that
// are none) ends the state machine: Err is set and Done closed, nothing of the entry
// is applied, and nothing after it. To skip it would be to differ from the replicas
// that know it.
package raftfsm
