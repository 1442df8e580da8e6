package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	adminendpoint "tvilling/node/internal/admin"
	"tvilling/node/internal/session"
	"tvilling/protocol/admin"
)

// How long a drain takes.
const (
	drainWithin   = 6 * time.Second // for browsers to move, unless the operator says otherwise: then their sockets are closed with "come back"
	requestsLeast = 5 * time.Second // for requests under way to end, however little time browsers are given
)

// Failures of a drain. One that fails has changed nothing.
var (
	errKeepsLeading = errors.New("leadership could not be handed over, and the node takes browsers as before")
	errTakenBack    = errors.New("the drain was taken back")
	errOther        = fmt.Errorf("%w: a drain is under way that hands leadership to somebody else: join it without naming who leads next, or take it back first", adminendpoint.ErrState)
	errEnding       = fmt.Errorf("%w: this drain ends the process and cannot be taken back", adminendpoint.ErrState)
)

// letting is what a node lets go of, and takes back.
type letting interface {
	turnAway()                                        // unready; no more upgrades; clients are asked to close
	handOver(ctx context.Context, to string) error    // leadership, if it is held
	shun(ctx context.Context)                         // leadership that is won later, until ctx ends
	move(ctx context.Context, within time.Duration)   // browsers; it returns when nobody is left
	settle(ctx context.Context, within time.Duration) // what is under way
	takeBack()
	leader() string
	leaving() session.Leaving
}

// drainer lets a node go of everybody, one phase after the other:
//
//	none → leadership → sessions → requests → drained
//
// From leadership a drain that cannot hand over goes back to none, unless the process
// has to end anyway. A drain that stays goes back from anywhere when it is taken back.
// There is one drain at a time: who asks for another joins it. Until it is taken back,
// leadership that an election brings goes on to somebody else again.
type drainer struct {
	parts letting
	log   *slog.Logger
	ended chan struct{} // closed when it has drained and the process is to end
	tasks sync.WaitGroup

	mu  sync.Mutex
	now *drain // nil: none was asked for
}

// drain is one of them.
type drain struct {
	want   admin.Drain
	forced bool // the process ends, whatever comes of it
	phase  admin.Phase
	began  time.Time
	took   time.Duration // once it is over
	cancel context.CancelFunc
	done   chan struct{}
	err    error // set before done is closed
}

func newDrainer(parts letting, log *slog.Logger) *drainer {
	return &drainer{parts: parts, log: log, ended: make(chan struct{})}
}

// Drain drains, or joins the drain that is under way, and waits until it is over. The
// drain goes on when ctx ends: it is the node's, not the caller's.
func (d *drainer) Drain(ctx context.Context, want admin.Drain) (admin.Draining, error) {
	one, err := d.ask(want, false)
	if err != nil {
		return d.Draining(), err
	}
	select {
	case <-one.done:
		return d.Draining(), one.err
	case <-ctx.Done():
		return d.Draining(), context.Cause(ctx)
	}
}

// End drains so that the process can end, whatever comes of it, and waits. It may have
// joined a drain that was just being taken back: then it drains anew.
func (d *drainer) End() {
	for {
		one, _ := d.ask(admin.Drain{}, true) // it names nobody, and is refused by none
		<-one.done
		if one.err == nil {
			return
		}
	}
}

