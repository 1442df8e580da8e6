package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tvilling/protocol/admin"
)

// part is what belongs together: it is read, judged and taken up as a whole, and what is
// wrong with one part keeps no other from being taken up.
type part struct {
	files    []file
	optional bool // a node runs without it
	set      func(n *Node, texts [][]byte) error
	judge    func(n *Node, self admin.Identity, at time.Time) error
}

// file is one of a part. What has a name is told of by it.
type file struct{ name, path string }

// everyNode and dataNode are the parts of a node's directory, in the order in which they
// are told of.
var (
	everyNode = []part{{
		files: []file{{"node", admin.FileNodeCert}, {"", admin.FileNodeKey}, {"authority", admin.FileAuthority}},
		set:   setNode, judge: judgeNode,
	}}
	dataNode = []part{{
		files: []file{{"sources", admin.FileSources}},
		set:   func(n *Node, t [][]byte) (err error) { n.Sources, err = pool(t[0]); return err },
		judge: trusts,
	}, {
		files: []file{{"staff", admin.FileStaff}}, optional: true,
		set:   func(n *Node, t [][]byte) (err error) { n.Staff, err = pool(t[0]); return err },
		judge: trusts,
	}, {
		files: []file{{"client", admin.FileClientCert}, {"", admin.FileClientKey}}, optional: true,
		set:   func(n *Node, t [][]byte) (err error) { n.Client, err = pair(t[0], t[1]); return err },
		judge: func(n *Node, _ admin.Identity, at time.Time) error { return current(n.Client.Leaf, at) },
	}, {
		files: []file{{"upstream", admin.FileUpstreamCert}, {"", admin.FileUpstreamKey}, {"upstream authority", admin.FileUpstream}}, optional: true,
		set: setUpstream, judge: func(n *Node, _ admin.Identity, at time.Time) error { return current(n.Upstream.Certificate.Leaf, at) },
	}}
)

func partsOf(role string) []part {
	if role != admin.RoleData {
		return everyNode
	}
	return append(everyNode[:len(everyNode):len(everyNode)], dataNode...)
}

// read reads a part's files. none: the first of them is not there, and so it is not used.
func (p part) read(dir string) (texts [][]byte, none bool, err error) {
	texts = make([][]byte, len(p.files))
	for i, f := range p.files {
		text, one := read(filepath.Join(dir, filepath.FromSlash(f.path)))
		texts[i], err = text, errors.Join(err, one)
		none = none || i == 0 && errors.Is(one, os.ErrNotExist)
	}
	return texts, none, err
}

// make makes what a part is of what its files hold.
func (p part) make(n *Node, texts [][]byte) error {
	if err := p.set(n, texts); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrFiles, p.files[0].path, err)
	}
	return nil
}

// expiries tells when what a part's files hold runs out.
func (p part) expiries(texts [][]byte) (all []admin.Certificate) {
	for i, f := range p.files {
		if f.name == "" {
			continue
		}
		if certs, err := parse(texts[i]); err == nil {
			all = append(all, admin.Certificate{Name: f.name, Until: useless(certs, i > 0 || len(p.files) == 1).UTC().Format(time.RFC3339)})
		}
	}
	return all
}

// lasts refuses a part of which something has run out.
func (p part) lasts(texts [][]byte, at time.Time) error {
	for _, c := range p.expiries(texts) {
		if until, err := time.Parse(time.RFC3339, c.Until); err == nil && !until.After(at) {
			return fmt.Errorf("%w: %s ran out at %s", ErrRefused, c.Name, c.Until)
		}
	}
	return nil
}

// useless is when a file is of no more use: with the certificate that is shown, or with
// the last of the authorities that are trusted, the old one beside the new.
func useless(certs []*x509.Certificate, trusted bool) time.Time {
	until := certs[0].NotAfter
	for _, c := range certs {
		if trusted && c.NotAfter.After(until) {
			until = c.NotAfter
		}
	}
	return until
}

func setNode(n *Node, texts [][]byte) error {
	cert, err := pair(texts[0], texts[1])
	if err != nil {
		return err
	}
	n.Certificate = *cert
	if n.Authority, err = pool(texts[2]); err != nil {
		return fmt.Errorf("%s: %w", admin.FileAuthority, err)
	}
	return nil
}

func setUpstream(n *Node, texts [][]byte) error {
	cert, err := pair(texts[0], texts[1])
	if err != nil {
		return err
	}
	authority, err := pool(texts[2])
	if err != nil {
		return fmt.Errorf("%s: %w", admin.FileUpstream, err)
	}
	n.Upstream = &Services{Authority: authority, Certificate: *cert}
	return nil
}

// judgeNode refuses what the other members would refuse.
func judgeNode(n *Node, self admin.Identity, at time.Time) error {
	who, err := admin.ParseIdentity(n.Certificate.Leaf.URIs)
	if err != nil {
		return err
	}
	if who != self {
		return fmt.Errorf("%w: it is of %s, and this node is %s", ErrRefused, who, self)
	}
	between := x509.NewCertPool()
	for _, raw := range n.Certificate.Certificate[1:] {
		if c, err := x509.ParseCertificate(raw); err == nil {
			between.AddCert(c)
		}
	}
	for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		_, err := n.Certificate.Leaf.Verify(x509.VerifyOptions{Roots: n.Authority, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{use}})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	return nil
}

// trusts has nothing to add: whom an authority signs is seen when they connect.
func trusts(*Node, admin.Identity, time.Time) error { return nil }

// current refuses a certificate that is not valid yet.
func current(c *x509.Certificate, at time.Time) error {
	if at.Before(c.NotBefore) {
		return fmt.Errorf("%w: it is valid from %s", ErrRefused, c.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// Why a file is refused.
var (
	errEmpty = errors.New("it holds no certificate")
	errHalf  = errors.New("it is not whole")
)

// parse reads every certificate of a file. One that ends in the middle is refused.
func parse(text []byte) (certs []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	switch {
	case bytes.Contains(text, []byte("-----BEGIN")):
		return nil, errHalf
	case len(certs) == 0:
		return nil, errEmpty
	}
	return certs, nil
}

// pool trusts what a file holds.
func pool(text []byte) (*x509.CertPool, error) {
	certs, err := parse(text)
	if err != nil {
		return nil, err
	}
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p, nil
}

func pair(cert, key []byte) (*tls.Certificate, error) {
	if _, err := parse(cert); err != nil {
		return nil, err
	}
	p, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// read reads a file of a bounded size.
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
