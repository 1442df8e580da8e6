package raftfsm

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"
	"pgregory.net/rapid"

	"tvilling/raftfsm/command"
)

// twin is one of several state machines that are given the same log.
type twin struct {
	t    *testing.T
	fsm  *FSM
	dir  string
	cuts int // of power: every one is a new boot
	log  []*raft.Log
	at   int // entries given to it
	// snapshot is the latest, of the first snapshotAt entries.
	snapshot   []byte
	snapshotAt int
}

func newTwin(t *testing.T, log []*raft.Log) *twin {
	w := &twin{t: t, dir: t.TempDir(), log: log}
	w.open(w.dir)
	return w
}

func (w *twin) open(dir string) {
	f, err := Open(dir, Options{BootID: boot + strings.Repeat("+", w.cuts), InitialMmapBytes: 16 << 20})
	if err != nil {
		w.t.Fatal(err)
	}
	f.intents.limit = 40
	w.dir, w.fsm = dir, f
}

func (w *twin) close() {
	if err := w.fsm.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// apply gives it the next n entries in one batch.
func (w *twin) apply(n int) {
	n = min(n, len(w.log)-w.at)
	if n == 0 {
		return
	}
	for _, answer := range w.fsm.ApplyBatch(w.log[w.at : w.at+n]) {
		if err, ok := answer.(error); ok {
			w.t.Fatal(err)
		}
	}
	w.at += n
}

// recover does what raft does at a start: it restores the snapshot unless the state
// can be continued, and then gives again what came after it.
func (w *twin) recover() {
	if !w.fsm.Usable() || w.fsm.AppliedIndex() < 1 {
		if w.snapshot != nil {
			w.restore()
		} else {
			w.at = 0
		}
		return
	}
	w.at = w.snapshotAt // what is applied already is given again
}

func (w *twin) restore() {
	if err := restore(w.fsm, w.snapshot); err != nil {
		w.t.Fatal(err)
	}
	w.fsm.intents.limit = 40
	w.at = w.snapshotAt
}

// step does one of the things that may happen to a machine.
func (w *twin) step(r *rapid.T) {
	switch rapid.IntRange(0, 12).Draw(r, "event") {
	case 0: // orderly restart
		w.close()
		w.open(w.dir)
		w.recover()
	case 1: // the process dies
		crashed := copyDir(w.t, w.dir)
		w.close()
		w.open(crashed)
		w.recover()
	case 2: // the power fails
		crashed := copyDir(w.t, w.dir)
		w.close()
		w.cuts++
		w.open(crashed)
		if w.fsm.Usable() {
			r.Fatal("a file that the power was cut under is usable")
		}
		w.recover()
	case 3:
		if w.fsm.AppliedIndex() == w.log[max(w.at, 1)-1].Index { // not in the middle of giving again
			w.snapshot, w.snapshotAt = takeSnapshot(w.t, w.fsm), w.at
		}
	case 4:
		if w.snapshot != nil {
			w.restore()
		}
	default:
		w.apply(rapid.IntRange(1, 12).Draw(r, "batch"))
	}
}

func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// One log, several machines with fates of their own: one state.
func TestTwins(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		plain := newTwin(t, nil)
		defer plain.close()
		plain.draw(r, rapid.IntRange(20, 60).Draw(r, "entries"))
		log := plain.log
		want, wantDump := hashOf(plain.fsm), dump(t, plain.fsm)
		if err := plain.fsm.Verify(); err != nil {
			r.Fatal(err)
		}
		for range 2 {
			w := newTwin(t, log)
			for range rapid.IntRange(4, 16).Draw(r, "events") {
				w.step(r)
			}
			for w.at < len(log) {
				w.apply(rapid.IntRange(1, 30).Draw(r, "batch"))
			}
			if diff := cmp.Diff(wantDump, dump(t, w.fsm)); diff != "" {
				r.Fatalf("twins differ:\n%s", diff)
			}
			if got := hashOf(w.fsm); got != want {
				r.Fatalf("equal states, and yet the hashes are %s and %s", want, got)
			}
			if diff := cmp.Diff(plain.fsm.intents.results, w.fsm.intents.results); diff != "" {
				r.Fatalf("twins remember different intents:\n%s", diff)
			}
			w.close()
		}
	})
}

