package node

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"tvilling/node/internal/certs"
	"tvilling/node/internal/cluster"
	"tvilling/raftfsm"
)

// Errors of a recovery, and of what comes after it.
var (
	// ErrQuorum: members answer that can go on without a recovery.
	ErrQuorum = errors.New("the cluster needs no recovery")
	// ErrNoLeader: no member answers that has a leader to rejoin.
	ErrNoLeader = errors.New("no member answers that has a leader")
	// ErrSuperseded ends a node whose log the cluster goes on without. Start it again:
	// it sets that aside and joins.
	ErrSuperseded = cluster.ErrSuperseded
	// ErrSurvivor: what a data directory holds cannot be gone on from.
	ErrSurvivor = cluster.ErrGeneration
)

// Survivor is what a data directory holds, for whoever chooses which one to recover.
type Survivor struct {
	Generation    uint32   `json:"generation"`
	ID            string   `json:"generation_id"` // hex; zeros for the first
	Since         string   `json:"since,omitempty"`
	LastIndex     uint64   `json:"last_index"`
	LastTerm      uint64   `json:"last_term"`
	LastWritten   string   `json:"last_written,omitempty"` // RFC 3339, by the clock of who led
	CurrentTerm   uint64   `json:"current_term"`
	SnapshotIndex uint64   `json:"snapshot_index"`
	Voters        []string `json:"voters"`

	Superseded uint32 `json:"superseded_by,omitempty"` // set aside at the next start
	Recovering uint32 `json:"recovering_to,omitempty"` // begun and not ended
	Joining    bool   `json:"joining,omitempty"`       // may lack what it once had

	SurvivorState
}

// SurvivorState is what the state's file says of the access log. It may be a little
// behind the last entry, and is missing when that file was not closed in order.
type SurvivorState struct {
	StateKnown   bool   `json:"state_known"`
	AppliedIndex uint64 `json:"applied_index"`
	LogEntries   uint64 `json:"log_entries"`
	LogRoot      string `json:"log_root,omitempty"` // hex
}

// InspectData reads a data directory. No node may be running on it.
func InspectData(dir string) (Survivor, error) {
	c := Config{DataDir: dir}
	s, err := cluster.Inspect(c.path("raft"))
	if err != nil {
		return Survivor{}, err
	}
	out := Survivor{
		Generation: s.Generation.Number, ID: hex.EncodeToString(s.Generation.ID[:]), Since: stamp(s.Generation.Since),
		LastIndex: s.LastIndex, LastTerm: s.LastTerm, LastWritten: stamp(s.LastWritten), CurrentTerm: s.CurrentTerm,
		SnapshotIndex: s.SnapshotIndex, Voters: s.Members, Joining: s.Joining,
	}
	if out.Voters == nil {
		out.Voters = []string{}
	}
	if s.Next != nil {
		out.Superseded = s.Next.Number
	}
	if s.Recovering != nil {
		out.Recovering = s.Recovering.Number
	}
	return out, out.readState(c.path("fsm"))
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// readState reads what the state's file says of the access log.
func (s *Survivor) readState(dir string) (err error) {
	if _, err := os.Stat(dir); err != nil {
		return nil // it is made anew of the log
	}
	fsm, err := raftfsm.Open(dir, raftfsm.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fsm.Close()) }()
	if s.StateKnown = fsm.Usable(); !s.StateKnown {
		return nil
	}
	v, err := fsm.View()
	if err != nil {
		return err
	}
	defer v.Close()
	size, root, err := v.LogTree()
	s.AppliedIndex, s.LogEntries, s.LogRoot = fsm.AppliedIndex(), size, hex.EncodeToString(root[:])
	return err
}

// Recovered says what a recovery made.
type Recovered struct {
	Node       string   `json:"node"`
	Generation uint32   `json:"generation"`
	Made       bool     `json:"made"`   // false: it was made before
	Before     Survivor `json:"before"` // what it was made of
}

// Recover makes this member's data the beginning of a new generation of the cluster,
// with this member alone. It refuses while members answer that can go on without it.
// progress hears how far the log was replayed; it may be nil.
func Recover(ctx context.Context, cfg Config, progress func(done, total uint64)) (out Recovered, err error) {
	if err := cfg.forRecovery(); err != nil {
		return out, err
	}
	before, err := InspectData(cfg.DataDir)
	if err != nil {
		return out, err
	}
	own, err := cluster.ReadGeneration(cfg.path("raft"))
	if err != nil {
		return out, err
	}
	heard, err := ask(ctx, cfg, own)
	if err != nil {
		return out, err
	}
	if err := needed(own, heard, before.Voters, cfg.Self); err != nil {
		return out, err
	}
	fsm, err := raftfsm.Open(cfg.path("fsm"), raftfsm.Options{Logger: cfg.Logger})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, fsm.Close()) }()
	g, made, err := cluster.Recover(cluster.Config{Topology: cfg.Topology, Self: cfg.Self, Dir: cfg.path("raft"), Logger: cfg.Logger}, fsm, progress)
	if err != nil {
		return out, err
	}
	return Recovered{Node: cfg.Self, Generation: g.Number, Made: made, Before: before}, nil
}

