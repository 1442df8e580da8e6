package standin

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	fiona = "199701062383"
	harry = "194602226559"
	units = "care_provider = \"SE1-1000\"\ncare_unit = \"SE1-1100\"\n"
)

// stage is a server over a file that a test replaces.
type stage struct {
	*testing.T
	*Server
	path string
}

func begin(t *testing.T, page int, text string) *stage {
	t.Helper()
	s := &stage{T: t, path: filepath.Join(t.TempDir(), "services.toml")}
	s.replace(text)
	server, err := New(Config{File: s.path, Page: page})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = server
	return s
}

// replace puts another file in the place of the first, as everybody should.
func (s *stage) replace(text string) {
	s.Helper()
	if err := errors.Join(os.WriteFile(s.path+".next", []byte(text), 0o600), os.Rename(s.path+".next", s.path)); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) do(ctx context.Context, method, path, body string, header ...string) (w *httptest.ResponseRecorder, closed bool) {
	s.Helper()
	w = httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			closed = true
		} else if p != nil {
			panic(p)
		}
	}()
	s.ServeHTTP(w, r)
	return w, false
}

// soap makes a request with fields in the interaction's namespace, as a client would.
func (s *stage) soap(name, operation, fields string) (int, string) {
	s.Helper()
	w, closed := s.do(s.Context(), http.MethodPost, "/"+name, s.envelope(name, operation, fields), "SOAPAction", `"`+s.services[name].action+`"`)
	if closed {
		return 0, ""
	}
	return w.Code, w.Body.String()
}

func (s *stage) envelope(name, operation, fields string) string {
	ns := s.services[name].ns
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:r="` + ns.interaction + `" xmlns:c="` + ns.types +
		`"><s:Header><LogicalAddress xmlns="urn:riv:itintegration:registry:1">SE165565594230-1000</LogicalAddress></s:Header><s:Body><r:` +
		operation + `>` + fields + `</r:` + operation + `></s:Body></s:Envelope>`
}

// tell gives an order, and expects it to be carried out.
func (s *stage) tell(path, order string) {
	s.Helper()
	if w, _ := s.do(s.Context(), http.MethodPost, "/control/"+path, order); w.Code != http.StatusOK {
		s.Fatalf("%s %s: %d %s", path, order, w.Code, w.Body)
	}
}

// texts returns the texts of every element of that name, with its parent's where
// there are such.
func texts(t *testing.T, answer, name string) []string {
	t.Helper()
	var all []string
	in := false
	for d := xml.NewDecoder(strings.NewReader(answer)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, answer)
		}
		switch token := token.(type) {
		case xml.StartElement:
			in = token.Name.Local == name
			if in {
				all = append(all, "")
			}
		case xml.CharData:
			if in {
				all[len(all)-1] += string(token)
			}
		case xml.EndElement:
			in = false
		}
	}
}

func text(t *testing.T, answer, name string) string {
	t.Helper()
	if all := texts(t, answer, name); len(all) == 1 {
		return all[0]
	}
	t.Fatalf("not one %s in %s", name, answer)
	return ""
}

func (s *stage) want(what string, got, want []string) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func blockText(id, patient, more string) string {
	return "[[block]]\nid = \"" + id + "\"\npatient = \"" + patient + "\"\nkind = \"inner\"\n" + units + more
}

func liftText(id, end string) string {
	return "[[block.lift]]\nid = \"" + id + "\"\ncare_unit = \"SE2-2100\"\nend = " + end + "\n"
}

func (s *stage) blocks(fields string) (ids []string, next, latest string) {
	s.Helper()
	code, answer := s.soap("blocks", "GetBlocks", fields)
	if code != http.StatusOK || text(s.T, answer, "resultCode") != "OK" {
		s.Fatalf("%d: %s", code, answer)
	}
	return texts(s.T, answer, "blockId"), text(s.T, answer, "nextCreatedOnOrAfter"), text(s.T, answer, "latestCancellation")
}

func since(at string) string { return "<r:createdOnOrAfter>" + at + "</r:createdOnOrAfter>" }

