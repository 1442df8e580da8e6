package lint

import (
	"encoding/json"
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// maxDependencies is how many modules the product and its tests may ask for. Operating a
// cluster asked for five: sealing backups, a client for the buckets that they are kept in,
// systemd's protocol, a checker of histories, and the kernel's calls that faults are made
// with; signing in for four: OpenID's client, the exchange and the signatures below it, and
// a provider to test against. Each is what is got wrong when it is made anew, as its note says.
const maxDependencies = 27

// direct reads the direct requirements of go.mod.
func direct(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, r := range mod.Require {
		if !r.Indirect {
			paths = append(paths, r.Path)
		}
	}
	slices.Sort(paths)
	return paths
}

// row is a line of the README's table of dependencies: the module, and its note.
var row = regexp.MustCompile("(?m)^\\| `([a-z0-9./_-]+)` \\|.*\\[(\\d{4})\\]\\((ops/docs/decisions/[a-z0-9-]+\\.md)\\)")

// documented reads the README's table: module to the path of its note.
func documented(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(raw), -1) {
		notes[m[1]] = m[3]
	}
	return notes
}

func TestDependenciesAreDocumented(t *testing.T) {
	notes := documented(t)
	var listed []string
	for module, note := range notes {
		listed = append(listed, module)
		text, err := os.ReadFile(filepath.Join(root, note))
		if err != nil {
			t.Errorf("%s has no note: %v", module, err)
			continue
		}
		if !strings.Contains(string(text), module) {
			t.Errorf("%s does not speak of %s", note, module)
		}
	}
	slices.Sort(listed)
	have := direct(t)
	if diff := cmp.Diff(have, listed); diff != "" {
		t.Errorf("go.mod's direct requirements and the README's table (-go.mod +README):\n%s", diff)
	}
	if len(have) > maxDependencies {
		t.Errorf("%d direct requirements, and %d is the most: which one can go?", len(have), maxDependencies)
	}
}

// A module that is imported is required directly, whatever go.mod's comment says: else
// it would be in nobody's table.
func TestWhatIsImportedIsRequiredDirectly(t *testing.T) {
	modules := direct(t)
	for _, p := range golist(t, nil, "-e", "./...") {
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			host, _, _ := strings.Cut(path, "/")
			if !strings.Contains(host, ".") { // the standard library's, or ours
				continue
			}
			if !slices.ContainsFunc(modules, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") }) {
				t.Errorf("%s imports %s, which go.mod does not require directly", p.ImportPath, path)
			}
		}
	}
}

// Notes are numbered without gaps, are short, and have the same parts.
func TestDecisionsHaveTheirForm(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root, "ops/docs/decisions/*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no decision notes: %v", err)
	}
	for i, path := range paths {
		name := filepath.Base(path)
		if want := fourDigits(i + 1); !strings.HasPrefix(name, want+"-") {
			t.Errorf("%s: want number %s", name, want)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"## Context", "## Decision", "## Instead of", "## Consequences"} {
			if !strings.Contains(string(raw), "\n"+part+"\n") {
				t.Errorf("%s has no part %q", name, part)
			}
		}
		if n := strings.Count(string(raw), "\n"); n > 45 {
			t.Errorf("%s is %d lines: half a page", name, n)
		}
	}
}

func fourDigits(n int) string {
	s := "0000" + string(rune('0'+n/10)) + string(rune('0'+n%10))
	return s[len(s)-4:]
}

// Every target of the Makefile says what it is for, and help lists it.
func TestTargetsHaveHelp(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(string(raw))
	if phony == nil {
		t.Fatal("no .PHONY line")
	}
	for _, target := range strings.Fields(phony[1]) {
		help := regexp.MustCompile(`(?m)^` + target + `:.*## \S`)
		if !help.Match(raw) {
			t.Errorf("make %s has no help line", target)
		}
	}
}

// promise is a row of the README's table of promises.
var promise = regexp.MustCompile(`(?m)^\| (P\d+) \|.*\| ([^|]*) \|$`)

// Every promise names the tests that would fail, and they are there.
func TestPromisesNameTheirTests(t *testing.T) {
	have := map[string]bool{}
	for _, f := range files(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.test() {
				have[fn.Name.Name] = true
			}
		}
	}
	raw, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := promise.FindAllStringSubmatch(string(raw), -1)
	if len(rows) != 10 {
		t.Fatalf("%d promises in the README, want 10", len(rows))
	}
	for _, row := range rows {
		names := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(row[2], -1)
		if len(names) == 0 {
			t.Errorf("%s names no test", row[1])
		}
		for _, name := range names {
			if !have[name[1]] {
				t.Errorf("%s names %s, which is not there", row[1], name[1])
			}
		}
	}
}
