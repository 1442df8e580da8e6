package node

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"tvilling/node/internal/export"
	"tvilling/node/internal/feedback"
	"tvilling/node/internal/followup"
	"tvilling/node/internal/gateway"
	"tvilling/node/internal/identity"
	"tvilling/node/internal/ingest"
	"tvilling/node/internal/session"
	"tvilling/node/internal/signin"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
	"tvilling/wasm/site"
)

// data is what a data node has beside a witness: everything that reads. It is whole,
// or not there at all.
type data struct {
	services services
	followup *followup.Service
	export   *export.Exporter // nil: there is no national log to hand the access log on to
	ingest   *ingest.Ingest
	feeds    *ingest.Feeds
	sessions *session.Service
	signin   *signin.Service
	gateway  *gateway.Gateway
	feedback *feedback.Book
	others   []string // websocket addresses of the other data nodes
}

func openData(n *Node) (*data, error) {
	d := &data{others: alternates(n.cfg.Topology, n.cfg.Self)}
	d.ingest = ingest.New(n.cluster, n.ring, n.state().registration, newIntent, n.cfg.Logger).CatchingUp(n.catchUp)
	var err error
	if d.feedback, err = feedback.Open(n.cfg.path("feedback"), n.cfg.Version); err != nil {
		return nil, err
	}
	if d.services, err = openServices(n); err != nil {
		return nil, err
	}
	d.feeds = ingest.NewFeeds(d.services.feeds, d.ingest, n.ring, n.fsm)
	if err := d.openLog(n); err != nil {
		return nil, err
	}
	who, err := identifier(n, d.services.register)
	if err != nil {
		return nil, err
	}
	if d.sessions, err = openSessions(n, d, who); err != nil {
		return nil, err
	}
	if d.signin, err = openSignIn(n, d, who); err != nil {
		return nil, err
	}
	if err := d.openGateway(n); err != nil {
		return nil, err
	}
	return d, nil
}

// catchUp waits until this node has applied what was committed when it was called: an
// entry of its own, which comes after all that.
func (n *Node) catchUp(ctx context.Context) error {
	results, err := n.cluster.Propose(ctx, command.Command{Kind: command.KindCanary, Body: command.Canary{Node: n.cfg.Self}})
	if err != nil {
		return err
	}
	return n.fsm.WaitApplied(ctx, results[0].Index)
}

// openLog makes what reads the access log: those who follow it up, and the export.
func (d *data) openLog(n *Node) (err error) {
	d.followup, err = followup.New(followup.Config{Node: n.cfg.Self, Clock: n.clockTrusted, State: n.fsm, Proposer: n.cluster, Ring: n.ring})
	if err != nil || d.services.log == nil {
		return err
	}
	u := n.cfg.Topology.Upstream.Complete()
	d.export, err = export.New(export.Config{
		System: upstream.LogPlace{ID: u.System, Name: u.Name}, Every: every(u.Log),
		State: n.fsm, Proposer: n.cluster, Ring: n.ring, Service: d.services.log, Intent: newIntent, Logger: n.cfg.Logger,
	})
	return err
}

func openSessions(n *Node, d *data, who identity.Identifier) (*session.Service, error) {
	cfg := session.Config{
		Node: n.cfg.Self, Site: n.member.Site, Environment: environment(n.cfg.Topology.Environment), Alternates: d.others,
		Identity: who, State: n.fsm, Cluster: n.cluster, Ring: n.ring, FollowUp: d.followup, Clock: n.clockTrusted, Logger: n.cfg.Logger,
	}
	cfg.Terms = terms(n.signInTerms())
	policy := n.cfg.Topology.Policy
	cfg.Policy = session.Policy{Print: policy.Print, Copy: policy.Copy, Feedback: d.feedback}
	if d.services.engagement != nil { // a nil of that type would be somebody to ask
		cfg.Engagement = d.services.engagement
	}
	return session.New(cfg)
}

func (d *data) openGateway(n *Node) error {
	page, err := site.Load()
	if err != nil {
		n.cfg.Logger.Warn("the browser's program is not built into this binary: browsers get an empty page", "error", err)
	}
	cfg := gateway.Config{
		Topology: n.cfg.Topology, Self: n.cfg.Self, Site: page, Sessions: d.sessions, Ingest: d.ingest,
		Checks: n.checks(), Listeners: n.cfg.Listeners,
		SignIn: d.signin, Logger: n.cfg.Logger,
	}
	if n.signInTerms().Method == admin.SignInProvider {
		cfg.Provider = d.signin.Reach
	}
	if n.certs != nil {
		cfg.Browsers, cfg.Sources = n.certs.BrowserServer(), n.certs.SourceServer()
		cfg.Staff = func() *x509.CertPool { return n.certs.Now().Staff }
	}
	if d.gateway, err = gateway.New(cfg); err != nil {
		return err
	}
	return d.gateway.Listen()
}

// leave ends what is left when everybody has gone.
func (d *data) leave() error {
	d.services.client.CloseIdleConnections()
	return d.gateway.Close()
}

func leaderHeard(n *Node) error {
	if missing := n.cluster.Awaits(); len(missing) > 0 {
		return fmt.Errorf("the cluster is not founded yet: %s has to be started, or reached", strings.Join(missing, ", "))
	}
	at, ok := n.cluster.HeardFromLeader()
	if !ok {
		return errors.New("no leader was heard from")
	}
	if ago := time.Since(at); ago > heardWithin {
		return fmt.Errorf("the leader was last heard from %v ago", ago.Round(time.Millisecond))
	}
	return nil
}

func environment(name string) protocol.Environment {
	switch name {
	case admin.Demo:
		return protocol.Demo
	case admin.Development:
		return protocol.Development
	default:
		return protocol.Production
	}
}

// alternates are the streams of the other data nodes: those of other sites first, since
// what takes one node of a site may take its neighbour.
func alternates(t admin.Topology, self string) []string {
	here, _ := t.Member(self)
	var near, far []string
	for _, n := range t.Members {
		if n.Role != admin.RoleData || n.ID == self {
			continue
		}
		address := "ws" + strings.TrimPrefix(n.Origin, "http") + "/stream"
		if n.Site == here.Site {
			near = append(near, address)
		} else {
			far = append(far, address)
		}
	}
	return append(far, near...)
}
