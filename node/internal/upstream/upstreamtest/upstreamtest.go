// Package upstreamtest is the services around a node for tests: they answer from rows
// that the test sets, over SOAP, in this process.
//
// It owns the rows. It has no memory of what was told before: each answer is
// everything, and nothing is ever said to be taken back. It must never be imported
// outside of tests.
package upstreamtest

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"tvilling/node/internal/upstream"
	"tvilling/protocol"
)

// Rows are what the services know.
type Rows struct {
	Commissions []upstream.Commission
	Relations   []upstream.Relation
	Blocks      []upstream.Block
}

// Services answers for all of them. It may be used by several goroutines.
type Services struct {
	mu     sync.Mutex // guards what is below
	rows   Rows
	broken bool
}

// New returns services that know the rows.
func New(rows Rows) *Services { return &Services{rows: rows} }

// Set changes what they know.
func (s *Services) Set(rows Rows) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = rows
}

// Break has every answer an error, or no longer.
func (s *Services) Break(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// RoundTrip answers without a network.
func (s *Services) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result(), nil
}

// ServeHTTP answers a call.
func (s *Services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	rows, broken := s.rows, s.broken
	s.mu.Unlock()
	action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
	space, name, ok := cut(action)
	if broken || !ok {
		http.Error(w, "broken", http.StatusServiceUnavailable)
		return
	}
	now := wall(protocol.Instant(time.Now().UnixMilli()))
	var body string
	switch name {
	case "GetBlocks":
		body = done + blocks(rows.Blocks) + "<nextCreatedOnOrAfter>" + now + "</nextCreatedOnOrAfter><latestCancellation>2020-01-01T00:00:00</latestCancellation>"
	case "GetConsentsForCareProvider":
		body = done + "<hasMore>false</hasMore><moreOnOrAfter>" + now + "</moreOnOrAfter>"
	case "GetPatientRelationsForCareProvider":
		body = done + relations(rows.Relations) + "<hasMore>false</hasMore><moreOnOrAfter>" + now + "</moreOnOrAfter>"
	case "GetCredentialsForPersonIncludingProtectedPerson":
		body = credentials(rows.Commissions, r)
	default:
		http.Error(w, "no such service", http.StatusNotFound)
		return
	}
	fmt.Fprintf(w, `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><%[1]sResponse xmlns="%[2]s">%[3]s</%[1]sResponse></e:Body></e:Envelope>`,
		name, space, body)
}

const done = "<result><resultCode>OK</resultCode></result>"

// cut parts the namespace of an interaction from the name of its operation.
func cut(action string) (space, name string, ok bool) {
	i := strings.LastIndex(action, ":")
	if i < 0 {
		return "", "", false
	}
	return action[:i], action[i+1:], true
}

func wall(at protocol.Instant) string {
	return time.UnixMilli(int64(at)).UTC().Format(time.RFC3339)
}

func put(b *strings.Builder, name, text string) {
	if text == "" {
		return
	}
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(text)) // a Builder takes everything
	b.WriteString("</" + name + ">")
}

func blocks(all []upstream.Block) string {
	var b strings.Builder
	for _, one := range all {
		kind := "Outer"
		if one.Row.Inner {
			kind = "Inner"
		}
		b.WriteString("<blocks>")
		put(&b, "blockId", one.Row.ID)
		put(&b, "blockType", kind)
		put(&b, "patientId", one.Patient.Reveal())
		put(&b, "informationCareProviderId", one.Row.CareProvider)
		put(&b, "informationCareUnitId", one.Row.CareUnit)
		b.WriteString("</blocks>")
	}
	return b.String()
}

func relations(all []upstream.Relation) string {
	var b strings.Builder
	for _, one := range all {
		b.WriteString("<patientRelations>")
		put(&b, "patientRelationId", one.ID)
		put(&b, "patientId", one.Patient.Reveal())
		put(&b, "careProviderId", one.Row.CareProvider)
		put(&b, "careUnitId", one.Row.CareUnit)
		put(&b, "employeeId", one.Row.Employee)
		put(&b, "startDate", wall(one.Row.Start))
		put(&b, "endDate", wall(one.Row.End))
		b.WriteString("</patientRelations>")
	}
	return b.String()
}

// credentials answers for whom the question is about.
func credentials(all []upstream.Commission, r *http.Request) string {
	var question struct {
		Person string `xml:"Body>GetCredentialsForPersonIncludingProtectedPerson>personHsaId"`
	}
	if xml.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(&question) != nil {
		return ""
	}
	var b strings.Builder
	for _, one := range all {
		if one.Employee.Reveal() != question.Person {
			continue
		}
		c := one.Row
		if b.Len() == 0 {
			b.WriteString("<credentialInformation>")
			put(&b, "personHsaId", question.Person)
			put(&b, "givenName", c.EmployeeName)
			put(&b, "healthCareProfessionalLicence", c.EmployeeTitle)
		}
		b.WriteString("<commission>")
		put(&b, "commissionHsaId", c.ID)
		put(&b, "commissionName", c.Name)
		put(&b, "commissionPurpose", c.Purpose)
		for _, right := range c.Rights {
			b.WriteString("<commissionRight>")
			put(&b, "activity", right.Activity)
			put(&b, "informationClass", right.InformationClass)
			put(&b, "scope", right.Scope)
			b.WriteString("</commissionRight>")
		}
		put(&b, "healthCareUnitHsaId", c.CareUnit)
		put(&b, "healthCareUnitName", c.CareUnitName)
		put(&b, "healthCareProviderHsaId", c.CareProvider)
		put(&b, "healthCareProviderName", c.CareProviderName)
		b.WriteString("</commission>")
	}
	if b.Len() > 0 {
		b.WriteString("</credentialInformation>")
	}
	return b.String()
}
