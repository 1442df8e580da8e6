package upstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// Limits of the directory.
const (
	directoryTimeout = 5 * time.Second       // one call: 2 s for somebody with many commissions
	directoryPause   = 50 * time.Millisecond // between two calls: as the directory asks of those who read much
)

// Directory is the national directory of staff.
type Directory struct{ service }

// NewDirectory returns the directory at an endpoint.
func NewDirectory(e Endpoint) (*Directory, error) {
	s, err := newService(e)
	return &Directory{s}, err
}

// Commissions returns the commissions of each of the employees, one call after another.
// One who is not found has none.
func (d *Directory) Commissions(ctx context.Context, employees []protocol.EmployeeID) ([]Commission, error) {
	var all []Commission
	for i, employee := range employees {
		if i > 0 {
			select {
			case <-ctx.Done():
				return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
			case <-time.After(directoryPause):
			}
		}
		own, err := d.of(ctx, employee)
		if err != nil {
			return nil, err
		}
		if all = append(all, own...); len(all) > MaxRows {
			return nil, malformed(fmt.Sprintf("more than %d commissions", MaxRows))
		}
	}
	return all, nil
}

func (d *Directory) of(ctx context.Context, employee protocol.EmployeeID) ([]Commission, error) {
	const (
		name  = "GetCredentialsForPersonIncludingProtectedPerson"
		space = "urn:riv:infrastructure:directory:authorizationmanagement:" + name + "Responder:2"
		types = "urn:riv:infrastructure:directory:authorizationmanagement:2"
	)
	var body fields
	body.put("r:personHsaId", employee.Reveal())
	var all []Commission
	a, ids := d.answer(), once[string]{}
	err := d.endpoint.call(ctx, newContract(space, types, name, "credentialInformation", "resultCode"), directoryTimeout, body.String(), func(e *element) error {
		if e.name == "resultCode" { // of the older major: this one says it with a fault
			return a.set(e.text)
		}
		own, err := a.credentials(e, employee, ids)
		all = append(all, own...)
		return err
	})
	if !a.taken {
		a.result = result{code: "OK", taken: true}
	}
	if err == nil {
		err = a.check(name)
	}
	if err == nil && len(all) > protocol.MaxCommissions {
		err = fmt.Errorf("%s: %w", name, malformed(fmt.Sprintf("more than %d commissions", protocol.MaxCommissions)))
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// credentials reads what the directory says of one person.
func (a *answer) credentials(e *element, employee protocol.EmployeeID, ids once[string]) ([]Commission, error) {
	p, err := a.row(e.name)
	if err != nil {
		return nil, err
	}
	if id(p, "personHsaId", e.get("personHsaId"), protocol.ParseEmployeeID) != employee {
		p.fault("personHsaId", "of another person than was asked for")
	}
	base := projection.Commission{Protected: p.flag(e, "protectedPerson"), EmployeeTitle: p.text("title", title(e), false)}
	if !base.Protected {
		base.EmployeeName = p.text("name", strings.TrimSpace(e.get("givenName")+" "+e.get("middleAndSurName")), false)
	}
	var all []Commission
	for _, child := range e.children {
		if child.name == "commission" && !p.goneOrFeigned(child) {
			row := p.commission(child, base)
			ids.check(p, "commissionHsaId", row.ID)
			all = append(all, Commission{Employee: employee, Row: row})
		}
	}
	return all, nil
}

// title is what the person is called by at work.
func title(e *element) string {
	if t := e.get("healthCareProfessionalLicence"); t != "" {
		return t
	}
	return e.get("title")
}

// goneOrFeigned reports whether the directory marks a commission, or where it is, as
// archived or as made up for tests.
func (p place) goneOrFeigned(e *element) bool {
	for _, child := range e.children {
		if strings.HasPrefix(child.name, "archived") || strings.HasPrefix(child.name, "feigned") {
			if p.flag(e, child.name) {
				return true
			}
		}
	}
	return false
}

func (p place) flag(e *element, name string) bool {
	switch e.get(name) {
	case "true", "1":
		return true
	case "false", "0", "":
		return false
	default:
		p.fault(name, "is true or false")
		return true
	}
}

// commission reads one. It holds while both its unit and its care provider do. One that
// hangs directly under the care provider has no unit.
func (p place) commission(e *element, base projection.Commission) projection.Commission {
	c := base
	c.ID = hsa(p, "commissionHsaId", e.get("commissionHsaId"), protocol.ParseCommissionID)
	c.Name = p.text("commissionName", e.get("commissionName"), false)
	c.Purpose = p.text("commissionPurpose", e.get("commissionPurpose"), true)
	c.CareUnit = optional(p, "healthCareUnitHsaId", e.get("healthCareUnitHsaId"), protocol.ParseCareUnitID)
	c.CareUnitName = p.text("healthCareUnitName", e.get("healthCareUnitName"), false)
	c.CareProvider = hsa(p, "healthCareProviderHsaId", e.get("healthCareProviderHsaId"), protocol.ParseCareProviderID)
	c.CareProviderName = p.text("healthCareProviderName", e.get("healthCareProviderName"), false)
	for _, at := range []string{"healthCareUnit", "healthCareProvider"} {
		c.Start = max(c.Start, p.instant(at+"StartDate", e.get(at+"StartDate"), starts))
		if end := p.instant(at+"EndDate", e.get(at+"EndDate"), ends); end != 0 && (c.End == 0 || end < c.End) {
			c.End = end
		}
	}
	for _, child := range e.children {
		if child.name == "commissionRight" {
			c.Rights = append(c.Rights, projection.Right{
				Activity:         p.text("activity", child.get("activity"), true),
				InformationClass: p.text("informationClass", child.get("informationClass"), true),
				Scope:            p.text("scope", child.get("scope"), true),
			})
		}
	}
	if len(c.Rights) > maxRights {
		p.fault("commissionRight", fmt.Sprintf("more than %d", maxRights))
	}
	return c
}

// Limits of the question for a care engagement.
const (
	engagementTimeout = 2 * time.Second
	maxEngagements    = 16 // asked at once; more wait, within their time
)

var errBusy = errors.New("too many questions at once")

// EngagementService asks a care unit's own system whether a patient is in its care.
type EngagementService struct {
	service
	places chan struct{}
}

// NewEngagementService returns the service at an endpoint; its address is not used.
func NewEngagementService(e Endpoint) (*EngagementService, error) {
	s, err := newService(e)
	return &EngagementService{service: s, places: make(chan struct{}, maxEngagements)}, err
}

// Assert asks whether the patient is in the care of the unit, where the employee works.
// The answer holds for 60 seconds.
func (s *EngagementService) Assert(ctx context.Context, employee protocol.EmployeeID, patient protocol.PatientID, unit, provider string) (bool, error) {
	const (
		name  = "AssertCareEngagement"
		space = "urn:riv:ehr:accesscontrol:AssertCareEngagementResponder:1"
	)
	ctx, cancel := context.WithTimeout(ctx, engagementTimeout)
	defer cancel()
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return false, fmt.Errorf("%s: %w: %w: %w", name, ErrUnavailable, errBusy, ctx.Err())
	}
	var body fields
	body.put("r:performer", employee.Reveal())
	body.put("r:subjectOfCareId", patient.Reveal())
	body.put("r:careUnitHsaIdentity", unit)
	body.put("r:careGiverHsaIdentity", provider)
	said := ""
	at := Endpoint{Client: s.endpoint.Client, URL: s.endpoint.URL, Address: unit}
	c := newContract(space, "urn:riv:ehr:accesscontrol:1", name, "hasCareEngagement")
	err := at.call(ctx, c, engagementTimeout, body.String(), func(e *element) error {
		if said != "" {
			return malformed("two answers to one question")
		}
		said = e.text
		return nil
	})
	if err != nil {
		return false, err
	}
	switch said {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	default:
		return false, fmt.Errorf("%s: %w: neither yes nor no", name, ErrAnswer)
	}
}