func hashOf(f *FSM) string {
	index, hash := f.StateHash()
	return fmt.Sprintf("%d:%x", index, hash)
}

// draw draws a log of everything that proposers may send, with configuration entries
// between, and gaps in the indexes as raft's own entries leave them. The machine is
// given each entry at once: what is said of the log's tree must be true at times.
func (w *twin) draw(r *rapid.T, entries int) {
	index := uint64(1)
	w.add(entry(w.t, index,
		command.Command{Kind: command.KindRegisterSource, Body: command.RegisterSource{Source: source, Contracts: []uint8{1, 2}}},
		command.Command{Kind: command.KindRegisterSource, Body: command.RegisterSource{Source: "SE-2", Contracts: []uint8{1}}}))
	for range entries {
		index += rapid.Uint64Range(1, 3).Draw(r, "gap")
		if rapid.IntRange(0, 9).Draw(r, "configuration") == 0 {
			w.add(&raft.Log{Type: raft.LogConfiguration, Index: index, Term: 1, Data: []byte{0xff}})
			continue
		}
		var commands []command.Command
		for range rapid.IntRange(1, 4).Draw(r, "commands") {
			commands = append(commands, w.command(r, index))
		}
		w.add(entry(w.t, index, commands...))
	}
}

func (w *twin) add(l *raft.Log) {
	w.log = append(w.log, l)
	w.apply(1)
}

func (w *twin) command(r *rapid.T, index uint64) command.Command {
	small := func(label string) byte { return rapid.ByteRange(1, 4).Draw(r, label) }
	rows := func() (all []command.Row) {
		for range rapid.IntRange(0, 3).Draw(r, "rows") {
			all = append(all, row(small("subject"), small("row"), small("digest")))
		}
		return all
	}
	c := command.Command{Kind: rapid.SampledFrom(command.Kinds()).Draw(r, "kind")}
	if rapid.Bool().Draw(r, "intended") {
		c.Intent = key(rapid.Byte().Draw(r, "intent"))
	}
	subject := small("subject")
	logged := logEntry(subject, rapid.ByteRange(1, 60).Draw(r, "log id"))
	linked := [][16]byte{key(small("linked"))}[:rapid.IntRange(0, 1).Draw(r, "identities")]
	switch c.Kind {
	case command.KindPutSnapshot:
		c.Body = randomPut(r, subject, small)
	case command.KindDropSource:
		c.Body = command.DropSource{Source: rapid.SampledFrom([]string{"SE-2", "SE-3", "SE-4"}).Draw(r, "source")}
	case command.KindErasePatient:
		c.Body = command.ErasePatient{Subject: key(subject)}
	case command.KindRegisterConsent, command.KindRegisterEmergency:
		c.Body = command.RegisterConsent{
			DecidedAt: index - min(index, rapid.Uint64Range(0, 9).Draw(r, "age")), Actor: key(small("actor")),
			Row: row(subject, small("row"), small("digest")), Entry: logged, Linked: linked,
		}
	case command.KindEndConsent:
		c.Body = command.EndConsent{
			DecidedAt: index - min(index, rapid.Uint64Range(0, 9).Draw(r, "age")), Actor: key(small("actor")),
			Rows: []command.RowKey{{Subject: key(subject), Key: key(small("row"))}}, Entry: logged,
		}
	case command.KindRecordAccess:
		c.Body = command.RecordAccess{
			DecidedAt: index - min(index, rapid.Uint64Range(0, 9).Draw(r, "age")), Patient: key(subject),
			Actor: key(small("actor")), Permit: rapid.Bool().Draw(r, "permit"), Entry: logged, Linked: linked,
		}
	case command.KindRecordEvent:
		c.Body = command.RecordEvent{Entry: logged}
	case command.KindCanary:
		c.Body = command.Canary{Node: "a1", Number: index}
	case command.KindActivate:
		c.Body = command.Activate{Level: rapid.Uint16Range(1, command.Level).Draw(r, "level")}
	case command.KindRegisterSource:
		c.Body = command.RegisterSource{Source: "SE-3", Contracts: []uint8{small("contract")}, Withdrawn: rapid.Bool().Draw(r, "withdrawn")}
	case command.KindCheckpoint, command.KindExportAck, command.KindPutCoverage, command.KindNoteBackup:
		c.Body = w.statement(r, c.Kind)
	case command.KindAnnounce:
		c.Body = randomAnnounce(r, index, small)
	default:
		page := command.FeedPage{Upserts: rows(), AsOf: rapid.Int64Range(1, 99).Draw(r, "as of"), Watermark: "w"}
		if rapid.Bool().Draw(r, "numbered") {
			page.Number = uint64(small("number"))
		}
		for _, gone := range rows() {
			page.Removes = append(page.Removes, gone.RowKey)
		}
		c.Body = page
	}
	return c
}

