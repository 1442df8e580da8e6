// Package admin is the operator endpoint of a node: status, transfer of leadership,
// registration of sources, the table of coverage, activation of a level, and the access
// log without its patients.
//
// It owns the paths of protocol/admin and what they answer. It must never answer with
// patient data, never act on a request whose certificate is not an operator's, and
// never stand in the way of the node: every answer is bounded in time and size.
package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// Limits of the endpoint.
const (
	callTimeout  = 10 * time.Second
	maxBodyBytes = 64 << 10
	maxRecords   = 1000 // entries of the access log in one answer
)

// Cluster is what the endpoint asks and tells of the cluster.
type Cluster interface {
	Members(ctx context.Context) []admin.Member
	Leader() string
	Voters() []string
	Transfer(ctx context.Context, to string) error
	Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error)
}

// State is what the endpoint reads of the replicated state. Errors are the node's.
type State interface {
	Feeds(now time.Time) ([]admin.Feed, error)
	Sources() ([]command.RegisterSource, error)
	Record(after uint64, limit int) ([]admin.RecordEntry, error)
	Coverage() ([]command.Coverage, error)
	Log(now time.Time) (admin.LogStatus, error)
	Level() uint16
	Announcements() ([]command.Announce, error)
	Backup() (command.NoteBackup, bool, error)
	Written(after uint64) (time.Time, error) // when the access log's entry after a number was; zero: there is none
}

// Config is what the endpoint answers from.
type Config struct {
	Self     admin.Status // Cluster, Environment and Node, which never change
	Cluster  Cluster
	State    State
	FollowUp FollowUp // nil: a node without keys to the access log
	Proofs   Proofs   // nil: the same
	Backups  Backups
	Feedback Feedback // nil: a node that nobody writes to
	Operated Operated // nil: nothing can be done with the node itself
	Metrics  http.Handler
	Intent   func() command.Intent
	Logger   *slog.Logger
}

// endpoint answers operators.
type endpoint struct{ Config }

// Handler returns the endpoint's paths. The caller's server has verified the
// operator's certificate.
func Handler(c Config) http.Handler {
	e := &endpoint{c}
	mux := http.NewServeMux()
	mux.Handle("GET "+admin.PathStatus, e.answer(e.status))
	mux.Handle("POST "+admin.PathTransfer, e.answer(e.transfer))
	mux.Handle("GET "+admin.PathSources, e.answer(e.sources))
	mux.Handle("POST "+admin.PathSources, e.answer(e.registerSource))
	mux.Handle("GET "+admin.PathRecord, e.following(e.record))
	mux.Handle("POST "+admin.PathActivate, e.answer(e.activate))
	mux.Handle("GET "+admin.PathCoverage, e.answer(e.coverage))
	mux.Handle("POST "+admin.PathCoverage, e.answerTo(maxCoverageBytes, e.putCoverage))
	mux.Handle("GET "+admin.PathCheckpoint, e.proving(e.checkpoint))
	mux.Handle("GET "+admin.PathConsistency, e.proving(e.consistency))
	mux.Handle("POST "+admin.PathLogPage, e.proving(e.logPage))
	mux.Handle("POST "+admin.PathLogProof, e.proving(e.logProof))
	mux.Handle("POST "+admin.PathReport, e.following(e.report))
	mux.Handle("GET "+admin.PathExplain, e.following(e.explain))
	mux.Handle("GET "+admin.PathFeedback, e.answer(e.feedback))
	mux.Handle("GET "+admin.PathMetrics, e.Metrics)
	mux.HandleFunc("GET "+admin.PathBackup, e.backup)
	e.operate(mux)
	e.levelTwo(mux)
	mux.Handle("/", e.answer(func(*http.Request) (any, error) { return nil, errPath }))
	return mux
}

// answer runs one call within its limits and writes its value or its problem.
func (e *endpoint) answer(call func(*http.Request) (any, error)) http.Handler {
	return e.answerTo(maxBodyBytes, call)
}

