package session

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// out reports what the service knows of a session that was signed out.
func (w *world) out(id [16]byte) (here, everywhere bool) {
	return must(w.service.IsSignedOut(id)), must(w.service.IsOutEverywhere(id))
}

// waits tells how many sign-outs wait for the log, and whether it will be asked again.
func (w *world) waits() (number int, asking bool) {
	u := &w.service.unsaid
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.waiting), u.asking
}

// A sign-out that the log does not take is told as such, holds on this node at once, for
// streams that are open and for new ones, and is recorded as soon as it can be.
func TestASignOutWithoutAMajority(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		defer w.keptFresh(time.Hour)()
		held, other := signedIn(), signedIn()
		b := dialAs(w, Caller{Session: held})
		b.hello(protocol.Version)
		expect[protocol.Session](b)
		w.set(func() { w.dead = true })
		told := make(chan error, 1)
		go func() { told <- w.service.SignedOut(t.Context(), *held) }()
		synctest.Wait()
		if here, everywhere := w.out(held.ID); !here || everywhere {
			t.Errorf("while the log is asked: out here %t, everywhere %t", here, everywhere)
		}
		b.refusedWith(protocol.FaultSessionEnded)
		b.closedWith(protocol.CloseSession)
		if err := <-told; !errors.Is(err, errNotRecorded) {
			t.Errorf("told %v", err)
		}
		again := dialAs(w, Caller{Session: held})
		again.hello(protocol.Version)
		again.refusedWith(protocol.FaultSessionEnded)
		again.closedWith(protocol.CloseSession)
		if here, _ := w.out(other.ID); here {
			t.Error("somebody else is out")
		}
		time.Sleep(10 * time.Minute)
		if here, everywhere := w.out(held.ID); !here || everywhere {
			t.Errorf("after a while: out here %t, everywhere %t", here, everywhere)
		}
		w.set(func() { w.dead = false })
		time.Sleep(sayAgainAfter + recordWithin + time.Second)
		if here, everywhere := w.out(held.ID); !here || !everywhere {
			t.Errorf("with a majority: out here %t, everywhere %t", here, everywhere)
		}
		if e, n := w.last(record.SignedOut); n != 1 || e.Actor.Employee != doctor || e.Session != text(held.ID) {
			t.Errorf("recorded %d times", n)
		}
		if n, asking := w.waits(); n != 0 || asking {
			t.Errorf("ever after %d wait, and the log is asked: %t", n, asking)
		}
	})
}

// What nobody can take is not waited for: a session's own end is one, and the node's.
func TestASignOutIsForgotten(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		held := signedIn()
		held.Ends = now() + protocol.Instant(time.Minute.Milliseconds())
		w.set(func() { w.dead = true })
		if err := w.service.SignedOut(t.Context(), *held); err == nil {
			t.Fatal("recorded without a majority")
		}
		time.Sleep(2 * time.Minute)
		if n, asking := w.waits(); n != 0 || asking {
			t.Errorf("%d wait after their end, and the log is asked: %t", n, asking)
		}
		if err := w.service.SignedOut(t.Context(), *signedIn()); err == nil {
			t.Fatal("recorded without a majority")
		}
		if err := w.fsm.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(sayAgainAfter + 2*recordWithin)
		if _, asking := w.waits(); asking {
			t.Error("the log of a node that has stopped is asked")
		}
	})
}

// One sign-out more than may wait does not hold, and whoever made it is told.
func TestTooManySignOutsWait(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		w.set(func() { w.dead = true })
		for range maxUnsaid {
			if !w.service.unsaid.add(*signedIn()) {
				t.Fatal("no room")
			}
		}
		held := signedIn()
		if err := w.service.SignedOut(t.Context(), *held); !errors.Is(err, errManyUnsaid) {
			t.Errorf("told %v", err)
		}
		if here, _ := w.out(held.ID); here {
			t.Error("it holds")
		}
		w.set(func() { w.dead = false })
		if err := w.service.SignedOut(t.Context(), *held); err != nil {
			t.Error(err)
		}
		if here, everywhere := w.out(held.ID); !here || !everywhere {
			t.Error("what was recorded does not hold")
		}
	})
}