// statement is about the access log as it is, or what it is shown with.
func (w *twin) statement(r *rapid.T, kind command.Kind) any {
	v, err := w.fsm.View()
	if err != nil {
		w.t.Fatal(err)
	}
	defer v.Close()
	about := rapid.Uint64Range(1, v.LogLength()+2).Draw(r, "about")
	switch kind {
	case command.KindCheckpoint:
		root, err := v.LogRoot(min(about, v.LogLength()))
		if err != nil {
			w.t.Fatal(err)
		}
		root[0] ^= byte(rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(r, "false"))
		return command.Checkpoint{Size: about, Root: root, Note: []byte{rapid.ByteRange(1, 2).Draw(r, "note")}}
	case command.KindNoteBackup:
		root, err := v.LogRoot(min(about, v.LogLength()))
		if err != nil {
			w.t.Fatal(err)
		}
		root[0] ^= byte(rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(r, "false"))
		taken := rapid.Int64Range(1, 9).Draw(r, "taken")
		return command.NoteBackup{
			Index: about, Term: 1, LogSize: about, LogRoot: root, Taken: taken, Verified: rapid.Int64Range(taken, 20).Draw(r, "verified"), Node: "a1",
		}
	case command.KindExportAck:
		ack := command.ExportAck{Through: about, At: int64(about)}
		if rapid.Bool().Draw(r, "refused") {
			ack.Refused = []uint64{rapid.Uint64Range(1, about).Draw(r, "refused")}
		}
		return ack
	default:
		var table command.PutCoverage
		for contract := range rapid.ByteRange(0, 3).Draw(r, "contracts") {
			table.Rows = append(table.Rows, command.Coverage{
				CareProvider: "SE-P", Contract: contract + 1, Since: rapid.Int64Range(1, 2).Draw(r, "since"),
			})
		}
		return table
	}
}

// randomAnnounce draws announcements of which some are over when the next comes: the
// stamp of an entry is its index here.
func randomAnnounce(r *rapid.T, index uint64, small func(string) byte) command.Announce {
	a := command.Announce{ID: key(small("announcement"))}
	if a.Withdrawn = rapid.IntRange(0, 3).Draw(r, "withdrawn") == 0; a.Withdrawn {
		return a
	}
	a.Kind = command.AnnounceKind(rapid.ByteRange(1, 2).Draw(r, "announced"))
	a.From, a.Swedish, a.English = 1, "Text", "Text"
	if rapid.Bool().Draw(r, "ends") {
		a.Until = max(2, int64(index)+rapid.Int64Range(-2, 30).Draw(r, "until"))
	}
	return a
}

func randomPut(r *rapid.T, subject byte, small func(string) byte) command.PutSnapshot {
	p := put(subject, rapid.Bool().Draw(r, "complete"))
	p.Contract = rapid.ByteRange(1, 3).Draw(r, "contract")
	p.Source = rapid.SampledFrom([]string{source, "SE-2", "SE-3"}).Draw(r, "source")
	if p.Failed = rapid.IntRange(0, 5).Draw(r, "failed") == 0; p.Failed {
		p.Complete = false
		return p
	}
	for range rapid.IntRange(0, 4).Draw(r, "documents") {
		p.Documents = append(p.Documents, document(small("document"), small("digest")))
	}
	if p.Complete && rapid.Bool().Draw(r, "keep") {
		p.Keep = [][16]byte{key(small("kept"))}
	}
	return p
}
