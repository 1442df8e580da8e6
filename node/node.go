package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	adminendpoint "tvilling/node/internal/admin"
	"tvilling/node/internal/certs"
	"tvilling/node/internal/cluster"
	"tvilling/node/internal/health"
	"tvilling/node/internal/ingest"
	"tvilling/node/internal/proof"
	"tvilling/node/internal/sealing"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// How long a node takes to go.
const (
	adminWithin    = 15 * time.Second
	adminEndWithin = time.Second     // for operators' calls under way
	heardWithin    = 2 * time.Second // a leader heard longer ago makes a node not ready
	idleWithin     = time.Minute
	readyEvery     = 20 * time.Millisecond // between two looks of WaitReady
	maxAdminHead   = 16 << 10
)

// Node is one running node. It holds parts, not state: each part owns its own.
type Node struct {
	cfg     Config
	member  admin.Node
	certs   *certs.Live   // nil: alone
	ring    *sealing.Ring // nil: a witness
	fsm     *raftfsm.FSM
	cluster *cluster.Cluster
	data    *data                 // nil: a witness
	sees    atomic.Pointer[sight] // nil until all of it is there: the cluster runs before
	drain   *drainer

	cosigner    *proof.Cosigner // nil: without a key for the access log's checkpoints
	checkpoints *proof.Maker

	admin    *http.Server // nil: alone
	probes   *probes      // nil: no address for them
	backups  *backups     // nil: alone
	operator net.Listener
}

