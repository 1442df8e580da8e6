package node

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"filippo.io/age"
	"github.com/hashicorp/raft"

	adminendpoint "tvilling/node/internal/admin"
	"tvilling/node/internal/health"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// benchMiB names how large a state is measured, in MiB.
const benchMiB = "TVILLING_BACKUP_MIB"

func numbered(n uint64) (id [16]byte) {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
	return [16]byte(sum[:])
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// fillState applies entries of sealed documents, and one of the access log for every
// five, until the state is so large. What is sealed is random bytes: as it looks.
func fillState(b *testing.B, fsm *raftfsm.FSM, size int) {
	b.Helper()
	const documents, body = 20, 4 << 10
	index := uint64(0)
	apply := func(commands ...command.Command) {
		index++
		data, err := command.Encode(command.Entry{Level: 1, Stamp: int64(index), Commands: commands})
		if err != nil {
			b.Fatal(err)
		}
		log := &raft.Log{Type: raft.LogCommand, Index: index, Term: 1, Data: data}
		if _, ok := fsm.ApplyBatch([]*raft.Log{log})[0].([]command.Result); !ok {
			b.Fatal(fsm.Err())
		}
	}
	apply(command.Command{Kind: command.KindRegisterSource, Body: command.RegisterSource{Source: system, Contracts: []uint8{1}}})
	for left, n := size, uint64(0); left > 0; {
		p := command.PutSnapshot{Subject: numbered(n), Contract: 1, Source: system, Complete: true, At: int64(index)}
		for range documents {
			n++
			p.Documents = append(p.Documents, command.SealedDocument{Key: numbered(n), CareProvider: "SE2321000016-1REG",
				CareUnit: "SE2321000016-1EKN", Time: int64(n), Digest: numbered(n), Header: random(300), Body: random(body)})
			left -= body + 400
		}
		all := []command.Command{{Kind: command.KindPutSnapshot, Intent: numbered(n), Body: p}}
		for i := range uint64(documents / 5) {
			e := command.LogEntry{ID: numbered(n + i<<40), Subject: p.Subject, Sealed: random(600), Commitment: [32]byte{1, byte(n)}}
			all = append(all, command.Command{Kind: command.KindRecordEvent, Intent: numbered(n + i<<50), Body: command.RecordEvent{Entry: e}})
			left -= 900
		}
		apply(all...)
	}
}

// giving serves backups of a state as a node does, over TLS.
func giving(b *testing.B, dir string, fsm *raftfsm.FSM) *httptest.Server {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	source := &backups{
		dir: dir, fsm: fsm, room: health.Room, turn: make(chan struct{}, 1), ctx: ctx, stop: stop, generation: func() uint32 { return 1 },
		about: admin.BackupManifest{Format: admin.FormatBackup, Cluster: "test", Node: "a1"},
	}
	server := httptest.NewTLSServer(adminendpoint.Handler(adminendpoint.Config{
		Backups: source, Metrics: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler),
	}))
	b.Cleanup(func() {
		server.Close()
		source.close()
	})
	return server
}

// saveSealed does what an operator's tool does: the stream is held against its
// manifest, sealed, written and synced.
func saveSealed(b *testing.B, from *httptest.Server, to age.Recipient, name string) (m admin.BackupManifest) {
	b.Helper()
	response, err := from.Client().Get(from.URL + admin.PathBackup)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	in := bufio.NewReaderSize(response.Body, 1<<20)
	if m, err = admin.ReadBackupManifest(in); err != nil {
		b.Fatal(err)
	}
	line, err := m.Line()
	if err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	sealed, err := age.Encrypt(f, to)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(sealed, io.MultiReader(bytes.NewReader(line), m.State(in)))
	if err := errors.Join(err, sealed.Close(), f.Sync(), f.Close()); err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkBackup measures a backup over the wire into a sealed file, its verifying and
// its restoring: of 16 MiB, or of what TVILLING_BACKUP_MIB says.
func BenchmarkBackup(b *testing.B) {
	size := 16
	if text := os.Getenv(benchMiB); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	fsm, err := raftfsm.Open(filepath.Join(dir, "fsm"), raftfsm.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer fsm.Close()
	fillState(b, fsm, size<<20)
	node := giving(b, dir, fsm)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	name := filepath.Join(b.TempDir(), "backup")
	m := saveSealed(b, node, key.Recipient(), name)
	b.Run("backup", func(b *testing.B) {
		b.SetBytes(m.Bytes)
		for b.Loop() {
			m = saveSealed(b, node, key.Recipient(), name)
		}
	})
	opened := func(b *testing.B, read func(io.Reader) error) {
		b.SetBytes(m.Bytes)
		for b.Loop() {
			f, err := os.Open(name)
			if err != nil {
				b.Fatal(err)
			}
			clear, err := age.Decrypt(f, key)
			if err == nil {
				err = read(clear)
			}
			if err := errors.Join(err, f.Close()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("verify", func(b *testing.B) {
		opened(b, func(clear io.Reader) error {
			_, err := VerifyBackup(b.Context(), b.TempDir(), clear, untold)
			return err
		})
	})
	b.Run("restore", func(b *testing.B) {
		topology := admin.Topology{Cluster: "test", Members: []admin.Node{{ID: "a1", Role: admin.RoleData}}}
		opened(b, func(clear io.Reader) error {
			r := Restore{Topology: topology, Self: "a1", DataDir: filepath.Join(b.TempDir(), rand.Text()), Progress: untold}
			_, err := RestoreBackup(b.Context(), r, clear)
			return err
		})
	})
}
