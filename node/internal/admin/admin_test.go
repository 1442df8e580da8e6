package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/logtest"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

const source = "SE3000000003-S1"

// members is a cluster that says what the test wants, over a real log.
type members struct {
	*logtest.Log
	levels   []uint16
	transfer error
	to       string // whom leadership was asked to move to
	deadline bool   // the call had one
}

func (m *members) Members(ctx context.Context) (all []admin.Member) {
	_, m.deadline = ctx.Deadline()
	for i, level := range m.levels {
		all = append(all, admin.Member{ID: fmt.Sprint("n", i), Level: level})
	}
	return all
}

func (m *members) Leader() string   { return "n0" }
func (m *members) Voters() []string { return []string{"n0", "n1", "n2"} }

func (m *members) Transfer(_ context.Context, to string) error {
	m.to = to
	return m.transfer
}

// state is what the endpoint reads, but for the sources, which are the log's.
type state struct {
	log    *logtest.Log
	err    error
	after  uint64
	limit  int
	record []admin.RecordEntry

	written []time.Time // when entries of the access log were
}

func (s *state) Feeds(time.Time) ([]admin.Feed, error) {
	return []admin.Feed{{Name: "blocks", Fresh: true}}, s.err
}

func (s *state) Log(time.Time) (admin.LogStatus, error) { return admin.LogStatus{Entries: 4}, s.err }

func (s *state) Sources() ([]command.RegisterSource, error) { return s.log.View().Sources(), s.err }

func (s *state) Record(after uint64, limit int) ([]admin.RecordEntry, error) {
	s.after, s.limit = after, limit
	return s.record, s.err
}

func (s *state) Coverage() ([]command.Coverage, error) { return s.log.View().Coverage(), s.err }

func (s *state) Level() uint16 { return s.log.FSM.Level() }

func (s *state) Announcements() ([]command.Announce, error) {
	return s.log.View().Announcements(), s.err
}

func (s *state) Written(after uint64) (time.Time, error) {
	if after < uint64(len(s.written)) {
		return s.written[after], s.err
	}
	return time.Time{}, s.err
}

func (s *state) Backup() (command.NoteBackup, bool, error) {
	b, ok := s.log.View().Backup()
	return b, ok, s.err
}

type world struct {
	t       *testing.T
	members *members
	state   *state
	server  *httptest.Server
	logged  strings.Builder
}

func newWorld(t *testing.T, also ...func(*Config)) *world {
	t.Helper()
	log := logtest.Open(t)
	w := &world{t: t, members: &members{Log: log, levels: []uint16{command.Level}}, state: &state{log: log}}
	c := Config{
		Self: admin.Status{Cluster: "test", Environment: admin.Demo, Node: "n0"}, Cluster: w.members, State: w.state,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("numbers")) }),
		Intent:  logtest.Intent, Logger: slog.New(slog.NewTextHandler(&w.logged, nil)),
	}
	for _, add := range also {
		add(&c)
	}
	w.server = httptest.NewServer(Handler(c))
	t.Cleanup(w.server.Close)
	return w
}

// call makes a call and returns its status, what kind of answer it says it is, and the answer.
func (w *world) call(method, path, body string) (status int, kind, text string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Content-Type"), string(b)
}

// done makes a call that has to succeed, and reads its answer.
func done[T any](w *world, method, path, body string) (answer T) {
	w.t.Helper()
	status, kind, text := w.call(method, path, body)
	if status != http.StatusOK || kind != "application/json" {
		w.t.Fatalf("%s %s: %d, %s: %s", method, path, status, kind, text)
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		w.t.Fatal(err)
	}
	return answer
}

// refused makes a call that has to fail with a code.
func (w *world) refused(what, method, path, body string, status int, code string) admin.Problem {
	w.t.Helper()
	got, kind, text := w.call(method, path, body)
	var p admin.Problem
	if err := json.Unmarshal([]byte(text), &p); err != nil || kind != "application/problem+json" {
		w.t.Fatalf("%s: %d, %s: %s", what, got, kind, text)
	}
	if got != status || p.Code != code || p.Title == "" || p.Action == "" {
		w.t.Errorf("%s: %d, %+v; want %d and %s", what, got, p, status, code)
	}
	return p
}

