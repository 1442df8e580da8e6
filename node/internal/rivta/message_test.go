package rivta

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tvilling/protocol"
)

// TestAnswers reads the project's own messages and looks at what they are as a whole;
// what is in their documents is in the golden inspections.
func TestAnswers(t *testing.T) {
	type answer struct {
		contract   protocol.Contract
		major      int
		documents  int
		complete   bool
		failed     bool
		deviations int
	}
	tests := map[string]answer{
		"aggregated.xml":            {protocol.Diagnosis, 2, 4, false, false, 2},
		"alert-information.xml":     {protocol.AlertInformation, 2, 7, true, false, 0},
		"bare-latin1.xml":           {protocol.Diagnosis, 2, 1, true, false, 0},
		"care-contacts.xml":         {protocol.CareContacts, 3, 2, true, false, 0},
		"care-documentation-v2.xml": {protocol.CareDocumentation, 2, 2, true, false, 1},
		"care-documentation-v3.xml": {protocol.CareDocumentation, 3, 2, false, false, 0},
		"care-plans.xml":            {protocol.CarePlans, 2, 2, true, false, 0},
		"diagnosis.xml":             {protocol.Diagnosis, 2, 3, true, false, 4},
		"empty.xml":                 {protocol.Diagnosis, 2, 0, true, false, 0},
		"error.xml":                 {protocol.VaccinationHistory, 2, 0, false, true, 0},
		"functional-status.xml":     {protocol.FunctionalStatus, 2, 2, true, false, 0},
		"imaging-outcome.xml":       {protocol.ImagingOutcome, 1, 1, true, false, 0},
		"laboratory-intervals.xml":  {protocol.LaboratoryOrderOutcome, 4, 5, true, false, 0},
		"laboratory-v3.xml":         {protocol.LaboratoryOrderOutcome, 3, 1, true, false, 0},
		"laboratory-v4.xml":         {protocol.LaboratoryOrderOutcome, 4, 1, true, false, 0},
		"maternity.xml":             {protocol.MaternityMedicalHistory, 2, 3, true, false, 0},
		"medication.xml":            {protocol.MedicationHistory, 2, 5, true, false, 0},
		"medication-dosage.xml":     {protocol.MedicationHistory, 2, 6, true, false, 0},
		"referral-outcome.xml":      {protocol.ReferralOutcome, 3, 1, false, false, 0},
		"vaccination.xml":           {protocol.VaccinationHistory, 2, 1, true, false, 0},
	}
	read12 := map[protocol.Contract]bool{}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := Parse(read(t, name))
			if err != nil {
				t.Fatal(err)
			}
			got := answer{m.Contract, m.Major, len(m.Documents), m.Complete(), m.Failed(), len(m.Deviations)}
			if got != want {
				t.Errorf("got %+v, want %+v; deviations %v", got, want, m.Deviations)
			}
			read12[m.Contract] = true
			for i := range m.Documents {
				if err := protocol.CheckDocument(&m.Documents[i]); err != nil {
					t.Errorf("document %d: %v", i, err)
				}
			}
		})
	}
	for _, c := range protocol.Contracts() {
		if !read12[c] {
			t.Errorf("no message of %v", c)
		}
	}
}

// TestResult reads the contract's verdict in its spellings.
func TestResult(t *testing.T) {
	tests := []struct {
		result   string
		want     Result
		complete bool
		failed   bool
	}{
		{"", Result{}, true, false},
		{okResult, Result{Code: "OK"}, true, false},
		{`<result><resultCode>INFO</resultCode><subcode>7</subcode></result>`, Result{Code: "INFO", Subcode: "7"}, false, false},
		{`<result><resultCode>ERROR</resultCode><errorCode>INVALID_REQUEST</errorCode><subCode>8</subCode><logId>9</logId><message>nej</message></result>`,
			Result{"ERROR", "INVALID_REQUEST", "8", "9", "nej"}, false, true},
		{`<result><resultCode>error</resultCode><resultText>nej</resultText></result>`, Result{Code: "error", Message: "nej"}, false, true},
		{`<result><resultCode/></result>`, Result{}, false, false},
		{`<result/>`, Result{}, false, false},
	}
	for _, test := range tests {
		m := parse(t, diagnoses(diagnosis(oldHeader, "<a>b</a>")+test.result))
		if diff := cmp.Diff(test.want, m.Result); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.result, diff)
		}
		if m.Complete() != test.complete || m.Failed() != test.failed || (len(m.Documents) == 0) != test.failed {
			t.Errorf("%s: complete %v, failed %v, %d documents", test.result, m.Complete(), m.Failed(), len(m.Documents))
		}
	}
}

