// Package certs reads a node's certificates and makes of them what each listener
// asks of who connects.
//
// It owns which authority is trusted where: the cluster's for peers and operators,
// the sources' for source systems, the staff's for browsers. It must never trust the
// machine's own authorities, nor accept less than TLS 1.3 from who connects.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tvilling/protocol/admin"
)

// Errors.
var (
	ErrFiles   = errors.New("certificates of the node")
	ErrRefused = errors.New("certificate refused")
)

// maxFileBytes bounds a file; a larger one is refused.
const maxFileBytes = 1 << 20

// Node is what a node has to show and whom it trusts.
type Node struct {
	Authority   *x509.CertPool // the cluster's
	Certificate tls.Certificate
	Sources     *x509.CertPool   // nil on a witness
	Staff       *x509.CertPool   // nil on a witness, or where nobody signs in with a certificate
	Client      *tls.Certificate // what browsers see; nil where they connect in the clear
	Upstream    *tls.Config      // for calling the services around the cluster; nil where there is none

	Expiries []admin.Certificate // of all that were read
}

// Load reads the certificates of a node's directory. A witness has fewer.
func Load(dir, role string) (*Node, error) {
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	var n Node
	if err := n.load(at, role); err != nil {
		return nil, err
	}
	var err error
	n.Expiries, err = expiries(at)
	return &n, err
}

func (n *Node) load(at func(name string) string, role string) (err error) {
	if n.Authority, err = pool(at(admin.FileAuthority)); err != nil {
		return err
	}
	if n.Certificate, err = pair(at(admin.FileNodeCert), at(admin.FileNodeKey)); err != nil {
		return err
	}
	if role != admin.RoleData {
		return nil
	}
	if n.Sources, err = pool(at(admin.FileSources)); err != nil {
		return err
	}
	if n.Staff, err = pool(at(admin.FileStaff)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	client, err := pair(at(admin.FileClientCert), at(admin.FileClientKey))
	switch {
	case err == nil:
		n.Client = &client
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	n.Upstream, err = services(at)
	return err
}

// services reads what the services around the cluster are called with: all of it, or
// nothing. They are national and older: TLS 1.2 is taken there.
func services(at func(name string) string) (*tls.Config, error) {
	authority, err := pool(at(admin.FileUpstream))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cert, err := pair(at(admin.FileUpstreamCert), at(admin.FileUpstreamKey))
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authority, Certificates: []tls.Certificate{cert}}, nil
}

// AdminServer is for the operators' listener: operators of this cluster, nobody else.
func (n *Node) AdminServer(cluster string) *tls.Config {
	config := n.server(n.Certificate)
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, n.Authority
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
// certificate of the staff's authority is asked for where there is one, and may be
// left out: the page itself tells nobody's secrets, and whoever opens the stream is
// asked there.
func (n *Node) BrowserServer() *tls.Config {
	if n.Client == nil {
		return nil
	}
	config := n.server(*n.Client)
	if n.Staff != nil {
		config.ClientAuth, config.ClientCAs = tls.VerifyClientCertIfGiven, n.Staff
	}
	return config
}

// server is what all listeners have in common. No tickets: a resumed connection would
// not be held against the authority again.
func (n *Node) server(cert tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}
}

func pool(path string) (*x509.CertPool, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%w: %s holds no certificate", ErrFiles, path)
	}
	return p, nil
}

func pair(certPath, keyPath string) (tls.Certificate, error) {
	cert, err := read(certPath)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := read(keyPath)
	if errors.Is(err, os.ErrNotExist) {
		return tls.Certificate{}, fmt.Errorf("%w: %s is there and %s is not", ErrFiles, certPath, keyPath)
	}
	if err != nil {
		return tls.Certificate{}, err
	}
	p, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%w: %s: %w", ErrFiles, certPath, err)
	}
	return p, nil
}

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrFiles, path, maxFileBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	return text, nil
}
