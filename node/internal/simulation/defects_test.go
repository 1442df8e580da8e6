package simulation

import (
	"context"
	"time"

	"tvilling/node/internal/session"
	"tvilling/raftfsm/command"
)

// defect is a mistake that is built into a world on purpose.
type defect string

// The defects, and by which promise each must be found.
const (
	sound            defect = ""
	liesAboutSync    defect = "a disk that lies about sync"
	skipsRecording   defect = "sessions that do not record"
	reorders         defect = "a state machine that is fed neighbours in the wrong order"
	letsStaleThrough defect = "a state machine that lets stale decisions through"
	forgetsBlocks    defect = "a state machine that does not take blocks"
	believes         defect = "nodes that always believe to have heard from a leader"
)

var defects = map[defect][]string{
	liesAboutSync:    {"P4", "P7"},
	skipsRecording:   {"P1"},
	reorders:         {"P7"},
	letsStaleThrough: {"P2"},
	forgetsBlocks:    {"P2", "P3", "P7"},
	believes:         {"P3"},
}

// seenBy is the state as sessions see it.
func seenBy(_ defect, p *process) session.State { return p.fsm }

// askedBy is the cluster as sessions have it.
func askedBy(d defect, p *process) session.Cluster {
	switch d {
	case skipsRecording:
		return unrecorded{p.cluster}
	case believes:
		return believing{p.cluster}
	default:
		return p.cluster
	}
}

// unrecorded says that accesses are recorded, and does not.
type unrecorded struct{ session.Cluster }

// Propose implements session.Cluster.
func (u unrecorded) Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error) {
	if commands[0].Kind != command.KindRecordAccess {
		return u.Cluster.Propose(ctx, commands...)
	}
	results := make([]command.Result, len(commands))
	for i := range results {
		results[i] = command.Result{Status: command.StatusDone, Index: u.Position().Index}
	}
	return results, nil
}

// believing has always heard from a leader.
type believing struct{ session.Cluster }

// HeardFromLeader implements session.Cluster.
func (believing) HeardFromLeader() (time.Time, bool) { return time.Now(), true }
