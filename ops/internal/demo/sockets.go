package demo

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"tvilling/protocol/admin"
)

// sockets are those that browsers, sources and operators reach a node by. They are
// bound here and handed to each process of the node: while one is replaced by the next,
// who connects waits in the kernel's queue and is refused nothing.
type sockets struct {
	names []string
	files []*os.File
}

// hold binds a node's addresses. One that is not of this machine's (a node may be
// started in a network of its own) is left to the node.
func hold(n admin.Node) (*sockets, error) {
	s := &sockets{}
	for _, place := range []struct{ name, address string }{{"client", n.Client}, {"source", n.Source}, {"admin", n.Admin}} {
		if place.address == "" {
			continue
		}
		l, err := net.Listen("tcp", place.address)
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			continue
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%w: for %s of %s: %w", ErrPort, place.name, n.ID, err), s.close())
		}
		file, err := l.(*net.TCPListener).File()
		if err = errors.Join(err, l.Close()); err != nil { // the file is the same socket
			return nil, errors.Join(err, s.close())
		}
		s.names, s.files = append(s.names, place.name), append(s.files, file)
	}
	return s, nil
}

// environment tells a process which sockets it inherits. LISTEN_PID must be its own id,
// which nobody knows before it runs: see inherit.
func (s *sockets) environment() []string {
	return append(os.Environ(), "LISTEN_FDS="+strconv.Itoa(len(s.files)), "LISTEN_FDNAMES="+strings.Join(s.names, ":"))
}

// inherit wraps a command so that the process that it becomes is the one that inherits.
func inherit(argv []string) []string {
	return append([]string{"/bin/sh", "-c", `export LISTEN_PID=$$; exec "$@"`, "sh"}, argv...)
}

func (s *sockets) close() error {
	if s == nil {
		return nil
	}
	var faults []error
	for _, f := range s.files {
		faults = append(faults, f.Close())
	}
	s.names, s.files = nil, nil
	return errors.Join(faults...)
}
