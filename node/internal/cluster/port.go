package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
)

// Protocols on the peer port, told apart in the TLS handshake.
const (
	alpnRaft = "tvilling-raft/2" // a greeting of each side first
	alpnPeer = "tvilling-peer/2"

	alpnRaftSilent = "tvilling-raft/1" // of builds that do not greet
	alpnPeerSilent = "tvilling-peer/1"
)

// protocols are those to offer for one: the same of builds that do not greet, too.
func protocols(one string) []string {
	if one == alpnRaft {
		return []string{alpnRaft, alpnRaftSilent}
	}
	return []string{alpnPeer, alpnPeerSilent}
}

// greeter says who we are and hears who they are.
type greeter struct {
	ours  func() []byte
	admit func(from string, theirs []byte) error
}

// port is the one address where other nodes reach this one, and the way to theirs:
// TCP with TLS 1.3, certificates of the cluster's authority on both sides.
type port struct {
	topology  admin.Topology
	self      string
	tls       func() TLS
	greeter   greeter
	log       *slog.Logger
	listener  net.Listener
	transport raft.Transport

	streams  chan *trackedConn // raft's connections, shown who they are
	calls    chan *trackedConn // peer calls'
	door     *door
	closed   chan struct{}
	refusals refusals

	mu      sync.Mutex
	conns   map[*trackedConn]struct{} // nil once closed
	closing sync.Once
}

// newPort makes one that is only dialled from. The caller must Close it.
func newPort(cfg *Config, log *slog.Logger, greeter greeter) (*port, error) {
	p := &port{
		topology: cfg.Topology, self: cfg.Self, tls: cfg.TLS, greeter: greeter, log: log, listener: cfg.Listener,
		streams: make(chan *trackedConn), calls: make(chan *trackedConn),
		door: newDoor(), closed: make(chan struct{}),
		conns: map[*trackedConn]struct{}{}, refusals: refusals{every: refusalLogEvery},
	}
	return p, p.checkSelf()
}

// openPort listens. The caller must Close it.
func openPort(cfg *Config, log *slog.Logger, greeter greeter) (*port, error) {
	p, err := newPort(cfg, log, greeter)
	if err != nil {
		return nil, err
	}
	if p.listener == nil {
		member, _ := cfg.Topology.Member(cfg.Self)
		listener, err := net.Listen("tcp", member.Peer)
		if err != nil {
			return nil, fmt.Errorf("%w: the peer address: %w", ErrConfig, err)
		}
		p.listener = listener
	}
	p.transport = newTransport(stream{p}, cfg.Tuning.TransportTimeout, newBridge(log))
	p.door.watch(p.topology, p.closed)
	go p.accept()
	go p.renew()
	return p, nil
}

// checkSelf tells a certificate that others would refuse before anything is started.
func (p *port) checkSelf() error {
	if p.tls == nil || p.tls().Authority == nil || len(p.tls().Certificate.Certificate) == 0 {
		return fmt.Errorf("%w: no certificate or no authority", ErrConfig)
	}
	leaf, err := x509.ParseCertificate(p.tls().Certificate.Certificate[0])
	if err != nil {
		return fmt.Errorf("%w: own certificate: %w", ErrConfig, err)
	}
	who, err := admin.ParseIdentity(leaf.URIs)
	if err != nil {
		return fmt.Errorf("%w: own certificate: %w", ErrConfig, err)
	}
	if want := (admin.Identity{Cluster: p.topology.Cluster, Node: p.self}); who != want {
		return fmt.Errorf("%w: own certificate is of %s and not of %s", ErrConfig, who, want)
	}
	return nil
}

// peer tells which member is on the other side of a connection.
func (p *port) peer(state tls.ConnectionState) (string, error) {
	if len(state.PeerCertificates) == 0 {
		return "", fmt.Errorf("%w: no certificate", ErrPeer)
	}
	who, err := admin.ParseIdentity(state.PeerCertificates[0].URIs)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPeer, err)
	}
	if who.Cluster != p.topology.Cluster {
		return "", fmt.Errorf("%w: of cluster %q, this is cluster %q", ErrPeer, who.Cluster, p.topology.Cluster)
	}
	if _, ok := p.topology.Member(who.Node); !ok {
		return "", fmt.Errorf("%w: %s is not a member", ErrPeer, who)
	}
	return who.Node, nil
}