// Blocks: new ones come in a delta, removals only move the latest cancellation, and a
// removed lift moves nothing.
func TestBlocksAreADelta(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b1 := blockText("b1", fiona, "start = 2020-01-01\nend = 2020-12-31\nexempt = [\"lak\"]\n")
		s := begin(t, 0, b1+blockText("b2", harry, ""))
		ids, next, first := s.blocks("")
		s.want("the first reading", ids, []string{"b1", "b2"})
		time.Sleep(10 * time.Second)
		ids, next, _ = s.blocks(since(next))
		s.want("nothing since", ids, nil)

		time.Sleep(10 * time.Second)
		s.replace(b1 + liftText("l1", "2000-01-02") + blockText("b2", harry, "") + blockText("b3", fiona, ""))
		ids, next, latest := s.blocks(since(next))
		s.want("a new block and a block with a new lift", ids, []string{"b1", "b3"})
		if latest != first {
			t.Error("what is new moved the latest cancellation")
		}

		time.Sleep(10 * time.Second)
		s.replace(b1 + blockText("b2", harry, "") + blockText("b3", fiona, ""))
		ids, next, latest = s.blocks(since(next))
		s.want("b1's lift that was taken back is invisible; what came in the watermark's second comes again", ids, []string{"b3"})
		if latest != first {
			t.Error("a lift that was taken back moved the latest cancellation")
		}

		time.Sleep(10 * time.Second)
		s.replace(b1 + blockText("b2", harry, "end = 2021-01-01\n"))
		ids, _, latest = s.blocks(since(next))
		if len(ids) != 1 || ids[0] == "b2" || latest <= first {
			t.Errorf("a changed block came as %v with latest cancellation %s after %s: want a new id and a later time", ids, latest, first)
		}
		ids, _, _ = s.blocks("")
		s.want("everything", ids[:1], []string{"b1"})
		if len(ids) != 2 {
			t.Errorf("%d blocks stand, want 2", len(ids))
		}
	})
}

func TestABlockOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, 0, blockText("b1", fiona, "start = 2020-01-01\nend = 2020-12-31\nexempt = [\"lak\", \"upp\"]\n")+
			liftText("l1", "2000-06-01T12:00:00+02:00")+liftText("gone", "1999-12-01"))
		_, answer := s.soap("blocks", "GetBlocks", "<r:careProviderIds>SE1-1000</r:careProviderIds>")
		for name, want := range map[string]string{
			"blockType": "Inner", "informationStartDate": "2020-01-01T00:00:00", "informationEndDate": "2020-12-31T23:59:59",
			"informationCareUnitId": "SE1-1100", "informationCareProviderId": "SE1-1000", "root": "1.2.752.129.2.1.3.1", "extension": fiona,
			"temporaryRevokeId": "l1", "endDate": "2000-06-01T12:00:00", "revokedForCareUnitId": "SE2-2100",
		} {
			if got := text(t, answer, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		s.want("exempt", texts(t, answer, "infoTypeId"), []string{"lak", "upp"})
		if n := strings.Count(answer, `xmlns:r="urn:riv:informationsecurity:authorization:blocking:GetBlocksResponder:4"`); n != 1 {
			t.Errorf("the interaction's namespace is declared %d times", n)
		}
		for fields, want := range map[string][]string{
			"<r:careProviderIds>SE2-1000</r:careProviderIds>":                                                         nil,
			"<r:patientId><c:root>1.2.752.129.2.1.3.1</c:root><c:extension>" + harry + "</c:extension></r:patientId>": nil,
			"<r:patientId><c:root>1.2.752.129.2.1.3.1</c:root><c:extension>" + fiona + "</c:extension></r:patientId>": {"b1"},
		} {
			ids, _, _ := s.blocks(fields)
			s.want(fields, ids, want)
		}
	})
}

func consentText(id, end string) string {
	text := "[[consent]]\nid = \"" + id + "\"\npatient = \"" + fiona + "\"\n" + units + "start = 1999-01-01\n"
	if end != "" {
		text += "end = " + end + "\n"
	}
	return text
}

