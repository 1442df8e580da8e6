// Package adminclient asks nodes what an operator wants to know, and tells them what
// an operator wants done.
//
// It owns the operator's side of the connection: the certificate, which node to ask
// and for how long, and what an answer that is not an answer means. It must never
// hold patient data (the messages have none), and it never repeats an act whose
// outcome it does not know.
package adminclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tvilling/protocol/admin"
)

// Limits of a call.
const (
	dialTimeout    = 2 * time.Second
	askTimeout     = 5 * time.Second  // a question, to one node
	actTimeout     = 15 * time.Second // an act: the node itself gives it ten seconds
	maxAnswerBytes = 4 << 20
)

// Errors.
var (
	ErrOperator    = errors.New("the operator's directory cannot be used")
	ErrUnreachable = errors.New("no node answers")
	ErrUnable      = errors.New("no node can do it now")
	ErrWrongNode   = errors.New("another node answers at this address")
	ErrAnswer      = errors.New("the answer is not one of an operator endpoint")
	ErrNoMember    = errors.New("no such member")
	ErrWitness     = errors.New("a witness, which has no keys and never leads")
)

// ProblemError is what a node answers with when it does not do as it is asked.
type ProblemError struct {
	Node    string
	Status  int
	Problem admin.Problem
}

// Error says the code, what is wrong and what to do.
func (e *ProblemError) Error() string {
	p := e.Problem
	text := fmt.Sprintf("%s %s (node %s)", p.Code, p.Title, e.Node)
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	if p.Action != "" {
		text += ". " + p.Action
	}
	return text
}

// Client asks the nodes of one cluster.
type Client struct {
	topology admin.Topology
	roots    *x509.CertPool
	mine     tls.Certificate
	http     map[string]*http.Client // by node id: each expects that node's certificate
}

// Open reads an operator's directory, as init wrote it.
func Open(dir string) (*Client, error) {
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	topology, err := admin.LoadTopology(at(admin.FileTopology))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOperator, err)
	}
	authority, err := os.ReadFile(at(admin.FileAuthority))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOperator, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%w: %s holds no certificate", ErrOperator, at(admin.FileAuthority))
	}
	mine, err := tls.LoadX509KeyPair(at(admin.FileOperator), at(admin.FileOperatorKey))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOperator, err)
	}
	c := &Client{topology: topology, roots: roots, mine: mine, http: map[string]*http.Client{}}
	for _, m := range topology.Members {
		c.http[m.ID] = c.clientOf(m)
	}
	return c, nil
}

// Topology returns the cluster file.
func (c *Client) Topology() admin.Topology { return c.topology }

// Close lets go of idle connections.
func (c *Client) Close() {
	for _, h := range c.http {
		h.CloseIdleConnections()
	}
}

// clientOf makes a client that talks to one member and nobody else: the certificate
// must carry its name in this cluster, whatever the address says.
func (c *Client) clientOf(m admin.Node) *http.Client {
	want := admin.Identity{Cluster: c.topology.Cluster, Node: m.ID}
	return &http.Client{Transport: &http.Transport{
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: 16 << 10,
		MaxConnsPerHost:        4,
		IdleConnTimeout:        30 * time.Second,
		TLSClientConfig: &tls.Config{
			MinVersion:   tls.VersionTLS13,
			RootCAs:      c.roots,
			Certificates: []tls.Certificate{c.mine},
			VerifyConnection: func(state tls.ConnectionState) error {
				got, err := admin.ParseIdentity(state.PeerCertificates[0].URIs)
				if err != nil {
					return fmt.Errorf("%w: %w", ErrWrongNode, err)
				}
				if got != want {
					return fmt.Errorf("%w: %v, not %v", ErrWrongNode, got, want)
				}
				return nil
			},
		},
	}}
}

// Status asks the first node that answers, beginning with the one named (empty: in
// the cluster file's order). Nodes that do not answer are not an error while one does:
// the status itself says who is unreachable. One that waits to be taken in knows little:
// it is believed only where nobody knows more.
func (c *Client) Status(ctx context.Context, node string) (admin.Status, error) {
	s, err := c.statusOf(ctx, node)
	if err != nil || node != "" || !waits(s) {
		return s, err
	}
	for _, m := range c.topology.Members {
		if other, err := c.statusOf(ctx, m.ID); m.ID != s.Node && err == nil && !waits(other) {
			return other, nil
		}
	}
	return s, nil
}

// waits tells whether who answered is no part of the cluster yet.
func waits(s admin.Status) bool {
	return slices.ContainsFunc(s.Members, func(m admin.Member) bool {
		return m.ID == s.Node && (m.State == admin.StateJoining || m.State == admin.StateFounding)
	})
}

func (c *Client) statusOf(ctx context.Context, node string) (admin.Status, error) {
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Status, error) {
		return call[admin.Status](ctx, c, id, http.MethodGet, admin.PathStatus, nil)
	})
}

// Sources lists the registered sources.
func (c *Client) Sources(ctx context.Context, node string) (admin.Sources, error) {
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Sources, error) {
		return call[admin.Sources](ctx, c, id, http.MethodGet, admin.PathSources, nil)
	})
}

// Record reads a page of the access log, at most limit entries after a sequence number.
func (c *Client) Record(ctx context.Context, node string, after uint64, limit int) (admin.Record, error) {
	query := url.Values{"after": {strconv.FormatUint(after, 10)}, "limit": {strconv.Itoa(limit)}}
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Record, error) {
		return call[admin.Record](ctx, c, id, http.MethodGet, admin.PathRecord+"?"+query.Encode(), nil)
	})
}

