package command

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
)

// shape is the form of one msgpack value, as its Go type says it. Bytes are walked
// along it before the decoder sees them: the decoder allocates by lengths that it
// reads, and would take gigabytes for five bytes from a peer. What passes here has
// the right number of fields, whole strings, numbers in range, and is no larger in
// memory than a small multiple of itself.
type shape struct {
	kind   reflect.Kind // Bool, Uint64, Int64, String, Slice (of bytes), Array (of bytes), Struct, or Interface for a list
	bits   int          // of a number
	size   int          // of an array
	fields []shape      // of a struct; of a list the one element
}

// shapeOf derives the shape from a type. Embedded structs are part of the outer one.
func shapeOf(t reflect.Type) shape {
	switch t.Kind() {
	case reflect.Bool, reflect.String:
		return shape{kind: t.Kind()}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return shape{kind: reflect.Uint64, bits: t.Bits()}
	case reflect.Int64:
		return shape{kind: reflect.Int64}
	case reflect.Array:
		return shape{kind: reflect.Array, size: t.Len()}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return shape{kind: reflect.Slice}
		}
		return shape{kind: reflect.Interface, fields: []shape{shapeOf(t.Elem())}}
	case reflect.Struct:
		return shape{kind: reflect.Struct, fields: fieldsOf(t)}
	default:
		panic("command: a type that no command may hold: " + t.String())
	}
}

func fieldsOf(t reflect.Type) []shape {
	var all []shape
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous {
			all = append(all, fieldsOf(f.Type)...)
		} else {
			all = append(all, shapeOf(f.Type))
		}
	}
	return all
}

// scanner walks msgpack without allocating.
type scanner struct {
	b  []byte
	at int
}

func (s *scanner) malformed(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrMalformed, what, s.at)
}

// take returns the next n bytes, or nil if there are fewer.
func (s *scanner) take(n int) []byte {
	if n < 0 || n > len(s.b)-s.at {
		return nil
	}
	s.at += n
	return s.b[s.at-n : s.at]
}

// length reads an n-byte big-endian number that follows a code.
func (s *scanner) length(n int) (uint64, bool) {
	b := s.take(n)
	if b == nil {
		return 0, false
	}
	var word [8]byte
	copy(word[8-n:], b)
	return binary.BigEndian.Uint64(word[:]), true
}

func (s *scanner) value(sh *shape) error {
	if s.at >= len(s.b) {
		return s.malformed("truncated")
	}
	switch sh.kind {
	case reflect.Bool:
		if c := s.b[s.at]; c != 0xc2 && c != 0xc3 {
			return s.malformed("no bool")
		}
		s.at++
		return nil
	case reflect.Uint64:
		n, err := s.unsigned()
		if err == nil && sh.bits < 64 && n>>sh.bits != 0 {
			return s.malformed("number out of range")
		}
		return err
	case reflect.Int64:
		return s.signed()
	case reflect.String:
		return s.text()
	case reflect.Slice, reflect.Array:
		return s.bytes(sh)
	default:
		return s.list(sh)
	}
}

func (s *scanner) unsigned() (uint64, error) {
	c := s.b[s.at]
	s.at++
	if c <= 0x7f {
		return uint64(c), nil
	}
	if c < 0xcc || c > 0xcf {
		return 0, s.malformed("no unsigned number")
	}
	n, ok := s.length(1 << (c - 0xcc))
	if !ok {
		return 0, s.malformed("truncated number")
	}
	return n, nil
}

func (s *scanner) signed() error {
	c := s.b[s.at]
	switch {
	case c >= 0xe0:
		s.at++
		return nil
	case c >= 0xd0 && c <= 0xd3:
		s.at++
		if _, ok := s.length(1 << (c - 0xd0)); !ok {
			return s.malformed("truncated number")
		}
		return nil
	}
	n, err := s.unsigned()
	if err == nil && n > math.MaxInt64 {
		return s.malformed("number out of range")
	}
	return err
}

