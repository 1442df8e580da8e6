package command_test

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func key(b byte) (k [16]byte) {
	for i := range k {
		k[i] = b
	}
	return k
}

// samples holds a command of every kind with every field set.
func samples() []command.Command {
	row := command.Row{RowKey: command.RowKey{Subject: key(1), Key: key(2)}, Digest: key(3), Sealed: []byte("row")}
	entry := command.LogEntry{ID: key(4), Subject: key(1), Sealed: []byte("entry"), Commitment: [32]byte{1, 31: 2}}
	linked := [][16]byte{key(11), key(12)}
	page := command.FeedPage{
		Upserts: []command.Row{row}, Removes: []command.RowKey{{Subject: key(5), Key: key(6)}},
		Number: 7, Watermark: "w7", AsOf: 1_700_000_000_123,
	}
	bodies := map[command.Kind]any{
		command.KindPutSnapshot: command.PutSnapshot{
			Subject: key(1), Contract: 2, Source: "SE-S", Complete: true, At: 1_700_000_000_000,
			Documents: []command.SealedDocument{{
				Key: key(7), CareProvider: "SE-P", CareUnit: "SE-U", Time: 202611221030006, TimeEnd: -1,
				Digest: key(8), Header: []byte("header"), Body: []byte("body"),
			}},
			Keep: [][16]byte{key(7), key(9)},
		},
		command.KindDropSource:        command.DropSource{Source: "SE-S"},
		command.KindErasePatient:      command.ErasePatient{Subject: key(1)},
		command.KindBlockPage:         page,
		command.KindConsentPage:       page,
		command.KindRelationPage:      page,
		command.KindCommissionPage:    page,
		command.KindPersonPage:        page,
		command.KindRegisterConsent:   command.RegisterConsent{DecidedAt: 300, Actor: key(10), Row: row, Entry: entry, Linked: linked},
		command.KindRegisterEmergency: command.RegisterConsent{DecidedAt: 301, Actor: key(10), Row: row, Entry: entry, Linked: linked},
		command.KindEndConsent:        command.EndConsent{DecidedAt: 300, Actor: key(10), Rows: []command.RowKey{row.RowKey}, Entry: entry},
		command.KindRecordAccess:      command.RecordAccess{DecidedAt: 300, Patient: key(1), Actor: key(10), Permit: true, Entry: entry, Linked: linked},
		command.KindRecordEvent:       command.RecordEvent{Entry: entry},
		command.KindCanary:            command.Canary{Node: "a1", Number: 1 << 40},
		command.KindActivate:          command.Activate{Level: 1},
		command.KindRegisterSource:    command.RegisterSource{Source: "SE-S", Agent: "SE-A", Contracts: []uint8{1, 2}, Withdrawn: true},
		command.KindCheckpoint:        command.Checkpoint{Size: 1 << 33, Root: [32]byte{3, 31: 4}, Note: []byte("note")},
		command.KindExportAck:         command.ExportAck{Through: 500, Refused: []uint64{7, 300}, At: 1_700_000_000_000},
		command.KindPutCoverage: command.PutCoverage{Rows: []command.Coverage{
			{CareProvider: "SE-P", Name: "Provider", Contract: 2, Since: 20200101000000, Until: 20261122103000},
			{CareProvider: "SE-Q", Contract: 3, Since: 20210101000000},
		}},
		command.KindNoteBackup: backup(),
		command.KindAnnounce: command.Announce{
			ID: key(13), Kind: command.AnnouncePlanned, From: 1_700_000_000_000, Until: 1_700_000_100_000, Swedish: "Arbete på nätet", English: "Work on the network",
		},
	}
	var all []command.Command
	for _, kind := range command.Kinds() {
		all = append(all, command.Command{Kind: kind, Version: 1, Intent: key(0xaa), Body: bodies[kind]})
	}
	return all
}

func backup() command.NoteBackup {
	return command.NoteBackup{
		Generation: 2, Index: 300, Term: 4, StateHash: [32]byte{5, 31: 6}, LogSize: 7, LogRoot: [32]byte{8, 31: 9},
		Taken: 1_700_000_000_000, Verified: 1_700_000_100_000, Bytes: 1 << 40, Node: "b1",
	}
}

// samplesOf holds those of one level.
func samplesOf(level uint16) []command.Command {
	return slices.DeleteFunc(samples(), func(c command.Command) bool { return c.Kind.Level() != level })
}

