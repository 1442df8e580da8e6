package protocol

import (
	"errors"
	"unicode/utf8"
)

// Errors of the decoders. They name the rule that was broken and never the content.
var (
	ErrShort    = errors.New("protocol: the message ends before what it promises")
	ErrTrailing = errors.New("protocol: bytes after the end of the message")
	ErrType     = errors.New("protocol: a value of another type than expected")
	ErrLimit    = errors.New("protocol: a length, count, depth or number beyond its limit")
	ErrText     = errors.New("protocol: a text is not UTF-8")
	ErrKind     = errors.New("protocol: an unknown kind of frame, node or enumeration")
	ErrStray    = errors.New("protocol: a node has a field that its kind does not")
	ErrID       = errors.New("protocol: an id that is not valid in its written form")
)

// maxExtra bounds how many elements a later version may have put after those that
// this one knows; they are skipped, more are refused.
const maxExtra = 32

// noByte is the one lead byte that msgpack never uses.
const noByte = 0xc1

// reader reads msgpack from bytes that came from outside. The first error stays and
// empties the reader, so that callers may read on and look at err once. Nothing is
// allocated by a length before it was checked against its limit and against what
// is left.
type reader struct {
	rest  []byte
	err   error
	nodes int       // how many more nodes this body may hold
	last  headerIDs // of the header before, whose ids this one mostly has
}

//go:noinline
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

// end refuses what is left over, and gives the verdict.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.fail(ErrTrailing)
	}
	return r.err
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail(ErrShort)
		return noByte
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c
}

// take returns the next n bytes, which alias the input.
func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail(ErrShort)
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// bigEndian reads a number of 1, 2, 4 or 8 bytes.
func (r *reader) bigEndian(width int) uint64 {
	var n uint64
	for _, c := range r.take(uint64(width)) {
		n = n<<8 | uint64(c)
	}
	return n
}

// signed reads a two's complement number of 1, 2, 4 or 8 bytes.
func (r *reader) signed(width int) int64 {
	shift := 64 - 8*width
	return int64(r.bigEndian(width)<<shift) >> shift
}

// uint reads an integer of any width that is not negative.
func (r *reader) uint() uint64 {
	c := r.byte()
	switch {
	case c <= 0x7f:
		return uint64(c)
	case c >= 0xcc && c <= 0xcf:
		return r.bigEndian(1 << (c - 0xcc))
	case c >= 0xd0 && c <= 0xd3:
		n := r.signed(1 << (c - 0xd0))
		if n < 0 {
			r.fail(ErrLimit)
			return 0
		}
		return uint64(n)
	case c >= 0xe0:
		r.fail(ErrLimit)
	default:
		r.fail(ErrType)
	}
	return 0
}

// int reads an integer of any width.
func (r *reader) int() int64 {
	c := r.byte()
	switch {
	case c <= 0x7f:
		return int64(c)
	case c >= 0xe0:
		return int64(int8(c))
	case c >= 0xd0 && c <= 0xd3:
		return r.signed(1 << (c - 0xd0))
	case c >= 0xcc && c <= 0xcf:
		n := r.bigEndian(1 << (c - 0xcc))
		if n > 1<<63-1 {
			r.fail(ErrLimit)
			return 0
		}
		return int64(n)
	default:
		r.fail(ErrType)
		return 0
	}
}

// narrow reads an integer into a narrower type; one that does not fit is refused.
//
//go:noinline
func narrow[T ~uint8 | ~uint16 | ~uint32](r *reader) T {
	n := r.uint()
	if uint64(T(n)) != n {
		r.fail(ErrLimit)
		return 0
	}
	return T(n)
}

//go:noinline
func (r *reader) bool() bool {
	switch r.byte() {
	case 0xc3:
		return true
	case 0xc2:
		return false
	default:
		r.fail(ErrType)
		return false
	}
}

// text reads a text of at most limit bytes.
func (r *reader) text(limit int) string {
	b := r.textBytes(limit)
	if !utf8.Valid(b) {
		r.fail(ErrText)
		return ""
	}
	return string(b)
}

func (r *reader) textBytes(limit int) []byte {
	var n uint64
	switch c := r.byte(); {
	case c>>5 == 0b101:
		n = uint64(c & 0x1f)
	case c >= 0xd9 && c <= 0xdb:
		n = r.bigEndian(1 << (c - 0xd9))
	default:
		r.fail(ErrType)
		return nil
	}
	if n > uint64(limit) {
		r.fail(ErrLimit)
		return nil
	}
	return r.take(n)
}

// binary reads at most limit bytes, which alias the input.
func (r *reader) binary(limit int) []byte {
	c := r.byte()
	if c < 0xc4 || c > 0xc6 {
		r.fail(ErrType)
		return nil
	}
	n := r.bigEndian(1 << (c - 0xc4))
	if n > uint64(limit) {
		r.fail(ErrLimit)
		return nil
	}
	return r.take(n)
}

// array reads the length of an array, which is never more than what is left.
func (r *reader) array() int {
	var n uint64
	switch c := r.byte(); {
	case c>>4 == 0b1001:
		n = uint64(c & 0x0f)
	case c == 0xdc:
		n = r.bigEndian(2)
	case c == 0xdd:
		n = r.bigEndian(4)
	default:
		r.fail(ErrType)
		return 0
	}
	if n > uint64(len(r.rest)) {
		r.fail(ErrShort)
		return 0
	}
	return int(n)
}

