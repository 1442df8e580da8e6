package adminclient

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/ops/internal/pki"
	"tvilling/protocol/admin"
)

// cluster is operator endpoints of the members' own addresses and certificates.
type cluster struct {
	dir      string
	topology admin.Topology
	servers  map[string]*http.Server
}

// newCluster makes three members whose endpoints are not served yet. Their listeners
// are held, so that nobody else gets their ports.
func newCluster(t *testing.T) (*cluster, map[string]net.Listener) {
	t.Helper()
	c := &cluster{dir: filepath.Join(t.TempDir(), "made"), servers: map[string]*http.Server{}}
	c.topology = admin.Topology{Cluster: "test", Environment: admin.Demo}
	listeners := map[string]net.Listener{}
	for _, id := range []string{"a1", "b1", "w"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		listeners[id] = l
		n := admin.Node{ID: id, Site: "A", Role: admin.RoleWitness, Peer: "127.0.0.1:1", Admin: l.Addr().String()}
		if id != "w" {
			n.Role, n.Client, n.Source, n.Origin = admin.RoleData, "127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:1"
		}
		c.topology.Members = append(c.topology.Members, n)
	}
	if err := pki.Init(c.dir, c.topology); err != nil {
		t.Fatal(err)
	}
	return c, listeners
}

// serve answers on a listener with a member's certificate.
func (c *cluster) serve(t *testing.T, l net.Listener, as string, h http.HandlerFunc) {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(filepath.Join(c.dir, as, admin.FileNodeCert), filepath.Join(c.dir, as, admin.FileNodeKey))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(filepath.Join(c.dir, as, admin.FileAuthority))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	s := &http.Server{Handler: h, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS13}}
	go func() { _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = s.Close() })
}

func (c *cluster) open(t *testing.T) *Client {
	t.Helper()
	client, err := Open(filepath.Join(c.dir, "operator"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func status(node, leader string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(admin.Status{Node: node, Leader: leader})
	}
}

func TestFirstThatAnswers(t *testing.T) {
	c, at := newCluster(t)
	_ = at["a1"].Close() // away
	c.serve(t, at["b1"], "b1", status("b1", ""))
	client := c.open(t)
	s, err := client.Status(t.Context(), "")
	if err != nil || s.Node != "b1" {
		t.Errorf("answered by %q, %v", s.Node, err)
	}
	if _, err := client.Status(t.Context(), "a1"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("asking a1 alone: %v", err)
	}
	if _, err := client.Status(t.Context(), "zz"); !errors.Is(err, ErrNoMember) {
		t.Errorf("asking zz: %v", err)
	}
}

// A member that waits to be taken in knows little of the cluster: who knows more is
// believed, where there is somebody.
func TestWhoWaitsIsBelievedLast(t *testing.T) {
	waiting := func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(admin.Status{Node: "a1", Members: []admin.Member{{ID: "a1", State: admin.StateJoining}}})
	}
	c, at := newCluster(t)
	c.serve(t, at["a1"], "a1", waiting)
	_ = at["w"].Close()
	client := c.open(t)
	if s, err := client.Status(t.Context(), "a1"); err != nil || s.Node != "a1" {
		t.Errorf("a1 alone: answered by %q, %v", s.Node, err)
	}
	c.serve(t, at["b1"], "b1", status("b1", "b1"))
	if s, err := client.Status(t.Context(), ""); err != nil || s.Node != "b1" {
		t.Errorf("answered by %q, %v", s.Node, err)
	}
	other, there := newCluster(t)
	other.serve(t, there["a1"], "a1", waiting)
	_ = there["b1"].Close()
	_ = there["w"].Close()
	if s, err := other.open(t).Status(t.Context(), ""); err != nil || s.Node != "a1" {
		t.Errorf("nobody else: answered by %q, %v", s.Node, err)
	}
}

// A node that says why it cannot has answered, though the others are away.
func TestUnableIsNotAway(t *testing.T) {
	c, at := newCluster(t)
	_ = at["a1"].Close()
	c.serve(t, at["b1"], "b1", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(admin.Problem{Code: "TV-4003", Title: "Not done", Action: "Try again."})
	})
	_, err := c.open(t).Sources(t.Context(), "")
	var problem *ProblemError
	if !errors.Is(err, ErrUnable) || errors.Is(err, ErrUnreachable) || !errors.As(err, &problem) || problem.Node != "b1" {
		t.Errorf("error %v, want what b1 says", err)
	}
}

// Another member at an address is not taken for the one that should be there.
func TestAnotherNodeIsNotBelieved(t *testing.T) {
	c, at := newCluster(t)
	c.serve(t, at["a1"], "b1", status("a1", "a1"))
	_, err := c.open(t).Status(t.Context(), "a1")
	if !errors.Is(err, ErrWrongNode) {
		t.Errorf("error %v, want that another node answers", err)
	}
}

