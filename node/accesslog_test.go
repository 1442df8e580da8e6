package node

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

const storedAnswer = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
<r:StoreLogResponse xmlns:r="urn:riv:informationsecurity:auditing:log:StoreLogResponder:2" xmlns:t="urn:riv:informationsecurity:auditing:log:2">
<r:result><t:resultCode>OK</t:resultCode><t:resultText/></r:result></r:StoreLogResponse></e:Body></e:Envelope>`

// operated is a node of a cluster of one, and its operator.
type operated struct {
	*running
	operator *http.Client
	stored   chan string // what the national log was sent
}

func startOperated(t *testing.T) *operated {
	t.Helper()
	o := &operated{stored: make(chan string, 16)}
	log := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		o.stored <- string(body)
		_, _ = io.WriteString(w, storedAnswer)
	}))
	t.Cleanup(log.Close)
	a := newAuthorities(t)
	register, services := serveUpstream(t)
	services.Log = &admin.Service{URL: log.URL, EverySeconds: 1}
	cfg := Config{
		Topology: admin.Topology{Cluster: "test", Environment: admin.Demo, Register: register, Upstream: services, Members: []admin.Node{member(t, "a1", "A")}},
		Self:     "a1", DataDir: t.TempDir(), Material: a.material("test", "a1", admin.RoleData), Version: "test",
	}
	if err := NewKeyring(cfg.Material); err != nil {
		t.Fatal(err)
	}
	o.running = run(t, cfg)
	o.operator = &http.Client{Timeout: startLimit, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		RootCAs: a.cluster.Pool(), Certificates: []tls.Certificate{a.cluster.Issue(admin.Identity{Cluster: "test"})}}}}
	o.ready()
	return o
}

// ask asks the operator endpoint, with a message where there is one.
func (o *operated) ask(path string, message any) (status int, text string) {
	o.t.Helper()
	at := "https://" + o.member.Admin + path
	var response *http.Response
	var err error
	if message == nil {
		response, err = o.operator.Get(at)
	} else {
		body, fault := json.Marshal(message)
		if fault != nil {
			o.t.Fatal(fault)
		}
		response, err = o.operator.Post(at, "application/json", bytes.NewReader(body))
	}
	if err != nil {
		o.t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

// read enters into the log that anna has read of the patient.
func (o *operated) read() {
	o.t.Helper()
	patient, err := protocol.ParsePatientID(patientID)
	if err != nil {
		o.t.Fatal(err)
	}
	e := record.Entry{ID: newIntent(), At: protocol.Instant(time.Now().UnixMilli()), Activity: record.Read, Purpose: record.PurposeCare, Patient: patient, Node: "a1"}
	var faults [3]error
	e.Actor.Employee, faults[0] = protocol.ParseEmployeeID(employeeID)
	e.Actor.CareUnit, faults[1] = protocol.ParseCareUnitID("SE2321000016-1EKN")
	e.Actor.CareProvider, faults[2] = protocol.ParseCareProviderID("SE2321000016-1REG")
	for _, fault := range faults {
		if fault != nil {
			o.t.Fatal(fault)
		}
	}
	e.Decision.Permit, e.Decision.Reason = true, "why it was permitted"
	subject, plain := o.ring.Patient(patient), record.Append(nil, e)
	entry := command.LogEntry{ID: e.ID, Subject: subject, Sealed: o.ring.SealLog(append(subject[:], e.ID[:]...), plain), Commitment: record.Commitment(plain)}
	results, err := o.cluster.Propose(o.t.Context(), command.Command{Kind: command.KindRecordEvent, Version: 1, Intent: newIntent(), Body: command.RecordEvent{Entry: entry}})
	if err != nil || results[0].Status != command.StatusDone {
		o.t.Fatalf("%v, %v", results, err)
	}
	o.wait(results[0].Index)
}

// What is read is handed on to the national log, reported and explained, and each
// reading of the log is in it.
func TestTheAccessLogIsHandedOnAndFollowedUp(t *testing.T) {
	o := startOperated(t)
	o.read()
	select {
	case sent := <-o.stored:
		for _, want := range []string{"Läsa", employeeID, patientID, "SE2321000016-1TVI"} {
			if !strings.Contains(sent, want) {
				t.Errorf("the national log was not told %s", want)
			}
		}
	case <-time.After(startLimit):
		t.Fatal("the access log is not handed on")
	}
	now := time.Now()
	query := admin.ReportQuery{Kind: "patient", CareProvider: "SE2321000016-1REG", Patient: patientID,
		From: now.Add(-time.Hour).Format(time.RFC3339), To: now.Add(time.Hour).Format(time.RFC3339)}
	status, text := o.ask(admin.PathReport, query)
	var report admin.Report
	if err := json.Unmarshal([]byte(text), &report); err != nil || status != http.StatusOK || len(report.Rows) != 2 || report.Rows[0].Who.Employee != employeeID {
		t.Fatalf("%d %s", status, text)
	}
	if strings.Contains(text, patientID) || report.Rows[1].Activity != "Läsa åtkomstlogg" {
		t.Errorf("a report names the patient, or is not in itself: %s", text)
	}
	status, text = o.ask(admin.PathExplain+"?id="+report.Rows[0].ID, nil)
	if status != http.StatusOK || !strings.Contains(text, "why it was permitted") || strings.Contains(text, patientID) {
		t.Errorf("explained: %d %s", status, text)
	}
	status, text = o.ask(admin.PathStatus, nil)
	var said admin.Status
	if err := json.Unmarshal([]byte(text), &said); err != nil || status != http.StatusOK || said.Log.Entries != 3 || said.Log.Export == nil {
		t.Errorf("status: %d %s", status, text)
	}
	status, text = o.ask(admin.PathMetrics, nil)
	if status != http.StatusOK || !strings.Contains(text, "tvilling_log_entries 3\n") || !strings.Contains(text, `tvilling_build_info{node="a1"`) {
		t.Errorf("numbers: %d %s", status, text)
	}
}
