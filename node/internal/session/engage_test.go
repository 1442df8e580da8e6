package session

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// ward is a unit's own system that says whether it has a patient in care.
type ward struct {
	mu      sync.Mutex
	engaged bool
	fails   bool
	takes   time.Duration
	asked   []time.Time
}

var errWard = errors.New("out of order")

func (w *ward) Assert(ctx context.Context, employee protocol.EmployeeID, id protocol.PatientID, unit, provider string) (bool, error) {
	w.mu.Lock()
	w.asked = append(w.asked, time.Now())
	takes, engaged, fails := w.takes, w.engaged, w.fails
	w.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if fails || employee != doctor || unit != ownUnit || provider != ownProvider {
		return false, errWard
	}
	return engaged && id == patient, nil
}

func (w *ward) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *ward) times() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

// engaging is a world whose units have systems of their own, and no relation stands.
func engaging(t *testing.T, script func(t *testing.T, w *world, unit *ward)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		unit := &ward{engaged: true}
		w.service.cfg.Engagement, w.service.recorder.engagement = unit, unit
		w.unrelate()
		w.putUsual()
		script(t, w, unit)
	})
}

// beats lets time pass while the browser reads, and returns what came but for heartbeats.
func (b *browser) beats(d time.Duration) (came []protocol.Frame) {
	b.t.Helper()
	for end := time.Now().Add(d); ; time.Sleep(min(time.Second, time.Until(end))) {
		for _, f := range b.quiet() {
			if _, beat := f.(protocol.Heartbeat); !beat {
				came = append(came, f)
			}
		}
		if !time.Now().Before(end) {
			return came
		}
	}
}

// The unit's own system opens the patient, and keeps it open by saying so anew before
// its answer is too old: nothing is noticed on the screen.
func TestAnEngagementIsRenewed(t *testing.T) {
	engaging(t, func(t *testing.T, w *world, unit *ward) {
		unit.takes = 2 * time.Second
		b := watching(w)
		if n := unit.times(); n != 1 {
			t.Errorf("asked %d times to open and to show, want 1", n)
		}
		b.quiet()
		if came := b.beats(5 * time.Minute); len(came) != 0 {
			t.Errorf("while the answer is renewed comes %T", came[0])
		}
		for i := 1; i < len(unit.asked); i++ {
			if apart := unit.asked[i].Sub(unit.asked[i-1]); apart < engageAfter-engageJitter || apart > engageAfter {
				t.Errorf("asked after %v", apart)
			}
		}
		if n := unit.times(); n < 7 {
			t.Errorf("asked %d times", n)
		}
		asOf := w.log()[0].Decision.AsOf[record.AsOfEngagement]
		if at := protocol.Instant(unit.asked[0].UnixMilli()); asOf != at {
			t.Errorf("the answer is as of %d, asked at %d", asOf, at)
		}
		b.send(protocol.Leave{})
		b.shown = false
		n := unit.times()
		b.beats(2 * time.Minute)
		if unit.times() != n {
			t.Error("asked about a patient who was left")
		}
		b.hangUp()
	})
}

// A no withdraws at once; an answer that does not come, when the last one is too old,
// and not before.
func TestAnEngagementThatIsNotRenewed(t *testing.T) {
	cases := map[string]struct {
		change func(*ward)
		fault  protocol.Fault
		after  time.Duration // at least, since the last answer was asked for
		late   bool
	}{
		"no":           {func(u *ward) { u.engaged = false }, protocol.FaultNoEngagement, engageAfter - engageJitter, false},
		"no answer":    {func(u *ward) { u.takes = time.Hour }, protocol.FaultUnknownFacts, time.Minute, true},
		"out of order": {func(u *ward) { u.fails = true }, protocol.FaultUnknownFacts, time.Minute, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			engaging(t, func(t *testing.T, w *world, unit *ward) {
				b := watching(w)
				b.quiet()
				began := time.Now()
				unit.set(func() { c.change(unit) })
				late, revoked := false, false
				for !revoked {
					switch f := b.next().(type) {
					case protocol.Freshness:
						late = len(f.Late) == 1 && f.Late[0].Name == "engagement"
					case protocol.Revoke:
						revoked = true
						if f.Fault != c.fault || len(f.Documents) != 0 {
							t.Errorf("revoked with %+v", f)
						}
					case nil:
						t.Fatalf("closed with %d", b.conn.code)
					}
				}
				if passed := time.Since(began); passed < c.after || passed > c.after+engageJitter+time.Second {
					t.Errorf("revoked after %v, want %v", passed, c.after)
				}
				if late != c.late {
					t.Errorf("told that the answer is late: %t", late)
				}
				b.hangUp()
			})
		})
	}
}

// A system that is slow once is asked again in time, and nothing is noticed.
func TestASlowEngagementIsAskedAgain(t *testing.T) {
	engaging(t, func(t *testing.T, w *world, unit *ward) {
		b := watching(w)
		b.quiet()
		unit.set(func() { unit.fails = true })
		b.beats(engageAfter + time.Second)
		unit.set(func() { unit.fails = false })
		for _, f := range b.beats(3 * time.Minute) {
			if _, says := f.(protocol.Freshness); !says {
				t.Errorf("then comes %T", f)
			}
		}
		if len(b.items) != 2 {
			t.Errorf("%d documents on the screen", len(b.items))
		}
		b.hangUp()
	})
}

// Without an answer the patient does not open, and what is told is not that there is
// no engagement; a no is told as one. Neither keeps the session from anything else.
func TestAnEngagementThatIsDenied(t *testing.T) {
	engaging(t, func(t *testing.T, w *world, unit *ward) {
		b := dial(w).greet(commission)
		b.open(stranger)
		b.refusedWith(protocol.FaultNoEngagement)
		unit.set(func() { unit.takes = time.Hour })
		began := time.Now()
		b.open(patient)
		b.send(protocol.Choose{Commission: commission}) // it is not waited for
		expect[protocol.Chosen](b)
		if passed := time.Since(began); passed != 0 {
			t.Errorf("chosen after %v", passed)
		}
		b.open(patient)
		b.refusedWith(protocol.FaultUnknownFacts)
		if passed := time.Since(began); passed < engagedWithin || passed > 2*engagedWithin {
			t.Errorf("refused after %v", passed)
		}
		b.hangUp()
		for _, e := range w.log() {
			if e.Decision.Permit {
				t.Errorf("recorded %+v", e)
			}
		}
	})
}

// Where a relation stands nobody else is asked; when it is gone the unit's own system
// is, the next time.
func TestARelationNeedsNoAnswer(t *testing.T) {
	engaging(t, func(t *testing.T, w *world, unit *ward) {
		w.relate(0)
		b := watching(w)
		b.beats(2 * time.Minute)
		if n := unit.times(); n != 0 {
			t.Errorf("asked %d times", n)
		}
		w.unrelate()
		if f := expect[protocol.Revoke](b); f.Fault != protocol.FaultNoEngagement {
			t.Errorf("revoked with %+v", f)
		}
		b.open(patient)
		expect[protocol.Opened](b)
		if n := unit.times(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		b.hangUp()
	})
}
