package cluster

import "sync"

// signal wakes everyone who waits, each time it is fired.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns what is closed the next time. Get it before looking at what may change.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
