package sealing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"tvilling/protocol"
)

// mac is a keyed hash that is used again and again: making one costs more than using it.
type mac struct {
	hash hash.Hash
	buf  []byte
}

func newMAC(index *[KeyBytes]byte) *mac {
	return &mac{hash: hmac.New(sha256.New, index[:]), buf: make([]byte, 0, 256)}
}

// Key returns the keyed hash of some parts for a purpose. Every part goes in behind
// its length, so that no two lists of parts hash alike.
func (r *Ring) Key(domain string, parts ...string) [16]byte {
	m := r.macs.Get().(*mac)
	m.start(domain)
	for _, part := range parts {
		m.buf = binary.AppendUvarint(m.buf, uint64(len(part)))
		m.buf = append(m.buf, part...)
	}
	m.hash.Write(m.buf)
	return r.finish(m)
}

// DocumentKey returns the key of a record: contract, source and the source's own id.
func (r *Ring) DocumentKey(c protocol.Contract, source protocol.SourceID, recordID string) protocol.DocumentKey {
	return r.Key("document", string([]byte{byte(c)}), source.Reveal(), recordID)
}

// Digest returns the keyed hash of a value: equal values are known without opening them.
func (r *Ring) Digest(plain ...[]byte) [16]byte {
	m := r.macs.Get().(*mac)
	m.start("digest")
	for _, part := range plain {
		m.buf = binary.AppendUvarint(m.buf, uint64(len(part)))
		m.hash.Write(m.buf)
		m.hash.Write(part)
		m.buf = m.buf[:0]
	}
	m.hash.Write(m.buf)
	return r.finish(m)
}

func (m *mac) start(domain string) {
	m.hash.Reset()
	m.buf = binary.AppendUvarint(m.buf[:0], uint64(len(domain)))
	m.buf = append(m.buf, domain...)
}

func (r *Ring) finish(m *mac) [pseudonymSize]byte {
	m.buf = m.hash.Sum(m.buf[:0])
	out := [pseudonymSize]byte(m.buf)
	r.macs.Put(m)
	return out
}
