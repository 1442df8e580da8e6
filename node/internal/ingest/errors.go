package ingest

import (
	"tvilling/node/internal/cluster"
	"tvilling/node/internal/rivta"
)

// Errors that Put passes on from what it is made of, for whoever tells the sender.
var (
	ErrMalformed       = rivta.ErrMalformed
	ErrTooLarge        = rivta.ErrTooLarge
	ErrUnknownContract = rivta.ErrUnknownContract
	ErrRecord          = rivta.ErrRecord
	ErrNoQuorum        = cluster.ErrNoQuorum
	ErrUnknown         = cluster.ErrUnknown
)
