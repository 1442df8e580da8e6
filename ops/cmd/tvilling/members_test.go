package main

import (
	"strings"
	"testing"

	"tvilling/protocol/admin"
)

// What an activation ends is said before it is done; where it changes nothing nothing is
// asked.
func TestWhatAnActivationEnds(t *testing.T) {
	for name, c := range map[string]struct {
		active uint16
		levels []uint16
		asks   bool
	}{
		"all know more":   {1, []uint16{2, 2, 3}, true},
		"active already":  {2, []uint16{2, 2, 2}, false},
		"one lacks it":    {1, []uint16{2, 1, 2}, false},
		"one is not here": {1, []uint16{2, 2, 0}, false},
		"nobody":          {1, nil, false},
	} {
		s := admin.Status{Level: c.active}
		for _, l := range c.levels {
			s.Members = append(s.Members, admin.Member{Level: l})
		}
		if says := activates(s); (says != "") != c.asks || c.asks && !strings.Contains(says, "every member knows level 2. With it active, builds that know level 1 alone") {
			t.Errorf("%s: %q", name, says)
		}
	}
}
