package node

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/ingest"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

func (r *running) put() ingest.Receipt {
	r.t.Helper()
	receipt, err := r.data.ingest.Put(r.t.Context(), ingest.Request{Caller: system, Contract: "GetDiagnosis", Message: []byte(diagnosisAnswer)})
	if err != nil {
		r.t.Fatal(err)
	}
	return receipt
}

func TestANodeAloneKeepsItsData(t *testing.T) {
	dir := t.TempDir()
	cfg := aloneIn(t, dir)
	first := run(t, cfg)
	first.ready()
	made := first.put()
	if made.Changed != 1 {
		t.Fatalf("receipt %+v", made)
	}
	if index, err := first.Put(t.Context(), system, "GetDiagnosis", []byte(diagnosisAnswer)); err != nil || index <= made.Index {
		t.Errorf("the embedder's Put: %d, %v", index, err)
	}
	first.end()

	again := run(t, cfg)
	again.ready()
	if receipt := again.put(); receipt.Unchanged != 1 || receipt.Index <= made.Index {
		t.Errorf("after a restart: %+v, first at %d", receipt, made.Index)
	}
}

// The end that Close makes of a node is whole, however far it came.
func TestANodeCanBeClosedAtAnyTime(t *testing.T) {
	cfg := aloneIn(t, t.TempDir())
	n, err := Open(cfg) // never run
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := n.Close(); err != nil {
			t.Errorf("closing a node that never ran: %v", err)
		}
	}
	if err := new(Node).Close(); err != nil {
		t.Errorf("closing nothing: %v", err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if n, err = Open(cfg); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(n.Run(ended), n.Close(), n.Close()); err != nil {
		t.Errorf("running after the end: %v", err)
	}
}

// A taken address is said at once, and what was opened before is free again.
func TestATakenAddress(t *testing.T) {
	for name, pick := range map[string]func(*admin.Node) *string{
		"browsers":  func(m *admin.Node) *string { return &m.Client },
		"sources":   func(m *admin.Node) *string { return &m.Source },
		"operators": func(m *admin.Node) *string { return &m.Admin },
		"peers":     func(m *admin.Node) *string { return &m.Peer },
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			cfg := single(t, admin.Production)
			was := *pick(&cfg.Topology.Members[0])
			*pick(&cfg.Topology.Members[0]) = l.Addr().String()
			if n, err := Open(cfg); err == nil {
				t.Fatalf("opened on a taken address, closed with %v", n.Close())
			} else if !strings.Contains(err.Error(), l.Addr().String()) {
				t.Errorf("the error does not say which: %v", err)
			}
			*pick(&cfg.Topology.Members[0]) = was
			n, err := Open(cfg)
			if err != nil {
				t.Fatalf("something is still held: %v", err)
			}
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestADataDirectoryIsForOneProcess(t *testing.T) {
	cfg := aloneIn(t, t.TempDir())
	first := run(t, cfg)
	first.ready()
	if n, err := Open(cfg); err == nil {
		t.Fatalf("opened twice, closed with %v", n.Close())
	}
	if receipt := first.put(); receipt.Changed != 1 {
		t.Errorf("the first, afterwards: %+v", receipt)
	}
}

// A register that is not there yet makes a node that is not ready, and says why.
func TestTheRegisterAppearsLater(t *testing.T) {
	cfg := aloneIn(t, t.TempDir())
	text, err := os.ReadFile(cfg.Topology.Register)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(cfg.Topology.Register); err != nil {
		t.Fatal(err)
	}
	r := run(t, cfg)
	for leaderHeard(r.Node) != nil {
		r.wait(r.cluster.Position().Index + 1) // the canary's entries
	}
	err = r.Ready()
	if err == nil || !strings.Contains(err.Error(), "commissions") {
		t.Errorf("ready without a register: %v", err)
	}
	expired, stop := context.WithCancel(t.Context())
	stop()
	if err := r.WaitReady(expired); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "commissions") {
		t.Errorf("WaitReady: %v", err)
	}
	if _, err := r.Put(t.Context(), system, "GetDiagnosis", []byte(diagnosisAnswer)); !errors.Is(err, ingest.ErrNotRegistered) {
		t.Errorf("a source that no feed lists: %v", err)
	}
	if status, body := r.get("/readyz"); status != http.StatusOK || body != "ready, but: feeds\n" {
		t.Errorf("/readyz: %d %s", status, body)
	}
	if status, _ := r.get("/livez"); status != http.StatusOK {
		t.Errorf("/livez: %d", status)
	}
	whole := cfg.Topology.Register + ".whole" // half a file could be a register of nobody
	if err := errors.Join(os.WriteFile(whole, text, 0o600), os.Rename(whole, cfg.Topology.Register)); err != nil {
		t.Fatal(err)
	}
	r.ready()
	if status, body := r.get("/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, body)
	}
	r.put()
}

// wait waits until the node has applied an index.
func (r *running) wait(index uint64) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), startLimit)
	defer cancel()
	if err := r.fsm.WaitApplied(ctx, index); err != nil {
		r.t.Fatal(err)
	}
}

