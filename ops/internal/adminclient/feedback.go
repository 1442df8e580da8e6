package adminclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"tvilling/protocol/admin"
)

// maxFeedbackPages bounds how often one node is asked: a node keeps no more.
const maxFeedbackPages = 50

// Feedback is what users wrote, of the nodes that were asked.
type Feedback struct {
	Entries []admin.FeedbackEntry `json:"entries"`
	Missing []string              `json:"missing,omitempty"` // data nodes that did not answer: what was written there is not in it
}

// Feedback reads what users wrote at one node, or, where none is named, at every data
// node, since each keeps its own. Nodes that do not answer are not an error while one does.
func (c *Client) Feedback(ctx context.Context, node string) (Feedback, error) {
	all := Feedback{Entries: []admin.FeedbackEntry{}}
	nodes := []string{node}
	if node == "" {
		nodes = nil
		for _, m := range c.topology.Members {
			if m.Role == admin.RoleData {
				nodes = append(nodes, m.ID)
			}
		}
	}
	var faults []error
	for _, id := range nodes {
		entries, err := c.feedbackOf(ctx, id)
		if err != nil {
			all.Missing = append(all.Missing, id)
			faults = append(faults, err)
			continue
		}
		all.Entries = append(all.Entries, entries...)
	}
	if len(faults) == len(nodes) {
		return all, errors.Join(faults...)
	}
	slices.SortStableFunc(all.Entries, func(a, b admin.FeedbackEntry) int { return cmp.Compare(a.Hour, b.Hour) })
	return all, nil
}

func (c *Client) feedbackOf(ctx context.Context, node string) (all []admin.FeedbackEntry, err error) {
	after := uint64(0)
	for range maxFeedbackPages {
		query := url.Values{"after": {strconv.FormatUint(after, 10)}}
		page, err := ofOne[admin.Feedback](ctx, c, node, askTimeout, http.MethodGet, admin.PathFeedback+"?"+query.Encode(), nil)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Entries...)
		switch {
		case !page.More:
			return all, nil
		case page.Next <= after:
			return nil, fmt.Errorf("%w: feedback that does not end", ErrAnswer)
		}
		after = page.Next
	}
	return nil, fmt.Errorf("%w: feedback that does not end", ErrAnswer)
}
