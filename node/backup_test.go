package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	adminendpoint "tvilling/node/internal/admin"
	"tvilling/node/internal/cluster"
	"tvilling/node/internal/health"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

func untold(string, int64, int64) {}

// backedUp is a node with something in it, and a backup of it over the wire.
func backedUp(t *testing.T) (o *operated, m admin.BackupManifest, whole []byte) {
	t.Helper()
	o = startOperated(t)
	o.put()
	o.read()
	o.read()
	status, text := o.ask(admin.PathBackup, nil)
	line, _, _ := strings.Cut(text, "\n")
	m, err := admin.ParseBackupManifest([]byte(line))
	if status != 200 || err != nil {
		t.Fatalf("status %d: %v", status, err)
	}
	return o, m, []byte(text)
}

// again is a backup with another state or manifest, of which length and sum are right.
func again(t *testing.T, m admin.BackupManifest, state []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(state)
	m.Bytes, m.SHA256 = int64(len(state)), hex.EncodeToString(sum[:])
	line, err := m.Line()
	if err != nil {
		t.Fatal(err)
	}
	return append(line, state...)
}

func stateOf(whole []byte) []byte { return whole[bytes.IndexByte(whole, '\n')+1:] }

func TestABackupIsVerifiedAndRestored(t *testing.T) {
	o, m, whole := backedUp(t)
	at, _ := o.fsm.StateHash()
	if m.Cluster != "test" || m.Node != "a1" || m.Generation != 1 || m.Index > at || m.LogSize == 0 || m.Bytes != int64(len(stateOf(whole))) {
		t.Errorf("manifest %+v, the node is at %d", m, at)
	}
	if found, _ := filepath.Glob(filepath.Join(o.cfg.DataDir, "backup*")); len(found) > 0 {
		t.Errorf("left: %v", found)
	}
	scratch := t.TempDir()
	steps := map[string]int64{}
	got, err := VerifyBackup(t.Context(), scratch, bytes.NewReader(whole), func(step string, done, of int64) {
		if done > of {
			t.Errorf("%s: %d of %d", step, done, of)
		}
		steps[step] = done
	})
	if err != nil || got != m {
		t.Fatalf("%+v: %v", got, err)
	}
	if steps[StepRead] != m.Bytes || steps[StepRestore] != m.Bytes || steps[StepState] != m.Bytes || steps[StepCommit] != 1 {
		t.Errorf("steps %v of %d bytes", steps, m.Bytes)
	}
	if left, _ := os.ReadDir(scratch); len(left) > 0 {
		t.Errorf("verifying left %v", left)
	}
	if refused := o.put(); refused.Unchanged != 1 {
		t.Errorf("the node, afterwards: %+v", refused)
	}
	o.end()

	cfg := o.cfg
	cfg.DataDir = filepath.Join(t.TempDir(), "new")
	done, err := RestoreBackup(t.Context(), Restore{Topology: cfg.Topology, Self: "a1", DataDir: cfg.DataDir, Progress: untold}, bytes.NewReader(whole))
	if err != nil || done.Generation != 2 || done.Manifest != m {
		t.Fatalf("%+v: %v", done, err)
	}
	if g, err := cluster.ReadGeneration(filepath.Join(cfg.DataDir, "raft")); err != nil || g.Number != 2 {
		t.Errorf("generation %v, %v", g, err)
	}
	restored := run(t, cfg)
	restored.ready()
	if receipt := restored.put(); receipt.Unchanged != 1 || receipt.Index <= m.Index {
		t.Errorf("what was in it is not: %+v", receipt)
	}
	if page, err := restored.state().Record(0, 10); err != nil || len(page) < 2 {
		t.Errorf("the access log: %d entries, %v", len(page), err)
	}
	next, state, err := restored.backups.Take(t.Context())
	if err != nil || next.Generation != 2 || next.Term <= m.Term {
		t.Errorf("a backup of what was restored: %+v, %v", next, err)
	}
	_ = state.Close()
}

