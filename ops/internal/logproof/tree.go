package logproof

import "golang.org/x/mod/sumdb/tlog"

// tree is the Merkle tree of what was added, kept as the roots of its whole parts: one
// for each bit of the size, largest first.
type tree struct {
	size  uint64
	parts []tlog.Hash
}

func (t *tree) add(data []byte) {
	hash := tlog.RecordHash(data)
	for n := t.size; n&1 == 1; n >>= 1 { // a part of the same size stands beside it
		last := len(t.parts) - 1
		hash = tlog.NodeHash(t.parts[last], hash)
		t.parts = t.parts[:last]
	}
	t.parts = append(t.parts, hash)
	t.size++
}

func (t *tree) root() tlog.Hash {
	if t.size == 0 {
		return tlog.Hash{}
	}
	last := len(t.parts) - 1
	hash := t.parts[last]
	for i := last - 1; i >= 0; i-- {
		hash = tlog.NodeHash(t.parts[i], hash)
	}
	return hash
}
