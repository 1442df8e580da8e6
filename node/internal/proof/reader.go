package proof

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
)

// Errors of a Reader.
var (
	// ErrNoCheckpoint: nothing of the log is signed yet, or not of that size.
	ErrNoCheckpoint = errors.New("proof: no such checkpoint of the access log is kept")
	// ErrNoEntry: there is no such entry, or no checkpoint covers it yet.
	ErrNoEntry = errors.New("proof: no such entry under a checkpoint")
	// ErrEntry: an entry is not what the tree says of it, or cannot be opened.
	ErrEntry = errors.New("proof: an entry of the access log is not what it was")
)

// MaxPage bounds the entries of one page.
const MaxPage = 500

// Opener opens the log's entries; *sealing.Ring is one.
type Opener interface {
	Patient(protocol.PatientID) [16]byte
	OpenLog(key, sealed []byte) ([]byte, error)
}

// Recorder puts a reading of the log into the log, before anything of it is answered.
type Recorder interface {
	RecordReading(ctx context.Context, operator, what string) error
}

// Reader takes entries and proofs out of the log.
type Reader struct {
	state    State
	ring     Opener
	recorder Recorder
}

// NewReader makes one, on a node that can read.
func NewReader(state State, ring Opener, recorder Recorder) *Reader {
	return &Reader{state: state, ring: ring, recorder: recorder}
}

// Checkpoint returns the kept checkpoint of a size, or the newest for zero.
func (r *Reader) Checkpoint(size uint64) (admin.Checkpointed, error) {
	v, err := r.state.View()
	if err != nil {
		return admin.Checkpointed{}, err
	}
	defer v.Close()
	return checkpoint(v, size)
}

func checkpoint(v *raftfsm.View, size uint64) (admin.Checkpointed, error) {
	if size == 0 {
		if newest, text, ok := v.Checkpoint(); ok {
			return admin.Checkpointed{Size: newest, Note: string(text)}, nil
		}
		return admin.Checkpointed{}, fmt.Errorf("%w: nothing is signed yet; the leader has the log signed every %v once there is something in it", ErrNoCheckpoint, makeEvery)
	}
	if kept := v.Checkpoints(size-1, 1); len(kept) == 1 && kept[0].Size == size {
		return admin.Checkpointed{Size: size, Note: string(kept[0].Note)}, nil
	}
	return admin.Checkpointed{}, fmt.Errorf("%w: %d entries", ErrNoCheckpoint, size)
}

// Page returns entries, opened. That they were taken out is in the log before.
func (r *Reader) Page(ctx context.Context, operator string, q admin.LogPageQuery) (admin.LogPage, error) {
	if q.Through < q.After {
		return admin.LogPage{}, ErrNoEntry
	}
	n := min(q.Through-q.After, MaxPage)
	if err := r.recorder.RecordReading(ctx, operator, fmt.Sprintf("export %d-%d", q.After+1, q.After+n)); err != nil {
		return admin.LogPage{}, err
	}
	v, err := r.state.View()
	if err != nil {
		return admin.LogPage{}, err
	}
	defer v.Close()
	page := admin.LogPage{Entries: make([]admin.ExportedEntry, 0, n)}
	for _, logged := range v.Log(q.After, int(n)) {
		page.Entries = append(page.Entries, r.exported(logged))
	}
	return page, nil
}

// Prove returns one entry and why it is in the log of the newest checkpoint.
func (r *Reader) Prove(ctx context.Context, operator string, q admin.LogProofQuery) (admin.LogProof, error) {
	if err := r.recorder.RecordReading(ctx, operator, "proof of one entry"); err != nil {
		return admin.LogProof{}, err
	}
	v, err := r.state.View()
	if err != nil {
		return admin.LogProof{}, err
	}
	defer v.Close()
	sequence, err := find(v, q)
	if err != nil {
		return admin.LogProof{}, err
	}
	newest, err := checkpoint(v, 0)
	if err != nil {
		return admin.LogProof{}, err
	}
	if sequence > newest.Size {
		return admin.LogProof{}, fmt.Errorf("%w: it is number %d, and %d are signed: wait for the next checkpoint", ErrNoEntry, sequence, newest.Size)
	}
	page := v.Log(sequence-1, 1)
	if len(page) != 1 {
		return admin.LogProof{}, ErrNoEntry
	}
	e := r.exported(page[0])
	if e.Closed != "" {
		return admin.LogProof{}, fmt.Errorf("%w: number %d: %s", ErrEntry, sequence, e.Closed)
	}
	hashes, err := tlog.ProveRecord(int64(newest.Size), int64(sequence-1), v.LogHashes())
	if err != nil {
		return admin.LogProof{}, fmt.Errorf("proving entry %d: %w", sequence, err)
	}
	return admin.LogProof{Checkpoint: newest.Note, Proof: bytesOf(hashes), Entry: e}, nil
}

