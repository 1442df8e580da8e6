package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"tvilling/node"
	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/standin"
	"tvilling/protocol/admin"
)

// alone is the id of the only member.
const alone = "alone"

// How far from the browsers' port the other listeners of a node alone are.
const (
	sourceOffset = 10
	adminOffset  = 20
	peerOffset   = 30

	servicesOffset = 40 // its own stand-in for the services around it
)

// aloneConfig is the configuration of a node without a cluster file: a cluster of one,
// made in the data directory at its first start, with certificates and keys of its own,
// so that everything that works against a cluster works against it. Without a feeds
// file it is fed the demo's staff.
func (c *cli) aloneConfig(f serving) (node.Config, error) {
	data, err := filepath.Abs(f.data)
	if err != nil {
		return node.Config{}, err
	}
	made := filepath.Join(data, "made")
	file := filepath.Join(made, alone, admin.FileTopology)
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		if err := makeAlone(data, made, f); err != nil {
			return node.Config{}, err
		}
	}
	topology, err := admin.LoadTopology(file)
	if err != nil {
		return node.Config{}, err
	}
	member, ok := topology.Member(alone)
	switch {
	case !ok:
		return node.Config{}, usage("%s is no node alone's: name it with --config and --node", file)
	case f.listen != "" && f.listen != member.Client:
		return node.Config{}, usage("this directory was made for browsers at %s: leave out --listen, or name another --data", member.Client)
	}
	if own, ok := ownServices(topology); ok {
		known, err := feedsAlone(data, f)
		if err != nil {
			return node.Config{}, err
		}
		topology.Upstream = demo.Upstream(own, known)
	}
	if f.register != "" {
		topology.Register = f.register
	}
	fmt.Fprintf(c.errs, "Browsers: %s. Sources: %s. Register: %s.\nOperators: tvilling status --operator %s\nA source system's certificate: tvilling certificate source HSA-ID --dir %s\n",
		member.Origin, member.Source, topology.Register, filepath.Join(made, "operator"), made)
	return node.Config{Topology: topology, Self: alone, DataDir: filepath.Join(data, alone), Material: filepath.Join(made, alone)}, nil
}

// servicesAddress is where a node alone stands in for the services around it.
func servicesAddress(member admin.Node) string {
	host, text, err := net.SplitHostPort(member.Client)
	port, wrong := strconv.Atoi(text)
	if err != nil || wrong != nil {
		return "" // which no service is at
	}
	return net.JoinHostPort(host, strconv.Itoa(port+servicesOffset))
}

// ownServices reports whether a node stands in for the services itself, and where. One
// whose cluster file names other services does not.
func ownServices(t admin.Topology) (address string, own bool) {
	member, ok := t.Member(alone)
	address = servicesAddress(member)
	return address, ok && t.Upstream.Blocks != nil && t.Upstream.Blocks.URL == "http://"+address+"/blocks"
}

// servicesFile is what the stand-in of a node alone answers from.
func servicesFile(data string, f serving) string {
	if f.feeds != "" {
		return f.feeds
	}
	return filepath.Join(data, "services.toml")
}

// feedsAlone reads whom the services know. Unless the user has one, it writes the
// register that goes with it.
func feedsAlone(data string, f serving) (demo.Feeds, error) {
	known, err := demo.ReadFeeds(servicesFile(data, f))
	if err != nil {
		return demo.Feeds{}, usage("%v", err)
	}
	if f.feeds == "" || f.register != "" {
		return known, nil // its register was made with it, or is named
	}
	text, err := known.EncodeRegister()
	if err != nil {
		return demo.Feeds{}, err
	}
	return known, os.WriteFile(registerFile(data), text, 0o600)
}

func registerFile(data string) string { return filepath.Join(data, "register.toml") }

// makeAlone makes the cluster of one, and at its side what it is fed from.
func makeAlone(data, made string, f serving) error {
	listen := f.listen
	if listen == "" {
		listen = net.JoinHostPort("127.0.0.1", strconv.Itoa(demo.DefaultBasePort))
	}
	member, err := aloneMember(listen)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	known := demo.Staff(time.Now())
	services, err := known.Encode()
	if err != nil {
		return err
	}
	register, err := known.EncodeRegister()
	if err != nil {
		return err
	}
	if f.feeds != "" {
		if known, err = demo.ReadFeeds(f.feeds); err != nil {
			return usage("%v", err)
		}
	}
	if err := errors.Join(os.WriteFile(servicesFile(data, serving{}), services, 0o600), os.WriteFile(registerFile(data), register, 0o600)); err != nil {
		return err
	}
	return makeCluster(made, admin.Topology{Cluster: alone, Environment: admin.Development, Register: registerFile(data),
		Upstream: demo.Upstream(servicesAddress(member), known), Members: []admin.Node{member}}, 0)
}

// besideServices runs a node, and beside one alone the services that it is fed from.
func (c *cli) besideServices(ctx context.Context, f serving, config node.Config, run func(context.Context, node.Config) error) error {
	address, own := ownServices(config.Topology)
	if f.config != "" || !own {
		return run(ctx, config)
	}
	server, err := standin.New(standin.Config{File: servicesFile(f.data, f), Warn: c.warn})
	if err != nil {
		return err
	}
	l, err := standin.Listen(address)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.errs, "Services: stood in for at http://%s, from %s; what to tell them: http://%[1]s/control\n", address, servicesFile(f.data, f))
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(within, l) }()
	err = run(ctx, config)
	cancel()
	return errors.Join(err, <-ended)
}

// aloneMember places the listeners around the browsers' address, on loopback.
func aloneMember(listen string) (admin.Node, error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return admin.Node{}, usage("--listen: %v", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535-servicesOffset || !net.ParseIP(host).IsLoopback() {
		return admin.Node{}, usage("--listen is a port on loopback with room for %d more, such as 127.0.0.1:%d", servicesOffset, demo.DefaultBasePort)
	}
	at := func(offset int) string { return net.JoinHostPort(host, strconv.Itoa(port+offset)) }
	return admin.Node{
		ID: alone, Site: "A", Role: admin.RoleData, Client: at(0), Origin: "http://" + at(0),
		Source: at(sourceOffset), Admin: at(adminOffset), Peer: at(peerOffset),
	}, nil
}
