package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"tvilling/node/internal/health"
	"tvilling/node/internal/identity"
	"tvilling/node/internal/ingest"
	"tvilling/node/internal/session"
	"tvilling/node/internal/timing"
	"tvilling/protocol/admin"
	"tvilling/wasm/site"
)

// ErrConfig is a configuration that a gateway does not start with; the text says why.
var ErrConfig = errors.New("gateway configuration")

// Sessions serves upgraded connections; *session.Service is one.
type Sessions interface {
	Serve(ctx context.Context, conn session.Conn, caller session.Caller)
	Admits(caller session.Caller) error // why not, in words for who asks
}

// SignIn is the way in; *signin.Service is one.
type SignIn interface {
	Handle(mux *http.ServeMux)                     // adds its paths
	Arrive(w http.ResponseWriter, r *http.Request) // is told of who loads the page
	Held(r *http.Request) (*identity.Session, *identity.HandOver)
}

// Ingest takes answers of source systems; *ingest.Ingest is one.
type Ingest interface {
	Put(ctx context.Context, r ingest.Request) (ingest.Receipt, error)
}

// Names of the listeners.
const (
	ListenerClient = "client"
	ListenerSource = "source"
)

// names are those of the servers, in their order.
var names = [...]string{ListenerClient, ListenerSource}

// Config is what a gateway needs of its node.
type Config struct {
	Topology admin.Topology
	Self     string
	Browsers *tls.Config // nil: no TLS, on loopback outside production only
	Sources  *tls.Config // must ask for a certificate and hold it against the sources' authority
	Site     *site.Site  // nil: not built in; browsers are told
	Sessions Sessions
	Ingest   Ingest
	Checks   []health.Check
	Staff    func() *x509.CertPool       // whom browsers' certificates are held against; nil, and of none: nobody has one
	SignIn   SignIn                      // the way in, and what browsers hold; nil: they hold nothing
	Provider func(context.Context) error // why the provider that one signs in at is not reached; nil where nobody does
	Logger   *slog.Logger

	Listeners map[string]net.Listener // client and source, where somebody else bound them; the others are bound
}

// Gateway serves browsers and source systems.
type Gateway struct {
	cfg     Config
	member  admin.Node
	origins origins
	parting parting
	serving serving
	sockets sockets
	answers *semaphore.Weighted // bytes of answers that are being read and made durable
	wait    time.Duration       // for room among them
	servers []*http.Server      // browsers, and sources unless nobody may send here
	bound   []net.Listener      // one for each of them
	counts  Counts
	tests   turns    // of the test page
	crowds  []*crowd // one for each server
	lines   lines
	reach   reach // of the provider, as the test page asks
}

// Counts is what came since the start. An answer failed where this node could not take
// it; one that was refused for what it is was taken care of. Streams count as refused
// where the node had no place for them, or goes away: their browsers try another.
// Connections that were closed because there were too many are crowded.
type Counts struct {
	Put     timing.Count
	Refused atomic.Uint64
	Crowded atomic.Uint64
}

// Counts returns what is counted; it goes on counting.
func (g *Gateway) Counts() *Counts { return &g.counts }

// New checks the configuration and makes a Gateway. It does not listen yet.
func New(cfg Config) (*Gateway, error) {
	member, ok := cfg.Topology.Member(cfg.Self)
	switch {
	case !ok || member.Role != admin.RoleData:
		return nil, fmt.Errorf("%w: %q is not a data node of the cluster", ErrConfig, cfg.Self)
	case cfg.Sessions == nil || cfg.Ingest == nil || cfg.Logger == nil:
		return nil, fmt.Errorf("%w: sessions, ingest and logger are needed", ErrConfig)
	case member.Source != "" && (cfg.Sources == nil || cfg.Sources.ClientAuth != tls.RequireAndVerifyClientCert ||
		cfg.Sources.ClientCAs == nil || len(cfg.Sources.Certificates) == 0):
		return nil, fmt.Errorf("%w: the source listener needs a certificate, and an authority to hold sources against", ErrConfig)
	case cfg.Browsers == nil && cfg.Topology.Environment == admin.Production:
		return nil, fmt.Errorf("%w: in production browsers need TLS: no client certificate is configured", ErrConfig)
	case cfg.Browsers == nil && !isLoopback(member.Client):
		return nil, fmt.Errorf("%w: without TLS the client address must be on loopback", ErrConfig)
	}
	allowed, err := originsOf(cfg.Topology, member)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		cfg: cfg, member: member, origins: allowed, answers: semaphore.NewWeighted(answersRoom), wait: roomWithin,
		tests: turns{most: testsPerSecond, every: time.Second}, lines: newLines(), crowds: []*crowd{newCrowd(maxBrowsers), newCrowd(maxSources)},
	}
	g.parting.now, g.parting.states = newFlights(), map[net.Conn]http.ConnState{}
	g.sockets.open = map[*socket]struct{}{}
	g.servers = append(g.servers, g.server(g.departing(g.ClientHandler()), cfg.Browsers, g.crowds[0], requestWithin, responseWithin))
	if member.Source != "" {
		g.servers = append(g.servers, g.server(g.departing(g.SourceHandler()), cfg.Sources, g.crowds[1], answerWithin, answerWithin+durableWithin))
	}
	return g, nil
}

