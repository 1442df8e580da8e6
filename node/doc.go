// Package node is one running node of a cluster, to be run by the tvilling command or
// embedded in another program: Open, Run, Close.
//
// It owns nothing but the wiring: each part owns its own state, and this package is
// the only one that knows them all. It must never hold state that a part should own,
// and never start in production with anything that belongs to a demo.
//
// Parts, and the goroutines that they bring:
//
//	raftfsm      the replicated state; applies on raft's own goroutine
//	cluster      raft, transport, proposals, watchdogs (see its package comment)
//	proof        one, while this node leads: has the access log's checkpoints signed, asking
//	             every member in one of its own; signs on the cluster's
//	feeds        one for each security projection, while this node leads: asks its service
//	export       one, while this node leads: hands the access log on to the national log
//	ingest       none of its own: runs on the source listener's requests
//	followup     none of its own: runs on those of who asks
//	session      a few for each open websocket
//	gateway      one for each listener, browsers and sources
//	admin        one for the operators' listener
//
// A witness has no keys to what is kept: of these it runs raftfsm, cluster, proof and
// admin alone.
package node
