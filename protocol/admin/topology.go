package admin

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// ErrTopology is a cluster file that cannot be used; the error says why, every fault at once.
var ErrTopology = errors.New("cluster file")

// Environments of a cluster. Demo and development let one choose who to be, without
// a login; production refuses to start with anything that belongs to them.
const (
	Production  = "production"
	Demo        = "demo"
	Development = "development"
)

// Roles of a member.
const (
	RoleData    = "data"
	RoleWitness = "witness"
)

// maxTopologyBytes bounds a cluster file; more is refused.
const maxTopologyBytes = 1 << 20

// defaultRegisterSeconds is how often the register is looked at where the file does not say.
const defaultRegisterSeconds = 15

// RegisterEvery is how long there is between two looks at the register.
func (t Topology) RegisterEvery() time.Duration {
	return time.Duration(cmp.Or(t.RegisterSeconds, defaultRegisterSeconds)) * time.Second
}

// Topology is the cluster file: who the members are and where they listen. Every
// node and every operator reads the same one.
type Topology struct {
	Cluster         string     `toml:"cluster"`                    // id, also in every node's certificate
	Environment     string     `toml:"environment"`                // production, demo or development
	Register        string     `toml:"register,omitempty"`         // file of who works here, who one can be and what the population register says; empty: none
	RegisterSeconds int        `toml:"register_seconds,omitempty"` // between two looks at it; 0: 15
	Upstream        Upstream   `toml:"upstream,omitempty"`
	Policy          Policy     `toml:"policy,omitempty"`
	SignIn          SignIn     `toml:"sign_in,omitempty"`
	HandOver        []HandOver `toml:"hand_over,omitempty"`
	Members         []Node     `toml:"member"`
}

// Node is one member. Addresses are host:port; a witness has no Client and no Source.
type Node struct {
	ID     string `toml:"id"`
	Site   string `toml:"site"`
	Role   string `toml:"role"`
	Peer   string `toml:"peer"`             // raft and peer calls, cluster certificates
	Admin  string `toml:"admin"`            // operators, cluster certificates
	Client string `toml:"client"`           // browsers
	Source string `toml:"source"`           // source systems, certificates with an HSA-id
	Health string `toml:"health,omitempty"` // probes and scrapers, in the clear and without certificates; empty: none
	Origin string `toml:"origin"`           // what browsers call the client address: https://a1.example
	LogKey string `toml:"log_key"`          // verifies its signatures under the access log's checkpoints; init writes it
}

// LoadTopology reads and checks a cluster file. Unknown keys are refused.
func LoadTopology(path string) (Topology, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Topology{}, fmt.Errorf("%w: %w", ErrTopology, err)
	}
	if len(raw) > maxTopologyBytes {
		return Topology{}, fmt.Errorf("%w %s: larger than %d bytes", ErrTopology, path, maxTopologyBytes)
	}
	var t Topology
	if err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(&t); err != nil {
		return Topology{}, fmt.Errorf("%w %s: %w", ErrTopology, path, err)
	}
	if err := t.Validate(); err != nil {
		return Topology{}, fmt.Errorf("%w %s: %w", ErrTopology, path, err)
	}
	return t, nil
}

// Encode writes the cluster file's text.
func (t Topology) Encode() ([]byte, error) { return toml.Marshal(t) }

// Member finds a member by id.
func (t Topology) Member(id string) (Node, bool) {
	for _, n := range t.Members {
		if n.ID == id {
			return n, true
		}
	}
	return Node{}, false
}

// Validate reports every fault of the topology at once.
func (t Topology) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if t.Cluster == "" {
		fault("cluster: an id is needed")
	}
	switch t.Environment {
	case Production, Demo, Development:
	default:
		fault("environment: %q is not production, demo or development", t.Environment)
	}
	if n := t.RegisterSeconds; n < 0 || n > MaxEverySeconds {
		fault("register_seconds: %d is not 1 to %d", n, MaxEverySeconds)
	}
	if n := len(t.Members); n%2 == 0 {
		fault("member: %d members; an odd number is needed for a majority", n)
	}
	faults = append(faults, t.Upstream.Validate(t.Environment)...)
	faults = append(faults, t.ValidateSignIn()...)
	seen := map[string]bool{}
	for _, n := range t.Members {
		if seen[n.ID] {
			fault("member %q: twice", n.ID)
		}
		seen[n.ID] = true
		faults = append(faults, n.validate()...)
		if t.Environment != Production && n.Client != "" && !onLoopback(n.Client) {
			fault("member %q: client: %s is not a port on loopback, such as 127.0.0.1:8471; in %s anyone may choose to be anyone, so nobody else may reach it",
				n.ID, n.Client, t.Environment)
		}
	}
	return errors.Join(faults...)
}

// onLoopback reports whether an address is reached from its own machine alone. A name
// may come to mean another address: only an address in figures counts.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && net.ParseIP(host).IsLoopback()
}

func (n Node) validate() []error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("member %q: "+format, append([]any{n.ID}, args...)...))
	}
	if n.ID == "" || n.Site == "" {
		fault("id and site are needed")
	}
	addresses := map[string]string{"peer": n.Peer, "admin": n.Admin}
	switch n.Role {
	case RoleData:
		addresses["client"], addresses["source"] = n.Client, n.Source
		if n.Origin == "" {
			fault("origin is needed: browsers compare it")
		}
	case RoleWitness:
		if n.Client != "" || n.Source != "" {
			fault("a witness serves no client and no source")
		}
	default:
		fault("role %q is not data or witness", n.Role)
	}
	if n.Health != "" {
		addresses["health"] = n.Health
	}
	for name, address := range addresses {
		if _, _, err := net.SplitHostPort(address); err != nil {
			fault("%s: %v", name, err)
		}
	}
	return faults
}
