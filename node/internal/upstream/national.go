package upstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// deltaTimeout bounds one call for blocks, consents or relations: a whole answer takes
// up to 10 s to come.
const deltaTimeout = 30 * time.Second

// service is what the feeds' services have in common.
type service struct {
	endpoint Endpoint
	clock    Clock
}

func newService(e Endpoint) (service, error) {
	clock, err := NewClock()
	return service{endpoint: e, clock: clock}, err
}

// answer gathers what is wrong with an answer, beside its verdict.
type answer struct {
	rows
	result
	clock Clock
	count int // rows read so far, of all tables
}

func (s service) answer() *answer { return &answer{rows: rows{loc: s.clock.loc}, clock: s.clock} }

// row makes the place of the next row of a table.
func (a *answer) row(table string) (place, error) {
	if a.count++; a.count > MaxRows {
		return place{}, malformed(fmt.Sprintf("more than %d rows", MaxRows))
	}
	return place{&a.rows, table, a.count}, nil
}

// mark reads a time of the service that its whole answer has.
func (a *answer) mark(e *element) Mark {
	m, err := a.clock.Read(e.text)
	if err != nil {
		place{&a.rows, e.name, 1}.fault(e.name, err.Error())
	}
	return m
}

// check returns what keeps the answer from being taken.
func (a *answer) check(name string) error {
	if err := a.result.check(name); err != nil {
		return err
	}
	if len(a.faults) > 0 {
		return fmt.Errorf("%s: %w: %w", name, ErrAnswer, errors.Join(a.faults...))
	}
	return nil
}

// patient reads a patient's id, of two parts or one text.
func patientOf(p place, e *element) protocol.PatientID {
	if e == nil {
		p.fault("patientId", "is needed")
		return protocol.PatientID{}
	}
	if len(e.children) == 0 {
		return id(p, e.name, e.text, protocol.ParsePatientID)
	}
	return id(p, e.name, e.get("extension"), func(s string) (protocol.PatientID, error) {
		return protocol.ParsePatientIDUnder(e.get("root"), s)
	})
}

// needed reads a time that has to be there.
func (p place) needed(e *element, name string, which bound) protocol.Instant {
	if e.get(name) == "" {
		p.fault(name, "is needed")
	}
	return p.instant(name, e.get(name), which)
}

// BlockService is the national block service.
type BlockService struct{ service }

// NewBlockService returns the block service at an endpoint.
func NewBlockService(e Endpoint) (*BlockService, error) {
	s, err := newService(e)
	return &BlockService{s}, err
}

// BlockAnswer is what the block service said.
type BlockAnswer struct {
	Blocks    []Block // with the lifts that hold
	Next      Mark    // to be asked from the next time
	Cancelled Mark    // when a block was last taken back: before that was read, rows may be too many
}

const (
	blockSpace = "urn:riv:informationsecurity:authorization:blocking:GetBlocksResponder:4"
	blockTypes = "urn:riv:informationsecurity:authorization:blocking:4"
)

// Blocks returns the blocks that hold and were stored, they or a lift of theirs, from a
// mark on; from the beginning, all that hold. What was taken back is never among them.
func (s *BlockService) Blocks(ctx context.Context, from Mark) (BlockAnswer, error) {
	const name = "GetBlocks"
	var body fields
	body.put("r:createdOnOrAfter", from.text)
	var out BlockAnswer
	a, ids := s.answer(), once[string]{}
	c := newContract(blockSpace, blockTypes, name, "result", "blocks", "nextCreatedOnOrAfter", "latestCancellation")
	err := s.endpoint.call(ctx, c, deltaTimeout, body.String(), func(e *element) error {
		switch e.name {
		case "blocks":
			p, err := a.row(e.name)
			if err != nil {
				return err
			}
			out.Blocks = append(out.Blocks, p.block(e, ids))
		case "nextCreatedOnOrAfter":
			out.Next = a.mark(e)
		case "latestCancellation":
			out.Cancelled = a.mark(e)
		default:
			return a.take(e)
		}
		return nil
	})
	if err == nil {
		err = a.check(name)
	}
	if err == nil && (out.Next.IsZero() || out.Cancelled.IsZero()) {
		err = fmt.Errorf("%s: %w: no nextCreatedOnOrAfter, or no latestCancellation", name, ErrAnswer)
	}
	if err != nil {
		return BlockAnswer{}, err
	}
	return out, nil
}

