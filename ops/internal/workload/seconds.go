package workload

import "time"

// Opened counts the opens that succeeded, by second since a time, up to a number of
// seconds.
func (w *Workload) Opened(since time.Time, most int) []int {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	var seconds []int
	for _, s := range w.tally.samples {
		n := int((s.ended - since.Sub(w.tally.started)) / time.Second)
		if s.kind != open || s.outcome != succeeded || n < 0 || n >= most {
			continue
		}
		for len(seconds) <= n {
			seconds = append(seconds, 0)
		}
		seconds[n]++
	}
	return seconds
}
