package release

import (
	"strings"
	"testing"
)

// Who has released is not sent to activate what is active already.
func TestNothingIsLeftToActivate(t *testing.T) {
	for name, c := range map[string]struct {
		active, knows uint16
		left          bool
	}{"a higher level": {1, 2, true}, "the same": {2, 2, false}, "a lower one": {2, 1, false}, "not told": {2, 0, true}} {
		says := strings.Join(next(Released, Plan{Level: c.active, Build: Build{Level: c.knows}}, false), " ")
		if left := strings.Contains(says, "tvilling members activate"); left != c.left || left == strings.Contains(says, "Nothing is left to activate") {
			t.Errorf("%s: %s", name, says)
		}
		if !strings.Contains(says, "tvilling release abort") {
			t.Errorf("%s: the way back is not told: %s", name, says)
		}
	}
}
