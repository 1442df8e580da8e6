package store

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// Sum is the running state hash: the sum, modulo 2^256, of the SHA-256 of every pair
// in the buckets. It does not depend on order, so a put costs two hashes whatever the
// size of the state, and scanning the file gives it anew. It finds replicas that
// differ and files that are damaged; it is no proof against somebody who may choose
// the content of many pairs.
type Sum [4]uint64

// SumBytes is the length of a Sum written down.
const SumBytes = 32

func (s *Sum) add(h [sha256.Size]byte) {
	var carry uint64
	for i := range s {
		s[i], carry = bits.Add64(s[i], binary.LittleEndian.Uint64(h[8*i:]), carry)
	}
}

func (s *Sum) subtract(h [sha256.Size]byte) {
	var borrow uint64
	for i := range s {
		s[i], borrow = bits.Sub64(s[i], binary.LittleEndian.Uint64(h[8*i:]), borrow)
	}
}

// Bytes writes the sum down.
func (s Sum) Bytes() (b [SumBytes]byte) {
	for i := range s {
		binary.LittleEndian.PutUint64(b[8*i:], s[i])
	}
	return b
}

func sumOf(b []byte) (s Sum) {
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return s
}

// pairHasher hashes pairs: bucket, length of the key, key, value.
type pairHasher struct{ scratch []byte }

func (p *pairHasher) hash(b Bucket, key, value []byte) [sha256.Size]byte {
	p.scratch = append(p.scratch[:0], byte(b))
	p.scratch = binary.BigEndian.AppendUint32(p.scratch, uint32(len(key)))
	p.scratch = append(p.scratch, key...)
	p.scratch = append(p.scratch, value...)
	return sha256.Sum256(p.scratch)
}

// Position is where in the log a state is, and its sum.
type Position struct {
	Index uint64
	Term  uint64
	Sum   Sum
}

// Hash returns the state hash: of the sum and the applied index.
func (p Position) Hash() [sha256.Size]byte {
	sum := p.Sum.Bytes()
	return sha256.Sum256(binary.BigEndian.AppendUint64(sum[:], p.Index))
}

const positionBytes = 8 + 8 + SumBytes

func (p Position) encode() []byte {
	b := make([]byte, 0, positionBytes)
	b = binary.BigEndian.AppendUint64(b, p.Index)
	b = binary.BigEndian.AppendUint64(b, p.Term)
	sum := p.Sum.Bytes()
	return append(b, sum[:]...)
}

func decodePosition(b []byte) (Position, bool) {
	if len(b) != positionBytes {
		return Position{}, false
	}
	return Position{
		Index: binary.BigEndian.Uint64(b),
		Term:  binary.BigEndian.Uint64(b[8:]),
		Sum:   sumOf(b[16:]),
	}, true
}