// count reads the length of a list of at most limit elements, each of which takes
// at least least bytes.
func (r *reader) count(limit, least int) int {
	n := r.array()
	if n > limit {
		r.fail(ErrLimit)
		return 0
	}
	if n*least > len(r.rest) {
		r.fail(ErrShort)
		return 0
	}
	return n
}

// list reads a list; an empty one is nil.
func list[T any](r *reader, limit, least int, element func(*reader) T) []T {
	n := r.count(limit, least)
	if n == 0 {
		return nil
	}
	all := make([]T, 0, n)
	for i := 0; i < n && r.err == nil; i++ {
		all = append(all, element(r))
	}
	return all
}

// record reads the length of an array that holds fields elements, and returns how
// many unknown ones follow them, to be skipped when those were read.
func (r *reader) record(fields int) (extra int) {
	switch extra = r.array() - fields; {
	case r.err != nil:
		return 0
	case extra < 0:
		r.fail(ErrShort)
		return 0
	case extra > maxExtra:
		r.fail(ErrLimit)
		return 0
	}
	return extra
}

// skip passes over n values of any kind. It does not recurse: a nested value only
// adds to what is still to be passed, and every step takes at least a byte.
//
//go:noinline
func (r *reader) skip(n int) {
	for left := uint64(n); left > 0 && r.err == nil; left-- {
		left += r.skipOne()
	}
}

// skipOne passes over one value, except for its elements, whose number it returns.
func (r *reader) skipOne() (elements uint64) {
	switch c := r.byte(); {
	case c <= 0x7f, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3:
	case c>>4 == 0b1000:
		elements = 2 * uint64(c&0x0f)
	case c>>4 == 0b1001:
		elements = uint64(c & 0x0f)
	case c>>5 == 0b101:
		r.take(uint64(c & 0x1f))
	case c >= 0xc4 && c <= 0xc6:
		r.take(r.bigEndian(1 << (c - 0xc4)))
	case c >= 0xc7 && c <= 0xc9: // extension: length, type, data
		n := r.bigEndian(1 << (c - 0xc7))
		r.take(n + 1)
	case c == 0xca, c == 0xcb: // floats
		r.take(4 << (c - 0xca))
	case c >= 0xcc && c <= 0xcf:
		r.take(1 << (c - 0xcc))
	case c >= 0xd0 && c <= 0xd3:
		r.take(1 << (c - 0xd0))
	case c >= 0xd4 && c <= 0xd8: // fixed extension: type, data
		r.take(1 + 1<<(c-0xd4))
	case c >= 0xd9 && c <= 0xdb:
		r.take(r.bigEndian(1 << (c - 0xd9)))
	case c == 0xdc, c == 0xdd:
		elements = r.bigEndian(2 << (c - 0xdc))
	case c == 0xde, c == 0xdf:
		elements = 2 * r.bigEndian(2<<(c-0xde))
	default:
		r.fail(ErrType)
	}
	if elements > uint64(len(r.rest)) {
		r.fail(ErrShort)
		return 0
	}
	return elements
}

// The writer: each function appends one value in its shortest form.
//
// Here and in the reader, what is called for nearly every field is not inlined: in its
// place it made the browser's program some 70 KB larger, and reading no
// faster.

func appendUint(b []byte, n uint64) []byte {
	switch {
	case n <= 0x7f:
		return append(b, byte(n))
	case n <= 0xff:
		return append(b, 0xcc, byte(n))
	case n <= 0xffff:
		return append(b, 0xcd, byte(n>>8), byte(n))
	case n <= 0xffffffff:
		return append32(append(b, 0xce), n)
	default:
		return append32(append32(append(b, 0xcf), n>>32), n)
	}
}

func appendInt(b []byte, n int64) []byte {
	switch {
	case n >= 0:
		return appendUint(b, uint64(n))
	case n >= -32:
		return append(b, byte(n))
	case n >= -1<<7:
		return append(b, 0xd0, byte(n))
	case n >= -1<<15:
		return append(b, 0xd1, byte(n>>8), byte(n))
	case n >= -1<<31:
		return append32(append(b, 0xd2), uint64(n))
	default:
		return append32(append32(append(b, 0xd3), uint64(n)>>32), uint64(n))
	}
}

func append32(b []byte, n uint64) []byte {
	return append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

//go:noinline
func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 0xc3)
	}
	return append(b, 0xc2)
}

//go:noinline
func appendText(b []byte, s string) []byte {
	switch n := len(s); {
	case n <= 0x1f:
		b = append(b, 0xa0|byte(n))
	case n <= 0xff:
		b = append(b, 0xd9, byte(n))
	case n <= 0xffff:
		b = append(b, 0xda, byte(n>>8), byte(n))
	default:
		b = append32(append(b, 0xdb), uint64(n))
	}
	return append(b, s...)
}

func appendBinary(b, data []byte) []byte {
	switch n := len(data); {
	case n <= 0xff:
		b = append(b, 0xc4, byte(n))
	case n <= 0xffff:
		b = append(b, 0xc5, byte(n>>8), byte(n))
	default:
		b = append32(append(b, 0xc6), uint64(n))
	}
	return append(b, data...)
}

//go:noinline
func appendArray(b []byte, n int) []byte {
	switch {
	case n <= 0x0f:
		return append(b, 0x90|byte(n))
	case n <= 0xffff:
		return append(b, 0xdc, byte(n>>8), byte(n))
	default:
		return append32(append(b, 0xdd), uint64(n))
	}
}

func appendList[T any](b []byte, all []T, element func([]byte, T) []byte) []byte {
	b = appendArray(b, len(all))
	for i := range all {
		b = element(b, all[i])
	}
	return b
}
