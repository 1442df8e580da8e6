package raftfsm

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
)

func numbered(n uint64) (k [16]byte) {
	binary.BigEndian.PutUint64(k[:], n*0x9E3779B97F4A7C15) // spread as a hash would
	binary.BigEndian.PutUint64(k[8:], n+1)                 // never zero
	return k
}

func benchEntry(b *testing.B, index uint64, commands []command.Command) *raft.Log {
	data, err := command.Encode(command.Entry{Commands: commands})
	if err != nil {
		b.Fatal(err)
	}
	return &raft.Log{Type: raft.LogCommand, Index: index, Term: 1, Data: data}
}

// Benchmarks of a batch report the time of one command.
func benchBatch(b *testing.B, size int, make func(n uint64) command.Command) {
	f := open(b, b.TempDir())
	defer f.Close()
	all := []uint8{1}
	f.Apply(benchEntry(b, 1, []command.Command{{Kind: command.KindRegisterSource, Body: command.RegisterSource{Source: source, Contracts: all}}}))
	index, n := uint64(1), uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		var logs []*raft.Log
		var commands []command.Command
		for range size {
			n++
			commands = append(commands, make(n))
			if len(commands) == 64 || len(commands) == size {
				index++
				logs = append(logs, benchEntry(b, index, commands))
				commands = nil
			}
		}
		b.StartTimer()
		for _, answer := range f.ApplyBatch(logs) {
			if err, ok := answer.(error); ok {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/command")
}

func BenchmarkRecordAccess(b *testing.B) {
	sealed := make([]byte, 400)
	for _, size := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			benchBatch(b, size, func(n uint64) command.Command {
				patient := numbered(n % 5000)
				return command.Command{Kind: command.KindRecordAccess, Intent: numbered(n), Body: command.RecordAccess{
					Patient: patient, Actor: numbered(n % 300), Permit: true,
					Entry: command.LogEntry{ID: numbered(n + 1<<40), Subject: patient, Sealed: sealed, Commitment: [32]byte{1}},
				}}
			})
		})
	}
}

func benchDocument(n uint64) command.SealedDocument {
	return command.SealedDocument{
		Key: numbered(n), CareProvider: "SE2321000016-A1B2", CareUnit: "SE2321000016-C3D4", Time: 202611221030006,
		Digest: numbered(n), Header: make([]byte, 256), Body: make([]byte, 1024),
	}
}

func BenchmarkPutSnapshot(b *testing.B) {
	for _, size := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			benchBatch(b, size, func(n uint64) command.Command {
				return command.Command{Kind: command.KindPutSnapshot, Intent: numbered(n), Body: command.PutSnapshot{
					Subject: numbered(n % 20000), Contract: 1, Source: source, At: int64(n),
					Documents: []command.SealedDocument{benchDocument(n)},
				}}
			})
		})
	}
}

func BenchmarkHeaders(b *testing.B) {
	f := open(b, b.TempDir())
	defer f.Close()
	f.Apply(benchEntry(b, 1, []command.Command{{Kind: command.KindRegisterSource, Body: command.RegisterSource{Source: source, Contracts: []uint8{1}}}}))
	index := uint64(1)
	for subject, count := range map[uint64]uint64{20: 20, 5000: 5000} {
		for first := uint64(0); first < count; first += 100 {
			p := command.PutSnapshot{Subject: numbered(subject), Contract: 1, Source: source}
			for n := first; n < min(first+100, count); n++ {
				p.Documents = append(p.Documents, benchDocument(subject<<32+n))
			}
			index++
			f.Apply(benchEntry(b, index, []command.Command{{Kind: command.KindPutSnapshot, Body: p}}))
		}
	}
	for _, count := range []uint64{20, 5000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v, err := f.View()
				if err != nil {
					b.Fatal(err)
				}
				var got uint64
				v.Headers(numbered(count), nil, func(Attributes, []byte) bool { got++; return true })
				v.Close()
				if got != count {
					b.Fatalf("%d headers", got)
				}
			}
		})
	}
}