// consents reads one page.
func (s *stage) consents(at string, cancelled bool) (rows, gone []string, next string, more bool) {
	s.Helper()
	fields := "<r:careProviderId>SE1-1000</r:careProviderId>"
	if at != "" {
		fields += since(at)
	}
	_, answer := s.soap("consents", "GetConsentsForCareProvider", fields+fmt.Sprintf("<r:getCancelledFlag>%v</r:getCancelledFlag>", cancelled))
	if text(s.T, answer, "resultCode") != "OK" {
		s.Fatal(answer)
	}
	all := texts(s.T, answer, "assertionId")
	n := len(texts(s.T, answer, "assertionType"))
	return all[:n], append([]string(nil), all[n:]...), text(s.T, answer, "moreOnOrAfter"), text(s.T, answer, "hasMore") == "true"
}

// everything reads all pages from a time on.
func (s *stage) everything(at string) (rows, gone []string, next string, pages int) {
	s.Helper()
	for more := true; more; pages++ {
		var r, g []string
		r, g, at, more = s.consents(at, true)
		rows, gone = append(rows, r...), append(gone, g...)
		if pages > 100 {
			s.Fatal("it never ends")
		}
	}
	return rows, gone, at, pages
}

// Consents: pages until there is no more, cancellations in the delta, and what has
// ended is never told of.
func TestConsentsAreADeltaInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := ""
		for n := range 5 {
			all += consentText(fmt.Sprint("c", n), "")
		}
		s := begin(t, 2, all+consentText("short", "2000-01-02"))
		rows, gone, next, pages := s.everything("")
		s.want("the first reading", rows, []string{"c0", "c1", "c2", "c3", "c4", "short"})
		s.want("cancelled", gone, nil)
		if pages != 3 {
			t.Errorf("%d pages, want 3", pages)
		}
		time.Sleep(48 * time.Hour)
		rows, _, next, _ = s.everything(next)
		s.want("nothing since", rows, nil)

		time.Sleep(time.Minute)
		s.replace(strings.Replace(all, consentText("c1", ""), "", 1) + consentText("c9", ""))
		rows, gone, next, _ = s.everything(next)
		s.want("new", rows, []string{"c9"})
		s.want("cancelled, and not what has ended", gone, []string{"c1"})
		s.tell("consents/cancel?id=c2", "")
		rows, gone, _, _ = s.everything(next)
		s.want("what came in the second of the watermark comes again", rows, []string{"c9"})
		s.want("cancelled by an act", gone, []string{"c1", "c2"})
		_, gone, _, _ = s.consents("", false)
		s.want("cancelled, to one who does not ask for it", gone, nil)

		s.replace(strings.Replace(all, consentText("c1", ""), "", 1)) // c2 still stands there
		rows, _, _, _ = s.everything("")
		s.want("without a row of the file that was cancelled by an act", rows, []string{"c0", "c3", "c4"})
	})
}

// A second that holds more than a page is not split: a reader would never get past it.
func TestAPageDoesNotSplitASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, 2, "# nothing\n")
		_, _, next, _ := s.everything("")
		time.Sleep(time.Minute)
		var all string
		for n := range 7 {
			all += consentText(fmt.Sprint("c", n), "")
		}
		s.replace(all)
		rows, _, _, _ := s.everything(next)
		if len(rows) != 7 {
			t.Errorf("%d of 7 that came in one second", len(rows))
		}
	})
}

