package client

import (
	"strings"
	"testing"

	"tvilling/protocol"
)

// A number that is still being typed is not wrong yet, with a hyphen or without.
func TestNumberThatIsBeingTypedIsNotWrongYet(t *testing.T) {
	p := toPatient(t)
	hint := func(typed string) string {
		p.do(Typed{FieldPatient, typed})
		return regionOf(Render(&p.s), "patient-hint")
	}
	for _, typed := range []string{"1997", "19970106-", "19970106-238", "19970106238", " 19970106-238", "19970106+238"} {
		if got := hint(typed); strings.Contains(got, "patient-bad") {
			t.Errorf("%q: %s", typed, got)
		}
	}
	for _, typed := range []string{"19970106-2384", "199701062384"} {
		if got := hint(typed); !strings.Contains(got, "patient-bad") {
			t.Errorf("%q: %s", typed, got)
		}
	}
}

// What a field is to be filled in with is said in the user's language.
func TestFieldsSayTheirFormInTheUsersLanguage(t *testing.T) {
	p := toPatient(t)
	for lang, want := range map[protocol.Language]string{protocol.Swedish: `placeholder="ÅÅÅÅMMDD-NNNN"`, protocol.English: `placeholder="YYYYMMDD-NNNN"`} {
		r := renderer{s: &p.s, lang: lang}
		p.s.Follow.Kind = protocol.ReportPatient
		for name, html := range map[string]string{"patient": r.patientPage(), "report": r.followPage()} {
			if !strings.Contains(html, want) {
				t.Errorf("%s: no %s", name, want)
			}
		}
	}
}

// The list of keys has every key that means something where a document is read.
func TestKeysOfReadingAreListed(t *testing.T) {
	p := toPatient(t)
	p.s.Desk.Guide = viewPatient
	if got := textOfPage((&renderer{s: &p.s}).guide()); !strings.Contains(got, " n, p ") {
		t.Errorf("the keys are %s", got)
	}
}
