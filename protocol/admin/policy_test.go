package admin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nothing leaves the screen that the cluster file does not name, and it names it as written.
func TestPolicy(t *testing.T) {
	members := `
cluster = "c"
environment = "demo"
[[member]]
id = "a1"
site = "A"
role = "data"
peer = "127.0.0.1:1"
admin = "127.0.0.1:2"
client = "127.0.0.1:3"
source = "127.0.0.1:4"
origin = "http://127.0.0.1:3"
`
	for text, want := range map[string]Policy{
		"":                                     {},
		"[policy]\n":                           {},
		"[policy]\nprint = true\n":             {Print: true},
		"[policy]\ncopy = true\nprint=false\n": {Copy: true},
	} {
		path := filepath.Join(t.TempDir(), "cluster.toml")
		if err := os.WriteFile(path, []byte(members+text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := LoadTopology(path)
		if err != nil || got.Policy != want {
			t.Errorf("%q: %+v, %v", text, got.Policy, err)
			continue
		}
		again, err := got.Encode()
		if err != nil || strings.Contains(string(again), "policy") != (want != Policy{}) {
			t.Errorf("%q: written as %s, %v", text, again, err)
		}
	}
	path := filepath.Join(t.TempDir(), "cluster.toml")
	if err := os.WriteFile(path, []byte(members+"[policy]\nsave = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadTopology(path); err == nil {
		t.Error("a policy that nobody knows is taken")
	}
}
