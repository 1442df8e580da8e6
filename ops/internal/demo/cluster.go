package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

	Binaries  map[string]string                                 // per node; one without runs Binary
	Args      func(id string) []string                          // more arguments of serve; may be nil
	Start     func(id string, argv []string) (started []string) // what is started instead, to become argv by exec; may be nil
	Edit      func(*admin.Topology)                             // changes the cluster file before anything is made of it; may be nil
	EditNode  func(id string, t *admin.Topology)                // changes the one that a node reads; may be nil
	LevelAsIs bool                                              // do not activate the level of the build
}

// Cluster is five nodes and the stand-in for the services around them, a process each.
// Its methods may be called from several goroutines.
type Cluster struct {
	topology admin.Topology
	standin  string // its address
	dir      string
	o        Options
	starter  *starter
	operator *adminclient.Client
	release  func() error
	exits    chan Exit

	mu       sync.Mutex // guards what follows
	running  map[string]*process
	binaries map[string]string
	held     map[string]*sockets
	closed   bool
}

// Start makes a cluster and waits until it can be used. On an error nothing is left.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	dir, release, err := claim(o.Dir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, o: o, release: release, starter: newStarter(),
		exits: make(chan Exit, 4*len(seats)), running: map[string]*process{},
		binaries: map[string]string{}, held: map[string]*sockets{}}
	maps.Copy(c.binaries, o.Binaries)
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.make(ctx); err != nil {
		return err
	}
	var err error
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
	if err := c.WaitReady(ctx); err != nil || c.o.LevelAsIs {
		return err
	}
	return c.activate(ctx)
}

// make writes everything that the processes read.
func (c *Cluster) make(ctx context.Context) error {
	if err := c.WriteFeeds(c.o.Feeds); err != nil {
		return err
	}
	var err error
	if c.topology, c.standin, err = topology(c.o.BasePort, c.path(fileRegister), c.o.Feeds); err != nil {
		return err
	}
	if c.o.Upstream != nil {
		c.o.Upstream(&c.topology.Upstream)
	}
	if c.o.Edit != nil {
		c.o.Edit(&c.topology)
	}
	if err := writeTopology(c.path("cluster.toml"), c.topology); err != nil {
		return err
	}
	made, err := exec.CommandContext(ctx, c.o.Binary, "init", "--config", c.path("cluster.toml"), "--out", c.Made()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("making certificates and keys: %w: %s", err, made)
	}
	for _, d := range []string{"data", "logs"} {
		if err := os.MkdirAll(c.path(d), 0o700); err != nil {
			return err
		}
	}
	if c.o.EditNode == nil {
		return nil
	}
	for _, m := range c.topology.Members {
		own, err := admin.LoadTopology(c.ClusterFile(m.ID))
		if err != nil {
			return err
		}
		c.o.EditNode(m.ID, &own)
		if err := writeTopology(c.ClusterFile(m.ID), own); err != nil {
			return err
		}
	}
	return nil
}

func writeTopology(path string, t admin.Topology) error {
	text, err := t.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// activate raises the cluster to the level of its build. Where members run different
// builds, one that knows less keeps it where it is.
func (c *Cluster) activate(ctx context.Context) error {
	_, err := c.operator.Activate(ctx, "")
	var refused *adminclient.ProblemError
	if errors.As(err, &refused) && refused.Status == http.StatusConflict && len(c.o.Binaries) > 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("activating the level of the build: %w", err)
	}
	return nil
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

// StartStandIn starts the stand-in, if it does not run. What it was told by acts it has
// forgotten; the file it reads again.
func (c *Cluster) StartStandIn() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[standinID] != nil {
		return fmt.Errorf("%s runs already", standinID)
	}
	return c.spawn(child{id: standinID, argv: []string{c.o.Binary, "standin", "--file", c.path(fileServices), "--listen", c.standin}})
}

// spawn starts a process; who calls it holds mu.
func (c *Cluster) spawn(ch child) error {
	if c.closed {
		return fmt.Errorf("%s: %w", ch.id, ErrClosed)
	}
	ch.log = c.LogFile(ch.id)
	p, err := c.starter.spawn(ch)
	if err != nil {
		return err
	}
	c.running[ch.id] = p
	go c.watch(p)
	return nil
}

// watch tells of a process that ends by itself. One that ended in order will be started
// again, and who connects meanwhile waits; one that broke is not there, and refuses.
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
	if p.err != nil {
		_ = c.held[p.id].close() // of a listening socket: nothing can be lost
		delete(c.held, p.id)
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

// stop signals processes in order, then waits for them all.
func stop(all []*process, s syscall.Signal, within time.Duration) error {
	var faults []error
	for _, p := range all {
		faults = append(faults, p.signal(s))
	}
	for _, p := range all {
		faults = append(faults, p.end(within))
	}
	return errors.Join(faults...)
}

// Close stops every node, data nodes first, then the stand-in, and removes everything
// that was made.
func (c *Cluster) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	ids := make([]string, len(seats))
	for i, s := range seats {
		ids[i] = s.id
	}
	err := errors.Join(stop(c.take(ids...), syscall.SIGTERM, killAfter), stop(c.take(standinID), syscall.SIGTERM, killAfter))
	c.letGo(ids...)
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