// A relation that the file gives a unit is one of each of its staff.
func TestRelationsAreEachOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		commission := func(employee, id string) string {
			return "[[commission]]\nemployee = \"" + employee + "\"\nid = \"" + id + "\"\nname = \"x\"\npurpose = \"y\"\n" + units
		}
		relation := "[[relation]]\nid = \"r1\"\npatient = \"" + fiona + "\"\n" + units + "start = 1999-01-01\n"
		s := begin(t, 0, commission("SE1-A", "SE1-C1")+commission("SE1-B", "SE1-C2")+commission("SE1-B", "SE1-C3")+relation)
		ask := func() string {
			_, answer := s.soap("relations", "GetPatientRelationsForCareProviderRequest",
				"<r:CareProviderId>SE1-1000</r:CareProviderId><r:GetCancelledFlag>true</r:GetCancelledFlag>")
			return answer
		}
		first := ask()
		s.want("employees", texts(t, first, "EmployeeId"), []string{"SE1-A", "SE1-B"})
		s.want("ends", texts(t, first, "EndDate"), []string{"2100-01-01T00:00:00", "2100-01-01T00:00:00"})
		s.want("patients", texts(t, first, "PatientId"), []string{fiona, fiona})
		ids := texts(t, first, "PatientRelationId")
		if len(ids) != 2 || ids[0] == ids[1] {
			t.Errorf("ids %v, want two different ones", ids)
		}
		s.tell("relations/cancel?id=r1", "")
		gone := ask()
		s.want("cancelled", texts(t, gone, "PatientRelationId"), ids)
		if len(texts(t, gone, "CancelledPatientRelations")) != 2 {
			t.Error("they are not told of as cancelled")
		}
	})
}

func TestTheDirectoryAndEngagements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, 0, `
[[person]]
name = "Anna Maria Lind"
title = "Läkare"
employee = "SE1-A"
protected = true
[[commission]]
employee = "se1-a"
id = "SE1-C1"
name = "Läkare"
purpose = "Vård och behandling"
rights = ["Läsa;alla;SJF", "Läsa;logg;VG"]
care_unit = "SE1-1100"
care_unit_name = "Kliniken"
care_provider = "SE1-1000"
end = 2030-12-31
[[engagement]]
employee = "SE1-A"
unit = "SE1-1100"
patient = "`+harry+`"
`)
		const operation = "GetCredentialsForPersonIncludingProtectedPerson"
		_, answer := s.soap("directory", operation, "<r:personHsaId>SE1-A</r:personHsaId>")
		for name, want := range map[string]string{"givenName": "Anna", "middleAndSurName": "Maria Lind", "protectedPerson": "true",
			"commissionHsaId": "SE1-C1", "commissionPurpose": "Vård och behandling", "healthCareUnitEndDate": "2030-12-31T23:59:59", "healthCareProviderHsaId": "SE1-1000"} {
			if got := text(t, answer, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		s.want("scopes", texts(t, answer, "scope"), []string{"SJF", "VG"})
		s.tell("commissions/cancel?id=SE1-C1", "")
		_, answer = s.soap("directory", operation, "<r:personHsaId>SE1-A</r:personHsaId>")
		s.want("a commission that was withdrawn", texts(t, answer, "commission"), nil)
		_, answer = s.soap("directory", operation, "<r:personHsaId>SE1-NOBODY</r:personHsaId>")
		s.want("nobody", texts(t, answer, "credentialInformation"), nil)

		for patient, want := range map[string]string{harry: "true", fiona: "false"} {
			_, answer := s.soap("engagement", "AssertCareEngagement", "<r:performer>SE1-A</r:performer><r:subjectOfCareId>"+patient+
				"</r:subjectOfCareId><r:careUnitHsaIdentity>SE1-1100</r:careUnitHsaIdentity><r:careGiverHsaIdentity>SE1-1000</r:careGiverHsaIdentity>")
			if got := text(t, answer, "HasCareEngagement"); got != want {
				t.Errorf("engaged with %s: %s", patient, got)
			}
		}
	})
}

