package raftfsm

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

func carryOn(uint64) error { return nil }

// What a view writes is what it says it is, and what Restore reads.
func TestAViewWritesASnapshot(t *testing.T) {
	f := fresh(t)
	register(t, f)
	one(t, f, command.KindPutSnapshot, put(1, true, document(1, 1), document(2, 2)))
	events(t, f, 0, 37, 5)
	v := view(t, f)
	defer v.Close()
	one(t, f, command.KindPutSnapshot, put(1, true)) // the view does not move

	var whole bytes.Buffer
	if err := v.WriteSnapshot(&whole, 0); err != nil {
		t.Fatal(err)
	}
	header, err := ReadSnapshotHeader(bytes.NewReader(whole.Bytes()))
	if err != nil || header != v.Header() || !header.Knows() || header.Index != v.Index() {
		t.Fatalf("header %+v of view %+v: %v", header, v.Header(), err)
	}
	again := fresh(t)
	if err := again.Restore(io.NopCloser(&whole)); err != nil {
		t.Fatal(err)
	}
	if at, hash := again.StateHash(); at != header.Index || hash != header.StateHash {
		t.Errorf("restored to %d, %x: want %d, %x", at, hash, header.Index, header.StateHash)
	}
	restored := view(t, again)
	defer restored.Close()
	if err := restored.VerifyState(); err != nil {
		t.Error(err)
	}
	if (SnapshotHeader{Level: maxLevel + 1}).Knows() {
		t.Error("a level of the next release is known")
	}
	if _, err := ReadSnapshotHeader(bytes.NewReader(make([]byte, 100))); !errors.Is(err, store.ErrNoSnapshot) {
		t.Errorf("header of nothing: %v", err)
	}
}

// The tree that is grown from the rows is the one that is kept, at every size.
func TestReplayLogIsTheTree(t *testing.T) {
	f := fresh(t)
	for n := range 70 {
		v := view(t, f)
		size, root, err := v.ReplayLog(carryOn)
		wantSize, wantRoot, wantErr := v.LogTree()
		if err != nil || wantErr != nil || size != wantSize || root != wantRoot || size != uint64(n) {
			t.Fatalf("size %d root %x (%v), want %d %x (%v)", size, root, err, wantSize, wantRoot, wantErr)
		}
		v.Close()
		events(t, f, n, 1, 1)
	}
}

// A hash that is not that of the entries, a row that is gone or other than it was, and
// who wants no more, are told.
func TestReplayLogTells(t *testing.T) {
	stop := errors.New("stop")
	for name, c := range map[string]struct {
		change func(tx *store.Tx) error
		goOn   func(uint64) error
		want   error
	}{
		"hash of the tree":  {func(tx *store.Tx) error { return tx.Put(store.Tree, number(2), make([]byte, 32)) }, carryOn, store.ErrDamaged},
		"hash that is gone": {func(tx *store.Tx) error { _, err := tx.Delete(store.Tree, number(6)); return err }, carryOn, store.ErrDamaged},
		"row that is gone":  {func(tx *store.Tx) error { _, err := tx.Delete(store.Log, number(3)); return err }, carryOn, store.ErrDamaged},
		"row that is short": {func(tx *store.Tx) error { return tx.Put(store.Log, number(3), []byte{1}) }, carryOn, store.ErrDamaged},
		"row of another": {func(tx *store.Tx) error {
			return tx.Put(store.Log, number(3), bytes.Clone(tx.Get(store.Log, number(4))))
		}, carryOn, store.ErrDamaged},
		"who wants no more": {func(*store.Tx) error { return nil }, func(uint64) error { return stop }, stop},
	} {
		t.Run(name, func(t *testing.T) {
			f := fresh(t)
			events(t, f, 0, 8, 8)
			tx, err := f.store.Begin()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.change(tx); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Commit(f.AppliedIndex()+1, 1); err != nil {
				t.Fatal(err)
			}
			v := view(t, f)
			defer v.Close()
			if _, _, err := v.ReplayLog(c.goOn); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}
