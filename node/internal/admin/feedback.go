package admin

import (
	"fmt"
	"net/http"

	"tvilling/protocol/admin"
)

// maxFeedback bounds one answer: 500 of the longest texts fit what an operator's tool reads.
const maxFeedback = 500

// Feedback is what users wrote at this node.
type Feedback interface {
	After(number uint64, limit int) (entries []admin.FeedbackEntry, more bool, err error)
}

var errNoFeedback = fmt.Errorf("%w: nobody writes to it: ask a data node", ErrElsewhere)

func (e *endpoint) feedback(r *http.Request) (any, error) {
	after, err := numberOf(r, "after")
	switch {
	case err != nil:
		return nil, err
	case e.Feedback == nil:
		return nil, errNoFeedback
	}
	page := admin.Feedback{Node: e.Self.Node, Next: after}
	entries, more, err := e.Feedback.After(after, maxFeedback)
	if err != nil {
		return nil, fmt.Errorf("reading what users wrote: %w", err)
	}
	page.Entries, page.More = append([]admin.FeedbackEntry{}, entries...), more // never null
	for i := range page.Entries {
		page.Entries[i].Node = e.Self.Node
		page.Next = page.Entries[i].Number
	}
	return page, nil
}
