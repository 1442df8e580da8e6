package cluster

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// status is what a node tells of itself to the others.
type status struct {
	admin.Member
	LastIndex     uint64 `json:"last_index"`        // of its log
	Joining       string `json:"joining,omitempty"` // how it waits to be taken in
	SnapshotBytes uint64 `json:"snapshot_bytes"`    // written and read since the start
	Clock         int64  `json:"clock,omitempty"`   // milliseconds since 1970; earlier builds leave it out
	ClockWrong    bool   `json:"clock_wrong,omitempty"`
}

// Members asks every member how it is. One that does not answer in a second is
// unreachable. The order is the cluster file's.
func (c *Cluster) Members(ctx context.Context) []admin.Member {
	all := c.statuses(ctx)
	leader := c.Leader()
	var ahead uint64
	for _, s := range all {
		if s.ID == leader || leader == "" {
			ahead = max(ahead, s.AppliedIndex)
		}
	}
	members := make([]admin.Member, len(all))
	for i, s := range all {
		members[i] = s.Member
		if s.Error == "" && ahead > s.AppliedIndex {
			members[i].Lag = ahead - s.AppliedIndex
		}
	}
	return members
}

// statuses asks every member, this one included, at the same time.
func (c *Cluster) statuses(ctx context.Context) []status {
	all := make([]status, len(c.cfg.Topology.Members))
	var wait sync.WaitGroup
	for i, m := range c.cfg.Topology.Members {
		wait.Go(func() {
			s, err := c.status(ctx, m.ID)
			if err != nil {
				s = status{Member: admin.Member{State: "unreachable", Error: err.Error()}}
			}
			// What the file says is the file's, whatever a member believes.
			s.ID, s.Site, s.Role = m.ID, m.Site, m.Role
			all[i] = s
		})
	}
	wait.Wait()
	return all
}

// status asks one member.
func (c *Cluster) status(ctx context.Context, id string) (status, error) {
	if id == c.cfg.Self {
		return c.ownStatus(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, memberLimit)
	defer cancel()
	asked := c.lead.clocks.even()
	answer, err := c.peers.call(ctx, id, callStatus, nil)
	if err != nil {
		return status{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	var s status
	if len(answer.payload) > maxStatusBytes {
		return status{}, fmt.Errorf("%w: a status of %d bytes", errFrame, len(answer.payload))
	}
	if err := json.Unmarshal(answer.payload, &s); err != nil {
		return status{}, fmt.Errorf("%w: status: %w", errFrame, err)
	}
	c.lead.clocks.note(id, asked, s.Clock)
	return s, nil
}

// Own returns what this node says of itself. It asks nobody.
func (c *Cluster) Own() admin.Member { return c.ownStatus().Member }

func (c *Cluster) ownStatus() status {
	index, hash := c.machine.StateHash()
	s := status{
		Member: admin.Member{
			ID: c.self.ID, Site: c.self.Site, Role: c.self.Role,
			State:        strings.ToLower(c.raft.State().String()),
			Term:         c.raft.CurrentTerm(),
			AppliedIndex: c.machine.AppliedIndex(),
			CommitIndex:  c.raft.CommitIndex(),
			HashIndex:    index,
			StateHash:    hex.EncodeToString(hash[:]),
			Keys:         c.cfg.Keys,
			Level:        command.Level, // what this build knows; the cluster's is the state machine's
			Version:      c.cfg.Version,
		},
		LastIndex:     c.raft.LastIndex(),
		SnapshotBytes: c.snaps.written.Load(),
		Clock:         c.lead.clocks.wall(),
		ClockWrong:    c.Clock().State == ClockWrong,
	}
	s.Generation = c.entry.generation.Number
	s.State, s.Joining = c.stateName(s.State)
	if c.cfg.Describe != nil {
		c.cfg.Describe(&s.Member)
	}
	return s
}