func TestStatus(t *testing.T) {
	w := newWorld(t)
	got := done[admin.Status](w, "GET", admin.PathStatus, "")
	want := admin.Status{Cluster: "test", Environment: admin.Demo, Node: "n0", Leader: "n0", Voters: []string{"n0", "n1", "n2"}, Level: 1,
		Members: []admin.Member{{ID: "n0", Level: command.Level}}, Feeds: []admin.Feed{{Name: "blocks", Fresh: true}},
		Log: admin.LogStatus{Entries: 4}}
	if at, err := time.Parse(time.RFC3339, got.At); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("answered at %q", got.At)
	}
	got.At = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status:\n%s", diff)
	}
	if !w.members.deadline {
		t.Error("members are asked without a limit of time")
	}
	w.state.err = errors.New("broken")
	w.refused("a state that cannot be read", "GET", admin.PathStatus, "", 503, "TV-4003")
}

func TestTransfer(t *testing.T) {
	w := newWorld(t)
	done[admin.Done](w, "POST", admin.PathTransfer, `{"to":"n1"}`)
	if w.members.to != "n1" {
		t.Errorf("moved to %q", w.members.to)
	}
	w.members.transfer = cluster.ErrNotCaughtUp
	p := w.refused("one that lacks entries", "POST", admin.PathTransfer, `{"to":"n1"}`, 503, "TV-4003")
	if !strings.Contains(p.Detail, "n1") || !strings.Contains(p.Detail, "caught up") {
		t.Errorf("the detail does not say why: %q", p.Detail)
	}
}

func TestSources(t *testing.T) {
	w := newWorld(t)
	if got := done[admin.Sources](w, "GET", admin.PathSources, ""); got.Sources == nil || len(got.Sources) != 0 {
		t.Errorf("none: %+v", got)
	}
	made := done[admin.Done](w, "POST", admin.PathSources,
		`{"id":"se3000000003-s1","agent":"SE4000000004-A1","contracts":["GetDiagnosis","GetCareDocumentation","GetDiagnosis"]}`)
	if made.Index != w.members.FSM.AppliedIndex() {
		t.Errorf("durable at %d", made.Index)
	}
	want := []admin.Source{{ID: source, Agent: "SE4000000004-A1", Contracts: []string{"GetDiagnosis", "GetCareDocumentation"}}}
	if diff := cmp.Diff(want, done[admin.Sources](w, "GET", admin.PathSources, "").Sources); diff != "" {
		t.Errorf("registered:\n%s", diff)
	}
	done[admin.Done](w, "POST", admin.PathSources, `{"id":"`+source+`","contracts":[],"withdrawn":true}`)
	if r, _, _ := w.members.Registration(source); !r.Withdrawn {
		t.Error("withdrawn, and it is not")
	}
	w.members.Take()
	for what, body := range map[string]string{
		"no id":               `{"contracts":["GetDiagnosis"]}`,
		"an id that is none":  `{"id":"x y"}`,
		"an agent that is no": `{"id":"` + source + `","agent":"x y"}`,
		"no such contract":    `{"id":"` + source + `","contracts":["GetEverything"]}`,
	} {
		w.refused(what, "POST", admin.PathSources, body, 400, "TV-4001")
	}
	if n := len(w.members.Take()); n > 0 {
		t.Errorf("%d commands were proposed", n)
	}
	w.members.Before(func(command.Command) error { return cluster.ErrNoQuorum })
	w.refused("no quorum", "POST", admin.PathSources, `{"id":"`+source+`"}`, 503, "TV-4003")
}

func TestActivate(t *testing.T) {
	w := newWorld(t)
	if got := done[admin.Done](w, "POST", admin.PathActivate, ""); got.Index == 0 {
		t.Error("activated at no index")
	}
	w.members.levels = []uint16{command.Level, command.Level - 1}
	p := w.refused("a member that does not know it", "POST", admin.PathActivate, "", 409, "TV-4002")
	if !strings.Contains(p.Detail, "n1") {
		t.Errorf("the detail does not say which: %q", p.Detail)
	}
}

