package simulation

import (
	"io"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// machine is a process's state machine, whose every step the ledger notes.
type machine struct {
	*raftfsm.FSM
	node   string
	ledger *ledger
	defect defect
	dead   atomic.Bool // the process has ended
}

// Apply implements raft.FSM.
func (m *machine) Apply(log *raft.Log) any { return m.ApplyBatch([]*raft.Log{log})[0] }

// ApplyBatch implements raft.BatchingFSM.
func (m *machine) ApplyBatch(logs []*raft.Log) []any {
	if m.dead.Load() {
		answers := make([]any, len(logs))
		for i := range answers {
			answers[i] = errGone
		}
		return answers
	}
	answers := m.FSM.ApplyBatch(m.fed(logs))
	m.ledger.applied(m.node, logs, answers)
	if m.Err() == nil {
		index, hash := m.StateHash()
		m.ledger.stands(m.node, index, hash)
	}
	return answers
}

// Restore implements raft.FSM.
func (m *machine) Restore(in io.ReadCloser) error {
	if m.dead.Load() {
		return errGone
	}
	if err := m.FSM.Restore(in); err != nil {
		return err
	}
	index, hash := m.StateHash()
	m.ledger.stands(m.node, index, hash)
	return nil
}

// fed is what the state machine gets: the entries, unless there is a defect.
func (m *machine) fed(logs []*raft.Log) []*raft.Log {
	switch {
	case m.defect == reorders && m.node == "b1" && len(logs) > 1:
		return swapped(logs)
	case m.defect == letsStaleThrough:
		return rewritten(logs, func(index uint64, c *command.Command) {
			if body, ok := c.Body.(command.RecordAccess); ok {
				body.DecidedAt = index - 1
				c.Body = body
			}
		})
	case m.defect == forgetsBlocks:
		return rewritten(logs, func(_ uint64, c *command.Command) {
			if body, ok := c.Body.(command.FeedPage); ok && c.Kind == command.KindBlockPage {
				body.Upserts = nil
				c.Body = body
			}
		})
	}
	return logs
}

// swapped exchanges what two neighbours say.
func swapped(logs []*raft.Log) []*raft.Log {
	out := append([]*raft.Log{}, logs...)
	a, b := *logs[0], *logs[1]
	if a.Type == raft.LogCommand && b.Type == raft.LogCommand {
		a.Data, b.Data = b.Data, a.Data
		out[0], out[1] = &a, &b
	}
	return out
}

// rewritten changes every command.
func rewritten(logs []*raft.Log, change func(index uint64, c *command.Command)) []*raft.Log {
	out := append([]*raft.Log{}, logs...)
	for i, log := range logs {
		entry, err := command.Decode(log.Data)
		if log.Type != raft.LogCommand || err != nil {
			continue
		}
		for j := range entry.Commands {
			change(log.Index, &entry.Commands[j])
		}
		one := *log
		if one.Data, err = command.Encode(entry); err == nil {
			out[i] = &one
		}
	}
	return out
}