// TestHasMore reads the sign that there is more in its spellings.
func TestHasMore(t *testing.T) {
	tests := []struct {
		sign string
		want []HasMore
	}{
		{"", nil},
		{`<hasMore><logicalAddress>SE1</logicalAddress><reference>a&amp;b</reference></hasMore>`, []HasMore{{"SE1", "a&b"}}},
		{`<x:hasMore xmlns:x="urn:x"><x:reference>r</x:reference></x:hasMore><hasMore><logicalAddress>SE2</logicalAddress></hasMore>`, []HasMore{{"", "r"}, {"SE2", ""}}},
		{`<hasMoreReference>r1</hasMoreReference>`, []HasMore{{"", "r1"}}},
		{`<hasMore>true</hasMore>`, []HasMore{{}}},
		{`<hasMore>1</hasMore>`, []HasMore{{}}},
		{`<hasMore>false</hasMore>`, nil},
	}
	for _, test := range tests {
		m := parse(t, diagnoses(test.sign+okResult))
		if diff := cmp.Diff(test.want, m.HasMore); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.sign, diff)
		}
		if m.Complete() != (test.want == nil) {
			t.Errorf("%s: complete is %v", test.sign, m.Complete())
		}
	}
}

// TestAggregated reads an answer of several sources about several patients, in which
// one source failed and one record comes twice.
func TestAggregated(t *testing.T) {
	m, err := Parse(read(t, "aggregated.xml"))
	if err != nil {
		t.Fatal(err)
	}
	statuses := []ProcessingStatus{{"SE2321000016-SYS1", "DataFromSource", true}, {"SE2321000016-SYS2", "NoDataSynchFailed", false}}
	if diff := cmp.Diff(statuses, m.Statuses); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var records []string
	for _, d := range m.Documents {
		records = append(records, d.Header.Source.Reveal()+" "+d.Header.RecordID+" "+d.Header.Title)
	}
	want := []string{
		"SE2321000016-SYS2 SAMMA-1 Bidiagnos", "SE2321000016-SYS1 SAMMA-1 J20.9 Akut bronkit",
		"SE2321000016-SYS1 ANNAN-1 Huvuddiagnos", "SE2321000016-SYS1 OKÄND-1 Huvuddiagnos",
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(m.Patients.IDs) != 2 || m.Patients.Unreadable != 1 || m.Patients.Missing != 0 {
		t.Errorf("patients are %d, %d unreadable, %d missing; want 2, 1, 0", len(m.Patients.IDs), m.Patients.Unreadable, m.Patients.Missing)
	}
}

// TestInSynch holds that a source of which two things are said was not heard.
func TestInSynch(t *testing.T) {
	tests := []struct {
		code, synch string
		want        bool
	}{
		{"DataFromSource", "true", true},
		{"DataFromCache", "", true},
		{"DataFromSource", "false", false},
		{"DataFromCache", "0", false},
		{"DataFromCacheSynchFailed", "true", false},
		{"NoDataSynchFailed", "false", false},
		{"Annat", "true", false},
		{"", "1", true},
		{"", "", false},
	}
	for _, test := range tests {
		if got := inSynch(test.code, test.synch); got != test.want {
			t.Errorf("%q, %q: %v, want %v", test.code, test.synch, got, test.want)
		}
	}
}

// TestLists holds what a list says of doses, intervals and enumerated values.
func TestLists(t *testing.T) {
	var got []string
	for _, name := range []string{"medication-dosage.xml", "laboratory-intervals.xml"} {
		m, err := Parse(read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range m.Documents {
			got = append(got, d.Header.Title+": "+d.Header.Detail+" ("+d.Header.Status+")")
		}
	}
	want := []string{
		"Metoprolol: 1 tablett, 2 /d (Aktuell)",
		"Kobalamin: 1–2 mL per 3 mån (Aktuell)",
		"Morfin: ≤ 5 mg, 2024-05-02 12:00:00 (Ej aktuell)",
		"Prednisolon: 30 mg, minskas med 5 mg var tredje dag (Aktuell)",
		"Paracetamol Oral lösning: 10 ml x 3, Därefter vid behov (Aktuell)",
		"Morfin: Vid smärta, 5–10 mg (Aktuell)",
		"Pt-eGFR: > 90 mL/min (Slutsvar)",
		"P-Troponin T: ≤ 5 ng/L L,\u00a0avvikande (Preliminärt svar)",
		"U-Leukocyter: 10–20 /synfält H,\u00a0avvikande (Delsvar)",
		"P-Kalium: 5,9 mmol/L H,\u00a0avvikande (Ändrat svar)",
		"Provtagningstid: 2024-06-03 07:55:00 (Slutsvar)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestHolds tells words that a phrase has from letters in the middle of others.
func TestHolds(t *testing.T) {
	tests := []struct {
		text, said string
		want       bool
	}{
		{"Alvedon, filmdragerad tablett 500 mg", "Filmdragerad tablett", true},
		{"Alvedon 500mg", "500", true},
		{"Alvedon 500mg", "mg", true},
		{"Bisoprolol (tablett)", "tablett", true},
		{"≤ 5 ng/L", "L", false},
		{"Bisoprolol 50 mg", "5", false},
		{"5,9 mmol/L", "9", false},
		{"Salva", "Sal", false},
	}
	for _, test := range tests {
		if got := holds(test.text, test.said); got != test.want {
			t.Errorf("%q, %q: %v, want %v", test.text, test.said, got, test.want)
		}
	}
}

// TestEncodings reads one message in every encoding that is read.
func TestEncodings(t *testing.T) {
	inner := diagnoses(diagnosis(oldHeader, `<typeOfDiagnosis>Överkänslighet åäö</typeOfDiagnosis>`) + okResult)
	emoji := strings.Replace(inner, "åäö", "𝄞", 1)
	utf16With := func(order string, s string) []byte {
		var b bytes.Buffer
		for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(s))...) {
			pair := []byte{byte(u >> 8), byte(u)}
			if order == "little" {
				pair[0], pair[1] = pair[1], pair[0]
			}
			b.Write(pair)
		}
		return b.Bytes()
	}
	var latin []byte
	for _, r := range `<?xml version="1.0" encoding="ISO-8859-1"?>` + inner {
		latin = append(latin, byte(r))
	}
	tests := []struct {
		name    string
		message []byte
		want    string
	}{
		{"UTF-8", []byte(inner), "Överkänslighet åäö"},
		{"UTF-8 declared", []byte(`<?xml version="1.0" encoding="utf-8"?>` + inner), "Överkänslighet åäö"},
		{"UTF-8 with a mark", []byte("\ufeff" + inner), "Överkänslighet åäö"},
		{"ISO-8859-1", latin, "Överkänslighet åäö"},
		{"UTF-16", utf16With("big", emoji), "Överkänslighet 𝄞"},
		{"UTF-16 declared", utf16With("little", `<?xml version="1.0" encoding="UTF-16"?>`+emoji), "Överkänslighet 𝄞"},
		{"UTF-16 without a mark", utf16With("big", `<?xml version="1.0" encoding="UTF-16"?>`+emoji)[2:], "Överkänslighet 𝄞"},
		{"UTF-16LE without a mark", utf16With("little", `<?xml version="1.0" encoding="UTF-16LE"?>`+emoji)[2:], "Överkänslighet 𝄞"},
	}
	for _, test := range tests {
		m, err := Parse(test.message)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := m.Documents[0].Header.Title; got != test.want {
			t.Errorf("%s: title is %q, want %q", test.name, got, test.want)
		}
	}
}

// TestHeaders reads both generations of header into the same fields.
func TestHeaders(t *testing.T) {
	type header struct {
		Record, Source, Patient, Provider, CareUnit, Time, Author, Role, Unit string
		Signed, Nullified                                                     bool
	}
	flat := func(h protocol.Header) header {
		return header{h.RecordID, h.Source.Reveal(), h.Patient.Reveal(), h.CareProvider.Reveal(), h.CareUnit.Reveal(), h.Time.String(), h.Author, h.AuthorRole, h.Unit, h.Signed, h.Nullified}
	}
	whole := header{Source: "SE2321000016-SYS1", Patient: "199701062383", Provider: "SE2321000016-G100", CareUnit: "SE2321000016-U200",
		Author: "Karin Lindqvist", Role: "Överläkare", Unit: "Medicinmottagningen Björkvik"}
	with := func(h header, change func(*header)) header { change(&h); return h }
	tests := []struct {
		file  string
		index int
		want  header
	}{
		{"diagnosis.xml", 0, with(whole, func(h *header) { h.Record, h.Time, h.Signed = "DIA-1", "2024-03-12 10:15:00", true })},
		{"diagnosis.xml", 1, with(whole, func(h *header) {
			h.Record, h.Time, h.Nullified, h.Provider, h.CareUnit = "DIA-2", "2024-03-12 10:15:00", true, "", ""
		})},
		{"diagnosis.xml", 2, with(whole, func(h *header) { h.Record, h.Time, h.Provider = "DIA-3", "2024-03-12 10:15:00", "" })},
		{"imaging-outcome.xml", 0, with(whole, func(h *header) { h.Record, h.Time, h.Signed = "RTG-1", "2024-04-02 15:00:00", true })},
		{"referral-outcome.xml", 0, with(whole, func(h *header) { h.Record, h.Time = "KON-1", "2024-03-12 10:15:00" })},
		{"care-documentation-v2.xml", 0, with(whole, func(h *header) { h.Record, h.Time, h.Signed = "D2-1", "2019-05-02 14:00:00", true })},
		{"care-documentation-v2.xml", 1, with(whole, func(h *header) { h.Record, h.Time, h.Source, h.Author = "D2-2", "2024-03-12 10:15:00", "", "" })},
		{"care-documentation-v3.xml", 0, with(whole, func(h *header) {
			h.Record, h.Time, h.Signed = "SE2321000016-SYS1|ANT-1001", "2024-04-01 09:30:00", true
		})},
		{"care-documentation-v3.xml", 1, with(whole, func(h *header) { h.Record, h.Time = "ANT-1002", "2024-04-05" })},
		{"laboratory-v4.xml", 0, with(whole, func(h *header) {
			h.Record, h.Time, h.Signed, h.Unit = "SE2321000016-SYS1|LAB-1", "2024-04-01 07:30:00", true, "Laboratoriet Björkvik"
		})},
	}
	for _, test := range tests {
		m, err := Parse(read(t, test.file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, flat(m.Documents[test.index].Header)); diff != "" {
			t.Errorf("%s, record %d: (-want +got)\n%s", test.file, test.index+1, diff)
		}
	}
}

// TestOwnerIDs reads what may stand where an owner's id should, and keeps what is none.
func TestOwnerIDs(t *testing.T) {
	jol := func(unit string) string {
		return soapOpen + `<GetCareDocumentationResponse xmlns="urn:riv:clinicalprocess:healthcond:description:GetCareDocumentationResponder:3"><careDocumentation><header><accessControlHeader>` +
			`<accountableCareUnit>` + unit + `</accountableCareUnit></accessControlHeader><record><id><root>r</root></id></record></header><body/></careDocumentation></GetCareDocumentationResponse>` + soapClose
	}
	const root = `<root>1.2.752.129.2.1.4.1</root>`
	tests := []struct {
		unit, want string
		kept       bool
	}{
		{root + `<extension>SE2321000016-U</extension>`, "SE2321000016-U", false},
		{`<extension>SE2321000016-U</extension>`, "SE2321000016-U", false},
		{`<root>SE2321000016-U</root>`, "SE2321000016-U", false},
		{`<root>?</root><extension>SE2321000016-U</extension>`, "SE2321000016-U", true},
		{root + `<extension>se2321000016-u</extension>`, "SE2321000016-U", true},
		{root + `<extension>?</extension>`, "", true},
		{`<root>2.5.4.97</root><extension>5565594230</extension>`, "", true},
		{root, "", true},
		{`<extension>12 34</extension>`, "", true},
	}
	for _, test := range tests {
		m := parse(t, jol(test.unit))
		d := m.Documents[0]
		if got := d.Header.CareUnit.Reveal(); got != test.want {
			t.Errorf("%s: care unit is %q, want %q", test.unit, got, test.want)
		}
		kept := len(d.Body.Sections) > 0
		if kept != test.kept {
			t.Errorf("%s: kept among the nodes: %v, want %v", test.unit, kept, test.kept)
		}
		if d.Header.RecordID != "r" || d.Header.Owned() {
			t.Errorf("%s: record id %q, owned %v", test.unit, d.Header.RecordID, d.Header.Owned())
		}
	}
}

// TestSameRecordTwice keeps the later of two records with one id.
func TestSameRecordTwice(t *testing.T) {
	m := parse(t, diagnoses(diagnosis(oldHeader, "<typeOfDiagnosis>a</typeOfDiagnosis>")+diagnosis(oldHeader, "<typeOfDiagnosis>b</typeOfDiagnosis>")+
		diagnosis(oldHeader, "<typeOfDiagnosis>c</typeOfDiagnosis>")+okResult))
	if len(m.Documents) != 1 || m.Documents[0].Header.Title != "c" {
		t.Errorf("%d documents, want the last one alone", len(m.Documents))
	}
	want := []Deviation{
		{Place: "Envelope/Body/GetDiagnosisResponse/diagnosis[2], line 1", What: "the same record id as an earlier record; the later one is kept"},
		{Place: "Envelope/Body/GetDiagnosisResponse/diagnosis[3], line 1", What: "the same record id as an earlier record; the later one is kept"},
	}
	if diff := cmp.Diff(want, m.Deviations, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestBesideRecords keeps a record under a name that is not known, and tells of what
// belongs to no record.
func TestBesideRecords(t *testing.T) {
	m := parse(t, diagnoses(`<note>hej</note><nothing/>`+strings.ReplaceAll(diagnosis(oldHeader, "<typeOfDiagnosis>a</typeOfDiagnosis>"), "diagnosis>", "finding>")+okResult))
	if len(m.Documents) != 1 || m.Documents[0].Header.Title != "a" {
		t.Errorf("%d documents, want the record", len(m.Documents))
	}
	want := []Deviation{
		{Place: "Envelope/Body/GetDiagnosisResponse/*, line 1", What: "an element beside the records that is not known; it is left out"},
		{Place: "Envelope/Body/GetDiagnosisResponse/*, line 1", What: "a record under another name than the contract's"},
	}
	if diff := cmp.Diff(want, m.Deviations); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// An answer to a referral that its type does not call the last is not told as if it were.
func TestAnAnswerThatIsNotTheLastSaysSo(t *testing.T) {
	for code, want := range map[string]string{"SS": "Slutsvar", "SR": "Svar, inte märkt som slutsvar", "XX": "XX"} {
		message := bytes.Replace(read(t, "referral-outcome.xml"), []byte("TypeCode>SS<"), []byte("TypeCode>"+code+"<"), 1)
		m, err := Parse(message)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Documents[0].Header.Status; got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}
