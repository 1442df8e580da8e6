package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// staged is a node whose supervisor listens to it.
type staged struct {
	serves, vital atomic.Pointer[error]
	drained       chan struct{}
}

func (s *staged) Serves() error               { return *s.serves.Load() }
func (s *staged) Vital(context.Context) error { return *s.vital.Load() }
func (s *staged) Drained() <-chan struct{}    { return s.drained }
func (s *staged) set(serves, vital error)     { s.serves.Store(&serves); s.vital.Store(&vital) }
func count(told []string, begins string) (n int) {
	for _, t := range told {
		if strings.HasPrefix(t, begins) {
			n++
		}
	}
	return n
}

// followed runs a supervisor's ear on a clock of its own.
func followed(t *testing.T, watchdog time.Duration, test func(n *staged, asked context.CancelFunc, told func() []string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var all []string
		n := &staged{drained: make(chan struct{})}
		n.set(errors.New("leader: none\nstate: none"), nil)
		s := supervisor{watchdog: watchdog, log: slog.New(slog.DiscardHandler), tell: func(state string) { all = append(all, state) }}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended, over := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(over)
			s.follow(ctx, n, ended)
		}()
		test(n, cancel, func() []string {
			synctest.Wait() // it waits for its clock: all is told
			return slices.Clone(all)
		})
		close(ended)
		<-over
	})
}

func TestASupervisorIsTold(t *testing.T) {
	followed(t, 0, func(n *staged, asked context.CancelFunc, told func() []string) {
		time.Sleep(time.Minute)
		waits := told()
		if count(waits, "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=not ready: leader: none; state: none") < 5 || count(waits, "READY") > 0 {
			t.Errorf("a node that is not ready: %q", waits)
		}
		n.set(nil, nil)
		time.Sleep(time.Minute)
		if got := told(); count(got, "READY=1") != 1 || count(got, "STOPPING") > 0 {
			t.Errorf("a node that serves: %q", got[len(waits):])
		}
		n.set(errors.New("again"), nil) // ready is said once
		time.Sleep(time.Minute)
		asked()
		time.Sleep(time.Second)
		if got := told(); got[len(got)-1] != "STOPPING=1" || count(got, "READY=1") != 1 {
			t.Errorf("a node that ends: %q", got)
		}
	})
	followed(t, 0, func(n *staged, _ context.CancelFunc, told func() []string) {
		close(n.drained)
		time.Sleep(time.Minute)
		if got := told(); count(got, "STOPPING=1") != 1 {
			t.Errorf("a node that was drained: %q", got)
		}
	})
}

// The watchdog is fed three times in its time, by a node that shows that it lives, also
// while it ends.
func TestTheWatchdogIsFed(t *testing.T) {
	followed(t, 9*time.Second, func(n *staged, asked context.CancelFunc, told func() []string) {
		time.Sleep(30 * time.Second)
		if fed := count(told(), "WATCHDOG=1"); fed < 9 || fed > 10 {
			t.Errorf("fed %d times in 30 s", fed)
		}
		before := count(told(), "WATCHDOG=1")
		n.set(nil, errors.New("raft does not answer"))
		time.Sleep(30 * time.Second)
		if fed := count(told(), "WATCHDOG=1"); fed > before {
			t.Errorf("fed %d times by a node that stands still", fed-before)
		}
		n.set(nil, nil)
		asked()
		time.Sleep(30 * time.Second)
		if fed := count(told(), "WATCHDOG=1"); fed < before+9 {
			t.Errorf("fed %d times while it ends", fed-before)
		}
	})
}