// needed refuses a recovery that is not. A member that hears from a leader that commits
// is proof; so many with a log that they can elect one are as good.
func needed(own cluster.Generation, heard []cluster.Heard, voters []string, self string) error {
	answer := 0
	for _, h := range heard {
		switch {
		case h.Err != nil:
		case h.Generation.Number > own.Number:
			return fmt.Errorf("%w: %s is of generation %v, and this data of %v: let this member rejoin", ErrQuorum, h.Member, h.Generation, own)
		case h.Generation.Same(own) && h.Settled:
			return fmt.Errorf("%w: %s hears from a leader that commits", ErrQuorum, h.Member)
		case h.Generation.Same(own) && h.History && slices.Contains(voters, h.Member):
			answer++
		}
	}
	if slices.Contains(voters, self) {
		answer++ // it would, if it were started
	}
	if len(voters) > 1 && 2*answer > len(voters) {
		return fmt.Errorf("%w: with this member %d of %d that vote are there: start it", ErrQuorum, answer, len(voters))
	}
	return nil
}

// Rejoined says what was done so that a member can rejoin.
type Rejoined struct {
	Node       string   `json:"node"`
	Generation uint32   `json:"generation"`     // that it joins
	Into       string   `json:"into,omitempty"` // where its log is now; empty: it had none
	Aside      Survivor `json:"aside"`          // what was set aside
}

// Rejoin sets this member's data aside and makes it one that waits to be taken in: what a
// superseded node does by itself, and a way out where it does not, because its own
// generation lives. It asks the others which generation has a leader.
func Rejoin(ctx context.Context, cfg Config) (Rejoined, error) {
	if err := cfg.forRecovery(); err != nil {
		return Rejoined{}, err
	}
	own, err := cluster.ReadGeneration(cfg.path("raft"))
	if err != nil {
		return Rejoined{}, err
	}
	heard, err := ask(ctx, cfg, own)
	if err != nil {
		return Rejoined{}, err
	}
	next, err := leading(own, heard)
	if err != nil {
		return Rejoined{}, err
	}
	return cfg.setAside(next)
}

// leading is the generation that has a leader. Where there are two, whoever is asked
// must be the one that was decided for.
func leading(own cluster.Generation, heard []cluster.Heard) (next cluster.Generation, err error) {
	found := false
	for _, h := range heard {
		switch {
		case h.Err != nil || !h.Settled:
		case found && !h.Generation.Same(next):
			return next, fmt.Errorf("%w: %s has one in generation %v, others in %v: stop those that are to rejoin first", ErrNoLeader, h.Member, h.Generation, next)
		default:
			next, found = h.Generation, true
		}
	}
	if !found {
		return next, fmt.Errorf("%w: start the member that was recovered, and ask again", ErrNoLeader)
	}
	if next.Number < own.Number {
		return next, fmt.Errorf("%w: the others are of generation %v, and this data of %v, which is later", ErrNoLeader, next, own)
	}
	next.Since = time.Now()
	return next, nil
}

// setAside moves the log and the state aside. What was signed last stays: a signature of
// an earlier generation is not taken back.
func (c Config) setAside(next cluster.Generation) (Rejoined, error) {
	aside, err := InspectData(c.DataDir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Rejoined{}, err
	}
	note := struct {
		Survivor
		Node  string `json:"node"`
		Next  uint32 `json:"next_generation"`
		Moved string `json:"moved"`
	}{aside, c.Self, next.Number, stamp(time.Now())}
	into, err := cluster.SetAside(c.path("raft"), next, note, c.path("fsm"))
	if err != nil {
		return Rejoined{}, err
	}
	if c.Logger != nil {
		c.Logger.Warn("this node's log was superseded and set aside; it joins the cluster empty",
			"generation", aside.Generation, "next", next.Number, "into", into, "last_index", aside.LastIndex, "last_term", aside.LastTerm,
			"log_entries", aside.LogEntries, "log_root", aside.LogRoot, "log_known", aside.StateKnown)
	}
	return Rejoined{Node: c.Self, Generation: next.Number, Into: into, Aside: aside}, nil
}

// setAsideSuperseded does at a start what was found necessary before the last end.
func (c Config) setAsideSuperseded() error {
	next, ok, err := cluster.Superseded(c.path("raft"))
	if err != nil || !ok {
		return err
	}
	_, err = c.setAside(next)
	return err
}

// forRecovery checks what is needed to ask the others.
func (c Config) forRecovery() error {
	if c.alone() {
		return fmt.Errorf("%w: a node alone has nobody to recover", ErrConfig)
	}
	_, err := c.check()
	return err
}

// ask asks the other members how they are, as this member.
func ask(ctx context.Context, cfg Config, own cluster.Generation) ([]cluster.Heard, error) {
	member, _ := cfg.Topology.Member(cfg.Self)
	c, err := certs.Load(cfg.Material, member.Role)
	if err != nil {
		return nil, err
	}
	return cluster.Ask(ctx, cluster.Config{
		Topology: cfg.Topology, Self: cfg.Self, Logger: slog.New(slog.DiscardHandler),
		TLS: func() cluster.TLS { return peersTLS(c) },
	}, own)
}

// Answering is a member as it was found from outside of the cluster.
type Answering struct {
	Member     string `json:"member"`
	Answers    bool   `json:"answers"`
	Generation uint32 `json:"generation,omitempty"`
	Leader     bool   `json:"hears_leader"`
	Index      uint64 `json:"index,omitempty"`
}

// Answers tells how the other members are, from where this member does not run.
func Answers(ctx context.Context, cfg Config) ([]Answering, error) {
	if err := cfg.forRecovery(); err != nil {
		return nil, err
	}
	own, err := cluster.ReadGeneration(cfg.path("raft"))
	if err != nil {
		return nil, err
	}
	heard, err := ask(ctx, cfg, own)
	all := make([]Answering, len(heard))
	for i, h := range heard {
		all[i] = Answering{Member: h.Member, Answers: h.Err == nil, Generation: h.Generation.Number, Leader: h.Settled, Index: h.Index}
	}
	return all, err
}
