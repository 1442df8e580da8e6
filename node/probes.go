package node

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"tvilling/node/internal/health"
	"tvilling/protocol/admin"
)

// Limits of the listener for probes.
const (
	probeWithin  = 5 * time.Second
	maxProbeHead = 8 << 10
)

// pathNumbers is where scrapers look by themselves.
const pathNumbers = "/metrics"

// probes is the listener for whoever only looks: in the clear and without certificates,
// so nothing of any patient is there, and nothing can be done.
type probes struct {
	server   *http.Server
	listener net.Listener
}

// openProbes listens; nil where the cluster file names no address.
func openProbes(n *Node, numbers http.Handler) (*probes, error) {
	if n.member.Health == "" {
		return nil, nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+admin.PathLive, health.Live)
	mux.HandleFunc("GET "+admin.PathReady, health.Ready(n.drainingToo))
	mux.Handle("GET "+pathNumbers, numbers)
	l, err := n.cfg.listen(ListenerHealth, n.member.Health)
	if err != nil {
		return nil, err
	}
	return &probes{listener: l, server: &http.Server{
		Handler: mux, ReadTimeout: probeWithin, WriteTimeout: 2 * probeWithin, IdleTimeout: idleWithin, MaxHeaderBytes: maxProbeHead,
		ErrorLog: slog.NewLogLogger(n.cfg.Logger.Handler(), slog.LevelDebug),
	}}, nil
}

func (p *probes) run() error { return closedIsFine(p.server.Serve(p.listener)) }

// close ends it. What a probe is told meanwhile does not matter.
func (p *probes) close() error {
	return errors.Join(closedIsFine(p.server.Close()), closedIsFine(p.listener.Close()))
}
