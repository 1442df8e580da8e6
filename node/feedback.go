package node

import (
	"tvilling/node/internal/feedback"
	"tvilling/protocol/admin"
)

// written is what users wrote at this node, as operators read it.
type written struct{ book *feedback.Book }

// After implements the operator endpoint's Feedback.
func (w written) After(number uint64, limit int) ([]admin.FeedbackEntry, bool, error) {
	kept, more, err := w.book.After(number, limit)
	all := make([]admin.FeedbackEntry, len(kept))
	for i, e := range kept {
		all[i] = admin.FeedbackEntry{Number: e.Number, ID: e.ID, Hour: e.Hour, Version: e.Version, Page: e.Page, Grade: e.Grade, Text: e.Text}
	}
	return all, more, err
}
