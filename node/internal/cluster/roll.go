package cluster

import (
	"fmt"
	"sync"

	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
)

// roll is who votes, by what is committed and applied here. What raft goes by may not
// be committed yet, and be taken back with the leader that wrote it.
type roll struct {
	mu      sync.Mutex
	applied uint64 // up to where it has been called
	index   uint64 // of the newest configuration there; 0: none
	servers []raft.Server
}

// note calls the roll up to the end of what is applied.
func (r *roll) note(logs []*raft.Log) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, log := range logs {
		if log.Index <= r.applied {
			continue // it was called from a later snapshot meanwhile
		}
		r.applied = log.Index
		if log.Type == raft.LogConfiguration {
			r.index, r.servers = log.Index, raft.DecodeConfiguration(log.Data).Servers
		}
	}
}

// restored calls it from a snapshot, which holds nothing but what is committed.
func (r *roll) restored(snapshot *raft.SnapshotMeta) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if snapshot.Index <= r.applied {
		return
	}
	r.applied = snapshot.Index
	r.index, r.servers = snapshot.ConfigurationIndex, snapshot.Configuration.Servers
}

// suffrage tells whether a member votes at an index or later; known: so much was applied.
func (r *roll) suffrage(id string, since uint64) (s raft.ServerSuffrage, in, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, server := range r.servers {
		if string(server.ID) == id {
			s, in = server.Suffrage, true
		}
	}
	return s, in, r.applied >= since
}

// mark commits something of this node's own. What stands after it in the log was written
// since this node was started: what a former life of this member was given and lost with
// its log stands before it, and may only now be on its way here.
func (c *Cluster) mark() (uint64, error) {
	results, err := c.Propose(c.ctx, command.Command{Kind: command.KindCanary, Body: command.Canary{Node: c.cfg.Self}})
	if err == nil && len(results) != 1 {
		err = fmt.Errorf("%w: %d answers to one command", ErrUnknown, len(results))
	}
	if err != nil {
		return 0, err
	}
	return results[0].Index, nil
}
