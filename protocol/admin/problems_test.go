package admin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"tvilling/protocol"
)

// TestProblems holds that every number has words of its own in both languages, in
// order, and that nothing else does.
func TestProblems(t *testing.T) {
	all := Problems()
	numbers := problemNumbers(t)
	if len(all) != len(numbers) {
		t.Errorf("%d lines for %d numbers", len(all), len(numbers))
	}
	titles := map[string]bool{}
	for i, info := range all {
		if i > 0 && all[i-1].Code >= info.Code {
			t.Errorf("%s stands after %s", info.Code, all[i-1].Code)
		}
		for _, lang := range []protocol.Language{protocol.Swedish, protocol.English} {
			words := info.In(lang)
			if words.Who == "" || words.Title == "" || !strings.HasSuffix(words.Action, ".") || titles[words.Title] {
				t.Errorf("%s: %+v", info.Code, words)
			}
			titles[words.Title] = true
		}
	}
	for name, n := range numbers {
		if info := n.Info(); info.Swedish.Title == "" || info.Code != "TV-"+strconv.Itoa(int(n)) {
			t.Errorf("%s has no words", name)
		}
	}
	if info := ProblemNumber(3998).Info(); info.Code != "TV-3998" || info.Swedish.Title != "" {
		t.Errorf("a number of nothing: %+v", info)
	}
	p := ProblemBusy.Problem("three")
	if p != (Problem{Code: "TV-3011", Title: "The node is busy", Detail: "three", Action: "Send it again in a few seconds."}) {
		t.Errorf("%+v", p)
	}
}

func problemNumbers(t *testing.T) map[string]ProblemNumber {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "problems.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]ProblemNumber{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, named := spec.Type.(*ast.Ident); named && kind.Name == "ProblemNumber" {
			number, err := strconv.Atoi(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found[spec.Names[0].Name] = ProblemNumber(number)
		}
		return true
	})
	return found
}
