package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/ingest"
	"tvilling/protocol/admin"
)

// three are two data nodes and a witness in this process, over TLS on loopback.
type three struct {
	t       *testing.T
	signers authorities
	nodes   map[string]*running
	configs map[string]Config
	clocks  map[string]*atomic.Int64 // how far each one's clock is off, nanoseconds
}

// startThree starts them at once: Open binds, and needs nobody else.
func startThree(t *testing.T) *three {
	t.Helper()
	c := &three{t: t, signers: newAuthorities(t), nodes: map[string]*running{}, configs: map[string]Config{}, clocks: map[string]*atomic.Int64{}}
	at := free(t, 12)
	witness := memberAt("w", "W", at[:4])
	witness.Role, witness.Client, witness.Source, witness.Origin = admin.RoleWitness, "", "", ""
	register, services := serveUpstream(t)
	topology := admin.Topology{Cluster: "test", Environment: admin.Demo, Register: register, Upstream: services,
		Members: []admin.Node{memberAt("a1", "A", at[4:8]), memberAt("b1", "B", at[8:]), witness}}
	var keepers []string
	for _, m := range topology.Members {
		cfg := Config{Topology: topology, Self: m.ID, DataDir: t.TempDir(), Material: c.signers.material("test", m.ID, m.Role), Version: "test",
			Tuning: cluster.Tuning{SnapshotThreshold: 4, SnapshotInterval: 50 * time.Millisecond, TrailingLogs: 8,
				ProposeLimit: startLimit, StoreLimit: startLimit}} // for a machine that is busy with other things
		off := &atomic.Int64{}
		cfg.now = func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
		c.clocks[m.ID], c.configs[m.ID] = off, cfg
		if m.Role == admin.RoleData {
			keepers = append(keepers, cfg.Material)
		}
	}
	if err := NewKeyring(keepers...); err != nil {
		t.Fatal(err)
	}
	for id, cfg := range c.configs {
		c.nodes[id] = run(t, cfg)
	}
	for _, n := range c.nodes {
		n.ready()
	}
	return c
}

// leader is the data node that leads.
func (c *three) leader() (leader, other *running) {
	c.t.Helper()
	a, b := c.nodes["a1"], c.nodes["b1"]
	if a.cluster.Leader() == "b1" {
		return b, a
	}
	return a, b
}

// agree waits until every node that is given has applied the index, then until they
// stand at one index with one hash: the leader's canary moves them meanwhile.
func (c *three) agree(index uint64, nodes ...*running) {
	c.t.Helper()
	for _, n := range nodes {
		n.wait(index)
	}
	seen := map[uint64][32]byte{}
	deadline := time.Now().Add(startLimit)
	for together := 0; together < len(nodes); {
		if time.Now().After(deadline) {
			c.t.Fatal("the nodes are never at one index")
		}
		together = 0
		at, want := nodes[0].fsm.StateHash()
		for _, n := range nodes {
			n.wait(at)
			i, hash := n.fsm.StateHash()
			if other, known := seen[i]; known && other != hash {
				c.t.Fatalf("two states at index %d", i)
			}
			seen[i] = hash
			if i == at && hash == want {
				together++
			}
		}
	}
}

func (c *three) put(on *running) ingest.Receipt {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), startLimit)
	defer cancel()
	receipt, err := on.data.ingest.Put(ctx, ingest.Request{Caller: system, Contract: "GetDiagnosis", Message: []byte(diagnosisAnswer)})
	if err != nil {
		c.t.Fatal(err)
	}
	return receipt
}

func TestThreeNodes(t *testing.T) {
	c := startThree(t)
	leader, other := c.leader()
	witness := c.nodes["w"]

	receipt := c.put(other) // forwarded
	c.agree(receipt.Index, leader, other, witness)
	if again := c.put(leader); again.Unchanged != 1 {
		t.Errorf("the same by the other node: %+v: two keyrings?", again)
	}
	leader.enter()
	entered := leader.cluster.Position().Index
	other.wait(entered) // either of the two is asked
	c.checkWitness(entered)
	c.checkFiles()

	leader.end() // gives way first
	after := c.put(other)
	if after.Unchanged != 1 {
		t.Errorf("without the first leader: %+v", after)
	}
	back := run(t, c.configs[leader.cfg.Self])
	back.ready()
	c.agree(after.Index, back, other, witness)
}

