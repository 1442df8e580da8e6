package admin

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Files of a node's directory and of an operator's, as `init` writes them and as
// whoever starts reads them.
const (
	FileTopology     = "cluster.toml"
	FileAuthority    = "tls/ca.pem"
	FileNodeCert     = "tls/node.pem"
	FileNodeKey      = "tls/node.key"
	FileSources      = "tls/sources-ca.pem" // who may sign a source system
	FileStaff        = "tls/staff-ca.pem"   // who may sign a member of staff
	FileClientCert   = "tls/client.pem"     // what browsers see
	FileClientKey    = "tls/client.key"
	FileUpstream     = "tls/upstream-ca.pem" // who signs the services around the cluster; data nodes only
	FileUpstreamCert = "tls/upstream.pem"    // what a node shows them
	FileUpstreamKey  = "tls/upstream.key"
	FileOperator     = "tls/operator.pem"
	FileOperatorKey  = "tls/operator.key"
	FileKeyring      = "keyring.json" // data nodes only
	FileKeyOfKeys    = "kek"          // data nodes only
	FileLogKey       = "log.key"      // signs checkpoints of the access log; every member has its own
)

// scheme of the names that the cluster's authority writes into certificates.
const scheme = "tvilling"

// ErrIdentity is a certificate name that is not one of a cluster's.
var ErrIdentity = errors.New("not a name of a cluster")

// Identity is what a certificate of the cluster's authority says of its holder: a
// node of a cluster, or (Node empty) an operator of it.
type Identity struct {
	Cluster string
	Node    string
}

// Operator tells an operator from a node.
func (i Identity) Operator() bool { return i.Node == "" }

// URI is the name as it stands in the certificate.
func (i Identity) URI() *url.URL {
	if i.Operator() {
		return &url.URL{Scheme: scheme, Host: i.Cluster, Path: "/operator"}
	}
	return &url.URL{Scheme: scheme, Host: i.Cluster, Path: "/node/" + i.Node}
}

// String is for logs and errors.
func (i Identity) String() string { return i.URI().String() }

// ParseIdentity reads the names of a certificate. A certificate with none of ours or
// with several is refused: it must be plain who calls.
func ParseIdentity(names []*url.URL) (Identity, error) {
	var found Identity
	for _, name := range names {
		if name.Scheme != scheme {
			continue
		}
		if found != (Identity{}) {
			return Identity{}, fmt.Errorf("%w: several in one certificate", ErrIdentity)
		}
		node, isNode := strings.CutPrefix(name.Path, "/node/")
		switch {
		case name.Host == "" || name.RawQuery != "" || name.Fragment != "":
			return Identity{}, fmt.Errorf("%w: %s", ErrIdentity, name)
		case isNode && node != "" && !strings.Contains(node, "/"):
			found = Identity{Cluster: name.Host, Node: node}
		case name.Path == "/operator":
			found = Identity{Cluster: name.Host}
		default:
			return Identity{}, fmt.Errorf("%w: %s", ErrIdentity, name)
		}
	}
	if found == (Identity{}) {
		return Identity{}, fmt.Errorf("%w: none in the certificate", ErrIdentity)
	}
	return found, nil
}
