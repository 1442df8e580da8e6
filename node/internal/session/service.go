package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/identity"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// ErrConfig is a Config that lacks something.
var ErrConfig = errors.New("session: incomplete configuration")

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
}

// Caller is what the connection proves about who opened it: nil without TLS.
type Caller struct{ TLS *tls.ConnectionState }

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
	Limits      Limits
	Logger      *slog.Logger
}

// Service serves the sessions of a node.
type Service struct {
	cfg      Config
	recorder *recorder

	mu       sync.Mutex
	sessions map[*session]struct{}
	draining []string // alternates to point at; nil: not draining
	empty    chan struct{}
}

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
		recorder: &recorder{state: cfg.State, cluster: cfg.Cluster, ring: cfg.Ring, node: cfg.Node, log: cfg.Logger},
		sessions: map[*session]struct{}{},
	}, nil
}

// Count returns how many sessions there are.
func (s *Service) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Admits reports whether one more session would be taken: ask before an upgrade.
func (s *Service) Admits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining == nil && len(s.sessions) < s.cfg.Limits.Sessions
}

// Serve serves one websocket until it ends, and closes it. It returns when every
// goroutine of the session has ended.
func (s *Service) Serve(ctx context.Context, conn Conn, caller Caller) {
	one := newSession(s, conn, caller)
	if !s.enter(one) {
		conn.Close(protocol.CloseMoving, "the node takes no more")
		return
	}
	defer s.leave(one)
	one.serve(ctx)
}

func (s *Service) enter(one *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining != nil || len(s.sessions) >= s.cfg.Limits.Sessions {
		return false
	}
	s.sessions[one] = struct{}{}
	return true
}

func (s *Service) leave(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, one)
	if len(s.sessions) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}

// Drain sends every browser to the alternates, each after a delay of its own drawn
// from within, and takes no new ones. It returns when they have gone, or when ctx
// ends; then those that are left are closed with CloseMoving.
func (s *Service) Drain(ctx context.Context, alternates []string, within time.Duration) {
	empty := make(chan struct{})
	s.mu.Lock()
	s.draining = append([]string{}, alternates...)
	if len(s.sessions) == 0 {
		close(empty)
	} else {
		s.empty = empty
	}
	for one := range s.sessions {
		one.goAway(protocol.GoAway{AfterMillis: uint32(rand.Int64N(max(1, within.Milliseconds()))), Alternates: s.draining})
	}
	s.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
		s.endAll()
		<-empty
	}
}

func (s *Service) endAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.sessions {
		signal(one.in.moving)
	}
}
