package lint

import (
	"go/ast"
	"strconv"
	"strings"
	"testing"
)

// calls visits every selector of an imported package in a file: time.Sleep as
// ("time", "Sleep").
func (f file) calls(visit func(path, name string, n ast.Node)) {
	imported := map[string]string{}
	for _, spec := range f.ast.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imported[name] = path
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && imported[x.Name] != "" {
				visit(imported[x.Name], s.Sel.Name, n)
			}
		}
		return true
	})
}

// bubbled returns the directories whose tests run in synctest bubbles, where sleeping
// is virtual, costs nothing and is the way to let time pass.
func bubbled(all []file) map[string]bool {
	dirs := map[string]bool{}
	for _, f := range all {
		for _, spec := range f.ast.Imports {
			if f.test() && spec.Path.Value == `"testing/synctest"` {
				dirs[f.dir()] = true
			}
		}
	}
	return dirs
}

// A test waits for a level, never for a while.
func TestNoTestSleeps(t *testing.T) {
	all := files(t)
	virtual := bubbled(all)
	for _, f := range all {
		if !f.test() || virtual[f.dir()] {
			continue
		}
		f.calls(func(path, name string, n ast.Node) {
			if path == "time" && name == "Sleep" {
				t.Errorf("%v: a test that sleeps: wait for what it waits for", f.set.Position(n.Pos()))
			}
		})
	}
}

// impure is what Apply must not know: the state is a function of the log.
var impure = map[string][]string{
	"time":         {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"},
	"math/rand":    nil, // nil: anything of it
	"math/rand/v2": nil,
	"crypto/rand":  nil,
	"net":          nil,
	"net/http":     nil,
	"os/exec":      nil,
	"os/user":      nil,
	"maps":         {"Keys", "Values", "All"},
}

// besideApply are the packages of the state machine that Apply does not go through,
// and what they do with a clock or with chance.
var besideApply = map[string]string{
	"raftfsm/internal/host": "the machine's boot id, a file's id and the pace of a snapshot: none reaches the state",
}

func TestStateMachineKnowsNoClockOrChance(t *testing.T) {
	for _, f := range files(t) {
		if f.test() || !strings.HasPrefix(f.path, "raftfsm/") || besideApply[f.dir()] != "" {
			continue
		}
		f.calls(func(path, name string, n ast.Node) {
			names, is := impure[path]
			if !is {
				return
			}
			for _, bad := range names {
				if bad == name {
					t.Errorf("%v: %s.%s in the state machine: the proposer stamps, Apply computes", f.set.Position(n.Pos()), path, name)
				}
			}
			if names == nil {
				t.Errorf("%v: %s in the state machine: the proposer draws and asks, Apply computes", f.set.Position(n.Pos()), path)
			}
		})
	}
}
