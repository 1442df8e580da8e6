package raftfsm

import (
	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// intents remembers what the latest intents were answered. The store keeps them by
// entry, in the order of the log; in memory they are found by intent. A command costs
// no write of its own that way, only a share of its entry's.
type intents struct {
	results map[command.Intent]command.Result
	entry   []byte // those of the entry that is being applied
	limit   int
}

// loadIntents reads what the store remembers.
func loadIntents(r *store.Reader) *intents {
	n := &intents{results: make(map[command.Intent]command.Result), limit: MaxIntents}
	r.ScanFrom(store.Intents, nil, func(_, value []byte) bool {
		eachResult(value, func(i command.Intent, result command.Result) { n.results[i] = result })
		return true
	})
	return n
}

// get returns the first result of an intent that was seen before.
func (n *intents) get(i command.Intent) (command.Result, bool) {
	r, ok := n.results[i]
	r.Repeated = ok
	return r, ok
}

// add remembers a result, unless the intent is none.
func (n *intents) add(i command.Intent, r command.Result) {
	if i == (command.Intent{}) {
		return
	}
	r.Repeated = false
	n.results[i] = r
	n.entry = appendResult(n.entry, i, r)
}

// keep writes down what add remembered in the entry at index, and forgets the oldest
// entries' intents beyond the limit.
func (n *intents) keep(tx *store.Tx, index uint64) error {
	if len(n.entry) > 0 {
		if err := tx.Replace(store.Intents, number(index), nil, n.entry); err != nil {
			return err
		}
		n.entry = nil
	}
	for len(n.results) > n.limit {
		var oldest, value []byte
		tx.ScanFrom(store.Intents, nil, func(k, v []byte) bool {
			oldest, value = append([]byte(nil), k...), v
			return false
		})
		eachResult(value, func(i command.Intent, _ command.Result) { delete(n.results, i) })
		if _, err := tx.Delete(store.Intents, oldest); err != nil {
			return err
		}
	}
	return nil
}

// again answers an entry that was applied already. What is forgotten is answered with
// no status: nobody waits for it any more.
func (n *intents) again(e command.Entry) []command.Result {
	results := make([]command.Result, len(e.Commands))
	for i := range e.Commands {
		results[i], _ = n.get(e.Commands[i].Intent)
	}
	return results
}
