// Package clustertest is a network in memory for tests of several nodes in one
// process, best in a synctest bubble, with the faults that networks have.
//
// It owns no node and knows nothing of the cluster package; its Node has the methods
// that cluster.Network asks for. It must never be imported outside of tests.
package clustertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// ErrCut is what a message over a cut line ends with.
var ErrCut = errors.New("clustertest: line cut")

// Network joins nodes.
type Network struct {
	mu    sync.Mutex
	nodes map[string]*Node
	cut   map[line]bool
	held  map[line]chan struct{}
	conns map[net.Conn]line

	weather *Weather // nil: none
	dice    map[line]*rand.Rand
	paused  map[string]chan struct{}
}

// line is one direction between two nodes.
type line struct{ from, to string }

// New makes a network without nodes.
func New() *Network {
	return &Network{nodes: map[string]*Node{}, cut: map[line]bool{}, held: map[line]chan struct{}{}, conns: map[net.Conn]line{},
		dice: map[line]*rand.Rand{}, paused: map[string]chan struct{}{}}
}

// Node joins a node, or joins it anew after its Close: what a restart does.
func (n *Network) Node(id string) *Node {
	_, transport := raft.NewInmemTransportWithTimeout(raft.ServerAddress(id), time.Second)
	node := &Node{InmemTransport: transport, id: id, network: n, calls: make(chan call), closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[id] = node
	for other, there := range n.nodes {
		node.Connect(raft.ServerAddress(other), there.InmemTransport)
		there.Connect(raft.ServerAddress(id), transport)
	}
	return node
}

// Cut cuts the line from one node to another, in this direction only.
func (n *Network) Cut(from, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := line{from, to}
	n.cut[l] = true
	for conn, on := range n.conns {
		if on == l || on == (line{to, from}) { // a connection needs both directions
			_ = conn.Close()
			delete(n.conns, conn)
		}
	}
}

// Isolate cuts every line to and from a node.
func (n *Network) Isolate(id string) {
	for _, other := range n.others(id) {
		n.Cut(id, other)
		n.Cut(other, id)
	}
}

// Heal mends every line, and lets go of what is held.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.cut)
	for _, ch := range n.held {
		close(ch)
	}
	clear(n.held)
}

// Hold keeps log entries from getting from one node to another, while heartbeats and
// votes pass, until Heal; the messages are lost then.
func (n *Network) Hold(from, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l := (line{from, to}); n.held[l] == nil {
		n.held[l] = make(chan struct{})
	}
}

func (n *Network) others(id string) (others []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for other := range n.nodes {
		if other != id {
			others = append(others, other)
		}
	}
	return others
}

func (n *Network) isCut(from, to string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cut[line{from, to}]
}

func (n *Network) holding(from, to string) chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.held[line{from, to}]
}

// Node is one node's part of the network.
type Node struct {
	*raft.InmemTransport
	id      string
	network *Network
	calls   chan call
	closed  chan struct{}
	closing sync.Once

	greeting  greeting       // guarded by the network's
	heartbeat func(raft.RPC) // guarded by the network's
}

type call struct {
	conn net.Conn
	from string
}

// Transport is the way of raft's messages.
func (n *Node) Transport() raft.Transport { return n }