// answerTo is answer, with another limit of what is asked.
func (e *endpoint) answerTo(limit int64, call func(*http.Request) (any, error)) http.Handler {
	return e.answerWithin(limit, callTimeout, call)
}

// answerWithin is answerTo, with another limit of how long it may take.
func (e *endpoint) answerWithin(limit int64, within time.Duration, call func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), within)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		value, err := call(r.WithContext(ctx))
		status := http.StatusOK
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			problem, code := problemOf(err)
			e.Logger.Warn("operator call failed", "path", r.URL.Path, "code", problem.Code, "error", err)
			w.Header().Set("Content-Type", "application/problem+json")
			value, status = problem, code
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(value) // the operator went away: nothing to mend
	})
}

func (e *endpoint) status(r *http.Request) (any, error) {
	s := e.Self
	feeds, err := e.State.Feeds(time.Now())
	if err != nil {
		return nil, fmt.Errorf("reading the feeds' freshness: %w", err)
	}
	s.Feeds = feeds
	if s.Log, err = e.State.Log(time.Now()); err != nil {
		return nil, fmt.Errorf("reading how the access log is kept: %w", err)
	}
	if s.Backup, err = e.verified(); err != nil {
		return nil, fmt.Errorf("reading which backup was verified: %w", err)
	}
	s.BackupAgeSeconds = ageOf(s.Backup, time.Now())
	s.Level = e.State.Level()
	s.Members = e.Cluster.Members(r.Context())
	s.Leader, s.Voters, s.At = e.Cluster.Leader(), e.Cluster.Voters(), time.Now().UTC().Format(time.RFC3339)
	return s, nil
}

func (e *endpoint) transfer(r *http.Request) (any, error) {
	var want admin.Transfer
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	if err := e.Cluster.Transfer(r.Context(), want.To); err != nil {
		return nil, fmt.Errorf("transferring leadership to %q: %w", want.To, err)
	}
	return admin.Done{}, nil
}

func (e *endpoint) sources(*http.Request) (any, error) {
	registered, err := e.State.Sources()
	if err != nil {
		return nil, fmt.Errorf("reading the registrations: %w", err)
	}
	all := admin.Sources{Sources: make([]admin.Source, len(registered))}
	for i, s := range registered {
		names := make([]string, len(s.Contracts))
		for j, c := range s.Contracts {
			names[j] = protocol.Contract(c).String()
		}
		all.Sources[i] = admin.Source{ID: s.Source, Agent: s.Agent, Contracts: names, Withdrawn: s.Withdrawn}
	}
	return all, nil
}

func (e *endpoint) registerSource(r *http.Request) (any, error) {
	var want admin.Source
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	registration, err := registrationOf(want)
	if err != nil {
		return nil, err
	}
	return e.act(r.Context(), command.KindRegisterSource, registration)
}

// registrationOf checks a registration; every name in it must mean something.
func registrationOf(want admin.Source) (command.RegisterSource, error) {
	source, err := protocol.ParseSourceID(want.ID)
	if err != nil {
		return command.RegisterSource{}, fmt.Errorf("%w: id: %w", errRequest, err)
	}
	registration := command.RegisterSource{Source: source.Reveal(), Withdrawn: want.Withdrawn}
	if want.Agent != "" {
		agent, err := protocol.ParseSourceID(want.Agent)
		if err != nil {
			return command.RegisterSource{}, fmt.Errorf("%w: agent: %w", errRequest, err)
		}
		registration.Agent = agent.Reveal()
	}
	for _, name := range want.Contracts {
		contract, ok := protocol.ContractNamed(name)
		if !ok {
			return command.RegisterSource{}, fmt.Errorf("%w: no contract is called %q", errRequest, name)
		}
		if !slices.Contains(registration.Contracts, uint8(contract)) {
			registration.Contracts = append(registration.Contracts, uint8(contract))
		}
	}
	return registration, nil
}

