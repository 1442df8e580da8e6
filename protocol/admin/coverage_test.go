package admin

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
)

func coverageRow() CoverageRow {
	return CoverageRow{CareProvider: "se0000000101-p001", Name: "Regionen", Contract: "GetDiagnosis", Since: "2024-01-31"}
}

func TestCoverageParse(t *testing.T) {
	ended := coverageRow()
	ended.Since, ended.Until, ended.Name = "2023-01-01", "2024-01-30", "Regionen"
	got, err := CoverageTable{Rows: []CoverageRow{coverageRow(), ended}}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) protocol.Civil { c, _ := protocol.ParseCivil(s); return c }
	want := []protocol.CoverageRow{
		{CareProvider: "SE0000000101-P001", Name: "Regionen", Contract: protocol.Diagnosis, Since: day("20240131")},
		{CareProvider: "SE0000000101-P001", Name: "Regionen", Contract: protocol.Diagnosis, Since: day("20230101"), Until: day("20240130")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := (CoverageTable{}).Parse(); err != nil || len(got) != 0 {
		t.Errorf("no rows: %v, %v", got, err)
	}
}

func TestCoverageFaults(t *testing.T) {
	for what, spoil := range map[string]func(*CoverageRow){
		"care_provider": func(r *CoverageRow) { r.CareProvider = "x y" },
		"name: a name":  func(r *CoverageRow) { r.Name = "" },
		"on one line":   func(r *CoverageRow) { r.Name = "a\nb" },
		"128 bytes":     func(r *CoverageRow) { r.Name = strings.Repeat("x", protocol.MaxNameBytes+1) },
		"otherwise":     func(r *CoverageRow) { r.Name, r.Contract = "Another", "GetCarePlans" },
		"no contract":   func(r *CoverageRow) { r.Contract = "GetEverything" },
		"since: a day":  func(r *CoverageRow) { r.Since = "2024-01" },
		"since":         func(r *CoverageRow) { r.Since = "" },
		"until: a day":  func(r *CoverageRow) { r.Until = "2024-02-30" },
		"until: it is":  func(r *CoverageRow) { r.Until = "2024-01-30" },
		"same time":     func(r *CoverageRow) { r.Since, r.Until = "2020-01-01", "2024-01-31" },
	} {
		bad := coverageRow()
		bad.Name, bad.CareProvider = "Regionen", "SE0000000101-P001"
		spoil(&bad)
		rows, err := CoverageTable{Rows: []CoverageRow{coverageRow(), bad}}.Parse()
		if rows != nil || !errors.Is(err, ErrCoverage) || !strings.Contains(err.Error(), "row 2: ") || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestCoverageFaultsAtOnce holds that every fault is named, and of very many the first.
func TestCoverageFaultsAtOnce(t *testing.T) {
	_, err := CoverageTable{Rows: []CoverageRow{{}}}.Parse()
	for _, what := range []string{"care_provider", "name", "contract", "since"} {
		if !strings.Contains(err.Error(), what) {
			t.Errorf("%s is not named: %v", what, err)
		}
	}
	_, err = CoverageTable{Rows: slices.Repeat([]CoverageRow{{}}, protocol.MaxCoverageRows+1)}.Parse()
	if lines := strings.Count(err.Error(), "\n"); lines != maxCoverageFaults || !strings.Contains(err.Error(), "4801 rows") {
		t.Errorf("%d lines", lines)
	}
}
