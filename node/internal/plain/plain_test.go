package plain_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"

	"tvilling/node/internal/plain"
)

type inner struct {
	Text string
	Many []int64
}

type value struct {
	Version uint8
	Text    string
	Number  int64
	Big     uint64
	Yes     bool
	Key     [16]byte
	Bytes   []byte
	Inner   inner
	List    []inner
	Four    [4]int64
}

func TestRoundTrip(t *testing.T) {
	long := string(bytes.Repeat([]byte("å"), 40_000))
	for _, want := range []value{
		{Version: 1},
		{Version: 1, Text: "å", Number: math.MinInt64, Big: math.MaxUint64, Yes: true, Key: [16]byte{1}, Bytes: []byte{2}, Inner: inner{"x", []int64{-1, 1 << 40}}, Four: [4]int64{1, 2, 3, 4}},
		{Version: 1, Text: long, Bytes: make([]byte, 300), List: make([]inner, 70)},
		{Version: 1, Text: long[:300], Number: -40_000, Big: 1 << 20, List: make([]inner, 20)},
	} {
		prefix := []byte("before")
		b := plain.Append(bytes.Clone(prefix), &want)
		if !bytes.HasPrefix(b, prefix) {
			t.Fatal("Append did not append")
		}
		var got value
		if err := plain.Decode(b[len(prefix):], 1, &got); err != nil {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := plain.Append(nil, &value{Version: 1, Text: "x"})
	deep := append(bytes.Repeat([]byte{0x91}, 10), 1)
	cases := map[string]struct {
		b    []byte
		want error
	}{
		"nothing":                        {nil, plain.ErrForm},
		"another version":                {plain.Append(nil, &value{Version: 2}), plain.ErrVersion},
		"no array":                       {[]byte{1}, plain.ErrForm},
		"an empty array":                 {[]byte{0x90}, plain.ErrForm},
		"an empty long array":            {[]byte{0xdc, 0, 0}, plain.ErrForm},
		"an empty longer array":          {[]byte{0xdd, 0, 0, 0, 0}, plain.ErrForm},
		"a version that is a text":       {[]byte{0x91, 0xa1, 'x'}, plain.ErrForm},
		"a cut value":                    {good[:len(good)-1], plain.ErrForm},
		"something after it":             {append(bytes.Clone(good), 0), plain.ErrForm},
		"a map":                          {[]byte{0x92, 1, 0x80}, plain.ErrForm},
		"an extension":                   {[]byte{0x92, 1, 0xc7, 1, 1, 1}, plain.ErrForm},
		"too deep":                       {deep, plain.ErrForm},
		"a text where a number should":   {[]byte{0x93, 1, 0xa1, 'x', 0xa1, 'x'}, plain.ErrForm},
		"an array that promises 4 G":     {[]byte{0xdd, 0xff, 0xff, 0xff, 0xff, 1}, plain.ErrForm},
		"a text that promises 4 G":       {[]byte{0x92, 1, 0xdb, 0xff, 0xff, 0xff, 0xff}, plain.ErrForm},
		"bytes that promise 4 G":         {[]byte{0x92, 1, 0xc6, 0xff, 0xff, 0xff, 0xff}, plain.ErrForm},
		"an inner list that promises 64": {[]byte{0x92, 1, 0xdc, 0, 64}, plain.ErrForm},
		"too large":                      {make([]byte, plain.MaxBytes+1), plain.ErrForm},
	}
	for name, c := range cases {
		var v value
		if err := plain.Decode(c.b, 1, &v); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestAnotherShapeNeedsAnotherVersion: a value with fewer or more fields is not taken
// for one of this version.
func TestAnotherShapeNeedsAnotherVersion(t *testing.T) {
	for _, text := range []string{"9201a178", "9b01a178000000c400c400c09400c000c0"} {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		var got value
		if err := plain.Decode(b, 1, &got); !errors.Is(err, plain.ErrForm) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzDecode: whatever comes, no panic; and what the check lets through, the decoder
// agrees is one whole value.
func FuzzDecode(f *testing.F) {
	f.Add(plain.Append(nil, &value{Version: 1, Text: "x", List: make([]inner, 2)}))
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{0x91, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var v value
		if err := plain.Decode(b, 1, &v); err != nil {
			return
		}
		d := msgpack.NewDecoder(bytes.NewReader(b))
		if err := d.Skip(); err != nil {
			t.Fatalf("the decoder cannot skip what was taken: %v", err)
		}
		if v.Version != 1 {
			t.Fatalf("version %d was taken for 1", v.Version)
		}
		if _, err := d.DecodeInterface(); err == nil {
			t.Fatal("something was left after the value")
		}
	})
}
