package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	adminendpoint "tvilling/node/internal/admin"
	"tvilling/node/internal/health"
	"tvilling/protocol/admin"
)

// maxNotReady bounds what a node tells the others of why it is not ready, bytes.
const maxNotReady = 512

// sight is what a node knows of itself beside raft.
type sight struct {
	node    *Node
	started time.Time
}

// checks are what a node is held to. Each answers at once.
func (n *Node) checks() []health.Check {
	all := []health.Check{
		{Name: "leader", Ask: func() error { return leaderHeard(n) }},
		{Name: "state", Ask: n.fsm.Err},
	}
	if n.ring != nil {
		all = append(all, health.Check{Name: "keys", Ask: n.state().opens})
	}
	return append(all,
		health.Check{Name: "feeds", Ask: func() error { return health.Warn(n.state().fresh()) }},
		health.Check{Name: "disk", Ask: func() error {
			free, total, err := health.Room(n.cfg.DataDir)
			return cmp.Or(health.Warn(err), health.Disk(free, total))
		}},
		health.Check{Name: "certificates", Ask: n.certificatesHold},
		health.Check{Name: "clock", Ask: n.clockHolds},
	)
}

// drainingToo are the checks, and whether the node drains.
func (n *Node) drainingToo() []health.Check {
	return append([]health.Check{{Name: "draining", Ask: n.drain.stays}}, n.checks()...)
}

// certificatesHold tells of certificates that run out, and of new ones that were put there
// and cannot be used: with those, what is used goes on until it runs out.
func (n *Node) certificatesHold() error {
	runs := health.Certificates(n.certificates(), time.Now())
	if n.certs == nil || n.certs.Fault() == nil {
		return runs
	}
	fault := n.certs.Fault()
	if runs == nil || errors.Is(runs, health.ErrWarns) {
		return health.Warn(errors.Join(fault, runs))
	}
	return errors.Join(runs, fault)
}

// certificates are those that were read from the node's directory; alone there are none.
func (n *Node) certificates() []admin.Certificate {
	if n.certs == nil {
		return nil
	}
	return n.certs.Now().Expiries
}

// describe adds to what the cluster tells of this node.
func (s *sight) describe(m *admin.Member) {
	n := s.node
	if n.data != nil {
		m.Sessions = n.data.sessions.Count()
	}
	m.Started, m.Phase = s.started.UTC().Format(time.RFC3339), n.drain.phase()
	m.DiskFree, m.DiskTotal, _ = health.Room(n.cfg.DataDir) // zero: not known
	m.CertificateUntil = health.First(n.certificates())
	var why []string
	for _, c := range health.Ask(n.drainingToo()) {
		if !c.OK && !c.Warns {
			why = append(why, c.Name+": "+c.Why)
		}
	}
	m.NotReady = strings.Join(why, "; ")
	m.NotReady = m.NotReady[:min(len(m.NotReady), maxNotReady)]
}

// Health is the node as it sees itself. It asks nobody.
func (s *sight) Health() admin.NodeHealth {
	n := s.node
	h := admin.NodeHealth{
		Member: n.cluster.Own(), Checks: health.Ask(n.drainingToo()), Draining: n.drain.Draining(),
		Disk:         admin.Disk{Used: health.Used(n.cfg.DataDir)},
		Certificates: append([]admin.Certificate{}, n.certificates()...), // never null
		Now:          time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00"),
	}
	h.Disk.Free, h.Disk.Total, _ = health.Room(n.cfg.DataDir)
	return h
}

// Drain implements adminendpoint.Operated. Who is to lead next has to be somebody who can.
func (i itself) Drain(ctx context.Context, want admin.Drain) (admin.Draining, error) {
	n := i.sight.node
	if m, ok := n.cfg.Topology.Member(want.To); want.To != "" && (!ok || m.Role != admin.RoleData || m.ID == n.cfg.Self) {
		return i.Draining(), fmt.Errorf("%w: to: %q is no other data node", adminendpoint.ErrRequest, want.To)
	}
	return i.drainer.Drain(ctx, want)
}

// itself is a node as its operators' endpoint sees it.
type itself struct {
	*drainer
	*sight
}
