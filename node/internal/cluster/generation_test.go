package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAGenerationIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "raft")
	g, err := ReadGeneration(dir)
	if err != nil || !g.Same(First()) {
		t.Fatalf("without a file: %v, %v", g, err)
	}
	now := time.Date(2027, 3, 1, 14, 0, 0, 0, time.UTC)
	next, rival := g.Next(now), g.Next(now)
	if next.Number != 2 || next.Same(rival) || next.epoch("test") == rival.epoch("test") || next.epoch("test") == g.epoch("test") {
		t.Errorf("generations %v and %v after %v", next, rival, g)
	}
	if err := WriteGeneration(dir, next); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadGeneration(dir); err != nil || !got.Same(next) || !got.Since.Equal(now) {
		t.Errorf("read back %v, %v", got, err)
	}
	if err := WriteGeneration(dir, Generation{}); !errors.Is(err, ErrGeneration) {
		t.Errorf("generation 0: %v", err)
	}
	for name, text := range map[string]string{
		"empty": "", "no id": `{"number":2,"id":"","since":"2027-03-01T14:00:00Z"}`, "zero id": `{"number":2,"id":"00000000000000000000000000000000","since":"2027-03-01T14:00:00Z"}`,
		"no time": `{"number":2,"id":"01000000000000000000000000000000","since":""}`, "more": `{"number":2,"wipe":true}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, fileGeneration), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if g, err := ReadGeneration(dir); !errors.Is(err, ErrGeneration) {
			t.Errorf("%s: %v, %v", name, g, err)
		}
	}
}
