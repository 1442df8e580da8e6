package record

import (
	"encoding/base32"
	"encoding/hex"
	"errors"
	"strings"
)

// ErrID is a text that is not the id of an entry.
var ErrID = errors.New("record: not an id of an entry")

// shortBytes is how much of an id people meet: the time in milliseconds and 32 drawn
// bits, sixteen characters.
const shortBytes = 10

var base = base32.StdEncoding.WithPadding(base32.NoPadding)

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
