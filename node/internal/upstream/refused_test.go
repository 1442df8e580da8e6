package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/protocol"
)

// Every answer that is not taken, and that nothing of it is told in the error.
func TestAnswersThatAreNotTaken(t *testing.T) {
	deep := strings.Repeat("<x>", 40) + strings.Repeat("</x>", 40)
	wide := "<blocks>" + strings.Repeat("<x/>", maxElements+1) + "</blocks>"
	long := "<blocks><blockId>" + strings.Repeat("x", maxElementText+1) + "</blockId></blocks>"
	good := blocksSaid(wholeBlock)
	swap := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("nothing to swap: %s", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"nothing":                {"", "empty"},
		"no XML":                 {secret, "text where only elements may stand"},
		"the half":               {good[:len(good)/2], "not XML, or it ends in the middle"},
		"no envelope":            {"<x/>", "no SOAP envelope"},
		"another SOAP":           {strings.Replace(good, "schemas.xmlsoap.org/soap/envelope", "www.w3.org/2003/05/soap-envelope", 1), "no SOAP envelope"},
		"no body":                {`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`, "no body"},
		"an empty body":          {`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>`, "an empty body"},
		"another major":          {strings.ReplaceAll(good, "GetBlocksResponder:4", "GetBlocksResponder:3"), "the response of another contract"},
		"types of another major": {strings.ReplaceAll(good, "blocking:4\"", "blocking:3\""), "no result"},
		"two bodies":             {strings.Replace(good, "</soap:Body>", "</soap:Body><soap:Body/>", 1), "two bodies"},
		"something after":        {good + "<x/>", "something after the envelope"},
		"two responses":          {swap("</ns2:GetBlocksResponse>", "</ns2:GetBlocksResponse><x/>"), "more than one response"},
		"an entity":              {"<!DOCTYPE x [<!ENTITY e \"" + secret + "\">]>" + good, "a document type declaration"},
		"a foreign encoding":     {strings.Replace(good, `encoding="UTF-8"`, `encoding="`+secret+`"`, 1), "another encoding than UTF-8"},
		"too deep":               {blocksSaid("<blocks>" + deep + "</blocks>"), "nested too deep"},
		"too deep, passed over":  {swap("<x:deep>1</x:deep>", strings.ReplaceAll(deep, "x>", "x:x>")), "nested too deep"},
		"too wide":               {blocksSaid(wide), "too many elements"},
		"too long":               {blocksSaid(long), "a text that is too long"},
		"no result":              {swap(fine, ""), "no result"},
		"two results":            {swap(fine, fine+fine), "two results"},
		"a code of its own":      {swap("<resultCode>OK", "<resultCode>"+secret), "a result code that is not known"},
		"no watermark":           {swap("<nextCreatedOnOrAfter>2026-06-01T12:00:00.250</nextCreatedOnOrAfter>", ""), "no nextCreatedOnOrAfter"},
		"no cancellation":        {swap("<latestCancellation>2026-05-01T12:00:00</latestCancellation>", ""), "no latestCancellation"},
		"a watermark of words":   {swap("2026-06-01T12:00:00.250", secret), "nextCreatedOnOrAfter: not a time"},
		"the same block twice":   {blocksSaid(wholeBlock + wholeBlock), "blocks row 2, blockId: the same as in row 1"},
		"a wrong patient":        {swap("199701062383", "199701062384"), "blocks row 1, patientId: protocol: patient id has a wrong check digit"},
		"another root":           {swap("1.2.752.129.2.1.3.1", "1.2.752.129.2.1.3.3"), "blocks row 1, patientId: protocol: patient id is of another kind"},
		"no patient":             {swap("patientId>", "patientID>"), ""},
		"a kind of its own":      {swap("Inner", secret), "blocks row 1, blockType: is Inner or Outer"},
		"an outer one of a unit": {swap("Inner", "Outer"), "blocks row 1, informationCareUnitId: is needed for an inner block, and only then"},
		"no owner":               {swap("<informationCareProviderId>SE1-p1</informationCareProviderId>", ""), "blocks row 1, informationCareProviderId: is needed"},
		"a lift without an end":  {swap("<endDate>2026-10-25T02:30:00</endDate>", ""), "blocks row 1, endDate: is needed"},
		"a day that is none":     {swap("2020-01-01T00:00:00", "2020-02-30T00:00:00"), "blocks row 1, informationStartDate: not a Swedish local"},
		"too many lifts":         {swap("<ownerId>", strings.Repeat("<temporaryRevokes><endDate>2026-10-25T02:30:00</endDate><revokedForCareUnitId>SE1-U2</revokedForCareUnitId></temporaryRevokes>", maxLifts)+"<ownerId>"), "more than 50"},
	} {
		_, e := says(c.body)
		got, err := ok[*BlockService](t)(NewBlockService(e)).Blocks(t.Context(), Mark{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrAnswer) && !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
			continue
		}
		if got.Blocks != nil || !got.Next.IsZero() {
			t.Errorf("%s: a part was returned with the error", name)
		}
		for _, leak := range []string{secret, "19970106", "xxxxx"} {
			if strings.Contains(err.Error(), leak) {
				t.Errorf("%s: the error tells what the service wrote: %v", name, err)
			}
		}
	}
}

