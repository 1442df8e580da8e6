package proof

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tvilling/node/internal/logtest"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// world is a cluster's log on one machine, and a cosigner for each member over it; a
// member may be given a log of its own.
type world struct {
	t        *testing.T
	log      *logtest.Log
	ring     *sealing.Ring
	topology admin.Topology
	keys     map[string]string

	mu        sync.Mutex
	cosigners map[string]*Cosigner
	away      map[string]bool
}

func newWorld(t *testing.T) *world {
	ring, err := sealing.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, log: logtest.Open(t), ring: ring, topology: admin.Topology{Cluster: "test"},
		keys: map[string]string{}, cosigners: map[string]*Cosigner{}, away: map[string]bool{},
	}
	for _, m := range [][2]string{{"a1", "A"}, {"b1", "B"}, {"w", "W"}} {
		secret, public, err := note.GenerateKey(rand.Reader, admin.SignerName("test", m[0]))
		if err != nil {
			t.Fatal(err)
		}
		w.keys[m[0]] = secret
		w.topology.Members = append(w.topology.Members, admin.Node{ID: m[0], Site: m[1], LogKey: public})
		w.cosigners[m[0]] = w.cosigner(m[0], filepath.Join(t.TempDir(), "signed"), w.log.FSM)
	}
	return w
}

func (w *world) cosigner(member, path string, state State) *Cosigner {
	w.t.Helper()
	c, err := NewCosigner(Log{Cluster: "test"}, member, w.keys[member], path, state)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) Cosign(ctx context.Context, member string, asked []byte) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away[member] {
		return nil, errors.New("it is away")
	}
	return w.cosigners[member].Cosign(ctx, asked)
}

func (w *world) Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error) {
	return w.log.Propose(ctx, commands...)
}

// record puts entries into a log, and returns them.
func (w *world) record(log *logtest.Log, texts ...string) (ids [][16]byte) {
	w.t.Helper()
	for _, text := range texts {
		e := record.Entry{At: 1_790_000_000_000, Activity: record.Read, Note: text, Decision: record.Decision{Permit: true, Reason: "own care unit's"}}
		rand.Read(e.ID[:])
		rand.Read(e.Salt[:])
		plain := record.Append(nil, e)
		subject := w.ring.Patient(protocol.PatientID{})
		_, err := log.Propose(w.t.Context(), command.Command{Kind: command.KindRecordEvent, Version: 1, Body: command.RecordEvent{Entry: command.LogEntry{
			ID: e.ID, Subject: subject, Sealed: w.ring.SealLog(append(subject[:], e.ID[:]...), plain), Commitment: record.Commitment(plain),
		}}})
		if err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

func (w *world) maker() *Maker {
	w.t.Helper()
	m, err := NewMaker(w.topology, admin.Generation{}, w.log.FSM, w, func() (i command.Intent) { rand.Read(i[:]); return i }, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) newest() (size uint64, by []string) {
	w.t.Helper()
	v, err := w.log.FSM.View()
	if err != nil {
		w.t.Fatal(err)
	}
	defer v.Close()
	size, text, _ := v.Checkpoint()
	return size, signers(w.topology, string(text))
}

// signers are who has signed a note, of the members that have a key.
func signers(t admin.Topology, text string) (all []string) {
	var keys []note.Verifier
	for _, m := range t.Members {
		if key, err := note.NewVerifier(m.LogKey); err == nil {
			keys = append(keys, key)
		}
	}
	opened, err := note.Open([]byte(text), note.VerifierList(keys...))
	if err != nil {
		return nil
	}
	for _, s := range opened.Sigs {
		if member, ok := admin.SignerNode(t.Cluster, s.Name); ok {
			all = append(all, member)
		}
	}
	return all
}

func TestCheckpointsFollowTheLog(t *testing.T) {
	w := newWorld(t)
	m := w.maker()
	if err := m.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size, _ := w.newest(); size != 0 {
		t.Errorf("a checkpoint of nothing: %d", size)
	}
	for n := 1; n <= 5; n++ {
		w.record(w.log, "entry")
		if err := m.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		if size, signers := w.newest(); size != uint64(n) || len(signers) != 3 {
			t.Errorf("after %d entries: %d, signed by %v", n, size, signers)
		}
	}
	before := w.log.FSM.AppliedIndex()
	if err := m.make(t.Context()); err != nil || w.log.FSM.AppliedIndex() != before {
		t.Errorf("a checkpoint of nothing new was proposed: %v", err)
	}
}

// One that is away signs the same checkpoint when it is back; too few make none.
func TestWhoIsAwaySignsLater(t *testing.T) {
	w := newWorld(t)
	m := w.maker()
	w.record(w.log, "one")
	w.away["w"] = true
	if err := m.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size, signers := w.newest(); size != 1 || len(signers) != 2 {
		t.Errorf("without the witness: %d, signed by %v", size, signers)
	}
	before := w.log.FSM.AppliedIndex()
	if err := m.make(t.Context()); err != nil || w.log.FSM.AppliedIndex() != before {
		t.Errorf("the same signatures were proposed again: %v", err)
	}
	w.away["w"] = false
	if err := m.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size, signers := w.newest(); size != 1 || len(signers) != 3 {
		t.Errorf("with the witness: %d, signed by %v", size, signers)
	}
	w.record(w.log, "two")
	w.away["w"], w.away["b1"] = true, true
	if err := m.make(t.Context()); !errors.Is(err, ErrSignatures) {
		t.Errorf("with one signature of three: %v", err)
	}
	if size, _ := w.newest(); size != 1 {
		t.Errorf("a checkpoint of one signature was kept: %d", size)
	}
}

func TestRunMakesThemUntilItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.record(w.log, "one")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.maker().Run(ctx) }()
		time.Sleep(makeEvery + time.Second)
		w.record(w.log, "two")
		time.Sleep(makeEvery)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if size, _ := w.newest(); size != 2 {
			t.Errorf("the newest checkpoint is of %d entries", size)
		}
	})
}

