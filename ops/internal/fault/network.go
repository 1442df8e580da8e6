package fault

import (
	"fmt"
	"time"

	"tvilling/protocol/admin"
)

// The kinds of network, as reports name them.
const (
	KindNamespaces = "namespaces"
	KindRelays     = "relays"
)

// Slowness is what a slow link does. What is zero is not changed.
type Slowness struct {
	BitsPerSecond int
	Latency       time.Duration // one way
}

// Network lies between the nodes of a cluster on one machine. It is given every node's
// part of the cluster file before the nodes start, and the command that starts each.
// The ways of browsers, sources and operators are left alone: those are never cut.
type Network interface {
	// Kind is how it is made: one of the kinds.
	Kind() string
	// Edit changes the cluster file that all have, before certificates are made.
	Edit(t *admin.Topology) error
	// EditNode changes the cluster file that one node is given.
	EditNode(id string, t *admin.Topology) error
	// Wrap changes the command that starts a node.
	Wrap(id string, argv []string) []string
	// Cut drops what is sent in one direction, until Heal.
	Cut(from, to string) error
	// Slow slows one direction, until Heal. It returns what of it this kind can do.
	Slow(from, to string, s Slowness) (Slowness, error)
	// Heal takes back every cut and every slowness.
	Heal() error
	// Close takes away everything that was made. The nodes have ended before.
	Close() error
}

// Open makes a network of a kind; of the empty kind, the best that there can be here.
func Open(kind string) (Network, error) {
	switch kind {
	case "":
		if Namespaces() == nil {
			return openNamespaces()
		}
		return openRelays(), nil
	case KindNamespaces:
		if err := Namespaces(); err != nil {
			return nil, err
		}
		return openNamespaces()
	case KindRelays:
		return openRelays(), nil
	}
	return nil, fmt.Errorf("%w: a network is of %s or of %s, not of %q", ErrUnavailable, KindNamespaces, KindRelays, kind)
}

// pair is one direction between two nodes.
type pair struct{ from, to string }
