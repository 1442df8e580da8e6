//go:build !level1

package admin

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tvilling/protocol/admin"
)

const planned = `{"kind":"planned","from":"2126-11-22T14:00:00+01:00","until":"2126-11-22T15:00:00+01:00","swedish":"Arbete på nätet","english":"Work on the network"}`

// Before the level is active nothing is proposed, and whoever asks is told what to do.
func TestLevelTwoIsActivatedFirst(t *testing.T) {
	w := newWorld(t)
	for what, call := range map[string][3]string{
		"an announcement": {"POST", admin.PathAnnounced, planned},
		"a withdrawal":    {"DELETE", admin.PathAnnounced + "?id=" + strings.Repeat("0a", 16), ""},
		"a backup":        {"POST", admin.PathVerified, `{"cluster":"test"}`},
	} {
		if p := w.refused(what, call[0], call[1], call[2], http.StatusConflict, "TV-4007"); !strings.Contains(p.Action, "members activate") {
			t.Errorf("%s: does not say what to do: %+v", what, p)
		}
	}
	if n := len(w.members.Take()); n > 0 {
		t.Errorf("%d commands were proposed that members of the release before cannot read", n)
	}
	if got := done[admin.Announcements](w, "GET", admin.PathAnnounced, ""); len(got.Announcements) != 0 {
		t.Errorf("announced: %+v", got)
	}
}

// What is active already is not activated again, and the log does not say that it was.
func TestActivateTwice(t *testing.T) {
	w := newWorld(t)
	for i, unchanged := range []bool{false, true, true} {
		if got := done[admin.Done](w, "POST", admin.PathActivate, ""); got.Unchanged != unchanged || got.Index == 0 {
			t.Errorf("time %d: %+v", i+1, got)
		}
	}
	if n := strings.Count(w.logged.String(), "level activated"); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
}

func TestAnnounce(t *testing.T) {
	w := newWorld(t)
	done[admin.Done](w, "POST", admin.PathActivate, "")
	for what, body := range map[string]string{
		"no kind":    strings.Replace(planned, "planned", "sometime", 1),
		"no time":    strings.Replace(planned, "2126-11-22T14:00:00+01:00", "tomorrow", 1),
		"ends first": strings.Replace(planned, "15:00:00", "13:00:00", 1),
		"is over":    strings.ReplaceAll(planned, "2126-", "2006-"),
		"no text":    strings.Replace(planned, "Work on the network", "", 1),
		"long text":  strings.Replace(planned, "Work", strings.Repeat("Work", 100), 1),
		"turned":     strings.Replace(planned, "Work on", "Work \u202eon", 1),
		"isolated":   strings.Replace(planned, "Work on", "Work \u2067on", 1),
		"broken":     strings.Replace(planned, "Work on", "Work\u2028on", 1),
		"unseen":     strings.Replace(planned, "Work on the network", "\u200b\u200b", 1),
		"blank":      strings.Replace(planned, "Work on the network", " \u00a0 ", 1),
		"piled up":   strings.Replace(planned, "Work", "W"+strings.Repeat("\u0301", 90), 1),
		"two lines":  strings.Replace(planned, "Work on", `Work\non`, 1),
		"no id":      strings.Replace(planned, "{", `{"id":"7",`, 1),
	} {
		w.refused(what, "POST", admin.PathAnnounced, body, http.StatusBadRequest, "TV-4001")
	}
	done[admin.Done](w, "POST", admin.PathAnnounced, planned)
	done[admin.Done](w, "POST", admin.PathAnnounced, `{"id":"`+strings.Repeat("ff", 16)+`","kind":"ongoing","from":"2026-01-01T00:00:00Z","swedish":"Fel","english":"Fault"}`)
	all := done[admin.Announcements](w, "GET", admin.PathAnnounced, "").Announcements
	want := []admin.Announcement{
		{Kind: "planned", From: "2126-11-22T13:00:00Z", Until: "2126-11-22T14:00:00Z", Swedish: "Arbete på nätet", English: "Work on the network"},
		{Kind: "ongoing", From: "2026-01-01T00:00:00Z", Swedish: "Fel", English: "Fault"},
	}
	byKind := cmpopts.SortSlices(func(a, b admin.Announcement) bool { return a.Kind < b.Kind })
	if diff := cmp.Diff(want, all, byKind, cmpopts.IgnoreFields(admin.Announcement{}, "ID")); diff != "" {
		t.Errorf("announced:\n%s", diff)
	}
	w.refused("an id that is none", "DELETE", admin.PathAnnounced+"?id=x", "", http.StatusBadRequest, "TV-4001")
	for range 2 { // what is withdrawn stays withdrawn
		done[admin.Done](w, "DELETE", admin.PathAnnounced+"?id="+strings.Repeat("ff", 16), "")
	}
	for range 15 {
		done[admin.Done](w, "POST", admin.PathAnnounced, planned)
	}
	if p := w.refused("one too many", "POST", admin.PathAnnounced, planned, http.StatusConflict, "TV-4002"); !strings.Contains(p.Detail, "withdraw") {
		t.Errorf("does not say what to do: %+v", p)
	}
	for _, says := range []string{"announced", "announcement withdrawn", "level activated"} {
		if !strings.Contains(w.logged.String(), says) {
			t.Errorf("the log does not say %q", says)
		}
	}
}

