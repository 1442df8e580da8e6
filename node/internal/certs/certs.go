// Package certs reads a node's certificates, takes up new ones while it runs, and makes
// of them what each listener asks of who connects.
//
// It owns which authority is trusted where: the cluster's for peers and operators,
// the sources' for source systems, the staff's for browsers. It must never trust the
// machine's own authorities, nor accept less than TLS 1.3 from who connects, nor give up
// what works for files that do not.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"tvilling/protocol/admin"
)

// Errors.
var (
	ErrFiles   = errors.New("certificates of the node")
	ErrRefused = errors.New("certificate refused")
)

// maxFileBytes bounds a file; a larger one is refused.
const maxFileBytes = 1 << 20

// Node is what a node has to show and whom it trusts, at one moment.
type Node struct {
	Authority   *x509.CertPool // the cluster's
	Certificate tls.Certificate
	Sources     *x509.CertPool   // nil on a witness
	Staff       *x509.CertPool   // nil on a witness, or where nobody signs in with a certificate
	Client      *tls.Certificate // what browsers see; nil where they connect in the clear
	Upstream    *Services        // nil where there is none

	Expiries []admin.Certificate // of all that were read
}

// Services is what the services around the cluster are called with.
type Services struct {
	Authority   *x509.CertPool
	Certificate tls.Certificate
}

// Config is for calling them. They are national and older: TLS 1.2 is taken there.
func (s *Services) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.Authority, Certificates: []tls.Certificate{s.Certificate}}
}

// Load reads the certificates of a node's directory. A witness has fewer. It takes what
// has run out, too: a node must start to be given something newer.
func Load(dir, role string) (*Node, error) {
	n, _, err := load(dir, partsOf(role))
	return n, err
}

func load(dir string, parts []part) (*Node, [][][]byte, error) {
	var n Node
	used := make([][][]byte, len(parts))
	for i, p := range parts {
		texts, none, err := p.read(dir)
		if none && p.optional {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if err := p.make(&n, texts); err != nil {
			return nil, nil, err
		}
		used[i] = texts
		n.Expiries = append(n.Expiries, p.expiries(texts)...)
	}
	return &n, used, nil
}

// AdminServer is for the operators' listener: operators of this cluster, nobody else.
func (n *Node) AdminServer(cluster string) *tls.Config {
	config := n.server(n.Certificate)
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, n.Authority
	config.NextProtos = []string{"h2", "http/1.1"}
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return fmt.Errorf("%w: none", ErrRefused)
		}
		who, err := admin.ParseIdentity(state.PeerCertificates[0].URIs)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		if who != (admin.Identity{Cluster: cluster}) {
			return fmt.Errorf("%w: %s is no operator of cluster %q", ErrRefused, who, cluster)
		}
		return nil
	}
	return config
}

// SourceServer is for the sources' listener: certificates of the sources' authority.
// Without one there is no connection. Which source it is, and what it may send, is
// not decided here.
func (n *Node) SourceServer() *tls.Config {
	config := n.server(n.Certificate)
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, n.Sources
	return config
}

// BrowserServer is for the browsers' listener; nil without a certificate to show. A
// certificate of the staff's authority is asked for where there is one. It may be left
// out, and is held against the authority where the stream is opened: the page itself
// tells nobody's secrets, and must be able to say what is wrong with a certificate.
func (n *Node) BrowserServer() *tls.Config {
	if n.Client == nil {
		return nil
	}
	config := n.server(*n.Client)
	if n.Staff != nil {
		config.ClientAuth, config.ClientCAs = tls.RequestClientCert, n.Staff
	}
	return config
}

// server is what all listeners have in common. No tickets: a resumed connection would
// not be held against the authority again. They say their protocols
// themselves: what chooses a configuration for a connection is not asked for more.
func (n *Node) server(cert tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true,
		NextProtos: []string{"http/1.1"}}
}