func (p *port) serverTLS() *tls.Config {
	own := p.tls()
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{own.Certificate},
		ClientAuth:             tls.RequireAndVerifyClientCert,
		ClientCAs:              own.Authority,
		NextProtos:             []string{alpnRaft, alpnPeer, alpnRaftSilent, alpnPeerSilent},
		SessionTicketsDisabled: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			_, err := p.peer(state)
			return err
		},
	}
}

func (p *port) clientTLS(id, host, protocol string) *tls.Config {
	own := p.tls()
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{own.Certificate},
		RootCAs:      own.Authority,
		ServerName:   host,
		NextProtos:   protocols(protocol),
		VerifyConnection: func(state tls.ConnectionState) error {
			who, err := p.peer(state)
			if err != nil {
				return err
			}
			if who != id {
				return fmt.Errorf("%w: %q answers at the address of %q", ErrPeer, who, id)
			}
			return nil
		},
	}
}

// accept takes connections until the port is closed.
func (p *port) accept() {
	pause := retryFloor
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			select {
			case <-p.closed:
				return
			case <-time.After(pause): // out of file descriptors, most likely
				pause = min(2*pause, time.Second)
			}
			continue
		}
		pause = retryFloor
		from := addressOf(conn)
		if err := p.door.enter(from); err != nil {
			p.refusals.log(p.log, from, err)
			_ = conn.Close()
			continue
		}
		config := p.serverTLS()
		go p.welcome(tls.Server(conn, config), config, from)
	}
}

// welcome lets a connection show who it is and hands it to whom it asks for.
func (p *port) welcome(conn *tls.Conn, config *tls.Config, from netip.Addr) {
	tracked, ok := p.track(conn, "")
	if !ok {
		p.door.leave(from)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), handshakeLimit)
	err := conn.HandshakeContext(ctx)
	cancel()
	p.door.leave(from)
	if err == nil {
		tracked.from, err = p.peer(conn.ConnectionState())
	}
	if err == nil {
		err = p.greet(conn, tracked.from)
	}
	if err != nil {
		p.refusals.log(p.log, conn.RemoteAddr(), err)
		_ = tracked.Close()
		return
	}
	tracked.trusted(config, conn.ConnectionState())
	to := p.calls
	if protocol := conn.ConnectionState().NegotiatedProtocol; protocol == alpnRaft || protocol == alpnRaftSilent {
		to = p.streams
	}
	select {
	case to <- tracked:
	case <-p.closed:
		_ = tracked.Close()
	}
}

// greet exchanges greetings, before anything else passes.
func (p *port) greet(conn *tls.Conn, with string) error {
	switch conn.ConnectionState().NegotiatedProtocol {
	case alpnRaft, alpnPeer:
	default:
		return p.greeter.admit(with, nil)
	}
	if err := conn.SetDeadline(time.Now().Add(handshakeLimit)); err != nil {
		return err
	}
	theirs, err := exchange(conn, p.greeter.ours())
	if err != nil {
		return err
	}
	if err := p.greeter.admit(with, theirs); err != nil {
		return err
	}
	return conn.SetDeadline(time.Time{})
}

// Accept implements Network.
func (p *port) Accept() (net.Conn, string, error) {
	select {
	case conn := <-p.calls:
		return conn, conn.from, nil
	case <-p.closed:
		return nil, "", net.ErrClosed
	}
}

// Dial implements Network.
func (p *port) Dial(ctx context.Context, id string) (net.Conn, error) {
	return p.dial(ctx, id, alpnPeer)
}