func (s *scanner) text() error {
	c := s.b[s.at]
	s.at++
	n, ok := uint64(c&0x1f), true
	switch {
	case c >= 0xa0 && c <= 0xbf:
	case c >= 0xd9 && c <= 0xdb:
		n, ok = s.length(1 << (c - 0xd9))
	default:
		return s.malformed("no string")
	}
	if !ok || n > uint64(len(s.b)) || s.take(int(n)) == nil && n > 0 {
		return s.malformed("truncated string")
	}
	return nil
}

func (s *scanner) bytes(sh *shape) error {
	c := s.b[s.at]
	s.at++
	if c == 0xc0 && sh.kind == reflect.Slice {
		return nil
	}
	if c < 0xc4 || c > 0xc6 {
		return s.malformed("no bytes")
	}
	n, ok := s.length(1 << (c - 0xc4))
	if !ok || n > uint64(len(s.b)) || s.take(int(n)) == nil && n > 0 {
		return s.malformed("truncated bytes")
	}
	if sh.kind == reflect.Array && n != uint64(sh.size) {
		return s.malformed("key of a wrong size")
	}
	return nil
}

// list walks a struct or a list: both are arrays.
func (s *scanner) list(sh *shape) error {
	if sh.kind == reflect.Interface && s.b[s.at] == 0xc0 {
		s.at++
		return nil
	}
	n, err := s.array()
	if err != nil {
		return err
	}
	if sh.kind == reflect.Struct && n != len(sh.fields) {
		return s.malformed("wrong number of fields")
	}
	for i := range n {
		element := &sh.fields[0]
		if sh.kind == reflect.Struct {
			element = &sh.fields[i]
		}
		if err := s.value(element); err != nil {
			return err
		}
	}
	return nil
}

// array reads an array's head. Every element takes a byte at least.
func (s *scanner) array() (int, error) {
	if s.at >= len(s.b) {
		return 0, s.malformed("truncated")
	}
	c := s.b[s.at]
	s.at++
	n, ok := uint64(c&0x0f), true
	switch {
	case c >= 0x90 && c <= 0x9f:
	case c == 0xdc || c == 0xdd:
		n, ok = s.length(2 << (c - 0xdc))
	default:
		return 0, s.malformed("no array")
	}
	if !ok || n > uint64(len(s.b)-s.at) {
		return 0, s.malformed("truncated array")
	}
	return int(n), nil
}

// command walks one encoded command and returns its kind.
func (s *scanner) command() (Kind, error) {
	n, err := s.array()
	if err != nil {
		return 0, err
	}
	if n != commandFields {
		return 0, s.malformed("wrong number of fields")
	}
	kind, version, err := s.head()
	if err != nil {
		return 0, err
	}
	form, known := shapes[kind]
	if !known {
		return 0, unknownKind(kind)
	}
	if version != currentVersion {
		return 0, fmt.Errorf("%w: %d of kind %d", ErrUnknownVersion, version, kind)
	}
	intent := shape{kind: reflect.Array, size: len(Intent{})}
	if err := s.value(&intent); err != nil {
		return 0, err
	}
	return kind, s.value(&form)
}

func (s *scanner) head() (Kind, uint8, error) {
	kind, err := s.number(16)
	if err != nil {
		return 0, 0, err
	}
	version, err := s.number(8)
	return Kind(kind), uint8(version), err
}

// number reads an unsigned number of so many bits.
func (s *scanner) number(bits int) (uint64, error) {
	if s.at >= len(s.b) {
		return 0, s.malformed("truncated")
	}
	n, err := s.unsigned()
	if err == nil && n>>bits != 0 {
		err = s.malformed("number out of range")
	}
	return n, err
}

// shapes of the bodies, derived once from their types.
var shapes = func() map[Kind]shape {
	all := make(map[Kind]shape)
	for _, kind := range Kinds() {
		all[kind] = shapeOf(reflect.TypeOf(newBody(kind)).Elem())
	}
	return all
}()
