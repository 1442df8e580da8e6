package demo

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"tvilling/ops/internal/scratch"
	"tvilling/protocol/admin"
)

// Errors.
var (
	ErrPort      = errors.New("a port of the demo is taken")
	ErrDirectory = errors.New("the demo's directory cannot be used")
)

// DefaultBasePort is where the demo's ports begin: browsers' are the four after it.
const DefaultBasePort = 8470

// seat is a member of the demo's cluster.
type seat struct{ id, site, role string }

var seats = []seat{
	{"a1", "A", admin.RoleData}, {"a2", "A", admin.RoleData},
	{"b1", "B", admin.RoleData}, {"b2", "B", admin.RoleData},
	{"w", "W", admin.RoleWitness},
}

// standinID names the process of the services around the cluster.
const standinID = "standin"

// standinOffset is how far its port is from the base.
const standinOffset = 31

// Upstream is a cluster's way to a stand-in that listens at an address, asked often: for
// demonstrations and tests.
func Upstream(address string, f Feeds) admin.Upstream {
	at := func(name string, every int, providers ...string) *admin.Service {
		return &admin.Service{URL: "http://" + address + "/" + name, EverySeconds: every, CareProviders: providers}
	}
	return admin.Upstream{System: "SE0000000101-NPM1", Name: "Tvilling",
		Blocks: at("blocks", 1), Consents: at("consents", 1, f.providers()...), Relations: at("relations", 1, f.providers()...),
		Directory: at("directory", 2), Engagement: at("engagement", 0), Log: at("log", 1)}
}

// registerSeconds is how often the demonstration looks at its register.
const registerSeconds = 2

// The ports of base 0 lie below those that a system gives to whoever asks for any: one
// of these could be given away before its node has started, or while it is down.
const (
	lowestBase = 10100
	baseStep   = 50 // more than a layout is wide
	bases      = 300
	basesTried = 20
)

// topology places the members and the stand-in on loopback. Browsers' ports are base+1
// to base+4, so that they can be bookmarked; base 0 takes whatever is free.
func topology(base int, register string, f Feeds) (t admin.Topology, standin string, err error) {
	if base != 0 {
		return layout(base, register, f)
	}
	for range basesTried {
		t, standin, err = layout(lowestBase+baseStep*rand.IntN(bases), register, f)
		if !errors.Is(err, ErrPort) {
			break
		}
	}
	return t, standin, err
}

// layout places them where base says.
func layout(base int, register string, f Feeds) (t admin.Topology, standin string, err error) {
	t = admin.Topology{Cluster: "demo", Environment: admin.Demo, Register: register, RegisterSeconds: registerSeconds}
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close() // it was there to hold the port
		}
	}()
	address := func(offset int, what, id string) (string, error) {
		port := base + offset
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return "", fmt.Errorf("%w: %d, for %s of %s: %w", ErrPort, port, what, id, err)
		}
		held = append(held, l)
		return l.Addr().String(), nil
	}
	var faults []error
	for i, s := range seats {
		n := admin.Node{ID: s.id, Site: s.site, Role: s.role}
		places := []struct {
			into   *string
			offset int
			what   string
		}{{&n.Peer, i - 9, "peers"}, {&n.Admin, i + 21, "operators"}, {&n.Client, i + 1, "browsers"}, {&n.Source, i + 11, "sources"}}
		if s.role == admin.RoleWitness {
			places = places[:2]
		}
		for _, p := range places {
			var err error
			*p.into, err = address(p.offset, p.what, s.id)
			faults = append(faults, err)
		}
		if n.Client != "" {
			n.Origin = "http://" + n.Client
		}
		t.Members = append(t.Members, n)
	}
	standin, err = address(standinOffset, "the services", standinID)
	t.Upstream = Upstream(standin, f)
	return t, standin, errors.Join(append(faults, err)...)
}

// claim makes the demo's directory, or takes an empty one. release takes away
// everything that was made.
func claim(dir string) (claimed string, release func() error, err error) {
	if dir == "" {
		dir, release, err = scratch.Make("tvilling-demo-")
		if err != nil {
			return "", nil, fmt.Errorf("%w: %w", ErrDirectory, err)
		}
		return dir, release, nil
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", nil, fmt.Errorf("%w: %w", ErrDirectory, err)
		}
		return dir, func() error { return os.RemoveAll(dir) }, nil
	case err != nil:
		return "", nil, fmt.Errorf("%w: %w", ErrDirectory, err)
	case len(entries) > 0:
		return "", nil, fmt.Errorf("%w: %s is not empty", ErrDirectory, dir)
	}
	return dir, func() error { return empty(dir) }, nil
}

// empty takes away what is in a directory that was there before.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var faults []error
	for _, e := range entries {
		faults = append(faults, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return errors.Join(faults...)
}
