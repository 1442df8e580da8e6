package followup

import (
	"context"
	"fmt"
	"slices"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// query is one report under way.
type query struct {
	s      *Service
	own    string // the reader's care provider
	f      protocol.Follow
	hidden map[protocol.EmployeeID]bool // whose identity is protected now
	names  map[string]string            // of care providers; nil: not read
}

// byUser tells what somebody did from what the system noted.
func byUser(a record.Activity) bool {
	switch a {
	case record.ViewRevoked, record.RevokeAcknowledged, record.RevokeUnacknowledged, record.ViewClosed, record.SessionEnded, record.ActivityNone:
		return false
	default:
		return true
	}
}

// discloses tells what a patient's information is seen by: that there is some, whose,
// or what.
func discloses(e entry) bool {
	switch e.Activity {
	case record.Read, record.AskOthers, record.AskBlocked, record.AskProviders, record.EmergencyProviders, record.EmergencyContent,
		record.Printed, record.Copied, record.Saved:
		return e.Decision.Permit
	default:
		return false
	}
}

func isEmergency(e entry) bool {
	return e.Decision.Permit && (e.Activity == record.EmergencyProviders || e.Activity == record.EmergencyContent)
}

func (q *query) isOwn(e entry) bool { return e.Actor.CareProvider.Reveal() == q.own }

// rows answers what the own care provider's staff did: all of it, one employee's, or
// to one patient.
func (q *query) rows(ctx context.Context, answer *protocol.Report) error {
	w := scan{from: q.f.From, to: q.f.To, after: q.f.After, limit: maxScanned}
	if q.f.Report == protocol.ReportPatient {
		var err error
		if w.subjects, err = q.patient(); err != nil {
			return err
		}
	}
	last, more, err := q.s.walk(ctx, w, func(v *raftfsm.View, e entry) (bool, error) {
		switch {
		case !q.isOwn(e) || !byUser(e.Activity):
			return true, nil
		case q.f.Report == protocol.ReportEmployee && e.Actor.Employee != q.f.Employee:
			return true, nil
		}
		row, err := q.row(v, e)
		answer.Rows = append(answer.Rows, row)
		return len(answer.Rows) < protocol.MaxReportRows, err
	})
	answer.After, answer.More = last, more
	return err
}

// ownAccess answers a patient who asks: the own care provider's staff by unit, name,
// title, time, purpose and type; of other care providers, once each, that they have.
func (q *query) ownAccess(ctx context.Context, answer *protocol.Report) error {
	subjects, err := q.patient()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	// From the beginning each time: whether a care provider was told of before is to be known.
	last, more, err := q.s.walk(ctx, scan{from: q.f.From, to: q.f.To, limit: maxScanned, subjects: subjects}, func(v *raftfsm.View, e entry) (bool, error) {
		if !discloses(e) {
			return true, nil
		}
		provider, first := e.Actor.CareProvider.Reveal(), false
		if provider != q.own {
			first, seen[provider] = !seen[provider], true
		}
		if e.sequence <= q.f.After || provider != q.own && !first {
			return true, nil
		}
		row := protocol.LogRow{Who: protocol.LogWho{CareProvider: q.provider(v, provider, e.Actor.CareProviderName)}}
		if provider == q.own {
			var err error
			if row, err = q.row(v, e); err != nil {
				return false, err
			}
			row = forPatient(row)
		}
		answer.Rows = append(answer.Rows, row)
		return len(answer.Rows) < protocol.MaxReportRows, nil
	})
	answer.After, answer.More = last, more
	if err == nil && more && len(answer.Rows) < protocol.MaxReportRows { // it would never come further
		return ErrTerms
	}
	return err
}

// patient is whom a report is about, by all identities that the population register
// links, however old what it said: an access by another of them is one to the same person.
func (q *query) patient() ([]command.Subject, error) {
	v, err := q.s.cfg.State.View()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	facts, err := access.Collect(v, q.s.cfg.Ring, access.Question{Patient: q.f.Patient}, access.Engagement{})
	if err != nil && facts.AsOf.Persons == 0 {
		return nil, fmt.Errorf("followup: who the patient is cannot be read: %w", err)
	}
	all := []command.Subject{q.s.cfg.Ring.Patient(q.f.Patient)}
	for _, other := range facts.Linked {
		all = append(all, q.s.cfg.Ring.Patient(other))
	}
	return all, nil
}

// forPatient leaves what a patient is told of an access.
func forPatient(r protocol.LogRow) protocol.LogRow {
	who := r.Who
	who.Employee = ""
	return protocol.LogRow{ID: r.ID, At: r.At, Activity: r.Activity, Permit: r.Permit, Who: who, Patient: r.Patient, Contracts: r.Contracts}
}

// emergencies answers those without a review, oldest first.
func (q *query) emergencies(ctx context.Context, answer *protocol.Report) error {
	queue := q.s.queue
	if err := queue.hold(ctx); err != nil {
		return err
	}
	defer queue.release()
	behind, err := q.s.advance(ctx)
	if err != nil {
		return err
	}
	answer.More = behind
	for from := 0; from < len(queue.waiting); from += pageEntries {
		if err := ctx.Err(); err != nil {
			return err
		}
		full, err := q.waiting(answer, from, min(from+pageEntries, len(queue.waiting)))
		if err != nil {
			return err
		}
		if full {
			answer.More = true
			break
		}
	}
	queue.waiting = slices.DeleteFunc(queue.waiting, func(e emergency) bool { return e.provider == "" })
	return nil
}

// waiting answers a part of the queue; what has been reviewed is marked to be left out
// of it. full: there is no room for more.
func (q *query) waiting(answer *protocol.Report, from, to int) (full bool, err error) {
	v, err := q.s.cfg.State.View()
	if err != nil {
		return false, err
	}
	defer v.Close()
	for i := from; i < to; i++ {
		one := &q.s.queue.waiting[i]
		if one.provider != q.own || one.sequence <= q.f.After {
			continue
		}
		e, ok, err := q.s.entryAt(v, one.sequence)
		if err != nil {
			return false, err
		}
		if !ok {
			one.provider = "" // its key is destroyed: nobody can review it any more
			continue
		}
		row, err := q.row(v, e)
		switch {
		case err != nil:
			return false, err
		case row.Outcome != protocol.ReviewNone:
			one.provider = ""
			continue
		case e.At < q.f.From || e.At > q.f.To:
			continue
		}
		answer.Rows, answer.After = append(answer.Rows, row), e.sequence
		if len(answer.Rows) == protocol.MaxReportRows {
			return true, nil
		}
	}
	return false, nil
}

// endless is a time that no clock shows, however wrong.
const endless = protocol.Instant(1 << 60)

// advance looks through more of the log for emergencies. behind: there is more of it.
func (s *Service) advance(ctx context.Context) (behind bool, err error) {
	if len(s.queue.waiting) >= maxWaiting {
		return true, nil
	}
	_, behind, err = s.walk(ctx, scan{to: endless, after: s.queue.through, limit: maxScanned}, func(_ *raftfsm.View, e entry) (bool, error) {
		if isEmergency(e) {
			s.queue.waiting = append(s.queue.waiting, emergency{e.sequence, e.Actor.CareProvider.Reveal()})
		}
		s.queue.through = e.sequence
		return len(s.queue.waiting) < maxWaiting, nil
	})
	return behind, err
}

// row is an entry as one who follows up sees it.
func (q *query) row(v *raftfsm.View, e entry) (protocol.LogRow, error) {
	review, _, err := q.s.review(v, e.ID)
	if err != nil {
		return protocol.LogRow{}, err
	}
	a := e.Actor
	row := protocol.LogRow{
		ID: record.ShortID(e.ID), At: e.At, Activity: e.Activity.String(), Permit: e.Decision.Permit, Basis: e.Decision.Basis,
		Who: protocol.LogWho{
			Employee: a.Employee.Reveal(), Name: a.EmployeeName, Title: a.EmployeeTitle, CareUnit: or(a.CareUnitName, a.CareUnit.Reveal()),
			CareProvider: or(a.CareProviderName, a.CareProvider.Reveal()), Purpose: e.Purpose,
		},
		Patient: e.Patient, Note: e.Note, Outcome: review.Outcome, ReviewedAt: review.At,
	}
	if a.Operator != "" {
		row.Who.Name, row.Who.Title = a.Operator, "operator"
	}
	if q.protected(v, a.Employee) {
		row.Who.Name = ""
	}
	for _, c := range e.Scope.Contracts {
		row.Contracts = append(row.Contracts, protocol.Contract(c))
	}
	for _, r := range e.Scope.Resources {
		name := q.provider(v, r.CareProvider, "")
		if name != "" && !slices.Contains(row.Owners, name) && len(row.Owners) < protocol.MaxOwners {
			row.Owners = append(row.Owners, name)
		}
	}
	return row, nil
}

// protected tells whether an employee's identity is protected now, whatever the entry
// says. Not known is as if it were.
func (q *query) protected(v *raftfsm.View, e protocol.EmployeeID) bool {
	if e.IsZero() {
		return false
	}
	if known, ok := q.hidden[e]; ok {
		return known
	}
	all, err := access.Commissions(v, q.s.cfg.Ring, e)
	hide := err != nil
	for _, c := range all {
		hide = hide || c.Protected
	}
	q.hidden[e] = hide
	return hide
}

// provider is a care provider's name: the one given, the coverage table's, or its id.
func (q *query) provider(v *raftfsm.View, id, name string) string {
	if q.names == nil {
		q.names = map[string]string{}
		for _, c := range v.Coverage() {
			q.names[c.CareProvider] = c.Name
		}
	}
	return or(name, or(q.names[id], id))
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
