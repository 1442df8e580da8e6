package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/identity"
	"tvilling/node/internal/sealing"
	"tvilling/node/internal/timing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// Errors of a Service. The texts go to whoever asks for a session.
var (
	ErrConfig    = errors.New("session: incomplete configuration")
	ErrDraining  = errors.New("this node goes away")
	ErrFull      = errors.New("this node serves as many as it may")
	ErrClock     = errors.New("this node's clock is not to be trusted")
	ErrStrangers = errors.New("too many have not said who they are")
	ErrWindows   = errors.New("one session has as many windows here as it may")
)

// Conn is a websocket. Read and Write are each called by one goroutine at a time;
// Close may be called beside both, sends the code, and ends them.
type Conn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, frame []byte) error
	Close(code protocol.CloseCode, reason string)
}

// State is the replicated state of this node; *raftfsm.FSM is one.
type State interface {
	View() (*raftfsm.View, error)
	Feed() *raftfsm.Feed
	AppliedIndex() uint64
	WaitApplied(ctx context.Context, index uint64) error
	Done() <-chan struct{}
}

// Cluster is the way to the log.
type Cluster interface {
	Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error)
	HeardFromLeader() (time.Time, bool)
	Position() protocol.Position
}

// Ring makes pseudonyms, seals and opens; *sealing.Ring is one.
type Ring interface {
	access.Opener
	Digest(plain ...[]byte) [16]byte
	Seal(bucket sealing.Bucket, key, plain []byte) []byte
	SealLog(key, plain []byte) []byte
	OpenLog(key, sealed []byte) ([]byte, error)
}

// Caller is what a connection brings of who opened it.
type Caller struct {
	TLS      *tls.ConnectionState // nil without TLS
	Session  *identity.Session    // that the browser holds; nil: none
	HandOver *identity.HandOver   // that it came with; nil: none
}

// known reports whether the listener held a certificate of the caller's against the
// authority of its own, or the caller holds a session that goes on.
func (c Caller) known() bool {
	return c.TLS != nil && len(c.TLS.VerifiedChains) > 0 || c.Session != nil && !c.Session.Over(now())
}

func (c Caller) proof(person string) identity.Proof {
	return identity.Proof{TLS: c.TLS, Person: person, Session: c.Session}
}

// expired reports whether the certificate that says who the caller is has run out. The
// connection was made while it was valid, and may outlive it.
func (c Caller) expired(at time.Time) bool {
	return c.TLS != nil && len(c.TLS.PeerCertificates) > 0 && at.After(c.TLS.PeerCertificates[0].NotAfter)
}

// Config is what sessions need of their node.
type Config struct {
	Node        string
	Site        string
	Environment protocol.Environment
	Alternates  []string // websocket addresses of the other data nodes
	Identity    identity.Identifier
	State       State
	Cluster     Cluster
	Ring        Ring
	Engagement  Engagement   // nil: the units' own systems are not asked
	FollowUp    FollowUp     // nil: the access log is not followed up here
	Terms       Terms        // how one signs in, and for how long
	Policy      Policy       // what users may do beside reading; zero: nothing
	Clock       func() error // why this node's clock is not to be trusted; nil, and of none: it is
	Limits      Limits
	Logger      *slog.Logger
}

// distrusted reports whether nothing may be decided by this node's clock.
func (c *Config) distrusted() bool { return c.Clock != nil && c.Clock() != nil }

// at is the time to decide at; zero: nobody knows.
func (c *Config) at() protocol.Instant {
	if c.distrusted() {
		return 0
	}
	return now()
}

// Service serves the sessions of a node.
type Service struct {
	cfg      Config
	recorder *recorder
	outlook  *outlook
	budget   budget
	timings  Timings
	requests Requests
	unsaid   unsaid

	mu       sync.Mutex
	sessions map[*session]bool // true: known, by a certificate or a greeting
	known    int               // of them
	windows  map[[16]byte]int  // of each session that a browser holds
	empty    chan struct{}     // closed, and forgotten, when the last one has gone
	parting  parting
}

// parting is how a drain goes: nothing of it, where none was asked for.
type parting struct {
	draining      bool
	ending        bool // those that are left are being closed
	moved, closed int
}

// Leaving counts the sessions of a drain.
type Leaving struct {
	Left, Moved, Closed int // Moved went by themselves, Closed were closed at its end
}

// Timings are how long browsers waited since the start.
type Timings struct {
	Open   timing.Histogram // for the answer to opening a patient, recorded
	Revoke timing.Histogram // from taking something away to the browser's word that it is gone
}

// Timings returns what is counted; it goes on counting.
func (s *Service) Timings() *Timings { return &s.timings }

