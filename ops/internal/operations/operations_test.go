package operations

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol/admin"
)

var at = time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)

var topology = admin.Topology{Cluster: "norr", Environment: "demo", Members: []admin.Node{
	{ID: "a1", Site: "A", Role: "data"}, {ID: "b1", Site: "B", Role: "data"}, {ID: "w", Site: "W", Role: "witness"}}}

func healthy() admin.Status {
	return admin.Status{Cluster: "norr", Node: "a1", Leader: "a1", Level: 2,
		Members: []admin.Member{
			{ID: "a1", Site: "A", Role: "data", State: "leader", Term: 3, AppliedIndex: 90, Keys: true, Level: 2, Version: "v2",
				Operating: admin.Operating{Sessions: 4, Started: "2026-03-01T13:00:00Z", DiskFree: 25, DiskTotal: 100, CertificateUntil: "2026-04-01T14:00:00Z"}},
			{ID: "b1", Site: "B", Role: "data", State: "follower", Term: 3, AppliedIndex: 88, Lag: 2, Keys: true, Level: 2, Version: "v2"},
			{ID: "w", Site: "W", Role: "witness", State: "follower", Term: 3, AppliedIndex: 90, Level: 2, Version: "v2"}},
		Feeds:  []admin.Feed{{Name: "blocks", Source: "http://services", AsOf: "2026-03-01T13:59:30Z", AgeSeconds: 30, BoundSecond: 600, Fresh: true}},
		Log:    admin.LogStatus{Entries: 12, Checkpoint: 10},
		Backup: admin.BackupManifest{Verified: "2026-03-01T04:00:00Z", Index: 70}}
}

