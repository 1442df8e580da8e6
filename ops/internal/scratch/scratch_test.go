package scratch

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const makes = "SCRATCH_TEST_MAKES"

// TestMain is also a process that makes a directory, and is killed.
func TestMain(m *testing.M) {
	if os.Getenv(makes) == "" {
		os.Exit(m.Run())
	}
	dir, _, err := Make("kind-")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "key"), nil, 0o600)
	}
	fmt.Println(dir, err)
	select {}
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// What a killed process left is gone when the next one makes its own; what somebody holds,
// and what is not known to be anybody's, stays.
func TestWhatAKilledProcessLeavesIsRemoved(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	maker := exec.Command(os.Args[0])
	maker.Env = append(os.Environ(), makes+"=1")
	said, err := maker.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := maker.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if killed := func() { _ = maker.Process.Kill(); _ = maker.Wait() }; err != nil {
		killed()
		t.Fatal(err)
	} else {
		t.Cleanup(killed)
	}
	left, fault, _ := strings.Cut(strings.TrimSpace(line), " ")
	if fault != "<nil>" || !there(filepath.Join(left, "key")) {
		t.Fatal(line)
	}
	others := []string{filepath.Join(temporary, "kind-unmarked"), filepath.Join(temporary, "another-kind")}
	for _, dir := range others {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(others[1], lockFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	held, remove, err := Make("kind-")
	if err != nil {
		t.Fatal(err)
	}
	if !there(filepath.Join(left, "key")) {
		t.Error("what a process holds was removed")
	}
	if err := maker.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = maker.Wait()
	second, removeSecond, err := Make("kind-")
	if err != nil {
		t.Fatal(err)
	}
	if there(left) {
		t.Error("what a killed process left is there still")
	}
	for _, dir := range append(others, held, second) {
		if !there(dir) {
			t.Errorf("%s was removed", filepath.Base(dir))
		}
	}
	if err := errors.Join(remove(), removeSecond()); err != nil || there(held) || there(second) {
		t.Errorf("taking them away: %v", err)
	}
}

// A name that points elsewhere is nobody's directory.
func TestANameThatPointsElsewhereIsLeft(t *testing.T) {
	temporary, elsewhere := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	if err := os.WriteFile(filepath.Join(elsewhere, lockFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(temporary, "kind-x")); err != nil {
		t.Fatal(err)
	}
	sweep("kind-")
	if !there(filepath.Join(elsewhere, lockFile)) {
		t.Error("what a name pointed to was removed")
	}
}
