package protocol

import (
	"bytes"
	"io"
	"math"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
	"pgregory.net/rapid"
)

// The oracle is another implementation of msgpack. It allocates by whatever length it
// reads, so it is only given what our reader accepted.

// integer is a number of any width: negative ones as int64, others as uint64.
func integer(v any) any {
	n := reflect.ValueOf(v)
	switch {
	case n.CanUint():
		return n.Uint()
	case n.CanInt() && n.Int() >= 0:
		return uint64(n.Int())
	case n.CanInt():
		return n.Int()
	default:
		return v
	}
}

func oracleSkip(r *bytes.Reader) error { return msgpack.NewDecoder(r).Skip() }

// tree reads a value of the kinds that the wire has.
func tree(t fataler, d *msgpack.Decoder) any {
	t.Helper()
	code, err := d.PeekCode()
	if err != nil {
		t.Fatalf("the oracle refuses it: %v", err)
	}
	if !isArray(code) {
		v, err := d.DecodeInterface()
		if err != nil {
			t.Fatalf("the oracle refuses it: %v", err)
		}
		return integer(v)
	}
	n, err := d.DecodeArrayLen()
	if err != nil {
		t.Fatalf("the oracle refuses it: %v", err)
	}
	all := make([]any, n)
	for i := range all {
		all[i] = tree(t, d)
	}
	return all
}

func isArray(code byte) bool {
	return msgpcode.IsFixedArray(code) || code == msgpcode.Array16 || code == msgpcode.Array32
}

// agree holds that the oracle accepts the bytes that came, to the last one, and reads
// in them what we understood of them and wrote again. Elements that came beyond ours
// are skipped, as we did.
func agree(t fataler, came, written []byte) {
	t.Helper()
	a, b := bytes.NewReader(came), bytes.NewReader(written)
	compare(t, msgpack.NewDecoder(a), msgpack.NewDecoder(b))
	if a.Len() != 0 || b.Len() != 0 {
		t.Fatalf("the oracle leaves %d and %d bytes", a.Len(), b.Len())
	}
}

func compare(t fataler, came, written *msgpack.Decoder) {
	t.Helper()
	code, err := written.PeekCode()
	if err != nil {
		t.Fatalf("the oracle refuses what we wrote: %v", err)
	}
	if !isArray(code) {
		if a, b := tree(t, came), tree(t, written); !reflect.DeepEqual(a, b) {
			t.Fatalf("the oracle reads %T, we another value of %T", a, b)
		}
		return
	}
	have, err := came.DecodeArrayLen()
	need, ourErr := written.DecodeArrayLen()
	if err != nil || ourErr != nil || have < need {
		t.Fatalf("the oracle reads an array of %d (%v), we of %d (%v)", have, err, need, ourErr)
	}
	for range need {
		compare(t, came, written)
	}
	for range have - need {
		if err := came.Skip(); err != nil {
			t.Fatalf("the oracle cannot skip what we skipped: %v", err)
		}
	}
}

// TestOracleReadsOurFrames holds that the oracle reads in our frames the fields of
// the type, in its order.
func TestOracleReadsOurFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		in := bytes.NewReader(AppendFrame(nil, f))
		got := tree(t, msgpack.NewDecoder(in))
		want := append([]any{uint64(f.Kind())}, plain(reflect.ValueOf(f)).([]any)...)
		if diff := cmp.Diff(any(want), got); diff != "" || in.Len() > 0 {
			t.Fatalf("%T, %d bytes left\n%s", f, in.Len(), diff)
		}
	})
}

// revealer is any id.
type revealer interface{ Reveal() string }

// plain turns a value into what the wire says of it, by its type alone: structs are
// arrays of their fields, ids are texts, keys and data are bytes.
func plain(v reflect.Value) any {
	if id, ok := v.Interface().(revealer); ok {
		return id.Reveal()
	}
	switch n, ok := v.Interface().(Node); {
	case ok:
		return plainNode(n)
	case v.Kind() == reflect.Array, v.Type() == reflect.TypeFor[[]byte]():
		out := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(out), v)
		return out
	case v.Kind() == reflect.Slice:
		all := make([]any, v.Len())
		for i := range all {
			all[i] = plain(v.Index(i))
		}
		return all
	case v.Kind() == reflect.Struct:
		all := make([]any, v.NumField())
		for i := range all {
			all[i] = plain(v.Field(i))
		}
		return all
	case v.Kind() == reflect.String:
		return v.String()
	}
	return integer(v.Interface())
}

func plainNode(n Node) any {
	all := []any{uint64(n.Kind), n.Label}
	of := func(v any) any { return plain(reflect.ValueOf(v)) }
	switch n.Kind {
	case NodeText, NodeFlag:
		return append(all, n.Text)
	case NodeCode:
		return append(all, of(n.Code).([]any)...)
	case NodeQuantity:
		return append(append(all, of(n.Quantity).([]any)...), of(n.Time))
	case NodeTime:
		return append(all, of(n.Time))
	case NodePeriod:
		return append(all, of(n.Time), of(n.End))
	case NodeID:
		return append(all, n.Text, n.Code.System)
	case NodeAttachment:
		return append(all, of(n.Attachment).([]any)...)
	default:
		return append(all, of(n.Children))
	}
}

