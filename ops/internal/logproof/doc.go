// Package logproof verifies what was taken out of an access log, with nothing but the
// file and the members' public keys: that it is what the cluster's nodes signed, whole
// and in order, that an entry is in it, or that a later log begins with an earlier one.
//
// It owns the reading of exported files. It must never ask a node, and never call
// something verified that it has not computed itself; files are read as if somebody
// wanted to deceive it.
package logproof