func (g *Gateway) server(h http.Handler, config *tls.Config, c *crowd, read, write time.Duration) *http.Server {
	return &http.Server{
		Handler: h, TLSConfig: config,
		ReadHeaderTimeout: headerWithin, ReadTimeout: read, WriteTimeout: write, IdleTimeout: idleWithin,
		MaxHeaderBytes: maxHeaderBytes,
		Protocols:      http1(),
		ConnState:      g.arrives(c),
		ErrorLog:       slog.NewLogLogger(g.cfg.Logger.Handler(), slog.LevelDebug),
	}
}

// http1 keeps to HTTP/1.1: the stream is an upgrade, which HTTP/2 does not have here.
func http1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

// Listen binds the addresses that nobody has bound for it, so that a taken port is
// known before anything starts.
func (g *Gateway) Listen() error {
	addresses := []string{g.member.Client, g.member.Source}
	for i := range g.servers {
		l := g.cfg.Listeners[names[i]]
		if l == nil {
			var err error
			if l, err = net.Listen("tcp", addresses[i]); err != nil {
				g.unbind()
				g.bound = nil
				return fmt.Errorf("listening for browsers and sources: %w", err)
			}
		}
		g.bound = append(g.bound, l)
	}
	return nil
}

func (g *Gateway) unbind() {
	for _, l := range g.bound {
		_ = l.Close() // nothing has been served on it, or its server has closed it already
	}
}

// Addresses returns where the gateway listens, browsers first; nil before Listen.
func (g *Gateway) Addresses() []net.Addr {
	var all []net.Addr
	for _, l := range g.bound {
		all = append(all, l.Addr())
	}
	return all
}

// Run serves until Close, or until a listener fails; after Close it returns at once.
// Listen comes first.
func (g *Gateway) Run() error {
	if len(g.bound) == 0 {
		return fmt.Errorf("%w: Run before Listen", ErrConfig)
	}
	ended := make(chan error, len(g.servers))
	if !g.serving.begin(len(g.servers)) {
		return nil
	}
	for i, server := range g.servers {
		go func() {
			defer g.serving.end()
			ended <- g.serve(server, g.bound[i])
		}()
	}
	err := <-ended
	if g.serving.isClosed() {
		return nil // Close waits for what is under way
	}
	_ = g.each((*http.Server).Close)
	return fmt.Errorf("serving browsers and sources: %w", err)
}

func (g *Gateway) serve(s *http.Server, l net.Listener) error {
	if s.TLSConfig == nil {
		return s.Serve(l)
	}
	return s.ServeTLS(l, "", "")
}

func (g *Gateway) each(end func(*http.Server) error) error {
	var faults []error
	for _, s := range g.servers {
		faults = append(faults, end(s))
	}
	return errors.Join(faults...)
}

// Close takes no more connections, waits a few seconds for those where something is under
// way, and ends the others, then the sockets that were upgraded. A server's own shutdown
// will not do: it drops what arrives on a connection that it has accepted.
func (g *Gateway) Close() error {
	g.Drain()
	g.serving.close()
	g.unbind()
	g.serving.wait() // whoever was accepted is known from here on
	g.parting.rest(speaksWithin, http.StateNew, http.StateActive)
	g.parting.rest(closeWithin, http.StateActive)
	err := g.each((*http.Server).Close)
	g.sockets.end()
	return err
}

// isLoopback reports whether an address can be reached from this machine alone.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
