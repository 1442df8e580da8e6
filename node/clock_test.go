package node

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tvilling/node/internal/health"
	"tvilling/node/internal/session"
	"tvilling/protocol/admin"
)

// readiness is what a probe is told.
func (r *running) readiness() (status int, text string) {
	w := httptest.NewRecorder()
	health.Ready(r.drainingToo)(w, httptest.NewRequest(http.MethodGet, admin.PathReady, nil))
	return w.Code, w.Body.String()
}

// until waits for a level.
func (c *three) until(what string, reached func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(startLimit); !reached(); time.Sleep(readyEvery) {
		if time.Now().After(deadline) {
			c.t.Fatalf("not in %v: %s", startLimit, what)
		}
	}
}

// A leader whose clock is wrong says so to whoever asks, leads no more, opens nothing, and
// takes part again when the clock is right.
func TestANodeWithAWrongClock(t *testing.T) {
	c := startThree(t)
	leader, other := c.leader()
	id := leader.cfg.Self
	c.clocks[id].Store(int64(5 * time.Minute))
	c.until("it says so", func() bool { // it may not have heard a majority yet
		status, text := leader.readiness()
		return status == http.StatusServiceUnavailable && strings.HasPrefix(text, "not ready: ") && strings.Contains(text, "clock")
	})
	if err := leader.Ready(); err == nil || leader.data.sessions.Admits(session.Caller{}) == nil {
		t.Errorf("ready: %v, and takes browsers", err)
	}
	c.until("the other leads", other.cluster.IsLeader)
	var status admin.Status
	c.ask(other.cfg.Self, admin.PathStatus, &status)
	if !slices.ContainsFunc(status.Members, func(m admin.Member) bool { return m.ID == id && strings.Contains(m.NotReady, "clock") }) {
		t.Errorf("members %+v", status.Members)
	}
	if err := other.clockHolds(); err != nil {
		t.Errorf("who is right: %v", err)
	}
	c.clocks[id].Store(0)
	leader.ready()
}
