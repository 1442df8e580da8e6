//go:build !(js && wasm)

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"tvilling/wasm/compile"
)

// maxProgram bounds what a page waits for, in bytes of brotli. It is the 668 KB that the
// program has and 3 % more: room for ordinary work, and too little for a package
// that comes along unseen. A program that does nothing is more than half of it.
const maxProgram = 690_000

// refused are packages that must not be linked in, and what each would cost the page.
var refused = map[string]string{
	"net/http":        "a megabyte and a half: the socket is the browser's own",
	"net":             "the browser has the network",
	"crypto/tls":      "the browser has it",
	"html/template":   "most of a megabyte, and it defeats the linker; markup.go escapes",
	"text/template":   "it calls methods by name, so nothing can be left out",
	"encoding/json":   "a quarter of a megabyte; frames are msgpack",
	"encoding/hex":    "imports fmt",
	"fmt":             "a hundred kilobytes, and a way for data into the console",
	"log":             "imports fmt, and a way for data into the console",
	"log/slog":        "imports fmt, and a way for data into the console",
	"reflect":         "keeps every method of every type; everything here is typed",
	"time":            "fifty kilobytes, and its zone in a browser is one fixed offset",
	"math/rand":       "chance comes with the events",
	"crypto/rand":     "nothing secret is made here",
	"regexp":          "a hundred kilobytes",
	"os":              "there is nothing there",
	"golang.org/x":    "the client has no dependency but this module",
	"github.com":      "the client has no dependency but this module",
	"tvilling/node":   "the client imports protocol and wasm alone",
	"tvilling/raft":   "the client imports protocol and wasm alone",
	"tvilling/ops":    "the client imports protocol and wasm alone",
	"tvilling/wasm/s": "the page is not inside its own program",
}

// sources reads what the program is made of, so that a result which the go command
// remembers is never one of an older program.
func sources(t *testing.T) {
	t.Helper()
	n := 0
	for _, dir := range []string{"../../internal/client", "../../internal/browser", "../../../protocol"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if _, err := os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	if n < 20 {
		t.Fatalf("only %d sources", n)
	}
}

func TestNothingRefusedIsLinkedIn(t *testing.T) {
	sources(t)
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 20 {
		t.Fatalf("only %d packages", len(deps))
	}
	for _, dep := range deps {
		for name, why := range refused {
			prefix := strings.Contains(name, ".") || strings.HasPrefix(name, "tvilling")
			if dep == name || prefix && strings.HasPrefix(dep, name) {
				t.Errorf("%s is linked in: %s", dep, why)
			}
		}
	}
}

func TestProgramIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles and compresses the program")
	}
	sources(t)
	program, err := compile.Program("../../..", "./wasm/cmd/overview")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w := brotli.NewWriterOptions(&packed, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 24})
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d compressed, of %d", len(program), packed.Len(), maxProgram)
	if packed.Len() > maxProgram {
		t.Errorf("the program is %d bytes compressed, more than %d", packed.Len(), maxProgram)
	}
}