func TestPageOf(t *testing.T) {
	for _, c := range []struct {
		name string
		look func(*Look)
		want func(*page)
	}{
		{"healthy", func(*Look) {}, func(*page) {}},
		{"nobody answers, and nobody has", func(l *Look) { l.Status, l.Err = admin.Status{}, errors.New("no node answers") }, func(p *page) {
			*p = page{Cluster: p.Cluster, Environment: p.Environment, At: p.At, Lost: "no node answers",
				Verdict: verdict{"broken", "No node answers. What follows is the last that was seen."}}
		}},
		{"nobody answers any more", func(l *Look) { l.Err = errors.New("no node answers") }, func(p *page) {
			p.Lost, p.Verdict = "no node answers", verdict{"broken", "No node answers. What follows is the last that was seen."}
		}},
		{"draining", func(l *Look) { l.Status.Members[1].Phase = admin.PhaseSessions }, func(p *page) {
			p.Sites[1].Nodes[0].State = verdict{"notice", "follower, draining: sessions"}
			p.Verdict = verdict{"notice", "It works. There is something to know."}
		}},
		{"not ready", func(l *Look) { l.Status.Members[1].NotReady = "no leader was heard from" }, func(p *page) {
			p.Sites[1].Nodes[0].State, p.Sites[1].Nodes[0].Why = verdict{"degraded", "follower, not ready"}, "no leader was heard from"
		}},
		{"feed too old", func(l *Look) { l.Status.Feeds[0].Fresh, l.Status.Feeds[0].AgeSeconds = false, 900 }, func(p *page) {
			p.Feeds[0] = feed{Name: "blocks", Source: "http://services", Age: "15 min", Bound: "10 min", State: verdict{"broken", "unknown, so no"}, Percent: 100}
			p.Verdict = verdict{"broken", "Something does not work now."}
		}},
		{"no backup", func(l *Look) { l.Status.Backup = admin.BackupManifest{} }, func(p *page) {
			p.Facts[6].Value, p.Verdict = "none", verdict{"notice", "It works. There is something to know."}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := Look{At: at, Topology: topology, Status: healthy()}
			want := page{Cluster: "norr", Environment: "demo", At: "14:00:00 UTC", Verdict: verdict{"good", "Nothing is wrong."},
				Facts: []fact{{"Leader", "a1"}, {"Term", "3"}, {"Level", "2"}, {"Versions", "v2"}, {"Browsers", "4"},
					{"Access log", "12 entries, 10 proved"}, {"Verified backup", "10 h ago, index 70"}},
				Sites: []site{
					{"A", []node{{ID: "a1", Role: "data", Version: "v2", State: verdict{"lead", "leader"}, Disk: 75,
						Facts: []fact{{"Applied", "90"}, {"Behind", "0"}, {"Browsers", "4"}, {"Started", "60 min ago"}, {"Certificate", "31 d left"}}}}},
					{"B", []node{{ID: "b1", Role: "data", Version: "v2", State: verdict{"good", "follower"}, Disk: -1,
						Facts: []fact{{"Applied", "88"}, {"Behind", "2"}, {"Browsers", "0"}}}}},
					{"W", []node{{ID: "w", Role: "witness", Version: "v2", State: verdict{"good", "follower"}, Disk: -1,
						Facts: []fact{{"Applied", "90"}, {"Behind", "0"}}}}}},
				Feeds: []feed{{Name: "blocks", Source: "http://services", Age: "30 s", Bound: "10 min", State: verdict{"good", "fresh"}, Percent: 5}},
			}
			c.look(&l)
			c.want(&want)
			got := pageOf(l)
			got.Findings = nil // health's own, and tested there
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// fake is a cluster that answers, or does not.
type fake struct{ err error }

func (f *fake) Topology() admin.Topology { return topology }
func (f *fake) Status(ctx context.Context, _ string) (admin.Status, error) {
	return healthy(), errors.Join(f.err, ctx.Err())
}

func (f *fake) Announcements(context.Context, string) (admin.Announcements, error) {
	return admin.Announcements{Announcements: []admin.Announcement{{Kind: "planned", From: "2026-03-02T14:00:00Z", English: "<b>New version</b>"}}}, f.err
}

func TestPageIsLive(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"one.json":   `{"kind":"drill","name":"leader-kill","started":"2026-03-01T10:00:00Z","verdict":"pass","summary":"next open after 1.1 s"}`,
		"two.json":   `{"kind":"release","name":"v2","started":"2026-03-01T12:00:00Z","verdict":"halted"}`,
		"other.json": `{"something":"else"}`, "broken.json": `{`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cluster := &fake{}
	s, err := New(cluster, dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	whole := get(t, server.URL+"/")
	for _, part := range []string{"Nothing is wrong", "a1", "leader-kill", "halted", "&lt;b&gt;New version", "unknown", "index 70"} {
		if has := strings.Contains(whole, part); has == (part == "unknown") {
			t.Errorf("%q in the page: %v", part, has)
		}
	}
	if strings.Index(whole, "release v2") > strings.Index(whole, "drill leader-kill") {
		t.Error("the newest report does not come first")
	}
	response, err := http.Get(server.URL + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	events := bufio.NewScanner(response.Body)
	events.Buffer(nil, 1<<20)
	until := func(text string) {
		t.Helper()
		for events.Scan() {
			if strings.Contains(events.Text(), text) {
				return
			}
		}
		t.Fatalf("the stream ended before %q", text)
	}
	until("Nothing is wrong")
	s.mu.Lock() // between two looks
	cluster.err = errors.New("no node answers")
	s.mu.Unlock()
	until("the last that was seen")
	until("leader") // what was known stays on the page
}

// Who goes away while the cluster is asked does not take from the others what is seen.
func TestOneViewerGoes(t *testing.T) {
	s, err := New(&fake{})
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	s.look(gone)
	if got := s.look(t.Context()); got.Err != nil {
		t.Errorf("the others are told: %v", got.Err)
	}
}

func TestOnlyLoopbackByItsOwnName(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "localhost:0", "192.0.2.1:0", "nonsense"} {
		if _, err := Listen(address); !errors.Is(err, ErrLoopback) {
			t.Errorf("listening on %q: %v", address, err)
		}
	}
	s, err := New(&fake{})
	if err != nil {
		t.Fatal(err)
	}
	s.host = "127.0.0.1:8490"
	for host, want := range map[string]int{"127.0.0.1:8490": http.StatusOK, "evil.example:8490": http.StatusMisdirectedRequest} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("asked as %s: %d", host, w.Code)
		}
	}
}

func TestRunEnds(t *testing.T) {
	s, err := New(&fake{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	if text := get(t, "http://"+l.Addr().String()+"/"); !strings.Contains(text, "norr") {
		t.Error("no page")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text strings.Builder
	if _, err := bufio.NewReader(response.Body).WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
