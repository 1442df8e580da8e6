package upstream

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

const (
	somebody = "199701062383"
	secret   = "HEMLIGT"
)

// wire is a service without a network: it keeps what it was asked, and answers.
type wire struct {
	asked  string
	action string
	answer func(ctx context.Context, w http.ResponseWriter)
}

func (s *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.asked, s.action = string(text), r.Header.Get("SOAPAction")
	w := httptest.NewRecorder()
	s.answer(r.Context(), w)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// says makes a service that answers with a body.
func says(body string) (*wire, Endpoint) {
	s := &wire{answer: func(_ context.Context, w http.ResponseWriter) { _, _ = io.WriteString(w, body) }}
	return s, s.endpoint()
}

func (s *wire) endpoint() Endpoint {
	return Endpoint{Client: &http.Client{Transport: s}, URL: "http://service.example/vp", Address: "SE165565594230-1000"}
}

// soap puts a response in its envelope, as the platform does: with other prefixes, and
// elements that no contract knows.
func soap(space, types, name, inner string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">` +
		`<soap:Header><x:note xmlns:x="urn:x"><x:deep>1</x:deep></x:note></soap:Header><soap:Body>` +
		`<ns2:` + name + `Response xmlns:ns2="` + space + `" xmlns="` + types + `">` + inner + `<x:more xmlns:x="urn:x">2</x:more></ns2:` + name + `Response></soap:Body></soap:Envelope>`
}

func ok[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func at(t testing.TB, s string) protocol.Instant {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return protocol.Instant(v.UnixMilli())
}

const fine = "<result><resultCode>OK</resultCode><resultText></resultText></result>"

func blocksSaid(inner string) string {
	return soap(blockSpace, blockTypes, "GetBlocks", "<ns2:blockHeader>"+fine+inner+
		"<nextCreatedOnOrAfter>2026-06-01T12:00:00.250</nextCreatedOnOrAfter><latestCancellation>2026-05-01T12:00:00</latestCancellation></ns2:blockHeader>")
}

const wholeBlock = `<blocks><blockId>b1</blockId><blockType>Inner</blockType><informationStartDate>2020-01-01T00:00:00</informationStartDate>
<informationEndDate>2021-01-01T10:00:00+00:00</informationEndDate><informationCareUnitId>se1-u1</informationCareUnitId>
<informationCareProviderId>SE1-p1</informationCareProviderId><patientId><root>1.2.752.129.2.1.3.1</root><extension>199701062383</extension></patientId>
<excludedInformationTypes><infoTypeId>lak</infoTypeId><infoTypeDescription>x</infoTypeDescription></excludedInformationTypes>
<excludedInformationTypes><infoTypeId>xyz</infoTypeId></excludedInformationTypes>
<temporaryRevokes><temporaryRevokeId>r1</temporaryRevokeId><endDate>2026-10-25T02:30:00</endDate><revokedForCareUnitId>SE1-u2</revokedForCareUnitId>
<revokedForEmployeeId>se1-e1</revokedForEmployeeId></temporaryRevokes><ownerId>CN=x</ownerId></blocks>`

func TestGetBlocks(t *testing.T) {
	s, e := says(blocksSaid(wholeBlock + strings.Replace(strings.Replace(wholeBlock, "b1", "b2", 1), "2026-10-25T02:30:00", "2026-07-01T00:00:00", 1)))
	service := ok[*BlockService](t)(NewBlockService(e))
	got := ok[BlockAnswer](t)(service.Blocks(t.Context(), Mark{}))
	if strings.Contains(s.asked, "createdOnOrAfter") || s.action != `"`+blockSpace+`:GetBlocks"` ||
		!strings.Contains(s.asked, `<LogicalAddress xmlns="urn:riv:itintegration:registry:1">SE165565594230-1000</LogicalAddress>`) {
		t.Errorf("%s asked %s", s.action, s.asked)
	}
	row := projection.Block{
		ID: "b1", Inner: true, CareProvider: "SE1-P1", CareUnit: "SE1-U1", Start: 20200101000000_7, End: 20210101110000_7, Exempt: []string{"lak"},
		Lifts: []projection.Lift{{CareUnit: "SE1-U2", Employee: "SE1-E1", End: at(t, "2026-10-25T00:30:00Z")}}, // the first of the two
	}
	if len(got.Blocks) != 2 || got.Blocks[0].Patient.Reveal() != somebody {
		t.Fatalf("%d blocks", len(got.Blocks))
	}
	if diff := cmp.Diff(row, got.Blocks[0].Row); diff != "" {
		t.Error(diff)
	}
	if got.Next.Text() != "2026-06-01T12:00:00.25" || got.Next.Earliest() != at(t, "2026-06-01T10:00:00.25Z") || got.Cancelled.Text() != "2026-05-01T12:00:00" {
		t.Errorf("next %s, cancelled %s", got.Next.Text(), got.Cancelled.Text())
	}
	ok[BlockAnswer](t)(service.Blocks(t.Context(), got.Next))
	if !strings.Contains(s.asked, "<r:createdOnOrAfter>2026-06-01T12:00:00.25</r:createdOnOrAfter>") {
		t.Errorf("asked from a mark: %s", s.asked)
	}
}

const (
	consentSpace  = "urn:riv:informationsecurity:authorization:consent:GetConsentsForCareProviderResponder:2"
	consentTypes  = "urn:riv:informationsecurity:authorization:consent:2"
	relationSpace = "urn:riv:ehr:patientrelationship:querying:GetPatientRelationsForCareProviderResponder:1"
	relationTypes = "urn:riv:ehr:patientrelationship:1"
)

func assertion(id, kind string) string {
	return "<assertions><assertionId>" + id + "</assertionId><assertionType>" + kind + `</assertionType><scope>NationalLevel</scope>
<patientId><root>1.2.752.129.2.1.3.1</root><extension>199701062383</extension></patientId><careProviderId>SE1-p1</careProviderId>
<careUnitId>SE1-u1</careUnitId><startDate>2026-10-25T02:30:00</startDate><endDate>2026-10-25T02:40:00</endDate></assertions>`
}

const moreLater = "<hasMore>true</hasMore><moreOnOrAfter>2026-06-01T12:00:00</moreOnOrAfter>"

func consentsSaid(inner string) string {
	return soap(consentSpace, consentTypes, "GetConsentsForCareProvider", "<ns2:getAllAssertionsResult>"+inner+"</ns2:getAllAssertionsResult>")
}

func TestGetConsents(t *testing.T) {
	s, e := says(consentsSaid(fine + moreLater + assertion("c1", "Emergency") + assertion("c2", "Consent") +
		"<cancelledAssertions><assertionId>c2</assertionId><cancellationDate>2026-01-01T00:00:00</cancellationDate></cancelledAssertions>"))
	service := ok[*ConsentService](t)(NewConsentService(e))
	got := ok[Changes[Consent]](t)(service.Changes(t.Context(), "SE1-P1", Mark{}))
	for _, want := range []string{"<r:GetConsentsForCareProvider ", "<r:careProviderId>SE1-P1</r:careProviderId>", "<r:getCancelledFlag>true</r:getCancelledFlag>"} {
		if !strings.Contains(s.asked, want) {
			t.Errorf("asked %s", s.asked)
		}
	}
	want := projection.Consent{
		ID: "c1", CareProvider: "SE1-P1", CareUnit: "SE1-U1", Emergency: protocol.EmergencyContent,
		Start: at(t, "2026-10-25T01:30:00Z"), End: at(t, "2026-10-25T00:40:00Z"), // the hour that comes twice, and permits nothing
	}
	if len(got.Rows) != 1 || len(got.Removed) != 1 || got.Removed[0] != "c2" || !got.More {
		t.Fatalf("%d rows, %d removed, more %v", len(got.Rows), len(got.Removed), got.More)
	}
	if diff := cmp.Diff(want, got.Rows[0].Row); diff != "" || got.Rows[0].Patient.Reveal() != somebody {
		t.Error(diff)
	}
}

// The domain of relations is older: its elements begin with capitals, and its question
// has another name.
func TestGetRelations(t *testing.T) {
	s, e := says(soap(relationSpace, relationTypes, "GetPatientRelationsForCareProvider", `<ns2:GetAllPatientRelationsResultType>
<Result><ResultCode>INFO</ResultCode><ResultText>x</ResultText></Result><MoreOnOrAfter>2026-06-01T12:00:00</MoreOnOrAfter><HasMore>0</HasMore>
<PatientRelations><PatientRelationId>r1</PatientRelationId><PatientId>199701062383</PatientId><CareProviderId>SE1-P1</CareProviderId><CareUnitId>SE1-U1</CareUnitId>
<EmployeeId>SE1-E1</EmployeeId><StartDate>2026-01-01T00:00:00</StartDate><EndDate>2026-12-31T23:59:59</EndDate></PatientRelations>
<CancelledPatientRelations><PatientRelationId>r0</PatientRelationId><CancellationDate>2026-01-01T00:00:00</CancellationDate></CancelledPatientRelations>
</ns2:GetAllPatientRelationsResultType>`))
	service := ok[*RelationService](t)(NewRelationService(e))
	got := ok[Changes[Relation]](t)(service.Changes(t.Context(), "SE1-P1", Mark{}))
	for _, want := range []string{"<r:GetPatientRelationsForCareProviderRequest ", "<r:CareProviderId>SE1-P1</r:CareProviderId>", "<r:GetCancelledFlag>true</r:GetCancelledFlag>"} {
		if !strings.Contains(s.asked, want) {
			t.Errorf("asked %s", s.asked)
		}
	}
	want := projection.Relation{CareProvider: "SE1-P1", CareUnit: "SE1-U1", Employee: "SE1-E1", Start: at(t, "2025-12-31T23:00:00Z"), End: at(t, "2026-12-31T22:59:59Z")}
	if len(got.Rows) != 1 || got.Rows[0].ID != "r1" || got.More || got.Removed[0] != "r0" || got.Rows[0].Patient.Reveal() != somebody {
		t.Fatalf("%+v", got)
	}
	if diff := cmp.Diff(want, got.Rows[0].Row); diff != "" {
		t.Error(diff)
	}
}

const (
	directorySpace = "urn:riv:infrastructure:directory:authorizationmanagement:GetCredentialsForPersonIncludingProtectedPersonResponder:2"
	directoryTypes = "urn:riv:infrastructure:directory:authorizationmanagement:2"
	directoryName  = "GetCredentialsForPersonIncludingProtectedPerson"
)

func credentialsSaid(extra, commissions string) string {
	return soap(directorySpace, directoryTypes, directoryName, `<credentialInformation><givenName>Anna</givenName><middleAndSurName>Ek Ask</middleAndSurName>
<personHsaId>se1-e1</personHsaId><healthCareProfessionalLicence>Läkare</healthCareProfessionalLicence>`+extra+commissions+`</credentialInformation>`)
}

func commissionSaid(id, extra string) string {
	return "<commission><commissionName>Uppdrag</commissionName><commissionHsaId>" + id + `</commissionHsaId><commissionPurpose>Vård och behandling</commissionPurpose>
<commissionRight><activity>Läsa</activity><informationClass>alla</informationClass><scope>SJF</scope></commissionRight>
<healthCareUnitHsaId>SE1-U1</healthCareUnitHsaId><healthCareUnitName>Enheten</healthCareUnitName><healthCareUnitStartDate>2026-01-01T00:00:00</healthCareUnitStartDate>
<healthCareUnitEndDate>2026-12-31T00:00:00</healthCareUnitEndDate><healthCareProviderHsaId>SE1-P1</healthCareProviderHsaId><healthCareProviderName>Regionen</healthCareProviderName>
<healthCareProviderStartDate>2025-01-01T00:00:00</healthCareProviderStartDate><healthCareProviderEndDate>2026-06-30T00:00:00</healthCareProviderEndDate>` + extra + "</commission>"
}

func TestDirectory(t *testing.T) {
	anna := ok[protocol.EmployeeID](t)(protocol.ParseEmployeeID("SE1-E1"))
	base := projection.Commission{
		ID: "SE1-C1", Name: "Uppdrag", Purpose: "Vård och behandling", Rights: []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "SJF"}},
		CareUnit: "SE1-U1", CareUnitName: "Enheten", CareProvider: "SE1-P1", CareProviderName: "Regionen",
		Start: at(t, "2025-12-31T23:00:00Z"), End: at(t, "2026-06-29T22:00:00Z"), EmployeeTitle: "Läkare", // while both the unit and the provider are
	}
	named, hidden := base, base
	named.EmployeeName = "Anna Ek Ask"
	hidden.Protected = true
	for name, c := range map[string]struct {
		body string
		want []projection.Commission
	}{
		"one":       {credentialsSaid("", commissionSaid("SE1-C1", "")), []projection.Commission{named}},
		"protected": {credentialsSaid("<protectedPerson>true</protectedPerson>", commissionSaid("SE1-C1", "")), []projection.Commission{hidden}},
		"archived":  {credentialsSaid("", commissionSaid("SE1-C1", "<archivedHealthCareUnit>true</archivedHealthCareUnit>")), nil},
		"feigned":   {credentialsSaid("", commissionSaid("SE1-C1", "<feignedCommission>true</feignedCommission>")), nil},
		"nobody":    {soap(directorySpace, directoryTypes, directoryName, ""), nil},
		"of old":    {soap(directorySpace, directoryTypes, directoryName, "<resultCode>OK</resultCode>"), nil},
	} {
		_, e := says(c.body)
		got := ok[[]Commission](t)(ok[*Directory](t)(NewDirectory(e)).Commissions(t.Context(), []protocol.EmployeeID{anna}))
		var rows []projection.Commission
		for _, one := range got {
			if one.Employee != anna {
				t.Errorf("%s: of somebody else", name)
			}
			rows = append(rows, one.Row)
		}
		if diff := cmp.Diff(c.want, rows); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// The directory is asked one call after another, with a pause between.
func TestTheDirectoryIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var employees []protocol.EmployeeID
		for _, text := range []string{"SE1-E1", "SE1-E2", "SE1-E3", "SE1-E4"} {
			employees = append(employees, ok[protocol.EmployeeID](t)(protocol.ParseEmployeeID(text)))
		}
		calls := 0
		s := &wire{answer: func(_ context.Context, w http.ResponseWriter) {
			calls++
			time.Sleep(100 * time.Millisecond)
			_, _ = io.WriteString(w, soap(directorySpace, directoryTypes, directoryName, ""))
		}}
		d := ok[*Directory](t)(NewDirectory(s.endpoint()))
		began := time.Now()
		ok[[]Commission](t)(d.Commissions(t.Context(), employees))
		if took := time.Since(began); took != 4*100*time.Millisecond+3*directoryPause {
			t.Errorf("took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond) // in the first pause
		defer cancel()
		if _, err := d.Commissions(ctx, employees); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || calls != 5 {
			t.Errorf("ended in a pause: %v, %d calls", err, calls)
		}
	})
}

func TestAssertCareEngagement(t *testing.T) {
	anna := ok[protocol.EmployeeID](t)(protocol.ParseEmployeeID("SE1-E1"))
	patient := ok[protocol.PatientID](t)(protocol.ParsePatientID(somebody))
	const space = "urn:riv:ehr:accesscontrol:AssertCareEngagementResponder:1"
	for text, want := range map[string]bool{"true": true, "false": false, "1": true, "0": false} {
		s, e := says(soap(space, "urn:x", "AssertCareEngagement", "<ns2:HasCareEngagement>"+text+"</ns2:HasCareEngagement>"))
		got := ok[bool](t)(ok[*EngagementService](t)(NewEngagementService(e)).Assert(t.Context(), anna, patient, "SE1-U1", "SE1-P1"))
		if got != want || !strings.Contains(s.asked, ">SE1-U1</LogicalAddress>") || !strings.Contains(s.asked, "<r:subjectOfCareId>"+somebody+"<") {
			t.Errorf("%s: %v, asked %s", text, got, s.asked)
		}
	}
	for name, inner := range map[string]string{"nothing": "", "a word": "<ns2:hasCareEngagement>ja</ns2:hasCareEngagement>",
		"two": "<ns2:hasCareEngagement>true</ns2:hasCareEngagement><ns2:hasCareEngagement>false</ns2:hasCareEngagement>"} {
		_, e := says(soap(space, "urn:x", "AssertCareEngagement", inner))
		if got, err := ok[*EngagementService](t)(NewEngagementService(e)).Assert(t.Context(), anna, patient, "SE1-U1", "SE1-P1"); got || !errors.Is(err, ErrAnswer) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// A unit's system that hangs is given up after two seconds; more questions than it has
// places for wait no longer.
func TestEngagementsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		anna := ok[protocol.EmployeeID](t)(protocol.ParseEmployeeID("SE1-E1"))
		patient := ok[protocol.PatientID](t)(protocol.ParsePatientID(somebody))
		hung := &hanging{}
		service := ok[*EngagementService](t)(NewEngagementService(Endpoint{Client: &http.Client{Transport: hung}, URL: "http://service.example/"}))
		errs := make(chan error)
		began := time.Now()
		for range maxEngagements + 5 {
			go func() {
				_, err := service.Assert(t.Context(), anna, patient, "SE1-U1", "SE1-P1")
				errs <- err
			}()
		}
		synctest.Wait()
		if n := hung.now.Load(); n != maxEngagements {
			t.Errorf("%d are asked at once", n)
		}
		for range maxEngagements + 5 {
			if err := <-errs; !errors.Is(err, ErrUnavailable) {
				t.Errorf("%v", err)
			}
		}
		if took := time.Since(began); took != engagementTimeout {
			t.Errorf("took %v", took)
		}
	})
}