func (e *endpoint) record(r *http.Request) (any, error) {
	after, err := numberOf(r, "after")
	if err != nil {
		return nil, err
	}
	limit := maxRecords
	if s := r.URL.Query().Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxRecords {
			return nil, fmt.Errorf("%w: limit is 1 to %d", errRequest, maxRecords)
		}
		limit = n
	}
	if err := e.FollowUp.RecordReading(r.Context(), operatorOf(r), fmt.Sprintf("list after %d", after)); err != nil {
		return nil, err
	}
	entries, err := e.State.Record(after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the access log: %w", err)
	}
	page := admin.Record{Entries: append([]admin.RecordEntry{}, entries...), Next: after} // never null
	if n := len(entries); n > 0 {
		page.Next = entries[n-1].Sequence
	}
	return page, nil
}

func (e *endpoint) activate(r *http.Request) (any, error) {
	for _, m := range e.Cluster.Members(r.Context()) {
		if m.Level < command.Level {
			return nil, fmt.Errorf("%w: member %s runs a build of level %d (%s), and level %d is needed everywhere: install it there, or see why it does not answer",
				errState, m.ID, m.Level, cmp.Or(m.Version, "it does not answer"), command.Level)
		}
	}
	result, err := e.propose(r.Context(), command.KindActivate, command.Activate{Level: command.Level})
	if err != nil {
		return nil, err
	}
	done := admin.Done{Index: result.Index, Unchanged: result.Unchanged > 0}
	if done.Unchanged {
		return done, nil
	}
	e.Logger.Info("level activated: builds that know lower levels alone cannot follow any more", "level", command.Level, "operator", operatorOf(r))
	e.awaitLevel(r.Context())
	return done, nil
}

func (e *endpoint) act(ctx context.Context, kind command.Kind, body any) (any, error) {
	result, err := e.propose(ctx, kind, body)
	if err != nil {
		return nil, err
	}
	return admin.Done{Index: result.Index}, nil
}

func (e *endpoint) propose(ctx context.Context, kind command.Kind, body any) (command.Result, error) {
	results, err := e.Cluster.Propose(ctx, command.Command{Kind: kind, Version: 1, Intent: e.Intent(), Body: body})
	if err != nil {
		return command.Result{}, err
	}
	if results[0].Status != command.StatusDone {
		return command.Result{}, fmt.Errorf("%w: refused by the state machine", errState)
	}
	return results[0], nil
}

func decode(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", errRequest, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows it", errRequest)
	}
	return nil
}

// numberOf reads a number of the query; without one it is zero.
func numberOf(r *http.Request, name string) (uint64, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%w: %s is no number", errRequest, name)
	}
	return n, nil
}

// ErrElsewhere is a question that this node cannot answer and another can.
var ErrElsewhere = errors.New("not on this node")

var (
	errNoKeys  = fmt.Errorf("%w: it has no keys to the access log", ErrElsewhere)
	errNoEntry = errors.New("no entry of the access log has this id")
	errPath    = errors.New("no such call")
	errRequest = errors.New("the request cannot be read")
	errState   = errors.New("the state of the cluster does not allow it")
)

// problemOf numbers what an operator can meet. An operator's tool asks the next node
// when one says that it is unavailable.
func problemOf(err error) (admin.Problem, int) {
	number, status := admin.ProblemCluster, http.StatusServiceUnavailable
	switch {
	case errors.Is(err, errPath):
		number, status = admin.ProblemNoCall, http.StatusNotFound
	case errors.Is(err, ErrElsewhere):
		number, status = admin.ProblemElsewhere, http.StatusServiceUnavailable
	case errors.Is(err, errRequest):
		number, status = admin.ProblemRequest, http.StatusBadRequest
	case errors.Is(err, errNoEntry):
		number, status = admin.ProblemNoEntry, http.StatusNotFound
	case errors.Is(err, errLevel):
		number, status = admin.ProblemLevel, http.StatusConflict
	case errors.Is(err, errState):
		number, status = admin.ProblemState, http.StatusConflict
	}
	return number.Problem(err.Error()), status
}
