package node

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	adminendpoint "tvilling/node/internal/admin"
	"tvilling/node/internal/session"
	"tvilling/protocol/admin"
)

// made is a node to let go of: it writes down what is done with it, and takes a second
// for each phase.
type made struct {
	mu    sync.Mutex
	did   []string
	stuck error // of handing over
	shuns int   // leadership that comes later
	left  session.Leaving
}

func (m *made) note(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.did = append(m.did, what)
}

func (m *made) happened() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.did)
}

func pass(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (m *made) turnAway() { m.note("turned away") }
func (m *made) takeBack() { m.note("taken back") }

func (m *made) handOver(ctx context.Context, to string) error {
	m.note("hands over to " + to)
	pass(ctx, time.Second)
	return m.stuck
}

func (m *made) shun(ctx context.Context) {
	add := func(n int) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.shuns += n
	}
	add(1)
	defer add(-1)
	<-ctx.Done()
}

// shunning tells whether it hands over what comes later.
func (m *made) shunning() bool {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shuns == 1
}

func (m *made) move(ctx context.Context, within time.Duration) {
	m.note("moves within " + within.String())
	pass(ctx, time.Second)
}

func (m *made) settle(ctx context.Context, within time.Duration) {
	m.note("settles within " + within.String())
	pass(ctx, time.Second)
}

func (m *made) leader() string           { return "b1" }
func (m *made) leaving() session.Leaving { return m.left }

// drained is the whole of it.
var drained = []string{"turned away", "hands over to b1", "moves within 30s", "settles within 30s"}

// bubble runs a test of a drainer on a clock of its own.
func bubble(t *testing.T, test func(t *testing.T, m *made, d *drainer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &made{left: session.Leaving{Moved: 3, Closed: 1}}
		d := newDrainer(m, slog.New(slog.DiscardHandler))
		test(t, m, d)
		if d.now != nil {
			d.now.cancel() // the process would have ended
		}
	})
}

var stay = admin.Drain{To: "b1", WithinSeconds: 30, Stay: true}

func hasEnded(d *drainer) bool {
	select {
	case <-d.ending():
		return true
	default:
		return false
	}
}

func TestADrainGoesThroughItsPhases(t *testing.T) {
	bubble(t, func(t *testing.T, m *made, d *drainer) {
		if now := d.Draining(); now.Phase != admin.PhaseNone || now.Leader != "b1" {
			t.Errorf("before: %+v", now)
		}
		over := make(chan admin.Draining, 2)
		for range 2 { // the second joins the first
			go func() {
				end, err := d.Drain(t.Context(), stay)
				if err != nil {
					t.Error(err)
				}
				over <- end
			}()
		}
		var seen []admin.Phase
		for range 3 {
			time.Sleep(500 * time.Millisecond)
			seen = append(seen, d.Draining().Phase)
			if d.stays() == nil {
				t.Error("a draining node says that it stays")
			}
			time.Sleep(500 * time.Millisecond)
		}
		want := admin.Draining{Phase: admin.PhaseDrained, Leader: "b1", Moved: 3, Closed: 1, Millis: 3000}
		for range 2 {
			if diff := cmp.Diff(want, <-over); diff != "" {
				t.Error(diff)
			}
		}
		if diff := cmp.Diff([]admin.Phase{admin.PhaseLeadership, admin.PhaseSessions, admin.PhaseRequests}, seen); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(drained, m.happened()); diff != "" {
			t.Error(diff)
		}
		if hasEnded(d) {
			t.Error("a drain that is to stay ends the process")
		}
		time.Sleep(time.Hour)
		if now := d.Draining(); now != want {
			t.Errorf("later: %+v", now)
		}
		if _, err := d.Drain(t.Context(), admin.Drain{}); err != nil || !hasEnded(d) {
			t.Errorf("drained, and asked to end: %v, ended %v", err, hasEnded(d))
		}
		if _, err := d.Undrain(t.Context()); !errors.Is(err, adminendpoint.ErrState) {
			t.Errorf("taken back from its end: %v", err)
		}
	})
}

