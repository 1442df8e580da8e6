package proof

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"tvilling/node/internal/logtest"
	"tvilling/protocol/admin"
)

// in makes a member's cosigner in a generation, and a statement of it about a log.
func (w *world) in(g admin.Generation, path string, log *logtest.Log) (*Cosigner, []byte) {
	w.t.Helper()
	c, err := NewCosigner(Log{Cluster: "test", Generation: g}, "b1", w.keys["b1"], path, log.FSM)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := admin.ParseCheckpoint(string(w.statement(log)[8:]))
	if err != nil {
		w.t.Fatal(err)
	}
	s.Generation = g
	return c, question(0, s.Text())
}

// An honest recovery may lead to a shorter log: what was signed in another generation
// binds nobody, and what is signed in one counts in no other.
func TestAnotherGenerationBegins(t *testing.T) {
	w := newWorld(t)
	w.record(w.log, "one", "two", "three")
	short := logtest.Open(t)
	w.record(short, "one")
	path := filepath.Join(t.TempDir(), "signed")
	first, statement := w.in(admin.Generation{}, path, w.log)
	if _, err := first.Cosign(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	second := admin.Generation{Number: 2, ID: [16]byte{7}}
	recovered, about := w.in(second, path, short)
	if recovered.Remembers() {
		t.Error("it is bound by another generation")
	}
	if _, err := recovered.Cosign(t.Context(), w.statement(short)); !errors.Is(err, ErrStatement) {
		t.Errorf("a statement of the first generation: %v", err)
	}
	if _, err := recovered.Cosign(t.Context(), about); err != nil {
		t.Errorf("its own log: %v", err)
	}
	if again, _ := w.in(second, path, short); !again.Remembers() || again.memory.last.Before == nil || again.memory.last.Before.Size != 3 {
		t.Errorf("after a start it remembers %+v", again.memory.last)
	}
	cut := logtest.Open(t)
	w.record(cut, "another")
	forked, other := w.in(second, path, cut)
	if _, err := forked.Cosign(t.Context(), other); !errors.Is(err, ErrForked) {
		t.Errorf("another log of the same generation: %v", err)
	}
	if _, err := NewCosigner(Log{Cluster: "test"}, "b1", w.keys["b1"], path, w.log.FSM); !errors.Is(err, ErrMemory) {
		t.Errorf("data of an earlier generation: %v", err)
	}
}

func TestACheckpointSaysItsGeneration(t *testing.T) {
	c := admin.Checkpoint{Cluster: "test", Size: 3, At: time.Unix(1_790_000_000, 0).UTC()}
	old := c.Text()
	c.Generation.Number = 1
	if c.Text() != old {
		t.Errorf("the first generation: %q", c.Text())
	}
	c.Generation = admin.Generation{Number: 3, ID: [16]byte{1, 2}}
	text := c.Text()
	if got, err := admin.ParseCheckpoint(text); err != nil || got != c {
		t.Errorf("%q is read as %+v, %v", text, got, err)
	}
	for _, wrong := range []string{old + "generation 1 " + text[len(text)-33:], old + "generation 3\n", old + "generation x " + text[len(text)-33:], old + "more\n", text + "more\n"} {
		if got, err := admin.ParseCheckpoint(wrong); !errors.Is(err, admin.ErrCheckpoint) {
			t.Errorf("%q is read as %+v, %v", wrong, got, err)
		}
	}
}
