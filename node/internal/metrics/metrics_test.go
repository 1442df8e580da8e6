package metrics

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/timing"
	"tvilling/protocol/admin"
)

type fake struct{ err error }

func (fake) Own() admin.Member {
	return admin.Member{
		ID: "a1", Site: "A", Role: admin.RoleData, State: "leader", Term: 3, AppliedIndex: 12, Keys: true, Version: "1.0",
		Operating: admin.Operating{
			Sessions: 2, Generation: 2, Phase: admin.PhaseSessions, DiskFree: 30, DiskTotal: 100, CertificateUntil: time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		},
	}
}

func (fake) Counters() cluster.Counters {
	var h timing.Histogram
	h.Observe(time.Millisecond)
	h.Observe(time.Minute)
	return cluster.Counters{Proposals: 7, Sync: h.Read()}
}

func (fake) Lags() map[string]uint64 { return map[string]uint64{"b1": 17} }

func (fake) Clock() cluster.Clock {
	return cluster.Clock{State: cluster.ClockWrong, Offset: -20 * time.Second}
}

func (fake) Timings() (open, revoke timing.Reading) { return timing.Reading{}, timing.Reading{} }

func (fake) Requests() []Requests { return []Requests{{"open", 12, 1}, {"put", 3, 0}} }

func (fake) Refused() uint64 { return 5 }
func (fake) Crowded() uint64 { return 6 }

func (fake) checks() []admin.Check {
	return []admin.Check{{Name: "leader", OK: true}, {Name: "feeds", Warns: true}}
}

func (fake) HeardFromLeader() (time.Time, bool) { return time.Time{}, false }

func (f fake) BackupAge(time.Time) (float64, error) { return -1, f.err }

func (f fake) Feeds(time.Time) ([]admin.Feed, error) {
	return []admin.Feed{{Name: "blocks", AgeSeconds: 12, BoundSecond: 600, Fresh: true}}, f.err
}

func (f fake) Log(time.Time) (admin.LogStatus, error) {
	return admin.LogStatus{Entries: 9, Checkpoint: 8, UnprovenSeconds: 4, Export: &admin.ExportStatus{Waiting: 5, OldestSeconds: 90_000, Refused: 1}}, f.err
}

func scrape(t *testing.T, f fake) string {
	t.Helper()
	h, err := Handler(Config{Cluster: f, State: f, Checks: f.checks, Data: f, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", admin.PathMetrics, nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestNumbers(t *testing.T) {
	text := scrape(t, fake{})
	for _, want := range []string{
		`tvilling_build_info{node="a1",role="data",site="A",version="1.0"} 1`, `tvilling_raft_state{state="leader"} 1`, `tvilling_raft_state{state="follower"} 0`,
		"tvilling_raft_term 3", "tvilling_leader_heard_seconds -1", "tvilling_proposals_total 7", `tvilling_feed_age_seconds{projection="blocks"} 12`,
		`tvilling_sync_seconds_bucket{le="0.0005"} 0`, `tvilling_sync_seconds_bucket{le="0.001"} 1`, `tvilling_sync_seconds_bucket{le="10"} 1`,
		`tvilling_sync_seconds_bucket{le="+Inf"} 2`, "tvilling_sync_seconds_count 2", "tvilling_sync_seconds_sum 60.001", "tvilling_open_seconds_count 0",
		`tvilling_follower_lag_entries{member="b1"} 17`, "tvilling_generation 2", "tvilling_clock_offset_seconds -20", "tvilling_draining 1", "tvilling_disk_free_bytes 30",
		"tvilling_disk_total_bytes 100", "tvilling_certificate_left_seconds 35", `tvilling_healthcheck{name="leader"} 1`, `tvilling_healthcheck{name="feeds"} 0`,
		`tvilling_requests_total{what="open"} 12`, `tvilling_requests_failed_total{what="open"} 1`, `tvilling_requests_failed_total{what="put"} 0`,
		"tvilling_gateway_refused_total 5", "tvilling_gateway_crowded_total 6", "tvilling_export_oldest_seconds 90000", "tvilling_export_refused_entries 1", "tvilling_log_unproven_seconds 4", "tvilling_unreadable 0", "go_goroutines",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, d := range described {
		if !strings.Contains(text, "# HELP "+prefix+d.name+" ") {
			t.Errorf("%s is described and not shown", d.name)
		}
	}
	if text := scrape(t, fake{err: errors.New("gone")}); !strings.Contains(text, "tvilling_unreadable 1\n") {
		t.Error("a state that cannot be read is not told of")
	}
}
