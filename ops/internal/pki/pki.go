// Package pki makes the certificates of a cluster and the directories that its nodes
// and operators start from.
//
// There are four authorities, because four kinds of people trust for different
// reasons: the cluster's own (nodes, operators), the sources', the staff's, and one for
// what browsers see where no public one is used. Their keys stay in `authority/` and
// belong on a machine that is not a node. It must never overwrite a file, but a member's
// own certificate when that is to be renewed, and it does not make the keyring and its
// key: that needs the node's code.
package pki

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Errors.
var (
	ErrExists   = errors.New("pki: is there already and is not overwritten")
	ErrTopology = errors.New("pki: the cluster file cannot be used")
	ErrID       = errors.New("pki: not an HSA-id")
	ErrName     = errors.New("pki: not a name of an operator: 1 to 63 of a-z, 0-9 and '-'")
	ErrFiles    = errors.New("pki: files")
)

// Directories beside those of the nodes.
const (
	dirAuthority = "authority"
	dirOperator  = "operator"
	dirOperators = "operators"
	dirSources   = "sources"
	dirStaff     = "staff"
)

// authority names one of the four: its files are NAME.pem and NAME.key in authority/.
type authority string

const (
	clusterAuthority authority = "ca"
	sourcesAuthority authority = "sources-ca"
	staffAuthority   authority = "staff-ca"
	clientsAuthority authority = "clients-ca"
)

// plainName is what a cluster and a member may be called: it stands in certificates,
// URLs and directory names.
var plainName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// file is one to be written; secret ones are for the owner alone.
type file struct {
	text   []byte
	secret bool
}

// Issued says where a certificate and its key were written.
type Issued struct{ Certificate, Key string }

// Init writes the authorities and a directory for each member and for an operator. It
// writes all or, where a file is there already, nothing.
func Init(dir string, t admin.Topology) error { return InitFor(dir, t, 0) }

// InitFor is Init with certificates that are valid for a time; 0: two years. The
// authorities' are valid for longer.
func InitFor(dir string, t admin.Topology, valid time.Duration) error {
	if err := check(t); err != nil {
		return err
	}
	files := map[string]file{}
	issuers := map[authority]*issuer{}
	for _, name := range []authority{clusterAuthority, sourcesAuthority, staffAuthority, clientsAuthority} {
		made, err := newIssuer(fmt.Sprintf("Tvilling %s %s", t.Cluster, name))
		if err != nil {
			return err
		}
		made.valid = valid
		issuers[name] = made
		key, err := encodeKey(made.key)
		if err != nil {
			return err
		}
		files[filepath.Join(dirAuthority, string(name)+".pem")] = file{text: encodeCertificate(made.cert.Raw)}
		files[filepath.Join(dirAuthority, string(name)+".key")] = file{text: key, secret: true}
	}
	t, err := logKeys(files, t)
	if err != nil {
		return err
	}
	topology, err := t.Encode()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTopology, err)
	}
	for _, member := range t.Members {
		if err := memberFiles(files, t.Cluster, member, issuers, topology); err != nil {
			return err
		}
	}
	first := leaf{name: t.Cluster + " operator", uri: admin.Identity{Cluster: t.Cluster}.URI()}
	if err := operatorFiles(files, dirOperator, first, issuers[clusterAuthority], topology); err != nil {
		return err
	}
	return writeAll(dir, files)
}

// logKeys makes each member's key for signing checkpoints of the access log, and
// returns the topology with what verifies them. A member that has one keeps it.
func logKeys(files map[string]file, t admin.Topology) (admin.Topology, error) {
	t.Members = slices.Clone(t.Members)
	for i := range t.Members {
		m := &t.Members[i]
		if m.LogKey != "" {
			continue
		}
		secret, public, err := note.GenerateKey(rand.Reader, admin.SignerName(t.Cluster, m.ID))
		if err != nil {
			return t, fmt.Errorf("%w: a key for the access log: %w", ErrFiles, err)
		}
		m.LogKey = public
		files[filepath.Join(m.ID, admin.FileLogKey)] = file{text: []byte(secret + "\n"), secret: true}
	}
	return t, nil
}

