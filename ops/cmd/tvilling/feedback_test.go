package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

func some() adminclient.Feedback {
	return adminclient.Feedback{Missing: []string{"b1"}, Entries: []admin.FeedbackEntry{
		{Node: "a1", Number: 1, Hour: "2026-11-22T12:00:00Z", Version: "v1", Page: "overview", Grade: 4, Text: "Bra\n\x1b[31m<ibland>\u202e"},
		{Node: "a1", Number: 2, Hour: "2026-11-22T14:00:00Z", Version: "v1", Grade: 1},
	}}
}

func TestFeedbackAsItIsPrinted(t *testing.T) {
	var out bytes.Buffer
	c := &cli{out: &out}
	if err := c.print(some(), func(w io.Writer) { printFeedback(w, some()) }); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"overview", "Bra [31m<ibland>", "b1 does not answer"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\x1b\u202e") {
		t.Error("what users write reaches the terminal")
	}
}

func TestSince(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 30, 0, 0, time.UTC)
	for text, want := range map[string]int{"": 2, "2026-11-22T14:59:00Z": 1, "2h": 1, "48h": 2, "1m": 0, "2026-01-01": 2} {
		from, err := sinceOf(text, now)
		if got := len(writtenSince(some(), from).Entries); got != want || err != nil {
			t.Errorf("since %q: %d entries, want %d: %v", text, got, want, err)
		}
	}
	var wrong *usageError
	for _, text := range []string{"yesterday", "-2h", "22/11"} {
		if _, err := sinceOf(text, now); !errors.As(err, &wrong) {
			t.Errorf("since %q: %v", text, err)
		}
	}
}

// An export is a file of its own, for its owner alone, and never takes the place of another.
func TestExport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	if err := exportTo(path, some().Entries); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil || bytes.Count(raw, []byte("\n")) != 2 || !bytes.Contains(raw, []byte(`<ibland>`)) {
		t.Errorf("%s, %v", raw, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := exportTo(path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another: %v", err)
	}
}
