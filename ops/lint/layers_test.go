package lint

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// layer says what the packages of a pattern may import of ours. A pattern that ends
// in /... is a package and all below it. The first layer that fits a package counts.
type layer struct {
	packages string
	may      []string
	tests    []string // may be imported by tests besides
}

// layers is the architecture. Read it from the top: what stands lower may know what
// stands higher, never the other way.
var layers = []layer{
	{packages: "protocol"},
	{packages: "protocol/admin", may: []string{"protocol"}},

	{packages: "raftfsm/command", may: []string{"protocol"}},
	{packages: "raftfsm/internal/...", may: []string{"protocol", "raftfsm/command", "raftfsm/internal/..."}},
	{packages: "raftfsm/...", may: []string{"protocol", "raftfsm/..."}},

	{packages: "node/internal/plain", may: []string{"protocol"}},
	{packages: "node/internal/timing"},
	{packages: "node/internal/projection", may: []string{"protocol", "node/internal/plain"}},
	{packages: "node/internal/record", may: []string{"protocol", "node/internal/plain"}},
	{packages: "node/internal/sealing", may: []string{"protocol"}},
	{packages: "node/internal/rivta", may: []string{"protocol"}},
	{packages: "node/internal/feedback", may: []string{"protocol"}},
	{packages: "node/internal/identity", may: []string{"protocol"}},
	{packages: "node/internal/signin", may: []string{"protocol", "protocol/admin", "node/internal/identity", "node/internal/record", "node/internal/sealing"},
		tests: []string{"node/providertest", "node/internal/gateway", "node/internal/session", "node/internal/ingest", "wasm/site"}},
	{packages: "node/providertest"}, // for tests
	{packages: "node/internal/certs", may: []string{"protocol/admin"}, tests: []string{"node/internal/certs/certstest"}},
	{packages: "node/internal/certs/certstest", may: []string{"protocol/admin"}}, // for tests
	{packages: "node/internal/upstream", may: []string{"protocol", "node/internal/projection"}},
	{packages: "node/internal/upstream/upstreamtest", may: []string{"protocol", "node/internal/upstream"}}, // for tests
	{packages: "node/internal/access", may: []string{"protocol", "raftfsm", "raftfsm/command", "node/internal/projection", "node/internal/sealing"}},
	{packages: "node/internal/cluster/...", may: []string{"protocol", "protocol/admin", "raftfsm", "raftfsm/command", "node/internal/cluster", "node/internal/timing"},
		tests: []string{"node/internal/cluster/...", "node/internal/certs/certstest"}},
	{packages: "node/internal/logtest", may: []string{"raftfsm", "raftfsm/command"}}, // for tests
	{packages: "node/internal/ingest", tests: []string{"node/internal/logtest"}, may: []string{"protocol", "raftfsm", "raftfsm/command", "node/internal/rivta", "node/internal/upstream",
		"node/internal/projection", "node/internal/sealing", "node/internal/cluster"}},
	{packages: "node/internal/followup", may: []string{"protocol", "raftfsm", "raftfsm/command", "node/internal/access", "node/internal/projection",
		"node/internal/record", "node/internal/sealing"}, tests: []string{"node/internal/logtest"}},
	{packages: "node/internal/export", may: []string{"protocol", "raftfsm", "raftfsm/command", "node/internal/record", "node/internal/sealing",
		"node/internal/upstream"}, tests: []string{"node/internal/logtest"}},
	{packages: "node/internal/proof", may: []string{"protocol", "protocol/admin", "raftfsm", "raftfsm/command", "node/internal/record", "node/internal/sealing"},
		tests: []string{"node/internal/logtest"}},
	{packages: "node/internal/session", may: []string{"protocol", "raftfsm", "raftfsm/command", "node/internal/access", "node/internal/identity",
		"node/internal/projection", "node/internal/record", "node/internal/sealing", "node/internal/cluster", "node/internal/followup", "node/internal/timing"},
		tests: []string{"node/internal/cluster/..."}},
	{packages: "node/internal/simulation", tests: []string{"protocol", "protocol/admin", "raftfsm", "raftfsm/command", "node/internal/cluster/...",
		"node/internal/session", "node/internal/identity", "node/internal/projection", "node/internal/record", "node/internal/sealing"}}, // tests alone
	{packages: "node/internal/admin", may: []string{"protocol", "protocol/admin", "raftfsm", "raftfsm/command", "node/internal/cluster", "node/internal/followup", "node/internal/proof"},
		tests: []string{"node/internal/logtest", "node/internal/record"}},
	{packages: "node/internal/metrics", may: []string{"protocol/admin", "node/internal/cluster", "node/internal/timing"}},
	{packages: "node/internal/health", may: []string{"protocol/admin"}},
	{packages: "node/internal/gateway", may: []string{"protocol", "protocol/admin", "node/internal/health", "node/internal/session", "node/internal/identity",
		"node/internal/ingest", "node/internal/rivta", "node/internal/timing", "wasm/site"}, tests: []string{"node/internal/certs"}},
	{packages: "node", may: []string{"protocol/...", "raftfsm/...", "node/internal/...", "wasm/site"},
		tests: []string{"node", "node/providertest", "ops/internal/pki", "ops/internal/demo/patients"}},

	{packages: "wasm/site"},
	{packages: "wasm/...", may: []string{"protocol", "wasm/..."}},

	{packages: "ops/lint"},
	{packages: "ops/cmd/tvilling", may: []string{"protocol/...", "node", "ops/internal/..."}},
	{packages: "ops/cmd/...", may: []string{"protocol/...", "ops/internal/..."}, tests: []string{"node"}},
	{packages: "ops/internal/gallery", may: []string{"protocol"}, tests: []string{"wasm/site", "ops/internal/demo/patients"}},                 // a node in a script serves the client
	{packages: "ops/internal/bench", may: []string{"protocol/...", "ops/internal/..."}, tests: []string{"node", "wasm/site", "wasm/compile"}}, // the same, to be measured
	{packages: "ops/internal/...", may: []string{"protocol/...", "ops/internal/..."}, tests: []string{"node", "node/providertest"}},
}

