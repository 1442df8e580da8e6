package upstream_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/projection"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
)

const patient = "199701062383"

func digest(plain ...[]byte) (out [16]byte) {
	hash := sha256.New()
	for _, p := range plain {
		hash.Write(p)
	}
	return [16]byte(hash.Sum(nil))
}

func feed(t *testing.T, text string) (upstream.Snapshot, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "feeds.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := upstream.NewFile(path, digest)
	if err != nil {
		t.Fatal(err)
	}
	return file.Feed(t.Context())
}

func must[T any](t *testing.T, parse func(string) (T, error), s string) T {
	t.Helper()
	v, err := parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func millis(t *testing.T, s string) protocol.Instant {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return protocol.Instant(at.UnixMilli())
}

const whole = `
[[person]]
key = "anna"
name = "Anna Andersson"
title = "Sjuksköterska"
employee = "SE2321000016-1ANN"

[[commission]]
employee = "se2321000016-1ann"
id = "SE2321000016-1UPP"
name = "Vård och behandling, avdelning 1"
purpose = "Vård och behandling"
rights = ["Läsa;alla;SJF", "Skriva;dia;VE"]
care_unit = "SE2321000016-1VE1"
care_unit_name = "Avdelning 1"
care_provider = "SE2321000016-1VG1"
care_provider_name = "Regionen"
start = 2026-01-01
end = "2026-12-31"

[[relation]]
patient = "19970106-2383"
care_provider = "SE2321000016-1VG1"
care_unit = "SE2321000016-1VE1"
start = "2026-06-01T10:00:00Z"

[[consent]]
patient = "199701062383"
id = "c1"
care_provider = "SE2321000016-1VG1"
care_unit = "SE2321000016-1VE1"
employee = "SE2321000016-1ANN"
start = 2026-06-01T10:00:00
end = "2026-06-30 23:00"

[[block]]
patient = "199701062383"
id = "b1"
kind = "inner"
care_provider = "SE2321000016-1VG1"
care_unit = "SE2321000016-1VE2"
start = "2020-01-01"
exempt = ["lak"]

[[block.lift]]
care_unit = "SE2321000016-1VE1"
end = "2026-07-01"

[[block]]
patient = "199701062383"
id = "b2"
kind = "outer"
care_provider = "SE2321000016-1VG2"

[[source]]
id = "SE2321000016-1SRC"
agent = "SE2321000016-1AGE"
contracts = ["GetDiagnosis", "GetCareContacts"]
`

func TestFeedReadsEveryTable(t *testing.T) {
	got, err := feed(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	const provider, unit, anna = "SE2321000016-1VG1", "SE2321000016-1VE1", "SE2321000016-1ANN"
	employee := must(t, protocol.ParseEmployeeID, anna)
	subject := must(t, protocol.ParsePatientID, patient)
	want := upstream.Snapshot{
		Commissions: []upstream.Commission{{Employee: employee, Row: projection.Commission{
			ID: "SE2321000016-1UPP", Name: "Vård och behandling, avdelning 1", Purpose: "Vård och behandling",
			Rights:   []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "SJF"}, {Activity: "Skriva", InformationClass: "dia", Scope: "VE"}},
			CareUnit: unit, CareUnitName: "Avdelning 1", CareProvider: provider, CareProviderName: "Regionen",
			Start: millis(t, "2025-12-31T23:00:00Z"), End: millis(t, "2026-12-31T22:59:59.999Z"),
			EmployeeName: "Anna Andersson", EmployeeTitle: "Sjuksköterska",
		}}},
		Relations: []upstream.Relation{{Patient: subject, Row: projection.Relation{
			CareProvider: provider, CareUnit: unit, Start: millis(t, "2026-06-01T10:00:00Z"),
		}}},
		Consents: []upstream.Consent{{Patient: subject, Row: projection.Consent{
			ID: "c1", CareProvider: provider, CareUnit: unit, Employee: anna,
			Start: millis(t, "2026-06-01T08:00:00Z"), End: millis(t, "2026-06-30T21:00:00Z"),
		}}},
		Blocks: []upstream.Block{
			{Patient: subject, Row: projection.Block{
				ID: "b1", Inner: true, CareProvider: provider, CareUnit: "SE2321000016-1VE2",
				Start: must(t, protocol.ParseCivil, "20200101"), Exempt: []string{"lak"},
				Lifts: []projection.Lift{{CareUnit: unit, End: millis(t, "2026-07-01T21:59:59.999Z")}},
			}},
			{Patient: subject, Row: projection.Block{ID: "b2", CareProvider: "SE2321000016-1VG2"}},
		},
		People: []upstream.Person{{Key: "anna", Name: "Anna Andersson", Title: "Sjuksköterska", Employee: employee}},
		Sources: []upstream.Source{{
			ID: must(t, protocol.ParseSourceID, "SE2321000016-1SRC"), Agent: must(t, protocol.ParseSourceID, "SE2321000016-1AGE"),
			Contracts: []protocol.Contract{protocol.Diagnosis, protocol.CareContacts},
		}},
	}
	got.Watermark, got.AsOf = "", 0
	same := cmp.Options{
		cmp.Comparer(func(a, b protocol.PatientID) bool { return a == b }),
		cmp.Comparer(func(a, b protocol.EmployeeID) bool { return a == b }),
		cmp.Comparer(func(a, b protocol.SourceID) bool { return a == b }),
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
}

// TestFaultsNameTheRowAlone holds every refusal, and that none of them quotes the file.
func TestFaultsNameTheRowAlone(t *testing.T) {
	const units = `care_provider = "SE2321000016-1VG1"` + "\n" + `care_unit = "SE2321000016-1VE1"` + "\n"
	relation := "[[relation]]\npatient = \"" + patient + "\"\n" + units
	consent := "[[consent]]\npatient = \"" + patient + "\"\n" + units
	block := "[[block]]\npatient = \"" + patient + "\"\nid = \"secret\"\n"
	cases := []struct{ name, text, want string }{
		{"nothing, as while it is written", " \n", "empty: somebody is writing it"},
		{"not TOML", "secret", "line 1, column"},
		{"an unknown key", relation + "secret = 1\n", "line 5, column 1: a key that is not known"},
		{"an unknown table", "[[secret]]\nx = 1\n", "line 1"},
		{"a value of another kind", "[[relation]]\npatient = 199701062384\n", "line 2, column 11"},
		{"a wrong check digit", strings.Replace(relation, "2383", "2384", 1), "[[relation]] row 1, patient: protocol: patient id has a wrong check digit"},
		{"no patient", "[[relation]]\n" + units, "[[relation]] row 1, patient: is needed"},
		{"no care unit", strings.Split(relation, "care_unit")[0], "row 1, care_unit: is needed"},
		{"a bad HSA-id", strings.Replace(relation, "1VE1", "secret å", 1), "row 1, care_unit: protocol: HSA-id"},
		{"a bad time", relation + `start = "secret"`, "row 1, start: not a time"},
		{"a zone in words", relation + `start = "2026-01-01T10:00:00 CET"`, "row 1, start: not a time"},
		{"the end before the start", relation + "start = 2026-02-01\nend = 2026-01-31\n", "row 1, end: before start"},
		{"a time of day alone", relation + "start = 10:00:00\n", "row 1, start: not a time"},
		{"a number for a time", relation + "start = 19970106\n", "row 1, start: not a time"},
		{"before 1970", relation + "start = 1969-02-01\n", "row 1, start: not a time"},
		{"a relation twice", relation + relation, "[[relation]] row 2, patient, care_provider, care_unit and employee: the same as in row 1"},
		{"a relation without a start", relation, "[[relation]] row 1, start: is needed"},
		{"a consent without an id", consent + "start = 2026-01-01\n", "[[consent]] row 1, id: is needed"},
		{"a consent without a start", consent + "id = \"secret\"\n", "[[consent]] row 1, start: is needed"},
		{"a consent twice", strings.Repeat(consent+"id = \"secret\"\nstart = 2026-01-01\n", 2), "[[consent]] row 2, id: the same as in row 1"},
		{"a block of no kind", block + `care_provider = "SE2321000016-1VG1"`, "[[block]] row 1, kind: is inner or outer"},
		{"an inner block of no unit", block + "kind = \"inner\"\n" + `care_provider = "SE2321000016-1VG1"`, "[[block]] row 1, care_unit: is needed for an inner block"},
		{"an outer block of a unit", block + "kind = \"outer\"\n" + units, "[[block]] row 1, care_unit: is needed for an inner block, and only then"},
		{"an unknown exemption", block + "kind = \"outer\"\nexempt = [\"secret\"]\n" + `care_provider = "SE2321000016-1VG1"`, "[[block]] row 1, exempt: is lak or upp"},
		{"a block with a zone", block + "kind = \"outer\"\nstart = \"2026-01-01T10:00:00Z\"\n" + `care_provider = "SE2321000016-1VG1"`, "[[block]] row 1, start: not a Swedish local"},
		{"a lift without an end", block + "kind = \"outer\"\n" + `care_provider = "SE2321000016-1VG1"` + "\n[[block.lift]]\ncare_unit = \"SE2321000016-1VE1\"\n", "[[block]] row 1, lift.end: is needed"},
		{"a right of another form", "[[commission]]\nemployee = \"SE2321000016-1ANN\"\nid = \"SE2321000016-1UPP\"\nname = \"n\"\npurpose = \"p\"\nrights = [\"secret\"]\n" + units, "[[commission]] row 1, rights: not of the form"},
		{"an unknown contract", "[[source]]\nid = \"SE2321000016-1SRC\"\ncontracts = [\"secret\"]\n", "[[source]] row 1, contracts: names a contract that is not known"},
		{"a person twice", strings.Repeat("[[person]]\nkey = \"secret\"\nname = \"n\"\nemployee = \"SE2321000016-1ANN\"\n", 2), "[[person]] row 2, key: the same as in row 1"},
		{"too many people", strings.Repeat("[[person]]\n", protocol.MaxPeople+1), "[[person]]: more than 50 rows"},
		{"a long text", "[[person]]\nkey = \"" + strings.Repeat("secret", 200) + "\"\nname = \"n\"\nemployee = \"SE2321000016-1ANN\"\n", "[[person]] row 1, key: longer than"},
	}
	for _, c := range cases {
		got, err := feed(t, c.text)
		if err == nil || !errors.Is(err, upstream.ErrFeed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want ErrFeed with %q", c.name, err, c.want)
			continue
		}
		if !strings.Contains(err.Error(), "feeds.toml") {
			t.Errorf("%s: the error does not name the file: %v", c.name, err)
		}
		for _, leak := range []string{"secret", "1997", "2383", "2384"} {
			if strings.Contains(err.Error(), leak) {
				t.Errorf("%s: the error quotes the file: %v", c.name, err)
			}
		}
		if got.Relations != nil || got.Watermark != "" {
			t.Errorf("%s: a part was returned with the error", c.name)
		}
	}
}

func TestFaultsAreBounded(t *testing.T) {
	_, err := feed(t, strings.Repeat("[[relation]]\n", 500))
	if err == nil || strings.Count(err.Error(), "\n") != 20 || !strings.HasSuffix(err.Error(), "and more") {
		t.Errorf("500 bad rows: %v", err)
	}
}

func TestFeedIsBounded(t *testing.T) {
	if _, err := feed(t, strings.Repeat("\n", upstream.MaxFileBytes+1)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a file past the limit: %v", err)
	}
	if _, err := feed(t, strings.Repeat("[[source]]\n", upstream.MaxRows+1)); err == nil || !strings.Contains(err.Error(), "[[source]]: more than 100000 rows") {
		t.Errorf("a table past the limit: %v", err)
	}
}

func TestWatermarkFollowsTheContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "feeds.toml")
		write := func(text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		file, err := upstream.NewFile(path, digest)
		if err != nil {
			t.Fatal(err)
		}
		read := func() upstream.Snapshot {
			s, err := file.Feed(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if _, err := file.Feed(t.Context()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("no file: %v", err)
		}
		write(whole)
		first := read()
		<-time.After(time.Minute) // the bubble's clock
		second := read()
		if first.Watermark == "" || second.Watermark != first.Watermark || len(second.Blocks) != len(first.Blocks) {
			t.Error("the same content has another watermark or other rows")
		}
		if got := second.AsOf - first.AsOf; got != 60_000 {
			t.Errorf("as-of moved %d ms, want 60000", got)
		}
		write("# nothing\n")
		if third := read(); third.Watermark == first.Watermark || len(third.Blocks) != 0 {
			t.Error("another content has the same watermark or the old rows")
		}
		write("broken")
		if _, err := file.Feed(t.Context()); err == nil {
			t.Error("a broken file was read")
		}
	})
}

func TestFeedEndsWithItsContext(t *testing.T) {
	file, err := upstream.NewFile(filepath.Join(t.TempDir(), "none"), digest)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := file.Feed(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Feed after the end: %v", err)
	}
}

// A file that becomes open to everyone while a node runs is not read any more, and one
// that is closed again is.
func TestAPrivateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feeds.toml")
	file, err := upstream.NewFile(path, digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Private(); err != nil {
		t.Fatalf("not there yet: %v", err)
	}
	if err := os.WriteFile(path, []byte("# nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode os.FileMode
		want error
	}{{0o600, nil}, {0o644, upstream.ErrOpenToAll}, {0o640, nil}, {0o601, upstream.ErrOpenToAll}} {
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := file.Feed(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%04o: %v, want %v", c.mode, err, c.want)
		}
		if err := file.Private(); !errors.Is(err, c.want) {
			t.Errorf("%04o, asked: %v, want %v", c.mode, err, c.want)
		}
	}
}
