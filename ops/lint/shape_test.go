package lint

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"
)

// Budgets. A thing that does not fit is split; one that cannot be is an exception
// with a reason, at its present size: it may shrink, never grow.
const (
	maxFunctionLines = 70
	maxTestLines     = 110 // a table of cases is read from the top, not followed
	maxFileLines     = 800
	maxFields        = 15
)

type exception struct {
	size   int
	reason string
}

var longFunctions = map[string]exception{}

var wideStructs = map[string]exception{
	"protocol.Header":                         {16, "the wire's list of what stands in a list, all of it compared or shown"},
	"ops/internal/demo/patients.prescription": {18, "test data, written as literals of named fields"},
}

var longFiles = map[string]exception{}

// over reports whether a size breaks its budget, and whether an exception is no
// longer needed or has been outgrown.
func over(t *testing.T, what string, size, budget int, exceptions map[string]exception, used map[string]bool) {
	t.Helper()
	e, excepted := exceptions[what]
	switch {
	case excepted && size > budget:
		used[what] = true
		if size > e.size {
			t.Errorf("%s has grown to %d from the %d of its exception (%s)", what, size, e.size, e.reason)
		}
	case size > budget:
		t.Errorf("%s is %d, and %d is the most: split it", what, size, budget)
	}
}

func unused(t *testing.T, exceptions map[string]exception, used map[string]bool) {
	t.Helper()
	for what := range exceptions {
		if !used[what] {
			t.Errorf("%s needs no exception any more: take it away", what)
		}
	}
}

func TestFunctionsFitAScreen(t *testing.T) {
	used := map[string]bool{}
	for _, f := range files(t) {
		budget := maxFunctionLines
		if f.test() {
			budget = maxTestLines
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				over(t, f.dir()+"."+fn.Name.Name, f.lines(fn), budget, longFunctions, used)
			}
		}
	}
	unused(t, longFunctions, used)
}

func TestStructsFitAHand(t *testing.T) {
	used := map[string]bool{}
	for _, f := range files(t) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				over(t, f.dir()+"."+spec.Name.Name, fieldsOf(s), maxFields, wideStructs, used)
			}
			return true
		})
	}
	unused(t, wideStructs, used)
}

func fieldsOf(s *ast.StructType) int {
	n := 0
	for _, field := range s.Fields.List {
		n += max(1, len(field.Names))
	}
	return n
}

func TestFilesAreNotTooLong(t *testing.T) {
	used := map[string]bool{}
	for _, f := range files(t) {
		over(t, f.path, f.set.Position(f.ast.FileEnd).Line, maxFileLines, longFiles, used)
	}
	unused(t, longFiles, used)
}

// Every package says, once, what it is for.
func TestEveryPackageHasOneComment(t *testing.T) {
	comments, packages := map[string]int{}, map[string]string{}
	for _, f := range files(t) {
		if f.test() {
			continue
		}
		packages[f.dir()] = f.ast.Name.Name
		if f.ast.Doc == nil {
			continue
		}
		comments[f.dir()]++
		want := "Package " + f.ast.Name.Name + " "
		if f.ast.Name.Name == "main" {
			want = "Command " + f.dir()[strings.LastIndexByte(f.dir(), '/')+1:] + " "
		}
		if text := f.ast.Doc.Text(); !strings.HasPrefix(text, want) {
			t.Errorf("%s: the package comment begins %q, not %q", f.path, firstWords(text), want)
		}
	}
	for dir := range packages {
		if comments[dir] != 1 {
			t.Errorf("%s has %d package comments, and one is needed: what it is for, what it owns, what it must never do", dir, comments[dir])
		}
	}
}

func firstWords(s string) string { return fmt.Sprintf("%.30s…", s) }

func TestMainsAreShort(t *testing.T) {
	for _, f := range files(t) {
		if strings.HasPrefix(f.path, "ops/cmd/") && strings.HasSuffix(f.path, "/main.go") {
			if n := f.set.Position(f.ast.FileEnd).Line; n > 60 {
				t.Errorf("%s is %d lines: main parses, builds, runs and exits in 60", f.path, n)
			}
		}
	}
}
