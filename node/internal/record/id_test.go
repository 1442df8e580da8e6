package record_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"tvilling/node/internal/record"
)

func TestIDs(t *testing.T) {
	id := [16]byte{0x01, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3}
	short := record.ShortID(id)
	if len(short) != 16 {
		t.Fatalf("%q is of %d characters", short, len(short))
	}
	whole := "019abcdef0123456789abcdef0010203"
	uuid := "019abcde-f012-3456-789a-bcdef0010203"
	for text, want := range map[string][]byte{
		short: id[:10], strings.ToLower(short): id[:10], short[:4] + "-" + short[4:8] + " " + short[8:]: id[:10],
		whole: id[:], uuid: id[:], " " + whole + "\n": id[:],
	} {
		if got, err := record.ParseID(text); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %x, %v; want %x", text, got, err, want)
		}
	}
	for _, text := range []string{"", "A", short[:15], short + "A", "0000000000000001", whole[:31] + "g", strings.Repeat("A", 1000)} {
		if got, err := record.ParseID(text); !errors.Is(err, record.ErrID) || got != nil {
			t.Errorf("%q: %x, %v", text, got, err)
		}
	}
}
