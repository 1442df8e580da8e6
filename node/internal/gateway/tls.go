package gateway

import (
	"crypto/tls"
	"net"
	"net/netip"
)

// clientTLS is what browsers meet; nil where the listener has no TLS. A certificate
// of the staff's authority is asked for where there is one, and may be left out: the
// page itself tells nobody's secrets, and whoever opens the stream is asked there.
func clientTLS(cfg Config) *tls.Config {
	if cfg.Client == nil {
		return nil
	}
	config := &tls.Config{Certificates: []tls.Certificate{*cfg.Client}, MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true}
	if cfg.Staff != nil {
		config.ClientCAs, config.ClientAuth = cfg.Staff, tls.VerifyClientCertIfGiven
	}
	return config
}

// sourceTLS is what source systems meet: without a certificate there is no connection.
// No tickets: a resumed connection would not be held against the authority again.
func sourceTLS(cfg Config) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{cfg.Source}, MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true,
		ClientCAs: cfg.Sources, ClientAuth: tls.RequireAndVerifyClientCert,
	}
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
