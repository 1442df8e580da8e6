package raftfsm

import (
	"bytes"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// putSnapshot replaces a set. Documents that are equal are not written, so that a
// source which sends the same answer again changes nothing that anybody would hear of.
func (m *machine) putSnapshot(p command.PutSnapshot) (command.Result, error) {
	if !m.mayWrite(&p) {
		return answer(command.StatusRefused), nil
	}
	key := setKey(p.Subject, p.Contract, p.Source)
	stored := m.tx.Get(store.Sets, key)
	set := decodeSet(stored)
	set.index = m.index
	if p.Failed {
		set.failure = max(set.failure, p.At)
		return answer(command.StatusDone), m.tx.Replace(store.Sets, key, stored, set.encode())
	}
	if p.Complete && m.lacksKept(&p) {
		return answer(command.StatusStale), nil
	}
	result := answer(command.StatusDone)
	change := Change{Kind: command.KindPutSnapshot, Subject: p.Subject, Contract: p.Contract}
	for i := range p.Documents {
		changed, added, err := m.putDocument(&p, &p.Documents[i])
		if err != nil {
			return result, err
		}
		if added {
			set.count++
		}
		if !changed {
			result.Unchanged++
			continue
		}
		result.Changed++
		change.Upserted = append(change.Upserted, p.Documents[i].Key)
	}
	if p.Complete {
		set.success = max(set.success, p.At)
		for _, document := range m.notKept(&p) {
			if err := m.deleteDocument(p.Subject, p.Contract, document); err != nil {
				return result, err
			}
			change.Removed = append(change.Removed, document)
		}
		result.Removed = uint32(len(change.Removed))
		set.count -= result.Removed
	}
	m.change(change)
	return result, m.tx.Replace(store.Sets, key, stored, set.encode())
}

// lacksKept reports whether a document that a complete answer keeps, and that came in
// an earlier part, is no longer there: another writer of the set came between and its
// answer did not name it. To go on would lose the document without anybody knowing.
func (m *machine) lacksKept(p *command.PutSnapshot) bool {
	here := make(map[[16]byte]struct{}, len(p.Documents)) // only asked, never ranged over
	for i := range p.Documents {
		here[p.Documents[i].Key] = struct{}{}
	}
	for _, key := range p.Keep {
		if _, ok := here[key]; !ok && m.tx.Get(store.Headers, headerKey(p.Subject, p.Contract, key)) == nil {
			return true
		}
	}
	return false
}

// mayWrite reports whether the source is registered for the contract, and every
// document that is there already is its own.
func (m *machine) mayWrite(p *command.PutSnapshot) bool {
	b := m.tx.Get(store.Sources, []byte(p.Source))
	if b == nil {
		return false
	}
	source := decodeSource(p.Source, b)
	if source.Withdrawn || !bytes.Contains(source.Contracts, []byte{p.Contract}) {
		return false
	}
	for i := range p.Documents {
		key := p.Documents[i].Key
		if b := m.tx.Get(store.Headers, headerKey(p.Subject, p.Contract, key)); b != nil {
			if old := decodeDocument(b); string(old.source) != p.Source {
				return false
			}
		} else if m.tx.Get(store.Bodies, joined(p.Subject[:], key[:])) != nil {
			return false // it is of another contract
		}
	}
	return true
}

func (m *machine) putDocument(p *command.PutSnapshot, d *command.SealedDocument) (changed, added bool, err error) {
	key, value := headerKey(p.Subject, p.Contract, d.Key), documentOf(d, p.Source, m.index)
	stored := m.tx.Get(store.Headers, key)
	if stored != nil {
		if old := decodeDocument(stored); old.same(&value) {
			return false, false, nil
		}
	}
	if err := m.tx.Replace(store.Headers, key, stored, value.encode()); err != nil {
		return false, false, err
	}
	place, body := joined(p.Subject[:], d.Key[:]), joined([]byte{p.Contract}, d.Body)
	if stored == nil { // and no body: mayWrite has looked
		return true, true, m.tx.Replace(store.Bodies, place, nil, body)
	}
	return true, false, m.tx.Put(store.Bodies, place, body)
}

func (m *machine) deleteDocument(s command.Subject, contract uint8, key [16]byte) error {
	if _, err := m.tx.Delete(store.Headers, headerKey(s, contract, key)); err != nil {
		return err
	}
	_, err := m.tx.Delete(store.Bodies, joined(s[:], key[:]))
	return err
}

// notKept returns the documents of the set that a complete answer does not name.
func (m *machine) notKept(p *command.PutSnapshot) [][16]byte {
	kept := make(map[[16]byte]struct{}, len(p.Keep)+len(p.Documents)) // only asked, never ranged over
	for _, key := range p.Keep {
		kept[key] = struct{}{}
	}
	for i := range p.Documents {
		kept[p.Documents[i].Key] = struct{}{}
	}
	var gone [][16]byte
	for _, key := range m.documentsOf(p.Subject, p.Contract, p.Source) {
		if _, ok := kept[key]; !ok {
			gone = append(gone, key)
		}
	}
	return gone
}

// documentsOf returns the keys of a set, in order.
func (m *machine) documentsOf(s command.Subject, contract uint8, source string) [][16]byte {
	var all [][16]byte
	prefix := joined(s[:], []byte{contract})
	m.tx.Scan(store.Headers, prefix, func(k, v []byte) bool {
		if d := decodeDocument(v); string(d.source) == source {
			all = append(all, [16]byte(k[len(prefix):]))
		}
		return true
	})
	return all
}

// dropSource removes a source's documents, sets and registration. It goes through all
// sets: it is a rare act of an operator, and an index by source would cost every put.
func (m *machine) dropSource(p command.DropSource) (command.Result, error) {
	var sets [][]byte
	m.tx.ScanFrom(store.Sets, nil, func(k, _ []byte) bool {
		if string(k[17:]) == p.Source {
			sets = append(sets, append([]byte(nil), k...))
		}
		return true
	})
	result := answer(command.StatusDone)
	for _, key := range sets {
		subject, contract := command.Subject(key[:16]), key[16]
		documents := m.documentsOf(subject, contract, p.Source)
		for _, document := range documents {
			if err := m.deleteDocument(subject, contract, document); err != nil {
				return result, err
			}
		}
		if _, err := m.tx.Delete(store.Sets, key); err != nil {
			return result, err
		}
		result.Removed += uint32(len(documents))
		m.change(Change{Kind: command.KindDropSource, Subject: subject, Contract: contract, Removed: documents})
	}
	_, err := m.tx.Delete(store.Sources, []byte(p.Source))
	return result, err
}

// erasePatient removes everything about a subject but the access log, which the law
// wants kept, and the revision, which says that something changed.
func (m *machine) erasePatient(p command.ErasePatient) (command.Result, error) {
	result := answer(command.StatusDone)
	change := Change{Kind: command.KindErasePatient, Subject: p.Subject}
	for _, key := range m.keys(store.Headers, p.Subject[:]) {
		change.Removed = append(change.Removed, [16]byte(key[17:]))
	}
	var rows uint32
	for _, b := range [...]store.Bucket{
		store.Headers, store.Bodies, store.Sets, store.Blocks, store.Consents, store.Relations, store.Commissions, store.Persons,
	} {
		for _, key := range m.keys(b, p.Subject[:]) {
			if _, err := m.tx.Delete(b, key); err != nil {
				return result, err
			}
			if b >= store.Blocks && b <= store.Commissions || b == store.Persons {
				change.Removed = append(change.Removed, [16]byte(key[16:]))
				rows++
			}
		}
	}
	result.Removed = uint32(len(change.Removed))
	m.change(change)
	if rows == 0 {
		return result, nil
	}
	return result, m.revise(p.Subject)
}
