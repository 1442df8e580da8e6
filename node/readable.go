package node

import (
	"tvilling/node/internal/proof"
	"tvilling/protocol/admin"
)

// ReadableEntry returns what the bytes of an exported entry of an access log say: for a
// program that verifies one away from its cluster.
func ReadableEntry(plain []byte) (admin.ReadableEntry, error) { return proof.Readable(plain) }
