package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

var (
	errNotRecorded = errors.New("session: not recorded")
	errBehind      = errors.New("session: recorded, but not applied here in time")
	errStale       = errors.New("session: what decisions rest on keeps changing")
	errOtherUser   = errors.New("session: the hand-over is somebody else's")
	errBound       = errors.New("session: it is bound to another commission")
	errGreeted     = errors.New("session: it has been greeted")
	errUsed        = errors.New("session: the hand-over has been used")
	errManyUnsaid  = errors.New("session: too many sign-outs wait for the log")
)

// ask is a wish to do something with a patient's record.
type ask struct {
	id         [16]byte // of its entry in the access log
	question   access.Question
	engagement access.Engagement // what is known of it; zero: not asked about
	activity   record.Activity
	contracts  access.ContractSet
	document   protocol.DocumentKey // zero: not one document
	note       string               // the reason that was given
	silent     bool                 // the unit's own system did not answer
	part       *part                // of a view; nil: not a part
	view       string
	session    string
}

// outcome is how an ask went. Only where fault is FaultNone was it permitted, and
// then its record is committed, and applied on this node, at index.
type outcome struct {
	decided
	engagement access.Engagement
	silent     bool // the unit's own system did not answer
	index      uint64
	refusal
}

// refusal is what a browser is told of a failure, and what finds it in the record.
type refusal struct {
	fault protocol.Fault
	id    string
	at    protocol.Instant
	err   error // for the operator's log; never about a patient
}

// decided is how the gate answers an ask on one View.
type decided struct {
	decision  access.Decision
	subjects  subjects
	reason    access.Reason     // of the ask, and not only of the patient's opening
	resources []record.Resource // whose information it discloses
	series    series            // the values of an analysis, where they are asked for
}

// permits reports whether the ask is granted: where nothing is told against it.
func (d *decided) permits() bool { return d.reason.Fault() == protocol.FaultNone }

// deny refuses what the patient's opening alone would permit.
func (d *decided) deny(why access.Reason) { d.reason, d.resources, d.series = why, nil, series{} }

// recorder decides and records. It has no state of its own and serves every session.
type recorder struct {
	state      State
	cluster    Cluster
	ring       Ring
	at         func() protocol.Instant // to decide at; zero: nobody knows
	engagement Engagement              // nil: there is no such service
	searches   chan struct{}           // who looks through documents at once
	node       string
	log        *slog.Logger
}

// access decides on a View and has the decision recorded, whichever it is. It decides
// anew when the log says that something changed after the View (P2).
func (r *recorder) access(ctx context.Context, a ask) outcome {
	for range decideTries {
		d, err := r.decide(ctx, &a)
		if err != nil {
			return outcome{refusal: a.refused(protocol.FaultInternal, err)}
		}
		got := outcome{decided: d, engagement: a.engagement, silent: a.silent, refusal: a.refused(d.reason.Fault(), nil)}
		status, index, failed := r.commit(ctx, a, r.accesses(a, d)...)
		switch {
		case status == command.StatusStale:
			continue
		case failed.fault != protocol.FaultNone:
			return outcome{refusal: failed}
		}
		got.index = index
		return got
	}
	return outcome{refusal: a.refused(protocol.FaultBusy, errStale)}
}

// accesses are the entries of a decision: one, or as many as it takes to name whose
// information is disclosed. They are proposed together, and stand or fall together.
func (r *recorder) accesses(a ask, d decided) (commands []command.Command) {
	for i, part := range parted(d.resources) {
		entry := r.entry(a, d)
		entry.Scope.Resources = part
		if i > 0 {
			entry.ID = record.NewID()
		}
		commands = append(commands, wish(command.KindRecordAccess, command.RecordAccess{
			DecidedAt: d.decision.Index(), Patient: d.subjects[0], Linked: d.subjects.linked(),
			Actor: r.ring.Employee(a.question.Employee), Permit: d.permits(), Entry: r.seal(entry),
		}))
	}
	return commands
}

