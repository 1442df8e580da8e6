package standin

import (
	"encoding/xml"
	"slices"
	"strings"

	"tvilling/protocol"
)

// --- GetBlocks 4 ---

type blocksBody struct {
	Request *struct {
		Patient *struct {
			Root      string `xml:"urn:riv:informationsecurity:authorization:blocking:4 root"`
			Extension string `xml:"urn:riv:informationsecurity:authorization:blocking:4 extension"`
			extra
		} `xml:"urn:riv:informationsecurity:authorization:blocking:GetBlocksResponder:4 patientId"`
		Providers []string `xml:"urn:riv:informationsecurity:authorization:blocking:GetBlocksResponder:4 careProviderIds"`
		Since     string   `xml:"urn:riv:informationsecurity:authorization:blocking:GetBlocksResponder:4 createdOnOrAfter"`
		extra
	} `xml:"urn:riv:informationsecurity:authorization:blocking:GetBlocksResponder:4 GetBlocks"`
}

type blocksAnswer struct {
	XMLName xml.Name     `xml:"r:GetBlocksResponse"`
	Header  blocksHeader `xml:"r:blockHeader"`
}

type blocksHeader struct {
	Result result     `xml:"c:result"`
	Blocks []blockOut `xml:"c:blocks"`
	Next   string     `xml:"c:nextCreatedOnOrAfter"`
	Latest string     `xml:"c:latestCancellation"`
}

type blockOut struct {
	ID       string        `xml:"c:blockId"`
	Type     string        `xml:"c:blockType"`
	Patient  personID      `xml:"c:patientId"`
	Start    string        `xml:"c:informationStartDate,omitempty"`
	End      string        `xml:"c:informationEndDate,omitempty"`
	Unit     string        `xml:"c:informationCareUnitId,omitempty"`
	Provider string        `xml:"c:informationCareProviderId"`
	Excluded []excludedOut `xml:"c:excludedInformationTypes"`
	Revokes  []revokeOut   `xml:"c:temporaryRevokes"`
	Owner    string        `xml:"c:ownerId"`
}

type excludedOut struct {
	ID   string `xml:"c:infoTypeId"`
	Text string `xml:"c:infoTypeDescription"`
}

type revokeOut struct {
	ID       string `xml:"c:temporaryRevokeId"`
	End      string `xml:"c:endDate"`
	Unit     string `xml:"c:revokedForCareUnitId"`
	Employee string `xml:"c:revokedForEmployeeId,omitempty"`
}

// owner is the system that registered everything here.
const owner = "CN=standin"

func getBlocks(s *store, text []byte, told behaviour, _ int) (any, error) {
	body, err := demand[blocksBody](text)
	if err != nil {
		return nil, err
	}
	r := body.Request
	if r == nil {
		return nil, malformed("no GetBlocks")
	}
	if err := r.fault(); err != nil {
		return nil, err
	}
	at := s.tick()
	out := blocksHeader{Result: result{Code: codeOK}, Next: at.wire(), Latest: s.latest.wire()}
	since, err := sinceOf(r.Since)
	patient := ""
	if r.Patient != nil && err == nil {
		var id protocol.PatientID
		id, err = protocol.ParsePatientIDUnder(r.Patient.Root, r.Patient.Extension)
		patient = id.Reveal()
	}
	switch {
	case err != nil:
		out.Result = result{codeBlocksInvalid, "createdOnOrAfter or patientId is none"}
		return blocksAnswer{Header: out}, nil
	case told.Fail == failError:
		out.Result = result{codeError, "told to fail"}
		return blocksAnswer{Header: out}, nil
	}
	all := s.blocksSince(since, at, func(b block) bool {
		return (patient == "" || b.patient == patient) && (len(r.Providers) == 0 || slices.Contains(r.Providers, b.provider))
	})
	for _, b := range all {
		out.Blocks = append(out.Blocks, b.out())
	}
	out.lie(told.Lie, since, at)
	return blocksAnswer{Header: out}, nil
}

func (h *blocksHeader) lie(lie string, since, at moment) {
	switch lie {
	case lieForever:
		h.Latest = (at + 1).wire()
	case lieBackwards:
		h.Next = (earlier(since, at) - back).wire()
	case lieProvider:
		for i := range h.Blocks {
			h.Blocks[i].Provider = liarProvider
		}
	case lieEmpty:
		h.Blocks = nil
	case lieDuplicate:
		h.Blocks = twice(h.Blocks)
	}
}

// earlier is where a watermark that goes back goes from.
func earlier(since, at moment) moment {
	if since != 0 {
		return since
	}
	return at
}

