package node

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/session"
	"tvilling/node/internal/signin"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// maxSignInFile bounds a secret, a key and the provider's authority; more is refused.
const maxSignInFile = 64 << 10

// signInTerms are how one signs in, with what was left out filled in.
func (n *Node) signInTerms() admin.SignIn {
	return n.cfg.Topology.SignIn.Complete(n.cfg.Topology.Environment)
}

// terms are the same, as a session has them.
func terms(s admin.SignIn) session.Terms {
	how := protocol.SignInChoice
	switch s.Method {
	case admin.SignInCertificate:
		how = protocol.SignInCertificate
	case admin.SignInProvider:
		how = protocol.SignInProvider
	}
	return session.Terms{SignIn: how, Idle: time.Duration(s.IdleMinutes) * time.Minute, Lasts: time.Duration(s.SessionHours) * time.Hour}
}

// identifier is how this cluster tells who asks.
func identifier(n *Node, register *upstream.Register) (identity.Identifier, error) {
	switch n.signInTerms().Method {
	case admin.SignInProvider:
		return identity.Provider{}, nil
	case admin.SignInCertificate:
		if n.certs == nil {
			return nil, fmt.Errorf("%w: sign_in: alone, a node has no certificates to hold others against", ErrConfig)
		}
		return identity.NewCertificate(func() *x509.CertPool { return n.certs.Now().Staff })
	}
	people := func() []identity.Person {
		if register == nil {
			return nil
		}
		snapshot, err := register.Read(context.Background())
		if err != nil {
			n.cfg.Logger.Warn("reading who one can be failed", "error", err)
			return nil
		}
		all := make([]identity.Person, len(snapshot.People))
		for i, p := range snapshot.People {
			all[i] = identity.Person{Key: p.Key, Name: p.Name, Title: p.Title, Employee: p.Employee}
		}
		return all
	}
	return identity.NewChoice(environment(n.cfg.Topology.Environment), people)
}

// openSignIn makes the way in. It asks nothing of the provider: a node starts without it.
func openSignIn(n *Node, d *data, who identity.Identifier) (*signin.Service, error) {
	t := n.signInTerms()
	cfg := signin.Config{
		Terms: t, Cluster: n.cfg.Topology.Cluster, Origin: n.member.Origin, Secure: n.certs != nil && n.certs.BrowserServer() != nil,
		Ring: n.ring, Log: d.sessions, Identity: who, Logger: n.cfg.Logger,
	}
	var err error
	if t.Method == admin.SignInProvider {
		if cfg.Client, err = n.providerClient(t.Issuer); err != nil {
			return nil, err
		}
		if t.ClientSecret != "" {
			if cfg.Secret, err = n.secret(t.ClientSecret); err != nil {
				return nil, err
			}
		}
	}
	for _, h := range n.cfg.Topology.HandOver {
		key, err := n.material(h.Key)
		if err != nil {
			return nil, err
		}
		system, err := signin.NewSystem(h.System, h.Name, key)
		if err != nil {
			return nil, fmt.Errorf("%w: hand_over: %s: %w", ErrConfig, h.Key, err)
		}
		cfg.Systems = append(cfg.Systems, system)
	}
	return signin.New(cfg)
}

// providerClient is for asking the provider. Whom its certificate is held against is read
// anew with each connection: it changes without a restart.
func (n *Node) providerClient(issuer string) (*http.Client, error) {
	roots := func() (*x509.CertPool, error) {
		text, err := n.material(admin.FileProvider)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%w: %s holds no certificate", ErrConfig, admin.FileProvider)
		}
		return pool, nil
	}
	if strings.HasPrefix(issuer, "https:") {
		if _, err := roots(); err != nil {
			return nil, fmt.Errorf("the provider's authority is needed: %w", err)
		}
	}
	return signin.NewClient(issuer, roots), nil
}

// secret reads a file that nobody but the node may read.
func (n *Node) secret(name string) (string, error) {
	text, err := n.material(name)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(filepath.Join(n.signInDir(), filepath.FromSlash(name))); n.cfg.Topology.Environment == admin.Production && (err != nil || info.Mode().Perm()&0o077 != 0) {
		return "", fmt.Errorf("%w: %s must be readable by its owner alone", ErrConfig, name)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("%w: %s is empty", ErrConfig, name)
	}
	return secret, nil
}

// signInDir is where the files are that [sign_in] and [[hand_over]] name.
func (n *Node) signInDir() string {
	if n.cfg.alone() {
		return n.cfg.DataDir
	}
	return n.cfg.Material
}

// material reads a file of the node's directory.
func (n *Node) material(name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(n.signInDir(), filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSignInFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if len(text) > maxSignInFile {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrConfig, name, maxSignInFile)
	}
	return text, nil
}
