package feedback

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tvilling/protocol"
)

func open(t *testing.T, dir string) *Book {
	t.Helper()
	b, err := Open(dir, "v1")
	if err != nil {
		t.Fatal(err)
	}
	b.now = func() time.Time { return time.Date(2026, 11, 22, 14, 37, 12, 0, time.UTC) }
	return b
}

func add(t *testing.T, b *Book, text string) string {
	t.Helper()
	id, err := b.Add(protocol.Feedback{Page: "overview", Grade: 4, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func texts(t *testing.T, b *Book, after uint64, limit int) (all []string, more bool) {
	t.Helper()
	entries, more, err := b.After(after, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, fmt.Sprintf("%d %s", e.Number, e.Text))
	}
	return all, more
}

// What is kept is on the disk, readable by the node alone, and says no more than it may.
func TestKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "feedback")
	b := open(t, dir)
	id := add(t, b, "Listan hoppar")
	raw, err := os.ReadFile(filepath.Join(dir, newest))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"number":1,"id":"` + id + `","hour":"2026-11-22T14:00:00Z","version":"v1","page":"overview","grade":4,"text":"Listan hoppar"}` + "\n"
	if string(raw) != want {
		t.Errorf("kept as %s, want %s", raw, want)
	}
	info, err := os.Stat(filepath.Join(dir, newest))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if len(id) != 16 || id == add(t, b, "Bra") {
		t.Errorf("id %q", id)
	}
	again := open(t, dir)
	add(t, again, "Igen")
	if got, _ := texts(t, again, 1, 10); fmt.Sprint(got) != "[2 Bra 3 Igen]" {
		t.Errorf("after one: %q", got)
	}
	if got, more := texts(t, again, 0, 2); !more || len(got) != 2 {
		t.Errorf("of two: %q, more: %v", got, more)
	}
	if got, more := texts(t, again, 3, 2); more || got != nil {
		t.Errorf("after the last: %q, more: %v", got, more)
	}
}

func TestImproper(t *testing.T) {
	b := open(t, t.TempDir())
	for _, f := range []protocol.Feedback{{}, {Text: "191212-1212"}, {Text: strings.Repeat("a", 301)}, {Text: "Bra", Page: "Anna A"}} {
		if _, err := b.Add(f); !errors.Is(err, ErrImproper) {
			t.Errorf("%v", err)
		}
	}
	if got, _ := texts(t, b, 0, 10); got != nil {
		t.Errorf("kept: %q", got)
	}
}

// A power cut leaves a half line: it goes, and what came before it stays.
func TestHalfLine(t *testing.T) {
	for what, tail := range map[string]string{"half": `{"number":3,"te`, "no line": strings.Repeat("x", 3*maxLine), "garbage": "\x00\xff\n{}\n"} {
		dir := t.TempDir()
		b := open(t, dir)
		add(t, b, "ett")
		add(t, b, "två")
		f, err := os.OpenFile(filepath.Join(dir, newest), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(tail); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		b = open(t, dir)
		add(t, b, "tre")
		if got, _ := texts(t, b, 0, 10); fmt.Sprint(got) != "[1 ett 2 två 3 tre]" {
			t.Errorf("%s: %q", what, got)
		}
	}
}

// A disk that fails is an error, and once it does not any more what was half written is
// gone.
func TestAfterAFault(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	add(t, b, "ett")
	b.dir = filepath.Join(dir, "gone")
	if _, err := b.Add(protocol.Feedback{Text: "två"}); err == nil || strings.Contains(err.Error(), "två") {
		t.Fatalf("written where nothing can be: %v", err)
	}
	b.dir = dir
	f, err := os.OpenFile(filepath.Join(dir, newest), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"number":2,"text":"tv`); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	add(t, b, "tre")
	if got, _ := texts(t, b, 0, 10); fmt.Sprint(got) != "[1 ett 2 tre]" {
		t.Errorf("%q", got)
	}
	if err := os.Remove(filepath.Join(dir, newest)); err != nil {
		t.Fatal(err)
	}
	add(t, b, "fyra")
	if got, _ := texts(t, b, 0, 10); fmt.Sprint(got) != "[3 fyra]" {
		t.Errorf("after the file was taken away: %q", got)
	}
}

// There are never more than so many, and it is the oldest that go.
func TestBounded(t *testing.T) {
	for what, bound := range map[string]func(*Book){
		"of entries": func(b *Book) { b.entries = 2 },
		"of bytes":   func(b *Book) { b.bytes = 320 },
	} {
		dir := t.TempDir()
		for i, want := range []string{"[1 a]", "[1 a 2 b]", "[1 a 2 b 3 c]", "[1 a 2 b 3 c 4 d]", "[3 c 4 d 5 e]", "[3 c 4 d 5 e 6 f]", "[5 e 6 f 7 g]"} {
			b := open(t, dir)
			bound(b)
			add(t, b, string(rune('a'+i)))
			if got, _ := texts(t, b, 0, 10); fmt.Sprint(got) != want {
				t.Errorf("%s: %q, want %s", what, got, want)
			}
			if got, more := texts(t, b, 0, 1); len(got) != 1 || more != (i > 0) {
				t.Errorf("%s: the first: %q, more: %v", what, got, more)
			}
		}
	}
}

// Only so many an hour: a flood pushes nobody's words out.
func TestPerHour(t *testing.T) {
	b := open(t, t.TempDir())
	b.hour, b.taken = b.now().Truncate(time.Hour), perHour-1
	add(t, b, "den sista")
	if _, err := b.Add(protocol.Feedback{Grade: 1}); !errors.Is(err, ErrMany) {
		t.Errorf("one more: %v", err)
	}
	later := b.now().Add(time.Hour)
	b.now = func() time.Time { return later }
	add(t, b, "nästa timme")
}

func TestBesideEachOther(t *testing.T) {
	b := open(t, t.TempDir())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := b.Add(protocol.Feedback{Grade: 3}); err != nil {
				t.Error(err)
			}
			if _, _, err := b.After(0, 5); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	entries, _, err := b.After(0, 100)
	if err != nil || len(entries) != 20 {
		t.Fatalf("%d, %v", len(entries), err)
	}
	for i, e := range entries {
		if e.Number != uint64(i+1) {
			t.Errorf("entry %d has number %d", i, e.Number)
		}
	}
}
