package cluster

import (
	"maps"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/node/internal/timing"
)

// seenMachine is the state machine as raft gets it: what it takes is counted, and who
// votes is noted.
type seenMachine struct {
	Machine
	applies *timing.Histogram
	roll    *roll
}

// ApplyBatch implements raft.BatchingFSM.
func (m seenMachine) ApplyBatch(logs []*raft.Log) []any {
	began := time.Now()
	answers := m.Machine.ApplyBatch(logs)
	m.applies.Observe(time.Since(began))
	m.roll.note(logs)
	return answers
}

// lags is how many entries each of the others has to apply of what is committed. One
// that does not answer is left out: how far it is, nobody knows.
func (c *Cluster) lags(all []status, commit uint64) *map[string]uint64 {
	behind := map[string]uint64{}
	for _, s := range all {
		if s.ID != c.cfg.Self && s.Error == "" {
			behind[s.ID] = commit - min(commit, s.AppliedIndex)
		}
	}
	return &behind
}

// Lags is how many entries the others are behind, where this node leads and has asked
// them; nil where it does not.
func (c *Cluster) Lags() map[string]uint64 {
	r := c.lead.current.Load()
	if r == nil || !c.leads(r) {
		return nil
	}
	if seen := r.lags.Load(); seen != nil {
		return maps.Clone(*seen)
	}
	return nil
}
