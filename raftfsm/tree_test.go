package raftfsm

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// event adds entries to the access log, so many to a raft entry.
func events(t testing.TB, f *FSM, from, count, together int) {
	t.Helper()
	var commands []command.Command
	for n := from; n < from+count; n++ {
		e := command.LogEntry{ID: numbered(uint64(n)), Subject: key(byte(n%5 + 1)), Sealed: []byte("sealed")}
		e.Commitment = [32]byte{byte(n), byte(n >> 8), 31: 1}
		commands = append(commands, command.Command{Kind: command.KindRecordEvent, Body: command.RecordEvent{Entry: e}})
		if len(commands) == together || n == from+count-1 {
			do(t, f, commands...)
			commands = nil
		}
	}
}

// anew makes the roots of the tree of every size from the log's rows alone, in the
// simplest way: by the definition.
func anew(all []Logged) [][32]byte {
	leaves := make([]tlog.Hash, len(all))
	for i, l := range all {
		leaves[i] = tlog.RecordHash(LeafData(l))
	}
	empty, _ := tlog.TreeHash(0, nil)
	roots := [][32]byte{empty}
	for size := range leaves {
		roots = append(roots, defined(leaves[:size+1]))
	}
	return roots
}

// defined is the hash of a tree as RFC 6962, 2.1 defines it.
func defined(leaves []tlog.Hash) tlog.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	half := 1
	for half*2 < len(leaves) {
		half *= 2
	}
	return tlog.NodeHash(defined(leaves[:half]), defined(leaves[half:]))
}

// treesOf compares the tree of every size with one made anew from the log's rows.
func treesOf(f *FSM, length uint64) error {
	v, err := f.View()
	if err != nil {
		return err
	}
	defer v.Close()
	want := anew(v.Log(0, MaxLogPage))
	size, root, err := v.LogTree()
	if err != nil || size != length || size != v.LogLength() || int(size)+1 != len(want) || root != want[size] {
		return fmt.Errorf("LogTree = %d, %x, %v; want %d, %x", size, root, err, len(want)-1, want[len(want)-1])
	}
	for n := range want {
		if got, err := v.LogRoot(uint64(n)); err != nil || got != want[n] {
			return fmt.Errorf("LogRoot(%d) = %x, %v; want %x", n, got, err, want[n])
		}
	}
	for _, beyond := range []uint64{size + 1, 1 << 62, 1<<64 - 1} {
		if _, err := v.LogRoot(beyond); !errors.Is(err, ErrTree) {
			return fmt.Errorf("LogRoot(%d) of %d = %v", beyond, size, err)
		}
	}
	return nil
}