// ask begins a drain or joins it. One caller who does not want the process to stay is
// enough for its end. One who names another leader than the drain does is refused: what
// was handed over is not handed over again.
func (d *drainer) ask(want admin.Drain, forced bool) (*drain, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if one := d.now; one != nil {
		if want.To != "" && want.To != one.want.To {
			return nil, fmt.Errorf("%w (it names %s)", errOther, cmp.Or(one.want.To, "nobody, and the node chooses"))
		}
		one.want.Stay = one.want.Stay && want.Stay
		one.forced = one.forced || forced
		d.end(one)
		return one, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	one := &drain{want: want, forced: forced, phase: admin.PhaseLeadership, began: time.Now(), cancel: cancel, done: make(chan struct{})}
	d.now = one
	d.tasks.Go(func() { d.run(ctx, one) })
	return one, nil
}

// run takes a drain through its phases.
func (d *drainer) run(ctx context.Context, one *drain) {
	within := time.Duration(one.want.WithinSeconds) * time.Second
	if within == 0 {
		within = drainWithin
	}
	d.log.Info("drain begins", "to", one.want.To, "within", within)
	d.parts.turnAway()
	if err := d.parts.handOver(ctx, one.want.To); err != nil && !d.goesOn(one, err) {
		return
	}
	d.tasks.Go(func() { d.parts.shun(ctx) })
	d.enter(one, admin.PhaseSessions)
	d.parts.move(ctx, within)
	d.enter(one, admin.PhaseRequests)
	d.parts.settle(ctx, max(within, requestsLeast))
	d.over(ctx, one)
}

// goesOn decides what becomes of a drain whose leadership could not be handed over.
func (d *drainer) goesOn(one *drain, err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if one.forced {
		d.log.Warn("the node ends without having handed leadership over", "reason", err)
		return true
	}
	d.abandon(one, fmt.Errorf("%w: %w", errKeepsLeading, err))
	return false
}

func (d *drainer) enter(one *drain, phase admin.Phase) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one.phase = phase
	d.log.Info("drain goes on", "phase", phase)
}

// over ends a drain that came to its end, or was taken back on the way.
func (d *drainer) over(ctx context.Context, one *drain) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() != nil {
		d.abandon(one, fmt.Errorf("%w: %w", adminendpoint.ErrState, errTakenBack))
		return
	}
	one.phase, one.took = admin.PhaseDrained, time.Since(one.began)
	l := d.parts.leaving()
	d.log.Info("drained", "took", one.took, "moved", l.Moved, "closed", l.Closed)
	close(one.done)
	d.end(one)
}

// end has the process end, if that is what was asked for. The lock is held.
func (d *drainer) end(one *drain) {
	if one.phase != admin.PhaseDrained || one.want.Stay {
		return
	}
	select {
	case <-d.ended:
	default:
		close(d.ended)
	}
}

// abandon goes back to before the drain. The lock is held.
func (d *drainer) abandon(one *drain, err error) {
	one.cancel()
	d.parts.takeBack()
	d.log.Warn("the drain is over, and the node takes browsers again", "reason", err)
	d.now = nil
	if one.phase != admin.PhaseDrained { // else who waited has been told that it drained
		one.err = err
		close(one.done)
	}
}

// Undrain takes a drain back that was to stay; without any it does nothing.
func (d *drainer) Undrain(ctx context.Context) (admin.Draining, error) {
	d.mu.Lock()
	one := d.now
	switch {
	case one == nil:
		d.mu.Unlock()
		return d.Draining(), nil
	case !one.want.Stay:
		d.mu.Unlock()
		return d.Draining(), errEnding
	case one.phase == admin.PhaseDrained:
		d.abandon(one, errTakenBack)
	default:
		one.cancel()
	}
	d.mu.Unlock()
	select {
	case <-one.done:
		return d.Draining(), nil
	case <-ctx.Done():
		return d.Draining(), context.Cause(ctx)
	}
}

// Draining tells how it goes; its zero phase is a node that was not asked to, or that
// takes browsers again.
func (d *drainer) Draining() admin.Draining {
	l := d.parts.leaving()
	now := admin.Draining{Leader: d.parts.leader(), Sessions: l.Left}
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.now
	if one == nil {
		return now
	}
	took := one.took
	if one.phase != admin.PhaseDrained {
		took = time.Since(one.began)
	}
	now.Phase, now.Moved, now.Closed, now.Millis = one.phase, l.Moved, l.Closed, took.Milliseconds()
	return now
}

// phase is how far the drain has come.
func (d *drainer) phase() admin.Phase {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now == nil {
		return admin.PhaseNone
	}
	return d.now.phase
}

// stays says that the node goes away; nil: it does not.
func (d *drainer) stays() error {
	if phase := d.phase(); phase != admin.PhaseNone {
		return fmt.Errorf("the node goes away: %s", phase)
	}
	return nil
}

// wait waits for what a drain has begun. What it rests on has been closed.
func (d *drainer) wait() { d.tasks.Wait() }

// ending is closed when the process is asked to end by a drain, and nobody is left.
func (d *drainer) ending() <-chan struct{} { return d.ended }
