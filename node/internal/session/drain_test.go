package session

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/protocol"
)

// A drain that is taken back closes nobody, and the node takes sessions as before.
func TestADrainIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		one := dial(w).greet(commission)
		ctx, takeBack := context.WithCancel(t.Context())
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			w.service.Drain(ctx, []string{"ws://b1.example/stream"}, 2*time.Second)
		}()
		expect[protocol.GoAway](one)
		takeBack()
		<-drained
		w.service.Undrain()
		time.Sleep(3 * time.Second) // of the bubble's clock
		if l := w.service.Leaving(); l != (Leaving{Left: 1}) {
			t.Errorf("counted %+v", l)
		}
		if err := w.service.Admits(certified); err != nil {
			t.Errorf("taken back, and it admits nobody: %v", err)
		}
		one.hangUp()
		w.service.Drain(t.Context(), nil, time.Second)
		if l := w.service.Leaving(); l.Closed != 0 {
			t.Errorf("a drain of nobody: %+v", l)
		}
	})
}

// Every browser has an order and a delay of its own: they do not arrive together.
func TestBrowsersAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		var all []*browser
		for range 24 {
			all = append(all, dial(w).greet(commission))
		}
		where := []string{"ws://a2.example/stream", "ws://b1.example/stream", "ws://b2.example/stream"}
		go w.service.Drain(t.Context(), where, time.Minute)
		first, delays := map[string]int{}, map[uint32]bool{}
		for _, b := range all {
			f := expect[protocol.GoAway](b)
			first[f.Alternates[0]]++
			delays[f.AfterMillis] = true
		}
		if len(first) != len(where) || len(delays) < len(all)/2 {
			t.Errorf("sent to %v, with %d delays", first, len(delays))
		}
	})
}
