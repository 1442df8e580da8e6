package command_test

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tvilling/raftfsm/command"
)

// What a later build writes is refused by kind and by level, in words that say which
// build is needed. In this release's own build it is what comes after it.
func TestTooNew(t *testing.T) {
	of := func(kind, level byte) []byte {
		b := []byte{0x94, 1, level, 0, 0x91, 0x94, kind, 1, 0xc4, 16}
		return append(append(b, make([]byte, 16)...), 0x90)
	}
	next := byte(command.Level) + 1
	for _, tt := range []struct {
		name string
		b    []byte
		want error
		says string
	}{
		{"a kind", of(99, 1), command.ErrUnknownKind, "later build"},
		{"an entry", of(40, next), command.ErrUnknownLevel, "install a build that knows level " + string(rune('0'+next))},
	} {
		if _, err := command.Decode(tt.b); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// The build of level 1 knows none of what level 2 added: neither to read nor to write.
func TestLevelOne(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "entries2.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		_, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := command.Decode(b); (err == nil) != (command.Level >= 2) {
			t.Errorf("an entry of level 2 in a build of level %d: %v", command.Level, err)
		}
		b[2] = 1 // the same as one of level 1, which no leader writes
		if _, err := command.Decode(b); command.Level < 2 && !errors.Is(err, command.ErrUnknownKind) {
			t.Errorf("a command of level 2 in a build of level 1: %v", err)
		}
	}
	_, err = command.EncodeCommand(command.Command{Kind: command.KindAnnounce, Body: command.Announce{ID: key(1), Withdrawn: true}})
	if (err == nil) != (command.Level >= 2) {
		t.Errorf("written by a build of level %d: %v", command.Level, err)
	}
}
