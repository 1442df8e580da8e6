package raftfsm

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"tvilling/raftfsm/command"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenRoot is the root of the tree over the first entry of the golden log.
var goldenRoot = [32]byte(tlog.RecordHash(LeafData(Logged{
	Sequence: 1, Index: 5, ID: key(1), Subject: key(1), Commitment: commitment(1),
})))

// goldenLog is a log with something of everything in it. It must never change: what
// it leads to is what every release must be led to.
func goldenLog() [][]command.Command {
	row, logged := row, logEntry
	page := command.FeedPage{Upserts: []command.Row{row(1, 1, 1), row(2, 2, 1)}, Number: 1, AsOf: asOf}
	last := command.FeedPage{Upserts: []command.Row{row(1, 3, 1)}, Number: 2, Watermark: "w", AsOf: asOf + 1}
	intended := func(n byte, kind command.Kind, body any) command.Command {
		return command.Command{Kind: kind, Intent: key(n), Body: body}
	}
	return [][]command.Command{
		{
			intended(1, command.KindRegisterSource, command.RegisterSource{Source: source, Agent: "SE-A", Contracts: []uint8{1, 2}}),
			intended(2, command.KindRegisterSource, command.RegisterSource{Source: "SE-2", Contracts: []uint8{1}}),
			intended(3, command.KindActivate, command.Activate{Level: 1}),
		},
		{intended(4, command.KindPutSnapshot, put(1, true, document(1, 1), document(2, 1), document(3, 1)))},
		{
			intended(5, command.KindPutSnapshot, put(1, false, document(2, 2))),
			intended(6, command.KindPutSnapshot, put(1, true, document(1, 1), document(2, 2))),
			intended(7, command.KindPutSnapshot, put(2, true, document(9, 1))),
			intended(8, command.KindPutSnapshot, command.PutSnapshot{Subject: key(2), Contract: 2, Source: source, Failed: true, At: asOf}),
		},
		{
			intended(9, command.KindBlockPage, page), intended(10, command.KindConsentPage, page),
			intended(11, command.KindRelationPage, page), intended(12, command.KindCommissionPage, page),
			intended(22, command.KindPersonPage, page),
			intended(13, command.KindBlockPage, last),
		},
		{
			intended(14, command.KindRegisterConsent, command.RegisterConsent{DecidedAt: 4, Actor: key(7), Row: row(1, 8, 1), Entry: logged(1, 1)}),
			intended(15, command.KindEndConsent, command.EndConsent{DecidedAt: 4, Actor: key(7), Rows: []command.RowKey{row(1, 1, 1).RowKey}, Entry: logged(1, 2)}),
			intended(16, command.KindRecordAccess, command.RecordAccess{DecidedAt: 3, Patient: key(1), Actor: key(7), Permit: true, Entry: logged(1, 3)}),
			intended(17, command.KindRecordAccess, command.RecordAccess{DecidedAt: 3, Patient: key(9), Actor: key(7), Permit: true, Entry: logged(9, 4)}),
			intended(18, command.KindRecordEvent, command.RecordEvent{Entry: logged(1, 5)}),
			intended(19, command.KindCanary, command.Canary{Node: "a1", Number: 1}),
		},
		{
			intended(20, command.KindErasePatient, command.ErasePatient{Subject: key(2)}),
			intended(21, command.KindDropSource, command.DropSource{Source: "SE-2"}),
			intended(4, command.KindPutSnapshot, put(1, true)),
		},
		{
			intended(23, command.KindRegisterEmergency, command.RegisterConsent{
				DecidedAt: 6, Actor: key(7), Row: row(1, 9, 1), Entry: logged(1, 6), Linked: [][16]byte{key(3)},
			}),
			intended(24, command.KindRegisterEmergency, command.RegisterConsent{
				DecidedAt: 6, Actor: key(7), Row: row(1, 9, 2), Entry: logged(1, 7), Linked: [][16]byte{key(1)},
			}),
			intended(25, command.KindRecordAccess, command.RecordAccess{
				DecidedAt: 6, Patient: key(3), Actor: key(7), Permit: true, Entry: logged(3, 8), Linked: [][16]byte{key(4)},
			}),
			intended(26, command.KindPersonPage, last),
			intended(27, command.KindPutCoverage, command.PutCoverage{Rows: []command.Coverage{
				{CareProvider: "SE-P", Name: "Provider", Contract: 1, Since: 20200101000000},
				{CareProvider: "SE-P", Name: "Provider", Contract: 2, Since: 20210101000000, Until: 20260101000000},
			}}),
			intended(28, command.KindPutCoverage, command.PutCoverage{Rows: []command.Coverage{
				{CareProvider: "SE-P", Name: "Provider", Contract: 1, Since: 20200101000000},
				{CareProvider: "SE-Q", Contract: 3, Since: -1},
			}}),
			intended(29, command.KindExportAck, command.ExportAck{Through: 3, Refused: []uint64{2}, At: asOf}),
			intended(30, command.KindCheckpoint, command.Checkpoint{Size: 1, Root: goldenRoot, Note: []byte("note")}),
			intended(31, command.KindCheckpoint, command.Checkpoint{Size: 4, Root: goldenRoot, Note: []byte("false")}),
		},
	}
}

// The same log leads to the same state hash and the same snapshot in every release of
// this level, and the snapshots of those before can be restored.
func TestGoldenState(t *testing.T) {
	golden(t, "level1", goldenLog())
}

// golden compares what a log leads to with what it has always led to.
func golden(t *testing.T, name string, log [][]command.Command) {
	t.Helper()
	f := fresh(t)
	for _, commands := range log {
		do(t, f, commands...)
	}
	snapshot := takeSnapshot(t, f)
	text := fmt.Sprintf("%s\n%s", hashOf(f), dump(t, f))
	golden := map[string][]byte{name + ".state": []byte(text), name + ".snapshot": snapshot}
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, got := range golden {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: replicas of two releases would differ (-before +now):\n%s", name, diff)
		}
	}
	old, err := os.ReadFile(filepath.Join("testdata", name+".snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	restored := fresh(t)
	if err := restore(restored, old); err != nil {
		t.Fatal(err)
	}
	if hashOf(restored) != hashOf(f) {
		t.Error("the restored snapshot leads to another state")
	}
}
