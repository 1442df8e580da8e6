package gallery

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the accessibility trees in testdata")

// axNode is a node of the browser's accessibility tree.
type axNode struct {
	ID         string `json:"nodeId"`
	Ignored    bool
	Role, Name axValue
	Properties []struct {
		Name  string
		Value axValue
	}
	Children []string `json:"childIds"`
	Backend  int      `json:"backendDOMNodeId"`
}

type axValue struct{ Value any }

// told are the properties that a screen reader tells of.
var told = []string{"level", "setsize", "posinset", "pressed", "expanded", "selected", "disabled", "checked", "current", "modal", "live"}

// tree is what a screen reader is given of an element: roles, names and what is told of
// them. Texts are left to their parents' names, and rows beyond the first few out.
func (p *page) tree(selector string) string {
	p.t.Helper()
	p.call("Accessibility.enable", map[string]any{})
	var root struct {
		Result struct {
			ObjectID string `json:"objectId"`
		}
	}
	p.decode(p.call("Runtime.evaluate", map[string]any{"expression": `document.querySelector('` + selector + `')`}), &root)
	var described struct {
		Node struct {
			BackendNodeID int `json:"backendNodeId"`
		}
	}
	p.decode(p.call("DOM.describeNode", map[string]any{"objectId": root.Result.ObjectID}), &described)
	var all struct{ Nodes []axNode }
	p.decode(p.call("Accessibility.getFullAXTree", map[string]any{}), &all)
	byID := map[string]*axNode{}
	top := ""
	for i := range all.Nodes {
		n := &all.Nodes[i]
		byID[n.ID] = n
		if n.Backend == described.Node.BackendNodeID {
			top = n.ID
		}
	}
	if top == "" {
		p.t.Fatalf("%s: %s is not in the accessibility tree", p.state, selector)
	}
	var out strings.Builder
	writeTree(&out, byID, top, 0)
	return out.String()
}

func (p *page) decode(raw []byte, into any) {
	p.t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		p.t.Fatal(err)
	}
}

// mostAlike is how many like elements of one parent are written out.
const mostAlike = 6

func writeTree(out *strings.Builder, all map[string]*axNode, id string, depth int) {
	n := all[id]
	if n == nil {
		return
	}
	role, _ := n.Role.Value.(string)
	if role == "StaticText" || role == "InlineTextBox" || role == "ListMarker" {
		return
	}
	if !n.Ignored && role != "none" && role != "generic" {
		name, _ := n.Name.Value.(string)
		fmt.Fprintf(out, "%s%s", strings.Repeat("  ", depth), role)
		if name != "" {
			fmt.Fprintf(out, " %q", name)
		}
		for _, property := range n.Properties {
			if slices.Contains(told, property.Name) && property.Value.Value != nil && property.Value.Value != false && property.Value.Value != "false" {
				fmt.Fprintf(out, " %s=%v", property.Name, property.Value.Value)
			}
		}
		out.WriteByte('\n')
		depth++
	}
	alike := map[string]int{}
	for _, child := range n.Children {
		if c := all[child]; c != nil {
			like, _ := c.Role.Value.(string)
			if alike[like]++; alike[like] > mostAlike && (like == "listitem" || like == "row" || like == "option") {
				continue
			}
		}
		writeTree(out, all, child, depth)
	}
}

// What a screen reader is given of the list, the timeline, the calendar and a table is as
// it was when somebody last looked at it: -update writes it anew, to be looked at.
func TestTree(t *testing.T) {
	t.Parallel()
	p := newPage(t)
	for _, c := range []struct{ name, state, selector string }{
		{"list", "overview/by-type", ".list"},
		{"timeline", "overview/many", "#strip"},
		{"timeline-table", "timeline/table", "#strip"},
		{"calendar", "calendar/month", "#strip"},
		{"laboratory", "reading/laboratory-series", "#reader"},
		{"dialog", "session/leave-asks", "[data-test=dialog]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := p.in(t)
			p.open(named(t, c.state)[0], setting{})
			got := p.tree(c.selector)
			file := filepath.Join("testdata", c.name+".tree")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("%s (-was +is; -update writes it anew):\n%s", c.state, diff)
			}
		})
	}
}
