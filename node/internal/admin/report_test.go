package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tvilling/node/internal/followup"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// follower answers what the test wants, and remembers who asked for what.
type follower struct {
	who     followup.Reader
	asked   protocol.Follow
	id      string
	report  protocol.Report
	explain followup.Explanation
	err     error
	read    []string // what was recorded as read
}

func (f *follower) RecordReading(_ context.Context, operator, what string) error {
	f.read = append(f.read, operator+": "+what)
	return f.err
}

func (f *follower) Report(_ context.Context, who followup.Reader, asked protocol.Follow) (protocol.Report, error) {
	f.who, f.asked = who, asked
	return f.report, f.err
}

func (f *follower) Explain(_ context.Context, operator, id string) (followup.Explanation, error) {
	f.who.Operator, f.id = operator, id
	return f.explain, f.err
}

const testPatient = "199701062383"

func TestReport(t *testing.T) {
	f := &follower{}
	w := newWorld(t, func(c *Config) { c.FollowUp = f })
	patient, err := protocol.ParsePatientID(testPatient)
	if err != nil {
		t.Fatal(err)
	}
	f.report = protocol.Report{More: true, After: 9, Counts: []protocol.Count{{Series: "users", Label: "2026-11", Few: true}}, Rows: []protocol.LogRow{{
		ID: "9-A", At: 1000, Activity: "Läsa", Permit: true, Basis: protocol.BasisConsent, Who: protocol.LogWho{Employee: "E", Name: "N"}, Patient: patient,
		Contracts: []protocol.Contract{protocol.Diagnosis}, Owners: []string{"O"}, Note: "about " + testPatient, Outcome: protocol.ReviewMisuse, ReviewedAt: 2000,
	}}}
	query := fmt.Sprintf(`{"kind":"patient","care_provider":"own","from":"2026-11-01T00:00:00+01:00","to":"2026-11-02T00:00:00+01:00","patient":%q,"after":3}`, testPatient)
	_, _, text := w.call("POST", admin.PathReport, query)
	if strings.Contains(text, testPatient) {
		t.Errorf("the answer names the patient: %s", text)
	}
	got := done[admin.Report](w, "POST", admin.PathReport, query)
	row := got.Rows[0]
	if !got.More || got.After != 9 || !got.Counts[0].Few || row.At != "1970-01-01T00:00:01Z" || row.Basis != "consent" || row.Review != "misuse" ||
		row.Contracts[0] != "GetDiagnosis" || row.Who.Name != "N" {
		t.Errorf("answered %+v", got)
	}
	if f.who.Operator == "" || f.who.Commission.CareProvider != "OWN" || f.asked.Patient != patient || f.asked.After != 3 || f.asked.To-f.asked.From != 24*3600_000 {
		t.Errorf("asked %+v by %+v", f.asked, f.who)
	}
	if strings.Contains(w.logged.String(), testPatient) {
		t.Error("the operator's log names the patient")
	}
	for name, query := range map[string]string{
		"kind": `{"kind":"x","care_provider":"own"}`, "provider": `{"kind":"provider"}`, "time": `{"kind":"provider","care_provider":"own","from":"yesterday"}`,
		"to": `{"kind":"provider","care_provider":"own","to":"2026"}`, "patient": `{"kind":"patient","care_provider":"own","patient":"1997"}`,
		"employee": `{"kind":"employee","care_provider":"own","employee":"?"}`, "form": `[]`,
	} {
		w.refused(name, "POST", admin.PathReport, query, http.StatusBadRequest, "TV-4001")
	}
	for err, want := range map[error]int{
		followup.ErrTerms: http.StatusBadRequest, followup.ErrNotAllowed: http.StatusBadRequest,
		followup.ErrNotRecorded: http.StatusServiceUnavailable, errors.New("other"): http.StatusServiceUnavailable,
	} {
		f.err = err
		if status, _, _ := w.call("POST", admin.PathReport, query); status != want {
			t.Errorf("%v: %d, want %d", err, status, want)
		}
	}
}

func TestExplain(t *testing.T) {
	f := &follower{}
	w := newWorld(t, func(c *Config) { c.FollowUp = f })
	f.explain = followup.Explanation{ID: "9-A", Sequence: 9, Fault: protocol.FaultNoEngagement, Decision: record.Decision{Reason: "why", DecidedAt: 4},
		Facts: []followup.Fact{{Name: "blocks", AsOf: 1000, Age: 5000, Bound: 600_000}, {Name: "persons", Bound: 1}}}
	got := done[admin.Explanation](w, "GET", admin.PathExplain+"?id=9-A", "")
	if f.id != "9-A" || f.who.Operator == "" || got.Fault != "TV-1002" || got.Reason != "why" || got.Place.DecidedAt != 4 ||
		!got.Facts[0].Fresh || got.Facts[0].AgeSeconds != 5 || got.Facts[1].Fresh {
		t.Errorf("%+v", got)
	}
	f.err = followup.ErrNoEntry
	w.refused("no entry", "GET", admin.PathExplain+"?id=x", "", http.StatusNotFound, "TV-4006")
}

func TestWithoutKeysNothingIsFollowedUp(t *testing.T) {
	w := newWorld(t)
	w.refused("report", "POST", admin.PathReport, "{}", http.StatusServiceUnavailable, "TV-4004")
	w.refused("explain", "GET", admin.PathExplain+"?id=x", "", http.StatusServiceUnavailable, "TV-4004")
	if status, _, text := w.call("GET", admin.PathMetrics, ""); status != http.StatusOK || text != "numbers" {
		t.Errorf("%d %s", status, text)
	}
}
