package simulation

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/raft"
	"golang.org/x/mod/sumdb/tlog"

	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// check looks at everything that is promised at every step.
func (w *world) check() *fault {
	w.follow()
	w.screens()
	w.mu.Lock()
	acked, doubts := slices.Clone(w.acked), w.doubts
	w.doubts = nil
	w.mu.Unlock()
	for _, d := range doubts {
		w.ledger.fault(w.rests(d.who, d.disclosed))
	}
	for _, a := range acked {
		w.ledger.fault(kept(a, w.ledger.placesOf(a.intent), w.holders, w.quorum()))
	}
	for _, m := range w.up(false) {
		w.tree(m.id, m.proc.fsm)
	}
	return w.ledger.first()
}

// follow takes what was applied since the last step.
func (w *world) follow() {
	indexes, entries := w.ledger.take()
	for i, index := range indexes {
		entry, err := command.Decode(entries[i].data)
		if err != nil {
			continue // the ledger has said so
		}
		w.ledger.fault(w.security.add(index, entry.Commands, entries[i].results))
	}
}

// screens checks what every browser shows, and has shown.
func (w *world) screens() {
	now := time.Now()
	for _, b := range w.browsers {
		takes, patient, others := b.look(now)
		for _, one := range takes {
			w.ledger.fault(w.security.unblocked(one))
		}
		w.ledger.fault(gone(w.security.since(w.ring.Patient(patient)), now, others))
	}
}

// tree checks a node's tree of the access log: its root, and that it grew from one that
// was seen before.
func (w *world) tree(node string, fsm *raftfsm.FSM) {
	v, err := fsm.View()
	if err != nil {
		return // it has failed, and ends
	}
	defer v.Close()
	size, root, err := v.LogTree()
	if err != nil {
		w.ledger.fault(broken("tree", "%s: %v", node, err))
		return
	}
	w.ledger.root(node, size, root)
	older, had := w.ledger.rootUpTo(size, v.Index())
	if older == 0 || older == size {
		return
	}
	w.ledger.fault(grown(v.LogHashes(), older, size, had, root))
}

// grown is that a tree holds an older one.
func grown(r tlog.HashReader, older, size uint64, had, root [32]byte) *fault {
	proof, err := tlog.ProveTree(int64(size), int64(older), r)
	if err == nil {
		err = tlog.CheckTree(proof, int64(size), root, int64(older), had)
	}
	if err != nil {
		return broken("tree", "the tree of %d does not hold that of %d: %v", size, older, err)
	}
	return nil
}

// heal ends every fault and starts everybody.
func (w *world) heal() {
	for _, b := range w.browsers {
		b.hangUp()
	}
	w.net.Heal()
	w.resume()
	w.calm()
	for _, m := range w.members {
		m.disk.mend()
	}
	w.reap()
	w.startSome(0, 0)
}

// patience is how long a healed cluster may take for each thing.
const patience = 90 * time.Second

// lives checks that a healed cluster commits, that everybody catches up, and that
// leadership moves there and back.
func (w *world) lives() *fault {
	var r command.Result
	committed := w.until(patience, func() (ok bool) {
		w.reap()
		w.startSome(0, 0)
		leader := w.leader()
		if leader == nil {
			return false
		}
		var err error
		r, err = w.propose(leader.proc, command.KindCanary, command.Canary{Node: leader.id, Number: 1})
		return err == nil && r.Status == command.StatusDone
	})
	if !committed {
		return broken("liveness", "a healed cluster does not commit")
	}
	if !w.until(patience, func() bool { w.reap(); w.startSome(0, 0); return w.caughtUp(r.Index) }) {
		return broken("liveness", "not everybody has caught up with index %d", r.Index)
	}
	for _, to := range []string{"a1", "b1", "a1"} {
		if !w.until(patience, func() bool { return w.lead(to) }) {
			return broken("liveness", "leadership does not move to %s", to)
		}
	}
	return nil
}

func (w *world) caughtUp(index uint64) bool {
	for _, m := range w.members {
		if m.proc == nil || m.proc.fsm.AppliedIndex() < index {
			return false
		}
	}
	return true
}

func (w *world) lead(to string) bool {
	w.reap()
	w.startSome(0, 0)
	leader := w.leader()
	if leader == nil || leader.id == to {
		return leader != nil
	}
	ctx, cancel := context.WithTimeout(leader.proc.ctx, 5*time.Second)
	defer cancel()
	if err := leader.proc.cluster.Transfer(ctx, to); err != nil && strings.Contains(err.Error(), "an earlier one") {
		w.halt(leader) // it does not try twice while it leads: its process is started anew
	}
	return false
}

// everywhere checks at the end that every node has what was acknowledged, that its sums
// are right, and that a machine which is fed the same entries alone agrees.
func (w *world) everywhere() *fault {
	w.ledger.mu.Lock()
	last := slices.Max(slices.Collect(maps.Keys(w.ledger.entries)))
	w.ledger.mu.Unlock()
	if !w.until(patience, func() bool { return w.caughtUp(last) }) {
		return broken("liveness", "not everybody has caught up with index %d", last)
	}
	for _, m := range w.members {
		if err := m.proc.fsm.Verify(); err != nil {
			return broken("P7", "%s: %v", m.id, err)
		}
		for _, b := range w.browsers {
			if f := w.logged(m, w.ledger.accessesOf(b.who)); f != nil {
				return f
			}
		}
	}
	return w.again()
}

// logged is that a node's access log holds every access of which something was shown.
func (w *world) logged(m *member, all []access) *fault {
	v, err := m.proc.fsm.View()
	if err != nil {
		return broken("P4", "%s: %v", m.id, err)
	}
	defer v.Close()
	ids := map[[16]byte]bool{}
	for after := uint64(0); after < v.LogLength(); after += raftfsm.MaxLogPage {
		for _, one := range v.Log(after, raftfsm.MaxLogPage) {
			ids[one.ID] = true
		}
	}
	for _, a := range all {
		w.mu.Lock()
		used := w.used[a.id]
		w.mu.Unlock()
		if used && !ids[a.id] {
			return broken("P4", "%s lacks an access entry of index %d", m.id, a.at.index)
		}
	}
	return nil
}

// again feeds the entries, one by one, to a state machine that has no log, and compares
// its state with that of every node at every index.
func (w *world) again() *fault {
	fsm, err := raftfsm.Open(filepath.Join(w.dir, "again"), raftfsm.Options{BootID: "again", InitialMmapBytes: mmapBytes})
	if err != nil {
		return broken("world", "%v", err)
	}
	defer func() {
		if v, err := fsm.View(); err == nil {
			defer v.Close()
		}
		_ = fsm.Close()
	}()
	w.ledger.mu.Lock()
	entries, hashes := w.ledger.entries, w.ledger.hashes
	w.ledger.mu.Unlock()
	indexes := make([]uint64, 0, len(entries))
	for index := range entries {
		indexes = append(indexes, index)
	}
	slices.Sort(indexes)
	for _, index := range indexes {
		e := entries[index]
		fsm.Apply(&raft.Log{Index: index, Term: e.term, Type: raft.LogCommand, Data: e.data})
		_, hash := fsm.StateHash()
		if had, ok := hashes[index]; ok && had != hash {
			return broken("P7", "index %d: a machine that is fed alone has another state", index)
		}
	}
	return nil
}
