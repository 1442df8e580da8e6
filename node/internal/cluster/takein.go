package cluster

import (
	"time"

	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
)

// change is one step of a leader's to take a member in.
type change struct {
	what string // for the log
	id   string
	do   func(r *raft.Raft, id raft.ServerID) raft.IndexFuture
}

// nextChange decides what to do next, if anything: one step at a time, a member that
// has forgotten everything first. Nobody is ever removed. learns tells whether a member
// has followed for long enough.
func nextChange(configuration raft.Configuration, all []status, last uint64, learns func(id string) bool) (change, bool) {
	in := map[string]raft.ServerSuffrage{}
	for _, s := range configuration.Servers {
		in[string(s.ID)] = s.Suffrage
	}
	for _, s := range all {
		suffrage, is := in[s.ID]
		switch {
		case s.Error != "":
		case s.Joining == joiningEmpty && !is:
			return change{"follows, without a vote", s.ID, addNonvoter}, true
		case s.Joining == joiningEmpty && suffrage == raft.Voter && enough(in, all, s.ID):
			return change{"has lost its log: follows, without a vote", s.ID, demote}, true
		}
	}
	for _, s := range all {
		if suffrage, is := in[s.ID]; s.Error == "" && is && suffrage != raft.Voter && s.Joining == joiningLearner &&
			s.LastIndex+maxTransferLag >= last && s.AppliedIndex+maxTransferLag >= last && learns(s.ID) {
			return change{"has caught up: votes", s.ID, addVoter}, true
		}
	}
	return change{}, false
}

// enough tells whether those that vote and answer are a majority without one of them.
func enough(in map[string]raft.ServerSuffrage, all []status, without string) bool {
	voters, answer := 0, 0
	for _, suffrage := range in {
		if suffrage == raft.Voter {
			voters++
		}
	}
	for _, s := range all {
		if suffrage, is := in[s.ID]; is && suffrage == raft.Voter && s.ID != without && s.Error == "" && s.Joining == "" {
			answer++
		}
	}
	return 2*answer > voters-1
}

func addNonvoter(r *raft.Raft, id raft.ServerID) raft.IndexFuture {
	return r.AddNonvoter(id, raft.ServerAddress(id), 0, changeLimit)
}

func addVoter(r *raft.Raft, id raft.ServerID) raft.IndexFuture {
	return r.AddVoter(id, raft.ServerAddress(id), 0, changeLimit)
}

func demote(r *raft.Raft, id raft.ServerID) raft.IndexFuture {
	return r.DemoteVoter(id, 0, changeLimit)
}

// takingIn is what a leader remembers of it.
type takingIn struct {
	busy    chan struct{}        // held while a change is under way
	learner map[string]time.Time // since when a member has been seen to follow without a vote
}

// takeIn makes the next change, if one is due and none is under way.
func (c *Cluster) takeIn(t *takingIn, all []status) {
	now := time.Now()
	for _, s := range all {
		if _, seen := t.learner[s.ID]; s.Joining != joiningLearner || s.Error != "" {
			delete(t.learner, s.ID)
		} else if !seen {
			t.learner[s.ID] = now
		}
	}
	future := c.raft.GetConfiguration()
	if future.Error() != nil {
		return
	}
	next, due := nextChange(future.Configuration(), all, c.raft.LastIndex(), func(id string) bool { return now.Sub(t.learner[id]) >= learnFor })
	if !due {
		return
	}
	select {
	case t.busy <- struct{}{}:
	default:
		return
	}
	c.tasks.Go(func() {
		defer func() { <-t.busy }()
		if err := next.do(c.raft, raft.ServerID(next.id)).Error(); err != nil {
			c.log.Warn("a member could not be taken in yet", "member", next.id, "what", next.what, "reason", err)
			return
		}
		c.log.Warn("a member is taken in", "member", next.id, "what", next.what)
	})
}

// stateName is raft's, or how this node comes into the cluster.
func (c *Cluster) stateName(raftState string) (state, joining string) {
	how := c.entry.joining.Load()
	switch {
	case how != nil:
		return admin.StateJoining, *how
	case c.entry.awaits.Load() != nil:
		return admin.StateFounding, ""
	}
	return raftState, ""
}
