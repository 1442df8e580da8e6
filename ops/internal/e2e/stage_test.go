package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/demo/patients"
	"tvilling/ops/internal/sourceclient"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// stage is the cluster that all tests of this package share: five nodes of the real
// binary and the stand-in that they are fed from, filled with the test patients.
var stage *demo.Cluster

// program is the binary, for the tests of what an operator does at the terminal.
var program string

// begun is when the stage was set: what the services know is as of it.
var begun time.Time

func TestMain(m *testing.M) {
	code, err := play(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// play builds the binary, starts the cluster, runs the tests and takes it all down.
func play(m *testing.M) (code int, err error) {
	dir := filepath.Join(os.TempDir(), "tvilling-e2e-"+rand.Text()) // ten digits in a row could be somebody's number
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "tvilling")
	build := exec.Command("go", "build", "-o", program, "tvilling/ops/cmd/tvilling")
	if said, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building: %w: %s", err, said)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	begun = time.Now()
	if err := journal.make(dir); err != nil {
		return 1, err
	}
	if stage, err = demo.Start(ctx, demo.Options{Binary: program, Dir: filepath.Join(dir, "demo"), Feeds: demo.Staff(begun),
		Edit: journal.known, EditNode: func(id string, _ *admin.Topology) { journal.trusted(filepath.Join(dir, "demo", "made", id)) },
	}); err != nil {
		return 1, err
	}
	defer func() {
		if closed := stage.Close(); err == nil {
			err = closed
		}
	}()
	if _, err := stage.Fill(ctx, begun); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// dataNodes are the members that serve browsers.
var dataNodes = []string{"a1", "a2", "b1", "b2"}

// services replaces what the services know by the demo's, changed. The page says when it
// has arrived.
func services(t *testing.T, change func(*demo.Feeds)) {
	t.Helper()
	f := demo.Staff(begun)
	change(&f)
	if err := stage.WriteFeeds(f); err != nil {
		t.Fatal(err)
	}
}

// restored gives the services back what they knew, and waits until every node has it:
// the next test begins as this one did.
func restored(t *testing.T) {
	t.Helper()
	services(t, func(*demo.Feeds) {})
	written := time.Now()
	for _, id := range dataNodes {
		for deadline := written.Add(patience); ; {
			s, err := stage.Operator().Status(t.Context(), id)
			if err == nil && readSince(s.Feeds, written) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s has not read the services again: %+v, %v", id, s.Feeds, err)
			}
		}
	}
}

// readSince tells whether every service was asked after a time.
func readSince(feeds []admin.Feed, at time.Time) bool {
	for _, f := range feeds {
		if asOf, err := time.Parse(time.RFC3339, f.AsOf); err != nil || !asOf.After(at) { // whole seconds, rounded down
			return false
		}
	}
	return len(feeds) > 0
}

// tell gives the stand-in an order.
func tell(t *testing.T, path, order string) string {
	t.Helper()
	said, err := stage.StandIn(context.WithoutCancel(t.Context()), path, order)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

// restart brings nodes back, and waits until everything is as before.
func restart(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := stage.StartNode(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := stage.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func kill(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := stage.KillNode(id); err != nil {
			t.Logf("killing %s: %v", id, err)
		}
	}
}

func status(t *testing.T) admin.Status {
	t.Helper()
	s, err := stage.Operator().Status(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// caughtUp waits until the node that answers has applied what any other had at first:
// what a page at another node shows may be on its way there.
func caughtUp(t *testing.T) (node string) {
	t.Helper()
	var want uint64
	for _, m := range status(t).Members {
		want = max(want, m.AppliedIndex)
	}
	for deadline := time.Now().Add(patience); ; {
		s := status(t)
		for _, m := range s.Members {
			if m.ID == s.Node && m.AppliedIndex >= want {
				return s.Node
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never comes to index %d: %+v", s.Node, want, s.Members)
		}
	}
}

// record returns the whole access log, as an operator sees it, with everything in it
// that any node had when it was asked for.
func record(t *testing.T) []admin.RecordEntry {
	t.Helper()
	var all []admin.RecordEntry
	node, after := caughtUp(t), uint64(0)
	for {
		page, err := stage.Operator().Record(t.Context(), node, after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		all, after = append(all, page.Entries...), page.Next
		if len(page.Entries) < 1000 { // each page adds an entry about its own reading
			return all
		}
	}
}

// readingTheLog is what an entry says of somebody who looks at the log.
const readingTheLog = "Läsa åtkomstlogg"

// accesses are the entries of the access log, but for the readings of the log itself:
// each look at it is one.
func accesses(t *testing.T) []admin.RecordEntry {
	t.Helper()
	return slices.DeleteFunc(record(t), func(e admin.RecordEntry) bool { return e.Activity == readingTheLog })
}

// diagnosis is one record of a diagnosis, as a system would answer it.
func diagnosis(patient, id, text string) string {
	return `<r:diagnosis><diagnosisHeader><documentId>` + id + `</documentId>
<sourceSystemHSAId>` + source + `</sourceSystemHSAId>
<patientId><id>` + patient + `</id><type>1.2.752.129.2.1.3.1</type></patientId>
<accountableHealthcareProfessional><authorTime>20261101080000</authorTime>
<healthcareProfessionalCareUnitHSAId>` + patients.Medicine.ID + `</healthcareProfessionalCareUnitHSAId>
<healthcareProfessionalCareGiverHSAId>` + patients.Norrmark.ID + `</healthcareProfessionalCareGiverHSAId>
</accountableHealthcareProfessional><approvedForPatient>true</approvedForPatient><careContactId>K-1</careContactId></diagnosisHeader>
<diagnosisBody><typeOfDiagnosis>Bidiagnos</typeOfDiagnosis><diagnosisCode><code>R51.9</code>
<codeSystem>1.2.752.116.1.1.1.1.3</codeSystem><displayName>` + text + `</displayName></diagnosisCode></diagnosisBody></r:diagnosis>`
}

// source is the system that the tests deliver from; of a patient whom it holds no
// diagnoses about, so that nothing of the demo's is replaced.
const source = "SE0000000101-S001"

// put delivers diagnoses as the source system does, and returns the receipt.
func put(t *testing.T, patient string, partial bool, records ...string) sourceclient.Receipt {
	t.Helper()
	client, err := stage.Source(source)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	text := `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>` +
		`<r:GetDiagnosisResponse xmlns:r="urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2" xmlns="urn:riv:clinicalprocess:healthcond:description:2">`
	for _, r := range records {
		text += r
	}
	text += `<r:result><resultCode>OK</resultCode><logId>1</logId></r:result></r:GetDiagnosisResponse></e:Body></e:Envelope>`
	id, err := protocol.ParsePatientID(patient)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := client.Put(t.Context(), sourceclient.Message{
		Contract: protocol.Diagnosis, Source: source, Patient: id, Partial: partial, Body: []byte(text),
	})
	if err != nil {
		t.Fatalf("delivering: %v", err)
	}
	return receipt
}
