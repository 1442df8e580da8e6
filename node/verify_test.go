package node

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol/admin"
)

func TestVerify(t *testing.T) {
	message, err := os.ReadFile("../testdata/rivta/diagnosis.xml")
	if err != nil {
		t.Fatal(err)
	}
	v := Verify(message)
	if v.Contract != "GetDiagnosis" || v.Major != 2 || v.Records != 3 || v.Approved {
		t.Errorf("%+v", v)
	}
	counts := map[string]int{}
	for _, f := range v.Findings {
		counts[f.Severity]++
		if !strings.Contains(f.Place, "line ") || f.Expected == "" || f.Found == "" {
			t.Errorf("%+v", f)
		}
	}
	if diff := cmp.Diff(map[string]int{admin.SeverityHinders: 3, admin.SeverityDeviates: 3}, counts); diff != "" {
		t.Error(diff)
	}
	if v := Verify([]byte("no message")); v.Contract != "" || v.Approved || len(v.Findings) != 1 {
		t.Errorf("%+v", v)
	}
	answer := []byte(`<GetDiagnosisResponse xmlns="urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2"/>`)
	if v := Verify(answer); !v.Approved || v.Findings[0].Severity != admin.SeverityNotes {
		t.Errorf("%+v", v)
	}
}
