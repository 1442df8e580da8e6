package timing

import (
	"sync"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	if len(Bounds()) != buckets-1 {
		t.Fatalf("%d bounds, %d buckets", len(Bounds()), buckets)
	}
	var h Histogram
	for _, d := range []time.Duration{-time.Second, 0, time.Millisecond, time.Millisecond + 1, 10 * time.Second, time.Minute} {
		h.Observe(d)
	}
	r := h.Read()
	want := map[float64]uint64{0.0005: 2, 0.001: 3, 0.0025: 4, 5: 4, 10: 5}
	for bound, count := range want {
		if r.Up[bound] != count {
			t.Errorf("up to %v s: %d, want %d", bound, r.Up[bound], count)
		}
	}
	if r.Count != 6 || r.Sum != 70*time.Second+2*time.Millisecond+1 {
		t.Errorf("%d in %v", r.Count, r.Sum)
	}
}

func TestCount(t *testing.T) {
	var c Count
	c.Ask()
	c.Ask()
	c.Fail()
	if asked, failed := c.Read(); asked != 2 || failed != 1 {
		t.Errorf("%d asked, %d failed", asked, failed)
	}
}

func TestHistogramOfSeveral(t *testing.T) {
	var h Histogram
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				h.Observe(time.Millisecond)
			}
		})
	}
	all.Wait()
	if r := h.Read(); r.Count != 8000 || r.Sum != 8*time.Second || r.Up[0.0005] != 0 || r.Up[0.001] != 8000 {
		t.Errorf("%+v", r)
	}
}
