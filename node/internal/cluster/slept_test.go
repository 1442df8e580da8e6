package cluster

import (
	"testing"
	"testing/synctest"
	"time"
)

// A process that was paused does not take its own sleep for a disk's, or for a quorum's
// silence.
func TestOwnSleepIsNoSilence(t *testing.T) {
	began := time.Now()
	for _, c := range []struct {
		now   time.Duration
		slept bool
	}{{2 * time.Second, false}, {2*time.Second + pausedFor, false}, {2*time.Second + pausedFor + 1, true}} {
		if slept(began, 2*time.Second, began.Add(c.now)) != c.slept {
			t.Errorf("noticed after %v: slept is %v", c.now, !c.slept)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		c := &Cluster{}
		c.entry.awake.tick(time.Now())
		last := time.Now()
		for range 20 {
			time.Sleep(pausedFor / 2)
			c.entry.awake.tick(time.Now())
		}
		if silent := c.silent(last, time.Now()); silent != 10*pausedFor {
			t.Errorf("while it ran it committed nothing for %v", silent)
		}
		time.Sleep(time.Minute) // paused: nothing ticks
		if silent := c.silent(last, time.Now()); silent != 0 {
			t.Errorf("just awake it is silent since %v", silent)
		}
		c.entry.awake.tick(time.Now())
		time.Sleep(pausedFor / 2)
		if silent := c.silent(last, time.Now()); silent != pausedFor/2 {
			t.Errorf("a moment later it is silent since %v", silent)
		}
	})
}