// find returns the number of the entry that is asked for.
func find(v *raftfsm.View, q admin.LogProofQuery) (uint64, error) {
	if q.ID == "" {
		if q.Sequence == 0 || q.Sequence > v.LogLength() {
			return 0, ErrNoEntry
		}
		return q.Sequence, nil
	}
	prefix, err := record.ParseID(q.ID)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoEntry, err)
	}
	found := v.LogFind(prefix)
	if len(found) != 1 {
		return 0, ErrNoEntry
	}
	return found[0].Sequence, nil
}

// Consistency returns why the log of one kept checkpoint begins with that of another.
// A later one of zero is the newest.
func (r *Reader) Consistency(from, to uint64) (admin.Consistency, error) {
	v, err := r.state.View()
	if err != nil {
		return admin.Consistency{}, err
	}
	defer v.Close()
	earlier, err := checkpoint(v, from)
	if err != nil {
		return admin.Consistency{}, err
	}
	later, err := checkpoint(v, to)
	if err != nil {
		return admin.Consistency{}, err
	}
	if from == 0 || earlier.Size > later.Size {
		return admin.Consistency{}, fmt.Errorf("%w: from %d to %d", ErrNoCheckpoint, from, later.Size)
	}
	hashes, err := tlog.ProveTree(int64(later.Size), int64(earlier.Size), v.LogHashes())
	if err != nil {
		return admin.Consistency{}, fmt.Errorf("proving %d to %d: %w", earlier.Size, later.Size, err)
	}
	return admin.Consistency{Earlier: earlier.Note, Later: later.Note, Proof: bytesOf(hashes)}, nil
}

func bytesOf(hashes []tlog.Hash) [][]byte {
	all := make([][]byte, len(hashes))
	for i, h := range hashes {
		all[i] = h[:]
	}
	return all
}

// exported opens an entry and looks that it is what the tree commits to, and stands
// where it says. One that is not, or that no key opens, is handed out closed.
func (r *Reader) exported(l raftfsm.Logged) admin.ExportedEntry {
	out := admin.ExportedEntry{Sequence: l.Sequence, Index: l.Index, ID: hex.EncodeToString(l.ID[:]), Subject: hex.EncodeToString(l.Subject[:])}
	plain, why := r.open(l)
	if why != "" {
		out.Closed, out.Commitment = why, l.Commitment[:]
		return out
	}
	readable, err := Readable(plain)
	if err != nil {
		out.Closed, out.Commitment = "it cannot be read", l.Commitment[:]
		return out
	}
	out.Plain, out.Entry = plain, readable
	return out
}

// open returns an entry's bytes, or why not.
func (r *Reader) open(l raftfsm.Logged) (plain []byte, why string) {
	plain, err := r.ring.OpenLog(sealing.Place(l.Subject, l.ID), l.Sealed)
	if err != nil {
		return nil, "no key opens it"
	}
	if record.Commitment(plain) != l.Commitment {
		return nil, "the tree commits to something else than it says"
	}
	e, err := record.Decode(plain)
	switch {
	case err != nil:
		return nil, "it cannot be read"
	case e.ID != l.ID:
		return nil, "it has another id than it is kept under"
	case e.Activity != record.Review && r.ring.Patient(e.Patient) != l.Subject: // reviews are kept under the entry that they are about
		return nil, "it is about another patient than it is kept under"
	}
	return plain, ""
}