// parted divides resources among entries: no more in each than an entry may name and
// hold. Of none there is one part.
func parted(all []record.Resource) (parts [][]record.Resource) {
	from, bytes := 0, 0
	for i, one := range all {
		size := len(one.CareProvider) + len(one.CareUnit) + resourceBytes
		if i-from == record.MaxResources || bytes+size > entryResources {
			parts, from, bytes = append(parts, all[from:i]), i, 0
		}
		bytes += size
	}
	return append(parts, all[from:])
}

// decide asks the gate on the newest View. Where only the unit's own system can say
// whether it has the patient in care, that is asked, and the gate again.
func (r *recorder) decide(ctx context.Context, a *ask) (decided, error) {
	d, err := r.decideOn(*a)
	if err != nil || d.decision.Permitted() || !d.decision.NeedsEngagement() || r.engagement == nil {
		return d, err
	}
	answer, err := r.engaged(ctx, a.question, d.decision.Commission())
	if a.silent = err != nil; a.silent {
		r.log.Warn("whether there is a care engagement could not be asked", "session", a.session, "error", err)
		d.deny(access.ReasonEngagementUnasked)
		return d, nil
	}
	a.engagement = answer
	return r.decideOn(*a)
}

// decideOn asks the gate on the newest View, and the ask's own question on the same.
func (r *recorder) decideOn(a ask) (d decided, err error) {
	v, err := r.state.View()
	if err != nil {
		return d, fmt.Errorf("reading the state: %w", err)
	}
	defer v.Close()
	facts, err := access.Collect(v, r.ring, a.question, a.engagement)
	if err != nil {
		r.log.Error("facts that cannot be read are unknown", "session", a.session, "error", err)
	}
	d.decision = access.Decide(facts, r.at())
	d.subjects = subjectsOf(r.ring, a.question.Patient, d.decision.Linked())
	d.reason = d.decision.Reason()
	switch {
	case !d.permits():
	case a.part != nil:
		return d, a.part.decide(v, r.ring, &a, &d)
	case a.document != (protocol.DocumentKey{}):
		d.one(v, a)
	case a.activity == record.Read:
		d.all(v, a)
	case a.asks():
		d.survey(a)
	}
	return d, nil
}

// one decides about one document.
func (d *decided) one(v *raftfsm.View, a ask) {
	doc, found := d.subjects.document(v, a.document)
	if !found {
		d.deny(access.ReasonNoDocument)
		return
	}
	verdict := d.decision.Document(doc.Attributes, a.contracts)
	if d.reason = verdict.Reason; !verdict.Shown {
		return
	}
	d.resources = []record.Resource{resourceOf(doc.Attributes)}
}

// all finds whose information of the chosen types is shown.
func (d *decided) all(v *raftfsm.View, a ask) {
	found := map[record.Resource]struct{}{}
	d.subjects.headers(v, numbers(a.contracts), func(doc *sealedDocument) bool {
		if d.decision.Document(doc.Attributes, a.contracts).Shown {
			found[resourceOf(doc.Attributes)] = struct{}{}
		}
		return true
	})
	for one := range found {
		d.resources = append(d.resources, one)
	}
	slices.SortFunc(d.resources, func(a, b record.Resource) int {
		return cmp.Or(cmp.Compare(a.Contract, b.Contract), strings.Compare(a.CareProvider, b.CareProvider), strings.Compare(a.CareUnit, b.CareUnit))
	})
}

func resourceOf(a raftfsm.Attributes) record.Resource {
	return record.Resource{Contract: a.Contract, CareProvider: a.CareProvider, CareUnit: a.CareUnit}
}

// event records something that is no decision.
func (r *recorder) event(ctx context.Context, a ask, d access.Decision) error {
	entry := r.entry(a, decided{decision: d, reason: d.Reason()})
	_, err := r.propose(ctx, wish(command.KindRecordEvent, command.RecordEvent{Entry: r.seal(entry)}))
	return err
}

