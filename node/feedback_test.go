package node

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/node/internal/ingest"
	"tvilling/node/internal/session"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// said is what a node logs.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) says(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Contains(s.b.Bytes(), []byte(text))
}

// What a user writes at a node is there for its operators, after it has been started anew
// too, and in none of its logs.
func TestFeedbackAtANode(t *testing.T) {
	dir, logged := t.TempDir(), &said{}
	var id string
	for start := range 2 {
		cfg := aloneIn(t, dir)
		cfg.Logger = slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		n, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if start == 0 {
			b := &tab{t: t, in: make(chan []byte), out: make(chan protocol.Frame, 100), ended: make(chan struct{})}
			done := make(chan struct{})
			go func() {
				defer close(done)
				n.data.sessions.Serve(context.Background(), b, session.Caller{})
			}()
			b.send(protocol.Hello{Version: protocol.Version})
			await[protocol.Welcome](b)
			b.send(protocol.Feedback{Request: 1, Page: "overview", Grade: 2, Text: "Listan hoppar"})
			id = await[protocol.Thanked](b).ID
			b.send(protocol.Feedback{Request: 2, Text: "gäller 191212-1212"})
			if f := await[protocol.Refused](b); f.Fault != protocol.FaultFeedback {
				t.Errorf("refused with TV-%d", f.Fault)
			}
			b.Close(1000, "")
			<-done
		}
		entries, more, err := written{n.data.feedback}.After(0, 10)
		if err != nil || more || len(entries) != 1 || entries[0].ID != id || entries[0].Text != "Listan hoppar" || entries[0].Version != cfg.Version {
			t.Errorf("start %d: %+v, more: %v, %v", start, entries, more, err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, secret := range []string{"hoppar", "191212", id} {
		if logged.says(secret) {
			t.Errorf("%q is logged", secret)
		}
	}
}

// The answers of laboratories, as their systems give them in both generations of the
// contract, hold the values of a trend, and the view says how fresh they are.
func TestATrendOfRealAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWhole(t)
		defer w.end()
		synctest.Wait()
		const laboratory = "SE2321000016-SYS1"
		if _, err := w.log.Propose(t.Context(), command.Command{Kind: command.KindRegisterSource, Version: 1, Intent: newIntent(),
			Body: command.RegisterSource{Source: laboratory, Contracts: []uint8{uint8(protocol.LaboratoryOrderOutcome)}}}); err != nil {
			t.Fatal(err)
		}
		began := protocol.Instant(time.Now().UnixMilli())
		for _, name := range []string{"laboratory-v4.xml", "laboratory-v3.xml"} {
			answer, err := os.ReadFile(filepath.Join("..", "testdata", "rivta", name))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.ingest.Put(t.Context(), ingest.Request{Caller: laboratory, Contract: "GetLaboratoryOrderOutcome", Message: answer, Partial: name == "laboratory-v3.xml"}); err != nil {
				t.Fatal(err)
			}
		}
		b, hangUp := w.visit()
		defer hangUp()
		b.send(protocol.Choose{Commission: await[protocol.Welcome](b).Commissions[0].ID})
		await[protocol.Chosen](b)
		w.open(b)
		await[protocol.Opened](b)
		b.send(protocol.Consent{Request: 2, Days: 1, Given: protocol.GiverMature}) // a child, in the year that it is here
		await[protocol.Opened](b)
		b.send(protocol.Show{Generation: 1, Contracts: []protocol.Contract{protocol.LaboratoryOrderOutcome}})
		await[protocol.End](b)
		if f := await[protocol.Sources](b); len(f.Rows) != 1 || f.Rows[0].State != protocol.SourceDirect || f.Rows[0].Synced != began {
			t.Errorf("told of %+v", f.Rows)
		}
		for code, want := range map[string]protocol.Quantity{
			"NPU19748": {Value: "87", Unit: "mg/L", High: "5", Flag: "H"},
			"NPU28309": {Value: "98", Unit: "g/L", Reference: "117-153", Flag: "*"},
		} {
			b.send(protocol.Trend{Request: 3, Generation: 1, System: "1.2.752.108.1", Code: code})
			f := await[protocol.Series](b)
			if len(f.Points) != 1 || f.Points[0].Quantity != want || f.Points[0].Time == 0 {
				t.Errorf("%s: %+v, want %+v", code, f.Points, want)
			}
		}
	})
}
