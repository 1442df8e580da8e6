package source_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/ops/internal/source"
	"tvilling/protocol/admin"
)

func TestVerification(t *testing.T) {
	v := admin.Verification{Contract: "GetDiagnosis", Major: 2, Records: 1, Unlisted: 3, Findings: []admin.Verified{
		{Severity: admin.SeverityNotes, Place: "a/b, line 2", Expected: "an id", Found: "missing"},
		{Severity: admin.SeverityHinders, Place: "a/c, line 3", Expected: "a unit", Found: "empty"},
		{Severity: admin.SeverityDeviates, Place: "a/d, line 4", Expected: "a time", Found: "another form"},
	}}
	var b bytes.Buffer
	if err := source.PrintVerification(&b, "x.xml", v); err != nil {
		t.Fatal(err)
	}
	want := `x.xml: GetDiagnosis 2, 1 record
SEVERITY  EXPECTED  FOUND         PLACE
hinders   a unit    empty         a/c, line 3
deviates  a time    another form  a/d, line 4
notes     an id     missing       a/b, line 2
and 3 findings more, which are not listed
Verdict: NOT READY for an end-to-end test: 1 hinder, 1 deviate, 1 to note
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestVerdicts(t *testing.T) {
	deviates := []admin.Verified{{Severity: admin.SeverityDeviates}}
	for want, v := range map[string]admin.Verification{
		"Verdict: READY for an end-to-end test: 0 hinder":                                 {Records: 2, Approved: true},
		"Verdict: READY for an end-to-end test, with deviations to agree on: 0 hinder, 1": {Records: 1, Approved: true, Findings: deviates},
		"NOTHING TO JUDGE":                    {Approved: true},
		"NOT READY":                           {Records: 1},
		"no contract that is kept, 0 records": {},
	} {
		var b bytes.Buffer
		if err := source.PrintVerification(&b, "f\x1b[2J", v); err != nil || !strings.Contains(b.String(), want) || strings.Contains(b.String(), "\x1b") {
			t.Errorf("%q is not in %q (%v)", want, b.String(), err)
		}
	}
	if err := source.PrintVerification(failing{}, "f", admin.Verification{}); !errors.Is(err, errFull) {
		t.Errorf("error is %v", err)
	}
}