func (b blocked) out() blockOut {
	out := blockOut{ID: b.wire, Type: "Outer", Patient: idOf(b.row.patient), Start: b.row.start, End: b.row.end,
		Unit: b.row.unit, Provider: b.row.provider, Owner: owner}
	if b.row.inner {
		out.Type = "Inner"
	}
	for _, kind := range strings.Split(b.row.exempt, ",") {
		switch protocol.BlockType(kind) {
		case protocol.BlockTypeMedication:
			out.Excluded = append(out.Excluded, excludedOut{kind, "Läkemedel - Ordination/förskrivning"})
		case protocol.BlockTypeAlert:
			out.Excluded = append(out.Excluded, excludedOut{kind, "Uppmärksamhetsinformation"})
		}
	}
	for _, l := range b.lifts {
		out.Revokes = append(out.Revokes, revokeOut{l.wire, l.row.end.wire(), l.row.unit, l.row.employee})
	}
	return out
}

// idOf writes a patient's id under its root.
func idOf(patient string) personID {
	id, err := protocol.ParsePatientID(patient)
	if err != nil {
		return personID{} // the file's reader took it: cannot be
	}
	return personID{id.Kind().Root(), id.Reveal()}
}

func sinceOf(text string) (moment, error) {
	if text == "" {
		return 0, nil
	}
	return fromWire(text)
}

// --- GetConsentsForCareProvider 2 ---

type consentsBody struct {
	Request *struct {
		Provider  string `xml:"urn:riv:informationsecurity:authorization:consent:GetConsentsForCareProviderResponder:2 careProviderId"`
		Since     string `xml:"urn:riv:informationsecurity:authorization:consent:GetConsentsForCareProviderResponder:2 createdOnOrAfter"`
		Cancelled string `xml:"urn:riv:informationsecurity:authorization:consent:GetConsentsForCareProviderResponder:2 getCancelledFlag"`
		extra
	} `xml:"urn:riv:informationsecurity:authorization:consent:GetConsentsForCareProviderResponder:2 GetConsentsForCareProvider"`
}

type consentsAnswer struct {
	XMLName xml.Name      `xml:"r:GetConsentsForCareProviderResponse"`
	All     allAssertions `xml:"r:getAllAssertionsResult"`
}

type allAssertions struct {
	Result    result               `xml:"c:result"`
	Next      string               `xml:"c:moreOnOrAfter"`
	More      bool                 `xml:"c:hasMore"`
	Rows      []assertionOut       `xml:"c:assertions"`
	Cancelled []cancelledAssertion `xml:"c:cancelledAssertions"`
}

type assertionOut struct {
	ID       string   `xml:"c:assertionId"`
	Type     string   `xml:"c:assertionType"`
	Scope    string   `xml:"c:scope"`
	Patient  personID `xml:"c:patientId"`
	Provider string   `xml:"c:careProviderId"`
	Unit     string   `xml:"c:careUnitId"`
	Employee string   `xml:"c:employeeId,omitempty"`
	Start    string   `xml:"c:startDate"`
	End      string   `xml:"c:endDate,omitempty"`
	Owner    string   `xml:"c:ownerId"`
}

type cancelledAssertion struct {
	ID string `xml:"c:assertionId"`
	At string `xml:"c:cancellationDate"`
}

func getConsents(s *store, text []byte, told behaviour, size int) (any, error) {
	body, err := demand[consentsBody](text)
	if err != nil {
		return nil, err
	}
	r := body.Request
	if r == nil {
		return nil, malformed("no GetConsentsForCareProvider")
	}
	if err := r.fault(); err != nil {
		return nil, err
	}
	at := s.tick()
	a, wrong := askedOf(r.Provider, r.Since, r.Cancelled, size)
	out := allAssertions{Result: result{Code: codeOK}, Next: at.wire()}
	switch {
	case wrong != "":
		out.Result = result{codeInvalid, wrong}
		return consentsAnswer{All: out}, nil
	case told.Fail == failError:
		out.Result = result{codeError, "told to fail"}
		return consentsAnswer{All: out}, nil
	}
	p := s.consents.delta(a, at)
	p = distort(p, told.Lie, a.since, at)
	out.Next, out.More = p.next.wire(), p.more
	for _, k := range p.rows {
		one := assertionOut{ID: k.wire, Type: "Consent", Scope: "NationalLevel", Patient: idOf(k.row.patient),
			Provider: provider(k.row.provider, told.Lie), Unit: k.row.unit, Employee: k.row.employee,
			Start: k.row.start.wire(), End: k.row.end.wire(), Owner: owner}
		if k.row.emergency {
			one.Type = "Emergency"
		}
		out.Rows = append(out.Rows, one)
	}
	for _, k := range p.gone {
		out.Cancelled = append(out.Cancelled, cancelledAssertion{k.wire, k.gone.wire()})
	}
	return consentsAnswer{All: out}, nil
}