func (w *world) statement(log *logtest.Log) []byte {
	w.t.Helper()
	v, err := log.FSM.View()
	if err != nil {
		w.t.Fatal(err)
	}
	defer v.Close()
	size, root, err := v.LogTree()
	if err != nil {
		w.t.Fatal(err)
	}
	return question(0, admin.Checkpoint{Cluster: "test", Size: size, Root: root, At: time.Now()}.Text())
}

// A member whose log was changed does not sign what the others' says, nor the other
// way about; and one whose log no longer begins with what it signed signs nothing.
func TestADifferentLogIsNotSigned(t *testing.T) {
	w := newWorld(t)
	other := logtest.Open(t)
	w.record(w.log, "one", "two", "three")
	w.record(other, "one", "another", "three")
	path := filepath.Join(t.TempDir(), "signed")
	mine := w.cosigner("b1", path, w.log.FSM)
	if _, err := mine.Cosign(t.Context(), w.statement(other)); !errors.Is(err, ErrDiffers) {
		t.Errorf("another log: %v", err)
	}
	if mine.Remembers() {
		t.Error("it remembers what it has not signed")
	}
	if _, err := mine.Cosign(t.Context(), w.statement(w.log)); err != nil {
		t.Errorf("its own: %v", err)
	}
	changed := w.cosigner("b1", path, other.FSM)
	if !changed.Remembers() {
		t.Error("it has forgotten what it signed")
	}
	if _, err := changed.Cosign(t.Context(), w.statement(other)); !errors.Is(err, ErrForked) {
		t.Errorf("its log was changed under it: %v", err)
	}
	cut := logtest.Open(t)
	w.record(cut, "one")
	if _, err := w.cosigner("b1", path, cut.FSM).Cosign(t.Context(), w.statement(cut)); !errors.Is(err, ErrForked) {
		t.Errorf("its log was cut off: %v", err)
	}
}

