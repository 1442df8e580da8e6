package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"math/rand/v2"
	"net"
	"time"
)

// trackedConn is a connection that Close of the port closes, and that ends by itself when
// what it was trusted for has ended.
type trackedConn struct {
	net.Conn
	from string
	port *port

	end   *time.Timer    // guarded by the port's mu, as what follows; nil: not trusted yet
	trust *x509.CertPool // of the handshake
}

func (p *port) track(conn net.Conn, from string) (*trackedConn, bool) {
	tracked := &trackedConn{Conn: conn, from: from, port: p}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		_ = closeNow(conn)
		return nil, false
	}
	p.conns[tracked] = struct{}{}
	return tracked, true
}

// trusted lets a connection live that showed who it is, for as long as that holds.
func (c *trackedConn) trusted(by *tls.Config, state tls.ConnectionState) {
	trust := by.ClientCAs
	if trust == nil {
		trust = by.RootCAs
	}
	c.port.mu.Lock()
	defer c.port.mu.Unlock()
	if _, open := c.port.conns[c]; open {
		c.trust = trust
		c.end = time.AfterFunc(lifetime(by.Certificates[0], state, time.Now()), func() { _ = c.Close() })
	}
}

// renew ends connections that were made with certificates that are used no more, soon:
// what was renewed is then shown while whoever renewed it looks on, and who was signed by
// an authority that is trusted no more does not stay. Not all go at once.
func (p *port) renew() {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-p.closed:
			return
		}
		now := p.tls().Authority
		p.mu.Lock()
		for c := range p.conns {
			if c.end != nil && c.trust != now {
				c.trust = now // once
				c.end.Reset(rand.N(renewWithin))
			}
		}
		p.mu.Unlock()
	}
}

// Close closes the connection and forgets it.
func (c *trackedConn) Close() error {
	c.port.mu.Lock()
	if c.port.conns != nil {
		delete(c.port.conns, c)
	}
	if c.end != nil {
		c.end.Stop()
	}
	c.port.mu.Unlock()
	return closeNow(c.Conn)
}

// lifetime is how long a connection between members may last. Raft's last as long as both
// processes do, and certificates are looked at in the handshake alone: a connection goes
// when a certificate of either side runs out, whoever shows a newer one connects again at
// once, and after connLife at most, so that an authority that is trusted no more is of no
// use either. Not all end in the same moment.
func lifetime(own tls.Certificate, state tls.ConnectionState, now time.Time) time.Duration {
	life := connLife - rand.N(connLife/4)
	for _, c := range append([]*x509.Certificate{own.Leaf}, state.PeerCertificates...) {
		if c != nil {
			life = min(life, c.NotAfter.Sub(now))
		}
	}
	return max(life, 0)
}
