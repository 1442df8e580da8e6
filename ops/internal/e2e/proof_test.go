package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tvilling/protocol/admin"
)

// terminal runs the operator's command, and returns what it says and how it ends.
func terminal(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "TVILLING_OPERATOR="+stage.OperatorDir())
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// said runs a command that must go well.
func said(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := terminal(t, args...)
	if code != 0 {
		t.Fatalf("tvilling %s: exit code %d: %s", strings.Join(args, " "), code, errs)
	}
	return out
}

// checkpointed waits for a checkpoint of at least so many entries, signed by everybody.
func checkpointed(t *testing.T, size uint64) admin.Checkpointed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := stage.Operator().Checkpoint(ctx, "", 0)
		if err == nil && c.Size >= size && strings.Count(c.Note, "\n— ") == 5 {
			return c
		}
		if ctx.Err() != nil {
			t.Fatalf("no checkpoint of %d entries by everybody: %+v, %v", size, c, err)
		}
		<-tick.C
	}
}

// The log is taken out and verified with nothing but the cluster file, on a machine that
// reaches no node; what was changed in it is found.
func TestTheLogIsVerifiedElsewhere(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	report := []string{"log", "report", "provider", "--care-provider", "SE0000000101-1000"}
	said(t, report...)
	earlier := checkpointed(t, 1)
	if err := os.WriteFile(at("kept"), []byte(earlier.Note), 0o600); err != nil {
		t.Fatal(err)
	}
	said(t, report...)
	said(t, report...)
	checkpointed(t, earlier.Size+2)
	said(t, "log", "export", "--out", at("log"))
	said(t, "log", "prove", "--sequence", "1", "--out", at("one"))
	said(t, "log", "consistency", "--from", strconv.FormatUint(earlier.Size, 10), "--out", at("later"))

	verify := []string{"log", "verify", "--config", filepath.Join(stage.OperatorDir(), admin.FileTopology), "--checkpoint", at("kept")}
	out := said(t, append(verify, at("log"), at("one"), at("later"))...)
	for _, want := range []string{"signed by", "a1, a2, b1, b2, w", "none missing, added or moved", "the entry is in that log",
		"the log of " + strconv.FormatUint(earlier.Size, 10) + " entries that was signed before"} {
		if !strings.Contains(out, want) {
			t.Errorf("verify does not say %q: %s", want, out)
		}
	}
	text, err := os.ReadFile(at("log"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	for name, changed := range map[string]string{
		"changed":   strings.Replace(string(text), `"permit":true`, `"permit":false`, 1),
		"removed":   strings.Join(append(append([]string{}, lines[:1]...), lines[2:]...), ""),
		"reordered": strings.Join(append([]string{lines[0], lines[2], lines[1]}, lines[3:]...), ""),
		"added":     string(text) + lines[len(lines)-1],
	} {
		if err := os.WriteFile(at(name), []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, errs, code := terminal(t, append(verify, at(name))...); code != 5 || !strings.Contains(errs, "NOT VERIFIED") {
			t.Errorf("an entry %s: exit code %d: %s", name, code, errs)
		}
	}
	if mode, err := os.Stat(at("log")); err != nil || mode.Mode().Perm() != 0o600 {
		t.Errorf("the exported log can be read by others: %v, %v", mode.Mode(), err)
	}
}

// A reading is in the log before it is answered, whichever way the log is read.
func TestEveryReadingOfTheLogIsInTheLog(t *testing.T) {
	count := func() (n int) {
		for _, e := range record(t) {
			if e.Activity == readingTheLog {
				n++
			}
		}
		return n
	}
	checkpointed(t, 1)
	entries := record(t)
	before := count()
	dir := t.TempDir()
	said(t, "log", "report", "owner", "--care-provider", "SE0000000101-1000")
	said(t, "log", "prove", "--sequence", "1", "--out", filepath.Join(dir, "one"))
	said(t, "explain", entries[0].ID)
	looks := 1 + len(entries)/1000 // the pages of the second count are readings too
	if got := count() - before; got < 3+looks {
		t.Errorf("three readings and %d of the list are %d in the log", looks, got)
	}
}
