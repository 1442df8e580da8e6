package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// word is something that does not belong in the project, and why. Files of only are
// the ones it is looked for in; files of except may say it.
type word struct {
	pattern *regexp.Regexp
	reason  string
	except  []string
}

var words = []word{
	{regexp.MustCompile(`\b(TODO|FIXME|HACK|XXX)\b`), "do it, or write down in ops/docs why not", nil},
	{regexp.MustCompile(`(?i)\b(lorem ipsum|not (yet )?implemented)\b`), "what is there is real; what is not is not there", nil},
	{regexp.MustCompile(`(^|[\s"'(=])/(home|root|work|Users|mnt)/`), "a path of somebody's own machine", nil},
	{regexp.MustCompile(`\.\./shared\b`), "a path beside the checkout", []string{"_test.go"}},
	{regexp.MustCompile(`\b(proxy\.golang\.org|sum\.golang\.org|registry\.npmjs\.org|deb\.debian\.org|pypi\.org)\b`), "the registry is the builder's choice", []string{"go.sum"}},
	{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`), "a key", nil},
	{regexp.MustCompile(`\b(191212121212)\b`), "a number that may be somebody's: use the test patients", []string{"_test.go"}},
	{regexp.MustCompile(`\b(whitelist|blacklist|sanity check)\b`), "say which is permitted, refused, or checked", nil},
}

// nouns that name nothing: what the thing does is its name.
var emptyNames = regexp.MustCompile(`^type \w*(Manager|Helper|Util|Utils|Common|Base)\b`)

func TestNoWordsThatDoNotBelong(t *testing.T) {
	walk(t, func(path string) {
		if strings.HasPrefix(path, "ops/lint/") || binary(path) {
			return
		}
		raw, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(raw), "\n") {
			for _, w := range words {
				if found := w.pattern.FindString(line); found != "" && !excepted(w, path) {
					t.Errorf("%s:%d: %q: %s", path, i+1, found, w.reason)
				}
			}
			if strings.HasSuffix(path, ".go") && emptyNames.MatchString(line) {
				t.Errorf("%s:%d: %s: what it does is its name", path, i+1, line)
			}
		}
	})
}

func excepted(w word, path string) bool {
	for _, suffix := range w.except {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	return false
}

func binary(path string) bool {
	switch filepath.Ext(path) {
	case ".png", ".jpg", ".wasm", ".br", ".gz", ".ico", ".woff2":
		return true
	}
	return path == "LICENSE"
}
