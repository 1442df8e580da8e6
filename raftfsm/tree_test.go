package raftfsm

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"tvilling/raftfsm/command"
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

// trees compares the tree of every size with one made anew from the log's rows.
func trees(t testing.TB, f *FSM) {
	t.Helper()
	v := view(t, f)
	want := anew(v.Log(0, MaxLogPage))
	size, root, err := v.LogTree()
	if err != nil || size != v.LogLength() || int(size)+1 != len(want) || root != want[size] {
		t.Fatalf("LogTree = %d, %x, %v; want %d, %x", size, root, err, len(want)-1, want[len(want)-1])
	}
	for n := range want {
		if got, err := v.LogRoot(uint64(n)); err != nil || got != want[n] {
			t.Fatalf("LogRoot(%d) = %x, %v; want %x", n, got, err, want[n])
		}
	}
	for _, size := range []uint64{size + 1, 1 << 62, 1<<64 - 1} {
		if _, err := v.LogRoot(size); !errors.Is(err, ErrTree) {
			t.Errorf("LogRoot(%d) = %v", size, err)
		}
	}
}

func TestTreeOfEverySize(t *testing.T) {
	f := fresh(t)
	trees(t, f)
	for n, next := 0, 0; n < 12; n++ {
		events(t, f, next, n, 1+n%4)
		next += n
		trees(t, f)
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

// P2: an identity that is linked with the patient's counts as the patient does.
func TestWhatChangedForALinkedIdentityIsStale(t *testing.T) {
	f := fresh(t)
	one(t, f, command.KindBlockPage, command.FeedPage{Upserts: []command.Row{row(3, 1, 1)}, AsOf: 1})  // 1
	one(t, f, command.KindPersonPage, command.FeedPage{Upserts: []command.Row{row(4, 1, 1)}, AsOf: 1}) // 2
	one(t, f, command.KindCanary, command.Canary{Node: "a1"})                                          // 3
	linked := func(all ...byte) (s []command.Subject) {
		for _, b := range all {
			s = append(s, key(b))
		}
		return s
	}
	for i, c := range []struct {
		decidedAt uint64
		linked    []command.Subject
		want      command.Status
	}{
		{1, linked(3), done}, {0, linked(3), stale}, {2, linked(3, 4), done}, {1, linked(3, 4), stale},
		{0, linked(5), done}, {0, nil, done},
	} {
		id := byte(10 * (i + 1))
		access := command.RecordAccess{DecidedAt: c.decidedAt, Patient: key(1), Actor: key(2), Permit: true, Entry: logEntry(1, id), Linked: c.linked}
		if got := one(t, f, command.KindRecordAccess, access); got.Status != c.want {
			t.Errorf("%d: access: %+v, want %d", i, got, c.want)
		}
		access.Permit, access.Entry.ID = false, key(id+1)
		if got := one(t, f, command.KindRecordAccess, access); got.Status != done {
			t.Errorf("%d: denial: %+v", i, got)
		}
		act := command.RegisterConsent{DecidedAt: c.decidedAt, Actor: key(2), Row: row(6, 1, 1), Entry: logEntry(6, id+2), Linked: c.linked}
		for n, kind := range []command.Kind{command.KindRegisterConsent, command.KindRegisterEmergency} {
			act.Row, act.Entry = row(id+byte(n), 1, 1), logEntry(id+byte(n), id+2+byte(n))
			if got := one(t, f, kind, act); got.Status != c.want {
				t.Errorf("%d: kind %d: %+v, want %d", i, kind, got, c.want)
			}
		}
	}
}

// The second step of an emergency takes the place of the first.
func TestEmergency(t *testing.T) {
	f := fresh(t)
	reader := f.Feed().Follow(key(1))
	defer reader.Close()
	step := func(decidedAt uint64, digest, id byte) command.Result {
		t.Helper()
		return one(t, f, command.KindRegisterEmergency, command.RegisterConsent{
			DecidedAt: decidedAt, Actor: key(9), Row: row(1, 5, digest), Entry: logEntry(1, id),
		})
	}
	if got, want := step(0, 1, 1), (command.Result{Status: done, Index: 1, Sequence: 1, Changed: 1}); got != want {
		t.Errorf("first step: %+v", got)
	}
	if got := step(0, 2, 2); got.Status != stale {
		t.Errorf("second step, decided before the first: %+v", got)
	}
	if got, want := step(1, 2, 2), (command.Result{Status: done, Index: 3, Sequence: 2, Changed: 1}); got != want {
		t.Errorf("second step: %+v", got)
	}
	if got := step(1, 2, 2); !got.Repeated || got.Sequence != 2 {
		t.Errorf("second step again: %+v", got)
	}
	v := view(t, f)
	if got := rowsOf(v, Consents, 1); got != "52 " || v.Revision(key(1)) != 3 {
		t.Errorf("rows %q, revision %d", got, v.Revision(key(1)))
	}
	want := []Change{
		{Index: 1, Kind: 22, Subject: key(1), Upserted: [][16]byte{key(5)}},
		{Index: 3, Kind: 22, Subject: key(1), Upserted: [][16]byte{key(5)}},
	}
	if diff := cmp.Diff(want, drain(t, reader)); diff != "" {
		t.Error(diff)
	}
}

// What the population register knows is a projection as the others are.
func TestPersons(t *testing.T) {
	f := fresh(t)
	page := func(p command.FeedPage) command.Result { t.Helper(); return one(t, f, command.KindPersonPage, p) }
	page(command.FeedPage{Full: true, Resync: 1, Last: true, AsOf: 10, Watermark: "w1",
		Upserts: []command.Row{row(1, 1, 1), row(2, 1, 1), row(3, 1, 1)}}) // 1
	page(command.FeedPage{AsOf: 11, Upserts: []command.Row{row(2, 1, 2)}})                                                                          // 2
	got := page(command.FeedPage{Full: true, Resync: 2, Last: true, AsOf: 12, Watermark: "w2", Upserts: []command.Row{row(2, 1, 2), row(3, 1, 1)}}) // 3
	if want := (command.Result{Status: done, Index: 3, Unchanged: 2, Removed: 1}); got != want {
		t.Errorf("sweep: %+v", got)
	}
	if got := one(t, f, command.KindErasePatient, command.ErasePatient{Subject: key(3)}); got.Removed != 1 { // 4
		t.Errorf("erase: %+v", got)
	}
	v := view(t, f)
	if got := rowsOf(v, Persons, 1) + "|" + rowsOf(v, Persons, 2) + "|" + rowsOf(v, Persons, 3); got != "|12 |" {
		t.Errorf("rows: %q", got)
	}
	for subject, want := range map[byte]uint64{1: 3, 2: 2, 3: 4} {
		if got := v.Revision(key(subject)); got != want {
			t.Errorf("revision of %d: %d, want %d", subject, got, want)
		}
	}
	if at, mark, known := v.Freshness(Persons); at != 12 || mark != "w2" || !known {
		t.Errorf("freshness: %d %q %t", at, mark, known)
	}
}
