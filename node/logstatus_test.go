package node

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"tvilling/node/internal/logtest"
	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

func TestLogStatus(t *testing.T) {
	log := logtest.Open(t)
	now := time.Now().Truncate(time.Millisecond)
	add := func(age time.Duration) {
		id := logtest.Intent()
		at := now.Add(-age).UnixMilli()
		for i := range 6 {
			id[i] = byte(at >> (40 - 8*i))
		}
		log.Do(command.KindRecordEvent, command.RecordEvent{Entry: command.LogEntry{ID: id, Sealed: make([]byte, 64), Commitment: [32]byte{1}}})
	}
	s := state{fsm: log.FSM}
	status := func(want admin.LogStatus) {
		t.Helper()
		got, err := s.Log(now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	status(admin.LogStatus{})
	add(26 * time.Hour)
	add(30 * time.Second)
	status(admin.LogStatus{Entries: 2, UnprovenSeconds: 26 * 3600})
	for after, want := range map[uint64]time.Time{0: now.Add(-26 * time.Hour), 1: now.Add(-30 * time.Second), 2: {}, 1 << 40: {}} {
		if at, err := s.Written(after); err != nil || !at.Equal(want) {
			t.Errorf("the entry after %d was written at %v, %v", after, at, err)
		}
	}
	s.from.Upstream.Log = &admin.Service{}
	status(admin.LogStatus{Entries: 2, UnprovenSeconds: 26 * 3600, Export: &admin.ExportStatus{Waiting: 2, OldestSeconds: 26 * 3600}})
	log.Do(command.KindExportAck, command.ExportAck{Through: 1, Refused: []uint64{1}, At: 1})
	status(admin.LogStatus{Entries: 2, UnprovenSeconds: 26 * 3600, Export: &admin.ExportStatus{Through: 1, Waiting: 1, OldestSeconds: 30, Refused: 1, RefusedEntries: []uint64{1}}})
	v, err := log.FSM.View()
	if err != nil {
		t.Fatal(err)
	}
	root, err := v.LogRoot(2)
	v.Close()
	if err != nil {
		t.Fatal(err)
	}
	export := &admin.ExportStatus{Through: 1, Waiting: 1, OldestSeconds: 30, Refused: 1, RefusedEntries: []uint64{1}}
	keep := func(signers int) {
		s.from.Cluster, s.from.Members = "test", nil
		var all []note.Signer
		for i, id := range []string{"a1", "b1", "w"} {
			secret, public, err := note.GenerateKey(rand.Reader, admin.SignerName("test", id))
			if err != nil {
				t.Fatal(err)
			}
			signer, err := note.NewSigner(secret)
			if err != nil {
				t.Fatal(err)
			}
			if s.from.Members = append(s.from.Members, admin.Node{ID: id, LogKey: public}); i < signers {
				all = append(all, signer)
			}
		}
		signed, err := note.Sign(&note.Note{Text: admin.Checkpoint{Cluster: "test", Size: 2, Root: root, At: now}.Text()}, all...)
		if err != nil {
			t.Fatal(err)
		}
		log.Do(command.KindCheckpoint, command.Checkpoint{Size: 2, Root: root, Note: signed})
	}
	keep(1) // whoever proposes it has it kept, and it proves nothing
	status(admin.LogStatus{Entries: 2, UnprovenSeconds: 26 * 3600, Export: export})
	keep(2)
	status(admin.LogStatus{Entries: 2, Checkpoint: 2, CheckpointAt: now.UTC().Format(time.RFC3339),
		Export: export})
}
