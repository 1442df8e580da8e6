package workload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"tvilling/ops/internal/history"
	"tvilling/ops/internal/notes"
	"tvilling/ops/internal/sourceclient"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// goOn waits between two operations and reports whether there is to be another.
func (w *Workload) goOn(random *rand.Rand) bool {
	mean := w.config.Pause
	select {
	case <-w.stopping:
		return false
	case <-time.After(mean/2 + time.Duration(random.Int64N(int64(mean)))):
		return w.tally.room()
	}
}

// opener opens one patient after another: those about whom nothing changes, and now and
// then one about whom everything does.
func (w *Workload) opener(ctx context.Context, n int) {
	c := w.client(n, personKey(n))
	defer c.close()
	for w.goOn(c.random) {
		if k := c.random.IntN(8 * max(1, w.config.Changers)); k < w.config.Changers {
			_, _ = c.look(ctx, changing(k), k) // the tally has it
			continue
		}
		_, _ = c.look(ctx, calm(c.random.IntN(calmPatients)), -1)
	}
}

// sender is a source system's connection.
type sender struct {
	w      *Workload
	client *sourceclient.Client
	tries  uint16 // of the message that is being sent; the client sends one at a time
}

// sender connects to the data nodes in turn, one of them first.
func (w *Workload) sender(first int) (*sender, error) {
	s := &sender{w: w}
	made := filepath.Join(w.config.Cluster.Made(), "sources", sourceSystem)
	c := sourceclient.Config{Certificate: made + ".pem", Key: made + ".key", Tried: func(error) { s.tries++ },
		Authority: filepath.Join(w.config.Cluster.OperatorDir(), filepath.FromSlash(admin.FileAuthority))}
	for i := range w.nodes {
		c.Addresses = append(c.Addresses, w.nodes[(first+i)%len(w.nodes)].Source)
	}
	var err error
	s.client, err = sourceclient.New(c)
	return s, err
}

// deliver sends one record more of a patient, as often as it takes. What was acknowledged
// stands in the ledger.
func (s *sender) deliver(ctx context.Context, n notes.Note) error {
	one := sample{kind: put, began: s.w.tally.now()}
	s.tries = 0
	receipt, err := s.client.Put(ctx, sourceclient.Message{Contract: protocol.CareDocumentation, Partial: true, Body: notes.Answer(n)})
	one.attempts = s.tries
	var no *sourceclient.RefusedError
	switch {
	case err == nil:
		s.w.acknowledged(record{n.Patient, n.Name}, receipt.Index)
	case errors.Is(err, sourceclient.ErrNoAnswer):
		one.outcome = unknown // a node that did not answer may have taken it
	case errors.As(err, &no):
		one.outcome = refused
	default:
		one.outcome = failed
	}
	s.w.tally.add(one, err)
	return err
}

// producer delivers records, of one patient after another of its own.
func (w *Workload) producer(ctx context.Context, n int) {
	s := w.senders[n]
	random := rand.New(rand.NewPCG(w.config.Seed, 1<<32+uint64(n)))
	for count := 0; w.goOn(random); count++ {
		own := max(1, writtenPatients/w.config.Producers)
		patient := written(n*own + count%own)
		_ = s.deliver(ctx, note(patient, fmt.Sprintf("%sp%d.%d", w.run, n, count), history.Own)) // the tally has it
	}
}