func TestGoldenBytes(t *testing.T) {
	for level := uint16(1); level <= command.Level; level++ {
		goldenBytes(t, level, fmt.Sprintf("entries%d.golden", level))
	}
}

func goldenBytes(t *testing.T, level uint16, name string) {
	var b strings.Builder
	for _, c := range samplesOf(level) {
		encoded, err := command.Encode(command.Entry{Level: level, Stamp: 1_700_000_000_000, Commands: []command.Command{c}})
		if err != nil {
			t.Fatalf("kind %d: %v", c.Kind, err)
		}
		fmt.Fprintf(&b, "%d/%d %s\n", c.Kind, c.Version, hex.EncodeToString(encoded))
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), b.String()); diff != "" {
		t.Errorf("a log that is written already could not be read any more (-golden +got):\n%s", diff)
	}
	decodeGolden(t, level, string(golden))
}

// decodeGolden reads what releases before wrote.
func decodeGolden(t *testing.T, level uint16, golden string) {
	want := samplesOf(level)
	for i, line := range strings.Split(strings.TrimSpace(golden), "\n") {
		_, text, _ := strings.Cut(line, " ")
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := command.Decode(b)
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if diff := cmp.Diff(command.Entry{Level: level, Stamp: 1_700_000_000_000, Commands: want[i : i+1]}, got); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", i+1, diff)
		}
	}
}

func TestJoinIsEncode(t *testing.T) {
	all := samples()
	var parts [][]byte
	for _, c := range all {
		b, err := command.EncodeCommand(c)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, b)
		back, err := command.DecodeCommand(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Error(diff)
		}
	}
	joined, err := command.Join(command.Level, -5, parts...)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := command.Encode(command.Entry{Level: command.Level, Stamp: -5, Commands: all})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(encoded, joined); diff != "" {
		t.Error(diff)
	}
	var size int
	for _, p := range parts {
		size += len(p)
	}
	if over := len(joined) - size; over > command.EntryOverhead {
		t.Errorf("an entry adds %d bytes, more than EntryOverhead", over)
	}
}

