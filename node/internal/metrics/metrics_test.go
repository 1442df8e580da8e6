package metrics

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"tvilling/node/internal/cluster"
	"tvilling/protocol/admin"
)

type fake struct{ err error }

func (fake) Own() admin.Member {
	return admin.Member{ID: "a1", Site: "A", Role: admin.RoleData, State: "leader", Term: 3, AppliedIndex: 12, Keys: true, Sessions: 2, Version: "1.0"}
}

func (fake) Counters() cluster.Counters { return cluster.Counters{Proposals: 7} }

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
	h, err := Handler(f, f, slog.New(slog.DiscardHandler))
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
		"tvilling_export_oldest_seconds 90000", "tvilling_export_refused_entries 1", "tvilling_log_unproven_seconds 4", "tvilling_unreadable 0", "go_goroutines",
	} {
		if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+" ") {
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

// Every number that an alert rests on is one that a node shows.
func TestAlertsRestOnWhatIsShown(t *testing.T) {
	rules, err := os.ReadFile("../../../ops/deploy/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	text, named := scrape(t, fake{}), regexp.MustCompile(`\btvilling_[a-z_]+`).FindAllString(string(rules), -1)
	if len(named) < 8 {
		t.Fatalf("the alerts rest on %q", named)
	}
	for _, name := range named {
		if !strings.Contains(text, "# HELP "+name+" ") {
			t.Errorf("an alert rests on %s, which no node shows", name)
		}
	}
}
