// Package plain is the encoding of the values that data nodes seal: a msgpack array
// whose first element is its version.
//
// It owns the check that comes before decoding. The values were sealed by this
// cluster, so they are trusted to be ours; they are still measured first, since the
// decoder allocates by the lengths that it is told. It must never be used on bytes
// from outside: those are read by protocol's own reader.
package plain

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// Errors of Decode. They never quote the value.
var (
	ErrForm    = errors.New("plain: value is damaged or larger than a value may be")
	ErrVersion = errors.New("plain: value is of a version that this build does not know")
)

// Limits of a value.
const (
	MaxBytes = 256 << 10 // a whole value
	maxDepth = 6         // arrays within arrays
)

// Append appends the encoding of v, a struct: its fields in order, as an array, the
// structs within it too.
func Append(b []byte, v any) []byte {
	buf := bytes.NewBuffer(b)
	enc := msgpack.GetEncoder()
	defer msgpack.PutEncoder(enc)
	enc.Reset(buf)
	enc.UseCompactInts(true)
	enc.UseArrayEncodedStructs(true)
	if err := enc.Encode(v); err != nil {
		panic("plain: a value of our own cannot be encoded: " + err.Error())
	}
	return buf.Bytes()
}

// Decode checks b and decodes it into v. The first element must be version.
func Decode(b []byte, version uint8, v any) error {
	if len(b) > MaxBytes {
		return ErrForm
	}
	rest, ok := skip(b, maxDepth)
	if !ok || len(rest) != 0 {
		return ErrForm
	}
	if got, ok := versionOf(b); !ok {
		return ErrForm
	} else if got != version {
		return fmt.Errorf("%w: %d", ErrVersion, got)
	}
	dec := msgpack.GetDecoder()
	defer msgpack.PutDecoder(dec)
	dec.Reset(bytes.NewReader(b))
	if err := dec.Decode(v); err != nil {
		return ErrForm // the decoder's own words could quote the value
	}
	return nil
}

// versionOf returns the first element of an array, if it is one of 0 to 127.
func versionOf(b []byte) (version uint8, ok bool) {
	head := 1
	switch {
	case b[0] == 0xdc:
		head = 3
	case b[0] == 0xdd:
		head = 5
	case b[0]>>4 != 0x9:
		return 0, false
	}
	if len(b) <= head || b[head] > 0x7f {
		return 0, false
	}
	return b[head], true
}

// skip steps over one msgpack value and returns what follows it. It knows the kinds
// that our values use: nil, booleans, integers, text, bytes and arrays. Every length
// is compared with what is left before anything believes it.
func skip(b []byte, depth int) (rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, false
	}
	c, b := b[0], b[1:]
	switch {
	case c <= 0x7f, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3:
		return b, true
	case c>>4 == 0x9:
		return skipItems(b, uint64(c&0x0f), depth)
	case c>>5 == 0x5:
		return skipBytes(b, uint64(c&0x1f))
	case c >= 0xcc && c <= 0xcf:
		return skipBytes(b, 1<<(c-0xcc))
	case c >= 0xd0 && c <= 0xd3:
		return skipBytes(b, 1<<(c-0xd0))
	}
	width := lengthWidth(c)
	if width == 0 || len(b) < width {
		return nil, false
	}
	var wide [8]byte
	copy(wide[8-width:], b)
	n := binary.BigEndian.Uint64(wide[:])
	if c == 0xdc || c == 0xdd {
		return skipItems(b[width:], n, depth)
	}
	return skipBytes(b[width:], n)
}

// lengthWidth returns how many bytes of length follow the byte, 0 for a kind that our
// values do not use.
func lengthWidth(c byte) int {
	switch c {
	case 0xc4, 0xd9:
		return 1
	case 0xc5, 0xda, 0xdc:
		return 2
	case 0xc6, 0xdb, 0xdd:
		return 4
	default:
		return 0
	}
}

func skipBytes(b []byte, n uint64) ([]byte, bool) {
	if n > uint64(len(b)) {
		return nil, false
	}
	return b[n:], true
}

func skipItems(b []byte, n uint64, depth int) (rest []byte, ok bool) {
	if depth == 0 || n > uint64(len(b)) {
		return nil, false
	}
	for ; n > 0; n-- {
		if b, ok = skip(b, depth-1); !ok {
			return nil, false
		}
	}
	return b, true
}
