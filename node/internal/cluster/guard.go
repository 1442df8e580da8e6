package cluster

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// errSilent is what raft hears while this node does not take part.
var errSilent = errors.New("this node does not take part yet")

// part is how far a node takes part.
type part int32

const (
	partSilent part = iota // nothing passes: it has not asked the others yet
	partListen             // it follows a leader; it neither votes nor stands
	partWhole
)

// guard stands between raft and the network. A node that has not found out which
// generation the cluster is of says nothing; one that has forgotten how it voted does
// not vote. Nor does a snapshot pass that comes late (lateReader).
type guard struct {
	raft.Transport
	logs raft.LogStore
	part atomic.Int32
	rpcs chan raft.RPC
	done chan struct{} // closed when raft has stopped
	once sync.Once
}

func newGuard(inner raft.Transport, logs raft.LogStore) *guard {
	return &guard{Transport: inner, logs: logs, rpcs: make(chan raft.RPC), done: make(chan struct{})}
}

func (g *guard) set(p part) { g.part.Store(int32(p)) }

func (g *guard) takes() part { return part(g.part.Load()) }

// passes tells whether a message may be heard or sent.
func (g *guard) passes(command any) error {
	switch p := g.takes(); command.(type) {
	case *raft.RequestVoteRequest, *raft.RequestPreVoteRequest, *raft.TimeoutNowRequest:
		if p != partWhole {
			return errSilent
		}
	default:
		if p == partSilent {
			return errSilent
		}
	}
	return nil
}

// stop ends run.
func (g *guard) stop() { g.once.Do(func() { close(g.done) }) }

// run hands messages on to raft until it has stopped.
func (g *guard) run() {
	for {
		select {
		case rpc := <-g.Transport.Consumer():
			if err := g.passes(rpc.Command); err != nil {
				rpc.Respond(nil, err)
				continue
			}
			if request, is := rpc.Command.(*raft.InstallSnapshotRequest); is {
				rpc.Reader = &lateReader{Reader: rpc.Reader, late: func() error { return late(request, g.logs) }}
			}
			select {
			case g.rpcs <- rpc:
			case <-g.done:
				return
			}
		case <-g.done:
			return
		}
	}
}

// Consumer implements raft.Transport.
func (g *guard) Consumer() <-chan raft.RPC { return g.rpcs }

// SetHeartbeatHandler implements raft.Transport.
func (g *guard) SetHeartbeatHandler(handle func(rpc raft.RPC)) {
	g.Transport.SetHeartbeatHandler(func(rpc raft.RPC) {
		if err := g.passes(rpc.Command); err != nil {
			rpc.Respond(nil, err)
			return
		}
		handle(rpc)
	})
}

// AppendEntries implements raft.Transport.
func (g *guard) AppendEntries(id raft.ServerID, target raft.ServerAddress, request *raft.AppendEntriesRequest, response *raft.AppendEntriesResponse) error {
	if err := g.passes(request); err != nil {
		return err
	}
	return g.Transport.AppendEntries(id, target, request, response)
}

// RequestVote implements raft.Transport.
func (g *guard) RequestVote(id raft.ServerID, target raft.ServerAddress, request *raft.RequestVoteRequest, response *raft.RequestVoteResponse) error {
	if err := g.passes(request); err != nil {
		return err
	}
	return g.Transport.RequestVote(id, target, request, response)
}

// RequestPreVote implements raft.WithPreVote.
func (g *guard) RequestPreVote(id raft.ServerID, target raft.ServerAddress, request *raft.RequestPreVoteRequest, response *raft.RequestPreVoteResponse) error {
	if err := g.passes(request); err != nil {
		return err
	}
	inner, ok := g.Transport.(raft.WithPreVote)
	if !ok {
		return fmt.Errorf("%w: the network knows no vote before the vote", ErrConfig)
	}
	return inner.RequestPreVote(id, target, request, response)
}

// InstallSnapshot implements raft.Transport.
func (g *guard) InstallSnapshot(id raft.ServerID, target raft.ServerAddress, request *raft.InstallSnapshotRequest, response *raft.InstallSnapshotResponse, data io.Reader) error {
	if err := g.passes(request); err != nil {
		return err
	}
	return g.Transport.InstallSnapshot(id, target, request, response, data)
}

// Close implements raft.WithClose.
func (g *guard) Close() error {
	if inner, ok := g.Transport.(raft.WithClose); ok {
		return inner.Close()
	}
	return nil
}
