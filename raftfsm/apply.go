package raftfsm

import (
	"encoding/binary"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// firstLevel is active before any level was activated.
const firstLevel = 1

var levelKey = []byte("level")

type getter interface {
	Get(b store.Bucket, key []byte) []byte
}

func levelOf(r getter) uint16 {
	if b := r.Get(store.Cluster, levelKey); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return firstLevel
}

// machine applies the commands of a batch within one transaction. An error of any of
// its methods is the store's and ends the batch; what the state does not allow is a
// result.
type machine struct {
	tx       *store.Tx
	intents  *intents
	index    uint64 // of the entry that is being applied
	stamp    int64  // its proposer's clock: the only one there is
	level    uint16
	sequence uint64 // the access log's latest number
	changes  []Change
	plain    bool // the log has no tree: what the tree costs is measured against it
}

func newMachine(tx *store.Tx, remembered *intents) *machine {
	m := &machine{tx: tx, intents: remembered, level: levelOf(tx)}
	if last := tx.LastKey(store.Log); last != nil {
		m.sequence = binary.BigEndian.Uint64(last)
	}
	return m
}

// entry applies the commands of one entry, in order.
func (m *machine) entry(index uint64, e command.Entry) ([]command.Result, error) {
	m.index, m.stamp = index, e.Stamp
	results := make([]command.Result, len(e.Commands))
	for i := range e.Commands {
		var err error
		if results[i], err = m.once(e.Commands[i]); err != nil {
			return nil, err
		}
	}
	return results, m.intents.keep(m.tx, index)
}

// once applies a command, unless its intent was seen before.
func (m *machine) once(c command.Command) (command.Result, error) {
	if r, seen := m.intents.get(c.Intent); seen {
		return r, nil
	}
	r, err := m.apply(c)
	if err != nil {
		return command.Result{}, err
	}
	if !r.Repeated {
		r.Index = m.index
	}
	m.intents.add(c.Intent, r)
	return r, nil
}

func answer(s command.Status) command.Result { return command.Result{Status: s} }

func (m *machine) apply(c command.Command) (command.Result, error) {
	if command.Check(c) != nil {
		return answer(command.StatusInvalid), nil
	}
	if c.Kind.Level() > m.level {
		return answer(command.StatusRefused), nil
	}
	switch body := c.Body.(type) {
	case command.PutSnapshot:
		return m.putSnapshot(body)
	case command.DropSource:
		return m.dropSource(body)
	case command.ErasePatient:
		return m.erasePatient(body)
	case command.FeedPage:
		return m.feedPage(c.Kind, body)
	case command.RegisterConsent:
		return m.registerConsent(c.Kind, body)
	case command.EndConsent:
		return m.endConsent(body)
	case command.RecordAccess:
		return m.recordAccess(body)
	case command.RecordEvent:
		return m.recordEvent(body)
	case command.Activate:
		return m.activate(body)
	case command.RegisterSource:
		return m.registerSource(body)
	case command.Checkpoint:
		return m.checkpoint(body)
	case command.ExportAck:
		return m.exportAck(body)
	case command.PutCoverage:
		return m.putCoverage(body)
	case command.NoteBackup:
		return m.noteBackup(body)
	case command.Announce:
		return m.announce(body)
	default: // Canary: that it was committed is all it says
		return answer(command.StatusDone), nil
	}
}

func (m *machine) activate(body command.Activate) (command.Result, error) {
	switch {
	case body.Level < m.level:
		return answer(command.StatusRefused), nil
	case body.Level == m.level:
		return command.Result{Status: command.StatusDone, Unchanged: 1}, nil
	}
	m.level = body.Level
	err := m.tx.Put(store.Cluster, levelKey, binary.BigEndian.AppendUint16(nil, body.Level))
	return command.Result{Status: command.StatusDone, Changed: 1}, err
}

func (m *machine) registerSource(body command.RegisterSource) (command.Result, error) {
	id, value := []byte(body.Source), sourceValue(&body)
	if old := m.tx.Get(store.Sources, id); old != nil && string(old) == string(value) {
		return command.Result{Status: command.StatusDone, Unchanged: 1}, nil
	}
	return command.Result{Status: command.StatusDone, Changed: 1}, m.tx.Put(store.Sources, id, value)
}

// change tells the Feed, if there is something to tell.
func (m *machine) change(c Change) {
	if len(c.Upserted) > 0 || len(c.Removed) > 0 {
		c.Index = m.index
		m.changes = append(m.changes, c)
	}
}

// keys copies the keys under a prefix: a scan must not be under way while one writes.
func (m *machine) keys(b store.Bucket, prefix []byte) [][]byte {
	var all [][]byte
	m.tx.Scan(b, prefix, func(k, _ []byte) bool {
		all = append(all, append([]byte(nil), k...))
		return true
	})
	return all
}
