package main

import (
	"bytes"
	"strings"
	"testing"

	"tvilling/ops/internal/backup"
)

// A list of what anybody may have written leaves the terminal as it is.
func TestKeptSteersNoTerminal(t *testing.T) {
	var shown bytes.Buffer
	printKept(&shown, []backup.Kept{
		{Name: "a\x1b]0;title\x07.tvb", Fault: "broken\rall is well"}, {Name: "b\u202e.tvb"}, {Name: "north-1.tvb"},
	})
	if text := shown.String(); strings.ContainsAny(text, "\x1b\x07\r\u202e") || !strings.Contains(text, "north-1.tvb") {
		t.Errorf("%q", text)
	}
}
