package raftfsm

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"golang.org/x/mod/sumdb/tlog"

	"tvilling/raftfsm/command"
)

const million = 1_000_000

// benchLog is an access log to measure with: with its tree, or as a plain append.
type benchLog struct {
	fsm  *FSM
	dir  string
	next uint64 // number of the next entry
}

func newBenchLog(b *testing.B, plain bool) *benchLog {
	dir := b.TempDir()
	f, err := Open(dir, Options{BootID: boot, InitialMmapBytes: 8 << 30})
	if err != nil {
		b.Fatal(err)
	}
	f.plain = plain
	b.Cleanup(func() { _ = f.Close() })
	return &benchLog{fsm: f, dir: dir}
}

// batch makes raft entries of so many commands each.
func (l *benchLog) batch(b *testing.B, entries, commands int) []*raft.Log {
	sealed := make([]byte, 400)
	logs := make([]*raft.Log, entries)
	for i := range logs {
		all := make([]command.Command, commands)
		for n := range all {
			l.next++
			patient := numbered(l.next % 5000)
			all[n] = command.Command{Kind: command.KindRecordAccess, Body: command.RecordAccess{
				Patient: patient, Actor: numbered(l.next % 300), Permit: true,
				Entry: command.LogEntry{ID: numbered(l.next + 1<<40), Subject: patient, Sealed: sealed, Commitment: tlog.RecordHash(number(l.next))},
			}}
		}
		logs[i] = benchEntry(b, l.fsm.AppliedIndex()+uint64(i)+1, all)
	}
	return logs
}

func (l *benchLog) apply(b *testing.B, logs []*raft.Log) {
	for _, answer := range l.fsm.ApplyBatch(logs) {
		if err, ok := answer.(error); ok {
			b.Fatal(err)
		}
	}
}

// grow brings the log to a length.
func (l *benchLog) grow(b *testing.B, length uint64) {
	for l.next < length {
		l.apply(b, l.batch(b, 16, 250))
	}
}

// bytes is what an entry takes in the file.
func (l *benchLog) bytes(b *testing.B) float64 {
	if l.next == 0 {
		return 0
	}
	info, err := os.Stat(filepath.Join(l.dir, "fsm.db"))
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size()) / float64(l.next)
}

// BenchmarkTree measures what the tree costs: an access recorded in a log that has one,
// and the same in a log that is a plain append; alone and among others, in a log that is
// empty and in one of a million entries. The two are applied to in turns, so that what
// else the machine does falls on both alike; the figures are medians. It takes minutes.
func BenchmarkTree(b *testing.B) {
	lengths := []uint64{0, million}
	if testing.Short() {
		lengths = lengths[:1]
	}
	for _, length := range lengths {
		plain, tree := newBenchLog(b, true), newBenchLog(b, false)
		plain.grow(b, length)
		tree.grow(b, length)
		for _, commands := range []int{1, 64} {
			b.Run(fmt.Sprintf("%d/%d", length, commands), func(b *testing.B) { inTurns(b, plain, tree, commands) })
		}
		if length > 0 {
			b.Run("root", tree.root)
			b.Run("proofs", tree.proofs)
		}
	}
}

func inTurns(b *testing.B, plain, tree *benchLog, commands int) {
	logs := []*benchLog{plain, tree}
	sizes := []float64{plain.bytes(b), tree.bytes(b)}
	var took [2][]time.Duration
	var allocated [2]uint64
	for b.Loop() {
		for i, l := range logs {
			batch := l.batch(b, 1, commands)
			before := heap()
			start := time.Now()
			l.apply(b, batch)
			took[i] = append(took[i], time.Since(start))
			allocated[i] += heap() - before
		}
	}
	for i, name := range []string{"plain", "tree"} {
		slices.Sort(took[i])
		median := took[i][len(took[i])/2]
		b.ReportMetric(float64(median.Nanoseconds())/float64(commands), name+"-ns/entry")
		b.ReportMetric(float64(allocated[i])/float64(len(took[i])*commands), name+"-B/entry")
		if sizes[i] > 0 {
			b.ReportMetric(sizes[i], name+"-file-B/entry")
		}
	}
}

// heap is how much was allocated so far.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func (l *benchLog) root(b *testing.B) {
	v := view(b, l.fsm)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := v.LogTree(); err != nil {
			b.Fatal(err)
		}
	}
}

// proofs makes and checks the proof of one entry, and that of one tree in another.
func (l *benchLog) proofs(b *testing.B) {
	v := view(b, l.fsm)
	size, root, err := v.LogTree()
	if err != nil {
		b.Fatal(err)
	}
	var n int64
	next := func() int64 { n = (n + 617_283) % int64(size); return n }
	b.Run("record", func(b *testing.B) {
		var hashes int
		b.ReportAllocs()
		for b.Loop() {
			proof, err := tlog.ProveRecord(int64(size), next(), v.LogHashes())
			if err != nil {
				b.Fatal(err)
			}
			hashes = len(proof)
		}
		b.ReportMetric(float64(32*hashes), "bytes/proof")
		proof, _ := tlog.ProveRecord(int64(size), n, v.LogHashes())
		leaf := tlog.RecordHash(LeafData(v.Log(uint64(n), 1)[0]))
		if err := tlog.CheckRecord(proof, int64(size), root, n, leaf); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("tree", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := tlog.ProveTree(int64(size), next()+1, v.LogHashes()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
