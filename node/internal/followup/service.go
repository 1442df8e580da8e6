package followup

import (
	"context"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // a bare machine may have no zone files, and statistics are of Swedish time
	"unicode/utf8"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// Limits of following up.
const (
	MaxPeriod      = 93 * 24 * time.Hour // of one report; a longer one is ErrTerms
	maxScanned     = 100_000             // entries read for one page of rows; then the answer says More
	maxCounted     = 500_000             // entries read for counts or a sample; a period of more is ErrTerms
	maxWaiting     = 100_000             // emergencies without a review that are remembered; more wait in the log
	maxReviews     = 100                 // of one entry; one more is ErrTerms
	maxOperator    = 128                 // bytes of an operator's name; a longer one is ErrNotAllowed
	sampleSize     = 20                  // entries in a sample
	pageEntries    = 500                 // entries read in one View
	disorder       = protocol.Instant(10 * 60 * 1000)
	recordWithin   = 5 * time.Second
	appliedWithin  = 2 * time.Second
	few            = 10 // smaller numbers are not told
	followPurpose  = "Administration"
	reviewDomain   = "review" // of the subjects that reviews are kept under
	reasonFollowUp = "follow-up of the care provider's own log"
	reasonOperator = "asked by an operator"
)

// Refusal is an error that whoever asks is told of. None of them says anything about a
// patient.
type Refusal struct {
	fault protocol.Fault
	text  string
}

// Error says it in English, for the operator's log.
func (r *Refusal) Error() string { return r.text }

// Fault is what a browser is told.
func (r *Refusal) Fault() protocol.Fault { return r.fault }

// Errors of following up.
var (
	ErrConfig            = errors.New("followup: incomplete configuration")
	ErrNotAllowed  error = &Refusal{protocol.FaultFollowUp, "followup: the commission does not allow it"}
	ErrOwnAccess   error = &Refusal{protocol.FaultFollowUp, "followup: one's own access is reviewed by somebody else"}
	ErrUnknown     error = &Refusal{protocol.FaultUnknownFacts, "followup: the commissions are too old or missing to tell who may"}
	errClock       error = &Refusal{protocol.FaultUnknownFacts, "followup: this node's clock is not to be trusted, so it cannot tell who may"}
	ErrTerms       error = &Refusal{protocol.FaultReportTerms, "followup: a report of nothing, or of more than one may hold"}
	ErrNoEntry     error = &Refusal{protocol.FaultNotFound, "followup: no such entry of the own care provider"}
	ErrNotRecorded error = &Refusal{protocol.FaultNoQuorum, "followup: the reading could not be recorded, so nothing is read"}
)

// State is the replicated state of this node; *raftfsm.FSM is one.
type State interface {
	View() (*raftfsm.View, error)
	WaitApplied(ctx context.Context, index uint64) error
}

// Proposer is the way to the log.
type Proposer interface {
	Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error)
}

// Ring makes pseudonyms, and seals and opens the log's entries; *sealing.Ring is one.
type Ring interface {
	access.Opener
	SealLog(key, plain []byte) []byte
	OpenLog(key, sealed []byte) ([]byte, error)
}

// Config is what following up needs of its node.
type Config struct {
	Node     string
	State    State
	Proposer Proposer
	Ring     Ring
	Clock    func() error // why this node's clock is not to be trusted; nil, and of none: it is
}

// Service answers those who follow up. Its methods may be called from any goroutine.
type Service struct {
	cfg   Config
	zone  *time.Location
	queue *queue
}

// New makes a Service.
func New(cfg Config) (*Service, error) {
	if cfg.Node == "" || cfg.State == nil || cfg.Proposer == nil || cfg.Ring == nil {
		return nil, ErrConfig
	}
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &Service{cfg: cfg, zone: zone, queue: &queue{held: make(chan struct{}, 1)}}, nil
}

// Report answers a report. Its reading is in the log before anything of it is read.
func (s *Service) Report(ctx context.Context, who Reader, f protocol.Follow) (protocol.Report, error) {
	if err := s.terms(&f); err != nil {
		return protocol.Report{}, err
	}
	draft := record.Entry{Activity: record.ReadLog, Patient: f.Patient, Note: noteOf(f, s.zone)}
	if err := s.enter(ctx, &who, draft); err != nil {
		return protocol.Report{}, err
	}
	q := &query{s: s, own: who.Commission.CareProvider, f: f, hidden: map[protocol.EmployeeID]bool{}}
	answer := protocol.Report{Request: f.Request, Report: f.Report, After: f.After}
	var err error
	switch f.Report {
	case protocol.ReportOwner, protocol.ReportStatistics:
		answer.Counts, err = q.counts(ctx)
	case protocol.ReportSample:
		answer.Rows, err = q.sample(ctx)
	case protocol.ReportEmergencies:
		err = q.emergencies(ctx, &answer)
	case protocol.ReportOwnAccess:
		err = q.ownAccess(ctx, &answer)
	default:
		err = q.rows(ctx, &answer)
	}
	if err != nil {
		return protocol.Report{}, err
	}
	if _, err := s.standing(&who); err != nil { // it took its time, and the commission may be gone
		return protocol.Report{}, err
	}
	return answer, nil
}

