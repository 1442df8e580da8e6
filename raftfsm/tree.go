package raftfsm

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// ErrTree is a place that the access log's tree does not have.
var ErrTree = errors.New("raftfsm: beyond the access log's tree")

const leafBytes = 8 + 8 + idBytes + idBytes + 32

// LeafData is what the tree's leaf commits to: the entry's number, the index of the
// log entry that added it, its id, whom it is about, and what it says, by its
// commitment. The leaf's hash is tlog.RecordHash of it.
func LeafData(l Logged) []byte {
	b := make([]byte, 0, leafBytes)
	b = binary.BigEndian.AppendUint64(b, l.Sequence)
	b = binary.BigEndian.AppendUint64(b, l.Index)
	b = append(b, l.ID[:]...)
	b = append(b, l.Subject[:]...)
	return append(b, l.Commitment[:]...)
}

// hashes reads the hashes of the tree over the access log. Those of the leaves are made
// anew from the log's rows, and only the others are kept: one to an entry on average.
type hashes struct{ from logReader }

type logReader interface {
	getter
	LastKey(b store.Bucket) []byte
}

var _ tlog.HashReader = hashes{}

func (h hashes) size() uint64 { return toNumber(h.from.LastKey(store.Log)) }

// ReadHashes implements tlog.HashReader, for no more than MaxTreeHashes at once.
func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	if len(indexes) > MaxTreeHashes {
		return nil, fmt.Errorf("%w: %d hashes at once", ErrTree, len(indexes))
	}
	count := tlog.StoredHashCount(int64(h.size()))
	all := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= count {
			return nil, fmt.Errorf("%w: hash %d of %d", ErrTree, index, count)
		}
		if err := h.read(index, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (h hashes) read(index int64, to *tlog.Hash) error {
	level, n := tlog.SplitStoredHashIndex(index)
	if level > 0 {
		b := h.from.Get(store.Tree, number(uint64(index)))
		if len(b) != tlog.HashSize {
			return fmt.Errorf("%w: the tree lacks hash %d", store.ErrDamaged, index)
		}
		*to = tlog.Hash(b)
		return nil
	}
	sequence := uint64(n) + 1
	b := h.from.Get(store.Log, number(sequence))
	if len(b) < logFixed {
		return fmt.Errorf("%w: the log lacks entry %d", store.ErrDamaged, sequence)
	}
	*to = tlog.RecordHash(LeafData(decodeLogged(sequence, b)))
	return nil
}

// root returns the root of the tree of the first size entries.
func (h hashes) root(size uint64) ([32]byte, error) {
	if length := h.size(); size > length {
		return [32]byte{}, fmt.Errorf("%w: size %d of %d", ErrTree, size, length)
	}
	return tlog.TreeHash(int64(size), h)
}

// grow adds the leaf of the latest entry, and the hashes of the subtrees that it
// completes. The root costs nothing here: who asks for it has it made.
func (m *machine) grow(e *command.LogEntry) error {
	n := int64(m.sequence - 1)
	leaf := LeafData(Logged{Sequence: m.sequence, Index: m.index, ID: e.ID, Subject: e.Subject, Commitment: e.Commitment})
	complete, err := tlog.StoredHashes(n, leaf, hashes{m.tx})
	if err != nil {
		return err
	}
	first := tlog.StoredHashIndex(0, n)
	for i := 1; i < len(complete); i++ { // the leaf's own is not kept
		if err := m.tx.Replace(store.Tree, number(uint64(first)+uint64(i)), nil, complete[i][:]); err != nil {
			return err
		}
	}
	return nil
}

// LogTree returns size and root of the tree over the whole access log.
func (v *View) LogTree() (size uint64, root [32]byte, err error) {
	size = v.LogLength()
	root, err = v.LogRoot(size)
	return size, root, err
}

// LogRoot returns the root of the tree over the first size entries. ErrTree: there are
// not so many.
func (v *View) LogRoot(size uint64) ([32]byte, error) { return hashes{v.reader}.root(size) }

// LogHashes reads the tree's hashes: for tlog.ProveRecord and tlog.ProveTree. The entry
// of number n is the tree's record n-1. It is valid until Close.
func (v *View) LogHashes() tlog.HashReader { return hashes{v.reader} }
