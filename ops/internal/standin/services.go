package standin

import (
	"encoding/xml"
	"errors"
	"slices"
	"strings"

	"tvilling/protocol"
)

// service is one of the interfaces: where it is, what it is called, and how it answers.
type service struct {
	name   string
	action string     // SOAPAction
	ns     namespaces // of its answers
	lies   []string   // that it can tell
	answer func(s *store, request []byte, told behaviour, size int) (any, error)
}

// Lies that a service can be told to tell.
const (
	lieForever   = "more-forever"    // there is always more, from the same time; of blocks: the latest cancellation is always now
	lieBackwards = "backwards"       // the watermark goes back
	lieProvider  = "wrong-provider"  // the rows are another care provider's; of the directory: another person's
	lieEmpty     = "empty"           // nothing is there, and all is well
	lieDuplicate = "duplicate"       // every row twice; of the log: what is new was there before
	lieNamespace = "wrong-namespace" // another major version answers
)

// back is how far a watermark goes back when it lies.
const back = moment(3600)

const liarProvider, liarEmployee = "SE0000009999-1000", "SE0000009999-P001"

// services are all of them, by name: the path that each is at.
func services() map[string]service {
	const security = "urn:riv:informationsecurity:"
	const directory = "urn:riv:infrastructure:directory:authorizationmanagement:"
	const relations = "urn:riv:ehr:patientrelationship:"
	deltas := []string{lieForever, lieBackwards, lieProvider, lieEmpty, lieDuplicate, lieNamespace}
	all := map[string]service{}
	add := func(name, interaction, major, operation, types string, lies []string, answer func(*store, []byte, behaviour, int) (any, error)) {
		ns := interaction + "Responder:" + major
		all[name] = service{name, ns + ":" + operation, namespaces{ns, types}, lies, answer}
	}
	add("blocks", security+"authorization:blocking:GetBlocks", "4", "GetBlocks", security+"authorization:blocking:4", deltas, getBlocks)
	add("consents", security+"authorization:consent:GetConsentsForCareProvider", "2", "GetConsentsForCareProvider", security+"authorization:consent:2", deltas, getConsents)
	add("relations", relations+"querying:GetPatientRelationsForCareProvider", "1", "GetPatientRelationsForCareProvider", relations+"1", deltas, getRelations)
	add("directory", directory+"GetCredentialsForPersonIncludingProtectedPerson", "2", "GetCredentialsForPersonIncludingProtectedPerson", directory+"2",
		[]string{lieProvider, lieEmpty, lieDuplicate, lieNamespace}, getCredentials)
	add("engagement", "urn:riv:ehr:accesscontrol:AssertCareEngagement", "1", "AssertCareEngagement", "urn:riv:ehr:accesscontrol:1",
		[]string{lieEmpty, lieNamespace}, assertEngagement)
	add("log", security+"auditing:log:StoreLog", "2", "StoreLog", security+"auditing:log:2", []string{lieEmpty, lieDuplicate, lieNamespace}, storeLog)
	return all
}

// twice is a lie: every row comes twice.
func twice[T any](all []T) []T {
	var out []T
	for _, one := range all {
		out = append(out, one, one)
	}
	return out
}

// --- AssertCareEngagement 1 ---

type engagementBody struct {
	Request *struct {
		Performer string `xml:"urn:riv:ehr:accesscontrol:AssertCareEngagementResponder:1 performer"`
		Subject   string `xml:"urn:riv:ehr:accesscontrol:AssertCareEngagementResponder:1 subjectOfCareId"`
		Unit      string `xml:"urn:riv:ehr:accesscontrol:AssertCareEngagementResponder:1 careUnitHsaIdentity"`
		Provider  string `xml:"urn:riv:ehr:accesscontrol:AssertCareEngagementResponder:1 careGiverHsaIdentity"`
		extra
	} `xml:"urn:riv:ehr:accesscontrol:AssertCareEngagementResponder:1 AssertCareEngagement"`
}

type engagementAnswer struct {
	XMLName xml.Name `xml:"r:AssertCareEngagementResponse"`
	Has     *bool    `xml:"r:HasCareEngagement"`
}

func assertEngagement(s *store, text []byte, told behaviour, _ int) (any, error) {
	body, err := demand[engagementBody](text)
	if err != nil {
		return nil, err
	}
	r := body.Request
	if r == nil {
		return nil, malformed("no AssertCareEngagement")
	}
	if err := r.fault(); err != nil {
		return nil, err
	}
	employee, unit, patient, err := whoAndWhom(r.Performer, r.Unit, r.Subject)
	if _, wrong := protocol.ParseCareProviderID(r.Provider); err != nil || wrong != nil {
		return nil, malformed("an id is missing or is none")
	}
	has := s.engaged(employee, unit, patient)
	switch {
	case told.Fail == failError:
		return nil, &faultError{"Server", "VP009 the producer answers with an error"} // the contract has no logical ones
	case told.Lie == lieEmpty:
		return engagementAnswer{}, nil
	}
	return engagementAnswer{Has: &has}, nil
}

// whoAndWhom reads the three ids into their canonical texts.
func whoAndWhom(employee, unit, patient string) (e, u, p string, err error) {
	who, faultWho := protocol.ParseEmployeeID(employee)
	where, faultWhere := protocol.ParseCareUnitID(unit)
	whom, faultWhom := protocol.ParsePatientID(patient)
	return who.Reveal(), where.Reveal(), whom.Reveal(), errors.Join(faultWho, faultWhere, faultWhom)
}

