package node

import (
	"context"
	"slices"
	"time"

	"tvilling/node/internal/session"
	"tvilling/protocol/admin"
)

// let is what a node lets go of in a drain. A witness has nothing but leadership, which
// it never keeps.
type let struct{ n *Node }

func (l let) turnAway() {
	if d := l.n.data; d != nil {
		d.gateway.Drain()
	}
}

func (l let) takeBack() {
	if d := l.n.data; d != nil {
		d.sessions.Undrain()
		d.gateway.Undrain()
	}
}

func (l let) handOver(ctx context.Context, to string) error { return l.n.cluster.HandOver(ctx, to) }

func (l let) shun(ctx context.Context) { l.n.cluster.Shun(ctx) }

func (l let) leader() string { return l.n.cluster.Leader() }

// move sends browsers to the data nodes that take them.
func (l let) move(ctx context.Context, within time.Duration) {
	d := l.n.data
	if d == nil {
		return
	}
	where := d.others
	if d.sessions.Count() > 0 {
		where = l.open(ctx)
	}
	d.sessions.Drain(ctx, where, within)
}

// open are the streams of the other data nodes that say that they are ready; all of
// them, if none does.
func (l let) open(ctx context.Context) []string {
	members := l.n.cluster.Members(ctx)
	t := l.n.cfg.Topology
	t.Members = slices.DeleteFunc(slices.Clone(t.Members), func(m admin.Node) bool {
		i := slices.IndexFunc(members, func(told admin.Member) bool { return told.ID == m.ID })
		return i < 0 || m.ID != l.n.cfg.Self && (members[i].Error != "" || members[i].NotReady != "" || members[i].Phase != admin.PhaseNone)
	})
	if ready := alternates(t, l.n.cfg.Self); len(ready) > 0 {
		return ready
	}
	return l.n.data.others
}

func (l let) settle(ctx context.Context, within time.Duration) {
	d := l.n.data
	if d == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := d.gateway.Settle(ctx); err != nil {
		l.n.cfg.Logger.Warn("requests go on, and the drain does not wait for them", "reason", err)
	}
}

func (l let) leaving() session.Leaving {
	if l.n.data == nil {
		return session.Leaving{}
	}
	return l.n.data.sessions.Leaving()
}