// get asks the browsers' listener.
func (r *running) get(path string) (status int, body string) {
	r.t.Helper()
	response, err := http.Get("http://" + r.data.gateway.Addresses()[0].String() + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// enter puts an entry about the patient into the access log.
func (r *running) enter() {
	r.t.Helper()
	id, err := protocol.ParsePatientID(patientID)
	if err != nil {
		r.t.Fatal(err)
	}
	entry := command.LogEntry{ID: newIntent(), Subject: r.ring.Patient(id)}
	plain := record.Append(nil, record.Entry{ID: entry.ID, At: protocol.Instant(time.Now().UnixMilli()), Activity: record.Read})
	entry.Sealed, entry.Commitment = r.ring.SealLog(append(entry.Subject[:], entry.ID[:]...), plain), record.Commitment(plain)
	results, err := r.cluster.Propose(r.t.Context(), command.Command{Kind: command.KindRecordEvent, Version: 1, Intent: newIntent(), Body: command.RecordEvent{Entry: entry}})
	if err != nil || results[0].Status != command.StatusDone {
		r.t.Fatalf("%v, %v", results, err)
	}
}

// A node with another keyring would find nobody and write what no other can read.
func TestAnotherKeyringDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	cfg := aloneIn(t, dir)
	first := run(t, cfg)
	first.ready()
	first.enter()
	if page, err := first.state().Record(0, 10); err != nil || len(page) != 1 || page[0].Sequence != 1 {
		t.Errorf("the access log: %+v, %v", page, err)
	}
	first.end()
	saved := t.TempDir()
	for _, name := range []string{admin.FileKeyring, admin.FileKeyOfKeys} {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(saved, name)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := Open(cfg); !errors.Is(err, ErrKeyring) { // which makes a ring of its own
		t.Errorf("opened with another keyring: %v, %v", n, err)
	}
	for _, name := range []string{admin.FileKeyring, admin.FileKeyOfKeys} {
		if err := os.Rename(filepath.Join(saved, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	second := run(t, cfg)
	second.ready()
}

func TestNewKeyringReplacesNothing(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	if err := NewKeyring(dir); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, admin.FileKeyring))
	if err != nil {
		t.Fatal(err)
	}
	if err := NewKeyring(other, dir); !errors.Is(err, ErrKeyring) {
		t.Errorf("error %v", err)
	}
	after, err := os.ReadFile(filepath.Join(dir, admin.FileKeyring))
	if err != nil || string(after) != string(before) {
		t.Errorf("the keyring was replaced, %v", err)
	}
	if entries, err := os.ReadDir(other); err != nil || len(entries) > 0 {
		t.Errorf("half of it was written: %v, %v", entries, err)
	}
}

func TestFreshness(t *testing.T) {
	r := run(t, aloneIn(t, t.TempDir()))
	r.ready()
	began := time.Now()
	for _, p := range raftfsm.Projections() {
		bound := freshFor(p)
		for name, c := range map[string]struct {
			at    time.Duration
			fresh bool
		}{
			"now": {0, true}, "in time": {bound - time.Minute, true}, "late": {bound + time.Minute, false}, "ahead of its clock": {-time.Duration(access.MaxClockSkew)*time.Millisecond - time.Minute, false},
		} {
			feeds, err := r.state().Feeds(began.Add(c.at))
			if err != nil || len(feeds) != len(raftfsm.Projections()) {
				t.Fatal(feeds, err)
			}
			for _, f := range feeds {
				if f.Name == p.String() && f.Fresh != c.fresh {
					t.Errorf("%s: %+v", name, f)
				}
			}
		}
	}
}