// entry is what the access log keeps of an ask.
func (r *recorder) entry(a ask, d decided) record.Entry {
	c := d.decision.Commission()
	unit, _ := protocol.ParseCareUnitID(c.CareUnit) // a denial may have no commission: then the ids are empty
	provider, _ := protocol.ParseCareProviderID(c.CareProvider)
	e := record.Entry{
		ID: a.id, At: now(), Activity: a.activity, Purpose: c.Purpose,
		Actor: record.Actor{
			Employee: a.question.Employee, EmployeeName: named(c.EmployeeName), EmployeeTitle: named(c.EmployeeTitle),
			Commission: a.question.Commission, CommissionName: named(c.Name),
			CareUnit: unit, CareUnitName: named(c.CareUnitName),
			CareProvider: provider, CareProviderName: named(c.CareProviderName),
		},
		Patient: a.question.Patient,
		Decision: record.Decision{
			Permit: d.permits(), Reason: d.reason.String(), Basis: d.decision.Basis(), DecidedAt: d.decision.Index(), AsOf: d.decision.AsOf(),
		},
		Scope:   record.Scope{View: a.view, Contracts: a.recorded(&d), Document: a.document},
		Session: a.session, Node: r.node, Note: a.note,
	}
	if c.Protected {
		e.Actor.EmployeeName = ""
	}
	rand.Read(e.Salt[:])
	return e
}

// named is a name as the record keeps it. The ids are what counts; a name that is
// longer than any real one is cut, so that an entry always fits its limit.
func named(s string) string {
	if len(s) <= maxName {
		return s
	}
	end := maxName
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func (r *recorder) seal(e record.Entry) command.LogEntry {
	subject := r.ring.Patient(e.Patient)
	plain := record.Append(nil, e)
	return command.LogEntry{
		ID: e.ID, Subject: subject, Sealed: r.ring.SealLog(sealing.Place(subject, e.ID), plain), Commitment: record.Commitment(plain),
	}
}

// wish is a command that is made once, however often it is proposed.
func wish(kind command.Kind, body any) command.Command {
	return command.Command{Kind: kind, Version: 1, Intent: record.NewID(), Body: body}
}

// commit proposes commands that hold entries of their own, and waits until they are
// applied here, or until what made them stale is. Of several, the first that was not
// done speaks for all.
func (r *recorder) commit(ctx context.Context, a ask, commands ...command.Command) (status command.Status, index uint64, failed refusal) {
	results, err := r.propose(ctx, commands...)
	if err != nil {
		return command.StatusNone, 0, a.refused(protocol.FaultNoQuorum, err)
	}
	status = command.StatusDone
	for _, result := range results {
		if index = max(index, result.Index); status == command.StatusDone {
			status = result.Status
		}
	}
	if err := r.applied(ctx, index); err != nil {
		return command.StatusNone, 0, a.refused(protocol.FaultBehind, err)
	}
	if status != command.StatusDone {
		return status, index, a.refused(protocol.FaultInternal, fmt.Errorf("%w: status %d", errNotRecorded, status))
	}
	return status, index, refusal{}
}

// propose has commands committed in one entry. It repeats what failed with the same
// intents, so that a command whose outcome was unknown is made once.
func (r *recorder) propose(ctx context.Context, commands ...command.Command) ([]command.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	for {
		results, err := r.cluster.Propose(ctx, commands...)
		if err == nil && len(results) == len(commands) {
			return results, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", errNotRecorded, errors.Join(err, ctx.Err()))
		case <-time.After(repeatAfter):
		}
	}
}

func (r *recorder) applied(ctx context.Context, index uint64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, applyWithin, errBehind)
	defer cancel()
	if err := r.state.WaitApplied(ctx, index); err != nil {
		return fmt.Errorf("%w: %w", errBehind, err)
	}
	return nil
}

// refused is how an ask fails, or with FaultNone that it did not.
func (a *ask) refused(fault protocol.Fault, err error) refusal { return refused(a.id, fault, err) }

func refused(id [16]byte, fault protocol.Fault, err error) refusal {
	return refusal{fault: fault, id: text(id), at: now(), err: err}
}

// text is the part of an id that people meet.
func text(id [16]byte) string { return record.ShortID(id) }

// numbers lists the contracts of a set, as the store and the log number them.
func numbers(set access.ContractSet) []uint8 {
	var all []uint8
	for _, c := range protocol.Contracts() {
		if set.Has(c) {
			all = append(all, uint8(c))
		}
	}
	return all
}

func now() protocol.Instant { return protocol.Instant(time.Now().UnixMilli()) }