// --- GetCredentialsForPersonIncludingProtectedPerson 2 ---

type credentialsBody struct {
	Request *struct {
		Person  string `xml:"urn:riv:infrastructure:directory:authorizationmanagement:GetCredentialsForPersonIncludingProtectedPersonResponder:2 personHsaId"`
		Number  string `xml:"urn:riv:infrastructure:directory:authorizationmanagement:GetCredentialsForPersonIncludingProtectedPersonResponder:2 personalIdentityNumber"`
		Base    string `xml:"urn:riv:infrastructure:directory:authorizationmanagement:GetCredentialsForPersonIncludingProtectedPersonResponder:2 searchBase"`
		Feigned string `xml:"urn:riv:infrastructure:directory:authorizationmanagement:GetCredentialsForPersonIncludingProtectedPersonResponder:2 includeFeignedObject"`
		Profile string `xml:"urn:riv:infrastructure:directory:authorizationmanagement:GetCredentialsForPersonIncludingProtectedPersonResponder:2 profile"`
		extra
	} `xml:"urn:riv:infrastructure:directory:authorizationmanagement:GetCredentialsForPersonIncludingProtectedPersonResponder:2 GetCredentialsForPersonIncludingProtectedPerson"`
}

type credentialsAnswer struct {
	XMLName     xml.Name     `xml:"r:GetCredentialsForPersonIncludingProtectedPersonResponse"`
	Credentials []credential `xml:"r:credentialInformation"`
}

type credential struct {
	GivenName   string          `xml:"c:givenName"`
	Surname     string          `xml:"c:middleAndSurName"`
	Person      string          `xml:"c:personHsaId"`
	Licence     string          `xml:"c:healthCareProfessionalLicence,omitempty"`
	Protected   bool            `xml:"c:protectedPerson"`
	Commissions []commissionOut `xml:"c:commission"`
}

type commissionOut struct {
	Name          string     `xml:"c:commissionName"`
	ID            string     `xml:"c:commissionHsaId"`
	Purpose       string     `xml:"c:commissionPurpose"`
	Rights        []rightOut `xml:"c:commissionRight"`
	Unit          string     `xml:"c:healthCareUnitHsaId,omitempty"`
	UnitName      string     `xml:"c:healthCareUnitName,omitempty"`
	UnitStart     string     `xml:"c:healthCareUnitStartDate,omitempty"`
	UnitEnd       string     `xml:"c:healthCareUnitEndDate,omitempty"`
	Provider      string     `xml:"c:healthCareProviderHsaId"`
	ProviderName  string     `xml:"c:healthCareProviderName"`
	ProviderOrg   string     `xml:"c:healthCareProviderOrgNo"`
	ProviderStart string     `xml:"c:healthCareProviderStartDate,omitempty"`
	ProviderEnd   string     `xml:"c:healthCareProviderEndDate,omitempty"`
}

type rightOut struct {
	Activity string `xml:"c:activity"`
	Class    string `xml:"c:informationClass"`
	Scope    string `xml:"c:scope"`
}

func getCredentials(s *store, text []byte, told behaviour, _ int) (any, error) {
	body, err := demand[credentialsBody](text)
	if err != nil {
		return nil, err
	}
	r := body.Request
	if r == nil {
		return nil, malformed("no GetCredentialsForPersonIncludingProtectedPerson")
	}
	if err := r.fault(); err != nil {
		return nil, err
	}
	employee, err := protocol.ParseEmployeeID(r.Person)
	if err != nil || r.Number != "" {
		return nil, malformed("exactly one of personHsaId and personalIdentityNumber; the stand-in knows people by their HSA-id")
	}
	var out credentialsAnswer
	who, known := s.last.people[employee.Reveal()]
	commissions := s.commissions.standing(s.tick())
	commissions = slices.DeleteFunc(commissions, func(k *kept[commission]) bool { return k.row.employee != employee.Reveal() })
	switch {
	case told.Fail == failError:
		return nil, &faultError{"Server", "VP009 the producer answers with an error"}
	case told.Lie == lieEmpty, !known && len(commissions) == 0:
		return out, nil
	}
	one := credential{Person: employee.Reveal(), Licence: who.title, Protected: who.protected}
	one.GivenName, one.Surname = given(who.name)
	for _, k := range commissions {
		one.Commissions = append(one.Commissions, k.row.out())
	}
	if told.Lie == lieProvider {
		one.Person = liarEmployee
	}
	out.Credentials = []credential{one}
	if told.Lie == lieDuplicate {
		out.Credentials = twice(out.Credentials)
	}
	return out, nil
}

// out writes a commission. One that hangs directly under the care provider has no
// unit, and its dates are the care provider's.
func (c commission) out() commissionOut {
	out := commissionOut{Name: c.name, ID: c.id, Purpose: c.purpose, Unit: c.unit, Provider: c.provider, ProviderName: c.providerName}
	out.ProviderOrg, _, _ = strings.Cut(strings.TrimPrefix(c.provider, "SE"), "-")
	if c.unit != "" {
		out.UnitName, out.UnitStart, out.UnitEnd = c.unitName, c.start.wire(), c.end.wire()
	} else {
		out.ProviderStart, out.ProviderEnd = c.start.wire(), c.end.wire()
	}
	for _, right := range strings.Split(c.rights, "\n") {
		if parts := strings.Split(right, ";"); len(parts) == 3 {
			out.Rights = append(out.Rights, rightOut{parts[0], parts[1], parts[2]})
		}
	}
	return out
}
