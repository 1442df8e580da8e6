package node

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/ingest"
	"tvilling/node/internal/session"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// makeStores writes the stores of this build's level into ../testdata/stores. Those of a
// level are made once, by the release that brought it, and are never made anew:
//
//	go test ./node -run TestMakeStores -make-stores -tags level1
//	go test ./node -run TestMakeStores -make-stores
var makeStores = flag.Bool("make-stores", false, "write the stores of this build's level into testdata/stores")

const storesDir = "../testdata/stores"

// kept is a data directory that was made once, with what has to be found in it.
type kept struct {
	Level     uint16 `json:"level"` // that is active in it
	Build     uint16 `json:"build"` // the level of the build that made it
	Index     uint64 `json:"index"`
	StateHash string `json:"state_hash"`
	LogSize   uint64 `json:"log_size"`
	LogRoot   string `json:"log_root"`
	Snapshot  bool   `json:"snapshot"` // raft has one, with entries after it
	Document  string `json:"document"` // a text in the document's body
	Reason    string `json:"reason"`   // of the first entry of the access log
}

// What a store holds and what the test looks for.
const storedText = "Astma"

// quick makes raft snapshot after a few entries.
var quick = cluster.Tuning{SnapshotThreshold: 8, SnapshotInterval: 100 * time.Millisecond, TrailingLogs: 4, CanaryEvery: 20 * time.Millisecond}

// visitor is one who has opened the patient at a node.
func (r *running) visitor() (b *tab, hangUp func()) {
	r.t.Helper()
	b = &tab{t: r.t, in: make(chan []byte), out: make(chan protocol.Frame, 1000), ended: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.data.sessions.Serve(context.Background(), b, session.Caller{})
	}()
	b.send(protocol.Hello{Version: protocol.Version, Person: "anna"})
	return b, func() { b.Close(1000, ""); <-done }
}

// reads opens the patient and reads the document.
func (r *running) reads() string {
	r.t.Helper()
	b, hangUp := r.visitor()
	defer hangUp()
	greeted := await[protocol.Welcome](b)
	if len(greeted.Commissions) == 0 {
		r.t.Fatal("anna has no commission")
	}
	patient, err := protocol.ParsePatientID(patientID)
	if err != nil {
		r.t.Fatal(err)
	}
	b.send(protocol.Choose{Commission: greeted.Commissions[0].ID})
	await[protocol.Chosen](b)
	b.send(protocol.Open{Request: 1, Patient: patient})
	await[protocol.Opened](b)
	b.send(protocol.Show{Generation: 1, Contracts: []protocol.Contract{protocol.Diagnosis}})
	chunk := await[protocol.Chunk](b)
	await[protocol.End](b)
	b.send(protocol.Read{Request: 2, Generation: 1, Document: chunk.Items[0].Key})
	return fmt.Sprintf("%+v", await[protocol.BodyFrame](b).Body)
}

