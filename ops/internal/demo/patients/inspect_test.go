package patients_test

import (
	"strings"
	"testing"
	"time"

	"tvilling/node"
	"tvilling/ops/internal/demo/patients"
)

// A node reads every message as it was meant: nothing deviates from its contract,
// and every record has an owner but Egon's.
func TestNodesReadThemWithoutDeviations(t *testing.T) {
	for _, a := range patients.Answers(time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)) {
		in, err := node.Inspect(a.Message)
		if err != nil {
			t.Errorf("%v of %s: %v", a.Contract, a.System, err)
			continue
		}
		if in.Contract != a.Contract.String() || len(in.Documents) != a.Records || !in.Complete || in.Patients != 1 {
			t.Errorf("%v of %s: read as %s, %d documents of %d, complete %v, patients %d",
				a.Contract, a.System, in.Contract, len(in.Documents), a.Records, in.Complete, in.Patients)
		}
		for _, d := range in.Deviations {
			if a.Patient == patients.Egon && strings.HasPrefix(d.What, "no id of the care ") {
				continue // that is what he is for
			}
			t.Errorf("%v of %s: %s: %s", a.Contract, a.System, d.Place, d.What)
		}
		for _, d := range in.Documents {
			if !d.Shown && a.Patient != patients.Egon {
				t.Errorf("%v of %s: %s would not be shown: %s", a.Contract, a.System, d.Header.RecordID, d.Hidden)
			}
			if d.Header.Title == "" || len(d.Body) == 0 || d.Header.Time == nil {
				t.Errorf("%v of %s: %s has title %q, %d sections, time %v", a.Contract, a.System, d.Header.RecordID, d.Header.Title, len(d.Body), d.Header.Time)
			}
		}
	}
}
