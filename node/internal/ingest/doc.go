// Package ingest turns what comes from outside into commands of the replicated log:
// answers of source systems into sets of sealed documents, and the security feeds
// into pages of projection rows.
//
// It owns the way from a message to a durable index: who may write what, which
// patient and source an answer is about, the split of a large set into entries, and
// the watermarks of the feeds. Sealing happens here, before the log, so that
// whatever the log holds can be read by data nodes alone.
//
// It must never read a record back (a source or an agent can only write), never
// guess whose record it is, and never let an incomplete answer delete.
package ingest
