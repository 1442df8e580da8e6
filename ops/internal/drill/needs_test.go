package drill

import (
	"strings"
	"testing"
)

// Every word that stands among the needs is explained.
func TestNeedsAreExplained(t *testing.T) {
	help := NeedsHelp()
	for _, s := range Scenarios() {
		for _, n := range s.Needs {
			if !strings.Contains(help, "\n  "+string(n)+" ") {
				t.Errorf("%s needs %q, which is not explained", s.Name, n)
			}
		}
	}
}