// terms refuses what no report can be made of. Numbers are of whole months: a period
// that can be moved by an hour would tell what an hour held.
func (s *Service) terms(f *protocol.Follow) error {
	if f.Report < protocol.ReportProvider || f.Report > protocol.ReportStatistics {
		return fmt.Errorf("%w: no such report", ErrTerms)
	}
	if f.Report == protocol.ReportEmergencies && f.From == 0 && f.To == 0 {
		f.To = now() // the whole queue
	} else if f.From <= 0 || f.To < f.From || f.To-f.From > protocol.Instant(MaxPeriod.Milliseconds()) {
		return fmt.Errorf("%w: the period is from one time to a later one, at most %d days", ErrTerms, int(MaxPeriod.Hours()/24))
	}
	aboutPatient := f.Report == protocol.ReportPatient || f.Report == protocol.ReportOwnAccess
	if aboutPatient == f.Patient.IsZero() {
		return fmt.Errorf("%w: a patient is named for a report about one, and for no other", ErrTerms)
	}
	if (f.Report == protocol.ReportEmployee) == f.Employee.IsZero() {
		return fmt.Errorf("%w: an employee is named for a report about one, and for no other", ErrTerms)
	}
	if f.Report == protocol.ReportStatistics || f.Report == protocol.ReportOwner {
		f.From, f.To = wholeMonths(f.From, f.To, s.zone)
	}
	return nil
}

// enter holds the reader to the commission and has what is about to be done recorded,
// refused or not. who.Commission becomes the one that stands now.
func (s *Service) enter(ctx context.Context, who *Reader, draft record.Entry) error {
	decision, err := s.standing(who)
	draft.Decision, draft.Actor, draft.Purpose = decision, actorOf(*who), who.Commission.Purpose
	draft.Session = who.Session
	if err != nil {
		return s.refuse(ctx, draft, err)
	}
	draft.Decision.Permit = true
	_, err = s.record(ctx, draft)
	return err
}

// refuse has it recorded that what somebody wanted was not allowed, and says so.
func (s *Service) refuse(ctx context.Context, draft record.Entry, why error) error {
	if !errors.Is(why, ErrNotAllowed) && !errors.Is(why, ErrUnknown) && !errors.Is(why, errClock) {
		return why
	}
	reason := access.ReasonNoFollowUp
	switch {
	case errors.Is(why, errClock):
		reason = access.ReasonClock
	case errors.Is(why, ErrUnknown):
		reason = access.ReasonCommissionsUnknown
	}
	draft.Decision.Reason = reason.String()
	_, err := s.record(ctx, draft)
	return errors.Join(why, err)
}

// standing reads the reader's commission anew: it may have been withdrawn since it was
// chosen. Unknown is no.
func (s *Service) standing(who *Reader) (record.Decision, error) {
	v, err := s.cfg.State.View()
	if err != nil {
		return record.Decision{}, err
	}
	defer v.Close()
	is := record.Decision{DecidedAt: v.Index(), Reason: reasonFollowUp}
	if who.Operator != "" {
		is.Reason = reasonOperator
		who.Commission.Purpose = followPurpose
		if err := named(who.Operator); err != nil {
			return is, err
		}
		return is, careProvider(who.Commission.CareProvider)
	}
	if s.cfg.Clock != nil && s.cfg.Clock() != nil {
		return is, errClock
	}
	at := now()
	asOf, _, _ := v.Freshness(raftfsm.Commissions)
	is.AsOf[record.AsOfCommissions] = protocol.Instant(asOf)
	if !access.Fresh(protocol.Instant(asOf), at, access.Bound(raftfsm.Commissions)) {
		return is, ErrUnknown
	}
	all, err := access.Commissions(v, s.cfg.Ring, who.Employee)
	if err != nil {
		return is, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	for _, c := range all {
		if c.ID == who.Commission.ID && c.ID != "" && access.FollowsUp(c, at) {
			who.Commission = c
			return is, careProvider(c.CareProvider)
		}
	}
	return is, ErrNotAllowed
}

// named refuses an operator without a name, or with one that the log cannot hold.
func named(operator string) error {
	if operator == "" || len(operator) > maxOperator || !utf8.ValidString(operator) {
		return fmt.Errorf("%w: no operator's name", ErrNotAllowed)
	}
	return nil
}

func careProvider(id string) error {
	if _, err := protocol.ParseCareProviderID(id); err != nil {
		return fmt.Errorf("%w: no care provider is named", ErrNotAllowed)
	}
	return nil
}

// queue is the emergencies without a review: their places in the log, oldest first. It
// is an index of what the log holds, filled as it is asked for. Filling takes as long as
// the log is, so that who waits for it must be able to give up.
type queue struct {
	held    chan struct{} // has one place: who has put something there has the queue
	through uint64        // the log is looked through so far
	waiting []emergency
}

// hold waits for the queue, or no longer than the context lasts.
func (q *queue) hold(ctx context.Context) error {
	select {
	case q.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("followup: waiting for the emergencies without a review: %w", ctx.Err())
	}
}

func (q *queue) release() { <-q.held }

type emergency struct {
	sequence uint64
	provider string
}

func now() protocol.Instant { return protocol.Instant(time.Now().UnixMilli()) }
