package node

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/gateway"
	"tvilling/protocol/admin"
)

// ErrConfig is a configuration that a node does not start with; the text says why.
var ErrConfig = errors.New("configuration of the node")

// Config is what a node is started with.
type Config struct {
	Topology admin.Topology
	Self     string // this member's id
	DataDir  string // raft's log and snapshots, and the state machine's file; owned by one process
	Material string // what init made for this node: certificates and, on a data node, the keyring. Empty: alone
	Version  string // of the build, for status
	Sync     bool   // sync the state machine's file with every batch: slower, and no rebuild after a power cut
	Logger   *slog.Logger
	Tuning   cluster.Tuning   // zero: as the architecture says
	now      func() time.Time // the clock that the others are told, in tests; nil: the machine's

	// Listeners are those that somebody else bound, by name: what is missing is bound.
	// They are the node's from Open on, which closes its own hold on them: a supervisor
	// that keeps another keeps the port, and connections wait there for the next process.
	Listeners map[string]net.Listener
}

// Names of the listeners.
const (
	ListenerClient = gateway.ListenerClient
	ListenerSource = gateway.ListenerSource
	ListenerAdmin  = "admin"
	ListenerPeer   = "peer"
	ListenerHealth = "health"
)

// Alone returns the configuration of one node without a cluster file, for development
// and for embedding: no certificates, keys of its own in dir, browsers on the client
// address, which must be on loopback. The register is the file of who one can be, and
// the services are what the security projections are fed from; without them nothing can
// be opened, since unknown is no.
func Alone(dir, client, register string, services admin.Upstream) Config {
	return Config{
		Topology: admin.Topology{
			Cluster: "alone", Environment: admin.Development, Register: register, Upstream: services,
			Members: []admin.Node{{ID: "alone", Site: "A", Role: admin.RoleData, Client: client, Origin: "http://" + client}},
		},
		Self:    "alone",
		DataDir: dir,
		Version: "development",
	}
}

// alone reports whether the node runs without certificates and peers.
func (c Config) alone() bool { return c.Material == "" }

// check reports every fault at once.
func (c Config) check() (admin.Node, error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	self, ok := c.Topology.Member(c.Self)
	if !ok {
		fault("the cluster file has no member %q", c.Self)
	}
	if c.DataDir == "" {
		fault("a data directory is needed")
	}
	if c.alone() {
		if c.Topology.Environment != admin.Development || len(c.Topology.Members) != 1 {
			fault("without certificates a node runs alone and for development only")
		}
		if ok && self.Role != admin.RoleData {
			fault("alone, a node is a data node")
		}
		if host, _, err := net.SplitHostPort(self.Client); err != nil || !net.ParseIP(host).IsLoopback() {
			fault("alone, the client address must be a port on loopback, such as 127.0.0.1:8470")
		}
		for _, err := range append(c.Topology.Upstream.Validate(c.Topology.Environment), c.Topology.ValidateSignIn()...) {
			fault("%w", err)
		}
	} else if err := c.Topology.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("%w: %w", ErrConfig, err))
	}
	if ok {
		faults = append(faults, c.checkListeners(self)...)
	}
	return self, errors.Join(faults...)
}

// checkListeners refuses listeners that nothing would serve, and one that lets others
// than this machine in where anybody may choose who to be.
func (c Config) checkListeners(self admin.Node) (faults []error) {
	served := []string{ListenerAdmin, ListenerPeer}
	switch {
	case c.alone():
		served = []string{ListenerClient}
	case self.Role == admin.RoleData:
		served = append(served, ListenerClient, ListenerSource)
	}
	if self.Health != "" {
		served = append(served, ListenerHealth)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Listeners)) {
		if !slices.Contains(served, name) {
			faults = append(faults, fmt.Errorf("%w: a listener %q was handed over, and this node serves %s", ErrConfig, name, strings.Join(served, ", ")))
		}
	}
	if l := c.Listeners[ListenerClient]; l != nil && c.Topology.Environment != admin.Production {
		if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
			faults = append(faults, fmt.Errorf("%w: the listener for browsers that was handed over is on %v: in %s it must be on loopback, since anyone may choose to be anyone",
				ErrConfig, l.Addr(), c.Topology.Environment))
		}
	}
	return faults
}

// listen takes the listener that was handed over, or binds the address.
func (c Config) listen(name, address string) (net.Listener, error) {
	if l := c.Listeners[name]; l != nil {
		return l, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for %s: %w", name, err)
	}
	return l, nil
}

// unbind lets go of what was handed over, served or not.
func (c Config) unbind() {
	for _, l := range c.Listeners {
		_ = l.Close() // most likely it is already
	}
}

func (c Config) path(parts ...string) string {
	return filepath.Join(append([]string{c.DataDir}, parts...)...)
}