func (p place) block(e *element, ids once[string]) Block {
	kind, unit := e.get("blockType"), e.get("informationCareUnitId")
	out := Block{
		Patient: patientOf(p, e.child("patientId")),
		Row: projection.Block{
			ID:           p.text("blockId", e.get("blockId"), true),
			Inner:        kind == "Inner",
			CareProvider: hsa(p, "informationCareProviderId", e.get("informationCareProviderId"), protocol.ParseCareProviderID),
			CareUnit:     optional(p, "informationCareUnitId", unit, protocol.ParseCareUnitID),
			Start:        p.date(e, "informationStartDate"),
			End:          p.date(e, "informationEndDate"),
		},
	}
	switch {
	case kind != "Inner" && kind != "Outer":
		p.fault("blockType", "is Inner or Outer")
	case out.Row.Inner != (unit != ""):
		p.fault("informationCareUnitId", "is needed for an inner block, and only then")
	}
	for _, child := range e.children {
		switch child.name {
		case "excludedInformationTypes":
			out.Row.Exempt = p.excluded(out.Row.Exempt, child.get("infoTypeId"))
		case "temporaryRevokes":
			out.Row.Lifts = append(out.Row.Lifts, p.revoke(child))
		}
	}
	if len(out.Row.Lifts) > maxLifts {
		p.fault("temporaryRevokes", fmt.Sprintf("more than %d", maxLifts))
	}
	ids.check(p, "blockId", out.Row.ID)
	return out
}

// excluded adds a type of information that the block does not hit. One that is not
// known here is left out: the block hits it then.
func (p place) excluded(all []string, kind string) []string {
	switch protocol.BlockType(kind) {
	case protocol.BlockTypeMedication, protocol.BlockTypeAlert:
		if !slices.Contains(all, kind) {
			all = append(all, kind)
		}
	}
	return all
}

func (p place) revoke(e *element) projection.Lift {
	return projection.Lift{
		CareUnit: hsa(p, "revokedForCareUnitId", e.get("revokedForCareUnitId"), protocol.ParseCareUnitID),
		Employee: optional(p, "revokedForEmployeeId", e.get("revokedForEmployeeId"), protocol.ParseEmployeeID),
		End:      p.needed(e, "endDate", ends),
	}
}

// date reads a bound of a block's period: Swedish local time, compared as it stands. One
// with a zone is turned into it first.
func (p place) date(e *element, name string) protocol.Civil {
	text := e.get(name)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		text = at.In(p.loc).Format("2006-01-02T15:04:05")
	}
	return p.civil(name, text)
}

// Changes is one answer of a feed that tells what has been taken back.
type Changes[Row any] struct {
	Rows    []Row
	Removed []string // ids of what was taken back; none of them is among the rows
	Next    Mark     // to be asked from the next time
	More    bool     // and that is now
}

// delta is a contract that answers with changes.
type delta[Row any] struct {
	contract
	asks                       [3]string // the question's fields: whose, from when, and with what was taken back
	active, removed, removedID string    // names of fields
	row                        func(p place, e *element, provider string) (id string, row Row)
}

func newDelta[Row any](space, types, name, active, removed, removedID string, row func(place, *element, string) (string, Row)) delta[Row] {
	return delta[Row]{
		asks:     [3]string{"r:careProviderId", "r:createdOnOrAfter", "r:getCancelledFlag"},
		contract: newContract(space, types, name, "result", active, removed, "moreOnOrAfter", "hasMore"),
		active:   active, removed: removed, removedID: removedID, row: row,
	}
}

// gathering is an answer of changes while it is read.
type gathering[Row any] struct {
	*answer
	delta[Row]
	provider string
	out      Changes[Row]
	ids      once[string]
	keys     []string // the rows' ids
	more     string
}

// ask asks for a care provider's changes from a mark on.
func (d delta[Row]) ask(ctx context.Context, s service, provider string, from Mark) (Changes[Row], error) {
	var body fields
	body.put(d.asks[0], provider)
	body.put(d.asks[1], from.text)
	body.put(d.asks[2], "true")
	g := gathering[Row]{answer: s.answer(), delta: d, provider: provider, ids: once[string]{}}
	if err := s.endpoint.call(ctx, d.contract, deltaTimeout, body.String(), g.take); err != nil {
		return Changes[Row]{}, err
	}
	if err := g.check(d.name); err != nil {
		return Changes[Row]{}, err
	}
	more, err := strconv.ParseBool(g.more)
	if err != nil || g.out.Next.IsZero() {
		return Changes[Row]{}, fmt.Errorf("%s: %w: no hasMore, or no moreOnOrAfter", d.name, ErrAnswer)
	}
	g.out.More = more
	g.withoutRemoved()
	return g.out, nil
}