// checkWitness holds the witness to serving operators alone.
func (c *three) checkWitness(index uint64) {
	t, witness := c.t, c.nodes["w"]
	t.Helper()
	witness.wait(index)
	if witness.ring != nil || witness.data != nil {
		t.Error("a witness has keys, or serves browsers and sources")
	}
	if _, err := witness.Put(t.Context(), system, "GetDiagnosis", []byte(diagnosisAnswer)); !errors.Is(err, errNoKeys) {
		t.Errorf("putting on a witness: %v", err)
	}
	for _, m := range c.allAnswer() {
		if m.Keys != (m.Role == admin.RoleData) {
			t.Errorf("member %+v", m)
		}
	}
	var problem admin.Problem
	if code := c.ask("w", admin.PathRecord, &problem); code != http.StatusServiceUnavailable || problem.Code != "TV-4004" {
		t.Errorf("the access log of a witness: %d, %+v", code, problem)
	}
	var page admin.Record
	if code := c.ask("a1", admin.PathRecord, &page); code != http.StatusOK || len(page.Entries) != 2 { // with the reading itself
		t.Errorf("the access log of a data node: %d, %+v", code, page)
	}
}

// allAnswer waits until every member answers the witness: a busy machine may make one
// too late for a status.
func (c *three) allAnswer() []admin.Member {
	c.t.Helper()
	for deadline := time.Now().Add(startLimit); ; {
		var status admin.Status
		if code := c.ask("w", admin.PathStatus, &status); code != http.StatusOK || status.Node != "w" || len(status.Members) != 3 {
			c.t.Fatalf("status: %d, %+v", code, status)
		}
		if !slices.ContainsFunc(status.Members, func(m admin.Member) bool { return m.Error != "" }) {
			return status.Members
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("members %+v", status.Members)
		}
	}
}

// checkFiles waits until every node has taken a snapshot, and reads every file that it
// keeps: log, snapshots and state hold nothing of the patient, nor of who read (P6).
func (c *three) checkFiles() {
	c.t.Helper()
	for id, cfg := range c.configs {
		c.awaitSnapshot(cfg.DataDir)
		err := filepath.WalkDir(cfg.DataDir, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // an old snapshot is removed as a new one comes
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			for _, plain := range []string{patientID, "Astma", "J45.9", "Anna Ek", employeeID} {
				if bytes.Contains(text, []byte(plain)) {
					c.t.Errorf("%q stands in %s of %s", plain, d.Name(), id)
				}
			}
			return err
		})
		if err != nil {
			c.t.Error(err)
		}
	}
}

// awaitSnapshot waits until a snapshot is whole: it loses its .tmp then.
func (c *three) awaitSnapshot(dir string) {
	c.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); <-tick.C {
		whole, err := filepath.Glob(filepath.Join(dir, "raft", "snapshots", "*-*[0-9]", "state.bin"))
		if err != nil {
			c.t.Fatal(err)
		}
		if len(whole) > 0 {
			return
		}
	}
	c.t.Fatalf("no snapshot was taken within %v", startLimit)
}

// ask asks a node's operator endpoint.
func (c *three) ask(id, path string, into any) (status int) {
	c.t.Helper()
	m, _ := c.configs[id].Topology.Member(id)
	operator := &http.Client{Timeout: startLimit, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		RootCAs: c.signers.cluster.Pool(), Certificates: []tls.Certificate{c.signers.cluster.Issue(admin.Identity{Cluster: "test"})}}}}
	response, err := operator.Get("https://" + m.Admin + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode
}

// A directory with keys in it was copied to the wrong machine.
func TestAWitnessWithKeysDoesNotStart(t *testing.T) {
	a := newAuthorities(t)
	m := member(t, "w", "W")
	m.Role, m.Client, m.Source, m.Origin = admin.RoleWitness, "", "", ""
	cfg := Config{Topology: admin.Topology{Cluster: "test", Environment: admin.Production, Members: []admin.Node{m}},
		Self: "w", DataDir: t.TempDir(), Material: a.material("test", "w", admin.RoleWitness)}
	if err := NewKeyring(cfg.Material); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{admin.FileKeyring, admin.FileKeyOfKeys} {
		if _, err := Open(cfg); !errors.Is(err, ErrKeyring) || !strings.Contains(err.Error(), name) {
			t.Errorf("with %s: %v", name, err)
		}
		if err := os.Remove(filepath.Join(cfg.Material, name)); err != nil {
			t.Fatal(err)
		}
	}
	n, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}
