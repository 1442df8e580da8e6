package rivta

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tvilling/protocol"
)

// testdata is where the project's own messages are.
const testdata = "../../../testdata/rivta"

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testdata, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, message string) Message {
	t.Helper()
	m, err := Parse([]byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const (
	soapOpen  = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`
	soapClose = `</s:Body></s:Envelope>`
	okResult  = `<result><resultCode>OK</resultCode></result>`
)

// diagnoses is an answer of GetDiagnosis that holds what is given.
func diagnoses(inner string) string {
	return soapOpen + `<GetDiagnosisResponse xmlns="urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2">` +
		inner + `</GetDiagnosisResponse>` + soapClose
}

// oldHeader is a patient summary header of a record, whole but for what is replaced.
const oldHeader = `<documentId>D1</documentId><sourceSystemHSAId>SE2321000016-SYS</sourceSystemHSAId>` +
	`<patientId><id>199701062383</id><type>1.2.752.129.2.1.3.1</type></patientId>` +
	`<accountableHealthcareProfessional><authorTime>20240312101500</authorTime>` +
	`<healthcareProfessionalCareUnitHSAId>SE2321000016-U</healthcareProfessionalCareUnitHSAId>` +
	`<healthcareProfessionalCareGiverHSAId>SE2321000016-G</healthcareProfessionalCareGiverHSAId></accountableHealthcareProfessional>`

// diagnosis is a record of GetDiagnosis with a body.
func diagnosis(header, body string) string {
	return `<diagnosis><diagnosisHeader>` + header + `</diagnosisHeader><diagnosisBody>` + body + `</diagnosisBody></diagnosis>`
}

// bodyOfRecord parses a record with a body and returns the sections but the header's.
func bodyOfRecord(t *testing.T, body string) ([]protocol.Section, []Deviation) {
	t.Helper()
	m := parse(t, diagnoses(diagnosis(oldHeader, body)+okResult))
	if len(m.Documents) != 1 {
		t.Fatalf("%d documents, want 1", len(m.Documents))
	}
	var sections []protocol.Section
	for _, s := range m.Documents[0].Body.Sections {
		if s.Label != headerSection {
			sections = append(sections, s)
		}
	}
	return sections, m.Deviations
}

// mustFail parses what must not be read, and holds the error to its promises.
func mustFail(t *testing.T, message []byte, want error, places ...string) {
	t.Helper()
	m, err := Parse(message)
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
	if len(m.Documents) > 0 {
		t.Errorf("%d documents beside an error", len(m.Documents))
	}
	for _, place := range places {
		if !strings.Contains(err.Error(), place) {
			t.Errorf("error is %q, want it to name %q", err, place)
		}
	}
	if strings.Contains(err.Error(), marker) {
		t.Errorf("error repeats the message: %q", err)
	}
}

// marker stands for what a patient's record might say.
const marker = "HEMLIGT"
