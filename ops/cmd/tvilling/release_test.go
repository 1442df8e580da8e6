package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tvilling/ops/internal/release"
	"tvilling/protocol/admin"
)

// What a command said on some machine is shown, and steers no terminal.
func TestWhatACommandSaidSteersNothing(t *testing.T) {
	var errs bytes.Buffer
	(&cli{errs: &errs}).tellEntry(release.Entry{Step: 1, Node: "a1", Act: release.ActReplace, Mark: release.Failed, Text: "no\x1b[2Jspace\nleft"}, 5)
	if text := errs.String(); strings.ContainsAny(text, "\x1b") || !strings.Contains(text, "space\n    left") {
		t.Errorf("%q", text)
	}
}

// A file to go back to is found from wherever somebody goes on, and is what runs now.
func TestWayBack(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "was"), []byte("#!/bin/sh\necho '{\"version\":\"1.0.0\"}'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for name, c := range map[string]struct {
		runs  string
		there bool
	}{"what runs": {"1.0.0", true}, "another": {"1.0.1", false}} {
		p := release.Plan{Former: map[string]release.Former{"a1": {Version: c.runs}, "b1": {Version: "1.1.0"}}, Already: []string{"b1"}}
		r := releasing{binary: "/new", former: "was"}
		if err := r.wayBack(t.Context(), &p); (err == nil) != c.there {
			t.Errorf("%s: %v", name, err)
		}
		if was := p.Former["a1"].File; was != filepath.Join(dir, "was") {
			t.Errorf("%s: %s", name, was)
		}
	}
	r := releasing{binary: "/new", former: "none"}
	if err := r.wayBack(t.Context(), &release.Plan{}); err == nil {
		t.Error("a file that is not there is one to go back to")
	}
}

// A command is made, and found wrong, before anything is begun: plan and run ask alike.
func TestWayOfAPlan(t *testing.T) {
	topology := admin.Topology{Cluster: "norr", Members: []admin.Node{{ID: "a1", Site: "A", Role: admin.RoleData, Admin: "10.0.0.1:8402"}}}
	for name, c := range map[string]struct {
		replace string
		fits    bool
	}{"a command": {"put {{.Node}} {{.Version}}", true}, "none": {"", false}, "a field that is none": {"put {{.Nod}}", false}, "not closed": {"put {{.Node", false}} {
		p := release.Plan{Build: release.Build{Version: "1.1.0"}, Steps: []release.Step{{Number: 1, Kind: release.Replaces, Node: "a1", Version: "1.1.0"}}}
		r := releasing{to: "1.1.0", replace: c.replace}
		command, err := (&cli{}).wayOf(t.Context(), topology, &r, &p)
		if (err == nil) != c.fits || c.fits && (command == nil || p.Command != c.replace) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