func TestABackupThatDoesNotHold(t *testing.T) {
	_, m, whole := backedUp(t)
	state := stateOf(whole)
	flip := func(at int) []byte { b := slices.Clone(state); b[at] ^= 1; return b }
	with := func(change func(*admin.BackupManifest)) []byte {
		m := m
		change(&m)
		return again(t, m, state)
	}
	other := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		backup []byte
		want   error
	}{
		"empty":               {nil, admin.ErrNoBackup},
		"another file":        {[]byte("{}\n"), admin.ErrNoBackup},
		"the next format":     {bytes.Replace(whole, []byte(admin.FormatBackup), []byte("tvilling-backup/2"), 1), admin.ErrBackupFormat},
		"cut in the header":   {whole[:len(whole)-len(state)+20], admin.ErrBackupDamaged},
		"cut":                 {whole[:len(whole)-1], admin.ErrBackupDamaged},
		"more follows":        {append(slices.Clone(whole), 'x'), admin.ErrBackupDamaged},
		"a bit, not summed":   {append(slices.Clone(whole[:len(whole)-len(state)]), flip(len(state)/2)...), admin.ErrBackupDamaged},
		"a bit, summed":       {again(t, m, flip(len(state)/2)), ErrBackupDiffers},
		"no snapshot":         {again(t, m, bytes.Repeat([]byte("x"), 100)), ErrBackupDiffers},
		"snapshot cut":        {again(t, m, state[:len(state)/2]), ErrBackupDiffers},
		"another index":       {with(func(m *admin.BackupManifest) { m.Index++ }), ErrBackupDiffers},
		"another state":       {with(func(m *admin.BackupManifest) { m.StateHash = other }), ErrBackupDiffers},
		"another log":         {with(func(m *admin.BackupManifest) { m.LogRoot = other }), ErrBackupDiffers},
		"a shorter log":       {with(func(m *admin.BackupManifest) { m.LogSize-- }), ErrBackupDiffers},
		"the next level":      {with(func(m *admin.BackupManifest) { m.Level = command.Level + 1 }), ErrBackupLevel},
		"snapshot next level": {again(t, m, func() []byte { b := slices.Clone(state); b[11] = byte(command.Level) + 1; return b }()), ErrBackupLevel},
	} {
		scratch := t.TempDir()
		if _, err := VerifyBackup(t.Context(), scratch, bytes.NewReader(c.backup), untold); !errors.Is(err, c.want) {
			t.Errorf("%s: verified with %v, want %v", name, err, c.want)
		}
		if left, _ := os.ReadDir(scratch); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
		r := Restore{Topology: admin.Topology{Cluster: "test", Members: []admin.Node{{ID: "a1", Role: admin.RoleData}}}, Self: "a1", DataDir: scratch, Progress: untold}
		if _, err := RestoreBackup(t.Context(), r, bytes.NewReader(c.backup)); !errors.Is(err, c.want) {
			t.Errorf("%s: restored with %v, want %v", name, err, c.want)
		}
		if left, _ := os.ReadDir(scratch); len(left) > 0 {
			t.Errorf("%s: restoring left %v", name, left)
		}
	}
}

// A directory that is made with what leads to it has its name on the disk too.
func TestEveryNewNameIsSynced(t *testing.T) {
	dir := t.TempDir()
	in := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	if diff := cmp.Diff([]string{in("a", "b"), in("a"), dir}, naming(in("a", "b", "c"))); diff != "" {
		t.Error(diff)
	}
	if got := naming(dir); len(got) > 0 {
		t.Errorf("of one that is there: %v", got)
	}
}

// A backup that does not fit is said to at once, not when the disk is full.
func TestABackupWithoutRoom(t *testing.T) {
	_, m, whole := backedUp(t)
	state := stateOf(whole)
	m.Bytes = 1 << 60
	line, err := m.Line()
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	if _, err := VerifyBackup(t.Context(), scratch, bytes.NewReader(append(line, state...)), untold); !errors.Is(err, ErrBackupRoom) || !strings.Contains(err.Error(), scratch) {
		t.Errorf("verified with %v", err)
	}
}

// At every step of the work, whoever gives up is let go and leaves nothing.
func TestVerifyingCanBeGivenUp(t *testing.T) {
	_, _, whole := backedUp(t)
	for _, at := range []string{StepRead, StepRestore, StepLog, StepCommit} {
		ctx, cancel := context.WithCancel(t.Context())
		scratch := t.TempDir()
		_, err := VerifyBackup(ctx, scratch, bytes.NewReader(whole), func(step string, done, _ int64) {
			if step == at {
				cancel()
			}
		})
		cancel()
		if left, _ := os.ReadDir(scratch); !errors.Is(err, context.Canceled) || len(left) > 0 {
			t.Errorf("%s: %v, left %v", at, err, left)
		}
	}
}

