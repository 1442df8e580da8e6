package fault

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tvilling/protocol/admin"
)

// rules drop what is sent between pairs of addresses, where the bridge passes it on: in
// the network, where no node sees why.
const rules = `table bridge tvilling {
	set cut { type ipv4_addr . ipv4_addr; }
	chain forward { type filter hook forward priority 0; policy accept; ip saddr . ip daddr @cut drop; }
}
`

// Limits of what leads out of a namespace.
const (
	outDial  = 5 * time.Second
	lineRate = "10gbit" // of a line that is not slowed
)

// namespaces are a network in the kernel: a namespace for the peer port of each node,
// joined by a bridge in one of its own. The other ports' sockets are inherited, and a
// socket belongs to the namespace in which it was made.
type namespaces struct {
	bridge *space
	stop   context.CancelFunc
	done   context.Context
	busy   sync.WaitGroup

	mu      sync.Mutex
	nodes   map[string]*place
	slowed  map[string]int // classes of each node's line
	service []net.Listener
}

// place is a node's namespace.
type place struct {
	space   *space
	address string
	line    string // the bridge's end
}

// Namespaces says why there can be no network of namespaces; nil: there can.
func Namespaces() error { return missing("ip", "nft", "tc", "nsenter") }

func openNamespaces() (Network, error) {
	bridge, err := newSpace(unix.CLONE_NEWNET, func() error {
		return errors.Join(run("", "ip", "link", "add", "br0", "type", "bridge"),
			run("", "ip", "link", "set", "br0", "up"), run(rules, "nft", "-f", "-"))
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	return &namespaces{bridge: bridge, stop: stop, done: ctx, nodes: map[string]*place{}, slowed: map[string]int{}}, nil
}

// Kind implements Network.
func (n *namespaces) Kind() string { return KindNamespaces }

// EditNode implements Network.
func (n *namespaces) EditNode(string, *admin.Topology) error { return nil }

// Edit gives every node a namespace and its peer address there.
func (n *namespaces) Edit(t *admin.Topology) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	services, err := servicesOf(t)
	if err != nil {
		return err
	}
	t.Members = slices.Clone(t.Members)
	for i := range t.Members {
		m := &t.Members[i]
		_, port, err := net.SplitHostPort(m.Peer)
		if err != nil {
			return err
		}
		p, err := n.place(i + 1)
		if err != nil {
			return fmt.Errorf("a namespace for %s: %w", m.ID, err)
		}
		n.nodes[m.ID] = p
		m.Peer = net.JoinHostPort(p.address, port)
		for _, s := range services {
			if err := n.lead(p, s); err != nil {
				return fmt.Errorf("the way from %s to the services: %w", m.ID, err)
			}
		}
	}
	return nil
}

// place makes the namespace of the node with a number, with a line to the bridge.
func (n *namespaces) place(number int) (*place, error) {
	p := &place{address: fmt.Sprintf("198.18.0.%d", number), line: fmt.Sprintf("n%d", number)}
	var err error
	if p.space, err = newSpace(unix.CLONE_NEWNET, func() error { return run("", "ip", "link", "set", "lo", "up") }); err != nil {
		return nil, err
	}
	err = n.bridge.within(func() error {
		return errors.Join(run("", "ip", "link", "add", p.line, "type", "veth", "peer", "name", "eth0", "netns", p.space.path()),
			run("", "ip", "link", "set", p.line, "master", "br0", "up"))
	})
	if err == nil {
		err = p.space.within(func() error {
			return errors.Join(run("", "ip", "address", "add", p.address+"/24", "dev", "eth0"), run("", "ip", "link", "set", "eth0", "up"))
		})
	}
	if err != nil {
		return nil, errors.Join(err, p.space.close())
	}
	return p, nil
}

// servicesOf are the addresses on loopback of the services around the cluster.
func servicesOf(t *admin.Topology) ([]string, error) {
	u := t.Upstream
	var all []string
	for _, s := range []*admin.Service{u.Blocks, u.Consents, u.Relations, u.Directory, u.Engagement, u.Log} {
		if s == nil || s.URL == "" {
			continue
		}
		at, err := url.Parse(s.URL)
		if err != nil {
			return nil, err
		}
		if host := at.Host; !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	return all, nil
}

// lead makes an address of ours be found under the same address in a node's namespace.
func (n *namespaces) lead(p *place, address string) error {
	return p.space.within(func() error {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		n.service = append(n.service, l)
		n.busy.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				n.busy.Go(func() { join(n.done, conn, address, newLink(), newLink()) })
			}
		})
		return nil
	})
}

