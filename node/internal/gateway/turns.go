package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// turns counts what may be done so many times within a time, and no more.
type turns struct {
	most  int
	every time.Duration

	mu     sync.Mutex
	since  time.Time
	taken  int
	missed int // since one was last given
}

// take reports whether there is a turn, and how many there were none for since the last.
func (t *turns) take(at time.Time) (missed int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.Sub(t.since) >= t.every {
		t.since, t.taken = at, 0
	}
	if t.taken++; t.taken > t.most {
		t.missed++
		return 0, false
	}
	missed, t.missed = t.missed, 0
	return missed, true
}

// lines are what strangers can have logged: each kind only so often.
type lines struct {
	refused turns // a stream
	crowded turns // a connection there was no room for
}

func newLines() lines {
	return lines{refused: turns{most: linesPerSecond, every: time.Second}, crowded: turns{most: 1, every: crowdedEvery}}
}

// say logs a line if there is a turn, and how many were left out since the last.
func (t *turns) say(log *slog.Logger, level slog.Level, text string, more ...any) {
	if missed, ok := t.take(time.Now()); ok {
		log.Log(context.Background(), level, text, append(more, "unsaid", missed)...)
	}
}
