package cluster

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/hashicorp/raft"
)

// alone is the network of a cluster of one: nobody there.
type alone struct {
	transport *raft.InmemTransport
	closed    chan struct{}
	closing   sync.Once
}

func newAlone(self string) *alone {
	_, transport := raft.NewInmemTransport(raft.ServerAddress(self))
	return &alone{transport: transport, closed: make(chan struct{})}
}

// Transport implements Network.
func (a *alone) Transport() raft.Transport { return a.transport }

// Dial implements Network.
func (a *alone) Dial(_ context.Context, id string) (net.Conn, error) {
	return nil, fmt.Errorf("%w: %q: this node is alone", ErrUnreachable, id)
}

// Accept implements Network.
func (a *alone) Accept() (net.Conn, string, error) {
	<-a.closed
	return nil, "", net.ErrClosed
}

// Close implements Network.
func (a *alone) Close() error {
	a.closing.Do(func() { close(a.closed) })
	return a.transport.Close()
}
