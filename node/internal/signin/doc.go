// Package signin is how a browser becomes somebody's: at an OpenID provider, by a
// certificate, or sent here by a record system with a patient.
//
// It owns the browser's cookies, and the few pages without the program that lie on the
// way in and out:
//
//	GET  /sign-in       begins: to the provider, with state, nonce and a challenge
//	GET  /sign-in/back  the provider's answer; a session begins
//	POST /renew         the session was used: its idle end moves
//	POST /sign-out      the session ends, on every node
//	GET  /sign-out      where one goes after it: to the provider's own end, or the page; or
//	                    it is told that the log has not taken it yet
//	POST /hand-over     a record system's signed word that a user wants to see a patient
//
// A cookie is sealed with the cluster's keyring, which every data node has and nobody
// else: any node takes what any of them gave, a browser can read none, and one of another
// cluster, another purpose, or changed by a bit does not open. What must be true once in
// the whole cluster (a hand-over's use, a sign-out) is the log's to say, and session asks it.
//
// Everything that comes from the provider or the browser is hostile until it is verified:
// it is bounded in bytes and time before it is read, and none of it is quoted in a page or
// a log. It must never write who somebody is, or a patient, in a log, an address or a page;
// never take a token that is not signed by who must have signed it; and never need the
// provider to start.
package signin