func TestDecodeRefuses(t *testing.T) {
	valid, err := command.Encode(command.Entry{Level: 1, Commands: samples()[:1]})
	if err != nil {
		t.Fatal(err)
	}
	canary := func(kind, version byte) []byte {
		b := []byte{0x94, kind, version, 0xc4, 16}
		return append(append(b, make([]byte, 16)...), 0x92, 0xa1, 'n', 1)
	}
	entry := func(form, level byte, c []byte) []byte { return append([]byte{0x94, form, level, 0, 0x91}, c...) }
	tests := []struct {
		name string
		b    []byte
		want error
	}{
		{"nothing", nil, command.ErrMalformed},
		{"the bytes that ask for 34 GiB", []byte{0xdd, 0xff, 0xff, 0xff, 0xff}, command.ErrMalformed},
		{"the same as a list of commands", []byte{0x94, 1, 1, 0, 0xdd, 0xff, 0xff, 0xff, 0xff}, command.ErrMalformed},
		{"no commands", []byte{0x94, 1, 1, 0, 0x90}, command.ErrTooLarge},
		{"too many commands", append([]byte{0x94, 1, 1, 0, 0xdc, 1, 1}, make([]byte, 300)...), command.ErrTooLarge},
		{"a map", []byte{0x80}, command.ErrMalformed},
		{"bytes after it", append(valid[:len(valid):len(valid)], 0), command.ErrMalformed},
		{"cut short", valid[:len(valid)-1], command.ErrMalformed},
		{"an unknown kind", entry(1, 1, canary(99, 1)), command.ErrUnknownKind},
		{"an unknown version", entry(1, 1, canary(40, 2)), command.ErrUnknownVersion},
		{"an unknown level", entry(1, byte(command.Level)+1, canary(40, 1)), command.ErrUnknownLevel},
		{"an unknown form", entry(2, 1, canary(40, 1)), command.ErrUnknownLevel},
		{"too large", make([]byte, command.MaxEntryBytes+1), command.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := command.Decode(tt.b); !errors.Is(err, tt.want) {
				t.Errorf("Decode = %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := command.Decode(entry(1, 1, canary(40, 1))); err != nil {
		t.Errorf("the pattern of the cases above is wrong itself: %v", err)
	}
}

// Every prefix and every changed byte either fails or decodes; nothing panics.
func TestDecodeDamaged(t *testing.T) {
	valid, err := command.Encode(command.Entry{Level: command.Level, Commands: samples()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range valid {
		if _, err := command.Decode(valid[:i]); err == nil {
			t.Fatalf("a prefix of %d bytes decoded", i)
		}
		for _, x := range []byte{0x01, 0x80, 0xff} {
			damaged := append([]byte(nil), valid...)
			damaged[i] ^= x
			_, _ = command.Decode(damaged)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range samples() {
		if err := command.Check(c); err != nil {
			t.Errorf("kind %d: %v", c.Kind, err)
		}
		empty := c
		empty.Body = nil
		if err := command.Check(empty); !errors.Is(err, command.ErrInvalid) {
			t.Errorf("kind %d without a body: %v", c.Kind, err)
		}
	}
	document := func(change func(*command.SealedDocument)) command.PutSnapshot {
		d := command.SealedDocument{Key: key(1), Header: []byte{1}, Body: []byte{1}}
		change(&d)
		return command.PutSnapshot{Subject: key(1), Contract: 1, Source: "S", Documents: []command.SealedDocument{d}}
	}
	put, page, access, coverage := command.KindPutSnapshot, command.KindBlockPage, command.KindRecordAccess, command.KindPutCoverage
	many, numbers := make([][16]byte, command.MaxLinked+1), make([]uint64, command.MaxRefused+1)
	for i := range many {
		many[i] = key(byte(i + 1))
	}
	for i := range numbers {
		numbers[i] = uint64(i + 1)
	}
	table := func(rows ...command.Coverage) command.PutCoverage { return command.PutCoverage{Rows: rows} }
	row := command.Row{RowKey: command.RowKey{Subject: key(1), Key: key(1)}, Sealed: []byte{1}}
	entry := command.LogEntry{ID: key(1), Subject: key(1), Sealed: []byte{1}, Commitment: [32]byte{1}}
	long := strings.Repeat("x", command.MaxNameBytes+1)
	tests := []struct {
		name string
		kind command.Kind
		body any
	}{
		{"no subject", put, command.PutSnapshot{Contract: 1, Source: "S"}},
		{"contract 0", put, command.PutSnapshot{Subject: key(1), Source: "S"}},
		{"contract 13", put, command.PutSnapshot{Subject: key(1), Contract: 13, Source: "S"}},
		{"no source", put, command.PutSnapshot{Subject: key(1), Contract: 1}},
		{"long source", put, command.PutSnapshot{Subject: key(1), Contract: 1, Source: long}},
		{"failed and complete", put, command.PutSnapshot{Subject: key(1), Contract: 1, Source: "S", Failed: true, Complete: true}},
		{"keep without complete", put, command.PutSnapshot{Subject: key(1), Contract: 1, Source: "S", Keep: [][16]byte{key(1)}}},
		{"too many documents", put, command.PutSnapshot{Subject: key(1), Contract: 1, Source: "S", Documents: make([]command.SealedDocument, command.MaxDocuments+1)}},
		{"document without key", put, document(func(d *command.SealedDocument) { d.Key = [16]byte{} })},
		{"document without header", put, document(func(d *command.SealedDocument) { d.Header = nil })},
		{"document without body", put, document(func(d *command.SealedDocument) { d.Body = nil })},
		{"large header", put, document(func(d *command.SealedDocument) { d.Header = make([]byte, command.MaxSealedHeader+1) })},
		{"large body", put, document(func(d *command.SealedDocument) { d.Body = make([]byte, command.MaxSealedBody+1) })},
		{"long owner", put, document(func(d *command.SealedDocument) { d.CareUnit = long })},
		{"drop nobody", command.KindDropSource, command.DropSource{}},
		{"erase nobody", command.KindErasePatient, command.ErasePatient{}},
		{"page without as-of", page, command.FeedPage{}},
		{"long watermark", page, command.FeedPage{AsOf: 1, Watermark: strings.Repeat("x", command.MaxWatermarkBytes+1)}},
		{"row without key", page, command.FeedPage{AsOf: 1, Upserts: []command.Row{{Sealed: []byte{1}}}}},
		{"empty row", page, command.FeedPage{AsOf: 1, Upserts: []command.Row{{RowKey: row.RowKey}}}},
		{"remove nothing", page, command.FeedPage{AsOf: 1, Removes: []command.RowKey{{}}}},
		{"too many rows", page, command.FeedPage{AsOf: 1, Removes: make([]command.RowKey, command.MaxRows+1)}},
		{"consent of two", command.KindRegisterConsent, command.RegisterConsent{Actor: key(3), Row: row, Entry: command.LogEntry{ID: key(1), Subject: key(2), Sealed: []byte{1}, Commitment: [32]byte{1}}}},
		{"consent by nobody", command.KindRegisterConsent, command.RegisterConsent{Row: row, Entry: entry}},
		{"end by nobody", command.KindEndConsent, command.EndConsent{Rows: []command.RowKey{row.RowKey}, Entry: entry}},
		{"end nothing", command.KindEndConsent, command.EndConsent{Actor: key(3), Entry: entry}},
		{"permit nobody", command.KindRecordAccess, command.RecordAccess{Permit: true, Patient: key(1), Entry: entry}},
		{"log another", command.KindRecordAccess, command.RecordAccess{Permit: true, Patient: key(2), Actor: key(2), Entry: entry}},
		{"event without id", command.KindRecordEvent, command.RecordEvent{Entry: command.LogEntry{Subject: key(1), Sealed: []byte{1}, Commitment: [32]byte{1}}}},
		{"event without words", command.KindRecordEvent, command.RecordEvent{Entry: command.LogEntry{ID: key(1), Commitment: [32]byte{1}}}},
		{"event without a commitment", command.KindRecordEvent, command.RecordEvent{Entry: command.LogEntry{ID: key(1), Subject: key(1), Sealed: []byte{1}}}},
		{"too many linked", access, command.RecordAccess{Patient: key(1), Entry: entry, Linked: many}},
		{"linked with nobody", access, command.RecordAccess{Patient: key(1), Entry: entry, Linked: [][16]byte{key(2), {}}}},
		{"a consent of too many linked", command.KindRegisterConsent, command.RegisterConsent{Actor: key(3), Row: row, Entry: entry, Linked: many}},
		{"an emergency of one linked with nobody", command.KindRegisterEmergency, command.RegisterConsent{Actor: key(3), Row: row, Entry: entry, Linked: make([][16]byte, 1)}},
		{"an emergency by nobody", command.KindRegisterEmergency, command.RegisterConsent{Row: row, Entry: entry}},
		{"checkpoint of nothing", command.KindCheckpoint, command.Checkpoint{Note: []byte{1}}},
		{"checkpoint without a note", command.KindCheckpoint, command.Checkpoint{Size: 1}},
		{"large note", command.KindCheckpoint, command.Checkpoint{Size: 1, Note: make([]byte, command.MaxNoteBytes+1)}},
		{"export of nothing", command.KindExportAck, command.ExportAck{At: 1}},
		{"export at no time", command.KindExportAck, command.ExportAck{Through: 1}},
		{"refused beyond the export", command.KindExportAck, command.ExportAck{Through: 1, At: 1, Refused: []uint64{2}}},
		{"refused twice", command.KindExportAck, command.ExportAck{Through: 5, At: 1, Refused: []uint64{2, 2}}},
		{"refused number zero", command.KindExportAck, command.ExportAck{Through: 5, At: 1, Refused: []uint64{0, 2}}},
		{"too many refused", command.KindExportAck, command.ExportAck{Through: 5000, At: 1, Refused: numbers}},
		{"too much coverage", coverage, table(largestTable(command.MaxCoverage + 1)...)},
		{"coverage by nobody", coverage, table(command.Coverage{Contract: 1})},
		{"coverage by a long id", coverage, table(command.Coverage{CareProvider: long, Contract: 1})},
		{"coverage of a long name", coverage, table(command.Coverage{CareProvider: "P", Name: long + long, Contract: 1})},
		{"coverage of an unknown contract", coverage, table(command.Coverage{CareProvider: "P", Contract: 13})},
		{"coverage that ends before it begins", coverage, table(command.Coverage{CareProvider: "P", Contract: 1, Since: 2, Until: 1})},
		{"the same coverage twice", coverage, table(command.Coverage{CareProvider: "P", Contract: 1, Since: 1, Until: 2}, command.Coverage{CareProvider: "P", Contract: 1, Since: 1})},
		{"nameless canary", command.KindCanary, command.Canary{}},
		{"level 0", command.KindActivate, command.Activate{}},
		{"source of an unknown contract", command.KindRegisterSource, command.RegisterSource{Source: "S", Contracts: []uint8{13}}},
		{"nameless source", command.KindRegisterSource, command.RegisterSource{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := command.Command{Kind: tt.kind, Body: tt.body}
			if err := command.Check(c); !errors.Is(err, command.ErrInvalid) {
				t.Errorf("Check = %v", err)
			}
			if _, err := command.EncodeCommand(c); !errors.Is(err, command.ErrInvalid) {
				t.Errorf("EncodeCommand = %v", err)
			}
		})
	}
	if err := command.Check(command.Command{Kind: 99}); !errors.Is(err, command.ErrUnknownKind) {
		t.Errorf("an unknown kind: %v", err)
	}
}

// The largest document, and the largest set to keep, fit into an entry.
func TestLargestFit(t *testing.T) {
	largest := command.PutSnapshot{Subject: key(1), Contract: 1, Source: strings.Repeat("S", command.MaxNameBytes), Documents: []command.SealedDocument{{
		Key: key(1), Header: make([]byte, command.MaxSealedHeader), Body: make([]byte, command.MaxSealedBody),
	}}}
	widest := command.PutSnapshot{Subject: key(1), Contract: 1, Source: "S", Complete: true, Keep: make([][16]byte, command.MaxKeep)}
	refused := command.ExportAck{Through: 1<<63 + command.MaxRefused, At: math.MaxInt64}
	for i := range uint64(command.MaxRefused) {
		refused.Refused = append(refused.Refused, 1<<63+i)
	}
	note := command.Checkpoint{Size: 1 << 63, Note: make([]byte, command.MaxNoteBytes)}
	table := command.PutCoverage{Rows: largestTable(command.MaxCoverage)}
	for _, c := range []command.Command{
		{Kind: command.KindPutSnapshot, Body: largest}, {Kind: command.KindPutSnapshot, Body: widest},
		{Kind: command.KindExportAck, Body: refused}, {Kind: command.KindCheckpoint, Body: note}, {Kind: command.KindPutCoverage, Body: table},
	} {
		b, err := command.Encode(command.Entry{Commands: []command.Command{c}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := command.Decode(b); err != nil {
			t.Fatal(err)
		}
	}
}

// largestTable is a table of coverage whose rows are as large as they can be.
func largestTable(rows int) []command.Coverage {
	all := make([]command.Coverage, rows)
	for i := range all {
		id := fmt.Sprintf("%0*d", command.MaxNameBytes, i)
		all[i] = command.Coverage{CareProvider: id, Name: id + id, Contract: 12, Since: math.MaxInt64 - 1, Until: math.MaxInt64}
	}
	return all
}

// Level 1 knows the contracts of the registry. A new one needs a level.
func TestContractsOfLevel(t *testing.T) {
	for _, c := range protocol.Contracts() {
		if !command.KnownContract(uint8(c)) {
			t.Errorf("contract %d is of no level: raise command.Level and gate it", c)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range samples() {
		b, err := command.Encode(command.Entry{Level: command.Level, Commands: []command.Command{c}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0x94, 1, 1, 0, 0xdd, 0xff, 0xff, 0xff, 0xff})
	for kind, fields := range map[command.Kind][]byte{ // lists that say they are longer than what there is
		command.KindExportAck:   {0x93, 9, 0xdd, 0xff, 0xff, 0xff, 0xff},
		command.KindPutCoverage: {0x91, 0xdd, 0x7f, 0xff, 0xff, 0xff},
		command.KindCheckpoint:  {0x93, 1, 0xc6, 0xff, 0xff, 0xff, 0xff},
	} {
		b := append([]byte{0x94, 1, 1, 0, 0x91, 0x94, byte(kind), 1, 0xc4, 16}, make([]byte, 16)...)
		f.Add(append(b, fields...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := command.Decode(b)
		if err != nil {
			return
		}
		for _, c := range e.Commands {
			if command.Check(c) != nil {
				return
			}
		}
		e.Level = command.Level // a command of a level above its entry's is read, and never written
		again, err := command.Encode(e)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := command.Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, back, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	var parts []command.Command
	for range 256 {
		parts = append(parts, samples()[9])
	}
	entry, err := command.Encode(command.Entry{Commands: parts})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := command.Decode(entry); err != nil {
			b.Fatal(err)
		}
	}
}
