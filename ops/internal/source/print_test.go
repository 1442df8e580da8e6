package source_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/ops/internal/source"
	"tvilling/protocol/admin"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldens = "../../../testdata/rivta/golden"

func inspections(t *testing.T) map[string]admin.Inspection {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(goldens, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no inspections", err)
	}
	all := map[string]admin.Inspection{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var in admin.Inspection
		if err := json.Unmarshal(b, &in); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(file, ".json")] = in
	}
	return all
}

// TestText holds the text of every inspection to its golden file.
func TestText(t *testing.T) {
	for name, in := range inspections(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			var got bytes.Buffer
			if err := source.Print(&got, in, source.Text); err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(name+".txt", got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestJSON prints JSON that reads back as what was printed.
func TestJSON(t *testing.T) {
	for name, in := range inspections(t) {
		var b bytes.Buffer
		if err := source.Print(&b, in, source.JSON); err != nil {
			t.Fatal(err)
		}
		var got admin.Inspection
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(in, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

// TestTerminal keeps what a message says from steering the terminal.
func TestTerminal(t *testing.T) {
	in := admin.Inspection{Documents: []admin.InspectedDocument{{
		Header: admin.InspectedHeader{InspectedLine: admin.InspectedLine{Title: "a\u009b31mb\u202ec"}},
		Body:   []admin.InspectedSection{{Label: "x\x1b[2J", Nodes: []admin.InspectedNode{{Kind: "text", Label: "y", Text: "1\r\n2\t3\x07"}}}},
	}}}
	var b bytes.Buffer
	if err := source.Print(&b, in, source.Text); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\r\t\u009b\u202e") {
		t.Errorf("control characters in %q", b.String())
	}
}

// TestFormat refuses a format that is none.
func TestFormat(t *testing.T) {
	if err := source.Print(&bytes.Buffer{}, admin.Inspection{}, "yaml"); !errors.Is(err, source.ErrFormat) {
		t.Errorf("error is %v, want %v", err, source.ErrFormat)
	}
}

// TestWriter gives back what the writer fails with.
func TestWriter(t *testing.T) {
	for _, format := range []string{source.Text, source.JSON} {
		if err := source.Print(failing{}, admin.Inspection{}, format); !errors.Is(err, errFull) {
			t.Errorf("%s: error is %v, want %v", format, err, errFull)
		}
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
