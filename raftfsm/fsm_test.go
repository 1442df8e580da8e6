package raftfsm

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
)

func TestWaitApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fresh(t)
		ctx, cancel := context.WithCancel(t.Context())
		reached, gaveUp := make(chan error, 1), make(chan error, 1)
		go func() { reached <- f.WaitApplied(t.Context(), 2) }()
		go func() { gaveUp <- f.WaitApplied(ctx, 3) }()
		register(t, f)
		synctest.Wait()
		select {
		case <-reached:
			t.Fatal("index 2 was reached at 1")
		default:
		}
		register(t, f)
		if err := <-reached; err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := f.WaitApplied(ctx, 1); err != nil {
			t.Errorf("an index that was passed: %v", err)
		}
	})
}

func TestClosed(t *testing.T) {
	f := open(t, t.TempDir())
	reader := f.Feed().Follow(key(1))
	waited := make(chan error, 1)
	go func() { waited <- f.WaitApplied(context.Background(), 9) }()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; !errors.Is(err, ErrClosed) {
		t.Errorf("WaitApplied = %v", err)
	}
	if _, err := f.View(); err == nil {
		t.Error("a View of what is closed")
	}
	for _, r := range []*Reader{reader, f.Feed().Follow(key(1))} {
		if _, err := r.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Next = %v", err)
		}
	}
	if _, ok := f.Apply(entry(t, 1, command.Command{Kind: command.KindCanary, Body: command.Canary{Node: "a"}})).(error); !ok || f.Err() == nil {
		t.Error("applied after Close")
	}
}

// Whoever has seen an index finds its change in the Feed: the index moves after the
// Feed was told. Here the Feed is kept from being told.
func TestPublishedBeforeSeen(t *testing.T) {
	f := fresh(t)
	register(t, f)
	next := entry(t, 2, command.Command{Kind: command.KindPutSnapshot, Body: put(1, true, document(1, 1))})
	f.feed.mu.Lock()
	applied := make(chan any, 1)
	go func() { applied <- f.Apply(next) }()
	for committed := false; !committed; runtime.Gosched() {
		v, err := f.View()
		if err != nil {
			t.Fatal(err)
		}
		committed = v.Index() == 2
		v.Close()
	}
	for range 1000 {
		runtime.Gosched()
		if at := f.AppliedIndex(); at != 1 {
			t.Errorf("index %d is to be seen before its change", at)
			break
		}
	}
	f.feed.mu.Unlock()
	<-applied
	if f.AppliedIndex() != 2 {
		t.Error("the index did not move")
	}
}

