package ingest

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"tvilling/node/internal/logtest"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// Who takes part in every test.
const (
	system   = "SE3000000003-S1"
	neighbor = "SE3000000003-S2" // another source, of the same agent
	lone     = "SE3000000003-S3" // a source that nobody connects but itself
	agent    = "SE4000000004-A1"
	outsider = "SE5000000005-X1"
	patient  = "199701062383"
	another  = "191212121212"
	secret   = "HEMLIGT" // stands for what a record might say
)

// world is ingest with a log under it.
type world struct {
	*logtest.Log
	t    *testing.T
	ring *sealing.Ring
	in   *Ingest
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ring, err := sealing.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Log: logtest.Open(t), t: t, ring: ring}
	w.in = New(w, ring, w.Registration, logtest.Intent, slog.New(slog.NewTextHandler(io.Discard, nil)))
	w.register(system, agent, protocol.Diagnosis, protocol.CareDocumentation)
	w.register(neighbor, agent, protocol.Diagnosis)
	w.register(lone, "", protocol.Diagnosis)
	w.Take()
	return w
}

func (w *world) register(id, by string, contracts ...protocol.Contract) {
	w.t.Helper()
	r := command.RegisterSource{Source: id, Agent: by}
	for _, c := range contracts {
		r.Contracts = append(r.Contracts, uint8(c))
	}
	w.Do(command.KindRegisterSource, r)
}

// put delivers an answer of the system that must be taken.
func (w *world) put(message string) Receipt {
	w.t.Helper()
	receipt, err := w.in.Put(w.t.Context(), request(message))
	if err != nil {
		w.t.Fatal(err)
	}
	return receipt
}

func request(message string) Request {
	return Request{Caller: system, Contract: "GetDiagnosis", Patient: patient, Message: []byte(message)}
}

func (w *world) subject(id string) command.Subject {
	w.t.Helper()
	p, err := protocol.ParsePatientID(id)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.ring.Patient(p)
}

// records lists the record ids that are kept of a patient, unsealed.
func (w *world) records(id string) []string {
	w.t.Helper()
	v, err := w.FSM.View()
	if err != nil {
		w.t.Fatal(err)
	}
	defer v.Close()
	subject := w.subject(id)
	var all []string
	v.Headers(subject, nil, func(a raftfsm.Attributes, sealed []byte) bool {
		plain, err := w.ring.Open(sealing.Headers, sealing.Place(subject, a.Key), sealed)
		if err != nil {
			w.t.Fatal(err)
		}
		header, err := protocol.DecodeHeader(plain)
		if err != nil || header.Patient.Reveal() != id || header.Source.Reveal() != a.Source {
			w.t.Fatalf("header of another patient or source, or %v", err)
		}
		all = append(all, header.RecordID)
		return true
	})
	return all
}

// status is that of the patient's only set.
func (w *world) status(id string) raftfsm.SetStatus {
	w.t.Helper()
	v, err := w.FSM.View()
	if err != nil {
		w.t.Fatal(err)
	}
	defer v.Close()
	sets := v.Sets(w.subject(id))
	if len(sets) != 1 {
		w.t.Fatalf("%d sets, want 1", len(sets))
	}
	return sets[0]
}

// record is one diagnosis. The fields are the XML's, and may be emptied.
type record struct{ id, source, patient, text string }

func rec(id string) record { return record{id: id, source: system, patient: patient, text: "Astma"} }

func (r record) xml() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<diagnosis><diagnosisHeader><documentId>%s</documentId><sourceSystemHSAId>%s</sourceSystemHSAId>`, r.id, r.source)
	if r.patient != "" {
		fmt.Fprintf(&b, `<patientId><id>%s</id><type>1.2.752.129.2.1.3.1</type></patientId>`, r.patient)
	}
	fmt.Fprintf(&b, `<accountableHealthcareProfessional><authorTime>20260301120000</authorTime>`+
		`<healthcareProfessionalCareUnitHSAId>SE1000000001-U1</healthcareProfessionalCareUnitHSAId>`+
		`<healthcareProfessionalCareGiverHSAId>SE1000000001-P1</healthcareProfessionalCareGiverHSAId></accountableHealthcareProfessional>`+
		`<approvedForPatient>true</approvedForPatient></diagnosisHeader><diagnosisBody><typeOfDiagnosis>Huvuddiagnos</typeOfDiagnosis>`+
		`<diagnosisCode><code>J45.9</code><codeSystem>1.2.752.116.1.1.1.1.3</codeSystem><displayName>%s</displayName></diagnosisCode>`+
		`</diagnosisBody></diagnosis>`, r.text)
	return b.String()
}

// answer is a GetDiagnosis answer with a verdict of its own.
func answer(code string, records ...record) string {
	var inner strings.Builder
	for _, r := range records {
		inner.WriteString(r.xml())
	}
	return envelope(inner.String() + "<result><resultCode>" + code + "</resultCode><logId>1</logId></result>")
}

func envelope(inner string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` +
		`<GetDiagnosisResponse xmlns="urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2">` + inner +
		`</GetDiagnosisResponse></s:Body></s:Envelope>`
}

const fault = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>` +
	`<faultcode>s:Server</faultcode><faultstring>VP007 ` + secret + `</faultstring></s:Fault></s:Body></s:Envelope>`