// look reads what has to be found from a directory that no node uses.
func look(t *testing.T, dir string) kept {
	t.Helper()
	f, err := raftfsm.Open(filepath.Join(dir, "fsm"), raftfsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !f.Usable() || f.Verify() != nil {
		t.Fatalf("the state is not one to go on from: %v", f.Verify())
	}
	v, err := f.View()
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	size, root, err := v.LogTree()
	if err != nil {
		t.Fatal(err)
	}
	index, hash := f.StateHash()
	return kept{
		Level: f.Level(), Build: command.Level, Index: index, StateHash: hex.EncodeToString(hash[:]),
		LogSize: size, LogRoot: hex.EncodeToString(root[:]), Snapshot: len(snapshotsIn(t, dir)) > 0,
	}
}

func snapshotsIn(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "raft", "snapshots", "*", "state.bin"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestMakeStores makes a store, and for a level above 1 one of before its activation and
// one of after.
func TestMakeStores(t *testing.T) {
	if !*makeStores {
		t.Skip("the stores are made once: see makeStores")
	}
	name := fmt.Sprintf("v%d", command.Level)
	if command.Level == 1 {
		makeStore(t, name, 1)
		return
	}
	makeStore(t, name+"-before", command.Level-1)
	makeStore(t, name, command.Level)
}

func makeStore(t *testing.T, name string, level uint16) {
	t.Helper()
	dir := t.TempDir()
	cfg := aloneIn(t, dir)
	cfg.Tuning = quick
	r := run(t, cfg)
	r.ready()
	if level > 1 {
		r.activate(level)
	}
	if _, err := r.data.ingest.Put(t.Context(), ingest.Request{Caller: system, Contract: "GetDiagnosis", Message: []byte(diagnosisAnswer)}); err != nil {
		t.Fatal(err)
	}
	r.reads()
	for limit := time.After(startLimit); len(snapshotsIn(t, dir)) < 1; {
		select {
		case <-limit:
			t.Fatal("no snapshot is made")
		case <-time.After(readyEvery): // raft tells nobody
		}
	}
	r.reads() // after the snapshot
	if level > 1 {
		r.announce()
	}
	first, err := r.state().Record(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	r.end()
	want := look(t, dir)
	want.Document, want.Reason = storedText, first[0].Reason
	if want.Level != level || !want.Snapshot {
		t.Fatalf("made %+v", want)
	}
	text, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(storesDir, 0o755), os.WriteFile(filepath.Join(storesDir, name+".json"), append(text, '\n'), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := pack(dir, filepath.Join(storesDir, name+".tar.gz")); err != nil {
		t.Fatal(err)
	}
}

func (r *running) propose(kind command.Kind, body any) command.Result {
	r.t.Helper()
	results, err := r.cluster.Propose(r.t.Context(), command.Command{Kind: kind, Version: 1, Intent: newIntent(), Body: body})
	if err != nil {
		r.t.Fatal(err)
	}
	return results[0]
}

func (r *running) activate(level uint16) {
	r.t.Helper()
	if got := r.propose(command.KindActivate, command.Activate{Level: level}); got.Status != command.StatusDone {
		r.t.Fatalf("activate: %+v", got)
	}
}

func (r *running) announce() {
	r.t.Helper()
	got := r.propose(command.KindAnnounce, command.Announce{ID: newIntent(), Kind: command.AnnounceOngoing, From: 1, Swedish: "Text", English: "Words"})
	if got.Status != command.StatusDone {
		r.t.Fatalf("announce: %+v", got)
	}
}

// Every build opens what every build before it has left, finds in it what was there, and
// goes on; and a build of the level before opens what the next one leaves, until that
// level is active: then it refuses, and leaves everything as it is.
func TestStoresOfEveryBuild(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(storesDir, "*.json"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no stores: %v", err)
	}
	for _, path := range found {
		name := path[:len(path)-len(".json")]
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var want kept
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if want.Level > command.Level {
				refusesStore(t, name)
				return
			}
			opensStore(t, name, want)
		})
	}
}

func opensStore(t *testing.T, name string, want kept) {
	t.Run("as it is", func(t *testing.T) {
		got := look(t, unpack(t, name))
		got.Build, got.Document, got.Reason = want.Build, want.Document, want.Reason
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
	})
	for _, how := range []string{"state", "snapshot and log"} {
		t.Run("from "+how, func(t *testing.T) {
			dir := unpack(t, name)
			if how != "state" {
				if err := os.RemoveAll(filepath.Join(dir, "fsm")); err != nil {
					t.Fatal(err)
				}
			}
			r := run(t, aloneIn(t, dir))
			r.ready()
			if got := r.reads(); !strings.Contains(got, want.Document) {
				t.Error("the document is not what it was")
			}
			first, err := r.state().Record(0, 1)
			if err != nil || first[0].Reason != want.Reason {
				t.Errorf("the first entry of the access log: %+v, %v", first, err)
			}
			v, err := r.fsm.View()
			if err != nil {
				t.Fatal(err)
			}
			root, err := v.LogRoot(want.LogSize)
			length := v.LogLength()
			v.Close()
			if err != nil || hex.EncodeToString(root[:]) != want.LogRoot || length <= want.LogSize {
				t.Errorf("the access log of %d entries does not go on from the %d before: %v", length, want.LogSize, err)
			}
			if want.Level < command.Level { // and to the end: up to the level of this build
				r.activate(command.Level)
				r.announce()
			}
			if err := r.fsm.Verify(); err != nil {
				t.Error(err)
			}
		})
	}
}

// refusesStore holds that a store of a higher level is refused however it is come upon,
// and is whole for the build that knows it.
func refusesStore(t *testing.T, name string) {
	for _, how := range []string{"state", "snapshot and log"} {
		dir := unpack(t, name)
		if how != "state" {
			if err := os.RemoveAll(filepath.Join(dir, "fsm")); err != nil {
				t.Fatal(err)
			}
		}
		before := contentOf(t, filepath.Join(dir, "raft", "snapshots"))
		n, err := Open(aloneIn(t, dir))
		if err == nil {
			err = errors.Join(n.Run(t.Context()), n.Close())
		}
		if !errors.Is(err, command.ErrUnknownLevel) && !errors.Is(err, command.ErrUnknownKind) {
			t.Errorf("from %s: %v", how, err)
		}
		if diff := cmp.Diff(before, contentOf(t, filepath.Join(dir, "raft", "snapshots"))); diff != "" {
			t.Errorf("from %s: what was there is changed:\n%s", how, diff)
		}
	}
}

func contentOf(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		all[path] = info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// pack writes a directory, in order and without times, so that it is small.
func pack(dir, to string) (err error) {
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	compressed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	var names []string
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			names = append(names, path)
		}
		return err
	}); err != nil {
		return err
	}
	slices.Sort(names)
	for _, path := range names {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: filepath.ToSlash(name), Mode: 0o600, Size: int64(len(content))}); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}

// unpack writes a store into a directory of the test's own.
func unpack(t *testing.T, name string) string {
	t.Helper()
	in, err := os.Open(name + ".tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	compressed, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for archive := tar.NewReader(compressed); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil || !filepath.IsLocal(h.Name) {
			t.Fatal(h.Name, err)
		}
		content, err := io.ReadAll(archive)
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}