// Open opens the node's state, joins its cluster and binds its listeners. Run serves.
func Open(cfg Config) (*Node, error) {
	member, err := cfg.check()
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Node{cfg: cfg, member: member}
	n.drain = newDrainer(let{n}, cfg.Logger)
	if err := n.open(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Node) open() error {
	if err := n.unlock(); err != nil {
		return err
	}
	if err := n.cfg.setAsideSuperseded(); err != nil {
		return err
	}
	var err error
	if n.fsm, err = raftfsm.Open(n.cfg.path("fsm"), raftfsm.Options{Sync: n.cfg.Sync, SnapshotRate: snapshotRate, Logger: n.cfg.Logger}); err != nil {
		return err
	}
	if err := n.openSigning(); err != nil {
		return err
	}
	if n.cluster, err = cluster.Open(n.clusterConfig(), n.fsm); err != nil {
		return errors.Join(n.fsm.Err(), err) // what the state machine says is nearer to the cause
	}
	g := n.cluster.Generation()
	if n.checkpoints, err = proof.NewMaker(n.cfg.Topology, admin.Generation{Number: g.Number, ID: g.ID}, n.fsm, n.cluster, newIntent, n.cfg.Logger); err != nil {
		return err
	}
	if n.member.Role == admin.RoleData {
		if err := n.state().opens(); err != nil {
			return err
		}
		if n.data, err = openData(n); err != nil {
			return err
		}
	}
	n.sees.Store(&sight{node: n, started: time.Now()})
	if n.cfg.alone() {
		return nil
	}
	return n.openAdmin()
}

// snapshotRate paces the writing of snapshots, bytes a second: faster, the log's
// syncs wait behind the snapshot's.
const snapshotRate = 100 << 20

// unlock reads the certificates and, on a data node, the keyring.
func (n *Node) unlock() (err error) {
	if n.cfg.alone() {
		n.ring, err = ownKeyring(n.cfg.DataDir)
		return err
	}
	self := admin.Identity{Cluster: n.cfg.Topology.Cluster, Node: n.cfg.Self}
	if n.certs, err = certs.Open(n.cfg.Material, n.member.Role, self, n.cfg.Logger); err != nil {
		return err
	}
	if n.member.Role == admin.RoleData {
		n.ring, err = loadKeyring(n.cfg.Material)
		return err
	}
	return refuseKeyring(n.cfg.Material)
}

func (n *Node) clusterConfig() cluster.Config {
	cfg := cluster.Config{
		Topology: n.cfg.Topology, Self: n.cfg.Self, Dir: n.cfg.path("raft"), Alone: n.cfg.alone(),
		Keys: n.ring != nil, Version: n.cfg.Version, Logger: n.cfg.Logger, Tuning: n.cfg.Tuning,
		Describe: n.describe, Now: n.cfg.now, Listener: n.cfg.Listeners[ListenerPeer],
	}
	if n.cosigner != nil {
		cfg.Cosign = n.cosigner.Cosign
	}
	if n.certs != nil {
		cfg.TLS = func() cluster.TLS { return peersTLS(n.certs.Now()) }
	}
	return cfg
}

// peersTLS is what the other members are met with.
func peersTLS(c *certs.Node) cluster.TLS {
	return cluster.TLS{Authority: c.Authority, Certificate: c.Certificate}
}

// describe adds to what the cluster tells of this node.
func (n *Node) describe(m *admin.Member) {
	if s := n.sees.Load(); s != nil {
		s.describe(m)
	}
}

func (n *Node) openAdmin() error {
	self := admin.Status{Cluster: n.cfg.Topology.Cluster, Environment: n.cfg.Topology.Environment, Node: n.cfg.Self}
	numbers, err := n.numbers()
	if err != nil {
		return err
	}
	if n.probes, err = openProbes(n, numbers); err != nil {
		return err
	}
	cfg := adminendpoint.Config{
		Self: self, Cluster: n.cluster, State: n.state(), Metrics: numbers, Intent: newIntent, Logger: n.cfg.Logger,
		Operated: itself{n.drain, n.sees.Load()},
	}
	n.backups = newBackups(n)
	cfg.Backups = n.backups
	if n.data != nil {
		cfg.Feedback = written{n.data.feedback}
		cfg.FollowUp, cfg.Proofs = n.data.followup, proof.NewReader(n.fsm, n.ring, n.data.followup)
	}
	n.admin = &http.Server{
		Handler: adminendpoint.Handler(cfg), TLSConfig: n.certs.AdminServer(),
		ReadTimeout: adminWithin, WriteTimeout: adminWithin, IdleTimeout: idleWithin, MaxHeaderBytes: maxAdminHead,
		ErrorLog: slog.NewLogLogger(n.cfg.Logger.Handler(), slog.LevelDebug),
	}
	n.operator, err = n.cfg.listen(ListenerAdmin, n.member.Admin)
	return err
}

func (n *Node) state() state { return state{fsm: n.fsm, ring: n.ring, from: n.cfg.Topology} }

// Run serves until ctx ends, which is an orderly end, until a drain that is not to stay
// is over, or until a part fails. Close comes after it.
func (n *Node) Run(ctx context.Context) error {
	// What runs goes on while the node drains: only then is it stopped.
	whole, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, inner := errgroup.WithContext(whole)
	group.Go(func() error { return n.cluster.Run(inner) })
	if n.certs != nil {
		group.Go(func() error { return askedIsFine(inner, n.certs.Run(inner)) })
	}
	group.Go(func() error { return n.cluster.WhileLeader(inner, n.checkpoints.Run) })
	if n.data != nil {
		group.Go(func() error { return n.cluster.WhileLeader(inner, n.data.feeds.Run) })
		if n.data.export != nil {
			group.Go(func() error { return n.cluster.WhileLeader(inner, n.data.export.Run) })
		}
		group.Go(n.data.gateway.Run)
	}
	if n.admin != nil {
		group.Go(func() error { return closedIsFine(n.admin.ServeTLS(n.operator, "", "")) })
	}
	if n.probes != nil {
		group.Go(n.probes.run)
	}
	group.Go(func() error {
		defer stop()
		select {
		case <-ctx.Done():
		case <-n.drain.ending():
		case <-inner.Done():
		}
		n.drain.End()
		return n.leave()
	})
	n.cfg.Logger.Info("node runs", "site", n.member.Site, "role", n.member.Role, "version", n.cfg.Version)
	return group.Wait()
}

// Ready says why the node should not be sent work to: no leader is heard, the state
// has failed or another keyring sealed it, a security projection is too old, its clock
// is not to be trusted. nil: it
// should.
func (n *Node) Ready() error {
	ready := []error{leaderHeard(n), n.fsm.Err(), n.state().fresh(), n.clockTrusted()}
	if n.ring != nil {
		ready = append(ready, n.state().opens())
	}
	return errors.Join(ready...)
}

// Serves is Ready without what only warns: a feed that is late is late everywhere.
func (n *Node) Serves() error {
	var faults []error
	for _, c := range health.Ask(n.drainingToo()) {
		if !c.OK && !c.Warns {
			faults = append(faults, fmt.Errorf("%s: %s", c.Name, c.Why))
		}
	}
	return errors.Join(faults...)
}

// Vital tells whether this node itself can go on, whatever has become of the others:
// raft answers, and its log can be written. It waits until ctx ends at most.
func (n *Node) Vital(ctx context.Context) error { return n.cluster.Vital(ctx) }

// Drained is closed when a drain that is not to stay is over: the node ends.
func (n *Node) Drained() <-chan struct{} { return n.drain.ending() }

// WaitReady waits until the node is ready, or ctx ends.
func (n *Node) WaitReady(ctx context.Context) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		err := n.Ready()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: not ready: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// leave stops what others call, when everybody has gone; probes are the last to be told.
func (n *Node) leave() error {
	var faults []error
	if n.data != nil {
		faults = append(faults, n.data.leave())
	}
	if n.admin != nil {
		ctx, cancel := context.WithTimeout(context.Background(), adminEndWithin)
		defer cancel()
		if n.admin.Shutdown(ctx) != nil { // an operator's call that goes on: it is cut off
			faults = append(faults, n.admin.Close())
		}
	}
	if n.probes != nil {
		faults = append(faults, n.probes.close())
	}
	return errors.Join(faults...)
}

// Close stops what is left and closes the files, in the opposite order of Open. It
// may be called after a failed Open and after Run.
func (n *Node) Close() error {
	var faults []error
	if n.data != nil {
		faults = append(faults, n.data.gateway.Close())
	}
	if n.probes != nil {
		faults = append(faults, n.probes.close())
	}
	if n.operator != nil {
		faults = append(faults, closedIsFine(n.operator.Close()))
	}
	if n.backups != nil {
		n.backups.close()
	}
	if n.cluster != nil {
		faults = append(faults, n.cluster.Close())
	}
	if n.drain != nil {
		n.drain.wait()
	}
	if n.fsm != nil {
		faults = append(faults, n.fsm.Close())
	}
	n.cfg.unbind()
	return errors.Join(faults...)
}

// Put makes an answer of a source system durable, as the source listener does: for a
// program that embeds the node. source is the HSA-id of a registered source, message
// the SOAP response of the contract. It returns the log index.
func (n *Node) Put(ctx context.Context, source, contract string, message []byte) (uint64, error) {
	if n.data == nil {
		return 0, errNoKeys
	}
	receipt, err := n.data.ingest.Put(ctx, ingest.Request{Caller: source, Contract: contract, Message: message})
	return receipt.Index, err
}

func newIntent() command.Intent {
	var intent command.Intent
	_, _ = rand.Read(intent[:]) // crypto/rand ends the process rather than fail
	return intent
}

// askedIsFine drops the error of what went on until it was asked to end: an end in order
// is none, and a supervisor must not take it for one.
func askedIsFine(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func closedIsFine(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