func (p *port) dial(ctx context.Context, id, protocol string) (net.Conn, error) {
	member, ok := p.topology.Member(id)
	if !ok {
		return nil, fmt.Errorf("%w: %q is not a member", ErrPeer, id)
	}
	host, _, err := net.SplitHostPort(member.Peer)
	if err != nil {
		return nil, fmt.Errorf("%w: address of %q: %w", ErrPeer, id, err)
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	config := p.clientTLS(id, host, protocol)
	dialer := tls.Dialer{Config: config}
	conn, err := dialer.DialContext(ctx, "tcp", member.Peer)
	if err != nil {
		if errors.Is(err, ErrPeer) {
			p.refusals.log(p.log, id, err)
		}
		return nil, fmt.Errorf("%w: %q: %w", ErrUnreachable, id, err)
	}
	tracked, ok := p.track(conn, id)
	if !ok {
		return nil, net.ErrClosed
	}
	if err := p.greet(conn.(*tls.Conn), id); err != nil {
		_ = tracked.Close()
		p.refusals.log(p.log, id, err)
		return nil, fmt.Errorf("%w: %q: %w", ErrUnreachable, id, err)
	}
	tracked.trusted(config, conn.(*tls.Conn).ConnectionState())
	return tracked, nil
}

// Transport implements Network.
func (p *port) Transport() raft.Transport { return p.transport }

// Close implements Network: the listener first, then every connection.
func (p *port) Close() error {
	var err error
	p.closing.Do(func() {
		close(p.closed)
		if p.listener != nil {
			err = p.listener.Close()
		}
		p.mu.Lock()
		conns := p.conns
		p.conns = nil
		p.mu.Unlock()
		for conn := range conns {
			_ = closeNow(conn.Conn)
		}
	})
	return err
}

// closeNow closes the socket below TLS: a farewell to someone who does not read
// would have to be waited for.
func closeNow(conn net.Conn) error {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn().Close()
	}
	return conn.Close()
}

// stream is the port as raft sees it. Addresses are member ids, so that a member may
// move without a change of raft's configuration.
type stream struct{ port *port }

// Accept implements net.Listener.
func (s stream) Accept() (net.Conn, error) {
	select {
	case conn := <-s.port.streams:
		return conn, nil
	case <-s.port.closed:
		return nil, net.ErrClosed
	}
}

// Dial implements raft.StreamLayer.
func (s stream) Dial(id raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return s.port.dial(ctx, string(id), alpnRaft)
}

// Close implements net.Listener.
func (s stream) Close() error { return s.port.Close() }

// Addr implements net.Listener.
func (s stream) Addr() net.Addr { return memberAddr(s.port.self) }

type memberAddr string

func (memberAddr) Network() string  { return "member" }
func (a memberAddr) String() string { return string(a) }

// refusals says in the log who was refused and why, but not for each of a flood.
type refusals struct {
	mu     sync.Mutex
	every  time.Duration
	last   time.Time
	unsaid int
}

func (r *refusals) log(log *slog.Logger, who any, reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.last) >= r.every {
		log.Warn("peer refused", "who", fmt.Sprint(who), "reason", reason, "unsaid", r.unsaid)
		r.last, r.unsaid = now, 0
		return
	}
	r.unsaid++
}

// boundedTransport is raft's transport with messages bounded in bytes. Raft bounds
// them by entries only; 512 large ones would not get through within the timeout, and
// a follower that lags would never catch up. Raft looks at what is left in the
// request to know what was sent, and sends the rest next.
type boundedTransport struct{ *raft.NetworkTransport }

func newTransport(layer raft.StreamLayer, timeout time.Duration, log hclog.Logger) raft.Transport {
	return boundedTransport{raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream:          layer,
		MaxPool:         maxTransportConns,
		MaxRPCsInFlight: 1, // with more, a follower's one failed write can stop its replication for ever
		Timeout:         timeout,
		Logger:          log,
	})}
}

// AppendEntries implements raft.Transport.
func (t boundedTransport) AppendEntries(id raft.ServerID, target raft.ServerAddress, request *raft.AppendEntriesRequest, response *raft.AppendEntriesResponse) error {
	request.Entries = bounded(request.Entries)
	return t.NetworkTransport.AppendEntries(id, target, request, response)
}

// bounded is the head of the entries that fits into a message: at least one.
func bounded(entries []*raft.Log) []*raft.Log {
	size := 0
	for i, entry := range entries {
		if size += len(entry.Data); size > maxAppendBytes && i > 0 {
			return entries[:i]
		}
	}
	return entries
}
