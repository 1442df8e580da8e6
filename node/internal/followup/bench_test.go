package followup

import (
	"fmt"
	"testing"

	"tvilling/node/internal/logtest"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// The reports that read a whole period, and the first page of one that does not.
func BenchmarkReports(b *testing.B) {
	const entries = 100_000
	ring, err := sealing.NewRing()
	if err != nil {
		b.Fatal(err)
	}
	log := logtest.Open(b)
	s, err := New(Config{Node: "a1", State: log.FSM, Proposer: log, Ring: ring})
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < entries; from += command.MaxCommands {
		var all []command.Command
		for i := from; i < min(from+command.MaxCommands, entries); i++ {
			e := act(b, record.Read, fmt.Sprint("E", i%500), own, tolvan)
			e.ID, e.At, e.Session = record.NewID(), now(), fmt.Sprint("S", i%5000)
			e.Scope.Resources = []record.Resource{{Contract: 1, CareProvider: other, CareUnit: "U"}, {Contract: 2, CareProvider: other, CareUnit: "U"}}
			subject, plain := ring.Patient(e.Patient), record.Append(nil, e)
			all = append(all, command.Command{Kind: command.KindRecordEvent, Version: 1, Intent: record.NewID(), Body: command.RecordEvent{Entry: command.LogEntry{
				ID: e.ID, Subject: subject, Sealed: ring.SealLog(sealing.Place(subject, e.ID), plain), Commitment: record.Commitment(plain),
			}}})
		}
		if _, err := log.Propose(b.Context(), all...); err != nil {
			b.Fatal(err)
		}
	}
	who := Reader{Operator: "op", Commission: projection.Commission{CareProvider: own}}
	for name, kind := range map[string]protocol.ReportKind{"statistics": protocol.ReportStatistics, "sample": protocol.ReportSample, "provider": protocol.ReportProvider} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Report(b.Context(), who, protocol.Follow{Report: kind, From: now() - 1000*minute, To: now() + minute}); err != nil {
					b.Fatal(err)
				}
			}
			if kind != protocol.ReportProvider {
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
			}
		})
	}
}
