// Package gateway is where a data node meets browsers and source systems: two
// listeners, their TLS, and what may come through them.
//
// It owns the client listener (the page, its assets, the way in, the upgrade to the stream,
// health) and the source listener (answers of the national contracts), every header that it
// sends, and the sockets that were upgraded: a server's own shutdown forgets those. It
// must never serve a page that could run a script that is not ours, take an upgrade
// from another site's page, take an answer from a source that has not proved who it
// is, or write a header, an address or a body of a request in a log.
//
// Each listener has so many connections at most, beside its streams. Past that whoever has
// waited longest without a request gives its place to who comes, so that nobody is kept out by
// those who only stand there; what is under way is never cut off. Probes and operators have
// listeners of their own.
//
// Goroutines: one for each server, ended by Close; those that net/http starts for
// connections; and an upgraded connection's own, which serves its session to the end.
package gateway
