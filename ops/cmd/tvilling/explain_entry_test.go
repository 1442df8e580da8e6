package main

import (
	"bytes"
	"strings"
	"testing"

	"tvilling/protocol/admin"
)

// A care engagement that nobody needed to ask for is not late; a feed that was is told.
func TestWhatAnAccessRestedOn(t *testing.T) {
	var out bytes.Buffer
	printExplanation(&out, admin.Explanation{Facts: []admin.ExplainedFact{
		{Name: "blocks", AsOf: "2026-03-14T09:00:00Z", AgeSeconds: 3600, BoundSeconds: 600},
		{Name: "consents", AsOf: "2026-03-14T10:00:00Z", BoundSeconds: 600, Fresh: true},
		{Name: "engagement", BoundSeconds: 60},
	}})
	text := out.String()
	if strings.Count(text, "not fresh") != 1 || !strings.Contains(text, "engagement\t-\t-\t1m0s\tnot asked\n") || !strings.Contains(text, "too old then: blocks.") {
		t.Errorf("printed\n%s", text)
	}
}
