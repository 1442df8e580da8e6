package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a backup is called that nobody has named comes from a node.
func TestANameIsNoPath(t *testing.T) {
	for _, cluster := range []string{"../../root/x", "/etc/x", "a\x1b[2Jb", ".hidden", "å", "north-1"} {
		m := manifestOf([]byte("x"))
		m.Cluster = cluster
		name := NameOf(m)
		if filepath.Base(name) != name || strings.ContainsAny(name, "/\x1b") || name[0] == '.' || cluster == "north-1" && !strings.HasPrefix(name, "north-1-2026") {
			t.Errorf("%q is called %q", cluster, name)
		}
	}
}

// Where others may write too, a link that waits for the manifest leads it nowhere.
func TestAManifestFollowsNoLink(t *testing.T) {
	dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one.tvb.json.tmp", "one.tvb.json"} {
		if err := os.Symlink(victim, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := (directory{dir}).PutManifest(t.Context(), "one.tvb", []byte("{}")); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
		t.Errorf("the file that the link led to holds %q, %v", text, err)
	}
	info, err := os.Lstat(filepath.Join(dir, "one.tvb.json"))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the manifest: %v, %v", info, err)
	}
}
