package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tvilling/node"
)

// What another user than the node's would make, the node could not open.
func TestOnlyTheOwnerWorksOnData(t *testing.T) {
	data, self := t.TempDir(), os.Getuid()
	if err := ownUser(filepath.Join(data, "none"), self+1); err != nil {
		t.Errorf("a directory that is not there: %v", err)
	}
	if err := ownUser(data, self); err != nil {
		t.Errorf("its owner: %v", err)
	}
	if err := os.Mkdir(filepath.Join(data, "raft"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := ownUser(data, self); err != nil {
		t.Errorf("its owner, with a log: %v", err)
	}
	var wrong *usageError
	if err := ownUser(data, self+4321); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "sudo -u "+nameOfUser(self)) {
		t.Errorf("another: %v", err)
	}
	if self != 0 {
		return // who is not root gives nothing away
	}
	if err := os.Remove(filepath.Join(data, "raft")); err != nil {
		t.Fatal(err)
	}
	if err := ownUser(data, 4321); err != nil {
		t.Errorf("an empty volume of root's: %v", err)
	}
	if err := os.Chown(data, 4321, 4321); err != nil {
		t.Fatal(err)
	}
	if err := ownUser(data, 0); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "sudo -u '#4321'") {
		t.Errorf("root, in another's: %v", err)
	}
	for _, args := range [][]string{
		{"recover", "--config", "x", "--node", "a1", "--data", data}, {"recover", "rejoin", "--config", "x", "--node", "a1", "--data", data},
		{"restore", "file", "--config", "x", "--node", "a1", "--data", data, "--identity", "key"},
	} {
		cmd := (&cli{in: strings.NewReader(""), out: os.Stderr, errs: os.Stderr}).root()
		cmd.SetArgs(args)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "'#4321'") {
			t.Errorf("%s %s: %v", args[0], args[1], err)
		}
	}
}

// A directory that is not empty is refused before anything else is looked at or asked.
func TestRestoreWantsAnEmptyDirectory(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var asked strings.Builder
	cmd := (&cli{in: strings.NewReader("norr\n"), out: &asked, errs: &asked}).root()
	cmd.SetArgs([]string{"restore", "file", "--config", "x", "--node", "a1", "--data", data, "--identity", "key"})
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "precious") || strings.Contains(asked.String(), "Type") {
		t.Errorf("%v, said %q", err, asked.String())
	}
}

// Where nobody can be asked which generations there have been, that is said, and what to
// do; a number that is taken is refused.
func TestGenerationOfARestore(t *testing.T) {
	for name, c := range map[string]struct {
		heard   []node.Answering
		asked   uint32
		says    string
		refused bool
	}{
		"nobody answers":           {nil, 0, "--generation", false},
		"nobody that could":        {[]node.Answering{{Member: "a1"}}, 0, "--generation", false},
		"nobody, and it was named": {nil, 9, "", false},
		"the backup's":             {[]node.Answering{{Member: "a1", Answers: true, Generation: 3}}, 0, "", false},
		"a later one":              {[]node.Answering{{Member: "a1", Answers: true, Generation: 4}}, 0, "--generation 5", true},
		"one as late as is named":  {[]node.Answering{{Member: "a1", Answers: true, Generation: 4}}, 4, "--generation 5", true},
		"a later one is named":     {[]node.Answering{{Member: "a1", Answers: true, Generation: 4}}, 5, "", false},
	} {
		warning, err := generationIsFree(c.heard, 3, c.asked)
		text := warning
		if err != nil {
			text += err.Error()
		}
		if (err != nil) != c.refused || (text == "") != (c.says == "") || !strings.Contains(text, c.says) {
			t.Errorf("%s: %q, %v", name, warning, err)
		}
	}
}
