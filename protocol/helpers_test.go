package protocol

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "write the golden files anew")

// same compares values that hold ids.
var same = cmp.Options{
	cmpopts.EquateComparable(PatientID{}, CareProviderID{}, CareUnitID{}, EmployeeID{}, SourceID{}, CommissionID{}),
}

// must returns what a parser of a constant gave.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// shared finds a directory of the published schemas and samples, which are not ours
// and may lie beside the checkout.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := must(os.Getwd())
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skip("no module root above the test")
		}
		dir = up
	}
	found := filepath.Join(dir, "..", "shared", "rivta", name)
	if _, err := os.Stat(found); err != nil {
		t.Skipf("the published %s are not beside the checkout", name)
	}
	return found
}

// golden compares bytes with a golden file of hex, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	text := hexLines(got)
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, text) {
		t.Errorf("%s differs; if the wire was meant to change, count Version up and run with -update\n%s", path, cmp.Diff(string(want), string(text)))
	}
}

func hexLines(b []byte) []byte {
	const digits = "0123456789abcdef"
	var out []byte
	for i, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
		if i%32 == 31 {
			out = append(out, '\n')
		}
	}
	if len(b)%32 != 0 {
		out = append(out, '\n')
	}
	return out
}
