// Package proof is what lets one trust the access log without trusting who keeps it:
// checkpoints of its tree that nodes of every site and the witness sign, and the pages
// and proofs that are taken out to be verified elsewhere.
//
// A node signs what it has looked at in its own copy of the log, and never two things
// that contradict each other: what it signed last is kept beside its data, synced
// before the signature leaves, and the log that it holds must begin with that. A
// witness signs as the others do; it needs no keys to the entries for it.
//
// It owns the node's signing key and the memory of what was signed. It must never sign
// what it has not compared, and never hand out an entry before that is in the log.
package proof