func TestProblemsSayWhatToDo(t *testing.T) {
	c, at := newCluster(t)
	var other atomic.Int32
	c.serve(t, at["a1"], "a1", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(admin.Problem{Code: "TV-4002", Title: "Not now", Detail: "why", Action: "Do this."})
	})
	c.serve(t, at["b1"], "b1", func(http.ResponseWriter, *http.Request) { other.Add(1) })
	_, err := c.open(t).Register(t.Context(), "", admin.Source{ID: "SE1"})
	var problem *ProblemError
	if !errors.As(err, &problem) || err.Error() != "TV-4002 Not now (node a1): why. Do this." {
		t.Errorf("error %v", err)
	}
	if other.Load() != 0 {
		t.Error("another node was asked after a reasoned no")
	}
}

// What reads the record or the table asks the paths that are its own, and goes on to a
// node that can answer.
func TestCoverageAndExplain(t *testing.T) {
	c, at := newCluster(t)
	table := admin.CoverageTable{Rows: []admin.CoverageRow{{CareProvider: "SE1", Name: "Regionen", Contract: "GetDiagnosis", Since: "2024-01-31"}}}
	c.serve(t, at["a1"], "a1", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(admin.ProblemElsewhere.Problem(""))
	})
	c.serve(t, at["b1"], "b1", func(w http.ResponseWriter, r *http.Request) {
		var got admin.CoverageTable
		switch r.Method + " " + r.URL.RequestURI() {
		case "GET " + admin.PathCoverage:
			_ = json.NewEncoder(w).Encode(table)
		case "POST " + admin.PathCoverage:
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil || !cmp.Equal(got, table) {
				t.Errorf("put %+v, %v", got, err)
			}
			_ = json.NewEncoder(w).Encode(admin.Done{Index: 7})
		case "GET " + admin.PathExplain + "?id=a%26b":
			_ = json.NewEncoder(w).Encode(admin.Explanation{ID: "a&b"})
		default:
			t.Errorf("%s %s", r.Method, r.URL)
		}
	})
	client := c.open(t)
	if got, err := client.Coverage(t.Context(), ""); err != nil || !cmp.Equal(got, table) {
		t.Errorf("%+v, %v", got, err)
	}
	if done, err := client.PutCoverage(t.Context(), "", table); err != nil || done.Index != 7 {
		t.Errorf("%+v, %v", done, err)
	}
	if e, err := client.Explain(t.Context(), "", "a&b"); err != nil || e.ID != "a&b" {
		t.Errorf("%+v, %v", e, err)
	}
}

// A transfer is asked of the leader, once.
func TestTransferIsAskedOfTheLeaderOnce(t *testing.T) {
	c, at := newCluster(t)
	var asked []string
	endpoint := func(id string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == admin.PathStatus {
				status(id, "b1")(w, r)
				return
			}
			body, _ := io.ReadAll(r.Body)
			asked = append(asked, id+" "+r.Method+" "+r.URL.Path+" "+string(body))
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = json.NewEncoder(w).Encode(admin.Problem{Code: "TV-4003", Title: "timed out"})
		}
	}
	c.serve(t, at["a1"], "a1", endpoint("a1"))
	c.serve(t, at["b1"], "b1", endpoint("b1"))
	client := c.open(t)
	if err := client.Transfer(t.Context(), "", "a1"); err == nil {
		t.Error("the refusal is lost")
	}
	if diff := cmp.Diff([]string{`b1 POST /admin/v1/transfer {"to":"a1"}`}, asked); diff != "" {
		t.Error(diff)
	}
	if err := client.Transfer(t.Context(), "", "w"); !errors.Is(err, ErrWitness) {
		t.Errorf("to the witness: %v", err)
	}
}

func TestAnswersAreBoundedAndChecked(t *testing.T) {
	c, at := newCluster(t)
	c.serve(t, at["a1"], "a1", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case admin.PathStatus:
			_, _ = io.WriteString(w, strings.Repeat(" ", maxAnswerBytes+1))
		case admin.PathSources:
			_, _ = io.WriteString(w, "<html>")
		default:
			http.Error(w, "a proxy's page", http.StatusBadGateway)
		}
	})
	client := c.open(t)
	_, tooLarge := client.Status(t.Context(), "a1")
	_, page := client.Sources(t.Context(), "a1")
	_, proxy := client.Record(t.Context(), "a1", 0, 10)
	for what, err := range map[string]error{"too large": tooLarge, "a page": page, "a proxy": proxy} {
		if !errors.Is(err, ErrAnswer) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestOpenNeedsAnOperatorsDirectory(t *testing.T) {
	c, _ := newCluster(t)
	for _, dir := range []string{t.TempDir(), filepath.Join(c.dir, "a1")} {
		if _, err := Open(dir); !errors.Is(err, ErrOperator) {
			t.Errorf("%v", err)
		}
	}
}