func (g *gathering[Row]) take(e *element) error {
	switch e.name {
	case "moreOnOrAfter":
		g.out.Next = g.mark(e)
	case "hasMore":
		g.more = e.text
	case g.active:
		p, err := g.answer.row(e.name)
		if err != nil {
			return err
		}
		id, row := g.delta.row(p, e, g.provider)
		g.ids.check(p, "its id", id)
		g.keys, g.out.Rows = append(g.keys, id), append(g.out.Rows, row)
	case g.removed:
		p, err := g.answer.row(e.name)
		if err != nil {
			return err
		}
		g.out.Removed = append(g.out.Removed, p.text(g.removedID, e.get(g.removedID), true))
	default:
		return g.result.take(e)
	}
	return nil
}

// withoutRemoved leaves out rows that the same answer says are taken back.
func (g *gathering[Row]) withoutRemoved() {
	gone := make(map[string]bool, len(g.out.Removed))
	for _, id := range g.out.Removed {
		gone[id] = true
	}
	kept := g.out.Rows[:0]
	for i, row := range g.out.Rows {
		if !gone[g.keys[i]] {
			kept = append(kept, row)
		}
	}
	g.out.Rows = kept
}

// owner reads whose row it is, which has to be who was asked for.
func (p place) owner(e *element, asked string) string {
	provider := hsa(p, "careProviderId", e.get("careProviderId"), protocol.ParseCareProviderID)
	if provider != asked {
		p.fault("careProviderId", "of another care provider than was asked for")
	}
	return provider
}

// ConsentService is the national consent service.
type ConsentService struct{ service }

// NewConsentService returns the consent service at an endpoint.
func NewConsentService(e Endpoint) (*ConsentService, error) {
	s, err := newService(e)
	return &ConsentService{s}, err
}

// Changes returns what consents to a care provider's staff were registered or taken
// back from a mark on. Those that have ended by time are never among them.
func (s *ConsentService) Changes(ctx context.Context, provider string, from Mark) (Changes[Consent], error) {
	return newDelta("urn:riv:informationsecurity:authorization:consent:GetConsentsForCareProviderResponder:2",
		"urn:riv:informationsecurity:authorization:consent:2", "GetConsentsForCareProvider",
		"assertions", "cancelledAssertions", "assertionId", place.consent).ask(ctx, s.service, provider, from)
}

func (p place) consent(e *element, provider string) (string, Consent) {
	out := Consent{
		Patient: patientOf(p, e.child("patientId")),
		Row: projection.Consent{
			ID:           p.text("assertionId", e.get("assertionId"), true),
			CareProvider: p.owner(e, provider),
			CareUnit:     hsa(p, "careUnitId", e.get("careUnitId"), protocol.ParseCareUnitID),
			Employee:     optional(p, "employeeId", e.get("employeeId"), protocol.ParseEmployeeID),
			Start:        p.needed(e, "startDate", starts),
			End:          p.instant("endDate", e.get("endDate"), ends),
		},
	}
	switch e.get("assertionType") {
	case "Consent":
	case "Emergency":
		out.Row.Emergency = protocol.EmergencyContent
	default:
		p.fault("assertionType", "is Consent or Emergency")
	}
	if scope := e.get("scope"); scope != "" && scope != "NationalLevel" {
		p.fault("scope", "is NationalLevel")
	}
	return out.Row.ID, out
}

// RelationService is the national service of patient relations.
type RelationService struct{ service }

// NewRelationService returns the service of patient relations at an endpoint.
func NewRelationService(e Endpoint) (*RelationService, error) {
	s, err := newService(e)
	return &RelationService{s}, err
}

// Changes returns what relations to a care provider's staff were registered or taken
// back from a mark on.
func (s *RelationService) Changes(ctx context.Context, provider string, from Mark) (Changes[Relation], error) {
	d := newDelta("urn:riv:ehr:patientrelationship:querying:GetPatientRelationsForCareProviderResponder:1",
		"urn:riv:ehr:patientrelationship:1", "GetPatientRelationsForCareProvider",
		"patientRelations", "cancelledPatientRelations", "patientRelationId", place.relation)
	d.request, d.asks = d.name+"Request", [3]string{"r:CareProviderId", "r:CreatedOnOrAfter", "r:GetCancelledFlag"} // an older domain
	return d.ask(ctx, s.service, provider, from)
}

func (p place) relation(e *element, provider string) (string, Relation) {
	out := Relation{
		ID:      p.text("patientRelationId", e.get("patientRelationId"), true),
		Patient: patientOf(p, e.child("patientId")),
		Row: projection.Relation{
			CareProvider: p.owner(e, provider),
			CareUnit:     hsa(p, "careUnitId", e.get("careUnitId"), protocol.ParseCareUnitID),
			Employee:     hsa(p, "employeeId", e.get("employeeId"), protocol.ParseEmployeeID),
			Start:        p.needed(e, "startDate", starts),
			End:          p.needed(e, "endDate", ends),
		},
	}
	return out.ID, out
}
