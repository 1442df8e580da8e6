package raftfsm

import (
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"tvilling/raftfsm/internal/host"
	"tvilling/raftfsm/internal/store"
)

// ErrNoSnapshot is a snapshot that is none, or is damaged.
var ErrNoSnapshot = store.ErrNoSnapshot

// SnapshotHeader is what stands in front of a snapshot: where in the log its state is.
type SnapshotHeader struct {
	Level       uint16 // the cluster's feature level when it was taken
	Index, Term uint64
	StateHash   [32]byte
}

// Knows reports whether this release can restore the snapshot.
func (h SnapshotHeader) Knows() bool { return h.Level <= maxLevel }

// ReadSnapshotHeader reads the header of a snapshot and no more.
func ReadSnapshotHeader(r io.Reader) (SnapshotHeader, error) {
	h, err := store.ReadHeader(r)
	if err != nil {
		return SnapshotHeader{}, fmt.Errorf("raftfsm: %w", err)
	}
	return headerOf(h), nil
}

func headerOf(h store.Header) SnapshotHeader {
	return SnapshotHeader{Level: h.Level, Index: h.Position.Index, Term: h.Position.Term, StateHash: h.Position.Hash()}
}

// Header returns what a snapshot of the view begins with.
func (v *View) Header() SnapshotHeader {
	return headerOf(store.Header{Level: v.level, Position: v.reader.Position()})
}

// WriteSnapshot writes the view's state as Restore reads it, no faster than so many
// bytes a second; 0 is no bound. The writer is to be a file: see View.
func (v *View) WriteSnapshot(w io.Writer, bytesPerSecond int) error {
	if err := v.reader.WriteSnapshot(host.Paced(w, bytesPerSecond), v.level); err != nil {
		return fmt.Errorf("raftfsm: snapshot: %w", err)
	}
	return nil
}

// VerifyState computes the state hash anew from every pair in the view, and compares.
func (v *View) VerifyState() error {
	if err := v.reader.Verify(); err != nil {
		return fmt.Errorf("raftfsm: verify: %w", err)
	}
	return nil
}

// ReplayLog grows the access log's tree anew from the log's rows, leaf by leaf, holds
// every hash that is kept against it, and returns size and root of what it grew. It
// reads everything, and asks once in a while whether to go on: an error ends it.
func (v *View) ReplayLog(goOn func(entries uint64) error) (size uint64, root [32]byte, err error) {
	var grown growing
	v.reader.ScanFrom(store.Log, nil, func(k, value []byte) bool {
		sequence := toNumber(k)
		if sequence != size+1 || len(value) < logFixed {
			err = fmt.Errorf("%w: the log's entry after %d", store.ErrDamaged, size)
			return false
		}
		if size%MaxLogPage == 0 {
			err = goOn(size)
		}
		size = sequence
		if err == nil {
			err = grown.add(tlog.RecordHash(LeafData(decodeLogged(sequence, value))), v.reader)
		}
		return err == nil
	})
	if err != nil {
		return size, root, fmt.Errorf("raftfsm: replay the access log: %w", err)
	}
	return size, grown.root(), nil
}

// growing is a tree as it grows: the roots of its complete subtrees, largest first.
type growing struct {
	roots []tlog.Hash
	size  uint64
}

// add appends a leaf. The hash of each subtree that it completes must be the kept one.
func (g *growing) add(leaf tlog.Hash, kept getter) error {
	g.roots = append(g.roots, leaf)
	for level, n := 1, g.size; n&1 == 1; level, n = level+1, n>>1 {
		last := len(g.roots) - 2
		joined := tlog.NodeHash(g.roots[last], g.roots[last+1])
		at := tlog.StoredHashIndex(level, int64(n>>1))
		if b := kept.Get(store.Tree, number(uint64(at))); string(b) != string(joined[:]) {
			return fmt.Errorf("%w: hash %d of the tree is not that of the entries", store.ErrDamaged, at)
		}
		g.roots = append(g.roots[:last], joined)
	}
	g.size++
	return nil
}

// root joins what is there, smallest first. That of nothing is tlog's.
func (g *growing) root() [32]byte {
	if len(g.roots) == 0 {
		empty, _ := tlog.TreeHash(0, tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return nil, nil }))
		return empty
	}
	root := g.roots[len(g.roots)-1]
	for i := len(g.roots) - 2; i >= 0; i-- {
		root = tlog.NodeHash(g.roots[i], root)
	}
	return root
}
