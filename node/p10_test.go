package node

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/ingest"
	"tvilling/node/internal/logtest"
	"tvilling/node/internal/sealing"
	"tvilling/node/internal/session"
	"tvilling/node/internal/upstream"
	"tvilling/node/internal/upstream/upstreamtest"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
)

// tab is a browser's tab without a network: it answers what has to be answered, and
// hands the rest to the test.
type tab struct {
	t     *testing.T
	in    chan []byte
	out   chan protocol.Frame
	ended chan struct{}
	once  sync.Once
}

func (b *tab) Read(ctx context.Context) ([]byte, error) {
	select {
	case f := <-b.in:
		return f, nil
	case <-b.ended:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (b *tab) Write(_ context.Context, raw []byte) error {
	f, err := protocol.DecodeFrame(raw)
	if err != nil {
		return err
	}
	switch f := f.(type) {
	case protocol.Heartbeat:
		go b.send(protocol.Beat{})
	case protocol.Revoke:
		go b.send(protocol.Ack{Generation: f.Next})
		b.out <- f
	default:
		b.out <- f
	}
	return nil
}

func (b *tab) Close(protocol.CloseCode, string) { b.once.Do(func() { close(b.ended) }) }

func (b *tab) send(f protocol.Frame) {
	select {
	case b.in <- protocol.AppendFrame(nil, f):
	case <-b.ended:
	}
}

// await takes frames until one of the type comes.
func await[F protocol.Frame](b *tab) F {
	b.t.Helper()
	for limit := time.After(time.Hour); ; {
		select {
		case f := <-b.out:
			if want, is := f.(F); is {
				return want
			}
		case <-b.ended:
			var none F
			b.t.Fatalf("closed, where %T is waited for", none)
		case <-limit:
			var none F
			b.t.Fatalf("%T does not come", none)
		}
	}
}

// lively is the cluster as a session asks for it: a leader is heard all the time.
type lively struct{ *logtest.Log }

func (lively) HeardFromLeader() (time.Time, bool) { return time.Now(), true }

func (l lively) Position() protocol.Position {
	return protocol.Position{Epoch: 1, Index: l.FSM.AppliedIndex()}
}

// whole is what a data node is made of, in one bubble: fed by services, asked by tabs.
type whole struct {
	t        *testing.T
	log      *logtest.Log
	services *upstreamtest.Services
	ingest   *ingest.Ingest
	sessions *session.Service
	end      func()
}

func newWhole(t *testing.T) *whole {
	t.Helper()
	w := &whole{t: t, log: logtest.Open(t), services: upstreamtest.New(feedRows(t))}
	ring, err := sealing.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	at := state{fsm: w.log.FSM, ring: ring}
	w.ingest = ingest.New(w.log, ring, at.registration, newIntent, quiet)
	path := filepath.Join(t.TempDir(), "register.toml")
	if err := os.WriteFile(path, []byte(registerText), 0o600); err != nil {
		t.Fatal(err)
	}
	at.from = admin.Topology{Register: path, Upstream: upstreamAt("http://127.0.0.1:1", 15)}
	clients := services{client: &http.Client{Transport: w.services}}
	if err := clients.openFeeds(at.from.Upstream.Complete()); err != nil {
		t.Fatal(err)
	}
	clients.feeds.Register = ingest.Source[ingest.Register]{Service: upstream.NewRegister(path, ring.Digest), Every: at.from.RegisterEvery()}
	anna, err := protocol.ParseEmployeeID(employeeID)
	if err != nil {
		t.Fatal(err)
	}
	choice, err := identity.NewChoice(protocol.Demo, func() []identity.Person { return []identity.Person{{Key: "anna", Employee: anna}} })
	if err != nil {
		t.Fatal(err)
	}
	if w.sessions, err = session.New(session.Config{
		Node: "a1", Environment: protocol.Demo, Identity: choice, State: w.log.FSM, Cluster: lively{w.log}, Ring: ring, Logger: quiet,
	}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = ingest.NewFeeds(clients.feeds, w.ingest, ring, w.log.FSM).Run(ctx) })
	w.end = func() { stop(); parts.Wait() }
	return w
}

// visit opens a tab and asks for the patient.
func (w *whole) visit() (b *tab, hangUp func()) {
	w.t.Helper()
	b = &tab{t: w.t, in: make(chan []byte), out: make(chan protocol.Frame, 1000), ended: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.sessions.Serve(context.Background(), b, session.Caller{})
	}()
	b.send(protocol.Hello{Version: protocol.Version, Person: "anna"})
	return b, func() { b.Close(1000, ""); <-done }
}

func (w *whole) open(b *tab) {
	w.t.Helper()
	id, err := protocol.ParsePatientID(patientID)
	if err != nil {
		w.t.Fatal(err)
	}
	b.send(protocol.Open{Request: 1, Patient: id})
}

// P10, all the way from the services to the screen: they break, and ten minutes later
// what was shown is taken back and nothing opens any more, until it is mended.
func TestABrokenFeedClosesEverythingInTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWhole(t)
		defer w.end()
		synctest.Wait()
		if _, err := w.ingest.Put(t.Context(), ingest.Request{Caller: system, Contract: "GetDiagnosis", Message: []byte(diagnosisAnswer)}); err != nil {
			t.Fatal(err)
		}
		b, hangUp := w.visit()
		defer hangUp()
		welcome := await[protocol.Welcome](b)
		if len(welcome.Commissions) != 1 {
			t.Fatalf("%d commissions", len(welcome.Commissions))
		}
		b.send(protocol.Choose{Commission: welcome.Commissions[0].ID})
		await[protocol.Chosen](b)
		w.open(b)
		await[protocol.Opened](b)
		b.send(protocol.Show{Generation: 1, Contracts: []protocol.Contract{protocol.Diagnosis}})
		if end := await[protocol.End](b); end.Count != 1 {
			t.Fatalf("%d documents are shown", end.Count)
		}

		time.Sleep(time.Hour) // the feed goes on, and so does the view
		for len(b.out) > 0 {
			if f, is := (<-b.out).(protocol.Revoke); is {
				t.Fatalf("revoked while the feed is well: %+v", f)
			}
		}
		w.services.Break(true)
		broke := time.Now()
		if f := await[protocol.Revoke](b); len(f.Documents) != 0 {
			t.Errorf("a part is taken back: %+v", f)
		}
		bound := freshFor(raftfsm.Blocks)
		if passed := time.Since(broke); passed > bound+time.Second || passed < bound-time.Minute {
			t.Errorf("taken back after %v, want %v at most", passed, bound)
		}
		w.open(b)
		if f := await[protocol.Refused](b); f.Fault != protocol.FaultUnknownFacts {
			t.Errorf("refused with TV-%d", f.Fault)
		}
		w.services.Break(false)
		time.Sleep(time.Minute)
		w.open(b)
		await[protocol.Opened](b)
	})
}
