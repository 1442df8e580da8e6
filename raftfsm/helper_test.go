package raftfsm

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

const (
	boot   = "boot one"
	source = "SE-SOURCE"
	asOf   = 1_700_000_000_000
)

func key(b byte) (k [16]byte) {
	for i := range k {
		k[i] = b
	}
	return k
}

func open(t testing.TB, dir string) *FSM {
	t.Helper()
	f, err := Open(dir, Options{BootID: boot, InitialMmapBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// fresh opens a state machine in a directory of its own, closed at the test's end.
func fresh(t testing.TB) *FSM {
	t.Helper()
	f := open(t, t.TempDir())
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func entry(t testing.TB, index uint64, commands ...command.Command) *raft.Log {
	t.Helper()
	b, err := command.Encode(command.Entry{Level: command.Level, Stamp: int64(index), Commands: commands})
	if err != nil {
		t.Fatal(err)
	}
	return &raft.Log{Type: raft.LogCommand, Index: index, Term: 1 + index/100, Data: b}
}

// do applies commands as the next entry and returns their results.
func do(t testing.TB, f *FSM, commands ...command.Command) []command.Result {
	t.Helper()
	answer := f.Apply(entry(t, f.AppliedIndex()+1, commands...))
	results, ok := answer.([]command.Result)
	if !ok {
		t.Fatalf("Apply = %v", answer)
	}
	return results
}

// one applies one command and returns its result.
func one(t testing.TB, f *FSM, kind command.Kind, body any) command.Result {
	t.Helper()
	return do(t, f, command.Command{Kind: kind, Body: body})[0]
}

func register(t testing.TB, f *FSM) {
	t.Helper()
	all := []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	one(t, f, command.KindRegisterSource, command.RegisterSource{Source: source, Contracts: all})
}

func document(k, digest byte) command.SealedDocument {
	return command.SealedDocument{
		Key: key(k), CareProvider: "SE-P", CareUnit: "SE-U", Time: int64(k), Digest: key(digest),
		Header: []byte{'h', k, digest}, Body: []byte{'b', k, digest},
	}
}

func put(subject byte, complete bool, documents ...command.SealedDocument) command.PutSnapshot {
	return command.PutSnapshot{
		Subject: key(subject), Contract: 1, Source: source, Complete: complete, At: asOf, Documents: documents,
	}
}

func row(subject, k, digest byte) command.Row {
	return command.Row{RowKey: command.RowKey{Subject: key(subject), Key: key(k)}, Digest: key(digest), Sealed: []byte{'r', digest}}
}

func logEntry(subject, id byte) command.LogEntry {
	return command.LogEntry{ID: key(id), Subject: key(subject), Sealed: []byte{'l', id}, Commitment: commitment(id)}
}

func commitment(id byte) (c [32]byte) {
	c[0], c[31] = 'c', id
	return c
}

func view(t testing.TB, f *FSM) *View {
	t.Helper()
	v, err := f.View()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// dump returns everything that is stored, in order.
func dump(t testing.TB, f *FSM) string {
	t.Helper()
	r, err := f.store.Read()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	for _, bucket := range store.Buckets() {
		r.ScanFrom(bucket, nil, func(k, v []byte) bool {
			b.WriteString(bucket.String())
			b.WriteByte(' ')
			b.WriteString(hexOf(k) + " " + hexOf(v) + "\n")
			return true
		})
	}
	return b.String()
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// sink is a raft.SnapshotSink in memory.
type sink struct {
	bytes.Buffer
	closed, cancelled bool
}

func (s *sink) Close() error  { s.closed = true; return nil }
func (s *sink) Cancel() error { s.cancelled = true; return nil }
func (s *sink) ID() string    { return "snapshot" }

func takeSnapshot(t testing.TB, f *FSM) []byte {
	t.Helper()
	s, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	var to sink
	if err := s.Persist(&to); err != nil {
		t.Fatal(err)
	}
	if !to.closed || to.cancelled {
		t.Fatal("the sink was not closed")
	}
	return to.Bytes()
}

func restore(f *FSM, b []byte) error { return f.Restore(io.NopCloser(bytes.NewReader(b))) }

// drain returns what waits in a reader.
func drain(t testing.TB, r *Reader) []Change {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var all []Change
	for {
		c, err := r.Next(ctx)
		if err == context.Canceled {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
}
