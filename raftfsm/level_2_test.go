//go:build !level1

package raftfsm

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

func announcement(id byte, until int64) command.Announce {
	return command.Announce{
		ID: key(id), Kind: command.AnnouncePlanned, From: 1, Until: until,
		Swedish: fmt.Sprintf("Arbete %d", id), English: fmt.Sprintf("Work %d", id),
	}
}

func raised(t *testing.T) *FSM {
	t.Helper()
	f := fresh(t)
	if r := one(t, f, command.KindActivate, command.Activate{Level: 2}); r.Status != done || f.Level() != 2 {
		t.Fatalf("activate: %+v, level %d", r, f.Level())
	}
	return f
}

func announced(t *testing.T, f *FSM) []command.Announce {
	t.Helper()
	v, err := f.View()
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	return v.Announcements()
}

func backupOf(t *testing.T, f *FSM, taken, verified int64) command.NoteBackup {
	t.Helper()
	v, err := f.View()
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	size, root, err := v.LogTree()
	if err != nil {
		t.Fatal(err)
	}
	_, hash := f.StateHash()
	return command.NoteBackup{
		Generation: 1, Index: v.Index(), Term: 1, StateHash: hash, LogSize: size, LogRoot: root,
		Taken: taken, Verified: verified, Bytes: 5, Node: "a1",
	}
}

// goldenLogTwo goes on from the log of level 1.
func goldenLogTwo() [][]command.Command {
	announce := func(a command.Announce) command.Command {
		return command.Command{Kind: command.KindAnnounce, Body: a}
	}
	return append(goldenLog(),
		[]command.Command{
			announce(announcement(1, 0)), // refused: the level is not active
			{Kind: command.KindActivate, Body: command.Activate{Level: 2}},
			announce(announcement(2, 0)), announce(announcement(3, 9)), announce(announcement(4, 100)),
		},
		[]command.Command{
			{Kind: command.KindNoteBackup, Body: command.NoteBackup{
				Generation: 1, Index: 5, Term: 1, LogSize: 1, LogRoot: goldenRoot, Taken: asOf, Verified: asOf + 1, Bytes: 9, Node: "a1",
			}},
			announce(command.Announce{ID: key(2), Withdrawn: true}), announce(announcement(5, 0)),
		})
}

func TestGoldenStateOfLevelTwo(t *testing.T) { golden(t, "level2", goldenLogTwo()) }

func TestLevelTwoBelowIt(t *testing.T) {
	f := fresh(t)
	before := dump(t, f)
	for kind, body := range map[command.Kind]any{
		command.KindAnnounce: announcement(1, 0), command.KindNoteBackup: backupOf(t, f, 1, 1),
	} {
		if b, is := body.(command.NoteBackup); is {
			b.Index = 1
			body = b
		}
		if r := one(t, f, kind, body); r.Status != refused {
			t.Errorf("kind %d before its level: %+v", kind, r)
		}
	}
	if diff := cmp.Diff(before, dump(t, f)); diff != "" {
		t.Error(diff)
	}
}

func TestAnnounce(t *testing.T) {
	f := raised(t) // index 1; the stamp of an entry is its index
	reader := f.Feed().Follow(command.Subject{})
	defer reader.Close()
	do := func(a command.Announce) command.Result { return one(t, f, command.KindAnnounce, a) }

	if r := do(announcement(1, 5)); r.Status != done || r.Changed != 1 { // 2
		t.Errorf("new: %+v", r)
	}
	if r := do(announcement(1, 5)); r.Status != done || r.Unchanged != 1 { // 3
		t.Errorf("the same again: %+v", r)
	}
	other := announcement(1, 6)
	if r := do(other); r.Status != done || r.Changed != 1 { // 4
		t.Errorf("another of the same id: %+v", r)
	}
	if diff := cmp.Diff([]command.Announce{other}, announced(t, f)); diff != "" {
		t.Error(diff)
	}
	if r := do(announcement(2, 5)); r.Status != refused { // 5: over as it comes
		t.Errorf("one that is over: %+v", r)
	}
	if r := do(command.Announce{ID: key(9), Withdrawn: true}); r.Status != done || r.Unchanged != 1 { // 6, and 1 is over
		t.Errorf("withdrawn, and never told: %+v", r)
	}
	if left := announced(t, f); len(left) != 0 {
		t.Errorf("one whose time is over is told: %+v", left)
	}
	for id := byte(1); id <= command.MaxAnnouncements; id++ { // 7 to 22
		if r := do(announcement(id, 24)); r.Status != done {
			t.Fatalf("number %d: %+v", id, r)
		}
	}
	if r := do(announcement(17, 0)); r.Status != refused { // 23
		t.Errorf("one more than may stand: %+v", r)
	}
	if r := do(announcement(17, 0)); r.Status != done || len(announced(t, f)) != 1 { // 24: the others are over
		t.Errorf("when the others are over: %+v, %d stand", r, len(announced(t, f)))
	}
	if r := do(command.Announce{ID: key(17), Withdrawn: true}); r.Status != done || r.Removed != 1 {
		t.Errorf("withdrawn: %+v", r)
	}
	indexes := []uint64{}
	for _, c := range drain(t, reader) {
		if c.Kind != command.KindAnnounce || c.Subject != (command.Subject{}) {
			t.Errorf("told of: %+v", c)
		}
		indexes = append(indexes, c.Index)
	}
	want := []uint64{2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25}
	if diff := cmp.Diff(want, indexes); diff != "" {
		t.Errorf("who follows is told at other indexes:\n%s", diff)
	}
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
}

func TestNoteBackup(t *testing.T) {
	f := raised(t)
	one(t, f, command.KindRecordEvent, command.RecordEvent{Entry: logEntry(1, 1)})
	if _, ok := view(t, f).Backup(); ok {
		t.Error("a backup before there is one")
	}
	first := backupOf(t, f, 100, 200)
	ahead, longer, lying := first, first, first
	ahead.Index, longer.LogSize, lying.LogRoot[0] = 1000, 2, lying.LogRoot[0]^1
	for name, b := range map[string]command.NoteBackup{"ahead of the log": ahead, "of a longer record": longer, "of another record": lying} {
		if r := one(t, f, command.KindNoteBackup, b); r.Status != refused {
			t.Errorf("a backup %s: %+v", name, r)
		}
	}
	later, older, again := first, first, first
	later.Taken, older.Taken, again.Verified = 150, 50, 300
	for _, step := range []struct {
		name    string
		b, kept command.NoteBackup
		changed uint32
	}{
		{"the first", first, first, 1}, {"the same", first, first, 0}, {"an older one", older, first, 0},
		{"verified once more", again, again, 1}, {"as it was verified first", first, again, 0}, {"a newer one", later, later, 1},
	} {
		r := one(t, f, command.KindNoteBackup, step.b)
		kept, ok := view(t, f).Backup()
		if r.Status != done || r.Changed != step.changed || !ok || kept != step.kept {
			t.Errorf("%s: %+v, kept %+v %v", step.name, r, kept, ok)
		}
	}
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
}

// A state of a level that a build does not know is refused, whole: as a data directory
// at the start, and as a snapshot.
func TestStateOfAHigherLevel(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	tx, err := f.store.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Put(store.Cluster, levelKey, []byte{0, byte(command.Level) + 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(7, 1); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and is the same at the next start
		if _, err := Open(dir, Options{BootID: boot, InitialMmapBytes: 16 << 20}); !errors.Is(err, command.ErrUnknownLevel) {
			t.Errorf("Open = %v", err)
		}
	}
}
