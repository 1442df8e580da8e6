package lint

import (
	"strings"
	"testing"
)

// refused are the packages that the browser's program must not be linked with, and
// why. A pattern that ends in /... is a package and all below it.
var refused = map[string]string{
	"net/...":                         "the browser has its own network; 600 KB compressed",
	"crypto/tls":                      "the browser's connection is the browser's",
	"encoding/json":                   "the wire has a codec of its own; 280 KB compressed, and reflection",
	"encoding/gob":                    "never on bytes from outside",
	"encoding/xml":                    "documents are read by nodes",
	"text/template":                   "markup is built as nodes, never as text",
	"html/template":                   "markup is built as nodes, never as text",
	"html":                            "markup is built as nodes, never as text",
	"os/exec":                         "there is nothing to run",
	"log/slog":                        "the client logs nothing: what it holds is patients' data",
	"log":                             "the client logs nothing: what it holds is patients' data",
	"testing":                         "tests are not part of the program",
	"tvilling/protocol/admin":         "operators' messages",
	"tvilling/node/...":               "the browser has no node in it",
	"tvilling/raftfsm/...":            "the browser has no state machine in it",
	"tvilling/ops/...":                "the browser has no operator in it",
	"github.com/vmihailenco/...":      "never on bytes from outside",
	"github.com/coder/websocket":      "pulls net/http, and loses close codes here",
	"github.com/hashicorp/...":        "the browser is no member",
	"go.etcd.io/bbolt":                "the browser stores nothing",
	"github.com/klauspost/...":        "the browser itself decompresses",
	"github.com/prometheus/...":       "nodes are measured, people are not",
	"github.com/andybalholm/brotli":   "build time only",
	"github.com/pelletier/go-toml/v2": "there is no configuration in the browser",
}

func TestBrowserIsNotLinkedWithRefusedPackages(t *testing.T) {
	program := golist(t, []string{"GOOS=js", "GOARCH=wasm"}, "./wasm/cmd/overview")
	if len(program) != 1 || len(program[0].Deps) < 10 {
		t.Fatalf("the browser's program could not be listed: %d packages", len(program))
	}
	for _, dep := range program[0].Deps {
		if strings.HasPrefix(dep, "vendor/") {
			t.Errorf("%s: the standard library's own network stack is linked in", dep)
		}
		for pattern, reason := range refused {
			if fits(pattern, dep) {
				t.Errorf("%s is linked into the browser's program: %s", dep, reason)
			}
		}
	}
}