// check refuses names that cannot stand where they have to.
func check(t admin.Topology) error {
	if err := t.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrTopology, err)
	}
	if !plainName.MatchString(t.Cluster) {
		return fmt.Errorf("%w: cluster %q is not 1 to 63 of a-z, 0-9 and '-'", ErrTopology, t.Cluster)
	}
	taken := []string{dirAuthority, dirOperator, dirOperators, dirSources, dirStaff}
	for _, m := range t.Members {
		if !plainName.MatchString(m.ID) || slices.Contains(taken, m.ID) {
			return fmt.Errorf("%w: member %q is not 1 to 63 of a-z, 0-9 and '-', or one of %v", ErrTopology, m.ID, taken)
		}
	}
	return nil
}

func memberFiles(files map[string]file, cluster string, m admin.Node, issuers map[authority]*issuer, topology []byte) error {
	at := func(name string) string { return filepath.Join(m.ID, filepath.FromSlash(name)) }
	cert, key, err := issuers[clusterAuthority].issue(nodeLeaf(cluster, m))
	if err != nil {
		return err
	}
	files[at(admin.FileTopology)] = file{text: topology}
	files[at(admin.FileAuthority)] = file{text: issuers[clusterAuthority].pem()}
	files[at(admin.FileNodeCert)] = file{text: cert}
	files[at(admin.FileNodeKey)] = file{text: key, secret: true}
	if m.Role != admin.RoleData {
		return nil
	}
	files[at(admin.FileSources)] = file{text: issuers[sourcesAuthority].pem()}
	files[at(admin.FileStaff)] = file{text: issuers[staffAuthority].pem()}
	browsers, err := clientLeaf(m)
	if err != nil || browsers == nil {
		return err
	}
	cert, key, err = issuers[clientsAuthority].issue(*browsers)
	if err != nil {
		return err
	}
	files[at(admin.FileClientCert)] = file{text: cert}
	files[at(admin.FileClientKey)] = file{text: key, secret: true}
	return nil
}