func TestWhereNothingIsRestored(t *testing.T) {
	_, m, whole := backedUp(t)
	topology := admin.Topology{Cluster: "test", Members: []admin.Node{{ID: "a1", Role: admin.RoleData}, {ID: "w", Role: admin.RoleWitness}}}
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "raft"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere := topology
	elsewhere.Cluster = "other"
	for name, c := range map[string]struct {
		r    Restore
		want error
	}{
		"a directory in use": {Restore{Topology: topology, Self: "a1", DataDir: taken}, ErrNotEmpty},
		"a file":             {Restore{Topology: topology, Self: "a1", DataDir: filepath.Join(taken, "raft")}, nil},
		"a witness":          {Restore{Topology: topology, Self: "w", DataDir: t.TempDir()}, ErrConfig},
		"nobody":             {Restore{Topology: topology, Self: "x", DataDir: t.TempDir()}, ErrConfig},
		"another cluster":    {Restore{Topology: elsewhere, Self: "a1", DataDir: t.TempDir()}, ErrBackupCluster},
		"the generation":     {Restore{Topology: topology, Self: "a1", DataDir: t.TempDir(), Generation: m.Generation}, ErrGeneration},
	} {
		c.r.Progress = untold
		if _, err := RestoreBackup(t.Context(), c.r, bytes.NewReader(whole)); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// What is in the way at the last moment leaves nothing behind, and can be tried again.
	dir := t.TempDir()
	inTheWay := filepath.Join(dir, "raft", "something")
	late := Restore{Topology: topology, Self: "a1", DataDir: dir, Progress: func(string, int64, int64) { _ = os.MkdirAll(inTheWay, 0o700) }}
	if _, err := RestoreBackup(t.Context(), late, bytes.NewReader(whole)); err == nil {
		t.Error("restored over something that came")
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*")); len(found) != 1 {
		t.Errorf("left: %v", found)
	}
	cutOff := t.TempDir()
	if err := os.Mkdir(filepath.Join(cutOff, restoring), 0o700); err != nil {
		t.Fatal(err)
	}
	again := Restore{Topology: topology, Self: "a1", DataDir: cutOff, Progress: untold}
	for _, also := range []string{"", "fsm"} { // half of it was moved
		if err := os.MkdirAll(filepath.Join(cutOff, also), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := RestoreBackup(t.Context(), again, bytes.NewReader(whole)); !errors.Is(err, ErrNotEmpty) || !strings.Contains(err.Error(), "cut off") || !strings.Contains(err.Error(), filepath.Join(cutOff, restoring)) {
			t.Errorf("where one was cut off (%s): %v", also, err)
		}
	}
	high := Restore{Topology: topology, Self: "a1", DataDir: t.TempDir(), Generation: 9, Progress: untold}
	if done, err := RestoreBackup(t.Context(), high, bytes.NewReader(whole)); err != nil || done.Generation != 9 {
		t.Errorf("generation 9: %+v, %v", done, err)
	}
}

func TestOneBackupAtATime(t *testing.T) {
	o := startOperated(t)
	o.put()
	_, state, err := o.backups.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.backups.Take(t.Context()); !errors.Is(err, adminendpoint.ErrBackupBusy) {
		t.Errorf("a second: %v", err)
	}
	status, text := o.ask(admin.PathBackup, nil)
	var problem admin.Problem
	if err := json.Unmarshal([]byte(text), &problem); err != nil || status != 409 || !strings.Contains(problem.Detail, "already") {
		t.Errorf("a second, as an operator sees it: %d %s", status, text)
	}
	if err := state.Close(); err != nil {
		t.Error(err)
	}
	o.backups.room = func(string) (uint64, uint64, error) { return backupReserve, backupReserve, nil }
	if _, _, err := o.backups.Take(t.Context()); !errors.Is(err, adminendpoint.ErrBackupNoRoom) {
		t.Errorf("without room: %v", err)
	}
	o.backups.room = health.Room
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := o.backups.Take(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("for somebody who is gone: %v", err)
	}
	_, state, err = o.backups.Take(t.Context())
	if err != nil {
		t.Fatalf("the next: %v", err)
	}
	// A node that ends waits for who reads, and lets them read no more.
	ended := make(chan struct{})
	go func() { o.backups.close(); close(ended) }()
	<-o.backups.ctx.Done()
	if _, err := io.ReadAll(state); !errors.Is(err, context.Canceled) {
		t.Errorf("read on from a node that ends: %v", err)
	}
	select {
	case <-ended:
		t.Error("the node did not wait")
	default:
	}
	_ = state.Close()
	<-ended
	if left, _ := filepath.Glob(filepath.Join(o.cfg.DataDir, "backup*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// What a witness gives is the same: it is ciphertext anyway.
func TestEveryMemberGivesTheSameBackup(t *testing.T) {
	c := startThree(t)
	receipt := c.put(c.nodes["a1"])
	c.agree(receipt.Index, c.nodes["a1"], c.nodes["b1"], c.nodes["w"])
	for id, n := range c.nodes {
		m, state, err := n.backups.Take(t.Context())
		if err != nil || m.Node != id || m.Index < receipt.Index {
			t.Fatalf("%s: %+v, %v", id, m, err)
		}
		line, err := m.Line()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := VerifyBackup(t.Context(), t.TempDir(), io.MultiReader(bytes.NewReader(line), state), untold); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		_ = state.Close()
	}
}

var _ cluster.Machine = (*checked)(nil)

// A state whose own sum is right and whose tree is not that of its log is found.
func TestAStateWithAnotherTree(t *testing.T) {
	_, m, whole := backedUp(t)
	fsm, err := raftfsm.Open(t.TempDir(), raftfsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer fsm.Close()
	if err := fsm.Restore(io.NopCloser(bytes.NewReader(stateOf(whole)))); err != nil {
		t.Fatal(err)
	}
	m.LogRoot = strings.Repeat("1", 64)
	if err := (&checked{FSM: fsm, ctx: t.Context(), manifest: m, progress: untold}).compare(); !errors.Is(err, ErrBackupDiffers) {
		t.Errorf("%v", err)
	}
}
