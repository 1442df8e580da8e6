package mixed

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/demo/patients"
	"tvilling/ops/internal/sourceclient"
	"tvilling/ops/internal/viewer"
)

// pause is between two acts of the load: it is light.
const pause = 30 * time.Millisecond

// load is one source system that sends and one who opens, again and again.
type load struct {
	t       *testing.T
	c       *demo.Cluster
	end     context.CancelFunc
	workers sync.WaitGroup
	puts    atomic.Int64 // acknowledged
	opens   atomic.Int64

	mu     sync.Mutex
	newest uint64 // index of the last acknowledged put; guarded by mu
	faults []error
}

func startLoad(t *testing.T, c *demo.Cluster) *load {
	t.Helper()
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	l := &load{t: t, c: c, end: end}
	l.workers.Go(func() { l.send(ctx) })
	l.workers.Go(func() { l.openAll(ctx) })
	t.Cleanup(l.stop)
	return l
}

// stop ends the load. A second call does nothing.
func (l *load) stop() {
	l.end()
	l.workers.Wait()
}

// send puts a patient's records as they are on one day after another: every one is new.
func (l *load) send(ctx context.Context) {
	system := patients.AnswersFor(patients.Harry, time.Now())[0].System
	sender := system
	for _, s := range patients.Systems() {
		if s.ID == system && s.Agent != "" {
			sender = s.Agent
		}
	}
	client, err := l.c.Source(sender)
	if err != nil {
		l.fault(err)
		return
	}
	defer client.Close()
	for day := 1; ctx.Err() == nil; day++ {
		answer := patients.AnswersFor(patients.Harry, time.Now().AddDate(0, 0, -day%2000))[0]
		receipt, err := client.Put(ctx, sourceclient.Message{Contract: answer.Contract, Source: system, Body: answer.Message})
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			l.fault(err)
			return
		}
		l.mu.Lock()
		l.newest = receipt.Index
		l.mu.Unlock()
		l.puts.Add(1)
		rest(ctx)
	}
}

// openAll opens at one data node after another. A node that is being replaced does not
// answer, and the next is asked.
func (l *load) openAll(ctx context.Context) {
	nodes := []string{"a1", "b1", "a2", "b2"}
	for i := 0; ctx.Err() == nil; i++ {
		if open(ctx, l.c.URL(nodes[i%len(nodes)])) == nil {
			l.opens.Add(1)
		}
		rest(ctx)
	}
}

// open opens a patient and shows what there is.
func open(ctx context.Context, origin string) error {
	v, err := viewer.Dial(ctx, origin, "anna")
	if err != nil {
		return err
	}
	defer v.Close()
	if _, err := v.Open(ctx, patients.Harry); err != nil {
		return err
	}
	_, err = v.Show(ctx)
	return err
}

func rest(ctx context.Context) {
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
}

func (l *load) fault(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, err)
}

// goesOn waits until something more was put and opened.
func (l *load) goesOn(when string) {
	l.t.Helper()
	puts, opens := l.puts.Load(), l.opens.Load()
	for limit := time.After(within); l.puts.Load() < puts+3 || l.opens.Load() < opens+3; {
		select {
		case <-time.After(pause):
		case <-limit:
			l.mu.Lock()
			defer l.mu.Unlock()
			l.t.Fatalf("%s: %d put, %d opened: %v", when, l.puts.Load()-puts, l.opens.Load()-opens, errors.Join(l.faults...))
		}
	}
}

// check holds that no put failed, and that the last acknowledged one is on every member.
func (l *load) check() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := errors.Join(l.faults...); err != nil {
		l.t.Error(err)
	}
	s, err := l.c.Operator().Status(l.t.Context(), "")
	if err != nil {
		l.t.Fatal(err)
	}
	for _, m := range s.Members {
		if m.AppliedIndex < l.newest {
			l.t.Errorf("%s is at %d, and %d was acknowledged", m.ID, m.AppliedIndex, l.newest)
		}
	}
	l.t.Logf("%d put, %d opened", l.puts.Load(), l.opens.Load())
}
