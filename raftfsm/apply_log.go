package raftfsm

import (
	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// exportKey is where in store.Cluster it stands how far the export has come.
var exportKey = []byte("export")

// checkpoint keeps a signed statement of the log's tree, if it is true and none of a
// larger tree is kept. One of the same size takes the place of the former: it has
// gathered more signatures, or has others. The signatures are for those to check who
// have the keys.
func (m *machine) checkpoint(body command.Checkpoint) (command.Result, error) {
	if body.Size > m.sequence || body.Size < toNumber(m.tx.LastKey(store.Checkpoints)) {
		return answer(command.StatusRefused), nil
	}
	root, err := hashes{m.tx}.root(body.Size)
	if err != nil {
		return command.Result{}, err
	}
	if root != body.Root {
		return answer(command.StatusRefused), nil
	}
	key := number(body.Size)
	old := m.tx.Get(store.Checkpoints, key)
	if old != nil && string(old) == string(body.Note) {
		return command.Result{Status: command.StatusDone, Unchanged: 1}, nil
	}
	result := command.Result{Status: command.StatusDone, Changed: 1}
	if err := m.tx.Replace(store.Checkpoints, key, old, body.Note); err != nil {
		return result, err
	}
	kept := m.keys(store.Checkpoints, nil)
	for _, oldest := range kept[:max(len(kept)-MaxCheckpoints, 0)] {
		if _, err := m.tx.Delete(store.Checkpoints, oldest); err != nil {
			return result, err
		}
		result.Removed++
	}
	return result, nil
}

// exportAck notes how far the national log has the access log. What it refused is
// remembered for good: somebody has to see to it.
func (m *machine) exportAck(body command.ExportAck) (command.Result, error) {
	stored := m.tx.Get(store.Cluster, exportKey)
	state := decodeExport(stored)
	switch {
	case body.Through > m.sequence:
		return answer(command.StatusRefused), nil
	case body.Through <= state.Through:
		return command.Result{Status: command.StatusDone, Unchanged: 1}, nil
	case len(body.Refused) > 0 && body.Refused[0] <= state.Through:
		return answer(command.StatusRefused), nil
	}
	result := command.Result{Status: command.StatusDone, Changed: 1}
	for _, n := range body.Refused { // none was there: they grow
		if err := m.tx.Replace(store.Refused, number(n), nil, nil); err != nil {
			return result, err
		}
	}
	state.Through, state.At = body.Through, body.At
	state.Refused += uint64(len(body.Refused))
	return result, m.tx.Replace(store.Cluster, exportKey, stored, state.encode())
}

// putCoverage replaces the table. Rows that are equal are not written.
func (m *machine) putCoverage(body command.PutCoverage) (command.Result, error) {
	result := answer(command.StatusDone)
	kept := make(map[string]struct{}, len(body.Rows)) // only asked, never ranged over
	for i := range body.Rows {
		key, value := coverageKey(&body.Rows[i]), coverageValue(&body.Rows[i])
		kept[string(key)] = struct{}{}
		old := m.tx.Get(store.Coverage, key)
		if old != nil && string(old) == string(value) {
			result.Unchanged++
			continue
		}
		result.Changed++
		if err := m.tx.Replace(store.Coverage, key, old, value); err != nil {
			return result, err
		}
	}
	for _, key := range m.keys(store.Coverage, nil) {
		if _, ok := kept[string(key)]; ok {
			continue
		}
		if _, err := m.tx.Delete(store.Coverage, key); err != nil {
			return result, err
		}
		result.Removed++
	}
	return result, nil
}
