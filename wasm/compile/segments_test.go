package compile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// programOf is a program with a section before its data and one after it.
func programOf(segments []segment) []byte {
	section := appendSegments(nil, segments)
	b := append([]byte("\x00asm\x01\x00\x00\x00"), 0, 3, 1, 'x', 'y', sectionData)
	b = append(binary.AppendUvarint(b, uint64(len(section))), section...)
	return append(b, 0, 2, 1, 'z')
}

func dataOf(t *rapid.T, program []byte) []segment {
	in := wasmReader{rest: program[headSize:]}
	for len(in.rest) > 0 {
		if kind, content := in.byte(), in.bytes(in.number()); kind == sectionData {
			segments, err := segmentsOf(content)
			if err != nil {
				t.Fatal(err)
			}
			return segments
		}
	}
	t.Fatal("no data")
	return nil
}

func memoryOf(segments []segment, size int64) []byte {
	memory := make([]byte, size)
	for _, s := range segments {
		copy(memory[s.at:], s.data)
	}
	return memory
}

func TestMemoryIsWhatItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var before []segment
		at := int64(0)
		for range rapid.IntRange(0, 20).Draw(t, "segments") {
			at += rapid.Int64Range(0, 3*maxZeros).Draw(t, "zeros")
			data := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "data")
			before = append(before, segment{at, data})
			at += int64(len(data))
		}
		written := rapid.Permutation(before).Draw(t, "written")
		out, err := joinData(programOf(written))
		if err != nil {
			t.Fatal(err)
		}
		after := dataOf(t, out)
		if !bytes.Equal(memoryOf(after, at), memoryOf(before, at)) {
			t.Error("memory begins as another")
		}
		for i := 1; i < len(after); i++ {
			if after[i].at-after[i-1].at-int64(len(after[i-1].data)) <= maxZeros {
				t.Errorf("%d and the one before it are not joined", i)
			}
		}
		again, err := joinData(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Errorf("joining what is joined changes it: %v", err)
		}
	})
}

func TestOtherThanTheLinkersProgramIsRefused(t *testing.T) {
	good := programOf([]segment{{1000, []byte("abc")}, {70_000, []byte("d")}})
	out, err := joinData(good)
	if err != nil || !bytes.Equal(out, good) {
		t.Fatalf("%x, %v", out, err)
	}
	if _, err := joinData(programOf([]segment{{1, []byte("abc")}, {3, []byte("d")}})); !errors.Is(err, errProgram) {
		t.Errorf("one upon another: %v", err)
	}
	passive := bytes.Replace(good, []byte{firstMemory, i32Const}, []byte{1, i32Const}, 1)
	if _, err := joinData(passive); !errors.Is(err, errProgram) {
		t.Errorf("a segment that the program itself would place: %v", err)
	}
	whole := map[int]bool{0: false, headSize: true, headSize + 5: true, len(good) - 4: true}
	for n := range good {
		if _, err := joinData(good[:n]); (err == nil) != whole[n] {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
}
