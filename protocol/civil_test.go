package protocol

import (
	"cmp"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseCivil(t *testing.T) {
	for _, tt := range []struct{ in, digits, text string }{
		{"2024", "2024", "2024"},
		{"202402", "202402", "2024-02"},
		{"20240229", "20240229", "2024-02-29"},
		{"2024022913", "2024022913", "2024-02-29 13"},
		{"202402291345", "202402291345", "2024-02-29 13:45"},
		{"20240229134501", "20240229134501", "2024-02-29 13:45:01"},
		{"2024-02", "202402", "2024-02"},
		{"2024-02-29", "20240229", "2024-02-29"},
		{"2024-02-29T13:45", "202402291345", "2024-02-29 13:45"},
		{"2024-02-29T13:45:01", "20240229134501", "2024-02-29 13:45:01"},
		{"2024-02-29T13:45:01.123456", "20240229134501", "2024-02-29 13:45:01"},
		{"2024-02-29T13:45:01Z", "20240229134501", "2024-02-29 13:45:01"},
		{"2024-02-29T13:45:01.5+01:00", "20240229134501", "2024-02-29 13:45:01"},
		{"20240229134501.5-01:00", "20240229134501", "2024-02-29 13:45:01"},
		{"00010101000000", "00010101000000", "0001-01-01 00:00:00"},
		{"99991231235959", "99991231235959", "9999-12-31 23:59:59"},
		{in: ""}, {in: "202"}, {in: "20245"}, {in: "2024-"}, {in: "2024-2"}, {in: "2024-02-"}, {in: "0000"},
		{in: "202400"}, {in: "202413"}, {in: "20240230"}, {in: "20230229"}, {in: "20240100"}, {in: "2024010124"},
		{in: "202401012360"}, {in: "20240101235960"}, {in: "2024-0229"}, {in: "202402-29"}, {in: "2024-02-29 13:45"},
		{in: "2024-02-29T13:45:01."}, {in: "2024-02-29T13:45:01x"}, {in: "2024-02-29T13:45:01+0100"}, {in: "2024-02-29T13:45:01.5.5"},
		{in: "202402291345011"}, {in: "20240229T134501"}, {in: "２０２４"}, {in: " 2024"}, {in: "2024 "}, {in: "2024-02-29Z"}, {in: "-2024"},
	} {
		c, err := ParseCivil(tt.in)
		if c.Digits() != tt.digits || c.String() != tt.text || (err == nil) != (tt.digits != "") {
			t.Errorf("%q: %q, %q, %v", tt.in, c.Digits(), c.String(), err)
		}
		if err != nil && !errors.Is(err, ErrCivil) || c.IsZero() != (err != nil) {
			t.Errorf("%q: %v, zero %v", tt.in, err, c.IsZero())
		}
	}
}

func drawCivil(t *rapid.T) Civil {
	at := time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"), 0).UTC()
	n := 2 * rapid.IntRange(2, 7).Draw(t, "pairs")
	return must(ParseCivil(at.Format("20060102150405")[:n]))
}

func TestCivilRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCivil(t)
		if again, err := ParseCivil(c.Digits()); err != nil || again != c || !c.valid() {
			t.Fatalf("%d reads back as %d, %v", c, again, err)
		}
		if again, err := ParseCivil(strings.Replace(c.String(), " ", "T", 1)); err != nil || again != c {
			t.Fatalf("%d in separated form reads back as %d, %v", c, again, err)
		}
	})
}

// TestCivilOrder holds that Civils sort as their digits do, so a time given in full
// stands after the day alone.
func TestCivilOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawCivil(t), drawCivil(t)
		if got, want := cmp.Compare(a, b), strings.Compare(a.Digits(), b.Digits()); got != want {
			t.Fatalf("%d and %d: %d, want %d", a, b, got, want)
		}
	})
}

func TestCivilOfAnyNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Civil(rapid.Int64().Draw(t, "n"))
		parsed, err := ParseCivil(c.Digits())
		if want := c == 0 || err == nil && parsed == c; c.valid() != want {
			t.Fatalf("%d: valid %v, want %v", c, c.valid(), want)
		}
		_ = c.String()
	})
	for _, c := range []Civil{-1, 1, 2, 20240229134501_1, 20240229134501_8, 20240229000000_3, 20240230000000_4, 120240229000000_4} {
		if c.valid() {
			t.Errorf("%d is valid", c)
		}
	}
}
