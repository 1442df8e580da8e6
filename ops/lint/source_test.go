package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// module is the import path of everything here.
const module = "tvilling"

// root is the module's directory, from this package's.
const root = "../.."

// file is one parsed Go file of the project.
type file struct {
	path string // from the root, with slashes
	set  *token.FileSet
	ast  *ast.File
}

func (f file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f file) dir() string { return filepath.ToSlash(filepath.Dir(f.path)) }

func (f file) lines(n ast.Node) int {
	return f.set.Position(n.End()).Line - f.set.Position(n.Pos()).Line + 1
}

// skipped are directories that hold no code of the project.
var skipped = map[string]bool{"bin": true, "dist": true, "testdata": true, "tools": true, "node_modules": true}

// walk calls visit for every file of the project, path from the root.
func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			built := filepath.ToSlash(path) == root+"/wasm/site/files"
			if path != root && (built || skipped[name] || strings.HasPrefix(name, ".") && name != ".ci") {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// files parses every Go file of the project.
func files(t *testing.T) []file {
	t.Helper()
	var all []file
	walk(t, func(path string) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, filepath.Join(root, path), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file{path, set, parsed})
	})
	if len(all) < 20 {
		t.Fatalf("found %d Go files: looking in the wrong place", len(all))
	}
	return all
}
