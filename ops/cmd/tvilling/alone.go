package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"tvilling/node"
	"tvilling/ops/internal/demo"
	"tvilling/protocol/admin"
)

// alone is the id of the only member.
const alone = "alone"

// How far from the browsers' port the other listeners of a node alone are.
const (
	sourceOffset = 10
	adminOffset  = 20
	peerOffset   = 30
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
		if err := c.makeAlone(data, made, f); err != nil {
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
	case f.feeds != "" && f.feeds != topology.Feeds:
		topology.Feeds = f.feeds
	}
	fmt.Fprintf(c.errs, "Browsers: %s. Sources: %s. Fed from %s.\nOperators: tvilling status --operator %s\nA source system's certificate: tvilling certificate source HSA-ID --dir %s\n",
		member.Origin, member.Source, topology.Feeds, filepath.Join(made, "operator"), made)
	return node.Config{Topology: topology, Self: alone, DataDir: filepath.Join(data, alone), Material: filepath.Join(made, alone)}, nil
}

// makeAlone makes the cluster of one.
func (c *cli) makeAlone(data, made string, f serving) error {
	listen := f.listen
	if listen == "" {
		listen = net.JoinHostPort("127.0.0.1", strconv.Itoa(demo.DefaultBasePort))
	}
	member, err := aloneMember(listen)
	if err != nil {
		return err
	}
	feeds := f.feeds
	if feeds == "" {
		feeds = filepath.Join(data, "feeds.toml")
		text, err := demo.Staff(time.Now()).Encode()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(data, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(feeds, text, 0o600); err != nil {
			return err
		}
	}
	return makeCluster(made, admin.Topology{Cluster: alone, Environment: admin.Development, Feeds: feeds, Members: []admin.Node{member}})
}

// aloneMember places the listeners around the browsers' address, on loopback.
func aloneMember(listen string) (admin.Node, error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return admin.Node{}, usage("--listen: %v", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535-peerOffset || !net.ParseIP(host).IsLoopback() {
		return admin.Node{}, usage("--listen is a port on loopback with room for %d more, such as 127.0.0.1:%d", peerOffset, demo.DefaultBasePort)
	}
	at := func(offset int) string { return net.JoinHostPort(host, strconv.Itoa(port+offset)) }
	return admin.Node{
		ID: alone, Site: "A", Role: admin.RoleData, Client: at(0), Origin: "http://" + at(0),
		Source: at(sourceOffset), Admin: at(adminOffset), Peer: at(peerOffset),
	}, nil
}