func TestFeed(t *testing.T) {
	f := fresh(t)
	register(t, f)
	both, second, all := f.Feed().Follow(key(1), key(2), key(1)), f.Feed().Follow(key(2)), f.Feed().Follow()
	change := func(subject, digest byte) {
		t.Helper()
		one(t, f, command.KindPutSnapshot, put(subject, true, document(subject, digest)))
	}
	change(1, 1)
	change(2, 1)
	change(3, 1)
	indexes := func(r *Reader) (all []uint64) {
		for _, c := range drain(t, r) {
			all = append(all, c.Index)
		}
		return all
	}
	for name, tt := range map[string]struct {
		r    *Reader
		want []uint64
	}{"two subjects": {both, []uint64{2, 3}}, "one": {second, []uint64{3}}, "all": {all, []uint64{2, 3, 4}}} {
		if diff := cmp.Diff(tt.want, indexes(tt.r)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	both.Close()
	change(1, 2)
	if _, err := both.Next(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed reader: %v", err)
	}
	second.Close()
	all.Close()
	if n := len(f.feed.subjects) + len(f.feed.all); n != 0 {
		t.Errorf("%d readers are left", n)
	}
}

// Next waits, and is woken by a change, by its context and by Close.
func TestFeedWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := newFeed()
		r := feed.Follow(key(1))
		type got struct {
			c   Change
			err error
		}
		results := make(chan got)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for range 3 {
				c, err := r.Next(ctx)
				results <- got{c, err}
			}
		}()
		synctest.Wait()
		feed.publish([]Change{{Index: 1, Subject: key(2)}, {Index: 2, Subject: key(1)}})
		if g := <-results; g.err != nil || g.c.Index != 2 {
			t.Errorf("%+v", g)
		}
		synctest.Wait()
		cancel()
		if g := <-results; !errors.Is(g.err, context.Canceled) {
			t.Errorf("%+v", g)
		}
		r.Close()
		if g := <-results; !errors.Is(g.err, ErrClosed) && !errors.Is(g.err, context.Canceled) {
			t.Errorf("%+v", g)
		}
		if _, err := r.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// A reader that is overrun is told once, and goes on from there; the others lose
// nothing, and nobody waits.
func TestFeedLags(t *testing.T) {
	feed := newFeed()
	slow, quick := feed.Follow(key(1)), feed.Follow(key(1))
	for i := range uint64(MaxFeedChanges + 5) {
		feed.publish([]Change{{Index: i + 1, Subject: key(1)}})
		if c, err := quick.Next(t.Context()); err != nil || c.Index != i+1 {
			t.Fatalf("quick reader: %+v, %v", c, err)
		}
	}
	if _, err := slow.Next(t.Context()); !errors.Is(err, ErrLagged) {
		t.Fatalf("slow reader: %v", err)
	}
	for i := range uint64(MaxFeedChanges) {
		feed.publish([]Change{{Index: 1000 + i, Subject: key(1)}})
	}
	got := drain(t, slow)
	if len(got) != MaxFeedChanges || got[0].Index != 1000 {
		t.Errorf("after it was told: %d changes", len(got))
	}
}

func TestRestoreTellsReaders(t *testing.T) {
	f := fresh(t)
	register(t, f)
	one(t, f, command.KindPutSnapshot, put(1, true, document(1, 1)))
	snapshot, hash := takeSnapshot(t, f), hashOf(f)
	c := command.Command{Kind: command.KindPutSnapshot, Intent: key(1), Body: put(1, true, document(2, 1))}
	do(t, f, c)
	v := view(t, f)
	reader := f.Feed().Follow(key(1))
	defer reader.Close()
	one(t, f, command.KindPutSnapshot, put(1, true, document(3, 1)))
	if err := restore(f, snapshot); err != nil {
		t.Fatal(err)
	}
	if hashOf(f) != hash {
		t.Error("the hash is not that of the snapshot")
	}
	if _, err := reader.Next(t.Context()); !errors.Is(err, ErrLagged) {
		t.Errorf("Next = %v", err)
	}
	if got := list(v, 1, nil); len(got) != 1 || got[0].Key != 2 {
		t.Errorf("a View changed under its holder: %v", got)
	}
	if got := do(t, f, c)[0]; got.Repeated {
		t.Error("an intent of a future that was taken back is remembered")
	}
	if got := drain(t, reader); len(got) != 1 || got[0].Upserted[0] != key(2) {
		t.Errorf("after the restore: %+v", got)
	}
	if err := restore(f, snapshot[:len(snapshot)-1]); err == nil {
		t.Error("half a snapshot was restored")
	}
	if got := list(view(t, f), 1, nil); len(got) != 1 || got[0].Key != 2 {
		t.Errorf("half a snapshot left %v", got)
	}
}

// A snapshot is of the moment that it was asked for, whatever is applied meanwhile.
func TestSnapshotIsOfItsMoment(t *testing.T) {
	f := fresh(t)
	register(t, f)
	s, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	want := hashOf(f)
	one(t, f, command.KindPutSnapshot, put(1, true, document(1, 1)))
	var to sink
	if err := s.Persist(&to); err != nil {
		t.Fatal(err)
	}
	other := fresh(t)
	if err := restore(other, to.Bytes()); err != nil {
		t.Fatal(err)
	}
	if got := hashOf(other); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	failing := &brokenSink{}
	again, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer again.Release()
	if err := again.Persist(failing); !errors.Is(err, errBroken) || !failing.cancelled || failing.closed {
		t.Errorf("a sink that fails: %v, %+v", err, failing)
	}
}

var errBroken = errors.New("broken")

type brokenSink struct{ sink }

func (*brokenSink) Write([]byte) (int, error) { return 0, errBroken }

func TestSnapshotOfAHigherLevel(t *testing.T) {
	f := fresh(t)
	register(t, f)
	snapshot := takeSnapshot(t, f)
	snapshot[11] = byte(command.Level + 1)
	if err := restore(f, snapshot); !errors.Is(err, command.ErrUnknownLevel) {
		t.Errorf("Restore = %v", err)
	}
	if !errors.Is(f.Err(), command.ErrUnknownLevel) || f.AppliedIndex() != 1 {
		t.Errorf("at %d with %v: it stops, where it was", f.AppliedIndex(), f.Err())
	}
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
}

func TestUsable(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	if f.Usable() {
		t.Error("an empty state is to be continued")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = open(t, dir)
	if f.Usable() {
		t.Error("a state that nothing was applied to is to be continued")
	}
	register(t, f)
	want := hashOf(f)
	crashed := copyDir(t, dir)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"closed": dir, "crashed": crashed} {
		f := open(t, dir)
		if !f.Usable() || hashOf(f) != want {
			t.Errorf("%s: usable %v at %s", name, f.Usable(), hashOf(f))
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Open(copyDir(t, crashed), Options{BootID: "boot two"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !f.Usable() { // closed above: a clean file may be used on any boot
		t.Error("a clean file is not usable on another boot")
	}
}

func TestConfigurationMovesTheIndex(t *testing.T) {
	f := fresh(t)
	register(t, f)
	_, before := f.StateHash()
	f.ApplyBatch([]*raft.Log{{Type: raft.LogConfiguration, Index: 2, Term: 1, Data: []byte("whatever")}})
	if index, after := f.StateHash(); index != 2 || after == before {
		t.Errorf("at %d", index)
	}
}

// Apply is a function of entry and state. Nothing in the packages that it runs through
// may know a clock, randomness or the environment, start a goroutine, or hold code
// that somebody else hung on it.
func TestPure(t *testing.T) {
	refused := map[string]string{
		"math/rand": "", "math/rand/v2": "", "crypto/rand": "", "net": "", "net/http": "", "os/exec": "",
	}
	var files int
	for _, dir := range []string{".", "command", "internal/store"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			files++
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				if _, no := refused[strings.Trim(spec.Path.Value, `"`)]; no {
					t.Errorf("%s imports %s", name, spec.Path.Value)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool { impure(t, set, n); return true })
		}
	}
	if files < 15 {
		t.Errorf("%d files: the test looks in the wrong place", files)
	}
}

func impure(t *testing.T, set *token.FileSet, n ast.Node) {
	switch n := n.(type) {
	case *ast.GoStmt:
		t.Errorf("%s: a goroutine", set.Position(n.Pos()))
	case *ast.StructType:
		for _, field := range n.Fields.List {
			if _, ok := field.Type.(*ast.FuncType); ok {
				t.Errorf("%s: a field that is a function", set.Position(field.Pos()))
			}
		}
	case *ast.SelectorExpr:
		pkg, ok := n.X.(*ast.Ident)
		if !ok {
			return
		}
		call := pkg.Name + "." + n.Sel.Name
		switch call {
		case "time.Now", "time.Since", "time.Until", "time.After", "time.NewTimer", "time.Tick", "time.Sleep",
			"os.Getenv", "os.LookupEnv", "os.Hostname", "rand.Read":
			t.Errorf("%s: %s", set.Position(n.Pos()), call)
		}
	}
}

// What Apply runs through reaches the machine's own matters in two places alone: where
// the state machine is opened, and where a snapshot is written, for raft or for a backup.
func TestHostIsReachedFromOutsideApply(t *testing.T) {
	allowed := map[string]bool{"fsm.go": true, "snapshot.go": true, "backup.go": true, "internal/store/store.go": true}
	for _, dir := range []string{".", "command", "internal/store"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte(`"tvilling/raftfsm/internal/host"`)) && !allowed[name] && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s knows the machine it runs on", name)
			}
		}
	}
}
