package upstream_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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
	path := filepath.Join(t.TempDir(), "register.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return upstream.NewRegister(path, digest).Read(t.Context())
}

func must[T any](t *testing.T, parse func(string) (T, error), s string) T {
	t.Helper()
	v, err := parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const whole = `
[[person]]
key = "anna"
name = "Anna Andersson"
title = "Sjuksköterska"
employee = "SE2321000016-1ANN"

[[employee]]
id = "se2321000016-1ann"

[[source]]
id = "SE2321000016-1SRC"
agent = "SE2321000016-1AGE"
contracts = ["GetDiagnosis", "GetCareContacts"]

[[patient]]
patient = "19970106-2383"
protected = true
linked = ["191212121212"]

[[patient]]
patient = "22970106AB12"
deceased = true
`

// ids may be compared, though they do not print.
var sameIDs = cmp.Options{
	cmp.Comparer(func(a, b protocol.PatientID) bool { return a == b }),
	cmp.Comparer(func(a, b protocol.EmployeeID) bool { return a == b }),
	cmp.Comparer(func(a, b protocol.SourceID) bool { return a == b }),
}

func TestRegisterReadsEveryTable(t *testing.T) {
	got, err := feed(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	anna := must(t, protocol.ParseEmployeeID, "SE2321000016-1ANN")
	want := upstream.Snapshot{
		People:    []upstream.Person{{Key: "anna", Name: "Anna Andersson", Title: "Sjuksköterska", Employee: anna}},
		Employees: []protocol.EmployeeID{anna},
		Sources: []upstream.Source{{
			ID: must(t, protocol.ParseSourceID, "SE2321000016-1SRC"), Agent: must(t, protocol.ParseSourceID, "SE2321000016-1AGE"),
			Contracts: []protocol.Contract{protocol.Diagnosis, protocol.CareContacts},
		}},
		Patients: []upstream.Patient{ // the linked id is the same person: also protected
			{ID: must(t, protocol.ParsePatientID, patient), Row: projection.Person{Protected: true, Linked: []string{"191212121212"}}},
			{ID: must(t, protocol.ParsePatientID, "191212121212"), Row: projection.Person{Protected: true, Linked: []string{patient}}},
			{ID: must(t, protocol.ParsePatientID, "22970106AB12"), Row: projection.Person{Deceased: true}},
		},
	}
	got.Watermark, got.AsOf = "", 0
	if diff := cmp.Diff(want, got, sameIDs); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
}

// What links two ids links their whole persons, in whatever order the rows stand.
func TestLinkedIdsAreOnePerson(t *testing.T) {
	a, b, c := "199701062383", "191212121212", "22970106AB12"
	for name, text := range map[string]string{
		"a chain":  "[[patient]]\npatient = \"" + a + "\"\nlinked = [\"" + b + "\"]\n[[patient]]\npatient = \"" + b + "\"\nlinked = [\"" + c + "\"]\nprotected = true\n",
		"a star":   "[[patient]]\npatient = \"" + b + "\"\nlinked = [\"" + a + "\", \"" + c + "\"]\n[[patient]]\npatient = \"" + c + "\"\nprotected = true\n",
		"a circle": "[[patient]]\npatient = \"" + a + "\"\nprotected = true\nlinked = [\"" + b + "\"]\n[[patient]]\npatient = \"" + b + "\"\nlinked = [\"" + c + "\"]\n[[patient]]\npatient = \"" + c + "\"\nlinked = [\"" + a + "\", \"" + c + "\"]\n",
	} {
		got, err := feed(t, text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got.Patients) != 3 {
			t.Errorf("%s: %d patients", name, len(got.Patients))
		}
		for _, p := range got.Patients {
			if !p.Row.Protected || len(p.Row.Linked) != 2 || p.Row.Linked[0] == p.ID.Reveal() || p.Row.Linked[1] == p.ID.Reveal() {
				t.Errorf("%s: a patient is protected %v, with %d others", name, p.Row.Protected, len(p.Row.Linked))
			}
		}
	}
}

// TestFaultsNameTheRowAlone holds every refusal, and that none of them quotes the file.
func TestFaultsNameTheRowAlone(t *testing.T) {
	row := "[[patient]]\npatient = \"" + patient + "\"\n"
	var many strings.Builder // ids of one person, and one too many
	for i := range projection.MaxLinked + 1 {
		fmt.Fprintf(&many, "\"229701%02dAB12\", ", i+1)
	}
	cases := []struct{ name, text, want string }{
		{"nothing, as while it is written", " \n", "empty: somebody is writing it"},
		{"not TOML", "secret", "line 1, column"},
		{"an unknown key", row + "secret = 1\n", "line 3, column 1: a key that is not known"},
		{"an unknown table", "[[secret]]\nx = 1\n", "line 1"},
		{"a table of before", "[[commission]]\nid = \"secret\"\n", "line 1"},
		{"a value of another kind", "[[patient]]\npatient = 199701062384\n", "line 2, column 11"},
		{"a wrong check digit", strings.Replace(row, "2383", "2384", 1), "[[patient]] row 1, patient: protocol: patient id has a wrong check digit"},
		{"no patient", "[[patient]]\nprotected = true\n", "[[patient]] row 1, patient: is needed"},
		{"a patient twice", row + row, "[[patient]] row 2, patient: the same as in row 1"},
		{"a bad linked id", row + "linked = [\"secret\"]\n", "[[patient]] row 1, linked: protocol: patient id"},
		{"too many linked ids", row + "linked = [" + many.String() + "]\n", "[[patient]] row 1, linked: one person has more than 9 ids"},
		{"a bad HSA-id", "[[employee]]\nid = \"secret å\"\n", "[[employee]] row 1, id: protocol: HSA-id"},
		{"an employee twice", strings.Repeat("[[employee]]\nid = \"SE2321000016-1ANN\"\n", 2), "[[employee]] row 2, id: the same as in row 1"},
		{"an unknown contract", "[[source]]\nid = \"SE2321000016-1SRC\"\ncontracts = [\"secret\"]\n", "[[source]] row 1, contracts: names a contract that is not known"},
		{"a person twice", strings.Repeat("[[person]]\nkey = \"secret\"\nname = \"n\"\nemployee = \"SE2321000016-1ANN\"\n", 2), "[[person]] row 2, key: the same as in row 1"},
		{"too many people", strings.Repeat("[[person]]\n", protocol.MaxPeople+1), "[[person]]: more than 50 rows"},
		{"too many employees", strings.Repeat("[[employee]]\n", upstream.MaxEmployees+1), "[[employee]]: more than 5000 rows"},
		{"a long text", "[[person]]\nkey = \"" + strings.Repeat("secret", 200) + "\"\nname = \"n\"\nemployee = \"SE2321000016-1ANN\"\n", "[[person]] row 1, key: longer than"},
	}
	for _, c := range cases {
		got, err := feed(t, c.text)
		if err == nil || !errors.Is(err, upstream.ErrFeed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want ErrFeed with %q", c.name, err, c.want)
			continue
		}
		if !strings.Contains(err.Error(), "register.toml") {
			t.Errorf("%s: the error does not name the file: %v", c.name, err)
		}
		for _, leak := range []string{"secret", "1997", "2297", "2383", "2384"} {
			if strings.Contains(err.Error(), leak) {
				t.Errorf("%s: the error quotes the file: %v", c.name, err)
			}
		}
		if got.Patients != nil || got.Watermark != "" {
			t.Errorf("%s: a part was returned with the error", c.name)
		}
	}
}

func TestFaultsAreBounded(t *testing.T) {
	_, err := feed(t, strings.Repeat("[[patient]]\n", 500))
	if err == nil || strings.Count(err.Error(), "\n") != 20 || !strings.HasSuffix(err.Error(), "and more") {
		t.Errorf("500 bad rows: %v", err)
	}
}

func TestRegisterIsBounded(t *testing.T) {
	if _, err := feed(t, strings.Repeat("\n", upstream.MaxFileBytes+1)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a file past the limit: %v", err)
	}
	if _, err := feed(t, strings.Repeat("[[source]]\n", upstream.MaxRows+1)); err == nil || !strings.Contains(err.Error(), "[[source]]: more than 100000 rows") {
		t.Errorf("a table past the limit: %v", err)
	}
}

func TestWatermarkFollowsTheContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "register.toml")
		write := func(text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		file := upstream.NewRegister(path, digest)
		read := func() upstream.Snapshot {
			s, err := file.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if _, err := file.Read(t.Context()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("no file: %v", err)
		}
		write(whole)
		first := read()
		<-time.After(time.Minute) // the bubble's clock
		second := read()
		if first.Watermark == "" || second.Watermark != first.Watermark || len(second.Patients) != len(first.Patients) {
			t.Error("the same content has another watermark or other rows")
		}
		if got := second.AsOf - first.AsOf; got != 60_000 {
			t.Errorf("as-of moved %d ms, want 60000", got)
		}
		write("# nothing\n")
		if third := read(); third.Watermark == first.Watermark || len(third.Patients) != 0 {
			t.Error("another content has the same watermark or the old rows")
		}
		write("broken")
		if _, err := file.Read(t.Context()); err == nil {
			t.Error("a broken file was read")
		}
	})
}

func TestRegisterEndsWithItsContext(t *testing.T) {
	file := upstream.NewRegister(filepath.Join(t.TempDir(), "none"), digest)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := file.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Read after the end: %v", err)
	}
}

// A file that becomes open to everyone while a node runs is not read any more, and one
// that is closed again is.
func TestAPrivateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "register.toml")
	file := upstream.NewRegister(path, digest)
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
		if _, err := file.Read(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%04o: %v, want %v", c.mode, err, c.want)
		}
		if err := file.Private(); !errors.Is(err, c.want) {
			t.Errorf("%04o, asked: %v, want %v", c.mode, err, c.want)
		}
	}
}
