// Command skewed builds tvilling with a clock that can be moved, for the drill of clocks.
//
// It owns how that is done: a copy of the standard library's time.go, made of the Go that
// builds, to whose wall clock an offset is added; the monotonic clock stays, as it does when
// a machine's clock is set. It must never build what could be taken for a release: the file
// and the version say what it is, and it runs no node in production.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Errors.
var (
	errGo   = errors.New("this Go tells the time in another way")
	errName = errors.New("the file's name must end in " + mark + ": it is no release")
)

const mark = "-skewed"

// What stands in time.go, and what is put there.
const (
	now    = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	moving = now + "\tsec, nsec = moved(sec, nsec)\n"
)

// mover is added to package time. TVILLING_CLOCK_OFFSET is a duration, or a file that holds
// one, which is read again and again: what stands there last is how far the clock is moved.
const mover = `package time

import (
	"sync/atomic"
	"syscall"
)

var movedBy atomic.Int64 // nanoseconds

func init() {
	text, _ := syscall.Getenv("TVILLING_CLOCK_OFFSET")
	if len(text) > 0 && text[0] == '/' {
		movedRead(text)
		go func() { // Now itself is called where nothing may wait
			for {
				Sleep(100 * Millisecond)
				movedRead(text)
			}
		}()
	} else if d, err := ParseDuration(text); err == nil {
		movedBy.Store(int64(d))
	}
}

// movedRead takes what the file says. A file that says nothing moves nothing.
func movedRead(file string) {
	var by Duration
	if fd, err := syscall.Open(file, syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
		var text [64]byte
		n, _ := syscall.Read(fd, text[:])
		_ = syscall.Close(fd)
		for n > 0 && (text[n-1] == '\n' || text[n-1] == ' ') {
			n--
		}
		if by, err = ParseDuration(string(text[:max(n, 0)])); err != nil {
			by = 0
		}
	}
	movedBy.Store(int64(by))
}

func moved(sec int64, nsec int32) (int64, int32) {
	sum := int64(nsec) + movedBy.Load()
	sec, sum = sec+sum/1_000_000_000, sum%1_000_000_000
	if sum < 0 {
		sec, sum = sec-1, sum+1_000_000_000
	}
	return sec, int32(sum)
}
`

func main() {
	out := flag.String("out", "bin/tvilling"+mark, "`file` to write")
	version := flag.String("version", "development", "of the build; it gets a mark")
	flag.Parse()
	if err := build(*out, *version); err != nil {
		fmt.Fprintln(os.Stderr, "skewed:", err)
		os.Exit(1)
	}
}

// build builds, with an overlay that is removed again.
func build(out, version string) error {
	if !strings.HasSuffix(out, mark) {
		return fmt.Errorf("%w: %s", errName, out)
	}
	dir, err := os.MkdirTemp("", "tvilling-skewed-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	overlay, err := write(dir)
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-overlay", overlay, "-tags", "skewed",
		"-ldflags", "-X main.version="+version+"+skewed", "-o", out, "./ops/cmd/tvilling")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// write writes an overlay of package time into a directory, and returns its file.
func write(dir string) (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	standard := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	text, err := os.ReadFile(filepath.Join(standard, "time.go"))
	if err != nil {
		return "", err
	}
	moved, err := move(string(text))
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for name, content := range map[string]string{"time.go": moved, "moved.go": mover} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(standard, name)] = path
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, overlay, 0o600)
}

// move puts the offset into time.go. Where it does not find exactly what it looks for, it
// changes nothing.
func move(text string) (string, error) {
	if strings.Count(text, now) != 1 {
		return "", errGo
	}
	return strings.Replace(text, now, moving, 1), nil
}