func TestAShorterLogIsNotSignedAfterALonger(t *testing.T) {
	w := newWorld(t)
	w.record(w.log, "one", "two")
	early := w.statement(w.log)
	w.record(w.log, "three")
	c := w.cosigners["a1"]
	if _, err := c.Cosign(t.Context(), w.statement(w.log)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Cosign(t.Context(), early); !errors.Is(err, ErrBack) {
		t.Errorf("a shorter one: %v", err)
	}
}

// Who leads cannot have it signed that the log was like this yesterday, or will be so
// tomorrow.
func TestAnotherTimeIsNotSigned(t *testing.T) {
	w := newWorld(t)
	w.record(w.log, "one")
	valid, err := admin.ParseCheckpoint(string(w.statement(w.log)[8:]))
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []time.Duration{-24 * time.Hour, 24 * time.Hour, -2 * maxSkew, 2 * maxSkew} {
		valid.At = time.Now().Add(off)
		if _, err := w.cosigners["a1"].Cosign(t.Context(), question(0, valid.Text())); !errors.Is(err, ErrTime) {
			t.Errorf("%v off: %v", off, err)
		}
	}
	valid.At = time.Now().Add(-maxSkew / 2)
	if _, err := w.cosigners["a1"].Cosign(t.Context(), question(0, valid.Text())); err != nil {
		t.Errorf("half of the bound off: %v", err)
	}
}

// A member proposed a note that does not say what it is kept as: the next round puts
// the right one in its place.
func TestAnotherNoteIsReplaced(t *testing.T) {
	w := newWorld(t)
	m := w.maker()
	w.record(w.log, "one")
	if err := m.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := w.log.FSM.View()
	if err != nil {
		t.Fatal(err)
	}
	_, first, _ := v.Checkpoint()
	first = append([]byte{}, first...)
	v.Close()
	w.record(w.log, "two")
	if v, err = w.log.FSM.View(); err != nil {
		t.Fatal(err)
	}
	size, root, err := v.LogTree()
	v.Close()
	if err != nil {
		t.Fatal(err)
	}
	w.log.Do(command.KindCheckpoint, command.Checkpoint{Size: size, Root: root, Note: first})
	if err := m.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := w.reader(&recorder{}).Checkpoint(0)
	if err != nil || got.Note == string(first) || !strings.Contains(got.Note, "\n2\n") {
		t.Errorf("kept for %d entries: %q, %v", got.Size, got.Note, err)
	}
}

func TestWhatIsNoStatementIsNotSigned(t *testing.T) {
	w := newWorld(t)
	w.record(w.log, "one")
	valid := string(w.statement(w.log))
	for name, asked := range map[string]string{
		"nothing": "", "an index alone": valid[:8], "half": valid[:20], "another cluster's": strings.Replace(valid, "tvilling/test", "tvilling/else", 1),
		"one of nothing": string(question(0, admin.Checkpoint{Cluster: "test", At: time.Now()}.Text())),
		"something more": valid + "x\n",
	} {
		if _, err := w.cosigners["a1"].Cosign(t.Context(), []byte(asked)); !errors.Is(err, ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.cosigners["a1"].Cosign(ctx, question(1000, valid[8:])); !errors.Is(err, context.Canceled) {
		t.Errorf("an index that never comes: %v", err)
	}
}

func TestTheMemoryMustHold(t *testing.T) {
	w := newWorld(t)
	w.record(w.log, "one")
	dir := t.TempDir()
	path := filepath.Join(dir, "signed")
	for name, text := range map[string]string{"no JSON": "{", "too large": strings.Repeat(" ", maxMemoryBytes+1)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewCosigner(Log{Cluster: "test"}, "a1", w.keys["a1"], path, w.log.FSM); !errors.Is(err, ErrMemory) {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone := w.cosigner("a1", filepath.Join(dir, "no", "such", "signed"), w.log.FSM)
	if _, err := gone.Cosign(t.Context(), w.statement(w.log)); !errors.Is(err, ErrMemory) {
		t.Errorf("signed without remembering: %v", err)
	}
	if _, err := NewCosigner(Log{Cluster: "test"}, "a1", w.keys["b1"], path, w.log.FSM); err == nil {
		t.Error("a node took another's key")
	}
	if _, err := NewCosigner(Log{Cluster: "test"}, "a1", "no key", path, w.log.FSM); err == nil {
		t.Error("a node took what is no key")
	}
}

func TestTopologiesThatCannotSign(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(m []admin.Node){
		"no key":      func(m []admin.Node) { m[0].LogKey = "x" },
		"another's":   func(m []admin.Node) { m[0].LogKey = m[1].LogKey },
		"no majority": func(m []admin.Node) { m[0].LogKey, m[1].LogKey = "", "" },
	} {
		topology := w.topology
		topology.Members = append([]admin.Node{}, topology.Members...)
		change(topology.Members)
		if _, err := NewMaker(topology, admin.Generation{}, w.log.FSM, w, nil, nil); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A member that signs something else, or with a key that is not its own, has not signed.
func TestFalseSignaturesDoNotCount(t *testing.T) {
	w := newWorld(t)
	w.record(w.log, "one")
	w.cosigners["b1"] = w.cosigners["a1"] // b1 answers with a1's signature
	if err := w.maker().make(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, signers := w.newest(); len(signers) != 2 || signers[0] == "b1" || signers[1] == "b1" {
		t.Errorf("signed by %v", signers)
	}
}

// recorder counts the readings, and may fail.
type recorder struct {
	readings []string
	err      error
}

func (r *recorder) RecordReading(_ context.Context, operator, what string) error {
	r.readings = append(r.readings, operator+": "+what)
	return r.err
}

func (w *world) reader(r *recorder) *Reader { return NewReader(w.log.FSM, w.ring, r) }

func TestEntriesAreTakenOutWithTheirProof(t *testing.T) {
	w := newWorld(t)
	var recorded recorder
	r := w.reader(&recorded)
	ids := w.record(w.log, "one", "two", "three", "four", "five")
	if _, err := r.Prove(t.Context(), "op", admin.LogProofQuery{Sequence: 2}); !errors.Is(err, ErrNoCheckpoint) {
		t.Errorf("before a checkpoint: %v", err)
	}
	if err := w.maker().make(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := r.Page(t.Context(), "op", admin.LogPageQuery{After: 1, Through: 4})
	if err != nil || len(page.Entries) != 3 || page.Entries[0].Sequence != 2 || page.Entries[2].Entry.Note != "four" {
		t.Fatalf("%+v, %v", page, err)
	}
	for n, id := range ids {
		p, err := r.Prove(t.Context(), "op", admin.LogProofQuery{ID: record.ShortID(id)})
		if err != nil {
			t.Fatal(err)
		}
		opened, err := note.Open([]byte(p.Checkpoint), w.maker().verifiers)
		if err != nil {
			t.Fatal(err)
		}
		c, err := admin.ParseCheckpoint(opened.Text)
		if err != nil {
			t.Fatal(err)
		}
		leaf := admin.Leaf{Sequence: uint64(n + 1), Index: p.Entry.Index, ID: id, Subject: w.ring.Patient(protocol.PatientID{}), Commitment: record.Commitment(p.Entry.Plain)}
		if err := tlog.CheckRecord(hashes(p.Proof), int64(c.Size), c.Root, int64(n), tlog.RecordHash(leaf.Data())); err != nil {
			t.Errorf("entry %d: %v", n+1, err)
		}
	}
	if _, err := r.Prove(t.Context(), "op", admin.LogProofQuery{ID: "AAAAAAAAAAAAAAAA"}); !errors.Is(err, ErrNoEntry) {
		t.Errorf("an id of nothing: %v", err)
	}
	w.record(w.log, "six")
	if _, err := r.Prove(t.Context(), "op", admin.LogProofQuery{Sequence: 6}); !errors.Is(err, ErrNoEntry) {
		t.Errorf("an entry after the checkpoint: %v", err)
	}
	if err := w.maker().make(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := r.Consistency(5, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got.Earlier == got.Later || len(got.Proof) == 0 {
		t.Errorf("%+v", got)
	}
	for _, c := range [][2]uint64{{0, 6}, {4, 6}, {6, 5}, {5, 7}} {
		if _, err := r.Consistency(c[0], c[1]); !errors.Is(err, ErrNoCheckpoint) {
			t.Errorf("from %d to %d: %v", c[0], c[1], err)
		}
	}
	if recorded.readings[0] != "op: proof of one entry" || recorded.readings[1] != "op: export 2-4" {
		t.Errorf("recorded: %q", recorded.readings)
	}
}

func hashes(proof [][]byte) []tlog.Hash {
	all := make([]tlog.Hash, len(proof))
	for i := range proof {
		copy(all[i][:], proof[i])
	}
	return all
}

func TestNothingIsTakenOutUnrecorded(t *testing.T) {
	w := newWorld(t)
	w.record(w.log, "one")
	if err := w.maker().make(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := w.reader(&recorder{err: errors.New("no quorum")})
	if page, err := r.Page(t.Context(), "op", admin.LogPageQuery{Through: 1}); err == nil || page.Entries != nil {
		t.Errorf("%+v, %v", page, err)
	}
	if p, err := r.Prove(t.Context(), "op", admin.LogProofQuery{Sequence: 1}); err == nil || p.Entry.Plain != nil {
		t.Errorf("%+v, %v", p, err)
	}
}

// An entry that is not what the tree says of it, as a lying proposer would have it, or
// that no key opens, is handed out closed, and is not proved; the others are.
func TestEntriesThatAreNotWhatTheyShouldBeAreClosed(t *testing.T) {
	w := newWorld(t)
	nobody := w.ring.Patient(protocol.PatientID{})
	other, err := sealing.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	put := func(id [16]byte, subject [16]byte, plain []byte, commitment [32]byte, ring *sealing.Ring) {
		t.Helper()
		_, err := w.log.Propose(t.Context(), command.Command{Kind: command.KindRecordEvent, Version: 1, Body: command.RecordEvent{Entry: command.LogEntry{
			ID: id, Subject: subject, Sealed: ring.SealLog(append(subject[:], id[:]...), plain), Commitment: commitment,
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	entry := func(id byte) []byte { return record.Append(nil, record.Entry{ID: [16]byte{id}, Note: "one"}) }
	put([16]byte{1}, nobody, entry(1), record.Commitment(entry(1)), w.ring)
	put([16]byte{2}, nobody, entry(2), record.Commitment(entry(1)), w.ring)
	put([16]byte{3}, nobody, entry(1), record.Commitment(entry(1)), w.ring)
	put([16]byte{4}, [16]byte{9}, entry(4), record.Commitment(entry(4)), w.ring)
	put([16]byte{5}, nobody, entry(5), record.Commitment(entry(5)), other)
	put([16]byte{6}, nobody, []byte("no entry"), record.Commitment([]byte("no entry")), w.ring)
	if err := w.maker().make(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := w.reader(&recorder{}).Page(t.Context(), "op", admin.LogPageQuery{Through: 6})
	if err != nil {
		t.Fatal(err)
	}
	var closed []string
	for _, e := range page.Entries {
		closed = append(closed, e.Closed)
		if (e.Closed == "") != (len(e.Plain) > 0) || (e.Closed == "") != (e.Commitment == nil) {
			t.Errorf("number %d is half closed", e.Sequence)
		}
		_, err := w.reader(&recorder{}).Prove(t.Context(), "op", admin.LogProofQuery{Sequence: e.Sequence})
		if (e.Closed == "") != (err == nil) || err != nil && !errors.Is(err, ErrEntry) {
			t.Errorf("number %d: proved with %v", e.Sequence, err)
		}
	}
	want := []string{"", "the tree commits to something else than it says", "it has another id than it is kept under",
		"it is about another patient than it is kept under", "no key opens it", "it cannot be read"}
	if diff := cmp.Diff(want, closed); diff != "" {
		t.Errorf("why they are closed (-want +got):\n%s", diff)
	}
}

func TestLeavesAreTheStateMachines(t *testing.T) {
	l := raftfsm.Logged{Sequence: 1 << 40, Index: 2, ID: [16]byte{3}, Subject: [16]byte{4}, Commitment: [32]byte{5}}
	ours := admin.Leaf{Sequence: 1 << 40, Index: 2, ID: [16]byte{3}, Subject: [16]byte{4}, Commitment: [32]byte{5}}
	if string(raftfsm.LeafData(l)) != string(ours.Data()) {
		t.Error("whoever verifies makes other leaves than the state machine")
	}
}

func TestReadableSaysEverything(t *testing.T) {
	e := record.Entry{
		ID: [16]byte{1}, At: 1_790_000_000_123, Activity: record.EmergencyContent, Purpose: record.PurposeCare,
		Decision: record.Decision{Permit: true, Reason: "r", Basis: protocol.BasisEmergency, DecidedAt: 7, AsOf: [record.AsOfCount]protocol.Instant{1, 2, 3, 4, 5, 6}},
		Scope:    record.Scope{View: "v", Contracts: []uint8{1, 200}, Document: protocol.DocumentKey{9}, Resources: []record.Resource{{Contract: 2, CareProvider: "P", CareUnit: "U"}}},
		Session:  "s", Node: "n", Note: "because", About: [16]byte{8}, Outcome: protocol.ReviewMisuse,
	}
	e.Actor.EmployeeName, e.Actor.EmployeeTitle, e.Actor.CommissionName, e.Actor.CareUnitName, e.Actor.CareProviderName = "name", "title", "commission", "unit", "provider"
	got, err := Readable(record.Append(nil, e))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"at":"2026-09-21T14:13:20.123Z"`, `"activity":"Nödöppning"`, `"basis":"emergency"`, `"decided_at":7`, `"note":"because"`, `"outcome":"misuse"`, `"id":"01`, `"about":"08`,
		`"document":"09`, `"contract 200"`, `"care_provider":"P"`, `"persons":"1970-01-01T00:00:00.005Z"`, `"engagement"`, `"name":"name"`, `"title":"title"`,
		`"commission_name":"commission"`, `"care_unit_name":"unit"`, `"care_provider_name":"provider"`, `"purpose":"Vård och behandling"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is missing in %s", want, b)
		}
	}
	if _, err := Readable([]byte{1}); err == nil {
		t.Error("what is no entry was read")
	}
}
