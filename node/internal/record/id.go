package record

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// ErrID is a text that is not the id of an entry.
var ErrID = errors.New("record: not an id of an entry")

// shortBytes is how much of an id people meet: the time in milliseconds and 32 drawn
// bits, sixteen characters.
const shortBytes = 10

var base = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewID draws an id. It begins with the time in milliseconds: the log finds entries by
// id, and ids that come together then stand together, which makes a commit touch a few
// pages of its file instead of one for each entry. The rest is drawn.
func NewID() (id [16]byte) {
	_, _ = rand.Read(id[:]) // ends the process rather than fail
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(time.Now().UnixMilli()))
	copy(id[:], at[2:])
	return id
}

// Drawn returns when an id was drawn, to the millisecond: how old an entry is can be
// told without its key.
func Drawn(id [16]byte) time.Time {
	var at [8]byte
	copy(at[2:], id[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(at[:])))
}

// UUID returns an id in the form of a UUID, as the national log has it.
func UUID(id [16]byte) string {
	s := hex.EncodeToString(id[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// ShortID returns the part of an id that people meet and read to each other.
func ShortID(id [16]byte) string { return base.EncodeToString(id[:shortBytes]) }

// ParseID reads an id as it is met: short, in any case and grouping, or whole in
// hexadecimal digits, as a UUID or not. It returns what the id begins with.
func ParseID(s string) (prefix []byte, err error) {
	if len(s) > 64 {
		return nil, ErrID
	}
	s = strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(strings.TrimSpace(s)))
	switch len(s) {
	case base.EncodedLen(shortBytes):
		prefix, err = base.DecodeString(s)
	case hex.EncodedLen(16):
		prefix, err = hex.DecodeString(s)
	default:
		return nil, ErrID
	}
	if err != nil {
		return nil, ErrID
	}
	return prefix, nil
}
