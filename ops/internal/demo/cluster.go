package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

// Limits of waiting.
const (
	readyWithin = 60 * time.Second
	lookEvery   = 50 * time.Millisecond
)

// ErrNotReady is a cluster that did not come up in time.
var ErrNotReady = errors.New("the cluster did not become ready")

// Options say where and with what a cluster is run.
type Options struct {
	Binary   string // the tvilling to run
	Dir      string // empty: a temporary one
	BasePort int    // 0: whatever is free
	Feeds    Feeds
	Upstream func(*admin.Upstream) // changes the way to the services; nil: it leads to the stand-in
}

// Cluster is five nodes and the stand-in for the services around them, a process each.
// Its methods may be called from several goroutines.
type Cluster struct {
	topology admin.Topology
	standin  string // its address
	dir      string
	binary   string
	starter  *starter
	operator *adminclient.Client
	release  func() error
	exits    chan Exit

	mu      sync.Mutex // guards running
	running map[string]*process
}

// Start makes a cluster and waits until it can be used. On an error nothing is left.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	dir, release, err := claim(o.Dir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, binary: o.Binary, release: release, starter: newStarter(),
		exits: make(chan Exit, 4*len(seats)), running: map[string]*process{}}
	if err := c.start(ctx, o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, o Options) error {
	if err := c.WriteFeeds(o.Feeds); err != nil {
		return err
	}
	var err error
	if c.topology, c.standin, err = topology(o.BasePort, c.path(fileRegister), o.Feeds); err != nil {
		return err
	}
	if o.Upstream != nil {
		o.Upstream(&c.topology.Upstream)
	}
	text, err := c.topology.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.path("cluster.toml"), text, 0o600); err != nil {
		return err
	}
	made, err := exec.CommandContext(ctx, c.binary, "init", "--config", c.path("cluster.toml"), "--out", c.Made()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("making certificates and keys: %w: %s", err, made)
	}
	for _, d := range []string{"data", "logs"} {
		if err := os.MkdirAll(c.path(d), 0o700); err != nil {
			return err
		}
	}
	if c.operator, err = adminclient.Open(c.OperatorDir()); err != nil {
		return err
	}
	if err := c.StartStandIn(); err != nil {
		return err
	}
	for _, m := range c.topology.Members {
		if err := c.StartNode(m.ID); err != nil {
			return err
		}
	}
	return c.WaitReady(ctx)
}

func (c *Cluster) path(parts ...string) string {
	return filepath.Join(append([]string{c.dir}, parts...)...)
}

// Topology returns the cluster file.
func (c *Cluster) Topology() admin.Topology { return c.topology }

// Dir is the directory that holds everything.
func (c *Cluster) Dir() string { return c.dir }

// Made is what init wrote: authorities, nodes' directories, the operator's.
func (c *Cluster) Made() string { return c.path("made") }

// OperatorDir is for --operator.
func (c *Cluster) OperatorDir() string { return c.path("made", "operator") }

// Operator asks the cluster's nodes.
func (c *Cluster) Operator() *adminclient.Client { return c.operator }

// LogFile is where a node's output goes.
func (c *Cluster) LogFile(id string) string { return c.path("logs", id+".log") }

// PID is the process of a node that runs; 0: it does not.
func (c *Cluster) PID(id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.running[id]; p != nil {
		return p.cmd.Process.Pid
	}
	return 0
}

// URL is a data node's address for browsers.
func (c *Cluster) URL(id string) string {
	m, _ := c.topology.Member(id)
	return m.Origin
}

// StandIn gives the stand-in's control an order: "blocks" and `{"stall":true}`, or
// "blocks/cancel?id=harry-sydhav". Without one it reads: "log", "".
func (c *Cluster) StandIn(ctx context.Context, path, order string) ([]byte, error) {
	return tellStandIn(ctx, c.standin, path, order)
}

// Exits tells of processes that end without being asked to.
func (c *Cluster) Exits() <-chan Exit { return c.exits }

// StartNode starts a node that does not run.
func (c *Cluster) StartNode(id string) error {
	return c.spawn(id, "serve", "--config", c.path("made", id, admin.FileTopology), "--node", id, "--data", c.path("data", id))
}

