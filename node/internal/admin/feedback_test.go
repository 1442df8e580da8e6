package admin

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol/admin"
)

// book has entries, as many as a test wants.
type book struct {
	entries []admin.FeedbackEntry
	err     error
	after   uint64
	limit   int
}

func (b *book) After(number uint64, limit int) ([]admin.FeedbackEntry, bool, error) {
	b.after, b.limit = number, limit
	return b.entries, len(b.entries) > 1, b.err
}

func TestFeedback(t *testing.T) {
	b := &book{entries: []admin.FeedbackEntry{{Number: 4, Text: "Bra"}, {Number: 7, Grade: 2}}}
	w := newWorld(t, func(c *Config) { c.Feedback = b })
	got := done[admin.Feedback](w, "GET", admin.PathFeedback+"?after=3", "")
	want := admin.Feedback{Node: "n0", Next: 7, More: true, Entries: []admin.FeedbackEntry{{Node: "n0", Number: 4, Text: "Bra"}, {Node: "n0", Number: 7, Grade: 2}}}
	if diff := cmp.Diff(want, got); diff != "" || b.after != 3 || b.limit != maxFeedback {
		t.Errorf("after %d, at most %d (-want +got):\n%s", b.after, b.limit, diff)
	}
	b.entries = nil
	got = done[admin.Feedback](w, "GET", admin.PathFeedback+"?after=9", "")
	if got.Entries == nil || len(got.Entries) != 0 || got.Next != 9 || got.More {
		t.Errorf("of none: %+v", got)
	}
}

func TestFeedbackThatCannotBeRead(t *testing.T) {
	w := newWorld(t)
	w.refused("a witness", "GET", admin.PathFeedback, "", 503, "TV-4004")
	w = newWorld(t, func(c *Config) { c.Feedback = &book{err: errors.New("a disk")} })
	w.refused("a disk that fails", "GET", admin.PathFeedback, "", 503, "TV-4003")
	w.refused("no number", "GET", admin.PathFeedback+"?after=x", "", 400, "TV-4001")
}