// askedOf reads what a delta is asked for; wrong is the rule that it breaks.
func askedOf(provider, since, cancelled string, size int) (a asked, wrong string) {
	id, err := protocol.ParseCareProviderID(provider)
	if err != nil {
		return a, "careProviderId is none"
	}
	from, err := sinceOf(since)
	if err != nil {
		return a, "createdOnOrAfter is none"
	}
	flags := map[string]bool{"true": true, "1": true, "false": false, "0": false}
	flag, ok := flags[cancelled]
	if !ok {
		return a, "getCancelledFlag is needed: true or false"
	}
	return asked{id.Reveal(), from, flag, size}, ""
}

// distort makes of a true page a lie.
func distort[T row](p page[T], lie string, since, at moment) page[T] {
	switch lie {
	case lieForever:
		p.more, p.next = true, earlier(since, at)
	case lieBackwards:
		p.next = earlier(since, at) - back
	case lieEmpty:
		p.rows, p.gone, p.more, p.next = nil, nil, false, at
	case lieDuplicate:
		p.rows, p.gone = twice(p.rows), twice(p.gone)
	}
	return p
}

func provider(of, lie string) string {
	if lie == lieProvider {
		return liarProvider
	}
	return of
}

// --- GetPatientRelationsForCareProvider 1 ---

type relationsBody struct {
	Request *struct {
		Provider  string `xml:"urn:riv:ehr:patientrelationship:querying:GetPatientRelationsForCareProviderResponder:1 CareProviderId"`
		Since     string `xml:"urn:riv:ehr:patientrelationship:querying:GetPatientRelationsForCareProviderResponder:1 CreatedOnOrAfter"`
		Cancelled string `xml:"urn:riv:ehr:patientrelationship:querying:GetPatientRelationsForCareProviderResponder:1 GetCancelledFlag"`
		extra
	} `xml:"urn:riv:ehr:patientrelationship:querying:GetPatientRelationsForCareProviderResponder:1 GetPatientRelationsForCareProviderRequest"`
}

type relationsAnswer struct {
	XMLName xml.Name     `xml:"r:GetPatientRelationsForCareProviderResponse"`
	All     allRelations `xml:"r:GetAllPatientRelationsResultType"`
}

type allRelations struct {
	Result    resultV1            `xml:"c:Result"`
	Next      string              `xml:"c:MoreOnOrAfter"`
	More      bool                `xml:"c:HasMore"`
	Rows      []relationOut       `xml:"c:PatientRelations"`
	Cancelled []cancelledRelation `xml:"c:CancelledPatientRelations"`
}

type relationOut struct {
	ID       string `xml:"c:PatientRelationId"`
	Patient  string `xml:"c:PatientId"`
	Provider string `xml:"c:CareProviderId"`
	Unit     string `xml:"c:CareUnitId"`
	Employee string `xml:"c:EmployeeId"`
	Start    string `xml:"c:StartDate"`
	End      string `xml:"c:EndDate"`
	Owner    string `xml:"c:OwnerId"`
}

type cancelledRelation struct {
	ID string `xml:"c:PatientRelationId"`
	At string `xml:"c:CancellationDate"`
}

func getRelations(s *store, text []byte, told behaviour, size int) (any, error) {
	body, err := demand[relationsBody](text)
	if err != nil {
		return nil, err
	}
	r := body.Request
	if r == nil {
		return nil, malformed("no GetPatientRelationsForCareProviderRequest")
	}
	if err := r.fault(); err != nil {
		return nil, err
	}
	at := s.tick()
	a, wrong := askedOf(r.Provider, r.Since, r.Cancelled, size)
	out := allRelations{Result: resultV1{Code: codeOK}, Next: at.wire()}
	switch {
	case wrong != "":
		out.Result = resultV1{codeInvalid, wrong}
		return relationsAnswer{All: out}, nil
	case told.Fail == failError:
		out.Result = resultV1{codeError, "told to fail"}
		return relationsAnswer{All: out}, nil
	}
	p := s.relations.delta(a, at)
	p = distort(p, told.Lie, a.since, at)
	out.Next, out.More = p.next.wire(), p.more
	for _, k := range p.rows {
		out.Rows = append(out.Rows, relationOut{k.wire, k.row.patient, provider(k.row.provider, told.Lie), k.row.unit, k.row.employee,
			k.row.start.wire(), k.row.end.wire(), owner})
	}
	for _, k := range p.gone {
		out.Cancelled = append(out.Cancelled, cancelledRelation{k.wire, k.gone.wire()})
	}
	return relationsAnswer{All: out}, nil
}
