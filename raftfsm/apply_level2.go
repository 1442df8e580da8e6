package raftfsm

import (
	"encoding/binary"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// Where in store.Cluster the newest verified backup stands, and the announcements
// behind their ids. They are words of a bucket that has always been there: a file or a
// snapshot that was written before this level was active has the same form.
var (
	backupKey      = []byte("backup")
	announcePrefix = []byte("announcement/")
)

// noteBackup keeps the newest verified backup, if it can be one of this log.
func (m *machine) noteBackup(body command.NoteBackup) (command.Result, error) {
	if body.Index > m.index || body.LogSize > m.sequence {
		return answer(command.StatusRefused), nil
	}
	root, err := hashes{m.tx}.root(body.LogSize)
	if err != nil {
		return command.Result{}, err
	}
	if root != body.LogRoot {
		return answer(command.StatusRefused), nil
	}
	stored := m.tx.Get(store.Cluster, backupKey)
	if stored != nil {
		old := decodeBackup(stored)
		if old == body || old.Taken > body.Taken || old.Taken == body.Taken && old.Verified > body.Verified {
			return command.Result{Status: command.StatusDone, Unchanged: 1}, nil
		}
	}
	return command.Result{Status: command.StatusDone, Changed: 1},
		m.tx.Replace(store.Cluster, backupKey, stored, backupValue(&body))
}

// announce tells or withdraws, after what is over was forgotten. That is told of under
// no subject: it is about nobody's records.
func (m *machine) announce(body command.Announce) (command.Result, error) {
	change := Change{Kind: command.KindAnnounce}
	result := answer(command.StatusDone)
	standing, err := m.forgetAnnouncements(&change)
	if err != nil {
		return result, err
	}
	key := joined(announcePrefix, body.ID[:])
	stored := m.tx.Get(store.Cluster, key)
	switch value := announceValue(&body); {
	case body.Withdrawn && stored == nil, stored != nil && string(stored) == string(value):
		result.Unchanged = 1
	case body.Withdrawn:
		if _, err := m.tx.Delete(store.Cluster, key); err != nil {
			return result, err
		}
		result.Removed, change.Removed = 1, append(change.Removed, body.ID)
	case m.over(body.Until) || stored == nil && standing >= command.MaxAnnouncements:
		result.Status = command.StatusRefused
	default:
		if err := m.tx.Replace(store.Cluster, key, stored, value); err != nil {
			return result, err
		}
		result.Changed, change.Upserted = 1, append(change.Upserted, body.ID)
	}
	m.change(change)
	return result, nil
}

// over reports whether a time has passed, by the stamp of the entry that is applied.
func (m *machine) over(until int64) bool { return until != 0 && until <= m.stamp }

// forgetAnnouncements removes those whose time is over and returns how many are left.
func (m *machine) forgetAnnouncements(change *Change) (left int, err error) {
	for _, key := range m.keys(store.Cluster, announcePrefix) {
		a := decodeAnnounce(key, m.tx.Get(store.Cluster, key))
		if !m.over(a.Until) {
			left++
			continue
		}
		if _, err := m.tx.Delete(store.Cluster, key); err != nil {
			return left, err
		}
		change.Removed = append(change.Removed, a.ID)
	}
	return left, nil
}

func backupValue(b *command.NoteBackup) []byte {
	v := binary.BigEndian.AppendUint32(nil, b.Generation)
	for _, n := range [...]uint64{b.Index, b.Term, b.LogSize, uint64(b.Taken), uint64(b.Verified), uint64(b.Bytes)} {
		v = binary.BigEndian.AppendUint64(v, n)
	}
	v = append(v, b.StateHash[:]...)
	v = append(v, b.LogRoot[:]...)
	return append(v, b.Node...)
}

func decodeBackup(v []byte) command.NoteBackup {
	at := func(n int) uint64 { return binary.BigEndian.Uint64(v[4+8*n:]) }
	const fixed = 4 + 6*8
	return command.NoteBackup{
		Generation: binary.BigEndian.Uint32(v), Index: at(0), Term: at(1), LogSize: at(2),
		Taken: int64(at(3)), Verified: int64(at(4)), Bytes: int64(at(5)),
		StateHash: [32]byte(v[fixed:]), LogRoot: [32]byte(v[fixed+32:]), Node: string(v[fixed+64:]),
	}
}

func announceValue(a *command.Announce) []byte {
	v := binary.BigEndian.AppendUint64([]byte{byte(a.Kind)}, uint64(a.From))
	v = binary.BigEndian.AppendUint64(v, uint64(a.Until))
	v = binary.BigEndian.AppendUint16(v, uint16(len(a.Swedish))) // longer than a short text
	return append(append(v, a.Swedish...), a.English...)
}

func decodeAnnounce(key, v []byte) command.Announce {
	const fixed = 1 + 8 + 8 + 2
	swedish := fixed + int(binary.BigEndian.Uint16(v[17:]))
	return command.Announce{
		ID: [16]byte(key[len(announcePrefix):]), Kind: command.AnnounceKind(v[0]),
		From: int64(binary.BigEndian.Uint64(v[1:])), Until: int64(binary.BigEndian.Uint64(v[9:])),
		Swedish: string(v[fixed:swedish]), English: string(v[swedish:]),
	}
}

// Backup returns the newest backup that was restored and found true. Not ok: there is
// none.
func (v *View) Backup() (b command.NoteBackup, ok bool) {
	value := v.reader.Get(store.Cluster, backupKey)
	if value == nil {
		return b, false
	}
	return decodeBackup(value), true
}

// Announcements returns what the operation tells, in the order of ids. The time of some
// may be over: they are forgotten when the next comes.
func (v *View) Announcements() []command.Announce {
	var all []command.Announce
	v.reader.Scan(store.Cluster, announcePrefix, func(k, value []byte) bool {
		all = append(all, decodeAnnounce(k, value))
		return true
	})
	return all
}