// A drain that fails changes nothing; one that has to end the process goes on.
func TestLeadershipThatCannotBeHandedOver(t *testing.T) {
	stuck := errors.New("nobody answers")
	bubble(t, func(t *testing.T, m *made, d *drainer) {
		m.stuck = stuck
		if now, err := d.Drain(t.Context(), admin.Drain{}); !errors.Is(err, stuck) || !errors.Is(err, errKeepsLeading) || now.Phase != admin.PhaseNone {
			t.Errorf("%+v, %v", now, err)
		}
		if diff := cmp.Diff([]string{"turned away", "hands over to ", "taken back"}, m.happened()); diff != "" {
			t.Error(diff)
		}
		if hasEnded(d) || d.stays() != nil {
			t.Error("it goes away all the same")
		}
		m.stuck = nil
		if _, err := d.Drain(t.Context(), stay); err != nil {
			t.Errorf("a second drain: %v", err)
		}
	})
	bubble(t, func(t *testing.T, m *made, d *drainer) {
		m.stuck = stuck
		asked := make(chan error, 1)
		go func() {
			_, err := d.Drain(t.Context(), stay)
			asked <- err
		}()
		synctest.Wait()
		d.End() // SIGTERM, while an operator's drain is on its way
		if err := <-asked; err != nil || !hasEnded(d) {
			t.Errorf("%v, ended %v", err, hasEnded(d))
		}
	})
}

// A drain that stays is taken back from wherever it is, and can be asked for again.
func TestADrainIsTakenBackFromEveryPhase(t *testing.T) {
	for _, after := range []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond, 3500 * time.Millisecond} {
		bubble(t, func(t *testing.T, m *made, d *drainer) {
			over := make(chan error, 1)
			go func() {
				_, err := d.Drain(t.Context(), stay)
				over <- err
			}()
			time.Sleep(after)
			synctest.Wait()
			was := d.phase()
			if m.shunning() != (was != admin.PhaseLeadership) {
				t.Errorf("at %q: leadership that comes later", was)
			}
			if now, err := d.Undrain(t.Context()); err != nil || now.Phase != admin.PhaseNone {
				t.Errorf("from %q: %+v, %v", was, now, err)
			}
			if err := <-over; (err == nil) != (was == admin.PhaseDrained) {
				t.Errorf("from %q: who waited is told %v", was, err)
			}
			if did := m.happened(); did[len(did)-1] != "taken back" || hasEnded(d) || d.stays() != nil {
				t.Errorf("from %q: %q", was, did)
			}
			if m.shunning() {
				t.Errorf("from %q: it shuns leadership still", was)
			}
			if _, err := d.Undrain(t.Context()); err != nil {
				t.Errorf("a second time: %v", err)
			}
			if _, err := d.Drain(t.Context(), stay); err != nil {
				t.Errorf("drained again: %v", err)
			}
		})
	}
}

// Who joins a drain and names another leader is told that it goes elsewhere, and changes
// nothing; who names the same, or nobody, joins it.
func TestADrainToSomebodyElseIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, m *made, d *drainer) {
		go func() { _, _ = d.Drain(t.Context(), stay) }()
		for _, phase := range []admin.Phase{admin.PhaseLeadership, admin.PhaseSessions, admin.PhaseRequests, admin.PhaseDrained} {
			synctest.Wait()
			now, err := d.Drain(t.Context(), admin.Drain{To: "b2"}) // and would end the process
			if !errors.Is(err, adminendpoint.ErrState) || !strings.Contains(err.Error(), "it names b1") || now.Phase != phase || hasEnded(d) {
				t.Errorf("at %q: %+v, %v, ended %v", phase, now, err, hasEnded(d))
			}
			time.Sleep(time.Second)
		}
		for _, to := range []string{"b1", ""} {
			if _, err := d.Drain(t.Context(), admin.Drain{To: to, Stay: true}); err != nil {
				t.Errorf("joined by who names %q: %v", to, err)
			}
		}
		if diff := cmp.Diff(drained, m.happened()); diff != "" || hasEnded(d) {
			t.Error(diff)
		}
	})
}

// Who asked may go: the drain goes on.
func TestADrainOutlivesWhoAskedForIt(t *testing.T) {
	bubble(t, func(t *testing.T, m *made, d *drainer) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if now, err := d.Drain(ctx, stay); !errors.Is(err, context.DeadlineExceeded) || now.Phase != admin.PhaseLeadership {
			t.Errorf("%+v, %v", now, err)
		}
		time.Sleep(time.Minute)
		if d.phase() != admin.PhaseDrained {
			t.Errorf("it stands at %q", d.phase())
		}
	})
}

// A node that is told to end while a drain is being taken back lets go of everybody.
func TestAnEndWhileADrainIsTakenBack(t *testing.T) {
	bubble(t, func(t *testing.T, m *made, d *drainer) {
		go func() { _, _ = d.Drain(t.Context(), stay) }()
		time.Sleep(1500 * time.Millisecond)
		d.mu.Lock()
		d.now.cancel() // as Undrain does, and the drain has not seen it yet
		d.mu.Unlock()
		d.End()
		if !hasEnded(d) || d.phase() != admin.PhaseDrained {
			t.Errorf("it stands at %q, ended %v", d.phase(), hasEnded(d))
		}
	})
}
