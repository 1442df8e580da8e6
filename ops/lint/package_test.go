package lint

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tool finds a program that a test cannot do without; where it is not there, as it is in
// CI's image, the test is skipped and says so.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not here: %v", name, err)
	}
	return path
}

// ran runs a program and returns everything that it said.
func ran(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(name), args, err, out)
	}
	return string(out)
}

// installed lays the units out as the package does, under a root of their own, with a
// binary where they look for one.
func installed(t *testing.T) (dir string, units []string) {
	t.Helper()
	dir = t.TempDir()
	for _, pattern := range []string{"*.service", "*.socket"} {
		paths, err := filepath.Glob(deploy + "/systemd/" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text := strings.ReplaceAll(readFile(t, path), "/usr/bin/tvilling", "/bin/true")
			unit := filepath.Join(dir, filepath.Base(path))
			if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			units = append(units, unit)
		}
	}
	return dir, units
}

// mostExposed is how much a unit may be exposed, as systemd-analyze reckons: 10 is the
// worst, and what it calls OK ends at 5. In tenths.
const mostExposed = "20"

func TestUnitsAreRightAndHardened(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	dir, units := installed(t)
	said := ran(t, []string{"SYSTEMD_UNIT_PATH=" + dir + ":"}, analyze, append([]string{"verify", "--man=no"}, units...)...)
	for line := range strings.Lines(said) {
		if strings.Contains(line, "tvilling") { // it speaks of the machine's own units too
			t.Errorf("systemd-analyze verify: %s", line)
		}
	}
	ran(t, nil, analyze, "security", "--offline=true", "--no-pager", "--threshold="+mostExposed, filepath.Join(dir, "tvilling.service"))

	// The tool must be able to say no.
	open := filepath.Join(dir, "open.service")
	if err := os.WriteFile(open, []byte("[Service]\nExecStart=/bin/true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if exec.Command(analyze, "security", "--offline=true", "--no-pager", "--threshold="+mostExposed, open).Run() == nil {
		t.Error("a unit that is not hardened passes")
	}
}

// A package of the same binary and version is the same to the byte, and holds what it
// must: nothing may be written by anybody but root, and only root and the node read what
// stands in its directory.
func TestThePackageIsReproducible(t *testing.T) {
	tool(t, "dpkg-deb")
	dir := t.TempDir()
	binary := filepath.Join(dir, "tvilling")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	made := func(name string) (string, []byte) {
		out := filepath.Join(dir, name)
		ran(t, []string{"SOURCE_DATE_EPOCH=1999999999"}, "sh", deploy+"/debian/build", binary, "v1.2.3-4-gabc_dirty", out)
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return out, text
	}
	first, one := made("one.deb")
	if _, two := made("two.deb"); !bytes.Equal(one, two) {
		t.Error("the package is another one each time")
	}
	if version := strings.TrimSpace(ran(t, nil, "dpkg-deb", "--field", first, "Version")); version != "1.2.3.4.gabc.dirty" {
		t.Errorf("version %q", version)
	}
	listed := map[string]string{}
	for line := range strings.Lines(ran(t, []string{"TZ=UTC"}, "dpkg-deb", "--contents", first)) {
		f := strings.Fields(line)
		if f[1] != "root/root" || strings.Contains(f[0][5:], "w") || !strings.HasPrefix(f[3], "2033-05-18") {
			t.Errorf("in the package: %s", line)
		}
		listed[f[5]] = f[0]
	}
	for path, mode := range map[string]string{
		"./usr/bin/tvilling":                              "-rwxr-xr-x",
		"./usr/lib/systemd/system/tvilling.service":       "-rw-r--r--",
		"./usr/lib/systemd/system/tvilling-client.socket": "-rw-r--r--",
		"./usr/lib/systemd/system/tvilling-source.socket": "-rw-r--r--",
		"./usr/lib/systemd/system/tvilling-admin.socket":  "-rw-r--r--",
		"./usr/lib/sysusers.d/tvilling.conf":              "-rw-r--r--",
		"./etc/tvilling/":                                 "drwxr-x---",
		"./etc/tvilling/node.env":                         "-rw-r-----",
		"./usr/share/doc/tvilling/copyright":              "-rw-r--r--",
		"./usr/share/doc/tvilling/alerts.yml":             "-rw-r--r--",
		"./usr/share/doc/tvilling/alerts.md":              "-rw-r--r--",
		"./usr/share/doc/tvilling/operating.md":           "-rw-r--r--",
		"./usr/share/doc/tvilling/witness.conf":           "-rw-r--r--",
	} {
		if listed[path] != mode {
			t.Errorf("%s is %q, want %s", path, listed[path], mode)
		}
	}
	// What the unit refers to is where it says.
	for _, path := range found(`(?m)(?:ExecStart=|EnvironmentFile=|Documentation=file:)(/\S+)`, readFile(t, deploy+"/systemd/tvilling.service")) {
		if listed["."+path] == "" {
			t.Errorf("the unit refers to %s, which is not in the package", path)
		}
	}
	kept := ran(t, nil, "dpkg-deb", "--ctrl-tarfile", first)
	if !strings.Contains(kept, "/etc/tvilling/node.env") {
		t.Error("an upgrade would overwrite what the operator wrote in node.env")
	}
	if acts := regexp.MustCompile(`systemctl (re)?start|deb-systemd-invoke`).FindString(readFile(t, deploy+"/debian/postinst")); acts != "" {
		t.Errorf("installing does %q: nodes are replaced by a release, one at a time", acts)
	}
	if diff := cmp.Diff([]string{"tvilling"}, found(`(?m)^u (\w+) `, readFile(t, deploy+"/systemd/sysusers.conf"))); diff != "" {
		t.Errorf("users: %s", diff)
	}
}

// Packages of builds without a version are installed over one another in the order of
// their commits' times, and every version comes after them.
func TestVersionsOfPackagesAreInOrder(t *testing.T) {
	tool(t, "dpkg-deb")
	dir := t.TempDir()
	binary, out := filepath.Join(dir, "tvilling"), filepath.Join(dir, "out.deb")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	last := ""
	for _, c := range []struct{ version, at, want string }{
		{"ffc0de1", "1000000000", "0~git200109090146.ffc0de1"},
		{"0123abc", "1000000060", "0~git200109090147.0123abc"},
		{"0123abc-dirty", "1000000060", "0~git200109090147.0123abc.dirty"},
		{"v0.1.0", "1000000120", "0.1.0"},
		{"v0.1.0-3-g0123abc", "1000000180", "0.1.0.3.g0123abc"},
	} {
		ran(t, []string{"SOURCE_DATE_EPOCH=" + c.at}, "sh", deploy+"/debian/build", binary, c.version, out)
		got := strings.TrimSpace(ran(t, nil, "dpkg-deb", "--field", out, "Version"))
		if got != c.want {
			t.Errorf("%s is packaged as %s, want %s", c.version, got, c.want)
		}
		if last != "" {
			ran(t, nil, "dpkg", "--compare-versions", last, "lt", got)
		}
		last = got
	}
}