// TestReadsTheOraclesFrames holds that we read frames that the oracle wrote, with
// each number in a width of its own choosing or ours.
func TestReadsTheOraclesFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		var out bytes.Buffer
		e := msgpack.NewEncoder(&out)
		writeTree(t, e, append([]any{uint64(f.Kind())}, plain(reflect.ValueOf(f)).([]any)...))
		got, err := DecodeFrame(out.Bytes())
		if diff := cmp.Diff(f, got, same); diff != "" || err != nil {
			t.Fatalf("%T: %v\n%s", f, err, diff)
		}
	})
}

func writeTree(t *rapid.T, e *msgpack.Encoder, v any) {
	var err error
	switch v := v.(type) {
	case []any:
		err = e.EncodeArrayLen(len(v))
		for _, one := range v {
			writeTree(t, e, one)
		}
	case uint64:
		err = writeUint(t, e, v)
	default:
		err = e.Encode(v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func writeUint(t *rapid.T, e *msgpack.Encoder, n uint64) error {
	writers := []func() error{func() error { return e.EncodeUint(n) }, func() error { return e.EncodeUint64(n) }}
	if n <= math.MaxInt64 {
		writers = append(writers, func() error { return e.EncodeInt(int64(n)) }, func() error { return e.EncodeInt64(int64(n)) })
	}
	if n <= math.MaxInt32 {
		writers = append(writers, func() error { return e.EncodeInt32(int32(n)) }, func() error { return e.EncodeUint32(uint32(n)) })
	}
	if n <= math.MaxInt16 {
		writers = append(writers, func() error { return e.EncodeInt16(int16(n)) }, func() error { return e.EncodeUint16(uint16(n)) })
	}
	if n <= math.MaxInt8 {
		writers = append(writers, func() error { return e.EncodeInt8(int8(n)) }, func() error { return e.EncodeUint8(uint8(n)) })
	}
	return writers[rapid.IntRange(0, len(writers)-1).Draw(t, "width")]()
}

// TestScalarsAgainstOracle holds that both write numbers, texts and data alike.
func TestScalarsAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, i := rapid.Uint64().Draw(t, "u"), rapid.Int64().Draw(t, "i")
		size := rapid.SampledFrom([]int{0, 1, 31, 32, 255, 256, 65535, 65536, 70000}).Draw(t, "size")
		data := bytes.Repeat([]byte{'x'}, size)
		var want bytes.Buffer
		e := msgpack.NewEncoder(&want)
		for _, err := range []error{
			e.EncodeUint(u), e.EncodeInt(i), e.EncodeInt(-int64(u >> 57)), e.EncodeString(string(data)),
			e.EncodeBytes(data), e.EncodeArrayLen(size), e.EncodeBool(u%2 == 0),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		got := appendText(appendInt(appendInt(appendUint(nil, u), i), -int64(u>>57)), string(data))
		got = appendBool(appendArray(appendBinary(got, data), size), u%2 == 0)
		if !bytes.Equal(got, want.Bytes()) {
			t.Fatal("written otherwise than the oracle does")
		}
		r := &reader{rest: got}
		if r.uint() != u || r.int() != i || r.int() != -int64(u>>57) || r.text(size) != string(data) || !bytes.Equal(r.binary(size), data) {
			t.Fatalf("read otherwise than written: %v", r.err)
		}
	})
}

// FuzzReaderAgainstOracle reads any bytes value by value: what our reader accepts, the
// oracle accepts too, with the same value and the same number of bytes.
func FuzzReaderAgainstOracle(f *testing.F) {
	for _, s := range encodedFrames() {
		f.Add(s)
	}
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4<<10 {
			return
		}
		r := &reader{rest: b}
		var ours []any
		for len(r.rest) > 0 && r.err == nil {
			ours = append(ours, readAny(r))
		}
		if r.err != nil && len(ours) > 0 {
			ours = ours[:len(ours)-1]
		}
		in := bytes.NewReader(b)
		d := msgpack.NewDecoder(in)
		for i, want := range ours {
			if got := tree(t, d); !reflect.DeepEqual(got, want) {
				t.Fatalf("value %d: the oracle reads %T, we %T", i, got, want)
			}
		}
		if r.err == nil && in.Len() > 0 {
			t.Fatalf("the oracle leaves %d bytes", in.Len())
		}
	})
}

// readAny reads a value by the reader's function for its lead byte.
func readAny(r *reader) any {
	switch c := r.rest[0]; {
	case isArray(c):
		all := make([]any, r.array())
		for i := range all {
			if len(r.rest) == 0 {
				r.fail(io.ErrUnexpectedEOF)
				break
			}
			all[i] = readAny(r)
		}
		return all
	case c == msgpcode.True, c == msgpcode.False:
		return r.bool()
	case msgpcode.IsString(c):
		return r.text(MaxTextBytes)
	case msgpcode.IsBin(c):
		return append([]byte{}, r.binary(MaxTextBytes)...)
	case c >= msgpcode.Uint8 && c <= msgpcode.Uint64:
		return r.uint()
	default:
		return integer(r.int())
	}
}
