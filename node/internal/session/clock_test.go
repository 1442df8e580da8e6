package session

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// P3: a node whose clock is not to be trusted takes away what it shows, opens nothing,
// renews no lease and takes nobody; when the clock is right again it does all that again.
func TestAClockThatIsNotTrusted(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		var wrong atomic.Bool
		w.service.cfg.Clock = func() error {
			if wrong.Load() {
				return errors.New("an hour behind")
			}
			return nil
		}
		w.service.recorder.at = w.service.cfg.at
		w.putUsual()
		b := watching(w)
		idle := dial(w).greet(commission)
		expect[protocol.Heartbeat](b)

		began := time.Now()
		wrong.Store(true)
		idle.open(patient)
		idle.refusedWith(protocol.FaultUnknownFacts)
		if f := expect[protocol.Revoke](b); f.Fault != protocol.FaultUnknownFacts || time.Since(began) > beatEvery {
			t.Errorf("%+v after %v", f, time.Since(began))
		}
		if err := w.service.Admits(Caller{}); !errors.Is(err, ErrClock) {
			t.Errorf("another session: %v", err)
		}
		for f := b.next(); f != nil; f = b.next() {
			if _, beat := f.(protocol.Heartbeat); beat {
				t.Error("a lease was renewed")
			}
		}
		if b.conn.code != protocol.CloseMoving || time.Since(began) > 2*beatEvery {
			t.Errorf("closed with %d after %v", b.conn.code, time.Since(began))
		}
		idle.hangUp()
		if !slices.ContainsFunc(w.log(), func(e record.Entry) bool {
			return !e.Decision.Permit && e.Decision.Reason == access.ReasonClock.String()
		}) {
			t.Error("the access log does not say why")
		}

		wrong.Store(false)
		again := watching(w)
		expect[protocol.Heartbeat](again)
		again.hangUp()
	})
}
