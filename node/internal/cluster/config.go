package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
)

// Machine is what the cluster needs of the state machine that it feeds.
type Machine interface {
	raft.BatchingFSM
	AppliedIndex() uint64
	StateHash() (index uint64, hash [32]byte)
	Usable() bool // its own file is to be trusted: no snapshot needs to be restored at start
	Level() uint16
	Done() <-chan struct{}
	Err() error
}

// TLS is how a node shows who it is and tells who others are.
type TLS struct {
	Authority   *x509.CertPool  // the cluster's own authority, no other
	Certificate tls.Certificate // with the name of this node in it
}

// Network carries raft's messages and peer calls between nodes. Addresses are member
// ids. Everything stops with Close, also what is under way: a node that is failing
// must fall silent, or the others go on believing in it.
type Network interface {
	Transport() raft.Transport
	Dial(ctx context.Context, id string) (net.Conn, error)
	Accept() (conn net.Conn, from string, err error) // peer calls; an error is final
	Close() error
}

// Storage is where raft keeps what must not be lost.
type Storage struct {
	Logs      raft.LogStore
	Stable    raft.StableStore
	Snapshots raft.SnapshotStore
	Closer    io.Closer // may be nil
}

// Cosigner looks at a statement about the access log as this node has it, and signs it
// if it is true.
type Cosigner func(ctx context.Context, statement []byte) (signature []byte, err error)

// Config is what a node is made of.
type Config struct {
	Topology admin.Topology
	Self     string
	Dir      string     // holds the log and the snapshots; owned by one process
	TLS      func() TLS // as it is now, the same until something was renewed
	Alone    bool       // the only member; no port, no certificates
	Keys     bool       // holds a keyring, for Members
	Version  string
	Logger   *slog.Logger        // nil: none
	Describe func(*admin.Member) // adds what is not raft's, for Members; it answers at once; nil: nothing
	Tuning   Tuning
	Cosign   Cosigner         // nil: statements about the access log are not signed here
	Now      func() time.Time // this node's clock, for tests; nil: the machine's

	Listener net.Listener // nil: the peer address of the topology
	Network  Network      // nil: TCP with TLS
	Storage  *Storage     // nil: files in Dir
}

// check reports what cannot work before anything is opened.
func (c *Config) check() (admin.Node, error) {
	self, ok := c.Topology.Member(c.Self)
	if !ok {
		return admin.Node{}, fmt.Errorf("%w: %q is not a member", ErrConfig, c.Self)
	}
	if c.Alone && len(c.Topology.Members) != 1 {
		return admin.Node{}, fmt.Errorf("%w: alone, with %d members", ErrConfig, len(c.Topology.Members))
	}
	if c.Dir == "" && c.Storage == nil {
		return admin.Node{}, fmt.Errorf("%w: no directory", ErrConfig)
	}
	t := c.Tuning
	if t.Lease > t.Heartbeat {
		return admin.Node{}, fmt.Errorf("%w: lease %v longer than heartbeat %v", ErrConfig, t.Lease, t.Heartbeat)
	}
	if t.CanaryLimit < 2*t.CanaryEvery {
		return admin.Node{}, fmt.Errorf("%w: canary limit %v, every %v", ErrConfig, t.CanaryLimit, t.CanaryEvery)
	}
	return self, nil
}