func TestTreeOfEverySize(t *testing.T) {
	f := fresh(t)
	for n, next := 0, 0; n < 12; n++ {
		events(t, f, next, n, 1+n%4)
		next += n
		if err := treesOf(f, uint64(next)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLeafData(t *testing.T) {
	l := Logged{Sequence: 0x0102, Index: 0x0304, ID: key(5), Subject: key(6), Commitment: [32]byte{7, 31: 8}, Sealed: []byte("no part of it")}
	want := "0000000000000102" + "0000000000000304" + hexOf(l.ID[:]) + hexOf(l.Subject[:]) + hexOf(l.Commitment[:])
	if got := hexOf(LeafData(l)); got != want || len(got) != 2*80 {
		t.Errorf("LeafData = %s, want %s", got, want)
	}
}

// Whoever has a root and a proof made of the kept hashes needs nothing else.
func TestProofs(t *testing.T) {
	f := fresh(t)
	const length = 70
	events(t, f, 0, length, 9)
	v := view(t, f)
	all, roots := v.Log(0, length), make([]tlog.Hash, length+1)
	for size := range roots {
		root, err := v.LogRoot(uint64(size))
		if err != nil {
			t.Fatal(err)
		}
		roots[size] = root
	}
	for size := int64(1); size <= length; size++ {
		for n := range size {
			proof, err := tlog.ProveRecord(size, n, v.LogHashes())
			if err != nil {
				t.Fatal(err)
			}
			leaf := tlog.RecordHash(LeafData(all[n]))
			if err := tlog.CheckRecord(proof, size, roots[size], n, leaf); err != nil {
				t.Fatalf("entry %d of %d: %v", n+1, size, err)
			}
			leaf[0] ^= 1
			if tlog.CheckRecord(proof, size, roots[size], n, leaf) == nil {
				t.Fatalf("another entry is proved in the place of %d of %d", n+1, size)
			}
			before, err := tlog.ProveTree(size, n+1, v.LogHashes())
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckTree(before, size, roots[size], n+1, roots[n+1]); err != nil {
				t.Fatalf("tree of %d in that of %d: %v", n+1, size, err)
			}
		}
	}
}

func TestHashesAreBounded(t *testing.T) {
	f := fresh(t)
	events(t, f, 0, 5, 5)
	hashes := view(t, f).LogHashes()
	count := tlog.StoredHashCount(5)
	if got, err := hashes.ReadHashes(make([]int64, MaxTreeHashes)); err != nil || len(got) != MaxTreeHashes {
		t.Errorf("as many as may be: %d, %v", len(got), err)
	}
	for _, bad := range [][]int64{{-1}, {0, count}, {1 << 62}, {-1 << 63}, make([]int64, MaxTreeHashes+1)} {
		if got, err := hashes.ReadHashes(bad); !errors.Is(err, ErrTree) || got != nil {
			t.Errorf("ReadHashes(%d of them, %d) = %v, %v", len(bad), bad[len(bad)-1], got, err)
		}
	}
	if _, err := tlog.ProveRecord(9, 0, hashes); !errors.Is(err, ErrTree) {
		t.Errorf("a proof in a tree to come: %v", err)
	}
}

func rootOf(t testing.TB, f *FSM, size uint64) [32]byte {
	t.Helper()
	root, err := view(t, f).LogRoot(size)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestCheckpoints(t *testing.T) {
	f := fresh(t)
	if _, _, ok := view(t, f).Checkpoint(); ok || view(t, f).Checkpoints(0, 9) != nil {
		t.Error("a checkpoint of nothing")
	}
	events(t, f, 0, 10, 10)
	keep := func(size uint64, note string, falsely byte) command.Result {
		t.Helper()
		root := rootOf(t, f, min(size, 10))
		root[31] ^= falsely
		r := one(t, f, command.KindCheckpoint, command.Checkpoint{Size: size, Root: root, Note: []byte(note)})
		r.Index = 0
		return r
	}
	for i, c := range []struct {
		size    uint64
		note    string
		falsely byte
		want    command.Result
	}{
		{5, "five", 1, command.Result{Status: refused}}, // another root
		{11, "eleven", 0, command.Result{Status: refused}},
		{5, "five", 0, command.Result{Status: done, Changed: 1}},
		{5, "five", 0, command.Result{Status: done, Unchanged: 1}},
		{5, "five, cosigned", 0, command.Result{Status: done, Changed: 1}},
		{8, "eight", 0, command.Result{Status: done, Changed: 1}},
		{7, "seven", 0, command.Result{Status: refused}}, // behind eight
		{8, "false", 128, command.Result{Status: refused}},
		{10, "ten", 0, command.Result{Status: done, Changed: 1}},
	} {
		if got := keep(c.size, c.note, c.falsely); got != c.want {
			t.Errorf("%d: %+v, want %+v", i, got, c.want)
		}
	}
	v := view(t, f)
	want := []CheckpointAt{{5, []byte("five, cosigned")}, {8, []byte("eight")}, {10, []byte("ten")}}
	if diff := cmp.Diff(want, v.Checkpoints(0, 99)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[1:2], v.Checkpoints(5, 1)); diff != "" {
		t.Error(diff)
	}
	if v.Checkpoints(10, 9) != nil || v.Checkpoints(1<<64-1, 9) != nil || v.Checkpoints(0, 0) != nil {
		t.Error("checkpoints that are not")
	}
	if size, note, ok := v.Checkpoint(); size != 10 || string(note) != "ten" || !ok {
		t.Errorf("newest: %d %q %t", size, note, ok)
	}
}

func TestTheNewestCheckpointsAreKept(t *testing.T) {
	f := fresh(t)
	const length = MaxCheckpoints + 6
	events(t, f, 0, length, 250)
	var commands []command.Command
	for size := uint64(1); size <= length; size++ {
		commands = append(commands, command.Command{Kind: command.KindCheckpoint, Body: command.Checkpoint{
			Size: size, Root: rootOf(t, f, size), Note: fmt.Append(nil, size),
		}})
	}
	var removed uint32
	for ; len(commands) > 0; commands = commands[min(len(commands), 250):] {
		for _, r := range do(t, f, commands[:min(len(commands), 250)]...) {
			removed += r.Removed
		}
	}
	got := view(t, f).Checkpoints(0, length)
	if len(got) != MaxCheckpoints || got[0].Size != 7 || got[MaxCheckpoints-1].Size != length || removed != 6 {
		t.Errorf("%d checkpoints, from %d on, %d removed", len(got), got[0].Size, removed)
	}
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
}

func TestExport(t *testing.T) {
	f := fresh(t)
	events(t, f, 0, 10, 10)
	if got := view(t, f).Export(); got != (ExportState{}) {
		t.Errorf("nothing was exported, and yet %+v", got)
	}
	for i, c := range []struct {
		ack    command.ExportAck
		status command.Status
		state  ExportState
	}{
		{command.ExportAck{Through: 11, At: 1}, refused, ExportState{}},
		{command.ExportAck{Through: 4, At: 2, Refused: []uint64{1, 4}}, done, ExportState{4, 2, 2}},
		{command.ExportAck{Through: 4, At: 3, Refused: []uint64{2}}, done, ExportState{4, 2, 2}},    // again
		{command.ExportAck{Through: 3, At: 4}, done, ExportState{4, 2, 2}},                          // late
		{command.ExportAck{Through: 6, At: 5, Refused: []uint64{4}}, refused, ExportState{4, 2, 2}}, // of before
		{command.ExportAck{Through: 9, At: 6, Refused: []uint64{5}}, done, ExportState{9, 6, 3}},
		{command.ExportAck{Through: 10, At: 5}, done, ExportState{10, 5, 3}},
	} {
		if got := one(t, f, command.KindExportAck, c.ack); got.Status != c.status {
			t.Errorf("%d: %+v", i, got)
		}
		if got := view(t, f).Export(); got != c.state {
			t.Errorf("%d: %+v, want %+v", i, got, c.state)
		}
	}
	v := view(t, f)
	for _, c := range []struct {
		after uint64
		limit int
		want  []uint64
	}{{0, 10, []uint64{1, 4, 5}}, {1, 1, []uint64{4}}, {5, 9, nil}, {0, 0, nil}, {1<<64 - 1, 9, nil}} {
		if diff := cmp.Diff(c.want, v.ExportRefused(c.after, c.limit)); diff != "" {
			t.Errorf("refused after %d:\n%s", c.after, diff)
		}
	}
}

func TestCoverage(t *testing.T) {
	f := fresh(t)
	if got := view(t, f).Coverage(); got != nil {
		t.Errorf("at first: %v", got)
	}
	a := command.Coverage{CareProvider: "SE-1", Name: "One", Contract: 2, Since: 20200101000000}
	ended := command.Coverage{CareProvider: "SE-1", Name: "One", Contract: 1, Since: -5, Until: 20210101000000}
	begun := command.Coverage{CareProvider: "SE-1", Name: "One", Contract: 1, Since: 20220101000000}
	longer := command.Coverage{CareProvider: "SE-10", Contract: 1, Since: 1}
	replace := func(want command.Result, rows ...command.Coverage) {
		t.Helper()
		got := one(t, f, command.KindPutCoverage, command.PutCoverage{Rows: rows})
		if got.Index = 0; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	replace(command.Result{Status: done, Changed: 4}, longer, a, begun, ended)
	if diff := cmp.Diff([]command.Coverage{ended, begun, a, longer}, view(t, f).Coverage()); diff != "" {
		t.Error(diff)
	}
	a.Name = "One and only"
	replace(command.Result{Status: done, Changed: 1, Unchanged: 1, Removed: 2}, a, longer)
	if diff := cmp.Diff([]command.Coverage{a, longer}, view(t, f).Coverage()); diff != "" {
		t.Error(diff)
	}
	replace(command.Result{Status: done, Removed: 2})
	if got := view(t, f).Coverage(); got != nil {
		t.Errorf("at last: %v", got)
	}
}

// However the entries come, and whatever happens to the machine between, the tree of
// every size is the one that the definition makes of the entries.
func TestTreeOfARandomLog(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newTwin(t, nil)
		defer func() { w.close() }()
		next := 0
		for range rapid.IntRange(1, 8).Draw(r, "events") {
			count := rapid.IntRange(0, 40).Draw(r, "entries")
			events(t, w.fsm, next, count, rapid.IntRange(1, 20).Draw(r, "together"))
			next += count
			switch rapid.IntRange(0, 3).Draw(r, "event") {
			case 0: // orderly restart
				w.close()
				w.open(w.dir)
			case 1: // the process dies
				crashed := copyDir(t, w.dir)
				w.close()
				w.open(crashed)
			case 2:
				snapshot := takeSnapshot(t, w.fsm)
				w.close()
				w.open(t.TempDir())
				if err := restore(w.fsm, snapshot); err != nil {
					r.Fatal(err)
				}
			}
			if err := treesOf(w.fsm, uint64(next)); err != nil {
				r.Fatal(err)
			}
		}
	})
}

// A hash of the tree that is not what it was written as is found when the file is
// opened, as any other pair is; none is served.
func TestADamagedTreeIsFound(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	events(t, f, 0, 200, 40)
	v, err := f.View()
	if err != nil {
		t.Fatal(err)
	}
	kept := v.reader.Get(store.Tree, number(uint64(tlog.StoredHashIndex(3, 2))))
	hash := append([]byte(nil), kept...)
	v.Close()
	crashed := copyDir(t, dir)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"crashed": crashed, "closed": dir} {
		path := filepath.Join(dir, "fsm.db")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		places := 0
		for at := 0; ; at++ { // bbolt copies on write: pages that are free hold it too
			next := bytes.Index(b[at:], hash)
			if next < 0 {
				break
			}
			at += next
			b[at+7] ^= 4
			places++
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		f := open(t, dir)
		if places == 0 || f.Usable() || view(t, f).LogLength() != 0 {
			t.Errorf("%s: %d hashes damaged, usable: %t", name, places, f.Usable())
		}
		defer f.Close()
	}
}

// What lacks a hash says so; it does not answer with another root.
func TestATreeThatLacksAHash(t *testing.T) {
	f := fresh(t)
	events(t, f, 0, 8, 8)
	tx, err := f.store.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if was, err := tx.Delete(store.Tree, number(uint64(tlog.StoredHashIndex(3, 0)))); !was || err != nil {
		t.Fatal(was, err)
	}
	if _, err := (hashes{tx}).root(8); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("root of 8: %v", err)
	}
	if _, err := (hashes{tx}).root(7); err != nil {
		t.Errorf("root of 7, which does not need it: %v", err)
	}
	m := newMachine(tx, f.intents)
	if _, err := m.checkpoint(command.Checkpoint{Size: 8, Note: []byte{1}}); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a checkpoint: %v", err)
	}
}
