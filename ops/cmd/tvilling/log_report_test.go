package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"tvilling/protocol"
	"tvilling/protocol/admin"
)

func stockholm(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

const reportPatient = "199701062383"

func TestReportFlags(t *testing.T) {
	now := time.Date(2026, 3, 29, 12, 0, 0, 0, stockholm(t))
	file := filepath.Join(t.TempDir(), "patient")
	if err := os.WriteFile(file, []byte(" 19970106-2383\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := reportFlags{query: admin.ReportQuery{Kind: "patient", CareProvider: "own"}, from: "2026-03-28", to: "2026-03-29", patientFile: file, limit: 1}
	if err := f.read(nil, now); err != nil {
		t.Fatal(err)
	}
	if f.query.Patient != reportPatient || f.query.From != "2026-03-28T00:00:00+01:00" || f.query.To != "2026-03-29T23:59:59+02:00" { // the clocks change
		t.Errorf("asked %s to %s", f.query.From, f.query.To)
	}
	f = reportFlags{query: admin.ReportQuery{Kind: "own-access", CareProvider: "own"}, patientFile: "-", limit: 1}
	if err := f.read(strings.NewReader(reportPatient), now); err != nil || f.query.Patient != reportPatient {
		t.Errorf("from standard input: %v", err)
	}
	f = reportFlags{query: admin.ReportQuery{Kind: "emergencies", CareProvider: "own"}, limit: 1}
	if err := f.read(nil, now); err != nil || f.query.From != "" {
		t.Errorf("the whole queue: %v, from %q", err, f.query.From)
	}
	for name, f := range map[string]reportFlags{
		"kind":        {query: admin.ReportQuery{Kind: "all", CareProvider: "own"}, limit: 1},
		"whose":       {query: admin.ReportQuery{Kind: "provider"}, limit: 1},
		"limit":       {query: admin.ReportQuery{Kind: "provider", CareProvider: "own"}},
		"employee":    {query: admin.ReportQuery{Kind: "employee", CareProvider: "own"}, limit: 1},
		"no employee": {query: admin.ReportQuery{Kind: "provider", CareProvider: "own", Employee: "E"}, limit: 1},
		"patient":     {query: admin.ReportQuery{Kind: "patient", CareProvider: "own"}, limit: 1},
		"no patient":  {query: admin.ReportQuery{Kind: "owner", CareProvider: "own"}, patientFile: file, limit: 1},
		"from":        {query: admin.ReportQuery{Kind: "owner", CareProvider: "own"}, from: "yesterday", limit: 1},
		"backwards":   {query: admin.ReportQuery{Kind: "owner", CareProvider: "own"}, from: "2026-03-02", to: "2026-03-01", limit: 1},
		"too long":    {query: admin.ReportQuery{Kind: "owner", CareProvider: "own"}, from: "2026-01-01", to: "2026-04-05", limit: 1},
		"no file":     {query: admin.ReportQuery{Kind: "patient", CareProvider: "own"}, patientFile: file + "x", limit: 1},
		"wrong id":    {query: admin.ReportQuery{Kind: "patient", CareProvider: "own"}, patientFile: "-", limit: 1},
	} {
		err := f.read(strings.NewReader("199701062384"), now)
		if err == nil || codeOf(err) != exitUsage {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "199701062384") {
			t.Errorf("%s: the error names the patient: %v", name, err)
		}
	}
}

func TestReportsArePrinted(t *testing.T) {
	r := admin.Report{More: true, Rows: []admin.ReportRow{
		{ID: "7-A", At: "2026-03-29T10:00:00Z", Activity: "Läsa", Permit: true, Who: admin.ReportWho{Employee: "E1", Name: "=Anna", CareProvider: "Own"}},
		{Who: admin.ReportWho{CareProvider: "Other"}},
	}}
	text := printed(t, "provider", r)
	for _, want := range []string{"2026-03-29 12:00:00", "permitted", "Läsa", "rows: 2, employees: 1, refused: 0", "There is more"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	every := r
	for _, contract := range protocol.Contracts() {
		every.Rows[0].Contracts = append(every.Rows[0].Contracts, contract.String())
	}
	if all := printed(t, "provider", every); !strings.Contains(all, "every type") {
		t.Errorf("each of all types is told:\n%s", all)
	}
	every.Rows[0].Contracts = nil
	if strings.Contains(text, "REVIEWED") || strings.Contains(strings.SplitN(text, "\n", 4)[2], "refused") {
		t.Errorf("an empty column, or an outcome that is not told:\n%s", text)
	}
	counts := []admin.ReportCount{{Series: "users", Label: "2026-03", Number: 12}, {Series: "users", Label: "08", Few: true}, {Series: "users", Label: "7", Number: 10}}
	text = printed(t, "statistics", admin.Report{Counts: counts})
	for _, want := range []string{"USERS PER MONTH", "2026-03", "12", "USERS PER HOUR", "under 10", "USERS PER WEEKDAY", "Sunday", "not told"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := printed(t, "owner", admin.Report{}); text != "Nothing was found.\n" {
		t.Errorf("printed %q", text)
	}
	var out bytes.Buffer
	if err := writeCSV(&out, r, stockholm(t)); err != nil || !strings.Contains(out.String(), ",'=Anna,") || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("%v:\n%s", err, out.String())
	}
	out.Reset()
	if err := writeCSV(&out, admin.Report{Counts: counts}, stockholm(t)); err != nil || !strings.Contains(out.String(), "users,08,under 10\n") {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

func printed(t *testing.T, kind string, r admin.Report) string {
	t.Helper()
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 4, 2, ' ', 0)
	printReport(w, kind, r, stockholm(t))
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