// hanging never answers, and counts who waits.
type hanging struct{ now atomic.Int32 }

func (h *hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	h.now.Add(1)
	defer h.now.Add(-1)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func post(id string) LogPost {
	p := LogPost{ID: id, System: LogPlace{"SE1-S1", "Tvilling"},
		Activity: LogActivity{Type: "Läsa", Args: "a < b", Start: 1_780_000_000_123, Purpose: "Vård och behandling"},
		User:     LogUser{ID: "SE1-E1", CareProvider: LogPlace{ID: "SE1-P1"}, CareUnit: LogPlace{"SE1-U1", "Enheten"}}}
	patient, _ := protocol.ParsePatientID(somebody)
	p.Resources = []LogResource{{Type: "dia", Patient: patient, CareProvider: LogPlace{ID: "SE1-P2"}}}
	return p
}

func TestStoreLog(t *testing.T) {
	for code, want := range map[string]error{"OK": nil, "INFO": nil, "VALIDATION_ERROR": ErrDuplicate, "ACCESSDENIED": ErrRefused, "ERROR": ErrUnavailable, secret: ErrAnswer} {
		s, e := says(soap(logSpace, logTypes, "StoreLog", "<ns2:result><resultCode>"+code+"</resultCode><resultText>"+secret+"</resultText></ns2:result>"))
		got, err := ok[*LogService](t)(NewLogService(e)).StoreLog(t.Context(), []LogPost{post("1"), post("2")})
		if !errors.Is(err, want) || (err == nil) != (got.Stored == 2) || got.Code == secret {
			t.Errorf("%s: %+v, %v", code, got, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("what the service wrote is in the error: %v", err)
		}
		var read struct {
			Logs []struct {
				ID    string `xml:"logId"`
				Args  string `xml:"activity>activityArgs"`
				Start string `xml:"activity>startDate"`
				Whom  string `xml:"resources>resource>patient>patientId>extension"`
				Root  string `xml:"resources>resource>patient>patientId>root"`
			} `xml:"Body>StoreLog>log"`
		}
		if err := xml.Unmarshal([]byte(s.asked), &read); err != nil || len(read.Logs) != 2 {
			t.Fatalf("%v: %s", err, s.asked)
		}
		one := read.Logs[0]
		if one.ID != "1" || one.Args != "a < b" || one.Start != "2026-05-28T22:26:40.123" || one.Whom != somebody || one.Root != protocol.RootPersonnummer {
			t.Errorf("%+v", one)
		}
	}
	_, e := says("")
	for _, n := range []int{0, MaxLogPosts + 1} {
		if _, err := ok[*LogService](t)(NewLogService(e)).StoreLog(t.Context(), make([]LogPost, n)); !errors.Is(err, ErrRefused) {
			t.Errorf("%d posts: %v", n, err)
		}
	}
}