// nodeLeaf is what a member's certificate says.
func nodeLeaf(cluster string, m admin.Node) leaf {
	names, addresses := hosts(m.Peer, m.Admin, m.Source)
	return leaf{
		name:  fmt.Sprintf("%s %s", cluster, m.ID),
		uri:   admin.Identity{Cluster: cluster, Node: m.ID}.URI(),
		names: names, addresses: addresses,
		usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// clientLeaf is what browsers see; nil where they connect in the clear, or not at all.
func clientLeaf(m admin.Node) (*leaf, error) {
	if m.Role != admin.RoleData {
		return nil, nil
	}
	origin, err := url.Parse(m.Origin)
	if err != nil {
		return nil, fmt.Errorf("%w: origin of %q: %w", ErrTopology, m.ID, err)
	}
	if origin.Scheme != "https" {
		return nil, nil
	}
	names, addresses := hosts(net.JoinHostPort(origin.Hostname(), ""), m.Client)
	return &leaf{name: origin.Hostname(), names: names, addresses: addresses, usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, nil
}

// operatorFiles are those of an operator's directory.
func operatorFiles(files map[string]file, dir string, who leaf, by *issuer, topology []byte) error {
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	who.usages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	cert, key, err := by.issue(who)
	if err != nil {
		return err
	}
	files[at(admin.FileTopology)] = file{text: topology}
	files[at(admin.FileAuthority)] = file{text: by.pem()}
	files[at(admin.FileOperator)] = file{text: cert}
	files[at(admin.FileOperatorKey)] = file{text: key, secret: true}
	return nil
}

// hosts are the names and addresses of what listens, each once.
func hosts(addresses ...string) (names []string, ips []net.IP) {
	for _, address := range addresses {
		host, _, err := net.SplitHostPort(address)
		if err != nil || host == "" {
			continue
		}
		ip := net.ParseIP(host)
		switch {
		case ip == nil && !slices.Contains(names, host):
			names = append(names, host)
		case ip != nil && !slices.ContainsFunc(ips, ip.Equal):
			ips = append(ips, ip)
		}
	}
	return names, ips
}

// IssueSource writes a certificate with which a source system may send: its HSA-id is
// the subject's serialNumber. dir is what Init wrote to.
func IssueSource(dir, hsaID string) (Issued, error) {
	if _, err := protocol.ParseSourceID(hsaID); err != nil {
		return Issued{}, fmt.Errorf("%w: %w", ErrID, err)
	}
	return issueClient(dir, sourcesAuthority, dirSources, hsaID, leaf{name: hsaID, hsaID: hsaID})
}

// IssueStaff writes a certificate with which a member of staff may sign in. The files
// are named by the certificate's number, not by the person.
func IssueStaff(dir, hsaID, name string) (Issued, error) {
	if _, err := protocol.ParseEmployeeID(hsaID); err != nil {
		return Issued{}, fmt.Errorf("%w: %w", ErrID, err)
	}
	return issueClient(dir, staffAuthority, dirStaff, "", leaf{name: name, hsaID: hsaID})
}

// IssueOperator writes a directory for a further operator, or for a program that reads
// the nodes' numbers. The name is what the access log calls them.
func IssueOperator(dir, name string) (Issued, error) {
	if !plainName.MatchString(name) {
		return Issued{}, ErrName
	}
	topology, err := os.ReadFile(filepath.Join(dir, dirOperator, admin.FileTopology))
	if err != nil {
		return Issued{}, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	t, err := topologyIn(dir)
	if err != nil {
		return Issued{}, err
	}
	issuer, err := loadIssuer(filepath.Join(dir, dirAuthority, string(clusterAuthority)))
	if err != nil {
		return Issued{}, err
	}
	files := map[string]file{}
	into := filepath.Join(dirOperators, name)
	if err := operatorFiles(files, into, leaf{name: name, uri: admin.Identity{Cluster: t.Cluster}.URI()}, issuer, topology); err != nil {
		return Issued{}, err
	}
	if err := writeAll(dir, files); err != nil {
		return Issued{}, err
	}
	at := func(file string) string { return filepath.Join(dir, into, filepath.FromSlash(file)) }
	return Issued{Certificate: at(admin.FileOperator), Key: at(admin.FileOperatorKey)}, nil
}

// topologyIn is the cluster file that Init wrote for an operator.
func topologyIn(dir string) (admin.Topology, error) {
	t, err := admin.LoadTopology(filepath.Join(dir, dirOperator, admin.FileTopology))
	if err != nil {
		return t, fmt.Errorf("%w: %w", ErrTopology, err)
	}
	return t, nil
}

func issueClient(dir string, by authority, into, base string, l leaf) (Issued, error) {
	issuer, err := loadIssuer(filepath.Join(dir, dirAuthority, string(by)))
	if err != nil {
		return Issued{}, err
	}
	l.usages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	l.number = newSerial()
	if base == "" {
		base = strings.ToLower(l.number.Text(16))
	}
	cert, key, err := issuer.issue(l)
	if err != nil {
		return Issued{}, err
	}
	certFile, keyFile := filepath.Join(into, base+".pem"), filepath.Join(into, base+".key")
	if err := writeAll(dir, map[string]file{certFile: {text: cert}, keyFile: {text: key, secret: true}}); err != nil {
		return Issued{}, err
	}
	return Issued{Certificate: filepath.Join(dir, certFile), Key: filepath.Join(dir, keyFile)}, nil
}

func loadIssuer(path string) (*issuer, error) {
	certText, err := os.ReadFile(path + ".pem")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	keyText, err := os.ReadFile(path + ".key")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	cert, err := decodeCertificate(certText)
	if err != nil {
		return nil, fmt.Errorf("%w: %s.pem: %w", ErrFiles, path, err)
	}
	key, err := decodeKey(keyText)
	if err != nil {
		return nil, fmt.Errorf("%w: %s.key: %w", ErrFiles, path, err)
	}
	if public, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(&key.PublicKey) {
		return nil, fmt.Errorf("%w: %s: key and certificate do not belong together", ErrFiles, path)
	}
	return &issuer{cert: cert, key: key}, nil
}

// writeAll writes files that are not there yet, or none.
func writeAll(dir string, files map[string]file) error {
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
		if _, err := os.Lstat(filepath.Join(dir, path)); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w: %s", ErrExists, filepath.Join(dir, path))
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		if err := writeNew(filepath.Join(dir, path), files[path]); err != nil {
			return fmt.Errorf("%w: %w", ErrFiles, err)
		}
	}
	return nil
}

func writeNew(path string, f file) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if f.secret {
		mode = 0o600
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = out.Write(f.text)
	return errors.Join(err, out.Sync(), out.Close())
}