func post(id, change, into string) string {
	return strings.Replace(`<r:log><c:logId>00000000-0000-4000-8000-`+fmt.Sprintf("%012s", id)+`</c:logId><c:system><c:systemId>SE1-S</c:systemId></c:system>
<c:activity><c:activityType>Läsa</c:activityType><c:startDate>2000-01-01T10:00:00.123</c:startDate><c:purpose>Vård och behandling</c:purpose></c:activity>
<c:user><c:userId>SE1-A</c:userId><c:careProvider><c:careProviderId>SE1-1000</c:careProviderId></c:careProvider><c:careUnit><c:careUnitId>SE1-1100</c:careUnitId></c:careUnit></c:user>
<c:resources><c:resource><c:resourceType>dia</c:resourceType><c:patient><c:patientId><c:root>1.2.752.129.2.1.3.1</c:root><c:extension>`+fiona+`</c:extension></c:patientId></c:patient>
<c:careProvider><c:careProviderId>SE1-1000</c:careProviderId></c:careProvider></c:resource></c:resources></r:log>`, change, into, 1)
}

// posted returns what the control lists.
func (s *stage) posted() []string {
	s.Helper()
	w, _ := s.do(s.Context(), http.MethodGet, "/control/log", "")
	var out struct{ Posts []Post }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		s.Fatal(err)
	}
	if strings.Contains(w.Body.String(), fiona) {
		s.Error("the listing says whom the posts are about")
	}
	var ids []string
	for _, p := range out.Posts {
		ids = append(ids, strings.TrimLeft(p.ID[24:], "0"))
	}
	return ids
}

func TestStoreLogTakesAllOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, 0, "# nothing\n")
		many := ""
		for n := range MaxPostsPerCall + 1 {
			many += post(fmt.Sprint(n+1000), "", "")
		}
		for _, c := range []struct{ name, logs, want string }{
			{"one", post("1", "", ""), "OK"},
			{"it again", post("1", "", ""), "VALIDATION_ERROR"},
			{"a new one beside it", post("2", "", "") + post("1", "", ""), "VALIDATION_ERROR"},
			{"twice in a call", post("3", "", "") + post("3", "", ""), "VALIDATION_ERROR"},
			{"none", "", "VALIDATION_ERROR"},
			{"too many", many, "VALIDATION_ERROR"},
			{"no activity", post("4", "Läsa", ""), "VALIDATION_ERROR"},
			{"another purpose", post("4", "Vård och behandling", "Forskning"), "VALIDATION_ERROR"},
			{"no time", post("4", "2000-01-01T10:00:00.123", "i går"), "VALIDATION_ERROR"},
			{"no user", post("4", "<c:userId>SE1-A</c:userId>", ""), "VALIDATION_ERROR"},
			{"no resources", post("4", "<c:resourceType>dia</c:resourceType>", ""), "VALIDATION_ERROR"},
			{"a patient id that is none", post("4", fiona, "199701062384"), "VALIDATION_ERROR"},
			{"a misspelled element", post("4", "</c:resources>", "</c:resources><c:comment>x</c:comment>"), "VALIDATION_ERROR"},
			{"a long level", post("4", "<c:startDate>", "<c:activityLevel>"+strings.Repeat("å", 257)+"</c:activityLevel><c:startDate>"), "VALIDATION_ERROR"},
			{"a full call", strings.Replace(many, post("1000", "", ""), "", 1), "OK"},
		} {
			before := len(s.store.posts.all)
			_, answer := s.soap("log", "StoreLog", c.logs)
			if got := text(t, answer, "resultCode"); got != c.want {
				t.Errorf("%s: %s, want %s: %s", c.name, got, c.want, answer)
			}
			if strings.Contains(answer, fiona) {
				t.Errorf("%s: the answer quotes the request", c.name)
			}
			if added := len(s.store.posts.all) - before; (added > 0) != (c.want == "OK") {
				t.Errorf("%s: %d were stored", c.name, added)
			}
		}
		if got := s.posted(); len(got) != 501 || got[0] != "1" {
			t.Errorf("%d posts are listed", len(got))
		}
		s.tell("log", `{"lie":"duplicate"}`)
		_, answer := s.soap("log", "StoreLog", post("9", "", ""))
		if text(t, answer, "resultCode") != "VALIDATION_ERROR" || len(s.posted()) != 501 {
			t.Error("the lie about a duplicate stored it, or was not told")
		}
	})
}
