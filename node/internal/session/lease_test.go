package session

import (
	"testing"
	"testing/synctest"
	"time"

	"tvilling/protocol"
)

// P3: a heartbeat grants no more than is left since the leader was heard, however long
// it waited to be written.
func TestALeaseIsCountedFromTheLeadersWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(&budget{limit: 1 << 20})
		granted := func(heard time.Time) time.Duration {
			o.putBeat(beat{heard: heard})
			f, ok, _ := o.next()
			if !ok {
				return 0
			}
			if f.within != beatWithin {
				t.Errorf("a heartbeat may take %v to write", f.within)
			}
			frame := must(protocol.DecodeFrame(f.frame))
			return time.Duration(frame.(protocol.Heartbeat).LeaseMillis) * time.Millisecond
		}
		for _, age := range []time.Duration{0, time.Second, 5 * time.Second, lease, time.Minute} {
			if got, want := granted(time.Now().Add(-age)), max(0, lease-age); got != want {
				t.Errorf("heard %v ago, and granted %v, want %v", age, got, want)
			}
		}
	})
}

// A heartbeat that the socket does not take in its time ends the connection: taken
// later, its lease would be counted from then.
func TestAHeartbeatIsNotWrittenLate(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w).greet(commission)
		b.quiet()
		began := time.Now()
		<-b.conn.ended // nobody reads
		if passed := time.Since(began); b.conn.code != protocol.CloseSlow || passed > beatEvery+beatWithin+lastWords {
			t.Errorf("closed with %d after %v", b.conn.code, passed)
		}
	})
}