func TestRecord(t *testing.T) {
	f := &follower{}
	w := newWorld(t, func(c *Config) { c.FollowUp = f })
	w.state.record = []admin.RecordEntry{{Sequence: 8, Outcome: "permit"}, {Sequence: 9, Outcome: "deny"}}
	got := done[admin.Record](w, "GET", admin.PathRecord+"?after=7&limit=2", "")
	if diff := cmp.Diff(admin.Record{Entries: w.state.record, Next: 9}, got); diff != "" || w.state.after != 7 || w.state.limit != 2 {
		t.Errorf("after %d, limit %d:\n%s", w.state.after, w.state.limit, diff)
	}
	w.state.record = nil
	if got := done[admin.Record](w, "GET", admin.PathRecord+"?after=9", ""); got.Next != 9 || w.state.limit != maxRecords {
		t.Errorf("no more: %+v, limit %d", got, w.state.limit)
	}
	if answer := done[map[string]json.RawMessage](w, "GET", admin.PathRecord+"?after=9", ""); string(answer["entries"]) != "[]" {
		t.Errorf("no entries are %s, want []", answer["entries"])
	}
	for _, query := range []string{"?limit=0", "?limit=-1", "?limit=1001", "?limit=x", "?after=-1", "?after=x", "?after=18446744073709551616"} {
		w.refused(query, "GET", admin.PathRecord+query, "", 400, "TV-4001")
	}
	if len(f.read) != 3 || f.read[0] != "operator without a certificate: list after 7" {
		t.Errorf("recorded as read: %q", f.read)
	}
	w.state.record = []admin.RecordEntry{{Sequence: 8}}
	f.err = errors.New("no quorum")
	if _, _, text := w.call("GET", admin.PathRecord, ""); strings.Contains(text, "sequence") {
		t.Errorf("answered without a record of it: %s", text)
	}
	newWorld(t).refused("a witness", "GET", admin.PathRecord, "", 503, "TV-4004")
}

func TestBodiesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	for what, body := range map[string]string{
		"nothing":            "",
		"no JSON":            "to=n1",
		"an unknown field":   `{"to":"n1","force":true}`,
		"another type":       `{"to":1}`,
		"something after it": `{"to":"n1"} {"to":"n2"}`,
		"too large":          `{"to":"` + strings.Repeat("n", maxBodyBytes) + `"}`,
	} {
		w.refused(what, "POST", admin.PathTransfer, body, 400, "TV-4001")
	}
	if w.members.to != "" {
		t.Errorf("leadership was asked to move to %q", w.members.to)
	}
}

func TestPathsThatAreNot(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"GET /", "GET /admin/v1/", "DELETE " + admin.PathSources, "POST " + admin.PathStatus, "GET " + admin.PathTransfer,
		"GET " + admin.PathStatus + "/x", "GET /debug/pprof/"} {
		method, path, _ := strings.Cut(path, " ")
		w.refused(method+" "+path, method, path, "", 404, "TV-4005")
	}
}

// An answer has room for no patient: its types hold no field that could, and what the
// log is told of a call is no more than what the operator is.
func TestNoPatientInAnswers(t *testing.T) {
	w := newWorld(t)
	p, err := protocol.ParsePatientID("199701062383")
	if err != nil {
		t.Fatal(err)
	}
	w.state.err = fmt.Errorf("reading %v: %w", p, ErrElsewhere) // an id does not print
	for _, path := range []string{admin.PathStatus, admin.PathRecord, admin.PathSources} {
		if _, _, text := w.call("GET", path, ""); strings.Contains(text, p.Reveal()) {
			t.Errorf("%s: %s", path, text)
		}
	}
	if strings.Contains(w.logged.String(), p.Reveal()) {
		t.Error("a patient's id is logged")
	}
}
