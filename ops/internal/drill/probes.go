package drill

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

// Limits of probing.
const (
	probeEvery  = 50 * time.Millisecond
	probeWithin = 10 * time.Second
	maxSamples  = 200_000
	probing     = "canary writes at every data node"
)

// blind is what probes cannot show: they keep nothing that could be lost, and look at
// no patient. A probe of a node that is away fails, as it must: a client asks another.
func blind() []Figure {
	return []Figure{Failed, Unknown, Acknowledged, Lost, Blanked, BlankedLate, NotBlanked, Resumed, StreamsLost, Operations, Unlawful,
		Unrecorded, Different, Doubts, Unchecked, Dark, Streamed, Leased}
}

// probes are the work of a cluster that is not ours to fill: writes that change nothing,
// one after another at each data node.
type probes struct {
	client *adminclient.Client
	began  time.Time
	stop   context.CancelFunc
	all    sync.WaitGroup

	mu      sync.Mutex
	samples []sample
	fault   time.Time
}

// startProbes begins.
func startProbes(ctx context.Context, client *adminclient.Client) (Load, error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &probes{client: client, began: time.Now(), stop: stop}
	for _, m := range client.Topology().Members {
		if m.Role == admin.RoleData {
			p.all.Go(func() { p.probe(ctx, m.ID) })
		}
	}
	return p, nil
}

func (p *probes) probe(ctx context.Context, id string) {
	for rest(ctx, probeEvery) == nil {
		one, cancel := context.WithTimeout(ctx, probeWithin)
		s := sample{began: time.Now()}
		_, err := p.client.Canary(one, id)
		cancel()
		if ctx.Err() != nil {
			return
		}
		s.ended, s.accepted, s.unknown = time.Now(), err == nil, isUnknown(err)
		p.mu.Lock()
		if len(p.samples) < maxSamples {
			p.samples = append(p.samples, s)
		}
		p.mu.Unlock()
	}
}

// isUnknown reports whether a request may have been done all the same: it was sent, and
// nobody said no.
func isUnknown(err error) bool {
	var problem *adminclient.ProblemError
	var way *net.OpError
	return err != nil && !errors.As(err, &problem) && !(errors.As(err, &way) && way.Op == "dial")
}

// Phase implements Load.
func (p *probes) Phase(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if name == PhaseFault && p.fault.IsZero() {
		p.fault = time.Now()
	}
}

// Stop implements Load.
func (p *probes) Stop(context.Context) (Measured, error) {
	p.stop()
	p.all.Wait()
	m := Measured{Remarks: []string{"The work is " + probing + ": an open that is told of here is such a write."}}
	if p.fault.IsZero() {
		return m, nil
	}
	m.Figures, m.Seconds = figuresOf(p.samples, p.fault, time.Now()), bySecond(p.samples, p.began)
	return m, nil
}