func TestNoteBackup(t *testing.T) {
	w := newWorld(t)
	done[admin.Done](w, "POST", admin.PathActivate, "")
	v := w.state.log.View()
	size, root, err := v.LogTree()
	if err != nil {
		t.Fatal(err)
	}
	taken := time.Now().UTC().Truncate(time.Millisecond).Add(-2 * time.Hour)
	m := admin.BackupManifest{
		Format: admin.FormatBackup, Cluster: "test", Generation: 1, Node: "n0", Index: v.Index(), Term: 1,
		StateHash: strings.Repeat("ab", 32), LogSize: size, LogRoot: hex.EncodeToString(root[:]),
		Taken: taken.Format(time.RFC3339Nano), Verified: taken.Add(time.Hour).Format(time.RFC3339Nano), Bytes: 12,
	}
	for what, change := range map[string]func(*admin.BackupManifest){
		"another cluster":  func(m *admin.BackupManifest) { m.Cluster = "other" },
		"no hash":          func(m *admin.BackupManifest) { m.StateHash = "ab" },
		"no root":          func(m *admin.BackupManifest) { m.LogRoot = "" },
		"not verified":     func(m *admin.BackupManifest) { m.Verified = "" },
		"verified earlier": func(m *admin.BackupManifest) { m.Verified = taken.Add(-time.Hour).Format(time.RFC3339) },
		"of no node":       func(m *admin.BackupManifest) { m.Node = "" },
		// It would stand before every backup that is true, for as long as it says.
		"taken in time to come":    func(m *admin.BackupManifest) { m.Taken, m.Verified = "2126-01-01T00:00:00Z", "2126-01-01T00:00:00Z" },
		"verified in time to come": func(m *admin.BackupManifest) { m.Verified = "2126-01-01T00:00:00Z" },
	} {
		wrong := m
		change(&wrong)
		w.refused(what, "POST", admin.PathVerified, jsonOf(t, wrong), http.StatusBadRequest, "TV-4001")
	}
	// One that lacks what was written before it is older than it says, or is another's.
	w.state.written = make([]time.Time, size+1)
	w.state.written[size] = taken.Add(-time.Hour)
	if p := w.refused("that lacks what came before it", "POST", admin.PathVerified, jsonOf(t, m), http.StatusBadRequest, "TV-4001"); !strings.Contains(p.Detail, "older") {
		t.Errorf("does not say why: %+v", p)
	}
	w.state.written[size] = taken.Add(-time.Minute) // a follower is behind, and clocks differ
	ahead := m
	ahead.Index += 1000
	w.refused("of another log", "POST", admin.PathVerified, jsonOf(t, ahead), http.StatusConflict, "TV-4002")
	if got := done[admin.Status](w, "GET", admin.PathStatus, "").Backup; got.Verified != "" {
		t.Errorf("a backup before there is one: %+v", got)
	}
	done[admin.Done](w, "POST", admin.PathVerified, jsonOf(t, m))
	if diff := cmp.Diff(m, done[admin.Status](w, "GET", admin.PathStatus, "").Backup); diff != "" {
		t.Errorf("status:\n%s", diff)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