// listed is what go list says of a package.
type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// golist lists packages of the module, with the environment given besides.
func golist(t *testing.T, env []string, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps"}, args...)...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(out); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
	}
	return all
}

// fits reports whether the package is the pattern's.
func fits(pattern, pkg string) bool {
	below, tree := strings.CutSuffix(pattern, "/...")
	return pkg == pattern || tree && (pkg == below || strings.HasPrefix(pkg, below+"/"))
}

func fitsAny(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if fits(p, pkg) {
			return true
		}
	}
	return false
}

func layerOf(pkg string) (layer, bool) {
	for _, l := range layers {
		if fits(l.packages, pkg) {
			return l, true
		}
	}
	return layer{}, false
}

func ours(path string) (string, bool) { return strings.CutPrefix(path, module+"/") }

func TestImportsFollowTheLayers(t *testing.T) {
	seen := map[string]listed{}
	for _, env := range [][]string{nil, {"GOOS=js", "GOARCH=wasm"}} {
		for _, p := range golist(t, env, "-e", "./...") {
			if q, ok := seen[p.ImportPath]; ok {
				p.Imports = append(p.Imports, q.Imports...)
			}
			seen[p.ImportPath] = p
		}
	}
	for path, p := range seen {
		pkg, _ := ours(path)
		l, ok := layerOf(pkg)
		if !ok {
			t.Errorf("%s is in no layer: add it to the table, and to the architecture", pkg)
			continue
		}
		for _, fault := range misplaced(pkg, l, p) {
			t.Error(fault)
		}
	}
}

// misplaced says which imports of a package its layer does not allow.
func misplaced(pkg string, l layer, p listed) []string {
	var faults []string
	for _, imported := range p.Imports {
		if name, is := ours(imported); is && !fitsAny(l.may, name) {
			faults = append(faults, pkg+" imports "+name+", which its layer may not")
		}
	}
	for _, imported := range append(p.TestImports, p.XTestImports...) {
		if name, is := ours(imported); is && name != pkg && !fitsAny(l.may, name) && !fitsAny(l.tests, name) {
			faults = append(faults, "a test of "+pkg+" imports "+name+", which its layer may not")
		}
	}
	return faults
}

// The rule itself: a wrong import is found, a package outside is found.
func TestWrongImportsAreFound(t *testing.T) {
	if _, ok := layerOf("elsewhere"); ok {
		t.Error("a package that no layer names has one")
	}
	l, _ := layerOf("wasm/internal/client")
	wrong := listed{Imports: []string{"tvilling/protocol", "tvilling/node/internal/sealing"}, TestImports: []string{"tvilling/raftfsm"}}
	if got := misplaced("wasm/internal/client", l, wrong); len(got) != 2 {
		t.Errorf("found %q, want the import and the test's", got)
	}
}