// Register registers a source, or takes its registration back. A registration is the
// same however often it is made, so the next node is asked if one does not answer.
func (c *Client) Register(ctx context.Context, node string, s admin.Source) (admin.Done, error) {
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Done, error) {
		return call[admin.Done](ctx, c, id, http.MethodPost, admin.PathSources, s)
	})
}

// Coverage reads the table of which care provider shows which information.
func (c *Client) Coverage(ctx context.Context, node string) (admin.CoverageTable, error) {
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.CoverageTable, error) {
		return call[admin.CoverageTable](ctx, c, id, http.MethodGet, admin.PathCoverage, nil)
	})
}

// PutCoverage replaces the table. A table is the same however often it is put, so the
// next node is asked if one does not answer.
func (c *Client) PutCoverage(ctx context.Context, node string, t admin.CoverageTable) (admin.Done, error) {
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Done, error) {
		return call[admin.Done](ctx, c, id, http.MethodPost, admin.PathCoverage, t)
	})
}

// Explain asks why an access was given or refused. A node that cannot read the record
// says that it is unavailable, and the next is asked.
func (c *Client) Explain(ctx context.Context, node, entry string) (admin.Explanation, error) {
	query := url.Values{"id": {entry}}
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Explanation, error) {
		return call[admin.Explanation](ctx, c, id, http.MethodGet, admin.PathExplain+"?"+query.Encode(), nil)
	})
}

// Activate raises the cluster's level to what every member reports.
func (c *Client) Activate(ctx context.Context, node string) (admin.Done, error) {
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Done, error) {
		return call[admin.Done](ctx, c, id, http.MethodPost, admin.PathActivate, nil)
	})
}

// Transfer moves leadership to a data node. It is asked of one node and not repeated:
// a transfer that timed out may still happen.
func (c *Client) Transfer(ctx context.Context, node, to string) error {
	m, ok := c.topology.Member(to)
	if !ok {
		return fmt.Errorf("%w: %q; the data nodes are %s", ErrNoMember, to, c.dataNodes())
	}
	if m.Role != admin.RoleData {
		return fmt.Errorf("%s is %w: name a data node: %s", to, ErrWitness, c.dataNodes())
	}
	status, err := c.Status(ctx, node)
	if err != nil {
		return err
	}
	ask := status.Node
	if _, known := c.topology.Member(status.Leader); known {
		ask = status.Leader
	}
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	_, err = call[admin.Done](ctx, c, ask, http.MethodPost, admin.PathTransfer, admin.Transfer{To: to})
	return err
}

// first asks one node after another until one answers, whatever it answers.
func first[T any](ctx context.Context, c *Client, node string, ask func(context.Context, string) (T, error)) (T, error) {
	return firstWithin(ctx, c, node, askTimeout, ask)
}

// firstWithin is first, with another limit of what one node may take. A node that says
// why it cannot has answered: only where none does is nothing known.
func firstWithin[T any](ctx context.Context, c *Client, node string, limit time.Duration, ask func(context.Context, string) (T, error)) (T, error) {
	var zero T
	order, err := c.order(node)
	if err != nil {
		return zero, err
	}
	var faults []error
	none := ErrUnreachable
	for _, id := range order {
		one, cancel := context.WithTimeout(ctx, limit)
		answer, err := ask(one, id)
		cancel()
		var problem *ProblemError
		if err == nil || errors.As(err, &problem) && problem.Status != http.StatusServiceUnavailable || ctx.Err() != nil {
			return answer, err
		}
		if problem != nil {
			none = ErrUnable
		}
		faults = append(faults, fmt.Errorf("%s: %w", id, err))
	}
	return zero, fmt.Errorf("%w: %w", none, errors.Join(faults...))
}

// dataNodes lists those that leadership can move to.
func (c *Client) dataNodes() string {
	var ids []string
	for _, m := range c.topology.Members {
		if m.Role == admin.RoleData {
			ids = append(ids, m.ID)
		}
	}
	return strings.Join(ids, ", ")
}

// order is whom to ask: the named node alone, or all of them.
func (c *Client) order(node string) ([]string, error) {
	if node != "" {
		if _, ok := c.topology.Member(node); !ok {
			return nil, fmt.Errorf("%w: %q", ErrNoMember, node)
		}
		return []string{node}, nil
	}
	ids := make([]string, len(c.topology.Members))
	for i, m := range c.topology.Members {
		ids[i] = m.ID
	}
	return ids, nil
}

// call makes one call to one node.
func call[T any](ctx context.Context, c *Client, node, method, path string, body any) (T, error) {
	var answer T
	m, ok := c.topology.Member(node)
	if !ok {
		return answer, fmt.Errorf("%w: %q", ErrNoMember, node)
	}
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer, fmt.Errorf("encoding the request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, "https://"+m.Admin+path, content)
	if err != nil {
		return answer, err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := c.http[node].Do(r)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return answer, err
	}
	if len(raw) > maxAnswerBytes {
		return answer, fmt.Errorf("%w: larger than %d bytes", ErrAnswer, maxAnswerBytes)
	}
	if response.StatusCode != http.StatusOK {
		problem := &ProblemError{Node: node, Status: response.StatusCode}
		if json.Unmarshal(raw, &problem.Problem) != nil || problem.Problem.Code == "" {
			return answer, fmt.Errorf("%w: status %s", ErrAnswer, response.Status)
		}
		return answer, problem
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return answer, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return answer, nil
}