// Dial opens a connection for peer calls.
func (n *Node) Dial(ctx context.Context, id string) (net.Conn, error) {
	if n.network.isCut(n.id, id) || n.network.isCut(id, n.id) || n.isClosed() {
		return nil, fmt.Errorf("%w: %s to %s", ErrCut, n.id, id)
	}
	n.network.mu.Lock()
	to := n.network.nodes[id]
	n.network.mu.Unlock()
	if to == nil {
		return nil, fmt.Errorf("%w: no node %s", ErrCut, id)
	}
	if err := n.greet(id, true); err != nil {
		return nil, err
	}
	here, there := net.Pipe()
	n.network.mu.Lock()
	n.network.conns[here] = line{n.id, id}
	n.network.conns[there] = line{id, n.id}
	n.network.mu.Unlock()
	select {
	case to.calls <- call{&conn{there, n.network, id, n.id}, n.id}:
		return &conn{here, n.network, n.id, id}, nil
	case <-to.closed:
		return nil, fmt.Errorf("%w: %s is closed", ErrCut, id)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept takes a connection for peer calls.
func (n *Node) Accept() (net.Conn, string, error) {
	select {
	case c := <-n.calls:
		return c.conn, c.from, nil
	case <-n.closed:
		return nil, "", net.ErrClosed
	}
}

// Close silences the node.
func (n *Node) Close() error {
	n.closing.Do(func() {
		close(n.closed)
		n.network.mu.Lock()
		for conn, on := range n.network.conns {
			if on.from == n.id || on.to == n.id {
				_ = conn.Close()
				delete(n.network.conns, conn)
			}
		}
		n.network.mu.Unlock()
	})
	return n.InmemTransport.Close()
}

func (n *Node) isClosed() bool {
	select {
	case <-n.closed:
		return true
	default:
		return false
	}
}

// exchange lets a message get there and its answer back. When only the answer is
// lost, the other side has acted on the message.
func (n *Node) exchange(to raft.ServerAddress, message func() error, again func()) error {
	if n.isClosed() || n.network.isCut(n.id, string(to)) {
		return fmt.Errorf("%w: %s to %s", ErrCut, n.id, to)
	}
	if err := n.greet(string(to), false); err != nil {
		return err
	}
	err := n.carry(string(to), message, again)
	if n.isClosed() || n.network.isCut(string(to), n.id) {
		return fmt.Errorf("%w: %s to %s, the answer", ErrCut, n.id, to)
	}
	return err
}

// AppendEntries implements raft.Transport.
func (n *Node) AppendEntries(id raft.ServerID, target raft.ServerAddress, request *raft.AppendEntriesRequest, response *raft.AppendEntriesResponse) error {
	heartbeat := len(request.Entries) == 0 && request.PrevLogEntry == 0 && request.LeaderCommitIndex == 0
	if held := n.network.holding(n.id, string(target)); held != nil && !heartbeat {
		select {
		case <-held:
		case <-n.closed:
		}
		return fmt.Errorf("%w: %s to %s", ErrCut, n.id, target)
	}
	return n.exchange(target, func() error {
		if heartbeat {
			if err, taken := n.quick(string(target), request, response); taken {
				return err
			}
		}
		return n.InmemTransport.AppendEntries(id, target, request, response)
	}, func() {
		_ = n.InmemTransport.AppendEntries(id, target, copied(request), &raft.AppendEntriesResponse{})
	})
}

// AppendEntriesPipeline implements raft.Transport: there is none.
func (n *Node) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

// RequestVote implements raft.Transport.
func (n *Node) RequestVote(id raft.ServerID, target raft.ServerAddress, request *raft.RequestVoteRequest, response *raft.RequestVoteResponse) error {
	return n.exchange(target, func() error {
		return n.InmemTransport.RequestVote(id, target, request, response)
	}, func() {
		again := *request
		_ = n.InmemTransport.RequestVote(id, target, &again, &raft.RequestVoteResponse{})
	})
}

// RequestPreVote implements raft.WithPreVote.
func (n *Node) RequestPreVote(id raft.ServerID, target raft.ServerAddress, request *raft.RequestPreVoteRequest, response *raft.RequestPreVoteResponse) error {
	return n.exchange(target, func() error {
		return n.InmemTransport.RequestPreVote(id, target, request, response)
	}, func() {
		again := *request
		_ = n.InmemTransport.RequestPreVote(id, target, &again, &raft.RequestPreVoteResponse{})
	})
}

// InstallSnapshot implements raft.Transport.
func (n *Node) InstallSnapshot(id raft.ServerID, target raft.ServerAddress, request *raft.InstallSnapshotRequest, response *raft.InstallSnapshotResponse, data io.Reader) error {
	return n.exchange(target, func() error {
		return n.InmemTransport.InstallSnapshot(id, target, request, response, data)
	}, nil)
}

// TimeoutNow implements raft.Transport.
func (n *Node) TimeoutNow(id raft.ServerID, target raft.ServerAddress, request *raft.TimeoutNowRequest, response *raft.TimeoutNowResponse) error {
	return n.exchange(target, func() error {
		return n.InmemTransport.TimeoutNow(id, target, request, response)
	}, nil)
}
