package patients

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
)

var asOf = time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)

// Every message is well-formed, of the contract that it says, about one patient, and
// holds as many records as it says.
func TestMessagesAreWellFormed(t *testing.T) {
	for _, a := range Answers(asOf) {
		got := read(t, a)
		want := reading{root: a.Contract.Info().Name + "Response", records: a.Records, owned: got.owned, patients: map[string]bool{a.Patient: true}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(reading{})); diff != "" {
			t.Errorf("%v of %s (-want +got):\n%s", a.Contract, a.System, diff)
		}
	}
}

// reading is what a message says of itself.
type reading struct {
	root     string
	records  int
	owned    int // records whose header names a care provider
	patients map[string]bool
}

func read(t *testing.T, a Answer) reading {
	t.Helper()
	got := reading{patients: map[string]bool{}}
	var path []string
	for d := xml.NewDecoder(bytes.NewReader(a.Message)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatalf("%v of %s: %v", a.Contract, a.System, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			if !strings.HasPrefix(token.Name.Space, "urn:riv:"+a.Contract.Info().Domain) && len(path) > 2 {
				t.Fatalf("%v: %s is in the namespace %q", a.Contract, token.Name.Local, token.Name.Space)
			}
			got.see(path)
		case xml.CharData:
			if n := len(path); n > 1 && path[n-2] == "patientId" && (path[n-1] == "id" || path[n-1] == "extension") {
				got.patients[string(token)] = true
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// see notes an element: Envelope, Body, the response, a record, its header, …
func (r *reading) see(path []string) {
	switch {
	case len(path) == 3:
		r.root = path[2]
	case len(path) == 4 && path[3] != "result":
		r.records++
	case len(path) == 7 && strings.HasSuffix(strings.ToLower(path[4]), "header"):
		switch path[6] {
		case "accountableHealthcareProvider", "accountableCareGiver", "healthcareProfessionalCareGiverHSAId":
			r.owned++
		}
	}
}

func TestThereIsWhatThePatientsAreFor(t *testing.T) {
	type count struct{ records, contracts, systems int }
	counts := map[string]count{}
	contracts := map[string]map[protocol.Contract]bool{}
	for _, p := range Patients() {
		if _, err := protocol.ParsePatientID(p.ID); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		systems := map[string]bool{}
		contracts[p.ID] = map[protocol.Contract]bool{}
		n := 0
		for _, a := range AnswersFor(p.ID, asOf) {
			n += a.Records
			systems[a.System] = true
			contracts[p.ID][a.Contract] = true
		}
		counts[p.ID] = count{n, len(contracts[p.ID]), len(systems)}
	}
	want := map[string]count{
		Fiona: {107, 12, 5}, Egon: {75, 12, 5}, Harry: {23, 11, 5}, Linda: {4001, 6, 4}, Mohamed: {6, 6, 1},
		Sigrid: {3, 3, 2}, Ake: {5, 3, 3}, Elsa: {5, 4, 4}, Amina: {4, 4, 3}, AminaBefore: {4, 4, 3}, Bertil: {5, 4, 2}, Cecilia: {},
	}
	if diff := cmp.Diff(want, counts, cmp.AllowUnexported(count{})); diff != "" {
		t.Errorf("records, contracts and systems (-want +got):\n%s", diff)
	}
}

// One record of each contract says nothing of its owner, and only Egon has such.
func TestEgonHasOneUnownedRecordOfEachContract(t *testing.T) {
	for _, p := range Patients() {
		got := map[protocol.Contract]int{}
		for _, a := range AnswersFor(p.ID, asOf) {
			if n := a.Records - read(t, a).owned; n > 0 {
				got[a.Contract] += n
			}
		}
		want := map[protocol.Contract]int{}
		for _, c := range protocol.Contracts() {
			if p.ID == Egon {
				want[c] = 1
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: unowned records (-want +got):\n%s", p.Name, diff)
		}
	}
}

func TestSameDaySameBytes(t *testing.T) {
	same := func(a, b Answer) bool { return a.System == b.System && bytes.Equal(a.Message, b.Message) }
	first := Answers(asOf)
	if !slices.EqualFunc(first, Answers(asOf.Add(7*time.Hour)), same) {
		t.Error("two runs of the same day differ")
	}
	if slices.EqualFunc(first, Answers(asOf.AddDate(0, 0, 1)), same) {
		t.Error("the next day is the same as the day before")
	}
}

var update = flag.Bool("update", false, "rewrite the messages in testdata/patients")

// The shortest record stands as files, to be read by eye and tried with source
// inspect. A change of what is written shows as a change of them.
func TestGoldenMessages(t *testing.T) {
	for _, a := range AnswersFor(Mohamed, asOf) {
		path := filepath.Join("../../../../testdata/patients", a.Contract.String()+".xml")
		if *update {
			if err := os.WriteFile(path, a.Message, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(a.Message)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", a.Contract, diff)
		}
	}
}

// Who is delivered head first without help has been seen to lie so: the head is the last
// that any of Fiona's check-ups says comes first.
func TestFionasChildTurns(t *testing.T) {
	last, week := "", ""
	for _, a := range AnswersFor(Fiona, asOf) {
		if a.Contract != protocol.MaternityMedicalHistory {
			continue
		}
		name := ""
		at, lies := "", ""
		for d := xml.NewDecoder(bytes.NewReader(a.Message)); ; {
			token, err := d.Token()
			if err != nil {
				break
			}
			switch token := token.(type) {
			case xml.StartElement:
				name = token.Name.Local
			case xml.CharData:
				switch name {
				case "completeWeeksOfGestation":
					at = string(token)
				case "fetalPosition":
					lies = string(token)
				}
			case xml.EndElement:
				name = ""
				if token.Name.Local == "pregnancyCheckupRecord" {
					if at > week && lies != "" {
						last, week = lies, at
					}
					at, lies = "", ""
				}
			}
		}
	}
	if last != "0" || week != "39" {
		t.Errorf("in week %s it lies %q", week, last)
	}
}
