package raftfsm

import (
	"encoding/binary"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// Logged is an entry of the access log.
type Logged struct {
	Sequence   uint64 // 1 and up, without gaps
	Index      uint64 // of the log entry that added it
	ID         [16]byte
	Subject    command.Subject
	Commitment [32]byte // to the entry in the clear
	Sealed     []byte
}

// Log returns the access log after a number, no more than limit or MaxLogPage entries.
func (v *View) Log(after uint64, limit int) []Logged {
	limit = min(limit, MaxLogPage)
	var all []Logged
	if limit <= 0 || after+1 == 0 {
		return nil
	}
	v.reader.ScanFrom(store.Log, number(after+1), func(k, value []byte) bool {
		all = append(all, decodeLogged(toNumber(k), value))
		return len(all) < limit
	})
	return all
}

// LogOf returns the access log's entries about a subject after a number, no more than
// limit or MaxLogPage.
func (v *View) LogOf(s command.Subject, after uint64, limit int) []Logged {
	limit = min(limit, MaxLogPage)
	var all []Logged
	if limit <= 0 || after+1 == 0 {
		return nil
	}
	v.reader.ScanFrom(store.LogSubjects, joined(s[:], number(after+1)), func(k, _ []byte) bool {
		if command.Subject(k[:16]) != s {
			return false
		}
		sequence := k[16:]
		all = append(all, decodeLogged(toNumber(sequence), v.reader.Get(store.Log, sequence)))
		return len(all) < limit
	})
	return all
}

// LogLength returns the number of the access log's latest entry.
func (v *View) LogLength() uint64 { return toNumber(v.reader.LastKey(store.Log)) }

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
