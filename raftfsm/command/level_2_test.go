//go:build !level1

package command_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"tvilling/raftfsm/command"
)

// A leader never writes a command of a level that is not active: replicas of the release
// before would stop.
func TestJoinKeepsToTheLevel(t *testing.T) {
	one, err := command.EncodeCommand(samplesOf(1)[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range samplesOf(2) {
		two, err := command.EncodeCommand(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := command.Join(1, 0, one, two); !errors.Is(err, command.ErrInactive) {
			t.Errorf("kind %d in an entry of level 1: %v", c.Kind, err)
		}
		if _, err := command.Join(2, 0, one, two); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckOfLevelTwo(t *testing.T) {
	changedBackup := func(change func(*command.NoteBackup)) command.NoteBackup {
		b := backup()
		change(&b)
		return b
	}
	changed := func(change func(*command.Announce)) command.Announce {
		a := command.Announce{ID: key(1), Kind: command.AnnounceOngoing, From: 1, Until: 2, Swedish: "Text", English: "Text"}
		change(&a)
		return a
	}
	long := strings.Repeat("å", command.MaxAnnounceRunes)
	tests := []struct {
		name string
		body any
	}{
		{"a backup of nothing", changedBackup(func(b *command.NoteBackup) { b.Index = 0 })},
		{"a backup of no term", changedBackup(func(b *command.NoteBackup) { b.Term = 0 })},
		{"a backup taken at no time", changedBackup(func(b *command.NoteBackup) { b.Taken = 0 })},
		{"verified before it was taken", changedBackup(func(b *command.NoteBackup) { b.Verified = b.Taken - 1 })},
		{"a backup of less than nothing", changedBackup(func(b *command.NoteBackup) { b.Bytes = -1 })},
		{"a backup from nowhere", changedBackup(func(b *command.NoteBackup) { b.Node = "" })},
		{"no id", changed(func(a *command.Announce) { a.ID = [16]byte{} })},
		{"no kind", changed(func(a *command.Announce) { a.Kind = 0 })},
		{"a kind to come", changed(func(a *command.Announce) { a.Kind = 3 })},
		{"no beginning", changed(func(a *command.Announce) { a.From = 0 })},
		{"ends as it begins", changed(func(a *command.Announce) { a.Until = a.From })},
		{"no Swedish", changed(func(a *command.Announce) { a.Swedish = "" })},
		{"no English", changed(func(a *command.Announce) { a.English = "" })},
		{"a long text", changed(func(a *command.Announce) { a.English = long + "å" })},
		{"two lines", changed(func(a *command.Announce) { a.English = "a\nb" })},
		{"a control character", changed(func(a *command.Announce) { a.English = "a\u0085b" })},
		{"no text but bytes", changed(func(a *command.Announce) { a.Swedish = "\xff" })},
		{"withdrawn, and yet a text", changed(func(a *command.Announce) { a.Withdrawn = true })},
	}
	for _, tt := range tests {
		kind := command.KindAnnounce
		if _, is := tt.body.(command.NoteBackup); is {
			kind = command.KindNoteBackup
		}
		if err := command.Check(command.Command{Kind: kind, Body: tt.body}); !errors.Is(err, command.ErrInvalid) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, fine := range []command.Announce{
		changed(func(a *command.Announce) { a.Swedish, a.English = long, long }),
		changed(func(a *command.Announce) { a.Until = 0 }), changed(func(a *command.Announce) { a.Kind, a.From, a.Until = 1, 5, math.MaxInt64 }),
		{ID: key(1), Withdrawn: true},
	} {
		if err := command.Check(command.Command{Kind: command.KindAnnounce, Body: fine}); err != nil {
			t.Error(err)
		}
	}
}
