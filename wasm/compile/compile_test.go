package compile

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestLinesAreLeftOutAndNothingElse(t *testing.T) {
	source := "// Doc.\n\n//go:build js\n\npackage p\n\nconst text = `one\n\ttwo\n`\n\n/* three\nfour */\nfunc f() {\n\tg()\n}\n"
	want := "// Doc.\n\n//go:build js\n\npackage p\nL\nLconst text = `one\n\ttwo\n`\nL\nL/* three\nfour */\nLfunc f() {\nL\tg()\nL}\n"
	if got := strings.ReplaceAll(string(withoutLines([]byte(source))), "//line x.go:1\n", "L"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestTheRuntimeIsStillGo flattens the sources that are the hardest to.
func TestTheRuntimeIsStillGo(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src", "runtime", "*.go"))
	if err != nil || len(names) < 100 {
		t.Fatalf("%d sources, %v", len(names), err)
	}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, withoutLines(source), parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		if at := files.Position(file.End()); at.Line > 20 {
			t.Errorf("%s ends at line %d", filepath.Base(name), at.Line)
		}
	}
}
