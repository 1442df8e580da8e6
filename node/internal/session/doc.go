// Package session is one browser's websocket: who it is, which patient it has open,
// what it has been shown, and what must be taken from it.
//
// It owns everything between a frame that arrived and a frame that leaves: a request
// is decided on a View, recorded in the replicated log, and answered only when the
// record is committed (P1). What it has shown it keeps following, and takes away when
// the ground for it is gone (P3). It must never send patient data that no committed
// record stands for, never hold a View while it waits for the network, and never tell
// a blocked document from an absent one (P9): what disappears from a screen is taken in
// one way, whether it was blocked, removed by its source, or is not shown for another
// reason.
//
// How long a screen may stand when the line is cut (P3): a heartbeat grants what is left
// of eight seconds since the leader was last heard, counted when it is handed to the
// socket, and the socket has two seconds to take it; the browser counts from when it
// arrives. So a screen is blank at most ten seconds after the last word from the leader
// that its node had, and what the network itself held the last heartbeat for. A
// heartbeat that comes when the lease has run out brings nothing back.
//
// Goroutines of one session, and what each alone may touch:
//
//	owner     run: the session struct, the open patient, the view. Decides what is
//	          sent, and hands it to the outbox. Never waits for the network or the log.
//	reader    reads and decodes frames, at the pace that the limits allow. Owns nothing.
//	writer    takes frames out of the outbox and writes them. Owns the socket's sending
//	          side; it also fills in heartbeats, which say what it has sent.
//	follower  one for the open patient: pulls changes from the Feed to the owner.
//	recorder  one for each request that waits for the log, at most Limits.InFlight:
//	          collects, decides, proposes, repeats; hands a continuation to the owner.
//	asker     at most one, while the open patient rests on the word of the care unit's
//	          own system: asks it again, and hands the answer to the owner.
//	reporter  at most one, of who follows up the access log: waits for the service.
//
// The outbox is the only thing that two of them share; it has a mutex of its own.
// Everything ends when run returns: it closes the socket and waits for the others.
//
// A request travels
//
//	reader ─▶ owner ─▶ recorder: View i ─▶ Collect ─▶ Decide ─▶ RecordAccess{i} ─▶ log
//	                   recorder: stale? again on a newer View. Accepted at j: wait for j
//	          owner ◀─ continuation: View ≥ j ─▶ is anything newer? decide again
//	                   filter ─▶ unseal ─▶ outbox ─▶ writer
//
// The record of a view names the types and owners whose information it discloses, as
// they were on the View of its decision. A document of another owner that comes later
// is not sent in it: the browser is told that there is more, and shows anew.
package session
