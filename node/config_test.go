package node

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tvilling/node/internal/certs"
	"tvilling/node/internal/gateway"
	"tvilling/node/internal/identity"
	"tvilling/node/internal/upstream"
	"tvilling/protocol/admin"
)

func TestConfigurationsThatAreRefused(t *testing.T) {
	clustered := func() Config {
		return Config{DataDir: "d", Material: "m", Self: "a1", Topology: admin.Topology{Cluster: "c", Environment: admin.Production, Members: []admin.Node{
			{ID: "a1", Site: "A", Role: admin.RoleData, Peer: "h:1", Admin: "h:2", Client: "h:3", Source: "h:4", Origin: "https://h"}}}}
	}
	alone := func() Config { return Alone("d", "127.0.0.1:8470", "", admin.Upstream{}) }
	for _, c := range []Config{clustered(), alone(), Alone("d", "[::1]:0", "register.toml", upstreamAt("http://127.0.0.1:8480", 0))} {
		if _, err := c.check(); err != nil {
			t.Errorf("a configuration that can be used: %v", err)
		}
	}
	for name, c := range map[string]struct {
		base   func() Config
		change func(*Config)
		says   string
	}{
		"nobody":                     {clustered, func(c *Config) { c.Self = "x" }, `no member "x"`},
		"no data directory":          {clustered, func(c *Config) { c.DataDir = "" }, "data directory"},
		"no environment":             {clustered, func(c *Config) { c.Topology.Environment = "" }, "environment"},
		"another environment":        {clustered, func(c *Config) { c.Topology.Environment = "Production" }, "environment"},
		"an even number of members":  {clustered, func(c *Config) { c.Topology.Members = append(c.Topology.Members, c.Topology.Members[0]) }, "odd"},
		"production, no material":    {clustered, func(c *Config) { c.Material = "" }, "development only"},
		"alone in production":        {alone, func(c *Config) { c.Topology.Environment = admin.Production }, "development only"},
		"alone in a demo":            {alone, func(c *Config) { c.Topology.Environment = admin.Demo }, "development only"},
		"alone, and not":             {alone, func(c *Config) { c.Topology.Members = append(c.Topology.Members, admin.Node{ID: "b"}) }, "development only"},
		"alone beyond loopback":      {alone, func(c *Config) { c.Topology.Members[0].Client = "0.0.0.0:8470" }, "loopback"},
		"alone under a name":         {alone, func(c *Config) { c.Topology.Members[0].Client = "example.org:8470" }, "loopback"},
		"alone on every address":     {alone, func(c *Config) { c.Topology.Members[0].Client = ":8470" }, "loopback"},
		"alone without a port":       {alone, func(c *Config) { c.Topology.Members[0].Client = "127.0.0.1" }, "loopback"},
		"alone as a witness":         {alone, func(c *Config) { c.Topology.Members[0].Role = admin.RoleWitness }, "data node"},
		"alone, nobody":              {alone, func(c *Config) { c.Self = "" }, "no member"},
		"alone, no data directory":   {alone, func(c *Config) { c.DataDir = "" }, "data directory"},
		"nothing":                    {func() Config { return Config{} }, func(*Config) {}, "no member"},
		"everything that is missing": {func() Config { return Config{Material: "m"} }, func(*Config) {}, "cluster: an id is needed"},
	} {
		cfg := c.base()
		c.change(&cfg)
		if _, err := cfg.check(); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.says)
		}
		if n, err := Open(cfg); err == nil {
			t.Errorf("%s: opened, closed with %v", name, n.Close())
		}
	}
}

// What belongs to a demo keeps a node from starting in production, and what was
// opened before is closed again.
func TestProductionRefusesToStart(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(dir string) error
		want  error
	}{
		"whole":                         {func(string) error { return nil }, nil},
		"browsers in the clear":         {remove(admin.FileClientCert, admin.FileClientKey), gateway.ErrConfig},
		"nobody signs staff":            {remove(admin.FileStaff), identity.ErrAuthority},
		"nobody signs sources":          {remove(admin.FileSources), certs.ErrFiles},
		"no keyring":                    {remove(admin.FileKeyring), ErrKeyring},
		"no key-encryption key":         {remove(admin.FileKeyOfKeys), ErrKeyring},
		"another key-encryption key":    {anotherKEK, ErrKeyring},
		"an authority that is no file":  {remove(admin.FileAuthority), certs.ErrFiles},
		"a certificate without its key": {remove(admin.FileNodeKey), certs.ErrFiles},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := single(t, admin.Production)
			if err := c.spoil(cfg.Material); err != nil {
				t.Fatal(err)
			}
			n, err := Open(cfg)
			if err == nil {
				defer n.Close()
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func remove(names ...string) func(dir string) error {
	return func(dir string) error {
		var faults []error
		for _, name := range names {
			faults = append(faults, os.Remove(filepath.Join(dir, filepath.FromSlash(name))))
		}
		return errors.Join(faults...)
	}
}

func anotherKEK(dir string) error {
	other, err := os.MkdirTemp(dir, "other")
	if err != nil {
		return err
	}
	if err := NewKeyring(other); err != nil {
		return err
	}
	return os.Rename(filepath.Join(other, admin.FileKeyOfKeys), filepath.Join(dir, admin.FileKeyOfKeys))
}

// The register holds patient ids: in production it is not read while everyone may.
func TestProductionRefusesARegisterThatIsOpenToEveryone(t *testing.T) {
	for _, c := range []struct {
		environment string
		mode        os.FileMode
		want        error
	}{
		{admin.Production, 0o600, nil}, {admin.Production, 0o640, nil}, {admin.Demo, 0o644, nil},
		{admin.Production, 0o644, upstream.ErrOpenToAll}, {admin.Production, 0o602, upstream.ErrOpenToAll},
	} {
		cfg := single(t, c.environment)
		cfg.Topology.Register = filepath.Join(t.TempDir(), "register.toml")
		if err := errors.Join(os.WriteFile(cfg.Topology.Register, []byte(registerText), 0o600), os.Chmod(cfg.Topology.Register, c.mode)); err != nil {
			t.Fatal(err)
		}
		n, err := Open(cfg)
		if err == nil {
			err = n.Close()
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s, mode %04o: %v, want %v", c.environment, c.mode, err, c.want)
		}
	}
}

// In production nobody chooses who to be, whatever the register lists.
func TestProductionHasNoChoice(t *testing.T) {
	cfg := single(t, admin.Production)
	cfg.Topology.Register = filepath.Join(t.TempDir(), "register.toml")
	if err := os.WriteFile(cfg.Topology.Register, []byte(registerText), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, cfg)
	who, err := identifier(r.Node, r.data.services.register)
	if err != nil {
		t.Fatal(err)
	}
	if _, is := who.(identity.Certificate); !is || who.People() != nil {
		t.Errorf("%T, with people %v", who, who.People())
	}
	if _, err := who.Identify(identity.Proof{Person: "anna"}); err == nil {
		t.Error("one can be anna by saying so")
	}
}
