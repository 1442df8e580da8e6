package protocol

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestImports holds the package to what its documentation says that it imports, here
// and in the browser: each of these would be paid for by whoever opens the page.
func TestImports(t *testing.T) {
	allowed := []string{"errors", "strconv", "sync", "sync/atomic", "unicode/utf8", "unique", "unsafe", "runtime", "math/bits", "weak", "tvilling/protocol"}
	for _, target := range [][]string{nil, {"GOOS=js", "GOARCH=wasm"}} {
		list := exec.Command("go", "list", "-deps", ".")
		list.Env = append(os.Environ(), target...)
		out, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		packages := strings.Fields(string(out))
		if !slices.Contains(packages, "tvilling/protocol") {
			t.Fatalf("go list says %q", out)
		}
		for _, p := range packages {
			if !slices.Contains(allowed, p) && !strings.HasPrefix(p, "internal/") {
				t.Errorf("%v: imports %s", target, p)
			}
		}
	}
}
