package ingest

import (
	"time"

	"tvilling/protocol"
)

// Limits of ingest.
const (
	partBytes        = 192 << 10        // sealed documents in one part of a set, give or take one document
	maxPartBytes     = 960 << 10        // a part with its keys; an entry holds 1 MiB
	documentOverhead = 160              // attributes and framing of a sealed document
	keyBytes         = 18               // a key in Keep, encoded
	maxTries         = 3                // of writing a set that others write as well
	maxCatching      = 2                // refusals that are looked at again at once, each at the cost of an entry: the next wait
	catchUpWithin    = 3 * time.Second  // for this node to be behind no more: then another is to be asked
	pageRows         = 400              // rows in one feed page
	pageBytes        = 192 << 10        // sealed rows in one feed page, give or take one row
	rowOverhead      = 64               // keys, digest and framing of a sealed row
	maxAhead         = time.Minute      // that a projection's time is ahead of the leader's clock: then it is taken back
	feedRetry        = 3 * time.Second  // after a round that failed
	maxAnswers       = 1000             // of one service in one round
	maxMarkAhead     = 10 * time.Minute // of a service's place before the leader's clock: past it, the service lies
	sameSecond       = 2 * time.Second  // in which a service may stamp two events alike
	doubtAll         = 3                // so many rows, or more, do not vanish all at once
	doubtRows        = 100              // of so many rows, no more than half vanish
	doubtFor         = 10 * time.Minute // without being said over and over again
	pageTimeout      = 10 * time.Second // one page of a feed, to be durable
)

// A part with one document of the largest size, or with the keys of the largest
// answer, still fits.
const (
	_ = uint(maxPartBytes - protocol.MaxBodyBytes - protocol.MaxHeaderBytes - documentOverhead)
	_ = uint(maxPartBytes - protocol.MaxViewDocuments*keyBytes)
)