func TestChangesThatAreNotTaken(t *testing.T) {
	good := fine + moreLater + assertion("c1", "Consent")
	for name, c := range map[string]struct{ inner, want string }{
		"another care provider's": {strings.Replace(good, "SE1-p1", "SE1-P2", 1), "assertions row 1, careProviderId: of another care provider than was asked for"},
		"a kind of its own":       {strings.Replace(good, ">Consent<", ">"+secret+"<", 1), "assertionType: is Consent or Emergency"},
		"another scope":           {strings.Replace(good, "NationalLevel", secret, 1), "scope: is NationalLevel"},
		"no start":                {strings.Replace(good, "<startDate>2026-10-25T02:30:00</startDate>", "", 1), "startDate: is needed"},
		"twice":                   {good + assertion("c1", "Consent"), "assertions row 2, its id: the same as in row 1"},
		"more or not":             {strings.Replace(good, "<hasMore>true</hasMore>", "", 1), "no hasMore"},
		"from where":              {strings.Replace(good, "<moreOnOrAfter>2026-06-01T12:00:00</moreOnOrAfter>", "", 1), "no moreOnOrAfter"},
		"taken back, and nothing": {good + "<cancelledAssertions/>", "assertionId: is needed"},
		"refused":                 {strings.Replace(good, "OK", "ACCESSDENIED", 1), "result code ACCESSDENIED"},
		"a failure":               {strings.Replace(good, "OK", "ERROR", 1), "result code ERROR"},
	} {
		_, e := says(consentsSaid(c.inner))
		got, err := ok[*ConsentService](t)(NewConsentService(e)).Changes(t.Context(), "SE1-P1", Mark{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) || got.Rows != nil {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
	anna := ok[protocol.EmployeeID](t)(protocol.ParseEmployeeID("SE1-E1"))
	for name, c := range map[string]struct{ body, want string }{
		"another person":     {strings.Replace(credentialsSaid("", ""), "se1-e1", "SE1-E2", 1), "personHsaId: of another person"},
		"a commission twice": {credentialsSaid("", commissionSaid("SE1-C1", "")+commissionSaid("SE1-C1", "")), "commissionHsaId: the same as in row"},
		"half a right":       {strings.Replace(credentialsSaid("", commissionSaid("SE1-C1", "")), "<scope>SJF</scope>", "", 1), "scope: is needed"},
		"a flag of its own":  {credentialsSaid("<protectedPerson>"+secret+"</protectedPerson>", ""), "protectedPerson: is true or false"},
		"an error":           {soap(directorySpace, directoryTypes, directoryName, "<resultCode>ERROR</resultCode>"), "result code ERROR"},
	} {
		_, e := says(c.body)
		got, err := ok[*Directory](t)(NewDirectory(e)).Commissions(t.Context(), []protocol.EmployeeID{anna})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) || got != nil {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

// What goes wrong on the way: the service is unavailable, whatever it was.
func TestUnavailable(t *testing.T) {
	fault := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>VP007 ` + secret + `</faultstring></s:Fault></s:Body></s:Envelope>`
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"a fault":            {http.StatusInternalServerError, fault, "the platform's code: VP007"},
		"a fault of its own": {http.StatusInternalServerError, strings.Replace(fault, "VP007 ", "", 1), "none that is known"},
		"an error page":      {http.StatusBadGateway, secret, "HTTP status 502"},
		"a redirect":         {http.StatusFound, "", "HTTP status 302"},
		"a good error":       {http.StatusInternalServerError, blocksSaid(""), "HTTP status 500"},
	} {
		s := &wire{answer: func(_ context.Context, w http.ResponseWriter) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}}
		_, err := ok[*BlockService](t)(NewBlockService(s.endpoint())).Blocks(t.Context(), Mark{})
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		service := ok[*BlockService](t)(NewBlockService(Endpoint{Client: &http.Client{Transport: &hanging{}}, URL: "http://service.example/"}))
		began := time.Now()
		if _, err := service.Blocks(t.Context(), Mark{}); !errors.Is(err, ErrUnavailable) || time.Since(began) != deltaTimeout {
			t.Errorf("a service that hangs: %v after %v", err, time.Since(began))
		}
	})
}

// endless is an answer that goes on and on.
type endless struct{ sent int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.sent += len(p)
	return len(p), nil
}

func TestAnEndlessAnswer(t *testing.T) {
	body := &endless{}
	r := &reader{in: io.LimitedReader{R: io.MultiReader(strings.NewReader(blocksSaid("")[:300]), body), N: MaxAnswerBytes + 1}}
	r.begin()
	err := r.answer(newContract(blockSpace, blockTypes, "GetBlocks"), func(*element) error { return nil })
	if !errors.Is(err, ErrAnswer) || !strings.Contains(err.Error(), "larger than") || body.sent > MaxAnswerBytes+1<<20 {
		t.Errorf("%v after %d bytes", err, body.sent)
	}
	var many strings.Builder
	for i := range MaxRows + 1 {
		fmt.Fprintf(&many, "<cancelledAssertions><assertionId>%d</assertionId></cancelledAssertions>", i)
	}
	_, e := says(consentsSaid(fine + moreLater + many.String()))
	if _, err := ok[*ConsentService](t)(NewConsentService(e)).Changes(t.Context(), "SE1-P1", Mark{}); !errors.Is(err, ErrAnswer) || !strings.Contains(err.Error(), "more than 100000 rows") {
		t.Errorf("too many rows: %v", err)
	}
}

// The client of the services goes nowhere but where it is sent.
func TestTheClientFollowsNobody(t *testing.T) {
	called := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer other.Close()
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer first.Close()
	t.Setenv("HTTP_PROXY", other.URL)
	client := NewClient(nil)
	defer client.CloseIdleConnections()
	_, err := ok[*BlockService](t)(NewBlockService(Endpoint{Client: client, URL: first.URL})).Blocks(t.Context(), Mark{})
	if !errors.Is(err, ErrUnavailable) || called {
		t.Errorf("%v, and the other was called: %v", err, called)
	}
}

func TestMarks(t *testing.T) {
	clock := ok[Clock](t)(NewClock())
	mark := func(s string) Mark { return ok[Mark](t)(clock.Read(s)) }
	for text, want := range map[string]struct{ overlap, first, last string }{
		"2026-06-01T12:00:00.5":     {"2026-06-01T12:00:00.5", "2026-06-01T10:00:00.5Z", "2026-06-01T10:00:00.5Z"},
		"2026-06-01T12:00:00+00:00": {"2026-06-01T14:00:00", "2026-06-01T12:00:00Z", "2026-06-01T12:00:00Z"},
		"2026-10-25T02:50:10":       {"2026-10-25T02:00:00", "2026-10-25T00:50:10Z", "2026-10-25T01:50:10Z"}, // comes twice
		"2026-10-25T01:59:59":       {"2026-10-25T01:59:59", "2026-10-24T23:59:59Z", "2026-10-24T23:59:59Z"},
		"2026-10-25T03:00:00":       {"2026-10-25T03:00:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
	} {
		m := mark(text)
		if m.Overlap().Text() != want.overlap || m.Earliest() != at(t, want.first) || m.Latest() != at(t, want.last) {
			t.Errorf("%s: read from %s, between %d and %d", text, m.Overlap().Text(), m.Earliest(), m.Latest())
		}
		packed := ok[Mark](t)(clock.Unpack(m.Pack()))
		if gap := m.Earliest() - packed.Earliest(); gap < 0 || gap >= 1000 || packed.Pack() != m.Pack() {
			t.Errorf("%s: %d ms are lost by packing", text, gap)
		}
	}
	early, late, first, second := mark("2026-10-25T01:59:59"), mark("2026-10-25T03:00:00"), mark("2026-10-25T02:50:00"), mark("2026-10-25T02:10:00")
	for _, pair := range [][2]Mark{{early, late}, {early, first}, {early, second}, {first, late}, {second, late}} {
		if !pair[0].Before(pair[1]) || pair[1].Before(pair[0]) {
			t.Errorf("%s and %s are in no order", pair[0].Text(), pair[1].Text())
		}
	}
	if first.Before(second) || second.Before(first) {
		t.Error("in the hour that comes twice nobody can tell")
	}
	for _, text := range []string{"", secret, "2026-06-01T25:00:00", "1960-01-01T00:00:00", strings.Repeat("1", 50)} {
		if _, err := clock.Read(text); err == nil {
			t.Errorf("%q is a mark", text)
		}
	}
	for _, text := range []string{"-1", "!", "zzzzzzzzzzzzz", "0"} {
		if _, err := clock.Unpack(text); err == nil {
			t.Errorf("%q was unpacked", text)
		}
	}
}

func FuzzBlocks(f *testing.F) {
	f.Add(blocksSaid(wholeBlock))
	f.Add(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault/></s:Body></s:Envelope>`)
	f.Fuzz(func(t *testing.T, body string) {
		_, e := says(body)
		got, err := ok[*BlockService](t)(NewBlockService(e)).Blocks(t.Context(), Mark{})
		if err != nil {
			return
		}
		for _, b := range got.Blocks {
			if b.Patient.IsZero() || b.Row.ID == "" || b.Row.CareProvider == "" || b.Row.Inner != (b.Row.CareUnit != "") {
				t.Fatal("half a block was taken")
			}
		}
	})
}

func FuzzConsents(f *testing.F) {
	f.Add(consentsSaid(fine + moreLater + assertion("c1", "Emergency")))
	f.Fuzz(func(t *testing.T, body string) {
		_, e := says(body)
		got, err := ok[*ConsentService](t)(NewConsentService(e)).Changes(t.Context(), "SE1-P1", Mark{})
		if err != nil {
			return
		}
		for _, c := range got.Rows {
			if c.Patient.IsZero() || c.Row.CareProvider != "SE1-P1" || c.Row.CareUnit == "" || c.Row.Start <= 0 || c.Row.Local {
				t.Fatal("half a consent was taken")
			}
		}
	})
}

func FuzzRelations(f *testing.F) {
	f.Add(soap(relationSpace, relationTypes, "GetPatientRelationsForCareProvider", fine+moreLater+`<PatientRelations><PatientRelationId>r1</PatientRelationId><PatientId>199701062383</PatientId>
<CareProviderId>SE1-P1</CareProviderId><CareUnitId>SE1-U1</CareUnitId><EmployeeId>SE1-E1</EmployeeId><StartDate>2026-01-01T00:00:00</StartDate><EndDate>2026-12-31T23:59:59</EndDate></PatientRelations>`))
	f.Fuzz(func(t *testing.T, body string) {
		_, e := says(body)
		got, err := ok[*RelationService](t)(NewRelationService(e)).Changes(t.Context(), "SE1-P1", Mark{})
		if err != nil {
			return
		}
		for _, c := range got.Rows {
			if c.Patient.IsZero() || c.Row.CareProvider != "SE1-P1" || c.Row.Employee == "" || c.Row.Start <= 0 || c.Row.End <= 0 {
				t.Fatal("half a relation was taken")
			}
		}
	})
}

func FuzzDirectory(f *testing.F) {
	f.Add(credentialsSaid("", commissionSaid("SE1-C1", "")))
	f.Fuzz(func(t *testing.T, body string) {
		anna := ok[protocol.EmployeeID](t)(protocol.ParseEmployeeID("SE1-E1"))
		_, e := says(body)
		got, err := ok[*Directory](t)(NewDirectory(e)).Commissions(t.Context(), []protocol.EmployeeID{anna})
		if err != nil {
			return
		}
		for _, c := range got {
			if c.Employee != anna || c.Row.ID == "" || c.Row.CareProvider == "" || c.Row.Protected && c.Row.EmployeeName != "" {
				t.Fatal("half a commission was taken")
			}
		}
	})
}
