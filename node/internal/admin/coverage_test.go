package admin

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/cluster"
	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

func TestCoverage(t *testing.T) {
	w := newWorld(t)
	if got := done[admin.CoverageTable](w, "GET", admin.PathCoverage, ""); got.Rows == nil || len(got.Rows) != 0 {
		t.Errorf("none: %+v", got)
	}
	const row = `{"care_provider":"se0000000101-p001","name":"Regionen","contract":"GetDiagnosis","since":`
	made := done[admin.Done](w, "POST", admin.PathCoverage, `{"rows":[`+row+`"2024-01-31"},`+row+`"2020-01-01","until":"2021-01-01"}]}`)
	if made.Index != w.members.FSM.AppliedIndex() {
		t.Errorf("durable at %d", made.Index)
	}
	want := []admin.CoverageRow{
		{CareProvider: "SE0000000101-P001", Name: "Regionen", Contract: "GetDiagnosis", Since: "2020-01-01", Until: "2021-01-01"},
		{CareProvider: "SE0000000101-P001", Name: "Regionen", Contract: "GetDiagnosis", Since: "2024-01-31"},
	}
	if diff := cmp.Diff(want, done[admin.CoverageTable](w, "GET", admin.PathCoverage, "").Rows); diff != "" {
		t.Error(diff)
	}
	w.members.Take()
	p := w.refused("two faults", "POST", admin.PathCoverage, `{"rows":[`+row+`"2024-01-31"},{"name":"x"}]}`, 400, "TV-4001")
	if !strings.Contains(p.Detail, "row 2: care_provider") || !strings.Contains(p.Detail, "row 2: since") {
		t.Errorf("the detail is %q", p.Detail)
	}
	if n := len(w.members.Take()); n > 0 {
		t.Errorf("%d commands were proposed", n)
	}
	w.members.Before(func(command.Command) error { return cluster.ErrNoQuorum })
	w.refused("no quorum", "POST", admin.PathCoverage, `{"rows":[]}`, 503, "TV-4003")
	w.state.err = errors.New("cannot read")
	w.refused("a state that cannot be read", "GET", admin.PathCoverage, "", 503, "TV-4003")
}

// TestLargeCoverage takes a table that is larger than what other calls may be.
func TestLargeCoverage(t *testing.T) {
	w := newWorld(t)
	body := `{"rows":[` + strings.Repeat(" ", maxBodyBytes) + `]}`
	done[admin.Done](w, "POST", admin.PathCoverage, body)
	w.refused("too large", "POST", admin.PathCoverage, strings.Repeat(" ", maxCoverageBytes+1), 400, "TV-4001")
}
