package fault

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseCommands(t *testing.T) {
	for _, c := range []struct {
		name, text, fault string
	}{
		{"every one", `kill = ["ssh", "{{.Node}}", "kill"]` + "\n" + `cut = ["cut", "{{.From}}", "{{.To}}"]`, ""},
		{"nothing", "", ""},
		{"a word too much", `burn = ["x"]`, "strict mode"},
		{"no such field", `kill = ["{{.Host}}"]`, "Host"},
		{"no template", `kill = ["{{"]`, "unclosed"},
		{"empty", `stop = []`, "no command"},
		{"not TOML", `=`, "toml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseCommands([]byte(c.text))
			if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("error %v, want one about %q", err, c.fault)
			}
		})
	}
}

func TestFillKeepsArgumentsApart(t *testing.T) {
	got, err := fill([]string{"ssh", "{{.Node}}.{{.Site}}", "a {{.From}}-{{.To}}; b"}, Target{"n", "s", "f", "t"})
	if diff := cmp.Diff([]string{"ssh", "n.s", "a f-t; b"}, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestRunSaysWhatACommandSaid(t *testing.T) {
	if err := Run(t.Context(), []string{"sh", "-c", "echo {{.Node}} is not here >&2; exit 3"}, Target{Node: "b2"}); err == nil || !strings.Contains(err.Error(), "b2 is not here") {
		t.Errorf("error %v", err)
	}
	if err := Run(t.Context(), nil, Target{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no command: %v", err)
	}
}

func TestReadCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "faults.toml")
	if _, err := ReadCommands(path); !errors.Is(err, ErrCommands) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("#", maxCommandsBytes+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCommands(path); !errors.Is(err, ErrCommands) {
		t.Errorf("too large: %v", err)
	}
}

func FuzzParseCommands(f *testing.F) {
	f.Add([]byte(`kill = ["ssh", "{{.Node}}"]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) <= maxCommandsBytes {
			_, _ = ParseCommands(raw)
		}
	})
}
