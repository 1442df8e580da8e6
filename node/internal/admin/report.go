package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tvilling/node/internal/followup"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// FollowUp is the access log as it is followed up. It records that it was read before
// it answers.
type FollowUp interface {
	Report(ctx context.Context, who followup.Reader, f protocol.Follow) (protocol.Report, error)
	Explain(ctx context.Context, operator, id string) (followup.Explanation, error)
	RecordReading(ctx context.Context, operator, what string) error
}

// following is a call that a node without the keys to the log cannot answer.
func (e *endpoint) following(call func(*http.Request) (any, error)) http.Handler {
	return e.answer(func(r *http.Request) (any, error) {
		if e.FollowUp == nil {
			return nil, errNoKeys
		}
		value, err := call(r)
		switch {
		case errors.Is(err, followup.ErrNoEntry):
			return nil, fmt.Errorf("%w: %w", errNoEntry, err)
		case errors.Is(err, followup.ErrTerms), errors.Is(err, followup.ErrNotAllowed):
			return nil, fmt.Errorf("%w: %w", errRequest, err)
		}
		return value, err
	})
}

func (e *endpoint) report(r *http.Request) (any, error) {
	var want admin.ReportQuery
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	f, err := followOf(want)
	if err != nil {
		return nil, err
	}
	provider, err := protocol.ParseCareProviderID(want.CareProvider)
	if err != nil {
		return nil, fmt.Errorf("%w: care_provider: %w", errRequest, err)
	}
	found, err := e.FollowUp.Report(r.Context(), followup.Operator(operatorOf(r), provider), f)
	if err != nil {
		return nil, err
	}
	answer := admin.Report{Rows: make([]admin.ReportRow, len(found.Rows)), Counts: make([]admin.ReportCount, len(found.Counts)), More: found.More, After: found.After}
	for i, row := range found.Rows {
		answer.Rows[i] = rowOf(row)
	}
	for i, c := range found.Counts {
		answer.Counts[i] = admin.ReportCount{Series: c.Series, Label: c.Label, Number: c.Number, Few: c.Few}
	}
	return answer, nil
}

// followOf reads a query; errors name the field and never its value.
func followOf(want admin.ReportQuery) (f protocol.Follow, err error) {
	kind, ok := admin.ReportNamed(want.Kind)
	if !ok {
		return f, fmt.Errorf("%w: kind: no such report", errRequest)
	}
	f = protocol.Follow{Report: kind, After: want.After}
	if f.From, err = instantOf("from", want.From); err != nil {
		return f, err
	}
	if f.To, err = instantOf("to", want.To); err != nil {
		return f, err
	}
	if want.Employee != "" {
		if f.Employee, err = protocol.ParseEmployeeID(want.Employee); err != nil {
			return f, fmt.Errorf("%w: employee: %w", errRequest, err)
		}
	}
	if want.Patient != "" {
		if f.Patient, err = protocol.ParsePatientID(want.Patient); err != nil {
			return f, fmt.Errorf("%w: patient: %w", errRequest, err)
		}
	}
	return f, nil
}

func instantOf(field, text string) (protocol.Instant, error) {
	if text == "" {
		return 0, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, fmt.Errorf("%w: %s is no time such as 2026-11-01T00:00:00+01:00", errRequest, field)
	}
	return protocol.Instant(at.UnixMilli()), nil
}

// rowOf leaves out whom a row is about and what a person wrote.
func rowOf(r protocol.LogRow) admin.ReportRow {
	w := r.Who
	return admin.ReportRow{
		ID: r.ID, At: timeText(r.At), Activity: r.Activity, Permit: r.Permit, Basis: basisText(r.Basis),
		Who: admin.ReportWho{
			Employee: w.Employee, Name: w.Name, Title: w.Title, CareUnit: w.CareUnit, CareProvider: w.CareProvider, Purpose: w.Purpose,
		},
		Contracts: contractNames(r.Contracts), Owners: r.Owners, Review: outcomeText(r.Outcome), ReviewedAt: timeText(r.ReviewedAt),
	}
}

func (e *endpoint) explain(r *http.Request) (any, error) {
	x, err := e.FollowUp.Explain(r.Context(), operatorOf(r), r.URL.Query().Get("id"))
	if err != nil {
		return nil, err
	}
	contracts := make([]protocol.Contract, len(x.Scope.Contracts))
	for i, c := range x.Scope.Contracts {
		contracts[i] = protocol.Contract(c)
	}
	answer := admin.Explanation{
		ID: x.ID, At: timeText(x.At), Activity: x.Activity, Permit: x.Decision.Permit, Reason: x.Decision.Reason,
		Basis: basisText(x.Decision.Basis), Contracts: contractNames(contracts), Node: x.Node, Review: outcomeText(x.Outcome),
		Commission: x.Actor.Commission.Reveal(), CareUnit: x.Actor.CareUnit.Reveal(),
		Place: admin.ExplainedPlace{Sequence: x.Sequence, Index: x.Index, DecidedAt: x.Decision.DecidedAt},
		Facts: make([]admin.ExplainedFact, len(x.Facts)),
	}
	if fault := x.Fault; fault != protocol.FaultNone {
		answer.Fault = fault.Code()
	}
	for i, f := range x.Facts {
		answer.Facts[i] = admin.ExplainedFact{
			Name: f.Name, AsOf: timeText(f.AsOf), AgeSeconds: int64(f.Age) / 1000, BoundSeconds: int64(f.Bound) / 1000, Fresh: f.Fresh(),
		}
	}
	return answer, nil
}

func timeText(at protocol.Instant) string {
	if at == 0 {
		return ""
	}
	return time.UnixMilli(int64(at)).UTC().Format(time.RFC3339)
}

// basisText leaves out what is none: a row may be told without it.
func basisText(b protocol.Basis) string {
	if b == protocol.BasisNone {
		return ""
	}
	return admin.BasisName(b)
}

func outcomeText(o protocol.ReviewOutcome) string {
	switch o {
	case protocol.ReviewInOrder:
		return "in order"
	case protocol.ReviewQuestioned:
		return "questioned"
	case protocol.ReviewMisuse:
		return "misuse"
	default:
		return ""
	}
}

func contractNames(all []protocol.Contract) []string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.String()
	}
	return names
}