// StartStandIn starts the stand-in, if it does not run. What it was told by acts it has
// forgotten; the file it reads again.
func (c *Cluster) StartStandIn() error {
	return c.spawn(standinID, "standin", "--file", c.path(fileServices), "--listen", c.standin)
}

func (c *Cluster) spawn(id string, args ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[id] != nil {
		return fmt.Errorf("%s runs already", id)
	}
	p, err := c.starter.spawn(id, c.LogFile(id), c.binary, args...)
	if err != nil {
		return err
	}
	c.running[id] = p
	go c.watch(p)
	return nil
}

// watch tells of a process that ends by itself.
func (c *Cluster) watch(p *process) {
	<-p.ended
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[p.id] == p {
		delete(c.running, p.id)
	}
	if p.asked {
		return
	}
	select {
	case c.exits <- Exit{p.id, c.LogFile(p.id), p.err}:
	default: // nobody listens; the logs say it too
	}
}

// take removes nodes from those that run, and marks them as asked to end.
func (c *Cluster) take(ids ...string) []*process {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*process
	for _, id := range ids {
		if p := c.running[id]; p != nil {
			p.asked = true
			delete(c.running, id)
			all = append(all, p)
		}
	}
	return all
}

// StopNode asks a node to end, and waits until it has.
func (c *Cluster) StopNode(id string) error { return stop(c.take(id), syscall.SIGTERM) }

// KillNode ends a node as a power cut does.
func (c *Cluster) KillNode(id string) error { return stop(c.take(id), syscall.SIGKILL) }

// stop signals processes in order, then waits for them all.
func stop(all []*process, s syscall.Signal) error {
	var faults []error
	for _, p := range all {
		faults = append(faults, p.signal(s))
	}
	for _, p := range all {
		faults = append(faults, p.end())
	}
	return errors.Join(faults...)
}

// Close stops every node, data nodes first, then the stand-in, and removes everything
// that was made.
func (c *Cluster) Close() error {
	ids := make([]string, len(seats))
	for i, s := range seats {
		ids[i] = s.id
	}
	err := errors.Join(stop(c.take(ids...), syscall.SIGTERM), stop(c.take(standinID), syscall.SIGTERM))
	c.starter.close()
	if c.operator != nil {
		c.operator.Close()
	}
	return errors.Join(err, c.release())
}

// WaitReady waits until every running data node can be used by browsers, every member
// answers and the security data is fresh.
func (c *Cluster) WaitReady(ctx context.Context) error {
	return c.wait(ctx, func(ctx context.Context) error {
		for _, m := range c.topology.Members {
			if m.Role != admin.RoleData {
				continue
			}
			if err := ready(ctx, m.Origin+"/readyz"); err != nil {
				return fmt.Errorf("%s: %w", m.ID, err)
			}
		}
		s, err := c.operator.Status(ctx, "")
		if err != nil {
			return err
		}
		for _, m := range s.Members {
			if m.State == "unreachable" || m.Error != "" {
				return fmt.Errorf("%s does not answer: %s", m.ID, m.Error)
			}
		}
		if i := slices.IndexFunc(s.Feeds, func(f admin.Feed) bool { return !f.Fresh }); i >= 0 {
			return fmt.Errorf("feed of %s is not fresh", s.Feeds[i].Name)
		}
		if s.Leader == "" {
			return errors.New("no leader")
		}
		return nil
	})
}

// wait looks until a level is reached, within bounds, or a process ends by itself.
func (c *Cluster) wait(ctx context.Context, reached func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		err := reached(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w within %v: %w", ErrNotReady, readyWithin, err)
		case e := <-c.exits:
			return fmt.Errorf("%w: %s ended by itself (%v): %s", ErrNotReady, e.ID, e.Err, tail(e.Log))
		case <-tick.C:
		}
	}
}

func ready(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", response.Status)
	}
	return nil
}

// tail is the end of a log: what a process said last.
func tail(path string) string {
	const most = 2000
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-most):])
}
