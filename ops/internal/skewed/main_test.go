package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clock prints its time twice, with what has passed in between by the monotonic clock.
const clock = `package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	before := time.Now()
	fmt.Println(before.UnixNano())
	if len(os.Args) > 1 {
		_ = os.WriteFile(os.Args[1], []byte("-5m\n"), 0o600)
		for range time.Tick(10 * time.Millisecond) { // a timer tells the time where nothing may wait
			if time.Now().Round(0).Before(before.Round(0)) || time.Since(before) > 20*time.Second {
				break
			}
		}
	}
	after := time.Now()
	fmt.Println(after.Round(0).Sub(before.Round(0)).Round(time.Minute), after.Sub(before) < time.Minute)
}
`

func TestTheClockMoves(t *testing.T) {
	dir := t.TempDir()
	overlay, err := write(dir)
	if err != nil {
		t.Fatal(err)
	}
	source, program := filepath.Join(dir, "clock.go"), filepath.Join(dir, "clock")
	if err := os.WriteFile(source, []byte(clock), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	offset := filepath.Join(dir, "offset")
	for name, c := range map[string]struct {
		env  string
		file string
		args []string
		want time.Duration
		then string
	}{
		"straight":  {"", "", nil, 0, "0s true"},
		"ahead":     {"20s", "", nil, 20 * time.Second, "0s true"},
		"behind":    {"-1h30m", "", nil, -90 * time.Minute, "0s true"},
		"no time":   {"soon", "", nil, 0, "0s true"},
		"a file":    {offset, "48h\n", nil, 48 * time.Hour, "0s true"},
		"no file":   {offset, "", nil, 0, "0s true"},
		"it moves":  {offset, "5m", []string{offset}, 5 * time.Minute, "-10m0s true"},
		"half said": {offset, "x", nil, 0, "0s true"},
	} {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(offset)
			if c.file != "" {
				if err := os.WriteFile(offset, []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(program, c.args...)
			cmd.Env = append(os.Environ(), "TVILLING_CLOCK_OFFSET="+c.env)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			first, err := time.ParseDuration(lines[0] + "ns")
			if err != nil || len(lines) != 2 {
				t.Fatalf("%q", out)
			}
			apart := time.Until(time.Unix(0, int64(first))) - c.want
			if apart.Abs() > 10*time.Second || lines[1] != c.then { // of a busy machine
				t.Errorf("it is %v off, then %q", apart, lines[1])
			}
		})
	}
}

func TestWhatIsNotBuilt(t *testing.T) {
	if err := build(filepath.Join(t.TempDir(), "tvilling"), "v1"); !errors.Is(err, errName) {
		t.Errorf("under the name of a release: %v", err)
	}
	for _, text := range []string{"", "package time", now + now} {
		if _, err := move(text); !errors.Is(err, errGo) {
			t.Errorf("of %q: %v", text, err)
		}
	}
}