// Wrap implements Network.
func (n *namespaces) Wrap(id string, argv []string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.nodes[id]
	if p == nil {
		return argv
	}
	return append([]string{"nsenter", "--net=" + p.space.path(), "--"}, argv...)
}

func (n *namespaces) both(from, to string) (a, b *place, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, b = n.nodes[from], n.nodes[to]
	if a == nil || b == nil {
		return nil, nil, fmt.Errorf("%w: %q or %q", ErrUnknown, from, to)
	}
	return a, b, nil
}

// Cut implements Network: packets are dropped.
func (n *namespaces) Cut(from, to string) error {
	a, b, err := n.both(from, to)
	if err != nil {
		return err
	}
	return n.bridge.within(func() error {
		return run("", "nft", "add", "element", "bridge", "tvilling", "cut", fmt.Sprintf("{ %s . %s }", a.address, b.address))
	})
}

// Slow implements Network. The bandwidth is the kernel's to limit; a latency of their
// own packets do not get, only that of waiting for their turn.
func (n *namespaces) Slow(from, to string, s Slowness) (Slowness, error) {
	done := Slowness{BitsPerSecond: s.BitsPerSecond}
	a, b, err := n.both(from, to)
	if err != nil || done.BitsPerSecond <= 0 {
		return Slowness{}, err
	}
	n.mu.Lock()
	first := n.slowed[b.line] == 0
	n.slowed[b.line]++
	class := fmt.Sprintf("1:%d", n.slowed[b.line]+1)
	n.mu.Unlock()
	return done, n.bridge.within(func() error {
		var faults []error
		tc := func(args string) {
			faults = append(faults, run("", append([]string{"tc"}, strings.Fields(args)...)...))
		}
		if first {
			tc("qdisc add dev " + b.line + " root handle 1: htb default 1")
			tc("class add dev " + b.line + " parent 1: classid 1:1 htb rate " + lineRate + " quantum 60000")
		}
		tc(fmt.Sprintf("class add dev %s parent 1: classid %s htb rate %dbit quantum 3000", b.line, class, done.BitsPerSecond))
		tc("filter add dev " + b.line + " parent 1: protocol ip u32 match ip src " + a.address + "/32 flowid " + class)
		return errors.Join(faults...)
	})
}

// Heal implements Network.
func (n *namespaces) Heal() error {
	n.mu.Lock()
	slowed := n.slowed
	n.slowed = map[string]int{}
	n.mu.Unlock()
	return n.bridge.within(func() error {
		faults := []error{run("", "nft", "flush", "set", "bridge", "tvilling", "cut")}
		for line := range slowed {
			faults = append(faults, run("", "tc", "qdisc", "del", "dev", line, "root"))
		}
		return errors.Join(faults...)
	})
}

// Close implements Network: with the last who holds them the kernel takes namespaces,
// lines, bridge and rules away.
func (n *namespaces) Close() error {
	n.stop()
	n.mu.Lock()
	var faults []error
	for _, l := range n.service {
		faults = append(faults, l.Close())
	}
	for _, p := range n.nodes {
		faults = append(faults, p.space.close())
	}
	n.mu.Unlock()
	n.busy.Wait()
	return errors.Join(append(faults, n.bridge.close())...)
}
