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
	end  *time.Timer // guarded by the port's mu; nil: not trusted yet
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

// endAfter closes the connection after a time, unless it is closed before.
func (c *trackedConn) endAfter(d time.Duration) {
	c.port.mu.Lock()
	defer c.port.mu.Unlock()
	if _, open := c.port.conns[c]; open {
		c.end = time.AfterFunc(d, func() { _ = c.Close() })
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
