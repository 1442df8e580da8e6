package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"tvilling/protocol/admin"
)

// replaceWithin is how long a node gets to end when another binary takes its place: it
// drains first.
const replaceWithin = 60 * time.Second

// ErrNoNode is a name that no member of the demo has.
var ErrNoNode = errors.New("the demo has no such node")

// ErrNotRunning is a node that does not run.
var ErrNotRunning = errors.New("it does not run")

// ErrClosed is a demo that is ending.
var ErrClosed = errors.New("the demo is ending, and starts nothing any more")

// Binary is what a node runs, or is started with next.
func (c *Cluster) Binary(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.binaryOf(id)
}

// binaryOf is Binary for who holds mu.
func (c *Cluster) binaryOf(id string) string {
	if b := c.binaries[id]; b != "" {
		return b
	}
	return c.o.Binary
}

// DataDir is where a node keeps its data.
func (c *Cluster) DataDir(id string) string { return c.path("data", id) }

// ClusterFile is the cluster file that a node reads.
func (c *Cluster) ClusterFile(id string) string { return c.path("made", id, admin.FileTopology) }

// StartNode starts a node that does not run.
func (c *Cluster) StartNode(id string) error {
	if _, ok := c.topology.Member(id); !ok {
		return fmt.Errorf("%w: %q", ErrNoNode, id)
	}
	own, err := admin.LoadTopology(c.ClusterFile(id))
	if err != nil {
		return err
	}
	n, _ := own.Member(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[id] != nil {
		return fmt.Errorf("%s runs already", id)
	}
	if c.held[id] == nil {
		if c.held[id], err = hold(n); err != nil {
			delete(c.held, id)
			return err
		}
	}
	argv := []string{c.binaryOf(id), "serve", "--config", c.ClusterFile(id), "--node", id, "--data", c.DataDir(id)}
	if c.o.Args != nil {
		argv = append(argv, c.o.Args(id)...)
	}
	argv = inherit(argv)
	if c.o.Start != nil {
		argv = c.o.Start(id, argv)
	}
	return c.spawn(child{id: id, argv: argv, sockets: c.held[id]})
}

// StopNode asks a node to end, and waits until it has. Its addresses refuse whoever
// connects, until it is started again.
func (c *Cluster) StopNode(id string) error { return c.away(id, syscall.SIGTERM) }

// KillNode ends a node as a power cut does.
func (c *Cluster) KillNode(id string) error { return c.away(id, syscall.SIGKILL) }

func (c *Cluster) away(id string, s syscall.Signal) error {
	taken := c.take(id)
	c.letGo(id)
	return stop(taken, s, killAfter)
}

// letGo closes a node's sockets here; the process has its own.
func (c *Cluster) letGo(ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		_ = c.held[id].close() // of a listening socket: nothing can be lost
		delete(c.held, id)
	}
}

// PauseNode stops a node's process where it stands, as a machine that hangs does.
func (c *Cluster) PauseNode(id string) error { return c.tell(id, syscall.SIGSTOP) }

// ResumeNode lets a paused node go on.
func (c *Cluster) ResumeNode(id string) error { return c.tell(id, syscall.SIGCONT) }

func (c *Cluster) tell(id string, s syscall.Signal) error {
	c.mu.Lock()
	p := c.running[id]
	c.mu.Unlock()
	if p == nil {
		return fmt.Errorf("%s: %w", id, ErrNotRunning)
	}
	return p.signal(s)
}

// Replace ends a node and starts it again with another binary (empty: the same), on the
// same sockets and data. A node that does not run is started; one that does not end in
// time is killed, which is told, and started all the same: left away it would help nobody.
// It does not wait until the node is ready.
func (c *Cluster) Replace(ctx context.Context, id, binary string) error {
	if _, ok := c.topology.Member(id); !ok {
		return fmt.Errorf("%w: %q", ErrNoNode, id)
	}
	if binary != "" {
		var err error
		if binary, err = runnable(binary); err != nil {
			return err
		}
	}
	limit := replaceWithin
	if until, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(until))
	}
	ended := stop(c.take(id), syscall.SIGTERM, limit)
	if binary != "" {
		c.mu.Lock()
		c.binaries[id] = binary
		c.mu.Unlock()
	}
	return errors.Join(ended, c.StartNode(id))
}

// runnable refuses a file that cannot be run before anything is ended for it.
func runnable(binary string) (string, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return "", fmt.Errorf("the binary: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("the binary: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return "", fmt.Errorf("the binary: %s is no file that can be run", path)
	}
	return path, nil
}