// New makes a Service.
func New(cfg Config) (*Service, error) {
	if cfg.State == nil || cfg.Cluster == nil || cfg.Ring == nil || cfg.Identity == nil || cfg.Logger == nil || cfg.Node == "" {
		return nil, ErrConfig
	}
	if cfg.Environment == protocol.Production && cfg.Identity.People() != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, identity.ErrProduction)
	}
	if cfg.Limits == (Limits{}) {
		cfg.Limits = DefaultLimits()
	}
	return &Service{
		cfg:      cfg,
		recorder: &recorder{state: cfg.State, cluster: cfg.Cluster, ring: cfg.Ring, at: cfg.at, engagement: cfg.Engagement, searches: make(chan struct{}, searchesAtOnce), node: cfg.Node, log: cfg.Logger},
		outlook:  &outlook{state: cfg.State, log: cfg.Logger},
		budget:   budget{limit: int64(cfg.Limits.NodeBytes)},
		sessions: map[*session]bool{},
		windows:  map[[16]byte]int{},
	}, nil
}

// Count returns how many sessions there are.
func (s *Service) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Admits says why one more session of the caller would not be taken; nil: it would.
// Ask before an upgrade.
func (s *Service) Admits(caller Caller) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room(caller, caller.known())
}

// room is what is left for one more. Strangers have places of their own: however many
// come, they take none from who can say who they are. And however many windows one who has
// said so opens, there is room for the others.
func (s *Service) room(caller Caller, known bool) error {
	switch {
	case s.parting.draining:
		return ErrDraining
	case s.cfg.distrusted():
		return ErrClock
	case caller.Session != nil && s.windows[caller.Session.ID] >= windowsOfOne:
		return ErrWindows
	case known && s.known >= s.cfg.Limits.Sessions:
		return ErrFull
	case !known && len(s.sessions)-s.known >= s.cfg.Limits.Strangers:
		return ErrStrangers
	}
	return nil
}

// Serve serves one websocket until it ends, and closes it. It returns when every
// goroutine of the session has ended.
func (s *Service) Serve(ctx context.Context, conn Conn, caller Caller) {
	one := newSession(s, conn, caller)
	if err := s.enter(one); err != nil {
		conn.Close(protocol.CloseMoving, err.Error())
		return
	}
	defer s.leave(one)
	one.serve(ctx)
}

func (s *Service) enter(one *session) error {
	known := one.peer.caller.known()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(one.peer.caller, known); err != nil {
		return err
	}
	if held := one.peer.caller.Session; held != nil {
		s.windows[held.ID]++
	}
	s.sessions[one] = known
	if known {
		s.known++
	}
	return nil
}

// greeted makes a stranger known: the session takes its place among the others.
func (s *Service) greeted(one *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[one] {
		return nil
	}
	if s.known >= s.cfg.Limits.Sessions {
		return ErrFull
	}
	s.sessions[one] = true
	s.known++
	return nil
}

func (s *Service) leave(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[one] {
		s.known--
	}
	delete(s.sessions, one)
	if held := one.peer.caller.Session; held != nil {
		if s.windows[held.ID]--; s.windows[held.ID] <= 0 {
			delete(s.windows, held.ID)
		}
	}
	switch {
	case s.parting.ending:
		s.parting.closed++
	case s.parting.draining:
		s.parting.moved++
	}
	if len(s.sessions) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}

// Drain takes no new sessions and sends every browser to the alternates, in an order
// and after a delay of its own: all of them are told to have begun before half of the
// time is over, since one that moves opens, and waits for the log, elsewhere. When the
// time is over those that are left are closed with CloseMoving. Drain returns when
// nobody is left. If ctx ends first nobody is closed: Undrain takes new ones again.
func (s *Service) Drain(ctx context.Context, alternates []string, within time.Duration) {
	limit := time.NewTimer(within)
	defer limit.Stop()
	empty := s.turnAway(alternates, within/2)
	select {
	case <-empty:
		return
	case <-ctx.Done():
		return
	case <-limit.C:
		s.endAll()
	}
	select {
	case <-empty:
	case <-ctx.Done():
	}
}

// turnAway tells everybody, and returns what is closed when they have gone.
func (s *Service) turnAway(alternates []string, within time.Duration) (empty <-chan struct{}) {
	gone := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parting, s.empty = parting{draining: true}, nil
	if len(s.sessions) == 0 {
		close(gone)
		return gone
	}
	s.empty = gone
	for one := range s.sessions {
		mine := slices.Clone(alternates)
		rand.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
		one.goAway(protocol.GoAway{AfterMillis: uint32(rand.Int64N(max(1, within.Milliseconds()))), Alternates: mine})
	}
	return gone
}

// Undrain takes sessions again. A browser that was told to go, goes.
func (s *Service) Undrain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parting, s.empty = parting{}, nil
}

// Leaving tells how a drain goes.
func (s *Service) Leaving() Leaving {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Leaving{Left: len(s.sessions), Moved: s.parting.moved, Closed: s.parting.closed}
}

func (s *Service) endAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parting.ending = true
	for one := range s.sessions {
		signal(one.in.moving)
	}
}
