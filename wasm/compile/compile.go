// Package compile compiles a program for the browser as small as it can be made without
// making it slower: for the build, for the test that holds the size, and for what is
// measured beside it.
//
// It owns the flags, what is done to the program behind the linker (its data is joined,
// see joinData), and what is done to the sources on their way to the compiler: each line
// says that it is the first one. Which line of which file an instruction comes from
// is a fifteenth of a program, compressed, and only ever printed to the console, where
// nothing of ours may be. What a program does must not depend on it.
package compile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// flags: nothing is inlined but in the runtime, its maps and the decoder, where it is
// worth its bytes; the collector is the one that is smaller and, on a heap of some
// megabytes, no slower.
var flags = []string{
	"-trimpath", "-buildvcs=false", "-ldflags=-s -w",
	"-gcflags=all=-l", "-gcflags=runtime=", "-gcflags=internal/runtime/maps=", "-gcflags=tvilling/protocol=",
}

const experiment = "GOEXPERIMENT=nogreenteagc"

// Program compiles the main package at a path within the module, seen from a directory
// of it, and returns the program.
func Program(dir, path string) ([]byte, error) {
	work, err := os.MkdirTemp("", "compile-")
	if err != nil {
		return nil, err
	}
	program, err := compile(dir, path, work)
	return program, errors.Join(err, os.RemoveAll(work))
}

func compile(dir, path, work string) ([]byte, error) {
	overlay, err := flatten(dir, path, work)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(work, "program.wasm")
	args := append([]string{"build", "-overlay", overlay, "-o", out}, flags...)
	if _, err := run(dir, append(args, path)...); err != nil {
		if _, plain := run(dir, "build", "-o", out, path); plain != nil {
			err = plain // the same, and where
		}
		return nil, fmt.Errorf("compile %s: %w", path, err)
	}
	program, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	return joinData(program)
}

// run runs the go command for the browser.
func run(dir string, args ...string) ([]byte, error) {
	var out, trouble bytes.Buffer
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &trouble
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", experiment)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, trouble.Bytes())
	}
	return out.Bytes(), nil
}

// flatten writes every source of the program, without its lines, and the list of what
// stands in for what.
func flatten(dir, path, work string) (overlay string, err error) {
	out, err := run(dir, "list", "-deps", "-json=Dir,GoFiles", path)
	if err != nil {
		return "", fmt.Errorf("list the packages of %s: %w", path, err)
	}
	replace := map[string]string{}
	list := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			Dir     string
			GoFiles []string
		}
		if err := list.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return "", err
		}
		for _, name := range p.GoFiles {
			from, to := filepath.Join(p.Dir, name), filepath.Join(work, strconv.Itoa(len(replace))+".go")
			source, err := os.ReadFile(from)
			if err != nil {
				return "", err
			}
			if err := os.WriteFile(to, withoutLines(source), 0o600); err != nil {
				return "", err
			}
			replace[from] = to
		}
	}
	overlay = filepath.Join(work, "overlay.json")
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, content, 0o600)
}

// withoutLines has every line after the package clause say that it is the first one,
// but those within a text or a comment.
func withoutLines(source []byte) []byte {
	file := token.NewFileSet().AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, scanner.ScanComments)
	within, clause := map[int]bool{}, 0
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			break
		}
		line := file.Line(pos)
		if tok == token.PACKAGE && clause == 0 {
			clause = line
		}
		if tok == token.STRING || tok == token.COMMENT {
			for i := range strings.Count(text, "\n") {
				within[line+1+i] = true
			}
		}
	}
	var out bytes.Buffer
	n := 0
	for line := range bytes.Lines(source) {
		if n++; n > clause && !within[n] {
			out.WriteString("//line x.go:1\n")
		}
		out.Write(line)
	}
	return out.Bytes()
}
