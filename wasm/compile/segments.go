package compile

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// errProgram is a program whose data cannot be joined: not one that the linker writes.
var errProgram = errors.New("compile: not a program as the linker writes it")

// The linker leaves out every eight zeros of what a program's memory begins with, and
// says instead where it goes on: fifty thousand times. Compressed, zeros are nothing and
// a fifteenth of the program is these places. They are worth telling where the zeros are
// more than maxZeros.
const maxZeros = 256

// A program is a magic number and a version, then sections: their kind, size, content.
const (
	headSize    = 8
	sectionData = 11
)

// A segment in a section of data: of the first memory, at a constant, a size, the bytes.
const (
	firstMemory = 0x00
	i32Const    = 0x41
	end         = 0x0b
)

type segment struct {
	at   int64
	data []byte
}

// joinData writes a program anew with the segments of its data joined.
func joinData(program []byte) ([]byte, error) {
	if len(program) < headSize {
		return nil, errProgram
	}
	out := slices.Clone(program[:headSize])
	in := wasmReader{rest: program[headSize:]}
	for len(in.rest) > 0 && !in.failed {
		kind := in.byte()
		content := in.bytes(in.number())
		if kind == sectionData && !in.failed {
			segments, err := segmentsOf(content)
			if err != nil {
				return nil, err
			}
			content = appendSegments(nil, joined(segments))
		}
		out = binary.AppendUvarint(append(out, kind), uint64(len(content)))
		out = append(out, content...)
	}
	if in.failed {
		return nil, errProgram
	}
	return out, nil
}

// segmentsOf reads a section of data. Its segments come in the order of their places;
// one that lies on another is an error, since joining would hide which was last.
func segmentsOf(section []byte) ([]segment, error) {
	in := wasmReader{rest: section}
	var segments []segment
	for range in.number() {
		memory, op := in.byte(), in.byte()
		at := in.signed()
		ends := in.byte()
		data := in.bytes(in.number())
		if in.failed || memory != firstMemory || op != i32Const || ends != end || at < 0 {
			return nil, errProgram
		}
		segments = append(segments, segment{at, data})
	}
	if in.failed || len(in.rest) > 0 {
		return nil, errProgram
	}
	slices.SortStableFunc(segments, func(a, b segment) int { return int(a.at - b.at) })
	for i := 1; i < len(segments); i++ {
		if before := segments[i-1]; before.at+int64(len(before.data)) > segments[i].at {
			return nil, errProgram
		}
	}
	return segments, nil
}

// joined makes one of segments that lie near each other.
func joined(segments []segment) (out []segment) {
	for _, s := range segments {
		if n := len(out); n > 0 {
			last := &out[n-1]
			if zeros := s.at - last.at - int64(len(last.data)); zeros <= maxZeros {
				last.data = append(append(last.data, make([]byte, zeros)...), s.data...)
				continue
			}
		}
		out = append(out, segment{s.at, slices.Clone(s.data)})
	}
	return out
}

func appendSegments(b []byte, segments []segment) []byte {
	b = binary.AppendUvarint(b, uint64(len(segments)))
	for _, s := range segments {
		b = append(appendSigned(append(b, firstMemory, i32Const), s.at), end)
		b = append(binary.AppendUvarint(b, uint64(len(s.data))), s.data...)
	}
	return b
}

// wasmReader reads a program; what it reads after it failed is zero.
type wasmReader struct {
	rest   []byte
	failed bool
}

func (r *wasmReader) bytes(n uint64) []byte {
	if r.failed || n > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *wasmReader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads a count or a size: seven bits a byte, the last byte below 128.
func (r *wasmReader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > math.MaxUint32 {
		r.failed = true
	}
	r.bytes(uint64(max(n, 0)))
	if r.failed {
		return 0
	}
	return v
}

// signed reads a place: as number, but bit 6 of the last byte is the sign.
func (r *wasmReader) signed() (v int64) {
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			if b&0x40 != 0 {
				v -= 1 << (shift + 7)
			}
			return v
		}
	}
	r.failed = true
	return 0
}

func appendSigned(b []byte, v int64) []byte {
	for v >= 0x40 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}
