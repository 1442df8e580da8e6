package protocol

import (
	"bytes"
	"reflect"
	"testing"
)

// hostileSeeds are beginnings that promise more than they hold.
var hostileSeeds = [][]byte{
	{}, {0x90}, {0xc1}, {0x91, 0xc1}, {0xdd, 0xff, 0xff, 0xff, 0xff}, {0x93, 69, 1, 0xdd, 0, 0, 1, 0xf4},
	{0x92, 8, 0xc9, 0xff, 0xff, 0xff, 0xff, 1}, {0x92, 8, 0x91, 0x91, 0x91}, {0x92, 8, 0xdf, 0xff, 0xff, 0xff, 0xff},
	{0x93, 3, 1, 0xdb, 0xff, 0xff, 0xff, 0xff}, {0x92, 9, 0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0}, {0x92, 9, 0xe0},
}

func seed(f *testing.F, samples ...[]byte) {
	for _, s := range append(samples, hostileSeeds...) {
		f.Add(s)
	}
}

func encodedFrames() (all [][]byte) {
	for _, f := range sampleFrames() {
		all = append(all, AppendFrame(nil, f))
	}
	return all
}

// bounded decodes and holds the memory that it took to a multiple of what came in:
// the dearest thing to say in few bytes is a node, some 350 bytes for 4.
func bounded(t *testing.T, in []byte, decode func()) {
	t.Helper()
	if n := allocated(decode); n > 64<<10+uint64(len(in))*200 {
		t.Fatalf("%d bytes made it allocate %d", len(in), n)
	}
}

func FuzzDecodeFrame(f *testing.F) {
	seed(f, encodedFrames()...)
	f.Fuzz(func(t *testing.T, b []byte) {
		var got Frame
		var err error
		bounded(t, b, func() { got, err = DecodeFrame(b) })
		if err != nil {
			return
		}
		written := AppendFrame(nil, got)
		again, err := DecodeFrame(written)
		if err != nil || !reflect.DeepEqual(again, got) || len(written) > len(b) {
			t.Fatalf("%T does not read back: %v", got, err)
		}
		agree(t, b, written)
	})
}

func FuzzDecodeClientFrame(f *testing.F) {
	seed(f, encodedFrames()...)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := DecodeClientFrame(b)
		whole, wholeErr := DecodeFrame(b)
		node, nodeErr := DecodeNodeFrame(b)
		if isNode := wholeErr == nil && whole.Kind() >= firstNodeKind; isNode != (nodeErr == nil) || isNode && !reflect.DeepEqual(node, whole) {
			t.Fatalf("of a node %T (%v), of either %T (%v)", node, nodeErr, whole, wholeErr)
		}
		if err == nil && (wholeErr != nil || !reflect.DeepEqual(got, whole) || got.Kind() >= firstNodeKind || len(b) > MaxClientFrame) {
			t.Fatalf("%T is taken from a browser: %v", got, wholeErr)
		}
		if err != nil && wholeErr == nil && whole.Kind() < firstNodeKind && len(b) <= MaxClientFrame {
			t.Fatalf("%T is refused from a browser: %v", whole, err)
		}
	})
}

func FuzzDecodeHeader(f *testing.F) {
	h := sampleHeader()
	seed(f, AppendHeader(nil, &h), AppendHeader(nil, &Header{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got Header
		var err error
		bounded(t, b, func() { got, err = DecodeHeader(b) })
		if err != nil {
			return
		}
		written := AppendHeader(nil, &got)
		if again, err := DecodeHeader(written); err != nil || again != got {
			t.Fatalf("does not read back: %v", err)
		}
		agree(t, b, written)
		got.Contract = Diagnosis
		if err := CheckDocument(&Document{Header: got}); err != nil {
			t.Fatalf("was read and is no document: %v", err)
		}
	})
}

func FuzzDecodeBody(f *testing.F) {
	d := sampleBody()
	seed(f, AppendBody(nil, &d), AppendBody(nil, &Body{}), AppendBody(nil, &Body{Sections: []Section{{Nodes: []Node{nested(MaxDepth)}}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got Body
		var err error
		bounded(t, b, func() { got, err = DecodeBody(b) })
		if err != nil {
			return
		}
		written := AppendBody(nil, &got)
		if again, err := DecodeBody(written); err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("does not read back: %v", err)
		}
		agree(t, b, written)
	})
}

func FuzzParsePatientID(f *testing.F) {
	for _, s := range []string{"191212121212", "19121212-1212", "22810112AB12", "22810112p012", "198001610010", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParsePatientID(s)
		if err != nil {
			if !id.IsZero() || id.Reveal() != "" || id.Kind() != NoPatientID {
				t.Fatal("a refused id names somebody")
			}
			return
		}
		again, err := ParsePatientIDUnder(id.Kind().Root(), id.Reveal())
		if err != nil || again != id || len(id.Reveal()) != patientIDLength || id.Kind() == NoPatientID {
			t.Fatalf("does not read back: %v", err)
		}
	})
}

func FuzzParseHSAID(f *testing.F) {
	for _, s := range []string{"SE2321000016-1ABC", "t_services_se165565594230-10kd", "5565594230", "-", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseSourceID(s)
		if err != nil {
			if !id.IsZero() || id.Reveal() != "" {
				t.Fatal("a refused id names something")
			}
			return
		}
		if again, err := ParseSourceID(id.Reveal()); err != nil || again != id || len(id.Reveal()) != len(s) {
			t.Fatalf("does not read back: %v", err)
		}
	})
}

func FuzzParseCivil(f *testing.F) {
	for _, s := range []string{"2024", "20240229134501", "2024-02-29T13:45:01.5+01:00", "2024-02", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCivil(s)
		if err != nil {
			if c != 0 {
				t.Fatal("a refused time is a time")
			}
			return
		}
		if again, err := ParseCivil(c.Digits()); err != nil || again != c || !c.valid() || len(c.Digits()) > len(s) {
			t.Fatalf("does not read back: %v", err)
		}
	})
}

func FuzzTerm(f *testing.F) {
	for _, s := range []string{"year", "accessControlHeader", "anatomicalSite", "someOtherSite", "zzz", "|", "\n", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, lang := range []Language{Swedish, English} {
			if words := Term(key, lang); (words == "") != (key == "") || len(words) > 64+2*len(key) {
				t.Fatalf("%q: %q", key, words)
			}
		}
	})
}

// FuzzSkip holds that what is passed over is one whole value, by the oracle's count
// of its bytes.
func FuzzSkip(f *testing.F) {
	seed(f, encodedFrames()...)
	f.Add([]byte{0x82, 0xa1, 'k', 0x92, 0xcb, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0x01, 0xd6, 5, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4<<10 {
			return
		}
		r := &reader{rest: b}
		r.skip(1)
		if r.err != nil {
			return
		}
		in := bytes.NewReader(b)
		if err := oracleSkip(in); err != nil || in.Len() != len(r.rest) {
			t.Fatalf("we leave %d bytes, the oracle %d: %v", len(r.rest), in.Len(), err)
		}
	})
}
