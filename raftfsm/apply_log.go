package raftfsm

import (
	"encoding/binary"

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

// CheckpointAt is a signed statement of the access log's tree.
type CheckpointAt struct {
	Size uint64
	Note []byte
}

// Checkpoint returns the newest signed statement of the log's tree. Not ok: there is
// none yet.
func (v *View) Checkpoint() (size uint64, note []byte, ok bool) {
	key := v.reader.LastKey(store.Checkpoints)
	if key == nil {
		return 0, nil, false
	}
	return toNumber(key), v.reader.Get(store.Checkpoints, key), true
}

// Checkpoints returns the kept statements of trees larger than after, in ascending
// order, no more than limit. The latest MaxCheckpoints are kept.
func (v *View) Checkpoints(after uint64, limit int) []CheckpointAt {
	var all []CheckpointAt
	limit = min(limit, MaxCheckpoints)
	if limit <= 0 || after+1 == 0 {
		return nil
	}
	v.reader.ScanFrom(store.Checkpoints, number(after+1), func(k, note []byte) bool {
		all = append(all, CheckpointAt{Size: toNumber(k), Note: note})
		return len(all) < limit
	})
	return all
}

// ExportState is how far the national log has the access log. Zero: nothing of it.
type ExportState struct {
	Through uint64 // the number of the latest entry that was sent
	At      int64  // when that was answered, milliseconds since 1970 UTC
	Refused uint64 // how many entries the national log has refused
}

func (e ExportState) encode() []byte {
	b := make([]byte, 0, 24)
	b = binary.BigEndian.AppendUint64(b, e.Through)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At))
	return binary.BigEndian.AppendUint64(b, e.Refused)
}

func decodeExport(b []byte) (e ExportState) {
	if b == nil {
		return e
	}
	return ExportState{
		Through: binary.BigEndian.Uint64(b), At: int64(binary.BigEndian.Uint64(b[8:])), Refused: binary.BigEndian.Uint64(b[16:]),
	}
}

// Export returns how far the national log has the access log.
func (v *View) Export() ExportState { return decodeExport(v.reader.Get(store.Cluster, exportKey)) }

// ExportRefused returns the numbers after one of entries that the national log refused,
// in ascending order, no more than limit or MaxLogPage.
func (v *View) ExportRefused(after uint64, limit int) []uint64 {
	var all []uint64
	limit = min(limit, MaxLogPage)
	if limit <= 0 || after+1 == 0 {
		return nil
	}
	v.reader.ScanFrom(store.Refused, number(after+1), func(k, _ []byte) bool {
		all = append(all, toNumber(k))
		return len(all) < limit
	})
	return all
}

// Coverage returns the table of which care provider shows which information since when,
// in the order of care provider, contract and time.
func (v *View) Coverage() []command.Coverage {
	var all []command.Coverage
	v.reader.ScanFrom(store.Coverage, nil, func(k, value []byte) bool {
		all = append(all, decodeCoverage(k, value))
		return true
	})
	return all
}
