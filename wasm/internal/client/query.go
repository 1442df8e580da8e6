package client

import "tvilling/protocol"

// Query is what the user asks of the documents in the view: which of them, and in
// which order. It chooses among what is shown; it never asks for more.
type Query struct {
	Contract protocol.Contract // NoContract: all
	Provider string            // HSA-id of a care provider; empty: all
	Unit     string            // as unitOf calls it; empty: all
	From, To protocol.Civil    // days, as exact as they are given; zero: open
	Text     string            // as typed
	Group    Group
}

// Group is what the rows of the list are gathered by.
type Group uint8

// The groups. Within each, the newest document stands first.
const (
	GroupTime Group = iota
	GroupType
	GroupProvider
	GroupSeverity // of alerts, while the list is of them alone
)

// narrows reports whether the query leaves anything out.
func (q *Query) narrows() bool {
	return *q != Query{Group: q.Group}
}

// unitOf is what the unit of a document is called.
func unitOf(h *protocol.Header) string {
	if h.Unit != "" {
		return h.Unit
	}
	return h.CareUnit.Reveal()
}

// providerName is what a care provider is called: by the coverage table, else by its id.
func (s *State) providerName(id protocol.CareProviderID) string {
	return (&names{coverage: s.Me.Coverage}).provider(id.Reveal())
}

// within reports whether a time lies between two days, both included. A document
// whose time is less exact than a day counts where any of it may lie within.
func within(at, from, to protocol.Civil) bool {
	if from == 0 && to == 0 {
		return true
	}
	if at == 0 {
		return false
	}
	given := at.Digits()
	return upTo(given, from.Digits()) >= 0 && (to == 0 || upTo(given, to.Digits()) <= 0)
}
